"""Telling authors who do not fold what their next undo and redo would be (WIRE-14)."""

from collections.abc import Callable, Container

from theta.base.errors import NothingToUndo
from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.editor.history import Gestures
from theta.node.connections import Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.node.replica import Replica
from theta.wire.messages import GestureName, History, HistoryStep

NOTICE_INTERVAL_SECONDS = 0.1
REPLAYED_PER_SECOND = 20_000
"""Commands that notices may replay to see who built on what, so that long histories cannot eat the room's time."""
BLOCKERS_NAMED_MAX = 8


class HistoryNotices:
    """An author hears at once after its own commands, after others' every NOTICE_INTERVAL_SECONDS at most.

    When there is much to replay, more seldom. Nobody is told what it knows.
    """

    def __init__(self, replica: Replica, connections: Connections, outbound: Outbound) -> None:
        self._replica = replica
        self._connections = connections
        self._outbound = outbound
        self._due_at: float | None = None
        self._next_at = float("-inf")

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which notices are due."""
        return self._due_at

    def handle_change(self, now: Moment, authors: Container[bytes]) -> None:
        """Commands of these authors were folded."""
        if self._due_at is None:
            self._due_at = max(now.seconds, self._next_at)
        if now.seconds >= self._due_at:
            self.handle_timeout(now)
            return
        for connection, who in self._connections.joined():
            if not who.folds and who.record.author in authors:
                self.send(connection, who)

    def handle_timeout(self, now: Moment) -> None:
        """Send what is due."""
        if self._due_at is None or now.seconds < self._due_at:
            return
        self._due_at = None
        replayed = 0
        for connection, who in self._connections.joined():
            if not who.folds:
                replayed += self.send(connection, who)
        self._next_at = now.seconds + max(NOTICE_INTERVAL_SECONDS, replayed / REPLAYED_PER_SECOND)

    def send(self, connection: Connection, who: Participant) -> int:
        """Tell one participant, unless it knows; returns how many commands were replayed for it."""
        author, history = who.record.author, self._replica.history
        undo = self._steps(author, history.next_undo, undoing=True)
        notice = History(undo, self._steps(author, history.next_redo, undoing=False))
        if notice != who.last_history:
            who.last_history = notice
            self._outbound.send(connection.number, notice)
        return sum(self._replica.commands_to_try(author, _gestures_of(step)) for step in undo)

    def _steps(self, author: bytes, next_step: Callable[[bytes], Gestures], *, undoing: bool) -> list[HistoryStep]:
        try:
            return [self._step(author, next_step(author), undoing=undoing)]
        except NothingToUndo:
            return []

    def _step(self, author: bytes, gestures: Gestures, *, undoing: bool) -> HistoryStep:
        blockers: list[str] = []
        if undoing:
            authors = dict.fromkeys(command.author for command in self._replica.dependants(author, gestures))
            blockers = [self._replica.name_of(other) for other in authors][:BLOCKERS_NAMED_MAX]
        names = [GestureName(gesture.actor, gesture.number) for gesture in gestures]
        return HistoryStep(names, self._replica.history.label(author, gestures), blockers)


def _gestures_of(step: HistoryStep) -> Gestures:
    return tuple(CommandName(gesture.actor, gesture.number) for gesture in step.gestures)
