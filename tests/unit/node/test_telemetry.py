"""What a room counts and measures (WIRE-40)."""

from itertools import count

from tests.support.pump import Pump, cube, red
from theta.base.identifiers import MAIN_BRANCH, entity_id
from theta.base.moment import Moment
from theta.commands.governance import Strategy
from theta.editor.vocabulary import Paint, Rename
from theta.node.telemetry import Histogram, Telemetry, as_text


def test_wire_40_a_histogram_counts_up_to_each_bound() -> None:
    histogram = Histogram((1.0, 10.0))
    for value in (0.5, 1.0, 3.0, 99.0):
        histogram.add(value)
    assert histogram.snapshot("x") == {
        'x_bucket{le="1"}': 2,
        'x_bucket{le="10"}': 3,
        'x_bucket{le="+Inf"}': 4,
        "x_sum": 103.5,
        "x_count": 4,
        "x_max": 99.0,
    }


def test_wire_40_what_came_in_and_what_was_refused_is_counted() -> None:
    pump = Pump()
    ada, viewer = pump.join("Ada"), pump.join("Viewer", "viewer")
    ada.perform(pump.now, [cube(), cube()])
    viewer.perform(pump.now, [cube()])
    pump.pump()
    found = pump.room.telemetry(pump.now)
    assert found["theta_appended_records_total"] == len(pump.disk)
    assert found["theta_appended_commands_total"] == 2
    assert found['theta_packets_total{outcome="admitted"}'] == 1
    assert found['theta_packets_total{outcome="NotAllowed"}'] == 1
    pump.is_frozen = True
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert pump.room.telemetry(pump.now)['theta_queue_length{queue="unwritten"}'] == 1
    pump.seconds += 0.25
    pump.thaw()
    found = pump.room.telemetry(pump.now)
    assert found["theta_commit_seconds_max"] == 0.25
    assert found['theta_queue_length{queue="unwritten"}'] == 0


def test_wire_40_conflicts_and_rollbacks_are_counted() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    ada.perform(pump.now, [Paint(entity, (0.0, 0.0, 1.0))])
    held = []
    while (sent := ada.poll_transmit()) is not None:
        held.append(sent)
    bob.perform(pump.now, [red(entity)])
    for number in range(4):
        bob.perform(pump.now, [Rename(entity, f"name {number}")])
    pump.pump()
    for sent in held:
        pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
    pump.pump()
    found = pump.room.telemetry(pump.now)
    assert found['theta_conflicts_total{strategy="last-writer-wins",outcome="applied"}'] == 1
    assert found["theta_rollback_commands_max"] >= 3


def test_wire_40_the_rate_is_over_a_while() -> None:
    telemetry = Telemetry(Moment(0.0, 0))
    for _ in range(50):
        telemetry.handle_durable(0.001, 2)
    assert telemetry.snapshot(Moment(5.0, 0), {}, 0, {})["theta_appended_commands_per_second"] == 0.0
    assert telemetry.snapshot(Moment(20.0, 0), {}, 0, {})["theta_appended_commands_per_second"] == 5.0


def test_wire_40_durations_are_the_stopwatchs_and_all_is_text() -> None:
    ticks = count()
    telemetry = Telemetry(Moment(0.0, 0), lambda: 0.001 * next(ticks))
    begun = telemetry.stopwatch()
    telemetry.admission_seconds.add(telemetry.stopwatch() - begun)
    text = as_text(telemetry.snapshot(Moment(0.0, 0), {"admitted": 3}, 5, {"unwritten": 1}))
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines())
    assert lines['theta_packets_total{outcome="admitted"}'] == "3"
    assert lines["theta_admission_seconds_count"] == "1"
    assert float(lines["theta_admission_seconds_sum"]) == 0.001
    assert lines["theta_nonces_skipped_total"] == "5"


def test_wire_40_skipped_nonces_are_counted() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    ada._outbox._nonce += 4
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert pump.room.telemetry(pump.now)["theta_nonces_skipped_total"] == 4
    pump.restart()
    assert pump.room.telemetry(pump.now)["theta_nonces_skipped_total"] == 4


def test_wire_40_conflicts_of_a_branch_are_counted_under_the_strategy_that_decided_there() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    attic = ada.create_branch(pump.now, "attic")
    pump.pump()
    bob.perform(pump.now, [red(entity)])
    pump.pump()
    ada.switch_branch(attic)
    pump.pump()
    ada.perform(pump.now, [Paint(entity, (0.0, 0.0, 1.0))])
    pump.pump()
    # The merge into the attic says what decides there; on main nothing was ever merged.
    ada.merge_branch(pump.now, MAIN_BRANCH, strategy=Strategy.MERGE)
    pump.pump()
    found = pump.room.telemetry(pump.now)
    assert found['theta_conflicts_total{strategy="merge",outcome="applied"}'] == 1
    assert not any(name.startswith("theta_conflicts_total") and "last-writer" in name for name in found)
