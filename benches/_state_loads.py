"""What is written to a world tick by tick, the same for ours and for each peer beside it: Transform, Velocity, u64."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED = 20260817
TICKS = 60
WARM_TICKS = 20
"""So many of the ticks come before those that are timed; JavaScript gets fast in them."""
HERTZ = 30
WALK_METRES_PER_SECOND = 1.4
TURN_RADIANS_PER_SECOND = 1.0
ACCELERATION = 2.0

Floats = NDArray[np.float32]


class Values(NamedTuple):
    """Of some entities: (n, 10), (n, 6) float32 and (n,) uint64. A transform is place, rotation x y z w, and scale."""

    transform: Floats
    velocity: Floats
    number: NDArray[np.uint64]

    def of(self, rows: NDArray[np.uint32]) -> "Values":
        return Values(*(column[rows] for column in self))


class Tick(NamedTuple):
    """Which entities are written, ascending, and what."""

    entities: NDArray[np.uint32]
    values: Values


@dataclass(frozen=True)
class Load:
    """A world of `count` entities, of which `changed` are written in every tick.

    Attributes:
        kind: "everything": all fields of some entities, drawn anew each tick, get new values that have nothing to do
            with the old ones. "motion": always the same entities walk and turn; scale and number stay.
        start: of all entities.
        ticks: WARM_TICKS, and those that count.
        views: which entities each participant sees, where not all see everything.
    """

    kind: str
    count: int
    changed: int
    start: Values
    ticks: tuple[Tick, ...]
    views: list[list[int]] | None = None

    @property
    def name(self) -> str:
        to = "" if self.views is None else f", to {len(self.views)} participants"
        return f"{self.kind}, {self.changed:,} of {self.count:,}{to}"

    @property
    def raw_bytes(self) -> int:
        """A tick as others would send it without more ado: the fields that change and a u32 to say whose they are."""
        return self.changed * (4 + (76 if self.kind == "everything" else 4 * (3 + 4 + 6)))

    def as_bytes(self) -> bytes:
        """All of it in little-endian columns, as peers.mjs reads it."""
        parts: list[NDArray[np.generic]] = [*self.start]
        for tick in self.ticks:
            parts += [tick.entities, *tick.values]
        return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def load_of(kind: str, count: int, changed: int) -> Load:
    """The same every time."""
    random = np.random.default_rng((SEED, count, changed, len(kind)))
    start = _drawn(random, count)
    make = {"everything": _everything, "motion": _motion}[kind]
    return Load(kind, count, changed, start, tuple(make(random, start, count, changed)))


def crowd_of(peers: int, radius: float) -> tuple[Load, Floats]:
    """1,000 of 10,000 that walk about in 200 × 200 m, and participants in their midst who see `radius` metres far.

    Returns:
        The load, and where the participants stand, (peers, 3).
    """
    load = load_of("motion", 10_000, 1_000)
    for values in (load.start, *(tick.values for tick in load.ticks)):
        values.transform[:, 1] *= 0.01
    random = np.random.default_rng(SEED)
    places = random.uniform((-100.0, 0.0, -100.0), (100.0, 1.7, 100.0), (peers, 3)).astype("<f4")
    apart = np.linalg.norm(load.start.transform[None, :, :3] - places[:, None], axis=2)
    views = [np.flatnonzero(row <= radius).tolist() for row in apart]
    return replace(load, views=views), places


def _drawn(random: np.random.Generator, count: int) -> Values:
    rotation = random.standard_normal((count, 4))
    rotation /= np.sqrt((rotation * rotation).sum(axis=1, keepdims=True))
    place, scale = random.uniform(-100.0, 100.0, (count, 3)), random.uniform(0.5, 2.0, (count, 3))
    transform = np.concatenate([place, rotation, scale], axis=1).astype("<f4")
    velocity = random.standard_normal((count, 6)).astype("<f4")
    return Values(transform, velocity, random.integers(0, 2**63, count).astype("<u8"))


def _everything(random: np.random.Generator, start: Values, count: int, changed: int) -> list[Tick]:
    return [Tick(_some(random, count, changed), _drawn(random, changed)) for _ in range(TICKS)]


def _motion(random: np.random.Generator, start: Values, count: int, changed: int) -> list[Tick]:
    entities = _some(random, count, changed)
    now = start.of(entities)
    place, scale = now.transform[:, :3].astype(float), now.transform[:, 7:]
    heading = random.uniform(0.0, 2.0 * np.pi, changed)
    turning = random.uniform(-TURN_RADIANS_PER_SECOND, TURN_RADIANS_PER_SECOND, changed)
    velocity = now.velocity.astype(float)
    ticks = []
    for _ in range(TICKS):
        heading += turning / HERTZ
        nothing = np.zeros(changed)
        place += np.stack([np.cos(heading), nothing, np.sin(heading)], axis=1) * (WALK_METRES_PER_SECOND / HERTZ)
        velocity += random.uniform(-ACCELERATION, ACCELERATION, (changed, 6)) / HERTZ
        rotation = np.stack([nothing, np.sin(heading / 2), nothing, np.cos(heading / 2)], axis=1)
        transform = np.concatenate([place, rotation, scale], axis=1).astype("<f4")
        ticks.append(Tick(entities, Values(transform, velocity.astype("<f4"), now.number)))
    return ticks


def _some(random: np.random.Generator, count: int, changed: int) -> NDArray[np.uint32]:
    return np.sort(random.choice(count, changed, replace=False)).astype("<u4")
