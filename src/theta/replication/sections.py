"""Sections: what changed in a cell since a tick, as bytes (REP-10 … REP-14).

All sections of a tick are encoded at once. No step loops over sections, entities or components: rows that changed are
found in one comparison, their lanes are gathered into one flat array in the order of the wire, and are written into one
buffer.
"""

from typing import NamedTuple

import numpy as np

from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX
from theta.replication.dense_sections import write_dense
from theta.replication.history import History
from theta.replication.schema import DELTA, ENTITY, FULL, REMOVED, Schema
from theta.replication.section_parts import (
    Ints,
    Parts,
    Rows,
    Sections,
    Words,
    ends_of,
    outline,
    parts_of,
    starts_of,
    width_codes,
    with_wide,
)

_INDEX_BITS = CELL_ENTITIES_MAX.bit_length() - 1
_FOUR_BITS = np.uint64(0xF)
_DENSE_ROWS_MIN = 1_000
"""From how many changed rows on a block for each component is faster than one flat array."""


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
    assert not len(ages) or int(ages.view(np.uint64).max()) <= BASELINE_AGE_TICKS_MAX
    wanted = ((history.cell_changed[cells] > history.tick - ages) | (ages == 0)).nonzero()[0]
    if not len(wanted):
        return Sections(b"", np.zeros(len(cells) + 1, np.int64))
    if len(wanted) == len(cells):
        return _written(history, cells, ages)
    body, section_ends = _written(history, cells[wanted], ages[wanted])
    ends = np.zeros(len(cells) + 1, np.int64)
    ends[wanted + 1] = section_ends[1:] - section_ends[:-1]
    return Sections(body, ends.cumsum())


def _written(history: History, cells: Ints, ages: Ints) -> Sections:
    """The sections of cells that changed."""
    schema = history.schema
    rows = _changed_rows(history, cells, ages)
    if len(rows.number) >= _DENSE_ROWS_MIN:
        found = write_dense(history, cells, ages, rows)
        if found is not None:
            return found
    return _write(history, cells, ages, *_in_order(schema, rows, _lanes_of(history, rows)))


def _changed_rows(history: History, cells: Ints, ages: Ints) -> Rows:
    found = history.gather(cells, ages)
    now, base = found.now.ravel(), found.base.ravel()
    differ = (now != base).nonzero()[0]
    part, row = differ >> _INDEX_BITS, differ & (CELL_ENTITIES_MAX - 1)
    section = part // history.schema.count
    number = part - section * history.schema.count
    now, base = now.take(differ), base.take(differ)
    kind = np.full(len(row), DELTA)
    if not base.all():
        kind[base == 0] = FULL
    is_removing = not now.all()
    if is_removing:
        kind[now == 0] = REMOVED
    rows = Rows(section, number, kind, row, now, base, is_removing)
    if number.all():
        return rows
    both = ((number == ENTITY) & (kind == DELTA)).nonzero()[0]
    return _with_successors(rows, both, history.schema.count) if len(both) else rows


def _with_successors(rows: Rows, both: Ints, count: int) -> Rows:
    """Where one entity took another's place, one leaves and one comes."""
    left, came = rows.at(np.arange(len(rows.row))), rows.at(both)
    left.kind[both] = REMOVED
    left.now[both] = 0
    came.kind[:] = FULL
    came.base[:] = 0
    section, number, kind, row = (np.concatenate(pair) for pair in zip(left[:4], came[:4], strict=True))
    now, base = np.concatenate([left.now, came.now]), np.concatenate([left.base, came.base])
    joined = Rows(section, number, kind, row, now, base, is_removing=True)
    return joined.at(np.argsort(joined.parts(count) * CELL_ENTITIES_MAX + row))


def _lanes_of(history: History, rows: Rows) -> _Lanes:
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
    # Read unsigned, the one that has no absolute value is the largest.
    codes = width_codes(np.abs(values).view(np.uint64))
    by_lane = schema.lane_needs.take(places * 4 + codes)
    if rows.is_removing:
        needs[has] = np.bitwise_or.reduceat(by_lane, starts[has])
    else:
        needs = np.bitwise_or.reduceat(by_lane, starts)
    return _Lanes(values, counts, starts, places, needs)


def _in_order(schema: Schema, rows: Rows, lanes: _Lanes) -> tuple[Rows, _Lanes, Parts]:
    """Differences that take more than a byte in parts of their own, then all rows by part."""
    rows = with_wide(rows, lanes.needs)
    part = rows.parts(schema.count)
    if (part[1:] < part[:-1]).any():
        order = np.argsort(part, kind="stable")
        values = _rows_in_order(lanes.values, lanes.counts, order)
        places = _rows_in_order(lanes.places, lanes.counts, order)
        counts = lanes.counts[order]
        starts, _ = starts_of(counts)
        lanes = _Lanes(values, counts, starts, places, lanes.needs[order])
        rows, part = rows.at(order), part[order]
    return rows, lanes, parts_of(rows, part, lanes.needs)


def _rows_in_order(flat: Ints, counts: Ints, order: Ints) -> Ints:
    """Rows of `counts` items each, one after the other, in another order."""
    starts, _ = starts_of(counts)
    new_counts = counts[order]
    new_starts, total = starts_of(new_counts)
    return flat.take((starts[order] - new_starts).repeat(new_counts) + np.arange(total))


def _write(history: History, cells: Ints, ages: Ints, rows: Rows, lanes: _Lanes, parts: Parts) -> Sections:
    schema = history.schema
    bits = parts.needs[parts.of_row].repeat(lanes.counts) >> schema.lane_group_shifts.take(lanes.places)
    bits &= _FOUR_BITS
    # How many bytes of lanes there are before each lane.
    before = ends_of(schema.lane_widths.take(lanes.places * 16 + bits.view(np.int64)))
    first = lanes.starts[parts.first_row]
    row_bytes = before[first + lanes.counts[parts.first_row]] - before[first]
    placed = outline(history, cells, ages, rows, parts, row_bytes)
    buffer = np.empty(placed.size + 8, np.uint8)
    # Lanes are written in ascending order, eight bytes each: the next one takes back what was too many.
    places = (placed.row_starts - before[lanes.starts]).repeat(lanes.counts)
    places += before[:-1]
    np.ndarray((len(buffer) - 7,), np.int64, buffer, strides=(1,))[places] = lanes.values
    placed.complete(buffer)
    return Sections(buffer[:-8].tobytes(), placed.section_ends)
