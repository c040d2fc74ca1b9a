"""Many sections of one body, applied and compared at once: what is in order goes a component at a time.

What is not (somebody comes or leaves beside values, or nothing fits) goes a section at a time through
`cells.apply_section`, which also says what is wrong. The states are the same either way.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import CELL_ENTITIES_MAX
from theta.replication.cells import EMPTY, CellState, Rows, apply_section, replaced
from theta.replication.reading_sections import Part, Section
from theta.replication.schema import DELTA, ENTITY, Schema

Ints = NDArray[np.int64]
Entities = NDArray[np.uint64]

_U32 = np.uint64(0xFFFF_FFFF)
_NO_VALUES = ((b"",) * CELL_ENTITIES_MAX,)


class Step(NamedTuple):
    """A section, and what it is to be applied to."""

    base: CellState
    section: Section


class ChangedRows(NamedTuple):
    """One component's rows that have other values than before: entities (n,), lanes (n, lanes), object fields."""

    number: int
    entities: Entities
    lanes: Ints
    objects: tuple[tuple[bytes, ...], ...]


class _Told(NamedTuple):
    """A part of the step at `at`."""

    at: int
    part: Part


def apply_steps(schema: Schema, steps: Sequence[Step], tick: int) -> list[CellState]:
    """The cells at `tick`, one for each step.

    Raises:
        ProtocolError: a section that does not fit its base.
    """
    whole = [at for at, step in enumerate(steps) if step.base is EMPTY and step.section.age == 0]
    moved = [at for at, step in enumerate(steps) if _has_only_differences(step.section)]
    found: dict[int, CellState] = {}
    if len(whole) > 1:
        found |= _whole(schema, {at: steps[at].section for at in whole}, tick)
    if len(moved) > 1:
        found |= _moved(schema, {at: steps[at] for at in moved}, tick)
    return [found.get(at) or apply_section(schema, *step, tick) for at, step in enumerate(steps)]


def _has_only_differences(section: Section) -> bool:
    for part in section.parts:
        if part.kind < DELTA:
            return False
    return section.age > 0


def _whole(schema: Schema, sections: dict[int, Section], tick: int) -> dict[int, CellState]:
    """Cells from nothing; none where one of them cannot be."""
    by_number: dict[int, tuple[list[int], list[Part]]] = {}
    for place, section in enumerate(sections.values()):
        for part in section.parts:
            told = by_number.get(part.number)
            if told is None:
                told = by_number[part.number] = [], []
            told[0].append(place)
            told[1].append(part)
    places, parts = by_number.pop(ENTITY, ([], []))
    entities = _who_comes(len(sections), places, parts)
    if entities is None:
        return {}
    there = [0] * len(sections)
    for place, part in zip(places, parts, strict=True):
        there[place] = part.bitmap
    components: list[dict[int, Rows]] = [{} for _ in sections]
    for number in sorted(by_number):
        places, parts = by_number[number]
        bitmaps = [part.bitmap for part in parts]
        if any(bitmap & ~there[place] for place, bitmap in zip(places, bitmaps, strict=True)):
            return {}
        layout = schema.layouts[number]
        lanes = np.zeros((len(parts) * CELL_ENTITIES_MAX, layout.lane_count), np.int64)
        lanes[_flags(bitmaps).nonzero()[0]] = np.concatenate([part.lanes for part in parts])
        none = _NO_VALUES * layout.objects
        # Views of one array, which stays until the last of its cells has changed.
        of_cells = lanes.reshape(len(parts), CELL_ENTITIES_MAX, layout.lane_count)
        for place, part, mine in zip(places, parts, of_cells, strict=True):
            components[place][number] = Rows(part.bitmap, mine, _objects(part, none) if none else ())
    return {at: CellState(tick, entities[place], components[place]) for place, at in enumerate(sections)}


def _who_comes(count: int, places: Sequence[int], coming: Sequence[Part]) -> Entities | None:
    """Who is in cells that nobody was in, (count, CELL_ENTITIES_MAX); None where that cannot be.

    Args:
        count: of cells.
        places: the cell of each part.
        coming: parts of number 0.
    """
    entities = np.zeros((count, CELL_ENTITIES_MAX), np.uint64)
    if coming:
        lanes = np.concatenate([part.lanes for part in coming]).view(np.uint64) & _U32
        if np.count_nonzero(lanes[:, 1]) < len(lanes):
            return None
        rows = _rows_of(places, [part.bitmap for part in coming])
        entities.reshape(-1)[rows] = lanes[:, 1] << np.uint64(32) | lanes[:, 0]
        in_order = np.sort(entities, axis=1)
        if ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] != 0)).any():
            return None
    return entities


