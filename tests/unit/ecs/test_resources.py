from dataclasses import dataclass

import pytest

from theta.ecs import events
from theta.ecs.errors import MissingResource, TooManyEvents
from theta.ecs.world import World


@dataclass(frozen=True)
class Gravity:
    metres_per_second_squared: float


@dataclass(frozen=True)
class Hit:
    what: str


@dataclass(frozen=True)
class Missed:
    what: str


def test_ecs_17_there_is_one_resource_of_a_class() -> None:
    world = World()
    world.resources.put(Gravity(9.81))
    world.resources.put(Gravity(1.62))
    assert world.resources[Gravity] == Gravity(1.62)
    assert Gravity in world.resources
    assert world.resources.take(Gravity) == Gravity(1.62)
    assert Gravity not in world.resources
    with pytest.raises(MissingResource, match="there is no Gravity"):
        world.resources[Gravity]
    with pytest.raises(MissingResource, match="there is no Gravity"):
        world.resources.take(Gravity)


def test_ecs_17_events_are_read_in_the_next_tick_and_gone_after_it() -> None:
    world = World()
    world.events.send(Hit("wall"))
    world.events.send(Missed("ball"))
    world.events.send(Hit("floor"))
    assert world.events.read(Hit) == ()
    world.finish_tick()
    world.events.send(Hit("roof"))
    for _ in range(2):
        assert world.events.read(Hit) == (Hit("wall"), Hit("floor"))
    assert world.events.read(Missed) == (Missed("ball"),)
    world.finish_tick()
    assert world.events.read(Hit) == (Hit("roof"),)
    assert world.events.read(Missed) == ()
    world.finish_tick()
    assert world.events.read(Hit) == ()


def test_ecs_17_a_tick_has_only_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WORLD_EVENTS_MAX", 2)
    world = World()
    world.events.send(Hit("one"))
    world.events.send(Hit("two"))
    with pytest.raises(TooManyEvents, match="2 events of Hit"):
        world.events.send(Hit("three"))
    world.events.send(Missed("one"))
    world.finish_tick()
    assert world.events.read(Hit) == (Hit("one"), Hit("two"))
    world.events.send(Hit("three"))
