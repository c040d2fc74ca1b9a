"""When a line loses frames: losses come in bursts (Gilbert 1960, Elliott 1963), here in continuous time."""

import math
from bisect import bisect_right

from theta.base.randomness import Randomness

BURST_LOSS = 0.9
"""Of what is sent in a burst so much is lost; between bursts nothing is."""


class Bursts:
    """One direction of a line: times at which it is bad, drawn as far ahead as somebody asks.

    Bursts last exponentially distributed times with a mean of `burst_seconds`; the pauses are as long as it takes for
    `loss` over all.

    Args:
        randomness: its own.
        seconds: when it begins, with a pause.
    """

    def __init__(self, randomness: Randomness, seconds: float) -> None:
        # Two streams: when it is bad does not depend on who asks about what.
        self._randomness = randomness
        self._losses = Randomness(randomness.draw(32))
        # A burst begins at each even place and ends at each odd one.
        self._switches: list[float] = []
        self._drawn_to = seconds

    def is_lost(self, seconds: float, loss: float, burst_seconds: float) -> bool:
        """Whether a frame that is sent at a time is lost.

        Args:
            seconds: not before the line began.
            loss: over all, a share in [0, BURST_LOSS).
            burst_seconds: over 0.
        """
        assert 0.0 <= loss < BURST_LOSS, "a line that is always in a burst"
        if loss == 0.0:
            return False
        share = loss / BURST_LOSS
        means = (burst_seconds * (1.0 - share) / share, burst_seconds)
        while self._drawn_to <= seconds:
            mean = means[len(self._switches) % 2]
            self._drawn_to -= mean * math.log(1.0 - self._randomness.fraction())
            self._switches.append(self._drawn_to)
        in_burst = bisect_right(self._switches, seconds) % 2
        return bool(in_burst) and self._losses.fraction() < BURST_LOSS
