"""Theta: build 3D worlds together, in a browser and in Python.

import asyncio, theta

async def main():
    async with theta.connect("http://localhost:8080", name="hello") as room:
        cube = await room.create("cube", size=0.5, at=(0, 1, -1))
        top = cube.faces.nearest_to_normal((0, 1, 0))
        await cube.extrude_face(top, distance=0.25)

asyncio.run(main())
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theta.adapters.client import (
        BlockingEntity,
        BlockingRoom,
        Branch,
        CommandRefused,
        Conflict,
        ConnectionFailed,
        Entity,
        Face,
        Faces,
        Invitation,
        MadeBy,
        NoEffect,
        Past,
        Person,
        RoomClient,
        connect,
        connect_blocking,
    )
    from theta.base.errors import (
        BeyondHistory,
        InvalidValue,
        NotConnected,
        NothingToUndo,
        ThetaError,
        UndoConflict,
        UnknownElement,
        UsageError,
    )
    from theta.replication.presence import Presence

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(
        (
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
        ),
        "theta.adapters.client",
    ),
    **dict.fromkeys(
        (
            "BeyondHistory",
            "InvalidValue",
            "NotConnected",
            "NothingToUndo",
            "ThetaError",
            "UndoConflict",
            "UnknownElement",
            "UsageError",
        ),
        "theta.base.errors",
    ),
    "Presence": "theta.replication.presence",
}

__all__ = [
    "BeyondHistory",
    "BlockingEntity",
    "BlockingRoom",
    "Branch",
    "CommandRefused",
    "Conflict",
    "ConnectionFailed",
    "Entity",
    "Face",
    "Faces",
    "InvalidValue",
    "Invitation",
    "MadeBy",
    "NoEffect",
    "NotConnected",
    "NothingToUndo",
    "Past",
    "Person",
    "Presence",
    "RoomClient",
    "ThetaError",
    "UndoConflict",
    "UnknownElement",
    "UsageError",
    "connect",
    "connect_blocking",
]


def __getattr__(name: str) -> Any:
    """Load the public names when they are first asked for, so that `import theta.mesh` needs no network library."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'theta' has no attribute {name!r}")
