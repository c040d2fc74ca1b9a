"""A fold that takes long is done a piece at a time, and nobody sees the pieces (WIRE-39)."""

from collections.abc import Iterator

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import entity_id
from theta.commands.log import Command
from theta.editor.fold import Fold
from theta.editor.vocabulary import Rename
from theta.node import replica as replica_module
from theta.node.branches import Branches
from theta.node.folding import Durable, FoldingLine
from theta.node.replica import Replica
from theta.node.scene_copy import SceneCopy
from theta.wire.messages import DocumentPart

PAUSES = 5


@pytest.fixture
def slow_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fold pauses PAUSES times, as one that replays hundreds of commands does."""
    really = Fold.add_slowly

    def add_slowly(self: Fold, commands: list[Command]) -> Iterator[None]:
        for _ in range(PAUSES):
            yield
        yield from really(self, commands)

    monkeypatch.setattr(Fold, "add_slowly", add_slowly)


def _durable(pump: Pump) -> None:
    """What was appended is on disk; the room has had one turn since."""
    records = pump.room.poll_append()
    assert records
    pump.disk += records
    pump.room.handle_durable(pump.now, records[-1].seq)


def _submit(pump: Pump, peer: PatchPeer) -> None:
    while (sent := peer.poll_transmit()) is not None:
        pump.room.handle_frame(pump.now, pump.number_of(peer), *sent)


@pytest.mark.usefixtures("slow_fold")
def test_wire_39_what_is_durable_is_acknowledged_before_it_is_folded() -> None:
    pump = Pump()
    page = PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    page.perform(pump.now, cube())
    _submit(pump, page)
    _durable(pump)
    assert pump.room.poll_timeout() == pump.now.seconds, "it wants to go on at once"
    assert pump.room.replica.document.entity_count == 0
    while (transmit := pump.room.poll_transmit()) is not None:
        page.handle_frame(pump.now, transmit.lane, transmit.frame)
    assert page.acknowledged == [1]
    turns = 0
    while pump.room.replica.document.entity_count == 0:
        pump.room.handle_timeout(pump.now)
        turns += 1
    assert turns >= PAUSES - 1
    pump.pump()
    assert page.hash == pump.room.document_hash
    assert pump.room.poll_timeout() != pump.now.seconds


@pytest.mark.usefixtures("slow_fold")
def test_wire_39_who_joins_or_asks_anew_while_a_commit_is_half_folded_gets_it_whole() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    attic = ada.create_branch(pump.now, "attic")
    pump.pump()
    ada.switch_branch(attic)
    pump.pump()
    page.perform(pump.now, Rename(entity, "half"))
    _submit(pump, page)
    _durable(pump)
    for turn in range(2 * PAUSES + 2):
        newcomer = PatchPeer(f"Newcomer {turn}", pump.room.invite("viewer"))
        connection = pump._last_connection = pump._last_connection + 1
        pump.ends[connection] = newcomer
        pump.room.handle_connected(pump.now, connection)
        newcomer.handle_connected(pump.now)
        copy = SceneCopy(pump.room.replica)
        assert copy.copy_some(None) is not pump.room.replica.is_folding
        if turn == PAUSES // 2:
            page.components[(entity, 1)] = b"wrong"
        while (sent := newcomer.poll_transmit()) is not None:
            pump.room.handle_frame(pump.now, connection, *sent)
        pump.room.handle_timeout(pump.now)
    pump.pump()
    for end in pump.ends.values():
        if isinstance(end, PatchPeer) and end is not page:
            assert (end.hash, end.divergences) == (pump.room.document_hash, 0)
    assert page.hash == pump.room.document_hash
    assert (page.divergences, len(page.of(DocumentPart))) == (1, 2)
    agree(pump, pump.join("Bob"))
    assert ada.replica.document.hash != pump.room.document_hash


def test_wire_39_commits_come_out_in_order_and_whole() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(10):
        ada.perform(pump.now, [cube(f"cube {number}")])
    pump.pump()
    main = Replica()
    line = FoldingLine(Branches(main))
    for record in pump.disk:
        line.put(Durable(record, main.log.accept(record, verify=False)))
    assert (line.is_idle, line.is_between, line.length) == (False, True, len(pump.disk))
    seqs: list[int] = []
    while not line.is_idle:
        folded = line.step()
        if folded is not None:
            seqs += [record.seq for record in folded.records]
            assert main.folded_seq == seqs[-1]
    assert seqs == [record.seq for record in pump.disk]
    assert main.document.hash == pump.room.document_hash


def test_wire_39_many_commands_of_one_commit_come_onto_the_stacks_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube(f"cube {number}") for number in range(7)])
    pump.pump()
    at_once, slowly = Replica(), Replica()
    commands = [command for record in pump.disk for command in at_once.log.accept(record, verify=False)]
    for record in pump.disk:
        slowly.log.accept(record, verify=False)
    at_once.apply(commands, at_once.log.head_seq)
    monkeypatch.setattr(replica_module, "STACKED_SLICE_COMMANDS", 2)
    assert len(list(slowly.apply_slowly(commands, slowly.log.head_seq))) >= len(commands) // 2
    assert slowly.last_change == at_once.last_change
    assert slowly.history.next_undo(ada.author) == at_once.history.next_undo(ada.author)


def test_a_bug_in_the_fold_passes_on_nothing_of_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    main = Replica()
    line = FoldingLine(Branches(main))
    for record in pump.disk:
        line.put(Durable(record, main.log.accept(record, verify=False)))

    def broken(commands: list[Command]) -> Iterator[None]:
        yield
        raise ZeroDivisionError

    monkeypatch.setattr(main.fold, "add_slowly", broken)
    assert line.step() is None
    with pytest.raises(ZeroDivisionError):
        line.step()
    assert line.is_between
    assert line.step() is None


def test_wire_39_work_of_its_own_comes_between_commits_and_ends_with_what_it_raises() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(4):
        ada.perform(pump.now, [cube(f"cube {number}")])
        pump.pump()
    main = Replica()
    line = FoldingLine(Branches(main))
    done: list[str] = []

    def work(name: str, error: Exception | None = None) -> Iterator[None]:
        for part in range(2):
            assert not line.is_between
            done.append(f"{name} {part}")
            yield
        if error is not None:
            raise error

    waiting = [line.alone(work("one")), line.alone(work("two", StoreCorrupt(3, "damaged")))]
    for each in waiting:
        next(each)
    for record in pump.disk:
        line.put(Durable(record, main.log.accept(record, verify=False)))
    while not line.is_idle:
        folded = line.step()
        done += [f"commit {len(folded.records)}"] if folded is not None else []
    assert done == ["one 0", "one 1", f"commit {len(pump.disk)}", "two 0", "two 1"], "neither keeps the other waiting"
    assert line.is_between
    assert list(waiting[0]) == []
    with pytest.raises(StoreCorrupt, match="damaged"):
        next(waiting[1])
    bug = line.alone(work("three", ZeroDivisionError()))
    next(bug)
    line.step()
    line.step()
    with pytest.raises(ZeroDivisionError):
        line.step()
    assert line.is_idle
    assert main.document.hash == pump.room.document_hash
