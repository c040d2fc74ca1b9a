"""Deltas, snapshots and bytes of one room for one peer."""

import time
from functools import partial

import numpy as np

from benches._replication_worlds import Pose, Room, change, raw_room
from benches._report import Row, median_milliseconds
from theta.ecs.batch import Batch
from theta.replication.baselines import Baselines
from theta.replication.body_code import code_bodies
from theta.replication.packing import pack
from theta.replication.sections import encode_sections
from theta.replication.snapshots import SNAPSHOT_LEVEL, encode_snapshot
from theta.wire import codec
from theta.wire.compression import Compressor
from theta.wire.state_messages import StateFrame, StateSection

SEED = 20260817
RUNS = 300
HERTZ = 30
AGE_TICKS = 5
"""A round trip of 150 ms: how old the baselines are in play."""


def frames_of(room: Room, baselines: Baselines, ages: np.ndarray) -> list[bytes]:
    """A tick for one peer, from what changed to the bytes of its messages."""
    cells = room.cells
    sections = encode_sections(room.history, cells, ages)
    tick = room.history.tick
    found = []
    bodies = pack(sections, cells)
    codes = code_bodies([b"" if body.is_large else body.data for body in bodies])
    for body, code in zip(bodies, codes, strict=True):
        # All cells are encoded: a pair is its cell.
        sequence = baselines.send(tick, body.pairs)
        if body.is_large:
            found.append(codec.encode(StateSection(sequence, tick, body.data)))
        elif code is None:
            found.append(codec.encode(StateFrame(sequence, tick, 0, False, body.data)))
        else:
            found.append(codec.encode(StateFrame(sequence, tick, 0, True, code)))
    return found


def delta_rows() -> list[Row]:
    """Encoding what changed since the tick before."""
    rows = []
    for count, share, bar in ((1_000, 0.1, 0.2), (1_000, 1.0, 0.5), (10_000, 0.01, 0.5), (10_000, 0.0, 0.05)):
        random = np.random.default_rng(SEED)
        room = raw_room(random, count)
        change(room, random, share)
        room.take()
        baselines, ages = Baselines(), np.ones(len(room.cells), np.int64)
        sent = frames_of(room, baselines, ages)
        value = median_milliseconds(partial(frames_of, room, baselines, ages), RUNS)
        what = f"delta for one peer, {count:,} entities, {share:.0%} changed ({sum(map(len, sent)):,} bytes)"
        rows.append(Row(what, value, "ms", bar, runs=RUNS))
    return rows


def taking_rows() -> list[Row]:
    """What is done once for all peers: quantising and keeping what changed."""
    rows = []
    for count, share in ((1_000, 1.0), (10_000, 0.1)):
        random = np.random.default_rng(SEED)
        room = raw_room(random, count)
        times = []
        for _ in range(80):
            change(room, random, share)
            start = time.perf_counter_ns()
            room.take()
            times.append((time.perf_counter_ns() - start) / 1e6)
        value = float(np.median(times[10:]))
        rows.append(Row(f"a tick taken in, {count:,} entities, {share:.0%} changed", value, "ms", runs=70))
    return rows


def snapshot_rows() -> list[Row]:
    """Encoding and compressing everything."""
    rows = []
    for count, bar in ((1_000, 0.5), (10_000, 3.0)):
        room = raw_room(np.random.default_rng(SEED), count)
        compressor = Compressor(level=SNAPSHOT_LEVEL)
        cells = room.cells

        def run(room: Room = room, cells: np.ndarray = cells, compressor: Compressor = compressor) -> int:
            snapshot = encode_snapshot(room.history, 1, cells, bytes(16), compressor)
            return sum(len(chunk.data) for chunk in snapshot.chunks)

        what = f"snapshot, {count:,} entities, encoded and compressed ({run():,} bytes)"
        rows.append(Row(what, median_milliseconds(run, 60), "ms", bar, runs=60))
    return rows


def pose_rows() -> list[Row]:
    """Bytes of entities that all walk and turn, 1,000 in full cells."""
    sizes, error, turn = walk(1_000)
    each, runs = float(np.mean(sizes)) / 1_000, len(sizes)
    return [
        Row("pose only: bytes per moving entity per update, messages included", each, "bytes", 8.0, runs=runs),
        Row("pose only: 1,000 moving, messages included", each, "KB", 8.0, runs=runs),
        Row("pose only: largest position error", error, "mm", 2.0, runs=runs),
        Row("pose only: largest rotation error", turn, "°", 0.2, runs=runs),
    ]


def walk(count: int) -> tuple[list[int], float, float]:
    """Bytes of each tick, and the largest errors in millimetres and degrees; 1.4 m/s, and up to 90° a second."""
    random = np.random.default_rng(SEED)
    room = Room((Pose,))
    metres = random.uniform(-100, 100, (count, 3))
    heading = random.uniform(0, 2 * np.pi, count)
    turning = random.uniform(-np.pi / 2, np.pi / 2, count)
    entities = room.world.spawn_many(count, _poses(metres, heading))
    room.take()
    sizes: list[int] = []
    ages = np.full(len(room.cells), AGE_TICKS)
    baselines = Baselines()
    worst = np.zeros(2)
    for tick in range(2, 90):
        heading += turning / HERTZ
        metres[:, 0] += np.cos(heading) * 1.4 / HERTZ
        metres[:, 2] += np.sin(heading) * 1.4 / HERTZ
        batch = _poses(metres, heading)
        room.world.write_many(entities, batch)
        room.take()
        if tick > AGE_TICKS:
            sizes.append(sum(map(len, frames_of(room, baselines, ages))))
            worst = np.maximum(worst, _errors(room, batch))
    return sizes, float(worst[0]), float(worst[1])


def _poses(metres: np.ndarray, heading: np.ndarray) -> Batch:
    half = heading / 2
    nothing = np.zeros_like(half)
    tilt = np.full_like(half, 0.1)
    rotation = np.stack([np.sin(half) * tilt, np.sin(half), nothing, np.cos(half)], axis=1)
    rotation /= np.sqrt((rotation * rotation).sum(axis=1, keepdims=True))
    return Batch(Pose, metres=metres.astype("<f4"), rotation=rotation.astype("<f4"))


def _errors(room: Room, batch: Batch) -> np.ndarray:
    """The largest distance of positions in mm, and angle of rotations in degrees."""
    lanes = room.changes.components[0].lanes
    _, given = batch.checked(room.world.entity_count)
    shown = lanes.restore(lanes.quantise(given, room.world.entity_count))
    apart = shown["metres"].astype(float) - np.asarray(given["metres"], float)
    distance = np.linalg.norm(apart, axis=1).max()
    one, other = (each["rotation"].astype(float) for each in (shown, given))
    between = np.minimum(
        np.abs((one * other).sum(axis=1) / np.linalg.norm(other, axis=1) / np.linalg.norm(one, axis=1)), 1.0
    )
    return np.array([distance * 1_000, np.degrees(2 * np.arccos(between)).max()])


def core_rows() -> list[Row]:
    """All of them."""
    return [*delta_rows(), *taking_rows(), *snapshot_rows(), *pose_rows()]
