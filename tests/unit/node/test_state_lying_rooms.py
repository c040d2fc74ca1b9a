"""Rooms that lie or are broken: each participant hangs up on them or passes over it, and keeps what is its own."""

from collections.abc import Callable

import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import entities, grabbed, join
from theta.base.errors import ProtocolError
from theta.base.limits import STATE_ENTITIES_MAX
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.replication.ownership import Grip, Refusal
from theta.replication.ownership_view import OwnershipView
from theta.replication.standard import Pose
from theta.wire.codec import encode
from theta.wire.message import Message
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused, OwnershipRow


@pytest.fixture
def pump() -> Pump:
    return room_with(pose(-1.0), pose(0.0), pose(1.0))


def say(pump: Pump, peer: Peer, message: Message) -> tuple[int, str] | None:
    """The room says this; how the participant closes the connection then, if it does."""
    peer.handle_frame(pump.now, Lane.STATE, encode(message))
    return peer.poll_close()


@pytest.mark.parametrize(
    "message",
    [
        lambda row: OwnershipChanged([row]),
        lambda row: OwnershipRefused(1, 0, "held", row),
    ],
)
def test_rep_60_a_grip_that_there_is_not_is_a_protocol_error(
    pump: Pump, message: Callable[[OwnershipRow], Message]
) -> None:
    anna = join(pump, "anna")
    cup = entities(anna)[1]
    mine = anna.state.world.spawn(Pose((5.0, 0.0, 0.0)))
    grabbed(pump, anna, cup)
    close = say(pump, anna, message(OwnershipRow(anna.state.holding.remote(cup), 77, 9, 0, 3)))
    assert close is not None
    assert close[0] == ProtocolError.close_code
    assert "grip" in close[1]
    assert anna.state.holding.is_granted(cup), "nothing of it was taken"
    assert anna.state.world.contains(mine)


def test_rep_65_a_room_that_gives_without_end_fills_no_memory() -> None:
    view = OwnershipView(7)
    view.grab(0.0, 1)
    for first in range(10, 10 + 3 * STATE_ENTITIES_MAX, 1_000):
        rows = [OwnershipRow(each, 7, 1, 0, Grip.GRABBED) for each in range(first, first + 1_000)]
        view.handle_changed(0.0, OwnershipChanged(rows))
        while view.poll_message() is not None:
            pass
        view.forget_free(1_000)
    view.handle_timeout(1.0)
    said = len(list(iter(view.poll_message, None)))
    assert said <= 2_000
    assert view.owned == [1]


def test_rep_62_refusals_of_what_was_never_asked_change_nothing(pump: Pump) -> None:
    anna = join(pump, "anna")
    cup = entities(anna)[1]
    remote = anna.state.holding.remote(cup)
    assert say(pump, anna, OwnershipRefused(5, 0, "not-allowed", OwnershipRow(remote, 0, 0, 0, 0))) is None
    assert say(pump, anna, OwnershipRefused(5, 0, "held", OwnershipRow(2**60, 3, 9, 0, 2))) is None
    assert anna.state.holding.refusal(cup) is None
    grabbed(pump, anna, cup)
    assert anna.state.holding.refusal(cup) is not Refusal.NOT_ALLOWED
