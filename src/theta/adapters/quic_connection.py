"""aioquic's connection with bounds on what it holds: the one place that reaches into its private attributes.

aioquic 1.7 widens its flow control windows by itself, whether anybody reads or not, keeps datagrams without end, and
tells of a close only after the closing period. What is overridden or read here is pinned by
tests/unit/adapters/test_quic_connection.py.
"""

import hashlib
import hmac
import logging
import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aioquic import tls
from aioquic._buffer import Buffer
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE, QuicConfiguration
from aioquic.quic.connection import (
    CONNECTION_LIMIT_FRAME_CAPACITY,
    MAX_STREAM_DATA_FRAME_CAPACITY,
    TRANSPORT_CLOSE_FRAME_CAPACITY,
    NetworkAddress,
    QuicConnection,
)
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicFrameType,
    QuicHeader,
    QuicPacketType,
    pull_quic_transport_parameters,
    push_quic_transport_parameters,
)
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, QUIC_IDLE_SECONDS_MAX, QUIC_RECEIVE_WINDOW_BYTES

ALPN = "theta"
STREAM = 0
"""The one stream: the first that a client may open (RFC 9000, 2.1)."""
CONNECTION_ID_BYTES = 8
DATAGRAM_FRAME_BYTES_MAX = DATAGRAM_BYTES_MAX + 3
"""A DATAGRAM frame's type and length come on top (RFC 9221, 4)."""

# aioquic says at INFO what each connection does; ours is logged by what it leads to.
logging.getLogger("quic").setLevel(logging.ERROR)

_DATAGRAM_FRAME_BYTES_TAKEN = 65_535  # RFC 9221, 3: any that fits a packet; ours refuses the too large with a code
_RESET_BYTES_MIN, _RESET_BYTES = 21, 41
_CREDIT_STEP_BYTES = QUIC_RECEIVE_WINDOW_BYTES // 2
_ACK_DELAY_MILLISECONDS_MAX = 50
"""What both sides promise to acknowledge within (RFC 9000, 18.2): longer than a tick, so that a datagram's
acknowledgement can go with the datagrams of the next."""
_DATAGRAM_ACK_SECONDS = 0.048
"""How long a datagram's acknowledgement waits for something to go with."""


def room_configuration(certificate: Path, key: Path) -> QuicConfiguration:
    """What a room's side is made with.

    Args:
        certificate: PEM, the room's own first and then those that vouch for it.
        key: PEM, the certificate's private key.

    Raises:
        InvalidValue: a file cannot be read, or is none.
    """
    configuration = _configuration(is_client=False)
    try:
        configuration.load_cert_chain(certificate, key)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise InvalidValue("certificate", f"{certificate} with {key}", f"PEM files of a pair ({error})") from error
    return configuration


def participant_configuration(server_name: str, *, verify: bool) -> QuicConfiguration:
    """What a participant's side is made with.

    Args:
        server_name: the name or address in the link.
        verify: whether the certificate must be vouched for by an authority of this machine.
    """
    configuration = _configuration(is_client=True)
    configuration.server_name = server_name
    configuration.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if verify:
        places = ssl.get_default_verify_paths()
        configuration.load_verify_locations(cafile=places.cafile, capath=places.capath)
    return configuration


def _configuration(*, is_client: bool) -> QuicConfiguration:
    """Without session tickets, so that there is no 0-RTT, whose data can be replayed (RFC 8446, 8)."""
    return QuicConfiguration(
        alpn_protocols=[ALPN],
        connection_id_length=CONNECTION_ID_BYTES,
        idle_timeout=QUIC_IDLE_SECONDS_MAX,
        is_client=is_client,
        max_data=QUIC_RECEIVE_WINDOW_BYTES,
        max_stream_data=QUIC_RECEIVE_WINDOW_BYTES,
        max_datagram_frame_size=_DATAGRAM_FRAME_BYTES_TAKEN,
    )


