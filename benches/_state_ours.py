"""Our side of the loads of `_state_loads`: a room for one who must end with what was written, and a room for many."""

import statistics
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benches._replication_core import frames_of
from benches._replication_worlds import Motion, Number, Room
from benches._state_loads import WARM_TICKS, Load, Values
from benches._state_node import PeerResult
from benches.state_plane import ROUND_TRIP_TICKS, Acker
from theta.ecs.batch import Batch
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.world import World
from theta.node.state_outbox import StateTransmit
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.replication.baselines import Baselines
from theta.replication.receiving import StateReceiver
from theta.wire import codec
from theta.wire.messages import Message
from theta.wire.state_messages import StateAck, StateChunk, StateChunksReceived, StateFrame, StateSection

JOINING_TICKS = 30
"""Before the load's ticks, so that everybody has its snapshot."""


@component("bench.ExactTransform", plane=Plane.STATE, position="translation")
@dataclass(frozen=True)
class ExactTransform:
    translation: Annotated[tuple[float, ...], Column("<f4", 3)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4)]
    scale: Annotated[tuple[float, ...], Column("<f4", 3)]


@component("bench.PackedTransform", plane=Plane.STATE, position="translation")
@dataclass(frozen=True)
class PackedTransform:
    """Within 2 mm along each axis, 0.14°, and a half percent of size."""

    translation: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.004, low=-4096.0, high=4096.0)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree(bits=11)]
    scale: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.005, low=0.0, high=64.0)]


@component("bench.PackedMotion", plane=Plane.STATE)
@dataclass(frozen=True)
class PackedMotion:
    """Within 1 cm/s, and a hundredth of a radian a second."""

    linear: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.02, low=-128.0, high=128.0)]
    angular: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.02, low=-128.0, high=128.0)]


class Precision(NamedTuple):
    """What stands for Transform and Velocity."""

    name: str
    transform: type[object]
    motion: type[object]


EXACT = Precision("bit for bit", ExactTransform, Motion)
PACKED = Precision("quantised", PackedTransform, PackedMotion)


def our_result(load: Load, precision: Precision) -> PeerResult:
    """As the peers' results: a tick for one participant who has acknowledged the tick before.

    Raises:
        AssertionError: the follower does not end with the room's values.
    """
    room = Room((precision.transform, precision.motion, Number))
    entities = room.world.spawn_many(load.count, *batches_of(load.start, precision))
    room.take()
    baselines, ages = Baselines(), np.ones(len(room.cells), np.int64)
    receiver = StateReceiver(room.history.schema)
    mirror: dict[int, NDArray[np.int64]] = {}
    _tell(receiver, frames_of(room, baselines, np.zeros(len(room.cells), np.int64)), 0.0, mirror)
    found: dict[str, list[float]] = {"whole": [], "encode": [], "bytes": []}
    for at, tick in enumerate(load.ticks, 1):
        chosen, batches = entities[tick.entities], batches_of(tick.values, precision)
        if load.kind == "motion":
            batches.pop()
        begin = time.perf_counter_ns()
        for batch in batches:
            room.world.write_many(chosen, batch)
        room.take()
        taken = time.perf_counter_ns()
        sent = frames_of(room, baselines, ages)
        end = time.perf_counter_ns()
        found["whole"].append((end - begin) / 1e6)
        found["encode"].append((end - taken) / 1e6)
        found["bytes"].append(sum(map(len, sent)))
        _tell(receiver, sent, at / 30.0, mirror)
    _check(room, mirror)
    return PeerResult(*(statistics.median(values[WARM_TICKS:]) for values in found.values()))


