"""The world: entities with components, changed one by one, in bulk, or table by table."""

from functools import cached_property
from typing import TypeVar

import numpy as np

from theta.base.limits import ENTITIES_MAX, U64_MAX
from theta.ecs.bulk import BulkVerbs
from theta.ecs.component import check, component_type
from theta.ecs.deferred import Deferred
from theta.ecs.entities import Entity
from theta.ecs.errors import DuplicateComponent
from theta.ecs.events import Events
from theta.ecs.observers import Observers
from theta.ecs.placing import check_new, checked_instances, place
from theta.ecs.querying import QueryVerbs, Rows
from theta.ecs.relations import RelationVerbs, check_link, with_descendants
from theta.ecs.resources import Resources
from theta.ecs.schedule import Schedule
from theta.ecs.storage import Storage
from theta.ecs.structure import Structure, StructureReader

__all__ = ["Rows", "World"]

C = TypeVar("C")


class World(QueryVerbs, BulkVerbs, RelationVerbs):
    """Entities with components, in dense tables. A failed call raises a UsageError and changes nothing.

    Args:
        entities_max: how many entities may live at once.

    Attributes:
        commands: structural changes put off until `flush`.
        observers: who is told what came, went and changed.
        resources: what there is one of, by class.
        events: what happened in the last tick.
    """

    def __init__(self, entities_max: int = ENTITIES_MAX) -> None:
        self._storage = Storage(entities_max)
        self._structure = StructureReader(self._storage)
        self.commands = Deferred(self._storage)
        self.observers = Observers(self._storage)
        self.resources = Resources()
        self.events = Events()

    @cached_property
    def schedule(self) -> Schedule:
        """The systems, and their order."""
        return Schedule(self, self._storage)

    @property
    def tick(self) -> int:
        """The tick (u64, from 1) that changes are marked with."""
        return self._storage.tick

    @property
    def entity_count(self) -> int:
        """How many entities live."""
        return self._storage.slots.count

    @property
    def entities_max(self) -> int:
        """How many entities may live at once."""
        return self._storage.allocator.entities_max

    def contains(self, entity: Entity) -> bool:
        """Whether the entity lives; an id of a despawned one never lives again."""
        return self._storage.slots.contains(entity)

    def advance_tick(self) -> int:
        """Begin the next tick and return it."""
        assert self.tick < U64_MAX
        self._storage.tick += 1
        return self.tick

    def flush(self) -> None:
        """Apply what waits in `commands`, and tell the observers who got and lost components."""
        self.commands.apply(self)
        self.observers.tell_structure(self)

    def finish_tick(self) -> int:
        """Flush, tell the observers what was changed, show the tick's events, and begin the next tick.

        Returns:
            The tick that has ended.
        """
        self.flush()
        self.observers.tell_changes(self)
        self.events.swap()
        return self.advance_tick() - 1

    def poll_structure(self) -> Structure:
        """Who was spawned, despawned, given or deprived of a component since the last call.

        The first call tells of everything that lives. There is one reader, who replicates the world.
        """
        return self._structure.poll()

    def spawn(self, *components: object) -> Entity:
        """A new entity with these components.

        Raises:
            UnknownComponent: an instance of a class that was not declared.
            DuplicateComponent: two of the same component.
            InvalidValue: a field out of its limits.
            EntitiesExhausted: no place left.
            UnknownEntity, RelationError: its parent is not there, or too deep below others.
        """
        storage = self._storage
        storage.access.restructure()
        instances = checked_instances(components)
        check_new(storage, instances)
        entity = storage.allocator.allocate()
        place(storage, entity, instances)
        return entity

    def despawn(self, entity: Entity) -> None:
        """End an entity with all its components, and its children with it.

        Raises:
            UnknownEntity: it does not live here.
        """
        storage = self._storage
        storage.access.restructure()
        table, row = storage.find(entity)
        ending = with_descendants(storage, np.array([entity], np.uint64))
        if len(ending) > 1:
            storage.end_many(ending, storage.slots.find_many(ending))
        else:
            storage.end(entity, table, row)

    def insert(self, entity: Entity, instance: object) -> None:
        """Give an entity a component that it does not have yet.

        Raises:
            UnknownEntity: it does not live here.
            UnknownComponent: the class was not declared.
            DuplicateComponent: it has one already; `write` changes it.
            InvalidValue: a field out of its limits.
            RelationError: the entity would be its own ancestor, or too deep below others.
        """
        storage = self._storage
        storage.access.restructure()
        table, row = storage.find(entity)
        added = check(instance)
        if added.id in table.components:
            raise DuplicateComponent(f"entity {entity:#x} has a {added.name} already")
        check_link(storage, instance, entity)
        declarations = {key: rows.type for key, rows in table.components.items()} | {added.id: added}
        target = storage.table_of(declarations)
        target_row = storage.move(entity, table, row, target)
        target.components[added.id].store(target_row, instance, storage.tick)

    def remove(self, entity: Entity, declared: type[object]) -> None:
        """Take a component from an entity.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to take.
        """
        storage = self._storage
        storage.access.restructure()
        declaration = component_type(declared)
        table, row, _ = storage.rows(entity, declaration)
        left = {key: other.type for key, other in table.components.items() if key != declaration.id}
        storage.move(entity, table, row, storage.table_of(left))

    def has(self, entity: Entity, declared: type[object]) -> bool:
        """Whether an entity has a component.

        Raises:
            UnknownEntity, UnknownComponent: there is no such entity, or the class was not declared.
        """
        table, _ = self._storage.find(entity)
        return component_type(declared).id in table.components

    def read(self, entity: Entity, declared: type[C]) -> C:
        """An entity's component, as an instance of its class.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to read.
        """
        declaration = component_type(declared)
        self._storage.access.read(declaration)
        _, row, rows = self._storage.rows(entity, declaration)
        return declared(**rows.load(row))

    def write(self, entity: Entity, instance: object) -> None:
        """Change a component that an entity has; marks it as changed in this tick.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to change; `insert` adds it.
            InvalidValue: a field out of its limits.
            RelationError: the entity would be its own ancestor, or too deep below others.
        """
        declaration = check(instance)
        self._storage.access.write(declaration)
        _, row, rows = self._storage.rows(entity, declaration)
        check_link(self._storage, instance, entity)
        rows.store(row, instance, self.tick)
