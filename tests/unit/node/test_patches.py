"""A participant that takes patches holds the same bytes as those who fold, and hears of its own work's outcomes."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube, red
from theta.base.identifiers import MAIN_BRANCH, CommandName, entity_id
from theta.base.randomness import Randomness
from theta.commands.governing import MergeBranch
from theta.editor.vocabulary import Delete, ExtrudeFace, Paint, Rename, SetEffectiveV2
from theta.mesh import nearest_face_to_normal
from theta.node import folding, history_notices, spreading
from theta.node.peer import Peer
from theta.replication import document_parts
from theta.wire.messages import (
    Commit,
    Corrected,
    DocumentPart,
    GestureName,
    History,
    PacketAcknowledged,
    SwitchBranch,
)


def _snapshot(peer: Peer) -> dict[tuple[bytes, int], bytes]:
    return {
        (unit.entity, part.component): part.data
        for unit in peer.replica.document.snapshot()
        for part in unit.components
    }


def _page(pump: Pump, name: str = "Page") -> PatchPeer:
    page = PatchPeer(name, pump.room.invite("editor"))
    pump.connect(page)
    return page


def _blockers(page: PatchPeer) -> list[str]:
    assert page.history is not None
    return [each.author for each in page.history.undo[0].dependants]


def _same(pump: Pump, ada: Peer, *pages: PatchPeer) -> None:
    agree(pump, ada)
    for page in pages:
        assert page.components == _snapshot(ada)
        assert page.hash == pump.room.document_hash
        assert (page.seq, page.chain) == (pump.disk[-1].seq, pump.disk[-1].chain)
        assert page.divergences == 0


def _top(peer: Peer, entity: bytes) -> bytes:
    mesh = peer.replica.document.mesh(entity)
    assert mesh is not None
    return nearest_face_to_normal(mesh, (0.0, 1.0, 0.0))


def _undo(gestures: list[GestureName], on: bool = False) -> SetEffectiveV2:
    return SetEffectiveV2(gestures, on, [])


def test_wire_12_parts_and_patches_give_byte_identical_components(seed: int) -> None:
    pump = Pump(seed)
    randomness = Randomness(f"{seed} patches".encode())
    ada, early = pump.join("Ada"), _page(pump, "Early")
    entities: list[bytes] = []
    for step in range(60):
        choice = randomness.integer(6) if entities else 0
        entity = entities[randomness.integer(len(entities))] if entities else b""
        if choice == 0:
            made = ada.perform(pump.now, [cube()]) if randomness.integer(2) else early.perform(pump.now, cube())
            entities.append(entity_id(made[0]))
        elif choice == 1 and ada.replica.document.mesh(entity) is not None:
            ada.perform(pump.now, [ExtrudeFace(entity, _top(ada, entity), 0.1)])
        elif choice == 2:
            early.perform(pump.now, Rename(entity, f"n{step}"))
        elif choice == 3:
            ada.perform(pump.now, [Paint(entity, (randomness.fraction(), 0.5, 0.5))])
        elif choice == 4 and randomness.integer(3) == 0:
            early.perform(pump.now, Delete(entity))
        elif early.history is not None and early.history.undo and not early.history.undo[0].dependants:
            early.perform(pump.now, _undo(early.history.undo[0].gestures))
        pump.pump()
        pump.advance(0.2)
        _same(pump, ada, early)
    late = _page(pump, "Late")
    _same(pump, ada, early, late)


def test_wire_12_a_document_comes_in_parts_with_the_first_and_the_last_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_parts, "PART_BYTES_TARGET", 1_000)
    pump = Pump()
    ada = pump.join("Ada")
    for _ in range(5):
        ada.perform(pump.now, [cube()])
    pump.pump()
    page = _page(pump)
    parts = page.of(DocumentPart)
    assert len(parts) >= 5
    assert [part.first for part in parts] == [True] + [False] * (len(parts) - 1)
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert {part.lamport for part in parts} == {ada.replica.log.lamport}
    _same(pump, ada, page)


def test_wire_12_a_change_too_large_for_a_commit_comes_as_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "COMMIT_UNITS_BYTES_MAX", 3_000)
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(page.of(DocumentPart)) == 1
    ada.perform(pump.now, [cube()] * 10)
    pump.pump()
    assert len(page.of(DocumentPart)) == 2
    _same(pump, ada, page)


def test_wire_11_a_backlog_is_spread_in_commits_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "COMMIT_RECORDS_MAX", 3)
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    pump.is_frozen = True
    for _ in range(10):
        ada.perform(pump.now, [cube()])
    pump.pump()
    before = len(page.of(Commit))
    pump.thaw()
    assert [len(commit.records) for commit in page.of(Commit)[before:]] == [3, 3, 3, 1]
    _same(pump, ada, page)


def test_wire_8_a_page_is_acknowledged_once_its_packet_is_on_disk() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    pump.is_frozen = True
    page.perform(pump.now, cube())
    pump.pump()
    assert page.acknowledged == []
    assert ada.replica.document.entity_count == 0
    pump.thaw()
    assert page.of(PacketAcknowledged) == [PacketAcknowledged(1, pump.disk[-1].seq)]
    _same(pump, ada, page)


def test_wire_14_history_tells_the_next_undo_and_redo_and_who_built_on_it() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    assert page.history == History([], [])
    name = page.perform(pump.now, cube())[0]
    pump.pump()
    assert page.history is not None
    step = page.history.undo[0]
    assert (step.gestures, step.label, step.dependants) == ([GestureName(*name)], "create primitive", [])
    ada.perform(pump.now, [red(entity_id(name))])
    pump.advance(0.2)
    assert page.history.undo[0].dependants[0].author == "Ada"
    ada.undo(pump.now)
    pump.advance(0.2)
    assert page.history.undo[0].dependants == []
    page.perform(pump.now, _undo(step.gestures))
    pump.advance(0.2)
    assert page.history.undo == []
    assert page.history.redo[0].gestures == [GestureName(*name)]
    page.perform(pump.now, _undo(page.history.redo[0].gestures, on=True))
    pump.advance(0.2)
    assert page.history.redo == []
    assert page.outcomes == []
    _same(pump, ada, page)


def test_wire_14_an_author_hears_at_once_of_its_own_work() -> None:
    pump = Pump()
    page = _page(pump)
    known = len(page.of(History))
    for number in range(5):
        page.perform(pump.now, cube())
        pump.pump()
        assert len(page.of(History)) == known + number + 1, "its next undo is the cube it just made"


def test_wire_14_of_others_work_notices_come_at_most_ten_times_a_second_and_only_news() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    entity = entity_id(page.perform(pump.now, cube())[0])
    pump.advance(0.2)
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    assert _blockers(page) == ["Ada"]
    known = len(page.of(History))
    ada.undo(pump.now)
    pump.pump()
    assert len(page.of(History)) == known
    pump.advance(0.1)
    assert _blockers(page) == []
    known = len(page.of(History))
    ada.perform(pump.now, [cube()])
    pump.advance(0.3)
    assert len(page.of(History)) == known, "that was no news for the page"


def test_wire_14_much_to_replay_makes_notices_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_notices, "REPLAYED_PER_SECOND", 10)
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    entity = entity_id(page.perform(pump.now, cube())[0])
    pump.pump()
    ada.perform(pump.now, [Rename(entity, f"name {number}") for number in range(19)])
    pump.advance(0.3)
    assert _blockers(page) == ["Ada"]
    ada.undo(pump.now)
    pump.advance(1.0)
    assert _blockers(page) == ["Ada"], "twenty commands take two seconds"
    pump.advance(1.5)
    assert _blockers(page) == []


def test_wire_15_an_author_is_told_when_its_work_comes_to_nothing_and_when_it_counts_again() -> None:
    pump = Pump()
    ada, page, twin = pump.join("Ada"), _page(pump), _page(pump, "Other")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    painted = page.perform(pump.now, red(entity))[0]
    pump.pump()
    assert page.outcomes == []
    ada.perform(pump.now, [Delete(entity)])
    pump.pump()
    nothing = page.perform(pump.now, red(entity))[0]
    pump.pump()
    assert page.outcomes == [(nothing.number, "no-op")]
    ada.undo(pump.now)
    pump.pump()
    assert page.outcomes[1:] == [(nothing.number, "applied")]
    page.perform(pump.now, _undo([GestureName(*painted)]))
    pump.pump()
    page.perform(pump.now, _undo([GestureName(*painted)], on=True))
    pump.pump()
    assert len(page.outcomes) == 2
    assert twin.outcomes == []
    _same(pump, ada, page, twin)


def test_wire_15_redo_of_what_no_longer_finds_its_object_is_told() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    painted = page.perform(pump.now, red(entity))[0]
    pump.pump()
    page.perform(pump.now, _undo([GestureName(*painted)]))
    pump.pump()
    ada.undo(pump.now)
    pump.pump()
    page.perform(pump.now, _undo([GestureName(*painted)], on=True))
    pump.pump()
    assert page.outcomes == [(painted.number, "no-op")]


def test_wire_15_an_author_is_told_on_whatever_branch_that_a_merge_came_to_nothing_before_the_commit() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    theirs = ada.perform(pump.now, [cube()])[0]
    draft = ada.create_branch(pump.now, "draft")
    pump.pump()
    page.say(SwitchBranch(draft))
    pump.pump()
    heard = len(page.heard)
    name = page.perform(pump.now, MergeBranch(MAIN_BRANCH, page.seq, "", [GestureName(*theirs)]))[0]
    pump.pump()
    assert page.outcomes == [(name.number, "no-op")], "an editor leaves out nobody else's work"
    kinds = [type(each) for each in page.heard[heard:] if isinstance(each, Commit | Corrected)]
    assert kinds == [Corrected, Commit]
    assert page.of(Corrected)[-1].gesture == name.number


def test_wire_15_who_was_away_is_told_that_a_merge_came_to_nothing_when_it_is_acknowledged_again() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    theirs = ada.perform(pump.now, [cube()])[0]
    pump.pump()
    merge = MergeBranch(MAIN_BRANCH, page.seq, "", [GestureName(*theirs)])
    names = page.perform(pump.now, merge, Rename(entity_id(theirs), "mine"))
    lane, frame = page._out[-1]
    pump.pump()
    heard = len(page.heard)
    page.throw(frame, lane)
    pump.pump()
    again = [each for each in page.heard[heard:] if isinstance(each, Commit | Corrected | PacketAcknowledged)]
    assert [type(each) for each in again] == [Corrected, PacketAcknowledged]
    assert page.outcomes == [(names[0].number, "no-op")] * 2
    assert len({repr(each) for each in page.of(Corrected)}) == 1


def test_wire_13_a_page_that_differs_asks_and_gets_the_document() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    ada.perform(pump.now, [cube()])
    pump.pump()
    key = next(iter(page.components))
    page.components[key] += b"!"
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert page.divergences == 1
    page.divergences = 0
    _same(pump, ada, page)


def test_somebody_elses_gesture_is_not_undone() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), _page(pump)
    theirs = ada.perform(pump.now, [cube()])[0]
    pump.pump()
    mine = page.perform(pump.now, _undo([GestureName(*theirs)]))[0]
    pump.pump()
    assert page.outcomes == [(mine.number, "no-op")]
    assert ada.replica.document.entities() == [entity_id(CommandName(*theirs))]
    _same(pump, ada, page)
