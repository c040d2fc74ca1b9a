"""The world's hot paths at 10,000 entities, the two hottest beside the same work on a plain list of Python objects."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from benches._report import Row, median_milliseconds, report
from theta.ecs.bulk import Batch
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.world import World

ENTITIES = 10_000
CHANGED = 100
RUNS = 200
PEER_RUNS = 30
STEP_MILLISECONDS_MAX = 0.02
SCAN_MILLISECONDS_MAX = 0.02
MOVING = 1_000
STRUCTURE_MILLISECONDS_MAX = 0.2
STILL_MILLISECONDS_MAX = 0.005
GATHER_MILLISECONDS_MAX = 0.1
QUANTISE_MILLISECONDS_MAX = 0.3
SPAWN_MILLISECONDS_MAX = 5.0

Vector = Annotated[tuple[float, ...], Column("<f8", 3)]


@component("bench.Position", plane=Plane.STATE)
@dataclass(frozen=True)
class Position:
    metres: Vector


@component("bench.Velocity", plane=Plane.STATE)
@dataclass(frozen=True)
class Velocity:
    metres_per_tick: Vector


@component("bench.Pose", plane=Plane.STATE, position="translation")
@dataclass(frozen=True)
class Pose:
    translation: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.004, low=-4096.0, high=4096.0)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree()] = (0.0, 0.0, 0.0, 1.0)


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


def bulk_rows() -> Iterator[Row]:
    """What replication asks of a world of poses, and filling one."""
    places = np.random.default_rng(7).uniform(-100.0, 100.0, (ENTITIES, 3))
    everybody = Batch(Pose, translation=places)
    world = World()
    world.spawn_many(ENTITIES, everybody)
    slots = world.slots_with(Pose)[:: ENTITIES // MOVING]
    lanes = component_type(Pose).lanes
    world.poll_structure()

    def churn() -> None:
        world.despawn(world.spawn(Pose((0.0, 0.0, 0.0))))
        world.spawn()
        world.poll_structure()

    def measured(what: str, value: float, bar: float) -> Row:
        return Row(what, value, "ms", bar, runs=RUNS)

    still = median_milliseconds(lambda: (world.poll_structure(), world.changed_slots(Pose, world.tick)), RUNS)
    yield measured("nothing came, went or changed among 10,000", still, STILL_MILLISECONDS_MAX)
    yield measured("who came and went among 10,000", median_milliseconds(churn, RUNS), STRUCTURE_MILLISECONDS_MAX)
    gathered = world.gather(Pose, slots)
    gather = median_milliseconds(lambda: world.gather(Pose, slots), RUNS)
    yield measured("1,000 poses of 10,000 gathered", gather, GATHER_MILLISECONDS_MAX)
    quantise = median_milliseconds(lambda: lanes.quantise(gathered, MOVING), RUNS)
    yield measured("1,000 poses quantised", quantise, QUANTISE_MILLISECONDS_MAX)
    spawn = median_milliseconds(lambda: World().spawn_many(ENTITIES, everybody), PEER_RUNS)
    yield Row("10,000 poses spawned at once", spawn, "ms", SPAWN_MILLISECONDS_MAX, runs=PEER_RUNS)


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
        *bulk_rows(),
    ]
    return 0 if report("ecs", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
