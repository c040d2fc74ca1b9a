"""Any bytes as what a carrier brings in: streams of lanes, data channels, capsules, HTTP/3 and frames.

    PYTHONPATH=. python -m fuzz.fuzz_frames -max_total_time=60 build/fuzz/frames fuzz/corpus/frames

fuzzes with atheris; new finds go to the first folder. The first byte of an input says what the rest is (`READERS`).
However the bytes are cut into pieces, the frames are the same; what is too much is refused with a type of its own.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import Headers
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection, QuicConnectionError
from aioquic.quic.events import DatagramFrameReceived, QuicEvent, StreamDataReceived, StreamReset
from aioquic.quic.packet import QuicFrameType
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from fuzz.harness import joined, pieces, read_by_first_byte, run
from theta.adapters.quic_configuration import ALPN_HTTP
from theta.adapters.quic_connection import HTTP_CONTROL_STREAMS_MAX, HTTP_STREAMS_MAX, BoundedConnection
from theta.adapters.quic_frames import LENGTH_BYTES, FrameReader, FrameWriter, Inbox, with_length
from theta.adapters.quic_streams import Datagram, LaneStreams, StreamBytes
from theta.adapters.tls_certificate import self_signed
from theta.adapters.transport import SendQueue
from theta.adapters.transport_metrics import TransportMetrics
from theta.adapters.webrtc_lanes import ReliableChannel
from theta.adapters.webtransport_capsules import CapsuleReader, close_capsule
from theta.adapters.webtransport_carrier import WebTransportCarrier
from theta.adapters.webtransport_http import session_request, status_headers
from theta.base.errors import FrameTooLarge, ProtocolError
from theta.base.limits import (
    CLIENT_FRAME_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    DATAGRAM_QUEUE_BYTES_MAX,
    WEBRTC_RECEIVE_WINDOW_BYTES,
    WEBTRANSPORT_CONTROL_BYTES_MAX,
)
from theta.node.lanes import RELIABLE_LANES, Lane
from theta.wire import codec
from theta.wire.compression import Compressor, Decompressor
from theta.wire.messages import Compressed, Message, Ping, Pong

CORPUS = Path(__file__).resolve().parent / "corpus" / "frames"
PARTS_MAX = 256
"""What comes at a time: so many parts of an input, and no more."""
FRAME_BYTES_SMALL = 300
"""A limit that an input gets over."""


# -- frames on a stream ------------------------------------------------------------------------------------------------


def read_stream(data: bytes) -> None:
    """A lane's stream in pieces: the frames that stand in it, up to the first that is too large."""
    parts = pieces(data, PARTS_MAX)
    expected, is_refused = _frames_in(b"".join(parts))
    reader = FrameReader(Lane.CONTROL, FRAME_BYTES_SMALL)
    found: list[bytes] = []
    refused = False
    for part in parts:
        try:
            found.extend(reader.feed(part))
        except FrameTooLarge:
            refused = True
        assert len(reader._gathered) <= FRAME_BYTES_SMALL + LENGTH_BYTES + len(part) or refused
    assert found == expected
    assert refused == is_refused


def _frames_in(stream: bytes) -> tuple[list[bytes], bool]:
    """The same in the plainest way, and whether a frame too large follows."""
    frames: list[bytes] = []
    while len(stream) >= LENGTH_BYTES:
        size = int.from_bytes(stream[:LENGTH_BYTES], "little")
        if size > FRAME_BYTES_SMALL:
            return frames, True
        if len(stream) < LENGTH_BYTES + size:
            break
        frames.append(stream[LENGTH_BYTES : LENGTH_BYTES + size])
        stream = stream[LENGTH_BYTES + size :]
    return frames, False


