"""The stable frontier: when the room logs it, and how packets that it has passed are stamped anew (LOG-12, WIRE-38)."""

import pytest

from tests.support.pump import Pump, agree, cube, red
from theta.base.identifiers import entity_id
from theta.base.limits import FRONTIER_AGE_RECORDS, FRONTIER_AGE_SECONDS
from theta.commands.log import CommandLog
from theta.commands.packets import parse_body
from theta.commands.records import RecordKind
from theta.editor.vocabulary import Rename
from theta.node.events import Applied, Rejected
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.wire.codec import decode_from_participant
from theta.wire.messages import SubmitPacket


def _frontiers(pump: Pump) -> list[int]:
    return [record.seq for record in pump.disk if record.kind == RecordKind.FRONTIER]


def _busy(pump: Pump, peer: Peer, entity: bytes, packets: int) -> None:
    for number in range(packets):
        peer.perform(pump.now, [Rename(entity, f"name {number}")])
        pump.pump()
        pump.advance(0.02)


def test_log_12_the_frontier_follows_at_a_distance_of_time_and_of_records() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    _busy(pump, ada, entity, FRONTIER_AGE_RECORDS - 20)
    pump.advance(10.0)
    assert _frontiers(pump) == [], "too few records"
    _busy(pump, ada, entity, 400)
    log = pump.room.replica.log
    assert log.frontier is not None
    assert len(_frontiers(pump)) > 1
    for at in _frontiers(pump):
        before = CommandLog(log.registry)
        for record in pump.disk[:at]:
            before.accept(record, verify=False)
        assert before.frontier is not None
        assert before.frontier.seq <= at - FRONTIER_AGE_RECORDS
        assert before.lamport_at(before.frontier.seq) == before.frontier.lamport
    agree(pump, ada, bob)
    count = len(_frontiers(pump))
    pump.advance(60.0)
    assert len(_frontiers(pump)) <= count + 1, "a quiet room's log does not grow"


def test_log_12_what_is_young_is_not_passed_however_many_records_there_are() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    pump.advance(5.0)
    for peer in (ada, bob):
        for number in range(90):
            peer.perform(pump.now, [Rename(entity, f"name {number}")])
        pump.pump()
    for _ in range(3):
        pump.advance(0.6)
        for peer in (ada, bob):
            for number in range(50):
                peer.perform(pump.now, [Rename(entity, f"name {number}")])
        pump.pump()
    assert pump.room.replica.log.head_seq > FRONTIER_AGE_RECORDS + 200
    assert _frontiers(pump) == []
    pump.advance(FRONTIER_AGE_SECONDS + 0.5)
    assert len(_frontiers(pump)) == 1


def _fall_behind(pump: Pump, ada: Peer, bob: Peer, entity: bytes) -> list[bytes]:
    """Ada's packets are held up until the frontier has passed them; returns the frames."""
    held: list[bytes] = []
    for number in range(3):
        ada.perform(pump.now, [Rename(entity, f"late {number}")])
    while (sent := ada.poll_transmit()) is not None:
        held.append(sent[1])
    _busy(pump, bob, entity, FRONTIER_AGE_RECORDS + 200)
    frontier = pump.room.replica.log.frontier
    assert frontier is not None
    return held


def test_wire_38_packets_that_the_frontier_has_passed_are_stamped_anew_under_their_names() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    held = _fall_behind(pump, ada, bob, entity)
    names = [command.names[0] for command in ada._outbox.pending]
    for frame in held:
        pump.room.handle_frame(pump.now, pump.number_of(ada), Lane.COMMANDS, frame)
    pump.advance(1.0)
    assert pump.told(ada, Rejected) == []
    assert [event.name for event in pump.told(ada, Applied)][-3:] == names
    assert pump.room.telemetry(pump.now)['theta_packets_total{outcome="Stale"}'] >= 1
    unit = pump.room.replica.fold.unit(entity)
    assert unit is not None
    assert unit.name is not None
    assert unit.name.text == "late 2"
    agree(pump, ada, bob)


def test_wire_38_what_was_made_after_a_stale_packet_waits_for_it() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    held = _fall_behind(pump, ada, bob, entity)
    # Signed over what is there now, it could be admitted before those that were made earlier: they were lost then.
    (young,) = ada.perform(pump.now, [red(entity)])
    frames = [*held]
    while (sent := ada.poll_transmit()) is not None:
        if isinstance(decode_from_participant(sent[1]), SubmitPacket):
            frames.append(sent[1])
    assert len(frames) == 4
    numbers = [parse_body(_packet(frame).body).numbers[0] for frame in frames]
    assert numbers == sorted(numbers)
    for frame in frames:
        pump.room.handle_frame(pump.now, pump.number_of(ada), Lane.COMMANDS, frame)
    pump.advance(1.0)
    assert pump.told(ada, Rejected) == []
    assert pump.told(ada, Applied)[-1].name == young
    assert ada.unacknowledged == 0
    agree(pump, ada, bob)


def _packet(frame: bytes) -> SubmitPacket:
    message = decode_from_participant(frame)
    assert isinstance(message, SubmitPacket)
    return message


@pytest.mark.parametrize("lost_acknowledgement", [False, True])
def test_wire_38_whoever_was_away_stamps_anew_before_sending(lost_acknowledgement: bool) -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    number = pump.number_of(ada)
    if lost_acknowledgement:
        pump.meddle = lambda connection, lane, frame: None if connection == number else frame
    ada.perform(pump.now, [Rename(entity, "away")])
    if lost_acknowledgement:
        pump.pump()
    else:
        while ada.poll_transmit() is not None:
            pass
    pump.drop(ada)
    pump.meddle = None
    _busy(pump, bob, entity, FRONTIER_AGE_RECORDS + 200)
    pump.connect(ada)
    pump.pump()
    assert pump.told(ada, Rejected) == []
    assert ada.unacknowledged == 0
    assert len(pump.told(ada, Applied)) == 2
    assert 'theta_packets_total{outcome="Stale"}' not in pump.room.telemetry(pump.now)
    agree(pump, ada, bob)