def our_crowd(load: Load, places: NDArray[np.float32], precision: Precision, radius: float) -> PeerResult:
    """The same for all participants of a crowd, who see `radius` metres far; the room finds out who sees what.

    Here "encode" is the room's whole tick: taking in, interest, choosing, encoding, and the messages' bytes.
    """
    world = World()
    entities = world.spawn_many(load.count, *batches_of(load.start, precision))
    plane = StatePlane(tuple(map(component_type, (precision.transform, precision.motion, Number))), world)
    for peer, place in enumerate(places.tolist()):
        plane.handle_joined(0.0, peer, "editor", radius)
        plane.handle_pose(peer, (place[0], place[1], place[2]))
    answers: deque[list[tuple[int, Message]]] = deque([[] for _ in range(ROUND_TRIP_TICKS)])
    ackers = [Acker() for _ in places]
    now = 0.0
    found: dict[str, list[float]] = {"whole": [], "encode": [], "bytes": []}
    for tick in (None,) * JOINING_TICKS + load.ticks:
        now += TICK_SECONDS
        begin = time.perf_counter_ns()
        if tick is not None:
            for batch in batches_of(tick.values, precision)[:2]:
                world.write_many(entities[tick.entities], batch)
        written = time.perf_counter_ns()
        plane.handle_tick(now)
        frames = []
        while told := plane.poll_transmit():
            frames.append((told, codec.encode(told.message)))
        end = time.perf_counter_ns()
        answers.append(_answers(frames, ackers))
        for peer, answer in answers.popleft():
            if isinstance(answer, StateAck):
                plane.handle_ack(peer, answer)
            elif isinstance(answer, StateChunksReceived):
                plane.handle_chunks(peer, answer)
        if tick is not None:
            found["whole"].append((end - begin) / 1e6)
            found["encode"].append((end - written) / 1e6)
            found["bytes"].append(sum(len(frame) for _, frame in frames))
    return PeerResult(*(statistics.median(values[WARM_TICKS:]) for values in found.values()))


def _answers(frames: list[tuple[StateTransmit, bytes]], ackers: list[Acker]) -> list[tuple[int, Message]]:
    found: list[tuple[int, Message]] = []
    answering: set[int] = set()
    for told, _ in frames:
        if isinstance(told.message, StateFrame | StateSection):
            ackers[told.peer].take(told.message.sequence)
            answering.add(told.peer)
        elif isinstance(told.message, StateChunk):
            found.append((told.peer, StateChunksReceived(told.message.snapshot, [told.message.number])))
    return found + [(peer, ackers[peer].ack) for peer in sorted(answering)]


def batches_of(values: Values, precision: Precision) -> list[Batch]:
    transform, velocity = values.transform, values.velocity
    place, rotation, scale = transform[:, :3], transform[:, 3:7], transform[:, 7:]
    return [
        Batch(precision.transform, translation=place, rotation=rotation, scale=scale),
        Batch(precision.motion, linear=velocity[:, :3], angular=velocity[:, 3:]),
        Batch(Number, value=values.number),
    ]


def _tell(receiver: StateReceiver, sent: list[bytes], now: float, mirror: dict[int, NDArray[np.int64]]) -> None:
    for frame in sent:
        message = codec.decode_from_room(frame)
        assert isinstance(message, StateFrame | StateSection)
        receiver.handle_frame(now, message)
    while update := receiver.poll_update():
        for number, written in update.written:
            for entity, lanes in zip(written.entities.tolist(), written.lanes, strict=True):
                mirror[entity * 8 + number] = lanes


def _check(room: Room, mirror: dict[int, NDArray[np.int64]]) -> None:
    """Every entity, every component, every lane."""
    counts: Counter[int] = Counter(key % 8 for key in mirror)
    assert counts == dict.fromkeys((1, 2, 3), room.world.entity_count), counts
    slots = np.arange(room.world.entity_count)
    ids = room.world.entities_at(slots.astype(np.uint32)).tolist()
    for number, declaration in enumerate(room.changes.components, 1):
        values = room.world.gather(declaration.made_by, slots.astype(np.uint32))
        lanes = declaration.lanes.quantise(values, len(slots))
        theirs = np.array([mirror[entity * 8 + number] for entity in ids])
        assert np.array_equal(np.asarray(lanes), theirs), f"{declaration.name} differs"
