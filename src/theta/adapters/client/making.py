"""The verbs that make objects in a room, or write it to a file."""

import os
from collections.abc import Sequence
from typing import Unpack

from numpy.typing import ArrayLike

from theta.adapters.client.assets import ImportDetails, import_command
from theta.adapters.client.entities import Entity
from theta.adapters.client.files import FileDetails, read_model, write_room
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import number, quaternion, scale_of, vector
from theta.base.identifiers import CommandName, entity_id
from theta.commands.log import Command
from theta.editor.vocabulary import CreatePrimitive, CreatePrimitiveV2
from theta.mesh import PRIMITIVES, Faces, Mesh, canonical_bytes, encode_polygons
from theta.mesh.results import NOTHING, Made
from theta.mesh.shapes import ShapeParameters
from theta.mesh.shapes.parameters import check_parameters


class Making(RoomView):
    """What a RoomClient can make."""

    async def create(
        self,
        kind: str = "cube",
        *,
        size: float = 1.0,
        at: Sequence[float] = (0.0, 0.0, 0.0),
        rotation: Sequence[float] = (0.0, 0.0, 0.0, 1.0),
        scale: float | Sequence[float] = 1.0,
        name: str | None = None,
        segments: int | None = None,
        rings: int | None = None,
        levels: int | None = None,
        tube: float | None = None,
    ) -> Entity:
        """Make a shape that fits a cube of edge length `size` metres, with its middle at `at`.

        Args:
            kind: "cube", "pyramid", "cone", "cylinder", "sphere", "icosphere", "torus", "plane", "grid" or "ngon".
            size: metres.
            at: metres.
            rotation: a quaternion (x, y, z, w).
            scale: one factor or three.
            name: what people call it; by default its kind.
            segments: around the axis (cone, cylinder, sphere, torus, ngon), or along x (grid).
            rings: from pole to pole (sphere), around the tube (torus), or along z (grid).
            levels: how often each triangle of an icosphere is split into four.
            tube: a torus's ratio of the tube's radius to that of the circle in its middle.

        Raises:
            InvalidValue: a value out of its limits, or one that the kind does not take; nothing was sent.
            CommandRefused: the room did not admit it.
        """
        placed = (vector(at, "at"), quaternion(rotation), scale_of(scale))
        size = number(size, "size")
        sizes = check_parameters(ShapeParameters(kind, size, segments, rings, levels, tube))
        if kind in PRIMITIVES:
            return Entity(self, entity_id(await self.perform(CreatePrimitive(kind, size, name or kind, *placed))))
        parameters = (sizes.segments, sizes.rings, sizes.levels, float(sizes.tube))
        return Entity(
            self, entity_id(await self.perform(CreatePrimitiveV2(kind, size, *parameters, name or kind, *placed)))
        )

    async def import_polygons(self, positions: ArrayLike, faces: Faces, **details: Unpack[ImportDetails]) -> Entity:
        """Make an object of (n, 3) positions and loops of vertex indices, which need not fit together.

        Raises:
            InvalidValue, UnusableAsset: a value out of its limits; nothing was sent.
            CommandRefused: the room does not take it.
        """
        return await self._import(encode_polygons(positions, faces), details)

    async def import_mesh(self, mesh: Mesh, **details: Unpack[ImportDetails]) -> Entity:
        """Make an object of a mesh of your own; its elements keep their ids, and their attributes.

        Raises:
            InvalidValue, UnusableAsset: a value out of its limits; nothing was sent.
            CommandRefused: the room does not take it.
        """
        return await self._import(canonical_bytes(mesh), details)

    async def import_file(self, path: str | os.PathLike[str], **details: Unpack[FileDetails]) -> list[Entity]:
        """Make the objects of a GLB, glTF or OBJ file; one step for undo.

        A file that Theta wrote gives back its polygons, ids and attributes, unless another program changed it.

        Raises:
            ModelError: it cannot be read as a model, or is too much; nothing was sent.
            InvalidValue, UnusableAsset: one of its objects is not what a room can hold; nothing was sent.
            StoreUnavailable: the file cannot be read.
            CommandRefused: the room does not take it.
        """
        parts = await read_model(path, details)
        tell = details.get("on_progress")
        total = sum(len(part.data) for part in parts)
        sent = 0
        for part in parts:
            before = sent

            def progress(received: int, size: int, before: int = before) -> None:
                if tell is not None:
                    tell("sending", before + received, total)

            await self.upload(part.data, progress)
            sent += len(part.data)
        async with self.as_one_step():
            return [Entity(self, entity_id(await self.perform(part.command))) for part in parts]

    async def export(self, path: str | os.PathLike[str]) -> None:
        """Write the document as it is now as GLB, with who made what, replacing an older file of that name.

        Raises:
            InvalidValue: it would be too large, or the path is a folder or some other kind of file.
            StoreUnavailable: the file cannot be written.
        """
        await write_room(self.replica, path)

    def made_by_command(self, entity: bytes, name: CommandName) -> Made:
        """What a command made in an entity's mesh, as all is folded now."""
        return self.replica.fold.made(entity, name) or NOTHING

    def maker_of(self, entity: bytes, kind: str, element: bytes) -> Command:
        """The command that made a "vertex", an "edge" or a "face" of an entity's mesh.

        Raises:
            UnknownElement: no such element lives.
        """
        return self.replica.fold.makers(entity).maker_of(kind, element)

    async def _import(self, data: bytes, details: ImportDetails) -> Entity:
        command = import_command(data, details)
        await self.upload(data, details.get("on_progress"))
        return Entity(self, entity_id(await self.perform(command)))
