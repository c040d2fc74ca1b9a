"""Sections: what changed in a cell since a tick, as bytes (REP-10 … REP-14).

All sections of a tick are encoded at once. No step loops over sections, entities or components: rows that changed are
found in one comparison, their lanes are gathered into one flat array in the order of the wire, and are written into one
buffer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX
from theta.replication.history import History
from theta.replication.schema import DELTA, ENTITY, FULL, REMOVED, WIDE, Schema, codes_of, is_wide, varints

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_TWO_BYTES, _ALL_BYTES = np.uint64(1 << 7), np.uint64(1 << 15)
"""From which absolute difference on a lane needs two, and all of its bytes."""
_FOUR_BITS, _EIGHT, _SIXTEEN = np.uint64(0xF), np.uint64(8), np.uint64(16)
_BITS = np.uint64(1) << np.arange(CELL_ENTITIES_MAX, dtype=np.uint64)


class Sections(NamedTuple):
    """Section n is `body[ends[n]:ends[n + 1]]`; empty where nothing changed."""

    body: bytes
    ends: Ints

    def section(self, at: int) -> bytes:
        """The section of pair `at`."""
        return self.body[self.ends[at] : self.ends[at + 1]]


class _Rows(NamedTuple):
    """Rows that changed, in the order of the wire; each (rows,)."""

    section: Ints
    number: Ints
    kind: Ints
    row: Ints
    now: NDArray[np.int32]
    base: NDArray[np.int32]

    def at(self, chosen: NDArray[np.intp]) -> "_Rows":
        """Copies of some rows."""
        section, number, kind, row = (each[chosen] for each in self[:4])
        return _Rows(section, number, kind, row, self.now[chosen], self.base[chosen])

    def parts(self, count: int) -> Ints:
        """Which part each row is in, ascending as the wire has them; `count` is how many numbers there are."""
        return (self.section * count + self.number) * 4 + self.kind


class _Lanes(NamedTuple):
    """The lanes of rows, flat, row after row.

    Attributes:
        values: differences, (lanes,).
        counts: how many lanes each row has, (rows,).
        groups: each row's groups by their place in the schema, flat.
        group_counts: how many groups each row has, (rows,).
        group_lanes: how many lanes each of these groups has.
        group_starts: which lane is their first.
        needs: what each row needs of widths, (rows,).
    """

    values: Ints
    counts: Ints
    groups: Ints
    group_counts: Ints
    group_lanes: Ints
    group_starts: Ints
    needs: Words


class _Parts(NamedTuple):
    """The parts, one for each run of rows that are in the same; each (parts,) but `of_row`, (rows,)."""

    section: Ints
    number: Ints
    number_and_kind: Ints
    first_row: Ints
    of_row: Ints
    needs: Words


def encode_sections(history: History, cells: Ints, ages: Ints) -> Sections:
    """The sections of (cell, age) pairs at the history's tick.

    Args:
        history: of the room.
        cells: (pairs,), below `history.cell_count`.
        ages: (pairs,): ticks since the baseline, 1 … BASELINE_AGE_TICKS_MAX, or 0 for a peer that has nothing.

    A pair whose cell has not changed since has no bytes. With age 0 every cell has some, even an empty one.
    """
    assert not len(ages) or 0 <= int(ages.min()) <= int(ages.max()) <= BASELINE_AGE_TICKS_MAX
    wanted = ((history.cell_changed[cells] > history.tick - ages) | (ages == 0)).nonzero()[0]
    ends = np.zeros(len(cells) + 1, np.int64)
    if not len(wanted):
        return Sections(b"", ends)
    cells, ages = cells[wanted], ages[wanted]
    rows = _changed_rows(history, cells, ages)
    lanes = _lanes_of(history, rows)
    rows, lanes, parts = _in_order(history.schema, rows, lanes)
    body, sizes = _write(history, cells, ages, rows, lanes, parts)
    ends[wanted + 1] = sizes
    return Sections(body, ends.cumsum())


def _changed_rows(history: History, cells: Ints, ages: Ints) -> _Rows:
    found = history.gather(cells, ages)
    now, base = found.now.ravel(), found.base.ravel()
    differ = (now != base).nonzero()[0]
    part, row = differ // CELL_ENTITIES_MAX, differ % CELL_ENTITIES_MAX
    section = part // history.schema.count
    number = part - section * history.schema.count
    now, base = now.take(differ), base.take(differ)
    kind = np.full(len(row), DELTA)
    kind[base == 0] = FULL
    kind[now == 0] = REMOVED
    rows = _Rows(section, number, kind, row, now, base)
    both = ((number == ENTITY) & (kind == DELTA)).nonzero()[0]
    return _with_successors(rows, both, history.schema.count) if len(both) else rows


def _with_successors(rows: _Rows, both: Ints, count: int) -> _Rows:
    """Where one entity took another's place, one leaves and one comes."""
    left, came = rows.at(np.arange(len(rows.row))), rows.at(both)
    left.kind[both] = REMOVED
    left.now[both] = 0
    came.kind[:] = FULL
    came.base[:] = 0
    section, number, kind, row = (np.concatenate(pair) for pair in zip(left[:4], came[:4], strict=True))
    now, base = np.concatenate([left.now, came.now]), np.concatenate([left.base, came.base])
    joined = _Rows(section, number, kind, row, now, base)
    return joined.at(np.argsort(joined.parts(count) * CELL_ENTITIES_MAX + row))


