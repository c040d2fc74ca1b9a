"""A compacted log: it opens to the same document, goes on, proves what it can, and undoes nothing that is gone."""

from random import Random

import pytest

from tests.support.long_logs import MAIN, SECRET, UNIX_MS, LongLog, put_parts, store_checkpoint
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import InvalidValue, NothingToUndo, StoreCorrupt
from theta.base.identifiers import CommandName
from theta.commands.governing import CreateBranch
from theta.commands.identity import Identity
from theta.commands.records import RecordKind, sign_base
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import SetEffectiveV2
from theta.node.asset_shelf import AssetShelf
from theta.node.audit import audit
from theta.node.compacting import Compaction, compact_log
from theta.node.opening import open_log
from theta.wire.messages import GestureName


def long_log(seed: str) -> LongLog:
    """Some sixty records with a frontier, attested."""
    log = LongLog(Random(seed), people=3)
    log.grow(45)
    log.move_frontier()
    log.grow(8)
    log.attest()
    return log


def compacted(log: LongLog, store: MemoryLogStore | None = None) -> tuple[MemoryLogStore, Compaction]:
    """A store with what is left of a log."""
    source = store or MemoryLogStore(log.records)
    found = compact_log(source, AssetShelf(), SECRET.identity, UNIX_MS)
    target = MemoryLogStore()
    target.append(found.records)
    for part in found.parts:
        target.put_part(*part)
    target.put_checkpoint(found.checkpoint)
    return target, found


def follow(log: LongLog, store: MemoryLogStore) -> None:
    """What was appended to the compacted log is the log's next too."""
    for record in store.read(log.log.head_seq + 1):
        assert log.add(RecordKind(record.kind), record.body) == record


@pytest.mark.parametrize("number", range(8))
def test_log_27_a_compacted_log_opens_to_the_same_and_goes_on(number: int, seed: int) -> None:
    log = long_log(f"{seed} compact {number}")
    store, found = compacted(log)
    seq = len(log.records)
    assert (store.first_seq, store.last_seq, found.dropped) == (seq, seq + 1, seq)
    follow(log, store)
    opened = open_log(store)
    assert opened.base_seq == seq
    assert opened.replica.document.hash == log.replica.document.hash
    assert opened.replica.log.index_bytes() == log.log.index_bytes()
    report = audit(store.read(), source=store)
    assert report.is_good, (report.fault, report.checkpoint_faults)
    assert (report.first_seq, report.records, report.checkpoints) == (seq, log.log.head_seq, 1)
    assert report.document_hash == log.replica.document.hash
    records = []
    for _ in range(12):
        person = log.random.choice(log.people)
        records.append(log.packet(person, [log._edit(log.random.choice(log.replica.document.entities()))]))
    store.append(records)
    for record in records:
        opened.replica.apply(opened.replica.log.accept(record), record.seq)
    assert opened.replica.document.hash == log.replica.document.hash
    assert open_log(store).replica.document.hash == log.replica.document.hash
    assert audit(store.read(), source=store).is_good


def test_log_27_it_opens_from_its_base_also_when_it_has_later_checkpoints_and_can_be_compacted_again(seed: int) -> None:
    log = long_log(f"{seed} again")
    store, first = compacted(log)
    follow(log, store)
    replica = open_log(store).replica
    more = [log.packet(person, [log._edit(log.replica.document.entities()[0])]) for person in log.people * 8]
    log.move_frontier()
    more = log.records[more[0].seq - 1 :]
    store.append(more)
    for record in more:
        replica.apply(replica.log.accept(record), record.seq)
    assert store_checkpoint(store, replica) is not None
    opened = open_log(store)
    assert opened.header is not None
    assert opened.header.seq == first.checkpoint.seq
    assert opened.replica.document.hash == log.replica.document.hash
    report = audit(store.read(), source=store)
    assert (report.is_good, report.checkpoints) == (True, 2), (report.fault, report.checkpoint_faults)
    again, second = compacted(log, store)
    assert second.checkpoint.seq == log.log.head_seq
    assert second.dropped == log.log.head_seq - first.checkpoint.seq + 1
    assert open_log(again).replica.document.hash == log.replica.document.hash
    assert audit(again.read(), source=again).is_good


def test_log_27_what_is_gone_is_not_undone(seed: int) -> None:
    log = long_log(f"{seed} undo")
    store, _ = compacted(log)
    follow(log, store)
    replica = open_log(store).replica
    person = log.people[0]
    old = GestureName(person.record.actor, 1)
    assert CommandName(*(old.actor, old.number)).number <= replica.fold.base.numbers[person.record.actor]
    before = replica.document.hash
    record = log.packet(person, [SetEffectiveV2([old], False, [])])
    (command,) = replica.log.accept(record)
    replica.apply([command], record.seq)
    outcome = replica.fold.outcome(command.name)
    assert outcome is not None
    assert (outcome.kind, outcome.reason.split(":")[0]) == ("no-op", "BeyondHistory")
    assert replica.document.hash == before
    with pytest.raises(NothingToUndo):
        replica.history.next_undo(person.record.author)


def test_log_27_a_log_without_commands_or_with_branches_is_not_compacted(seed: int) -> None:
    young = LongLog(Random(seed), people=2)
    with pytest.raises(InvalidValue, match="without commands"):
        compact_log(MemoryLogStore(young.records), AssetShelf(), SECRET.identity, UNIX_MS)
    log = long_log(f"{seed} branches")
    log.packet(log.people[0], [CreateBranch("draft", MAIN, log.log.head_seq - 1)], seen=log.log.head_seq)
    with pytest.raises(InvalidValue, match="branches"):
        compact_log(MemoryLogStore(log.records), AssetShelf(), SECRET.identity, UNIX_MS)


def test_log_26_a_base_stands_on_its_checkpoint_and_the_rooms_key(seed: int) -> None:
    log = long_log(f"{seed} base")
    _, found = compacted(log)
    base, *tail = found.records
    assert (base.seq, base.chain) == (log.log.head_seq, log.log.chain)

    def fault_of(first: StoredRecord, parts: list[bytes] | None = None) -> str:
        other = MemoryLogStore([first, *tail])
        put_parts(other, base.seq, [part.data for part in found.parts] if parts is None else parts)
        report = audit(other.read(), source=other)
        assert report.fault is not None
        return str(report.fault)

    with pytest.raises(InvalidValue, match="another room's"):
        compact_log(MemoryLogStore(log.records), AssetShelf(), Identity.from_seed(b"x" * 32), UNIX_MS)
    damaged = bytearray(base.body)
    damaged[-1] ^= 1
    assert "not signed by the room's key" in fault_of(base._replace(body=bytes(damaged)))
    assert "missing, or another one" in fault_of(base, [b"other parts"])
    assert "of another record" in fault_of(base._replace(chain=bytes(32)))
    bare = MemoryLogStore(found.records)
    assert "missing" in str(audit(bare.read(), source=bare).fault)
    assert "missing" in str(audit(bare.read()).fault)
    with pytest.raises(StoreCorrupt, match="the base stands on is damaged"):
        open_log(bare)


def test_log_26_a_base_with_another_document_is_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = long_log(f"{seed} lie")
    really = sign_base
    monkeypatch.setattr(
        "theta.node.compacting.sign_base",
        lambda identity, base: really(
            identity,
            type(base)(
                *(  # the room itself lies
                    bytes(16) if field == "document_hash" else getattr(base, field) for field in base.__struct_fields__
                )
            ),
        ),
    )
    store, _ = compacted(log)
    assert "does not have the document" in str(audit(store.read(), source=store).fault)
    assert next(store.read()).kind == RecordKind.BASE
