"""A signed packet: its body, and the digest that its one signature covers (CMD-3, CMD-4)."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from operator import le, lt
from types import GenericAlias
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from theta.base.identifiers import MAIN_BRANCH, empty_blake2b
from theta.base.limits import DIGEST_BYTES, PACKET_BYTES_MAX, PACKET_COMMANDS_MAX, U64_MAX
from theta.commands.identity import Identity
from theta.commands.refusals import BadPayload, PacketTooLarge
from theta.wire.messages import CommandEnvelope, PacketBody, Part, SubmitPacket
from theta.wire.types import I64, U32, U64

_encoder = msgspec.msgpack.Encoder()
_NUMBERS = struct.Struct("<QQ")
_Literal: Any = Literal


class _Rows(Part, frozen=True):
    """A body whose commands are plain rows: transposing them is cheaper than asking each for its fields."""

    timestamp_ms: U64
    commands: list[tuple[U64, U64, U64, I64, U32, msgspec.Raw]]


RowsDecoder: TypeAlias = msgspec.msgpack.Decoder[Any]
_body_decoder: RowsDecoder = msgspec.msgpack.Decoder(_Rows)
_envelopes_decoder: RowsDecoder = msgspec.msgpack.Decoder(PacketBody)
_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)


class ParsedBody(msgspec.Struct, frozen=True, gc=False):
    """What a packet holds, by columns: each has an entry for every command.

    Of commands that are all of one kind (`is_uniform`), `payloads` may be decoded already (`is_decoded`). `is_rising`
    when numbers and Lamport times rise strictly from one command to the next.
    """

    timestamp_ms: int
    numbers: tuple[int, ...]
    lamports: tuple[int, ...]
    gestures: tuple[int, ...]
    type_ids: tuple[int, ...]
    versions: tuple[int, ...]
    payloads: tuple[Any, ...]
    is_uniform: bool
    is_decoded: bool
    is_rising: bool

    def envelopes(self) -> Iterator[CommandEnvelope]:
        """The commands one by one, whose payloads are not decoded."""
        assert not self.is_decoded
        rows = (self.numbers, self.lamports, self.gestures, self.type_ids, self.versions, self.payloads)
        return map(CommandEnvelope, *rows)


class SigningDomain(NamedTuple):
    """Where a packet is valid and nowhere else; all 16 bytes but the actor (u64)."""

    server: bytes
    room: bytes
    session: bytes
    actor: int
    branch: bytes = MAIN_BRANCH


def packet_digest(domain: SigningDomain, nonce: int, seen: int, chain: bytes, body: bytes) -> bytes:
    """The 32 bytes that a packet's signature covers (CMD-4)."""
    return digest_from(domain_hash(domain), nonce, seen, chain, body)


def domain_hash(domain: SigningDomain) -> "hashlib.blake2b":
    """What all digests of a domain begin with; `digest_from` takes it, and leaves it as it is."""
    digest = empty_blake2b("theta-packet", DIGEST_BYTES).copy()
    actor = domain.actor.to_bytes(8, "little")
    digest.update(b"".join((domain.server, domain.room, domain.branch, domain.session, actor)))
    return digest


def digest_from(begun: "hashlib.blake2b", nonce: int, seen: int, chain: bytes, body: bytes) -> bytes:
    """The rest of `packet_digest`."""
    digest = begun.copy()
    digest.update(_NUMBERS.pack(nonce, seen) + chain + body)
    return digest.digest()


def encode_body(timestamp_ms: int, commands: Sequence[CommandEnvelope]) -> bytes:
    """A packet's body.

    Raises:
        PacketTooLarge: over PACKET_COMMANDS_MAX commands or PACKET_BYTES_MAX bytes.
    """
    body = _encoder.encode(PacketBody(timestamp_ms, list(commands)))
    check_size(body, len(commands))
    return body


def parse_body(body: bytes, uniform: RowsDecoder | None = None) -> ParsedBody:
    """What a packet holds, by columns.

    Args:
        body: as sent.
        uniform: reads bodies whose commands are all of one kind, with their payloads; tried first.

    Raises:
        PacketTooLarge: as in encode_body.
        BadPayload: not a body, a number over 2^64 - 1, or a gesture that begins after its command.
    """
    if len(body) > PACKET_BYTES_MAX:
        check_size(body, 0)
    try:
        decoded = uniform.decode(body) if uniform is not None else None
    except _FAULTS:
        decoded = None
    is_decoded = decoded is not None
    if decoded is None:
        decoded = _decode(body, _body_decoder)
    rows, timestamp_ms = decoded.commands, decoded.timestamp_ms
    count = len(rows)
    if count == 1:
        number, lamport, gesture, type_id, version, payload = rows[0]
        if not 0 < gesture <= number:
            _check_gesture(gesture, number)
        one = ((number,), (lamport,), (gesture,), (type_id,), (version,), (payload,))
        return ParsedBody(timestamp_ms, *one, True, is_decoded, True)
    if not 1 <= count <= PACKET_COMMANDS_MAX:
        _check_count(body, count)
    numbers, lamports, gestures, type_ids, versions, payloads = zip(*rows, strict=True)
    is_rising = _rises(numbers) and _rises(lamports)
    is_one_by_one = is_rising and gestures == numbers and numbers[0]
    if not is_one_by_one and (0 in gestures or not all(map(le, gestures, numbers))):
        for gesture, number in zip(gestures, numbers, strict=True):
            _check_gesture(gesture, number)
    is_uniform = is_decoded or (type_ids.count(type_ids[0]) == count and versions.count(versions[0]) == count)
    columns = (numbers, lamports, gestures, type_ids, versions, payloads)
    return ParsedBody(timestamp_ms, *columns, is_uniform, is_decoded, is_rising)


def _rises(values: tuple[int, ...]) -> bool:
    """Whether each is above the one before; nearly always by one, which takes half as long to see."""
    first, last = values[0], values[-1]
    if last - first == len(values) - 1 and values == tuple(range(first, last + 1)):
        return True
    return all(map(lt, values, values[1:]))


def rows_decoder(type_id: int, version: int, payload_type: type[Any]) -> RowsDecoder:
    """What `parse_body` takes for a kind of command."""
    row = GenericAlias(tuple, (U64, U64, U64, _Literal[type_id], _Literal[version], payload_type))
    fields = [("timestamp_ms", U64), ("commands", GenericAlias(list, (row,)))]
    rows = msgspec.defstruct("_UniformRows", fields, bases=(Part,), frozen=True)
    return msgspec.msgpack.Decoder(rows)


def decode_body(body: bytes) -> PacketBody:
    """What a packet holds, command by command.

    Raises:
        PacketTooLarge, BadPayload: as in parse_body.
    """
    check_size(body, 0)
    decoded: PacketBody = _decode(body, _envelopes_decoder)
    _check_count(body, len(decoded.commands))
    for envelope in decoded.commands:
        _check_gesture(envelope.gesture, envelope.number)
    return decoded


def _decode(body: bytes, decoder: RowsDecoder) -> Any:
    try:
        return decoder.decode(body)
    except _FAULTS as error:
        raise BadPayload(f"body: {error}") from error


def _check_count(body: bytes, count: int) -> None:
    check_size(body, count)
    if not count:
        raise BadPayload("body: a packet holds at least 1 command")


def _check_gesture(gesture: int, number: int) -> None:
    if not 1 <= gesture <= number:
        raise BadPayload(f"gesture: {gesture} of command {number} begins after it")


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
    return SubmitPacket(nonce, seen, chain, domain.branch, identity.sign(digest), body)
