"""Commands on vertices: CMD-52."""

from struct import Struct

from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import (
    COMMAND_ELEMENTS_MAX,
    COMMAND_VALUES_PER_TOKEN,
    COORDINATE_METRES_MAX,
    IDENTIFIER_BYTES,
    MOVED_VERTICES_MAX,
)
from theta.editor.mesh_operations.base import MeshOperation, elements, living_of_each, some_living, touching
from theta.editor.operation import Vector3, check_ids, check_points, check_vector
from theta.editor.touches import Reach
from theta.mesh import Mesh, move_vertices
from theta.mesh.local import create_vertex, dissolve_vertex, weld
from theta.mesh.results import NOTHING, Made
from theta.wire.types import Id16

_POINT = Struct("<3d")
_TWO_POINTS = Struct("<6d")


class CreateVertex(MeshOperation, frozen=True):
    """Make a vertex by itself at `point`, in the mesh's space."""

    NAME = "theta.create_vertex"
    point: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_vector("point", self.point)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return create_vertex(mesh, self.point, name)


class MoveVerticesV2(MeshOperation, frozen=True):
    """Put vertices, or what they were welded to, at `targets`; `deltas` is how far the author dragged each.

    `vertices` is n ids of 16 bytes; `targets` and `deltas` are n × 3 little-endian float64, in the mesh's space. Those
    that are no more are left out. Of several that are one by now, the last counts.
    """

    NAME = "theta.move_vertices"
    VERSION = 2
    ELEMENTS = elements(vertices="vertex")
    ELEMENTS_PER_TOKEN = COMMAND_VALUES_PER_TOKEN
    READS = touching(Reach.SELF, "vertices", aspects="t")
    WRITES = touching(Reach.SELF, "vertices", aspects="p")
    vertices: bytes
    targets: bytes
    deltas: bytes

    def check(self) -> None:
        """See Operation.check."""
        # One vertex is what most commands in a log are about.
        if len(self.vertices) == IDENTIFIER_BYTES and _are_points(self.targets, self.deltas):
            return
        count = check_ids("vertices", self.vertices, MOVED_VERTICES_MAX)
        for field, data in (("targets", self.targets), ("deltas", self.deltas)):
            check_points(field, data, count)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        named, points = self.given("vertices"), list(_POINT.iter_unpack(self.targets))
        goals: dict[bytes, tuple[float, ...]] = {}
        for some, point in zip(living_of_each(mesh, "vertex", named), points, strict=True):
            goals.update(dict.fromkeys(some, point))
        if not goals:
            raise UnknownElement("vertex", self.vertices[:IDENTIFIER_BYTES])
        move_vertices(mesh, list(goals), list(goals.values()))
        return NOTHING


def _are_points(one: bytes, other: bytes) -> bool:
    """Whether each of these is the bytes of one point within the world."""
    if not len(one) == len(other) == _POINT.size:
        return False
    most = COORDINATE_METRES_MAX
    a, b, c, d, e, f = _TWO_POINTS.unpack(one + other)
    if not (-most <= a <= most and -most <= b <= most and -most <= c <= most):
        return False
    return bool(-most <= d <= most and -most <= e <= most and -most <= f <= most)


class DissolveVertex(MeshOperation, frozen=True):
    """Take a vertex of two edges out and make one edge of the two."""

    NAME = "theta.dissolve_vertex"
    ELEMENTS = elements(vertex="vertex")
    READS = touching(Reach.RING, "vertex")
    WRITES = (*touching(Reach.RING, "vertex", aspects="ta"), *touching(Reach.SELF, "vertex", aspects="p"))
    vertex: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return dissolve_vertex(mesh, mesh.the_one("vertex", self.vertex), name)


class Weld(MeshOperation, frozen=True):
    """Make one vertex of `vertices` (ids of 16 bytes), at `point`: the one with the lowest id stays."""

    NAME = "theta.weld"
    ELEMENTS = elements(vertices="vertex")
    READS = touching(Reach.RING, "vertices")
    WRITES = touching(Reach.RING, "vertices")
    vertices: bytes
    point: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_ids("vertices", self.vertices, COMMAND_ELEMENTS_MAX, 2)
        check_vector("point", self.point)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return weld(mesh, some_living(mesh, "vertex", self.vertices), self.point, name)
