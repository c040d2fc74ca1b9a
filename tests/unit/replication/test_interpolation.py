"""What is shown between the ticks."""

from math import cos, sin, sqrt
from random import Random

import numpy as np
import pytest

from tests.unit.replication.state_worlds import Motion, Pose
from theta.base.errors import InvalidValue
from theta.base.limits import (
    EXTRAPOLATION_SECONDS_MAX,
    INTERPOLATION_DELAY_SECONDS_MAX,
    INTERPOLATION_GAP_SECONDS_MAX,
    INTERPOLATION_RATE_CHANGE_MAX,
    INTERPOLATION_SAMPLES,
    REST_SECONDS,
    TELEPORT_METRES,
)
from theta.replication.interpolation import InterpolationBuffer, PlaybackClock, Track, tracks_of

TICK = 1 / 30
PLACE = Track("metres", 3, jump=TELEPORT_METRES)
TURN = Track("rotation", 4, is_rotation=True)
ONE = np.array([0])


def moving(*samples: tuple[float, float]) -> InterpolationBuffer:
    """One entity that is at x metres at a time."""
    buffer = InterpolationBuffer([PLACE])
    for time, x in samples:
        buffer.handle_samples(time, ONE, {"metres": np.array([[x, 0.0, 1.0]])})
    return buffer


def x_at(buffer: InterpolationBuffer, time: float) -> float:
    return float(buffer.values_at(time, ONE)["metres"][0, 0])


def about_y(angle: float) -> list[float]:
    return [0.0, sin(angle / 2), 0.0, cos(angle / 2)]


def test_rep_68_even_ticks_are_shown_a_tick_late() -> None:
    clock = PlaybackClock(TICK)
    assert clock.advance(0.0) is None
    for tick in range(1, 100):
        clock.handle_tick(tick * TICK + 0.05, tick)
    assert clock.delay == pytest.approx(TICK)
    assert clock.advance(99 * TICK + 0.05) == pytest.approx(98 * TICK)


def test_rep_68_the_delay_follows_the_jitter_within_its_limit() -> None:
    random, delays = Random(5), []
    for spread in (0.0, 0.01, 0.03, 0.4):
        clock = PlaybackClock(TICK)
        for tick in range(1, 400):
            clock.handle_tick(tick * TICK + random.random() * spread, tick)
        delays.append(clock.delay)
    assert delays == sorted(delays)
    assert delays[2] > delays[0] + 0.02
    assert delays[3] == INTERPOLATION_DELAY_SECONDS_MAX
    assert max(delays) <= INTERPOLATION_DELAY_SECONDS_MAX


def test_rep_68_late_and_repeated_ticks_do_not_count() -> None:
    clock = PlaybackClock(TICK)
    for tick in range(1, 50):
        clock.handle_tick(tick * TICK, tick)
        clock.handle_tick(tick * TICK + 0.3, tick)
        clock.handle_tick(tick * TICK + 0.3, tick - 1)
    assert clock.jitter < 1e-12


def test_rep_68_time_never_goes_back_and_hardly_changes_its_pace() -> None:
    random, clock = Random(9), PlaybackClock(TICK)
    arrivals = sorted((tick * TICK + random.random() * 0.08, tick) for tick in range(1, 300))
    shown, last, frame = None, 0.0, 1 / 90
    for number in range(900):
        now = number * frame
        while arrivals and arrivals[0][0] <= now:
            clock.handle_tick(*arrivals.pop(0))
        time = clock.advance(now)
        if shown is not None and time is not None:
            assert (
                (1 - INTERPOLATION_RATE_CHANGE_MAX) * frame - 1e-9
                <= time - shown
                <= (1 + INTERPOLATION_RATE_CHANGE_MAX) * frame + 1e-9
            )
            last = now - time
        shown = time
    assert TICK < last < 0.25


def test_rep_68_after_a_long_silence_time_jumps_ahead_but_never_back() -> None:
    clock = PlaybackClock(TICK)
    for tick in range(1, 40):
        clock.handle_tick(tick * TICK, tick)
    before = clock.advance(39 * TICK)
    assert before is not None
    clock.handle_tick(39 * TICK + 0.1, 400)
    ahead = clock.advance(39 * TICK + 0.2)
    assert ahead == pytest.approx(400 * TICK + 0.1 - clock.delay)
    clock = PlaybackClock(TICK)
    clock.handle_tick(0.0, 100)
    shown = clock.advance(0.3)
    assert shown == pytest.approx(100 * TICK + 0.3 - TICK)
    clock.handle_tick(1.0, 101)
    assert clock.advance(1.0) == shown, "it waits until the room's time has come there"
    clock.handle_tick(10.0, 251)
    assert clock.advance(10.0) == pytest.approx(251 * TICK - TICK)


