"""Sections of ticks in which much changed: each component's rows as one block, each shape of row written at once.

The bytes are those of `sections`, whose one flat array takes fewer steps where many components have few rows each. Here
a step loops over the components that changed, never over entities, and rows stay in the order in which they are found:
by number, then cell, then index. Which place each has in its part the part's bitmap tells.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import CELL_ENTITIES_MAX, STATE_COMPONENT_GROUPS_MAX
from theta.replication.history import History
from theta.replication.schema import DELTA, ENTITY, FULL, REMOVED, WIDE, ComponentLayout, Schema
from theta.replication.section_parts import (
    ALL_BYTES,
    TWO_BYTES,
    Ends,
    Ints,
    Outline,
    Parts,
    Sections,
    Words,
    leaving_from,
    object_pieces,
    outline,
    put,
    widths_of,
)

DENSE_ROWS_MIN = 2_000
"""From how many changed rows of each component on a block for each is faster than one flat array."""
_PLAIN_ROWS_MIN = 60
"""The same where nobody comes or leaves, so that nearly all rows are differences."""
LANES_PER_SHAPE_MIN = 64
"""With fewer lanes for each shape of row, one flat array is faster."""

_AT_ONCE_ROWS_MAX = 600
_INDEX_BITS = CELL_ENTITIES_MAX.bit_length() - 1
_NUMBER_BITS = 10
_NUMBERS = (1 << _NUMBER_BITS) - 1
_BELOW = (1 << np.arange(CELL_ENTITIES_MAX)) - 1
_CODE_SHIFTS = 4 ** np.arange(STATE_COMPONENT_GROUPS_MAX)
_LANE_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<i1"), 2: np.dtype("<i2"), 4: np.dtype("<i4"), 8: np.dtype("<i8")}


class Changed(NamedTuple):
    """What cells have now and had, and where that differs.

    Attributes:
        first: the first number that is told of.
        rows: now and then, (2, numbers, cells, CELL_ENTITIES_MAX): places in the pool, 0 for none.
        differ: where they are not the same, (numbers, cells, CELL_ENTITIES_MAX).
    """

    first: int
    rows: NDArray[np.int32]
    differ: NDArray[np.bool_]

    @classmethod
    def of(cls, history: History, cells: Ints, ages: Ints) -> "Changed":
        """Of these cells, since so many ticks."""
        first, rows = history.gather(cells, ages)
        return cls(first, rows, rows[0] != rows[1])

    @property
    def is_dense(self) -> bool:
        """Whether many rows of few components differ."""
        least = DENSE_ROWS_MIN if self.first == ENTITY else _PLAIN_ROWS_MIN
        count = np.count_nonzero(self.differ)
        if count < least or count >= least * len(self.differ):
            return bool(count >= least)
        return bool(count >= least * np.count_nonzero(self.differ.any(axis=(1, 2))))


class _Rows(NamedTuple):
    """Rows that have lanes: by number, then cell, then index.

    Attributes:
        first: the first number.
        at: where they are among all of `Changed`, (rows,).
        places: in the pool, now and then, (2, rows); then 0 where nothing was.
        ends: 0, and where each number's end, (numbers + 1).
        bitmaps: (numbers, cells) uint16.
        counts: how many they are, (numbers, cells).
        kind: FULL or DELTA of each, (rows,); or one of them, of all.
    """

    first: int
    at: Ints
    places: Ints
    ends: list[int]
    bitmaps: NDArray[np.uint16]
    counts: Ints
    kind: Ints | int


class _Gone(NamedTuple):
    """Rows that have none: their bitmaps, (numbers, cells), and who leaves, where they were among all, (leaving,)."""

    bitmaps: NDArray[np.uint16]
    leaving: Ints
    entities: NDArray[np.int32]


class _Block(NamedTuple):
    """One component's rows: the first and the one after the last, and their differences, (rows, stored lanes)."""

    number: int
    first: int
    last: int
    differences: Ints


class _Shape(NamedTuple):
    """Rows of a block, or None for all of them, and what is written of each of them."""

    block: _Block
    chosen: NDArray[np.intp] | None
    pieces: "_Pieces"


_Pieces = tuple[tuple[int, int, int], ...]
"""Neighbouring lanes of one width: the first, the one after the last, and the bytes of each."""


