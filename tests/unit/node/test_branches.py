"""Branches in a live room: forked, switched to, merged, by people who fold and by pages (CMD-65 … CMD-68, WIRE-30)."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube, red
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import MAIN_BRANCH, CommandName, entity_id
from theta.base.limits import BRANCHES_OPEN_MAX
from theta.commands.governance import Strategy
from theta.editor.components import Material
from theta.editor.vocabulary import Paint, Rename
from theta.node.events import Answered, Applied, BranchesChanged, DocumentChanged
from theta.node.peer import Peer
from theta.wire.messages import BranchList, DocumentPart, GestureName, History, RequestRefused, SwitchBranch

BLUE = (0.0, 0.0, 1.0)


def _colour(peer: Peer, entity: bytes) -> tuple[float, float, float]:
    unit = peer.replica.fold.unit(entity)
    assert unit is not None
    assert isinstance(unit.material, Material)
    return unit.material.colour


def _branch(pump: Pump, peer: Peer, name: str = "attic", fork: int | None = None) -> bytes:
    branch = peer.create_branch(pump.now, name, fork)
    pump.pump()
    return branch


def _with_cube(pump: Pump, *peers: Peer) -> bytes:
    made = peers[0].perform(pump.now, [cube()])[0]
    pump.pump()
    return entity_id(made)


def test_wire_30_what_is_done_on_a_branch_shows_there_and_nowhere_else() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = _with_cube(pump, ada)
    attic = _branch(pump, ada)
    main_hash = pump.room.document_hash
    ada.switch_branch(attic)
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    assert (_colour(ada, entity), ada.branch) == ((1.0, 0.0, 0.0), attic)
    assert _colour(bob, entity) != (1.0, 0.0, 0.0)
    assert bob.replica.document.hash == pump.room.document_hash == main_hash
    assert ada.replica.document.hash != main_hash
    bob.switch_branch(attic)
    pump.pump()
    assert bob.replica.document.hash == ada.replica.document.hash
    bob.perform(pump.now, [Rename(entity, "in the attic")])
    pump.pump()
    assert bob.replica.document.hash == ada.replica.document.hash
    ada.switch_branch(MAIN_BRANCH)
    pump.pump()
    agree(pump, ada)
    assert [event.outcome.kind for event in pump.told(ada, Applied)] == ["applied"] * 3


def test_wire_30_a_branch_begins_at_any_record() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    entity = _with_cube(pump, ada)
    before, before_hash = ada.replica.log.head_seq, pump.room.document_hash
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    ada.switch_branch(_branch(pump, ada, "earlier", before))
    pump.pump()
    assert ada.replica.document.hash == before_hash
    with pytest.raises(InvalidValue, match="fork"):
        ada.create_branch(pump.now, "later", ada.replica.log.head_seq + 1)


def test_wire_30_two_branches_merge_to_the_same_either_way() -> None:
    hashes = []
    for first, second in (("ada", "bob"), ("bob", "ada")):
        pump = Pump()
        peers = {"ada": pump.join("Ada"), "bob": pump.join("Bob")}
        entity = _with_cube(pump, peers["ada"])
        left = _branch(pump, peers["ada"], "left")
        right = _branch(pump, peers["bob"], "right")
        peers["ada"].switch_branch(left)
        peers["bob"].switch_branch(right)
        peers["ada"].perform(pump.now, [red(entity)])
        peers["bob"].perform(pump.now, [Rename(entity, "right")])
        pump.pump()
        other = {"ada": right, "bob": left}
        peers[first].merge_branch(pump.now, other[first])
        pump.pump()
        peers[second].merge_branch(pump.now, other[second])
        pump.pump()
        assert peers["ada"].replica.document.hash == peers["bob"].replica.document.hash
        assert _colour(peers["bob"], entity) == (1.0, 0.0, 0.0)
        hashes.append(peers["ada"].replica.document.hash)
        assert pump.room.document_hash not in hashes
    assert hashes[0] == hashes[1]


def test_wire_30_a_merge_leaves_out_what_was_decided_against_and_names_its_strategy() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    entity = _with_cube(pump, ada)
    attic = _branch(pump, ada)
    ada.switch_branch(attic)
    pump.pump()
    unwanted = ada.perform(pump.now, [Paint(entity, BLUE)])[0]
    ada.perform(pump.now, [Rename(entity, "kept")])
    pump.pump()
    ada.switch_branch(MAIN_BRANCH)
    pump.pump()
    merged = ada.merge_branch(pump.now, attic, Strategy.MERGE, [CommandName(*unwanted)])
    pump.pump()
    outcome = ada.replica.outcome(merged)
    assert outcome is not None
    assert outcome.kind == "applied"
    unit = ada.replica.fold.unit(entity)
    assert unit is not None
    assert unit.name is not None
    assert (unit.name.text, _colour(ada, entity) == BLUE) == ("kept", False)
    left_out = ada.replica.outcome(unwanted)
    assert left_out is not None
    assert left_out.kind == "suspended"
    agree(pump, ada)
    pump.restart()
    assert pump.room.document_hash == ada.replica.document.hash


def test_wire_30_a_page_is_given_the_branchs_document_and_then_its_patches() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    entity = _with_cube(pump, ada)
    attic = _branch(pump, ada)
    assert [info.name for info in page.of(BranchList)[-1].branches] == ["main", "attic"]
    assert page.of(BranchList)[-1].branches[1].author_name == "Ada"
    page.say(SwitchBranch(attic))
    pump.pump()
    assert (page.branch, page.of(DocumentPart)[-1].branch) == (attic, attic)
    page.perform(pump.now, red(entity))
    ada.perform(pump.now, [Rename(entity, "on main")])
    pump.pump()
    ada.switch_branch(attic)
    pump.pump()
    assert (page.hash, page.divergences) == (ada.replica.document.hash, 0)
    assert page.hash != pump.room.document_hash
    page.say(SwitchBranch(MAIN_BRANCH))
    pump.pump()
    assert (page.hash, page.divergences) == (pump.room.document_hash, 0)


def test_wire_14_whoever_switches_hears_what_their_undo_would_be_there() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    (made,) = page.perform(pump.now, cube())
    pump.pump()
    entity, attic = entity_id(made), _branch(pump, ada)
    (renamed,) = page.perform(pump.now, Rename(entity, "on main"))
    pump.pump()
    for branch, number in ((attic, 1), (MAIN_BRANCH, renamed.number)):
        heard = len(page.heard)
        page.say(SwitchBranch(branch))
        pump.pump()
        kinds = [type(each) for each in page.heard[heard:] if isinstance(each, DocumentPart | History)]
        assert kinds == [DocumentPart, History]
        assert page.history is not None
        assert page.history.undo[0].gestures == [GestureName(page.actor, number)]


def test_wire_30_a_session_goes_on_on_its_branch_after_the_connection_was_lost() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    entity = _with_cube(pump, ada)
    attic = _branch(pump, ada)
    ada.switch_branch(attic)
    pump.pump()
    pump.drop(ada)
    ada.perform(pump.now, [red(entity)])
    pump.connect(ada)
    assert ada.branch == attic
    assert _colour(ada, entity) == (1.0, 0.0, 0.0)
    pump.restart()
    pump.connect(ada)
    other = pump.join("Other")
    other.switch_branch(attic)
    pump.pump()
    assert other.replica.document.hash == ada.replica.document.hash
    assert pump.told(ada, BranchesChanged)[-1].current == attic


def test_a_branch_that_is_not_there_is_refused() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    with pytest.raises(UnknownElement):
        ada.switch_branch(b"x" * 16)
    with pytest.raises(UnknownElement):
        ada.merge_branch(pump.now, b"x" * 16)
    page.say(SwitchBranch(b"x" * 16))
    pump.pump()
    assert [(each.request, each.code) for each in page.of(RequestRefused)] == [(0, "UnknownBranch")]
    assert page.is_open


def test_a_name_that_is_taken_makes_no_branch() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    _with_cube(pump, ada)
    _branch(pump, ada, "attic")
    second = _branch(pump, ada, "attic")
    assert pump.told(ada, Applied)[-1].outcome.kind == "no-op"
    with pytest.raises(UnknownElement):
        ada.switch_branch(second)


def test_a_document_that_changes_with_the_branch_is_told() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    entity = _with_cube(pump, ada)
    attic = _branch(pump, ada, "before", 1)
    pump.events[ada].clear()
    ada.switch_branch(attic)
    pump.pump()
    assert ada.replica.document.entities() == []
    assert [event.entities for event in pump.told(ada, DocumentChanged)] == [frozenset({entity})]


def test_presence_is_seen_across_branches() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    from theta.replication.presence import HEAD_VALID, Presence

    bob.show(pump.now, Presence(0, 0, HEAD_VALID, head_position=(1.0, 2.0, 3.0)))
    pump.advance(0.2)
    attic = _branch(pump, ada)
    ada.switch_branch(attic)
    row = ada.presence_of(bob.actor)
    assert row is not None
    assert row.head_position == (1.0, 2.0, 3.0)


def test_only_so_many_branches_are_kept_open_at_once() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    branches = [_branch(pump, ada, f"branch {number}") for number in range(BRANCHES_OPEN_MAX)]
    people = [pump.join(f"Person {number}") for number in range(BRANCHES_OPEN_MAX)]
    for person, branch in zip(people, branches, strict=True):
        person.switch_branch(branch)
        pump.pump()
    refused = [event.answer for person in people for event in pump.told(person, Answered)]
    assert [each.code for each in refused if isinstance(each, RequestRefused)] == ["TooExpensive"]
    people[0].switch_branch(MAIN_BRANCH)
    pump.pump()
    people[-1].ask(lambda number: SwitchBranch(branches[-1]))
    pump.pump()
    assert pump.told(people[-1], BranchesChanged)[-1].current == branches[-1]
