"""Lanes on the streams of a QUIC connection, and the seam between them and what carries streams: TRN-9, TRN-11.

QUIC by itself carries streams and datagrams, and so does a WebTransport session on HTTP/3. All else that a transport
does is the same for both, and is written against `StreamCarrier`.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from aioquic.quic import events

from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_frames import FrameWriter, Inbox
from theta.adapters.transport import SendQueue
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import ProtocolError
from theta.base.limits import QUIC_AHEAD_BYTES_MAX, QUIC_SEND_BUFFER_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane


class Ready(NamedTuple):
    """The handshake is done: streams may be opened, and datagrams sent."""


class StreamBytes(NamedTuple):
    """More of a stream; `is_end` when nothing follows."""

    stream: int
    data: bytes
    is_end: bool


class StreamBroken(NamedTuple):
    """The peer reset a stream, or takes no more of it."""

    stream: int


class Datagram(NamedTuple):
    """A datagram's payload."""

    data: bytes


class SessionEnded(NamedTuple):
    """The peer ended what is on the connection, but not the connection; a code and a reason as of Transport.close."""

    code: int
    reason: str


CarrierEvent = Ready | StreamBytes | StreamBroken | Datagram | SessionEnded


class StreamCarrier(Protocol):
    """Streams and datagrams on a QUIC connection. Whatever it sends leaves with the connection's next packets."""

    @property
    def kind(self) -> str:
        """What the transport on it is called."""
        ...

    @property
    def is_heard(self) -> bool:
        """Whether the last words of `close` were heard, or cannot be: the connection may be closed."""
        ...

    def handle_event(self, event: events.QuicEvent) -> Iterator[CarrierEvent]:
        """What an event of the connection means. Events about connection ids and the connection's end never come here.

        Raises:
            PeerError: the peer broke a rule.
        """
        ...

    def open_stream(self) -> int:
        """A new stream both ways, by its number."""
        ...

    def send_stream(self, stream: int, data: bytes) -> None:
        """More of a stream."""
        ...

    def send_datagram(self, data: bytes) -> None:
        """A datagram."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say the last words, which may close the connection themselves."""
        ...

    def hang_up(self) -> None:
        """Close the connection, after the last words; nothing where they closed it."""
        ...

    def close_code_of(self, error_code: int) -> int | None:
        """The close code in what the peer closed the connection with; None when it says nothing."""
        ...


class NativeCarrier:
    """QUIC by itself."""

    kind = "quic"
    is_heard = True

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection

    def handle_event(self, event: events.QuicEvent) -> Iterator[CarrierEvent]:
        """See StreamCarrier.handle_event."""
        match event:
            case events.StreamDataReceived():
                yield StreamBytes(event.stream_id, event.data, event.end_stream)
            case events.DatagramFrameReceived():
                yield Datagram(event.data)
            case events.HandshakeCompleted():
                yield Ready()
            case events.StreamReset() | events.StopSendingReceived():
                yield StreamBroken(event.stream_id)

    def open_stream(self) -> int:
        """See StreamCarrier.open_stream."""
        stream = self._connection.get_next_available_stream_id()
        self._connection.send_stream_data(stream, b"")
        return stream

    def send_stream(self, stream: int, data: bytes) -> None:
        """See StreamCarrier.send_stream."""
        self._connection.send_stream_data(stream, data)

    def send_datagram(self, data: bytes) -> None:
        """See StreamCarrier.send_datagram."""
        self._connection.send_datagram_frame(data)

    def close(self, code: int, reason: str) -> None:
        """See StreamCarrier.close."""
        self._connection.close(error_code=code, reason_phrase=reason)

    def hang_up(self) -> None:
        """See StreamCarrier.hang_up."""

    def close_code_of(self, error_code: int) -> int | None:
        """See StreamCarrier.close_code_of."""
        return error_code


class LaneStreams:
    """Which stream carries which lane, and what of each lane is on its way.

    Args:
        connection: below the carrier.
        queue: what waits to be sent.
        inbox: where what came in goes.
        metrics: the owner's counters.

    Attributes:
        carrier: another one as soon as it is known what the peer speaks.
    """

    def __init__(
        self, connection: BoundedConnection, queue: SendQueue, inbox: Inbox, metrics: TransportMetrics
    ) -> None:
        self.carrier: StreamCarrier = NativeCarrier(connection)
        self._connection = connection
        self._inbox = inbox
        self._streams: dict[Lane, int] = {}
        self._lanes: dict[int, Lane] = {}
        self._writers = {lane: FrameWriter(lane, queue, metrics) for lane in RELIABLE_LANES}

    @property
    def writing_bytes(self) -> int:
        """Of the frames that were begun, what is not with the connection yet."""
        return sum(writer.writing_bytes for writer in self._writers.values())

    @property
    def has_control(self) -> bool:
        """Whether the lane is there on which a session begins."""
        return Lane.CONTROL in self._streams

    def open_all(self) -> None:
        """A participant's side: open a stream for each lane, each beginning with its lane."""
        for lane in RELIABLE_LANES:
            stream = self.carrier.open_stream()
            self.carrier.send_stream(stream, bytes((lane,)))
            self._assign(stream, lane)

    def handle_bytes(self, stream: int, data: bytes) -> Lane | None:
        """More of a stream came; returns its lane, None while that is not known.

        Raises:
            ProtocolError: it is of no lane, or of one that has a stream already.
            FrameTooLarge: a frame's length is over the limit; the frames before it are in the inbox.
        """
        lane = self._lanes.get(stream)
        if lane is None:
            if not data:
                return None
            lane = self._lane_of(data[0])
            self._assign(stream, lane)
            data = data[1:]
        self._inbox.handle_stream(lane, data)
        return lane

    def handle_read(self, lane: Lane) -> bool:
        """Frames of a lane were read: the peer may send more; returns whether it should be told."""
        stream = self._streams.get(lane)
        return stream is not None and self._connection.handle_read(stream, self._inbox.read_bytes(lane))

    def top_up(self) -> None:
        """Hand over as much of each lane as can soon be under way; the rest waits where it is counted.

        Of what may be large, only as much as leaves with the next packets: else a command would wait behind it.
        """
        for lane, stream in self._streams.items():
            piece = self._writers[lane].next_piece(self._space(lane, stream))
            if piece:
                self.carrier.send_stream(stream, piece)

    def forget(self) -> None:
        """Nothing that waits will be sent any more."""
        for writer in self._writers.values():
            writer.forget()

    def _space(self, lane: Lane, stream: int) -> int:
        if lane in (Lane.CONTROL, Lane.COMMANDS):
            return QUIC_SEND_BUFFER_BYTES_MAX - self._connection.held_on(stream)
        ahead = QUIC_AHEAD_BYTES_MAX - self._connection.unsent_on(stream)
        return min(ahead, QUIC_SEND_BUFFER_BYTES_MAX - self._connection.stream_bytes_held)

    def _lane_of(self, number: int) -> Lane:
        lane = next((each for each in RELIABLE_LANES if each == number), None)
        if lane is None:
            raise ProtocolError(f"a stream begins with {number}, which is no reliable lane")
        if lane in self._streams:
            raise ProtocolError(f"a second stream for lane {number}")
        return lane

    def _assign(self, stream: int, lane: Lane) -> None:
        """In the lanes' order, whichever came first."""
        self._lanes[stream] = lane
        found = {**self._streams, lane: stream}
        self._streams = {each: found[each] for each in RELIABLE_LANES if each in found}
