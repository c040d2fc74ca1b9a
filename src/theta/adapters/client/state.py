"""The room's world: what lives in it, what you add to it, and what you take in your hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

import numpy as np

from theta.adapters.client.errors import CommandRefused
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import quaternion, vector
from theta.adapters.host import machine_clock
from theta.base.errors import ProtocolError
from theta.base.limits import STATE_SPAWNED_PER_MESSAGE_MAX, STATE_SPAWNS_PER_SECOND
from theta.commands.refusals import RateLimited
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, EntityList, as_entities
from theta.ecs.entities import Entity as Id
from theta.ecs.world import World
from theta.node.state_participant import StateParticipant
from theta.replication.ownership import Refusal
from theta.wire.messages import Message, Person
from theta.wire.ownership_messages import DespawnEntities, EntitiesDespawned, EntitiesSpawned, SpawnEntities

Granted = TypeVar("Granted", EntitiesSpawned, EntitiesDespawned)
SHOWN_SECONDS_MAX = 1.0
"""How long to wait until what the room has done is seen here."""
RETRY_SECONDS = 1.25 * STATE_SPAWNED_PER_MESSAGE_MAX / STATE_SPAWNS_PER_SECOND
"""In this time the room has again what the largest request costs: each one gets through."""
_REFUSALS = {
    Refusal.NOT_ALLOWED: ("NotAllowed", "a viewer takes nothing; ask an admin"),
    Refusal.TOO_MANY: ("TooMany", "you hold as many entities as one may"),
    Refusal.UNKNOWN_ENTITY: ("UnknownEntity", "it has ended"),
}


class StateVerbs(RoomView):
    """What a RoomClient can do with the entities of the room's world.

    They are named by their ids in `world`, which are this client's own.
    """

    @property
    def world(self) -> World:
        """The room's entities that you are told of, and those that you spawn in it yourself, which stay your own."""
        return self._peer.state.world

    @property
    def _state(self) -> StateParticipant:
        self._check_entered()
        return self._peer.state

    # -- what is there -------------------------------------------------------------------------------------------------

    def shown(self, component: type[object], entities: EntityList) -> Values:
        """A component's columns of entities as they look now, smoothly between what the room tells.

        Args:
            component: the class.
            entities: (n,), of which all have it.

        Returns:
            By field (n,) or (n, width); of floats float64.

        Raises:
            UnknownEntity, MissingComponent: there is nothing to show.
        """
        return self._peer.state.shown(machine_clock().seconds, component, entities)

    def is_shown(self, entity: int) -> bool:
        """Whether an entity is one of the room's that you are told of now."""
        return self._peer.state.is_shown(Id(entity))

    def room_entity(self, entity: int) -> int:
        """The room's own id of an entity, as `theta inspect` takes it.

        Raises:
            InvalidValue: it is none of the room's.
        """
        return self._peer.state.holding.remote(Id(entity))

    def owner_of(self, entity: int) -> Person | None:
        """Who holds an entity, you included; None when nobody does.

        Raises:
            InvalidValue: it is none of the room's.
        """
        actor = self._peer.state.holding.owner_of(Id(entity))
        return next((person for person in self._peer.people if person.actor == actor), None)

    def holds(self, entity: int) -> bool:
        """Whether you hold an entity."""
        return self._peer.state.holding.holds(Id(entity))

    # -- where you look ------------------------------------------------------------------------------------------------

    def subscribe_to_region(self, center: Sequence[float], radius: float) -> int:
        """See what is within `radius` metres of `center` as well; returns the region's number.

        Raises:
            InvalidValue: more than REGIONS_PER_PEER_MAX, or a center or radius out of its limits.
        """
        region = self._state.looking.subscribe(vector(center, "center"), radius)
        self._pump()
        return region

    def move_region(self, region: int, center: Sequence[float], radius: float | None = None) -> None:
        """Look at another place instead; as widely as before where `radius` is None.

        Raises:
            InvalidValue: no such region, or a center or radius out of its limits.
        """
        self._state.looking.move(region, vector(center, "center"), radius)
        self._pump()

    def unsubscribe(self, region: int) -> None:
        """See a region no longer.

        Raises:
            InvalidValue: there is no such region.
        """
        self._state.looking.unsubscribe(region)
        self._pump()

    def select_entities(self, entities: EntityList) -> None:
        """Say what you have selected, and nothing else: you are told of it first when the connection is narrow.

        Raises:
            InvalidValue: more than STATE_SELECTED_MAX, or one that is none of the room's.
        """
        state = self._state
        state.looking.select([state.holding.remote(Id(each)) for each in _ids(entities)])
        self._pump()

    # -- what you add and end ------------------------------------------------------------------------------------------

    async def spawn(self, *components: object) -> Id:
        """Make an entity in the room's world; see `spawn_many`."""
        return Id(int((await self.spawn_many(1, *components))[0]))

    async def spawn_many(self, count: int, *components: object) -> Entities:
        """Make entities in the room's world; returns their ids in `world`, (count,) uint64.

        They are there on return. Only those outside of what you are told of have no components here until you look
        there (`subscribe_to_region`) or grab them.

        Args:
            count: how many; what the room does not take at once is asked for again.
            components: for all of them, or a `Batch` with a value for each.

        Raises:
            InvalidValue, UnknownComponent, DuplicateComponent: a value out of its limits, or a component that this room
                does not replicate; nothing was asked.
            CommandRefused: the room does not let you, or has no place for all of them; none is left.
            NotConnected: the connection was lost meanwhile. As when this is cancelled, what the room has made is there.
        """
        state = self._state
        made: list[Id] = []
        try:
            for some, body in state.spawn_bodies(count, components):
                answer = await self._ask_patiently(partial(SpawnEntities, body=body), EntitiesSpawned)
                made += state.announce(answer.entities, some)
        except CommandRefused:
            # Some may have ended already.
            await self.despawn([each for each in made if self.world.contains(each)])
            raise
        waiting = list(made)
        await self._soon(lambda: self._is_done(waiting, state.is_shown))
        return np.array(made, np.uint64)

    async def despawn(self, entities: int | EntityList) -> None:
        """End entities of the room's, and their children; they are gone from `world` on return.

        Raises:
            InvalidValue: one is none of the room's; nothing was asked.
            CommandRefused: somebody else spawned one of them ("NotAllowed"), and you are no admin.
        """
        ids = _ids(entities)
        for body in self._state.despawn_bodies(ids):
            await self._ask_patiently(partial(DespawnEntities, entities=body), EntitiesDespawned)
            self._peer.state.handle_despawned(body)
        waiting = list(ids)
        await self._soon(lambda: self._is_done(waiting, lambda each: not self.world.contains(each)))

    # -- what you hold -------------------------------------------------------------------------------------------------

    async def grab(self, entity: int) -> bool:
        """Take an entity in your hand, out of somebody else's if need be; returns whether you have it.

        It is yours at once, and False is the answer when somebody else took it in the same moment.

        Raises:
            InvalidValue: it is none of the room's, or you hold OWNED_ENTITIES_PER_ACTOR_MAX.
            CommandRefused: a viewer holds nothing ("NotAllowed"); or it has ended ("UnknownEntity").
        """
        return await self._take(entity, gently=False)

    async def touch(self, entity: int) -> bool:
        """Take an entity unless somebody holds it; anybody's grab takes it from you again. Else as `grab`."""
        return await self._take(entity, gently=True)

    def release(self, entity: int) -> None:
        """Let go of an entity; nothing where you do not hold it. The room gets what you made of it before."""
        self._state.holding.release(machine_clock().seconds, Id(entity))
        self._pump()

    @asynccontextmanager
    async def grabbed(self, entity: int) -> AsyncIterator[None]:
        """Hold an entity inside a block; after it, the room has what you made of it.

        What is raised inside lets go of it as well, and is not kept waiting.

        Raises:
            InvalidValue, CommandRefused: as for `grab`; "Held" where somebody else took it.
        """
        if not await self.grab(entity):
            raise CommandRefused("Held", "somebody else took it in the same moment")
        try:
            yield
        finally:
            self._peer.state.holding.release(machine_clock().seconds, Id(entity))
            self._pump()
        await self._soon(lambda: not self._peer.state.holding.is_owner(Id(entity)))

    def write(self, entity: int, component: object) -> None:
        """Change a component of an entity that you hold; sent at most 30 times a second, the latest.

        Raises:
            InvalidValue: you do not hold it, or a value out of its limits.
            MissingComponent: it has no such component.
        """
        self._state.holding.write(Id(entity), component)
        self._pump()

    def move_by(
        self, entity: int, translation: Sequence[float], rotation: Sequence[float] = (0.0, 0.0, 0.0, 1.0)
    ) -> None:
        """Move the `Pose` of an entity that you hold by metres in the world, and turn it about itself (x, y, z, w).

        Where the room's own systems move it too, both count.

        Raises:
            InvalidValue: you do not hold it, or a number is not finite.
            MissingComponent: it has no `Pose`.
        """
        change = vector(translation, "translation"), quaternion(rotation)
        self._state.holding.move_by(machine_clock().seconds, Id(entity), *change)
        self._pump()

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _take(self, entity: int, *, gently: bool) -> bool:
        self._state.holding.grab(machine_clock().seconds, Id(entity), gently=gently)
        self._pump()
        await self._waiting.until(lambda: self._is_decided(Id(entity)))
        holding = self._peer.state.holding
        if holding.holds(Id(entity)):
            return True
        refusal = holding.refusal(Id(entity))
        if refusal in _REFUSALS:
            raise CommandRefused(*_REFUSALS[refusal])
        return False

    def _is_decided(self, entity: Id) -> bool:
        holding = self._peer.state.holding
        return holding.is_granted(entity) or not holding.holds(entity)

    async def _ask_patiently(self, request: Callable[[int], Message], kind: type[Granted]) -> Granted:
        """The room's answer; asked again while the room says that it is too much at once."""
        while True:
            try:
                answer = await self._ask(request)
                if not isinstance(answer, kind):
                    raise ProtocolError(f"{type(answer).__name__} came as the answer that {kind.__name__} should be")
                return answer
            except CommandRefused as refused:
                if refused.refusal != RateLimited.__name__:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    async def _soon(self, condition: Callable[[], bool]) -> None:
        """Wait for what will be seen here, or will not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SHOWN_SECONDS_MAX):
                await self._waiting.until(condition)

    def _is_done(self, waiting: list[Id], is_done: Callable[[Id], bool]) -> bool:
        while waiting and is_done(waiting[-1]):
            waiting.pop()
        return not waiting


def _ids(entities: int | EntityList) -> list[Id]:
    listed = [entities] if isinstance(entities, int | np.integer) else entities
    return [Id(each) for each in as_entities(listed).tolist()]
