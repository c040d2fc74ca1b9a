"""Relations: who is whose child, and whose an entity is. Both are components of the state plane."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from theta.base.limits import RELATION_DEPTH_MAX
from theta.ecs.codecs import EntityReference
from theta.ecs.component import Column, ComponentType, Plane, component, component_type
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity, slots_of
from theta.ecs.errors import RelationError
from theta.ecs.storage import Storage

NOBODY = Entity(0)


@component("theta.ChildOf", plane=Plane.STATE)
@dataclass(frozen=True)
class ChildOf:
    """The entity ends with its parent. 0 stands for a parent that is not in this world."""

    parent: Annotated[int, Column("<u8"), EntityReference()]


@component("theta.OwnedBy", plane=Plane.STATE)
@dataclass(frozen=True)
class OwnedBy:
    """The actor (u64) who streams the entity's state, and always sees it; 0 is the room."""

    actor: Annotated[int, Column("<u8")]


CHILD_OF = component_type(ChildOf)
OWNED_BY = component_type(OwnedBy)


class RelationVerbs:
    """How a world is asked for relations; `insert` and `write` make them, `remove` and `despawn` end them."""

    _storage: Storage

    def parent_of(self, entity: Entity) -> Entity | None:
        """The parent, if the entity has one here.

        Raises:
            UnknownEntity: it does not live here.
        """
        self._storage.access.read(CHILD_OF)
        table, row = self._storage.find(entity)
        rows = table.components.get(CHILD_OF.id)
        parent = rows.arrays["parent"].item(row) if rows is not None else NOBODY
        return Entity(parent) if parent != NOBODY else None

    def children_of(self, entity: Entity) -> Entities:
        """The entities whose parent this is, (n,) uint64, in the order of their slots.

        Raises:
            UnknownEntity: it does not live here.
        """
        self._storage.access.read(CHILD_OF)
        self._storage.find(entity)
        return _related(self._storage, CHILD_OF, np.array([entity], np.uint64))

    def owned_by(self, actor: int) -> Entities:
        """The entities that an actor owns, (n,) uint64, in the order of their slots."""
        self._storage.access.read(OWNED_BY)
        return _related(self._storage, OWNED_BY, np.array([actor], np.uint64))


def with_descendants(storage: Storage, entities: Entities) -> Entities:
    """The entities, and after them their children, these ones' children, and so on; each once."""
    found, latest = entities, entities
    while len(latest) and any(True for _ in storage.tables_with([CHILD_OF])):
        latest = np.setdiff1d(_related(storage, CHILD_OF, latest), found)
        found = np.concatenate([found, latest])
    return found


def check_links(storage: Storage, declaration: ComponentType, values: Values, children: Entities) -> None:
    """Refuse parents that are not there, and chains that go in circles or too deep; other components pass.

    Args:
        storage: the world's.
        declaration: the component that is about to be inserted or written.
        values: its fields, of ChildOf `parent` (n,) uint64.
        children: who gets it, (n,); empty for entities that do not live yet, whose ancestors they cannot be.

    Raises:
        UnknownEntity: a parent does not live here.
        RelationError: an entity would be its own ancestor, or have more than RELATION_DEPTH_MAX.
    """
    if declaration is not CHILD_OF or "parent" not in values:
        return
    parents = values["parent"]
    storage.slots.find_many(parents[parents != NOBODY])
    above = np.zeros(len(storage.slots.entities), np.uint64)
    for table in storage.tables_with([CHILD_OF]):
        above[slots_of(table.entities)] = table.components[CHILD_OF.id].arrays["parent"][: table.count]
    above[slots_of(children)] = parents[: len(children)]
    # Slots suffice: every parent that is looked up lives, so no slot stands for another entity.
    reached = parents
    for _ in range(RELATION_DEPTH_MAX + 1):
        circular = children[reached[: len(children)] == children]
        if len(circular):
            raise RelationError(f"entity {int(circular[0]):#x} would be its own ancestor")
        if not reached.any():
            return
        reached = above[slots_of(reached)] * (reached != NOBODY)
    raise RelationError(f"an entity would have more than {RELATION_DEPTH_MAX} ancestors")


def check_link(storage: Storage, instance: object, child: Entity) -> None:
    """As `check_links`, for one instance; `child` is NOBODY for an entity that does not live yet."""
    if type(instance) is ChildOf:
        values = {"parent": np.array([instance.parent], np.uint64)}
        children = np.array([child] if child != NOBODY else [], np.uint64)
        check_links(storage, CHILD_OF, values, children)


def _related(storage: Storage, declaration: ComponentType, to: Entities) -> Entities:
    """Who has the component with one of these numbers in its one field."""
    found = np.zeros(0, np.uint64)
    for table in storage.tables_with([declaration]):
        (array,) = table.components[declaration.id].arrays.values()
        numbers = array[: table.count]
        chosen = numbers == to[0] if len(to) == 1 else np.isin(numbers, to)
        found = np.concatenate([found, table.entities[chosen]])
    return found[np.argsort(slots_of(found), kind="stable")]
