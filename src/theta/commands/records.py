"""The log's records and the chain that binds them: spec/log.md (LOG-1 … LOG-8)."""

import struct
from enum import IntEnum
from typing import TypeVar

import msgspec

from theta.base.identifiers import MAIN_BRANCH, blake2b_256, empty_blake2b
from theta.base.limits import DIGEST_BYTES
from theta.commands.identity import Identity, is_signed_by
from theta.commands.store import StoredRecord
from theta.wire.messages import Part
from theta.wire.types import U32, U64, Digest32, Id16, PersonName, PublicKey, RoleName, Signature

FORMAT_VERSION = 1
CHAIN_START = bytes(32)

_encoder = msgspec.msgpack.Encoder()
_empty_chain = empty_blake2b("theta-chain", DIGEST_BYTES)
_PLACE = struct.Struct("<QB")
_astuple = msgspec.structs.astuple

AnyPart = TypeVar("AnyPart", bound=Part)


class RecordKind(IntEnum):
    """What a record is; the number is what the file holds."""

    GENESIS = 0
    SESSION = 1
    PACKET = 2
    HEAD = 3
    FRONTIER = 4
    BASE = 5


class Genesis(Part, frozen=True):
    """The first record: which room this is, and whose."""

    format_version: U32
    server: Id16
    room: Id16
    room_key: PublicKey
    owner: PublicKey
    created_ms: U64
    name: str


class SessionRecord(Part, frozen=True):
    """Who speaks in a session. A packet names the session only."""

    session: Id16
    author: PublicKey
    actor: U64
    instance: Id16
    role: RoleName
    name: PersonName
    at_ms: U64


class PacketRecord(Part, frozen=True):
    """A packet as it was signed and admitted."""

    session: Id16
    actor: U64
    nonce: U64
    seen: U64
    chain: Digest32
    signature: Signature
    admitted_ms: U64
    body: bytes
    branch: Id16 = MAIN_BRANCH


class HeadRecord(Part, frozen=True):
    """The room's word for the log up to record `seq`, and for what it folds to."""

    seq: U64
    chain: Digest32
    document_hash: Id16
    at_ms: U64


class FrontierRecord(Part, frozen=True):
    """From here on, packets must have seen record `seq` and stand above Lamport time `lamport`, the highest by then."""

    lamport: U64
    seq: U64
    at_ms: U64


class BaseRecord(Part, frozen=True):
    """The first record of a compacted log: which room's it is, and what its records up to `seq` came to.

    `chain`, `lamport` and `document_hash` are those at record `seq`; `checkpoint` is the digest of what stands in for
    the records that were dropped.
    """

    format_version: U32
    server: Id16
    room: Id16
    room_key: PublicKey
    owner: PublicKey
    created_ms: U64
    name: str
    seq: U64
    chain: Digest32
    lamport: U64
    document_hash: Id16
    checkpoint: Digest32
    at_ms: U64


class Signed(Part, frozen=True):
    """Bytes and the room's signature over them, kept verbatim."""

    content: bytes
    signature: Signature


class BadRecord(ValueError):
    """A record's bytes are not what its kind demands."""


def chain_after(chain: bytes, seq: int, kind: int, body: bytes) -> bytes:
    """The chain hash at record `seq`, from the one before (LOG-2)."""
    digest = _empty_chain.copy()
    digest.update(chain + _PLACE.pack(seq, kind) + body)
    return digest.digest()


def make_record(previous: bytes, seq: int, kind: RecordKind, body: bytes) -> StoredRecord:
    """Record number `seq` of a log whose chain stands at `previous`."""
    return StoredRecord(seq, int(kind), body, chain_after(previous, seq, kind, body))


def encode(part: Part) -> bytes:
    """A part's MessagePack. A packet record on the main branch is written without its branch, as it always was."""
    if type(part) is PacketRecord and part.branch == MAIN_BRANCH:
        return _encoder.encode(_astuple(part)[:-1])
    return _encoder.encode(part)


def decode(kind: type[AnyPart], body: bytes) -> AnyPart:
    """The part in `body`.

    Raises:
        BadRecord: it is none.
    """
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise BadRecord(f"not a {kind.__name__}: {error}") from error


def sign_genesis(identity: Identity, genesis: Genesis) -> bytes:
    """A genesis record's body (LOG-3)."""
    return _sign(identity, "theta-genesis", genesis)


def read_genesis(body: bytes) -> Genesis:
    """The genesis in a record's body, its signature checked against the key it names."""
    return _read_signed(Genesis, "theta-genesis", body)


def sign_base(identity: Identity, base: BaseRecord) -> bytes:
    """A base record's body."""
    return _sign(identity, "theta-base", base)


def read_base(body: bytes) -> BaseRecord:
    """The base in a record's body, its signature checked against the key it names."""
    return _read_signed(BaseRecord, "theta-base", body)


def sign_part(identity: Identity, genesis: Genesis, part: SessionRecord | HeadRecord | FrontierRecord) -> bytes:
    """A session, head or frontier record's body, signed by the room (LOG-4, LOG-6, LOG-12)."""
    content = encode(part)
    return encode(Signed(content, identity.sign(_part_digest(type(part), genesis, content))))


RoomsPart = TypeVar("RoomsPart", SessionRecord, HeadRecord, FrontierRecord)
_DOMAINS: dict[type[Part], str] = {
    SessionRecord: "theta-session",
    HeadRecord: "theta-head",
    FrontierRecord: "theta-frontier",
}


def read_part(kind: type[RoomsPart], genesis: Genesis, body: bytes) -> RoomsPart:
    """The session, head or frontier in a record's body, its signature checked."""
    signed = decode(Signed, body)
    if not is_signed_by(genesis.room_key, _part_digest(kind, genesis, signed.content), signed.signature):
        raise BadRecord(f"the {kind.__name__} is not signed by the room's key")
    return decode(kind, signed.content)


def _part_digest(kind: type[Part], genesis: Genesis, content: bytes) -> bytes:
    return blake2b_256(_DOMAINS[kind], genesis.server, genesis.room, content)


def _sign(identity: Identity, domain: str, part: Genesis | BaseRecord) -> bytes:
    content = encode(part)
    return encode(Signed(content, identity.sign(blake2b_256(domain, content))))


GenesisOrBase = TypeVar("GenesisOrBase", Genesis, BaseRecord)


def _read_signed(kind: type[GenesisOrBase], domain: str, body: bytes) -> GenesisOrBase:
    signed = decode(Signed, body)
    part = decode(kind, signed.content)
    if not is_signed_by(part.room_key, blake2b_256(domain, signed.content), signed.signature):
        raise BadRecord(f"the {domain.removeprefix('theta-')} is not signed by the room's key")
    return part
