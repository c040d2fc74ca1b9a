"""What a compacted log begins with: of each branch that it had, what all dropped commands had come to (LOG-27)."""

from collections.abc import Collection, Generator, Iterator
from typing import NamedTuple

import msgspec

from theta.base.errors import InvalidValue, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.store import LogSource
from theta.editor.fold_base import FoldBase
from theta.editor.fold_base_bytes import base_of_bytes
from theta.editor.unit import Unit
from theta.editor.unit_snapshot import unit_of_bytes
from theta.node.checkpoint_frames import Frame, FrameKind, read_frames
from theta.node.snapshot_taking import NotHere
from theta.wire.messages import Part
from theta.wire.types import Id16

UNITS_AT_ONCE = 8


class BranchHead(Part, frozen=True):
    """Of a branch other than the main one in a base's checkpoint: which, and the hash of its document there."""

    branch: Id16
    document_hash: Id16


class Section(NamedTuple):
    """A branch's part of a base's checkpoint: its history, and its units."""

    base: FoldBase
    units: dict[bytes, Unit]


class Floors:
    """Reads the sections of a base's checkpoint.

    Args:
        source: a compacted log's.
    """

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self.seq = source.first_seq
        """The base's record."""

    def read_slowly(self, branch: bytes, entities: Collection[bytes] | None = None) -> Generator[None, None, Section]:
        """A branch's section, a few units at a time; of all its units only those of `entities` if these are given.

        Raises:
            NotHere: the base's checkpoint is not here.
            InvalidValue: it has no such section.
            StoreCorrupt: a part is missing or damaged.
        """
        frames = self._frames()
        if branch == MAIN_BRANCH:
            next(frames)
            next(frames)
        else:
            yield from self._find(frames, branch)
        history = next(frames, None)
        if history is None or history.kind != FrameKind.HISTORY:
            raise InvalidValue("checkpoint", branch.hex(), "one with this branch's history")
        units: dict[bytes, Unit] = {}
        shared: set[bytes] = set()
        for count, frame in enumerate(frames):
            if frame.kind == FrameKind.BRANCH:
                break
            if frame.kind == FrameKind.SHARED:
                shared = _ids_in(frame)
            _take(units, frame, entities)
            if not count % UNITS_AT_ONCE:
                yield
        wanted = shared if entities is None else shared.intersection(entities)
        if wanted:
            main = yield from self.read_slowly(MAIN_BRANCH, wanted)
            units.update(main.units)
        return Section(base_of_bytes(history.data), units)

    def names(self) -> dict[tuple[bytes, bytes], str]:
        """What the objects of each branch were called at the base, by branch and entity.

        Raises:
            NotHere, InvalidValue, StoreCorrupt: as for `read_slowly`.
        """
        branch = MAIN_BRANCH
        found: dict[tuple[bytes, bytes], str] = {}
        for frame in self._frames():
            if frame.kind == FrameKind.BRANCH:
                branch = _head_of(frame).branch
            elif frame.kind == FrameKind.UNIT:
                unit = unit_of_bytes(frame.data[IDENTIFIER_BYTES:])
                found[branch, frame.data[:IDENTIFIER_BYTES]] = unit.name.text if unit.name is not None else ""
            elif frame.kind == FrameKind.SHARED:
                found |= {(branch, each): found.get((MAIN_BRANCH, each), "") for each in _ids_in(frame)}
        return found

    def branches(self) -> dict[bytes, bytes]:
        """The branches that have a section, beside the main one, each with its document's hash.

        Raises:
            NotHere, InvalidValue, StoreCorrupt: as for `read_slowly`.
        """
        heads = [_head_of(frame) for frame in self._frames() if frame.kind == FrameKind.BRANCH]
        return {head.branch: head.document_hash for head in heads}

    def _find(self, frames: Iterator[Frame], branch: bytes) -> Iterator[None]:
        for count, frame in enumerate(frames):
            if frame.kind == FrameKind.BRANCH and _head_of(frame).branch == branch:
                return
            if not count % UNITS_AT_ONCE:
                yield
        raise InvalidValue("checkpoint", branch.hex(), "one with a section of this branch")

    def _frames(self) -> Iterator[Frame]:
        for checkpoint in self._source.checkpoints():
            if checkpoint.seq == self.seq:
                return read_frames(self._source.read_checkpoint(checkpoint))
        raise NotHere(f"the checkpoint of the base, record {self.seq}, is not here")


def _take(units: dict[bytes, Unit], frame: Frame, entities: Collection[bytes] | None) -> None:
    entity = frame.data[:IDENTIFIER_BYTES]
    if frame.kind == FrameKind.UNIT and (entities is None or entity in entities):
        units[entity] = unit_of_bytes(frame.data[IDENTIFIER_BYTES:])


def _ids_in(frame: Frame) -> set[bytes]:
    return {frame.data[at : at + IDENTIFIER_BYTES] for at in range(0, len(frame.data), IDENTIFIER_BYTES)}


def _head_of(frame: Frame) -> BranchHead:
    try:
        return msgspec.msgpack.decode(frame.data, type=BranchHead)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorrupt(0, f"a base's checkpoint holds what is no branch: {error}") from error


def floor_of(base: FoldBase) -> FoldBase:
    """Of a base only what has to be known of commands that were dropped: where they end, and whose they are."""
    return FoldBase(base.position, {}, {}, {}, base.numbers, frozenset())
