"""The room's state plane as a whole: a tick for 100 peers, 16 who join late, and what an idle peer costs.

`python benches/state_plane.py` prints the rows and writes build/bench/state_plane.json.
"""

import statistics
import sys
import time
import tracemalloc
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from benches._report import Row, report
from theta.base.limits import INTEREST_METRES, INTEREST_METRES_MAX, STATE_ACK_FRAMES
from theta.ecs.batch import Batch
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.world import World
from theta.interest.interest import Interest
from theta.node import state_ticks
from theta.node.state_follower import StateFollower
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.replication.changes import WorldChanges
from theta.replication.history import History
from theta.wire import codec
from theta.wire.messages import Message
from theta.wire.state_messages import StateAck, StateChunk, StateChunksReceived, StateFrame, StateSection

SEED = 20260817
ENTITIES = 10_000
MOVING = 1_000
PEERS = 100
SIDE_METRES = 200.0
WALK_METRES_PER_TICK = 1.4 / 30.0
ROUND_TRIP_TICKS = 3
WARM_TICKS = 60
TICKS = 300
JOINERS = 16
JOIN_SIDE_METRES = 80.0
"""All of this is within INTEREST_METRES_MAX of its middle."""
IDLE_PEERS = 64

TICK_MILLISECONDS_MAX = 5.0
NEAREST_MILLISECONDS_MAX = 200.0
COMPLETE_MILLISECONDS_MAX = 1_000.0
IDLE_PEER_KILOBYTES_MAX = 200.0
FIELD_MILLISECONDS = 5_200.0

Floats = NDArray[np.float64]


@component("bench.PlacedPose", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Pose:
    """Within 2 mm along each axis, and 0.2°; where interest places the entity."""

    metres: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.004, low=-4096.0, high=4096.0)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree(bits=10)]


class Walkers:
    """Positions that go straight on within a square; who comes to its edge turns round."""

    def __init__(self, generator: np.random.Generator, count: int, side: float) -> None:
        self.half = side / 2.0
        self.metres = generator.uniform((-self.half, 0.0, -self.half), (self.half, 2.0, self.half), (count, 3))
        self.heading = generator.uniform(0.0, 2.0 * np.pi, count)

    def walk(self) -> None:
        """One tick."""
        step = np.stack([np.cos(self.heading), np.zeros_like(self.heading), np.sin(self.heading)], axis=1)
        there = self.metres + WALK_METRES_PER_TICK * step
        out = (np.abs(there) > self.half).any(axis=1) & (there[:, 1] <= self.half)
        self.heading[out] += np.pi
        self.metres[~out] = there[~out]

    def poses(self, rows: slice = slice(None)) -> Batch:
        half = self.heading[rows] / 2.0
        nothing = np.zeros_like(half)
        rotation = np.stack([nothing, np.sin(half), nothing, np.cos(half)], axis=1)
        return Batch(Pose, metres=self.metres[rows].astype("<f4"), rotation=rotation.astype("<f4"))


class Acker:
    """A peer that takes every frame, and says so a round trip later."""

    def __init__(self) -> None:
        self.newest = 0
        self.received = 0

    def take(self, sequence: int) -> None:
        self.received = (self.received << 1 | (1 if self.newest else 0)) & ((1 << STATE_ACK_FRAMES) - 1)
        self.newest = sequence

    @property
    def ack(self) -> StateAck:
        return StateAck(self.newest, self.received)


class Crowd:
    """The bar's world: everybody walks, a tenth of the entities too."""

    def __init__(self) -> None:
        generator = np.random.default_rng(SEED)
        self.things = Walkers(generator, ENTITIES, SIDE_METRES)
        self.people = Walkers(generator, PEERS, SIDE_METRES)
        world = World()
        self.entities = world.spawn_many(ENTITIES, self.things.poses())
        self.things.metres, self.things.heading = self.things.metres[:MOVING], self.things.heading[:MOVING]
        self.plane = StatePlane([component_type(Pose)], world)
        self.now = 0.0
        self.ackers = [Acker() for _ in range(PEERS)]
        self.answers: deque[list[tuple[int, Message]]] = deque([[] for _ in range(ROUND_TRIP_TICKS)])
        self.frame_bytes = 0
        for peer in range(PEERS):
            self.plane.handle_joined(0.0, peer, "editor", INTEREST_METRES)

    def change(self) -> None:
        """What the world's systems and the peers do before a tick; not the tick's own work."""
        self.now += TICK_SECONDS
        self.things.walk()
        self.people.walk()
        self.plane.world.write_many(self.entities[:MOVING], self.things.poses())

    def receive(self) -> None:
        """Poses and acknowledgements of all peers."""
        for peer, metres in enumerate(self.people.metres.tolist()):
            self.plane.handle_pose(peer, (metres[0], metres[1], metres[2]))
        for peer, message in self.answers.popleft():
            if isinstance(message, StateChunksReceived):
                self.plane.handle_chunks(peer, message)
            elif isinstance(message, StateAck):
                self.plane.handle_ack(peer, message)

    def collect(self) -> None:
        """The peers take what was sent."""
        found: list[tuple[int, Message]] = []
        answering: set[int] = set()
        while told := self.plane.poll_transmit():
            message = told.message
            if isinstance(message, StateFrame | StateSection):
                self.frame_bytes += len(codec.encode(message))
                self.ackers[told.peer].take(message.sequence)
                answering.add(told.peer)
            elif isinstance(message, StateChunk):
                found.append((told.peer, StateChunksReceived(message.snapshot, [message.number])))
        found += [(peer, self.ackers[peer].ack) for peer in sorted(answering)]
        self.answers.append(found)


