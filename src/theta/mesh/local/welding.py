"""Making one vertex of several: spec/mesh.md, MESH-56."""

from collections.abc import Iterable, Mapping, Sequence

from theta.base.identifiers import CommandName
from theta.mesh.halfedges import HalfEdges
from theta.mesh.local.arguments import different, vector
from theta.mesh.local.cut_edges import BACKWARDS, WHOLE, keep_edge
from theta.mesh.local.walks import ascending_ends, faces_around
from theta.mesh.redirects import Part
from theta.mesh.results import Made
from theta.mesh.surgery import FACE_CORNERS_MIN, Surgery
from theta.mesh.topology import Mesh


def weld(mesh: Mesh, vertex_ids: Sequence[bytes], point: Sequence[float] | None, name: CommandName) -> Made:
    """Make one vertex of several: the one with the lowest id stays, the others are retired and redirect to it.

    Edges that come to lie between the same vertices become one, those between welded vertices go, and so do faces of
    which fewer than three corners are left. ΔV = 1 - n.

    Args:
        mesh: what to change.
        vertex_ids: n different vertices, at least two.
        point: (3,) metres, where it is put; None to leave it where it is.
        name: the command that does it.

    Returns:
        The edges that replace others whose parameters would turn around, in the order of the lowest ids of those.

    Raises:
        UnknownElement: no such vertex.
        RepeatedVertex, MultiEdge, BowTie: the mesh would be no oriented 2-manifold.
        InvalidValue: fewer than two vertices, one twice, or a coordinate out of its limits.
    """
    halfedges = mesh.halfedges
    slots = different("vertex_ids", vertex_ids, halfedges.vertices, 2)
    target = None if point is None else vector("point", point)
    surgery, made = _merge(halfedges, dict.fromkeys(slots[1:], slots[0]), name)
    with halfedges.journal.operation():
        surgery.apply()
        if target is not None:
            x, y, z = target
            halfedges.write_row(halfedges.positions, slots[0], (x + 0.0, y + 0.0, z + 0.0))
    return Made(edges=made)


def _merge(halfedges: HalfEdges, into: Mapping[int, int], name: CommandName) -> tuple[Surgery, tuple[bytes, ...]]:
    """Vertices `into` others: the faces' new loops, and what becomes of the edges; the ids of those that are new."""
    surgery = Surgery(halfedges)
    origin = halfedges.origin.view
    id_of = halfedges.vertices.id_of
    for vertex, keeper in into.items():
        surgery.retire_vertex(vertex)
        surgery.redirect("vertex", id_of(vertex), (Part(id_of(keeper)),))
    going: set[int] = set()
    used: set[tuple[int, int]] = set()
    for face in _faces(halfedges, (*into, *into.values())):
        loop = halfedges.face_loop(face)
        going.update(side >> 1 for side in loop if origin[side] in into or origin[side ^ 1] in into)
        ends = [(into.get(origin[side], origin[side]), into.get(origin[side ^ 1], origin[side ^ 1])) for side in loop]
        kept = [(side, pair) for side, pair in zip(loop, ends, strict=True) if pair[0] != pair[1]]
        if len(kept) < FACE_CORNERS_MIN:
            surgery.remove_face(face)
            continue
        used.update(_ends(pair) for _, pair in kept)
        if any(origin[side] in into for side in loop):
            surgery.reshape(face, [tail for _, (tail, _) in kept])
            for side, (tail, _) in kept:
                surgery.corner(face, tail, ((side, 1.0),))
    return surgery, _merge_edges(surgery, halfedges, _by_ends(halfedges, going, used, into), into, name)


def _faces(halfedges: HalfEdges, vertices: Iterable[int]) -> list[int]:
    """The faces at vertices, each once, ascending by id."""
    found = {face for vertex in dict.fromkeys(vertices) for face in faces_around(halfedges, vertex)}
    return sorted(found, key=halfedges.faces.id_of)


def _by_ends(
    halfedges: HalfEdges, edges: Iterable[int], used: set[tuple[int, int]], into: Mapping[int, int]
) -> dict[tuple[int, int], list[int]]:
    """The edges that come to lie between the same vertices, ascending by id; without those that no face uses."""
    origin = halfedges.origin.view
    together: dict[tuple[int, int], list[int]] = {}
    for edge in sorted(edges, key=halfedges.edges.id_of):
        ends = _ends([into.get(origin[side], origin[side]) for side in (2 * edge, 2 * edge + 1)])
        if ends in used:
            together.setdefault(ends, []).append(edge)
    return together


def _merge_edges(
    surgery: Surgery,
    halfedges: HalfEdges,
    together: Mapping[tuple[int, int], list[int]],
    into: Mapping[int, int],
    name: CommandName,
) -> tuple[bytes, ...]:
    """One edge stays between two vertices, the others redirect to it; the ids of those that are new."""
    made: list[bytes] = []
    for (one, other), some in together.items():
        there = halfedges.side_between(one, other)
        if there is None:
            stays = some[0]
            tail, head = (halfedges.origin.view[side] for side in (2 * stays, 2 * stays + 1))
            ends = [(end, halfedges.vertices.id_of(end)) for end in (into.get(tail, tail), into.get(head, head))]
            new = keep_edge(surgery, halfedges, 2 * stays, (ends[0], ends[1]), (name, "weld.edge"))
            made += [] if new is None else [new]
            left, successor = some[1:], halfedges.edges.id_of(stays) if new is None else new
        else:
            left, successor = some, halfedges.edges.id_of(there >> 1)
        for edge in left:
            low, high = (halfedges.vertices.id_of(into.get(end, end)) for end in ascending_ends(halfedges, edge))
            part = Part(successor, onto=WHOLE if low < high else BACKWARDS)
            surgery.redirect("edge", halfedges.edges.id_of(edge), (part,))
    return tuple(made)


def _ends(vertices: Sequence[int]) -> tuple[int, int]:
    one, other = vertices
    return (one, other) if one < other else (other, one)
