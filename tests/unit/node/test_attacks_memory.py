"""Attacks on a room's memory: what one client says for hours leaves nothing behind."""

from collections.abc import Iterator

import pytest

from tests.support.pump import Pump, agree, cube
from theta.base.limits import FRONTIER_AGE_SECONDS
from theta.base.moment import Moment
from theta.commands.log import Command, CommandLog
from theta.editor.fold import Fold
from theta.node import frontier, pipeline
from theta.node.events import Applied
from theta.node.frontier import FrontierKeeper


def test_packets_that_are_refused_leave_nothing_behind_with_the_frontier() -> None:
    pump = Pump()
    pump.join("Ada").perform(pump.now, [cube()])
    pump.pump()
    keeper = FrontierKeeper(pump.room.replica.log, pump.now)
    for step in range(10_000):
        at = Moment(pump.now.seconds + step * 0.3, pump.now.unix_ms)
        keeper.handle_folded(at, pump.room.head_seq)
        assert keeper.timeout is None, "too few records for a frontier"
    assert len(keeper._samples) < 2 * FRONTIER_AGE_SECONDS / 0.25


def test_a_fold_that_is_far_behind_takes_no_more_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "UNFOLDED_COMMANDS_MAX", 5)
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    stuck = True
    really = Fold.add_slowly

    def add_slowly(self: Fold, commands: list[Command]) -> Iterator[None]:
        while stuck:
            yield
        yield from really(self, commands)

    monkeypatch.setattr(Fold, "add_slowly", add_slowly)
    names = [ada.perform(pump.now, [cube(f"{index}")])[0] for index in range(12)]
    for _ in range(3):
        while (sent := ada.poll_transmit()) is not None:
            pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
            pump._write()
    assert pump.room.telemetry(pump.now)['theta_packets_total{outcome="admitted"}'] == 5
    stuck = False
    pump.advance(3.0)
    assert ada.unacknowledged == 0
    assert [event.name for event in pump.told(ada, Applied)] == names
    agree(pump, ada, bob)


def test_log_12_a_fold_that_is_behind_leaves_nobody_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "FRONTIER_AGE_RECORDS", 10)
    monkeypatch.setattr(frontier, "FRONTIER_STEP_RECORDS", 4)
    pump = Pump()
    ada, begun = pump.join("Ada"), pump.now.seconds
    for number in range(80):
        ada.perform(pump.now, [cube(f"{number}")])
    pump.pump()
    log = pump.room.replica.log
    keeper = FrontierKeeper(CommandLog(log.registry), pump.now)
    keeper._log = log
    for second in range(1, 6):
        keeper.handle_folded(Moment(begun + second, 0), 10 * second)
        found = keeper.poll(Moment(begun + second, 0), 10 * second)
        assert (found.seq if found is not None else 0) == max(0, 10 * (second - FRONTIER_AGE_SECONDS))