def write_dense(history: History, cells: Ints, ages: Ints, changed: Changed) -> Sections | None:
    """The sections; None where rows have so many shapes that this is the slower way.

    Args:
        history: of the room.
        cells: (sections,).
        ages: (sections,).
        changed: of these.
    """
    schema = history.schema
    rows, gone = _rows_of(changed)
    blocks, widest = _blocks(history, rows)
    parts, of_row, removed = _parts_of(rows, gone, _with_wide(rows.kind, widest), widest)
    shapes = list(_shapes(schema, blocks, parts, of_row))
    lanes = sum([(block.last - block.first) * schema.stored_lane_counts[block.number] for block in blocks])
    if len(shapes) * LANES_PER_SHAPE_MIN > lanes:
        return None
    leaving = None
    if gone is not None and len(gone.leaving):
        where = gone.leaving >> _INDEX_BITS
        leaving = leaving_from(history, removed[where], cells[where], gone.entities)
    pieces = {}
    if schema.has_objects:
        pieces = object_pieces(history, parts, lambda part: rows.places[0, of_row == part])
    row_bytes = schema.row_bytes(parts.number_and_kind >> 2, parts.codes)
    placed = outline(history, cells, ages, parts, row_bytes, Ends(leaving, pieces))
    return _written(shapes, placed, _row_starts(rows, parts, of_row, placed.first_rows, row_bytes))


def _counted(flags: NDArray[np.bool_]) -> tuple[NDArray[np.uint16], Ints, list[int]]:
    """Bitmaps of (numbers, cells, CELL_ENTITIES_MAX), how many each has, and 0 and where each number's end."""
    bitmaps = _bitmaps(flags)
    counts = np.bitwise_count(bitmaps).astype(np.int64)
    return bitmaps, counts, [0, *accumulate(np.add.reduce(counts, axis=1).tolist())]


