"""The command types and their payloads: spec/commands.md, CMD-30 to CMD-38 and CMD-43 to CMD-59.

A released (name, version) keeps its behaviour for ever; what behaves differently gets a new version, whose class says
so at its end. Payloads are MessagePack arrays of the fields below. Everything is evaluated before it is sent:
quaternions and positions, never angles. Lengths are metres, colours sRGB in [0, 1] as picked on a screen, rotations
unit quaternions (x, y, z, w). What changes a mesh is in `theta.editor.mesh_operations`.
"""

from theta.base import limits
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.commands.governing import GOVERNING, Governing
from theta.editor.creation import CreatePrimitiveV2, ImportMeshV2
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.mesh_operations.base import EVERYTHING
from theta.editor.operation import (
    Operation,
    Quaternion,
    Vector3,
    check_between,
    check_colour,
    check_ids,
    check_name,
    check_placement,
    check_points,
)
from theta.editor.surface import SetSurface
from theta.editor.touches import of_entity
from theta.mesh.primitives import PRIMITIVES
from theta.wire.messages import GestureName
from theta.wire.types import Digest32, Id16

__all__ = [
    "OPERATIONS",
    "CreatePrimitive",
    "CreatePrimitiveV2",
    "Delete",
    "ExtrudeFace",
    "ImportMesh",
    "ImportMeshV2",
    "MoveVertices",
    "Operation",
    "Paint",
    "Quaternion",
    "Rename",
    "SetEffective",
    "SetEffectiveV2",
    "SetSurface",
    "SetTransform",
    "Vector3",
    "check_name",
]


class CreatePrimitive(Operation, frozen=True):
    """Make an entity with a mesh: a cube, a pyramid or a plane of edge length `size` metres."""

    NAME = "theta.create_primitive"
    CREATES = 1
    kind: str
    size: float
    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3

    def check(self) -> None:
        """See Operation.check."""
        if self.kind not in PRIMITIVES:
            raise InvalidValue("kind", self.kind, "one of " + ", ".join(PRIMITIVES))
        low, high = limits.PRIMITIVE_METRES_MIN, limits.PRIMITIVE_METRES_MAX
        check_between("size", self.size, low, high)
        check_name(self.name)
        check_placement(self.translation, self.rotation, self.scale)


class ImportMesh(Operation, frozen=True):
    """Make an entity whose mesh are the polygons of `asset` (theta.mesh.polygon_asset), separated (MESH-22)."""

    NAME = "theta.import_mesh"
    CREATES = 1
    asset: Digest32
    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    colour: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_name(self.name)
        check_placement(self.translation, self.rotation, self.scale)
        check_colour(self.colour)

    @property
    def assets(self) -> tuple[bytes, ...]:
        """See Operation.assets."""
        return (self.asset,)


class SetTransform(Operation, frozen=True):
    """Place an entity: `translation`, `rotation` and `scale` relative to the world."""

    NAME = "theta.transform"
    WRITES = of_entity("transform")
    entity: Id16
    translation: Vector3
    rotation: Quaternion
    scale: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_placement(self.translation, self.rotation, self.scale)


class MoveVertices(Operation, frozen=True):
    """Move vertices of an entity's mesh to `targets`; `deltas` is how far the author dragged each.

    `vertices` is n ids of 16 bytes; `targets` and `deltas` are n × 3 little-endian float64, in the mesh's space.
    """

    NAME = "theta.move_vertices"
    READS = EVERYTHING
    WRITES = EVERYTHING
    entity: Id16
    vertices: bytes
    targets: bytes
    deltas: bytes

    def check(self) -> None:
        """See Operation.check."""
        count = check_ids("vertices", self.vertices, limits.MOVED_VERTICES_MAX)
        for field, data in (("targets", self.targets), ("deltas", self.deltas)):
            check_points(field, data, count)


class ExtrudeFace(Operation, frozen=True):
    """Pull a face `distance` metres along its normal, in the mesh's space; negative pushes it in."""

    NAME = "theta.extrude_face"
    READS = EVERYTHING
    WRITES = EVERYTHING
    entity: Id16
    face: Id16
    distance: float

    def check(self) -> None:
        """See Operation.check."""
        check_between("distance", self.distance, -limits.PRIMITIVE_METRES_MAX, limits.PRIMITIVE_METRES_MAX)
        if self.distance == 0.0:
            raise InvalidValue("distance", self.distance, "other than 0")


class Paint(Operation, frozen=True):
    """Give an entity's material a base colour."""

    NAME = "theta.paint"
    WRITES = of_entity("colour")
    entity: Id16
    colour: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_colour(self.colour)


class Rename(Operation, frozen=True):
    """Name an entity."""

    NAME = "theta.rename"
    WRITES = of_entity("name")
    entity: Id16
    name: str

    def check(self) -> None:
        """See Operation.check."""
        check_name(self.name)


class Delete(Operation, frozen=True):
    """Take an entity out of the document."""

    NAME = "theta.delete"
    WRITES = of_entity("existence")
    entity: Id16


class SetEffective(Operation, frozen=True):
    """Undo (`on` false) or redo (`on` true) whole gestures of the author's own."""

    NAME = "theta.set_effective"
    RETIRED = True
    SWITCHES = True
    gestures: list[GestureName]
    on: bool

    @property
    def switched(self) -> list[CommandName]:
        """See Operation.switched."""
        return [CommandName(name.actor, name.number) for name in self.gestures]

    def check(self) -> None:
        """See Operation.check."""
        if not 1 <= len(self.gestures) <= limits.GESTURES_PER_COMMAND_MAX:
            raise InvalidValue("gestures", len(self.gestures), f"1 to {limits.GESTURES_PER_COMMAND_MAX} of them")


class SetEffectiveV2(SetEffective, frozen=True):
    """Undo or redo whole gestures of the author's own, and with them what others built on these.

    `cascade` are others' gestures that are taken back (or brought back) too. An undo that others' work depends on, if
    it is not in `cascade`, masks nothing (CMD-95).
    """

    VERSION = 2
    RETIRED = False
    cascade: list[GestureName]

    @property
    def switched(self) -> list[CommandName]:
        """See Operation.switched."""
        return [CommandName(name.actor, name.number) for name in (*self.gestures, *self.cascade)]

    def check(self) -> None:
        """See Operation.check."""
        SetEffective.check(self)
        if len(self.cascade) > limits.CASCADE_GESTURES_MAX:
            raise InvalidValue("cascade", len(self.cascade), f"at most {limits.CASCADE_GESTURES_MAX} of them")


OPERATIONS: tuple[type[Operation] | type[Governing], ...] = (
    CreatePrimitive,
    SetTransform,
    MoveVertices,
    ExtrudeFace,
    Paint,
    Rename,
    Delete,
    SetEffective,
    SetEffectiveV2,
    ImportMesh,
    CreatePrimitiveV2,
    ImportMeshV2,
    SetSurface,
    *MESH_OPERATIONS,
    *GOVERNING,
)
