"""Attacks on checkpoints: damaged in any part, forged with the right hashes, or with no room on the disk."""

from random import Random

import pytest

from tests.support.long_logs import LongLog, put_parts, store_checkpoint
from tests.support.pump import cube
from tests.unit.node.test_snapshots import StoredPump
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import StoreCorrupt, UsageError
from theta.base.identifiers import entity_id
from theta.commands.records import BadRecord
from theta.commands.store import CheckpointDone
from theta.editor.vocabulary import Rename
from theta.node import checkpoint_frames, checkpoint_schedule
from theta.node.asset_shelf import AssetShelf
from theta.node.opening import load_checkpoint, open_log

DAMAGES = 60


@pytest.fixture(scope="module")
def log() -> LongLog:
    """Some records, branches and policies among them, with a frontier."""
    made = LongLog(Random("attacked checkpoints"), people=3, governed=True)
    made.grow(45)
    made.move_frontier()
    made.grow(10)
    return made


def test_log_25_a_checkpoint_that_is_damaged_in_any_part_is_passed_over(
    log: LongLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_frames, "CHECKPOINT_PART_BYTES_MAX", 4_096)
    store = MemoryLogStore(log.records)
    checkpoint = store_checkpoint(store, log.replica)
    assert checkpoint is not None
    assert checkpoint.part_count > 3
    assert open_log(store).header is not None
    parts = list(store.read_checkpoint(checkpoint))
    for number, part in enumerate(parts):
        for damaged in (part[:-1], bytes([part[0] ^ 1]) + part[1:], part + b"?"):
            store.put_part(checkpoint.seq, number, damaged)
            opened = open_log(store)
            assert opened.header is None
            assert len(opened.damaged) == 1
            assert opened.replica.document.hash == log.replica.document.hash
        store.put_part(checkpoint.seq, number, part)


def test_log_25_a_forged_checkpoint_fails_as_one_and_not_as_a_bug(log: LongLog) -> None:
    store = MemoryLogStore(log.records)
    checkpoint = store_checkpoint(store, log.replica)
    assert checkpoint is not None
    data = b"".join(store.read_checkpoint(checkpoint))
    draw, refused = Random("forged"), 0
    for _ in range(DAMAGES):
        forged = bytearray(data)
        at = draw.randrange(min(12_000, len(forged)))
        forged[at : at + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
        try:
            load_checkpoint([bytes(forged)], store, AssetShelf())
        except (StoreCorrupt, UsageError, BadRecord):
            refused += 1
        other = MemoryLogStore(log.records)
        put_parts(other, checkpoint.seq, [bytes(forged)])
        assert open_log(other).replica.log.head_seq == log.log.head_seq
    assert refused > DAMAGES // 4


def test_log_11_a_room_without_space_for_a_checkpoint_goes_on_and_writes_one_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 100)
    pump = StoredPump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    is_full = True
    failures = 0
    really = pump.room.poll_checkpoint

    def poll_checkpoint() -> object:
        nonlocal failures
        piece = really()
        while is_full and piece is not None:
            failures += 1
            assert not isinstance(piece, CheckpointDone) or failures > 1
            pump.room.handle_checkpoint_failed(pump.now)
            piece = really()
        return piece

    monkeypatch.setattr(pump.room, "poll_checkpoint", poll_checkpoint)

    def busy() -> None:
        for number in range(500):
            ada.perform(pump.now, [Rename(entity, f"name {number}")])
            pump.advance(0.02)

    busy()
    assert failures
    assert pump.room.read_only_reason is None
    assert pump.store.checkpoints() == []
    assert ada.unacknowledged == 0
    is_full = False
    pump.advance(60.0)
    busy()
    assert pump.store.checkpoints()
    then = pump.room.document_hash
    pump.restart()
    assert pump.room.passed_over == ()
    assert pump.room.document_hash == then
