import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.limits import SYSTEM_RUNS_KEPT
from theta.ecs.timing import FixedTimestep, Stopwatch


def test_ecs_21_average_and_p99_are_of_the_newest_runs() -> None:
    watch = Stopwatch()
    assert watch.timing("render", "x")[2:] == (0, 0.0, 0.0, 0.0)
    for _ in range(100):
        watch.handle_run(9.0)
    for _ in range(SYSTEM_RUNS_KEPT - 1):
        watch.handle_run(1.0)
    watch.handle_run(2.0)
    timing = watch.timing("render", "x")
    assert timing.runs == SYSTEM_RUNS_KEPT + 100
    assert timing.last == 2.0
    assert timing.average == pytest.approx(1.0 + 1.0 / SYSTEM_RUNS_KEPT)
    assert timing.p99 == 1.0
    for _ in range(3):
        watch.handle_run(2.0)
    assert watch.timing("render", "x").p99 == 2.0


def test_ecs_20_a_clock_that_goes_backwards_takes_nothing_back() -> None:
    timestep = FixedTimestep(10.0)
    steps = [timestep.handle_elapsed(seconds) for seconds in (0.06, -5.0, 0.06)]
    assert steps == [0, 0, 1]


@given(st.lists(st.floats(0.0, 0.05), max_size=60))
def test_ecs_20_steps_are_paid_out_for_the_time_that_passed(passed: list[float]) -> None:
    timestep = FixedTimestep(90.0, steps_max=8)
    made = sum(timestep.handle_elapsed(seconds) for seconds in passed)
    owed = timestep.overstep * timestep.seconds
    assert 0.0 <= timestep.overstep < 1.0 + 1e-9
    assert made * timestep.seconds + owed + timestep.dropped_seconds == pytest.approx(sum(passed), abs=1e-9)
