"""What a node hands to its adapter, and the lane that each message travels on (WIRE-2)."""

from enum import IntEnum
from typing import NamedTuple

from theta.wire.messages import Message
from theta.wire.planes import DATAGRAM_MESSAGES, PLANES, Plane


class Lane(IntEnum):
    """How a frame travels; the number is what WebSocket puts in front of it.

    All but the datagrams keep their order, each on its own: nothing is in order between two lanes.
    """

    CONTROL = 0
    DATAGRAM = 1
    COMMANDS = 2
    STATE = 3
    BULK = 4


RELIABLE_LANES = (Lane.CONTROL, Lane.COMMANDS, Lane.STATE, Lane.BULK)
"""Those that lose nothing, in the order in which what waits on them is sent."""

_LANE_OF_PLANE: dict[Plane, Lane] = {
    "control": Lane.CONTROL,
    "commands": Lane.COMMANDS,
    "state": Lane.STATE,
    "assets": Lane.BULK,
}
LANES: dict[type[Message], Lane] = {
    message: Lane.DATAGRAM if message in DATAGRAM_MESSAGES else _LANE_OF_PLANE[plane]
    for message, plane in PLANES.items()
}
"""The lane of each message that there is."""


class Transmit(NamedTuple):
    """A frame to send on a connection; `plain_bytes` is how long it was before it was compressed."""

    connection: int
    lane: Lane
    frame: bytes
    plain_bytes: int


class Close(NamedTuple):
    """A connection to close, with the code and reason that the other side gets."""

    connection: int
    code: int
    reason: str


def lane_of(message: Message) -> Lane:
    """A message's lane follows from its plane; of the plane "state", what is newest alone counts goes in datagrams."""
    return LANES[type(message)]
