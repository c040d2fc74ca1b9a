"""What is compared after a resume, how often both sides ping, and where the session is meanwhile."""

import pytest

from tests.support.participants import Newcomer, RawClient
from tests.support.pump import Meddling, Pump, agree, committed, cube
from tests.support.state_in_rooms import pose, positions, room_with, watcher
from theta.base.errors import InvalidValue, NotConnected
from theta.base.limits import (
    HANDSHAKE_SECONDS_MAX,
    HEARTBEAT_INTERVAL_SECONDS_MAX,
    HEARTBEATS_MISSED_MAX,
    QUIC_IDLE_SECONDS_MAX,
)
from theta.base.randomness import Randomness
from theta.node.events import Diverged, Joined
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.node.room import Room, RoomSettings
from theta.session.states import SessionMachine, State
from theta.wire.codec import decode_from_room
from theta.wire.messages import Commit


def _states_in_room(pump: Pump) -> list[State]:
    return [each.session.state for each in pump.room._connections]


def _state_of(which: Peer | SessionMachine) -> State:
    return which.session_state if isinstance(which, Peer) else which.state


def _without_commits(to: int) -> Meddling:
    """What keeps a document from being compared on one connection."""

    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        is_commit = isinstance(decode_from_room(frame), Commit)
        return None if connection == to and is_commit else frame

    return meddle


def _pinging(pump: Pump, name: str, seconds: float | None) -> Peer:
    peer = pump.peer(name)
    peer.settings = peer.settings._replace(heartbeat_seconds=seconds)
    pump.connect(peer)
    assert peer.is_joined
    return peer


@pytest.mark.parametrize("missed", [0, 3])
def test_ses_18_after_a_resume_the_hash_is_compared_whatever_was_missed(missed: int) -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert _state_of(ada) is State.ACTIVE
    pump.drop(ada)
    assert _state_of(ada) is State.SUSPENDED
    for number in range(missed):
        bob.perform(pump.now, [cube(f"missed {number}")])
    pump.meddle = _without_commits(pump.number_of(bob) + 1)
    pump.connect(ada)
    assert (_state_of(ada), ada.is_joined) == (State.RESUMED, True)
    pump.meddle = None
    pump.drop(ada)
    pump.connect(ada)
    assert _state_of(ada) is State.ACTIVE
    assert not pump.told(ada, Diverged)
    agree(pump, ada, bob)


def test_ses_18_a_document_that_is_another_after_a_resume_is_fetched_anew_and_told_of() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    names = ada.perform(pump.now, [cube()])
    pump.pump()
    head = ada.replica.log.head_seq
    pump.drop(ada)
    ada.replica.document._sum ^= 1
    assert pump.room.poll_state_notice() is None
    pump.connect(ada)
    assert pump.told(ada, Diverged) == [Diverged(head)]
    assert _state_of(ada) is State.ACTIVE
    notice = pump.room.poll_state_notice()
    assert notice is not None
    assert (notice.kind, notice.text) == ("diverged", f"Ada's document was another at record {head}: it is sent anew")
    assert pump.room.poll_state_notice() is None
    assert committed(pump) == set(names)
    agree(pump, ada, bob)


def test_ses_15_the_rooms_machine_follows_the_session() -> None:
    pump = Pump()
    pump.is_frozen = True
    late = Newcomer("Late", pump.room.invite("viewer"))
    pump.connect(late)
    assert _states_in_room(pump) == [State.ACKNOWLEDGE]
    pump.thaw()
    assert _states_in_room(pump) == [State.ACTIVE]
    ada = pump.join("Ada")
    first = next(each.session for each in pump.room._connections if each.number == pump.number_of(ada))
    pump.drop(ada)
    assert _state_of(first) is State.SUSPENDED
    pump.connect(ada)
    assert _state_of(first) is State.CLOSED
    assert _states_in_room(pump) == [State.ACTIVE, State.RESUMED]
    pump.advance(3.0)
    assert _states_in_room(pump) == [State.ACTIVE, State.ACTIVE]


def test_ses_15_who_breaks_a_rule_loses_the_connection_and_may_come_back() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    number = pump.number_of(ada)
    pump.room.handle_frame(pump.now, number, Lane.CONTROL, b"\xc1")
    pump.pump()
    assert pump.code_of(number) == 4400
    pump.connect(ada)
    assert [joined.resumed for joined in pump.told(ada, Joined)] == [False, True]


def test_ses_15_a_participant_that_has_left_for_good_does_not_come_back() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.drop(ada)
    ada.handle_ended(pump.now)
    assert _state_of(ada) is State.CLOSED
    with pytest.raises(NotConnected, match="left for good"):
        ada.handle_connected(pump.now)


