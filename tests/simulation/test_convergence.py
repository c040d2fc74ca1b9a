"""Rooms of other kinds than `test_bad_networks` has: in company, away for long, of other sizes, on damaged lines."""

from collections import Counter

import pytest

from tests.support.simulated import checked, told_by_processes
from theta.sim import (
    QUIET_LIMIT_SECONDS,
    SCENARIOS,
    TROUBLE_SECONDS,
    Simulation,
    SimulationResult,
    check_seed,
)
from theta.sim.checks import log_of

pytestmark = pytest.mark.simulation

PEERS = 4
COMPANY_SEEDS = 12
COMPANY_GROUPS = 4
DAMAGED_SEEDS = 8
IN_ANOTHER_PROCESS = {"everything", "living", "network"}
"""Of these scenarios a trace is compared with one of another process."""


def check(seed: int, scenario: str) -> SimulationResult:
    return checked(seed, SCENARIOS[scenario]._replace(peers=PEERS), scenario, TROUBLE_SECONDS)


@pytest.mark.parametrize(
    "group", [0, *(pytest.param(group, marks=pytest.mark.many) for group in range(1, COMPANY_GROUPS))]
)
def test_people_in_company_converge_on_every_branch(seed: int, group: int) -> None:
    """Undo with cascade, branches, merges, kicks and policies; each document is that of a refold of its branch."""
    done: Counter[str] = Counter()
    for place in range(COMPANY_SEEDS // COMPANY_GROUPS):
        simulation = Simulation(seed + group * COMPANY_SEEDS + place, SCENARIOS["company"])
        simulation.run(TROUBLE_SECONDS)
        simulation.heal()
        simulation.run_until_quiet(QUIET_LIMIT_SECONDS)
        simulation.check()
        _, commands = log_of(simulation.records())
        done.update(f"{command.operation.NAME}@{command.operation.VERSION}" for command in commands)
    for name in ("theta.create_branch@1", "theta.merge_branch@1", "theta.set_strategy@1", "theta.set_effective@2"):
        assert done[name], f"no {name} in any log"


@pytest.mark.many
@pytest.mark.parametrize("scenario", sorted(SCENARIOS.keys() - IN_ANOTHER_PROCESS))
def test_the_same_seed_gives_the_same_trace(seed: int, scenario: str) -> None:
    assert check(seed, scenario) == check(seed, scenario)


@pytest.mark.many
def test_the_same_seed_gives_the_same_trace_in_another_process(seed: int) -> None:
    """Whatever the order of sets and dicts of bytes: Python's own hashes are seeded anew in each process."""
    assert check(seed, "everything").trace_hash.hex() in told_by_processes(seed, "everything", TROUBLE_SECONDS)


@pytest.mark.many
def test_people_who_were_away_too_long_to_resume_converge(seed: int) -> None:
    result = check_seed(seed, SCENARIOS["away"], 400.0)
    assert set(result.peer_hashes) == {result.room_hash}


@pytest.mark.parametrize("peers", [1, pytest.param(8, marks=pytest.mark.many)])
def test_rooms_of_other_sizes_converge(seed: int, peers: int) -> None:
    result = check_seed(seed, SCENARIOS["room-dies"]._replace(peers=peers), 4.0)
    assert result.peer_hashes == [result.room_hash] * peers


@pytest.mark.many
def test_nobody_breaks_on_damaged_frames_that_no_carrier_noticed(seed: int) -> None:
    """Each costs at most a connection, and no document: what is in one is signed."""
    acknowledged = 0
    for each in range(seed, seed + DAMAGED_SEEDS):
        simulation = Simulation(each, SCENARIOS["damaged-frames"])
        simulation.run(TROUBLE_SECONDS)
        simulation.heal()
        simulation.run_until_quiet(QUIET_LIMIT_SECONDS)
        acknowledged += len(simulation.check().acknowledged)
    assert acknowledged > 100