@pytest.mark.parametrize("seconds", [60.0, 3600.0])
def test_rep_68_a_room_that_stood_still_is_followed_at_once_when_it_goes_on(seconds: float) -> None:
    clock = PlaybackClock(TICK)
    for tick in range(1, 40):
        clock.handle_tick(tick * TICK, tick)
    for passed in range(int(seconds)):
        clock.advance(39 * TICK + passed)
    for tick in range(40, 70):
        now = tick * TICK + seconds
        clock.handle_tick(now, tick)
        assert clock.advance(now) == pytest.approx(tick * TICK - clock.delay, abs=2 * TICK)


def test_rep_69_values_are_between_two_samples() -> None:
    buffer = moving((1.0, 0.0), (1.0 + TICK, 1.0), (1.0 + 2 * TICK, 3.0))
    assert x_at(buffer, 0.5) == 0.0, "the first before it"
    assert x_at(buffer, 1.0 + 0.25 * TICK) == pytest.approx(0.25)
    assert x_at(buffer, 1.0 + TICK) == 1.0
    assert x_at(buffer, 1.0 + 1.5 * TICK) == pytest.approx(2.0)
    assert x_at(buffer, 1.0 + 2 * TICK) == 3.0


def test_rep_69_rotations_take_the_shorter_way_and_stay_of_length_one() -> None:
    for sign in (1.0, -1.0):
        buffer = InterpolationBuffer([TURN])
        buffer.handle_samples(0.0, ONE, {"rotation": np.array([about_y(0.0)])})
        buffer.handle_samples(0.1, ONE, {"rotation": sign * np.array([about_y(0.5)])})
        found = buffer.values_at(0.05, ONE)["rotation"][0]
        assert np.allclose(found, about_y(0.25), atol=1e-9)
        assert sqrt(sum(found * found)) == pytest.approx(1.0)


def test_rep_69_what_was_silent_stays_until_shortly_before_it_moved() -> None:
    buffer = moving((1.0, 0.0), (5.0, 1.0))
    assert x_at(buffer, 5.0 - INTERPOLATION_GAP_SECONDS_MAX - 0.01) == 0.0
    assert x_at(buffer, 5.0 - INTERPOLATION_GAP_SECONDS_MAX / 2) == pytest.approx(0.5)


def test_rep_69_as_many_samples_count_as_the_ring_has() -> None:
    buffer = moving(*((0.1 * number, 0.5 * number) for number in range(40)))
    oldest = 40 - INTERPOLATION_SAMPLES
    assert x_at(buffer, 0.0) == 0.5 * oldest
    assert x_at(buffer, 0.1 * oldest + 0.05) == pytest.approx(0.5 * oldest + 0.25)


def test_rep_69_the_same_time_replaces_and_an_older_one_is_passed_over() -> None:
    buffer = moving((1.0, 0.0), (1.1, 1.0), (1.1, 0.4), (1.05, 0.9))
    assert x_at(buffer, 1.05) == pytest.approx(0.2)
    assert x_at(buffer, 1.1) == 0.4


def test_rep_70_it_goes_on_a_little_then_stays_then_comes_back() -> None:
    buffer = moving((1.0, 0.0), (1.1, 0.5))
    last = 1.1
    assert x_at(buffer, last + 0.05) == pytest.approx(0.75)
    furthest = 0.5 + 5.0 * EXTRAPOLATION_SECONDS_MAX
    assert x_at(buffer, last + EXTRAPOLATION_SECONDS_MAX) == pytest.approx(furthest)
    assert x_at(buffer, last + REST_SECONDS) == pytest.approx(furthest)
    assert x_at(buffer, last + REST_SECONDS + 0.5 * EXTRAPOLATION_SECONDS_MAX) == pytest.approx((0.5 + furthest) / 2)
    assert x_at(buffer, last + REST_SECONDS + EXTRAPOLATION_SECONDS_MAX) == pytest.approx(0.5)
    assert x_at(buffer, 1e6) == 0.5


def test_rep_70_rest_that_is_told_ends_it_at_once() -> None:
    buffer = moving((1.0, 0.0), (1.1, 0.5))
    buffer.handle_rest(1.15, np.array([0, 3]))
    assert x_at(buffer, 1.12) == 0.5
    assert x_at(buffer, 1.2) == 0.5
    buffer.handle_rest(1.12, ONE)
    assert not buffer.values_at(2.0, np.array([3]))["metres"].any(), "what has no sample has no rest"