def _lanes_of(history: History, rows: _Rows) -> _Lanes:
    schema = history.schema
    counts, group_counts = schema.stored_lanes[rows.number], schema.group_counts[rows.number]
    has = rows.kind != REMOVED
    all_have = bool(has.all())
    if not all_have:
        counts, group_counts = counts * has, group_counts * has
    starts, total = _starts(counts)
    group_starts, group_total = _starts(group_counts)
    needs = np.zeros(len(counts), np.uint64)
    if not total:
        empty = np.zeros(0, np.int64)
        return _Lanes(empty, counts, empty, group_counts, empty, empty, needs)
    flat = np.arange(total)
    stored = history.pool.lanes
    values = stored.take((rows.now - starts).repeat(counts) + flat)
    values -= stored.take((rows.base - starts).repeat(counts) + flat)
    groups = (schema.first_group[rows.number] - group_starts).repeat(group_counts) + flat[:group_total]
    group_lanes = schema.group_lanes[groups]
    firsts, _ = _starts(group_lanes)
    # A group's widest lane: OR of absolute values passes the same powers of two as their maximum. Read unsigned, the
    # one that has no absolute value is the largest.
    widest = np.bitwise_or.reduceat(np.abs(values).view(np.uint64), firsts)
    code = (widest != 0).view(np.int8) + (widest >= _TWO_BYTES) + (widest >= _ALL_BYTES)
    by_group = schema.needs[groups * 4 + code]
    if all_have:
        needs = np.bitwise_or.reduceat(by_group, group_starts)
    else:
        needs[has] = np.bitwise_or.reduceat(by_group, group_starts[has])
    return _Lanes(values, counts, groups, group_counts, group_lanes, firsts, needs)


def _in_order(schema: Schema, rows: _Rows, lanes: _Lanes) -> tuple[_Rows, _Lanes, _Parts]:
    """Differences that take more than a byte in parts of their own, then all rows by part."""
    rows.kind[(rows.kind == DELTA) & is_wide(lanes.needs)] = WIDE
    part = rows.parts(schema.count)
    steps = part[1:] - part[:-1]
    if len(steps) and int(steps.min()) < 0:
        order = np.argsort(part, kind="stable")
        values = _rows_in_order(lanes.values, lanes.counts, order)
        groups = _rows_in_order(lanes.groups, lanes.group_counts, order)
        counts, group_counts, group_lanes = lanes.counts[order], lanes.group_counts[order], schema.group_lanes[groups]
        firsts, _ = _starts(group_lanes)
        lanes = _Lanes(values, counts, groups, group_counts, group_lanes, firsts, lanes.needs[order])
        rows = rows.at(order)
        part = part[order]
        steps = part[1:] - part[:-1]
    begins = np.ones(len(part), np.int64)
    np.not_equal(steps, 0, out=begins[1:])
    first = begins.nonzero()[0]
    needs = np.bitwise_or.reduceat(lanes.needs, first) if len(first) else lanes.needs
    number = rows.number[first]
    parts = _Parts(rows.section[first], number, number * 4 + rows.kind[first], first, begins.cumsum() - 1, needs)
    return rows, lanes, parts


def _rows_in_order(flat: Ints, counts: Ints, order: Ints) -> Ints:
    """Rows of `counts` items each, one after the other, in another order."""
    starts, _ = _starts(counts)
    new_counts = counts[order]
    new_starts, total = _starts(new_counts)
    return flat.take((starts[order] - new_starts).repeat(new_counts) + np.arange(total))


