"""A round meadow, 200 m across: 10,000 things, of which about every tenth moves at any moment.

    theta serve meadow.theta --world examples/garden.py

Flowers stand in the spiral of a sunflower, dense in the middle and thin at the edge. Butterflies sleep on them, rise,
flutter about, and come back to where they slept.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

import theta
from theta import Batch, Column, Plane, Pose, Shape, ShapeKind, Stage, component, system

FLOWERS, TREES, BUTTERFLIES = 3_950, 300, 1_500
METRES = 100.0
GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
UPSIDE_DOWN = (1.0, 0.0, 0.0, 0.0)

CYCLE_SECONDS, FLIGHT_SECONDS = 12.0, 8.0
FLAPS_PER_FLIGHT = 20.0
SETTLING_SECONDS = 0.25
"""So long after its flight a butterfly is still moved, so that it ends on the flower and not a little above."""

Array = NDArray[Any]
Float3 = tuple[float, float, float]

random = np.random.default_rng(8)


@component("garden.Flight", plane=Plane.STATE)
@dataclass(frozen=True)
class Flight:
    """Where a butterfly sleeps, when in each cycle it wakes, how far it goes, and how often around."""

    home: Annotated[Float3, Column("<f4", 3)]
    wakes: Annotated[float, Column("<f4")]
    reach: Annotated[float, Column("<f4")]
    turns: Annotated[float, Column("<f4")]


@dataclass
class Clock:
    """Where in its cycle the meadow is."""

    seconds: float = 0.0


@system(Stage.RENDER)
def pass_time(world: theta.World, seconds: float) -> None:
    """Count the time, and begin again with each cycle, so that it stays exact for ever."""
    clock = world.resources[Clock]
    clock.seconds = (clock.seconds + seconds) % CYCLE_SECONDS


@system(Stage.RENDER, reads=(Flight,), writes=(Pose,), after=(pass_time,))
def flutter(world: theta.World, seconds: float) -> None:
    """Move the butterflies that are awake, and mark only these: what sleeps costs nothing."""
    now = world.resources[Clock].seconds
    for _, (pose, flight) in world.query_mut(Pose, reads=(Flight,), all_rows=False):
        since = (now - flight["wakes"]) % CYCLE_SECONDS
        awake = np.flatnonzero(since < FLIGHT_SECONDS + SETTLING_SECONDS)
        along = np.minimum(since[awake] / FLIGHT_SECONDS, 1.0)
        home, reach, turns = flight["home"][awake], flight["reach"][awake], flight["turns"][awake]
        translation, rotation = in_flight(home, reach, turns, along)
        pose.write(awake, translation=translation, rotation=rotation)


def in_flight(home: Array, reach: Array, turns: Array, along: Array) -> tuple[Array, Array]:
    """Where n butterflies are, (n, 3), and how they are turned, (n, 4), when they are `along` (0 to 1) their way."""
    out = reach * np.sin(np.pi * along) ** 2
    around = 2.0 * np.pi * turns * along + home[:, 0]
    flap = np.sin(2.0 * np.pi * FLAPS_PER_FLIGHT * along)
    x, y, z = out * np.cos(around), out * (0.6 + 0.04 * flap), out * np.sin(around)
    yaw, roll = -0.5 * around, 0.45 * np.minimum(1.0, 4.0 * out) * flap
    turned = (
        np.sin(yaw) * np.sin(roll),
        np.sin(yaw) * np.cos(roll),
        np.cos(yaw) * np.sin(roll),
        np.cos(yaw) * np.cos(roll),
    )
    return home + np.stack((x, y, z), axis=1), np.stack(turned, axis=1)


def spiral(count: int, nearest: float) -> Array:
    """Places around the middle as x and z, (count, 2), the denser the nearer to it, and none within `nearest`."""
    numbers = np.arange(count)
    radius = nearest + (METRES - nearest) * ((numbers + 0.5) / count) ** 0.8
    angle = numbers * GOLDEN_ANGLE
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


def at_height(places: Array, heights: Array) -> Array:
    """Translations (n, 3) above the ground."""
    return np.stack((places[:, 0], heights, places[:, 1]), axis=1)


def colours_around(shares: Array) -> Array:
    """Colours (n, 3), once around the colour wheel as a share goes from 0 to 1."""
    waves = np.cos(2.0 * np.pi * (shares[:, None] - np.array((0.0, 1.0, 2.0)) / 3.0))
    return np.round(160.0 + 95.0 * waves).astype(np.uint8)


def plant_flowers(world: theta.World) -> Array:
    """A stem and a blossom for each flower, spheres and tulips; returns where the blossoms are, (FLOWERS, 3)."""
    places, heights = spiral(FLOWERS, 0.8), random.uniform(0.25, 0.6, FLOWERS)
    stems = np.stack((np.full(FLOWERS, 0.02), heights, np.full(FLOWERS, 0.02)), axis=1)
    stem = Batch(
        Shape, kind=np.full(FLOWERS, ShapeKind.CYLINDER), size=stems, colour=np.tile((70, 140, 60), (FLOWERS, 1))
    )
    world.spawn_many(FLOWERS, Batch(Pose, translation=at_height(places, heights / 2)), stem)
    blossoms = at_height(places, heights + 0.04)
    colours = colours_around(np.arange(FLOWERS) / 610.0 % 1.0)
    is_tulip = np.arange(FLOWERS) % 3 == 0
    for some, kind, size, rotation in (
        (is_tulip, ShapeKind.CONE, (0.1, 0.14, 0.1), UPSIDE_DOWN),
        (~is_tulip, ShapeKind.SPHERE, (0.16, 0.08, 0.16), (0.0, 0.0, 0.0, 1.0)),
    ):
        count = int(some.sum())
        pose = Batch(Pose, translation=blossoms[some], rotation=np.tile(rotation, (count, 1)))
        shape = Batch(Shape, kind=np.full(count, kind), size=np.tile(size, (count, 1)), colour=colours[some])
        world.spawn_many(count, pose, shape)
    return blossoms


def plant_trees(world: theta.World) -> None:
    """A trunk and a crown for each tree."""
    places, heights = spiral(TREES, 7.0), random.uniform(1.6, 3.2, TREES)
    trunks = np.stack((np.full(TREES, 0.22), heights, np.full(TREES, 0.22)), axis=1)
    trunk = Batch(
        Shape, kind=np.full(TREES, ShapeKind.CYLINDER), size=trunks, colour=np.tile((110, 80, 55), (TREES, 1))
    )
    world.spawn_many(TREES, Batch(Pose, translation=at_height(places, heights / 2)), trunk)
    kinds = np.where(np.arange(TREES) % 2 == 0, ShapeKind.SPHERE, ShapeKind.CONE)
    greens = np.stack((random.integers(40, 110, TREES), random.integers(120, 190, TREES), np.full(TREES, 60)), axis=1)
    crown = Batch(Shape, kind=kinds, size=random.uniform(1.4, 2.4, (TREES, 1)) * (1.0, 1.3, 1.0), colour=greens)
    world.spawn_many(TREES, Batch(Pose, translation=at_height(places, heights + 0.7)), crown)


def wake_butterflies(world: theta.World, blossoms: Array) -> None:
    """One butterfly each on some of the blossoms."""
    home = random.choice(blossoms, BUTTERFLIES, replace=False) + np.array((0.0, 0.06, 0.0))
    flight = Batch(
        Flight,
        home=home,
        wakes=random.uniform(0.0, CYCLE_SECONDS, BUTTERFLIES),
        reach=random.uniform(0.6, 2.2, BUTTERFLIES),
        turns=random.choice((-3.0, -2.0, 2.0, 3.0), BUTTERFLIES),
    )
    colours = colours_around(random.uniform(0.0, 1.0, BUTTERFLIES))
    shape = Batch(Shape, size=np.tile((0.14, 0.01, 0.1), (BUTTERFLIES, 1)), colour=colours)
    world.spawn_many(BUTTERFLIES, Batch(Pose, translation=home), shape, flight)


world = theta.World()
world.resources.put(Clock())
plant_trees(world)
wake_butterflies(world, plant_flowers(world))
world.schedule.add(pass_time, flutter)
