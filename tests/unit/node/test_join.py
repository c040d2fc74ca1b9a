"""Join: from a connection to a participant."""

import pytest

from tests.support.participants import Newcomer, PatchPeer, RawClient
from tests.support.pump import Pump, agree, cube
from theta.base.errors import InvalidValue
from theta.base.limits import HANDSHAKE_SECONDS_MAX, PEERS_MAX, SESSION_BURST_MAX, SESSIONS_PER_SECOND
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.node.events import Applied, Joined, PeopleChanged, Rejected, Synced
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.wire.messages import BranchList, Commit, DocumentPart, History, Roster, SessionAcknowledge, SessionChallenge


def test_everyone_hears_of_everyone() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    assert [person.name for person in ada.people] == ["Ada", "Bob"]
    assert ada.people == bob.people
    assert [person.name for person in pump.room.people] == ["Ada", "Bob"]
    assert len({person.colour for person in ada.people}) == 2
    assert len(pump.told(ada, PeopleChanged)) == 2
    joined = pump.told(bob, Joined)
    assert joined == [Joined(bob.actor, "editor", "studio", False)]
    assert pump.told(bob, Synced)
    agree(pump, ada, bob)


def test_wire_7_a_folder_gets_the_acknowledgement_then_the_roster_then_the_log() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    late = Newcomer("Late", pump.room.invite("viewer"))
    pump.connect(late)
    kinds = [type(message) for message in late.heard if type(message).__name__ not in ("Ping", "Pong")]
    assert kinds[:5] == [SessionChallenge, SessionAcknowledge, Roster, BranchList, Commit]
    acknowledge = late.of(SessionAcknowledge)[0]
    assert acknowledge.head_seq == pump.disk[-1].seq
    assert acknowledge.lamport == ada.replica.log.lamport
    assert acknowledge.room_time_ms == pump.now.unix_ms
    commit = late.of(Commit)[0]
    assert (commit.first_seq, len(commit.records)) == (1, len(pump.disk))
    assert commit.units == []


def test_wire_7_a_taker_of_patches_gets_the_document_then_its_history() -> None:
    pump = Pump()
    patcher = PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(patcher)
    kinds = [type(message) for message in patcher.heard if type(message).__name__ not in ("Ping", "Pong")]
    assert kinds[:6] == [SessionChallenge, SessionAcknowledge, Roster, BranchList, DocumentPart, History]


def test_ses_8_a_session_is_acknowledged_once_its_record_is_on_disk() -> None:
    pump = Pump()
    pump.is_frozen = True
    ada = pump.join("Ada")
    assert not pump.told(ada, Joined)
    assert pump.room.people == []
    pump.thaw()
    assert pump.told(ada, Joined)
    session = pump.room.replica.log.sessions[next(iter(pump.room.replica.log.sessions))]
    assert (session.name, session.actor, session.role) == ("Ada", ada.actor, "editor")


def test_ses_8_a_slow_disk_is_not_the_newcomers_fault() -> None:
    pump = Pump()
    pump.is_frozen = True
    slow = Newcomer("Slow", pump.room.invite("editor"))
    pump.connect(slow)
    pump.advance(5.0)
    assert slow.is_open
    pump.thaw()
    assert slow.session is not None


def test_ses_8_the_owner_is_admin_by_key_and_needs_no_invite() -> None:
    pump = Pump()
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    assert [person.role for person in owner.people] == ["admin"]


def test_ses_8_a_full_room_takes_nobody_else_but_lets_its_own_people_return() -> None:
    pump = Pump()
    first = pump.join("First")
    for number in range(PEERS_MAX - 1):
        pump.connect(Newcomer(f"N{number}", pump.room.invite("viewer")))
    assert len(pump.room.people) == PEERS_MAX
    late = Newcomer("Late", pump.room.invite("viewer"))
    assert pump.code_of(pump.connect(late)) == 4409
    pump.drop(first, silently=True)
    pump.connect(first)
    assert first.is_joined
    assert len(pump.room.people) == PEERS_MAX
    first.perform(pump.now, [cube()])
    pump.pump()
    assert pump.told(first, Applied)


