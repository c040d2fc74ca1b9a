"""The world against a model of it: a dict of dicts, under random operations."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ecs.parts import Key, Label, Position, Velocity
from theta.base.errors import UsageError
from theta.ecs.entities import Entity
from theta.ecs.world import World

CLASSES = (Position, Velocity, Label, Key)
VERBS = ("spawn", "despawn", "insert", "remove", "write", "advance", "drift")

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


class Model:
    """What the world should hold: entity → class → (instance, tick of its last change)."""

    def __init__(self) -> None:
        self.world = World()
        self.entities: dict[Entity, dict[type[object], tuple[object, int]]] = {}
        self.ended: set[Entity] = set()

    def spawn(self, subset: int, number: int) -> None:
        instances = [instance_of(declared, number) for at, declared in enumerate(CLASSES) if subset >> at & 1]
        entity = self.world.spawn(*instances)
        assert entity not in self.entities
        assert entity not in self.ended
        self.entities[entity] = {type(instance): (instance, self.world.tick) for instance in instances}

    def step(self, verb: str, pick: int, subset: int, number: int) -> None:
        if verb == "spawn" or not self.entities:
            self.spawn(subset, number)
            return
        entity = list(self.entities)[pick % len(self.entities)]
        held, declared = self.entities[entity], CLASSES[subset % len(CLASSES)]
        if verb == "despawn":
            self.world.despawn(entity)
            del self.entities[entity]
            self.ended.add(entity)
        elif verb == "advance":
            self.world.advance_tick()
        elif verb == "drift":
            self.drift()
        elif (verb == "insert") == (declared in held):
            self.expect_refusal(verb, entity, instance_of(declared, number))
        elif verb == "remove":
            self.world.remove(entity, declared)
            del held[declared]
        else:
            instance = instance_of(declared, number)
            (self.world.insert if verb == "insert" else self.world.write)(entity, instance)
            held[declared] = (instance, self.world.tick)

    def drift(self) -> None:
        for _, (position, velocity) in self.world.query_mut(Position, reads=(Velocity,)):
            position["metres"] += velocity["metres_per_second"]
        for held in self.entities.values():
            if Position in held and Velocity in held:
                position_held, velocity_held = held[Position][0], held[Velocity][0]
                assert isinstance(position_held, Position)
                assert isinstance(velocity_held, Velocity)
                moved = zip(position_held.metres, velocity_held.metres_per_second, strict=True)
                held[Position] = (Position(tuple(a + b for a, b in moved)), self.world.tick)

    def expect_refusal(self, verb: str, entity: Entity, instance: object) -> None:
        calls = {
            "insert": lambda: self.world.insert(entity, instance),
            "write": lambda: self.world.write(entity, instance),
            "remove": lambda: self.world.remove(entity, type(instance)),
        }
        try:
            calls[verb]()
        except UsageError:
            return
        raise AssertionError(f"{verb} of {instance} should have been refused")

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
            for tick in range(world.tick + 1):
                expected = {entity for entity in with_it if self.entities[entity][declared][1] > tick}
                assert set(world.changed_since(declared, tick)) == expected


@given(steps)
def test_the_world_is_its_model(script: list[tuple[str, int, int, int]]) -> None:
    model = Model()
    for _ in range(18):
        model.spawn(0b0111, 1)
    for verb, pick, subset, number in script:
        model.step(verb, pick, subset, number)
    model.compare()
