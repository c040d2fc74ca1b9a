"""Handles to what is in a room. A handle reads the document as it is now, and its verbs send commands."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.editor.components import Material, Name, Owner, Transform
from theta.editor.document import Document
from theta.editor.vocabulary import (
    Delete,
    ExtrudeFace,
    MoveVertices,
    Operation,
    Paint,
    Quaternion,
    Rename,
    SetTransform,
    Vector3,
)
from theta.mesh import Mesh, face_centroid, face_normal, nearest_face_to_normal

AnyComponent = TypeVar("AnyComponent")


class RoomView(Protocol):
    """What a handle needs of its room."""

    @property
    def document(self) -> Document:
        """The document as folded here."""
        ...

    def name_of(self, author: bytes) -> str:
        """What an author (32-byte public key) was called last."""
        ...

    async def perform(self, *operations: Operation) -> CommandName:
        """Send commands and wait until they are on disk and folded here."""
        ...


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


class Entity:
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

    async def extrude_face(self, face: Face | bytes, distance: float) -> Face:
        """Pull a face `distance` metres along its normal (negative: push it in) and return it, the new cap."""
        identifier = face.id if isinstance(face, Face) else face
        await self._perform(ExtrudeFace(self.id, identifier, number(distance, "distance")))
        return Face(self, identifier)

    async def move_vertices(self, vertices: Sequence[bytes], targets: ArrayLike) -> None:
        """Move vertices to `targets`: (n, 3) metres, in the mesh's space."""
        goal = np.asarray(targets, dtype="<f8")
        if goal.shape != (len(vertices), 3):
            raise InvalidValue("targets", goal.shape, f"of shape ({len(vertices)}, 3)")
        start = np.array([self.mesh.position(vertex) for vertex in vertices], dtype="<f8").reshape(-1, 3)
        await self._perform(MoveVertices(self.id, b"".join(vertices), goal.tobytes(), (goal - start).tobytes()))

    async def paint(self, colour: Sequence[float]) -> None:
        """Give it a colour: sRGB red, green, blue, each in [0, 1]."""
        await self._perform(Paint(self.id, vector(colour, "colour")))

    async def rename(self, name: str) -> None:
        """Call it something else."""
        await self._perform(Rename(self.id, name))

    async def delete(self) -> None:
        """Take it out of the room."""
        await self._perform(Delete(self.id))

    async def _perform(self, operation: Operation) -> None:
        await self._room.perform(operation)

    def _read(self, component: type[AnyComponent]) -> AnyComponent:
        row = self._room.document.row(self.id)
        if row is None:
            raise UnknownElement("object", self.id)
        return self._room.document.world.read(row, component)

    def __eq__(self, other: object) -> bool:
        """The same object in the same room."""
        return isinstance(other, Entity) and (other.id, other._room) == (self.id, self._room)

    def __hash__(self) -> int:
        """By id."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Short, for the REPL."""
        return f"<Entity {self.name!r} {self.id.hex()[:8]}>" if self.exists else f"<Entity {self.id.hex()[:8]}, gone>"


def vector(values: Sequence[float], field: str) -> Vector3:
    """Three floats.

    Raises:
        InvalidValue: there are not three.
    """
    if len(values) != 3:
        raise InvalidValue(field, values, "three numbers")
    x, y, z = (number(value, field) for value in values)
    return x, y, z


def quaternion(values: Sequence[float]) -> Quaternion:
    """A quaternion (x, y, z, w), made of unit length.

    Raises:
        InvalidValue: there are not four numbers, or all are zero.
    """
    if len(values) != 4:
        raise InvalidValue("rotation", values, "a quaternion (x, y, z, w)")
    x, y, z, w = (number(value, "rotation") for value in values)
    length = (x * x + y * y + z * z + w * w) ** 0.5
    if not 0.0 < length < float("inf"):
        raise InvalidValue("rotation", values, "a quaternion (x, y, z, w) that can be made of unit length")
    return x / length, y / length, z / length, w / length


def scale_of(scale: float | Sequence[float]) -> Vector3:
    """One factor for all axes, or three."""
    if np.ndim(scale) > 0:
        return vector(cast(Sequence[float], scale), "scale")
    factor = number(cast(float, scale), "scale")
    return factor, factor, factor


def number(value: float, field: str) -> float:
    """A float.

    Raises:
        InvalidValue: it is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidValue(field, value, "a number") from error
