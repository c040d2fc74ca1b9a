import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.ecs.parts import EVERYTHING, Everything, Key, Label, Pose, Position, Secret, Velocity
from theta.base.errors import InvalidValue, UsageError
from theta.ecs.bulk import Batch
from theta.ecs.component import Plane, Text, component
from theta.ecs.entities import Entity, slots_of
from theta.ecs.errors import (
    DuplicateComponent,
    EntitiesExhausted,
    MissingComponent,
    RelationError,
    UnknownComponent,
    UnknownEntity,
)
from theta.ecs.relations import ChildOf
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
FAST = Velocity((0.5, 0.25, -1.0))


def positions(count: int) -> NDArray[Any]:
    return np.arange(3.0 * count).reshape(count, 3)


def test_ecs_12_many_are_spawned_at_once() -> None:
    world = World()
    texts = [f"no {at}" for at in range(100)]
    entities = world.spawn_many(100, Batch(Position, metres=positions(100)), Batch(Label, text=texts), FAST)
    assert entities.dtype == np.uint64
    assert world.entity_count == 100
    for at in (0, 17, 99):
        assert world.read(Entity(entities.item(at)), Position).metres == (3.0 * at, 3.0 * at + 1, 3.0 * at + 2)
        assert world.read(Entity(entities.item(at)), Label).text == f"no {at}"
        assert world.read(Entity(entities.item(at)), Velocity) == FAST
    assert world.changed_slots(Position, 0).tolist() == slots_of(entities).tolist()
    assert world.spawn_many(0, HERE).tolist() == []
    assert world.spawn_many(2).tolist() == [1 << 32 | 100, 1 << 32 | 101]


def test_ecs_12_many_are_asked_whether_they_have_something() -> None:
    world = World()
    assert world.has_many([], Position).tolist() == []
    one, two, three = world.spawn(HERE), world.spawn(HERE, FAST), world.spawn(FAST)
    world.despawn(one)
    asked = [three, two, one, 0, 2**64 - 1, two]
    assert world.has_many(asked, Position).tolist() == [False, True, False, False, False, True]
    assert world.has_many(asked, Velocity).tolist() == [True, True, False, False, False, True]
    assert not world.has_many(asked, Label).any()
    with pytest.raises(UnknownComponent):
        world.has_many(asked, int)


def test_ecs_12_what_a_batch_leaves_out_gets_its_default() -> None:
    world = World()
    entities = world.spawn_many(2, Batch(Pose, translation=np.ones((2, 3)), payload=[b"a", b""]), Batch(Secret))
    assert world.read(Entity(entities.item(1)), Pose) == Pose((1.0, 1.0, 1.0))
    assert world.read(Entity(entities.item(0)), Pose) == Pose((1.0, 1.0, 1.0), payload=b"a")
    assert world.read(Entity(entities.item(0)), Secret) == Secret(7)
    with pytest.raises(InvalidValue, match=r"test\.Pose\.translation .* it has no default"):
        world.spawn_many(2, Batch(Pose))


def test_ecs_12_despawning_many_keeps_the_others_dense() -> None:
    world = World()
    entities = world.spawn_many(
        10, Batch(Position, metres=positions(10)), Batch(Label, text=[str(at) for at in range(10)])
    )
    other = world.spawn(FAST)
    gone = np.concatenate([entities[[0, 3, 9, 8]], np.array([other], np.uint64)])
    world.despawn_many(gone)
    assert world.entity_count == 6
    assert not world.contains_many(gone).any()
    assert world.contains_many(entities).tolist() == [False, True, True, False, True, True, True, True, False, False]
    ((left, (position, label)),) = world.query(Position, Label)
    assert sorted(left.tolist()) == sorted(set(entities.tolist()) - set(gone.tolist()))
    for entity, text, metres in zip(left.tolist(), label["text"], position["metres"], strict=True):
        assert text == str(entity & 0xFF)
        assert metres[0] == 3.0 * (entity & 0xFF)
    assert world.spawn() == (2 << 32 | slots_of(gone).item(-1)), "the last freed slot is used first"


def test_ecs_12_several_components_are_inserted_at_once_or_none_is() -> None:
    world = World()
    plain = world.spawn_many(3)
    placed = world.spawn_many(2, Batch(Position, metres=positions(2)))
    chosen = np.array([placed[1], plain[2], plain[0], placed[0]])
    world.advance_tick()
    labels = Batch(Label, text=["a", "b", "c", "d"])
    world.insert_many(chosen, Batch(Velocity, metres_per_second=positions(4)), labels)
    assert [world.read(Entity(each), Label).text for each in chosen.tolist()] == ["a", "b", "c", "d"]
    assert [world.read(Entity(each), Velocity).metres_per_second[0] for each in chosen.tolist()] == [0.0, 3.0, 6.0, 9.0]
    assert [world.read(Entity(each), Position).metres[0] for each in placed.tolist()] == [0.0, 3.0]
    assert [world.has(Entity(plain.item(1)), each) for each in (Label, Velocity)] == [False, False]
    assert sorted(world.changed_since(Label, 1)) == sorted(chosen.tolist())
    with pytest.raises(DuplicateComponent):
        world.insert_many(plain[1:], Batch(Position, metres=positions(2)), Batch(Label, text=["x", "y"]))
    with pytest.raises(DuplicateComponent):
        world.insert_many(plain[1:2], Label("x"), Label("y"))
    assert world.has_many(plain, Position).tolist() == [False, False, False]
    assert world.has_many(plain, Label).tolist() == [True, False, True]


