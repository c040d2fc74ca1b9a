"""What a tick's sections are made of, whoever computes their rows: rows, parts, and where each is to be written."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.replication.history import History
from theta.replication.schema import Schema, varints

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

TWO_BYTES, ALL_BYTES = np.uint64(1 << 7), np.uint64(1 << 15)
"""From which absolute difference on a lane needs two, and all of its bytes."""
_WIDTHS = np.array([1, TWO_BYTES, ALL_BYTES], np.uint64)
_EIGHT, _THREE_BYTES = np.uint64(8), np.uint64(24)
_ONE_BYTE = 0x80
"""A varint below this is one byte."""


class Sections(NamedTuple):
    """Section n is `body[ends[n]:ends[n + 1]]`; empty where nothing changed."""

    body: bytes
    ends: Ints

    def section(self, at: int) -> bytes:
        """The section of pair `at`."""
        return self.body[self.ends[at] : self.ends[at + 1]]


class Parts(NamedTuple):
    """The parts of a tick's sections in the order of the wire; each (parts,).

    Attributes:
        section: which each is of.
        number_and_kind: number * 4 + kind.
        bitmaps: its rows.
        counts: how many they are.
        codes: the widths as on the wire, two bits for each group.
    """

    section: Ints
    number_and_kind: Ints
    bitmaps: Words
    counts: Ints
    codes: Words


class Leaving(NamedTuple):
    """Who leaves has no lanes, but a varint that says where to: in the order of the wire, each (leaving,).

    Attributes:
        part: which part each is of.
        where: the varint.
        sizes: its bytes.
    """

    part: Ints
    where: Words
    sizes: Ints


class Outline(NamedTuple):
    """Where everything of a tick's sections is to be written.

    Attributes:
        section_ends: 0, and where each section ends, (sections + 1,).
        first_rows: where the first row of each part begins, (parts,).
        heads: of sections and parts, and what follows the rows of leaving entities: starts, integers, their bytes.
        pieces: the values of object fields, and where they begin.
    """

    section_ends: Ints
    first_rows: Ints
    heads: list[tuple[Ints, Words, Ints]]
    pieces: list[tuple[int, bytes]]

    @property
    def size(self) -> int:
        """The bytes of all sections."""
        return int(self.section_ends[-1])

    def complete(self, buffer: NDArray[np.uint8]) -> None:
        """Write everything but the rows' lanes; the buffer has eight bytes more than there are of sections."""
        for starts, values, sizes in self.heads:
            put_heads(buffer, starts, values, sizes)
        for at, piece in self.pieces:
            buffer[at : at + len(piece)] = np.frombuffer(piece, np.uint8)


class Ends(NamedTuple):
    """What comes after the rows of some parts: of who leaves, and by part the values of object fields."""

    leaving: Leaving | None
    pieces: dict[int, bytes]


def outline(history: History, cells: Ints, ages: Ints, parts: Parts, row_bytes: Ints, ends: Ends) -> Outline:
    """Where the sections' pieces go.

    Args:
        history: of the room.
        cells: (sections,).
        ages: (sections,).
        parts: of these sections.
        row_bytes: bytes of a row's lanes in each part, (parts,).
        ends: of these parts.
    """
    heads, head_sizes = _part_heads(history.schema, parts)
    part_sizes = head_sizes + row_bytes * parts.counts
    leaving = ends.leaving
    if leaving is not None:
        np.add.at(part_sizes, leaving.part, leaving.sizes)
    for at, piece in ends.pieces.items():
        part_sizes[at] += len(piece)
    part_ends = ends_of(part_sizes)
    part_counts = np.bincount(parts.section, minlength=len(cells))
    openings, opening_sizes = section_heads(history, cells, ages, part_counts)
    before = opening_sizes.cumsum()
    section_ends = ends_of(before + part_ends[part_counts.cumsum()], is_sum=True)
    part_starts = part_ends[:-1] + before[parts.section]
    first_rows = part_starts + head_sizes
    written = [(section_ends[:-1], openings, opening_sizes), (part_starts, heads, head_sizes)]
    if leaving is not None:
        before_it, _ = starts_of(leaving.sizes)
        before_it -= before_it[np.searchsorted(leaving.part, leaving.part)]
        written.append((first_rows[leaving.part] + before_it, leaving.where, leaving.sizes))
    pieces = [(int(part_starts[at] + part_sizes[at]) - len(piece), piece) for at, piece in ends.pieces.items()]
    return Outline(section_ends, first_rows, written, pieces)


def _part_heads(schema: Schema, parts: Parts) -> tuple[Words, Ints]:
    """Number and kind, the rows, and the widths: at most eight bytes."""
    at = parts.number_and_kind
    if len(schema.head_bytes) <= _ONE_BYTE:
        values = parts.bitmaps << _EIGHT
        values |= at.view(np.uint64)
        values |= parts.codes << _THREE_BYTES
        return values, schema.head_bytes.take(at)
    row_shifts, code_shifts = schema.head_shifts
    values = parts.bitmaps << row_shifts[at]
    values |= schema.heads[0][at]
    values |= parts.codes << code_shifts[at]
    return values, schema.head_bytes[at]


