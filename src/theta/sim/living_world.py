"""A world in which things live by chance: they move, come and end, and change what they are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from theta.base.randomness import Randomness
from theta.ecs.codecs import EntityReference
from theta.ecs.component import Bytes, Column, Plane, component
from theta.ecs.entities import Entity
from theta.ecs.relations import ChildOf
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.state_world import StateWorld
from theta.replication.standard import Float3, Pose, Shape
from theta.sim.workload import ROTATIONS

SPEED_MAX = 4.0
SIGN_BYTES = (0, 5, 40, 2_000)
"""How long signs are: the longest fit in no datagram."""


@component("theta.sim.Drift", plane=Plane.STATE)
@dataclass(frozen=True)
class Drift:
    """Moves its entity by so many metres a second; turns around at the world's edges."""

    metres_per_second: Annotated[Float3, Column("<f4", 3)]
    turns: Annotated[int, Column("<u8")] = 0


@component("theta.sim.Spot", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Spot:
    """A place in raw floats; where there is a `Pose` as well, that counts."""

    metres: Annotated[Float3, Column("<f4", 3)]


@component("theta.sim.Sign", plane=Plane.STATE)
@dataclass(frozen=True)
class Sign:
    """What is written there."""

    colour: Annotated[int, Column("<u2")] = 0
    text: Annotated[bytes, Bytes(4_096)] = b""


@component("theta.sim.Arrow", plane=Plane.STATE)
@dataclass(frozen=True)
class Arrow:
    """Points at another entity, which may be anywhere or have ended."""

    at: Annotated[int, Column("<u8"), EntityReference()] = 0


@component("theta.sim.Gizmo", plane=Plane.STATE, scope="editor")
@dataclass(frozen=True)
class Gizmo:
    """What only editors see."""

    mode: Annotated[int, Column("<u1")] = 0


OWN_COMPONENTS: tuple[type[object], ...] = (Drift, Spot, Sign, Arrow, Gizmo, ChildOf)


class Making:
    """Makes components by chance.

    Args:
        luck: what it draws from.
        side_metres: everything is within half of that of the origin, and 2 m high.
    """

    def __init__(self, luck: Randomness, side_metres: float) -> None:
        self._luck = luck
        self._side = side_metres

    def metres(self) -> Float3:
        """A place."""
        draw = self._luck.fraction
        return (draw() - 0.5) * self._side, 2.0 * draw(), (draw() - 0.5) * self._side

    def pose(self) -> Pose:
        """Somewhere, turned somehow."""
        return Pose(self.metres(), ROTATIONS[self._luck.integer(len(ROTATIONS))])

    def shape(self) -> Shape:
        """Of any size and colour."""
        draw = self._luck.integer
        size = 0.05 + self._luck.fraction()
        return Shape(draw(4), (size, size, size), (draw(256), draw(256), draw(256)))

    def sign(self) -> Sign:
        """Some are too long for a datagram."""
        return Sign(self._luck.integer(65_536), self._luck.draw(SIGN_BYTES[self._luck.integer(len(SIGN_BYTES))]))

    def drift(self) -> Drift:
        """Some way."""
        draw = self._luck.fraction
        return Drift(((draw() - 0.5) * SPEED_MAX, 0.0, (draw() - 0.5) * SPEED_MAX))

    def gizmo(self) -> Gizmo:
        """In some mode."""
        return Gizmo(self._luck.integer(256))

    def components(self) -> list[object]:
        """Of a new thing; never none, and now and then without a place."""
        found: list[object] = []
        for share, make in ((0.8, self.pose), (0.6, self.shape), (0.3, self.sign), (0.2, self.gizmo)):
            if self._luck.fraction() < share:
                found.append(make())
        if self._luck.fraction() < 0.15:
            found.append(Spot(self.metres()))
        return found or [self.sign()]


class LivingWorld:
    """What a room opens with. Its systems run until `is_alive` says no; then everything stays as it is.

    Args:
        luck: everything follows from it.
        entities: how many things there are to begin with, and about how many there stay to be.
        side_metres: how far it reaches.
        is_alive: whether anything still happens.

    Attributes:
        state: for `RoomSettings`.
    """

    def __init__(self, luck: Randomness, entities: int, side_metres: float, is_alive: Callable[[], bool]) -> None:
        self._luck = luck
        self._wanted = entities
        self._half = side_metres / 2.0
        self._make = Making(luck, side_metres)
        self._world = World()
        self.state = StateWorld(self._world, OWN_COMPONENTS)
        self._things: list[Entity] = [self._world.spawn(*self._new()) for _ in range(entities)]

        @system(Stage.SIMULATION, writes=(Pose, Drift))
        def drift(world: World, seconds: float) -> None:
            """What has a drift moves."""
            if is_alive():
                self._drift(world, seconds)

        @system(Stage.EDITOR, reads=(Pose, Spot, Sign, Arrow, Gizmo, Drift), writes=(Shape, ChildOf))
        def live(world: World, seconds: float) -> None:
            """Something comes, ends, or gets or loses a component."""
            if is_alive():
                self._live(world)

        self._world.schedule.add(drift, live)

    def _new(self) -> list[object]:
        found = self._make.components()
        if any(isinstance(each, Pose) for each in found) and self._luck.integer(3) == 0:
            found.append(self._make.drift())
        return found

    def _drift(self, world: World, seconds: float) -> None:
        for _, (pose, drift) in world.query_mut(Pose, Drift):
            translation, speed = pose["translation"], drift["metres_per_second"]
            outside = (np.abs(translation) > self._half) & (translation * speed > 0.0)
            speed[outside] *= -1.0
            drift["turns"][:] += outside.any(axis=1)
            translation += np.float32(seconds) * speed

    def _live(self, world: World) -> None:
        self._things = [each for each in self._things if world.contains(each)]
        things, luck = self._things, self._luck
        for _ in range(luck.integer(4)):
            if luck.fraction() < (0.75 if len(things) < self._wanted else 0.4) or len(things) < 3:
                self._things.append(self._come(world))
            else:
                world.commands.despawn(things.pop(luck.integer(len(things))))
        for _ in range(luck.integer(3)):
            self._restructure(world, things[luck.integer(len(things))])

    def _come(self, world: World) -> Entity:
        found = self._new()
        if self._luck.integer(5) == 0:
            found.append(Arrow(self._anything()))
        if self._luck.integer(8) == 0:
            # What ends before it comes is skipped.
            found.append(ChildOf(self._anything()))
        return world.commands.spawn(*found)

    def _restructure(self, world: World, entity: Entity) -> None:
        make, luck = self._make, self._luck
        makers: tuple[Callable[[], object], ...] = (
            make.pose,
            make.shape,
            make.sign,
            make.gizmo,
            make.drift,
            lambda: Spot(make.metres()),
            lambda: Arrow(self._anything()),
            lambda: ChildOf(self._anything()),
        )
        made = makers[luck.integer(len(makers))]()
        if luck.integer(2) and world.contains(entity) and world.has(entity, type(made)):
            world.commands.remove(entity, type(made))
        else:
            world.commands.insert(entity, made)

    def _anything(self) -> int:
        return self._things[self._luck.integer(len(self._things))] if self._things else 0
