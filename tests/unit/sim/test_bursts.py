"""Losses in bursts: as many as were asked for, and close together."""

import math
from itertools import pairwise

import pytest

from theta.base.randomness import Randomness
from theta.sim import BURST_LOSS, Bursts

SPACING = 0.01
FRAMES = 60_000


def fates(seed: int, loss: float, burst_seconds: float, frames: int = FRAMES) -> list[bool]:
    bursts = Bursts(Randomness(f"bursts {seed}".encode()), 10.0)
    return [bursts.is_lost(10.0 + SPACING * number, loss, burst_seconds) for number in range(frames)]


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("burst_seconds", [0.03, 0.15])
def test_so_much_is_lost_over_all_and_in_bursts(seed: int, loss: float, burst_seconds: float) -> None:
    lost = fates(seed, loss, burst_seconds)
    assert sum(lost) / FRAMES == pytest.approx(loss, rel=0.35)
    after_a_loss = [after for before, after in pairwise(lost) if before]
    # Independent losses would follow each other with the probability of any loss.
    stays = BURST_LOSS * math.exp(-SPACING / burst_seconds)
    assert sum(after_a_loss) / len(after_a_loss) == pytest.approx(stays, abs=0.12)


def test_the_same_luck_gives_the_same_bursts() -> None:
    assert fates(1, 0.3, 0.1, 500) == fates(1, 0.3, 0.1, 500) != fates(2, 0.3, 0.1, 500)


def test_who_asks_about_later_first_hears_of_the_same_bursts() -> None:
    """A retransmission is sent later than what is sent next."""
    times = [0.01 * number for number in range(1_000)]
    in_order, backwards = (Bursts(Randomness(b"one line"), 0.0) for _ in range(2))
    backwards.is_lost(times[-1], 0.4, 0.2)
    forwards = sum(in_order.is_lost(each, 0.4, 0.2) for each in times)
    # Which frames of a burst get through is drawn as they are asked about; when it is bad is the line's.
    assert sum(backwards.is_lost(each, 0.4, 0.2) for each in times) == pytest.approx(forwards, rel=0.1)


def test_nothing_is_lost_on_a_line_that_loses_nothing() -> None:
    bursts = Bursts(Randomness(b"calm"), 0.0)
    assert not any(bursts.is_lost(number / 10.0, 0.0, 0.5) for number in range(100))


def test_a_line_that_is_always_bad_is_none() -> None:
    with pytest.raises(AssertionError, match="always in a burst"):
        Bursts(Randomness(b"bad"), 0.0).is_lost(0.0, BURST_LOSS, 0.1)
