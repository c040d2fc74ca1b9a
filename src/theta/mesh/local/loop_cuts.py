"""Cutting across a ring or strip of quads: spec/mesh.md, MESH-53."""

from dataclasses import dataclass

from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.local.arguments import inside
from theta.mesh.local.cut_edges import cut_edge
from theta.mesh.local.walks import point_between
from theta.mesh.redirects import Part
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


@dataclass(frozen=True, slots=True)
class _Strip:
    """Quads one behind the other.

    Attributes:
        sides: half-edges across the strip, all from the same of its two sides to the other, each with the quad behind
            it on its left; of an open strip the last has none.
        closed: whether the last quad lies before the first half-edge.
    """

    sides: list[int]
    closed: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """A half-edge that is cut: its ends, the new vertex between them, all by slot, and that vertex's id."""

    side: int
    tail: int
    head: int
    vertex: int
    id: bytes


def loop_cut(mesh: Mesh, edge_id: bytes, t: float, name: CommandName) -> Made:
    """Cut the k quads in a row across an edge: ΔV, ΔE, ΔF = k, 2k, k for a ring; k + 1, 2k + 1, k for a strip.

    A strip ends on the boundary and at faces that are no quads; such a face gets the new vertex as a corner.

    Args:
        mesh: what to change.
        edge_id: an edge beside a quad.
        t: where, 0 < t < 1, from the edge's end with the lower vertex id; as far from the same side of the strip all
            along it.
        name: the command that does it.

    Returns:
        The new vertices; the two parts of each cut edge, then the edges across the quads; the two halves of each quad.
        A ring is told from the edge on, to the left of it seen from its lower end; a strip in the same direction.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: no quad beside the edge, or the strip crosses itself.
        MultiEdge: two of the quads have both cut edges in common.
        InvalidValue: t is out of its limits, a face would have too many corners, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    t = inside("t", t)
    strip = _strip(halfedges, edge)
    surgery = Surgery(halfedges)
    surgery.foresee(2 * (len(strip.sides) - 1))
    cuts = [_cut(surgery, halfedges, side, t, name) for side in strip.sides]
    parts: list[bytes] = []
    for cut in cuts:
        parts += cut_edge(surgery, halfedges, cut.side, t, (cut.vertex, cut.id), (name, "loop-cut.part"))
    across: list[bytes] = []
    halves: list[bytes] = []
    ahead = [*cuts[1:], cuts[0]] if strip.closed else cuts[1:]
    for cut, after in zip(cuts, ahead, strict=False):
        across.append(_halve(surgery, halfedges, cut, after, name))
        halves += _halves(surgery, halfedges, cut, after, name)
    if not strip.closed:
        _add_corners(surgery, halfedges, (cuts[0].side ^ 1, cuts[0].vertex), (cuts[-1].side, cuts[-1].vertex))
    surgery.apply()
    return Made(tuple(cut.id for cut in cuts), tuple(parts + across), tuple(halves))


def _strip(halfedges: HalfEdges, edge: int) -> _Strip:
    origin, face = halfedges.origin.view, halfedges.face.view
    id_of = halfedges.vertices.id_of
    first = 2 * edge if id_of(origin[2 * edge]) < id_of(origin[2 * edge + 1]) else 2 * edge + 1
    if not _is_quad(halfedges, first) and not _is_quad(halfedges, first ^ 1):
        raise NotApplicable("edge", halfedges.edges.id_of(edge), "beside a face with four corners")
    crossed: set[int] = set()
    ahead, closed = _walk(halfedges, first, crossed)
    if closed:
        return _Strip(ahead, True)
    behind, _ = _walk(halfedges, first ^ 1, crossed)
    assert NONE not in crossed and face[ahead[-1]] not in crossed, "a strip ends where it may not go on"
    return _Strip([side ^ 1 for side in reversed(behind)][:-1] + ahead, False)


def _walk(halfedges: HalfEdges, first: int, crossed: set[int]) -> tuple[list[int], bool]:
    """Half-edges across quads, from `first` on; `crossed` are the quads, so that none is cut twice."""
    following, face = halfedges.next.view, halfedges.face.view
    walk = [first]
    while _is_quad(halfedges, walk[-1]):
        quad = face[walk[-1]]
        if quad in crossed:
            raise NotApplicable("edge", halfedges.edges.id_of(first >> 1), "across a strip that does not cross itself")
        crossed.add(quad)
        ahead = following[following[walk[-1]]] ^ 1
        if ahead == first:
            return walk, True
        walk.append(ahead)
    return walk, False


def _is_quad(halfedges: HalfEdges, side: int) -> bool:
    following = halfedges.next.view
    return halfedges.face.view[side] != NONE and following[following[following[following[side]]]] == side


def _cut(surgery: Surgery, halfedges: HalfEdges, side: int, t: float, name: CommandName) -> _Cut:
    origin = halfedges.origin.view
    tail, head = origin[side], origin[side ^ 1]
    identifier = element_id(name, "loop-cut.vertex", (halfedges.edges.id_of(side >> 1),))
    vertex = surgery.vertex(identifier, point_between(halfedges, tail, head, t), ((tail, 1.0 - t), (head, t)))
    return _Cut(side, tail, head, vertex, identifier)


def _halve(surgery: Surgery, halfedges: HalfEdges, cut: _Cut, after: _Cut, name: CommandName) -> bytes:
    """Name the edge between two cuts."""
    face = halfedges.faces.id_of(halfedges.face.view[cut.side])
    identifier = element_id(name, "loop-cut.edge", (face,))
    surgery.name_edge(cut.vertex, after.vertex, identifier)
    return identifier


def _halves(surgery: Surgery, halfedges: HalfEdges, cut: _Cut, after: _Cut, name: CommandName) -> list[bytes]:
    """Replace the quad between two cuts: first by the half at the cuts' origins, then by the other."""
    following, back = halfedges.next.view, halfedges.prev.view
    quad = halfedges.face.view[cut.side]
    face = halfedges.faces.id_of(quad)
    made = [
        element_id(name, "loop-cut.face", (face, halfedges.edges.id_of(side >> 1)))
        for side in (back[cut.side], following[cut.side])
    ]
    surgery.remove_face(quad)
    surgery.face(made[0], (cut.tail, cut.vertex, after.vertex, after.tail), like=quad)
    surgery.face(made[1], (cut.vertex, cut.head, after.head, after.vertex), like=quad)
    surgery.redirect("face", face, tuple([Part(each) for each in made]))
    return made


def _add_corners(surgery: Surgery, halfedges: HalfEdges, *ends: tuple[int, int]) -> None:
    """At an open strip's ends, put the new vertex after a half-edge's origin into its face, if it has one."""
    face, origin = halfedges.face.view, halfedges.origin.view
    loops: dict[int, list[int]] = {}
    for side, vertex in ends:
        if face[side] != NONE:
            loop = loops.setdefault(face[side], [origin[each] for each in halfedges.face_loop(face[side])])
            loop.insert(loop.index(origin[side]) + 1, vertex)
    for each, loop in loops.items():
        surgery.reshape(each, loop)
