"""What a tick's sections are made of, whoever computes their rows: rows, parts, and where each is to be written."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import CELL_ENTITIES_MAX
from theta.replication.history import History
from theta.replication.schema import DELTA, ENTITY, REMOVED, Schema, codes_of, is_wide, varints

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_TWO_BYTES, _ALL_BYTES = np.uint64(1 << 7), np.uint64(1 << 15)
"""From which absolute difference on a lane needs two, and all of its bytes."""
_EIGHT = np.uint64(8)
_NONE = np.zeros(0, np.intp)
_BITS = np.uint64(1) << np.arange(CELL_ENTITIES_MAX, dtype=np.uint64)


class Sections(NamedTuple):
    """Section n is `body[ends[n]:ends[n + 1]]`; empty where nothing changed."""

    body: bytes
    ends: Ints

    def section(self, at: int) -> bytes:
        """The section of pair `at`."""
        return self.body[self.ends[at] : self.ends[at + 1]]


class Rows(NamedTuple):
    """Rows that changed, in the order of the wire; each (rows,) but `is_removing`: whether any is REMOVED."""

    section: Ints
    number: Ints
    kind: Ints
    row: Ints
    now: NDArray[np.int32]
    base: NDArray[np.int32]
    is_removing: bool

    def at(self, chosen: NDArray[np.intp]) -> "Rows":
        """Copies of some rows."""
        section, number, kind, row = (each[chosen] for each in self[:4])
        return Rows(section, number, kind, row, self.now[chosen], self.base[chosen], self.is_removing)

    def parts(self, count: int) -> Ints:
        """Which part each row is in, ascending as the wire has them; `count` is how many numbers there are."""
        return (self.section * count + self.number) * 4 + self.kind


class Parts(NamedTuple):
    """The parts, one for each run of rows that are in the same; each (parts,) but `of_row`, (rows,).

    Attributes:
        counts: their rows.
        of_row: which part each row is in.
        needs: what their rows need of widths.
    """

    section: Ints
    number: Ints
    number_and_kind: Ints
    first_row: Ints
    counts: Ints
    of_row: Ints
    needs: Words


def with_wide(rows: Rows, needs: Words) -> Rows:
    """The rows, their kind WIDE, which follows DELTA, where one of their differences takes more than a byte."""
    return rows._replace(kind=rows.kind + ((rows.kind == DELTA) & is_wide(needs)))


def parts_of(rows: Rows, part: Ints, needs: Words) -> Parts:
    """The parts of rows that are in their order.

    Args:
        rows: ascending by part.
        part: which part each row is in, (rows,).
        needs: what each row needs of widths, (rows,).
    """
    begins = np.ones(len(part), np.bool_)
    np.not_equal(part[1:], part[:-1], out=begins[1:])
    first = begins.nonzero()[0]
    counts = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=counts[:-1])
    if len(first):
        counts[-1] = len(part) - first[-1]
        needs = np.bitwise_or.reduceat(needs, first)
    number = rows.number[first]
    of_row = np.arange(len(first)).repeat(counts)
    return Parts(rows.section[first], number, number * 4 + rows.kind[first], first, counts, of_row, needs)


class Outline(NamedTuple):
    """Where everything of a tick's sections is to be written.

    Attributes:
        section_ends: 0, and where each section ends, (sections + 1,).
        row_starts: where each row begins, (rows,).
        heads: of sections and parts, and what follows the rows of leaving entities: starts, integers, their bytes.
        pieces: the values of object fields, and where they begin.
    """

    section_ends: Ints
    row_starts: Ints
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


def outline(history: History, cells: Ints, ages: Ints, rows: Rows, parts: Parts, row_bytes: Ints) -> Outline:
    """Where the sections' pieces go.

    Args:
        history: of the room.
        cells: (sections,).
        ages: (sections,).
        rows: in order.
        parts: of these rows.
        row_bytes: bytes of a row's lanes in each part, (parts,).
    """
    heads, head_sizes = _part_heads(history.schema, rows, parts)
    part_sizes = head_sizes + row_bytes * parts.counts
    # Who leaves has no lanes, but says where to.
    leaving = ((rows.kind == REMOVED) & (rows.number == ENTITY)).nonzero()[0] if rows.is_removing else _NONE
    if len(leaving):
        where, where_sizes = varints(history.destinations(cells[rows.section[leaving]], rows.base[leaving]))
        np.add.at(part_sizes, parts.of_row[leaving], where_sizes)
    extras = _object_pieces(history, rows, parts) if history.schema.has_objects else {}
    for at, piece in extras.items():
        part_sizes[at] += len(piece)
    part_ends = ends_of(part_sizes)
    part_counts = np.bincount(parts.section, minlength=len(cells))
    openings, opening_sizes = section_heads(history, cells, ages, part_counts)
    before = opening_sizes.cumsum()
    section_ends = ends_of(before + part_ends[part_counts.cumsum()], is_sum=True)
    part_starts = part_ends[:-1] + before[parts.section]
    row_starts = (part_starts + head_sizes - parts.first_row * row_bytes)[parts.of_row]
    row_starts += np.arange(len(row_starts)) * row_bytes[parts.of_row]
    written = [(section_ends[:-1], openings, opening_sizes), (part_starts, heads, head_sizes)]
    if len(leaving):
        before_it, _ = starts_of(where_sizes)
        first = parts.first_row[parts.of_row[leaving]]
        before_it -= before_it[np.searchsorted(leaving, first)]
        written.append((row_starts[leaving] + before_it, where, where_sizes))
    pieces = [(int(part_starts[at] + part_sizes[at]) - len(piece), piece) for at, piece in extras.items()]
    return Outline(section_ends, row_starts, written, pieces)


def _part_heads(schema: Schema, rows: Rows, parts: Parts) -> tuple[Words, Ints]:
    """Number and kind, the rows, and the widths: at most eight bytes."""
    at = parts.number_and_kind
    values, sizes = schema.heads[0][at], schema.head_bytes[at]
    if len(values):
        row_shifts, code_shifts = schema.head_shifts
        values |= np.bitwise_or.reduceat(_BITS[rows.row], parts.first_row) << row_shifts[at]
        values |= codes_of(parts.needs, schema.code_bytes_max) << code_shifts[at]
    return values, sizes


def section_heads(history: History, cells: Ints, ages: Ints, part_counts: Ints) -> tuple[Words, Ints]:
    """Cell, age and the number of parts: at most eight bytes."""
    values, sizes = history.heads(cells)
    shifts = (8 * sizes).view(np.uint64)
    values |= ages.astype(np.uint64) << shifts
    sizes += 1
    counts, count_sizes = varints(part_counts, history.schema.parts_max)
    values |= counts << (shifts + _EIGHT)
    sizes += count_sizes
    return values, sizes


def _object_pieces(history: History, rows: Rows, parts: Parts) -> dict[int, bytes]:
    """By part: the object fields that changed, each row's with its length in front."""
    found: dict[int, bytes] = {}
    ends = np.append(parts.first_row[1:], len(rows.row))
    values = history.objects.values
    for at in history.schema.object_counts[parts.number].nonzero()[0].tolist():
        number = int(parts.number[at])
        layout = history.schema.layouts[number]
        ids = history.pool.rows(number)[rows.now[parts.first_row[at] : ends[at]]]
        piece = bytearray()
        for field in range(layout.objects):
            if int(parts.needs[at]) >> 4 * (len(layout.groups) + field) & 1:
                for each in ids[:, layout.lane_count + field].tolist():
                    piece += varint(len(values[each])) + values[each]
        if piece:
            found[at] = bytes(piece)
    return found


