"""The protocol's manifest: every message, command and component by name and shape, and the hash of it all (WIRE-3).

The manifest is committed as spec/manifest.json; two sides whose hashes differ do not speak the same language.
"""

import json
from functools import cache
from typing import Any

import msgspec

from theta.base.identifiers import blake2b_128, name_id
from theta.base.version import VERSION
from theta.commands.registry import CommandRegistry
from theta.ecs.component import component_type
from theta.editor.components import DOCUMENT_COMPONENTS, MESH_CONTENT, MESH_REDIRECTS
from theta.editor.vocabulary import OPERATIONS
from theta.node.lanes import LANES
from theta.replication.presence import Presence
from theta.session.upgrading import Protocol
from theta.wire.messages import PROTOCOL_VERSION, Message, canonical_name
from theta.wire.planes import FROM_PARTICIPANT, FROM_ROOM, PLANES

REGISTRY = CommandRegistry(OPERATIONS)


_MESSAGES: list[type[Message]] = sorted({*FROM_PARTICIPANT, *FROM_ROOM}, key=lambda message: message.__name__)


def manifest() -> dict[str, Any]:
    """What both sides must have in common, as plain data."""
    return {
        "protocol_version": PROTOCOL_VERSION,
        "messages": {
            canonical_name(message.__name__): {
                "plane": PLANES[message],
                "lane": LANES[message].value,
                "fields": _fields(message),
            }
            for message in _MESSAGES
        },
        "commands": {f"{operation.NAME}@{operation.VERSION}": _fields(operation) for operation in OPERATIONS},
        "components": [component_type(declared).descriptor() for declared in (*DOCUMENT_COMPONENTS, Presence)],
        "content": {name: f"{name_id(name):016x}" for name in (MESH_CONTENT, MESH_REDIRECTS)},
    }


def manifest_bytes() -> bytes:
    """The manifest as canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(manifest(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


@cache
def protocol_hash() -> bytes:
    """16 bytes; compared in the handshake."""
    return blake2b_128("theta-manifest", manifest_bytes())


@cache
def protocol() -> Protocol:
    """What this Theta speaks, as both sides say it in the handshake."""
    return Protocol(PROTOCOL_VERSION, protocol_hash(), VERSION)


def _fields(struct: type[msgspec.Struct]) -> list[list[Any]]:
    """Name and shape of each field, with the structs inside spelled out."""
    return [[field.name, _shape(msgspec.inspect.type_info(field.type))] for field in msgspec.structs.fields(struct)]


def _shape(info: msgspec.inspect.Type) -> Any:
    """A type as plain data: its kind, its bounds, and what it holds."""
    if isinstance(info, msgspec.inspect.StructType):
        return {info.cls.__name__: _fields(info.cls)}
    bounds = {
        key: getattr(info, key)
        for key in ("ge", "le", "min_length", "max_length")
        if getattr(info, key, None) is not None
    }
    inner: Any = None
    if isinstance(info, msgspec.inspect.ListType):
        inner = _shape(info.item_type)
    elif isinstance(info, msgspec.inspect.TupleType):
        inner = [_shape(item) for item in info.item_types]
    elif isinstance(info, msgspec.inspect.LiteralType):
        inner = list(info.values)
    return [type(info).__name__, bounds, inner]