def test_ses_8_those_who_wait_for_the_disk_take_a_place() -> None:
    pump = Pump()
    pump.is_frozen = True
    crowd = [Newcomer(f"N{number}", pump.room.invite("viewer")) for number in range(PEERS_MAX + 2)]
    for each in crowd:
        pump.connect(each)
    pump.thaw()
    assert len(pump.room.people) == PEERS_MAX
    assert [close.code for close in pump.closes] == [4409, 4409]


def test_ses_8_new_sessions_come_at_a_bounded_rate_and_resuming_is_free() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(SESSION_BURST_MAX - 1):
        guest = Newcomer(f"N{number}", pump.room.invite("viewer"))
        pump.connect(guest)
        pump.drop(guest)
    late = Newcomer("Late", pump.room.invite("viewer"))
    assert pump.code_of(pump.connect(late)) == 4409
    pump.drop(ada)
    pump.connect(ada)
    assert ada.is_joined
    pump.advance(1.0 / SESSIONS_PER_SECOND)
    pump.connect(late)
    assert late.session is not None


def test_a_viewer_looks_and_talks_but_may_not_edit() -> None:
    pump = Pump()
    ada, guest = pump.join("Ada"), pump.join("Guest", "viewer")
    names = guest.perform(pump.now, [cube()])
    pump.pump()
    assert pump.told(guest, Rejected)[0][:2] == (names[0], "NotAllowed")
    assert guest.unacknowledged == 0
    assert guest.is_joined
    ada.perform(pump.now, [cube()])
    pump.pump()
    agree(pump, ada, guest)


def test_ses_11_whoever_does_not_finish_in_two_seconds_is_shown_out() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    mute, half = RawClient(), Newcomer("Half", pump.room.invite("editor"))
    half.poll_transmit = lambda: None  # type: ignore[method-assign]
    numbers = [pump.connect(mute), pump.connect(half)]
    pump.advance(1.99)
    assert mute.is_open
    pump.advance(0.02)
    assert [pump.code_of(number) for number in numbers] == [4408, 4408]
    assert ada.is_joined


def test_ses_11_a_way_of_a_second_and_a_half_there_and_back_is_not_too_long() -> None:
    pump = Pump()
    under_way: list[tuple[Lane, bytes]] = []
    pump.meddle = lambda number, lane, frame: under_way.append((lane, frame))
    ada = pump.peer("Ada")
    number = pump.connect(ada)
    for _ in ("the challenge", "the acknowledgement"):
        pump.advance(1.5)
        arrived, under_way[:] = under_way[:], []
        for lane, frame in arrived:
            ada.handle_frame(pump.now, lane, frame)
        pump.pump()
    assert (ada.is_joined, pump.code_of(number), pump.hung_up) == (True, None, [])


def test_ses_11_a_peer_gives_up_on_a_room_that_does_not_answer() -> None:
    pump = Pump()
    ada, began = pump.peer("Ada"), pump.now
    ada.handle_connected(began)
    ada.handle_timeout(Moment(began.seconds + 2.0 * HANDSHAKE_SECONDS_MAX - 0.01, began.unix_ms))
    assert ada.poll_close() is None
    ada.handle_timeout(Moment(began.seconds + 2.0 * HANDSHAKE_SECONDS_MAX, began.unix_ms))
    assert ada.poll_close() == (4504, "PeerTimeout: nothing was heard from the room")
    ada.handle_disconnected(pump.now)
    pump.connect(ada)
    assert ada.is_joined


def test_a_name_that_no_room_takes_is_refused_before_anything_is_sent() -> None:
    pump = Pump()
    for name in ("", " ", "a\nb", "x" * 65, "right\u202eleft"):
        with pytest.raises(InvalidValue, match="name"):
            pump.peer(name)
    settings = pump.peer("Ada").settings
    with pytest.raises(InvalidValue, match="instance"):
        Peer(settings._replace(instance=b"short"), Randomness(b"r"))
    pump.connect(newcomer := pump.peer("مرد\u200cی"))
    assert newcomer.is_joined


def test_a_peer_pins_the_rooms_key() -> None:
    pump = Pump()
    wrong = pump.peer("Ada", room_key=bytes(32))
    pump.connect(wrong)
    assert not wrong.is_joined
    right = pump.peer("Bob", room_key=pump.room.room_key)
    pump.connect(right)
    assert right.is_joined
