"""Making one vertex of an edge's two: spec/mesh.md, MESH-39."""

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.mesh.attributes import blended
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.local.cut_edges import BACKWARDS, WHOLE, keep_edge
from theta.mesh.local.walks import (
    ascending_ends,
    corners_of,
    faces_around,
    loop_vertices,
    point_between,
)
from theta.mesh.redirects import Part
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def collapse_edge(mesh: Mesh, edge_id: bytes, t: float, name: CommandName) -> Made:
    """Make one vertex of an edge's ends (MESH-39): ΔV, ΔE, ΔF = -1, -3, -2, or -1, -2, -1 on the boundary.

    The end with the lower id stays, moved to `t`; the other redirects to it.

    Args:
        mesh: what to change.
        edge_id: the edge; the faces beside it are triangles.
        t: 0 … 1, from its end with the lower vertex id.
        name: the command that does it; the new ids hash it.

    Returns:
        The edges that had to be named anew, since their lower and higher ends changed places.

    Raises:
        UnknownElement: no such edge.
        InvalidValue: t is out of its limits.
        NotApplicable: a face beside it is no triangle, or the ends share more than the edge, its triangles and their
            corners: something would be pinched.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    if not 0.0 <= t <= 1.0:
        raise InvalidValue("t", t, "0 to 1")
    tops = _check_link(halfedges, edge, edge_id)
    low, high = ascending_ends(halfedges, edge)
    point = point_between(halfedges, low, high, t)
    surgery = Surgery(halfedges)
    for face in _faces_beside(halfedges, edge):
        surgery.remove_face(face)
    made = _move_edges(mesh, surgery, (low, high), tops, name)
    _move_faces(halfedges, surgery, edge, (low, high))
    surgery.retire_vertex(high)
    surgery.redirect("vertex", halfedges.vertices.id_of(high), [Part(halfedges.vertices.id_of(low))])
    rows = [(column, blended(column, ((low, 1.0 - t), (high, t)))) for _, column in halfedges.attributes.of("vertex")]
    with halfedges.journal.operation():
        surgery.apply()
        for axis in range(3):
            halfedges.journal.write(halfedges.positions, 3 * low + axis, point[axis])
        for column, row in rows:
            halfedges.write_row(column, low, row)
    return Made(edges=tuple(made))


def _faces_beside(halfedges: HalfEdges, edge: int) -> list[int]:
    face = halfedges.face.view
    return [face[side] for side in (2 * edge, 2 * edge + 1) if face[side] != NONE]


def _check_link(halfedges: HalfEdges, edge: int, edge_id: bytes) -> list[int]:
    """The link condition, without which something would be pinched; returns the triangles' third corners.

    Dey, Edelsbrunner, Guha, Nekhayev, "Topology Preserving Edge Contraction", 1999.
    """
    origin, following, face = halfedges.origin.view, halfedges.next.view, halfedges.face.view
    inner = [side for side in (2 * edge, 2 * edge + 1) if face[side] != NONE]
    if any(following[following[following[side]]] != side for side in inner):
        raise NotApplicable("edge", edge_id, "beside triangles only")
    tops = [origin[following[following[side]]] for side in inner]
    one, other = origin[2 * edge], origin[2 * edge + 1]
    if len(set(tops)) < len(tops):
        raise NotApplicable("edge", edge_id, "between two triangles of four vertices")
    around = [{origin[side ^ 1] for side in halfedges.spokes(vertex)} for vertex in (one, other)]
    if around[0] & around[1] != set(tops):
        raise NotApplicable("edge", edge_id, "of two vertices that share no neighbours but its triangles' corners")
    faces = [set(faces_around(halfedges, vertex)) for vertex in (one, other)]
    if faces[0] & faces[1] != {face[side] for side in inner}:
        raise NotApplicable("edge", edge_id, "of two vertices that share no faces but its triangles")
    if len(inner) == 2 and all(face[halfedges.vertex_halfedge.view[vertex]] == NONE for vertex in (one, other)):
        raise NotApplicable("edge", edge_id, "on the boundary if both of its ends are")
    for top in tops:
        sides = (halfedges.side_between(one, top), halfedges.side_between(other, top))
        if all(side is not None and NONE in (face[side], face[side ^ 1]) for side in sides):
            raise NotApplicable("edge", edge_id, "of no triangle whose other two sides are on the boundary")
    return tops


def _move_edges(mesh: Mesh, surgery: Surgery, ends: tuple[int, int], tops: list[int], name: CommandName) -> list[bytes]:
    """Let the higher end's edges lead to the lower one; returns the ids of those that are named anew."""
    halfedges = mesh.halfedges
    id_of, edge_id_of = halfedges.vertices.id_of, halfedges.edges.id_of
    low, high = ends
    made: list[bytes] = []
    for side in sorted(halfedges.spokes(high), key=lambda side: edge_id_of(side >> 1)):
        other, old = halfedges.origin.view[side ^ 1], edge_id_of(side >> 1)
        if other == low:
            continue
        if other in tops:
            kept = halfedges.side_between(low, other)
            assert kept is not None, "a triangle has three sides"
            onto = BACKWARDS if id_of(low) < id_of(other) < id_of(high) else WHOLE
            surgery.redirect("edge", old, [Part(edge_id_of(kept >> 1), WHOLE, onto)])
            continue
        renamed = keep_edge(
            surgery, halfedges, side, ((low, id_of(low)), (other, id_of(other))), (name, "collapse-edge.edge")
        )
        made += [] if renamed is None else [renamed]
    return made


def _move_faces(halfedges: HalfEdges, surgery: Surgery, edge: int, ends: tuple[int, int]) -> None:
    """Let the higher end's faces, but for those beside the edge, come to the lower one; corners keep their values."""
    low, high = ends
    beside = _faces_beside(halfedges, edge)
    for face in faces_around(halfedges, high):
        if face not in beside:
            surgery.reshape(face, [low if vertex == high else vertex for vertex in loop_vertices(halfedges, face)])
            surgery.corner(face, low, ((corners_of(halfedges, face)[high], 1.0),))
