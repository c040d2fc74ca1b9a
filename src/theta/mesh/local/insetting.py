"""A smaller face inside a face: spec/mesh.md, MESH-50."""

from math import sqrt

from theta.base.identifiers import CommandName, element_id
from theta.base.limits import INSET_MITER_MAX
from theta.mesh.errors import DegenerateFace, NotApplicable
from theta.mesh.halfedges import Point
from theta.mesh.local.arguments import finite, moved
from theta.mesh.polygons import unit_normal
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh

Weights = tuple[float, float, float]


def inset_face(mesh: Mesh, face_id: bytes, inset: float, depth: float, name: CommandName) -> Made:
    """Make an n-gon smaller in its plane, and close the gap with n quads: ΔV, ΔE, ΔF = n, 2n, n.

    The face keeps its id and is the inner one; its old edges and vertices stay where they are.

    Args:
        mesh: what to change.
        face_id: the face.
        inset: metres from each side to the inner one; negative for a larger face.
        depth: metres along the normal, of either sign.
        name: the command that does it.

    Returns:
        The inner corners; the edges from old to inner corners, then the inner edges; the quads: each in the order of
        the face's corners before.

    Raises:
        UnknownElement: no such face.
        DegenerateFace: the face has no normal.
        NotApplicable: an inner side would turn round, or a corner is too sharp.
        InvalidValue: a number is not finite, a new coordinate is out of its limits, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    face = halfedges.faces.slot_of(face_id)
    inset, depth = finite("inset", inset), finite("depth", depth)
    loop = halfedges.face_loop(face)
    origin = halfedges.origin.view
    old = [origin[side] for side in loop]
    points = [halfedges.point(vertex) for vertex in old]
    normal = unit_normal(points)
    if normal is None:
        raise DegenerateFace(face_id)
    inner, weights = _inner_corners(face_id, points, normal, inset)
    vertex_ids = [halfedges.vertices.id_of(vertex) for vertex in old]
    edge_ids = [halfedges.edges.id_of(side >> 1) for side in loop]
    vertices = [element_id(name, "inset.vertex", (face_id, vertex)) for vertex in vertex_ids]
    side_edges = [element_id(name, "inset.side-edge", (face_id, vertex)) for vertex in vertex_ids]
    inner_edges = [element_id(name, "inset.inner-edge", (face_id, edge)) for edge in edge_ids]
    sides = [element_id(name, "inset.side", (face_id, edge)) for edge in edge_ids]

    surgery = Surgery(halfedges)
    lift = (normal[0] * depth, normal[1] * depth, normal[2] * depth)
    new: list[int] = []
    for at, (point, (keep, back, ahead)) in enumerate(zip(inner, weights, strict=True)):
        beside = ((old[at - 1], back), (old[(at + 1) % len(old)], ahead)) if keep < 1.0 else ()
        new.append(surgery.vertex(vertices[at], moved(point, lift), ((old[at], keep), *beside)))
    surgery.reshape(face, new)
    for at in range(len(loop)):
        after = (at + 1) % len(loop)
        surgery.name_edge(old[at], new[at], side_edges[at])
        surgery.name_edge(new[at], new[after], inner_edges[at], loop[at] >> 1)
        surgery.face(sides[at], (old[at], old[after], new[after], new[at]), like=face)
    surgery.apply()
    return Made(tuple(vertices), tuple(side_edges + inner_edges), tuple(sides))


def _inner_corners(
    face_id: bytes, points: list[Point], normal: Point, inset: float
) -> tuple[list[Point], list[Weights]]:
    """Each corner moved in from both of its sides, and its weights: of itself, the one before and the one after."""
    inward = [
        _inward(face_id, point, after, normal) for point, after in zip(points, [*points[1:], points[0]], strict=True)
    ]
    corners: list[Point] = []
    weights: list[Weights] = []
    for at, point in enumerate(points):
        one, other = inward[at - 1], inward[at]
        spread = 1.0 + _dot(one, other)
        if not spread * (INSET_MITER_MAX * INSET_MITER_MAX) >= 2.0:
            raise NotApplicable("face", face_id, "without corners so sharp that they would move INSET_MITER_MAX insets")
        along = inset / spread
        (px, py, pz), (ax, ay, az), (bx, by, bz) = point, one, other
        corners.append((px + (ax + bx) * along, py + (ay + by) * along, pz + (az + bz) * along))
        back, ahead = _minus(points[at - 1], point), _minus(points[(at + 1) % len(points)], point)
        weights.append(_weights(inset, _dot(back, other), _dot(ahead, one)))
    for at, corner in enumerate(corners):
        after = (at + 1) % len(points)
        if not _dot(_minus(corners[after], corner), _minus(points[after], points[at])) > 0.0:
            raise NotApplicable("face", face_id, f"a face whose sides are all left by an inset of {inset} metres")
    return corners, weights


def _inward(face_id: bytes, start: Point, end: Point, normal: Point) -> Point:
    """The unit vector in the face's plane that points into the face from a side."""
    (nx, ny, nz), (dx, dy, dz) = normal, _minus(end, start)
    x, y, z = ny * dz - nz * dy, nz * dx - nx * dz, nx * dy - ny * dx
    length = sqrt(x * x + y * y + z * z)
    if not length > 0.0:
        raise NotApplicable("face", face_id, "a face whose sides all have a length in its plane")
    return x / length, y / length, z / length


def _weights(inset: float, before: float, after: float) -> Weights:
    """The inner corner as a blend of its corner and the neighbours, which lie so far in from the other side.

    Where that is no blend, at reflex corners and on straight sides, the corner alone.
    """
    if before > 0.0 and after > 0.0 and inset > 0.0:
        back, ahead = inset / before, inset / after
        if back + ahead <= 1.0:
            return 1.0 - (back + ahead), back, ahead
    return 1.0, 0.0, 0.0


def _minus(one: Point, other: Point) -> Point:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _dot(one: Point, other: Point) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
