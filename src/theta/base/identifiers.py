"""Names and ids, and the hashes that make them: spec/identity.md (ID-1 … ID-8).

An *author* is an Ed25519 public key. An *actor* is an author in one running program. A command's name is
(actor, number), and everything that a command makes takes its id from that name, so that ids agree on every
peer without asking anybody.
"""

import hashlib
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from nacl.encoding import RawEncoder
from nacl.hash import siphash24

from theta.base.limits import IDENTIFIER_BYTES, INSTANCE_BYTES, PUBLIC_KEY_BYTES

SIPHASH_KEY = b"theta names v1\0\0"
ZERO_ID = bytes(IDENTIFIER_BYTES)
_NAME = struct.Struct("<QQ")
# Copying a hash that has its parameters takes half the time of making one.
_ONE_ID = hashlib.blake2b(digest_size=IDENTIFIER_BYTES, person=b"theta-element")
_THREE_IDS = hashlib.blake2b(digest_size=3 * IDENTIFIER_BYTES, person=b"theta-element")
MAIN_BRANCH = ZERO_ID


class CommandName(NamedTuple):
    """A command's name for ever: the actor (u64) and that actor's count of commands, from 1 (u64)."""

    actor: int
    number: int


class Position(NamedTuple):
    """A command's place in the fold; compares in fold order."""

    lamport: int
    actor: int
    number: int


def blake2b_256(domain: str, *parts: bytes) -> bytes:
    """32-byte BLAKE2b (RFC 7693) of the parts' concatenation, personalised by `domain` (at most 16 ASCII bytes)."""
    return _blake2b(domain, parts, 32)


def blake2b_128(domain: str, *parts: bytes) -> bytes:
    """16-byte BLAKE2b (RFC 7693) of the parts' concatenation, personalised by `domain` (at most 16 ASCII bytes)."""
    return _blake2b(domain, parts, 16)


def keyed_blake2b_128(key: bytes, domain: str, *parts: bytes) -> bytes:
    """16-byte keyed BLAKE2b, a MAC; `key` is at most 64 bytes."""
    digest = hashlib.blake2b(digest_size=16, key=key, person=domain.encode("ascii"))
    for part in parts:
        digest.update(part)
    return digest.digest()


def actor_of(public_key: bytes, instance: bytes) -> int:
    """The actor (u64) of an author's key in one running program (ID-2).

    Args:
        public_key: 32 bytes.
        instance: 16 random bytes, new at every start.
    """
    assert len(public_key) == PUBLIC_KEY_BYTES
    assert len(instance) == INSTANCE_BYTES
    digest = hashlib.blake2b(public_key + instance, digest_size=8, person=b"theta-actor")
    return int.from_bytes(digest.digest(), "little")


def element_id(name: CommandName, role: str, parents: Sequence[bytes] = (), ordinal: int = 0) -> bytes:
    """The 16-byte id of something that the command `name` makes (ID-4).

    Args:
        name: the command that makes it.
        role: what it is in the operation, ASCII, for example "cube.vertex" or "extrude.side".
        parents: 16-byte ids of the elements it stems from, in the operation's written order.
        ordinal: tells apart what role and parents leave equal, u32.
    """
    return hashed_id(b"".join((name_bytes(name), role_bytes(role, ordinal), *parents)))


def hashed_id(data: bytes) -> bytes:
    """`element_id` of `name_bytes(name)`, `role_bytes(role, ordinal)` and the parents, one after the other."""
    digest = _ONE_ID.copy()
    digest.update(data)
    return digest.digest()


def three_ids(name: CommandName, data: bytes) -> bytes:
    """Three ids, one after the other, by one hash (ID-10).

    Args:
        name: the command that makes them.
        data: `role_bytes(role, ordinal)` and the parents, one after the other.
    """
    digest = _THREE_IDS.copy()
    digest.update(_NAME.pack(name.actor, name.number) + data)
    return digest.digest()


def name_bytes(name: CommandName) -> bytes:
    """What of an element's id stems from the command: actor u64, number u64."""
    return _NAME.pack(name.actor, name.number)


@lru_cache(maxsize=1024)
def role_bytes(role: str, ordinal: int = 0) -> bytes:
    """What of an element's id stems from its role: its length u8, the role in ASCII, ordinal u32."""
    raw = role.encode("ascii")
    return bytes((len(raw),)) + raw + ordinal.to_bytes(4, "little")


def element_ids(name: CommandName, role: str, count: int) -> bytes:
    """`element_id` without parents of the ordinals 0 … count - 1, one after the other: 16 bytes each."""
    begin = name_bytes(name) + role_bytes(role)[:-4]
    prefix = hashlib.blake2b(begin, digest_size=16, person=b"theta-element")
    ids = []
    for ordinal in range(count):
        digest = prefix.copy()
        digest.update(ordinal.to_bytes(4, "little"))
        ids.append(digest.digest())
    return b"".join(ids)


def entity_id(name: CommandName, ordinal: int = 0) -> bytes:
    """The 16-byte id of the entity that the command `name` makes (ID-5)."""
    return element_id(name, "entity", (), ordinal)


def name_id(canonical_name: str) -> int:
    """SipHash-2-4 of a component's, message's or command's canonical name (u64) (ID-6)."""
    digest: bytes = siphash24(canonical_name.encode("utf-8"), key=SIPHASH_KEY, encoder=RawEncoder)
    return int.from_bytes(digest, "little")


def signed_name_id(canonical_name: str) -> int:
    """`name_id` read as two's complement (i64): the form that a msgspec tag can hold."""
    value = name_id(canonical_name)
    return value - (1 << 64) if value >> 63 else value


def _blake2b(domain: str, parts: Sequence[bytes], size: int) -> bytes:
    digest = empty_blake2b(domain, size).copy()
    for part in parts:
        digest.update(part)
    return digest.digest()


@lru_cache(maxsize=128)
def empty_blake2b(domain: str, size: int) -> "hashlib.blake2b":
    """A BLAKE2b of `size` bytes, personalised by `domain`, that has hashed nothing: copy it, don't update it."""
    return hashlib.blake2b(digest_size=size, person=domain.encode("ascii"))
