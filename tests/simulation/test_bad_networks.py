"""Ten people for twenty seconds, two hundred times, on networks that do all that networks do; then the world heals.

`check_seed` holds after healing: every peer's document hash is the room's and that of a plain refold of the log on the
disk, whose signatures and chain verify; every acknowledged command is in it exactly once; nothing is unacknowledged;
everybody's presence is current; outcomes, and next undo and redo, are the same everywhere; nobody was thrown out or
refused.
"""

import pytest

from tests.support.simulated import checked, told_by_processes
from theta.sim import SimulationResult, bad_network

pytestmark = pytest.mark.simulation

SEEDS = 200
GROUPS = 40
PEERS = 10
TROUBLE_SECONDS = 20.0


def check(seed: int) -> SimulationResult:
    return checked(seed, bad_network(seed), "network", TROUBLE_SECONDS)


@pytest.mark.many
@pytest.mark.parametrize("group", range(GROUPS))
def test_everybody_converges_after_healing(seed: int, group: int) -> None:
    results = [check(seed + place) for place in range(group * SEEDS // GROUPS, (group + 1) * SEEDS // GROUPS)]
    for result in results:
        # Who is in company may be on another branch, which `check_seed` has looked at.
        assert bad_network(result.seed).in_company or set(result.peer_hashes) == {result.room_hash}
        assert len(result.peer_hashes) >= PEERS - 3, "hardly anybody is there in the end"
        assert len(result.acknowledged) >= 10, f"seed {result.seed} has hardly done anything"
    assert len({result.trace_hash for result in results}) == len(results)


def test_networks_are_of_all_kinds() -> None:
    rooms = [bad_network(seed) for seed in range(SEEDS)]
    assert {each.peers for each in rooms} == {PEERS}
    assert {each.show_every_seconds for each in rooms} == {0.2}
    links = [each.link for each in rooms]
    for name, least, most in (
        ("delay_seconds", 0.01, 0.14),
        ("loss", 0.02, 0.28),
        ("reorder", 0.02, 0.28),
        ("duplication", 0.01, 0.14),
        ("corruption", 0.002, 0.018),
        ("queue_bytes", 8_000.0, 60_000.0),
    ):
        drawn = [getattr(link, name) for link in links]
        assert min(drawn) < least, name
        assert max(drawn) > most, name
    assert {bool(link.burst_seconds) for link in links} == {True, False}
    assert min(link.bytes_per_second for link in links) < 30_000.0
    for name in ("partition", "cut", "address_change", "leave", "room_kill", "peer_kill", "disk_failure", "vandal"):
        assert {getattr(each, f"{name}_every_seconds") is None for each in rooms} == {True, False}, name
    assert {each.in_company for each in rooms} == {True, False}
    assert bad_network(7) == bad_network(7) != bad_network(8)
    assert bad_network(7, peers=3) == bad_network(7)._replace(peers=3)


@pytest.mark.many
def test_the_same_seed_gives_the_same_trace_in_another_process(seed: int) -> None:
    """Whatever the order of sets and dicts of bytes: Python's own hashes are seeded anew in each process."""
    assert check(seed).trace_hash.hex() in told_by_processes(seed, "network", TROUBLE_SECONDS)
