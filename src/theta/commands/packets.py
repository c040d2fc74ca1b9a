"""A signed packet: its body, and the digest that its one signature covers (CMD-3, CMD-4)."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from theta.base.identifiers import MAIN_BRANCH, blake2b_256
from theta.base.limits import PACKET_BYTES_MAX, PACKET_COMMANDS_MAX, U64_MAX
from theta.commands.identity import Identity
from theta.commands.refusals import BadPayload, PacketTooLarge
from theta.wire.messages import CommandEnvelope, PacketBody, SubmitPacket

_encoder = msgspec.msgpack.Encoder()
_body_decoder = msgspec.msgpack.Decoder(PacketBody)


class SigningDomain(NamedTuple):
    """Where a packet is valid and nowhere else; all 16 bytes but the actor (u64)."""

    server: bytes
    room: bytes
    session: bytes
    actor: int
    branch: bytes = MAIN_BRANCH


def packet_digest(domain: SigningDomain, nonce: int, seen: int, chain: bytes, body: bytes) -> bytes:
    """The 32 bytes that a packet's signature covers (CMD-4)."""
    return blake2b_256(
        "theta-packet",
        domain.server,
        domain.room,
        domain.branch,
        domain.session,
        domain.actor.to_bytes(8, "little"),
        nonce.to_bytes(8, "little"),
        seen.to_bytes(8, "little"),
        chain,
        body,
    )


def encode_body(timestamp_ms: int, commands: Sequence[CommandEnvelope]) -> bytes:
    """A packet's body.

    Raises:
        PacketTooLarge: over PACKET_COMMANDS_MAX commands or PACKET_BYTES_MAX bytes.
    """
    body = _encoder.encode(PacketBody(timestamp_ms, list(commands)))
    check_size(body, len(commands))
    return body


def decode_body(body: bytes) -> PacketBody:
    """What a packet holds.

    Raises:
        PacketTooLarge: as in encode_body.
        BadPayload: not a body, a number over 2^64 - 1, or a gesture that begins after its command.
    """
    check_size(body, 0)
    try:
        decoded = _body_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise BadPayload(f"body: {error}") from error
    check_size(body, len(decoded.commands))
    if not decoded.commands:
        raise BadPayload("body: a packet holds at least 1 command")
    for envelope in decoded.commands:
        if not 1 <= envelope.gesture <= envelope.number:
            raise BadPayload(f"gesture: {envelope.gesture} of command {envelope.number} begins after it")
    return decoded


def check_size(body: bytes, commands: int) -> None:
    """Refuse a body over its limits."""
    if len(body) > PACKET_BYTES_MAX:
        raise PacketTooLarge(f"a body of {len(body)} bytes is over the limit of {PACKET_BYTES_MAX}")
    if commands > PACKET_COMMANDS_MAX:
        raise PacketTooLarge(f"{commands} commands are over the limit of {PACKET_COMMANDS_MAX} a packet")


def sign_packet(
    identity: Identity, domain: SigningDomain, nonce: int, seen: int, chain: bytes, body: bytes
) -> SubmitPacket:
    """The packet as sent."""
    assert 0 < nonce <= U64_MAX
    digest = packet_digest(domain, nonce, seen, chain, body)
    return SubmitPacket(nonce, seen, chain, identity.sign(digest), body)
