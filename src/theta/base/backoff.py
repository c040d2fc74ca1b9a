"""How long to wait before the next try, when one after the other fails."""

from theta.base.randomness import Randomness

_DOUBLINGS_MAX = 32


class Backoff:
    """Spans between tries: `seconds_min`, doubled at each failure up to `seconds_max`.

    Each is shortened by up to a half at random, so that many who lost the same server don't come back at once.
    """

    def __init__(self, randomness: Randomness, seconds_min: float, seconds_max: float) -> None:
        self._randomness = randomness
        self._seconds_min = seconds_min
        self._seconds_max = seconds_max
        self._failures = 0

    def fail(self) -> float:
        """Another try has failed; the seconds to wait before the next."""
        span = self._seconds_min * 2.0 ** min(self._failures, _DOUBLINGS_MAX)
        self._failures += 1
        return min(self._seconds_max, span) * (1.0 - self._randomness.fraction() / 2.0)

    def succeed(self) -> None:
        """The next failure is the first again."""
        self._failures = 0
