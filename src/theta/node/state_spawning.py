"""Participants add entities to a room's world, and end them (REP-84, REP-85)."""

from collections import Counter, OrderedDict

import numpy as np

from theta.base.errors import InvalidValue, ProtocolError, UsageError
from theta.base.identifiers import empty_blake2b
from theta.base.limits import (
    COORDINATE_METRES_MAX,
    STATE_ANSWERS_KEPT,
    STATE_ENTITIES_MAX,
    STATE_SPAWN_BURST_MAX,
    STATE_SPAWN_BYTES_MAX,
    STATE_SPAWN_SETS_MAX,
    STATE_SPAWNED_PER_MESSAGE_MAX,
    STATE_SPAWNS_PER_SECOND,
)
from theta.commands.rate_limit import TokenBucket
from theta.commands.refusals import NotAllowed, RateLimited, Refused
from theta.commands.roles import may_edit
from theta.ecs.entities import Entities, slots_of
from theta.ecs.errors import EntitiesExhausted
from theta.ecs.relations import OWNED_BY
from theta.node.state_plane import StatePlane
from theta.node.state_values import batch_of, fitting
from theta.replication.entity_sections import EntityRows, chosen_rows, read_entities, stand_ins
from theta.wire.messages import RequestRefused
from theta.wire.ownership_messages import DespawnEntities, EntitiesDespawned, EntitiesSpawned, SpawnEntities
from theta.wire.types import RoleName

_BYTES_PER_TOKEN = STATE_SPAWN_BYTES_MAX // STATE_SPAWNED_PER_MESSAGE_MAX
_NOBODY = 0
_ID_BYTES = 8


class _Spawner:
    """What a participant may still ask for, and what it was answered."""

    def __init__(self, now: float) -> None:
        self.spawns = TokenBucket(STATE_SPAWN_BURST_MAX, STATE_SPAWNS_PER_SECOND, now)
        self.despawns = TokenBucket(STATE_SPAWN_BURST_MAX, STATE_SPAWNS_PER_SECOND, now)
        self.answers: OrderedDict[tuple[int, bytes], EntitiesSpawned] = OrderedDict()


