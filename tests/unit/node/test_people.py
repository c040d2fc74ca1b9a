"""People: chat, presence, heartbeats and leaving."""

from dataclasses import replace

import pytest

from tests.support.participants import Newcomer
from tests.support.pump import Pump
from theta.base.errors import InvalidValue
from theta.base.limits import CHAT_BURST_MAX, PRESENCE_TIMEOUT_SECONDS
from theta.node.events import PeopleChanged, PresenceChanged, Said
from theta.node.lanes import Lane
from theta.replication.presence import HEAD_VALID, Presence, decode_rows
from theta.wire import codec
from theta.wire.messages import ChatLine, PresenceBatch, PresenceUpdate, Roster

LOOKING = Presence(0, 0, HEAD_VALID, head_position=(1.0, 2.0, 3.0))


def test_wire_9_everyone_is_told_who_is_there_whenever_it_changes() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob", "viewer")
    assert [(person.name, person.role) for person in ada.people] == [("Ada", "editor"), ("Bob", "viewer")]
    assert ada.people[0].author == ada.settings.identity.public_key
    pump.drop(bob)
    assert [person.name for person in ada.people] == ["Ada"]
    assert len(pump.told(ada, PeopleChanged)) == 3


def test_wire_10_what_is_said_reaches_everyone_with_who_and_when() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob", "viewer")
    deaf = Newcomer("Deaf", pump.room.invite("viewer"), ("fold",))
    pump.connect(deaf)
    bob.say("hello 👩‍👩‍👧")
    pump.pump()
    chats = [event.chat for event in pump.told(ada, Said)]
    assert [(chat.actor, chat.name, chat.text, chat.at_ms) for chat in chats] == [
        (bob.actor, "Bob", "hello 👩‍👩‍👧", pump.now.unix_ms)
    ]
    assert len(pump.told(bob, Said)) == 1
    assert {type(message) for message in deaf.heard} >= {Roster}
    assert not [message for message in deaf.heard if type(message).__name__ == "Chat"]


def test_wire_10_more_than_a_burst_is_dropped_and_nobody_is_closed() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    for index in range(CHAT_BURST_MAX + 5):
        ada.say(f"line {index}")
    pump.pump()
    assert len(pump.told(bob, Said)) == CHAT_BURST_MAX
    pump.advance(1.0)
    ada.say("later")
    pump.pump()
    assert pump.told(bob, Said)[-1].chat.text == "later"


def test_wire_10_control_characters_are_not_passed_on() -> None:
    pump = Pump()
    ada, eve = pump.join("Ada"), Newcomer("Eve", pump.room.invite("editor"))
    number = pump.connect(eve)
    for text in ("\x1b[31mred", "a\nb", "right\u202eleft", " "):
        eve.say(ChatLine(text))
    pump.pump()
    assert pump.told(ada, Said) == []
    assert pump.code_of(number) is None
    for text in ("", " ", "x" * 501, "a\0b"):
        with pytest.raises(InvalidValue, match="text"):
            ada.say(text)


def test_talking_to_nobody_is_nothing() -> None:
    pump = Pump()
    ada = pump.peer("Ada")
    ada.say("hello?")
    assert ada.poll_transmit() is None
    assert ada.clock_offset_ms == 0.0
    assert ada.rtt_seconds is None


def test_rep_2_the_latest_row_wins_and_newcomers_get_it() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    for x in range(10):
        ada.show(pump.now, replace(LOOKING, head_position=(float(x), 0.0, 0.0)))
    pump.advance(0.1)
    row = bob.presence_of(ada.actor)
    assert row is not None
    assert row.head_position == (9.0, 0.0, 0.0)
    assert ada.presence_of(ada.actor) is None
    late = pump.join("Late")
    assert late.presence_of(ada.actor) == bob.presence_of(ada.actor)


