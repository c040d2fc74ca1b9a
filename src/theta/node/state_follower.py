"""A participant's side of the state plane: what the room tells of becomes a world of its own (REP-16 …).

    handle_message    what came
    handle_timeout    the time that `timeout` names has come
    handle_resumed    there is another connection
    poll_transmit     what to answer, with its lane
    poll_event        who appeared, and who is there no more

Drain both after each call; `world` is to be read from.
"""

from collections import Counter, deque

from theta.base.errors import ProtocolError
from theta.base.limits import STATE_ENTITIES_MAX, STATE_HASHES_PER_MESSAGE_MAX
from theta.ecs.entities import Entity
from theta.ecs.received import UnknownNotice
from theta.ecs.world import World
from theta.node.events import EntitiesAppeared, EntitiesDisappeared
from theta.node.lanes import Lane
from theta.replication.cell_hashes import HashRound
from theta.replication.descriptors import SessionComponents
from theta.replication.receiving import StateReceiver
from theta.replication.remote_world import RemoteWorld
from theta.replication.snapshots import SnapshotReceiver
from theta.wire.compression import Decompressor
from theta.wire.message import Message
from theta.wire.state_messages import (
    CellsLeft,
    ComponentDescriptors,
    StateChunk,
    StateFrame,
    StateSection,
)

__all__ = ["EntitiesAppeared", "EntitiesDisappeared", "EntityNews", "StateEvent", "StateFollower"]

HASHES_SECONDS = 2.0
"""How often the room is told what some of the cells are here."""


StateEvent = EntitiesAppeared | EntitiesDisappeared | UnknownNotice


class EntityNews:
    """Who came and went since somebody asked last. Who came and went meanwhile is not told of, so this stays small."""

    def __init__(self) -> None:
        self._appeared: dict[Entity, None] = {}
        self._disappeared: dict[Entity, None] = {}

    def appear(self, entities: tuple[Entity, ...]) -> None:
        """These are there now."""
        self._appeared.update(dict.fromkeys(entities))

    def disappear(self, entities: tuple[Entity, ...]) -> None:
        """These are there no more."""
        for entity in entities:
            if entity in self._appeared:
                del self._appeared[entity]
            else:
                self._disappeared[entity] = None

    def poll(self) -> EntitiesAppeared | EntitiesDisappeared | None:
        """Who went, and then who came, since the last call."""
        if self._disappeared:
            gone, self._disappeared = self._disappeared, {}
            return EntitiesDisappeared(tuple(gone))
        if self._appeared:
            there, self._appeared = self._appeared, {}
            return EntitiesAppeared(tuple(there))
        return None


