"""What lies around a vertex, along boundaries, along edges and across quads: spec/mesh.md, MESH-80 … MESH-83."""

from dataclasses import dataclass

from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.orbits import starts_of
from theta.mesh.queries.walks import boundary_walks, from_lowest
from theta.mesh.topology import Mesh


@dataclass(frozen=True, slots=True)
class OneRing:
    """What is around a vertex, anticlockwise seen from outside.

    Attributes:
        vertices: the neighbours.
        edges: edge i leads to neighbour i.
        faces: face i lies between edge i and the next; on the boundary there is one fewer than edges.
        boundary: whether the vertex is on the boundary.
    """

    vertices: tuple[bytes, ...]
    edges: tuple[bytes, ...]
    faces: tuple[bytes, ...]
    boundary: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Edges that follow each other.

    Attributes:
        vertices: edge i leads from vertex i to the next; when `closed`, the last edge leads to the first vertex.
        edges: in order of the walk.
        closed: whether it comes back to where it began.
    """

    vertices: tuple[bytes, ...]
    edges: tuple[bytes, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """Edges that lie opposite each other in quads.

    Attributes:
        edges: in order of the walk.
        faces: quad i lies between edge i and the next; when `closed`, the last one leads back to the first edge.
        closed: whether it comes back to where it began.
    """

    edges: tuple[bytes, ...]
    faces: tuple[bytes, ...]
    closed: bool


def one_ring(mesh: Mesh, vertex_id: bytes) -> OneRing:
    """What is around a vertex (MESH-80): from the boundary on, or from the neighbour with the lowest id.

    Raises:
        UnknownElement: no such vertex.
    """
    halfedges = mesh.halfedges
    first = halfedges.vertex_halfedge.view[halfedges.vertices.slot_of(vertex_id)]
    if first == NONE:
        return OneRing((), (), (), False)
    back, face, origin = halfedges.prev.view, halfedges.face.view, halfedges.origin.view
    boundary = face[first] == NONE
    outgoing = [first]
    while (here := back[outgoing[-1]] ^ 1) != first:
        outgoing.append(here)
    vertices = [halfedges.vertices.id_of(origin[side ^ 1]) for side in outgoing]
    # The boundary half-edge comes first, but its left is the gap: the fan begins after it and ends with it.
    start = 1 if boundary else vertices.index(min(vertices))
    outgoing = outgoing[start:] + outgoing[:start]
    return OneRing(
        tuple(vertices[start:] + vertices[:start]),
        tuple([halfedges.edges.id_of(side >> 1) for side in outgoing]),
        tuple([halfedges.faces.id_of(face[side]) for side in outgoing if face[side] != NONE]),
        boundary,
    )


def boundary_loops(mesh: Mesh) -> tuple[Chain, ...]:
    """Every boundary loop (MESH-81): each from its vertex with the lowest id, in ascending order of these."""
    halfedges = mesh.halfedges
    counts, sides = boundary_walks(halfedges)
    sides = from_lowest(halfedges, counts, sides)
    begins = starts_of(counts)
    loops = [
        _chain(halfedges, sides[begin : begin + count].tolist(), True)
        for begin, count in zip(begins.tolist(), counts.tolist(), strict=True)
    ]
    return tuple(sorted(loops, key=lambda loop: loop.vertices[0]))


def edge_loop(mesh: Mesh, edge_id: bytes) -> Chain:
    """The loop of edges that an edge lies on (MESH-82): straight on through vertices with two or four edges.

    Raises:
        UnknownElement: no such edge.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    face = halfedges.face.view
    for side in (2 * edge, 2 * edge + 1):
        if face[side] == NONE:
            loop = halfedges.loop_from(side)
            return _chain(halfedges, _turned(loop, _lowest_edge(halfedges, loop)), True)
    ahead, closed = _straight(halfedges, 2 * edge)
    if closed:
        start = _lowest_edge(halfedges, ahead)
        if _origin_id(halfedges, ahead[start]) > _origin_id(halfedges, ahead[start] ^ 1):
            ahead = _reversed(ahead)
            start = len(ahead) - 1 - start
        return _chain(halfedges, _turned(ahead, start), True)
    behind, _ = _straight(halfedges, 2 * edge + 1)
    walk = _reversed(behind)[:-1] + ahead
    # Both ends may be one vertex, where the loop is not straight.
    if _end_ids(halfedges, walk[0]) > _end_ids(halfedges, walk[-1] ^ 1):
        walk = _reversed(walk)
    return _chain(halfedges, walk, False)


