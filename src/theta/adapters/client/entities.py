"""Handles to what is in a room. A handle reads the document as it is now, and its verbs send commands."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict, TypeVar, Unpack

import msgspec
import numpy as np
from numpy.typing import NDArray

from theta.adapters.client.modelling import Modelling
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.selecting import Selecting
from theta.adapters.client.values import Element, MadeBy, id_of, ids_of, number, quaternion, scale_of, vector
from theta.base.errors import UnknownElement
from theta.base.identifiers import entity_id
from theta.ecs.entities import Entity as Row
from theta.editor.components import DEFAULT_SURFACE, Material, Name, Owner, Surface, Transform
from theta.editor.mesh_operations import ExtrudeFaceV3
from theta.editor.mesh_parts import part_bytes
from theta.editor.surface import AlphaMode, SurfaceValues
from theta.editor.vocabulary import (
    Delete,
    ImportMeshV2,
    Operation,
    Paint,
    Quaternion,
    Rename,
    SetSurface,
    SetTransform,
    Vector3,
)
from theta.mesh import Mesh, face_centroid, face_normal, nearest_face_to_normal

AnyComponent = TypeVar("AnyComponent")


class Face:
    """One face of an entity's mesh; `id` (16 bytes) stays the same however the mesh changes around it."""

    def __init__(self, entity: "Entity", identifier: bytes) -> None:
        self.entity = entity
        self.id = identifier

    @property
    def normal(self) -> Vector3:
        """The unit normal, in the mesh's space."""
        return face_normal(self.entity.mesh, self.id)

    @property
    def centre(self) -> Vector3:
        """The mean of the corners, metres, in the mesh's space."""
        return face_centroid(self.entity.mesh, self.id)

    @property
    def vertices(self) -> list[bytes]:
        """The ids of the corners, in order around the face."""
        return self.entity.mesh.face_vertices(self.id)

    def __eq__(self, other: object) -> bool:
        """The same face of the same entity."""
        return isinstance(other, Face) and (other.id, other.entity) == (self.id, self.entity)

    def __hash__(self) -> int:
        """By id."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Short, for the REPL."""
        return f"<Face {self.id.hex()[:8]} of {self.entity.name!r}>"


class Faces:
    """The faces of an entity's mesh, as they are now."""

    def __init__(self, entity: "Entity") -> None:
        self._entity = entity

    def __iter__(self) -> Iterator[Face]:
        """Every face, by id."""
        return (Face(self._entity, identifier) for identifier in self._entity.mesh.face_ids())

    def __len__(self) -> int:
        """How many there are."""
        return self._entity.mesh.face_count

    def nearest_to_normal(self, direction: Sequence[float]) -> Face:
        """The face whose normal points most nearly along `direction` (3 numbers, in the mesh's space).

        Raises:
            UsageError: no direction, or no face.
        """
        return Face(self._entity, nearest_face_to_normal(self._entity.mesh, direction))


class SurfaceDetails(TypedDict, total=False):
    """What may be said of a surface; as in SurfaceValues."""

    metallic: float
    roughness: float
    emissive: Vector3
    opacity: float
    alpha_mode: AlphaMode
    alpha_cutoff: float
    double_sided: bool


