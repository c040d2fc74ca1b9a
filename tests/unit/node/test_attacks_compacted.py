"""Attacks on a compacted room: branches, merges, undos and peers that reach below what it still has."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import agree, cube, red
from tests.unit.node.test_snapshots import StoredPump
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import UnknownElement
from theta.base.identifiers import MAIN_BRANCH, entity_id
from theta.editor.vocabulary import Rename, SetEffectiveV2
from theta.node import checkpoint_schedule
from theta.node.asset_shelf import AssetShelf
from theta.node.audit import audit
from theta.node.compacting import compact_log
from theta.node.events import Answered, Applied, Diverged, Rejected
from theta.node.opening import open_log
from theta.node.peer import Peer
from theta.wire.messages import GestureName, HistoryPage, MergePreviewRequest, RequestRefused, SwitchBranch


@pytest.fixture
def compacted() -> StoredPump:
    """A room of some thirty records after `theta compact`, with nobody in it."""
    pump = StoredPump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    for number in range(30):
        ada.perform(pump.now, [Rename(entity, f"name {number}")])
        pump.pump()
    pump.drop(ada)
    return _compacted(pump)


@pytest.fixture
def branched() -> StoredPump:
    """A compacted room that has the branches `attic`, with work of its own, and `cellar`, with none."""
    pump = StoredPump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    attic = ada.create_branch(pump.now, "attic")
    ada.create_branch(pump.now, "cellar")
    pump.pump()
    ada.switch_branch(attic)
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    pump.drop(ada)
    return _compacted(pump)


def _compacted(pump: StoredPump) -> StoredPump:
    compaction = compact_log(pump.store, AssetShelf(), pump.secret.identity, pump.now.unix_ms)
    store = MemoryLogStore()
    store.append(compaction.records)
    for part in compaction.parts:
        store.put_part(*part)
    store.put_checkpoint(compaction.checkpoint)
    pump.store, pump.disk = store, [*compaction.records]
    pump.restart()
    return pump


def _branch(peer: Peer, name: str) -> bytes:
    return next(each.id for each in peer.replica.log.governance.branches.values() if each.name == name)


def _ada(pump: StoredPump) -> Peer:
    return next(peer for peer in pump.events if peer.settings.name == "Ada")


def _grown(pump: StoredPump, monkeypatch: pytest.MonkeyPatch) -> tuple[Peer, GestureName]:
    """Much was done since, in a room that writes checkpoints often; of that, a gesture that made a cube."""
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 100)
    eve = pump.join("Eve")
    entity = eve.replica.document.entities()[0]
    made = eve.perform(pump.now, [cube("since")])[0]
    for number in range(400):
        eve.perform(pump.now, [Rename(entity, f"again {number}")])
        if number % 10 == 9:
            pump.advance(0.15)
    pump.advance(3.0)
    assert pump.room.replica.log.frontier is not None
    assert pump.room.replica.log.frontier.seq > pump.store.first_seq + 40
    assert max(pump.store.checkpoints()).seq > pump.store.first_seq + 40, "it writes checkpoints as any room does"
    return eve, GestureName(*made)


def test_log_27_what_was_done_since_can_be_undone_and_stays_so(
    compacted: StoredPump, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = compacted
    eve, made = _grown(pump, monkeypatch)
    before = pump.join("Before")
    eve.perform(pump.now, [SetEffectiveV2([made], False, [])])
    pump.advance(1.0)
    assert pump.room.replica.document.entity_count == 1
    then = pump.room.document_hash
    after = pump.join("After")
    agree(pump, eve, before, after)
    assert pump.told(eve, Diverged) == []
    for peer in (before, after):
        assert peer.replica.fold.base.position == peer.replica.fold.floor.position, "it has all that is kept"
    pump.restart()
    assert pump.room.document_hash == then
    for peer in (eve, before, after):
        pump.connect(peer)
    agree(pump, eve, before, after)


def test_log_27_what_was_done_since_can_be_undone_after_a_restart(
    compacted: StoredPump, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = compacted
    eve, made = _grown(pump, monkeypatch)
    pump.restart()
    pump.connect(eve)
    eve.perform(pump.now, [SetEffectiveV2([made], False, [])])
    pump.advance(1.0)
    assert pump.room.replica.document.entity_count == 1
    agree(pump, eve, pump.join("Late"))


def test_log_27_a_branch_from_below_the_base_comes_to_nothing_and_hurts_nobody(compacted: StoredPump) -> None:
    pump = compacted
    bob, page = pump.join("Bob"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    entity = bob.replica.document.entities()[0]
    old = bob.create_branch(pump.now, "old", 5)
    pump.advance(1.0)
    outcome = pump.told(bob, Applied)[-1].outcome
    assert (outcome.kind, outcome.reason.split(":")[0]) == ("no-op", "BeyondHistory")
    page.say(SwitchBranch(old))
    pump.advance(1.0)
    assert [refused.code for refused in page.of(RequestRefused)] == ["UnknownBranch"]
    with pytest.raises(UnknownElement):
        bob.switch_branch(old)
    assert bob.branch == MAIN_BRANCH
    bob.perform(pump.now, [red(entity)])
    pump.advance(1.0)
    agree(pump, bob, pump.join("Carol"))
    assert page.hash == pump.room.document_hash
    assert pump.told(bob, Diverged) == []
    then = pump.room.document_hash
    pump.restart()
    assert pump.room.document_hash == then


def test_log_27_joiners_are_on_any_branch_of_a_compacted_room_and_merge_what_is_new(branched: StoredPump) -> None:
    pump = branched
    bob, page = pump.join("Bob"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    attic, cellar = _branch(bob, "attic"), _branch(bob, "cellar")
    main = pump.room.document_hash
    for branch in (attic, cellar):
        bob.switch_branch(branch)
        page.say(SwitchBranch(branch))
        pump.advance(1.0)
        assert bob.replica.document.hash == page.hash
        assert (page.hash == main) == (branch == cellar)
    made = bob.perform(pump.now, [cube("in the cellar")])[0]
    pump.advance(1.0)
    bob.switch_branch(MAIN_BRANCH)
    page.say(SwitchBranch(MAIN_BRANCH))
    pump.advance(1.0)
    told = [_merged(pump, bob, source) for source in (attic, cellar)]
    assert [kind for kind, _ in told] == ["no-op", "applied"]
    assert told[0][1].startswith("BeyondHistory")
    assert entity_id(made) in pump.room.replica.document.entities()
    agree(pump, bob, pump.join("Carol"))
    assert page.hash == pump.room.document_hash
    assert page.outcomes == []
    then = pump.room.document_hash
    pump.restart()
    assert pump.room.document_hash == then
    assert audit(pump.store.read(), source=pump.store).is_good


def test_log_27_who_began_with_a_later_checkpoint_fetches_the_base_for_an_old_branch(
    branched: StoredPump, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = branched
    eve, _ = _grown(pump, monkeypatch)
    bob = pump.join("Bob")
    attic = _branch(bob, "attic")
    assert bob.replica.log.first_seq > pump.store.first_seq + 40, "it began with a later one"
    for peer in (eve, bob):
        peer.switch_branch(attic)
        pump.advance(2.0)
    assert eve.replica.document.hash == bob.replica.document.hash != pump.room.document_hash
    assert bob.branch == attic


def test_wire_43_a_merge_of_what_was_dropped_is_not_previewed_as_nothing(branched: StoredPump) -> None:
    pump = branched
    bob = pump.join("Bob")
    attic, cellar = _branch(bob, "attic"), _branch(bob, "cellar")
    bob.ask(lambda number: MergePreviewRequest(number, attic, 0, 10))
    bob.ask(lambda number: MergePreviewRequest(number, cellar, 0, 10))
    pump.advance(1.0)
    told = [event.answer for event in pump.told(bob, Answered)]
    assert isinstance(told[0], RequestRefused)
    assert told[0].code == "BeyondHistory"
    assert isinstance(told[1], HistoryPage)
    assert told[1].entries == []


def _merged(pump: StoredPump, peer: Peer, source: bytes) -> tuple[str, str]:
    peer.merge_branch(pump.now, source)
    pump.advance(1.0)
    outcome = pump.told(peer, Applied)[-1].outcome
    return outcome.kind, outcome.reason


def test_an_old_copy_catches_up_and_its_unsent_edits_arrive_once(compacted: StoredPump) -> None:
    pump = compacted
    ada = _ada(pump)
    entity = ada.replica.document.entities()[0]
    names = ada.perform(pump.now, [red(entity)]) + ada.perform(pump.now, [Rename(entity, "late")])
    bob = pump.join("Bob")
    for number in range(10):
        bob.perform(pump.now, [Rename(entity, f"new {number}")])
        pump.pump()
    pump.connect(ada)
    pump.advance(3.0)
    assert ada.unacknowledged == 0
    assert pump.told(ada, Rejected) == []
    assert [event.name for event in pump.told(ada, Applied)][-2:] == names
    agree(pump, ada, bob)
    report = audit(pump.store.read(), source=pump.store)
    assert report.fault is None
    assert open_log(pump.store).replica.document.hash == pump.room.document_hash
