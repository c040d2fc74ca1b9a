"""A checkpoint as a stream of frames, cut into parts of at most CHECKPOINT_PART_BYTES_MAX: spec/log.md, LOG-29."""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import CHECKPOINT_PART_BYTES_MAX

_HEAD = struct.Struct("<BQ")


class FrameKind(IntEnum):
    """What a frame holds; the number is what is stored."""

    HEADER = 0
    LOG_INDEX = 1
    HISTORY = 2
    ENTITY_RECORDS = 3
    UNIT = 4
    END = 5
    SWITCHES = 6
    HEAD = 7
    FLOOR = 8
    BRANCH = 9
    SHARED = 10


class Frame(NamedTuple):
    """One piece of a checkpoint."""

    kind: FrameKind
    data: bytes


class PartCutter:
    """Takes frames and gives out parts, each full but the last."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def put(self, frame: Frame) -> Iterator[bytes]:
        """The parts that are full with this frame."""
        self._waiting += _HEAD.pack(frame.kind, len(frame.data))
        self._waiting += frame.data
        at = 0
        while len(self._waiting) - at >= CHECKPOINT_PART_BYTES_MAX:
            yield bytes(self._waiting[at : at + CHECKPOINT_PART_BYTES_MAX])
            at += CHECKPOINT_PART_BYTES_MAX
        del self._waiting[:at]

    def finish(self) -> Iterator[bytes]:
        """The last part."""
        yield from self.put(Frame(FrameKind.END, b""))
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()


def read_frames(parts: Iterable[bytes]) -> Iterator[Frame]:
    """The frames of a checkpoint's parts, up to its end.

    Raises:
        InvalidValue: they are not what frames are written as, or end too early.
    """
    source = iter(parts)
    waiting = bytearray()
    at = 0
    while True:
        head, at = _take(source, waiting, at, _HEAD.size)
        kind, length = _HEAD.unpack(head)
        if kind > max(FrameKind):
            raise InvalidValue("checkpoint", kind, "frames of a known kind")
        data, at = _take(source, waiting, at, length)
        if kind == FrameKind.END:
            return
        yield Frame(FrameKind(kind), data)
        del waiting[:at]
        at = 0


def _take(source: Iterator[bytes], waiting: bytearray, at: int, count: int) -> tuple[bytes, int]:
    while len(waiting) - at < count:
        part = next(source, None)
        if part is None:
            raise InvalidValue("checkpoint", len(waiting), "whole")
        waiting += part
    return bytes(waiting[at : at + count]), at + count