def section_heads(history: History, cells: Ints, ages: Ints, part_counts: Ints) -> tuple[Words, Ints]:
    """Cell, age and the number of parts: at most eight bytes."""
    values, sizes = history.heads(cells)
    shifts = (8 * sizes).view(np.uint64)
    if history.schema.parts_max < _ONE_BYTE:
        values |= (part_counts << 8 | ages).view(np.uint64) << shifts
        sizes += 2
        return values, sizes
    values |= ages.astype(np.uint64) << shifts
    sizes += 1
    counts, count_sizes = varints(part_counts, history.schema.parts_max)
    values |= counts << (shifts + _EIGHT)
    sizes += count_sizes
    return values, sizes


def leaving_from(history: History, part: Ints, cells: Ints, entities: NDArray[np.int32]) -> Leaving:
    """Who leaves: each one's part, the cell that it leaves, and its row of ENTITY there, (leaving,)."""
    return Leaving(part, *varints(history.destinations(cells, entities)))


def object_pieces(history: History, parts: Parts, rows: Callable[[int], NDArray[Any]]) -> dict[int, bytes]:
    """By part: the object fields that changed, each row's with its length in front.

    Args:
        history: of the room.
        parts: all of them.
        rows: a part's rows, as places in the pool.
    """
    found: dict[int, bytes] = {}
    values = history.objects.values
    for at in history.schema.object_counts[parts.number_and_kind >> 2].nonzero()[0].tolist():
        codes = int(parts.codes[at])
        number = int(parts.number_and_kind[at]) >> 2
        layout = history.schema.layouts[number]
        if not codes >> 2 * len(layout.groups):
            continue
        ids = history.pool.rows(number)[rows(at)]
        piece = bytearray()
        for field in range(layout.objects):
            if codes >> 2 * (len(layout.groups) + field) & 3:
                for each in ids[:, layout.lane_count + field].tolist():
                    piece += varint(len(values[each])) + values[each]
        found[at] = bytes(piece)
    return found


def width_codes(differences: Ints) -> NDArray[np.int8]:
    """0 to 3: no bytes, one, two or all of them, for differences (n,): for many `widths_of` takes longer."""
    # Read unsigned, the one that has no absolute value is the largest.
    widest = np.abs(differences).view(np.uint64)
    codes: NDArray[np.int8] = (widest != 0).view(np.int8)
    codes += widest >= TWO_BYTES
    codes += widest >= ALL_BYTES
    return codes


def widths_of(widest: Words) -> Ints:
    """0 to 3, for absolute values that are as wide as these; the OR of some is as wide as their maximum."""
    found: Ints = _WIDTHS.searchsorted(widest, side="right")
    return found


def starts_of(sizes: Ints) -> tuple[Ints, int]:
    """Where things of these sizes begin, one after the other, and where the last ends."""
    ends = sizes.cumsum()
    return ends - sizes, int(ends[-1]) if len(ends) else 0


def ends_of(sizes: Ints, is_sum: bool = False) -> Ints:
    """0, and where things of these sizes end, one after the other; `is_sum` when they are summed up already."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    if is_sum:
        ends[1:] = sizes
    else:
        sizes.cumsum(out=ends[1:])
    return ends


def put_heads(buffer: NDArray[np.uint8], starts: Ints, values: Words, sizes: Ints) -> None:
    """Write the lowest bytes of integers, as many of each as `sizes`."""
    if not len(sizes):
        return
    same = int(sizes[0])
    if np.count_nonzero(sizes == same) == len(sizes):
        _put(buffer, starts, np.ndarray(len(values), _void(same), values, strides=(8,)))
        return
    for size in set(sizes.tolist()):
        some = (sizes == size).nonzero()[0]
        _put(buffer, starts[some], np.ndarray(len(some), _void(size), values[some], strides=(8,)))


def put(buffer: NDArray[np.uint8], places: Ints, rows: NDArray[np.generic]) -> None:
    """Write rows (n, …), contiguous, at their places, (n,)."""
    _put(buffer, places, rows.view(_void(rows.shape[1] * rows.itemsize))[:, 0])


@lru_cache(maxsize=1024)
def _void(size: int) -> np.dtype[np.void]:
    return np.dtype((np.void, size))


def _put(buffer: NDArray[np.uint8], places: Ints, pieces: NDArray[np.void]) -> None:
    size = pieces.itemsize
    np.ndarray((len(buffer) - size + 1,), pieces.dtype, buffer, strides=(1,))[places] = pieces


def varint(value: int) -> bytes:
    """LEB128 of one number."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
