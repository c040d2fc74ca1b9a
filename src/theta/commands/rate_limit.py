"""A token bucket for each author (CMD-11): it is given the time, and refills by a clock that only rises."""


class TokenBucket:
    """Holds at most `burst` tokens and gains `per_second`; starts full.

    Args:
        burst: tokens at most.
        per_second: tokens gained each second.
        now: monotonic seconds.
    """

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        assert burst > 0 and per_second > 0
        self._burst = burst
        self._per_second = per_second
        self._tokens = burst
        self._at = now

    def take(self, count: int, now: float) -> float:
        """Take `count` tokens and return 0.0, or take none and return the seconds until there will be enough."""
        self._refill(now)
        if self._tokens >= count:
            self._tokens -= count
            return 0.0
        return (count - self._tokens) / self._per_second

    def wait_for(self, count: int, now: float) -> float:
        """The seconds until there will be `count` tokens; takes none."""
        self._refill(now)
        return max(0.0, (count - self._tokens) / self._per_second)

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._at)
        self._at = max(self._at, now)
        self._tokens = min(self._burst, self._tokens + elapsed * self._per_second)
