"""Time that moves only when it is told to, and how each node's own clocks read it."""

import math

from theta.base.moment import Moment

UNIX_MS_AT_START = 1_700_000_000_000


class SimulatedClock:
    """The simulation's own time: seconds since it began."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the simulation began; never goes back."""
        return self._seconds

    def advance_to(self, seconds: float) -> None:
        """Let it be `seconds`."""
        assert seconds >= self._seconds, "time does not go back"
        self._seconds = seconds


class NodeClock:
    """One machine's clocks.

    Args:
        clock: the simulation's time.
        skew_ms: how far the wall clock is ahead (behind when negative).
        drift_ppm: how much faster both clocks run than the simulation's time, in parts per million.
    """

    def __init__(self, clock: SimulatedClock, *, skew_ms: int = 0, drift_ppm: float = 0.0) -> None:
        self._clock = clock
        self._skew_ms = skew_ms
        self._rate = 1.0 + drift_ppm / 1e6
        assert self._rate > 0.0

    def now(self) -> Moment:
        """What the machine's clocks read."""
        seconds = self._clock.seconds * self._rate
        return Moment(seconds, UNIX_MS_AT_START + self._skew_ms + int(seconds * 1000.0))

    def simulated_seconds(self, node_seconds: float) -> float:
        """The first simulated time at which this machine's monotonic clock reads `node_seconds` or more."""
        seconds = node_seconds / self._rate
        while seconds * self._rate < node_seconds:
            seconds = math.nextafter(seconds, math.inf)
        return seconds
