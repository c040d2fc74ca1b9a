"""Catching up in windows: nobody is sent more than they take, and nothing said meanwhile is lost or out of order."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube
from theta.editor.vocabulary import Rename
from theta.node import backlog, catch_up
from theta.node.backlog import BACKLOG_LANE, LANE_PING
from theta.node.lanes import LANES, Lane
from theta.node.outbound import Outbound
from theta.replication import document_parts
from theta.wire.codec import decode_from_room
from theta.wire.interest_messages import INTEREST_FROM_ROOM
from theta.wire.messages import (
    AssetData,
    AssetReceived,
    AssetRefused,
    BranchList,
    Chat,
    Commit,
    DocumentPart,
    History,
    Message,
    MomentPart,
    PacketAcknowledged,
    PacketRefused,
    Ping,
    PresenceBatch,
    Roster,
    SnapshotPart,
)
from theta.wire.ownership_messages import OWNERSHIP_FROM_ROOM
from theta.wire.state_messages import STATE_FROM_ROOM


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few commits, or one entity, fill a window."""
    monkeypatch.setattr(backlog, "BACKLOG_WINDOW_BYTES", 2_000)
    monkeypatch.setattr(catch_up, "COMMIT_BYTES_TARGET", 1_000)
    monkeypatch.setattr(document_parts, "PART_BYTES_TARGET", 1_000)


def refusal(text: str) -> PacketRefused:
    return PacketRefused(1, "ReadOnly", text, retryable=True, retry_after_ms=0)


def commits(count: int) -> list[Message]:
    return [Commit(seq, [], [], bytes(16), bytes(16)) for seq in range(1, count + 1)]


def drained(outbound: Outbound) -> list[Message]:
    messages = []
    while (transmit := outbound.poll_transmit()) is not None:
        messages.append(decode_from_room(transmit.frame))
    return messages


def test_wire_18_a_window_ends_with_a_ping_and_the_next_waits_for_its_pong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BACKLOG_WINDOW_BYTES", 60)
    outbound = Outbound()
    outbound.begin_backlog(1, iter(commits(4)))
    first = drained(outbound)
    assert first == [*commits(2), Ping(LANE_PING, 0.0)]
    outbound.send(1, refusal("held"))
    passing = [Ping(7, 1.0), PresenceBatch(b""), Chat(1, "Ada", 0, "hello", 0)]
    for message in passing:
        outbound.send(1, message)
    assert drained(outbound) == passing, "what has no place in the log does not wait"
    outbound.handle_answered(1, Lane.CONTROL)
    assert drained(outbound) == [], "the answer to a ping on another lane says nothing of this one"
    outbound.handle_answered(1, Lane.COMMANDS)
    assert drained(outbound) == [*commits(4)[2:], Ping(LANE_PING, 0.0)]
    outbound.handle_answered(1, Lane.COMMANDS)
    assert drained(outbound) == [refusal("held")]
    outbound.handle_answered(1, Lane.COMMANDS)
    outbound.send(1, refusal("live"))
    assert drained(outbound) == [refusal("live")]


def test_wire_18_beginning_anew_drops_the_commits_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BACKLOG_WINDOW_BYTES", 30)
    outbound = Outbound()
    outbound.begin_backlog(1, iter(commits(3)))
    drained(outbound)
    outbound.send(1, commits(9)[8])
    outbound.send(1, BranchList([], bytes(16)))
    outbound.begin_backlog(1, iter(commits(1)))
    outbound.handle_answered(1, Lane.COMMANDS)
    outbound.handle_answered(1, Lane.COMMANDS)
    assert drained(outbound) == [*commits(1), Ping(LANE_PING, 0.0), BranchList([], bytes(16))]


def test_wire_18_who_catches_up_too_slowly_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BACKLOG_WINDOW_BYTES", 30)
    monkeypatch.setattr(backlog, "SEND_QUEUE_BYTES_MAX", 100)
    outbound = Outbound()
    outbound.begin_backlog(1, iter(commits(3)))
    outbound.send(1, refusal("x" * 200))
    close = outbound.poll_close()
    assert close is not None
    assert close.code == 4429
    drained(outbound)
    outbound.handle_answered(1, Lane.COMMANDS)
    assert drained(outbound) == [], "nothing is left to send"


def test_what_waits_and_what_does_not() -> None:
    waiting = (Commit, DocumentPart, BranchList, History, PacketAcknowledged)
    assert {LANES[each] for each in waiting} == {BACKLOG_LANE}
    passing = (Ping, Roster, Chat, PresenceBatch, AssetData, AssetReceived, AssetRefused, SnapshotPart, MomentPart)
    assert BACKLOG_LANE not in {LANES[each] for each in passing}


@pytest.mark.usefixtures("small_windows")
def test_wire_18_a_newcomer_catches_up_while_others_go_on() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(60):
        ada.perform(pump.now, [cube(f"cube {number}")])
        pump.advance(0.1)
    bob = pump.peer("Bob")
    page = PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(bob)
    pump.connect(page)
    entity = ada.replica.document.entities()[0]
    for number in range(20):
        ada.perform(pump.now, [Rename(entity, f"name {number}")])
        ada.say(f"line {number}")
        pump.advance(0.2)
    agree(pump, ada, bob)
    assert page.hash == pump.room.document_hash
    assert bob.unacknowledged == 0


@pytest.mark.usefixtures("small_windows")
def test_a_connection_that_ends_while_catching_up_leaves_nothing_behind() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(40):
        ada.perform(pump.now, [cube(f"cube {number}")])
        pump.advance(0.1)
    bob = pump.peer("Bob")
    pump.connect(bob)
    pump.drop(bob)
    pump.connect(bob)
    pump.advance(1.0)
    agree(pump, ada, bob)


def test_rep_28_nothing_of_the_state_plane_waits_for_the_document() -> None:
    for kind in (*STATE_FROM_ROOM, *OWNERSHIP_FROM_ROOM, *INTEREST_FROM_ROOM):
        assert LANES[kind] is not BACKLOG_LANE, kind
