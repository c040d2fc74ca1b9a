"""esper, snecs and tcod-ecs beside our world: worlds of Python objects, over the loads of `_state_loads`.

None of them knows what changed, or sends anything. So what anybody would write is measured: a component has the tick in
which it was written, and a loop over all of them packs those of this tick with `struct`.
"""

import statistics
import struct
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any, NamedTuple

import esper
import numpy as np
import snecs
import tcod.ecs
from snecs.world import World as SnecsWorld

from benches._report import median_milliseconds
from benches._state_loads import HERTZ, WARM_TICKS, Load, Values
from benches._state_node import PeerResult
from theta.ecs.batch import Batch
from theta.ecs.world import World

STEPS = 12
SPAWNS = 3
_PACKED = struct.Struct("<I16fQ")


class Transform(snecs.RegisteredComponent):
    """Place, rotation and scale; and when they were written."""

    __slots__ = ("place", "rotation", "scale", "written")

    def __init__(self, values: list[float], written: int) -> None:
        self.set(values, written)

    def set(self, values: list[float], written: int) -> None:
        self.place, self.rotation, self.scale = values[:3], values[3:7], values[7:]
        self.written = written


class Velocity(snecs.RegisteredComponent):
    __slots__ = ("angular", "linear")

    def __init__(self, values: list[float]) -> None:
        self.set(values)

    def set(self, values: list[float]) -> None:
        self.linear, self.angular = values[:3], values[3:]


class Number(snecs.RegisteredComponent):
    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


Row = tuple[int, Transform, Velocity, Number]


class Kind(NamedTuple):
    """One library.

    Attributes:
        make: a new world with entities that have these components; gives a function that gives all of them.
    """

    name: str
    make: Callable[[Iterable[tuple[Transform, Velocity, Number]]], Callable[[], Iterable[Row]]]


def _esper(things: Iterable[tuple[Transform, Velocity, Number]]) -> Callable[[], Iterable[Row]]:
    esper.clear_database()
    for thing in things:
        esper.create_entity(*thing)
    return lambda: ((entity, *rest) for entity, rest in esper.get_components(Transform, Velocity, Number))


def _snecs(things: Iterable[tuple[Transform, Velocity, Number]]) -> Callable[[], Iterable[Row]]:
    world = SnecsWorld()
    for thing in things:
        snecs.new_entity(thing, world)
    query = snecs.Query((Transform, Velocity, Number), world).compile()
    return lambda: ((entity, *rest) for entity, rest in query)


def _tcod(things: Iterable[tuple[Transform, Velocity, Number]]) -> Callable[[], Iterable[Row]]:
    registry = tcod.ecs.Registry()
    for number, (transform, velocity, value) in enumerate(things):
        parts: dict[Any, object] = {Transform: transform, Velocity: velocity, Number: value, int: number}
        registry.new_entity(parts)
    return lambda: registry.Q[int, Transform, Velocity, Number]


KINDS = (Kind("esper", _esper), Kind("snecs", _snecs), Kind("tcod-ecs", _tcod))


def python_result(kind: Kind, load: Load) -> PeerResult:
    """The load's ticks: written into the objects, found again, and packed."""
    things = _things(load.start)
    rows = kind.make(things)
    found: dict[str, list[float]] = {"whole": [], "encode": [], "bytes": []}
    for number, tick in enumerate(load.ticks[: WARM_TICKS + STEPS], 1):
        transforms, velocities = tick.values.transform.tolist(), tick.values.velocity.tolist()
        chosen = tick.entities.tolist()
        begin = time.perf_counter_ns()
        for entity, transform, velocity in zip(chosen, transforms, velocities, strict=True):
            things[entity][0].set(transform, number)
            things[entity][1].set(velocity)
        written = time.perf_counter_ns()
        sent = b"".join(
            _PACKED.pack(entity, *each.place, *each.rotation, *each.scale, *speed.linear, *speed.angular, value.value)
            for entity, each, speed, value in rows()
            if each.written == number
        )
        end = time.perf_counter_ns()
        found["whole"].append((end - begin) / 1e6)
        found["encode"].append((end - written) / 1e6)
        found["bytes"].append(len(sent))
        assert len(sent) == _PACKED.size * load.changed
    return PeerResult(*(statistics.median(values[WARM_TICKS:]) for values in found.values()))


def python_step(kind: Kind, load: Load) -> tuple[float, float]:
    """Milliseconds to make the world, and to move everybody by their velocity once."""
    times = []
    for _ in range(SPAWNS):
        things = _things(load.start)
        begin = time.perf_counter_ns()
        rows = kind.make(things)
        times.append((time.perf_counter_ns() - begin) / 1e6)

    def step() -> None:
        for _, transform, velocity, _ in rows():
            place, linear = transform.place, velocity.linear
            place[0] += linear[0] / HERTZ
            place[1] += linear[1] / HERTZ
            place[2] += linear[2] / HERTZ

    return statistics.median(times), median_milliseconds(step, STEPS)


def our_step(load: Load, batches: list[Batch], transform: type[object], motion: type[object]) -> tuple[float, float]:
    """As python_step; ours also keeps what was written."""
    spawn = median_milliseconds(lambda: World().spawn_many(load.count, *batches), STEPS)
    world = World()
    world.spawn_many(load.count, *batches)
    seconds = np.float32(1.0 / HERTZ)

    def step() -> None:
        for _, (moved, velocity) in world.query_mut(transform, reads=(motion,)):
            moved["translation"] += velocity["linear"] * seconds

    return spawn, median_milliseconds(step, 10 * STEPS)


def python_versions() -> str:
    return ", ".join(f"{kind.name} {version(kind.name)}" for kind in KINDS)


def _things(values: Values) -> list[tuple[Transform, Velocity, Number]]:
    columns = zip(values.transform.tolist(), values.velocity.tolist(), values.number.tolist(), strict=True)
    return [(Transform(transform, 0), Velocity(velocity), Number(number)) for transform, velocity, number in columns]