class StateSpawning:
    """Who spawned what of a room's world, and what they may spawn and end.

    Args:
        plane: whose world it is.

    Attributes:
        counts: entities "spawned" and "despawned".
    """

    def __init__(self, plane: StatePlane) -> None:
        self.counts: Counter[str] = Counter()
        self._world, self._components, self._schema = plane.world, plane.components, plane.history.schema
        self._spawners: dict[int, _Spawner] = {}
        self._sets: set[tuple[int, ...]] = set()
        # By slot: the entity, and the actor who spawned it and has not left since.
        self._entities = np.zeros(0, np.uint64)
        self._actors = np.zeros(0, np.uint64)

    def handle_spawn(
        self, now: float, actor: int, role: RoleName, message: SpawnEntities
    ) -> EntitiesSpawned | RequestRefused:
        """A participant wants entities. The same request again has the same answer, and spawns nothing.

        Raises:
            ProtocolError: malformed.
        """
        spawner = self._spawners.setdefault(actor, _Spawner(now))
        key = message.request, _digest(message.body)
        if key in spawner.answers:
            return spawner.answers[key]
        try:
            entities = self._spawn(now, spawner, role, message.body)
        except (Refused, UsageError) as error:
            return RequestRefused(message.request, error.code, str(error))
        self._note(entities, actor)
        self.counts["spawned"] += len(entities)
        spawned = EntitiesSpawned(message.request, entities.astype("<u8").tobytes())
        spawner.answers[key] = spawned
        if len(spawner.answers) > STATE_ANSWERS_KEPT:
            spawner.answers.popitem(last=False)
        return spawned

    def handle_despawn(
        self, now: float, actor: int, role: RoleName, message: DespawnEntities
    ) -> EntitiesDespawned | RequestRefused:
        """A participant wants entities to end, and their children with them; those that have ended are no matter.

        Raises:
            ProtocolError: malformed.
        """
        if len(message.entities) % _ID_BYTES:
            raise ProtocolError(f"DespawnEntities: {len(message.entities)} bytes, but an entity has {_ID_BYTES}")
        spawner = self._spawners.setdefault(actor, _Spawner(now))
        try:
            if not may_edit(role):
                raise NotAllowed(f"a {role} ends no entities; ask an admin")
            entities = np.frombuffer(message.entities, "<u8").astype(np.uint64)
            _charge(spawner.despawns, max(1, len(entities)), now)
            living = np.unique(entities[self._world.contains_many(entities)])
            others = living[self._spawners_of(living) != actor]
            if role != "admin" and len(others):
                raise NotAllowed(f"entity {int(others[0]):#x} was not spawned by you: ask an admin to end it")
            before = self._world.entity_count
            self._world.despawn_many(living)
        except (Refused, UsageError) as error:
            return RequestRefused(message.request, error.code, str(error))
        self.counts["despawned"] += before - self._world.entity_count
        return EntitiesDespawned(message.request)

    def handle_left(self, actor: int) -> None:
        """A participant is gone for good; what it spawned stays."""
        self._spawners.pop(actor, None)
        self._actors[self._actors == actor] = _NOBODY

    # -- within --------------------------------------------------------------------------------------------------------

    def _spawn(self, now: float, spawner: _Spawner, role: RoleName, body: bytes) -> Entities:
        if not may_edit(role):
            raise NotAllowed(f"a {role} spawns no entities; ask an admin")
        # Reading has a price too.
        price = max(1, len(body) // _BYTES_PER_TOKEN)
        _charge(spawner.spawns, price, now)
        rows = read_entities(self._schema, body, "SpawnEntities", STATE_SPAWNED_PER_MESSAGE_MAX)
        count = len(rows.entities)
        if not np.array_equal(rows.entities, stand_ins(count)):
            raise ProtocolError("SpawnEntities: entities are not counted from 1 on")
        if not 1 <= count <= STATE_SPAWNED_PER_MESSAGE_MAX:
            raise InvalidValue("entities", count, f"in [1, {STATE_SPAWNED_PER_MESSAGE_MAX}]")
        _charge(spawner.spawns, max(0, count - price), now)
        if self._world.entity_count + count > STATE_ENTITIES_MAX:
            raise EntitiesExhausted(f"the room has {self._world.entity_count} entities; {STATE_ENTITIES_MAX} may be")
        self._check_values(rows)
        return self._place(rows)

    def _check_values(self, rows: EntityRows) -> None:
        for number, values in rows.written.items():
            component = self._components[number - 1]
            if component is OWNED_BY:
                raise NotAllowed(f"the room alone says what is {component.name}; grab the entity")
            fits = fitting(component, values)
            if not fits.all():
                place = int(slots_of(values.entities)[~fits][0])
                limit = f"within {COORDINATE_METRES_MAX:.0f} metres of the origin, and text that is text"
                raise InvalidValue(f"{component.name} of entity {place}", "a value that cannot be", limit)

    def _place(self, rows: EntityRows) -> Entities:
        """Spawn them, in groups of the same components."""
        count = len(rows.entities)
        numbers = list(rows.written)
        has = np.full((count, len(numbers)), -1)
        for column, number in enumerate(numbers):
            values = rows.written[number]
            has[slots_of(values.entities).astype(np.int64) - 1, column] = np.arange(len(values.entities))
        without = np.flatnonzero((has < 0).all(axis=1))
        if len(without):
            raise InvalidValue(f"components of entity {without[0] + 1}", 0, "at least one")
        kinds, of = np.unique(has >= 0, axis=0, return_inverse=True)
        self._admit_sets([tuple(np.array(numbers)[kind].tolist()) for kind in kinds])
        found = np.zeros(count, np.uint64)
        try:
            for kind in range(len(kinds)):
                group = np.flatnonzero(of.reshape(-1) == kind)
                batches = [
                    batch_of(
                        self._world,
                        self._components[numbers[column] - 1],
                        chosen_rows(rows.written[numbers[column]], has[group, column]),
                    )
                    for column in np.flatnonzero(kinds[kind]).tolist()
                ]
                found[group] = self._world.spawn_many(len(group), *batches)
        except UsageError:
            self._world.despawn_many(found[found != 0])
            raise
        return found

    def _admit_sets(self, sets: list[tuple[int, ...]]) -> None:
        """A world keeps a table for each set of components for ever; participants may bring so many."""
        known = self._sets.union(sets)
        if len(known) > STATE_SPAWN_SETS_MAX:
            raise InvalidValue("sets of components", len(known), f"at most {STATE_SPAWN_SETS_MAX} in the room's life")
        self._sets = known

    def _note(self, entities: Entities, actor: int) -> None:
        slots = slots_of(entities)
        more = int(slots.max()) + 1 - len(self._actors)
        if more > 0:
            more = max(more, len(self._actors))
            self._entities = np.pad(self._entities, (0, more))
            self._actors = np.pad(self._actors, (0, more))
        self._entities[slots] = entities
        self._actors[slots] = actor

    def _spawners_of(self, entities: Entities) -> Entities:
        """Who spawned these entities and is here, (n,); 0 for nobody."""
        slots = slots_of(entities)
        inside = slots < len(self._actors)
        slots = np.where(inside, slots, 0)
        if not len(self._actors):
            return np.zeros(len(entities), np.uint64)
        return np.where(inside & (self._entities[slots] == entities), self._actors[slots], np.uint64(_NOBODY))


def _charge(bucket: TokenBucket, tokens: int, now: float) -> None:
    seconds = bucket.take(tokens, now)
    if seconds:
        raise RateLimited(f"too many entities at once; ask again in {seconds:.1f} s", seconds)


def _digest(body: bytes) -> bytes:
    digest = empty_blake2b("theta-spawn", 16).copy()
    digest.update(body)
    return digest.digest()
