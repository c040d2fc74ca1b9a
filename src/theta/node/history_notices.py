"""Telling authors who do not fold what their next undo and redo would be (WIRE-14)."""

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress

from theta.base.errors import NothingToUndo, StoreError, UsageError
from theta.base.identifiers import CommandName
from theta.base.limits import CASCADE_GESTURES_MAX
from theta.base.moment import Moment
from theta.commands.log import Command
from theta.editor.fold import entity_of
from theta.editor.fold_base import NotAtHand
from theta.editor.history import Gestures, describe
from theta.editor.masks import OwnedGesture
from theta.node.branches import Branches
from theta.node.connections import Connection, Connections, Participant
from theta.node.errands import Errands
from theta.node.loading import Loading
from theta.node.outbound import Outbound
from theta.node.replica import Replica
from theta.wire.messages import Dependant, GestureName, History, HistoryStep

ERRAND = "undo"
NOTICE_INTERVAL_SECONDS = 0.1
REPLAYED_PER_SECOND = 20_000
"""Commands that notices may replay to see who built on what, so that long histories cannot eat the room's time."""
REPLAYED_AT_ONCE_MAX = 256
"""Where more had to be replayed, nobody is told ahead of time what an undo would meet: the fold decides it."""


class HistoryNotices:
    """An author hears at once after its own commands, after others' every NOTICE_INTERVAL_SECONDS at most.

    When there is much to replay, more seldom; when it takes commands that are not in memory, as soon as an errand has
    loaded them. Nobody is told what it knows. Not to be called while a commit is half folded.
    """

    def __init__(
        self, branches: Branches, connections: Connections, outbound: Outbound, errands: Errands, loading: Loading
    ) -> None:
        self._branches = branches
        self._connections = connections
        self._outbound = outbound
        self._errands = errands
        self._loading = loading
        self._due_at: float | None = None
        self._next_at = float("-inf")

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which notices are due."""
        return self._due_at

    def handle_arrived(self, now: Moment) -> None:
        """Somebody is here, or on another branch, who knows nothing yet."""
        if self._due_at is None:
            self._due_at = max(now.seconds, self._next_at)

    def handle_change(self, now: Moment, authors: Container[bytes]) -> None:
        """Commands of these authors were folded."""
        if self._due_at is None:
            self._due_at = max(now.seconds, self._next_at)
        if now.seconds >= self._due_at:
            self.handle_timeout(now)
            return
        for connection, who in self._connections.joined():
            if not who.folds and who.owed_from is None and who.record.author in authors:
                self.send(connection, who)

    def handle_timeout(self, now: Moment) -> None:
        """Send what is due."""
        if self._due_at is None or now.seconds < self._due_at:
            return
        self._due_at = None
        replayed = 0
        for connection, who in self._connections.joined():
            if not who.folds and who.owed_from is None:
                replayed += self.send(connection, who)
        self._next_at = now.seconds + max(NOTICE_INTERVAL_SECONDS, replayed / REPLAYED_PER_SECOND)

    def send(self, connection: Connection, who: Participant) -> int:
        """Tell one participant, unless it knows; returns how many commands were replayed for it."""
        replica = self._branches.of(who.branch)
        try:
            with replica.fold.at_hand():
                return self._tell(connection, who, replica)
        except NotAtHand:
            if not self._errands.has(connection.number, ERRAND):
                self._errands.put(connection.number, ERRAND, self._tell_slowly(connection, who, replica))
            return 0

    def _tell_slowly(self, connection: Connection, who: Participant, replica: Replica) -> Iterator[None]:
        def is_here() -> bool:
            return self._branches.find(who.branch) is replica

        def tell() -> None:
            if is_here():
                self._tell(connection, who, replica)

        # What is damaged or was dropped cannot be told ahead of time: the undo itself says so.
        with suppress(StoreError, UsageError):
            yield from self._loading.ask_slowly(replica, tell)
        if not is_here():
            # Whoever switched while this was under way was not told anything there.
            self.send(connection, who)

    def _tell(self, connection: Connection, who: Participant, replica: Replica) -> int:
        author = who.record.author
        undo = _steps(replica, author, replica.history.next_undo, undoing=True)
        notice = History(undo, _steps(replica, author, replica.history.next_redo, undoing=False))
        if notice != who.last_history:
            who.last_history = notice
            self._outbound.send(connection.number, notice)
        return sum(replica.commands_to_try(author, _gestures_of(step)) for step in undo)


def _steps(
    replica: Replica, author: bytes, next_step: Callable[[bytes], Gestures], *, undoing: bool
) -> list[HistoryStep]:
    try:
        gestures = next_step(author)
    except NothingToUndo:
        return []
    if undoing:
        found = dependants_of(replica, author, gestures)
    else:
        found = _by_owner(replica, replica.history.redo_cascade(author))
    names = [GestureName(gesture.actor, gesture.number) for gesture in gestures]
    return [HistoryStep(names, replica.history.label(author, gestures), found)]


def dependants_of(replica: Replica, author: bytes, gestures: Gestures) -> list[Dependant]:
    """What others built on the author's gestures, and what on that: whose it is, of which entity, and its gestures."""
    if replica.commands_to_try(author, gestures) > REPLAYED_AT_ONCE_MAX or not replica.dependants(author, gestures):
        return []
    return _by_owner(replica, replica.cascade_of(author, gestures))


def _by_owner(replica: Replica, cascade: Sequence[CommandName]) -> list[Dependant]:
    fits = len(cascade) <= CASCADE_GESTURES_MAX
    firsts: dict[tuple[bytes, bytes], Command] = {}
    together: dict[tuple[bytes, bytes], list[CommandName]] = {}
    for gesture in cascade:
        owner = replica.log.authors[gesture.actor]
        commands = replica.fold.commands_of(OwnedGesture(owner, gesture))
        first = min(commands, key=lambda command: command.position)
        firsts.setdefault((owner, entity_of(first)), first)
        together.setdefault((owner, entity_of(first)), []).append(gesture)
    return [
        Dependant(
            replica.name_of(owner),
            describe(firsts[owner, entity]) + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
            [GestureName(*name) for name in names] if fits else [],
            entity,
        )
        for (owner, entity), names in together.items()
    ]


def _gestures_of(step: HistoryStep) -> Gestures:
    return tuple(CommandName(gesture.actor, gesture.number) for gesture in step.gestures)
