"""Structural changes that wait for the end of a stage, and are applied in the order in which they were asked for."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from theta.base.errors import InvalidValue, UsageError
from theta.base.limits import DEFERRED_CHANGES_MAX, SKIPPED_CHANGES_KEPT
from theta.ecs.component import check, component_type
from theta.ecs.entities import Entities, Entity, EntityList, as_entities
from theta.ecs.errors import TooManyChanges
from theta.ecs.placing import (
    Batches,
    Instances,
    check_new,
    check_new_many,
    checked_batches,
    checked_instances,
    place,
    place_many,
)
from theta.ecs.storage import Storage

if TYPE_CHECKING:
    from theta.ecs.world import World


class SkippedChange(NamedTuple):
    """A change that could not be made any more when its turn came: its verb, the first entity's id, and why."""

    verb: str
    entity: int
    reason: str


class Deferred:
    """The world's `commands`: spawn, despawn, insert and remove, put off until `World.flush`.

    What is asked for is checked at once. When a change's turn has come and it cannot be made any more, because an
    entity was despawned meanwhile, it is skipped and told by `poll_skipped`.

    Args:
        storage: the world's.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: list[tuple[str, int, Callable[[World], None]]] = []
        self._skipped: deque[SkippedChange] = deque(maxlen=SKIPPED_CHANGES_KEPT)
        self._skipped_count = 0

    @property
    def waiting(self) -> int:
        """How many changes wait."""
        return len(self._waiting)

    @property
    def skipped_count(self) -> int:
        """How many changes could not be made, ever."""
        return self._skipped_count

    def spawn(self, *components: object) -> Entity:
        """The id of an entity that will live from the next flush on.

        Raises:
            UnknownComponent, DuplicateComponent, InvalidValue, EntitiesExhausted: as for `World.spawn`.
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        instances = checked_instances(components)
        self._check_room()
        entity = self._storage.allocator.allocate()
        self._put("spawn", entity, lambda _: self._spawn(entity, instances))
        return entity

    def spawn_many(self, count: int, *components: object) -> Entities:
        """The ids (count,) uint64 of entities that will live from the next flush on.

        Raises:
            UnknownComponent, DuplicateComponent, InvalidValue, EntitiesExhausted: as for `World.spawn_many`.
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        if count < 1:
            raise InvalidValue("count", count, "1 or more")
        batches = checked_batches(components, count)
        self._check_room()
        entities = self._storage.allocator.allocate_many(count)
        self._put("spawn", entities.item(0), lambda _: self._spawn_many(entities, batches))
        return entities

    def despawn(self, entity: Entity) -> None:
        """End an entity, and its children with it.

        Raises:
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        self._put("despawn", entity, lambda world: world.despawn(entity))

    def despawn_many(self, entities: EntityList) -> None:
        """End those of these different entities that live then, and their children with them.

        Raises:
            InvalidValue: something that is no list of entities.
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        ending = as_entities(entities).copy()
        first = ending.item(0) if len(ending) else 0
        self._put("despawn", first, lambda world: world.despawn_many(ending[world.contains_many(ending)]))

    def insert(self, entity: Entity, instance: object) -> None:
        """Give an entity a component; if it has one by then, change it.

        Raises:
            UnknownComponent, InvalidValue: as for `World.insert`.
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        check(instance)
        self._put("insert", entity, lambda world: _insert(world, entity, instance))

    def remove(self, entity: Entity, declared: type[object]) -> None:
        """Take a component from an entity.

        Raises:
            UnknownComponent: the class was not declared.
            TooManyChanges: DEFERRED_CHANGES_MAX wait.
        """
        component_type(declared)
        self._put("remove", entity, lambda world: world.remove(entity, declared))

    def apply(self, world: "World") -> None:
        """Make the changes that wait now; `World.flush` calls this."""
        self._storage.access.restructure()
        waiting, self._waiting = self._waiting, []
        for verb, entity, change in waiting:
            try:
                change(world)
            except UsageError as error:
                self._skipped.append(SkippedChange(verb, entity, str(error)))
                self._skipped_count += 1

    def poll_skipped(self) -> list[SkippedChange]:
        """The changes that were skipped since the last call, the newest SKIPPED_CHANGES_KEPT of them."""
        skipped = list(self._skipped)
        self._skipped.clear()
        return skipped

    def _put(self, verb: str, entity: int, change: Callable[["World"], None]) -> None:
        self._check_room()
        self._waiting.append((verb, entity, change))

    def _check_room(self) -> None:
        if len(self._waiting) >= DEFERRED_CHANGES_MAX:
            raise TooManyChanges(DEFERRED_CHANGES_MAX)

    def _spawn(self, entity: Entity, instances: Instances) -> None:
        try:
            check_new(self._storage, instances)
        except UsageError:
            self._storage.allocator.release(entity)
            raise
        place(self._storage, entity, instances)

    def _spawn_many(self, entities: Entities, batches: Batches) -> None:
        try:
            check_new_many(self._storage, batches)
        except UsageError:
            self._storage.allocator.release_many(entities)
            raise
        place_many(self._storage, entities, batches)


def _insert(world: "World", entity: Entity, instance: object) -> None:
    has_one = world.has(entity, type(instance))
    (world.write if has_one else world.insert)(entity, instance)
