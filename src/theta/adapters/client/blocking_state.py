"""A BlockingRoom's verbs for the entities of the room's world."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from theta.adapters.client.blocking_verbs import BlockingVerbs, run_step
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity, EntityList
from theta.ecs.world import World
from theta.wire.messages import Person


class BlockingState(BlockingVerbs, Protocol):
    """Each is the RoomClient's of that name, and returns when it is done."""

    @property
    def world(self) -> World:
        """See RoomClient.world. It changes on the room's own event loop: look at it inside `read`."""
        return self.room.world

    def shown(self, component: type[object], entities: EntityList) -> Values:
        """See RoomClient.shown."""
        return self.read(lambda room: room.shown(component, entities))

    def is_shown(self, entity: int) -> bool:
        """See RoomClient.is_shown."""
        return self.read(lambda room: room.is_shown(entity))

    def room_entity(self, entity: int) -> int:
        """See RoomClient.room_entity."""
        return self.read(lambda room: room.room_entity(entity))

    def owner_of(self, entity: int) -> Person | None:
        """See RoomClient.owner_of."""
        return self.read(lambda room: room.owner_of(entity))

    def holds(self, entity: int) -> bool:
        """See RoomClient.holds."""
        return self.read(lambda room: room.holds(entity))

    def subscribe_to_region(self, center: Sequence[float], radius: float) -> int:
        """See RoomClient.subscribe_to_region."""
        return self.read(lambda room: room.subscribe_to_region(center, radius))

    def move_region(self, region: int, center: Sequence[float], radius: float | None = None) -> None:
        """See RoomClient.move_region."""
        self.read(lambda room: room.move_region(region, center, radius))

    def unsubscribe(self, region: int) -> None:
        """See RoomClient.unsubscribe."""
        self.read(lambda room: room.unsubscribe(region))

    def select_entities(self, entities: EntityList) -> None:
        """See RoomClient.select_entities."""
        self.read(lambda room: room.select_entities(entities))

    def spawn(self, *components: object) -> Entity:
        """See RoomClient.spawn."""
        return self.call(self.room.spawn(*components))

    def spawn_many(self, count: int, *components: object) -> Entities:
        """See RoomClient.spawn_many."""
        return self.call(self.room.spawn_many(count, *components))

    def despawn(self, entities: int | EntityList) -> None:
        """See RoomClient.despawn."""
        self.call(self.room.despawn(entities))

    def grab(self, entity: int) -> bool:
        """See RoomClient.grab."""
        return self.call(self.room.grab(entity))

    def touch(self, entity: int) -> bool:
        """See RoomClient.touch."""
        return self.call(self.room.touch(entity))

    def release(self, entity: int) -> None:
        """See RoomClient.release."""
        self.read(lambda room: room.release(entity))

    @contextmanager
    def grabbed(self, entity: int) -> Iterator[None]:
        """See RoomClient.grabbed."""
        held = self.room.grabbed(entity)
        self.call(run_step(held.__aenter__))
        try:
            yield
        finally:
            self.call(run_step(lambda: held.__aexit__(None, None, None)))

    def write(self, entity: int, component: object) -> None:
        """See RoomClient.write."""
        self.read(lambda room: room.write(entity, component))

    def move_by(
        self, entity: int, translation: Sequence[float], rotation: Sequence[float] = (0.0, 0.0, 0.0, 1.0)
    ) -> None:
        """See RoomClient.move_by."""
        self.read(lambda room: room.move_by(entity, translation, rotation))
