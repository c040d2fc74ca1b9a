"""Rooms that write checkpoints all the time, and are killed: everybody converges, from whichever was whole."""

import pytest

from theta.node import checkpoint_schedule, frontier, opening
from theta.sim import SCENARIOS, SimulationFailed, check_seed

pytestmark = pytest.mark.simulation

SEEDS = 4


@pytest.fixture
def opened_from(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which checkpoint each start of a room was opened from, 0 for none; the frontier is always near."""
    seqs: list[int] = []
    really = opening.open_log

    def open_log(*arguments: object) -> opening.Opened:
        opened = really(*arguments)  # type: ignore[arg-type]
        seqs.append(opened.header.seq if opened.header is not None else 0)
        return opened

    monkeypatch.setattr("theta.node.room.open_log", open_log)
    monkeypatch.setattr(frontier, "FRONTIER_AGE_RECORDS", 8)
    monkeypatch.setattr(frontier, "FRONTIER_STEP_RECORDS", 2)
    monkeypatch.setattr(frontier, "FRONTIER_AGE_SECONDS", 1.0)
    return seqs


@pytest.mark.parametrize(
    "interval", [7, pytest.param(1, marks=pytest.mark.many), pytest.param(64, marks=pytest.mark.many)]
)
def test_log_25_everybody_converges_whatever_checkpoint_a_room_comes_back_from(
    seed: int, interval: int, opened_from: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", interval)
    for number in range(SEEDS):
        scenario = ("room-dies", "everything")[number % 2]
        try:
            check_seed(seed + 7_000 + number, SCENARIOS[scenario])
        except SimulationFailed as failure:
            pytest.fail(f"{failure}", pytrace=False)
    assert len(opened_from) > SEEDS, "rooms were started again"
    if interval < 64:
        assert any(opened_from), "no room came back from a checkpoint"
