"""What a room answers to strangers without keeping anything of them: resets, refusals, versions and retries."""

import hashlib
import os
from collections.abc import Sequence

from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE, QuicConfiguration
from aioquic.quic.connection import TRANSPORT_CLOSE_FRAME_CAPACITY, NetworkAddress
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicFrameType,
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
)
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.retry import QuicRetryTokenHandler
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CONNECTION_ID_BYTES = 8
_RESET_BYTES_MIN, _RESET_BYTES = 21, 41


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


def versions(header: QuicHeader, supported: list[int]) -> bytes:
    """What says which versions there are to somebody who speaks another (RFC 9000, 6.1)."""
    return encode_quic_version_negotiation(
        source_cid=header.destination_cid, destination_cid=header.source_cid, supported_versions=supported
    )


def retry(header: QuicHeader, tokens: QuicRetryTokenHandler, sender: NetworkAddress, now: float) -> bytes:
    """What asks for the same again with a token, which only who is at `sender` gets to see (RFC 9000, 8.1.2)."""
    assert header.version is not None
    identifier = os.urandom(CONNECTION_ID_BYTES)
    token = tokens.create_token(
        address=sender,
        original_destination_connection_id=header.destination_cid,
        retry_source_connection_id=identifier,
        now=now,
    )
    return encode_quic_retry(
        version=header.version,
        source_cid=identifier,
        destination_cid=header.source_cid,
        original_destination_cid=header.destination_cid,
        retry_token=token,
    )
