"""What a world is made of: the tables, the place of each entity in them, and the tick.

Nothing here checks what it is given; the verbs on top do.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from theta.ecs.access import UNLIMITED, Access
from theta.ecs.declaration import ComponentType
from theta.ecs.entities import Entities, Entity, EntityAllocator
from theta.ecs.errors import MissingComponent
from theta.ecs.slots import Places, SlotTable
from theta.ecs.table import ComponentRows, Table


class Storage:
    """Tables, slots and ids, kept in step.

    Attributes:
        tick: what changes are marked with.
        slots: the place of each entity.
        allocator: the ids.
        tables: by number, in the order in which they were first needed.
        moves: counts whatever makes a table's views stale.
        access: what is allowed at the moment.
    """

    def __init__(self, entities_max: int) -> None:
        self.tick = 1
        self.slots = SlotTable()
        self.allocator = EntityAllocator(entities_max)
        self.tables: list[Table] = []
        self.moves = 0
        self.access: Access = UNLIMITED
        self._numbers: dict[tuple[int, ...], int] = {}

    def tables_with(self, declarations: list[ComponentType]) -> Iterator[Table]:
        """The tables with rows that have all these components; one that is made meanwhile is left out."""
        for table in tuple(self.tables):
            if table.count and all(declaration.id in table.components for declaration in declarations):
                yield table

    def table_of(self, declarations: Mapping[int, ComponentType]) -> Table:
        """The table with exactly these components."""
        key = tuple(sorted(declarations))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.tables)
            self.tables.append(Table(number, declarations))
        return self.tables[number]

    def find(self, entity: Entity) -> tuple[Table, int]:
        """An entity's table and row.

        Raises:
            UnknownEntity: it does not live here.
        """
        number, row = self.slots.find(entity)
        return self.tables[number], row

    def rows(self, entity: Entity, declaration: ComponentType) -> tuple[Table, int, ComponentRows]:
        """An entity's table and row, and where its component is.

        Raises:
            UnknownEntity, MissingComponent: there is nothing.
        """
        table, row = self.find(entity)
        rows = table.components.get(declaration.id)
        if rows is None:
            raise MissingComponent(entity, declaration.name)
        return table, row, rows

    def settle(self, entity: Entity, table: Table) -> int:
        """A row for a new entity."""
        row = table.append(entity)
        self.slots.settle(entity, table.number, row)
        self.moves += 1
        return row

    def settle_many(self, entities: Entities, table: Table) -> NDArray[np.int32]:
        """Rows for new entities."""
        rows = table.append_many(entities)
        self.slots.settle_many(entities, table.number, rows)
        self.moves += 1
        return rows

    def end(self, entity: Entity, table: Table, row: int) -> None:
        """An entity lives no more."""
        self._vacate(table, row)
        self.slots.leave(entity)
        self.allocator.release(entity)

    def end_many(self, entities: Entities, places: Places) -> None:
        """These different entities live no more."""
        for number, chosen in by_table(places):
            self._vacate_many(self.tables[number], places.rows[chosen])
        self.slots.leave_many(entities)
        self.allocator.release_many(entities)

    def move(self, entity: Entity, table: Table, row: int, target: Table) -> int:
        """Into another table; what both have keeps its values and ticks. Returns the row there."""
        target_row = target.append(entity)
        for key in table.components.keys() & target.components.keys():
            table.components[key].copy_row(row, target.components[key], target_row)
        self._vacate(table, row)
        self.slots.move(entity, target.number, target_row)
        return target_row

    def move_many(self, entities: Entities, table: Table, rows: NDArray[np.int32], target: Table) -> NDArray[np.int32]:
        """As `move`, for different entities of one table."""
        target_rows = target.append_many(entities)
        for key in table.components.keys() & target.components.keys():
            table.components[key].copy_rows(rows, target.components[key], target_rows)
        self._vacate_many(table, rows)
        self.slots.move_many(entities, target.number, target_rows)
        return target_rows

    def _vacate(self, table: Table, row: int) -> None:
        moved = table.remove(row)
        if moved is not None:
            self.slots.move(moved, table.number, row)
        self.moves += 1

    def _vacate_many(self, table: Table, rows: NDArray[np.int32]) -> None:
        moved, now = table.remove_many(rows)
        self.slots.move_many(moved, table.number, now)
        self.moves += 1


def by_table(places: Places) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """The tables' numbers, ascending, each with which of the places are in it."""
    numbers = np.flatnonzero(np.bincount(places.tables)) if len(places.tables) else ()
    for number in numbers:
        yield int(number), np.flatnonzero(places.tables == number)
