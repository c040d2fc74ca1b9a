"""What a frame costs between ticks: interpolation of 1,000 poses, beside the same in a loop over Python objects."""

import sys
from dataclasses import dataclass, field
from math import sqrt
from random import Random

import numpy as np
from numpy.typing import NDArray

from benches._report import Row, median_milliseconds, report
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.replication.interpolation import InterpolationBuffer, Track
from theta.replication.ownership import OwnershipTable

ENTITIES = 1_000
TICKS = 30
RUNS = 300
PEER_RUNS = 30
SHOW_MILLISECONDS_MAX = 0.3
SAMPLES_MILLISECONDS_MAX = 0.3
ROWS = 32
ACTOR = 7


@dataclass(slots=True)
class Sampled:
    """The peer's entity: its samples, oldest first."""

    samples: list[tuple[float, tuple[float, ...], tuple[float, ...]]] = field(default_factory=list)

    def at(self, time: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Position and rotation between the two samples around a time."""
        later = len(self.samples) - 1
        while later > 1 and self.samples[later - 1][0] > time:
            later -= 1
        (since, place, turn), (until, place_after, turn_after) = self.samples[later - 1 : later + 1]
        share = min(max((time - since) / (until - since), 0.0), 1.0)
        dot = sum(one * other for one, other in zip(turn, turn_after, strict=True))
        sign = -1.0 if dot < 0.0 else 1.0
        turned = [one + (other * sign - one) * share for one, other in zip(turn, turn_after, strict=True)]
        length = sqrt(sum(each * each for each in turned))
        moved = tuple(one + (other - one) * share for one, other in zip(place, place_after, strict=True))
        return moved, tuple(each / length for each in turned)


def main() -> int:
    """Measures, and says whether the bars are kept."""
    random = Random(5)
    buffer = InterpolationBuffer([Track("metres", 3, jump=50.0), Track("rotation", 4, is_rotation=True)])
    things, slots = [Sampled() for _ in range(ENTITIES)], np.arange(ENTITIES)
    columns: dict[str, NDArray[np.float64]] = {}
    for tick in range(TICKS):
        columns = {
            "metres": np.array([random.uniform(-9.0, 9.0) for _ in range(3 * ENTITIES)]).reshape(-1, 3),
            "rotation": np.array([random.gauss(0.0, 1.0) for _ in range(4 * ENTITIES)]).reshape(-1, 4),
        }
        buffer.handle_samples(tick / 30, slots, columns)
        for thing, place, turn in zip(things, columns["metres"].tolist(), columns["rotation"].tolist(), strict=True):
            thing.samples.append((tick / 30, tuple(place), tuple(turn)))
    between = (TICKS - 2.4) / 30
    found = buffer.values_at(between, slots)
    places = np.array([thing.at(between)[0] for thing in things])
    turns = np.array([thing.at(between)[1] for thing in things])
    assert np.abs(found["metres"] - places).max() < 1e-9, "both must do the same work"
    assert np.abs(found["rotation"] - turns).max() < 1e-9, "both must do the same work"

    shown = median_milliseconds(lambda: buffer.values_at(between, slots), RUNS)
    peer = median_milliseconds(lambda: [thing.at(between) for thing in things], PEER_RUNS)
    past = median_milliseconds(lambda: buffer.values_at(TICKS / 30, slots), RUNS)
    taken = median_milliseconds(lambda: buffer.handle_samples(TICKS / 30, slots, columns), RUNS)
    rows = [
        Row("1,000 poses between samples", shown, "ms", SHOW_MILLISECONDS_MAX, "list of objects", peer, RUNS),
        Row("1,000 poses past the last sample", past, "ms", SHOW_MILLISECONDS_MAX, runs=RUNS),
        Row("1,000 samples taken", taken, "ms", SAMPLES_MILLISECONDS_MAX, runs=RUNS),
        Row("32 owned rows checked of 10,000 entities", owned_milliseconds(), "ms", runs=RUNS),
    ]
    return 0 if report("replication_motion", rows) else 1


def owned_milliseconds() -> float:
    """What the room's check of one `OwnedState` costs."""
    world = World()
    entities = world.spawn_many(10_000)
    table = OwnershipTable(world)
    mine = entities[:: 10_000 // ROWS][:ROWS]
    for entity in map(Entity, mine.tolist()):
        assert table.handle_claim(0.0, entity, ACTOR, 1, 0).refusal is None
    ownerships = np.ones(ROWS, np.uint32)
    sequences = iter(range(1, RUNS + 2))
    return median_milliseconds(lambda: table.take_rows(0.0, ACTOR, mine, ownerships, next(sequences)), RUNS)


if __name__ == "__main__":
    sys.exit(main())
