"""What happens when: a heap ordered by (time, sequence), so that a seed replays event by event."""

from collections.abc import Callable
from heapq import heappop, heappush

from theta.sim.clock import NodeClock, SimulatedClock

Action = Callable[[], None]
FIRINGS_AT_ONE_TIME_MAX = 512


class BusyLoop(AssertionError):
    """A node asks again and again to be called at a time that has come: a real event loop would spin."""


class Schedule:
    """Actions in the order of their times; at the same time, in the order in which they were planned."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Action]] = []
        self._sequence = 0

    @property
    def next_seconds(self) -> float | None:
        """When the next action is due; None when nothing is planned."""
        return self._heap[0][0] if self._heap else None

    def call_at(self, seconds: float, action: Action) -> None:
        """Plan an action; a time that is over means now."""
        self._sequence += 1
        heappush(self._heap, (max(seconds, self.clock.seconds), self._sequence, action))

    def call_after(self, seconds: float, action: Action) -> None:
        """Plan an action `seconds` from now."""
        self.call_at(self.clock.seconds + seconds, action)

    def run_next(self) -> None:
        """Let time pass until the next action is due, and do it."""
        seconds, _, action = heappop(self._heap)
        self.clock.advance_to(seconds)
        action()

    def run_until(self, seconds: float) -> None:
        """Do everything that is due up to `seconds`, and let it be that time."""
        while self._heap and self._heap[0][0] <= seconds:
            self.run_next()
        self.clock.advance_to(seconds)


class Timer:
    """One node's alarm, as an adapter arms it from `poll_timeout`: only the latest time counts."""

    def __init__(self, schedule: Schedule, clock: NodeClock, action: Action) -> None:
        self._schedule = schedule
        self._clock = clock
        self._action = action
        self._armed: float | None = None
        self._generation = 0
        self._fired_at = -1.0
        self._firings = 0

    def arm(self, node_seconds: float | None) -> None:
        """Ring when the node's monotonic clock reads `node_seconds`; None: not at all."""
        if node_seconds == self._armed:
            return
        self._armed = node_seconds
        self._generation += 1
        if node_seconds is not None:
            generation = self._generation
            self._schedule.call_at(self._clock.simulated_seconds(node_seconds), lambda: self._ring(generation))

    def _ring(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._armed = None
        now = self._schedule.clock.seconds
        self._firings = self._firings + 1 if now == self._fired_at else 1
        self._fired_at = now
        if self._firings > FIRINGS_AT_ONE_TIME_MAX:
            raise BusyLoop(f"called {self._firings} times at {now:.6f} s")
        self._action()