class Stopwatch:
    """How much of the processor's time some functions take, by the part that they are of; calls in calls count once."""

    def __init__(self) -> None:
        self.nanoseconds: Counter[str] = Counter()
        self._within = False
        self._replaced: list[tuple[Any, str, Callable[..., Any]]] = []

    def watch(self, part: str, owner: Any, *names: str) -> None:
        for name in names:
            call = getattr(owner, name)
            self._replaced.append((owner, name, call))
            setattr(owner, name, self._timed(part, call))

    def restore(self) -> None:
        for owner, name, call in self._replaced:
            setattr(owner, name, call)

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            if self._within:
                return call(*given, **named)
            self._within = True
            start = time.thread_time_ns()
            try:
                return call(*given, **named)
            finally:
                self.nanoseconds[part] += time.thread_time_ns() - start
                self._within = False

        return timed


def measure_ticks() -> list[Row]:
    """A tick's own work, and what the peers' messages cost beside it; of the processor's time."""
    crowd = Crowd()
    ticks, inputs = [], []
    for tick in range(WARM_TICKS + TICKS):
        crowd.change()
        start = time.thread_time_ns()
        crowd.receive()
        middle = time.thread_time_ns()
        crowd.plane.handle_tick(crowd.now)
        end = time.thread_time_ns()
        crowd.collect()
        if tick == WARM_TICKS:
            crowd.frame_bytes, before = 0, crowd.plane.counts
        if tick >= WARM_TICKS:
            inputs.append((middle - start) / 1e6)
            ticks.append((end - middle) / 1e6)
    counts = crowd.plane.counts - before
    print(f"{len(crowd.plane.interest.pairs)} pairs; a tick: {counts['encoded'] // TICKS} sections encoded,", end=" ")
    print(f"{counts['sent'] // TICKS} sent in {counts['frames'] // TICKS} frames")
    what = f"select and encode, {PEERS} peers, {ENTITIES:,} entities, {MOVING:,} moving"
    return [
        Row(f"{what}: median", statistics.median(ticks), "ms", TICK_MILLISECONDS_MAX, runs=TICKS),
        Row("the same, p99", quantile(ticks, 0.99), "ms", TICK_MILLISECONDS_MAX, runs=TICKS),
        Row("the same, poses and acknowledgements of all peers", statistics.median(inputs), "ms", runs=TICKS),
        Row("the same, bytes to a peer a second", crowd.frame_bytes / TICKS * 30 / PEERS, "bytes", runs=TICKS),
    ]


def measure_parts() -> list[Row]:
    """The same tick by parts: replication, interest, and what puts them together."""
    crowd = Crowd()
    watch = Stopwatch()
    watch.watch("interest", Interest, "advance", "move", "update", "rank", "shortlist", "ages", "pick")
    watch.watch("replication: encoding", state_ticks, "encode_sections")
    watch.watch("replication: taking in", WorldChanges, "take")
    watch.watch("replication: taking in", History, "begin_tick", "write_cells", "set_scopes")
    whole = 0
    for tick in range(WARM_TICKS + TICKS):
        crowd.change()
        crowd.receive()
        if tick == WARM_TICKS:
            watch.nanoseconds.clear()
            whole = 0
        start = time.thread_time_ns()
        crowd.plane.handle_tick(crowd.now)
        whole += time.thread_time_ns() - start
        crowd.collect()
    watch.restore()
    watch.nanoseconds["node"] = whole - sum(watch.nanoseconds.values())
    return [
        Row(f"the same, of it {part}, mean", spent / TICKS / 1e6, "ms", runs=TICKS)
        for part, spent in sorted(watch.nanoseconds.items())
    ]


