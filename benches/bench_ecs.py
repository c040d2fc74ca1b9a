"""The world's two hot paths at 10,000 entities, beside the same work on a plain list of Python objects."""

import sys
from dataclasses import dataclass
from typing import Annotated

from benches._report import Row, median_milliseconds, report
from theta.ecs.component import Column, Plane, component
from theta.ecs.world import World

ENTITIES = 10_000
CHANGED = 100
RUNS = 200
PEER_RUNS = 30
STEP_MILLISECONDS_MAX = 0.05
SCAN_MILLISECONDS_MAX = 0.02

Vector = Annotated[tuple[float, ...], Column("<f8", 3)]


@component("bench.Position", plane=Plane.STATE)
@dataclass(frozen=True)
class Position:
    metres: Vector


@component("bench.Velocity", plane=Plane.STATE)
@dataclass(frozen=True)
class Velocity:
    metres_per_tick: Vector


@dataclass(slots=True)
class Thing:
    """The peer's entity."""

    x: float
    y: float
    z: float
    vx: float
    vy: float
    vz: float
    changed: int


def step_world(world: World) -> None:
    for _, (position, velocity) in world.query_mut(Position, reads=(Velocity,)):
        position["metres"] += velocity["metres_per_tick"]


def step_things(things: list[Thing], tick: int) -> None:
    for thing in things:
        thing.x += thing.vx
        thing.y += thing.vy
        thing.z += thing.vz
        thing.changed = tick


def scan_things(things: list[Thing], tick: int) -> list[Thing]:
    return [thing for thing in things if thing.changed > tick]


def main() -> int:
    world = World()
    velocity = Velocity((0.25, -0.5, 1.0))
    entities = [world.spawn(Position((float(at), 0.0, 0.0)), velocity) for at in range(ENTITIES)]
    things = [Thing(float(at), 0.0, 0.0, 0.25, -0.5, 1.0, 1) for at in range(ENTITIES)]

    step_world(world)
    step_things(things, 1)
    moved = world.read(entities[-1], Position).metres
    assert moved == (things[-1].x, things[-1].y, things[-1].z), "both must do the same work"
    dense = median_milliseconds(lambda: step_world(world), RUNS)
    dense_peer = median_milliseconds(lambda: step_things(things, 1), PEER_RUNS)

    before = world.tick
    world.advance_tick()
    for at in range(0, ENTITIES, ENTITIES // CHANGED):
        world.write(entities[at], Position((0.0, 0.0, 0.0)))
        things[at].changed = world.tick
    assert len(world.changed_since(Position, before)) == len(scan_things(things, before)) == CHANGED
    scan = median_milliseconds(lambda: world.changed_since(Position, before), RUNS)
    scan_peer = median_milliseconds(lambda: scan_things(things, before), PEER_RUNS)

    peer = "list of objects"
    rows = [
        Row(
            "10,000 × Position += Velocity, changes marked", dense, "ms", STEP_MILLISECONDS_MAX, peer, dense_peer, RUNS
        ),
        Row("100 changed of 10,000 found", scan, "ms", SCAN_MILLISECONDS_MAX, peer, scan_peer, RUNS),
    ]
    return 0 if report("ecs", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
