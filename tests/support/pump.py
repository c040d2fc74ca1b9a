"""A room and its participants, pumped by hand: a seeded clock, a disk that can stall or fail, and no sockets."""

import math
from collections.abc import Callable
from typing import Protocol, TypeVar

from theta.base.identifiers import CommandName
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.store import StoredAsset, StoredRecord
from theta.editor.vocabulary import CreatePrimitive, Paint
from theta.node.events import Event
from theta.node.lanes import Close, Lane
from theta.node.peer import Peer, PeerSettings
from theta.node.room import Room, RoomSettings
from theta.node.state_world import StateWorld
from theta.session.secret import RoomSecret
from theta.wire.dictionaries import Dictionary
from theta.wire.types import RoleName

START_MS = 1_700_000_000_000
ROUNDS_MAX = 20_000

FOLDING = ("fold", "presence", "chat")
AnyEvent = TypeVar("AnyEvent")


class Participant(Protocol):
    """Whatever can stand at the other end of a connection."""

    def handle_connected(self, now: Moment) -> None: ...
    def handle_disconnected(self, now: Moment) -> None: ...
    def handle_frame(self, now: Moment, lane: Lane, frame: bytes) -> None: ...
    def handle_timeout(self, now: Moment) -> None: ...
    def poll_transmit(self) -> tuple[Lane, bytes] | None: ...
    def poll_close(self) -> tuple[int, str] | None: ...
    def poll_timeout(self) -> float | None: ...


Meddling = Callable[[int, Lane, bytes], bytes | None]
"""What a lying host does to a frame for a connection; None drops it."""