def test_ecs_12_inserting_and_removing_many_moves_rows_of_several_tables() -> None:
    world = World()
    plain = world.spawn_many(3, Batch(Position, metres=positions(3)))
    named = world.spawn_many(3, HERE, Label("x"))
    chosen = np.array([named[2], plain[0], plain[2], named[0]])
    world.advance_tick()
    world.insert_many(chosen, Batch(Velocity, metres_per_second=positions(4)))
    assert [world.read(Entity(each), Velocity).metres_per_second[0] for each in chosen.tolist()] == [0.0, 3.0, 6.0, 9.0]
    assert [world.read(Entity(each), Position).metres[0] for each in plain.tolist()] == [0.0, 3.0, 6.0]
    assert [world.has(Entity(each), Velocity) for each in named.tolist()] == [True, False, True]
    assert world.changed_since(Position, 1) == []
    assert sorted(world.changed_since(Velocity, 1)) == sorted(chosen.tolist())
    world.remove_many(chosen[:3], Velocity)
    assert world.slots_with(Velocity).tolist() == [slots_of(named).item(0)]
    assert world.read(Entity(named.item(2)), Label).text == "x"


def test_ecs_12_writing_many_changes_the_fields_that_are_given() -> None:
    world = World()
    one, two = (world.spawn_many(2, EVERYTHING, *more) for more in ((), (HERE,)))
    chosen = np.array([two[1], one[0]])
    world.advance_tick()
    world.write_many(chosen, Batch(Everything, number=[5, -6], note=["a", "b"], key=[b"abc", b"xyz"]))
    first, second = (world.read(Entity(each), Everything) for each in chosen.tolist())
    assert (first.number, first.note, first.key, first.pair) == (5, "a", b"abc", EVERYTHING.pair)
    assert (second.number, second.note, second.key) == (-6, "b", b"xyz")
    assert world.read(Entity(one.item(1)), Everything) == EVERYTHING
    assert sorted(world.changed_since(Everything, 1)) == sorted(chosen.tolist())
    assert world.changed_tick(Everything) == 2
    assert world.changed_tick(Position) == 1
    assert world.changed_tick(Secret) == 0


def test_gather_takes_rows_by_slot_from_any_table() -> None:
    world = World()
    plain = world.spawn_many(3, Batch(Position, metres=positions(3)), Label("a"))
    moving = world.spawn_many(2, HERE, FAST, Label("b"))
    slots = slots_of(np.array([moving[1], plain[2], plain[0]]))
    assert world.gather(Position, slots)["metres"].tolist() == [[1.0, 2.0, 3.0], [6.0, 7.0, 8.0], [0.0, 1.0, 2.0]]
    assert world.gather(Label, slots)["text"].tolist() == ["b", "a", "a"]
    one_table = world.gather(Position, slots_of(plain)[::-1])["metres"]
    assert one_table.tolist() == positions(3)[::-1].tolist()
    one_table[:] = 9.0
    assert world.read(Entity(plain.item(0)), Position).metres == (0.0, 1.0, 2.0), "what is gathered is a copy"
    assert world.gather(Position, np.zeros(0, np.uint32))["metres"].shape == (0, 3)
    assert world.entities_at(np.array([0, 4, 99], np.uint32)).tolist() == [plain[0], moving[1], 0]
    places = world.places(np.array([moving[1], plain[2]]))
    assert (places.tables.tolist(), places.rows.tolist()) == ([1, 0], [1, 2])
    assert world.slots_with(Key).tolist() == []
    with pytest.raises(MissingComponent):
        world.gather(Velocity, slots)
    with pytest.raises(UnknownEntity):
        world.gather(Position, np.array([0, 99], np.uint32))


def test_writes_to_some_rows_mark_these_alone() -> None:
    world = World()
    entities = world.spawn_many(4, Batch(Position, metres=positions(4)), FAST)
    world.advance_tick()
    for _, (position, velocity) in world.query_mut(Position, reads=(Velocity,), all_rows=False):
        with pytest.raises(ValueError, match="read-only"):
            position["metres"] += 1.0
        moving = position["metres"][:, 0] > 4.0
        position.write(moving, metres=position["metres"][moving] + velocity["metres_per_second"][moving])
        position.write(np.array([0]), metres=7.0)
        with pytest.raises(InvalidValue, match="one of metres"):
            position.write(moving, feet=1.0)
        with pytest.raises(ValueError, match="read-only"):
            velocity.write(moving, metres_per_second=0.0)
    assert world.changed_slots(Position, 1).tolist() == [0, 2, 3]
    assert world.read(Entity(entities.item(0)), Position).metres == (7.0, 7.0, 7.0)
    assert world.read(Entity(entities.item(3)), Position).metres == (9.5, 10.25, 10.0)