class Joiner:
    """A follower on a machine of its own: its clock goes on while it works, and waits for what is sent to it."""

    def __init__(self) -> None:
        self.follower = StateFollower()
        self.clock = self.work = 0.0
        self.nearest = self.complete = 0.0

    def take(self, now: float, frame: bytes) -> list[Message]:
        """What it answers to a message that comes at `now`, seconds since the beginning."""
        self.clock = max(self.clock, now)
        start = time.thread_time()
        self.follower.handle_message(now, codec.decode_from_room(frame))
        answers = []
        while answer := self.follower.poll_transmit():
            answers.append(answer[1])
        spent = time.thread_time() - start
        self.clock += spent
        self.work += spent
        if self.follower.entity_count and not self.nearest:
            self.nearest = self.clock
        if self.follower.has_snapshot and not self.complete:
            self.complete = self.clock
        return answers


def measure_joining() -> list[Row]:
    """Joiners in a world that is all in sight: in memory, with nothing between; each has a processor of its own."""
    things = Walkers(np.random.default_rng(SEED), ENTITIES, JOIN_SIDE_METRES)
    plane = StatePlane([component_type(Pose)])
    plane.world.spawn_many(ENTITIES, things.poses())
    plane.handle_tick(0.0)
    joiners = [Joiner() for _ in range(JOINERS)]
    for peer in range(JOINERS):
        plane.handle_joined(0.0, peer, "editor", INTEREST_METRES_MAX)
        plane.handle_pose(peer, (0.0, 1.7, 0.0))
    room_clock = room_work = 0.0
    tick = sent = 0
    answers: list[tuple[float, int, Message]] = []
    while not all(joiner.complete for joiner in joiners):
        # The room does what is next: a tick, or what has been answered by then.
        tick += 1
        room_clock = max(room_clock, tick * TICK_SECONDS)
        start = time.thread_time()
        for when, peer, answer in answers:
            if when <= room_clock and isinstance(answer, StateChunksReceived):
                plane.handle_chunks(peer, answer)
        plane.handle_tick(room_clock)
        frames = []
        while told := plane.poll_transmit():
            frames.append((told.peer, codec.encode(told.message)))
        spent = time.thread_time() - start
        room_clock, room_work = room_clock + spent, room_work + spent
        answers = [each for each in answers if each[0] > room_clock - spent]
        for peer, frame in frames:
            sent += len(frame)
            said = joiners[peer].take(room_clock, frame)
            answers += [(joiners[peer].clock, peer, answer) for answer in said]
    assert all(joiner.follower.entity_count == ENTITIES for joiner in joiners)
    what = f"late join, {JOINERS} joiners, {ENTITIES:,} entities in sight"
    nearest, complete = (max(getattr(each, name) for each in joiners) for name in ("nearest", "complete"))
    return [
        Row(f"{what}: nearest cells, the last of them", nearest * 1e3, "ms", NEAREST_MILLISECONDS_MAX),
        Row(
            "the same, complete, the last of them",
            complete * 1e3,
            "ms",
            COMPLETE_MILLISECONDS_MAX,
            "naia, as it reports",
            FIELD_MILLISECONDS,
        ),
        Row("the same, the room's work for all of them", room_work * 1e3, "ms"),
        Row("the same, a joiner's work", statistics.median(each.work for each in joiners) * 1e3, "ms", runs=JOINERS),
        Row("the same, bytes to each", sent / JOINERS, "bytes"),
    ]


def measure_memory() -> list[Row]:
    """What a peer costs that looks at the bar's world while nothing moves."""
    world = World()
    world.spawn_many(ENTITIES, Walkers(np.random.default_rng(SEED), ENTITIES, SIDE_METRES).poses())
    plane = StatePlane([component_type(Pose)], world)
    crowd = Idle(plane)
    crowd.join(1)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    crowd.join(IDLE_PEERS)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = (after - before) / IDLE_PEERS / 1024
    return [Row("memory per idle peer", each, "KB", IDLE_PEER_KILOBYTES_MAX, runs=IDLE_PEERS)]


class Idle:
    """Peers that look about, take what comes, and then sit still for ten seconds."""

    def __init__(self, plane: StatePlane) -> None:
        self.plane = plane
        self.generator = np.random.default_rng(SEED)
        self.peers = 0
        self.now = 0.0

    def join(self, count: int) -> None:
        half = SIDE_METRES / 2.0
        for x, z in self.generator.uniform(-half, half, (count, 2)).tolist():
            self.plane.handle_joined(self.now, self.peers, "editor", INTEREST_METRES)
            self.plane.handle_pose(self.peers, (x, 1.7, z))
            self.peers += 1
        for _ in range(300):
            self.now += TICK_SECONDS
            self.plane.handle_tick(self.now)
            while told := self.plane.poll_transmit():
                if isinstance(told.message, StateChunk):
                    self.plane.handle_chunks(
                        told.peer, StateChunksReceived(told.message.snapshot, [told.message.number])
                    )


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def measure() -> list[Row]:
    """All rows."""
    return [*measure_ticks(), *measure_parts(), *measure_joining(), *measure_memory()]


def main() -> int:
    return 0 if report("state_plane", measure()) else 1


if __name__ == "__main__":
    sys.exit(main())
