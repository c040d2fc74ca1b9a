"""Interest for a whole tick: 10,000 entities, 100 peers; and the same world looked at as one would without cells.

`python benches/interest.py` prints the rows and writes build/bench/interest.json; bench_replication calls `measure`.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benches._report import Row, median_milliseconds, report
from theta.base.limits import INTEREST_METRES, STATE_BYTES_PER_SECOND, STATE_WAIT_SECONDS_MAX
from theta.interest.interest import Interest

ENTITIES = 10_000
MOVING = 1_000
PEERS = 100
SIDE_METRES = 200.0
WALK_METRES_PER_TICK = 1.4 / 30.0
TICK_SECONDS = 1.0 / 30.0
TICKS = 300
WARM_TICKS = 30
LOOK_EVERY = 15
SECTION_BYTES_PER_ENTITY = 24
ROUND_TRIP_TICKS = 3
CROWD_TICKS = 300
CROWD_METRES = 20.0

TICK_MILLISECONDS_MAX = 2.5
SENT_PER_RELEVANT_MAX = 1.5
FILTERED_SHARE_MIN = 0.95

Floats = NDArray[np.float64]


class World:
    """Entities and peers that walk about, and the room's interest in them."""

    def __init__(self, side: float, entities: int, moving: int, peers: int, radius: float) -> None:
        self.generator = np.random.default_rng(20260817)
        self.side = side
        self.positions = self._scatter(entities)
        self.views = self._scatter(peers)
        self.peers = np.arange(peers)
        self.movers = np.sort(self.generator.permutation(entities)[:moving])
        self.steps, self.view_steps = self._steps(moving), self._steps(peers)
        self.interest = Interest()
        self.tick = 1
        self.milliseconds: list[float] = []
        self.processor_milliseconds: list[float] = []
        self.longest_wait = 0
        self.sent_in_tick = np.zeros(peers)
        self._in_flight: list[tuple[NDArray[np.int64], NDArray[np.int64], int]] = []
        self.interest.advance(1, TICK_SECONDS)
        self.interest.enter(np.arange(entities), self.positions)
        for peer in self.peers.tolist():
            self.interest.join(peer, "editor", radius=radius)

    def run_tick(self) -> NDArray[np.int64]:
        """One tick of the room; only interest's own work is timed. Returns the keys of the pairs that were sent."""
        self.tick += 1
        self.positions[self.movers] = self._walk(self.positions[self.movers], self.steps)
        self.views = self._walk(self.views, self.view_steps)
        moved = self.positions[self.movers]
        interest, pairs = self.interest, self.interest.pairs

        start = clocks()
        interest.advance(self.tick, TICK_SECONDS)
        interest.look(self.peers, self.views)
        interest.move(self.movers, moved)
        interest.update()
        spent = clocks() - start
        changed = np.zeros(interest.grid.cells.count, np.int64)
        changed[interest.grid.cells_of(0, self.movers)] = self.tick

        start = clocks()
        ranked = interest.rank(changed)
        estimates = SECTION_BYTES_PER_ENTITY * interest.grid.cells.occupied[pairs.cells[ranked.rows]]
        likely = interest.shortlist(ranked, estimates)
        interest.ages(likely.rows)
        spent += clocks() - start
        waits = self.tick - pairs.waiting[ranked.rows]
        self.longest_wait = max(self.longest_wait, int(waits.max(initial=0)))
        lengths = SECTION_BYTES_PER_ENTITY * interest.grid.cells.occupied[pairs.cells[likely.rows]]

        start = clocks()
        picked = interest.pick(likely, lengths)
        rows = likely.rows[picked]
        self._in_flight.append((pairs.peers[rows], pairs.cells[rows], self.tick))
        if len(self._in_flight) > ROUND_TRIP_TICKS:
            peers, cells, tick = self._in_flight.pop(0)
            pairs.acknowledge(peers, cells, np.full(len(peers), tick))
        spent += clocks() - start
        self.milliseconds.append(float(spent[0]) / 1e6)
        self.processor_milliseconds.append(float(spent[1]) / 1e6)
        self.sent_in_tick = np.bincount(likely.peers[picked], lengths[picked], len(self.peers))
        return pairs.keys[rows]

    def look_around(self, radius: float) -> tuple[int, int, int]:
        """Over all peers: entities within the radius, entities in relevant cells, and the former without the latter."""
        pairs, cells = self.interest.pairs, self.interest.grid.cells_of(0, np.arange(len(self.positions)))
        relevant = sent = missed = 0
        for peer, view in zip(self.peers.tolist(), self.views, strict=True):
            near = within(self.positions, view, radius)
            told = np.zeros(self.interest.grid.cells.count, np.bool_)
            told[pairs.cells[pairs.peers == peer]] = True
            relevant += int(np.count_nonzero(near))
            sent += int(np.count_nonzero(told[cells]))
            missed += int(np.count_nonzero(near & ~told[cells]))
        return relevant, sent, missed

    def _scatter(self, count: int) -> Floats:
        half = self.side / 2.0
        low, high = (-half, 0.0, -half), (half, 2.0, half)
        return self.generator.uniform(low, high, (count, 3))

    def _steps(self, count: int) -> Floats:
        angles = self.generator.uniform(0.0, 2.0 * np.pi, count)
        return WALK_METRES_PER_TICK * np.column_stack((np.cos(angles), np.zeros(count), np.sin(angles)))

    def _walk(self, positions: Floats, steps: Floats) -> Floats:
        """Straight on; who comes to the world's edge turns round."""
        half = self.side / 2.0
        there = positions + steps
        steps[(there < -half) | (there > half)] *= -1.0
        return np.clip(there, -half, half)