def test_rep_3_a_row_is_sent_and_passed_on_at_most_thirty_times_a_second() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    batches, updates = 0, 0

    def count(number: int, lane: Lane, frame: bytes) -> bytes:
        nonlocal batches
        batches += number == pump.number_of(bob) and isinstance(codec.decode_from_room(frame), PresenceBatch)
        return frame

    poll = ada.poll_transmit

    def count_updates() -> tuple[Lane, bytes] | None:
        nonlocal updates
        sent = poll()
        updates += sent is not None and isinstance(codec.decode_from_participant(sent[1]), PresenceUpdate)
        return sent

    pump.meddle = count
    ada.poll_transmit = count_updates  # type: ignore[method-assign]
    for step in range(500):
        ada.show(pump.now, replace(LOOKING, head_position=(float(step), 0.0, 0.0)))
        pump.pump()
        pump.advance(0.002)
    assert 28 <= updates <= 31
    assert 28 <= batches <= 32
    updates = 0
    pump.advance(5.0)
    assert 4 <= updates <= 6


def test_a_movement_after_a_pause_is_shown_at_once() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.show(pump.now, LOOKING)
    pump.advance(0.5)
    ada.show(pump.now, LOOKING)
    sent = ada.poll_transmit()
    assert sent is not None
    assert sent[0] is Lane.DATAGRAM


def test_rep_4_whoever_is_silent_is_hidden_everywhere() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    page = Newcomer("Page", pump.room.invite("viewer"))
    pump.connect(page)
    ada.show(pump.now, LOOKING)
    pump.advance(0.1)
    ada.poll_timeout = lambda: None  # type: ignore[method-assign]
    handle_timeout = ada.handle_timeout
    ada.handle_timeout = lambda now: None  # type: ignore[method-assign]
    pump.advance(PRESENCE_TIMEOUT_SECONDS - 0.5)
    assert bob.presence_of(ada.actor).flags == HEAD_VALID  # type: ignore[union-attr]
    pump.advance(1.0)
    assert bob.presence_of(ada.actor).flags == 0  # type: ignore[union-attr]
    rows = [row for batch in page.of(PresenceBatch) for row in decode_rows(batch.rows) if row.actor == ada.actor]
    assert rows[-1].flags == 0
    assert rows[-1].sequence == rows[-2].sequence + 1
    ada.handle_timeout = handle_timeout  # type: ignore[method-assign]
    ada.show(pump.now, LOOKING)
    pump.advance(1.1)
    ada.handle_timeout(pump.now)
    pump.pump()
    pump.advance(0.1)
    assert bob.presence_of(ada.actor).flags == HEAD_VALID  # type: ignore[union-attr]


def test_rep_4_a_peer_hides_the_silent_by_itself_when_the_rooms_word_is_lost() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.show(pump.now, LOOKING)
    pump.advance(0.1)
    number = pump.number_of(bob)
    pump.meddle = lambda connection, lane, frame: None if (connection, lane) == (number, Lane.DATAGRAM) else frame
    pump.advance(PRESENCE_TIMEOUT_SECONDS + 0.1)
    assert bob.presence_of(ada.actor).flags == 0  # type: ignore[union-attr]
    assert pump.told(bob, PresenceChanged)[-1].actors == (ada.actor,)


def test_rep_4_whoever_leaves_is_forgotten_even_when_a_row_comes_late() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    late: list[bytes] = []

    def keep(number: int, lane: Lane, frame: bytes) -> bytes:
        if lane is Lane.DATAGRAM:
            late.append(frame)
        return frame

    pump.meddle = keep
    ada.show(pump.now, LOOKING)
    pump.advance(0.1)
    pump.drop(ada)
    assert bob.presence_of(ada.actor) is None
    bob.handle_frame(pump.now, Lane.DATAGRAM, late[-1])
    assert bob.presence_of(ada.actor) is None


def test_a_row_that_nobody_would_take_is_the_callers_fault() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for bad in (replace(LOOKING, tool=99), replace(LOOKING, head_position=(float("nan"), 0.0, 0.0))):
        with pytest.raises(InvalidValue):
            ada.show(pump.now, bad)
    assert ada.poll_transmit() is None


def test_ses_9_three_missed_heartbeats_are_the_end() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    number = pump.number_of(ada)
    pump.advance(5.9, silent=ada)
    assert pump.code_of(number) is None
    pump.advance(0.2, silent=ada)
    assert pump.code_of(number) == 4504
    assert [person.name for person in bob.people] == ["Bob"]


def test_ses_9_a_peer_leaves_a_room_that_is_silent() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.advance(1.0)
    assert ada.rtt_seconds == 0.0
    pump.meddle = lambda number, lane, frame: None
    pump.advance(6.1)
    assert ada not in pump.ends.values()
