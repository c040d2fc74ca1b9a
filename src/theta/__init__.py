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

from theta.base.version import VERSION

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
    from theta.ecs.bulk import Batch
    from theta.ecs.codecs import Bits, EntityReference, FixedPoint, Raw, SmallestThree
    from theta.ecs.component import Blob, Bytes, Column, Migration, Plane, Text, component
    from theta.ecs.relations import ChildOf, OwnedBy
    from theta.ecs.systems import Stage, system
    from theta.ecs.world import World
    from theta.replication.presence import Presence
    from theta.replication.standard import Pose, Shape, ShapeKind

__version__ = VERSION

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
    "Batch": "theta.ecs.bulk",
    **dict.fromkeys(("Bits", "EntityReference", "FixedPoint", "Raw", "SmallestThree"), "theta.ecs.codecs"),
    **dict.fromkeys(
        ("Blob", "Bytes", "Column", "Migration", "Plane", "Text", "component"),
        "theta.ecs.component",
    ),
    **dict.fromkeys(("ChildOf", "OwnedBy"), "theta.ecs.relations"),
    **dict.fromkeys(("Stage", "system"), "theta.ecs.systems"),
    "World": "theta.ecs.world",
    "Presence": "theta.replication.presence",
    **dict.fromkeys(("Pose", "Shape", "ShapeKind"), "theta.replication.standard"),
}

__all__ = [
    "Batch",
    "BeyondHistory",
    "Bits",
    "Blob",
    "BlockingEntity",
    "BlockingRoom",
    "Branch",
    "Bytes",
    "ChildOf",
    "Column",
    "CommandRefused",
    "Conflict",
    "ConnectionFailed",
    "Entity",
    "EntityReference",
    "Face",
    "Faces",
    "FixedPoint",
    "InvalidValue",
    "Invitation",
    "MadeBy",
    "Migration",
    "NoEffect",
    "NotConnected",
    "NothingToUndo",
    "OwnedBy",
    "Past",
    "Person",
    "Plane",
    "Pose",
    "Presence",
    "Raw",
    "RoomClient",
    "Shape",
    "ShapeKind",
    "SmallestThree",
    "Stage",
    "Text",
    "ThetaError",
    "UndoConflict",
    "UnknownElement",
    "UsageError",
    "World",
    "component",
    "connect",
    "connect_blocking",
    "system",
]


def __getattr__(name: str) -> Any:
    """Load the public names when they are first asked for, so that `import theta.mesh` needs no network library."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'theta' has no attribute {name!r}")
