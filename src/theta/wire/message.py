"""What every message is: an array-like struct, tagged by the SipHash-2-4 of its canonical name (WIRE-1)."""

import msgspec

from theta.base.identifiers import signed_name_id


def canonical_name(type_name: str) -> str:
    """The name whose hash tags a message: `theta.` and the struct's name."""
    return f"theta.{type_name}"


class Message(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    gc=False,
    forbid_unknown_fields=True,
    tag=lambda name: signed_name_id(canonical_name(name)),
):
    """Base of all messages: `[tag, field, field, …]` in MessagePack, no field more (WIRE-1)."""


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False, forbid_unknown_fields=True):
    """Base of what messages are made of: `[field, field, …]`, no tag, no field more (WIRE-1)."""
