"""A peer's side of its connection to a signalling server: join, be told who is there, pass messages on (SIG-1 … SIG-8).

Drain `poll_transmit`, `poll_event` and `poll_close` after every call, and call `handle_timeout` at `poll_timeout`.
"""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from theta.base.errors import (
    FrameTooLarge,
    HandshakeTimeout,
    PeerError,
    PeerTimeout,
    PeerTooSlow,
    ProtocolError,
    ProtocolMismatch,
    SignalingFailed,
)
from theta.base.limits import (
    SIGNAL_EVENTS_MAX,
    SIGNAL_IDLE_SECONDS_MAX,
    SIGNAL_MESSAGE_BYTES_MAX,
    SIGNAL_PEERS_PER_ROOM_MAX,
    SIGNALING_SECONDS_MAX,
)
from theta.base.moment import Moment
from theta.commands.identity import Identity
from theta.signaling.proof import prove_host, room_of_key
from theta.wire.codec import decode_signal_from_server, encode
from theta.wire.messages import Message, Ping, Pong
from theta.wire.signal_messages import (
    SIGNAL_PROTOCOL_VERSION,
    SIGNAL_RELAYED,
    SignalGreeting,
    SignalIceServers,
    SignalJoin,
    SignalPeerJoined,
    SignalPeerLeft,
    SignalRefused,
    SignalRelayed,
    SignalWelcome,
)

SignalEvent = SignalWelcome | SignalIceServers | SignalPeerJoined | SignalPeerLeft | SignalRelayed | SignalRefused
"""What the server tells; of a message that it passed on, `peer` is the sender."""

_TOLD = (SignalWelcome, SignalIceServers, SignalPeerJoined, SignalPeerLeft, *SIGNAL_RELAYED, SignalRefused)


class SignalTerms(NamedTuple):
    """Which room, and as what: with the room's own key as its host, without as a guest."""

    room: bytes
    room_key: Identity | None = None


def host_terms(room_key: Identity) -> SignalTerms:
    """To be the host of the room of this key."""
    return SignalTerms(room_of_key(room_key.public_key), room_key)


class _State(Enum):
    APART = auto()
    AWAITING_GREETING = auto()
    AWAITING_WELCOME = auto()
    JOINED = auto()


