"""Checkpoints that are not what their records come to, however well they are hashed, and logs that pass them over."""

from collections.abc import Callable
from random import Random

import msgspec
import pytest

from tests.support.long_logs import LongLog, put_parts, store_checkpoint
from theta.adapters.memory_store import MemoryLogStore
from theta.commands.store import StoredCheckpoint
from theta.node.audit import audit
from theta.node.checkpoint_frames import Frame, FrameKind, PartCutter, read_frames
from theta.node.opening import open_log

Spoil = Callable[[list[Frame]], list[Frame]]


@pytest.fixture
def log(seed: int) -> LongLog:
    """Some thirty records with a frontier."""
    log = LongLog(Random(f"{seed} audit"), people=2)
    log.grow(25)
    log.move_frontier()
    log.grow(4)
    assert log.log.frontier is not None
    return log


def of_kind(kind: FrameKind, change: Callable[[bytes], bytes]) -> Spoil:
    return lambda frames: [Frame(each.kind, change(each.data)) if each.kind == kind else each for each in frames]


def flip(at: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = at % len(data)
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    return change


def with_header(**changes: int) -> Spoil:
    def change(data: bytes) -> bytes:
        fields = msgspec.msgpack.decode(data)
        names = ("format", "seq", "folded", "lamport", "frontier", "branch")
        return msgspec.msgpack.encode([changes.get(name, value) for name, value in zip(names, fields, strict=True)])

    return of_kind(FrameKind.HEADER, change)


def spoiled(store: MemoryLogStore, checkpoint: StoredCheckpoint, spoil: Spoil) -> None:
    """The same checkpoint with other content, hashed as it should be."""
    cutter = PartCutter()
    frames = spoil(list(read_frames(store.read_checkpoint(checkpoint))))
    put_parts(store, checkpoint.seq, [part for frame in frames for part in cutter.put(frame)] + list(cutter.finish()))


SPOILS: dict[str, Spoil] = {
    "a colour": of_kind(FrameKind.UNIT, flip(-40)),
    "a unit less": lambda frames: frames[:-1],
    "a unit twice": lambda frames: [*frames, frames[-1]],
    "a mask": of_kind(FrameKind.HISTORY, flip(3)),
    "a head": of_kind(FrameKind.HEAD, flip(-40)),
    "no heads": lambda frames: [each for each in frames if each.kind != FrameKind.HEAD],
    "the switches": of_kind(FrameKind.SWITCHES, lambda data: b"\x91" + data[1:]),
    "the index": of_kind(FrameKind.LOG_INDEX, flip(-20)),
    "another order": lambda frames: [frames[1], frames[0], *frames[2:]],
    "another format": with_header(format=2),
    "another record": with_header(folded=10**6),
    "no frames": lambda frames: [],
}


@pytest.mark.parametrize("what", SPOILS)
def test_log_28_a_checkpoint_that_the_records_do_not_give_is_found(log: LongLog, what: str) -> None:
    store = MemoryLogStore(log.records)
    checkpoint = store_checkpoint(store, log.replica)
    assert checkpoint is not None
    good = audit(log.records, source=store)
    assert (good.is_good, good.checkpoints, good.checkpoint_faults) == (True, 1, ())
    spoiled(store, checkpoint, SPOILS[what])
    report = audit(log.records, source=store)
    assert report.fault is None, "the records are as good as before"
    assert not report.is_good
    assert len(report.checkpoint_faults) == 1
    assert report.checkpoint_faults[0].startswith(f"the checkpoint at record {checkpoint.seq}: ")
    assert audit(log.records).is_good


def test_log_25_a_damaged_checkpoint_is_passed_over(log: LongLog) -> None:
    store = MemoryLogStore(log.records)
    older = store_checkpoint(store, log.replica)
    log.move_frontier()
    store.append(log.grow(3) and log.records[store.last_seq :])
    newer = store_checkpoint(store, log.replica)
    assert older is not None
    assert newer is not None
    opened = open_log(store)
    assert (opened.header and opened.header.seq, opened.damaged) == (newer.seq, ())
    store.put_part(newer.seq, 0, b"damaged")
    opened = open_log(store)
    assert opened.header is not None
    assert opened.header.seq == older.seq
    why = f"record {newer.seq}: part 0 of its checkpoint is missing or damaged"
    assert opened.damaged == (f"the checkpoint at record {newer.seq} was passed over: {why}",)
    assert opened.stored == (older,)
    assert opened.replica.document.hash == log.replica.document.hash
    store.put_part(older.seq, 0, b"damaged")
    opened = open_log(store)
    assert (opened.header, len(opened.damaged)) == (None, 2)
    assert opened.replica.document.hash == log.replica.document.hash


@pytest.mark.parametrize("what", ["another order", "another format", "another record", "no frames", "the switches"])
def test_log_25_what_is_no_checkpoint_is_passed_over_however_it_is_hashed(log: LongLog, what: str) -> None:
    store = MemoryLogStore(log.records)
    checkpoint = store_checkpoint(store, log.replica)
    assert checkpoint is not None
    spoiled(store, checkpoint, SPOILS[what])
    opened = open_log(store)
    assert opened.header is None
    assert opened.replica.document.hash == log.replica.document.hash


def test_log_25_a_checkpoint_of_another_log_is_passed_over(log: LongLog, seed: int) -> None:
    other = LongLog(Random(f"{seed} other"), people=2)
    other.grow(60)
    other.move_frontier()
    theirs = MemoryLogStore(other.records)
    checkpoint = store_checkpoint(theirs, other.replica)
    assert checkpoint is not None
    log.grow(60)
    store = MemoryLogStore(log.records)
    put_parts(store, checkpoint.seq, list(theirs.read_checkpoint(checkpoint)))
    opened = open_log(store)
    assert opened.header is None
    assert opened.replica.document.hash == log.replica.document.hash
