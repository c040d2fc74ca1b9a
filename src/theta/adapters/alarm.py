"""The timer of a state machine: one deadline at a time, on this event loop."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` once at the deadline that was set last.

    Args:
        ring: takes nothing; it may set the alarm again.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: float | None, now: float) -> None:
        """Ring at `deadline`, or at once if it is over, and at no other time; both are of one clock. None: never."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, deadline - now), self._ring)
