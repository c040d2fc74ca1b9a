from collections.abc import Callable

import pytest

from theta.sim import BusyLoop, NodeClock, Schedule, SimulatedClock, Timer
from theta.sim.clock import UNIX_MS_AT_START


def test_a_clock_starts_at_a_fixed_time_and_moves_only_when_told() -> None:
    clock = SimulatedClock()
    node = NodeClock(clock)
    assert node.now() == (0.0, UNIX_MS_AT_START)
    clock.advance_to(1.5)
    assert node.now() == (1.5, UNIX_MS_AT_START + 1500)
    with pytest.raises(AssertionError):
        clock.advance_to(1.0)


def test_skew_moves_the_wall_clock_and_drift_moves_both() -> None:
    clock = SimulatedClock()
    node = NodeClock(clock, skew_ms=-250, drift_ppm=1000.0)
    clock.advance_to(100.0)
    now = node.now()
    assert now.seconds == pytest.approx(100.1)
    assert now.unix_ms == UNIX_MS_AT_START - 250 + int(now.seconds * 1000)


@pytest.mark.parametrize("drift_ppm", [-137.0, 0.0, 0.3, 99.0])
def test_an_alarm_never_rings_before_its_time(drift_ppm: float) -> None:
    node = NodeClock(SimulatedClock(), drift_ppm=drift_ppm)
    rate = 1.0 + drift_ppm / 1e6
    for step in range(1, 500):
        wanted = step * 0.0137
        assert wanted <= node.simulated_seconds(wanted) * rate < wanted + 1e-9


def test_actions_run_by_time_and_then_in_the_order_they_were_planned() -> None:
    schedule = Schedule(SimulatedClock())
    seen: list[tuple[str, float]] = []
    note: Callable[[str], Callable[[], None]] = lambda name: lambda: seen.append((name, schedule.clock.seconds))  # noqa: E731
    schedule.call_at(2.0, note("b"))
    schedule.call_at(1.0, note("a"))
    schedule.call_at(2.0, note("c"))
    schedule.call_at(1.0, lambda: schedule.call_at(0.5, note("late")))
    schedule.call_after(3.0, note("d"))
    assert schedule.next_seconds == 1.0
    schedule.run_until(2.5)
    assert seen == [("a", 1.0), ("late", 1.0), ("b", 2.0), ("c", 2.0)]
    assert schedule.clock.seconds == 2.5
    schedule.run_next()
    assert seen[-1] == ("d", 3.0)
    assert schedule.next_seconds is None


def test_only_the_latest_time_of_a_timer_counts() -> None:
    schedule = Schedule(SimulatedClock())
    rung: list[float] = []
    timer = Timer(schedule, NodeClock(schedule.clock), lambda: rung.append(schedule.clock.seconds))
    timer.arm(5.0)
    timer.arm(1.0)
    timer.arm(1.0)
    schedule.run_until(10.0)
    timer.arm(12.0)
    timer.arm(None)
    schedule.run_until(20.0)
    assert rung == [1.0]


def test_a_node_that_is_always_due_is_a_busy_loop() -> None:
    schedule = Schedule(SimulatedClock())
    timer: list[Timer] = []
    timer.append(Timer(schedule, NodeClock(schedule.clock), lambda: timer[0].arm(0.5)))
    timer[0].arm(0.5)
    with pytest.raises(BusyLoop):
        schedule.run_until(1.0)
