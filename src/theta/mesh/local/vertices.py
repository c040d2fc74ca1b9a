"""Vertices of their own: spec/mesh.md, MESH-30."""

from collections.abc import Sequence

from theta.base.identifiers import CommandName, element_id
from theta.mesh.local.arguments import vector
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def create_vertex(mesh: Mesh, point: Sequence[float], name: CommandName) -> Made:
    """Make an isolated vertex (MESH-30): ΔV, ΔE, ΔF = 1, 0, 0.

    Args:
        mesh: what to change.
        point: metres; a negative zero is written as zero.
        name: the command that does it; the new id hashes it.

    Raises:
        InvalidValue: not three coordinates within their limits, or the mesh would be too large.
        DuplicateElement: the id is taken: one command makes one such vertex.
    """
    made = element_id(name, "create.vertex")
    surgery = Surgery(mesh.halfedges)
    surgery.vertex(made, vector("point", point))
    surgery.apply()
    return Made(vertices=(made,))
