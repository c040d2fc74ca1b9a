"""What owners send, and what the room takes of it."""

import numpy as np
import pytest

from tests.unit.replication.state_worlds import COMPONENTS, MOTION, PAPER, POSE, Pose
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import (
    DATAGRAM_BYTES_MAX,
    OWNED_BODY_BYTES_MAX,
    OWNED_REPEAT_SECONDS,
    OWNED_ROWS_MAX,
    OWNERSHIP_IDLE_SECONDS_MAX,
    U32_MAX,
)
from theta.ecs.component import component_type
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.replication.owned_state import OwnedStateIntake, OwnedStateSender
from theta.replication.ownership import OwnershipTable
from theta.replication.receiving import Written
from theta.replication.schema import Schema
from theta.wire import codec
from theta.wire.ownership_messages import OwnedState

ANNA, BEN = 11, 22
SCHEMA = Schema.of(COMPONENTS)
LANES = component_type(Pose).lanes


class Room:
    """Anna owns everything in it, by ownership 1."""

    def __init__(self, count: int) -> None:
        self.world = World()
        self.entities: list[Entity] = [self.world.spawn(Pose((0.0, 0.0, 0.0))) for _ in range(count)]
        self.table = OwnershipTable(self.world)
        for entity in self.entities:
            assert self.table.handle_claim(0.0, entity, ANNA, 1, 0).refusal is None
        self.intake = OwnedStateIntake(SCHEMA, self.table, [POSE, PAPER])


def poses(entities: list[Entity], at: float) -> Written:
    places = np.array([(at + row, 1.0, -at) for row in range(len(entities))], np.float32)
    rotations = np.tile(np.array([0.0, 0.6, 0.0, 0.8], np.float32), (len(entities), 1))
    lanes = LANES.quantise({"metres": places, "rotation": rotations}, len(entities))
    return Written(np.array(entities, np.uint64), lanes, ())


def papers(entities: list[Entity], text: bytes) -> Written:
    return Written(np.array(entities, np.uint64), np.full((len(entities), 1), 3), ((text,) * len(entities),))


def test_rep_66_values_travel_and_arrive_as_they_were_quantised() -> None:
    room = Room(3)
    sent, notes = poses(room.entities, 2.5), papers(room.entities[1:2], b"hello")
    written = {POSE: sent, PAPER: notes}
    (message,) = OwnedStateSender(SCHEMA).messages(0.0, 9, room.entities, [1, 1, 1], written)
    assert (message.sequence, message.tick) == (1, 9)
    taken = room.intake.handle_owned(0.0, ANNA, message)
    assert taken.tick == 9
    assert list(taken.written) == [POSE, PAPER]
    pose_values, paper_values = taken.written[POSE], taken.written[PAPER]
    assert pose_values.entities.tolist() == room.entities
    assert np.array_equal(pose_values.lanes, sent.lanes)
    restored = LANES.restore(pose_values.lanes)
    assert np.abs(restored["metres"][:, 0] - [2.5, 3.5, 4.5]).max() <= 0.002
    assert paper_values.entities.tolist() == [room.entities[1]]
    assert paper_values.lanes.tolist() == [[3]]
    assert paper_values.objects == ((b"hello",),)
    assert room.intake.counts == {"taken": 3, "not-owned": 0}


@pytest.mark.parametrize("count", [1, 16, 17, OWNED_ROWS_MAX, OWNED_ROWS_MAX + 1, 100])
def test_rep_66_messages_are_datagrams_however_many_there_are(count: int) -> None:
    room = Room(count)
    sender = OwnedStateSender(SCHEMA)
    messages = sender.messages(0.0, U32_MAX, room.entities, [1] * count, {POSE: poses(room.entities, 0.0)})
    assert max(len(codec.encode(each)) for each in messages) < DATAGRAM_BYTES_MAX
    assert [each.sequence for each in messages] == list(range(1, len(messages) + 1))
    found: list[int] = []
    for message in messages:
        found += room.intake.handle_owned(0.0, ANNA, message).written[POSE].entities.tolist()
    assert found == room.entities


