"""A log that is opened from a checkpoint, wherever one was made, goes on as if it had been held from the beginning."""

from random import Random

import pytest

from tests.support.long_logs import SECRET, UNIX_MS, LongLog, put_parts, store_checkpoint
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import NothingToUndo
from theta.commands.store import StoredRecord
from theta.editor import resuming
from theta.editor.unit import Unit
from theta.editor.unit_snapshot import unit_bytes
from theta.node.asset_shelf import AssetShelf
from theta.node.audit import audit
from theta.node.compacting import compact_log
from theta.node.opening import open_log
from theta.node.replica import Replica

PROGRAMS = 12


def go_on(replica: Replica, records: list[StoredRecord]) -> None:
    for record in records:
        replica.apply(replica.log.accept(record, verify=False), record.seq)


def raw_units(replica: Replica) -> dict[bytes, bytes]:
    """Every unit's bytes, slots and writers of what is still concurrent included."""
    found = {}
    for entity in replica.fold.entities():
        unit = replica.fold.unit(entity)
        assert isinstance(unit, Unit)
        found[entity] = unit_bytes(unit)
    return found


def steps(log: LongLog, replica: Replica) -> list[object]:
    """What each person would undo and redo."""
    found: list[object] = []
    for person in log.people:
        for ask in (replica.history.undo_operation, replica.history.redo_operation):
            try:
                found.append(ask(person.record.author))
            except NothingToUndo:
                found.append(None)
    return found


def check_same(log: LongLog, replica: Replica) -> None:
    live = log.replica
    assert replica.log.head_seq == live.log.head_seq == replica.folded_seq
    assert replica.log.index_bytes() == live.log.index_bytes()
    assert replica.document.hash == live.document.hash
    assert raw_units(replica) == raw_units(live)
    assert steps(log, replica) == steps(log, live)


def compact(log: LongLog) -> MemoryLogStore:
    """Let a log that has grown go on from its base; the store has what is left."""
    log.grow(25)
    found = compact_log(MemoryLogStore(log.records), AssetShelf(), SECRET.identity, UNIX_MS)
    store = MemoryLogStore()
    store.append(found.records)
    put_parts(store, found.base.seq, [part.data for part in found.parts])
    log.replica = open_log(store).replica
    log.records = found.records
    return store


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("governed", [False, True])
@pytest.mark.parametrize("program", range(PROGRAMS))
def test_log_25_a_log_opened_from_any_checkpoint_goes_on_alike(
    program: int, governed: bool, compacted: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(f"{seed} {program} {governed}" + (" compacted" if compacted else ""))
    log = LongLog(random, people=random.randint(2, 4), governed=governed)
    store = compact(log) if compacted else MemoryLogStore(log.records)
    opened: list[Replica] = []
    for _ in range(6):
        records = log.grow(random.randint(5, 25))
        store.append(records)
        for replica in opened:
            go_on(replica, records)
        if store_checkpoint(store, log.replica) is None:
            continue
        extra = log.grow(random.randrange(4))
        store.append(extra)
        for replica in opened:
            go_on(replica, extra)
        found = open_log(store)
        assert found.header is not None, found.damaged
        check_same(log, found.replica)
        assert found.header.seq == store.checkpoints()[0].seq
        opened.append(found.replica)
    for replica in opened:
        check_same(log, replica)
    assert opened
    monkeypatch.setattr(resuming, "HEAD_ELEMENTS_MAX", 10)
    assert store_checkpoint(store, log.replica) is not None
    folded = open_log(store)
    assert folded.header is not None, "large units are folded from the frontier on"
    check_same(log, folded.replica)
    monkeypatch.undo()
    assert store_checkpoint(store, log.replica) is not None
    if program % 3 == 0:
        report = audit(log.records, source=store)
        assert report.is_good, (report.fault, report.checkpoint_faults)
        assert report.checkpoints == len(store.checkpoints())
