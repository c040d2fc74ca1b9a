"""What every message is: an array-like struct, tagged by the SipHash-2-4 of its canonical name, or shortly (WIRE-1)."""

import msgspec

from theta.base.identifiers import signed_name_id

SHORT_TAGS = {"StateFrame": 1, "StateAck": 2, "OwnedState": 3, "PresenceUpdate": 4, "PresenceBatch": 5}
"""Of what goes in datagrams, many a second: one byte instead of nine. A hash is below 128 once in 2^57 names."""


def canonical_name(type_name: str) -> str:
    """The name whose hash tags a message: `theta.` and the struct's name."""
    return f"theta.{type_name}"


def tag_of(type_name: str) -> int:
    """A message's tag, i64: its name's hash, unless it has a short one."""
    return SHORT_TAGS.get(type_name) or signed_name_id(canonical_name(type_name))


class Message(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    gc=False,
    forbid_unknown_fields=True,
    tag=tag_of,
):
    """Base of all messages: `[tag, field, field, …]` in MessagePack, no field more (WIRE-1)."""


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False, forbid_unknown_fields=True):
    """Base of what messages are made of: `[field, field, …]`, no tag, no field more (WIRE-1)."""
