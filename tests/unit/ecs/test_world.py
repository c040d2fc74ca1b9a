from typing import Any

import numpy as np
import pytest

from tests.unit.ecs.parts import EVERYTHING, Everything, Key, Label, Position, Velocity
from theta.base.errors import InvalidValue
from theta.ecs.component import component_type
from theta.ecs.entities import Entity
from theta.ecs.errors import (
    ChangedDuringQuery,
    DuplicateComponent,
    EntitiesExhausted,
    MissingComponent,
    UnknownComponent,
    UnknownEntity,
)
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
THERE = Position((4.0, 5.0, 6.0))
FAST = Velocity((0.5, 0.25, -1.0))


def test_spawned_entities_are_read_back() -> None:
    world = World()
    one = world.spawn(HERE, Label("one"), EVERYTHING)
    two = world.spawn(Key(b"\0\0ab"))
    bare = world.spawn()
    assert world.read(one, Position) == HERE
    assert world.read(one, Label) == Label("one")
    assert world.read(one, Everything) == EVERYTHING
    assert world.read(two, Key) == Key(b"\0\0ab")
    assert world.has(one, Label)
    assert not world.has(two, Label)
    assert not world.has(bare, Position)
    assert world.entity_count == 3
    assert len({one, two, bare}) == 3


def test_read_gives_plain_python_values() -> None:
    world = World()
    value = world.read(world.spawn(EVERYTHING), Everything)
    kinds = [type(value.flag), type(value.pair[0]), type(value.weight), type(value.key), type(value.note)]
    assert kinds == [int, int, float, bytes, str]


def test_despawn_fills_the_hole_and_ends_the_id() -> None:
    world = World()
    entities = [world.spawn(Position((float(at), 0.0, 0.0)), Label(str(at))) for at in range(5)]
    world.despawn(entities[1])
    world.despawn(entities[4])
    for at in (0, 2, 3):
        assert world.read(entities[at], Position).metres[0] == at
        assert world.read(entities[at], Label) == Label(str(at))
    again = world.spawn(HERE)
    assert not world.contains(entities[1])
    assert not world.contains(entities[4])
    assert world.contains(again)
    with pytest.raises(UnknownEntity):
        world.read(entities[4], Position)
    with pytest.raises(UnknownEntity):
        world.despawn(entities[4])
    assert world.entity_count == 4


def test_tables_grow_and_keep_their_rows() -> None:
    world = World()
    entities = [world.spawn(Position((float(at), 0.0, 0.0)), Label(str(at))) for at in range(100)]
    for at, entity in enumerate(entities):
        assert world.read(entity, Position).metres[0] == at
        assert world.read(entity, Label).text == str(at)
    assert len(world.changed_since(Position, 0)) == 100


def test_insert_and_remove_keep_the_other_components() -> None:
    world = World()
    one, two, three = (world.spawn(Position((float(at), 0.0, 0.0)), Label(str(at))) for at in range(3))
    world.insert(one, FAST)
    world.remove(two, Label)
    assert (world.read(one, Position).metres[0], world.read(one, Label).text, world.read(one, Velocity)) == (
        0.0,
        "0",
        FAST,
    )
    assert world.read(two, Position).metres[0] == 1.0
    assert not world.has(two, Label)
    assert world.read(three, Label) == Label("2")
    world.remove(one, Velocity)
    world.insert(two, Label("new"))
    assert [world.read(entity, Label).text for entity in (one, two, three)] == ["0", "new", "2"]


def test_moves_between_tables_keep_the_changed_ticks() -> None:
    world = World()
    entity = world.spawn(HERE)
    spawned = world.tick
    world.advance_tick()
    world.insert(entity, FAST)
    assert world.changed_since(Position, spawned) == []
    assert world.changed_since(Velocity, spawned) == [entity]


