"""Who speaks in the vectors, and how a struct is written there."""

from typing import Any

import msgspec
from msgspec import inspect as types

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName
from theta.commands.identity import Identity
from theta.commands.registry import Payload, encode_payload
from theta.replication.presence import HEAD_VALID, LEFT_VALID, RAY_VALID, RIGHT_VALID, Presence
from theta.session.secret import RoomSecret
from theta.wire import messages as wire

UNIX_MS = 1_700_000_000_000
NO_TURN = (0.0, 0.0, 0.0, 1.0)
ONE = (1.0, 1.0, 1.0)

ROOM_SEED = bytes(range(32))
ANNA_SEED = bytes(range(32, 64))
BEN_SEED = bytes(range(64, 96))
ANNA = Identity.from_seed(ANNA_SEED)
BEN = Identity.from_seed(BEN_SEED)
SECRET = RoomSecret(ROOM_SEED)


def run_of(start: int, count: int) -> bytes:
    """`count` bytes that count up from `start`."""
    return bytes((start + index) % 256 for index in range(count))


ANNA_INSTANCE, ANNA_OTHER_INSTANCE, BEN_INSTANCE = run_of(1, 16), run_of(2, 16), run_of(3, 16)
ANNA_ACTOR = ids.actor_of(ANNA.public_key, ANNA_INSTANCE)
ANNA_OTHER_ACTOR = ids.actor_of(ANNA.public_key, ANNA_OTHER_INSTANCE)
BEN_ACTOR = ids.actor_of(BEN.public_key, BEN_INSTANCE)
CUBE = CommandName(ANNA_ACTOR, 1)


def envelope(number: int, lamport: int, gesture: int, operation: Payload) -> wire.CommandEnvelope:
    """A command as a body holds it."""
    return wire.CommandEnvelope(
        number, lamport, gesture, ids.signed_name_id(operation.NAME), operation.VERSION, encode_payload(operation)
    )


def presence() -> Presence:
    """A row with everything in it."""
    return Presence(
        ANNA_ACTOR,
        7,
        HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID,
        2,
        2,
        3,
        (1.0, 2.0, 3.0),
        (0.0, 0.5, 0.0, 0.75),
        (0.25, 1.5, -1.0),
        (0.0, 0.0, -1.0),
        ids.entity_id(CUBE),
        ids.element_id(CUBE, "cube.face", (), 3),
        (-0.25, 1.0, -0.5),
        (0.5, 0.0, 0.0, 0.75),
        (0.25, 1.25, -0.5),
        (0.0, 0.0, 0.5, 0.75),
        (0.125, -0.5, 2.0),
    )


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields by name: bytes as hex, 64-bit integers as decimal strings, structs as objects."""
    return {
        field.name: plain_field(getattr(value, field.name), types.type_info(field.type))
        for field in msgspec.structs.fields(value)
    }


def plain_field(value: Any, info: types.Type) -> Any:
    """A field's value as `plain` writes it."""
    if isinstance(info, types.StructType):
        return plain(value)
    if isinstance(info, types.ListType):
        return [plain_field(each, info.item_type) for each in value]
    if isinstance(info, types.TupleType):
        return list(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(info, types.IntType) and (info.le is None or info.le > 2**53):
        return str(value)
    return value