class SignalParticipant:
    """A guest, or a host, at a signalling server. It may connect again and again; each time it has another number."""

    def __init__(self, terms: SignalTerms) -> None:
        self._terms = terms
        self._state = _State.APART
        self._deadline: float | None = None
        self.welcome: SignalWelcome | None = None
        self.others: list[int] = []
        """A guest's host, or a host's guests, while it is joined."""
        self._transmits: deque[bytes] = deque()
        self._events: deque[SignalEvent] = deque()
        self._close: PeerError | None = None

    @property
    def is_host(self) -> bool:
        """Whether it is the room's host."""
        return self._terms.room_key is not None

    @property
    def is_joined(self) -> bool:
        """Whether it has been welcomed, and messages can be sent."""
        return self._state is _State.JOINED

    def send(self, message: SignalRelayed) -> None:
        """Have a message passed on to `message.peer`.

        Raises:
            SignalingFailed: there is no connection to the server now.
            FrameTooLarge: over SIGNAL_MESSAGE_BYTES_MAX.
        """
        if not self.is_joined:
            raise SignalingFailed("there is no connection to the signalling server now")
        frame = encode(message)
        if len(frame) > SIGNAL_MESSAGE_BYTES_MAX:
            raise FrameTooLarge(f"a message of {len(frame)} bytes is over the limit of {SIGNAL_MESSAGE_BYTES_MAX}")
        self._transmits.append(frame)

    def handle_connected(self, now: Moment) -> None:
        """A connection to the server stands."""
        self._state, self._close = _State.AWAITING_GREETING, None
        self._deadline = now.seconds + SIGNALING_SECONDS_MAX
        self._transmits.clear()

    def handle_disconnected(self, now: Moment) -> None:
        """The connection ended; those who were there are told to have left."""
        self._state, self._deadline, self.welcome = _State.APART, None, None
        self._transmits.clear()
        for peer in self.others:
            self._events.append(SignalPeerLeft(peer))
        self.others = []

    def handle_frame(self, now: Moment, frame: bytes) -> None:
        """Take what the server says; when it breaks a rule, `poll_close` says so."""
        if self._state is _State.APART or self._close is not None:
            return
        if self.is_joined:
            self._deadline = now.seconds + SIGNAL_IDLE_SECONDS_MAX
        try:
            self._handle(now, decode_signal_from_server(frame))
        except PeerError as error:
            self._close = error

    def handle_timeout(self, now: Moment) -> None:
        """Give up a server that does not answer, or is silent for SIGNAL_IDLE_SECONDS_MAX."""
        if self._deadline is None or now.seconds < self._deadline or self._close is not None:
            return
        if self.is_joined:
            self._close = PeerTimeout(f"the signalling server was silent for {SIGNAL_IDLE_SECONDS_MAX:g} s")
        else:
            self._close = HandshakeTimeout(f"the signalling server took over {SIGNALING_SECONDS_MAX:g} s to answer")

    def poll_transmit(self) -> bytes | None:
        """The next frame to send."""
        return self._transmits.popleft() if self._transmits else None

    def poll_event(self) -> SignalEvent | None:
        """What the server told next."""
        return self._events.popleft() if self._events else None

    def poll_close(self) -> PeerError | None:
        """Why the connection is to be closed, if it is."""
        return self._close

    def poll_timeout(self) -> float | None:
        """When to call `handle_timeout`, in the clock's seconds."""
        return self._deadline if self._close is None else None

    def _handle(self, now: Moment, message: Message) -> None:
        if isinstance(message, Ping):
            self._transmits.append(encode(Pong(message.number, message.sent_ms, float(now.unix_ms))))
        elif isinstance(message, SignalGreeting) and self._state is _State.AWAITING_GREETING:
            self._transmits.append(encode(self._first_word(message)))
            self._state = _State.AWAITING_WELCOME
        elif isinstance(message, SignalWelcome) and self._state is _State.AWAITING_WELCOME:
            self._state, self.welcome = _State.JOINED, message
            self._deadline = now.seconds + SIGNAL_IDLE_SECONDS_MAX
            self.others = list(message.guests) if self.is_host else [message.host] * (message.host != 0)
            self._tell(message)
        elif isinstance(message, _TOLD) and self.is_joined and not isinstance(message, SignalWelcome):
            self._note(message)
            self._tell(message)
        elif not isinstance(message, Pong):
            raise ProtocolError(f"{type(message).__name__} came out of place")

    def _first_word(self, greeting: SignalGreeting) -> Message:
        if greeting.protocol_version != SIGNAL_PROTOCOL_VERSION:
            raise ProtocolMismatch(
                f"signalling version {SIGNAL_PROTOCOL_VERSION} meets {greeting.protocol_version} at the server"
            )
        if self._terms.room_key is not None:
            return prove_host(self._terms.room_key, greeting.nonce)
        return SignalJoin(SIGNAL_PROTOCOL_VERSION, self._terms.room)

    def _note(self, message: SignalEvent) -> None:
        """Keep count of who is there."""
        if isinstance(message, SignalPeerJoined):
            if message.peer in self.others or len(self.others) >= SIGNAL_PEERS_PER_ROOM_MAX:
                raise ProtocolError(f"peer {message.peer} joined twice, or too many have")
            self.others.append(message.peer)
        elif isinstance(message, SignalPeerLeft):
            if message.peer not in self.others:
                raise ProtocolError(f"peer {message.peer} left and was not there")
            self.others.remove(message.peer)

    def _tell(self, event: SignalEvent) -> None:
        if len(self._events) >= SIGNAL_EVENTS_MAX:
            raise PeerTooSlow(f"more than {SIGNAL_EVENTS_MAX} messages of the signalling server wait to be read")
        self._events.append(event)