class StateFollower:
    """What a participant knows of the state plane.

    Args:
        world: where the room's entities are shown; to be read, and for components of one's own.
        news: who is told who came and went.

    Attributes:
        world: this.
        shown: the room's entities in it.
        counts: sections "applied", "stale" and "dropped"; messages that came too "early", before the descriptors.
    """

    def __init__(self, world: World | None = None, news: EntityNews | None = None) -> None:
        self.world = World() if world is None else world
        self.session = SessionComponents()
        self.receiver = StateReceiver(self.session.schema)
        self.shown = RemoteWorld(self.world, self.session)
        self._snapshot = SnapshotReceiver(self.receiver, Decompressor())
        self._round = HashRound()
        self._hashes_at: float | None = None
        self._reliable: deque[Message] = deque()
        self._news = EntityNews() if news is None else news
        self._notices: deque[UnknownNotice] = deque()
        self._is_told = False
        self._early = 0

    # -- what came -----------------------------------------------------------------------------------------------------

    def handle_message(self, now: float, message: Message) -> None:
        """Something of the state plane.

        Args:
            now: monotonic seconds.
            message: one of STATE_FROM_ROOM.

        Raises:
            ProtocolError: it is not what a room says; nothing of it is shown.
            ProtocolMismatch: the room's components are not those of the manifest.
        """
        match message:
            case ComponentDescriptors():
                self.session.handle_descriptors(message)
                self.receiver.schema = self.session.schema
                self._is_told = True
            case StateFrame() | StateSection() | StateChunk() if not self._is_told:
                # A datagram may overtake the descriptors; the room will say it again.
                self._early += 1
            case StateFrame() | StateSection():
                self.receiver.handle_frame(now, message)
            case StateChunk():
                self._handle_chunk(now, message)
            case CellsLeft():
                self.receiver.handle_cells_left(now, message)
            case _:
                raise AssertionError(f"{type(message).__name__} is not of the state plane")
        if self._hashes_at is None and self.receiver.cells:
            self._hashes_at = now + HASHES_SECONDS
        self._show()

    def handle_timeout(self, now: float) -> None:
        """Give up entities that nobody tells of any more, and tell the room what is here."""
        self.receiver.handle_timeout(now)
        if self._hashes_at is not None and now >= self._hashes_at:
            self._hashes_at = now + HASHES_SECONDS
            # Whoever does not take what is to be sent is given no more of it.
            if not self._reliable:
                hashes = self._round.hashes(self.receiver, STATE_HASHES_PER_MESSAGE_MAX)
                if hashes.hashes:
                    self._reliable.append(hashes)
        self._show()

    def handle_resumed(self) -> None:
        """The connection was lost and there is another: say what is here, for the room to go on from."""
        self._reliable.clear()
        received = self._snapshot.resume()
        if received is not None:
            self._reliable.append(received)
        for _ in range(-(-len(self.receiver.cells) // STATE_HASHES_PER_MESSAGE_MAX)):
            self._reliable.append(self._round.hashes(self.receiver, STATE_HASHES_PER_MESSAGE_MAX))

    # -- what to do ----------------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds."""
        return min((each for each in (self.receiver.timeout, self._hashes_at) if each is not None), default=None)

    def poll_transmit(self) -> tuple[Lane, Message] | None:
        """The next answer to the room."""
        if self._reliable:
            return Lane.STATE, self._reliable.popleft()
        ack = self.receiver.poll_ack()
        return (Lane.DATAGRAM, ack) if ack is not None else None

    def poll_event(self) -> StateEvent | None:
        """What happened: who went, who came, and which components are not declared here."""
        news = self._news.poll()
        if news is not None:
            return news
        return self._notices.popleft() if self._notices else None

    def end(self) -> None:
        """The room tells of nothing that is here any more: all of it disappears."""
        self._news.disappear(self.shown.clear())

    # -- what is here --------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[str]:
        """What became of what came, by name."""
        return self.receiver.counts + Counter(early=self._early)

    @property
    def skipped(self) -> dict[str, int]:
        """Rows of components that are not declared here, by name; and of those that do not fit, which were left out."""
        found = dict(self.shown.misfits)
        for number, rows in self.session.received.skipped.items():
            component = self.session.received.find(number)
            name = component.name if component is not None else ""
            found[name] = found.get(name, 0) + rows
        return found

    @property
    def is_told(self) -> bool:
        """Whether the room has told of its components."""
        return self._is_told

    @property
    def has_snapshot(self) -> bool:
        """Whether all that was here at joining has come."""
        return self._snapshot.complete

    @property
    def entity_count(self) -> int:
        """How many of the room's entities are shown."""
        return len(self.shown)

    def local(self, remote: int) -> Entity | None:
        """The entity here that stands for the room's; None where it is not shown."""
        return self.shown.local(remote)

    # -- within --------------------------------------------------------------------------------------------------------

    def _handle_chunk(self, now: float, message: StateChunk) -> None:
        self._snapshot.handle_chunk(now, message, self.session.manifest)
        received = self._snapshot.poll_received()
        if received is not None:
            self._reliable.append(received)

    def _show(self) -> None:
        # Who moves from cell to cell, and who has just ended, may be counted besides.
        if self.receiver.entity_count > 2 * STATE_ENTITIES_MAX:
            raise ProtocolError(
                f"the room tells of {self.receiver.entity_count} entities, but has {STATE_ENTITIES_MAX} at most"
            )
        while update := self.receiver.poll_update():
            gone = self._locals(update.despawned)
            self.shown.handle_update(update)
            self._news.appear(self._locals(update.spawned))
            self._news.disappear(gone)
        self._notices.extend(self.session.received.poll_notices())

    def _locals(self, remotes: list[int]) -> tuple[Entity, ...]:
        return tuple([entity for entity in self.shown.locals(remotes) if entity is not None])
