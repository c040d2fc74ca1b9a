"""When to try again: soon, then after longer and longer, with jitter, up to a bound."""

from theta.base.limits import SIGNAL_BACKOFF_SECONDS_MAX, SIGNAL_BACKOFF_SECONDS_MIN
from theta.base.randomness import Randomness

_DOUBLINGS_MAX = 16


class Backoff:
    """Spans between tries: SIGNAL_BACKOFF_SECONDS_MIN, doubled at each failure up to SIGNAL_BACKOFF_SECONDS_MAX.

    Each is shortened by up to a half at random, so that many who lost the same server don't come back at once.
    """

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._failures = 0

    def fail(self) -> float:
        """Another try has failed; the seconds to wait before the next."""
        span = SIGNAL_BACKOFF_SECONDS_MIN * 2.0 ** min(self._failures, _DOUBLINGS_MAX)
        self._failures += 1
        return min(SIGNAL_BACKOFF_SECONDS_MAX, span) * (1.0 - self._randomness.fraction() / 2.0)

    def succeed(self) -> None:
        """The next failure is the first again."""
        self._failures = 0
