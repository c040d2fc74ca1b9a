"""What becomes of an edge that an operation cuts in two, or gives other ends: spec/mesh.md, MESH-25 and MESH-60."""

from theta.base.identifiers import CommandName, element_id
from theta.mesh.halfedges import HalfEdges
from theta.mesh.redirects import Part
from theta.mesh.surgery import Surgery

WHOLE = (0.0, 1.0)
BACKWARDS = (1.0, 0.0)


def cut_edge(
    surgery: Surgery,
    halfedges: HalfEdges,
    side: int,
    t: float,
    vertex: tuple[int, bytes],
    made: tuple[CommandName, str],
) -> tuple[bytes, bytes]:
    """Name the two edges that an edge becomes, and redirect it to them.

    Args:
        surgery: what changes the faces beside it.
        halfedges: the mesh.
        side: a half-edge of the edge.
        t: where the new vertex is, from 0 at the half-edge's origin to 1 at its end.
        vertex: the new vertex's slot and id.
        made: the command, and the new edges' role; their parents are the edge and the end that each keeps.

    Returns:
        The new edges' ids, the one at the half-edge's origin first.
    """
    slot, identifier = vertex
    name, role = made
    edge = halfedges.edges.id_of(side >> 1)
    origin = halfedges.origin.view
    ends = (origin[side], origin[side ^ 1])
    tail, head = (halfedges.vertices.id_of(end) for end in ends)
    near, far = element_id(name, role, (edge, tail)), element_id(name, role, (edge, head))
    surgery.name_edge(ends[0], slot, near, side >> 1)
    surgery.name_edge(slot, ends[1], far, side >> 1)
    low, high, low_part, high_part, at = (tail, head, near, far, t) if tail < head else (head, tail, far, near, 1.0 - t)
    surgery.redirect(
        "edge",
        edge,
        (
            Part(low_part, (0.0, at), WHOLE if low < identifier else BACKWARDS),
            Part(high_part, (at, 1.0), WHOLE if identifier < high else BACKWARDS),
        ),
    )
    return near, far


def keep_edge(
    surgery: Surgery,
    halfedges: HalfEdges,
    side: int,
    ends: tuple[tuple[int, bytes], tuple[int, bytes]],
    made: tuple[CommandName, str],
) -> bytes | None:
    """Name an edge that gets other ends: it keeps its id, unless its parameters turn around.

    Args:
        surgery: what changes the faces beside it.
        halfedges: the mesh.
        side: a half-edge of the edge.
        ends: slot and id of what the half-edge's origin and end are to be.
        made: the command, and the role of the edge that replaces it otherwise; its parent is the edge.

    Returns:
        The id of the edge that replaces it, to which it redirects; None when it keeps its own.
    """
    (tail, tail_id), (head, head_id) = ends
    edge, origin, id_of = halfedges.edges.id_of(side >> 1), halfedges.origin.view, halfedges.vertices.id_of
    if (id_of(origin[side]) < id_of(origin[side ^ 1])) == (tail_id < head_id):
        surgery.name_edge(tail, head, edge, side >> 1)
        return None
    name, role = made
    new = element_id(name, role, (edge,))
    surgery.name_edge(tail, head, new, side >> 1)
    surgery.redirect("edge", edge, (Part(new, onto=BACKWARDS),))
    return new
