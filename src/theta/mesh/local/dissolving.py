"""Taking a vertex off an edge and an edge out of a face: spec/mesh.md, MESH-33 and MESH-35."""

from math import sqrt

from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import MultiEdge, NotApplicable
from theta.mesh.halfedges import NONE, HalfEdges, Point
from theta.mesh.local.walks import corners_of, loop_vertices
from theta.mesh.redirects import WHOLE, Part
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def dissolve_vertex(mesh: Mesh, vertex_id: bytes, name: CommandName) -> Made:
    """Take out a vertex with two edges and make one of them (MESH-33): ΔV, ΔE, ΔF = -1, -1, 0.

    Args:
        mesh: what to change.
        vertex_id: the vertex.
        name: the command that does it; the new id hashes it.

    Returns:
        The edge: the one that was split into these two, if there is one, living again; else a new one.

    Raises:
        UnknownElement: no such vertex.
        NotApplicable: it has not exactly two edges, or a face at it is a triangle.
        MultiEdge: the two other ends share an edge.
        DuplicateElement: the id that this would make is taken.
    """
    halfedges = mesh.halfedges
    vertex = halfedges.vertices.slot_of(vertex_id)
    spokes = halfedges.spokes(vertex)
    if len(spokes) != 2:
        raise NotApplicable("vertex", vertex_id, "one with two edges")
    faces = [face for face in (halfedges.face.view[side] for side in spokes) if face != NONE]
    loops = [[corner for corner in loop_vertices(halfedges, face) if corner != vertex] for face in faces]
    if any(len(loop) < 3 for loop in loops):
        raise NotApplicable("vertex", vertex_id, "on no triangle")
    origin, id_of = halfedges.origin.view, halfedges.vertices.id_of
    spokes.sort(key=lambda side: id_of(origin[side ^ 1]))
    low, high = (origin[side ^ 1] for side in spokes)
    if halfedges.side_between(low, high) is not None:
        raise MultiEdge((id_of(low), id_of(high)))
    to_low, to_high = (halfedges.edges.id_of(side >> 1) for side in spokes)
    merged, (first, second) = _merged_edge(mesh, vertex, (low, high), (to_low, to_high), name)
    surgery = Surgery(halfedges)
    for face, loop in zip(faces, loops, strict=True):
        surgery.reshape(face, loop)
    surgery.retire_vertex(vertex)
    surgery.name_edge(low, high, merged, spokes[0] >> 1)
    surgery.redirect("edge", to_low, [first])
    surgery.redirect("edge", to_high, [second])
    surgery.apply()
    return Made(edges=(merged,))


def dissolve_edge(mesh: Mesh, edge_id: bytes, name: CommandName) -> Made:
    """Take out an edge and make one face of the two beside it (MESH-35): ΔV, ΔE, ΔF = 0, -1, -1.

    Args:
        mesh: what to change.
        edge_id: the edge.
        name: the command that does it; the new id hashes it.

    Returns:
        The face: the one that was split into these two, if there is one, living again; else a new one.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: it has one face, or its two faces share more than this edge.
        InvalidValue: the face would have more than MESH_FACE_CORNERS_MAX corners.
        DuplicateElement: the id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    id_of = halfedges.faces.id_of
    sides = sorted((2 * edge, 2 * edge + 1), key=lambda side: _face_key(halfedges, side))
    low, high = (halfedges.face.view[side] for side in sides)
    if NONE in (low, high):
        raise NotApplicable("edge", edge_id, "between two faces")
    loop = [*_loop_after(halfedges, sides[0]), *_loop_after(halfedges, sides[1])]
    if len(set(loop)) < len(loop):
        raise NotApplicable("edge", edge_id, "all that its two faces share")
    low_id, high_id = id_of(low), id_of(high)
    merged = mesh.redirects.parent_of("face", low_id, high_id)
    if merged is None or mesh.has_face(merged):
        merged = element_id(name, "dissolve-edge.face", (low_id, high_id))
    surgery = Surgery(halfedges)
    surgery.remove_face(low)
    surgery.remove_face(high)
    made = surgery.face(merged, loop, low)
    lower = corners_of(halfedges, low)
    for vertex, side in corners_of(halfedges, high).items():
        if vertex not in lower:
            surgery.corner(made, vertex, ((side, 1.0),))
    surgery.redirect("face", low_id, [Part(merged)])
    surgery.redirect("face", high_id, [Part(merged)])
    surgery.apply()
    return Made(faces=(merged,))


def _face_key(halfedges: HalfEdges, side: int) -> bytes:
    face = halfedges.face.view[side]
    return b"" if face == NONE else halfedges.faces.id_of(face)


def _loop_after(halfedges: HalfEdges, side: int) -> list[int]:
    """The vertices of a half-edge's face from the one where it ends, without the one where it begins."""
    following, origin = halfedges.next.view, halfedges.origin.view
    loop, here = [], following[side]
    while here != side:
        loop.append(origin[here])
        here = following[here]
    return loop


def _merged_edge(
    mesh: Mesh, vertex: int, ends: tuple[int, int], edges: tuple[bytes, bytes], name: CommandName
) -> tuple[bytes, tuple[Part, Part]]:
    """What the edge of two is called, and where on it they lie: the one to the lower end, and the other."""
    halfedges = mesh.halfedges
    vertex_id = halfedges.vertices.id_of(vertex)
    # Parameters of the two run from their lower vertex, which is the dissolved one or not.
    rises = halfedges.vertices.id_of(ends[0]) < vertex_id, vertex_id < halfedges.vertices.id_of(ends[1])
    revived = mesh.redirects.parent_of("edge", *edges)
    if revived is not None and not mesh.has_edge(revived):
        spans = {part.id: part.span for part in mesh.redirects.parts_of("edge", revived)}
        places = spans[edges[0]], spans[edges[1]]
        if places[0][0] == 0.0 and places[0][1] == places[1][0] and places[1][1] == 1.0:
            return revived, _parts_on(revived, places, rises)
    middle = halfedges.point(vertex)
    before, after = _distance(halfedges.point(ends[0]), middle), _distance(middle, halfedges.point(ends[1]))
    share = before / (before + after) if before + after > 0.0 else 0.5
    merged = element_id(name, "dissolve-vertex.edge", edges)
    return merged, _parts_on(merged, ((0.0, share), (share, 1.0)), rises)


def _parts_on(
    merged: bytes, places: tuple[tuple[float, float], tuple[float, float]], rises: tuple[bool, bool]
) -> tuple[Part, Part]:
    (low, share), (again, high) = places
    return (
        Part(merged, WHOLE, (low, share) if rises[0] else (share, low)),
        Part(merged, WHOLE, (again, high) if rises[1] else (high, again)),
    )


def _distance(one: Point, other: Point) -> float:
    x, y, z = other[0] - one[0], other[1] - one[1], other[2] - one[2]
    return sqrt(x * x + y * y + z * z)