def _moved(schema: Schema, steps: dict[int, Step], tick: int) -> dict[int, CellState]:
    """Cells in which values changed and nothing else; without those whose section does not fit."""
    by_number: dict[int, list[_Told]] = {}
    components: dict[int, dict[int, Rows]] = {}
    for at, (base, section) in steps.items():
        held = base.components
        fits = True
        for part in section.parts:
            rows = held.get(part.number)
            fits = fits and rows is not None and not part.bitmap & ~rows.present
        if fits:
            components[at] = held.copy()
            for part in section.parts:
                by_number.setdefault(part.number, []).append(_Told(at, part))
    for number, parts in by_number.items():
        slots = {at: slot for slot, at in enumerate(dict.fromkeys(told.at for told in parts))}
        lanes = np.concatenate([components[at][number].lanes for at in slots])
        chosen = _rows_of([slots[told.at] for told in parts], [told.part.bitmap for told in parts])
        differences = np.concatenate([told.part.lanes for told in parts])
        shifts = schema.lane_shifts[number]
        # In two's complement of each lane's natural bytes.
        lanes[chosen] = (lanes[chosen] + differences) << shifts >> shifts
        for at, slot in slots.items():
            was = components[at][number]
            # A copy: a view would keep all cells of the body for as long as one of them stays as it is.
            mine = lanes[slot * CELL_ENTITIES_MAX : (slot + 1) * CELL_ENTITIES_MAX].copy()
            components[at][number] = Rows(was.present, mine, was.objects)
        if schema.layouts[number].objects:
            for at, part in parts:
                was = components[at][number]
                components[at][number] = was._replace(objects=_objects(part, was.objects))
    return {at: CellState(tick, steps[at].base.entities, components[at]) for at in components}


def _rows_of(cells: Sequence[int], bitmaps: Sequence[int]) -> Ints:
    """Where rows are among the indices of all cells, cell * CELL_ENTITIES_MAX + index: of parts, each in a cell."""
    bits = _flags(bitmaps).nonzero()[0]
    shift = (np.array(cells) - np.arange(len(cells))) * CELL_ENTITIES_MAX
    rows: Ints = bits + shift[bits // CELL_ENTITIES_MAX]
    return rows


def _flags(bitmaps: Sequence[int]) -> NDArray[np.uint8]:
    """Bitmaps as ones and zeros, one after the other."""
    return np.unpackbits(np.array(bitmaps, "<u2").view(np.uint8), bitorder="little")


def _objects(part: Part, held: tuple[tuple[bytes, ...], ...]) -> tuple[tuple[bytes, ...], ...]:
    return tuple(
        values if told is None else replaced(values, part.rows, told)
        for values, told in zip(held, part.objects, strict=True)
    )


class _Pair(NamedTuple):
    """One component in a cell: who is there, what it was (None: nothing), and what it is."""

    entities: Entities
    before: Rows | None
    after: Rows


def is_regular(before: CellState, after: CellState) -> bool:
    """Whether all that changed in a cell is values; or it was not known."""
    if before is EMPTY:
        return True
    held, had = after.components, before.components
    if before.entities is not after.entities or len(held) != len(had):
        return False
    for number, rows in had.items():
        now = held.get(number)
        if now is None or now.present != rows.present:
            return False
    return True


def changed_rows(changes: Sequence[tuple[CellState, CellState]]) -> list[ChangedRows]:
    """What is to be written of regular changes (before, after), by component."""
    by_number: dict[int, list[_Pair]] = {}
    for before, after in changes:
        for number, rows in after.components.items():
            had = before.components.get(number)
            if had is not rows:
                by_number.setdefault(number, []).append(_Pair(after.entities, had, rows))
    return [_changed(number, pairs) for number, pairs in by_number.items()]


def _changed(number: int, pairs: Sequence[_Pair]) -> ChangedRows:
    after = np.concatenate([pair.after.lanes for pair in pairs])
    told = _flags([0 if pair.before else pair.after.present for pair in pairs]).view(np.bool_)
    known = [pair.before.lanes if pair.before else pair.after.lanes for pair in pairs]
    if any(pair.before for pair in pairs):
        told |= (np.concatenate(known) != after).any(axis=1)
    fields = pairs[0].after.objects
    for at, pair in enumerate(pairs) if fields else ():
        for old, new in zip(pair.before.objects if pair.before else (), pair.after.objects, strict=False):
            if old is not new:
                differ = [one != other for one, other in zip(old, new, strict=True)]
                told[at * CELL_ENTITIES_MAX : (at + 1) * CELL_ENTITIES_MAX] |= differ
    rows = told.nonzero()[0]
    entities = np.concatenate([pair.entities for pair in pairs])
    objects = tuple(
        tuple([pairs[row // CELL_ENTITIES_MAX].after.objects[field][row % CELL_ENTITIES_MAX] for row in rows.tolist()])
        for field in range(len(fields))
    )
    return ChangedRows(number, entities[rows], after[rows], objects)
