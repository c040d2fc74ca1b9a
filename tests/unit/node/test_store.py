"""The disk: nothing unwritten is passed on; a failed one makes the room read-only; the close attests the head."""

import pytest

from tests.support.participants import Newcomer, PatchPeer
from tests.support.pump import Pump, agree, committed, cube
from theta.base.errors import StoreUnavailable
from theta.base.limits import HEAD_RECORD_INTERVAL_RECORDS
from theta.base.randomness import Randomness
from theta.commands.records import HeadRecord, RecordKind, read_part
from theta.node.events import Applied, Joined, Postponed, Rejected, Said
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret
from theta.wire.messages import Commit


def _heads(pump: Pump) -> list[HeadRecord]:
    genesis = pump.room.replica.log.genesis
    return [read_part(HeadRecord, genesis, record.body) for record in pump.disk if record.kind == RecordKind.HEAD]


def test_wire_16_a_failed_store_makes_the_room_read_only_and_leaks_nothing() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [cube("kept")])
    pump.pump()
    pump.is_frozen = True
    unwritten = ada.perform(pump.now, [cube("unwritten")])
    pump.pump()
    pump.fail_store()
    assert pump.room.read_only_reason == "the room is read-only: the disk is full"
    pump.pump()
    assert [event.reason for event in pump.told(ada, Postponed)] == ["the room is read-only: the disk is full"]
    refused = bob.perform(pump.now, [cube("refused")])
    pump.pump()
    page = PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    page.perform(pump.now, cube())
    pump.pump()
    assert page.refusals == ["ReadOnly"]
    assert page.hash == pump.room.document_hash
    assert not pump.told(bob, Rejected)
    assert bob.unacknowledged == 1
    assert {event.name for event in pump.told(ada, Applied)}.isdisjoint(unwritten)
    ada.say("is anybody there?")
    pump.pump()
    assert [event.chat.text for event in pump.told(bob, Said)] == ["is anybody there?"]
    agree(pump, ada, bob)
    pump.advance(20.0)
    assert ada.is_joined
    assert bob.unacknowledged == 1
    pump.restart()
    pump.connect(ada)
    pump.connect(bob)
    pump.advance(6.0)
    assert committed(pump) >= {*unwritten, *refused}
    agree(pump, ada, bob)


def test_wire_16_newcomers_may_look_at_a_read_only_room() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.is_frozen = True
    waiting = pump.join("Waiting")
    pump.fail_store()
    assert waiting.is_joined
    late = pump.join("Late")
    agree(pump, ada, waiting, late)
    assert sum(record.kind == RecordKind.SESSION for record in pump.disk) == 1
    edit = late.perform(pump.now, [cube()])
    pump.restart()
    pump.connect(late)
    pump.advance(6.0)
    assert not pump.told(late, Joined)[-1].resumed
    assert committed(pump) >= set(edit)


def test_a_read_only_room_does_not_ask_to_be_called_all_the_time() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.fail_store()
    pump.advance(10.0)
    at = pump.room.poll_timeout()
    assert at is not None
    assert at > pump.seconds


def test_nothing_is_passed_on_before_it_is_durable() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    watcher = Newcomer("Watcher", pump.room.invite("viewer"))
    pump.connect(watcher)
    pump.is_frozen = True
    known = len(watcher.of(Commit))
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(watcher.of(Commit)) == known
    assert pump.room.head_seq == pump.disk[-1].seq
    late = Newcomer("Late", pump.room.invite("viewer"))
    pump.connect(late)
    assert late.session is None
    pump.thaw()
    assert len(watcher.of(Commit)) == known + 1
    assert late.of(Commit)[0].first_seq == 1


def test_wire_17_the_close_attests_the_head_and_says_goodbye() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.room.handle_shutdown(pump.now)
    pump.pump()
    assert [close.code for close in pump.closes] == [1001]
    assert pump.disk[-1].kind == RecordKind.HEAD
    head = _heads(pump)[-1]
    assert (head.seq, head.chain) == (pump.disk[-2].seq, pump.disk[-2].chain)
    assert head.document_hash == pump.room.document_hash
    pump.restart()
    pump.room.handle_shutdown(pump.now)
    pump.pump()
    assert len(_heads(pump)) == 1


def test_what_came_while_a_head_was_attested_is_attested_at_the_close() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.is_frozen = True
    pump.seconds += 2.0
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.room.handle_timeout(pump.now)
    pump.thaw()
    assert len(_heads(pump)) == 1
    pump.room.handle_shutdown(pump.now)
    pump.pump()
    assert _heads(pump)[-1].seq == pump.disk[-2].seq


def test_a_quiet_room_attests_its_head_and_a_busy_one_every_so_many_records() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert _heads(pump) == []
    pump.advance(2.1)
    assert len(_heads(pump)) == 1
    for _ in range(HEAD_RECORD_INTERVAL_RECORDS + 50):
        ada.perform(pump.now, [cube()])
        pump.advance(0.02)
    assert len(_heads(pump)) == 2
    agree(pump, ada)


def test_a_tail_that_a_crash_left_is_attested_at_the_next_close() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.advance(3.0)
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.restart()
    pump.room.handle_shutdown(pump.now)
    pump.pump()
    assert [head.seq for head in _heads(pump)][-1] == pump.disk[-2].seq


def test_another_rooms_key_file_is_refused() -> None:
    pump = Pump()
    settings = RoomSettings("studio", RoomSecret(b"z" * 32), pump.owner.public_key)
    with pytest.raises(StoreUnavailable, match="another room"):
        Room(settings, pump.disk, Randomness(b"r"), pump.now)


def test_a_room_knows_its_name_key_and_head() -> None:
    pump = Pump()
    assert pump.room.name == "studio"
    assert pump.room.room_key == pump.secret.identity.public_key
    assert pump.room.head_seq == 1
    assert pump.room.document_hash == bytes(16)
    assert pump.room.poll_timeout() is None
