"""Sections of ticks in which much changed: each component's rows as one block, each shape of row written at once.

The bytes are those of `sections`, whose one flat array takes fewer steps where little changed and several times as
many for a lane. Here a step loops over the components that changed, never over entities.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.replication.history import History
from theta.replication.schema import REMOVED, Schema
from theta.replication.section_parts import (
    Ints,
    Parts,
    Rows,
    Sections,
    Words,
    outline,
    parts_of,
    put_rows,
    starts_of,
    width_codes,
    with_wide,
)

_LANES_PER_SHAPE_MIN = 256
"""With fewer lanes for each shape of row, one flat array is faster."""


class _Block(NamedTuple):
    """One component's rows: where they are among all rows, (n,), and their differences, (n, stored lanes)."""

    number: int
    at: NDArray[np.intp]
    differences: Ints


class _Shape(NamedTuple):
    """Rows of a block, or None for all of them, whose lanes have the same widths; these widths by group."""

    block: _Block
    chosen: NDArray[np.intp] | None
    widths: tuple[int, ...]


def write_dense(history: History, cells: Ints, ages: Ints, rows: Rows) -> Sections | None:
    """The sections; None where rows have so many shapes that this is the slower way.

    Args:
        history: of the room.
        cells: (sections,).
        ages: (sections,).
        rows: what changed; as it was, where None is returned.
    """
    schema = history.schema
    blocks = _blocks(history, rows)
    needs = _needs(schema, blocks, len(rows.number))
    rows = with_wide(rows, needs)
    part = rows.parts(schema.count)
    if (part[1:] < part[:-1]).any():
        order = np.argsort(part, kind="stable")
        rows, part, needs = rows.at(order), part[order], needs[order]
        moved = np.empty(len(order), np.intp)
        moved[order] = np.arange(len(order))
        blocks = [block._replace(at=moved[block.at]) for block in blocks]
    parts = parts_of(rows, part, needs)
    shapes = list(_shapes(schema, blocks, parts))
    if len(shapes) * _LANES_PER_SHAPE_MIN > sum(block.differences.size for block in blocks):
        return None
    placed = outline(history, cells, ages, rows, parts, _row_bytes(schema, parts))
    buffer = np.empty(placed.size, np.uint8)
    for block, chosen, widths in shapes:
        at, lanes = block.at, block.differences
        if chosen is not None:
            at, lanes = at[chosen], lanes[chosen]
        put_rows(buffer, placed.row_starts[at], _narrowed(schema.layouts[block.number].groups, widths, lanes))
    placed.complete(buffer)
    return Sections(buffer.tobytes(), placed.section_ends)


def _blocks(history: History, rows: Rows) -> list[_Block]:
    number = np.where(rows.kind != REMOVED, rows.number, -1) if rows.is_removing else rows.number
    found = []
    for each in np.bincount(rows.number).nonzero()[0].tolist():
        at = (number == each).nonzero()[0]
        if len(at):
            differences = history.pool.copies(each, rows.now.take(at))
            differences -= history.pool.copies(each, rows.base.take(at))
            found.append(_Block(each, at, differences))
    return found


def _needs(schema: Schema, blocks: list[_Block], count: int) -> Words:
    """What each of all rows needs of widths, (count,)."""
    needs = np.zeros(count, np.uint64)
    widest = np.empty(sum(len(block.at) * len(schema.stored_groups[block.number]) for block in blocks), np.uint64)
    ends = [0]
    for block in blocks:
        # Read unsigned, the one that has no absolute value is the largest.
        columns = np.abs(block.differences.T, order="C").view(np.uint64)
        lane, rows = 0, len(block.at)
        for lanes in schema.stored_groups[block.number]:
            start = ends[-1]
            np.bitwise_or.reduce(columns[lane : lane + lanes], axis=0, out=widest[start : start + rows])
            ends.append(start + rows)
            lane += lanes
    codes = width_codes(widest)
    at = 0
    for block in blocks:
        first = int(schema.first_group[block.number])
        found = schema.needs[4 * first : 4 * first + 4].take(codes[ends[at] : ends[at + 1]])
        for group in range(1, len(schema.stored_groups[block.number])):
            table = schema.needs[4 * (first + group) : 4 * (first + group) + 4]
            found |= table.take(codes[ends[at + group] : ends[at + group + 1]])
        needs[block.at] = found
        at += len(schema.stored_groups[block.number])
    return needs


def _shapes(schema: Schema, blocks: list[_Block], parts: Parts) -> Iterator[_Shape]:
    """The rows by what is written of them; those of which nothing is are in none."""
    for block in blocks:
        distinct = set(parts.needs[parts.number == block.number].tolist())
        needs = parts.needs[parts.of_row[block.at]] if len(distinct) > 1 else None
        for word in sorted(distinct):
            widths = schema.widths_of(block.number, word)
            if any(widths):
                yield _Shape(block, (needs == word).nonzero()[0] if needs is not None else None, widths)


def _row_bytes(schema: Schema, parts: Parts) -> Ints:
    """Bytes of a row's lanes in each part, (parts,)."""
    counts = schema.group_counts[parts.number]
    starts, total = starts_of(counts)
    if not total:
        return np.zeros(0, np.int64)
    groups = (schema.first_group[parts.number] - starts).repeat(counts) + np.arange(total)
    bits = parts.needs.repeat(counts) >> schema.group_shifts[groups] & np.uint64(0xF)
    sizes = schema.widths[groups * 16 + bits.view(np.int64)] * schema.group_lanes[groups]
    found: Ints = np.add.reduceat(sizes, starts)
    return found


def _narrowed(groups: tuple[int, ...], widths: tuple[int, ...], lanes: Ints) -> NDArray[np.uint8]:
    """Rows of lanes, each group in so many bytes: (n, bytes)."""
    pieces = []
    first = last = 0
    for at, (count, width) in enumerate(zip(groups, widths, strict=True)):
        last += count
        # Neighbours of one width are one piece.
        if at + 1 == len(groups) or widths[at + 1] != width:
            if width:
                pieces.append(lanes[:, first:last].astype(f"<i{width}").view(np.uint8))
            first = last
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