def test_rep_70_one_sample_stays_where_it_is() -> None:
    assert x_at(moving((1.0, 0.5)), 1.05) == 0.5


def test_rep_71_a_teleport_is_not_a_movement() -> None:
    buffer = InterpolationBuffer([PLACE, TURN])
    for time, x, angle in ((1.0, 0.0, 0.0), (1.1, TELEPORT_METRES + 0.01, 1.0)):
        columns = {"metres": np.array([[x, 0.0, 0.0]]), "rotation": np.array([about_y(angle)])}
        buffer.handle_samples(time, ONE, columns)
    assert x_at(buffer, 1.099) == 0.0
    assert np.allclose(buffer.values_at(1.099, ONE)["rotation"][0], about_y(0.0))
    for time in (1.1, 1.15):
        assert x_at(buffer, time) == TELEPORT_METRES + 0.01
        assert np.allclose(buffer.values_at(time, ONE)["rotation"][0], about_y(1.0))


def test_rep_71_just_below_the_limit_it_is_one() -> None:
    assert x_at(moving((1.0, 0.0), (1.1, TELEPORT_METRES)), 1.05) == pytest.approx(TELEPORT_METRES / 2)


def test_tracks_are_a_components_floats() -> None:
    assert tracks_of(Pose) == (PLACE, TURN)
    assert tracks_of(Motion) == (Track("linear", 3),)
    with pytest.raises(InvalidValue, match="width"):
        Track("rotation", 3, is_rotation=True)


def test_who_is_forgotten_has_no_samples() -> None:
    buffer = InterpolationBuffer([PLACE, TURN])
    slots = np.array([5, 700])
    columns = {"metres": np.ones((2, 3)), "rotation": np.tile(about_y(1.0), (2, 1))}
    buffer.handle_samples(1.0, slots, columns)
    buffer.handle_samples(1.1, slots, columns)
    buffer.forget(np.array([5]))
    found = buffer.values_at(1.05, np.array([5, 700]))
    assert found["metres"].tolist() == [[0.0] * 3, [1.0] * 3]
    assert found["rotation"][0].tolist() == [0.0, 0.0, 0.0, 1.0]
    buffer.handle_samples(0.5, np.array([5]), {name: values[:1] * 3 for name, values in columns.items()})
    assert buffer.values_at(0.7, np.array([5]))["metres"].tolist() == [[3.0] * 3]


def test_no_entities_are_no_work() -> None:
    buffer = InterpolationBuffer([PLACE])
    none = np.zeros(0, np.int64)
    buffer.handle_samples(1.0, none, {"metres": np.zeros((0, 3))})
    buffer.forget(none)
    assert buffer.values_at(1.0, none)["metres"].shape == (0, 3)


def shown_errors(loss: float, spread: float) -> list[float]:
    """How far from its path, in metres, a hand that waves at 2 m/s is shown, frame by frame at 90 Hz."""
    random = Random(17)
    clock, buffer = PlaybackClock(TICK), InterpolationBuffer([PLACE])

    def path(time: float) -> float:
        return 0.5 * sin(4.0 * time)

    arrivals = sorted(
        (tick * TICK + 0.04 + random.random() * spread, tick) for tick in range(1, 900) if random.random() >= loss
    )
    errors = []
    for frame in range(200, 2_600):
        now = frame / 90
        while arrivals and arrivals[0][0] <= now:
            at, tick = arrivals.pop(0)
            clock.handle_tick(at, tick)
            buffer.handle_samples(tick * TICK, ONE, {"metres": np.array([[path(tick * TICK), 0.0, 0.0]])})
        time = clock.advance(now)
        assert time is not None
        if frame > 400:
            errors.append(abs(x_at(buffer, time) - path(time)))
    return sorted(errors)


@pytest.mark.parametrize(
    ("loss", "spread", "usual", "worst"),
    [(0.0, 0.0, 0.0012, 0.0012), (0.0, 0.03, 0.0012, 0.002), (0.2, 0.03, 0.006, 0.05)],
)
def test_rep_68_to_rep_70_a_waving_hand_is_near_its_path(
    loss: float, spread: float, usual: float, worst: float
) -> None:
    errors = shown_errors(loss, spread)
    print(f"loss {loss}, spread {spread}: 95 % {errors[len(errors) * 95 // 100]:.4f} m, most {errors[-1]:.4f} m")
    assert errors[len(errors) * 95 // 100] <= usual
    assert errors[-1] <= worst
