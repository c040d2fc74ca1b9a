"""A room that was opened from a checkpoint reads and folds old commands a little at a time, and says the same."""

from collections.abc import Iterator

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import cube, red
from tests.unit.node.test_snapshots import StoredPump
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import entity_id
from theta.commands.store import StoredRecord
from theta.editor.fold_base import NotAtHand
from theta.editor.mesh_operations import ExtrudeFaceV2
from theta.editor.vocabulary import Rename, SetEffectiveV2
from theta.node import checkpoint_schedule
from theta.node.loading import Loading
from theta.node.older import SCANNED_SLICE_RECORDS
from theta.node.peer import Peer
from theta.node.reading import LogReader
from theta.node.room import Room
from theta.node.scene_copy import SceneCopy, document_to_write
from theta.wire.messages import (
    DocumentPart,
    GestureName,
    History,
    HistoryPage,
    HistoryRequest,
    SwitchBranch,
    WhoAnswer,
    WhoRequest,
)

PAGE_STEPS = 30


class Turns:
    """How many old records the room reads in one turn, at most, and how many turns it takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.longest = self.total = self._now = 0
        really_work, really_read = Room._work, LogReader.records

        def work(room: Room, *arguments: object) -> None:
            self._now = 0
            really_work(room, *arguments)  # type: ignore[arg-type]

        def records(reader: LogReader, first_seq: int, last_seq: int) -> Iterator[StoredRecord]:
            for record in really_read(reader, first_seq, last_seq):
                if record.seq < reader._log.first_seq:
                    self._now += 1
                    self.total += 1
                    self.longest = max(self.longest, self._now)
                yield record

        monkeypatch.setattr(Room, "_work", work)
        monkeypatch.setattr(LogReader, "records", records)


class Old(StoredPump):
    """A room with a page's work and much of Ada's, all of it below the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.page = PatchPeer("Page", self.room.invite("editor"))
        self.connect(self.page)
        self.ada = self.join("Ada")
        (made,) = self.page.perform(self.now, cube("page's"))
        self.pump()
        self.entity = entity_id(made)
        mesh = self.room.replica.document.mesh(self.entity)
        assert mesh is not None
        (self.pulled,) = self.page.perform(self.now, ExtrudeFaceV2(self.entity, mesh.face_ids()[0], 0.25))
        self.pump()
        for number in range(PAGE_STEPS):
            self.page.perform(self.now, Rename(self.entity, f"step {number}"))
            self.pump()
        self.ada.perform(self.now, [red(self.entity)])
        (own,) = self.ada.perform(self.now, [cube("ada's")])
        for number in range(600):
            self.ada.perform(self.now, [Rename(entity_id(own), f"name {number}")])
            self.advance(0.02)
        self.advance(3.0)
        assert self.store.checkpoints()

    def ask(self, peer: Peer, question: object) -> object:
        """What the room answers to a participant who folds."""
        number = self.number_of(peer)
        answers: list[object] = []
        really = peer._dispatch_others

        def note(now: object, message: object) -> None:
            answers.append(message)
            really(now, message)  # type: ignore[arg-type]

        peer._dispatch_others = note  # type: ignore[method-assign]
        peer._send(question)  # type: ignore[arg-type]
        self.pump()
        peer._dispatch_others = really  # type: ignore[method-assign]
        assert self.number_of(peer) == number
        return answers[-1]

    def reopen(self) -> None:
        """The room is opened anew, from its checkpoint; Ada is back, the page is not."""
        self.restart()
        self.connect(self.ada)
        assert self.room.replica.log.first_seq > PAGE_STEPS + 10
        assert not self.room.replica.fold.is_at_hand(self.pulled)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Old:
    """See Old."""
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 450)
    return Old()


