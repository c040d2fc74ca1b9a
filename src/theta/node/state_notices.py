"""What is to be logged of a room's world: faults, slow systems, participants that diverged; seldom enough."""

from typing import NamedTuple

from theta.node.state_plane import StatePlane
from theta.node.state_systems import StateSystems

NOTICE_SECONDS = 10.0
"""Of each kind, but faults, there is one notice in so long."""


class StateNotice(NamedTuple):
    """Something to be logged.

    Attributes:
        kind: "fault" (a system failed, and the world's systems stand still), "slow" (they take longer than they may),
            "diverged" (a participant had something otherwise and was told anew), or "unnumbered" (a component that is
            not replicated).
        text: what, for people.
        error: of a fault.
        passed_over: how many of the kind there were since the last notice of it, this one not counted.
    """

    kind: str
    text: str
    error: Exception | SystemExit | None = None
    passed_over: int = 0


class StateNotices:
    """Collects what a tick brought.

    Args:
        plane: of the room.
        systems: of the room.

    Attributes:
        divergences: how many there were.
    """

    def __init__(self, plane: StatePlane, systems: StateSystems) -> None:
        self.divergences = 0
        self._plane = plane
        self._systems = systems
        self._told_fault = False
        self._waiting: dict[str, StateNotice] = {}
        self._told_at: dict[str, float] = {}
        self._now = 0.0

    def handle_tick(self, now: float) -> None:
        """Look for news, at the end of a tick at monotonic seconds `now`."""
        self._now = now
        fault = self._systems.fault
        if fault is not None and not self._told_fault:
            self._told_fault = True
            self._put("fault", f"the world's systems stand still: {type(fault).__name__}: {fault}", fault)
        slow = self._systems.poll_slow()
        if slow is not None:
            self._put(
                "slow",
                f"the stage {slow.stage} took {slow.stage_seconds * 1e3:.1f} ms of {slow.budget_seconds * 1e3:.1f} ms,"
                f" and {slow.system} {slow.system_seconds * 1e3:.1f} ms of that",
            )
        while (diverged := self._plane.poll_divergence()) is not None:
            self.divergences += 1
            self._put("diverged", f"actor {diverged.peer:016x} was told anew: {diverged.divergence}")
        names = self._plane.poll_unnumbered()
        if names:
            self._put("unnumbered", f"not replicated, because the room does not list them: {', '.join(names)}")

    def poll(self) -> StateNotice | None:
        """The next notice whose turn it is."""
        for kind in self._waiting:
            if kind == "fault" or self._now - self._told_at.get(kind, -NOTICE_SECONDS) >= NOTICE_SECONDS:
                self._told_at[kind] = self._now
                return self._waiting.pop(kind)
        return None

    def _put(self, kind: str, text: str, error: Exception | SystemExit | None = None) -> None:
        before = self._waiting.get(kind)
        passed_over = before.passed_over + 1 if before is not None else 0
        self._waiting[kind] = StateNotice(kind, text, error, passed_over)
