"""Joining two boundary loops: spec/mesh.md, MESH-55."""

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import NotApplicable
from theta.mesh.local.chains import boundary_side
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def bridge(mesh: Mesh, edge_id: bytes, other_id: bytes, shift: int, name: CommandName) -> Made:
    """Join two boundary loops of n edges by n quads: ΔV, ΔE, ΔF = 0, n, n.

    Args:
        mesh: what to change.
        edge_id: an edge of the first loop.
        other_id: an edge of the second; at shift 0 the two are opposite each other.
        shift: by how many edges, 0 … n − 1, what is opposite lies further along the second boundary.
        name: the command that does it.

    Returns:
        The edges between the loops, each from the origin of an edge of the first loop; the quads: along the first
        boundary from its edge on.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: an edge with two faces, both on one loop, or loops of different length.
        MultiEdge: two vertices that would be joined are already.
        InvalidValue: the shift is out of its limits, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    first = boundary_side(halfedges, halfedges.edges.slot_of(edge_id))
    second = boundary_side(halfedges, halfedges.edges.slot_of(other_id))
    loop, other = halfedges.loop_from(first), halfedges.loop_from(second)
    size = len(loop)
    if second in loop:
        raise NotApplicable("other edge", other_id, "on another boundary loop than the first")
    if len(other) != size:
        raise NotApplicable("other edge", other_id, f"on a loop of {size} edges, not {len(other)}")
    if not 0 <= shift < size:
        raise InvalidValue("shift", shift, f"0 to {size - 1}")
    edges: list[bytes] = []
    quads: list[bytes] = []
    surgery = Surgery(halfedges)
    face, origin, edge_ids = halfedges.face.view, halfedges.origin.view, halfedges.edges.id_of
    for at, side in enumerate(loop):
        # The boundaries run in opposite directions past each other.
        opposite = other[(shift - at) % size]
        tail, head, start, end = origin[side], origin[side ^ 1], origin[opposite], origin[opposite ^ 1]
        edges.append(element_id(name, "bridge.edge", (edge_ids(side >> 1), edge_ids(opposite >> 1))))
        quads.append(element_id(name, "bridge.face", (edge_ids(side >> 1), edge_ids(opposite >> 1))))
        surgery.name_edge(tail, end, edges[-1])
        quad = surgery.face(quads[-1], (tail, head, start, end), like=face[side ^ 1])
        beyond = halfedges.next.view[opposite ^ 1]
        surgery.corner(quad, start, ((beyond, 1.0),))
        surgery.corner(quad, end, ((opposite ^ 1, 1.0),))
    surgery.apply()
    return Made(edges=tuple(edges), faces=tuple(quads))
