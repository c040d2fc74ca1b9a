"""Any bytes as a frame of the state plane, in either direction: a typed refusal is all that may come of it.

    PYTHONPATH=. python -m fuzz.fuzz_replication_frame -max_total_time=60 build/fuzz/state fuzz/corpus/replication_frame

fuzzes with atheris; new finds go to the first folder. The first byte of an input says what the rest is (`READERS`).
What is refused changes nothing; what is taken leaves cells that hold together, and a world that can follow.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from fuzz.harness import read_by_first_byte, run
from theta.base.errors import FrameTooLarge, PeerError, ProtocolError, ProtocolMismatch
from theta.base.identifiers import name_id
from theta.ecs.world import World
from theta.replication.baselines import Baselines
from theta.replication.body_code import code_bodies, restore_body
from theta.replication.cell_hashes import compare_hashes, hash_of
from theta.replication.cells import cell_digests
from theta.replication.descriptors import SessionComponents, manifest_hash
from theta.replication.history import History
from theta.replication.receiving import StateReceiver
from theta.replication.remote_world import RemoteWorld
from theta.replication.schema import Schema
from theta.replication.sections import encode_sections
from theta.replication.snapshots import SnapshotReceiver, SnapshotSending, encode_snapshot
from theta.wire import codec
from theta.wire.compression import BadCompression, Compressor, Decompressor
from theta.wire.messages import Message
from theta.wire.state_messages import (
    CellHashes,
    CellsLeft,
    ComponentDescriptors,
    StateAck,
    StateChunk,
    StateChunksReceived,
    StateFrame,
    StateSection,
)

CORPUS = Path(__file__).resolve().parent / "corpus" / "replication_frame"
TICKS = 4

# What may come of bytes, each with what it takes. Any other error is a find.
PERMITTED: dict[type[PeerError], str] = {
    ProtocolError: "no message, no section, or one that does not fit what is here",
    ProtocolMismatch: "a hash of other components",
    FrameTooLarge: "over the limit of a frame",
    BadCompression: "a chunk whose zstd frame is not taken",
}


def _component(name: str, fields: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {"name": name, "id": f"{name_id(name):016x}", "plane": "state", "fields": fields} | more


def _column(name: str, dtype: str, width: int) -> dict[str, object]:
    return {"name": name, "kind": "column", "dtype": dtype, "width": width}


DESCRIPTORS = [
    _component("fuzz.Pose", [_column("metres", "<f4", 3), _column("rotation", "<f4", 4)]),
    _component("fuzz.Count", [_column("count", "<u8", 1), _column("flags", "<u1", 2)]),
    _component("fuzz.Paper", [_column("pages", "<u2", 1), {"name": "text", "kind": "text", "characters_max": 40}]),
    _component("fuzz.Tool", [_column("tool", "<u2", 1)], scope="editor"),
]
MANIFEST = manifest_hash(DESCRIPTORS)
TOLD = ComponentDescriptors(
    1, [msgspec.json.encode(each, order="deterministic").decode() for each in DESCRIPTORS], MANIFEST
)


def _history() -> tuple[History, bytes]:
    """Twenty entities in three cells that change for some ticks, and what is told of the first of them."""
    session = SessionComponents()
    session.handle_descriptors(TOLD)
    history = History(session.schema)
    history.set_scopes(np.array([2]), np.array([1]))
    slots = np.arange(20)
    for tick in range(1, TICKS + 1):
        history.begin_tick(tick)
        if tick == 1:
            history.write_members(slots, slots.astype(np.uint64) | np.uint64(1 << 32))
            history.write_members(np.array([32]), np.array([1 << 32], np.uint64))
        for number, layout in enumerate(history.schema.layouts[1:], 1):
            lanes = slots[tick:, None] * tick + np.arange(layout.lane_count)
            history.write(number, slots[tick:], lanes, [[b"t" * tick] * len(lanes)] * layout.objects)
        if tick == 1:
            first = encode_sections(history, np.arange(3), np.zeros(3, np.int64)).body
    history.despawn(np.array([3]))
    history.write_members(np.array([3, 4, 40]), np.array([0, 0, 1 << 32 | 4], np.uint64))
    return history, first


HISTORY, FIRST = _history()
SNAPSHOT = encode_snapshot(HISTORY, 1, np.arange(3), MANIFEST, Compressor(), 512)


class Scene:
    """A receiver that has the first tick, and a world of its own."""

    def __init__(self) -> None:
        self.session = SessionComponents()
        self.session.handle_descriptors(TOLD)
        self.receiver = StateReceiver(self.session.schema)
        self.chunks = SnapshotReceiver(self.receiver, Decompressor())
        self.remote = RemoteWorld(World(), self.session)
        self.receiver.handle_body(0.0, 1, FIRST)
        self.show()

    @property
    def standing(self) -> tuple[object, ...]:
        """What no refusal may change."""
        cells = {cell: cell_digests(self.receiver.state(cell)) for cell in self.receiver.cells}
        return cells, self.receiver.entity_count, dict(self.receiver.counts), self.session.manifest

    def show(self) -> None:
        """Bring the world up to date, and see that the cells hold together."""
        while update := self.receiver.poll_update():
            self.remote.handle_update(update)
        assert len(self.remote) == self.receiver.entity_count
        for cell in self.receiver.cells:
            state = self.receiver.state(cell)
            there = sum(1 << index for index in state.entities.nonzero()[0].tolist())
            for number, rows in state.components.items():
                assert rows.present, "a component that nobody has"
                assert not rows.present & ~there, "a component where nobody is"
                sizes = 8 * np.array(self.receiver.schema.layouts[number].lane_bytes) - 1
                assert not ((rows.lanes >> sizes) - (rows.lanes >> 63)).any(), "a lane over its natural bytes"
            hash_of(cell, state)

    def attempt(self, deed: Callable[[], object]) -> None:
        """Something that may be refused."""
        before = self.standing
        try:
            deed()
        except PeerError as error:
            if type(error) not in PERMITTED or not str(error):
                raise
            assert self.standing == before, "a refusal changes nothing"
        self.show()

    def take(self, message: Message) -> None:
        """A message of the room's."""
        receiver = self.receiver
        if isinstance(message, StateFrame | StateSection):
            self.attempt(lambda: receiver.handle_frame(0.0, message))
            receiver.poll_ack()
        elif isinstance(message, CellsLeft):
            self.attempt(lambda: receiver.handle_cells_left(0.0, message))
        elif isinstance(message, StateChunk):
            self.attempt(lambda: self.chunks.handle_chunk(0.0, message, MANIFEST))
        elif isinstance(message, ComponentDescriptors):
            self.attempt(lambda: self.session.handle_descriptors(message))
        receiver.handle_timeout(2.0)
        self.show()


