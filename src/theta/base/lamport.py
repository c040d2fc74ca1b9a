"""The Lamport clock: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978."""

from theta.base.errors import UsageError
from theta.base.limits import U64_MAX


class ClockExhausted(UsageError):
    """The clock stands at its last value and cannot tick again."""


class LamportClock:
    """A u64 that only rises: `tick` before one's own event, `witness` for everything received."""

    def __init__(self, value: int = 0) -> None:
        self._value = value

    @property
    def value(self) -> int:
        """The highest time ticked or witnessed so far."""
        return self._value

    def tick(self) -> int:
        """Advance by one and return the new time.

        Raises:
            ClockExhausted: the clock stands at 2^64 - 1.
        """
        if self._value >= U64_MAX:
            raise ClockExhausted("the Lamport clock stands at 2^64 - 1")
        self._value += 1
        return self._value

    def witness(self, time: int) -> None:
        """Never fall behind `time` (u64)."""
        assert 0 <= time <= U64_MAX
        self._value = max(self._value, time)