def test_what_ended_lets_go_of_its_values() -> None:
    class Words(str):
        """A string that can be watched."""

    world = World()
    words = [Words(at) for at in "abcd"]
    watched = [weakref.ref(each) for each in words]
    entities = world.spawn_many(4, Batch(Label, text=words))
    words.clear()
    world.despawn_many(entities[1:3])
    world.despawn(Entity(entities.item(0)))
    world.remove_many(entities[3:], Label)
    gc.collect()
    assert [each() for each in watched] == [None] * 4


def test_a_default_out_of_its_limits_is_found_when_it_is_used() -> None:
    @component("test.Overlong", plane=Plane.STATE)
    @dataclass(frozen=True)
    class Overlong:
        text: Annotated[str, Text(2)] = "abc"

    world = World()
    with pytest.raises(InvalidValue, match=r"test\.Overlong\.text"):
        world.spawn_many(1, Batch(Overlong))
    assert world.entity_count == 0


def test_nobody_is_no_entity() -> None:
    world = World()
    assert world.contains_many([0, 2**64 - 1]).tolist() == [False, False]
    assert not world.contains(Entity(0))


def _seen(world: World) -> list[object]:
    rows = [
        (entities.tolist(), [each.changed.tolist() for each in columns])
        for declared in (Position, Velocity, Label, ChildOf)
        for entities, columns in world.query(declared)
    ]
    return [world.entity_count, world.tick, rows]


def _refusals(world: World, one: NDArray[Any], ghost: NDArray[Any]) -> list[tuple[type[UsageError], Callable[[], Any]]]:
    twice = np.concatenate([one[:1], one[:1]])
    return [
        (InvalidValue, lambda: world.spawn_many(-1)),
        (InvalidValue, lambda: world.spawn_many(2, Batch(Position, metres=positions(3)))),
        (InvalidValue, lambda: world.spawn_many(2, Batch(Position, metres=[[1.0], [1.0, 2.0]]))),
        (InvalidValue, lambda: world.spawn_many(2, Batch(Position, metres=np.full((2, 3), np.nan)))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Position, metres=[["a", "b", "c"]]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Position, feet=positions(1)))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Label, text="a"))),
        (InvalidValue, lambda: world.spawn_many(2, Batch(Label, text=["a"]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Label, text=["much too long"]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Key, raw=[b"abc"]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Key, raw=np.zeros((1, 3), np.uint8)))),
        (InvalidValue, lambda: world.write_many(one[:1], Batch(Everything, flag=[256]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Secret, number=[1.5]))),
        (InvalidValue, lambda: world.spawn_many(1, Batch(Secret, number=[-40_000]))),
        (UnknownComponent, lambda: world.spawn_many(1, 3)),
        (UnknownComponent, lambda: world.spawn_many(1, Batch(int, a=1))),
        (DuplicateComponent, lambda: world.spawn_many(1, HERE, Batch(Position, metres=positions(1)))),
        (EntitiesExhausted, lambda: world.spawn_many(10, HERE)),
        (UnknownEntity, lambda: world.despawn_many(ghost)),
        (UnknownEntity, lambda: world.despawn_many([int(one[0]), 2**64 - 1])),
        (InvalidValue, lambda: world.despawn_many([2**64])),
        (InvalidValue, lambda: world.despawn_many(["a"])),  # type: ignore[list-item]  # refused at run time too
        (InvalidValue, lambda: world.contains_many(np.zeros((1, 1), np.uint64))),
        (UnknownEntity, lambda: world.despawn_many(np.array([0], np.uint64))),
        (UnknownEntity, lambda: world.write_many(ghost, HERE)),
        (UnknownEntity, lambda: world.places(ghost)),
        (UnknownEntity, lambda: world.spawn_many(1, ChildOf(7))),
        (RelationError, lambda: world.insert_many(one[:1], ChildOf(int(one[0])))),
        (InvalidValue, lambda: world.despawn_many(twice)),
        (InvalidValue, lambda: world.insert_many(twice, FAST)),
        (InvalidValue, lambda: world.write_many(twice, HERE)),
        (DuplicateComponent, lambda: world.insert_many(one, HERE)),
        (MissingComponent, lambda: world.write_many(one, FAST)),
        (MissingComponent, lambda: world.remove_many(one, Velocity)),
        (UnknownComponent, lambda: world.gather(int, np.zeros(1, np.uint32))),
    ]


def test_ecs_12_a_refused_call_changes_nothing() -> None:
    world = World(entities_max=8)
    one = world.spawn_many(3, HERE, Label("x"), EVERYTHING)
    ghost = np.array([one[0], 99 << 32 | 1], np.uint64)
    before = _seen(world)
    for at, (error, call) in enumerate(_refusals(world, one, ghost)):
        with pytest.raises(error):
            call()
        assert _seen(world) == before, at
    assert len(world.spawn_many(5)) == 5
    world.despawn_many([int(one[0]), int(one[2])])
    assert world.entity_count == 6
