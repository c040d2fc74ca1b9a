import numpy as np
import pytest

from tests.unit.ecs.parts import Label, Position, Velocity
from theta.base.errors import InvalidValue
from theta.base.limits import SKIPPED_CHANGES_KEPT
from theta.ecs import deferred
from theta.ecs.bulk import Batch
from theta.ecs.deferred import SkippedChange
from theta.ecs.entities import Entity
from theta.ecs.errors import DuplicateComponent, EntitiesExhausted, TooManyChanges, UnknownComponent
from theta.ecs.relations import ChildOf
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
THERE = Position((4.0, 5.0, 6.0))
FAST = Velocity((0.5, 0.25, -1.0))


def test_ecs_14_changes_wait_for_the_flush_and_keep_their_order() -> None:
    world = World()
    old = world.spawn(HERE)
    for _ in world.query(Position):
        new = world.commands.spawn(HERE)
        world.commands.insert(new, FAST)
        world.commands.insert(old, Label("old"))
        world.commands.remove(old, Position)
        world.commands.insert(old, THERE)
        many = world.commands.spawn_many(2, Batch(Label, text=["a", "b"]))
        world.commands.despawn_many(many[:1])
        assert not world.contains(new)
        assert not world.contains_many(many).any()
    assert world.commands.waiting == 7
    world.flush()
    assert world.commands.waiting == 0
    assert world.read(new, Velocity) == FAST
    assert (world.read(old, Position), world.read(old, Label)) == (THERE, Label("old"))
    assert world.contains_many(many).tolist() == [False, True]
    assert world.read(Entity(many.item(1)), Label) == Label("b")
    assert world.commands.poll_skipped() == []


def test_ecs_14_to_insert_what_is_there_by_then_is_to_write_it() -> None:
    world = World()
    entity = world.spawn()
    world.commands.insert(entity, HERE)
    world.commands.insert(entity, THERE)
    world.flush()
    assert world.read(entity, Position) == THERE


def test_ecs_14_what_cannot_be_done_any_more_is_skipped_and_told() -> None:
    world = World(entities_max=7)
    parent, entity = world.spawn(HERE), world.spawn(HERE)
    world.commands.despawn(entity)
    world.commands.despawn(entity)
    world.commands.insert(entity, FAST)
    world.commands.remove(parent, Label)
    world.commands.despawn(parent)
    orphan = world.commands.spawn(HERE, ChildOf(parent))
    orphans = world.commands.spawn_many(2, ChildOf(parent))
    world.commands.despawn_many(orphans)
    world.commands.despawn_many(np.zeros(0, np.uint64))
    world.flush()
    assert world.entity_count == 0
    assert world.commands.poll_skipped() == [
        SkippedChange("despawn", entity, f"there is no entity {entity:#x} here"),
        SkippedChange("insert", entity, f"there is no entity {entity:#x} here"),
        SkippedChange("remove", parent, f"entity {parent:#x} has no test.Label"),
        SkippedChange("spawn", orphan, f"there is no entity {parent:#x} here"),
        SkippedChange("spawn", orphans.item(0), f"there is no entity {parent:#x} here"),
    ]
    assert world.commands.poll_skipped() == []
    assert world.commands.skipped_count == 5
    again = world.spawn_many(7)
    with pytest.raises(EntitiesExhausted):
        world.spawn()
    assert not set(again.tolist()) & {orphan, *orphans.tolist()}, "the ids of who never lived are not used again"


def test_ecs_14_what_is_wrong_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(entities_max=2)
    entity = world.spawn()
    for call, error in (
        (lambda: world.commands.spawn(HERE, THERE), DuplicateComponent),
        (lambda: world.commands.spawn_many(1, 3), UnknownComponent),
        (lambda: world.commands.spawn_many(0), InvalidValue),
        (lambda: world.commands.spawn_many(2), EntitiesExhausted),
        (lambda: world.commands.insert(entity, Label("much too long")), InvalidValue),
        (lambda: world.commands.remove(entity, int), UnknownComponent),
    ):
        with pytest.raises(error):
            call()
    assert world.commands.waiting == 0
    monkeypatch.setattr(deferred, "DEFERRED_CHANGES_MAX", 1)
    world.commands.despawn(entity)
    for call in (world.commands.spawn, lambda: world.commands.spawn_many(1), lambda: world.commands.despawn(entity)):
        with pytest.raises(TooManyChanges, match="1 changes wait"):
            call()
    assert world.spawn() == (1 << 32 | 1), "nothing was taken for what was refused"


def test_ecs_14_only_the_newest_skipped_changes_are_kept() -> None:
    world = World()
    for _ in range(SKIPPED_CHANGES_KEPT + 3):
        world.commands.despawn(Entity(7))
    world.flush()
    assert len(world.commands.poll_skipped()) == SKIPPED_CHANGES_KEPT
    assert world.commands.skipped_count == SKIPPED_CHANGES_KEPT + 3
