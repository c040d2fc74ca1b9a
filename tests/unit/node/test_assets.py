"""Assets between a room and its participants: AST-4 … AST-10, and the imports that name them."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree
from theta.base import limits
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import entity_id
from theta.editor.vocabulary import ImportMesh, Rename
from theta.mesh import UnusableAsset, asset_name, encode_polygons
from theta.node import asset_desk, backlog, catch_up, commit_gate, connections
from theta.node.events import (
    Applied,
    AssetNotStored,
    AssetProgress,
    AssetStored,
    OutcomeChanged,
    Postponed,
    Rejected,
    Synced,
)
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import AssetData, AssetPart, AssetReceived, AssetRefused, AssetRequest, Commit, Message
from theta.wire.types import RoleName

TRIANGLE = encode_polygons([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [(0, 1, 2)])
FLAT = encode_polygons([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0)], [(0, 1, 2)])


def sheet(columns: int = 4_000, height: float = 1.0) -> bytes:
    """A strip of quads: 272 kB, which is more than a window, when it is of 4,000."""
    points = [(0.01 * x, height * z, 0.0) for z in range(2) for x in range(columns + 1)]
    faces = [(at, at + 1, at + columns + 2, at + columns + 1) for at in range(columns)]
    return encode_polygons(points, faces)


def imported(asset: bytes) -> ImportMesh:
    return ImportMesh(asset, "strip", (0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (1.0, 0.5, -0.0))


def give(pump: Pump, peer: Peer, data: bytes) -> bytes:
    """Upload it to the end."""
    name = peer.upload(pump.now, data)
    pump.pump()
    assert pump.told(peer, AssetStored)[-1] == AssetStored(name)
    return name


def do_import(pump: Pump, peer: Peer, data: bytes) -> bytes:
    """Upload and import; returns the entity."""
    (name,) = peer.perform(pump.now, [imported(give(pump, peer, data))])
    pump.pump()
    return entity_id(name)


class Speaker:
    """A patched participant that sends parts by hand."""

    def __init__(self, pump: Pump, role: RoleName = "editor") -> None:
        self.pump = pump
        self.peer = PatchPeer(f"speaker {len(pump.ends)} of {len(pump.closes)}", pump.room.invite(role))
        self.number = pump.connect(self.peer)

    def say(self, message: Message) -> list[Message]:
        """What the room answers to it about assets."""
        before = len(self.peer.heard)
        self.peer.say(message)
        self.pump.pump()
        kinds = (AssetReceived, AssetRefused, AssetData)
        return [each for each in self.peer.heard[before:] if isinstance(each, kinds)]


def parts(data: bytes, name: bytes | None = None, size: int = 65_536) -> list[AssetPart]:
    name = name or asset_name(data)
    return [AssetPart(name, len(data), at, data[at : at + size]) for at in range(0, len(data), size)]


def refusal(answers: list[Message]) -> str:
    (answer,) = answers
    assert isinstance(answer, AssetRefused), answer
    assert answer.reason
    return answer.code


def test_ast_5_an_asset_comes_in_parts_and_everybody_imports_it() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    data = sheet()
    entity = do_import(pump, ada, data)
    agree(pump, ada, ben)
    mesh = ben.replica.document.mesh(entity)
    assert mesh is not None
    assert mesh.face_count == 4_000
    progress = [event.received for event in pump.told(ada, AssetProgress)]
    assert progress == sorted(progress)
    assert progress[-1] == len(data)
    assert pump.assets[asset_name(data)].data == data


def test_ast_5_a_participant_stays_within_its_window() -> None:
    pump = Pump()
    ada = pump.join("ada")
    data = sheet(8_000)
    ada.upload(pump.now, data)
    sent: list[AssetPart] = []
    received = 0

    def watch(connection: int, lane: Lane, frame: bytes) -> bytes:
        nonlocal received
        message = decode_from_room(frame)
        if isinstance(message, AssetReceived):
            received = message.received
        return frame

    pump.meddle = watch
    handle = pump.room._assets.handle_part

    def note(now: object, connection: object, who: object, part: AssetPart) -> None:
        sent.append(part)
        assert part.offset + len(part.data) <= received + limits.ASSET_WINDOW_BYTES
        handle(now, connection, who, part)  # type: ignore[arg-type]

    pump.room._assets.handle_part = note  # type: ignore[method-assign]
    pump.pump()
    assert pump.told(ada, AssetStored)
    assert sent[0].data == b"", "first it asks how far the room is"
    assert b"".join(part.data for part in sent) == data


def test_ast_5_a_part_at_another_place_changes_nothing_and_is_told_where_to_go_on() -> None:
    speaker = Speaker(Pump())
    data = sheet()
    first, second, third, *rest = parts(data)
    name = asset_name(data)
    assert speaker.say(first) == [AssetReceived(name, 65_536, False)]
    assert speaker.say(third) == [AssetReceived(name, 65_536, False)]
    assert speaker.say(first) == [AssetReceived(name, 65_536, False)]
    assert speaker.say(replace(second, data=b"")) == [AssetReceived(name, 65_536, False)]
    for part in (second, third, *rest):
        answers = speaker.say(part)
    assert answers == [AssetReceived(name, len(data), False), AssetReceived(name, len(data), True)]


def test_ast_6_what_is_not_on_disk_is_not_stored_and_may_not_be_named() -> None:
    pump = Pump()
    ada = pump.join("ada")
    pump.is_frozen = True
    name = ada.upload(pump.now, TRIANGLE)
    pump.pump()
    assert not pump.told(ada, AssetStored)
    ada.perform(pump.now, [imported(name)])
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["UnknownAsset"]
    pump.thaw()
    assert pump.told(ada, AssetStored) == [AssetStored(name)]
    ada.perform(pump.now, [imported(name)])
    pump.pump()
    assert pump.told(ada, Applied)[-1].outcome.kind == "applied"


def test_ast_6_the_same_asset_again_is_stored_at_once() -> None:
    pump = Pump()
    ada = pump.join("ada")
    name = give(pump, ada, TRIANGLE)
    ben = Speaker(pump)
    assert ben.say(AssetPart(name, len(TRIANGLE), 0, b"")) == [AssetReceived(name, len(TRIANGLE), True)]
    cleo = Speaker(pump)
    pump.is_frozen = True
    other = sheet(10)
    assert ben.say(parts(other)[0]) == [AssetReceived(asset_name(other), len(other), False)]
    assert cleo.say(parts(other)[0]) == [AssetReceived(asset_name(other), len(other), False)]
    pump.thaw()
    for speaker in (ben, cleo):
        assert speaker.peer.of(AssetReceived)[-1] == AssetReceived(asset_name(other), len(other), True)


def test_ast_7_what_is_refused_and_why() -> None:
    pump = Pump()
    speaker = Speaker(pump)
    name = asset_name(TRIANGLE)
    assert refusal(speaker.say(AssetPart(bytes(32), len(TRIANGLE), 0, TRIANGLE))) == "WrongHash"
    assert refusal(speaker.say(AssetPart(asset_name(b"x"), 1, 0, b"x"))) == "UnusableAsset"
    assert refusal(speaker.say(AssetPart(name, limits.ASSET_BYTES_MAX + 1, 0, b""))) == "UnusableAsset"
    assert refusal(speaker.say(AssetPart(name, 0, 0, b""))) == "UnusableAsset"
    assert refusal(speaker.say(AssetPart(name, len(TRIANGLE) - 1, 0, TRIANGLE))) == "UnusableAsset"
    speaker.say(AssetPart(name, len(TRIANGLE), 0, TRIANGLE[:9]))
    assert refusal(speaker.say(AssetPart(name, len(TRIANGLE) + 1, 9, b""))) == "UnusableAsset"
    assert speaker.say(AssetPart(name, len(TRIANGLE), 0, b"")) == [AssetReceived(name, 0, False)], "it was forgotten"
    assert refusal(Speaker(pump, "viewer").say(parts(TRIANGLE)[0])) == "NotAllowed"
    assert not pump.assets
    assert not pump.closes


def test_ast_4_a_session_has_so_many_uploads_and_silent_ones_are_forgotten() -> None:
    pump = Pump()
    speaker = Speaker(pump)
    for number in range(limits.ASSET_UPLOADS_PER_SESSION_MAX):
        assert speaker.say(AssetPart(bytes([number]) * 32, 10, 0, b"x"))[0] == AssetReceived(
            bytes([number]) * 32, 1, False
        )
    assert refusal(speaker.say(AssetPart(b"n" * 32, 10, 0, b"x"))) == "TooManyUploads"
    pump.advance(limits.ASSET_UPLOAD_IDLE_SECONDS_MAX + 1.0)
    assert speaker.say(AssetPart(b"n" * 32, 10, 0, b"x")) == [AssetReceived(b"n" * 32, 1, False)]


def test_ast_4_a_room_holds_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asset_desk, "ASSETS_BYTES_MAX", 2 * len(TRIANGLE) + 10)
    pump = Pump()
    ada = pump.join("ada")
    give(pump, ada, TRIANGLE)
    ada.upload(pump.now, sheet(50))
    pump.pump()
    (event,) = pump.told(ada, AssetNotStored)
    assert event.code == "AssetsFull"
    # Nothing has named the first one for long: it makes place.
    pump.advance(limits.ASSET_UNNAMED_SECONDS_MAX + 1.0)
    monkeypatch.setattr(asset_desk, "ASSETS_BYTES_MAX", len(FLAT))
    give(pump, ada, FLAT)
    assert list(pump.assets) == [asset_name(FLAT)]


def test_ast_4_what_somebody_was_just_told_is_stored_stays_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    give(pump, pump.join("ada"), TRIANGLE)
    pump.advance(limits.ASSET_UNNAMED_SECONDS_MAX + 1.0)
    ben, cleo = pump.join("ben"), pump.join("cleo")
    name = give(pump, ben, TRIANGLE)
    monkeypatch.setattr(asset_desk, "ASSETS_BYTES_MAX", len(TRIANGLE))
    cleo.upload(pump.now, FLAT)
    pump.pump()
    assert pump.told(cleo, AssetNotStored)[-1].code == "AssetsFull"
    ben.perform(pump.now, [imported(name)])
    pump.pump()
    assert pump.told(ben, Applied)[-1].outcome.kind == "applied"


def test_ast_8_an_upload_goes_on_over_the_next_connection() -> None:
    pump = Pump()
    ada = pump.join("ada")
    data = sheet()
    number = pump.number_of(ada)
    taken: list[int] = []

    def stop(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        message = decode_from_room(frame)
        if connection == number and isinstance(message, AssetReceived):
            taken.append(message.received)
            return frame if message.received == 0 else None
        return frame

    pump.meddle = stop
    name = ada.upload(pump.now, data)
    pump.pump()
    assert taken[-1] == limits.ASSET_WINDOW_BYTES, "the window went out, and the answers were lost"
    pump.drop(ada)
    pump.meddle = None
    pump.connect(ada)
    assert pump.told(ada, AssetProgress)[1].received == limits.ASSET_WINDOW_BYTES, "nothing is sent twice"
    assert pump.told(ada, AssetStored) == [AssetStored(name)]


def test_ast_8_a_room_that_starts_anew_gets_all_of_it_again() -> None:
    pump = Pump()
    ada = pump.join("ada")
    pump.is_frozen = True
    name = ada.upload(pump.now, TRIANGLE)
    pump.pump()
    pump.restart()
    assert not pump.assets
    pump.connect(ada)
    assert pump.told(ada, AssetStored) == [AssetStored(name)]


def test_ast_8_a_read_only_room_is_asked_again() -> None:
    pump = Pump()
    ada = pump.join("ada")
    pump.fail_store()
    name = ada.upload(pump.now, TRIANGLE)
    pump.pump()
    assert pump.told(ada, Postponed)[-1].code == "ReadOnly"
    pump.advance(6.0)
    assert len(pump.told(ada, Postponed)) == 2
    pump.restart()
    pump.connect(ada)
    assert pump.told(ada, AssetStored) == [AssetStored(name)]


def test_ast_7_who_waits_for_the_disk_hears_when_it_fails() -> None:
    pump = Pump()
    speaker = Speaker(pump)
    pump.is_frozen = True
    speaker.say(parts(TRIANGLE)[0])
    pump.fail_store()
    assert refusal([speaker.peer.of(AssetRefused)[-1]]) == "ReadOnly"
    assert refusal(speaker.say(parts(TRIANGLE)[0])) == "ReadOnly"


def test_an_asset_that_no_room_would_take_is_not_even_sent() -> None:
    pump = Pump()
    ada = pump.join("ada")
    with pytest.raises(UnusableAsset):
        ada.upload(pump.now, b"x")
    assert not ada.unfinished_uploads


def test_cmd_43_polygons_without_area_are_rejected_by_everybody_and_redo_changes_nothing() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    do_import(pump, ada, FLAT)
    outcome = pump.told(ada, Applied)[-1].outcome
    assert outcome.kind == "rejected"
    assert "none has an area" in outcome.reason
    agree(pump, ada, ben)
    assert pump.room.replica.document.entity_count == 0
    assert not pump.told(ada, OutcomeChanged)


def test_cmd_43_undo_redo_and_a_restart_give_the_same_bytes() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    entity = do_import(pump, ada, sheet(100))
    ben.perform(pump.now, [Rename(entity, "mine")])
    pump.pump()
    ada.perform(pump.now, [Rename(entity, "ours")])
    pump.pump()
    full = pump.room.document_hash
    for _ in range(1):
        ada.undo(pump.now)
        pump.pump()
    ada.redo(pump.now)
    pump.pump()
    assert pump.room.document_hash == full
    pump.restart()
    assert pump.room.document_hash == full
    pump.connect(ada)
    cleo = pump.join("cleo")
    agree(pump, ada, cleo)


# -- those who fold --------------------------------------------------------------------------------------------------


def test_ast_9_a_newcomer_fetches_what_the_log_names_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BACKLOG_WINDOW_BYTES", 500)
    monkeypatch.setattr(catch_up, "COMMIT_BYTES_TARGET", 250)
    pump = Pump()
    ada = pump.join("ada")
    for at in range(3):
        entity = do_import(pump, ada, sheet(5_000 + at))
        ada.perform(pump.now, [Rename(entity, f"strip {at}")])
        pump.pump()
    ben = pump.join("ben")
    agree(pump, ada, ben)
    assert pump.told(ben, Synced)
    assert len(ben.replica.assets) == 3


def test_ast_9_commits_wait_in_order_while_other_things_pass() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    number = pump.number_of(ben)
    held: list[bytes] = []

    def hold(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        if connection == number and isinstance(decode_from_room(frame), AssetData):
            held.append(frame)
            return None
        return frame

    pump.meddle = hold
    head = ben.replica.log.head_seq
    entity = do_import(pump, ada, TRIANGLE)
    ada.perform(pump.now, [Rename(entity, "later")])
    ada.say("still here")
    pump.pump()
    assert ben.replica.log.head_seq == head, "nothing is folded out of order"
    assert [type(event).__name__ for event in pump.events[ben]][-1] == "Said"
    pump.meddle = None
    for frame in held:
        ben.handle_frame(pump.now, Lane.COMMANDS, frame)
    pump.pump()
    agree(pump, ada, ben)


def test_ast_9_what_has_come_is_kept_when_the_connection_is_lost() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    number = pump.number_of(ben)
    pieces = 0

    def cut(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        nonlocal pieces
        if connection == number and isinstance(decode_from_room(frame), AssetData):
            pieces += 1
            return frame if pieces <= 2 else None
        return frame

    pump.meddle = cut
    do_import(pump, ada, sheet())
    pump.drop(ben)
    pump.meddle = None
    asked: list[int] = []
    handle = pump.room._assets.handle_request

    def note(now: object, connection: object, request: AssetRequest) -> None:
        asked.append(request.offset)
        handle(now, connection, request)  # type: ignore[arg-type]

    pump.room._assets.handle_request = note  # type: ignore[method-assign]
    pump.connect(ben)
    agree(pump, ada, ben)
    assert asked[0] == 2 * limits.ASSET_PART_BYTES_MAX


Lie = Callable[[AssetData], Message]
LIES: dict[str, Lie] = {
    "other bytes": lambda each: replace(each, data=bytes(len(each.data))),
    "another place": lambda each: replace(each, offset=each.offset + 1),
    "no bytes": lambda each: replace(each, data=b""),
    "another size": lambda each: replace(each, size=limits.ASSET_BYTES_MAX + 1),
    "more than it has": lambda each: replace(each, data=each.data + b"\0"),
    "another asset": lambda each: replace(each, asset=bytes(32)),
    "nothing of the kind": lambda each: AssetRefused(each.asset, "UnknownAsset", "no"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_ast_9_a_room_that_sends_anything_else_is_left(lie: Lie) -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    head = ben.replica.log.head_seq
    number = pump.number_of(ben)

    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = decode_from_room(frame)
        return encode(lie(message)) if connection == number and isinstance(message, AssetData) else frame

    pump.meddle = meddle
    do_import(pump, ada, TRIANGLE)
    assert number not in pump.ends
    assert ben.replica.log.head_seq == head
    pump.meddle = None
    pump.connect(ben)
    agree(pump, ada, ben)


def test_ast_9_a_room_that_sends_nothing_is_left_after_a_while() -> None:
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    number = pump.number_of(ben)
    pump.meddle = lambda connection, lane, frame: (
        None if connection == number and isinstance(decode_from_room(frame), AssetData) else frame
    )
    do_import(pump, ada, TRIANGLE)
    pump.advance(limits.ASSET_FETCH_SECONDS_MAX - 1.0)
    assert number in pump.ends
    pump.advance(2.0)
    assert number not in pump.ends


def test_ast_9_who_asks_past_the_end_or_without_end_is_thrown_out() -> None:
    pump = Pump()
    name = give(pump, pump.join("ada"), TRIANGLE)
    speaker = Speaker(pump)
    assert refusal(speaker.say(AssetRequest(bytes(32), 0))) == "UnknownAsset"
    assert speaker.say(AssetRequest(name, 9)) == [AssetData(name, len(TRIANGLE), 9, TRIANGLE[9:])]
    speaker.say(AssetRequest(name, len(TRIANGLE)))
    assert pump.code_of(speaker.number) == 4400
    greedy = Speaker(pump)
    for _ in range(limits.ASSET_REQUEST_BURST_MAX + 1):
        greedy.peer.say(AssetRequest(bytes(32), 0))
    pump.pump()
    assert pump.code_of(greedy.number) == 4400


def test_ast_9_many_small_assets_are_asked_for_no_faster_than_the_room_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connections, commit_gate):
        monkeypatch.setattr(module, "ASSET_REQUEST_BURST_MAX", 4)
        monkeypatch.setattr(module, "ASSET_REQUESTS_PER_SECOND", 0.05)
    pump = Pump()
    ada = pump.join("ada")
    for at in range(10):
        do_import(pump, ada, sheet(1 + at))
    ben = pump.join("ben")
    number = pump.number_of(ben)
    assert not pump.told(ben, Synced)
    pump.advance(200.0)
    assert pump.code_of(number) is None
    agree(pump, ada, ben)
    assert pump.told(ben, Synced)


def test_ast_9_an_asset_behind_many_commits_on_a_slow_line_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "COMMIT_BYTES_TARGET", 1)
    pump = Pump()
    ada = pump.join("ada")
    entity = do_import(pump, ada, TRIANGLE)
    for at in range(8):
        ada.perform(pump.now, [Rename(entity, f"name {at}")])
        pump.pump()
    ben = pump.peer("ben")
    line: list[bytes] = []

    def hold(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        if pump.ends[connection] is not ben or not isinstance(decode_from_room(frame), Commit | AssetData):
            return frame
        line.append(frame)
        return None

    pump.meddle = hold
    number = pump.connect(ben)
    while line:
        pump.advance(0.4 * limits.ASSET_FETCH_SECONDS_MAX)
        assert number in pump.ends, "the room is not silent"
        ben.handle_frame(pump.now, Lane.COMMANDS, line.pop(0))
        pump.pump()
    agree(pump, ada, ben)


def test_ast_9_so_much_may_wait_for_an_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_gate, "SEND_QUEUE_BYTES_MAX", 2_000)
    pump = Pump()
    ada, ben = pump.join("ada"), pump.join("ben")
    number = pump.number_of(ben)
    pump.meddle = lambda connection, lane, frame: (
        None if connection == number and isinstance(decode_from_room(frame), AssetData) else frame
    )
    entity = do_import(pump, ada, TRIANGLE)
    for at in range(10):
        ada.perform(pump.now, [Rename(entity, f"name {at}")])
        pump.pump()
    assert number not in pump.ends
    pump.meddle = None
    monkeypatch.undo()
    pump.connect(ben)
    agree(pump, ada, ben)


# -- in the file -----------------------------------------------------------------------------------------------------


def test_ast_10_an_unnamed_asset_stays_for_a_while_and_is_dropped_at_a_later_opening() -> None:
    pump = Pump()
    ada = pump.join("ada")
    name, other = give(pump, ada, TRIANGLE), give(pump, ada, FLAT)
    pump.restart()
    assert set(pump.assets) == {name, other}, "its command may be on its way"
    pump.connect(ada)
    ada.perform(pump.now, [imported(name)])
    pump.pump()
    pump.drop(ada)
    pump.advance(limits.ASSET_UNNAMED_SECONDS_MAX + 1.0)
    pump.restart()
    assert set(pump.assets) == {name}


@pytest.mark.parametrize("damage", ["gone", "other bytes"])
def test_ast_10_a_log_without_an_asset_that_it_names_is_corrupt_there(damage: str) -> None:
    pump = Pump()
    do_import(pump, pump.join("ada"), TRIANGLE)
    name, stored = pump.assets.popitem()
    if damage == "other bytes":
        pump.assets[name] = stored._replace(data=TRIANGLE[:-1] + b"\1")
    with pytest.raises(StoreCorrupt, match=name.hex()) as caught:
        pump.restart()
    assert caught.value.seq == 3


def test_ast_10_a_damaged_asset_that_nothing_names_harms_nobody() -> None:
    pump = Pump()
    name = give(pump, pump.join("ada"), TRIANGLE)
    pump.assets[name] = pump.assets[name]._replace(data=b"damaged")
    pump.restart()
    give(pump, pump.join("ben"), TRIANGLE)
    assert pump.assets[name].data == TRIANGLE


def test_ast_10_a_damaged_asset_that_comes_again_stays_however_full_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = Pump()
    name = give(pump, pump.join("ada"), TRIANGLE)
    pump.assets[name] = pump.assets[name]._replace(data=b"damaged")
    pump.restart()
    pump.advance(limits.ASSET_UNNAMED_SECONDS_MAX + 1.0)
    pump.is_frozen = True
    ben = pump.join("ben")
    pump.thaw()
    pump.is_frozen = True
    ben.upload(pump.now, TRIANGLE)
    pump.pump()
    monkeypatch.setattr(asset_desk, "ASSETS_BYTES_MAX", len(TRIANGLE))
    ben.upload(pump.now, FLAT)
    pump.pump()
    pump.thaw()
    assert pump.told(ben, AssetStored) == [AssetStored(name)]
    assert pump.assets[name].data == TRIANGLE


def test_a_patched_participant_gets_the_mesh_and_needs_no_asset() -> None:
    pump = Pump()
    ada = pump.join("ada")
    page = PatchPeer("page", pump.room.invite("viewer"))
    pump.connect(page)
    do_import(pump, ada, sheet(100))
    assert any(unit.components for commit in page.of(Commit) for unit in commit.units)
    assert not page.of(AssetData)
