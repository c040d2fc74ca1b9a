"""What a typical building session takes of the line, beside the same as raw float32 updates.

The room's plane is driven as a room drives it: budgets, acknowledgements a round trip later, cells that come and go.
Its messages are counted as they are encoded, snapshots at joining aside. What moves has a Transform, as in the bars'
other worlds: place, rotation and scale, ten float32. Raw is what the same server would send for it without more ado:
the entity's id, 8 bytes, and the ten float32 wherever one of them is another, to those who are within the same
distance. Lean is as little as raw can be: 4 bytes of id, and without the scale, which never changes.
"""

import sys
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benches._building_session import HERTZ, PEOPLE, THINGS, BuildingSession
from benches._markdown import report_with_tables
from benches._report import Row
from benches._state_ours import PackedTransform
from benches.state_plane import ROUND_TRIP_TICKS, Acker
from theta.base.limits import INTEREST_METRES
from theta.ecs.batch import Batch
from theta.ecs.component import component_type
from theta.ecs.world import World
from theta.node.packing import WRAPPING_BYTES
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.replication.receiving import body_of
from theta.wire import codec
from theta.wire.compression import Compressor
from theta.wire.dictionaries import train
from theta.wire.messages import Message
from theta.wire.state_messages import StateAck, StateChunk, StateChunksReceived, StateFrame, StateSection

SEED = 20260817
SECONDS = 120
JOINING_TICKS = 60
RAW_BYTES, LEAN_BYTES = 8 + 40, 4 + 28
LOST = 0.05
SAVED_MIN = 0.8
DICTIONARY_BYTES = 8_192
SAMPLES_MAX = 4_000


@dataclass
class Line:
    """One person's: what was sent to it, what it would be raw, and what it answers."""

    acker: Acker
    raw_bytes: int = 0
    unfiltered_bytes: int = 0


class Played(NamedTuple):
    """A session's traffic.

    Attributes:
        frames: what was sent, of all people, in order.
        raw_bytes: the same as raw updates.
        unfiltered_bytes: raw updates, to everybody wherever they are.
    """

    frames: list[bytes]
    raw_bytes: int
    unfiltered_bytes: int


def played(lost: float) -> Played:
    """The session through a room's plane, on lines that lose so many of the datagrams."""
    session, random = BuildingSession(SEED), np.random.default_rng(SEED)
    world = World()
    entities = world.spawn_many(THINGS + 3 * PEOPLE, _poses(session, slice(None)))
    plane = StatePlane([component_type(PackedTransform)], world)
    lines = [Line(Acker()) for _ in range(PEOPLE)]
    for peer in range(PEOPLE):
        plane.handle_joined(0.0, peer, "editor")
    answers: deque[list[tuple[int, Message]]] = deque([[] for _ in range(ROUND_TRIP_TICKS)])
    frames: list[bytes] = []
    for tick in range(JOINING_TICKS + SECONDS * HERTZ):
        session.advance()
        changed = np.flatnonzero(session.changed)
        world.write_many(entities[changed], _poses(session, changed))
        for peer, head in enumerate(session.heads.tolist()):
            plane.handle_pose(peer, (head[0], head[1], head[2]))
        plane.handle_tick(tick * TICK_SECONDS)
        found: list[tuple[int, Message]] = []
        while told := plane.poll_transmit():
            message = told.message
            if tick >= JOINING_TICKS:
                frames.append(codec.encode(message))
            if isinstance(message, StateFrame | StateSection) and random.random() >= lost:
                lines[told.peer].acker.take(message.sequence)
                found.append((told.peer, lines[told.peer].acker.ack))
            elif isinstance(message, StateChunk):
                found.append((told.peer, StateChunksReceived(message.snapshot, [message.number])))
        answers.append(found)
        for peer, answer in answers.popleft():
            if isinstance(answer, StateAck):
                plane.handle_ack(peer, answer)
            elif isinstance(answer, StateChunksReceived):
                plane.handle_chunks(peer, answer)
        if tick >= JOINING_TICKS:
            _count_raw(session, lines)
    return Played(frames, sum(line.raw_bytes for line in lines), sum(line.unfiltered_bytes for line in lines))