def test_write_marks_what_it_changes() -> None:
    world = World()
    one, two = world.spawn(HERE, FAST), world.spawn(HERE)
    assert world.changed_since(Position, 0) == [one, two]
    before = world.tick
    assert world.changed_since(Position, before) == []
    assert world.advance_tick() == before + 1 == world.tick
    world.write(two, THERE)
    assert world.read(two, Position) == THERE
    assert world.read(one, Position) == HERE
    assert world.changed_since(Position, before) == [two]
    assert world.changed_since(Velocity, before) == []
    assert world.changed_since(Label, 0) == []


def test_changed_ticks_follow_swapped_rows() -> None:
    world = World()
    one, two, three = (world.spawn(HERE) for _ in range(3))
    before = world.tick
    world.advance_tick()
    world.write(three, THERE)
    world.despawn(one)
    assert world.changed_since(Position, before) == [three]
    assert world.changed_since(Position, 0) == [three, two]


def test_query_goes_through_every_table_that_has_the_components() -> None:
    world = World()
    one, two = world.spawn(HERE), world.spawn(THERE, FAST)
    world.spawn(FAST)
    gone = world.spawn(HERE, Label("x"))
    world.despawn(gone)
    found: dict[int, list[float]] = {}
    for entities, (position,) in world.query(Position):
        found |= dict(zip(entities.tolist(), position["metres"].tolist(), strict=True))
    assert found == {one: [1.0, 2.0, 3.0], two: [4.0, 5.0, 6.0]}
    ((entities, (velocity, position)),) = world.query(Velocity, Position)
    assert entities.tolist() == [two]
    assert velocity["metres_per_second"].tolist() == [[0.5, 0.25, -1.0]]
    assert position["metres"].tolist() == [[4.0, 5.0, 6.0]]
    assert position.changed.tolist() == [1]
    assert len([entity for entities, _ in world.query() for entity in entities]) == 3
    assert list(world.query(Label)) == []


def test_query_views_have_the_declared_dtypes() -> None:
    world = World()
    world.spawn(EVERYTHING)
    ((_, (columns,)),) = world.query(Everything)
    shapes = [(columns[name].dtype.str, columns[name].shape) for name in ("flag", "pair", "weight", "key", "note")]
    assert shapes == [("|u1", (1,)), ("<u2", (1, 2)), ("<f4", (1,)), ("|u1", (1, 3)), ("|O", (1,))]
    with pytest.raises(InvalidValue, match="one of flag, number, pair, weight, key, note"):
        columns["missing"]


