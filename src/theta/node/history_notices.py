"""Telling authors who do not fold what their next undo and redo would be (WIRE-14)."""

from collections.abc import Callable

from theta.base.errors import NothingToUndo
from theta.base.moment import Moment
from theta.editor.history import Gestures
from theta.node.connections import Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.node.replica import Replica
from theta.wire.messages import GestureName, History, HistoryStep

NOTICE_INTERVAL_SECONDS = 0.1
BLOCKERS_NAMED_MAX = 8


class HistoryNotices:
    """At most one notice in NOTICE_INTERVAL_SECONDS for each participant, and none when nothing changed."""

    def __init__(self, replica: Replica, connections: Connections, outbound: Outbound) -> None:
        self._replica = replica
        self._connections = connections
        self._outbound = outbound
        self._due_at: float | None = None
        self._sent_at = float("-inf")

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which notices are due."""
        return self._due_at

    def handle_change(self, now: Moment) -> None:
        """Commands were folded."""
        if self._due_at is None:
            self._due_at = max(now.seconds, self._sent_at + NOTICE_INTERVAL_SECONDS)
        self.handle_timeout(now)

    def handle_timeout(self, now: Moment) -> None:
        """Send what is due."""
        if self._due_at is None or now.seconds < self._due_at:
            return
        self._due_at = None
        self._sent_at = now.seconds
        for connection, who in self._connections.joined():
            if not who.folds:
                self.send(connection, who)

    def send(self, connection: Connection, who: Participant) -> None:
        """Tell one participant, unless it knows."""
        notice = self._notice(who.record.author)
        if notice != who.last_history:
            who.last_history = notice
            self._outbound.send(connection.number, notice)

    def _notice(self, author: bytes) -> History:
        history = self._replica.history
        undo = self._steps(author, history.next_undo, undoing=True)
        return History(undo, self._steps(author, history.next_redo, undoing=False))

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
