"""Short walks by slot that local operations share."""

from theta.mesh.halfedges import NONE, HalfEdges, Point


def loop_vertices(halfedges: HalfEdges, face: int) -> list[int]:
    """A face's vertices, anticlockwise from the one with the lowest id (MESH-6)."""
    origin = halfedges.origin.view
    return [origin[side] for side in halfedges.face_loop(face)]


def corners_of(halfedges: HalfEdges, face: int) -> dict[int, int]:
    """A face's half-edges by the vertex that they leave."""
    origin = halfedges.origin.view
    return {origin[side]: side for side in halfedges.face_loop(face)}


def faces_around(halfedges: HalfEdges, vertex: int) -> list[int]:
    """The faces at a vertex, clockwise."""
    face = halfedges.face.view
    return [face[side] for side in halfedges.spokes(vertex) if face[side] != NONE]


def ascending_ends(halfedges: HalfEdges, edge: int) -> tuple[int, int]:
    """An edge's vertices, the one with the lower id first."""
    origin = halfedges.origin.view
    one, other = origin[2 * edge], origin[2 * edge + 1]
    id_of = halfedges.vertices.id_of
    return (one, other) if id_of(one) < id_of(other) else (other, one)


def point_between(halfedges: HalfEdges, low: int, high: int, t: float) -> Point:
    """The point low + (high - low) · t, coordinate by coordinate, metres; `high` itself at 1.

    It never lies past an end, rounding included, since t < 1 takes the last bit off the product.
    """
    if t == 1.0:
        return halfedges.point(high)
    (ax, ay, az), (bx, by, bz) = halfedges.point(low), halfedges.point(high)
    return ax + (bx - ax) * t, ay + (by - ay) * t, az + (bz - az) * t
