"""Cells from nothing, each value at its natural width: for snapshots, which are compressed after (REP-20).

The bytes are sections of age 0 like those of `sections`, but no width is looked for: rows are copied whole.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.replication.history import History
from theta.replication.schema import FULL, ComponentLayout
from theta.replication.section_parts import ends_of, put, put_heads, section_heads, varint

Ints = NDArray[np.int64]

_BLOCK_BYTES = 100_000


class WholeCells(NamedTuple):
    """Section n is `buffer[ends[n]:ends[n + 1]]`."""

    buffer: NDArray[np.uint8]
    ends: Ints


class _Component(NamedTuple):
    """One component's parts in all cells.

    Attributes:
        number: its.
        counts: rows in each cell, (cells,).
        rows: places in the pool, cell after cell, (rows,).
        bitmaps: which indices have it, (cells,).
        head: the bytes of a part before its rows, but for the bitmap.
        head_bytes: how many there are with it.
        sizes: the parts' bytes, (cells,); 0 where nobody has it.
        extras: by cell, the values of its object fields.
    """

    number: int
    counts: Ints
    rows: NDArray[np.int32]
    bitmaps: NDArray[np.uint64]
    head: int
    head_bytes: int
    sizes: Ints
    extras: dict[int, bytes]


def encode_whole(history: History, cells: Ints) -> WholeCells:
    """The sections of cells for who has nothing of them.

    Args:
        history: of the room.
        cells: (cells,), below `history.cell_count`.
    """
    components = [_component(history, number, rows) for number, rows in enumerate(history.rows_now(cells))]
    components = [each for each in components if each.rows.size]
    part_counts = np.zeros(len(cells), np.int64)
    for each in components:
        part_counts += each.counts > 0
    heads, head_sizes = section_heads(history, cells, np.zeros(len(cells), np.int64), part_counts)
    sizes = np.stack([head_sizes, *(each.sizes for each in components)], axis=1)
    ends = ends_of(sizes.ravel())
    starts = ends[:-1].reshape(sizes.shape)
    buffer = np.empty(int(ends[-1]), np.uint8)
    put_heads(buffer, starts[:, 0], heads, head_sizes)
    for at, component in enumerate(components, 1):
        _write(history, buffer, component, starts[:, at])
    return WholeCells(buffer, ends[:: sizes.shape[1]])


def _component(history: History, number: int, rows: NDArray[np.int32]) -> _Component:
    layout = history.schema.layouts[number]
    has = rows != 0
    bitmaps = np.packbits(has, bitorder="little").view("<u2")
    counts = np.bitwise_count(bitmaps).astype(np.int64)
    head, head_sizes = history.schema.heads
    kind = number * 4 + FULL
    codes = history.schema.natural_codes[number]
    value = int(head[kind]) | codes << 8 * (int(head_sizes[kind]) + 2)
    head_bytes = int(head_sizes[kind]) + 2 + layout.code_bytes
    taken = rows[has]
    extras = _extras(history, number, taken, counts) if layout.objects else {}
    sizes = counts * sum(layout.lane_bytes) + (counts > 0) * head_bytes
    for at, piece in extras.items():
        sizes[at] += len(piece)
    return _Component(number, counts, taken, bitmaps.astype(np.uint64), value, head_bytes, sizes, extras)


def _write(history: History, buffer: NDArray[np.uint8], component: _Component, starts: Ints) -> None:
    layout = history.schema.layouts[component.number]
    there = component.counts.nonzero()[0]
    bitmap_at = np.uint64(8 * (component.head_bytes - 2 - layout.code_bytes))
    heads = component.bitmaps[there] << bitmap_at | np.uint64(component.head)
    put(buffer, starts[there], np.ascontiguousarray(heads.view(np.uint8).reshape(-1, 8)[:, : component.head_bytes]))
    row_bytes = sum(layout.lane_bytes)
    if row_bytes:
        before = component.counts.cumsum() - component.counts
        places = (starts + component.head_bytes - before * row_bytes).repeat(component.counts)
        places += np.arange(0, len(places) * row_bytes, row_bytes)
        # So many at once that what is copied in between stays in the processor's cache.
        step = max(1, _BLOCK_BYTES // (8 * int(history.schema.stored_lanes[component.number])))
        for first in range(0, len(places), step):
            lanes = history.pool.copies(component.number, component.rows[first : first + step])
            put(buffer, places[first : first + step], natural_bytes(layout, lanes))
    for at, piece in component.extras.items():
        end = int(starts[at] + component.sizes[at])
        buffer[end - len(piece) : end] = np.frombuffer(piece, np.uint8)


def natural_bytes(layout: ComponentLayout, lanes: Ints) -> NDArray[np.uint8]:
    """Each row's lanes at their natural bytes, little-endian: (rows, bytes)."""
    if len(set(layout.natural_bytes)) == 1:
        whole: NDArray[np.uint8] = lanes[:, : layout.lane_count].astype(f"<i{layout.natural_bytes[0]}").view(np.uint8)
        return whole
    data = np.empty((len(lanes), sum(layout.lane_bytes)), np.uint8)
    start = lane = 0
    for count, size in zip(layout.groups, layout.natural_bytes, strict=True):
        group = lanes[:, lane : lane + count].astype(f"<i{size}")
        data[:, start : start + count * size] = group.view(np.uint8)
        start, lane = start + count * size, lane + count
    return data


def _extras(history: History, number: int, rows: NDArray[np.int32], counts: Ints) -> dict[int, bytes]:
    layout = history.schema.layouts[number]
    ids = history.pool.rows(number)[rows][:, layout.lane_count :].tolist()
    values = history.objects.values
    found, at = {}, 0
    for cell, count in enumerate(counts.tolist()):
        some = ids[at : at + count]
        at += count
        told = [values[row[field]] for field in range(layout.objects) for row in some]
        if told:
            found[cell] = b"".join(varint(len(value)) + value for value in told)
    return found
