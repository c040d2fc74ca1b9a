"""What a room answers about its state plane: why somebody is told of something, how its world is (REP-88, REP-89)."""

from collections import Counter
from types import TracebackType
from typing import cast

from theta.base.errors import InvalidValue
from theta.base.limits import WORLD_FAULT_CHARACTERS_MAX, WORLD_GROUPS_TOLD_MAX, WORLD_SYSTEMS_TOLD_MAX
from theta.interest.explain import Explanation
from theta.node.state_plane import StatePlane
from theta.node.state_systems import StateSystems
from theta.wire.interest_messages import (
    InterestAnswer,
    InterestRequest,
    StageName,
    SystemTime,
    WaitName,
    WorldAnswer,
    WorldGroup,
    WorldPeer,
)

MEASURED_SECONDS = 1.0
NOT_TOLD = ("it is not told of such an entity",)
"""All that somebody hears, who is no admin, of what they cannot see: neither where it is nor whether it lives."""


class StateReport:
    """Counts what everybody is sent, and says how the world is.

    Args:
        plane: of the room.
        systems: of its world.
    """

    def __init__(self, plane: StatePlane, systems: StateSystems) -> None:
        self._plane = plane
        self._systems = systems
        self._sent: Counter[int] = Counter()
        self._rates: dict[int, int] = {}
        self._began: float | None = None

    def handle_sent(self, peer: int, size: int) -> None:
        """A frame of `size` bytes of the state plane was sent to a participant."""
        self._sent[peer] += size

    def handle_tick(self, now: float) -> None:
        """It is `now`, in monotonic seconds; every MEASURED_SECONDS the counts become rates."""
        if self._began is None:
            self._began = now
        seconds = now - self._began
        if seconds >= MEASURED_SECONDS:
            self._rates = {peer: round(size / seconds) for peer, size in self._sent.items()}
            self._sent.clear()
            self._began = now

    def interest(self, request: InterestRequest, *, of_everything: bool) -> InterestAnswer:
        """Why somebody is told of an entity, or not.

        Args:
            request: who and what.
            of_everything: whether whoever asks may also hear of what they cannot see.

        Raises:
            InvalidValue: no such participant or entity, when it may be heard that there is none.
        """
        try:
            found = self._plane.explain(request.actor, request.entity, request.scope)
        except InvalidValue:
            if of_everything:
                raise
            found = None
        if found is None or not (found.relevant or of_everything):
            return _nothing_told(request.request, self._plane.tick)
        return _interest_answer(request.request, self._plane.tick, found)

    def world(self, request: int) -> WorldAnswer:
        """What lives in the world, who is told how much of it, and how long its systems take."""
        plane, fault = self._plane, self._systems.fault
        groups = [WorldGroup(list(names), count) for names, count in plane.world.archetypes()]
        times = [
            SystemTime(cast(StageName, each.stage), each.system, each.runs, each.average, each.p99)
            for each in plane.world.schedule.profile()
        ]
        return WorldAnswer(
            request,
            plane.tick,
            plane.world.entity_count,
            groups[:WORLD_GROUPS_TOLD_MAX],
            [self._peer(peer) for peer in plane.peers],
            times[:WORLD_SYSTEMS_TOLD_MAX],
            fault_text(fault)[:WORLD_FAULT_CHARACTERS_MAX] if fault is not None else "",
        )

    def _peer(self, peer: int) -> WorldPeer:
        plane = self._plane
        waiting, rate = plane.cells_waiting_for(peer), self._rates.get(peer, 0)
        return WorldPeer(peer, len(plane.cells_of(peer)), waiting, rate, plane.is_joining(peer))


def _interest_answer(request: int, tick: int, found: Explanation) -> InterestAnswer:
    """An explanation as a message."""
    return InterestAnswer(
        request,
        tick,
        found.cell,
        found.relevant,
        found.selected,
        list(found.reasons),
        -1.0 if found.distance_metres is None else found.distance_metres,
        -1.0 if found.radius_metres is None else found.radius_metres,
        found.accumulator,
        found.weight,
        found.sent_tick,
        found.acknowledged_tick,
        found.changed_tick,
        found.waited_ticks,
        cast(WaitName, found.waits_for),
    )


def _nothing_told(request: int, tick: int) -> InterestAnswer:
    """What somebody who is no admin hears of an entity that they are not told of."""
    return InterestAnswer(
        request, tick, -1, False, False, list(NOT_TOLD), -1.0, -1.0, 0.0, 0.0, 0, 0, 0, 0, "relevance"
    )


def fault_text(fault: BaseException) -> str:
    """What was raised, and where: the file's name and the line of the system, or of what else of a world's was run."""
    place = _place(fault.__traceback__)
    return f"{place}{type(fault).__name__}: {fault}"


def _place(trace: TracebackType | None) -> str:
    """Where in the file that is first called outside of Theta, `garden.py:12: `; "" when nothing is outside."""
    filename, line = "", 0
    while trace is not None:
        found = trace.tb_frame.f_code.co_filename
        is_outside = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] != "theta"
        if is_outside and filename in ("", found):
            filename, line = found, trace.tb_lineno
        trace = trace.tb_next
    return f"{filename.replace(chr(92), '/').rpartition('/')[2]}:{line}: " if filename else ""
