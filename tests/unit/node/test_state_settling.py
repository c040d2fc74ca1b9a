"""A participant comes back: does the room go on with what it has, or begin anew? Until it knows, it says nothing."""

import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import entities, join
from theta.base.moment import Moment
from theta.ecs.component import component_type
from theta.node.lanes import Lane
from theta.node.state_participant import StateParticipant
from theta.replication.descriptors import component_descriptors
from theta.replication.standard import STANDARD_COMPONENTS
from theta.wire.codec import decode_from_room
from theta.wire.interest_messages import SubscribeRegion
from theta.wire.message import Message
from theta.wire.state_messages import CellsLeft, ComponentDescriptors, StateAck, StateFrame

DESCRIPTORS = component_descriptors(tuple(map(component_type, STANDARD_COMPONENTS)))
EMPTY = 0
"""A body without sections."""


def frame(sequence: int) -> StateFrame:
    return StateFrame(sequence, 10 + sequence, EMPTY, False, b"")


def said(participant: StateParticipant) -> list[Message]:
    found = []
    while (message := participant.poll_transmit()) is not None:
        found.append(message)
    return found


@pytest.fixture
def anna() -> StateParticipant:
    """Somebody who took frame 60, looks at a region, and whose connection was lost and is there again."""
    anna = StateParticipant(7)
    anna.handle_session(0.0, resumed=False, is_on=True)
    anna.looking.subscribe((1.0, 2.0, 3.0), 4.0)
    anna.handle_message(0.0, DESCRIPTORS)
    anna.handle_message(0.0, frame(60))
    assert [type(each) for each in said(anna)] == [SubscribeRegion, StateAck]
    anna.handle_message(0.0, frame(61))
    anna.handle_disconnected()
    assert said(anna) == []
    anna.handle_session(1.0, resumed=True, is_on=True)
    return anna


def test_rep_26_nothing_is_said_before_it_is_known_that_the_room_goes_on(anna: StateParticipant) -> None:
    assert said(anna) == []
    anna.handle_message(1.0, frame(1))
    assert said(anna) == []
    anna.handle_message(1.0, CellsLeft(70, []))
    assert [type(each) for each in said(anna)][:1] == [SubscribeRegion]
    anna.handle_message(1.1, frame(62))
    (ack,) = said(anna)
    assert isinstance(ack, StateAck)
    assert (ack.sequence, ack.received & 0b11) == (62, 0b11)


def test_rep_26_nothing_of_what_was_is_said_to_a_room_that_begins_anew(anna: StateParticipant) -> None:
    """Simulated room, seed 20260826: it heard of frame 60 when it had sent two, and hung up."""
    anna.handle_message(1.0, frame(1))
    anna.handle_message(1.0, DESCRIPTORS)
    assert [type(each) for each in said(anna)] == [SubscribeRegion]
    anna.handle_message(1.1, frame(1))
    (ack,) = said(anna)
    assert ack == StateAck(1, 0)


def told_on_return(monkeypatch: pytest.MonkeyPatch, *, anew: bool) -> list[Message]:
    """What a room says of the plane, reliably, to who comes back to it."""
    pump: Pump = room_with(pose(0.0))
    anna = join(pump, "anna")
    (here,) = entities(anna)
    told: list[Message] = []
    heard = anna.handle_frame

    def listen(now: Moment, lane: Lane, data: bytes) -> None:
        if lane is Lane.STATE:
            told.append(decode_from_room(data))
        heard(now, lane, data)

    monkeypatch.setattr(anna, "handle_frame", listen)
    if anew:
        pump.restart()
    else:
        pump.drop(anna)
    pump.connect(anna)
    pump.advance(0.5)
    assert anna.is_joined
    assert [each != here for each in entities(anna)] == [anew], "shown anew, or still"
    return told


def test_rep_26_the_room_says_first_whether_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    first = told_on_return(monkeypatch, anew=False)[0]
    assert isinstance(first, CellsLeft)
    assert first.cells == []
    assert isinstance(told_on_return(monkeypatch, anew=True)[0], ComponentDescriptors)