class BoundedConnection(QuicConnection):
    """A QuicConnection whose peer may send QUIC_RECEIVE_WINDOW_BYTES more than was read here, and not more.

    Args:
        reset_secret: a room's, for `reset_token`; empty for a participant.
        arguments: QuicConnection's.
    """

    def __init__(self, *, reset_secret: bytes = b"", **arguments: Any) -> None:
        super().__init__(**arguments)
        self._read_bytes = 0
        self._brought_datagrams_alone = False
        if reset_secret:
            self._host_cids[0].stateless_reset_token = reset_token(reset_secret, self.host_cid)
        for limit, count in (
            (self._local_max_streams_bidi, 0 if self._is_client else 1),
            (self._local_max_streams_uni, 0),
        ):
            limit.value = limit.sent = count

    @property
    def termination(self) -> ConnectionTerminated | None:
        """How the connection ends, as soon as either side says so; None while it lives."""
        return self._close_event

    @property
    def stream_bytes_held(self) -> int:
        """Stream bytes that the peer has not acknowledged yet, sent or not."""
        stream = self._streams.get(STREAM)
        return stream.sender._buffer_stop - stream.sender._buffer_start if stream else 0

    @property
    def stream_bytes_unsent(self) -> int:
        """Stream bytes that no packet has taken along yet."""
        stream = self._streams.get(STREAM)
        return stream.sender._buffer_stop - stream.sender.highest_offset if stream else 0

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
        return super().datagrams_to_send(now)

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

    def handle_read(self, read_bytes: int) -> bool:
        """So many stream bytes were read since the beginning; returns whether the peer should be told."""
        self._read_bytes = read_bytes
        return self._credit - self._local_max_data.sent >= _CREDIT_STEP_BYTES

    @property
    def _credit(self) -> int:
        return self._read_bytes + QUIC_RECEIVE_WINDOW_BYTES

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        """MAX_DATA as far as was read; a lost one leaves `sent` at 0 and is said again; no promise is taken back."""
        limit = self._local_max_data
        if self._credit - limit.sent >= _CREDIT_STEP_BYTES:
            buffer = builder.start_frame(
                limit.frame_type,
                capacity=CONNECTION_LIMIT_FRAME_CAPACITY,
                handler=self._on_connection_limit_delivery,
                handler_args=(limit,),
            )
            limit.value = limit.sent = max(limit.value, self._credit)
            buffer.push_uint_var(limit.value)

    def _write_stream_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream) -> None:
        """MAX_STREAM_DATA as far as was read, on the one stream that there is."""
        if stream.stream_id == STREAM and self._credit - stream.max_stream_data_local_sent >= _CREDIT_STEP_BYTES:
            buffer = builder.start_frame(
                QuicFrameType.MAX_STREAM_DATA,
                capacity=MAX_STREAM_DATA_FRAME_CAPACITY,
                handler=self._on_max_stream_data_delivery,
                handler_args=(stream,),
            )
            stream.max_stream_data_local = max(stream.max_stream_data_local, self._credit)
            stream.max_stream_data_local_sent = stream.max_stream_data_local
            buffer.push_uint_var(stream.stream_id)
            buffer.push_uint_var(stream.max_stream_data_local)


def reset_secret_of(configuration: QuicConfiguration) -> bytes:
    """A secret that a room has again after it was started anew with the same key."""
    encoding, form, encryption = Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    return hashlib.blake2b(configuration.private_key.private_bytes(encoding, form, encryption), digest_size=32).digest()


def reset_token(secret: bytes, connection_id: bytes) -> bytes:
    """What ends the connection of that id for a participant who is shown it."""
    return hashlib.blake2b(connection_id, key=secret, digest_size=16).digest()


def stateless_reset(secret: bytes, packet: bytes) -> bytes:
    """The answer to a packet of an unknown connection; empty where it would not be shorter (RFC 9000, 10.3.3)."""
    size = min(len(packet) - 1, _RESET_BYTES)
    if size < _RESET_BYTES_MIN:
        return b""
    noise = os.urandom(size - 16)
    first = bytes((0x40 | noise[0] & 0x3F,))
    return first + noise[1:] + reset_token(secret, packet[1 : 1 + CONNECTION_ID_BYTES])


def refusal(header: QuicHeader, error_code: QuicErrorCode = QuicErrorCode.CONNECTION_REFUSED) -> Sequence[bytes]:
    """What closes a connection that was only asked for, without keeping anything of it (RFC 9000, 10.2.3)."""
    assert header.version is not None
    crypto = CryptoPair()
    crypto.setup_initial(cid=header.destination_cid, is_client=False, version=header.version)
    builder = QuicPacketBuilder(
        host_cid=header.destination_cid,
        is_client=False,
        max_datagram_size=SMALLEST_MAX_DATAGRAM_SIZE,
        peer_cid=header.source_cid,
        version=header.version,
    )
    builder.start_packet(QuicPacketType.INITIAL, crypto)
    buffer = builder.start_frame(QuicFrameType.TRANSPORT_CLOSE, capacity=TRANSPORT_CLOSE_FRAME_CAPACITY)
    buffer.push_uint_var(error_code)
    buffer.push_uint_var(QuicFrameType.PADDING)
    buffer.push_uint_var(0)
    datagrams, _ = builder.flush()
    return datagrams
