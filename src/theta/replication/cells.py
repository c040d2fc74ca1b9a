"""What a receiver knows of one cell at one tick, and how a section makes the next of it (REP-12 … REP-15)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.identifiers import empty_blake2b
from theta.base.limits import CELL_ENTITIES_MAX
from theta.replication.reading_sections import Part, Section, indices_of
from theta.replication.schema import ENTITY, FULL, REMOVED, Schema

HASH_BYTES = 8


class Rows(NamedTuple):
    """One component in one cell; never changed once made.

    Attributes:
        present: which indices have it, a bitmap.
        lanes: (CELL_ENTITIES_MAX, lanes) int64, 0 where it is not present.
        objects: for each object field its values, by index.
    """

    present: int
    lanes: NDArray[np.int64]
    objects: tuple[tuple[bytes, ...], ...]


class CellState(NamedTuple):
    """A cell at a tick; never changed once made.

    Attributes:
        tick: the room's.
        entities: by index, (CELL_ENTITIES_MAX,) uint64, 0 for nobody.
        components: by number; only those that somebody has.
    """

    tick: int
    entities: NDArray[np.uint64]
    components: dict[int, Rows]

    def presence(self, index: int) -> int:
        """Which components the entity at an index has, a bitmap by number."""
        return sum(1 << number for number, rows in self.components.items() if rows.present >> index & 1)


EMPTY = CellState(0, np.zeros(CELL_ENTITIES_MAX, np.uint64), {})


def apply_section(schema: Schema, base: CellState, section: Section, tick: int) -> CellState:
    """The cell at `tick`.

    Args:
        schema: the session's.
        base: the cell at the tick that the section's differences are from; EMPTY for age 0.
        section: of this cell.
        tick: the frame's.

    Raises:
        ProtocolError: a section that does not fit the base.
    """
    entities, components = base.entities, dict(base.components)
    for part in section.parts:
        if part.number == ENTITY:
            entities = _with_members(entities, components, part, section.cell)
        else:
            name = schema.layouts[part.number].name
            rows = components.get(part.number) or _no_rows(schema, part.number)
            made = _with_rows(rows, part, schema.lane_shifts[part.number], entities, f"cell {section.cell}: {name}")
            if made.present:
                components[part.number] = made
            else:
                del components[part.number]
    return CellState(tick, entities, components)


def cell_digests(state: CellState) -> dict[int, bytes]:
    """A hash of who is in a cell (ENTITY), and of each component that somebody has (REP-24)."""
    found = {ENTITY: _digest(ENTITY, state.entities.astype("<u8").tobytes())}
    for number in sorted(state.components):
        rows = state.components[number]
        pieces = [rows.present.to_bytes(2, "little"), rows.lanes.astype("<i8").tobytes()]
        for values in rows.objects:
            for value in values:
                pieces += [len(value).to_bytes(4, "little"), value]
        found[number] = _digest(number, *pieces)
    return found


def _digest(number: int, *pieces: bytes) -> bytes:
    digest = empty_blake2b("theta-cell", HASH_BYTES).copy()
    digest.update(number.to_bytes(2, "little") + b"".join(pieces))
    return digest.digest()


def _with_members(before: NDArray[np.uint64], components: dict[int, Rows], part: Part, cell: int) -> NDArray[np.uint64]:
    entities = before.copy()
    rows = list(part.rows)
    if part.kind == REMOVED:
        if not entities[rows].all():
            raise ProtocolError(f"cell {cell}: somebody leaves an index that nobody has")
        entities[rows] = 0
        for number, held in list(components.items()):
            left = _without(held, part.bitmap)
            if left.present:
                components[number] = left
            else:
                del components[number]
        return entities
    if entities[rows].any():
        raise ProtocolError(f"cell {cell}: somebody comes to an index that is taken")
    lanes = part.lanes.astype(np.uint32).astype(np.uint64)
    if not lanes[:, 1].all():
        raise ProtocolError(f"cell {cell}: an entity of generation 0")
    entities[rows] = lanes[:, 1] << np.uint64(32) | lanes[:, 0]
    named = entities[entities != 0]
    if len(np.unique(named)) < len(named):
        raise ProtocolError(f"cell {cell}: an entity has two indices")
    return entities


def _with_rows(rows: Rows, part: Part, shifts: NDArray[np.int64], entities: NDArray[np.uint64], what: str) -> Rows:
    indices, bitmap = list(part.rows), part.bitmap
    if part.kind == REMOVED:
        if rows.present & bitmap != bitmap:
            raise ProtocolError(f"{what} is removed where it is not")
        return _without(rows, bitmap)
    lanes = rows.lanes.copy()
    if part.kind == FULL:
        if rows.present & bitmap:
            raise ProtocolError(f"{what} is full where it is already")
        if not entities[indices].all():
            raise ProtocolError(f"{what} is at an index that nobody has")
        lanes[indices] = part.lanes
    elif rows.present & bitmap != bitmap:
        raise ProtocolError(f"{what} is a difference to nothing")
    else:
        # In two's complement of each lane's natural bytes.
        lanes[indices] = (lanes[indices] + part.lanes) << shifts >> shifts
    objects = tuple(
        held if told is None else replaced(held, part.rows, told)
        for held, told in zip(rows.objects, part.objects, strict=True)
    )
    return Rows(rows.present | bitmap, lanes, objects)


def _without(rows: Rows, gone: int) -> Rows:
    if not rows.present & gone:
        return rows
    indices = indices_of(gone)
    lanes = rows.lanes.copy()
    lanes[list(indices)] = 0
    none = (b"",) * len(indices)
    return Rows(rows.present & ~gone, lanes, tuple(replaced(held, indices, none) for held in rows.objects))


def replaced(held: tuple[bytes, ...], indices: tuple[int, ...], values: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """An object field's values, with others at some indices."""
    found = list(held)
    for index, value in zip(indices, values, strict=True):
        found[index] = value
    return tuple(found)


def _no_rows(schema: Schema, number: int) -> Rows:
    layout = schema.layouts[number]
    lanes = np.zeros((CELL_ENTITIES_MAX, layout.lane_count), np.int64)
    return Rows(0, lanes, ((b"",) * CELL_ENTITIES_MAX,) * layout.objects)
