"""The worlds that the state plane is measured with: raw floats as others have them, and poses as Theta packs them."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from theta.ecs.batch import Batch
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.world import World
from theta.replication.changes import WorldChanges
from theta.replication.history import History
from theta.replication.schema import Schema

CELL = 16


@component("bench.Transform", plane=Plane.STATE)
@dataclass(frozen=True)
class Transform:
    translation: Annotated[tuple[float, ...], Column("<f4", 3)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4)]
    scale: Annotated[tuple[float, ...], Column("<f4", 3)]


@component("bench.Motion", plane=Plane.STATE)
@dataclass(frozen=True)
class Motion:
    linear: Annotated[tuple[float, ...], Column("<f4", 3)]
    angular: Annotated[tuple[float, ...], Column("<f4", 3)]


@component("bench.Number", plane=Plane.STATE)
@dataclass(frozen=True)
class Number:
    value: Annotated[int, Column("<u8")]


@component("bench.Pose", plane=Plane.STATE)
@dataclass(frozen=True)
class Pose:
    """Within 2 mm and 0.2°."""

    metres: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.0023, low=-4096.0, high=4096.0)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree(bits=10)]


class Room:
    """A world and its history, in cells of 16 by slot."""

    def __init__(self, declared: tuple[type[object], ...]) -> None:
        components = tuple(map(component_type, declared))
        self.world = World()
        self.history = History(Schema.of(components))
        self.changes = WorldChanges(components)

    @property
    def cells(self) -> np.ndarray:
        return np.arange(-(-self.world.entity_count // CELL))

    def take(self) -> None:
        """The world's changes into the next tick."""
        self.world.finish_tick()
        self.history.begin_tick(self.history.tick + 1)
        structure = self.world.poll_structure()
        self.changes.take(self.world, structure, self.history)
        if len(structure.spawned):
            slots = structure.spawned.astype(np.uint32).astype(np.int64)
            self.history.write_members(slots, structure.spawned)


def raw_batches(random: np.random.Generator, count: int) -> list[Batch]:
    """Values of everything for so many entities: places in a building, slow motion, turned about."""
    rotation = random.standard_normal((count, 4)).astype("<f4")
    rotation /= np.sqrt((rotation * rotation).sum(axis=1, keepdims=True))
    return [
        Batch(
            Transform,
            translation=random.uniform(-100, 100, (count, 3)).astype("<f4"),
            rotation=rotation,
            scale=np.ones((count, 3), "<f4"),
        ),
        Batch(
            Motion,
            linear=random.standard_normal((count, 3)).astype("<f4"),
            angular=random.standard_normal((count, 3)).astype("<f4"),
        ),
        Batch(Number, value=random.integers(0, 2**63, count).astype("<u8")),
    ]


def raw_room(random: np.random.Generator, count: int) -> Room:
    """A room with so many entities, at tick 1."""
    room = Room((Transform, Motion, Number))
    room.world.spawn_many(count, *raw_batches(random, count))
    room.take()
    return room


def change(room: Room, random: np.random.Generator, share: float) -> None:
    """All components of a share of the entities."""
    count = room.world.entity_count
    slots = np.sort(random.choice(count, int(count * share), replace=False)).astype(np.uint32)
    entities = room.world.entities_at(slots)
    for batch in raw_batches(random, len(slots)):
        room.world.write_many(entities, batch)
