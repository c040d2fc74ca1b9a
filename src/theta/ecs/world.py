"""The world: which entities live, in which table's row, and who changed when."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import ENTITIES_MAX, U64_MAX
from theta.ecs.component import ComponentType, check, component_type
from theta.ecs.entities import Entity, EntityAllocator
from theta.ecs.errors import ChangedDuringQuery, DuplicateComponent, MissingComponent, UnknownEntity
from theta.ecs.table import Columns, ComponentRows, Table

C = TypeVar("C")


class Rows(NamedTuple):
    """What a query finds in one table: `entities` (rows,) uint64, and the columns of each class asked for, in order."""

    entities: NDArray[np.uint64]
    columns: tuple[Columns, ...]


class World:
    """Entities with components, in dense tables. A failed call raises a UsageError and changes nothing.

    Args:
        entities_max: how many entities may live at once.
    """

    def __init__(self, entities_max: int = ENTITIES_MAX) -> None:
        self._tick = 1
        self._allocator = EntityAllocator(entities_max)
        self._tables: dict[tuple[int, ...], Table] = {}
        self._places: dict[Entity, tuple[Table, int]] = {}
        self._moves = 0

    @property
    def tick(self) -> int:
        """The tick (u64, from 1) that changes are marked with."""
        return self._tick

    @property
    def entity_count(self) -> int:
        """How many entities live."""
        return len(self._places)

    def contains(self, entity: Entity) -> bool:
        """Whether the entity lives; an id of a despawned one never lives again."""
        return entity in self._places

    def advance_tick(self) -> int:
        """Begin the next tick and return it."""
        assert self._tick < U64_MAX
        self._tick += 1
        return self._tick

    def spawn(self, *components: object) -> Entity:
        """A new entity with these components.

        Raises:
            UnknownComponent: an instance of a class that was not declared.
            DuplicateComponent: two of the same component.
            InvalidValue: a field out of its limits.
            EntitiesExhausted: no place left.
        """
        instances: dict[int, object] = {}
        declarations: dict[int, ComponentType] = {}
        for instance in components:
            declaration = check(instance)
            if declaration.id in instances:
                raise DuplicateComponent(f"{declaration.name} is given twice")
            instances[declaration.id] = instance
            declarations[declaration.id] = declaration
        entity = self._allocator.allocate()
        table, row = self._place(entity, declarations)
        for key, instance in instances.items():
            table.components[key].store(row, instance, self._tick)
        return entity

    def despawn(self, entity: Entity) -> None:
        """End an entity with all its components.

        Raises:
            UnknownEntity: it does not live here.
        """
        table, row = self._find(entity)
        self._vacate(table, row)
        del self._places[entity]
        self._allocator.release(entity)

    def insert(self, entity: Entity, instance: object) -> None:
        """Give an entity a component that it does not have yet.

        Raises:
            UnknownEntity: it does not live here.
            UnknownComponent: the class was not declared.
            DuplicateComponent: it has one already; `write` changes it.
            InvalidValue: a field out of its limits.
        """
        table, row = self._find(entity)
        added = check(instance)
        if added.id in table.components:
            raise DuplicateComponent(f"entity {entity:#x} has a {added.name} already")
        declarations = {key: rows.type for key, rows in table.components.items()} | {added.id: added}
        target, target_row = self._move(entity, table, row, declarations)
        target.components[added.id].store(target_row, instance, self._tick)

    def remove(self, entity: Entity, declared: type[object]) -> None:
        """Take a component from an entity.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to take.
        """
        table, row, rows = self._rows(entity, declared)
        left = {key: other.type for key, other in table.components.items() if key != rows.type.id}
        self._move(entity, table, row, left)

    def has(self, entity: Entity, declared: type[object]) -> bool:
        """Whether an entity has a component.

        Raises:
            UnknownEntity, UnknownComponent: there is no such entity, or the class was not declared.
        """
        table, _ = self._find(entity)
        return component_type(declared).id in table.components

    def read(self, entity: Entity, declared: type[C]) -> C:
        """An entity's component, as an instance of its class.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to read.
        """
        _, row, rows = self._rows(entity, declared)
        return declared(**rows.load(row))

    def write(self, entity: Entity, instance: object) -> None:
        """Change a component that an entity has; marks it as changed in this tick.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to change; `insert` adds it.
            InvalidValue: a field out of its limits.
        """
        check(instance)
        _, row, rows = self._rows(entity, type(instance))
        rows.store(row, instance, self._tick)

    def query(self, *classes: type[object]) -> Iterator[Rows]:
        """The entities that have all these components, table by table, as read-only views.

        Raises:
            UnknownComponent: a class was not declared.
            ChangedDuringQuery: the loop's body spawned, despawned, inserted or removed.
        """
        return self._iterate([component_type(declared) for declared in classes], writes=0)

    def query_mut(self, *classes: type[object], reads: Sequence[type[object]] = ()) -> Iterator[Rows]:
        """Like `query`, with the columns of `classes` writable and all their rows marked as changed in this tick.

        Args:
            classes: the components to write, first in `Rows.columns`.
            reads: more components the entities must have; read-only, and last in `Rows.columns`.

        Raises:
            UnknownComponent: a class was not declared.
            ChangedDuringQuery: the loop's body spawned, despawned, inserted or removed.
        """
        return self._iterate([component_type(declared) for declared in (*classes, *reads)], writes=len(classes))

    def changed_since(self, declared: type[object], tick: int) -> list[Entity]:
        """The entities whose component was changed after `tick`: spawned, inserted, written or `query_mut`.

        Raises:
            UnknownComponent: the class was not declared.
        """
        key = component_type(declared).id
        found: list[Entity] = []
        for table in self._tables.values():
            if key in table.components:
                ticks = table.components[key].ticks[: table.count]
                found += table.entities[ticks > tick].tolist()
        return found

    def _iterate(self, declarations: list[ComponentType], writes: int) -> Iterator[Rows]:
        moves = self._moves
        for table in tuple(self._tables.values()):
            if table.count == 0 or any(declaration.id not in table.components for declaration in declarations):
                continue
            columns = []
            for at, declaration in enumerate(declarations):
                rows = table.components[declaration.id]
                if at < writes:
                    rows.ticks[: table.count] = self._tick
                columns.append(rows.view(table.count, writeable=at < writes))
            yield Rows(table.entities, tuple(columns))
            if self._moves != moves:
                raise ChangedDuringQuery

    def _find(self, entity: Entity) -> tuple[Table, int]:
        place = self._places.get(entity)
        if place is None:
            raise UnknownEntity(entity)
        return place

    def _rows(self, entity: Entity, declared: type[Any]) -> tuple[Table, int, ComponentRows]:
        table, row = self._find(entity)
        declaration = component_type(declared)
        rows = table.components.get(declaration.id)
        if rows is None:
            raise MissingComponent(entity, declaration.name)
        return table, row, rows

    def _place(self, entity: Entity, declarations: dict[int, ComponentType]) -> tuple[Table, int]:
        key = tuple(sorted(declarations))
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = Table(declarations)
        place = self._places[entity] = (table, table.append(entity))
        self._moves += 1
        return place

    def _vacate(self, table: Table, row: int) -> None:
        moved = table.remove(row)
        if moved is not None:
            self._places[moved] = (table, row)
        self._moves += 1

    def _move(
        self, entity: Entity, table: Table, row: int, declarations: dict[int, ComponentType]
    ) -> tuple[Table, int]:
        """Into the table with these components; what both have keeps its values and ticks."""
        target, target_row = self._place(entity, declarations)
        for key in table.components.keys() & target.components.keys():
            table.components[key].copy_row(row, target.components[key], target_row)
        self._vacate(table, row)
        return target, target_row
