"""Polygons into a room: encode them, give them to the room, and then name them in a command."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from theta.adapters.client.entities import quaternion, scale_of, vector
from theta.adapters.client.errors import CommandRefused
from theta.adapters.client.waiting import Waiting
from theta.adapters.host import machine_clock
from theta.editor.components import DEFAULT_COLOUR
from theta.editor.vocabulary import ImportMesh
from theta.node.events import AssetNotStored, AssetProgress, AssetStored, Event
from theta.node.peer import Peer

Progress = Callable[[int, int], None]


class ImportDetails(TypedDict, total=False):
    """What may be said of imported polygons.

    `name` is what people call the object; `at` metres; `rotation` a quaternion (x, y, z, w); `scale` one factor or
    three; `colour` sRGB in [0, 1]; `on_progress` is called with (bytes the room has, bytes in all).
    """

    name: str
    at: Sequence[float]
    rotation: Sequence[float]
    scale: float | Sequence[float]
    colour: Sequence[float]
    on_progress: Progress


def import_command(asset: bytes, details: ImportDetails) -> ImportMesh:
    """The command that makes an object of a stored asset.

    Raises:
        InvalidValue: a value out of its limits.
    """
    command = ImportMesh(
        asset,
        details.get("name", "import"),
        vector(details.get("at", (0.0, 0.0, 0.0)), "at"),
        quaternion(details.get("rotation", (0.0, 0.0, 0.0, 1.0))),
        scale_of(details.get("scale", 1.0)),
        vector(details.get("colour", DEFAULT_COLOUR), "colour"),
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
