"""A room as Python sees it: `theta.connect`, and its twin that blocks."""

from theta.adapters.client.blocking import BlockingEntity, BlockingRoom, connect_blocking
from theta.adapters.client.connecting import connect
from theta.adapters.client.entities import Entity, Face, Faces
from theta.adapters.client.errors import CommandRefused, ConnectionFailed, NoEffect
from theta.adapters.client.looking_back import Past
from theta.adapters.client.room_client import RoomClient
from theta.adapters.client.undoing import Conflict
from theta.adapters.client.values import Invitation, MadeBy
from theta.commands.governance import Branch
from theta.wire.messages import Person

__all__ = [
    "BlockingEntity",
    "BlockingRoom",
    "Branch",
    "CommandRefused",
    "Conflict",
    "ConnectionFailed",
    "Entity",
    "Face",
    "Faces",
    "Invitation",
    "MadeBy",
    "NoEffect",
    "Past",
    "Person",
    "RoomClient",
    "connect",
    "connect_blocking",
]