class Pump:
    """One room, its disk, and everyone who is connected to it."""

    def __init__(
        self,
        seed: int = 1,
        records: list[StoredRecord] | None = None,
        state: Callable[[], StateWorld] = StateWorld.standard,
    ) -> None:
        self.seed = seed
        self._make_state = state
        self.seconds = 100.0
        self.owner = Identity.from_seed(self._seed("owner"))
        self.secret = RoomSecret(self._seed("room"))
        self.disk: list[StoredRecord] = records if records is not None else []
        self.unwritten: list[StoredRecord] = []
        self.assets: dict[bytes, StoredAsset] = {}
        self.unwritten_assets: list[StoredAsset] = []
        self.is_frozen = False
        self.has_failed = False
        self.meddle: Meddling | None = None
        self.dictionary: Dictionary | None = None
        """What the room compresses with from its next start on."""
        self.heartbeat_seconds = HEARTBEAT_INTERVAL_SECONDS
        """How often the room pings, from its next start on."""
        self.has_luck_of_first_start = False
        """Whether the room draws at its next start what it drew at the first."""
        self.hung_up: list[tuple[int, str]] = []
        """Code and reason with which participants closed their connections."""
        self.ends: dict[int, Participant] = {}
        self.closes: list[Close] = []
        self.events: dict[Peer, list[Event]] = {}
        self._last_connection = 0
        self._starts = 0
        self.room = self._open()
        self.pump()

    @property
    def now(self) -> Moment:
        """The one clock of this world."""
        return Moment(self.seconds, START_MS + round((self.seconds - 100.0) * 1000))

    # -- people ------------------------------------------------------------------------------------------------------

    def peer(
        self,
        name: str,
        role: RoleName = "editor",
        *,
        invite: str | None = None,
        capabilities: tuple[str, ...] = FOLDING,
        key: str | None = None,
        room_key: bytes | None = None,
    ) -> Peer:
        """A participant who folds, not connected yet."""
        settings = PeerSettings(
            Identity.from_seed(self._seed(key or name)),
            self._seed(f"instance {name}")[:16],
            name,
            self.room.invite(role) if invite is None else invite,
            capabilities,
            room_key,
        )
        peer = Peer(settings, Randomness(self._seed(f"randomness {name}")))
        self.events[peer] = []
        return peer

    def join(self, name: str, role: RoleName = "editor", *, key: str | None = None) -> Peer:
        """A participant whose session stands, if the disk lets it."""
        peer = self.peer(name, role, key=key)
        self.connect(peer)
        return peer

    def connect(self, participant: Participant) -> int:
        """A new connection; whatever follows from it has happened on return."""
        self._last_connection += 1
        self.ends[self._last_connection] = participant
        self.room.handle_connected(self.now, self._last_connection)
        participant.handle_connected(self.now)
        self.pump()
        return self._last_connection

    def number_of(self, participant: Participant) -> int:
        """The connection that a participant is on."""
        return next(number for number, end in self.ends.items() if end is participant)

    def drop(self, participant: Participant, *, silently: bool = False) -> None:
        """The connection is gone; `silently`, the room doesn't hear of it."""
        number = self.number_of(participant)
        del self.ends[number]
        participant.handle_disconnected(self.now)
        if not silently:
            self.room.handle_disconnected(self.now, number)
        self.pump()

    def told(self, peer: Peer, kind: type[AnyEvent]) -> list[AnyEvent]:
        """The events of one kind that a peer was told."""
        return [event for event in self.events[peer] if isinstance(event, kind)]

    def code_of(self, number: int) -> int | None:
        """The code that the room closed a connection with."""
        return next((close.code for close in self.closes if close.connection == number), None)

    # -- time and disk -----------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Carry everything to where it goes, until nobody has anything to say."""
        for _ in range(ROUNDS_MAX):
            if not self._round():
                return
        raise AssertionError("they never stop talking")

    def advance(self, seconds: float, *, silent: Participant | None = None) -> None:
        """Let time pass, calling everyone at the time they asked for; one participant may hang meanwhile."""
        end = self.seconds + seconds
        self._silent = silent
        self.pump()
        while True:
            awake = [each for each in self.ends.values() if each is not silent]
            times = (self.room.poll_timeout(), *(each.poll_timeout() for each in awake))
            at = min((at for at in times if at is not None), default=math.inf)
            if at > end:
                break
            self.seconds = max(self.seconds, at)
            self.room.handle_timeout(self.now)
            for each in awake:
                each.handle_timeout(self.now)
            self.pump()
        self._silent = None
        self.seconds = end

    def thaw(self) -> None:
        """The disk goes on."""
        self.is_frozen = False
        self.pump()

    def fail_store(self, reason: str = "the disk is full") -> None:
        """The disk fails; what it has not written is lost."""
        self.has_failed = True
        self.unwritten.clear()
        self.unwritten_assets.clear()
        self.room.handle_store_failed(self.now, reason)
        self.pump()

    def restart(self) -> None:
        """`kill -9`, and a new process: what was appended but not durable is lost, and so is every connection."""
        self.unwritten.clear()
        self.unwritten_assets.clear()
        ends, self.ends = self.ends, {}
        for end in ends.values():
            end.handle_disconnected(self.now)
        self.is_frozen = self.has_failed = False
        self.room = self._open()
        self.pump()

    # -- inside ------------------------------------------------------------------------------------------------------

    _silent: Participant | None = None

    def _open(self) -> Room:
        self._starts = 1 if self.has_luck_of_first_start else self._starts + 1
        settings = RoomSettings(
            "studio",
            self.secret,
            self.owner.public_key,
            self.dictionary,
            self._make_state(),
            self.heartbeat_seconds,
        )
        luck = Randomness(self._seed(f"start {self._starts}"))
        return Room(settings, list(self.disk), luck, self.now, self.assets.values())

    def _seed(self, name: str) -> bytes:
        return Randomness(f"{self.seed} {name}".encode()).draw(32)

    def _round(self) -> bool:
        worked = self._write_assets()
        worked = self._write() or worked
        at = self.room.poll_timeout()
        if at is not None and at <= self.seconds:
            self.room.handle_timeout(self.now)
            worked = True
        while (transmit := self.room.poll_transmit()) is not None:
            worked = True
            frame: bytes | None = transmit.frame
            if self.meddle is not None:
                frame = self.meddle(transmit.connection, transmit.lane, transmit.frame)
            end = self.ends.get(transmit.connection)
            if end is not None and frame is not None and end is not self._silent:
                end.handle_frame(self.now, transmit.lane, frame)
        while (close := self.room.poll_close()) is not None:
            worked = True
            self.closes.append(close)
            gone = self.ends.pop(close.connection, None)
            if gone is not None:
                gone.handle_disconnected(self.now)
                self.room.handle_disconnected(self.now, close.connection)
        for number, each in list(self.ends.items()):
            worked = (each is not self._silent and self._hear(number, each)) or worked
        return worked

    def _write_assets(self) -> bool:
        worked = False
        while (asset := self.room.poll_store_asset()) is not None:
            worked = True
            if not self.has_failed:
                self.unwritten_assets.append(asset)
        while (name := self.room.poll_drop_asset()) is not None:
            worked = True
            self.assets.pop(name, None)
        while self.unwritten_assets and not self.is_frozen:
            written = self.unwritten_assets.pop(0)
            self.assets[written.name] = written
            self.room.handle_asset_durable(self.now, written.name)
            worked = True
        return worked

    def _write(self) -> bool:
        records = self.room.poll_append()
        if not self.has_failed:
            self.unwritten += records
        if self.is_frozen or not self.unwritten:
            return bool(records)
        written, self.unwritten = self.unwritten, []
        self.disk += written
        self.room.handle_durable(self.now, written[-1].seq)
        return True

    def _hear(self, number: int, each: Participant) -> bool:
        worked = False
        while (sent := each.poll_transmit()) is not None:
            worked = True
            self.room.handle_frame(self.now, number, *sent)
        if isinstance(each, Peer):
            while (event := each.poll_event()) is not None:
                self.events[each].append(event)
        ended = each.poll_close()
        if ended is not None:
            worked = True
            self.hung_up.append(ended)
            del self.ends[number]
            each.handle_disconnected(self.now)
            self.room.handle_disconnected(self.now, number)
        return worked


def cube(name: str = "cube") -> CreatePrimitive:
    """Half a metre at the origin."""
    return CreatePrimitive("cube", 0.5, name, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))


def red(entity: bytes) -> Paint:
    """Paint it red."""
    return Paint(entity, (1.0, 0.0, 0.0))


def agree(pump: Pump, *peers: Peer) -> None:
    """Everyone holds the room's document."""
    assert {peer.replica.document.hash for peer in peers} == {pump.room.document_hash}
    assert {peer.replica.log.chain for peer in peers} == {pump.disk[-1].chain}


def committed(pump: Pump) -> set[CommandName]:
    """The names of the commands that are on the disk, each at most once."""
    from theta.node.replica import Replica

    replica = Replica()
    names = [command.name for record in pump.disk for command in replica.log.accept(record)]
    assert len(names) == len(set(names))
    return set(names)