def read_round_trip(data: bytes) -> None:
    """Frames of all lanes, written in pieces of any size, come out as they went in; datagrams go before all."""
    metrics = TransportMetrics()
    queue = SendQueue(lambda: 0.0, metrics)
    writers = {lane: FrameWriter(lane, queue, metrics) for lane in RELIABLE_LANES}
    inbox = Inbox(CLIENT_FRAME_BYTES_MAX, TransportMetrics())
    put: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
    for part in pieces(data, PARTS_MAX):
        if not part:
            continue
        lane, frame = Lane(part[0] % len(Lane)), part[1:]
        if lane is not Lane.DATAGRAM:
            queue.put(lane, frame)
            put[lane].append(frame)
            inbox.handle_stream(lane, writers[lane].next_piece(part[0]))
        elif len(frame) <= DATAGRAM_BYTES_MAX:
            inbox.handle_datagram(frame)
            put[lane].append(frame)
    for lane, writer in writers.items():
        while piece := writer.next_piece(7_000):
            inbox.handle_stream(lane, piece)
    assert queue.is_empty
    assert queue.queued_bytes == 0
    taken: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
    order = []
    while (entry := inbox.take()) is not None:
        taken[entry[0]].append(entry[1])
        order.append(entry[0])
    kept = put[Lane.DATAGRAM]
    while sum(max(1, len(frame)) for frame in kept) > DATAGRAM_QUEUE_BYTES_MAX:
        kept.pop(0)
    assert taken == put
    assert order == sorted(order, key=lambda lane: (lane is not Lane.DATAGRAM, lane))
    assert inbox.datagram_bytes == 0


# -- lanes on streams --------------------------------------------------------------------------------------------------


def read_lanes(data: bytes) -> None:
    """Pieces of streams by number: each begins with its lane, and no lane has two."""
    metrics = TransportMetrics()
    inbox = Inbox(FRAME_BYTES_SMALL, metrics)
    streams = LaneStreams(_a_connection(), SendQueue(lambda: 0.0, metrics), inbox, metrics)
    begun: dict[int, Lane] = {}
    for part in pieces(data, PARTS_MAX):
        if not part:
            continue
        stream, said = 4 * (part[0] % 8), part[1:]
        opens = stream not in begun and said != b""
        lane = next((each for each in RELIABLE_LANES if opens and each == said[0]), None)
        try:
            found = streams.handle_bytes(stream, said)
        except ProtocolError:
            assert opens
            assert lane is None or lane in begun.values()
            return
        except FrameTooLarge:
            return
        if opens:
            assert lane is not None
            assert lane not in begun.values()
            begun[stream] = lane
        assert found == begun.get(stream)
    for lane in RELIABLE_LANES:
        assert inbox.read_bytes(lane) >= 0
    while inbox.take() is not None:
        pass


_KEY = ec.generate_private_key(ec.SECP256R1())
_CERTIFICATE = self_signed(_KEY, "fuzz", [x509.DNSName("room.example")], datetime(2026, 1, 1, tzinfo=UTC), 3)


def _a_connection(*, is_room: bool = False) -> BoundedConnection:
    """One over which nothing travels; the other side has said that it takes datagrams."""
    configuration = QuicConfiguration(
        is_client=not is_room,
        alpn_protocols=[ALPN_HTTP],
        max_datagram_frame_size=65_535,
        certificate=_CERTIFICATE if is_room else None,
        private_key=_KEY if is_room else None,
    )
    connection = BoundedConnection(
        configuration=configuration, original_destination_connection_id=bytes(8) if is_room else None
    )
    connection._remote_max_datagram_frame_size = 65_535
    connection._limit_streams(HTTP_STREAMS_MAX, HTTP_CONTROL_STREAMS_MAX)
    return connection


# -- data channels -----------------------------------------------------------------------------------------------------


class _Channel:
    """A data channel on which nothing leaves."""

    readyState = "open"
    bufferedAmount = 0
    bufferedAmountLowThreshold = 0

    def __init__(self) -> None:
        self.said: list[bytes | str] = []

    def send(self, data: bytes | str) -> None:
        self.said.append(data)


