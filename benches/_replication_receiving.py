"""What a participant's side costs: a whole snapshot, and frames in play; from bytes to values in its world."""

import time
from statistics import median

import numpy as np

from benches._replication_worlds import Pose, Room, raw_room
from benches._report import Row
from theta.ecs.batch import Batch
from theta.node.state_follower import StateFollower
from theta.replication.descriptors import component_descriptors
from theta.replication.sections import encode_sections
from theta.replication.snapshots import SNAPSHOT_LEVEL, encode_snapshot
from theta.wire import codec
from theta.wire.compression import Compressor
from theta.wire.messages import Message
from theta.wire.state_messages import StateSection

SEED = 20260817
ENTITIES = 10_000
CELLS = 60
RUNS = 7
FRAMES = 120
SNAPSHOT_MILLISECONDS_MAX = 60.0
"""So that 16 joiners in one process have everything within a second."""


def receiving_rows() -> list[Row]:
    """All of them."""
    generator = np.random.default_rng(SEED)
    poses, raw = pose_room(generator, ENTITIES), raw_room(generator, ENTITIES)
    return [
        Row(
            f"snapshot of {ENTITIES:,} poses taken by a participant, its world included",
            snapshot_milliseconds(poses),
            "ms",
            SNAPSHOT_MILLISECONDS_MAX,
            runs=RUNS,
        ),
        Row("the same, of Transform, Velocity and a u64", snapshot_milliseconds(raw), "ms", runs=RUNS),
        *(
            Row(
                f"{CELLS} sections at once taken by a participant, {share:.0%} of their poses changed",
                frame_milliseconds(pose_room(generator, 16 * CELLS), generator, share),
                "ms",
                runs=FRAMES,
            )
            for share in (0.125, 0.5)
        ),
    ]


def pose_room(generator: np.random.Generator, count: int) -> Room:
    """A room with so many poses, at tick 1."""
    room = Room((Pose,))
    room.world.spawn_many(count, _poses(generator, count))
    room.take()
    return room


def snapshot_milliseconds(room: Room) -> float:
    """The median of the time that all chunks take."""
    told = component_descriptors(room.changes.components)
    compressor = Compressor(level=SNAPSHOT_LEVEL)
    snapshot = encode_snapshot(room.history, 1, room.cells, told.manifest, compressor)
    frames = [codec.encode(chunk) for chunk in snapshot.chunks]
    times = []
    for _ in range(RUNS):
        follower = StateFollower()
        follower.handle_message(0.0, told)
        start = time.perf_counter_ns()
        for frame in frames:
            take(follower, codec.decode_from_room(frame))
        times.append((time.perf_counter_ns() - start) / 1e6)
        assert follower.has_snapshot
        assert follower.entity_count == room.world.entity_count
    return median(times)


def frame_milliseconds(room: Room, generator: np.random.Generator, share: float) -> float:
    """The median of the time that CELLS sections take, of each tick after the one before, whatever a datagram holds."""
    follower = StateFollower()
    follower.handle_message(0.0, component_descriptors(room.changes.components))
    count = room.world.entity_count
    times = []
    for sequence in range(1, FRAMES + 1):
        if sequence > 1:
            slots = np.sort(generator.choice(count, int(count * share), replace=False)).astype(np.uint32)
            room.world.write_many(room.world.entities_at(slots), _poses(generator, len(slots)))
            room.take()
        body = encode_sections(room.history, room.cells, np.full(CELLS, min(sequence - 1, 1))).body
        frame = codec.encode(StateSection(sequence, room.history.tick, body))
        start = time.perf_counter_ns()
        take(follower, codec.decode_from_room(frame))
        times.append((time.perf_counter_ns() - start) / 1e6)
    assert follower.counts["applied"] >= CELLS * FRAMES // 2
    assert not follower.counts["dropped"]
    return median(times[1:])


def take(follower: StateFollower, message: Message) -> None:
    """A message and all that comes of it."""
    follower.handle_message(0.0, message)
    while follower.poll_transmit():
        pass
    while follower.poll_event():
        pass


def _poses(generator: np.random.Generator, count: int) -> Batch:
    rotation = generator.standard_normal((count, 4)).astype("<f4")
    rotation /= np.sqrt((rotation * rotation).sum(axis=1, keepdims=True))
    return Batch(Pose, metres=generator.uniform(-100, 100, (count, 3)).astype("<f4"), rotation=rotation)
