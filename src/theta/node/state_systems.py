"""A room's world runs: its systems at each tick, guarded, since they are the host's own code and not the room's."""

from collections.abc import Callable

from theta.ecs.timing import SlowSystem
from theta.ecs.world import World
from theta.node.telemetry import SECONDS_BOUNDS, Histogram, Stopwatch

ELAPSED_SECONDS_MAX = 0.25
"""For a world no more time passes between two ticks: it stands still while nobody is here."""


class StateSystems:
    """Runs a world's systems until one fails; after that they stand still for good, and everything else goes on.

    Args:
        world: with its schedule.
        stopwatch: measures, in seconds.

    Attributes:
        fault: what a system, or an observer, raised.
        seconds: how long the steps of a tick took.
    """

    def __init__(self, world: World, stopwatch: Stopwatch) -> None:
        self.fault: Exception | SystemExit | None = None
        self.seconds = Histogram(SECONDS_BOUNDS)
        self._world = world
        self._stopwatch = stopwatch
        self._ticked: float | None = None
        self._elapsed = 0.0
        if world.schedule.clock is None:
            world.schedule.clock = stopwatch

    @property
    def has_work(self) -> bool:
        """Whether there is any system that still runs."""
        return self.fault is None and len(self._world.schedule) > 0

    def handle_tick(self, now: float) -> None:
        """Run what is due.

        Args:
            now: monotonic seconds.
        """
        if self._ticked is not None:
            self._elapsed += min(max(now - self._ticked, 0.0), ELAPSED_SECONDS_MAX)
        self._ticked = now
        if self.fault is None:
            began = self._stopwatch()
            self._guarded(lambda: self._world.schedule.update(self._elapsed))
            self.seconds.add(self._stopwatch() - began)

    def flush(self) -> None:
        """Apply what waits in the world, and tell its observers, who may fail as systems may."""
        self._guarded(self._world.flush)

    def poll_slow(self) -> SlowSystem | None:
        """The stage that was most over its budget since the last call."""
        slow = self._world.schedule.poll_slow()
        return max(slow, key=lambda each: each.stage_seconds / each.budget_seconds, default=None)

    def _guarded(self, run: Callable[[], object]) -> None:
        try:
            run()
        # One that calls `exit` ends itself, and not the room.
        except (Exception, SystemExit) as error:
            if self.fault is None:
                self.fault = error
