"""What a node hands to its adapter."""

from enum import IntEnum
from typing import NamedTuple

from theta.wire.messages import Message
from theta.wire.planes import PLANES


class Lane(IntEnum):
    """How a frame travels; the number is what WebSocket puts in front of it."""

    RELIABLE = 0
    DATAGRAM = 1


class Transmit(NamedTuple):
    """A frame to send on a connection."""

    connection: int
    lane: Lane
    frame: bytes


class Close(NamedTuple):
    """A connection to close, with the code and reason that the other side gets."""

    connection: int
    code: int
    reason: str


def lane_of(message: Message) -> Lane:
    """State may be dropped; everything else may not."""
    return Lane.DATAGRAM if PLANES[type(message)] == "state" else Lane.RELIABLE
