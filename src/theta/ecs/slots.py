"""Where each entity's row is: arrays by slot, so that many are found at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.ecs.entities import Entities, Entity, Slots, index_of, slots_of
from theta.ecs.errors import UnknownEntity

SLOTS_MIN = 64
NOWHERE = -1


class Places(NamedTuple):
    """Tables by number and rows in them, both (n,) int32; a row is true until entities come, go or move."""

    tables: NDArray[np.int32]
    rows: NDArray[np.int32]


class SlotTable:
    """The living entity of each slot, and its place.

    Attributes:
        entities: (slots,) uint64, 0 where nobody lives.
        tables: (slots,) int32, the number of the table, NOWHERE where nobody lives.
        rows: (slots,) int32.
        count: how many live.
    """

    __slots__ = ("count", "entities", "rows", "tables")

    def __init__(self) -> None:
        self.entities = np.zeros(SLOTS_MIN, np.uint64)
        self.tables = np.full(SLOTS_MIN, NOWHERE, np.int32)
        self.rows = np.zeros(SLOTS_MIN, np.int32)
        self.count = 0

    def find(self, entity: Entity) -> tuple[int, int]:
        """The table's number and the row of an entity.

        Raises:
            UnknownEntity: it does not live here.
        """
        if not self.contains(entity):
            raise UnknownEntity(entity)
        slot = index_of(entity)
        return self.tables.item(slot), self.rows.item(slot)

    def contains(self, entity: Entity) -> bool:
        """Whether an entity lives."""
        slot = index_of(entity)
        return entity != 0 and slot < len(self.entities) and self.entities.item(slot) == entity

    def contains_many(self, entities: Entities) -> NDArray[np.bool_]:
        """Whether each of these entities lives, (n,)."""
        slots = slots_of(entities)
        inside = slots < len(self.entities)
        living: NDArray[np.bool_] = (self.entities[np.where(inside, slots, 0)] == entities) & inside & (entities != 0)
        return living

    def find_many(self, entities: Entities) -> Places:
        """The places of these entities.

        Raises:
            UnknownEntity: one does not live here.
        """
        living = self.contains_many(entities)
        if not living.all():
            raise UnknownEntity(int(entities[~living][0]))
        return self.at(slots_of(entities))

    def at(self, slots: Slots) -> Places:
        """The places of the entities in these slots, which all exist."""
        return Places(self.tables[slots], self.rows[slots])

    def settle(self, entity: Entity, table: int, row: int) -> None:
        """A new entity has this place."""
        slot = index_of(entity)
        self._reserve(slot + 1)
        self.entities[slot] = entity
        self.count += 1
        self.tables[slot] = table
        self.rows[slot] = row

    def move(self, entity: Entity, table: int, row: int) -> None:
        """A living entity has this place from now on."""
        slot = index_of(entity)
        self.tables[slot] = table
        self.rows[slot] = row

    def leave(self, entity: Entity) -> None:
        """A living entity lives no more."""
        slot = index_of(entity)
        self.entities[slot] = 0
        self.tables[slot] = NOWHERE
        self.count -= 1

    def settle_many(self, entities: Entities, table: int, rows: NDArray[np.int32]) -> None:
        """New entities have these places."""
        slots = slots_of(entities)
        self._reserve(int(slots.max(initial=0)) + 1)
        self.entities[slots] = entities
        self.count += len(entities)
        self.move_many(entities, table, rows)

    def move_many(self, entities: Entities, table: int, rows: NDArray[np.int32]) -> None:
        """Living entities have these places from now on."""
        slots = slots_of(entities)
        self.tables[slots] = table
        self.rows[slots] = rows

    def leave_many(self, entities: Entities) -> None:
        """Living entities live no more."""
        slots = slots_of(entities)
        self.entities[slots] = 0
        self.tables[slots] = NOWHERE
        self.count -= len(entities)

    def _reserve(self, slots: int) -> None:
        size = len(self.entities)
        if slots > size:
            more = max(2 * size, slots) - size
            self.entities = np.concatenate([self.entities, np.zeros(more, np.uint64)])
            self.tables = np.concatenate([self.tables, np.full(more, NOWHERE, np.int32)])
            self.rows = np.concatenate([self.rows, np.zeros(more, np.int32)])
