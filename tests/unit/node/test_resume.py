"""Resume: a session that goes on after its connection was lost, its room killed, or its time run out."""

from tests.support.participants import Newcomer
from tests.support.pump import Pump, agree, committed, cube, red
from theta.base.identifiers import entity_id
from theta.base.limits import RESUME_SECONDS_MAX
from theta.commands.records import RecordKind
from theta.node.events import Applied, Joined, Rejected
from theta.node.lanes import Lane
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import Commit, PacketAcknowledged, Pong, SubmitPacket


def _sessions(pump: Pump) -> int:
    return sum(record.kind == RecordKind.SESSION for record in pump.disk)


def test_ses_10_the_same_session_goes_on() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.drop(ada)
    assert pump.room.people == []
    ada.perform(pump.now, [cube("second")])
    assert ada.unacknowledged == 1
    pump.advance(RESUME_SECONDS_MAX)
    pump.connect(ada)
    assert [event.resumed for event in pump.told(ada, Joined)] == [False, True]
    assert _sessions(pump) == 1
    assert ada.unacknowledged == 0
    assert len(committed(pump)) == 2
    agree(pump, ada)


def test_ses_10_a_connection_that_still_stands_is_replaced() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    old = pump.number_of(ada)
    pump.drop(ada, silently=True)
    pump.connect(ada)
    assert pump.code_of(old) == 4410
    assert [person.name for person in bob.people] == ["Ada", "Bob"]
    pump.room.handle_frame(pump.now, old, Lane.CONTROL, encode(Pong(1, 0.0, 0.0)))
    pump.room.handle_disconnected(pump.now, old)
    pump.pump()
    assert [person.name for person in bob.people] == ["Ada", "Bob"]
    ada.perform(pump.now, [cube()])
    pump.pump()
    agree(pump, ada, bob)


def test_ses_10_a_room_that_was_killed_knows_its_sessions() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.is_frozen = True
    lost = ada.perform(pump.now, [cube("not durable")])
    pump.pump()
    assert ada.unacknowledged == 1
    pump.restart()
    assert lost[0] not in committed(pump)
    pump.connect(ada)
    pump.connect(bob)
    assert pump.told(ada, Joined)[-1].resumed
    assert committed(pump) >= set(lost)
    assert ada.unacknowledged == 0
    agree(pump, ada, bob)


