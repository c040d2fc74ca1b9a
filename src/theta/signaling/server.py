"""A signalling server: brings a room's host and its guests together, and passes on what they say: spec/signaling.md.

It keeps nothing of what it passes on. Drain `poll_transmit` and `poll_close` after every call, and call
`handle_timeout` at `poll_timeout`.
"""

import heapq
from collections import Counter, deque
from typing import NamedTuple

from theta.base.errors import (
    HandshakeTimeout,
    PeerError,
    PeerTimeout,
    ProtocolError,
    ProtocolMismatch,
    RoomFull,
    SessionReplaced,
    WrongRoom,
)
from theta.base.limits import (
    DIGEST_BYTES,
    SIGNAL_CONNECTIONS_MAX,
    SIGNAL_CONNECTIONS_PER_ADDRESS_MAX,
    SIGNAL_HALF_OPEN_MAX,
    SIGNAL_HELLO_SECONDS_MAX,
    SIGNAL_IDLE_SECONDS_MAX,
    SIGNAL_PEERS_PER_ROOM_MAX,
    SIGNAL_PING_SECONDS,
    SIGNAL_ROOMS_MAX,
)
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.signaling.ice import IceSettings
from theta.signaling.proof import check_host
from theta.signaling.refusals import SignalRefusal, UnknownPeer
from theta.signaling.visitors import Flow, SignalRoom, Visitor
from theta.wire.codec import decode_signal_from_peer, encode
from theta.wire.messages import Message, Ping, Pong
from theta.wire.signal_messages import (
    SIGNAL_PROTOCOL_VERSION,
    SIGNAL_RELAYED,
    SignalGreeting,
    SignalHost,
    SignalIceServers,
    SignalJoin,
    SignalPeerJoined,
    SignalPeerLeft,
    SignalRefused,
    SignalRelayed,
    SignalWelcome,
)


class SignalSettings(NamedTuple):
    """`ice` is what peers are told of STUN and TURN; `rooms` the only rooms that are served, None for any."""

    ice: IceSettings = IceSettings()
    rooms: frozenset[bytes] | None = None


class SignalTransmit(NamedTuple):
    """A frame to send on a connection."""

    connection: int
    frame: bytes


class SignalClose(NamedTuple):
    """A connection to close, with the code and reason that the other side gets."""

    connection: int
    code: int
    reason: str