def read_channel(data: bytes) -> None:
    """Messages of a reliable channel: texts where the first byte is odd, pieces of its stream where it is even."""
    metrics = TransportMetrics()
    inbox, queue = Inbox(FRAME_BYTES_SMALL, metrics), SendQueue(lambda: 0.0, metrics)
    channel: object = _Channel()
    writer = FrameWriter(Lane.COMMANDS, queue, metrics)
    lane = ReliableChannel(channel, Lane.COMMANDS, writer, inbox)  # type: ignore[arg-type]
    queue.put(Lane.COMMANDS, bytes(100))
    lane.fill(1_200, 1_200)
    received = 0
    for part in pieces(data, PARTS_MAX):
        try:
            if part[:1] and part[0] % 2:
                lane.handle_text(part[1:].decode("utf-8", "replace"))
            else:
                received += len(part[1:])
                lane.handle_piece(part[1:])
        except (ProtocolError, FrameTooLarge):
            return
        if lane.closed is not None:
            assert 1_000 <= lane.closed.close_code < 5_000
            return
        lane.fill(1_200, 1_200)
        if part[:1] == b"\x02":
            while inbox.take() is not None:
                pass
            lane.tell_read()
        assert inbox.read_bytes(Lane.COMMANDS) <= received
        assert 0 <= lane._peer_read_bytes <= lane._sent_bytes <= lane._peer_read_bytes + WEBRTC_RECEIVE_WINDOW_BYTES


# -- WebTransport ------------------------------------------------------------------------------------------------------


def read_capsules(data: bytes) -> None:
    """Capsules in pieces: the same ends as all at once."""
    parts = pieces(data, PARTS_MAX)

    def ends(of: list[bytes]) -> list[object]:
        reader = CapsuleReader()
        found: list[object] = []
        try:
            for part in of:
                found.extend(reader.feed(part))
        except ProtocolError as error:
            found.append(str(error))
        return found

    assert ends(parts) == ends([b"".join(parts)])


def read_http(data: bytes) -> None:
    """Whatever comes on the streams of a page's connection, at a room (first byte even) or at a participant."""
    if not data:
        return
    is_room = data[0] % 2 == 0
    connection = _a_connection(is_room=is_room)
    carrier = (
        WebTransportCarrier(connection, may_join=lambda authority, origin: origin != "https://elsewhere.example")
        if is_room
        else WebTransportCarrier(connection, authority="room.example:8080")
    )
    came = given = 0
    for event in _events_of(pieces(data[1:], PARTS_MAX), is_room=is_room):
        came += len(getattr(event, "data", b""))
        try:
            _open_at_quic(connection, event)
            for each in carrier.handle_event(event):
                given += len(each.data) if isinstance(each, StreamBytes | Datagram) else 0
        except (ProtocolError, QuicConnectionError):
            return
        assert given <= came, "nothing is made up"
        assert sum(len(each.data) for each in carrier._early) <= WEBTRANSPORT_CONTROL_BYTES_MAX
        if connection._close_event is not None:
            return


def _open_at_quic(connection: BoundedConnection, event: QuicEvent) -> None:
    """Aioquic knows a stream before it tells of it; it refuses one over the limit."""
    stream = getattr(event, "stream_id", None)
    if stream is not None and stream not in connection._streams:
        connection._get_or_create_stream(QuicFrameType.STREAM_BASE, stream)


def _events_of(parts: list[bytes], *, is_room: bool) -> Iterator[QuicEvent]:
    """Each part's first byte says on which stream it comes, and whether that ends, or that it is a datagram.

    Only streams that the other side can send on: those that it opens, and the one on which a participant asks.
    """
    ended: set[int] = set()
    for part in parts:
        if not part:
            continue
        stream, is_end = part[0] & 0x1F, bool(part[0] & 0x20)
        if part[0] & 0x40:
            yield DatagramFrameReceived(part[1:])
        elif stream not in ended and (stream % 2 == (0 if is_room else 1) or stream == 0):
            ended |= {stream} if is_end or part[0] & 0x80 else set()
            yield (
                StreamReset(error_code=len(part), stream_id=stream)
                if part[0] & 0x80
                else StreamDataReceived(part[1:], is_end, stream)
            )


# -- messages ----------------------------------------------------------------------------------------------------------


