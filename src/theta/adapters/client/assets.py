"""Polygons and meshes into a room: encode them, give them to the room, and then name them in a command."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from theta.adapters.client.errors import CommandRefused
from theta.adapters.client.values import quaternion, scale_of, vector
from theta.adapters.client.waiting import Waiting
from theta.adapters.host import machine_clock
from theta.editor.components import DEFAULT_COLOUR, DEFAULT_METALLIC, DEFAULT_ROUGHNESS
from theta.editor.surface import SurfaceValues
from theta.editor.vocabulary import ImportMeshV2
from theta.mesh import asset_name
from theta.node.events import AssetNotStored, AssetProgress, AssetStored, Event
from theta.node.peer import Peer

Progress = Callable[[int, int], None]

PLAIN = SurfaceValues(DEFAULT_METALLIC, DEFAULT_ROUGHNESS, (0.0, 0.0, 0.0), 1.0, "opaque", 0.5, True)
"""What an object's surface is when nothing is said of it."""


class ImportDetails(TypedDict, total=False):
    """What may be said of an imported object.

    `name` is what people call the object; `at` metres; `rotation` a quaternion (x, y, z, w); `scale` one factor or
    three; `colour` sRGB in [0, 1]; `surface` all else of how it looks; `on_progress` is called with (bytes the room
    has, bytes in all).
    """

    name: str
    at: Sequence[float]
    rotation: Sequence[float]
    scale: float | Sequence[float]
    colour: Sequence[float]
    surface: SurfaceValues
    on_progress: Progress


def import_command(data: bytes, details: ImportDetails) -> ImportMeshV2:
    """The command that makes an object of an asset, once it is stored.

    Raises:
        InvalidValue: a value out of its limits.
    """
    command = ImportMeshV2(
        asset_name(data),
        details.get("name", "import"),
        vector(details.get("at", (0.0, 0.0, 0.0)), "at"),
        quaternion(details.get("rotation", (0.0, 0.0, 0.0, 1.0))),
        scale_of(details.get("scale", 1.0)),
        vector(details.get("colour", DEFAULT_COLOUR), "colour"),
        details.get("surface", PLAIN),
    )
    command.check()
    return command


async def upload(
    peer: Peer, waiting: Waiting, pump: Callable[[], None], data: bytes, on_progress: Progress | None
) -> None:
    """Give an asset to the room; returns once it is on the room's disk, over however many connections.

    Raises:
        UnusableAsset: no room would take it.
        CommandRefused: this room does not take it.
        ConnectionFailed, NotConnected: the room closed the door for good, or was left.
    """
    name = peer.upload(machine_clock(), data)
    ended: list[AssetStored | AssetNotStored | Exception] = []

    def hear(event: Event) -> None:
        if isinstance(event, AssetProgress) and event.asset == name and on_progress is not None:
            try:
                on_progress(event.received, event.size)
            except Exception as error:
                ended.append(error)  # it is raised where the upload is awaited, and harms nobody else
        elif isinstance(event, AssetStored | AssetNotStored) and event.asset == name:
            ended.append(event)

    waiting.listeners.append(hear)
    try:
        pump()
        await waiting.until(lambda: bool(ended))
    finally:
        waiting.listeners.remove(hear)
    if isinstance(ended[0], Exception):
        raise ended[0]
    if isinstance(ended[0], AssetNotStored):
        raise CommandRefused(ended[0].code, ended[0].reason)