def test_log_20_who_comes_back_hears_what_their_undo_would_be_and_nothing_waits_for_it(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old.page.history
    assert before is not None
    assert before.undo[0].gestures == [GestureName(old.page.actor, PAGE_STEPS + 2)]
    old.page.heard.clear()
    old.reopen()
    turns = Turns(monkeypatch)
    old.connect(old.page)
    assert old.page.of(History) == [before]
    assert turns.total > PAGE_STEPS
    assert turns.longest <= SCANNED_SLICE_RECORDS
    old.page.perform(old.now, SetEffectiveV2(before.undo[0].gestures, False, []))
    old.pump()
    undone = old.room.replica.fold.unit(old.entity)
    assert undone is not None
    assert undone.name is not None
    assert undone.name.text == f"step {PAGE_STEPS - 2}"


def test_log_20_commits_go_on_while_old_commands_are_read(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    old.reopen()
    heads: list[int] = []
    really = Loading.load_slowly

    def load(loading: Loading, replica: object, lacking: object) -> Iterator[None]:
        for _ in really(loading, replica, lacking):  # type: ignore[arg-type]
            if len(heads) < 20:
                old.ada.perform(old.now, [Rename(old.entity, f"meanwhile {len(heads)}")])
                heads.append(old.room.head_seq)
            yield

    monkeypatch.setattr(Loading, "load_slowly", load)
    old.page.heard.clear()
    old.connect(old.page)
    assert heads[-1] > heads[0]
    notice = old.page.of(History)[-1]
    assert old.ada.replica.document.hash == old.room.document_hash == old.page.hash
    old.page.perform(old.now, SetEffectiveV2(notice.undo[0].gestures, False, []))
    old.pump()
    assert old.ada.replica.document.hash == old.room.document_hash == old.page.hash
    assert old.page.divergences == 0


def test_wire_14_who_switches_while_old_commands_are_read_is_told_for_the_other_branch(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = old.ada.create_branch(old.now, "draft")
    old.pump()
    old.reopen()
    old.page.heard.clear()
    told_to_switch: list[bytes] = []
    really = Loading.load_slowly

    def load(loading: Loading, replica: object, lacking: object) -> Iterator[None]:
        for _ in really(loading, replica, lacking):  # type: ignore[arg-type]
            if not told_to_switch:
                told_to_switch.append(draft)
                old.page.say(SwitchBranch(draft))
            # Until the other branch is there, which is somebody else's errand.
            while old.page.branch != draft:
                yield
            yield

    monkeypatch.setattr(Loading, "load_slowly", load)
    old.connect(old.page)
    assert told_to_switch == [draft]
    kinds = [type(each) for each in old.page.heard if isinstance(each, DocumentPart | History)]
    assert kinds == [DocumentPart, DocumentPart, History]
    assert old.page.history is not None
    assert old.page.history.undo[0].gestures == [GestureName(old.page.actor, PAGE_STEPS + 2)]


def test_wire_34_the_history_of_old_commands_is_the_same_and_read_a_little_at_a_time(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = HistoryRequest(7, PAGE_STEPS + 8, 20)
    before = old.ask(old.ada, request)
    assert isinstance(before, HistoryPage)
    old.reopen()
    turns = Turns(monkeypatch)
    after = old.ask(old.ada, request)
    assert isinstance(after, HistoryPage)
    assert len(after.entries) >= 20
    assert after == before
    assert turns.longest <= 2 * SCANNED_SLICE_RECORDS


def test_wire_33_who_made_an_old_element_is_the_same_and_loads_nothing(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = old.room.replica.document.mesh(old.entity)
    assert mesh is not None
    questions = [WhoRequest(at, old.entity, "face", face) for at, face in enumerate(mesh.face_ids())]
    questions.append(WhoRequest(99, old.entity, "object", old.entity))
    before = [old.ask(old.ada, each) for each in questions]
    assert {each.number for each in before if isinstance(each, WhoAnswer)} == {1, 2}
    old.reopen()
    turns = Turns(monkeypatch)
    assert [old.ask(old.ada, each) for each in questions] == before
    assert turns.longest <= 2 * SCANNED_SLICE_RECORDS
    assert not old.room.replica.fold.is_at_hand(old.pulled)


def test_exports_of_old_objects_are_the_same_and_read_a_little_at_a_time(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = document_to_write(old.room.replica).glb("test")
    old.reopen()
    turns = Turns(monkeypatch)
    copy = SceneCopy(old.room.replica)
    slices = 0
    while not copy.copy_some():
        slices += copy.is_reading
        assert turns._now <= SCANNED_SLICE_RECORDS
        turns._now = 0
        if slices == 3:
            old.ada.perform(old.now, [Rename(old.entity, "for a moment")])
            old.ada.undo(old.now)
            old.pump()
    assert slices > len(old.disk) // SCANNED_SLICE_RECORDS // 2
    old.ada.replica.fold.makers(old.entity)
    mine = document_to_write(old.ada.replica).glb("test")
    made = copy.to_write().glb("test")
    assert made == mine
    assert len(made) == pytest.approx(len(before), abs=100)
    assert not old.room.replica.fold.is_at_hand(old.pulled), "nothing had to be loaded"


def test_cmd_106_a_question_says_what_it_lacks_and_changes_nothing(old: Old) -> None:
    old.reopen()
    fold = old.room.replica.fold
    for question in (
        lambda: old.room.replica.history.next_undo(old.page.identity.public_key),
        lambda: fold.unit_commands(old.entity),
    ):
        with fold.at_hand(), pytest.raises(NotAtHand):
            question()
    assert fold.replay_length([old.pulled]) is None
    with fold.at_hand(), pytest.raises(NotAtHand) as caught:
        fold.unit_commands(old.entity)
    assert caught.value.entities == (old.entity,)
    for _ in fold.load_slowly([old.entity]):
        pass
    with fold.at_hand():
        commands, _ = fold.unit_commands(old.entity)
    assert len(commands) == PAGE_STEPS + 3
    assert fold.replay_length([old.pulled]) == PAGE_STEPS + 2


def test_log_20_a_record_that_cannot_be_read_leaves_an_author_untold_and_the_room_alive(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.reopen()
    really = LogReader.records

    def damaged(reader: LogReader, first_seq: int, last_seq: int) -> Iterator[StoredRecord]:
        if first_seq <= 20:
            raise StoreCorrupt(20, "damaged")
        return really(reader, first_seq, last_seq)

    monkeypatch.setattr(LogReader, "records", damaged)
    old.page.heard.clear()
    old.connect(old.page)
    assert old.page.of(History) == []
    old.ada.perform(old.now, [Rename(old.entity, "still here")])
    old.pump()
    assert old.ada.replica.document.hash == old.room.document_hash == old.page.hash