def edge_ring(mesh: Mesh, edge_id: bytes) -> Ring:
    """The edges opposite each other across quads that an edge is one of (MESH-83).

    Raises:
        UnknownElement: no such edge.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    ahead, closed = _across(halfedges, 2 * edge)
    ids = halfedges.edges.id_of
    if closed:
        start = _lowest_edge(halfedges, ahead)
        if _face_id(halfedges, ahead[start]) > _face_id(halfedges, ahead[start] ^ 1):
            ahead = _reversed(ahead)
            start = len(ahead) - 1 - start
        sides = _turned(ahead, start)
    else:
        behind, _ = _across(halfedges, 2 * edge + 1)
        sides = _reversed(behind)[:-1] + ahead
        if ids(sides[0] >> 1) > ids(sides[-1] >> 1):
            sides = _reversed(sides)
    crossed = sides if closed else sides[:-1]
    return Ring(
        tuple([ids(side >> 1) for side in sides]),
        tuple([_face_id(halfedges, side) for side in crossed]),
        closed,
    )


def _straight(halfedges: HalfEdges, first: int) -> tuple[list[int], bool]:
    """Half-edges straight on from `first`, and whether they come back to it."""
    following, face = halfedges.next.view, halfedges.face.view
    walk = [first]
    while True:
        # The half-edges that leave the end, clockwise from the one after the way back; none may lie on the boundary.
        end = walk[-1] ^ 1
        around: list[int] = []
        here = following[walk[-1]]
        while here != end and face[here] != NONE and len(around) < 4:
            around.append(here)
            here = following[here ^ 1]
        if here != end or face[end] == NONE or len(around) not in (1, 3):
            return walk, False
        step = around[len(around) // 2]
        if step == first:
            return walk, True
        walk.append(step)


def _across(halfedges: HalfEdges, first: int) -> tuple[list[int], bool]:
    """Half-edges opposite each other from `first` on, each with its face ahead, and whether they come back to it."""
    following, face = halfedges.next.view, halfedges.face.view
    walk = [first]
    while True:
        side = walk[-1]
        opposite = following[following[side]]
        if face[side] == NONE or following[following[opposite]] != side:
            return walk, False
        if opposite ^ 1 == first:
            return walk, True
        walk.append(opposite ^ 1)


def _chain(halfedges: HalfEdges, sides: list[int], closed: bool) -> Chain:
    vertices = [_origin_id(halfedges, side) for side in sides]
    if not closed:
        vertices.append(_origin_id(halfedges, sides[-1] ^ 1))
    return Chain(tuple(vertices), tuple([halfedges.edges.id_of(side >> 1) for side in sides]), closed)


def _reversed(sides: list[int]) -> list[int]:
    return [side ^ 1 for side in reversed(sides)]


def _turned(sides: list[int], start: int) -> list[int]:
    return sides[start:] + sides[:start]


def _lowest_edge(halfedges: HalfEdges, sides: list[int]) -> int:
    """Which of the half-edges has the edge with the lowest id."""
    ids = [halfedges.edges.id_of(side >> 1) for side in sides]
    return ids.index(min(ids))


def _origin_id(halfedges: HalfEdges, side: int) -> bytes:
    return halfedges.vertices.id_of(halfedges.origin.view[side])


def _end_ids(halfedges: HalfEdges, side: int) -> tuple[bytes, bytes]:
    return _origin_id(halfedges, side), halfedges.edges.id_of(side >> 1)


def _face_id(halfedges: HalfEdges, side: int) -> bytes:
    return halfedges.faces.id_of(halfedges.face.view[side])