def _bitmaps(flags: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """For each cell the indices that are flagged: (…, CELL_ENTITIES_MAX) become (…)."""
    return np.packbits(flags, bitorder="little").view(np.uint16).reshape(flags.shape[:-1])


def _rows_of(changed: Changed) -> tuple[_Rows, _Gone | None]:
    """Rows with lanes and, if there are any, those that are gone; all that is known of the former was DELTA so far."""
    first, found, differ = changed
    at = differ.ravel().nonzero()[0]
    places = found.reshape(2, -1).take(at, axis=1)
    if first == ENTITY or np.count_nonzero(places) < places.size:
        return _rows_of_all(changed)
    bitmaps, counts, ends = _counted(differ)
    return _Rows(first, at, places.astype(np.int64), ends, bitmaps, counts, DELTA), None


def _rows_of_all(changed: Changed) -> tuple[_Rows, _Gone | None]:
    """The same where some have nothing now, or had nothing."""
    first, found, differ = changed
    now, base = found[0], found[1]
    flags = differ & (now == 0)
    leaving = np.zeros(0, np.intp)
    if first == ENTITY:
        # Where one entity took another's place, one leaves and one comes.
        flags[ENTITY] = differ[ENTITY] & (base[ENTITY] != 0)
        leaving = flags[ENTITY].ravel().nonzero()[0]
    gone = None
    if np.count_nonzero(flags):
        gone = _Gone(_bitmaps(flags), leaving, base[:1].ravel().take(leaving))
    told = differ & (now != 0)
    bitmaps, counts, ends = _counted(told)
    at = told.ravel().nonzero()[0]
    places = found.reshape(2, -1).take(at, axis=1).astype(np.int64)
    if first == ENTITY:
        places[1, : ends[1]] = 0
    kind = np.where(places[1] == 0, FULL, DELTA)
    return _Rows(first, at, places, ends, bitmaps, counts, kind), gone


class _Differences(NamedTuple):
    """Rows of differences, (rows, lanes), and how large they are, lane after lane, (lanes, rows)."""

    rows: Ints
    columns: Words

    @classmethod
    def of(cls, history: History, number: int, places: Ints) -> "_Differences":
        """Of a component's rows now and then, (2, rows)."""
        both = history.pool.copies(number, places)
        rows = both[0] - both[1]
        # Read unsigned, the one that has no absolute value is the largest.
        return cls(rows, np.abs(rows.T, order="C").view(np.uint64))


def _blocks(history: History, rows: _Rows) -> tuple[list[_Block], Words]:
    """Each component's rows; and by group the OR of each row's absolute differences, (groups, rows + 1), at last 0.

    It passes the same powers of two as their maximum. What is over a group's natural bytes is left out.
    """
    schema, ends = history.schema, rows.ends
    numbers = [rows.first + at for at in range(len(ends) - 1) if ends[at] < ends[at + 1]]
    stored_groups = schema.stored_groups
    groups = max([len(stored_groups[number]) for number in numbers], default=1)
    widest = np.zeros((groups, ends[-1] + 1), np.uint64)
    blocks = []
    at_once = None
    if ends[-1] < _AT_ONCE_ROWS_MAX:
        # With few rows it is faster to take as many lanes of all of them as the longest have.
        longest = max(numbers, key=schema.stored_lane_counts.__getitem__, default=0)
        at_once = _Differences.of(history, longest, rows.places)
    for number in numbers:
        first, last = ends[number - rows.first], ends[number - rows.first + 1]
        if at_once is None:
            differences, columns = _Differences.of(history, number, rows.places[:, first:last])
        else:
            differences, columns = at_once.rows[first:last], at_once.columns[:, first:last]
        lane = 0
        for group, lanes in enumerate(stored_groups[number]):
            np.bitwise_or.reduce(columns[lane : lane + lanes], axis=0, out=widest[group, first:last])
            lane += lanes
        for group, most in schema.bounded_groups[number]:
            mine = widest[group, first:last]
            if most:
                np.minimum(mine, np.uint64(most), out=mine)
            else:
                # The number of a value: it is another, or the same.
                np.multiply(mine != 0, ALL_BYTES, out=mine)
        blocks.append(_Block(number, first, last, differences))
    return blocks, widest


def _with_wide(kind: Ints | int, widest: Words) -> Ints | int:
    """The rows' kind, WIDE instead of DELTA where one of their differences takes more than a byte."""
    wide = np.bitwise_or.reduce(widest[:, :-1], axis=0) >= TWO_BYTES
    if not isinstance(kind, int):
        told: Ints = kind + (wide & (kind == DELTA))
        return told
    count = np.count_nonzero(wide)
    if not count:
        return kind
    return WIDE if count == len(wide) else DELTA + wide


def _parts_of(rows: _Rows, gone: _Gone | None, kind: Ints | int, widest: Words) -> tuple[Parts, Ints, Ints]:
    """The parts, the part of each row, (rows,), and of those that are gone of the first number, by cell."""
    starts = rows.counts.cumsum()
    starts -= rows.counts.ravel()
    if gone is None and isinstance(kind, int):
        grid = _Grid([kind], rows.bitmaps, _codes_of(np.bitwise_or.reduceat(widest, starts, axis=1)), 0)
    else:
        grid = _grid_of(rows, gone, kind, widest, starts)
    numbers, sections = rows.bitmaps.shape
    count = len(grid.kinds)
    # From (kinds, numbers, sections) to the order of the wire.
    told = grid.bitmaps.reshape(-1, sections).T.ravel() if count == 1 else grid.bitmaps.T.ravel()
    keys = told.nonzero()[0]
    found = told.take(keys)
    section, number_and_kind = np.divmod(keys, numbers * count)
    if count == 1:
        number_and_kind <<= 2
        number_and_kind += rows.first * 4 + grid.kinds[0]
    else:
        kinds = [number * 4 + kind for number in range(rows.first, rows.first + numbers) for kind in grid.kinds]
        number_and_kind = np.array(kinds).take(number_and_kind)
    codes = grid.codes.reshape(count, numbers, sections).T.ravel().take(keys).view(np.uint64)
    parts = Parts(
        section,
        number_and_kind,
        found.astype(np.uint64),
        np.bitwise_count(found).astype(np.int64),
        codes,
    )
    of_key = np.empty(told.shape, np.int64)
    of_key[keys] = np.arange(len(keys))
    by_number = of_key.reshape(sections, numbers * count).T
    cell_of_row = rows.at >> _INDEX_BITS
    if count == 1:
        return parts, by_number.ravel().take(cell_of_row), by_number[0]
    number, section = np.divmod(cell_of_row, sections)
    return parts, by_number[number * count + grid.kind_of_row, section], by_number[0]


class _Grid(NamedTuple):
    """What there is of each kind; bitmaps and codes are (kinds, numbers, cells).

    Attributes:
        kinds: those that there are, ascending.
        bitmaps: uint16.
        codes: the widths on the wire; of parts without rows, of no use.
        kind_of_row: which of the kinds each row is, (rows,), or all are.
    """

    kinds: list[int]
    bitmaps: NDArray[np.uint16]
    codes: Ints
    kind_of_row: Ints | int


def _grid_of(rows: _Rows, gone: _Gone | None, kind: Ints | int, widest: Words, starts: Ints) -> _Grid:
    kinds: list[int] = []
    bitmaps, codes = [], []
    if gone is not None:
        kinds.append(REMOVED)
        bitmaps.append(gone.bitmaps)
        codes.append(np.zeros(starts.shape, np.int64))
    kind_of_row = np.zeros(len(rows.at), np.int64)
    for each in (FULL, DELTA, WIDE):
        mine = np.zeros(len(rows.at) + 1, np.bool_)
        np.equal(kind, each, out=mine[:-1])
        if np.count_nonzero(mine):
            flags = np.zeros((*rows.bitmaps.shape, CELL_ENTITIES_MAX), np.bool_)
            flags.ravel()[rows.at[mine[:-1]]] = True
            kind_of_row += mine[:-1] * len(kinds)
            kinds.append(each)
            bitmaps.append(_bitmaps(flags))
            codes.append(_codes_of(np.bitwise_or.reduceat(widest * mine, starts, axis=1)))
    return _Grid(kinds, np.stack(bitmaps), np.stack(codes), kind_of_row)


def _codes_of(widest: Words) -> Ints:
    """The widths on the wire for the largest differences of groups, (groups, n): (n,)."""
    codes: Ints = _CODE_SHIFTS[: len(widest)].dot(widths_of(widest))
    return codes


def _shapes(schema: Schema, blocks: list[_Block], parts: Parts, of_row: Ints) -> Iterator[_Shape]:
    """The rows by what is written of them; those of which nothing is are in none."""
    codes: dict[int, list[int]] = {}
    for each in set((parts.codes.view(np.int64) << _NUMBER_BITS | parts.number_and_kind >> 2).tolist()):
        codes.setdefault(each & _NUMBERS, []).append(each >> _NUMBER_BITS)
    for block in blocks:
        mine = codes[block.number]
        of_rows = parts.codes[of_row[block.first : block.last]] if len(mine) > 1 else None
        for word in mine:
            pieces = _pieces_of(schema.layouts[block.number], word)
            if pieces:
                yield _Shape(block, (of_rows == word).nonzero()[0] if of_rows is not None else None, pieces)


@lru_cache(maxsize=4096)
def _pieces_of(layout: ComponentLayout, codes: int) -> _Pieces:
    """What is written of a row with these widths."""
    found: list[tuple[int, int, int]] = []
    first = 0
    for at, (lanes, natural) in enumerate(zip(layout.groups, layout.natural_bytes, strict=True)):
        width = (0, 1, 2, natural)[codes >> 2 * at & 3]
        if width and found and found[-1][1:] == (first, width):
            found[-1] = (found[-1][0], first + lanes, width)
        elif width:
            found.append((first, first + lanes, width))
        first += lanes
    return tuple(found)


def _row_starts(rows: _Rows, parts: Parts, of_row: Ints, first_rows: Ints, row_bytes: Ints) -> Ints:
    """Where each row begins, (rows,): behind those of its part that have lower indices."""
    before = parts.bitmaps.view(np.int64).take(of_row)
    before &= _BELOW.take(rows.at & (CELL_ENTITIES_MAX - 1))
    starts: Ints = row_bytes.take(of_row)
    starts *= np.bitwise_count(before)
    starts += first_rows.take(of_row)
    return starts


def _written(shapes: list[_Shape], placed: Outline, row_starts: Ints) -> Sections:
    buffer = np.empty(placed.size, np.uint8)
    for block, chosen, pieces in shapes:
        starts, lanes = row_starts[block.first : block.last], block.differences
        if chosen is not None:
            starts, lanes = starts[chosen], lanes[chosen]
        put(buffer, starts, _narrowed(pieces, lanes))
    placed.complete(buffer)
    return Sections(buffer.tobytes(), placed.section_ends)


def _narrowed(pieces: _Pieces, lanes: Ints) -> NDArray[Any]:
    """Rows of lanes, each group in so many bytes: (n, …), contiguous."""
    first, last, width = pieces[0]
    found: NDArray[Any] = lanes[:, first:last].astype(_LANE_TYPES[width], order="C")
    if len(pieces) == 1:
        return found
    others = [lanes[:, first:last].astype(_LANE_TYPES[width]).view(np.uint8) for first, last, width in pieces[1:]]
    return np.concatenate([found.view(np.uint8), *others], axis=1)