def clocks() -> NDArray[np.int64]:
    """Wall-clock time and this thread's processor time, (2,) nanoseconds."""
    return np.array((time.perf_counter_ns(), time.thread_time_ns()))


def within(positions: Floats, view: Floats, radius: float) -> NDArray[np.bool_]:
    """Which positions, (n, 3), are so near."""
    offsets = positions - view
    return (offsets * offsets).sum(axis=1) <= radius * radius


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def measure_world() -> list[Row]:
    """The bar's world: 200 m by 200 m, a tenth moving, interest 10 m, all peers walking."""
    world = World(SIDE_METRES, ENTITIES, MOVING, PEERS, INTEREST_METRES)
    relevant = sent = missed = looks = 0
    for tick in range(TICKS):
        world.run_tick()
        if tick >= WARM_TICKS and tick % LOOK_EVERY == 0:
            near, told, unseen = world.look_around(INTEREST_METRES)
            relevant, sent, missed, looks = relevant + near, sent + told, missed + unseen, looks + 1
    times = world.milliseconds[WARM_TICKS:]
    print(f"{len(world.interest.pairs)} pairs, {len(world.interest.grid.cells.order)} cells")
    plain = median_milliseconds(every_distance(world), 10)
    name = f"{ENTITIES:,} entities, {MOVING:,} moving, {PEERS} peers"
    return [
        Row(
            f"interest, whole tick: {name}, median",
            statistics.median(times),
            "ms",
            TICK_MILLISECONDS_MAX,
            "distances of all to all, no budget",
            plain,
            len(times),
        ),
        Row("the same, p99", quantile(times, 0.99), "ms", runs=len(times)),
        Row("the same, p99 of processor time", quantile(world.processor_milliseconds[WARM_TICKS:], 0.99), "ms"),
        Row("relevant entities missed", missed, "entities", 0.0, runs=looks * PEERS),
        Row("sent over relevant", sent / relevant, "times", SENT_PER_RELEVANT_MAX, runs=looks * PEERS),
        Row(
            "share of all that is filtered",
            1.0 - sent / (looks * PEERS * ENTITIES),
            "",
            FILTERED_SHARE_MIN,
            runs=looks * PEERS,
            more_is_better=True,
        ),
    ]


def every_distance(world: World) -> Callable[[], object]:
    """What interest would be without cells: which entities are near, for each peer, by all distances."""

    def run() -> list[NDArray[np.int64]]:
        return [np.flatnonzero(within(world.positions, view, INTEREST_METRES)) for view in world.views]

    return run


def measure_crowd() -> list[Row]:
    """100 peers within 20 m of each other, each the owner of a moving entity and 64 KB a second for it all."""
    world = World(CROWD_METRES / np.sqrt(2.0), 5 * PEERS, 5 * PEERS, PEERS, CROWD_METRES)
    pairs = world.interest.pairs
    spent = np.zeros((CROWD_TICKS + 1, PEERS))
    last: dict[int, int] = {}
    near_gaps: list[int] = []
    far_gaps: list[int] = []
    for tick in range(CROWD_TICKS):
        keys = world.run_tick()
        spent[tick + 1] = spent[tick] + world.sent_in_tick
        distances = dict(zip(pairs.keys.tolist(), pairs.distances.tolist(), strict=True))
        for key in keys.tolist():
            gap = world.tick - last.get(key, 1)
            last[key] = world.tick
            if tick > WARM_TICKS:
                (near_gaps if distances[key] < 3.0 else far_gaps if distances[key] > 10.0 else []).append(gap)
    times = world.milliseconds[WARM_TICKS:]
    return [
        Row(
            "crowd of 100, 500 moving: most bytes for a peer in a second",
            float((spent[30:] - spent[:-30]).max()),
            "bytes",
            STATE_BYTES_PER_SECOND,
            runs=CROWD_TICKS,
        ),
        Row("the same: longest wait", world.longest_wait * TICK_SECONDS, "s", STATE_WAIT_SECONDS_MAX, runs=CROWD_TICKS),
        Row("the same: mean gap between updates, within 3 m", statistics.mean(near_gaps) * TICK_SECONDS, "s"),
        Row("the same: mean gap between updates, beyond 10 m", statistics.mean(far_gaps) * TICK_SECONDS, "s"),
        Row("the same: interest, whole tick, median", statistics.median(times), "ms", runs=len(times)),
    ]


def measure() -> list[Row]:
    """All rows."""
    return measure_world() + measure_crowd()


def main() -> int:
    return 0 if report("interest", measure()) else 1


if __name__ == "__main__":
    sys.exit(main())
