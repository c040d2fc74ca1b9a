"""Sections: what changed in a cell since a tick, as bytes (REP-10 … REP-14).

All sections of a tick are encoded at once. No step loops over sections, entities or components: rows that changed are
found in one comparison, their lanes are gathered into one flat array in the order of the wire, and are written into one
buffer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import CELL_ENTITIES_MAX
from theta.replication.dense_sections import Changed, write_dense
from theta.replication.history import History
from theta.replication.schema import DELTA, ENTITY, FULL, REMOVED, Schema, codes_of, is_wide
from theta.replication.section_parts import (
    Ends,
    Ints,
    Leaving,
    Parts,
    Sections,
    Words,
    ends_of,
    leaving_from,
    object_pieces,
    outline,
    starts_of,
    width_codes,
)

_INDEX_BITS = CELL_ENTITIES_MAX.bit_length() - 1
_FOUR_BITS = np.uint64(0xF)
_BITS = np.uint64(1) << np.arange(CELL_ENTITIES_MAX, dtype=np.uint64)


class _Rows(NamedTuple):
    """Rows that changed, in the order of the wire; each (rows,).

    `kind` may be one for all of them. `is_removing` is whether any is REMOVED.
    """

    section: Ints
    number: Ints
    kind: Ints | int
    row: Ints
    now: NDArray[np.int32]
    base: NDArray[np.int32]
    is_removing: bool

    def at(self, chosen: NDArray[np.intp]) -> "_Rows":
        """Copies of some rows."""
        kind = self.kind if isinstance(self.kind, int) else self.kind[chosen]
        section, number, row = self.section[chosen], self.number[chosen], self.row[chosen]
        return _Rows(section, number, kind, row, self.now[chosen], self.base[chosen], self.is_removing)

    def parts(self, count: int) -> Ints:
        """Which part each row is in, ascending as the wire has them; `count` is how many numbers there are."""
        return (self.section * count + self.number) * 4 + self.kind


class _Runs(NamedTuple):
    """The parts, and which rows are theirs.

    Attributes:
        parts: one for each run of rows that are in the same.
        first_row: of each, (parts,).
        of_row: which part each row is in, (rows,).
        needs: what a part's rows need of widths, (parts,).
    """

    parts: Parts
    first_row: Ints
    of_row: Ints
    needs: Words


class _Lanes(NamedTuple):
    """The lanes of rows, flat, row after row.

    Attributes:
        values: differences, (lanes,).
        counts: how many lanes each row has, (rows,).
        starts: how many there are before each, (rows,).
        places: each lane's place in the schema, (lanes,).
        needs: what each row needs of widths, (rows,).
    """

    values: Ints
    counts: Ints
    starts: Ints
    places: Ints
    needs: Words


def encode_sections(history: History, cells: Ints, ages: Ints) -> Sections:
    """The sections of (cell, age) pairs at the history's tick.

    Args:
        history: of the room.
        cells: (pairs,), below `history.cell_count`.
        ages: (pairs,): ticks since the baseline, 1 … BASELINE_AGE_TICKS_MAX, or 0 for a peer that has nothing.

    A pair whose cell has not changed since has no bytes. With age 0 every cell has some, even an empty one.
    """
    # Read unsigned, what comes before age 0 is the largest.
    changed = (history.tick - history.cell_changed[cells]).view(np.uint64) <= (ages - 1).view(np.uint64)
    if np.count_nonzero(changed) == len(cells) > 0:
        return _written(history, cells, ages)
    wanted = changed.nonzero()[0]
    if not len(wanted):
        return Sections(b"", np.zeros(len(cells) + 1, np.int64))
    body, section_ends = _written(history, cells[wanted], ages[wanted])
    ends = np.zeros(len(cells) + 1, np.int64)
    ends[wanted + 1] = section_ends[1:] - section_ends[:-1]
    return Sections(body, ends.cumsum())


def _written(history: History, cells: Ints, ages: Ints) -> Sections:
    """The sections of cells that changed."""
    changed = Changed.of(history, cells, ages)
    if changed.is_dense:
        found = write_dense(history, cells, ages, changed)
        if found is not None:
            return found
    rows = _changed_rows(history.schema, changed)
    return _write(history, cells, ages, *_in_order(history.schema, rows, _lanes_of(history, rows)))


def _changed_rows(schema: Schema, changed: Changed) -> _Rows:
    # In the order of the wire: sections first, then numbers.
    found = changed.rows.swapaxes(1, 2).reshape(2, -1)
    differ = (found[0] != found[1]).nonzero()[0]
    part, row = differ >> _INDEX_BITS, differ & (CELL_ENTITIES_MAX - 1)
    count = schema.count - changed.first
    section = part // count
    number = part - section * count + changed.first
    places = found.take(differ, axis=1)
    now, base = places[0], places[1]
    if changed.first != ENTITY and np.count_nonzero(places) == places.size:
        return _Rows(section, number, DELTA, row, now, base, is_removing=False)
    kind = np.where(base == 0, FULL, DELTA)
    kind[now == 0] = REMOVED
    rows = _Rows(section, number, kind, row, now, base, is_removing=bool(np.count_nonzero(now) < len(now)))
    both = ((number == ENTITY) & (kind == DELTA)).nonzero()[0]
    return _with_successors(rows, kind, both, schema.count) if len(both) else rows


def _with_successors(rows: _Rows, kind: Ints, both: Ints, count: int) -> _Rows:
    """Where one entity took another's place, one leaves and one comes."""
    kind[both] = REMOVED
    now = np.concatenate([rows.now, rows.now[both]])
    now[both] = 0
    section, number, row = (np.concatenate([each, each[both]]) for each in (rows.section, rows.number, rows.row))
    kind = np.concatenate([kind, np.full(len(both), FULL)])
    base = np.concatenate([rows.base, np.zeros(len(both), np.int32)])
    joined = _Rows(section, number, kind, row, now, base, is_removing=True)
    return joined.at(np.argsort(joined.parts(count) * CELL_ENTITIES_MAX + row))


