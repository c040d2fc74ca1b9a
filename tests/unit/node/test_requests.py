"""What a participant can ask of a room: who, the history, past moments, invites; none of it holds up the room."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, cube, red
from theta.base.errors import NotConnected
from theta.base.identifiers import MAIN_BRANCH, entity_id
from theta.base.limits import ERRANDS_PER_CONNECTION_MAX, HISTORY_ENTRIES_MAX, REQUEST_BURST_MAX
from theta.commands.command import Command
from theta.commands.governing import SetCascade, SetPermission, SetRole, SetStrategy
from theta.commands.store import StoredRecord
from theta.editor.mesh_operations import ExtrudeFaceV2
from theta.editor.unit import APPLIED, SUSPENDED
from theta.editor.vocabulary import Rename, SetEffectiveV2
from theta.node import makers, past, requests
from theta.node.events import Answered, BranchesChanged, Joined
from theta.node.peer import Peer
from theta.node.reading import LogReader
from theta.session.colours import PALETTE
from theta.session.invites import read_invite
from theta.wire.messages import (
    GestureName,
    HistoryPage,
    HistoryRequest,
    InviteMade,
    InviteRequest,
    MergePreviewRequest,
    MomentPart,
    MomentRequest,
    PolicyAnswer,
    PolicyRequest,
    RequestRefused,
    WhoAnswer,
    WhoRequest,
)
from theta.wire.types import ElementKind


def _answers(pump: Pump, peer: Peer) -> list[object]:
    return [event.answer for event in pump.told(peer, Answered)]


def _ask_who(pump: Pump, peer: Peer, entity: bytes, kind: ElementKind, element: bytes) -> WhoAnswer:
    number = peer.ask(lambda number: WhoRequest(number, entity, kind, element))
    pump.pump()
    answer = _answers(pump, peer)[-1]
    assert isinstance(answer, WhoAnswer)
    assert answer.request == number
    return answer


def test_wire_33_every_element_is_its_makers() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    made = ada.perform(pump.now, [cube()])[0]
    entity = entity_id(made)
    pump.pump()
    mesh = pump.room.replica.document.mesh(entity)
    assert mesh is not None
    old = set(mesh.face_ids())
    pump.advance(1.0)
    extruded = bob.perform(pump.now, [ExtrudeFaceV2(entity, mesh.face_ids()[0], 0.25)])[0]
    pump.pump()
    for face in mesh.face_ids():
        answer = _ask_who(pump, ada, entity, "face", face)
        if face in old:
            assert (answer.author, answer.author_name, answer.number) == (ada.author, "Ada", made.number)
        else:
            assert (answer.author, answer.label, answer.number) == (bob.author, "extrude face", extruded.number)
            assert (answer.actor, answer.seq, answer.at_ms) == (bob.actor, ada.replica.log.head_seq, pump.now.unix_ms)
            assert answer.colour == next(person.colour for person in ada.people if person.name == "Bob")
    answer = _ask_who(pump, ada, entity, "object", entity)
    assert (answer.author_name, answer.label) == ("Ada", "create primitive")
    assert not _ask_who(pump, ada, entity, "edge", b"x" * 16).found
    assert not _ask_who(pump, ada, b"x" * 16, "object", b"x" * 16).found


def test_wire_33_a_long_history_is_replayed_a_piece_at_a_time_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(makers, "MAKER_SLICE_COMMANDS", 2)
    pump = Pump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    for number in range(20):
        ada.perform(pump.now, [Rename(entity, f"name {number}")])
    pump.pump()
    mesh = pump.room.replica.document.mesh(entity)
    assert mesh is not None
    ada.ask(lambda number: WhoRequest(number, entity, "vertex", mesh.vertex_ids()[0]))
    while (sent := ada.poll_transmit()) is not None:
        pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
    turns = 0
    while pump.room.poll_timeout() == pump.now.seconds:
        pump.room.handle_timeout(pump.now)
        turns += 1
    assert turns > 10
    pump.pump()
    assert isinstance(_answers(pump, ada)[-1], WhoAnswer)


def test_wire_34_the_history_is_by_gesture_and_newest_first() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    dragged = bob.perform(pump.now, [Rename(entity, "a")])[0]
    pump.pump()
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    bob.perform(pump.now, [Rename(entity, "b")], gesture=dragged.number)
    pump.pump()
    ada.undo(pump.now)
    pump.pump()
    owner.perform(pump.now, [SetRole(bob.author, "admin")])
    pump.pump()
    ada.ask(lambda number: HistoryRequest(number, 0, 100))
    pump.pump()
    page = _answers(pump, ada)[-1]
    assert isinstance(page, HistoryPage)
    told = [(entry.author_name, entry.label, entry.outcome, entry.entity) for entry in page.entries]
    assert told == [
        ("Owner", "make Bob admin", "applied", b""),
        ("Ada", "undo", "applied", b""),
        ("Bob", "rename", "applied", entity),
        ("Ada", "paint", "suspended", entity),
        ("Ada", "create primitive", "applied", entity),
    ]
    assert not page.more
    assert [entry.seq for entry in page.entries] == sorted((entry.seq for entry in page.entries), reverse=True)
    assert page.entries[2].number == dragged.number


def test_wire_34_the_history_comes_in_pages_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "HISTORY_SLICE_RECORDS", 3)
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(25):
        ada.perform(pump.now, [cube(f"cube {number}")])
    pump.pump()
    found: list[int] = []
    before = 0
    while True:
        ada.ask(lambda number, before=before: HistoryRequest(number, before, 7))  # type: ignore[misc]
        pump.pump()
        page = _answers(pump, ada)[-1]
        assert isinstance(page, HistoryPage)
        assert len(page.entries) <= 7
        found += [entry.number for entry in page.entries]
        if not page.more or not page.entries:
            break
        before = page.entries[-1].seq
    assert found == list(range(25, 0, -1))


def test_wire_34_a_page_has_a_limit_whatever_is_asked() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(HISTORY_ENTRIES_MAX + 20):
        ada.perform(pump.now, [cube(f"cube {number}")])
        if number % 50 == 49:
            pump.advance(2.0)
    pump.advance(2.0)
    ada.ask(lambda number: HistoryRequest(number, 0, 0xFFFF_FFFF))
    pump.pump()
    page = _answers(pump, ada)[-1]
    assert isinstance(page, HistoryPage)
    assert (len(page.entries), page.more) == (HISTORY_ENTRIES_MAX, True)


def test_wire_35_a_past_moment_is_what_the_document_was() -> None:
    pump = Pump()
    ada, page = pump.join("Ada"), PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    seq, then, components = page.seq, page.hash, dict(page.components)
    ada.perform(pump.now, [red(entity)])
    pump.pump()
    page.say(MomentRequest(5, seq))
    pump.pump()
    parts = page.of(MomentPart)
    assert [(part.request, part.seq, part.document_hash) for part in parts] == [(5, seq, then)] * len(parts)
    assert (parts[0].first, parts[-1].last) == (True, True)
    shown = {
        (unit.entity, component.component): component.data
        for part in parts
        for unit in part.units
        for component in unit.components
    }
    assert shown == components
    assert page.hash == pump.room.document_hash != then


def test_wire_35_a_moment_that_is_no_more_wanted_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    ada.ask(lambda number: MomentRequest(number, 2))
    ada.ask(lambda number: MomentRequest(number, 3))
    last = ada.ask(lambda number: MomentRequest(number, 0))
    assert last == 3
    pump.pump()
    assert _answers(pump, ada) == []
    ada.ask(lambda number: MomentRequest(number, 2))
    ada.ask(lambda number: MomentRequest(number, 3))
    pump.pump()
    assert {answer.seq for answer in _answers(pump, ada) if isinstance(answer, MomentPart)} == {3}


def test_wire_35_a_moment_that_has_not_come_or_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    ada.ask(lambda number: MomentRequest(number, 1_000))
    pump.pump()
    monkeypatch.setattr(requests, "MOMENT_BYTES_MAX", 100)
    ada.ask(lambda number: MomentRequest(number, 3))
    pump.pump()
    monkeypatch.setattr(requests, "MOMENT_COMMANDS_MAX", 0)
    ada.ask(lambda number: MomentRequest(number, 3))
    pump.pump()
    refused = [answer for answer in _answers(pump, ada) if isinstance(answer, RequestRefused)]
    assert [(each.request, each.code) for each in refused] == [
        (1, "InvalidValue"),
        (2, "TooExpensive"),
        (3, "TooExpensive"),
    ]


def test_wire_36_an_admin_makes_invites_with_a_role_and_an_end() -> None:
    pump = Pump()
    admin, editor = pump.join("Admin", "admin"), pump.join("Editor")
    admin.ask(lambda number: InviteRequest(number, "viewer", 60))
    admin.ask(lambda number: InviteRequest(number, "editor", 0))
    editor.ask(lambda number: InviteRequest(number, "admin", 0))
    pump.pump()
    ending, lasting = _answers(pump, admin)
    assert isinstance(ending, InviteMade)
    assert isinstance(lasting, InviteMade)
    assert (ending.role, ending.expires_ms) == ("viewer", pump.now.unix_ms + 60_000)
    assert (lasting.role, lasting.expires_ms) == ("editor", 0)
    invite = read_invite(ending.token)
    assert invite is not None
    assert invite.expires_ms == ending.expires_ms
    (refused,) = _answers(pump, editor)
    assert isinstance(refused, RequestRefused)
    assert refused.code == "NotAllowed"
    guest, late = pump.peer("Guest", invite=ending.token), pump.peer("Late", invite=ending.token)
    pump.connect(guest)
    assert pump.told(guest, Joined)[-1].role == "viewer"
    pump.advance(61.0)
    assert pump.code_of(pump.connect(late)) == 4403


def test_wire_42_the_policies_are_told_type_by_type() -> None:
    pump = Pump()
    editor = pump.join("Editor")
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    owner.perform(pump.now, [SetStrategy("*", "merge"), SetStrategy("theta.paint", "reject"), SetCascade(False)])
    owner.perform(pump.now, [SetPermission("theta.paint", "viewer"), SetPermission("theta.merge_branch", "admin")])
    pump.pump()
    editor.ask(PolicyRequest)
    pump.pump()
    (answer,) = _answers(pump, editor)
    assert isinstance(answer, PolicyAnswer)
    assert (answer.strategy, answer.cascade) == ("merge", False)
    rules = {rule.command: (rule.strategy, rule.role) for rule in answer.rules}
    assert list(rules) == sorted(rules)
    assert rules["theta.paint"] == ("reject", "viewer")
    assert rules["theta.move_vertices"] == ("merge", "editor")
    assert rules["theta.merge_branch"] == ("", "admin")
    assert rules["theta.create_branch"] == rules["theta.set_effective"] == ("", "editor")
    assert "theta.set_role" not in rules, "always for admins only"


def test_wire_43_what_a_merge_would_bring_is_told_whether_its_source_is_open_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    draft = bob.create_branch(pump.now, "draft")
    pump.pump()
    bob.switch_branch(draft)
    pump.pump()
    painted = bob.perform(pump.now, [red(entity)])[0]
    named = bob.perform(pump.now, [Rename(entity, "theirs")])[0]
    ada.perform(pump.now, [Rename(entity, "mine")])
    pump.pump()
    bob.undo(pump.now)
    pump.pump()

    def preview(peer: Peer, source: bytes, before: int = 0, count: int = 100) -> HistoryPage:
        peer.ask(lambda number: MergePreviewRequest(number, source, before, count))
        pump.pump()
        page = _answers(pump, peer)[-1]
        assert isinstance(page, HistoryPage)
        return page

    told = [(each.number, each.label, each.outcome) for each in preview(ada, draft).entries]
    assert told[1:] == [(named.number, "rename", "suspended"), (painted.number, "paint", "applied")]
    assert told[0][1:] == ("undo", "applied")
    first = preview(ada, draft, count=2)
    assert ([each.number for each in first.entries[1:]], first.more) == ([named.number], True)
    rest = preview(ada, draft, before=first.entries[-1].seq)
    assert ([each.number for each in rest.entries], rest.more) == ([painted.number], False)
    assert [each.author_name for each in preview(bob, MAIN_BRANCH).entries] == ["Ada"]
    assert preview(bob, draft).entries == [], "nothing comes from where one is"
    pump.drop(bob)
    assert [(each.number, each.label, each.outcome) for each in preview(ada, draft).entries] == told
    ada.ask(lambda number: MergePreviewRequest(number, b"?" * 16, 0, 1))
    monkeypatch.setattr(requests, "MOMENT_COMMANDS_MAX", 0)
    ada.ask(lambda number: MergePreviewRequest(number, draft, 0, 1))
    pump.pump()
    codes = [each.code for each in _answers(pump, ada) if isinstance(each, RequestRefused)]
    assert codes == ["UnknownBranch", "TooExpensive"]


def test_wire_37_who_asks_too_often_is_refused_and_stays() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for _ in range(REQUEST_BURST_MAX + 5):
        ada.ask(lambda number: MomentRequest(number, 0))
    pump.pump()
    codes = [answer.code for answer in _answers(pump, ada) if isinstance(answer, RequestRefused)]
    assert codes == ["RateLimited"] * 5
    assert ada.is_joined


def test_wire_37_only_so_much_is_under_way_for_one_connection() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    for _ in range(ERRANDS_PER_CONNECTION_MAX + 1):
        ada.ask(lambda number: HistoryRequest(number, 0, 10))
    # All of them at once, before the room has a turn to answer any.
    while (sent := ada.poll_transmit()) is not None:
        pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
    pump.pump()
    kinds = [type(answer) for answer in _answers(pump, ada)]
    assert sorted(kind.__name__ for kind in kinds) == ["HistoryPage"] * ERRANDS_PER_CONNECTION_MAX + ["RequestRefused"]


def test_nothing_is_asked_without_a_connection() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.drop(ada)
    with pytest.raises(NotConnected):
        ada.ask(lambda number: HistoryRequest(number, 0, 10))


def test_wire_37_what_was_asked_for_is_forgotten_with_the_connection() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    ada.ask(lambda number: HistoryRequest(number, 0, 10))
    while (sent := ada.poll_transmit()) is not None:
        pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
    assert pump.room.telemetry(pump.now)['theta_queue_length{queue="errands"}'] == 1
    pump.drop(ada)
    assert pump.room.telemetry(pump.now)['theta_queue_length{queue="errands"}'] == 0


def test_the_colour_of_somebody_who_has_left_is_theirs_in_an_empty_room() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    made = bob.perform(pump.now, [cube()])[0]
    pump.pump()
    pump.drop(bob)
    answer = _ask_who(pump, ada, entity_id(made), "object", entity_id(made))
    assert answer.colour == PALETTE[bob.author[0] % len(PALETTE)]


def test_wire_30_when_branches_were_made_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    for name in ("attic", "cellar"):
        ada.create_branch(pump.now, name)
    pump.pump()
    asked: list[int] = []
    really = LogReader.timed_commands

    def timed_commands(reader: LogReader, record: StoredRecord) -> list[tuple[Command, int]]:
        asked.append(record.seq)
        return really(reader, record)

    monkeypatch.setattr(LogReader, "timed_commands", timed_commands)
    lists = [pump.told(pump.join(name), BranchesChanged)[0] for name in ("Bob", "Eve")]
    assert lists[0].branches == lists[1].branches
    assert {each.name: each.at_ms > 0 for each in lists[0].branches} == {"main": False, "attic": True, "cellar": True}
    assert asked == []


def test_cmd_76_my_step_500_back_may_be_undone_in_company() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    first, *_ = ada.perform(pump.now, [red(entity)])
    for number in range(500):
        ada.perform(pump.now, [Rename(entity, f"Ada's {number}")])
        bob.perform(pump.now, [Rename(entity, f"Bob's {number}")])
        pump.advance(0.02)
    assert ada.unacknowledged == bob.unacknowledged == 0
    pump.advance(1.0)
    (undone,) = ada.perform(pump.now, [SetEffectiveV2([GestureName(*first)], False, [])])
    pump.pump()
    assert ada.unacknowledged == 0, "it need not wait"
    assert pump.room.replica.outcome(undone) == APPLIED
    assert pump.room.replica.outcome(first) == SUSPENDED