def test_unacknowledged_packets_are_sent_again_and_applied_once() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    number = pump.number_of(ada)

    def lose_answers(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        lost = connection == number and isinstance(decode_from_room(frame), PacketAcknowledged | Commit)
        return None if lost else frame

    pump.meddle = lose_answers
    names = [ada.perform(pump.now, [cube(f"{index}")])[0] for index in range(5)]
    pump.pump()
    assert ada.unacknowledged == 5
    pump.meddle = None
    pump.drop(ada)
    pump.connect(ada)
    assert ada.unacknowledged == 0
    assert committed(pump) == set(names)
    assert [event.name for event in pump.told(ada, Applied)] == names
    agree(pump, ada, bob)


def test_a_packet_resent_before_the_disk_answered_is_acknowledged_on_both_connections_once_it_is() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.is_frozen = True
    ada.perform(pump.now, [cube()])
    pump.pump()
    pump.drop(ada, silently=True)
    pump.connect(ada)
    assert ada.unacknowledged == 1
    pump.thaw()
    assert ada.unacknowledged == 0
    assert len(committed(pump)) == 1


def test_an_expired_session_is_replaced_and_its_packets_signed_anew_under_the_same_names() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    number = pump.number_of(ada)
    pump.meddle = lambda connection, lane, frame: None if connection == number else frame
    arrived = ada.perform(pump.now, [cube("arrived, and nobody said so")])
    pump.pump()
    pump.meddle = None
    pump.drop(ada)
    missed = ada.perform(pump.now, [red(entity_id(arrived[0]))])
    pump.advance(RESUME_SECONDS_MAX + 0.1)
    pump.connect(ada)
    assert [event.resumed for event in pump.told(ada, Joined)] == [False, False]
    assert _sessions(pump) == 3
    assert committed(pump) == {*arrived, *missed}
    assert ada.unacknowledged == 0
    assert not pump.told(ada, Rejected)
    agree(pump, ada, bob)


def test_ses_10_without_an_invite_an_expired_session_does_not_come_back() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.settings = ada.settings._replace(invite="")
    pump.drop(ada)
    pump.connect(ada)
    assert ada.is_joined
    pump.drop(ada)
    pump.advance(RESUME_SECONDS_MAX + 0.1)
    assert pump.code_of(pump.connect(ada)) == 4403


def test_ses_10_a_better_invite_needs_a_session_of_its_own() -> None:
    pump = Pump()
    ada = pump.join("Ada", "viewer")
    pump.drop(ada)
    ada.settings = ada.settings._replace(invite=pump.room.invite("editor"))
    pump.connect(ada)
    assert not pump.told(ada, Joined)[-1].resumed
    assert _sessions(pump) == 2
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(committed(pump)) == 1


def test_ses_10_a_new_session_of_the_same_actor_replaces_the_old_connection() -> None:
    pump = Pump()
    ada = Newcomer("Ada", pump.room.invite("editor"))
    old = pump.connect(ada)
    del pump.ends[old]
    ada.handle_disconnected(pump.now)
    pump.connect(ada)
    assert pump.code_of(old) == 4410
    assert len(pump.room.people) == 1


def test_ses_10_another_start_of_the_same_key_is_another_actor() -> None:
    pump = Pump()
    one, two = pump.join("One", key="shared"), pump.join("Two", key="shared")
    assert one.actor != two.actor
    assert len(one.people) == 2
    pump.drop(one)
    two._session.acknowledge = one._session.acknowledge
    pump.drop(two)
    pump.connect(two)
    assert not pump.told(two, Joined)[-1].resumed


def test_a_log_that_was_cut_short_is_noticed_and_fetched_anew() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [cube("old")])
    pump.pump()
    backup = list(pump.disk)
    ada.perform(pump.now, [cube("lost with the disk")])
    pump.pump()
    pump.is_frozen = True
    waiting = bob.perform(pump.now, [cube("signed over what is lost")])
    pump.pump()
    pump.disk[:] = backup
    pump.restart()
    pump.connect(bob)
    pump.connect(ada)
    assert waiting[0] in committed(pump)
    agree(pump, ada, bob)
    from theta.node.events import Diverged

    assert pump.told(ada, Diverged)
    assert pump.told(bob, Diverged)


def test_cmd_71_a_participants_clock_may_be_wrong() -> None:
    pump = Pump()
    ada = pump.peer("Ada")
    handle_frame, connected = ada.handle_frame, ada.handle_connected
    ada.handle_frame = lambda now, lane, frame: handle_frame(now._replace(unix_ms=now.unix_ms + 3_600_000), lane, frame)  # type: ignore[method-assign]
    ada.handle_connected = lambda now: connected(now._replace(unix_ms=now.unix_ms + 3_600_000))  # type: ignore[method-assign]
    pump.connect(ada)
    assert ada.clock_offset_ms == -3_600_000
    ada.perform(pump.now._replace(unix_ms=pump.now.unix_ms + 3_600_000), [cube()])
    pump.pump()
    assert len(committed(pump)) == 1


def test_a_frame_of_nobody_is_not_heard() -> None:
    pump = Pump()
    pump.room.handle_frame(
        pump.now, 77, Lane.COMMANDS, encode(SubmitPacket(1, 0, bytes(32), bytes(16), bytes(64), b""))
    )
    pump.room.handle_disconnected(pump.now, 77)
    assert pump.room.poll_transmit() is None
    assert pump.room.poll_close() is None


def test_who_left_long_ago_is_not_kept_in_mind() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    pump.drop(ada)
    pump.advance(RESUME_SECONDS_MAX + 1.0)
    pump.drop(bob)
    assert len(pump.room._reception._suspended) == 1
    pump.connect(bob)
    assert pump.told(bob, Joined)[-1].resumed


def test_names_are_the_last_that_somebody_had() -> None:
    pump = Pump()
    ada = pump.join("Ada", key="same")
    pump.join("Ada the second", key="same")
    assert ada.replica.name_of(ada.settings.identity.public_key) == "Ada the second"
    assert ada.replica.name_of(bytes(32)) == "00000000"
