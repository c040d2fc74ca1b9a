import numpy as np

from tests.unit.ecs.parts import Label, Position, Velocity
from theta.ecs.component import component_type
from theta.ecs.structure import NO_CHANGE, Structure
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
FAST = Velocity((0.5, 0.25, -1.0))
POSITION, VELOCITY, LABEL = (component_type(each).id for each in (Position, Velocity, Label))


def told(structure: Structure) -> dict[str, object]:
    return {
        "spawned": structure.spawned.tolist(),
        "despawned": structure.despawned.tolist(),
        "inserted": {key: entities.tolist() for key, entities in structure.inserted.items()},
        "removed": {key: entities.tolist() for key, entities in structure.removed.items()},
        "ended": {key: entities.tolist() for key, entities in structure.ended.items()},
    }


NOTHING = told(NO_CHANGE)


def test_ecs_13_the_first_poll_tells_of_everything_and_the_next_of_nothing() -> None:
    world = World()
    one, two = world.spawn(HERE, FAST), world.spawn(FAST)
    first = world.poll_structure()
    assert told(first) == NOTHING | {"spawned": [one, two], "inserted": {POSITION: [one], VELOCITY: [one, two]}}
    assert first
    world.write(one, HERE)
    assert world.poll_structure() is NO_CHANGE
    assert not NO_CHANGE


def test_ecs_13_it_tells_who_got_lost_and_ended_with_what() -> None:
    world = World()
    one, two, three = world.spawn(HERE), world.spawn(HERE, Label("x")), world.spawn(HERE, FAST)
    world.poll_structure()
    world.insert(one, FAST)
    world.remove(two, Label)
    world.despawn(three)
    again = world.spawn(Label("y"))
    bare = world.spawn()
    assert again & 0xFFFF_FFFF == three & 0xFFFF_FFFF, "it lives in the slot of the one that ended"
    structure = world.poll_structure()
    assert told(structure) == {
        "spawned": [again, bare],
        "despawned": [three],
        "inserted": {VELOCITY: [one], LABEL: [again]} if VELOCITY < LABEL else {LABEL: [again], VELOCITY: [one]},
        "removed": {LABEL: [two]},
        "ended": {POSITION: [three], VELOCITY: [three]},
    }
    assert structure.lost(POSITION).tolist() == [three]
    assert structure.lost(LABEL).tolist() == [two]
    assert structure.lost(component_type(Label).id ^ 1).tolist() == []


def test_ecs_13_who_came_and_went_in_between_is_not_told() -> None:
    world = World()
    one = world.spawn(HERE)
    world.poll_structure()
    world.despawn(world.spawn(FAST))
    world.insert(one, FAST)
    world.remove(one, Velocity)
    assert world.poll_structure() is NO_CHANGE


def test_ecs_13_many_entities_in_more_slots_than_before() -> None:
    world = World()
    first = world.spawn_many(50, HERE)
    world.poll_structure()
    more = world.spawn_many(500, HERE, FAST)
    world.despawn_many(first[::2])
    structure = world.poll_structure()
    assert structure.spawned.tolist() == more.tolist()
    assert structure.despawned.tolist() == first[::2].tolist()
    assert structure.inserted[VELOCITY].tolist() == more.tolist()
    assert structure.ended[POSITION].tolist() == first[::2].tolist()
    assert not structure.removed
    assert np.array_equal(world.slots_with(Velocity), np.arange(50, 550))
