"""Entities and their values as participants send them: sections of age 0 (REP-10 … REP-14), as the room's own are.

16 entities are in each section, and its cell is its number among them, from 0. `OwnedState` and `SpawnEntities` carry
such bytes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import CELL_ENTITIES_MAX
from theta.ecs.entities import INDEX_BITS, Entities
from theta.replication.cells import EMPTY, CellState, apply_section
from theta.replication.reading_sections import indices_of, read_sections
from theta.replication.receiving import Written
from theta.replication.schema import ENTITY, FULL, Schema
from theta.replication.section_parts import varint
from theta.replication.whole_cells import natural_bytes

Places = dict[int, int]
"""Where each entity's values are, by entity."""

_INDEX_MASK = np.uint64((1 << INDEX_BITS) - 1)


class EntityRows(NamedTuple):
    """Entities with values.

    Attributes:
        entities: (n,), in the order of the bytes.
        written: by component number, ascending; the values of some of the entities.
    """

    entities: Entities
    written: dict[int, Written]


def chosen_rows(written: Written, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Written:
    """Some of a component's values: by a mask (n,), or by places."""
    places = rows.nonzero()[0] if rows.dtype == np.bool_ else rows
    objects = tuple(tuple(field[place] for place in places.tolist()) for field in written.objects)
    return Written(written.entities[places], written.lanes[places], objects)


def joined_rows(parts: Sequence[Written]) -> Written:
    """One component's values from several, one after the other; there is at least one."""
    if len(parts) == 1:
        return parts[0]
    objects = tuple(
        tuple(value for field in fields for value in field)
        for fields in zip(*(each.objects for each in parts), strict=True)
    )
    lanes = np.concatenate([each.lanes for each in parts])
    return Written(np.concatenate([each.entities for each in parts]), lanes, objects)


def places_of(written: Mapping[int, Written]) -> dict[int, Places]:
    """By component number, where each entity's values are."""
    return {
        number: dict(zip(values.entities.tolist(), range(len(values.entities)), strict=True))
        for number, values in sorted(written.items())
    }


def write_entities(
    schema: Schema, entities: Sequence[int], places: Mapping[int, Places], written: Mapping[int, Written]
) -> bytes:
    """The bytes of entities and their values.

    Args:
        schema: of the session's descriptors.
        entities: each once; one may be without values.
        places: `places_of(written)`.
        written: by component number, values of some of these entities, and perhaps of others.
    """
    body = b""
    for number, at in enumerate(range(0, len(entities), CELL_ENTITIES_MAX)):
        some = entities[at : at + CELL_ENTITIES_MAX]
        ids = np.array(some, np.uint64)
        lanes = np.stack([ids & _INDEX_MASK, ids >> np.uint64(INDEX_BITS)], axis=1).astype(np.int64)
        parts = [_part(schema, ENTITY, range(len(some)), lanes, ())]
        for component, rows in places.items():
            having = [index for index, entity in enumerate(some) if entity in rows]
            if having:
                chosen = [rows[some[index]] for index in having]
                values = written[component]
                objects = [[field[row] for row in chosen] for field in values.objects]
                parts.append(_part(schema, component, having, values.lanes[chosen], objects))
        body += varint(number) + b"\x00" + varint(len(parts)) + b"".join(parts)
    return body


def stand_ins(count: int) -> Entities:
    """What stands for the ids of entities that are to be spawned (REP-84), (count,): their places in the request."""
    return np.arange(1, count + 1, dtype=np.uint64) | np.uint64(1 << INDEX_BITS)


def read_entities(schema: Schema, body: bytes, what: str, entities_max: int) -> EntityRows:
    """What such bytes tell.

    Args:
        schema: of the session's descriptors.
        body: from a participant.
        what: the message, for errors.
        entities_max: about how many are read; it is up to the caller to refuse a few more.

    Raises:
        ProtocolError: malformed, or of more sections than one over those of `entities_max`.
    """
    # A section takes as long to read whether 16 entities are in it or none: so many bytes could hold thousands.
    sections = read_sections(schema, body, entities_max // CELL_ENTITIES_MAX + 1)
    if [(each.cell, each.age) for each in sections] != [(number, 0) for number in range(len(sections))]:
        raise ProtocolError(f"{what}: sections are not of cells 0 and on, from nothing")
    cells = [apply_section(schema, EMPTY, each, 0) for each in sections]
    if not all(np.count_nonzero(cell.entities) == CELL_ENTITIES_MAX for cell in cells[:-1]):
        raise ProtocolError(f"{what}: a section before the last has less than {CELL_ENTITIES_MAX} entities")
    entities = np.concatenate([cell.entities for cell in cells]) if cells else np.zeros(0, np.uint64)
    entities = entities[entities != 0]
    # Within a cell that is seen to already.
    if len(cells) > 1 and len(np.unique(entities)) < len(entities):
        raise ProtocolError(f"{what}: an entity is told twice")
    parts: dict[int, list[Written]] = {}
    for cell in cells:
        for number in cell.components:
            parts.setdefault(number, []).append(_written(cell, number))
    return EntityRows(entities, {number: joined_rows(parts[number]) for number in sorted(parts)})


def _written(cell: CellState, number: int) -> Written:
    rows = cell.components[number]
    having = list(indices_of(rows.present))
    objects = tuple(tuple(field[row] for row in having) for field in rows.objects)
    return Written(cell.entities[having], rows.lanes[having], objects)


def _part(
    schema: Schema,
    number: int,
    indices: Sequence[int],
    lanes: NDArray[np.int64],
    objects: Sequence[Sequence[bytes]],
) -> bytes:
    """A part of values from nothing, each at its natural width."""
    layout = schema.layouts[number]
    codes = schema.natural_codes[number].to_bytes(layout.code_bytes, "little")
    head = varint(number << 2 | FULL) + sum(1 << index for index in indices).to_bytes(2, "little") + codes
    told = b"".join(varint(len(value)) + value for field in objects for value in field)
    return head + (natural_bytes(layout, lanes).tobytes() if layout.lane_count else b"") + told
