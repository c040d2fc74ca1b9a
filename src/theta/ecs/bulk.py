"""Many entities at once: the same verbs over arrays, without Python for each entity."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.ecs.batch import Batch
from theta.ecs.component import component_type
from theta.ecs.declaration import ComponentType, Values
from theta.ecs.entities import Entities, EntityList, Slots, as_entities, slots_of
from theta.ecs.errors import DuplicateComponent, MissingComponent, UnknownEntity
from theta.ecs.placing import check_new_many, checked, checked_batches, place_many
from theta.ecs.relations import check_links, with_descendants
from theta.ecs.slots import Places
from theta.ecs.storage import Storage, by_table

__all__ = ["Batch", "BulkVerbs"]


class BulkVerbs:
    """What a world does with many entities. A failed call raises a UsageError and changes nothing.

    Where a component is asked for, a `Batch` has a value for each entity; an instance of the class is for all of them.
    """

    _storage: Storage

    def spawn_many(self, count: int, *components: object) -> Entities:
        """New entities with these components, (count,) uint64, as so many calls of `spawn` would name them.

        Raises:
            UnknownComponent, DuplicateComponent, InvalidValue, EntitiesExhausted, UnknownEntity, RelationError: as for
                `spawn`.
        """
        storage = self._storage
        storage.access.restructure()
        if count < 0:
            raise InvalidValue("count", count, "0 or more")
        batches = checked_batches(components, count)
        check_new_many(storage, batches)
        entities = storage.allocator.allocate_many(count)
        place_many(storage, entities, batches)
        return entities

    def despawn_many(self, entities: EntityList) -> None:
        """End different entities with all their components, and their children with them.

        Raises:
            UnknownEntity: one does not live here.
            InvalidValue: one is named twice.
        """
        storage = self._storage
        storage.access.restructure()
        entities = as_entities(entities)
        self._find_different(entities)
        ending = with_descendants(storage, entities)
        storage.end_many(ending, storage.slots.find_many(ending))

    def insert_many(self, entities: EntityList, component: object, *others: object) -> None:
        """Give different entities components that they do not have yet, all at once.

        Raises:
            UnknownEntity, UnknownComponent, DuplicateComponent, InvalidValue: as for `insert`.
        """
        storage = self._storage
        storage.access.restructure()
        entities = as_entities(entities)
        batches = checked_batches((component, *others), len(entities))
        places = self._find_different(entities)
        groups = list(by_table(places))
        for number, chosen in groups:
            for key, (declaration, _) in batches.items():
                if key in storage.tables[number].components:
                    raise DuplicateComponent(f"entity {int(entities[chosen[0]]):#x} has a {declaration.name} already")
        for declaration, values in batches.values():
            check_links(storage, declaration, values, entities)
        given = {key: declaration for key, (declaration, _) in batches.items()}
        for number, chosen in groups:
            table = storage.tables[number]
            declarations = {key: rows.type for key, rows in table.components.items()}
            target = storage.table_of(declarations | given)
            rows = storage.move_many(entities[chosen], table, places.rows[chosen], target)
            for key, (_, values) in batches.items():
                mine = values if len(groups) == 1 else _chosen(values, chosen)
                target.components[key].scatter(rows, mine, storage.tick)

    def remove_many(self, entities: EntityList, declared: type[object]) -> None:
        """Take a component from different entities.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent, InvalidValue: as for `remove`.
        """
        storage = self._storage
        storage.access.restructure()
        declaration, entities = component_type(declared), as_entities(entities)
        places = self._find_different(entities)
        groups = self._groups_with(declaration, entities, places)
        for number, chosen in groups:
            table = storage.tables[number]
            left = {key: rows.type for key, rows in table.components.items() if key != declaration.id}
            storage.move_many(entities[chosen], table, places.rows[chosen], storage.table_of(left))

    def write_many(self, entities: EntityList, component: object) -> None:
        """Change a component that all these different entities have; fields that a `Batch` leaves out stay as they are.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent, InvalidValue: as for `write`.
        """
        storage = self._storage
        entities = as_entities(entities)
        declaration, values = checked(component, len(entities))
        storage.access.write(declaration)
        places = self._find_different(entities)
        groups = self._groups_with(declaration, entities, places)
        check_links(storage, declaration, values, entities)
        for number, chosen in groups:
            rows = storage.tables[number].components[declaration.id]
            rows.scatter(places.rows[chosen], _chosen(values, chosen), storage.tick)

    def places(self, entities: EntityList) -> Places:
        """The tables' numbers and the rows of entities, both (n,) int32; rows are true until the structure changes.

        Raises:
            UnknownEntity: one does not live here.
        """
        return self._storage.slots.find_many(as_entities(entities))

    def contains_many(self, entities: EntityList) -> NDArray[np.bool_]:
        """Whether each of these entities lives, (n,)."""
        return self._storage.slots.contains_many(as_entities(entities))

    def has_many(self, entities: EntityList, declared: type[object]) -> NDArray[np.bool_]:
        """Whether each of these entities lives and has a component, (n,).

        Raises:
            UnknownComponent: the class was not declared.
        """
        storage, declaration, entities = self._storage, component_type(declared), as_entities(entities)
        found = storage.slots.contains_many(entities)
        numbers, of = np.unique(storage.slots.at(slots_of(entities[found])).tables, return_inverse=True)
        having = [declaration.id in storage.tables[number].components for number in numbers.tolist()]
        found[found] = np.array(having, np.bool_)[of]
        return found

    def entities_at(self, slots: Slots) -> Entities:
        """The entities that live in these slots, (n,) uint64; 0 where nobody does."""
        entities = self._storage.slots.entities
        inside = slots < len(entities)
        return np.where(inside, entities[np.where(inside, slots, 0)], np.uint64(0))

    def gather(self, declared: type[object], slots: Slots) -> Values:
        """Copies of a component's columns for the entities in these slots: (n,) or (n, width), by field.

        Raises:
            UnknownComponent: the class was not declared.
            UnknownEntity: nobody lives in one of the slots; names the slot.
            MissingComponent: an entity has no such component.
        """
        storage = self._storage
        declaration = component_type(declared)
        storage.access.read(declaration)
        entities = self.entities_at(slots)
        if not entities.all():
            raise UnknownEntity(int(slots[entities == 0][0]))
        places = storage.slots.at(slots)
        groups = self._groups_with(declaration, entities, places)
        if len(groups) == 1:
            return storage.tables[groups[0][0]].components[declaration.id].gather(places.rows)
        found = {name: kind.allocate(len(slots)) for name, kind, _ in declaration.fields}
        for number, chosen in groups:
            part = storage.tables[number].components[declaration.id].gather(places.rows[chosen])
            for name, values in part.items():
                found[name][chosen] = values
        return found

    def _find_different(self, entities: Entities) -> Places:
        places = self._storage.slots.find_many(entities)
        seen = np.zeros(len(self._storage.slots.entities), np.bool_)
        seen[entities.astype(np.uint32)] = True
        if np.count_nonzero(seen) < len(entities):
            raise InvalidValue("entities", "one of them named twice", "different")
        return places

    def _groups_with(
        self, declaration: ComponentType, entities: Entities, places: Places
    ) -> list[tuple[int, NDArray[np.intp]]]:
        groups = list(by_table(places))
        for number, chosen in groups:
            if declaration.id not in self._storage.tables[number].components:
                raise MissingComponent(int(entities[chosen[0]]), declaration.name)
        return groups


def _chosen(values: Values, chosen: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    return {name: array[chosen] for name, array in values.items()}
