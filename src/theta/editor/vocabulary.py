"""The command types and their payloads: spec/commands.md, CMD-30 to CMD-38.

A released (name, version) keeps its behaviour for ever; what behaves differently gets a new version. Payloads are
MessagePack arrays of the fields below. Everything is evaluated before it is sent: quaternions and positions, never
angles. Lengths are metres, colours sRGB in [0, 1] as picked on a screen, rotations unit quaternions (x, y, z, w).
"""

import re
from typing import ClassVar

import numpy as np

from theta.base import limits
from theta.base.errors import InvalidValue
from theta.mesh.primitives import PRIMITIVES
from theta.wire.messages import GestureName, Part
from theta.wire.types import Digest32, Id16

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


# C0, DEL and C1, line and paragraph separators, and what turns the direction of writing. Listed here because what
# `str.isprintable` says depends on the Python version, and a record must be as good for every peer as for its room.
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Operation(Part, frozen=True, forbid_unknown_fields=True):
    """Base of all payloads; `check` looks at the values alone, never at the document."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    CREATES: ClassVar[int] = 0

    def check(self) -> None:
        """Refuse values that no document could accept.

        Raises:
            InvalidValue: names the field and its limit.
        """

    @property
    def assets(self) -> tuple[bytes, ...]:
        """The names (32 bytes) of the assets that it cannot be folded without."""
        return ()


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
    entity: Id16
    vertices: bytes
    targets: bytes
    deltas: bytes

    def check(self) -> None:
        """See Operation.check."""
        count, rest = divmod(len(self.vertices), limits.IDENTIFIER_BYTES)
        if rest or not 1 <= count <= limits.MOVED_VERTICES_MAX:
            raise InvalidValue("vertices", len(self.vertices), f"1 to {limits.MOVED_VERTICES_MAX} ids of 16 bytes")
        if len({self.vertices[at : at + 16] for at in range(0, len(self.vertices), 16)}) != count:
            raise InvalidValue("vertices", count, "distinct ids")
        for field, data in (("targets", self.targets), ("deltas", self.deltas)):
            check_points(field, data, count)


class ExtrudeFace(Operation, frozen=True):
    """Pull a face `distance` metres along its normal, in the mesh's space; negative pushes it in."""

    NAME = "theta.extrude_face"
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
    entity: Id16
    colour: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_colour(self.colour)


class Rename(Operation, frozen=True):
    """Name an entity."""

    NAME = "theta.rename"
    entity: Id16
    name: str

    def check(self) -> None:
        """See Operation.check."""
        check_name(self.name)


class Delete(Operation, frozen=True):
    """Take an entity out of the document."""

    NAME = "theta.delete"
    entity: Id16


class SetEffective(Operation, frozen=True):
    """Undo (`on` false) or redo (`on` true) whole gestures of the author's own."""

    NAME = "theta.set_effective"
    gestures: list[GestureName]
    on: bool

    def check(self) -> None:
        """See Operation.check."""
        if not 1 <= len(self.gestures) <= limits.GESTURES_PER_COMMAND_MAX:
            raise InvalidValue("gestures", len(self.gestures), f"1 to {limits.GESTURES_PER_COMMAND_MAX} of them")


OPERATIONS: tuple[type[Operation], ...] = (
    CreatePrimitive,
    SetTransform,
    MoveVertices,
    ExtrudeFace,
    Paint,
    Rename,
    Delete,
    SetEffective,
    ImportMesh,
)


def check_between(field: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is out of [low, high], or is none."""
    if not low <= value <= high:
        raise InvalidValue(field, value, f"between {low:g} and {high:g}")


def check_name(name: str) -> None:
    """Refuse an empty or over-long name, and control characters."""
    if not 1 <= len(name) <= limits.ENTITY_NAME_CHARACTERS_MAX or _CONTROL_CHARACTERS.search(name):
        raise InvalidValue("name", name, f"1 to {limits.ENTITY_NAME_CHARACTERS_MAX} printable characters")


def check_colour(colour: Vector3) -> None:
    """Refuse a colour with a channel out of [0, 1]."""
    for value in colour:
        check_between("colour", value, 0.0, 1.0)


def check_placement(translation: Vector3, rotation: Quaternion, scale: Vector3) -> None:
    """Refuse a placement out of the world, a rotation that is not of unit length, and a scale of nothing."""
    for value in translation:
        check_between("translation", value, -limits.COORDINATE_METRES_MAX, limits.COORDINATE_METRES_MAX)
    for value in rotation:
        check_between("rotation", value, -1.000001, 1.000001)
    x, y, z, w = rotation
    length_squared = x * x + y * y + z * z + w * w
    if not 0.999 <= length_squared <= 1.001:
        raise InvalidValue("rotation", rotation, "a unit quaternion (x, y, z, w)")
    for value in scale:
        check_between("scale", value, limits.SCALE_FACTOR_MIN, limits.SCALE_FACTOR_MAX)


def check_points(field: str, data: bytes, count: int) -> None:
    """Refuse anything but `count` × 3 finite little-endian float64 within the world."""
    if len(data) != count * 24:
        raise InvalidValue(field, len(data), f"{count * 24} bytes, 3 float64 for each vertex")
    values = np.frombuffer(data, "<f8")
    outside = values[~(np.abs(values) <= limits.COORDINATE_METRES_MAX)]
    if len(outside):
        check_between(field, float(outside[0]), -limits.COORDINATE_METRES_MAX, limits.COORDINATE_METRES_MAX)