def test_ses_2_a_participant_refuses_a_room_that_repeats_its_nonce() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.has_luck_of_first_start = True
    pump.restart()
    pump.connect(ada)
    assert not ada.is_joined
    assert _state_of(ada) is State.SUSPENDED
    assert pump.hung_up == [(4400, "BadNonce: the room's nonce was used before; every handshake needs a fresh one")]


def test_ses_17_both_sides_ping_as_often_as_the_participant_wants() -> None:
    pump = Pump()
    quick, usual = _pinging(pump, "Quick", 0.5), _pinging(pump, "Usual", None)
    assert quick.link is not None
    assert usual.link is not None
    assert (quick.link.interval_seconds, usual.link.interval_seconds) == (0.5, 2.0)
    of_quick, of_usual = pump.number_of(quick), pump.number_of(usual)
    pump.advance(1.49, silent=quick)
    assert pump.code_of(of_quick) is None
    pump.advance(0.02, silent=quick)
    assert (pump.code_of(of_quick), pump.code_of(of_usual)) == (4504, None)
    assert _state_of(quick) is State.SUSPENDED


@pytest.mark.parametrize("seconds", [0.25, 1.0, 4.0])
def test_ses_17_a_dead_room_is_noticed_after_three_of_the_agreed_intervals(seconds: float) -> None:
    pump = Pump()
    ada = _pinging(pump, "Ada", seconds)
    pump.advance(seconds * 2.5)
    assert ada.link is not None
    assert ada.link.rtt_seconds == 0.0
    died_at = pump.seconds
    pump.meddle = lambda number, lane, frame: None
    while ada in pump.ends.values():
        pump.advance(seconds / 50.0)
    # Counted from what was heard last, which is an interval ago at most.
    assert HEARTBEATS_MISSED_MAX - 1.0 <= (pump.seconds - died_at) / seconds <= HEARTBEATS_MISSED_MAX * 1.1


def test_ses_17_a_rooms_own_interval_holds_for_who_does_not_say() -> None:
    pump = Pump()
    pump.heartbeat_seconds = 0.5
    pump.restart()
    ada, bob = _pinging(pump, "Ada", None), _pinging(pump, "Bob", 3.0)
    assert ada.link is not None
    assert bob.link is not None
    assert (ada.link.interval_seconds, bob.link.interval_seconds) == (0.5, 3.0)


@pytest.mark.parametrize(("own", "wish"), [(0.25, None), (0.25, 0.25), (2.0, 0.25)])
def test_ses_17_a_brisk_heartbeat_does_not_hurry_the_way_in(own: float, wish: float | None) -> None:
    """Until the acknowledgement a participant cannot know how often it has to be heard; the disk may be slow."""
    pump = Pump()
    pump.heartbeat_seconds = own
    pump.restart()
    silent = RawClient()
    slow = pump.connect(silent)
    pump.advance(HANDSHAKE_SECONDS_MAX - 0.1, silent=silent)
    assert pump.code_of(slow) is None
    pump.is_frozen = True
    ada = pump.peer("Ada")
    ada.settings = ada.settings._replace(heartbeat_seconds=wish)
    number = pump.connect(ada)
    pump.advance(1.5)
    pump.thaw()
    pump.advance(1.0)
    assert (pump.code_of(number), pump.hung_up, ada.is_joined) == (None, [], True)
    assert ada.link is not None
    assert ada.link.interval_seconds == 0.25


def test_ses_17_the_slowest_heartbeat_is_noticed_before_quic_gives_up_by_itself() -> None:
    assert HEARTBEAT_INTERVAL_SECONDS_MAX * HEARTBEATS_MISSED_MAX <= QUIC_IDLE_SECONDS_MAX


def test_ses_17_an_interval_out_of_its_limits_is_refused_where_it_is_given() -> None:
    pump = Pump()
    settings = pump.peer("Ada").settings._replace(heartbeat_seconds=0.1)
    with pytest.raises(InvalidValue, match="heartbeat_seconds"):
        settings.check()
    with pytest.raises(InvalidValue, match="heartbeat_seconds"):
        Room(RoomSettings("studio", pump.secret, bytes(32), heartbeat_seconds=9.0), [], Randomness(b"r"), pump.now)


def test_ses_18_cells_that_are_others_after_a_resume_are_told_anew_and_told_of() -> None:
    pump = room_with(pose(1.0))
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    pump.drop(anna)
    receiver = anna.follower.receiver
    (state,) = receiver._states[receiver.cells[0]]
    state.components[1].lanes[state.components[1].lanes != 0] += 5
    pump.connect(anna)
    assert anna.session is not None
    assert anna.session.resumed
    pump.advance(10.0)
    assert positions(anna) == [(1.0, 0.0, 0.0)]
    notice = pump.room.poll_state_notice()
    assert notice is not None
    assert notice.kind == "diverged"