def _poses(session: BuildingSession, rows: slice | np.ndarray) -> Batch:
    place, rotation = session.positions[rows].astype("<f4"), session.rotations[rows].astype("<f4")
    return Batch(PackedTransform, translation=place, rotation=rotation, scale=np.ones_like(place))


def _count_raw(session: BuildingSession, lines: list[Line]) -> None:
    moved = session.positions[session.changed]
    for line, head in zip(lines, session.heads, strict=True):
        near = ((moved - head) ** 2).sum(axis=1) <= INTEREST_METRES**2
        line.raw_bytes += RAW_BYTES * int(near.sum())
        line.unfiltered_bytes += RAW_BYTES * len(moved)


def compressed_bytes(frames: list[bytes], compressor: Compressor) -> int:
    """What is sent when each frame is compressed where that is shorter (WIRE-40 …)."""
    made = ((frame, compressor.compress(frame)) for frame in frames)
    return sum(len(frame) if less is None else min(len(frame), len(less) + WRAPPING_BYTES) for frame, less in made)


def session_rows(what: str, traffic: Played) -> list[Row]:
    """What is saved, and how much there is."""
    sent = sum(map(len, traffic.frames))
    each = SECONDS * PEOPLE
    saved, peer = 100.0 * (1.0 - sent / traffic.raw_bytes), "raw float32, no interest"
    lean = traffic.raw_bytes * LEAN_BYTES / RAW_BYTES
    unfiltered = 100.0 * (1.0 - traffic.raw_bytes / traffic.unfiltered_bytes)
    return [
        Row(f"{what}: less than raw float32 updates", saved, "%", 100 * SAVED_MIN, more_is_better=True),
        Row(f"{what}: less than lean ones", 100.0 * (1.0 - sent / lean), "%", more_is_better=True),
        Row(f"{what}: what interest alone saves of raw updates", unfiltered, "%"),
        Row(f"{what}: to each person", sent / each, "bytes/s", None, "raw float32", traffic.raw_bytes / each),
        Row(f"{what}: frames to each person", len(traffic.frames) / each, "/s", None),
        Row(f"{what}: to all", sent / SECONDS / 1e3, "kB/s", None, peer, traffic.unfiltered_bytes / SECONDS / 1e3),
    ]


def uncoded(frame: bytes) -> bytes:
    """A frame as it were if bodies had no code of their own (REP-30): zstd makes more of that."""
    message = codec.decode_from_room(frame)
    if not isinstance(message, StateFrame):
        return frame
    return codec.encode(StateFrame(message.sequence, message.tick, message.input, False, body_of(message)))


def dictionary_rows(traffic: Played) -> list[Row]:
    """The second half of the session compressed by zstd instead, with a dictionary trained on the first."""
    half = len(traffic.frames) // 2
    as_sent = sum(map(len, traffic.frames[half:]))
    uncoded_frames = [uncoded(frame) for frame in traffic.frames]
    first, second = uncoded_frames[:half], uncoded_frames[half:]
    dictionary = train(first[:: max(1, half // SAMPLES_MAX)], DICTIONARY_BYTES)
    raw = traffic.raw_bytes / 2.0
    rows = [Row("its second half: less than raw, as it is sent", 100 * (1 - as_sent / raw), "%", more_is_better=True)]
    for what, compressor in (("without dictionary", Compressor()), ("with dictionary", Compressor(dictionary))):
        sent = compressed_bytes(second, compressor)
        title = f"its second half: less than raw, with zstd on each frame instead of the code, {what}"
        rows.append(Row(title, 100 * (1 - sent / raw), "%", more_is_better=True))
        rows.append(Row(f"… bytes of the second half, {what}", sent / 1e3, "kB", None, "as it is sent", as_sent / 1e3))
    return rows


def main() -> int:
    """Play it twice, on good lines and on worse."""
    calm, worse = played(0.0), played(LOST)
    name = f"{PEOPLE} people build for {SECONDS} s among {THINGS:,} things"
    rows = [*session_rows(name, calm), *session_rows(f"the same, {LOST:.0%} of datagrams lost", worse)]
    return 0 if report_with_tables("bandwidth", [*rows, *dictionary_rows(calm)]) else 1


if __name__ == "__main__":
    sys.exit(main())