def read_messages(data: bytes) -> None:
    """Frames as messages of either side's, compressed or not."""
    for frame in pieces(data, PARTS_MAX):
        for decode in (codec.decode_from_participant, codec.decode_from_room):
            try:
                message = decode(frame)
                plain = codec.unwrap(message, Decompressor())
            except (ProtocolError, FrameTooLarge):
                continue
            assert not isinstance(plain, Compressed)
            again = codec.encode(message)
            assert codec.encode(decode(again)) == again


READERS: tuple[Callable[[bytes], None], ...] = (
    read_stream,
    read_round_trip,
    read_lanes,
    read_channel,
    read_capsules,
    read_http,
    read_messages,
)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


def seeds() -> list[bytes]:
    """An input of each kind that goes through, and one that is refused."""
    frames = [b"", b"a frame", bytes(FRAME_BYTES_SMALL)]
    stream = b"".join(map(bytes, map(with_length, frames)))
    too_large = (FRAME_BYTES_SMALL + 1).to_bytes(LENGTH_BYTES, "little")
    found = [b"\0" + joined(stream[:5], stream[5:20], stream[20:]), b"\0" + joined(stream, too_large, b"more")]
    found.append(b"\1" + joined(*(bytes((lane,)) + frame for lane in Lane for frame in frames)))
    opened = [bytes((number, lane)) + stream for number, lane in enumerate(RELIABLE_LANES)]
    found += [b"\2" + joined(*opened), b"\2" + joined(opened[0], b"\1\0"), b"\2" + joined(b"\0\1")]
    found.append(b"\3" + joined(b"\0" + stream, b"\1read 104", b"\2", b"\1close 4400 no"))
    found.append(b"\3" + joined(b"\1read 105"))
    end = close_capsule(4400, "no")
    found.append(b"\4" + joined(encode_uint_var(0x17) + b"\3abc" + end[:3], end[3:]))
    found.append(b"\4" + joined(encode_uint_var(0x2843) + encode_uint_var(2_000)))
    found += [b"\5\0" + joined(*_session_of_a_page()), b"\5\1" + joined(*_session_of_a_room())]
    plain: list[Message] = [Ping(1, 0.0), Pong(1, 0.0, float("nan"))]
    packed = Compressor().compress(codec.encode(Ping(1, 2.0)) * 20)
    assert packed is not None
    held = Compressed(packed)
    found.append(b"\6" + joined(*map(codec.encode, plain), codec.encode(held), b"\xff"))
    return found


_MAX_PUSH_ID = b"\x0d\x01\x08"
"""What only a page says (RFC 9114, 7.2.7)."""


def _written(headers: Headers) -> tuple[list[bytes], bytes]:
    """What HTTP/3 writes on its own streams, each after its number, and headers as they stand on a request's stream."""
    quic = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=[ALPN_HTTP]))
    http = H3Connection(quic, enable_webtransport=True)
    request = quic.get_next_available_stream_id()
    http.send_headers(request, headers)
    said = {number: bytes(stream.sender._buffer) for number, stream in quic._streams.items()}
    return [bytes((number,)) + said[number] for number in said if number != request], said[request]


def _session_of_a_page() -> list[bytes]:
    """A request for a session, a lane of it, a datagram, and the end."""
    own, request = _written(session_request("room.example:8080"))
    lane = encode_uint_var(0x41) + b"\0" + bytes((Lane.CONTROL,)) + bytes(with_length(b"hello"))
    capsule = close_capsule(4400, "no")
    closing = b"\0\0" + encode_uint_var(len(capsule)) + capsule
    return [*own, b"\0" + request, b"\4" + lane, b"\x40\0a datagram", closing]


def _session_of_a_room() -> list[bytes]:
    """Settings, and a yes."""
    own, answer = _written(status_headers(200))
    said = [bytes((part[0] + 1,)) + part[1:].removesuffix(_MAX_PUSH_ID) for part in own]
    return [*said, b"\0" + answer, b"\x40\0a datagram"]


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
