"""Commands on a whole mesh: CMD-56. What they cost is told before they run; what they would make is checked first."""

from typing import Literal, get_args

from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, COMMAND_VALUES_PER_TOKEN, COORDINATE_METRES_MAX, WHOLE_MESH_TOKENS
from theta.editor.mesh_operations.base import EVERYTHING, MeshOperation, elements, some_living
from theta.editor.operation import check_between, check_choice, check_ids
from theta.mesh import Mesh
from theta.mesh.compaction import compact
from theta.mesh.local import mirror, weld_by_distance
from theta.mesh.results import NOTHING, Made
from theta.mesh.subdivision import subdivide

Scheme = Literal["linear", "catmull-clark", "loop"]
Axis = Literal["x", "y", "z"]


class Subdivide(MeshOperation, frozen=True):
    """Make every face finer: "linear" and "catmull-clark" by quads, "loop" triangles by triangles."""

    NAME = "theta.subdivide"
    TOKENS = WHOLE_MESH_TOKENS
    READS = EVERYTHING
    WRITES = EVERYTHING
    scheme: Scheme

    def check(self) -> None:
        """See Operation.check."""
        check_choice("scheme", self.scheme, get_args(Scheme))

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return subdivide(mesh, self.scheme, name)


class Mirror(MeshOperation, frozen=True):
    """Add the mesh's mirror image at the plane `axis` = `offset` metres, in the mesh's space.

    Vertices within `weld_distance` metres of the plane are put on it and shared.
    """

    NAME = "theta.mirror"
    TOKENS = WHOLE_MESH_TOKENS
    READS = EVERYTHING
    WRITES = EVERYTHING
    axis: Axis
    offset: float
    weld_distance: float

    def check(self) -> None:
        """See Operation.check."""
        check_choice("axis", self.axis, get_args(Axis))
        check_between("offset", self.offset, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX)
        check_between("weld_distance", self.weld_distance, 0.0, COORDINATE_METRES_MAX)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return mirror(mesh, self.axis, self.offset, self.weld_distance, name)


class WeldByDistance(MeshOperation, frozen=True):
    """Weld vertices that are within `distance` metres of each other.

    Of `vertices` (ids of 16 bytes), or of the whole mesh when there are none.
    """

    NAME = "theta.weld_by_distance"
    TOKENS = WHOLE_MESH_TOKENS
    ELEMENTS = elements(vertices="vertex")
    ELEMENTS_PER_TOKEN = COMMAND_VALUES_PER_TOKEN
    READS = EVERYTHING
    WRITES = EVERYTHING
    vertices: bytes
    distance: float

    def check(self) -> None:
        """See Operation.check."""
        check_ids("vertices", self.vertices, COMMAND_ELEMENTS_MAX, 0)
        check_between("distance", self.distance, 0.0, COORDINATE_METRES_MAX)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        chosen = some_living(mesh, "vertex", self.vertices) if self.vertices else None
        return weld_by_distance(mesh, chosen, self.distance, name)


class CompactMesh(MeshOperation, frozen=True):
    """Take out the places of elements that are no more; nothing changes that has an id."""

    NAME = "theta.compact_mesh"
    TOKENS = WHOLE_MESH_TOKENS
    READS = EVERYTHING

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        compact(mesh)
        return NOTHING
