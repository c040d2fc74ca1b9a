"""Snapshots in chunks: sizes, order, loss of the connection, damage."""

from random import Random

import msgspec
import numpy as np
import pytest

from tests.unit.replication.state_worlds import COMPONENTS, Motion, Paper, Pose, Scene
from theta.base.errors import InvalidValue, ProtocolError, ProtocolMismatch
from theta.base.limits import STATE_CHUNK_WINDOW
from theta.replication.cell_hashes import cell_at
from theta.replication.cells import cell_digests
from theta.replication.descriptors import component_descriptors
from theta.replication.snapshots import Snapshot, SnapshotReceiver, SnapshotSending, encode_snapshot
from theta.wire.compression import Compressor, Decompressor
from theta.wire.state_messages import StateChunk, StateChunksReceived


def scene_of(entities: int, seed: int = 1) -> Scene:
    random, scene = Random(seed), Scene()
    for at in range(entities):
        pose = Pose((random.uniform(-50, 50), 0.0, random.uniform(-50, 50)))
        scene.world.spawn(pose, Motion((random.random(), 0.0, 0.0), at))
    scene.step()
    return scene


def snapshot_of(scene: Scene, chunk_bytes: int = 16_384) -> Snapshot:
    manifest = scene.session.manifest
    return encode_snapshot(scene.history, 1, scene.cells(), manifest, Compressor(), chunk_bytes)


def receiver_of(scene: Scene) -> SnapshotReceiver:
    return SnapshotReceiver(scene.receiver, Decompressor())


def assert_complete(scene: Scene) -> None:
    for cell in scene.cells().tolist():
        assert cell_digests(scene.receiver.state(cell)) == cell_digests(cell_at(scene.history, cell, 0))
    scene.show()
    assert len(scene.remote) == scene.world.entity_count


def test_rep_20_a_snapshot_comes_in_chunks_in_any_order() -> None:
    scene = scene_of(2_000)
    snapshot = snapshot_of(scene, 4_096)
    assert len(snapshot.chunks) > 8
    assert all(chunk.size <= 4_096 and len(chunk.data) <= chunk.size for chunk in snapshot.chunks)
    assert sorted(set(np.concatenate(snapshot.cells).tolist())) == scene.cells().tolist()
    receiver = receiver_of(scene)
    chunks = list(snapshot.chunks)
    Random(3).shuffle(chunks)
    for chunk in chunks:
        assert not receiver.complete
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
    assert receiver.complete
    assert receiver.missing == 0
    assert_complete(scene)


def test_rep_20_snapshot_chunking_handles_oversized_components() -> None:
    scene = scene_of(3)
    random = Random(1)
    papers = [random.randbytes(size) for size in (65_536, 20_000, 3)]
    entities = [scene.world.spawn(Pose((1.0, 2.0, 3.0)), Paper(1, text)) for text in papers]
    scene.step()
    snapshot = snapshot_of(scene)
    parts = [(chunk.part, chunk.parts) for chunk in snapshot.chunks if chunk.parts > 1]
    assert parts == [(at, 6) for at in range(6)]
    receiver = receiver_of(scene)
    for chunk in reversed(snapshot.chunks):
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
    assert_complete(scene)
    for entity, text in zip(entities, papers, strict=True):
        local = scene.remote.local(entity)
        assert local is not None
        assert scene.remote.world.read(local, Paper).text == text


def test_rep_20_snapshot_chunking_handles_zero_entities() -> None:
    scene = Scene()
    scene.step()
    for cells in (np.zeros(0, np.int64), scene.cells()):
        snapshot = encode_snapshot(scene.history, 7, cells, scene.session.manifest, Compressor())
        (chunk,) = snapshot.chunks
        assert (chunk.number, chunk.count, chunk.part, chunk.parts) == (0, 1, 0, 1)
        receiver = receiver_of(scene)
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
        assert receiver.complete
        assert receiver.poll_received() == StateChunksReceived(7, [0])
        assert scene.receiver.entity_count == 0
        sending = SnapshotSending(snapshot, [0])
        assert sending.poll_chunk() is chunk
        sending.handle_received(StateChunksReceived(7, [0]))
        assert sending.complete


