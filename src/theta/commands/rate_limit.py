"""A token bucket for each author (CMD-11): it is given the time, and refills by a clock that only rises."""

from typing import NamedTuple


class Pace(NamedTuple):
    """What a bucket holds at most, and gains each second, in tokens."""

    burst: float
    per_second: float


class TokenBucket:
    """Holds at most `burst` tokens and gains `per_second`; starts full.

    Args:
        burst: tokens at most.
        per_second: tokens gained each second.
        now: monotonic seconds.
    """

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        assert burst > 0 and per_second > 0
        self.pace = Pace(burst, per_second)
        self._tokens = burst
        self._at = now

    def change_pace(self, pace: Pace, now: float) -> None:
        """From now on it has another pace; what it holds stays, as far as it fits."""
        self._refill(now)
        self.pace = pace
        self._tokens = min(pace.burst, self._tokens)

    def is_full(self, now: float) -> bool:
        """Whether it holds its burst, as a new one does."""
        self._refill(now)
        return self._tokens >= self.pace.burst

    def take(self, count: int, now: float) -> float:
        """Take `count` tokens and return 0.0, or take none and return the seconds until there will be enough."""
        if now > self._at:
            self._refill(now)
        if self._tokens >= count:
            self._tokens -= count
            return 0.0
        return (count - self._tokens) / self.pace.per_second

    def _refill(self, now: float) -> None:
        elapsed = now - self._at
        if elapsed > 0.0:
            self._at = now
            self._tokens = min(self.pace.burst, self._tokens + elapsed * self.pace.per_second)
