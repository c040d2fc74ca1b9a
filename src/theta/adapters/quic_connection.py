"""aioquic's connection with bounds on what it holds: the one place that reaches into its private attributes.

aioquic 1.7 widens its flow control windows by itself, whether anybody reads or not, keeps datagrams without end, and
tells of a close only after the closing period. What is overridden or read here is pinned by
tests/unit/adapters/test_quic_connection.py.
"""

import hmac
import logging
import math
from typing import Any, NamedTuple

from aioquic import tls
from aioquic._buffer import Buffer
from aioquic.quic.connection import (
    CONNECTION_LIMIT_FRAME_CAPACITY,
    MAX_STREAM_DATA_FRAME_CAPACITY,
    NetworkAddress,
    QuicConnection,
)
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived
from aioquic.quic.packet import QuicFrameType, pull_quic_transport_parameters, push_quic_transport_parameters
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from theta.adapters.quic_configuration import ALPN_HTTP
from theta.adapters.quic_stateless import reset_token
from theta.base.errors import ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, QUIC_PROBE_SECONDS_MAX, QUIC_RECEIVE_WINDOW_BYTES
from theta.node.lanes import RELIABLE_LANES

NATIVE_STREAMS_MAX = len(RELIABLE_LANES)
HTTP_STREAMS_MAX = 2 + len(RELIABLE_LANES)
"""The session's request, each lane, and one to say no on."""
HTTP_CONTROL_STREAMS_MAX = 8
"""Unidirectional: HTTP/3 needs three on each side, and a browser may open more to see that they are passed over."""
DATAGRAM_FRAME_BYTES_MAX = DATAGRAM_BYTES_MAX + 3
"""A DATAGRAM frame's type and length come on top (RFC 9221, 4)."""

# aioquic says at INFO what each connection does; ours is logged by what it leads to.
logging.getLogger("quic").setLevel(logging.ERROR)

_CREDIT_STEP_BYTES = QUIC_RECEIVE_WINDOW_BYTES // 2
_ACK_DELAY_MILLISECONDS_MAX = 50
"""What both sides promise to acknowledge within (RFC 9000, 18.2): longer than a tick, so that a datagram's
acknowledgement can go with the datagrams of the next."""
_DATAGRAM_ACK_SECONDS = 0.048
"""How long a datagram's acknowledgement waits for something to go with."""