def test_rep_66_what_no_message_holds_is_refused() -> None:
    room = Room(2)
    large = {PAPER: papers(room.entities, bytes(OWNED_BODY_BYTES_MAX))}
    with pytest.raises(InvalidValue, match="values"):
        OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities, [1, 1], large)
    half = {PAPER: papers(room.entities, bytes(OWNED_BODY_BYTES_MAX * 3 // 4))}
    sender = OwnedStateSender(SCHEMA)
    assert len(sender.messages(0.0, 1, room.entities, [1, 1], half)) == 2
    with pytest.raises(InvalidValue, match="values"):
        sender.messages(0.0, 1, room.entities, [1, 1], large)
    assert sender.messages(0.0, 1, room.entities[:1], [1], {})[0].sequence == 3, "no number was spent"


def test_rep_66_an_entity_without_values_says_that_it_is_held() -> None:
    room = Room(1)
    (message,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities, [1], {})
    assert room.intake.handle_owned(2.0, ANNA, message).written == {}
    assert room.intake.counts["taken"] == 1
    assert room.table.timeout is not None
    assert room.table.timeout > 4.0


def test_rep_66_anything_else_is_a_protocol_error_and_nothing_is_taken() -> None:
    room = Room(17)
    (message,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities, [1] * 17, {POSE: poses(room.entities, 1.0)})
    (single,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities[:1], [1], {})
    (other,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities[1:2], [1], {})
    body, numbers = message.body, message.ownerships
    for broken in (
        OwnedState(2, 1, numbers[4:], body),
        OwnedState(2, 1, numbers[:-1], body),
        OwnedState(2, 1, numbers, body[:-1]),
        OwnedState(2, 1, single.ownerships, b"\x01" + single.body[1:]),
        OwnedState(2, 1, single.ownerships, single.body[:1] + b"\x01" + single.body[2:]),
        OwnedState(2, 1, single.ownerships * 2, single.body + b"\x01" + single.body[1:]),
        OwnedState(2, 1, single.ownerships * 2, single.body + b"\x01" + other.body[1:]),
        OwnedState(2, 1, b"", b"".join(bytes((cell, 0, 0)) for cell in range(4))),
    ):
        with pytest.raises(ProtocolError):
            room.intake.handle_owned(0.0, ANNA, broken)
    assert not room.intake.counts
    assert room.intake.handle_owned(0.0, ANNA, OwnedState(3, 1, b"", b"")).written == {}


def test_rep_67_others_rows_are_counted_and_dropped() -> None:
    room = Room(3)
    room.table.handle_claim(0.0, room.entities[1], BEN, 2, 0)
    room.world.despawn(room.entities[2])
    (message,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities, [1, 1, 1], {POSE: poses(room.entities, 1.0)})
    values = room.intake.handle_owned(0.0, ANNA, message).written[POSE]
    assert values.entities.tolist() == room.entities[:1]
    assert room.intake.counts == {"taken": 1, "not-owned": 2}
    assert room.intake.handle_owned(0.0, BEN, message).written == {}, "by another ownership"


def test_rep_67_only_components_that_owners_may_write_count() -> None:
    room = Room(1)
    motion = Written(np.array(room.entities, np.uint64), np.ones((1, 4), np.int64), ())
    written = {POSE: poses(room.entities, 1.0), MOTION: motion}
    (message,) = OwnedStateSender(SCHEMA).messages(0.0, 1, room.entities, [1], written)
    assert list(room.intake.handle_owned(0.0, ANNA, message).written) == [POSE]
    assert room.intake.counts["not-allowed"] == 1


def test_rep_72_the_rooms_answer_is_the_newest_input_of_which_it_took_a_row() -> None:
    room = Room(1)
    sender = OwnedStateSender(SCHEMA)
    first, second, third = (
        sender.messages(0.0, tick, room.entities, [ownership], {})[0] for tick, ownership in ((1, 1), (2, 1), (3, 9))
    )
    assert room.intake.input_of(ANNA) == 0
    for message, answer in ((second, 2), (first, 2), (third, 2)):
        room.intake.handle_owned(0.0, ANNA, message)
        assert room.intake.input_of(ANNA) == answer
    room.intake.handle_left(ANNA)
    assert room.intake.input_of(ANNA) == 0


def test_rep_66_what_is_owned_is_said_again_in_time() -> None:
    room = Room(1)
    sender = OwnedStateSender(SCHEMA)
    sender.messages(5.0, 1, room.entities, [1], {})
    assert sender.timeout == 5.0 + OWNED_REPEAT_SECONDS
    assert OWNED_REPEAT_SECONDS < OWNERSHIP_IDLE_SECONDS_MAX, "or what is held still would be taken back"


def test_rep_66_what_is_owned_no_more_is_not_said_again() -> None:
    sender = OwnedStateSender(SCHEMA)
    sender.messages(5.0, 1, Room(1).entities, [1], {})
    assert sender.messages(6.0, 2, [], [], {}) == []
    assert sender.timeout is None