def _lanes_of(history: History, rows: _Rows) -> _Lanes:
    schema = history.schema
    counts = schema.stored_lanes[rows.number]
    if rows.is_removing:
        has = rows.kind != REMOVED
        counts = counts * has
    starts, total = starts_of(counts)
    needs = np.zeros(len(counts), np.uint64)
    flat = np.arange(total)
    if not total:
        return _Lanes(flat, counts, starts, flat, needs)
    stored = history.pool.lanes
    values = stored.take((rows.now - starts).repeat(counts) + flat)
    values -= stored.take((rows.base - starts).repeat(counts) + flat)
    places = (schema.first_lane[rows.number] - starts).repeat(counts) + flat
    codes = width_codes(values)
    by_lane = schema.lane_needs.take(places * 4 + codes)
    if rows.is_removing:
        needs[has] = np.bitwise_or.reduceat(by_lane, starts[has])
    else:
        needs = np.bitwise_or.reduceat(by_lane, starts)
    return _Lanes(values, counts, starts, places, needs)


def _in_order(schema: Schema, rows: _Rows, lanes: _Lanes) -> tuple[_Rows, _Lanes, _Runs]:
    """Differences that take more than a byte in parts of their own, then all rows by part."""
    # WIDE follows DELTA.
    wide = is_wide(lanes.needs)
    kind = wide + DELTA if isinstance(rows.kind, int) else rows.kind + (wide & (rows.kind == DELTA))
    rows = _Rows(rows.section, rows.number, kind, rows.row, rows.now, rows.base, rows.is_removing)
    part = rows.parts(schema.count)
    if (part[1:] < part[:-1]).any():
        order = np.argsort(part, kind="stable")
        values = _rows_in_order(lanes.values, lanes.counts, order)
        places = _rows_in_order(lanes.places, lanes.counts, order)
        counts = lanes.counts[order]
        starts, _ = starts_of(counts)
        lanes = _Lanes(values, counts, starts, places, lanes.needs[order])
        rows, part = rows.at(order), part[order]
    return rows, lanes, _runs_of(schema, rows, part, lanes.needs)


def _runs_of(schema: Schema, rows: _Rows, part: Ints, needs: Words) -> _Runs:
    """The parts of rows that are in their order: which part each row is in, and what it needs of widths, (rows,)."""
    begins = np.ones(len(part), np.bool_)
    np.not_equal(part[1:], part[:-1], out=begins[1:])
    first = begins.nonzero()[0]
    counts = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=counts[:-1])
    counts[-1:] = len(part) - first[-1:]
    needs = np.bitwise_or.reduceat(needs, first)
    bitmaps = np.bitwise_or.reduceat(_BITS[rows.row], first)
    number_and_kind = part[first] - rows.section[first] * (4 * schema.count)
    codes = codes_of(needs, schema.code_bytes_max)
    parts = Parts(rows.section[first], number_and_kind, bitmaps, counts, codes)
    return _Runs(parts, first, np.arange(len(first)).repeat(counts), needs)


def _rows_in_order(flat: Ints, counts: Ints, order: Ints) -> Ints:
    """Rows of `counts` items each, one after the other, in another order."""
    starts, _ = starts_of(counts)
    new_counts = counts[order]
    new_starts, total = starts_of(new_counts)
    return flat.take((starts[order] - new_starts).repeat(new_counts) + np.arange(total))


def _write(history: History, cells: Ints, ages: Ints, rows: _Rows, lanes: _Lanes, runs: _Runs) -> Sections:
    schema = history.schema
    first_row, of_row = runs.first_row, runs.of_row
    bits = runs.needs[of_row].repeat(lanes.counts) >> schema.lane_group_shifts.take(lanes.places)
    bits &= _FOUR_BITS
    # How many bytes of lanes there are before each lane.
    before = ends_of(schema.lane_widths.take(lanes.places * 16 + bits.view(np.int64)))
    first = lanes.starts[first_row]
    row_bytes = before[first + lanes.counts[first_row]] - before[first]
    placed = outline(history, cells, ages, runs.parts, row_bytes, _ends_of(history, cells, rows, runs))
    row_starts = (placed.first_rows - first_row * row_bytes)[of_row]
    row_starts += np.arange(len(row_starts)) * row_bytes[of_row]
    buffer = np.empty(placed.size + 8, np.uint8)
    # Lanes are written in ascending order, eight bytes each: the next one takes back what was too many.
    places = (row_starts - before[lanes.starts]).repeat(lanes.counts)
    places += before[:-1]
    np.ndarray((len(buffer) - 7,), np.int64, buffer, strides=(1,))[places] = lanes.values
    placed.complete(buffer)
    return Sections(buffer[:-8].tobytes(), placed.section_ends)


def _ends_of(history: History, cells: Ints, rows: _Rows, runs: _Runs) -> Ends:
    leaving: Leaving | None = None
    if rows.is_removing:
        who = ((rows.kind == REMOVED) & (rows.number == ENTITY)).nonzero()[0]
        if len(who):
            leaving = leaving_from(history, runs.of_row[who], cells[rows.section[who]], rows.base[who])
    if not history.schema.has_objects:
        return Ends(leaving, {})
    bounds = [*runs.first_row.tolist(), len(rows.now)]
    return Ends(leaving, object_pieces(history, runs.parts, lambda at: rows.now[bounds[at] : bounds[at + 1]]))
