"""Components and rooms for the tests of the state plane."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Bytes, Column, Plane, component, component_type
from theta.ecs.declaration import ComponentType
from theta.ecs.world import World
from theta.replication.changes import WorldChanges
from theta.replication.descriptors import SessionComponents, component_descriptors
from theta.replication.history import History
from theta.replication.receiving import StateReceiver
from theta.replication.remote_world import RemoteWorld
from theta.replication.schema import Schema
from theta.replication.sections import encode_sections

Float3 = Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.004, low=-4096.0, high=4096.0)]
Float4 = Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree(bits=10)]


@component("test.state.Pose", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Pose:
    metres: Float3
    rotation: Float4 = (0.0, 0.0, 0.0, 1.0)


@component("test.state.Motion", plane=Plane.STATE)
@dataclass(frozen=True)
class Motion:
    linear: Annotated[tuple[float, ...], Column("<f4", 3)]
    age: Annotated[int, Column("<u8")] = 0


@component("test.state.Paper", plane=Plane.STATE)
@dataclass(frozen=True)
class Paper:
    """What is written on something."""

    pages: Annotated[int, Column("<u2")]
    text: Annotated[bytes, Bytes(65_536)] = b""


@component("test.state.Unnumbered", plane=Plane.STATE)
@dataclass(frozen=True)
class Unnumbered:
    value: Annotated[int, Column("<u1")] = 0


COMPONENTS = tuple(map(component_type, (Pose, Motion, Paper)))
POSE, MOTION, PAPER = 1, 2, 3


class Scene:
    """A world, its history in cells of 16 by slot, and one receiver with a world of its own."""

    def __init__(self, components: tuple[ComponentType, ...] = COMPONENTS) -> None:
        self.world = World()
        self.history = History(Schema.of(components))
        self.changes = WorldChanges(components)
        self.session = SessionComponents()
        self.descriptors = component_descriptors(components)
        self.session.handle_descriptors(self.descriptors)
        self.receiver = StateReceiver(self.session.schema)
        self.remote = RemoteWorld(World(), self.session)

    @property
    def tick(self) -> int:
        return self.history.tick

    def step(self) -> None:
        """Take what changed into the next tick; an entity's place is its slot."""
        self.world.finish_tick()
        self.history.begin_tick(self.tick + 1)
        structure = self.world.poll_structure()
        self.changes.take(self.world, structure, self.history)
        slots = np.unique(np.concatenate([structure.spawned, structure.despawned]) & np.uint64(0xFFFF_FFFF))
        places = slots.astype(np.int64)
        self.history.write_members(places, self.world.entities_at(slots.astype(np.uint32)))

    def cells(self) -> NDArray[np.int64]:
        return np.arange(self.history.cell_count)

    def body(self, age: int) -> bytes:
        """All cells' sections from `age` ticks ago."""
        cells = self.cells()
        return encode_sections(self.history, cells, np.full(len(cells), age)).body

    def tell(self, age: int) -> None:
        """Send it, and show what came."""
        assert self.receiver.handle_body(0.0, self.tick, self.body(age))
        self.show()

    def show(self) -> None:
        while update := self.receiver.poll_update():
            self.remote.handle_update(update)
