"""The world against a model of it: a dict of dicts, under random operations, one by one, in bulk and deferred."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ecs.parts import Key, Label, Position, Velocity
from theta.base.errors import UsageError
from theta.ecs.bulk import Batch
from theta.ecs.component import component_type
from theta.ecs.entities import Entity, slots_of
from theta.ecs.world import World

CLASSES = (Position, Velocity, Label, Key)
VERBS = (
    "spawn",
    "despawn",
    "insert",
    "remove",
    "write",
    "advance",
    "drift",
    "nudge",
    "spawn many",
    "despawn many",
    "insert many",
    "remove many",
    "write many",
    "defer",
    "flush",
    "look",
)
Held = dict[type[object], tuple[object, int]]

steps = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 1_000), st.integers(0, 15), st.integers(-9, 9)), max_size=80
)


def instance_of(declared: type[object], number: int) -> object:
    if declared is Label:
        return Label(str(number))
    if declared is Key:
        return Key(number.to_bytes(4, "little", signed=True))
    vector = (float(number), number / 4, -1.0)
    return Position(vector) if declared is Position else Velocity(vector)


def batch_of(declared: type[object], numbers: list[int]) -> Batch:
    instances = [instance_of(declared, number) for number in numbers]
    (field,) = component_type(declared).fields
    values = [getattr(each, field.name) for each in instances]
    rows = np.array(values).reshape(-1, 3) if declared in (Position, Velocity) else values
    return Batch(declared, **{field.name: rows})


class Model:
    """What the world should hold: entity → class → (instance, tick of its last change)."""

    def __init__(self) -> None:
        self.world = World()
        self.entities: dict[Entity, Held] = {}
        self.ended: set[Entity] = set()
        self.waiting: list[tuple[str, Entity, list[object]]] = []
        self.looked: dict[Entity, set[type[object]]] = {}

    def spawned(self, entity: Entity, instances: list[object]) -> None:
        assert entity not in self.entities
        assert entity not in self.ended
        self.entities[entity] = {type(instance): (instance, self.world.tick) for instance in instances}

    def end(self, entity: Entity) -> None:
        del self.entities[entity]
        self.ended.add(entity)

    def step(self, verb: str, pick: int, subset: int, number: int) -> None:
        declared = CLASSES[subset % len(CLASSES)]
        instances = [instance_of(each, number) for at, each in enumerate(CLASSES) if subset >> at & 1]
        if verb == "spawn" or (not self.entities and verb not in ("spawn many", "flush", "look")):
            self.spawned(self.world.spawn(*instances), instances)
        elif verb == "advance":
            self.world.advance_tick()
        elif verb in ("drift", "nudge"):
            getattr(self, verb)(pick)
        elif verb in ("flush", "look"):
            getattr(self, verb)()
        elif verb.endswith("many"):
            self.many(verb, pick, declared, number, instances)
        else:
            entity = list(self.entities)[pick % len(self.entities)]
            self.one(verb, entity, declared, number)

    def one(self, verb: str, entity: Entity, declared: type[object], number: int) -> None:
        held, instance = self.entities[entity], instance_of(declared, number)
        if verb == "despawn":
            self.world.despawn(entity)
            self.end(entity)
        elif verb == "defer":
            self.defer(entity, instance, number)
        elif (verb == "insert") == (declared in held):
            calls = {
                "insert": lambda: self.world.insert(entity, instance),
                "write": lambda: self.world.write(entity, instance),
                "remove": lambda: self.world.remove(entity, declared),
            }
            with pytest.raises(UsageError):
                calls[verb]()
        elif verb == "remove":
            self.world.remove(entity, declared)
            del held[declared]
        else:
            (self.world.insert if verb == "insert" else self.world.write)(entity, instance)
            held[declared] = (instance, self.world.tick)

    def many(self, verb: str, pick: int, declared: type[object], number: int, instances: list[object]) -> None:
        if verb == "spawn many":
            numbers = [number + at for at in range(pick % 5)]
            classes = [type(each) for each in instances]
            entities = self.world.spawn_many(len(numbers), *(batch_of(each, numbers) for each in classes))
            for row, entity in enumerate(entities.tolist()):
                self.spawned(Entity(entity), [instance_of(each, numbers[row]) for each in classes])
            return
        wanted = {"despawn many": None, "insert many": False}.get(verb, True)
        fitting = [each for each, held in self.entities.items() if wanted in (None, declared in held)]
        chosen = fitting[:: 1 + pick % 3][::-1]
        array = np.array(chosen, np.uint64)
        numbers = [number + at for at in range(len(chosen))]
        if verb == "despawn many":
            self.world.despawn_many(array)
            for each in chosen:
                self.end(each)
        elif verb == "remove many":
            self.world.remove_many(array, declared)
            for each in chosen:
                del self.entities[each][declared]
        else:
            call = self.world.insert_many if verb == "insert many" else self.world.write_many
            call(array, batch_of(declared, numbers))
            for each, at in zip(chosen, numbers, strict=True):
                self.entities[each][declared] = (instance_of(declared, at), self.world.tick)

    def defer(self, entity: Entity, instance: object, number: int) -> None:
        verb = ("spawn", "despawn", "insert", "remove")[number % 4]
        commands = self.world.commands
        if verb == "spawn":
            entity = commands.spawn(instance)
        elif verb == "despawn":
            commands.despawn(entity)
        elif verb == "insert":
            commands.insert(entity, instance)
        else:
            commands.remove(entity, type(instance))
        self.waiting.append((verb, entity, [instance]))

    def flush(self) -> None:
        self.world.flush()
        for verb, entity, (instance,) in self.waiting:
            if verb == "spawn":
                self.spawned(entity, [instance])
            elif entity not in self.entities:
                continue
            elif verb == "despawn":
                self.end(entity)
            elif verb == "insert":
                self.entities[entity][type(instance)] = (instance, self.world.tick)
            else:
                self.entities[entity].pop(type(instance), None)
        self.waiting.clear()

    def drift(self, _pick: int) -> None:
        for _, (position, velocity) in self.world.query_mut(Position, reads=(Velocity,)):
            position["metres"] += velocity["metres_per_second"]
        for held in self.entities.values():
            if Position in held and Velocity in held:
                position_held, velocity_held = held[Position][0], held[Velocity][0]
                assert isinstance(position_held, Position)
                assert isinstance(velocity_held, Velocity)
                moved = zip(position_held.metres, velocity_held.metres_per_second, strict=True)
                held[Position] = (Position(tuple(a + b for a, b in moved)), self.world.tick)

    def nudge(self, pick: int) -> None:
        """Write some rows of each table only."""
        for entities, (position,) in self.world.query_mut(Position, all_rows=False):
            chosen = np.arange(len(entities)) % 3 == pick % 3
            position.write(chosen, metres=(float(pick), 0.0, 0.0))
            for each in entities[chosen].tolist():
                self.entities[Entity(each)][Position] = (Position((float(pick), 0.0, 0.0)), self.world.tick)

    def look(self) -> None:
        """What the structure's reader is told is the difference of two looks at the model."""
        told, before = self.world.poll_structure(), self.looked
        now = {entity: set(held) for entity, held in self.entities.items()}
        assert set(told.spawned.tolist()) == now.keys() - before.keys()
        assert set(told.despawned.tolist()) == before.keys() - now.keys()
        for declared in CLASSES:
            key = component_type(declared).id
            came = {each for each, held in now.items() if declared in held - before.get(each, set())}
            went = {each for each, held in before.items() if each in now and declared in held - now[each]}
            ended = {each for each, held in before.items() if each not in now and declared in held}
            assert set(told.inserted.get(key, np.zeros(0)).tolist()) == came
            assert set(told.removed.get(key, np.zeros(0)).tolist()) == went
            assert set(told.ended.get(key, np.zeros(0)).tolist()) == ended
            assert set(told.lost(key).tolist()) == went | ended
        self.looked = now

    def compare(self) -> None:
        world = self.world
        assert world.entity_count == len(self.entities)
        assert not any(world.contains(entity) for entity in self.ended)
        for entity, held in self.entities.items():
            for declared in CLASSES:
                assert world.has(entity, declared) == (declared in held)
                if declared in held:
                    assert world.read(entity, declared) == held[declared][0]
        for declared in CLASSES:
            with_it = {entity for entity, held in self.entities.items() if declared in held}
            queried = [entity for entities, _ in world.query(declared) for entity in entities.tolist()]
            assert len(queried) == len(with_it)
            assert set(queried) == with_it
            assert world.slots_with(declared).tolist() == slots_of(np.array(queried, np.uint64)).tolist()
            newest = max((self.entities[each][declared][1] for each in with_it), default=0)
            assert world.changed_tick(declared) >= newest
            for tick in range(world.tick + 1):
                expected = {entity for entity in with_it if self.entities[entity][declared][1] > tick}
                assert set(world.changed_since(declared, tick)) == expected
                assert len(world.changed_slots(declared, tick)) == len(expected)
            gathered = world.gather(declared, world.slots_with(declared))
            (field,) = component_type(declared).fields
            values = [field.kind.load(gathered[field.name], row) for row in range(len(queried))]
            assert values == [getattr(self.entities[Entity(each)][declared][0], field.name) for each in queried]


@given(steps)
def test_ecs_11_the_world_is_its_model(script: list[tuple[str, int, int, int]]) -> None:
    model = Model()
    for _ in range(18):
        model.step("spawn", 0, 0b0111, 1)
    for verb, pick, subset, number in script:
        model.step(verb, pick, subset, number)
    model.flush()
    model.look()
    model.compare()
