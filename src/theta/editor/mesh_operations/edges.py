"""Commands on edges: CMD-53.

A parameter along an edge runs from 0 at its end with the lower vertex id to 1 at the other.
"""

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, MESH_PART_TOKENS, PRIMITIVE_METRES_MAX
from theta.editor.mesh_operations.base import MeshOperation, elements, some_living, touching
from theta.editor.operation import Vector3, check_between, check_ids, check_vector
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import bevel_edge, bridge, dissolve_edge, extrude_edges, fill_hole, loop_cut, split_edge
from theta.mesh.results import Made
from theta.wire.types import U32, Id16


class SplitEdge(MeshOperation, frozen=True):
    """Put a vertex on an edge, at the parameter `t`."""

    NAME = "theta.split_edge"
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.RING, "edge")
    WRITES = touching(Reach.RING, "edge", aspects="ta")
    edge: Id16
    t: float

    def check(self) -> None:
        """See Operation.check."""
        check_inside("t", self.t)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        edge, t = mesh.resolve_edge(self.edge, self.t)
        return split_edge(mesh, edge, t, name)


class DissolveEdge(MeshOperation, frozen=True):
    """Take an edge out and make one face of the two beside it."""

    NAME = "theta.dissolve_edge"
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.RING, "edge")
    WRITES = touching(Reach.RING, "edge", aspects="ta")
    edge: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return dissolve_edge(mesh, mesh.the_one("edge", self.edge), name)


class BevelEdge(MeshOperation, frozen=True):
    """Cut an edge off by a face that leaves `width` metres of the two beside it."""

    NAME = "theta.bevel_edge"
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.RING, "edge")
    WRITES = touching(Reach.RING, "edge", aspects="ta")
    edge: Id16
    width: float

    def check(self) -> None:
        """See Operation.check."""
        check_between("width", self.width, 0.0, PRIMITIVE_METRES_MAX)
        if self.width == 0.0:
            raise InvalidValue("width", self.width, "more than 0")

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return bevel_edge(mesh, mesh.the_one("edge", self.edge), self.width, name)


class LoopCut(MeshOperation, frozen=True):
    """Cut the ring or strip of quads that an edge belongs to, at the parameter `t` of the edge."""

    NAME = "theta.loop_cut"
    TOKENS = MESH_PART_TOKENS
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.PART, "edge")
    WRITES = touching(Reach.PART, "edge", aspects="ta")
    edge: Id16
    t: float

    def check(self) -> None:
        """See Operation.check."""
        check_inside("t", self.t)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        edge, t = mesh.resolve_edge(self.edge, self.t)
        return loop_cut(mesh, edge, t, name)


class ExtrudeEdges(MeshOperation, frozen=True):
    """Pull a chain or a whole loop of boundary edges (ids of 16 bytes) by `offset` metres, in the mesh's space."""

    NAME = "theta.extrude_edges"
    ELEMENTS = elements(edges="edge")
    READS = touching(Reach.RING, "edges")
    WRITES = touching(Reach.RING, "edges", aspects="ta")
    edges: bytes
    offset: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_ids("edges", self.edges, COMMAND_ELEMENTS_MAX)
        check_vector("offset", self.offset)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return extrude_edges(mesh, some_living(mesh, "edge", self.edges), self.offset, name)


class FillHole(MeshOperation, frozen=True):
    """Close the boundary loop that an edge lies on with one face."""

    NAME = "theta.fill_hole"
    TOKENS = MESH_PART_TOKENS
    ELEMENTS = elements(edge="edge")
    READS = touching(Reach.PART, "edge")
    WRITES = touching(Reach.PART, "edge", aspects="ta")
    edge: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return fill_hole(mesh, mesh.the_one("edge", self.edge), name)


class Bridge(MeshOperation, frozen=True):
    """Join two boundary loops of as many edges by faces; `shift` says how far the second is turned."""

    NAME = "theta.bridge"
    TOKENS = MESH_PART_TOKENS
    ELEMENTS = elements(edge="edge", other="edge")
    READS = touching(Reach.PART, "edge", "other")
    WRITES = touching(Reach.PART, "edge", "other", aspects="ta")
    edge: Id16
    other: Id16
    shift: U32

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return bridge(mesh, mesh.the_one("edge", self.edge), mesh.the_one("edge", self.other), self.shift, name)


def check_inside(field: str, t: float) -> None:
    """Refuse a parameter that is not between 0 and 1, both excluded."""
    if not 0.0 < t < 1.0:
        raise InvalidValue(field, t, "more than 0 and less than 1")