class SignalServer:
    """Rooms of one host and its guests.

    Args:
        settings: see SignalSettings.
        randomness: secretly seeded, for nonces.
    """

    def __init__(self, settings: SignalSettings, randomness: Randomness) -> None:
        self._settings = settings
        self._randomness = randomness
        self._visitors: dict[int, Visitor] = {}
        self._half_open: dict[int, Visitor] = {}
        self._addresses: Counter[str] = Counter()
        self._rooms: dict[bytes, SignalRoom] = {}
        self._last_peer = 0
        self._due: list[tuple[float, int]] = []
        self._transmits: deque[SignalTransmit] = deque()
        self._closes: deque[SignalClose] = deque()
        self.counts: Counter[str] = Counter()
        """`relayed` messages, `refused` ones by their code, and `closed` connections by their close code."""

    @property
    def connections(self) -> int:
        """How many are connected, those that have not said yet what they want included."""
        return len(self._visitors)

    @property
    def rooms(self) -> int:
        """In how many rooms somebody is."""
        return len(self._rooms)

    def has_place(self, address: str) -> bool:
        """Whether one more may connect from this address (SIG-6)."""
        is_full = len(self._visitors) >= SIGNAL_CONNECTIONS_MAX
        return not is_full and self._addresses[address] < SIGNAL_CONNECTIONS_PER_ADDRESS_MAX

    # -- in ----------------------------------------------------------------------------------------------------------

    def handle_connected(self, now: Moment, connection: int, address: str = "") -> None:
        """Greet a new connection; `address` is where it comes from. Without a place for it, it is closed (4409)."""
        if not self.has_place(address):
            self._close(connection, RoomFull("too many are connected to this signalling server"))
            return
        if len(self._half_open) >= SIGNAL_HALF_OPEN_MAX:
            oldest = next(iter(self._half_open.values()))
            self._dismiss(oldest, HandshakeTimeout("too many others came and did not say either what they want"))
        at = now.seconds
        nonce = self._randomness.draw(DIGEST_BYTES)
        visitor = Visitor(connection, address, nonce, at, at, own=Flow(at), up=Flow(at), down=Flow(at))
        self._visitors[connection] = self._half_open[connection] = visitor
        self._addresses[address] += 1
        self._schedule(visitor, visitor.due)
        self._send(visitor, SignalGreeting(SIGNAL_PROTOCOL_VERSION, visitor.nonce))

    def handle_frame(self, now: Moment, connection: int, frame: bytes) -> None:
        """Take what a connection says; whoever breaks a rule is closed, or told that it was refused."""
        visitor = self._visitors.get(connection)
        if visitor is None:
            return
        visitor.heard_at, visitor.asked_at = now.seconds, None
        try:
            message = decode_signal_from_peer(frame)
            if isinstance(message, SIGNAL_RELAYED):
                self._relay(now, visitor, message, len(frame))
            else:
                visitor.own.spend(now.seconds, len(frame))
                self._handle(now, visitor, message)
        except PeerError as error:
            self._dismiss(visitor, error)

    def handle_disconnected(self, now: Moment, connection: int) -> None:
        """A connection ended by itself."""
        visitor = self._visitors.get(connection)
        if visitor is not None:
            self._forget(visitor)

    def handle_timeout(self, now: Moment) -> None:
        """Close who is silent, ask who may be, and renew credentials."""
        while self._due and self._due[0][0] <= now.seconds:
            _, connection = heapq.heappop(self._due)
            visitor = self._visitors.get(connection)
            if visitor is not None:
                self._attend(now, visitor)

    # -- out ---------------------------------------------------------------------------------------------------------

    def poll_transmit(self) -> SignalTransmit | None:
        """The next frame to send."""
        return self._transmits.popleft() if self._transmits else None

    def poll_close(self) -> SignalClose | None:
        """The next connection to close, after the frames of `poll_transmit`; the server has forgotten it."""
        return self._closes.popleft() if self._closes else None

    def poll_timeout(self) -> float | None:
        """When to call `handle_timeout`, in the clock's seconds."""
        while self._due and self._due[0][1] not in self._visitors:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    # -- joining -----------------------------------------------------------------------------------------------------

    def _handle(self, now: Moment, visitor: Visitor, message: Message) -> None:
        if isinstance(message, Ping):
            self._send(visitor, Pong(message.number, message.sent_ms, float(now.unix_ms)))
        elif isinstance(message, SignalJoin | SignalHost):
            if visitor.room is not None:
                raise ProtocolError(f"{type(message).__name__} comes first, and once")
            _check_version(message.protocol_version)
            if isinstance(message, SignalHost):
                self._take_host(now, visitor, check_host(message, visitor.nonce))
            else:
                self._take_guest(now, visitor, message.room)

    def _take_guest(self, now: Moment, visitor: Visitor, room_id: bytes) -> None:
        self._check_room(room_id)
        room = self._rooms.get(room_id)
        # One place is the host's.
        if room is not None and len(room.guests) >= SIGNAL_PEERS_PER_ROOM_MAX - 1:
            raise RoomFull(f"{SIGNAL_PEERS_PER_ROOM_MAX - 1} guests are here already")
        room = self._enter(visitor, room_id)
        room.guests[visitor.peer] = visitor
        self._welcome(now, visitor, room.host.peer if room.host else 0, [])
        if room.host is not None:
            self._send(room.host, SignalPeerJoined(visitor.peer))

    def _take_host(self, now: Moment, visitor: Visitor, room_id: bytes) -> None:
        self._check_room(room_id)
        room = self._enter(visitor, room_id)
        if room.host is not None:
            self._dismiss(room.host, SessionReplaced("the room's host came back over a newer connection"))
            self._rooms[room_id] = room
        room.host, visitor.is_host = visitor, True
        self._welcome(now, visitor, 0, list(room.guests))
        for guest in room.guests.values():
            self._send(guest, SignalPeerJoined(visitor.peer))

    def _check_room(self, room_id: bytes) -> None:
        if self._settings.rooms is not None and room_id not in self._settings.rooms:
            raise WrongRoom("this signalling server is not there for that room")
        if room_id not in self._rooms and len(self._rooms) >= SIGNAL_ROOMS_MAX:
            raise RoomFull(f"this signalling server has {SIGNAL_ROOMS_MAX} rooms already")

    def _enter(self, visitor: Visitor, room_id: bytes) -> SignalRoom:
        self._last_peer += 1
        visitor.peer = self._last_peer
        visitor.room = self._rooms.setdefault(room_id, SignalRoom(room_id))
        del self._half_open[visitor.connection]
        return visitor.room

    def _welcome(self, now: Moment, visitor: Visitor, host: int, guests: list[int]) -> None:
        ice = self._settings.ice
        servers = self._renew(now, visitor)
        welcome = SignalWelcome(visitor.peer, host, guests, servers.ice_servers, servers.ice_seconds, ice.relay_only)
        self._send(visitor, welcome)

    def _renew(self, now: Moment, visitor: Visitor) -> SignalIceServers:
        """The servers for a peer; it is told anew when half of their time is over."""
        ice = self._settings.ice
        visitor.renew_at = now.seconds + ice.lasts_seconds / 2.0 if ice.lasts_seconds else None
        return SignalIceServers(ice.servers_for(visitor.peer, now), ice.lasts_seconds)

    # -- passing on --------------------------------------------------------------------------------------------------

    def _relay(self, now: Moment, visitor: Visitor, message: SignalRelayed, size: int) -> None:
        if visitor.room is None:
            raise ProtocolError(f"{type(message).__name__} came before SignalJoin or SignalHost")
        if visitor.is_host:
            target = visitor.room.guests.get(message.peer)
            flow = target.down if target is not None else visitor.own
        else:
            target, flow = visitor.room.host, visitor.up
        flow.spend(now.seconds, size)
        try:
            if target is None or target.peer != message.peer:
                raise UnknownPeer(f"peer {message.peer} is not here, or not to be reached from here")
            flow.admit(message)
        except SignalRefusal as refusal:
            self.counts[f"refused {refusal.code}"] += 1
            self._send(visitor, SignalRefused(message.peer, message.attempt, refusal.code, str(refusal)))
            return
        self.counts["relayed"] += 1
        self._send(target, _from(visitor.peer, message))

    # -- leaving -----------------------------------------------------------------------------------------------------

    def _attend(self, now: Moment, visitor: Visitor) -> None:
        """Do what is due about a connection, if it still is."""
        if visitor.due > now.seconds:
            pass
        elif visitor.room is None:
            self._dismiss(visitor, HandshakeTimeout(f"said nothing of a room for {SIGNAL_HELLO_SECONDS_MAX:g} s"))
        elif visitor.silent_at <= now.seconds:
            self._dismiss(visitor, PeerTimeout(f"silent for {SIGNAL_IDLE_SECONDS_MAX:g} s"))
        elif visitor.renew_at is not None and visitor.renew_at <= now.seconds:
            self._send(visitor, self._renew(now, visitor))
        else:
            visitor.asked_at = now.seconds
            self._send(visitor, Ping(visitor.peer, float(now.unix_ms)))
        if visitor.connection in self._visitors:
            # Who answers is due sooner than who does not.
            self._schedule(visitor, min(visitor.due, now.seconds + SIGNAL_PING_SECONDS))

    def _schedule(self, visitor: Visitor, at: float) -> None:
        """Have it attended to; what is put off meanwhile is noticed then."""
        heapq.heappush(self._due, (at, visitor.connection))
        if len(self._due) > 2 * len(self._visitors) + SIGNAL_HALF_OPEN_MAX:  # those of connections that are gone
            self._due = [entry for entry in self._due if entry[1] in self._visitors]
            heapq.heapify(self._due)

    def _dismiss(self, visitor: Visitor, error: PeerError) -> None:
        self._forget(visitor)
        self._close(visitor.connection, error)

    def _close(self, connection: int, error: PeerError) -> None:
        self.counts[f"closed {error.close_code}"] += 1
        self._closes.append(SignalClose(connection, error.close_code, str(error)))

    def _forget(self, visitor: Visitor) -> None:
        del self._visitors[visitor.connection]
        self._half_open.pop(visitor.connection, None)
        self._addresses[visitor.address] -= 1
        if not self._addresses[visitor.address]:
            del self._addresses[visitor.address]
        room = visitor.room
        if room is None:
            return
        if visitor.is_host:
            room.host = None
            for guest in room.guests.values():
                self._send(guest, SignalPeerLeft(visitor.peer))
        elif room.guests.pop(visitor.peer, None) is not None and room.host is not None:
            self._send(room.host, SignalPeerLeft(visitor.peer))
        if room.is_empty:
            del self._rooms[room.id]

    def _send(self, visitor: Visitor, message: Message) -> None:
        self._transmits.append(SignalTransmit(visitor.connection, encode(message)))


def _check_version(version: int) -> None:
    if version != SIGNAL_PROTOCOL_VERSION:
        older = "your Theta" if version < SIGNAL_PROTOCOL_VERSION else "the signalling server's Theta"
        raise ProtocolMismatch(f"signalling version {version} meets {SIGNAL_PROTOCOL_VERSION}: upgrade {older}")


def _from(peer: int, message: SignalRelayed) -> Message:
    """The message as its addressee gets it: `peer` is who it comes from."""
    return type(message)(peer, *(getattr(message, name) for name in message.__struct_fields__[1:]))