class Entity(Modelling):
    """An object in the room, by its 16-byte id."""

    def __init__(self, room: RoomView, identifier: bytes) -> None:
        self._room = room
        self.id = identifier

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether it is in the document now."""
        return self._room.document.row(self.id) is not None

    @property
    def name(self) -> str:
        """What people call it."""
        return self._read(Name).text

    @property
    def position(self) -> Vector3:
        """Where it is, metres."""
        return self._read(Transform).translation

    @property
    def rotation(self) -> Quaternion:
        """How it is turned: a unit quaternion (x, y, z, w)."""
        return self._read(Transform).rotation

    @property
    def scale(self) -> Vector3:
        """How it is scaled along its own axes."""
        return self._read(Transform).scale

    @property
    def colour(self) -> Vector3:
        """Its sRGB base colour, each in [0, 1]."""
        return self._read(Material).colour

    @property
    def owner(self) -> str:
        """The name of whoever made it."""
        return self._room.name_of(self._read(Owner).author)

    @property
    def mesh(self) -> Mesh:
        """Its mesh as it is now. Read it; only commands change it.

        Raises:
            UnknownElement: it is not in the document any more.
        """
        mesh = self._room.document.mesh(self.id)
        if mesh is None:
            raise UnknownElement("object", self.id)
        return mesh

    @property
    def faces(self) -> Faces:
        """The faces of its mesh."""
        return Faces(self)

    @property
    def select(self) -> Selecting:
        """Ways to choose vertices, edges and faces of its mesh."""
        return Selecting(self)

    @property
    def surface(self) -> SurfaceValues:
        """How its surface takes light, beyond its colour."""
        row = self._row()
        world = self._room.document.world
        material = world.read(row, Material)
        found = world.read(row, Surface) if world.has(row, Surface) else DEFAULT_SURFACE
        return found.values(material)

    @property
    def vertices(self) -> list[bytes]:
        """The ids of its mesh's vertices, ascending."""
        return self.mesh.vertex_ids()

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where its vertices are: (n, 3) float64, metres, in the mesh's space, in the order of `vertices`."""
        return self.mesh.positions()

    # -- what can be done with it --------------------------------------------------------------------------------
    # Every verb returns once the command is on the room's disk and folded here. It raises CommandRefused when the
    # room does not admit it, NoEffect when it came to nothing, and InvalidValue before anything is sent.

    async def place(
        self,
        at: Sequence[float] | None = None,
        rotation: Sequence[float] | None = None,
        scale: float | Sequence[float] | None = None,
    ) -> None:
        """Move, turn or scale it; what is left out stays."""
        transform = self._read(Transform)
        await self._perform(
            SetTransform(
                self.id,
                vector(at, "at") if at is not None else transform.translation,
                quaternion(rotation) if rotation is not None else transform.rotation,
                scale_of(scale) if scale is not None else transform.scale,
            )
        )

    async def extrude_face(self, face: Element, distance: float) -> Face:
        """Pull a face `distance` metres along its normal (negative: push it in) and return it, the new cap."""
        identifier = id_of(face)
        await self._perform(ExtrudeFaceV3(self.id, identifier, number(distance, "distance")))
        found = self.mesh.resolve("face", identifier)
        return Face(self, found[0] if len(found) == 1 else identifier)

    async def paint(self, colour: Sequence[float]) -> None:
        """Give it a colour: sRGB red, green, blue, each in [0, 1]."""
        await self._perform(Paint(self.id, vector(colour, "colour")))

    async def set_surface(self, **values: Unpack[SurfaceDetails]) -> None:
        """Change how its surface takes light; what is left out stays."""
        await self._perform(SetSurface(self.id, msgspec.structs.replace(self.surface, **values)))

    async def separate(self, faces: Iterable[Element], name: str | None = None) -> "Entity":
        """Make an object of its own of some faces: they leave this one and keep their ids. One step for undo.

        Args:
            faces: some, but not all, of its faces.
            name: what people call the new object; by default as this one.
        """
        ids, transform = ids_of(faces), self._read(Transform)
        asset = await self._room.upload(part_bytes(self.mesh, ids))
        place = (transform.translation, transform.rotation, transform.scale)
        async with self._room.as_one_step():
            made = await self._room.perform(ImportMeshV2(asset, name or self.name, *place, self.colour, self.surface))
            await self.delete_elements(faces=ids)
        return Entity(self._room, entity_id(made))

    def made_by(self, element: Element) -> MadeBy:
        """Who made a vertex, an edge or a face of its mesh, and how.

        Raises:
            UnknownElement: no such element lives.
        """
        command = self._room.maker_of(self.id, self.select.kind_of(element), id_of(element))
        return self._room.made_by(command)

    async def rename(self, name: str) -> None:
        """Call it something else."""
        await self._perform(Rename(self.id, name))

    async def delete(self) -> None:
        """Take it out of the room."""
        await self._perform(Delete(self.id))

    async def _perform(self, operation: Operation) -> None:
        await self._room.perform(operation)

    def _read(self, component: type[AnyComponent]) -> AnyComponent:
        return self._room.document.world.read(self._row(), component)

    def _row(self) -> Row:
        row = self._room.document.row(self.id)
        if row is None:
            raise UnknownElement("object", self.id)
        return row

    def __eq__(self, other: object) -> bool:
        """The same object in the same room."""
        return isinstance(other, Entity) and (other.id, other._room) == (self.id, self._room)

    def __hash__(self) -> int:
        """By id."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Short, for the REPL."""
        return f"<Entity {self.name!r} {self.id.hex()[:8]}>" if self.exists else f"<Entity {self.id.hex()[:8]}, gone>"