def test_query_views_are_read_only() -> None:
    world = World()
    entity = world.spawn(HERE)
    for entities, (position,) in world.query(Position):
        with pytest.raises(ValueError, match="read-only"):
            position["metres"] += 1.0
        with pytest.raises(ValueError, match="read-only"):
            position["metres"] = np.zeros(3)
        with pytest.raises(ValueError, match="read-only"):
            entities[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            position.changed[0] = 9
    assert world.read(entity, Position) == HERE


def test_query_mut_writes_and_marks_what_it_may_write() -> None:
    world = World()
    one, two = world.spawn(HERE, FAST), world.spawn(HERE, FAST, Label("x"))
    still = world.spawn(HERE)
    before = world.tick
    world.advance_tick()
    for _, (position, velocity) in world.query_mut(Position, reads=(Velocity,)):
        position["metres"] += velocity["metres_per_second"]
        with pytest.raises(ValueError, match="read-only"):
            velocity["metres_per_second"] *= 2.0
    assert world.read(one, Position).metres == world.read(two, Position).metres == (1.5, 2.25, 2.0)
    assert world.read(still, Position) == HERE
    assert world.changed_since(Position, before) == [one, two]
    assert world.changed_since(Velocity, before) == []
    for _, (label,) in world.query_mut(Label):
        label["text"] = ["y"]
    assert world.read(two, Label) == Label("y")


@pytest.mark.parametrize("change", ["spawn", "despawn", "insert", "remove"])
def test_structural_changes_during_a_query_are_caught(change: str) -> None:
    world = World()
    entity = world.spawn(HERE, Label("x"))
    changes: dict[str, Any] = {
        "spawn": lambda: world.spawn(HERE),
        "despawn": lambda: world.despawn(entity),
        "insert": lambda: world.insert(entity, FAST),
        "remove": lambda: world.remove(entity, Label),
    }
    query = world.query(Position)
    next(query)
    changes[change]()
    with pytest.raises(ChangedDuringQuery, match="collect the entities first"):
        next(query)


def test_writes_during_a_query_are_fine() -> None:
    world = World()
    entity = world.spawn(HERE)
    for _ in world.query(Position):
        world.write(entity, THERE)
    assert world.read(entity, Position) == THERE


def _state(world: World) -> list[object]:
    """Everything that can be seen of the world."""
    tables = [
        (entities.tolist(), position["metres"].tolist(), position.changed.tolist())
        for entities, (position,) in world.query(Position)
    ]
    return [world.tick, world.entity_count, tables]


def test_a_refused_call_changes_nothing() -> None:
    world = World(entities_max=2)
    entity = world.spawn(HERE)
    before = _state(world)
    ghost, bad = Entity(99), Position((float("nan"), 0.0, 0.0))
    refusals: list[tuple[type[Exception], Any]] = [
        (UnknownEntity, lambda: world.read(ghost, Position)),
        (UnknownEntity, lambda: world.has(ghost, Position)),
        (UnknownEntity, lambda: world.write(ghost, HERE)),
        (UnknownEntity, lambda: world.insert(ghost, HERE)),
        (UnknownEntity, lambda: world.remove(ghost, Position)),
        (UnknownEntity, lambda: world.despawn(ghost)),
        (UnknownComponent, lambda: world.spawn(HERE, 3)),
        (UnknownComponent, lambda: world.insert(entity, 3)),
        (UnknownComponent, lambda: world.write(entity, 3)),
        (UnknownComponent, lambda: world.read(entity, int)),
        (UnknownComponent, lambda: world.has(entity, int)),
        (UnknownComponent, lambda: world.remove(entity, int)),
        (UnknownComponent, lambda: world.query(int)),
        (UnknownComponent, lambda: world.query_mut(Position, reads=(int,))),
        (UnknownComponent, lambda: world.changed_since(int, 0)),
        (DuplicateComponent, lambda: world.spawn(HERE, THERE)),
        (DuplicateComponent, lambda: world.insert(entity, THERE)),
        (MissingComponent, lambda: world.read(entity, Label)),
        (MissingComponent, lambda: world.write(entity, Label("x"))),
        (MissingComponent, lambda: world.remove(entity, Label)),
        (InvalidValue, lambda: world.spawn(bad)),
        (InvalidValue, lambda: world.write(entity, bad)),
        (InvalidValue, lambda: world.insert(entity, Label("too long for it"))),
    ]
    for error, call in refusals:
        with pytest.raises(error):
            call()
        assert _state(world) == before
    world.spawn()
    with pytest.raises(EntitiesExhausted):
        world.spawn(HERE)
    assert world.entity_count == 2


def test_errors_name_the_entity_and_the_component() -> None:
    world = World()
    entity = world.spawn()
    with pytest.raises(MissingComponent, match=r"0x100000000 has no test\.Label") as missing:
        world.read(entity, Label)
    assert (missing.value.entity, missing.value.name) == (entity, component_type(Label).name)
    with pytest.raises(UnknownEntity, match="0x7") as unknown:
        world.read(Entity(7), Label)
    assert unknown.value.entity == 7


def test_archetypes_are_counted_the_most_first() -> None:
    world = World()
    assert world.archetypes() == []
    world.spawn_many(3, HERE, FAST)
    world.spawn_many(5, HERE)
    gone = world.spawn(Label("one"))
    world.spawn()
    assert world.archetypes() == [
        (("test.Position",), 5),
        (("test.Position", "test.Velocity"), 3),
        ((), 1),
        (("test.Label",), 1),
    ]
    world.despawn(gone)
    assert len(world.archetypes()) == 3
