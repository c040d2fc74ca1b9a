"""What a fold begins with, beside its units, as bytes: masks, stacks and where old gestures act (LOG-29)."""

import msgspec

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, Position
from theta.editor.fold_base import FoldBase, Reach
from theta.editor.masks import Mask, OwnedGesture
from theta.editor.stacks import Stacks, Step


class _StoredStacks(msgspec.Struct, array_like=True, frozen=True):
    author: bytes
    undo: list[CommandName]
    redo: list[Step]
    off: list[CommandName]


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    position: Position
    masks: list[tuple[OwnedGesture, Mask]]
    stacks: list[_StoredStacks]
    reaches: list[tuple[CommandName, Reach]]
    numbers: list[tuple[int, int]]
    left_out: list[CommandName]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)


def base_bytes(base: FoldBase) -> bytes:
    """All that a base says, the same bytes for the same."""
    stacks = [
        _StoredStacks(author, list(each.undo), list(each.redo), sorted(each.off))
        for author, each in sorted(base.stacks.items())
    ]
    stored = _Stored(
        base.position,
        sorted(base.masks.items()),
        stacks,
        sorted(base.reaches.items()),
        sorted(base.numbers.items()),
        sorted(base.left_out),
    )
    return _ENCODER.encode(stored)


def base_of_bytes(data: bytes) -> FoldBase:
    """The base that `base_bytes` was given.

    Raises:
        InvalidValue: not the bytes of one.
    """
    try:
        stored = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise InvalidValue("fold base", str(error), "what one was written as") from error
    return FoldBase(
        stored.position,
        dict(stored.masks),
        {each.author: _stacks(each) for each in stored.stacks},
        dict(stored.reaches),
        dict(stored.numbers),
        frozenset(stored.left_out),
    )


def _stacks(stored: _StoredStacks) -> Stacks:
    stacks = Stacks()
    stacks.undo = dict.fromkeys(stored.undo)
    stacks.redo = stored.redo
    stacks.off = set(stored.off)
    return stacks