def test_rep_20_replication_rejects_snapshot_with_mismatched_manifest_hash() -> None:
    scene = scene_of(20)
    other = component_descriptors(COMPONENTS[:2]).manifest
    snapshot = encode_snapshot(scene.history, 1, scene.cells(), other, Compressor())
    receiver = receiver_of(scene)
    with pytest.raises(ProtocolMismatch, match=other.hex()) as caught:
        receiver.handle_chunk(0.0, snapshot.chunks[0], scene.session.manifest)
    assert caught.value.close_code == 4426
    assert scene.receiver.cells == []
    assert receiver.poll_received() is None


CHANGES = {
    "number": {"number": 9},
    "count": {"count": 0},
    "too many": {"count": 20_000},
    "part": {"part": 1},
    "no parts": {"parts": 0},
    "parts beyond": {"parts": 50},
    "size": {"size": 20_000},
    "size less": {"size": 100},
    "digest": {"digest": bytes(16)},
    "data": {"data": b"no zstd frame"},
    "no data": {"data": b""},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_rep_20_a_damaged_chunk_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    scene = scene_of(300)
    snapshot = snapshot_of(scene, 4_096)
    receiver = receiver_of(scene)
    receiver.handle_chunk(0.0, snapshot.chunks[1], scene.session.manifest)
    before = scene.receiver.cells
    chunk = msgspec.structs.replace(snapshot.chunks[0], **change)
    with pytest.raises(ProtocolError):
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
    assert scene.receiver.cells == before
    for good in snapshot.chunks:
        receiver.handle_chunk(0.0, good, scene.session.manifest)
    assert_complete(scene)


def test_rep_21_a_snapshot_goes_on_after_a_lost_connection() -> None:
    scene = scene_of(2_500)
    snapshot = snapshot_of(scene, 4_096)
    count = len(snapshot.chunks)
    order = list(range(count))[::-1]
    sending = SnapshotSending(snapshot, order)
    receiver = receiver_of(scene)
    sent: list[StateChunk] = []
    while chunk := sending.poll_chunk():
        sent.append(chunk)
    assert [chunk.number for chunk in sent] == order[:STATE_CHUNK_WINDOW], "nearest first, a window at a time"
    for chunk in sent[:10]:
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
    message = receiver.poll_received()
    assert message is not None
    acknowledged = sending.handle_received(message)
    assert acknowledged.tick == scene.tick
    assert set(acknowledged.cells.tolist()) == set(scene.receiver.cells)
    # Three more came, but the connection ended before the room heard of it.
    for chunk in sent[10:13]:
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
    sending.restart(order)
    message = receiver.resume()
    assert message == StateChunksReceived(1, sorted(order[:13]))
    sending.handle_received(message)
    again: list[int] = []
    while chunk := sending.poll_chunk():
        again.append(chunk.number)
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
        told = receiver.poll_received()
        if told is not None:
            sending.handle_received(told)
    assert again == order[13:], "none twice"
    assert sending.complete
    assert receiver.complete
    assert_complete(scene)
    with pytest.raises(ProtocolError, match="not the one"):
        sending.handle_received(StateChunksReceived(2, [0]))
    with pytest.raises(ProtocolError, match="chunks"):
        sending.handle_received(StateChunksReceived(1, [count]))


def test_rep_21_a_chunk_that_comes_again_is_told_again() -> None:
    scene = scene_of(10)
    (chunk,) = snapshot_of(scene).chunks
    receiver = receiver_of(scene)
    for _ in range(2):
        receiver.handle_chunk(0.0, chunk, scene.session.manifest)
        assert receiver.poll_received() == StateChunksReceived(1, [0])
        assert receiver.poll_received() is None


def test_chunk_sizes_have_limits() -> None:
    scene = scene_of(3)
    for size in (100, 20_000):
        with pytest.raises(InvalidValue, match="chunk_bytes"):
            snapshot_of(scene, size)
