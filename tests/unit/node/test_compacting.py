"""A compacted log: it opens to the same document, goes on, proves what it can, and undoes nothing that is gone."""

from random import Random

import pytest
from msgspec.structs import asdict

from tests.support.long_logs import MAIN, PLACE, SECRET, UNIX_MS, LongLog, put_parts, store_checkpoint
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import InvalidValue, NothingToUndo, StoreCorrupt
from theta.base.identifiers import CommandName
from theta.commands.governing import CreateBranch, MergeBranch
from theta.commands.identity import Identity
from theta.commands.records import RecordKind, read_base, sign_base
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import CreatePrimitive, SetEffectiveV2
from theta.node.asset_shelf import AssetShelf
from theta.node.audit import audit
from theta.node.branches import Branches
from theta.node.checkpoint_frames import Frame, FrameKind, PartCutter, read_frames
from theta.node.compacting import Compaction, compact_log
from theta.node.opening import Opened, open_log
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
    lines = opened.replica.log.governance.lines
    assert lines.base_seq == seq
    log.log.governance.lines.drop(seq, lines.last_edits)
    assert opened.replica.log.index_bytes() == log.log.index_bytes()
    report = audit(store.read(), source=store)
    assert report.is_good, (report.fault, report.checkpoint_faults)
    assert (report.first_seq, report.records, report.checkpoints) == (seq, log.log.head_seq, 1)
    assert report.attested_seq == seq, "the base is the room's word for all up to it"
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
    assert opened.header.seq > first.checkpoint.seq
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


def test_log_27_a_log_without_commands_is_not_compacted(seed: int) -> None:
    young = LongLog(Random(seed), people=2)
    with pytest.raises(InvalidValue, match="without commands"):
        compact_log(MemoryLogStore(young.records), AssetShelf(), SECRET.identity, UNIX_MS)


def documents_of(opened: Opened, store: MemoryLogStore) -> dict[bytes, bytes]:
    """The hash of each branch's document."""
    main = opened.replica
    branches = Branches(main, store)
    found = {MAIN: main.document.hash}
    for branch in main.log.governance.branches.keys() - {MAIN}:
        for _ in branches.open_slowly(branch):
            pass
        found[branch] = branches.of(branch).document.hash
    return found


def governed_log(seed: str) -> LongLog:
    """Some hundred records with policies, branches and merges, attested."""
    log = LongLog(Random(seed), people=3, governed=True)
    log.grow(20)
    log.packet(log.people[0], [CreateBranch("draft", MAIN, log.log.head_seq - 1)], seen=log.log.head_seq)
    log.grow(60)
    log.move_frontier()
    log.attest()
    return log


@pytest.mark.parametrize("number", range(6))
def test_log_27_a_log_with_branches_opens_to_the_same_on_every_branch_and_goes_on(number: int, seed: int) -> None:
    log = governed_log(f"{seed} branches {number}")
    before = MemoryLogStore(log.records)
    store, found = compacted(log)
    documents = documents_of(open_log(before), before)
    assert found.hashes == documents
    opened = open_log(store)
    assert documents_of(opened, store) == documents
    follow(log, store)
    report = audit(store.read(), source=store)
    assert report.is_good, (report.fault, report.checkpoint_faults)
    draw, records = log.random, []
    for _ in range(25):
        branch = draw.choice([MAIN, *log.branches])
        entities = log.replica.document.entities()
        operation = log._edit(draw.choice(entities)) if entities else CreatePrimitive("cube", 1.0, "new", *PLACE)
        records.append(log.packet(draw.choice(log.people), [operation], branch, seen=log.log.head_seq))
    store.append(records)
    whole = MemoryLogStore(log.records)
    assert documents_of(open_log(store), store) == documents_of(open_log(whole), whole)
    assert audit(store.read(), source=store).is_good
    again, _ = compacted(log, store)
    assert documents_of(open_log(again), again) == documents_of(open_log(whole), whole)
    assert audit(again.read(), source=again).is_good


class MergedLater:
    """A compacted log with the branches `apart`, with work of its own; `done`, whose work main has; and `bare`."""

    def __init__(self, seed: str) -> None:
        self.log = log = LongLog(Random(seed), people=2)
        log.grow(10)
        self.ids = {}
        for name in ("apart", "done", "bare"):
            log.packet(log.people[0], [CreateBranch(name, MAIN, log.log.head_seq)], seen=log.log.head_seq)
            self.ids[name] = log.branches[-1]
        for name in ("apart", "done"):
            log.packet(log.people[1], [CreatePrimitive("cube", 1.0, name, *PLACE)], self.ids[name])
        self.merge("done", MAIN)
        for person in log.people:
            log.packet(person, [log._edit(log.replica.document.entities()[0])])
        log.attest()
        self.store, self.found = compacted(log)
        follow(log, self.store)
        self.replica = open_log(self.store).replica

    def merge(self, source: str, branch: bytes) -> StoredRecord:
        """A merge into a branch of what is known now."""
        at = self.log.log.head_seq
        return self.log.packet(self.log.people[0], [MergeBranch(self.ids[source], at, "", [])], branch, seen=at)

    def take(self, record: StoredRecord) -> str:
        """The compacted log takes a record too; why its command came to nothing."""
        self.store.append([record])
        (command,) = self.replica.log.accept(record)
        self.replica.apply([command], record.seq)
        return self.replica.log.governance.outcome(command.name)


