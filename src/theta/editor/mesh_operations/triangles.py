"""Commands on edges between triangles: CMD-53."""

from theta.base.identifiers import CommandName
from theta.editor.mesh_operations.base import MeshOperation, elements, touching
from theta.editor.operation import check_between
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import collapse_edge, flip_edge
from theta.mesh.results import Made
from theta.wire.types import Id16


class FlipEdge(MeshOperation, frozen=True):
    """Turn the edge between two triangles to their other two corners."""

    NAME = "theta.flip_edge"
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.RING, "edge")
    WRITES = touching(Reach.RING, "edge", aspects="ta")
    edge: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return flip_edge(mesh, mesh.the_one("edge", self.edge), name)


class CollapseEdge(MeshOperation, frozen=True):
    """Make one vertex of an edge's two ends, at the parameter `t` of the edge."""

    NAME = "theta.collapse_edge"
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.RING, "edge")
    WRITES = touching(Reach.RING, "edge")
    edge: Id16
    t: float

    def check(self) -> None:
        """See Operation.check."""
        check_between("t", self.t, 0.0, 1.0)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        edge, t = mesh.resolve_edge(self.edge, self.t)
        return collapse_edge(mesh, edge, t, name)
