from collections.abc import Callable

import pytest

from tests.unit.ecs.parts import Label, Position, Velocity
from theta.ecs.entities import Entities
from theta.ecs.errors import UnknownComponent
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
FAST = Velocity((0.5, 0.25, -1.0))


class Diary:
    """What observers were told, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, list[int]]] = []

    def note(self, what: str) -> Callable[[World, Entities], None]:
        return lambda _, entities: self.lines.append((what, entities.tolist()))

    def read(self) -> list[tuple[str, list[int]]]:
        lines, self.lines = self.lines, []
        return lines


def test_ecs_15_observers_are_told_at_the_flush_in_order() -> None:
    world, diary = World(), Diary()
    before = world.spawn(HERE)
    world.observers.on_insert(Position, diary.note("position came"))
    world.observers.on_insert(Position, diary.note("position came too"))
    world.observers.on_remove(Velocity, diary.note("velocity went"))
    world.observers.on_remove(Position, diary.note("position went"))
    world.flush()
    assert diary.read() == [], "what was there before is news to nobody"
    one, two = world.spawn(HERE, FAST), world.spawn(HERE)
    assert diary.read() == []
    world.flush()
    assert diary.read() == [("position came", [one, two]), ("position came too", [one, two])]
    world.remove(one, Velocity)
    world.despawn(two)
    world.remove(before, Position)
    world.spawn(Label("x"))
    three = world.spawn(HERE)
    world.flush()
    assert diary.read() == [
        ("velocity went", [one]),
        ("position went", [before, two]),
        ("position came", [three]),
        ("position came too", [three]),
    ]


def test_ecs_15_changes_are_told_once_at_the_end_of_the_tick() -> None:
    world, diary = World(), Diary()
    old = world.spawn(HERE)
    world.finish_tick()
    world.observers.on_change(Position, diary.note("changed"))
    world.observers.on_change(Label, diary.note("label"))
    two = world.spawn(HERE, FAST)
    world.write(old, HERE)
    world.flush()
    assert diary.read() == []
    ended = world.finish_tick()
    assert (ended, world.tick) == (2, 3)
    assert diary.read() == [("changed", [old, two])]
    world.finish_tick()
    assert diary.read() == []
    three = world.spawn(HERE)
    world.write(two, HERE)
    world.insert(old, Label("x"))
    world.write(old, HERE)
    world.finish_tick()
    assert diary.read() == [("changed", [old, two, three]), ("label", [old])], "by slot, whatever tables they are in"


def test_ecs_15_what_an_observer_defers_waits_for_the_next_flush() -> None:
    world = World()

    def name(world: World, entities: Entities) -> None:
        for entity in entities.tolist():
            world.commands.insert(entity, Label("new"))

    world.observers.on_insert(Position, name)
    entity = world.spawn(HERE)
    world.flush()
    assert not world.has(entity, Label)
    world.flush()
    assert world.read(entity, Label) == Label("new")


def test_ecs_15_only_components_are_observed() -> None:
    world = World()
    for add in (world.observers.on_insert, world.observers.on_remove, world.observers.on_change):
        with pytest.raises(UnknownComponent):
            add(int, lambda _world, _entities: None)
    world.finish_tick()