def _write(history: History, cells: Ints, ages: Ints, rows: _Rows, lanes: _Lanes, parts: _Parts) -> tuple[bytes, Ints]:
    schema = history.schema
    heads, head_sizes = _part_heads(schema, rows, parts)
    widths, group_ends = _widths(schema, lanes, parts)
    row_ends = group_ends[ends_of(lanes.group_counts)]
    row_sizes = row_ends[1:] - row_ends[:-1]
    leaving = ((rows.kind == REMOVED) & (rows.number == ENTITY)).nonzero()[0]
    if len(leaving):
        where, where_sizes = varints(history.destinations(cells[rows.section[leaving]], rows.base[leaving]))
        row_sizes[leaving] = where_sizes
    extras = _object_pieces(history, rows, parts) if schema.has_objects else {}

    row_starts, _ = _starts(row_sizes)
    part_sizes = head_sizes + np.add.reduceat(row_sizes, parts.first_row) if len(head_sizes) else head_sizes
    for at, piece in extras.items():
        part_sizes[at] += len(piece)
    part_ends = ends_of(part_sizes)
    part_counts = np.bincount(parts.section, minlength=len(cells))
    openings, opening_sizes = section_heads(history, cells, ages, part_counts)
    head_ends = opening_sizes.cumsum()
    section_ends = ends_of(head_ends + part_ends[part_counts.cumsum()], is_sum=True)
    part_starts = part_ends[:-1] + head_ends[parts.section]

    row_shift = (part_starts + head_sizes - row_starts[parts.first_row])[parts.of_row]
    buffer = np.empty(int(section_ends[-1]) + 8, np.uint8)
    # Lanes are written in ascending order, eight bytes each: the next one takes back what was too many.
    of_groups = (row_shift + row_starts - row_ends[:-1]).repeat(lanes.group_counts)
    of_groups += group_ends[:-1] - lanes.group_starts * widths
    places = widths.repeat(lanes.group_lanes)
    places *= np.arange(len(places))
    places += of_groups.repeat(lanes.group_lanes)
    np.ndarray((len(buffer) - 7,), np.int64, buffer, strides=(1,))[places] = lanes.values
    put_heads(buffer, section_ends[:-1], openings, opening_sizes)
    put_heads(buffer, part_starts, heads, head_sizes)
    if len(leaving):
        put_heads(buffer, (row_shift + row_starts)[leaving], where, where_sizes)
    for at, piece in extras.items():
        end = int(part_starts[at] + part_sizes[at])
        buffer[end - len(piece) : end] = np.frombuffer(piece, np.uint8)
    return buffer[:-8].tobytes(), section_ends[1:] - section_ends[:-1]


def _widths(schema: Schema, lanes: _Lanes, parts: _Parts) -> tuple[Ints, Ints]:
    """Bytes of a lane in each row's groups; and bytes of all groups before each, with the total at the end."""
    bits = parts.needs[parts.of_row].repeat(lanes.group_counts) >> schema.group_shifts[lanes.groups]
    bits &= _FOUR_BITS
    widths = schema.widths[lanes.groups * 16 + bits.view(np.int64)]
    return widths, ends_of(widths * lanes.group_lanes)


def _starts(sizes: Ints) -> tuple[Ints, int]:
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
    data = values.view(np.uint8).reshape(-1, 8)
    different = set(sizes.tolist())
    for size in different:
        if len(different) == 1:
            put_rows(buffer, starts, data[:, :size])
        else:
            some = (sizes == size).nonzero()[0]
            put_rows(buffer, starts[some], data[some, :size])


def put_rows(buffer: NDArray[np.uint8], places: Ints, rows: NDArray[np.uint8]) -> None:
    """Write rows of bytes (n, size) at their places, (n,)."""
    size = rows.shape[1]
    whole = np.ascontiguousarray(rows).view(f"V{size}")[:, 0]
    np.ndarray((len(buffer) - size + 1,), whole.dtype, buffer, strides=(1,))[places] = whole


def _part_heads(schema: Schema, rows: _Rows, parts: _Parts) -> tuple[Words, Ints]:
    """Number and kind, the rows, and the widths: at most eight bytes."""
    values, sizes = schema.heads[0][parts.number_and_kind], schema.heads[1][parts.number_and_kind]
    if not len(values):
        return values, sizes
    bitmaps = np.bitwise_or.reduceat(_BITS[rows.row], parts.first_row)
    code_bytes = schema.code_bytes[parts.number_and_kind]
    codes = codes_of(parts.needs, int(code_bytes.max()))
    shifts = (8 * sizes).view(np.uint64)
    values |= bitmaps << shifts
    values |= codes << (shifts + _SIXTEEN)
    return values, sizes + 2 + code_bytes


def section_heads(history: History, cells: Ints, ages: Ints, part_counts: Ints) -> tuple[Words, Ints]:
    """Cell, age and the number of parts: at most eight bytes."""
    values, sizes = history.heads(cells)
    counts, count_sizes = varints(part_counts)
    shifts = (8 * sizes).view(np.uint64)
    values |= ages.astype(np.uint64) << shifts
    values |= counts << (shifts + _EIGHT)
    return values, sizes + 1 + count_sizes


def _object_pieces(history: History, rows: _Rows, parts: _Parts) -> dict[int, bytes]:
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


def varint(value: int) -> bytes:
    """LEB128 of one number."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