class ShownCertificate(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class BoundedConnection(QuicConnection):
    """A QuicConnection whose peer may send QUIC_RECEIVE_WINDOW_BYTES more than was read here, and not more.

    Args:
        reset_secret: a room's, for `reset_token`; empty for a participant.
        http_certificate: what is shown to who speaks HTTP/3, with a key of the same kind as the configuration's; None
            shows the configuration's to everyone.
        arguments: QuicConnection's.
    """

    def __init__(
        self, *, reset_secret: bytes = b"", http_certificate: ShownCertificate | None = None, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self._http_certificate = http_certificate
        self._read_bytes: dict[int, int] = {}
        self._brought_datagrams_alone = False
        if reset_secret:
            self._host_cids[0].stateless_reset_token = reset_token(reset_secret, self.host_cid)
        speaks_http = self._is_client and ALPN_HTTP in (self._configuration.alpn_protocols or ())
        self._limit_streams(0 if self._is_client else NATIVE_STREAMS_MAX, HTTP_CONTROL_STREAMS_MAX * speaks_http)

    @property
    def termination(self) -> ConnectionTerminated | None:
        """How the connection ends, as soon as either side says so; None while it lives."""
        return self._close_event

    @property
    def stream_bytes_held(self) -> int:
        """Stream bytes that the peer has not acknowledged yet, sent or not."""
        return sum(each.sender._buffer_stop - each.sender._buffer_start for each in self._streams.values())

    @property
    def stream_bytes_unsent(self) -> int:
        """Stream bytes that no packet has taken along yet."""
        return sum(self.unsent_on(each) for each in self._streams)

    def held_on(self, stream_id: int) -> int:
        """Of `stream_bytes_held`, those of one stream."""
        stream = self._streams.get(stream_id)
        return stream.sender._buffer_stop - stream.sender._buffer_start if stream else 0

    def unsent_on(self, stream_id: int) -> int:
        """Of `stream_bytes_unsent`, those of one stream."""
        stream = self._streams.get(stream_id)
        return stream.sender._buffer_stop - stream.sender.highest_offset if stream else 0

    def can_write(self, stream_id: int) -> bool:
        """Whether more can be said on a stream: neither side has ended our half of it."""
        stream = self._streams.get(stream_id)
        return stream is not None and stream.sender._reset_error_code is None and stream.sender._buffer_fin is None

    def refuse_stream(self, stream_id: int, error_code: int) -> None:
        """Neither read nor write on a stream that the peer opened, as far as it goes on at all."""
        if self.can_write(stream_id):
            self.reset_stream(stream_id, error_code)
            self.stop_stream(stream_id, error_code)

    def receive_datagram(self, data: bytes, addr: NetworkAddress, now: float) -> None:
        """A UDP payload came. If all that it brought are datagrams, its acknowledgement can wait to go with something.

        Nobody sends more because a datagram was acknowledged, and with frames both ways there is soon something.
        """
        before = len(self._events)
        super().receive_datagram(data, addr, now)
        brought = [self._events[at] for at in range(before, len(self._events))]
        alone = bool(brought) and all(isinstance(each, DatagramFrameReceived) for each in brought)
        self._brought_datagrams_alone = alone and self._handshake_confirmed
        space = self._spaces.get(tls.Epoch.ONE_RTT)
        if space is None or space.ack_at is None:
            return
        if not self._brought_datagrams_alone:
            space.ack_at = min(space.ack_at, now + self._ack_delay)
        elif space.ack_at == now + self._ack_delay:
            space.ack_at = now + _DATAGRAM_ACK_SECONDS

    def handle_timer(self, now: float) -> None:
        """The time that `get_timer` named has come.

        Unanswered probes are sent ever more seldom (RFC 9002, 6.2.1), yet no longer apart than QUIC_PROBE_SECONDS_MAX:
        a network that was dark for seconds is found again as soon as it is back.
        """
        super().handle_timer(now)
        loss = self._loss
        if self._handshake_confirmed and loss._pto_count:
            doublings = math.log2(max(1.0, QUIC_PROBE_SECONDS_MAX / loss.get_probe_timeout()))
            loss._pto_count = min(loss._pto_count, int(doublings))

    def _serialize_transport_parameters(self) -> bytes:
        """What is promised to the peer: aioquic's, but for how long acknowledgements may take."""
        promised = pull_quic_transport_parameters(Buffer(data=super()._serialize_transport_parameters()))
        promised.max_ack_delay = _ACK_DELAY_MILLISECONDS_MAX
        told = Buffer(capacity=3 * self._max_datagram_size)
        push_quic_transport_parameters(told, promised)
        return bytes(told.data)

    @property
    def can_wait(self) -> bool:
        """Whether the last packet is to be answered by nothing before `get_timer` says so."""
        if not self._brought_datagrams_alone or self.termination is not None or self.stream_bytes_held:
            return False
        if len(self._network_paths) > 1:
            return False
        return not (self._retire_connection_ids or self._probe_pending or self._network_paths[0].remote_challenges)

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """The UDP payloads to send. An acknowledgement that waits goes with what there is."""
        space = self._spaces.get(tls.Epoch.ONE_RTT)
        if space is not None and space.ack_at is not None and (self._datagrams_pending or self.stream_bytes_unsent):
            space.ack_at = min(space.ack_at, now)
        allowed = self._bytes_allowed
        packets = super().datagrams_to_send(now)
        if allowed is None or self.termination is None:
            return packets
        # aioquic keeps to the limit with all but the goodbye.
        return packets if sum(len(data) for data, _ in packets) <= allowed else []

    @property
    def has_proved_address(self) -> bool:
        """Whether the peer is known to be where its packets say; nobody else may be sent much (RFC 9000, 8)."""
        return self._is_client or (bool(self._network_paths) and self._network_paths[0].is_validated)

    @property
    def _bytes_allowed(self) -> int | None:
        """What may still be sent to an address that is not proved, three times what came from there; None: any."""
        if self.has_proved_address:
            return None
        path = self._network_paths[0]
        return 3 * path.bytes_received - path.bytes_sent

    def is_reset(self, packet: bytes) -> bool:
        """Whether a packet says that the room no longer knows the connection: it was started anew (RFC 9000, 10.3)."""
        token = self._peer_cid.stateless_reset_token
        return bool(token) and hmac.compare_digest(packet[-len(token) :], token)

    def take_datagrams_back(self) -> int:
        """Forget the datagrams that found no place in the last packets, and say how many they are."""
        count = len(self._datagrams_pending)
        self._datagrams_pending.clear()
        return count

    def check_peer(self) -> None:
        """Refuse a peer that has no datagrams, or only small ones.

        Raises:
            ProtocolError: it announced that it takes less than DATAGRAM_BYTES_MAX.
        """
        taken = self._remote_max_datagram_frame_size or 0
        if taken < DATAGRAM_FRAME_BYTES_MAX:
            raise ProtocolError(f"datagrams of {DATAGRAM_BYTES_MAX} bytes must be taken (RFC 9221)")

    def handle_read(self, stream_id: int, read_bytes: int) -> bool:
        """So many bytes of a stream were read since its beginning; returns whether the peer should be told."""
        self._read_bytes[stream_id] = read_bytes
        stream = self._streams.get(stream_id)
        return self._owes_credit or (stream is not None and self._owes_stream_credit(stream))

    @property
    def _credit(self) -> int:
        return sum(self._read_bytes.values()) + QUIC_RECEIVE_WINDOW_BYTES

    @property
    def _owes_credit(self) -> bool:
        return self._credit - self._local_max_data.sent >= _CREDIT_STEP_BYTES

    def _stream_credit(self, stream: QuicStream) -> int:
        assert stream.stream_id is not None, "a stream of the handshake's has no limits"
        return self._read_bytes.get(stream.stream_id, 0) + QUIC_RECEIVE_WINDOW_BYTES

    def _owes_stream_credit(self, stream: QuicStream) -> bool:
        return self._stream_credit(stream) - stream.max_stream_data_local_sent >= _CREDIT_STEP_BYTES

    def _limit_streams(self, both_ways: int, one_way: int) -> None:
        """How many streams of each kind the peer may open, ever."""
        for limit, count in ((self._local_max_streams_bidi, both_ways), (self._local_max_streams_uni, one_way)):
            limit.value = limit.sent = count

    def _alpn_handler(self, alpn_protocol: str) -> None:
        """The peer has said what it speaks; what it is shown and may do follows from that, before it is told either."""
        super()._alpn_handler(alpn_protocol)
        if self._is_client or alpn_protocol != ALPN_HTTP:
            return
        if self._http_certificate is not None:
            self.tls.certificate, self.tls.certificate_chain = self._http_certificate.certificate, []
            self.tls.certificate_private_key = self._http_certificate.key
        self._limit_streams(HTTP_STREAMS_MAX, HTTP_CONTROL_STREAMS_MAX)
        parameters = tls.ExtensionType.QUIC_TRANSPORT_PARAMETERS, self._serialize_transport_parameters()
        self.tls.handshake_extensions = [parameters]

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        """MAX_DATA as far as was read; a lost one leaves `sent` at 0 and is said again; no promise is taken back."""
        limit = self._local_max_data
        if self._owes_credit:
            buffer = builder.start_frame(
                limit.frame_type,
                capacity=CONNECTION_LIMIT_FRAME_CAPACITY,
                handler=self._on_connection_limit_delivery,
                handler_args=(limit,),
            )
            limit.value = limit.sent = max(limit.value, self._credit)
            buffer.push_uint_var(limit.value)

    def _write_stream_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream) -> None:
        """MAX_STREAM_DATA as far as was read; a stream of our own that goes one way takes none."""
        number = stream.stream_id
        if number is not None and stream.max_stream_data_local and self._owes_stream_credit(stream):
            buffer = builder.start_frame(
                QuicFrameType.MAX_STREAM_DATA,
                capacity=MAX_STREAM_DATA_FRAME_CAPACITY,
                handler=self._on_max_stream_data_delivery,
                handler_args=(stream,),
            )
            stream.max_stream_data_local = max(stream.max_stream_data_local, self._stream_credit(stream))
            stream.max_stream_data_local_sent = stream.max_stream_data_local
            buffer.push_uint_var(number)
            buffer.push_uint_var(stream.max_stream_data_local)
