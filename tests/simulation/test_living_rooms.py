"""Rooms in which something lives, whole: `Room`s and `Peer`s, all frames over a network that loses them in bursts.

`check_seed` holds, within two simulated seconds after the network has healed: each peer's cells have the hashes of the
room's; what is relevant is shown and lives, and nothing else; what is near is relevant, and nothing far away; values
are the room's to the byte, when they are quantised; who has what is as the room says. And in the end the same again,
with all that holds of documents.
"""

from collections import Counter

import pytest

from tests.support.simulated import checked, told_by_processes
from theta.ecs.world import World
from theta.sim import (
    SHOWN_SECONDS_MAX,
    Simulation,
    SimulationResult,
    check_seed,
    living_room,
)

pytestmark = pytest.mark.simulation

GROUPS = 8
SEEDS_PER_GROUP = 3
TROUBLE_SECONDS = 3.0
DAMAGED_SEEDS = 8
HASHES_HEAL_SECONDS_MAX = 15.0


def check(seed: int) -> SimulationResult:
    return checked(seed, living_room(seed), "living", TROUBLE_SECONDS)


@pytest.mark.many
@pytest.mark.parametrize("group", range(GROUPS))
def test_everybody_is_shown_what_lives_in_the_room_two_seconds_after_the_network_heals(seed: int, group: int) -> None:
    for place in range(group * SEEDS_PER_GROUP, (group + 1) * SEEDS_PER_GROUP):
        check(seed + place)


def test_rooms_are_of_all_sizes_and_networks_of_all_kinds() -> None:
    rooms = [living_room(seed) for seed in range(200)]
    assert {min(each.peers for each in rooms), max(each.peers for each in rooms)} == {2, 20}
    losses = [each.link.loss for each in rooms]
    assert min(losses) < 0.02
    assert 0.38 < max(losses) <= 0.4
    assert all(each.link.burst_seconds for each in rooms)
    assert living_room(7) == living_room(7) != living_room(8)
    assert living_room(7, peers=9) == living_room(7)._replace(peers=9)


def test_people_do_all_that_can_be_done(seed: int) -> None:
    """Twenty of them: claims are granted and refused, rows are taken, things are added, roles change."""
    settings = living_room(seed, peers=20)._replace(room_kill_every_seconds=None, join_seconds_max=0.5)
    simulation = Simulation(seed, settings)
    simulation.run(TROUBLE_SECONDS + 1.0)
    simulation.heal()
    assert simulation.run_until_shown() <= SHOWN_SECONDS_MAX
    simulation.run_until_quiet(60.0)
    simulation.check()
    room = simulation.room
    assert room is not None
    told = room.state.telemetry()
    for outcome in ("claims", "refused", "taken", "written", "spawned"):
        assert told[f'theta_state_ownership_total{{outcome="{outcome}"}}'], f"nothing was {outcome}"
    types = Counter(type(each.operation).__name__ for each in room.replica.log.governance.commands)
    assert types["SetRole"]
    assert {peer.peer.settings.capabilities.count("zstd") for peer in simulation.peers} == {0, 1}
    assert room.state.plane.world.entity_count > 10


@pytest.mark.many
def test_what_damaged_frames_have_changed_is_healed_by_the_hashes_of_cells(seed: int) -> None:
    """No carrier of ours gives out such frames; who gets them anyway has what the room has again before long."""
    for each in range(seed, seed + DAMAGED_SEEDS):
        room = living_room(each)
        link = room.link._replace(corruption=0.03, is_checked=False)
        simulation = Simulation(each, room._replace(link=link, peers=min(6, room.peers)))
        simulation.run(TROUBLE_SECONDS)
        simulation.heal()
        simulation.run_until_shown(HASHES_HEAL_SECONDS_MAX)
        simulation.run_until_quiet(60.0)
        simulation.check()


@pytest.mark.many
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    first, again, other = (check_seed(each, living_room(each, peers=3), 2.0) for each in (seed, seed, seed + 1))
    assert first == again
    assert first.trace_hash != other.trace_hash


@pytest.mark.many
def test_the_same_seed_gives_the_same_trace_in_another_process(seed: int) -> None:
    """Whatever the order of sets and dicts of bytes: Python's own hashes are seeded anew in each process."""
    found = check_seed(seed, living_room(seed, peers=4), 2.0).trace_hash.hex()
    assert found in told_by_processes(seed, "living", 2.0, "--peers", "4")


def test_a_world_that_has_come_to_rest_stays_as_it_is(seed: int) -> None:
    simulation = Simulation(seed, living_room(seed, peers=2)._replace(room_kill_every_seconds=None))

    def world() -> World:
        assert simulation.room is not None
        return simulation.room.state.plane.world

    def ids() -> set[int]:
        return {int(each) for rows in world().query() for each in rows.entities}

    simulation.run(1.0)
    before = ids()
    simulation.run(2.0)
    assert ids() != before, "nothing lives here"
    simulation.heal()
    simulation.run_until_shown()
    simulation.run(3.0)
    before, tick = ids(), world().tick
    simulation.run(1.0)
    assert world().tick > tick + 25
    assert ids() == before