def width_codes(widest: Words) -> NDArray[np.int8]:
    """0 to 3: no bytes, one, two or all of them, for absolute values that are as wide as these.

    The OR of values passes the same powers of two as their maximum.
    """
    codes: NDArray[np.int8] = (widest != 0).view(np.int8)
    codes += widest >= _TWO_BYTES
    codes += widest >= _ALL_BYTES
    return codes


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
    if (sizes == same).all():
        _put(buffer, starts, np.ndarray(len(values), f"V{same}", values, strides=(8,)))
        return
    for size in set(sizes.tolist()):
        some = (sizes == size).nonzero()[0]
        _put(buffer, starts[some], np.ndarray(len(some), f"V{size}", values[some], strides=(8,)))


def put_rows(buffer: NDArray[np.uint8], places: Ints, rows: NDArray[np.uint8]) -> None:
    """Write rows of bytes (n, size) at their places, (n,)."""
    _put(buffer, places, np.ascontiguousarray(rows).view(f"V{rows.shape[1]}")[:, 0])


def _put(buffer: NDArray[np.uint8], places: Ints, pieces: NDArray[np.void]) -> None:
    size = pieces.dtype.itemsize
    np.ndarray((len(buffer) - size + 1,), pieces.dtype, buffer, strides=(1,))[places] = pieces


def varint(value: int) -> bytes:
    """LEB128 of one number."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
