"""A room to work in, as an asynchronous context manager."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from theta.adapters.client.address import Who, load_identity, room_address
from theta.adapters.client.assets import Progress, upload
from theta.adapters.client.branching import Branching
from theta.adapters.client.driver import PeerDriver
from theta.adapters.client.entities import Entity
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.client.governing import Governing
from theta.adapters.client.inspecting import Inspecting
from theta.adapters.client.invitation import redeem
from theta.adapters.client.looking_back import LookingBack
from theta.adapters.client.making import Making
from theta.adapters.client.opening import Opener, Opening, TransportChoice
from theta.adapters.client.state import StateVerbs
from theta.adapters.client.undoing import Undoing
from theta.adapters.client.waiting import Waiting
from theta.adapters.host import machine_clock
from theta.adapters.transport import CLOSE_LOST
from theta.base.errors import InvalidValue, NotConnected, UsageError
from theta.base.identifiers import CommandName
from theta.base.limits import INSTANCE_BYTES
from theta.base.randomness import Randomness
from theta.commands.refusals import ReadOnly
from theta.editor.document import Document
from theta.mesh import asset_name
from theta.node.events import Answer, ComponentSkipped, Event, Joined, PeopleChanged, Postponed, Synced
from theta.node.outbox import Performed
from theta.node.peer import Peer, PeerSettings
from theta.node.preview import Preview
from theta.node.replica import Replica
from theta.replication.presence import Presence
from theta.session.heartbeat import LinkQuality
from theta.wire.messages import Message, Person

CONNECT_SECONDS_MAX = 10.0
_log = logging.getLogger(__name__)


class RoomClient(Making, Undoing, LookingBack, Branching, Governing, Inspecting, StateVerbs):
    """A room as this participant sees it. The document here is folded from the log, and every signature checked."""

    def __init__(
        self,
        url: str,
        name: str,
        invite: str | None,
        who: Who,
        instance: bytes | None = None,
        transport: TransportChoice = "auto",
        opener: Opening | None = None,
        held: Replica | None = None,
        heartbeat_seconds: float | None = None,
    ) -> None:
        self._opener: Opening = opener if opener is not None else Opener(room_address(url, invite), transport)
        address = self._opener.address
        # Whoever names an instance answers for using it once in a room: commands are numbered by it.
        instance = instance or os.urandom(INSTANCE_BYTES)
        settings = PeerSettings(load_identity(who), instance, name, address.invite, room_key=address.room_key)
        settings = settings._replace(heartbeat_seconds=heartbeat_seconds)
        self._peer = Peer(settings, Randomness(os.urandom(32)), held)
        self._driver: PeerDriver | None = None
        self._waiting = Waiting()
        self._is_synced = False
        self._gesture: int | None = None
        self._in_gesture = False
        self.name = ""
        self.role = ""
        self.read_only_reason = ""
        self.on_event: Callable[[Event], None] = lambda event: None

    async def __aenter__(self) -> Self:
        """Connect, and wait until the whole document is here.

        Raises:
            ConnectionFailed: nobody answers, or the room does not let us in.
        """
        if self._driver is not None:
            raise UsageError("this client is in the room already: make another with theta.connect")
        self._waiting.failure = None
        self._opener.address = await redeem(self._opener.address)
        self._peer.settings = self._peer.settings._replace(invite=self._opener.address.invite)
        waiting, peer = self._waiting, self._peer
        told = (self._handle_event, waiting.handle_failed, waiting.look_again, self._opener.handle_fruitless)
        self._driver = PeerDriver(peer, self._opener.open, *told)
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                # Who is here, and what the room's world is made of, come on lanes of their own.
                await waiting.until(lambda: self._is_synced and bool(peer.people) and not peer.state.is_awaited)
        except TimeoutError as error:
            problem = self._driver.last_problem
            await self.close()
            raise ConnectionFailed(f"the room does not answer: {problem}", CLOSE_LOST) from error
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the room."""
        await self.close()

    async def close(self) -> None:
        """Leave the room; commands that nobody acknowledged yet raise NotConnected where they are awaited."""
        if self._driver is not None:
            await self._driver.close()
            self._driver = None
        await self._opener.close()
        self._waiting.handle_failed(NotConnected("left the room"))

    # -- what is there -------------------------------------------------------------------------------------------

    @property
    def replica(self) -> Replica:
        """The log, the fold and the document, as they are here; read them, never write."""
        return self._peer.replica

    @property
    def document(self) -> Document:
        """The document as folded here."""
        return self.replica.document

    @property
    def preview(self) -> Preview:
        """The document with what you have done and the room has not answered yet, entity by entity."""
        return self._peer.preview

    @property
    def document_hash(self) -> str:
        """The document's hash, 32 hexadecimal digits: the same for everyone who has seen the same log."""
        return self.document.hash.hex()

    @property
    def head_seq(self) -> int:
        """The last record of the log that is here."""
        return self._peer.replica.log.head_seq

    @property
    def people(self) -> tuple[Person, ...]:
        """Everyone in the room now."""
        return self._peer.people

    @property
    def entities(self) -> list[Entity]:
        """Every object, by id."""
        return [Entity(self, identifier) for identifier in self.document.entities()]

    @property
    def link(self) -> LinkQuality | None:
        """How good the connection is: round trip, jitter, loss, clock offset; None while there is none."""
        return self._driver.link if self._driver is not None else None

    @property
    def transport(self) -> str:
        """What carries the connection now: "quic" or "websocket"; "" while there is none."""
        return self._driver.transport_kind if self._driver is not None else ""

    def find(self, name: str) -> Entity:
        """The first object of this name.

        Raises:
            InvalidValue: there is none; says what there is.
        """
        for entity in self.entities:
            if entity.name == name:
                return entity
        names = ", ".join(repr(entity.name) for entity in self.entities[:10]) or "nothing yet"
        raise InvalidValue("name", name, f"one of what is here: {names}")

    def name_of(self, author: bytes) -> str:
        """What an author (32-byte public key) was called last."""
        return self._peer.replica.name_of(author)

    def presence_of(self, person: Person) -> Presence | None:
        """Where somebody is and what they point at; None when they show nothing."""
        return self._peer.presence_of(person.actor)

    # -- what can be done ----------------------------------------------------------------------------------------

    async def perform(self, *operations: Performed) -> CommandName:
        """Send commands as one packet; returns the first one's name once all are on disk and folded here.

        Raises:
            InvalidValue: a value out of its limits; nothing was sent.
            CommandRefused: the room did not admit them.
            NoEffect: one came to nothing.
        """
        self._check_entered()
        names = self._peer.perform(machine_clock(), operations, self._gesture)
        if self._in_gesture and self._gesture is None:
            self._gesture = names[0].number
        await self._settle(names)
        return names[0]

    @asynccontextmanager
    async def gesture(self) -> AsyncIterator[None]:
        """Everything done inside is one step for undo."""
        if self._in_gesture:
            raise UsageError("a gesture cannot begin inside another")
        self._in_gesture = True
        try:
            yield
        finally:
            self._in_gesture, self._gesture = False, None

    @asynccontextmanager
    async def as_one_step(self) -> AsyncIterator[None]:
        """As `gesture`, or within the one that is open already."""
        if self._in_gesture:
            yield
        else:
            async with self.gesture():
                yield

    async def upload(self, data: bytes, on_progress: Progress | None = None) -> bytes:
        """Give an asset to the room and return its name (32 bytes), once it is on the room's disk.

        Raises:
            UnusableAsset: no room would take it; nothing was sent.
            CommandRefused: this room does not take it.
        """
        self._check_entered()
        await upload(self._peer, self._waiting, self._pump, data, on_progress)
        return asset_name(data)

    def say(self, text: str) -> None:
        """Say something to everyone, at most CHAT_CHARACTERS_MAX characters.

        Raises:
            InvalidValue: empty, too long, or not plain text.
            NotConnected: not in the room.
        """
        self._peer.say(text)
        self._check_entered()
        self._pump()

    def show(self, presence: Presence) -> None:
        """Where you are and what you point at; its actor and sequence are filled in. The latest wins."""
        self._check_entered()
        self._peer.show(machine_clock(), presence)
        self._pump()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition()` holds; it is looked at again after everything that happens in the room.

        Raises:
            ConnectionFailed: the room closed the door for good.
        """
        await self._waiting.until(condition)

    # -- inside --------------------------------------------------------------------------------------------------

    async def _ask(self, request: Callable[[int], Message]) -> Answer:
        self._check_entered()
        number = self._peer.ask(request)
        self._pump()
        return await self._waiting.answered(number)

    async def _settle(self, names: list[CommandName]) -> None:
        futures = self._waiting.expect(names)
        self._pump()
        await self._waiting.settled(futures)

    def _check_entered(self) -> None:
        if self._driver is None:
            raise NotConnected("not in the room: enter it with `async with theta.connect(…) as room`, and act inside")

    def _pump(self) -> None:
        if self._driver is not None:
            self._driver.pump()

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, Joined):
            self.name, self.role, self.read_only_reason = event.room_name, event.role, ""
        elif isinstance(event, Postponed) and event.code == ReadOnly.__name__:
            self.read_only_reason = event.reason
            _log.warning("edits wait", extra={"reason": event.reason})
        elif isinstance(event, ComponentSkipped):
            _log.warning("a component that is not declared here is left out", extra={"component": event.name})
        elif isinstance(event, Synced):
            self._is_synced = True
        elif isinstance(event, PeopleChanged):
            self.role = next((each.role for each in event.people if each.actor == self._peer.actor), self.role)
        self._waiting.handle_event(event)
        try:
            self.on_event(event)
        except Exception:
            _log.exception("on_event raised; the room goes on")
