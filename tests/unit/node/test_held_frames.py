"""Frames that overtake the acknowledgement on lanes of their own: kept, within bounds, and taken in their order."""

import pytest

from tests.support.participants import Newcomer
from tests.support.pump import Pump, cube
from theta.base.errors import ProtocolError
from theta.base.limits import HELD_BYTES_MAX, HELD_FRAMES_MAX
from theta.node.events import Joined, Synced
from theta.node.held_frames import HeldFrames
from theta.node.lanes import RELIABLE_LANES, Lane
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import Ping, Pong, SessionChallenge


def test_trn_22_what_is_held_comes_out_in_its_order() -> None:
    held = HeldFrames()
    frames = [(lane, bytes([number])) for number in range(3) for lane in RELIABLE_LANES[1:]]
    for lane, frame in frames:
        held.put(lane, frame)
    assert [held.poll() for _ in frames] == frames
    assert held.poll() is None


def test_trn_22_no_more_is_held_than_may_be() -> None:
    held = HeldFrames()
    for _ in range(HELD_FRAMES_MAX):
        held.put(Lane.STATE, b"")
    with pytest.raises(ProtocolError, match=str(HELD_FRAMES_MAX)):
        held.put(Lane.STATE, b"")
    assert sum(1 for _ in iter(held.poll, None)) == HELD_FRAMES_MAX
    half = bytes(HELD_BYTES_MAX // 2)
    held.put(Lane.COMMANDS, half)
    held.put(Lane.BULK, half)
    with pytest.raises(ProtocolError, match=str(HELD_BYTES_MAX)):
        held.put(Lane.BULK, b"1")
    held.clear()
    held.put(Lane.BULK, half)
    assert held.poll() == (Lane.BULK, half)


def test_trn_22_what_overtakes_the_acknowledgement_waits_for_it() -> None:
    """The lane of control is late: all that a room says on the others comes before the handshake's end."""
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    late: list[bytes] = []
    pump.meddle = lambda number, lane, frame: _hold_back(late, number, lane, frame)
    bob = pump.peer("Bob")
    number = pump.connect(bob)
    pump.meddle = None
    assert late
    assert not bob.is_joined
    assert not pump.told(bob, Joined)
    for frame in late:
        bob.handle_frame(pump.now, Lane.CONTROL, frame)
    pump.pump()
    assert pump.told(bob, Joined)
    assert pump.told(bob, Synced)
    assert bob.replica.document.hash == pump.room.document_hash
    assert pump.code_of(number) is None


def test_trn_22_what_is_held_goes_with_its_connection() -> None:
    pump = Pump()
    late: list[bytes] = []
    pump.meddle = lambda number, lane, frame: _hold_back(late, number - 1, lane, frame) if number == 3 else frame
    pump.join("Ada")
    pump.join("Bob")
    eve = pump.peer("Eve")
    pump.connect(eve)
    assert not pump.told(eve, Joined)
    assert eve._held._frames
    pump.drop(eve)
    assert eve._held.poll() is None
    pump.connect(eve)
    assert pump.told(eve, Joined)
    assert eve.replica.document.hash == pump.room.document_hash


def _hold_back(late: list[bytes], number: int, lane: Lane, frame: bytes) -> bytes | None:
    """From a newcomer's acknowledgement on, the third frame of control, its lane stands still."""
    if number != 2 or lane is not Lane.CONTROL or (not late and _begins(frame)):
        return frame
    late.append(frame)
    return None


def _begins(frame: bytes) -> bool:
    """Whether it is a challenge or a ping."""
    return isinstance(decode_from_room(frame), SessionChallenge | Ping)


@pytest.mark.parametrize("lane", [Lane.DATAGRAM, Lane.COMMANDS, Lane.STATE, Lane.BULK])
def test_trn_22_a_room_holds_nothing_for_whom_it_does_not_know(lane: Lane) -> None:
    pump = Pump()
    pump.is_frozen = True
    client = Newcomer("Eve", pump.room.invite("editor"))
    number = pump.connect(client)
    client.throw(encode(Pong(1, 0.0, 0.0)), lane)
    pump.pump()
    assert pump.code_of(number) == 4400
