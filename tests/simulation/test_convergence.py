"""A hundred seeds: four people, two of them with one key, a bad network, a room that dies; then the world heals.

`check_seed` holds after healing: every peer's document hash is the room's and that of a plain refold of the log on the
disk, whose signatures and chain verify; every acknowledged command is in it exactly once; nothing is unacknowledged;
everybody's presence is current; outcomes, and next undo and redo, are the same everywhere; nobody was thrown out or
refused.
"""

import os
import subprocess
import sys
from collections import Counter

import pytest

from theta.sim import (
    QUIET_LIMIT_SECONDS,
    SCENARIOS,
    TROUBLE_SECONDS,
    Simulation,
    SimulationFailed,
    SimulationResult,
    check_seed,
)
from theta.sim.checks import log_of

pytestmark = pytest.mark.simulation

SEEDS = 100
GROUPS = 20
COMPANY_SEEDS = 12
COMPANY_GROUPS = 4
# By a seed's place in the hundred: every second one has a room that dies, every fourth everything at once.
SCENARIO_OF_PLACE = ("rough", "room-dies", "rough", "everything")


def check(seed: int, scenario: str) -> SimulationResult:
    try:
        return check_seed(seed, SCENARIOS[scenario])
    except SimulationFailed as failure:
        command = f"python -m theta.sim --first {seed} --seeds 1 --scenario {scenario} --trace 400"
        pytest.fail(f"{failure}\nreplay with: {command}", pytrace=False)


@pytest.mark.many
@pytest.mark.parametrize("group", range(GROUPS))
def test_everybody_converges_after_healing(seed: int, group: int) -> None:
    results = [
        check(seed + place, SCENARIO_OF_PLACE[place % len(SCENARIO_OF_PLACE)])
        for place in range(group * SEEDS // GROUPS, (group + 1) * SEEDS // GROUPS)
    ]
    for result in results:
        assert set(result.peer_hashes) == {result.room_hash}
        assert len(result.peer_hashes) == 4
        assert len(result.acknowledged) >= 10, f"seed {result.seed} has hardly done anything"
    assert any(result.room_starts > 1 for result in results), "no room was killed and started again"
    assert len({result.trace_hash for result in results}) == len(results)


@pytest.mark.parametrize("group", range(COMPANY_GROUPS))
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


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_the_same_seed_gives_the_same_trace(seed: int, scenario: str) -> None:
    assert check(seed, scenario) == check(seed, scenario)


def test_the_same_seed_gives_the_same_trace_in_another_process(seed: int) -> None:
    """Whatever the order of sets and dicts of bytes: Python's own hashes are seeded anew in each process."""
    command = [sys.executable, "-m", "theta.sim", "--first", str(seed), "--seeds", "1", "--scenario", "everything"]
    told = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
        ).stderr
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1
    assert check(seed, "everything").trace_hash.hex() in told.pop()


def test_people_who_were_away_too_long_to_resume_converge(seed: int) -> None:
    result = check_seed(seed, SCENARIOS["away"], 400.0)
    assert set(result.peer_hashes) == {result.room_hash}


@pytest.mark.parametrize("peers", [1, 8])
def test_rooms_of_other_sizes_converge(seed: int, peers: int) -> None:
    result = check_seed(seed, SCENARIOS["room-dies"]._replace(peers=peers), 4.0)
    assert result.peer_hashes == [result.room_hash] * peers
