"""What is shown never leaves what was told, but for what goes on a little after it."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from theta.base.limits import EXTRAPOLATION_SECONDS_MAX, INTERPOLATION_GAP_SECONDS_MAX, INTERPOLATION_SAMPLES
from theta.replication.interpolation import InterpolationBuffer, Track

ROUNDING = 1e-9


def told(
    random: Random, entities: int, ticks: int, jump: float
) -> tuple[InterpolationBuffer, list[dict[float, float]]]:
    """A buffer, and by entity what it was told: some ticks in any order, with pauses and leaps."""
    buffer = InterpolationBuffer([Track("metres", 1, jump=jump), Track("rotation", 4, is_rotation=True)])
    kept: list[dict[float, float]] = [{} for _ in range(entities)]
    values = [0.0] * entities
    tick = 0
    for _ in range(ticks):
        tick = max(1, tick + random.choice((-1, 0, 1, 1, 1, 1, 2, 3, 30)))
        time, slots = tick / 30, [slot for slot in range(entities) if random.random() < 0.7]
        for slot in slots:
            values[slot] += random.choice((0.0, random.uniform(-0.3, 0.3), random.uniform(-9.0, 9.0)))
            if time >= max(kept[slot], default=0.0):
                kept[slot][time] = values[slot]
        columns = {
            "metres": np.array([values[slot] for slot in slots]),
            "rotation": np.array([random.gauss(0.0, 1.0) for _ in range(4 * len(slots))]).reshape(-1, 4),
        }
        buffer.handle_samples(time, np.array(slots, np.int64), columns)
    return buffer, kept


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 50), st.sampled_from((1.0, 5.0, float("inf"))))
@settings(max_examples=60)
def test_rep_69_and_rep_70_what_is_shown_stays_within_the_samples_around_it(
    seed: int, entities: int, ticks: int, jump: float
) -> None:
    random = Random(seed)
    buffer, kept = told(random, entities, ticks, jump)
    slots = np.arange(entities)
    last = max((max(each, default=0.0) for each in kept), default=0.0)
    for time in (0.0, last + 99.0, *(random.uniform(0.0, last + 1.0) for _ in range(40))):
        found = buffer.values_at(time, slots)
        lengths = np.sqrt((found["rotation"] * found["rotation"]).sum(axis=1))
        assert np.abs(lengths - 1.0).max() < ROUNDING
        for slot, value in enumerate(found["metres"][:, 0].tolist()):
            check(kept[slot], time, value, jump)


def check(samples: dict[float, float], time: float, value: float, jump: float) -> None:
    """Against the samples of one entity, looked at one by one."""
    times = sorted(samples)[-INTERPOLATION_SAMPLES:]
    if not times:
        assert value == 0.0
        return
    before = [each for each in times if each <= time]
    after = [each for each in times if each > time]
    around = [samples[each] for each in (*before[-1:], *after[:1])]
    low, high = min(around), max(around)
    if not after and len(times) > 1:
        change = samples[times[-1]] - samples[times[-2]]
        speed = change / min(times[-1] - times[-2], INTERPOLATION_GAP_SECONDS_MAX) if abs(change) <= jump else 0.0
        low, high = (
            edge + speed * EXTRAPOLATION_SECONDS_MAX * on for edge, on in ((low, speed < 0), (high, speed > 0))
        )
    elif len(around) == 2 and abs(around[0] - around[1]) > jump:
        high = low = around[0]
    assert low - ROUNDING <= value <= high + ROUNDING