def _bodies() -> list[bytes]:
    cells = np.arange(3)
    return [encode_sections(HISTORY, cells, np.full(3, age)).body for age in range(TICKS)]


def read_body(data: bytes) -> None:
    """Sections of a later tick."""
    scene = Scene()
    scene.attempt(lambda: scene.receiver.handle_body(0.0, TICKS, data))


def read_bodies(data: bytes) -> None:
    """Two bodies, one after the other: where the first ends is in the first byte."""
    scene = Scene()
    if data:
        cut = 1 + data[0]
        scene.attempt(lambda: scene.receiver.handle_body(0.0, 3, data[1:cut]))
        scene.attempt(lambda: scene.receiver.handle_body(0.0, 2 + data[0] % 4, data[cut:]))


def read_from_room(data: bytes) -> None:
    """Bytes off the wire, at a receiver."""
    try:
        message = codec.decode_from_room(data)
    except (ProtocolError, FrameTooLarge):
        return
    Scene().take(message)


def read_from_participant(data: bytes) -> None:
    """Bytes off the wire, at the room."""
    try:
        message = codec.decode_from_participant(data)
        if isinstance(message, StateAck):
            baselines = Baselines()
            for tick in range(1, 5):
                baselines.send(tick, np.array([tick]))
            assert len(baselines.handle_ack(5, message.sequence, message.received)) <= 4
        elif isinstance(message, CellHashes):
            compare_hashes(HISTORY, message.hashes)
        elif isinstance(message, StateChunksReceived):
            sending = SnapshotSending(SNAPSHOT, range(len(SNAPSHOT.chunks)))
            assert set(sending.handle_received(message).cells.tolist()) <= {0, 1, 2}
    except PeerError as error:
        if type(error) not in PERMITTED or not str(error):
            raise


def read_descriptor_text(data: bytes) -> None:
    """A descriptor, whose hash is right if it is one."""
    scene = Scene()
    text = data.decode("utf-8", "replace")
    try:
        manifest = manifest_hash([*DESCRIPTORS, msgspec.json.decode(text)])
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        manifest = MANIFEST
    scene.take(ComponentDescriptors(5, [text], manifest))
    Schema(scene.session.schema.layouts[1:])


def read_code(data: bytes) -> None:
    """A coded body, which is the only one of its bytes; and then its sections."""
    try:
        body = restore_body(data)
    except ProtocolError:
        return
    (code,) = code_bodies([body])
    assert code is None or code == data, "a body with two codes"
    read_body(body)


READERS: tuple[Callable[[bytes], None], ...] = (
    read_body,
    read_bodies,
    read_from_room,
    read_from_participant,
    read_descriptor_text,
    read_code,
)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


def seeds() -> list[bytes]:
    """An input of each kind that goes through."""
    found = [b"\0" + body for body in _bodies()]
    other, one = _bodies()[2:4]
    found.append(b"\1" + bytes((min(len(one), 255),)) + one[:255] + other)
    # Each by itself: whether it is worth it is judged of all together.
    codes = [code for body in _bodies() for code in code_bodies([body]) if code is not None]
    found += [b"\5" + code for code in codes]
    messages: list[Message] = [
        StateFrame(1, TICKS, 0, False, one),
        StateSection(2, TICKS, other),
        CellsLeft(2, [0, 1]),
        TOLD,
    ]
    messages.append(StateFrame(1, TICKS, 0, True, codes[-1]))
    found += [b"\2" + codec.encode(message) for message in (*messages, *SNAPSHOT.chunks[:3])]
    scene = Scene()
    hashes = [hash_of(cell, scene.receiver.state(cell)) for cell in scene.receiver.cells]
    answers: list[Message] = [StateAck(3, 0b11), CellHashes(hashes), StateChunksReceived(1, [0, 1])]
    found += [b"\3" + codec.encode(message) for message in answers]
    found += [b"\4" + msgspec.json.encode(each | {"name": "x", "id": f"{name_id('x'):016x}"}) for each in DESCRIPTORS]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