def test_log_27_what_is_below_the_base_is_not_merged_any_more_and_all_else_is(seed: int) -> None:
    room = MergedLater(f"{seed} merges")
    assert room.found.apart == ("apart",)
    assert room.take(room.merge("apart", MAIN)).startswith("BeyondHistory")
    assert room.take(room.merge("done", MAIN)) == ""
    assert room.take(room.merge("bare", MAIN)) == ""
    assert room.take(room.merge("done", room.ids["bare"])).startswith("BeyondHistory")
    for name in ("bare", "done"):
        cube = [CreatePrimitive("cube", 1.0, f"{name} since", *PLACE)]
        assert room.take(room.log.packet(room.log.people[1], cube, room.ids[name])) == ""
        count = room.replica.document.entity_count
        assert room.take(room.merge(name, MAIN)) == ""
        assert room.replica.document.entity_count == count + 1
    late = CreateBranch("late", MAIN, room.store.first_seq - 1)
    record = room.log.packet(room.log.people[0], [late], seen=room.log.log.head_seq)
    assert room.take(record).startswith("BeyondHistory")
    assert open_log(room.store).replica.document.hash == room.replica.document.hash
    report = audit(room.store.read(), source=room.store)
    assert report.is_good, (report.fault, report.checkpoint_faults)


def test_log_14_what_came_to_nothing_stays_so_however_often_a_log_is_compacted(seed: int) -> None:
    room = MergedLater(f"{seed} again")
    governance = room.replica.log.governance
    late = CreateBranch("late", MAIN, room.store.first_seq - 1)
    refused = [
        room.merge("apart", MAIN),
        room.merge("done", room.ids["bare"]),
        room.log.packet(room.log.people[0], [late], seen=room.log.log.head_seq),
    ]
    assert [room.take(record).split(":")[0] for record in refused] == 3 * ["BeyondHistory"]
    reasons = {command.name: governance.outcome(command.name) for command in governance.commands}
    documents = documents_of(open_log(room.store), room.store)
    again, _ = compacted(room.log, room.store)
    opened = open_log(again)
    anew = opened.replica.log.governance
    assert {command.name: anew.outcome(command.name) for command in anew.commands} == reasons
    assert anew.branches == governance.branches
    for branch in anew.branches:
        assert anew.merges(branch) == governance.merges(branch)
    assert documents_of(opened, again) == documents
    report = audit(again.read(), source=again)
    assert report.is_good, (report.fault, report.checkpoint_faults)


def test_log_27_what_stood_apart_before_is_not_in_the_way_of_compacting_again(seed: int) -> None:
    room = MergedLater(f"{seed} apart")
    for name in ("apart", "bare"):
        cube = [CreatePrimitive("cube", 1.0, f"{name} since", *PLACE)]
        assert room.take(room.log.packet(room.log.people[1], cube, room.ids[name])) == ""
    assert compacted(room.log, room.store)[1].apart == ("bare",), "what could never be merged is nobody's loss"


def test_log_28_a_base_that_lacks_a_branch_or_has_another_document_of_it_is_found(seed: int) -> None:
    room = MergedLater(f"{seed} sections")
    frames = list(read_frames(part.data for part in room.found.parts))
    base = room.found.base

    def fault_of(changed: list[Frame]) -> str:
        cutter = PartCutter()
        parts = [part for frame in changed for part in cutter.put(frame)] + list(cutter.finish())
        other = MemoryLogStore()
        checkpoint = put_parts(other, base.seq, parts)
        content = read_base(base.body)
        signed = sign_base(SECRET.identity, type(content)(**{**asdict(content), "checkpoint": checkpoint.digest}))
        other.append([base._replace(body=signed), *room.found.records[1:]])
        return str(audit(other.read(), source=other).fault)

    assert fault_of(frames) == "None"
    starts = [at for at, frame in enumerate(frames) if frame.kind == FrameKind.BRANCH]
    assert "not of all branches" in fault_of(frames[: starts[-1]])
    assert "another document of branch" in fault_of(
        [Frame(each.kind, each.data[:-1] + b"?") if at == starts[0] else each for at, each in enumerate(frames)]
    )
    unread = [Frame(each.kind, b"?") if at == starts[0] else each for at, each in enumerate(frames)]
    assert "what is no branch" in fault_of(unread)


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
