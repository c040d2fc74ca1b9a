"""Operations on a mesh: each checks everything, then writes, and returns what it made: MESH-16 and MESH-17.

No work here grows with the mesh: single scalars through memoryviews, no whole-array calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from sys import float_info

import numpy as np
from numpy.typing import ArrayLike

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, hashed_id, name_bytes, role_bytes
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh.attributes import Domain
from theta.mesh.build import checked_positions
from theta.mesh.columns import FEW, IdTable
from theta.mesh.errors import DegenerateFace, DuplicateElement
from theta.mesh.halfedges import HalfEdges, Point
from theta.mesh.polygons import unit_normal
from theta.mesh.rebuild import check_size
from theta.mesh.topology import Mesh

_VERTEX, _SIDE_EDGE = role_bytes("extrude.vertex"), role_bytes("extrude.side-edge")
_CAP_EDGE, _SIDE = role_bytes("extrude.cap-edge"), role_bytes("extrude.side")


@dataclass(frozen=True, slots=True)
class Extrusion:
    """What an extrusion of an n-gon made; all in the order of the face's corners before, from its lowest vertex id.

    Attributes:
        vertices: n, the cap's corners.
        side_edges: n, each from an old vertex to the new one over it.
        cap_edges: n, each over an old edge; the first leads from the first new vertex to the second.
        side_faces: n, each between an old edge and the cap edge over it.
    """

    vertices: tuple[bytes, ...]
    side_edges: tuple[bytes, ...]
    cap_edges: tuple[bytes, ...]
    side_faces: tuple[bytes, ...]


def move_vertices(mesh: Mesh, vertex_ids: Sequence[bytes], targets: ArrayLike) -> None:
    """Put vertices where `targets` says.

    Args:
        mesh: what to change.
        vertex_ids: n different vertices.
        targets: (n, 3) float64 metres; a negative zero is written as zero.

    Raises:
        UnknownElement: no such vertex.
        InvalidValue: the counts differ, a vertex comes twice, or a coordinate is out of its limits.
    """
    points = _few_points(targets)
    if points is None:
        points = checked_positions(targets, "targets").tolist()
    if len(points) != len(vertex_ids):
        raise InvalidValue("targets", len(points), f"{len(vertex_ids)}, one for each vertex")
    vertices = mesh.halfedges.vertices
    slots = [vertices.slot_of(vertex_id) for vertex_id in vertex_ids]
    if len(slots) > 1 and len(set(slots)) != len(slots):
        raise InvalidValue("vertex_ids", len(slots), "all different")
    mesh.halfedges.place(slots, points)


def move_vertex(mesh: Mesh, vertex_id: bytes, point: Point) -> bool:
    """As `move_vertices` of one to three floats, in a third of the time; False when that would refuse it."""
    halfedges = mesh.halfedges
    slot = halfedges.vertices.slots.get(vertex_id)
    x, y, z = point
    most = COORDINATE_METRES_MAX
    if slot is None or not (-most <= x <= most and -most <= y <= most and -most <= z <= most):
        return False
    halfedges.place_one(slot, (x + 0.0, y + 0.0, z + 0.0))
    return True


def move_each(mesh: Mesh, vertex_ids: Sequence[bytes], targets: bytes) -> bool:
    """As `move_vertex` of one after the other, all at once; False, and nothing is done, when any would be refused.

    Args:
        mesh: what to change.
        vertex_ids: n vertices; one that comes twice is refused too.
        targets: n × 3 little-endian float64.
    """
    halfedges = mesh.halfedges
    slots = [slot for slot in map(halfedges.vertices.slots.get, vertex_ids) if slot is not None]
    points = np.frombuffer(targets, "<f8").reshape(-1, 3) + 0.0
    if len(set(slots)) != len(vertex_ids) or not (np.abs(points) <= COORDINATE_METRES_MAX).all():
        return False
    halfedges.place_each(slots, points)
    return True


def _few_points(targets: ArrayLike) -> list[Point] | None:
    """As `checked_positions`, quicker for a few tuples of floats; None for what is anything else, or not good."""
    if not isinstance(targets, list) or len(targets) > FEW:
        return None
    most = COORDINATE_METRES_MAX
    points = []
    for point in targets:
        if not isinstance(point, tuple) or len(point) != 3:
            return None
        x, y, z = point
        if not (type(x) is type(y) is type(z) is float and -most <= x <= most):
            return None
        if not (-most <= y <= most and -most <= z <= most):
            return None
        points.append((x + 0.0, y + 0.0, z + 0.0))
    return points


def extrude_face(mesh: Mesh, face_id: bytes, distance: float, name: CommandName) -> Extrusion:
    """Lift an n-gon along its normal and close the gap with n quads: ΔV, ΔE, ΔF = n, 2n, n.

    The face keeps its id and is the cap; its old edges and vertices stay where they are. What is new has the attributes
    of what is below it: vertices, cap edges and corners of theirs, side faces of the face; side edges have none.

    Args:
        mesh: what to change.
        face_id: the face.
        distance: metres along the normal, of either sign.
        name: the command that does it; the new ids hash it.

    Raises:
        UnknownElement: no such face.
        DegenerateFace: the face has no normal.
        InvalidValue: the distance is not finite, a new coordinate is out of its limits, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    face = halfedges.faces.slot_of(face_id)
    if not -float_info.max <= distance <= float_info.max:
        raise InvalidValue("distance", distance, "finite")
    loop = halfedges.face_loop(face)
    size = len(loop)
    check_size(mesh.vertex_count + size, mesh.edge_count + 2 * size, mesh.face_count + size, halfedges.attributes)
    coordinates = _lifted(halfedges, face_id, loop, float(distance))
    made = _extrusion_ids(halfedges, face_id, loop, name)
    _refuse_taken(halfedges.vertices, made.vertices)
    _refuse_taken(halfedges.edges, made.side_edges + made.cap_edges)
    _refuse_taken(halfedges.faces, made.side_faces)
    with halfedges.journal.operation():
        halfedges.positions.extend(coordinates)
        halfedges.vertices.extend(made.vertices)
        halfedges.edges.extend(made.side_edges + made.cap_edges)
        halfedges.faces.extend(made.side_faces)
        _link_extrusion(halfedges, face, loop)
        if halfedges.attributes:
            halfedges.fit_attributes()
            _write_attributes(halfedges, face, loop)
    return made


def _lifted(halfedges: HalfEdges, face_id: bytes, loop: list[int], distance: float) -> list[float]:
    """The new vertices' coordinates, flat: never -0, since a sum is that only if both terms are."""
    origin = halfedges.origin.view
    points = [halfedges.point(origin[side]) for side in loop]
    normal = unit_normal(points)
    if normal is None:
        raise DegenerateFace(face_id)
    offset: Point = (normal[0] * distance, normal[1] * distance, normal[2] * distance)
    coordinates = [point[axis] + offset[axis] for point in points for axis in range(3)]
    for coordinate in coordinates:
        if not -COORDINATE_METRES_MAX <= coordinate <= COORDINATE_METRES_MAX:
            raise InvalidValue("position", coordinate, f"within ±{COORDINATE_METRES_MAX} metres")
    return coordinates


def extrusion_ids(face_id: bytes, vertices: Sequence[bytes], edges: Sequence[bytes], name: CommandName) -> Extrusion:
    """The ids of what the command `name` makes when it extrudes a face with this loop (MESH-17)."""
    at_vertices = [face_id + each for each in vertices]
    at_edges = [face_id + each for each in edges]
    begin = name_bytes(name)
    return Extrusion(
        vertices=tuple([hashed_id(begin + _VERTEX + parents) for parents in at_vertices]),
        side_edges=tuple([hashed_id(begin + _SIDE_EDGE + parents) for parents in at_vertices]),
        cap_edges=tuple([hashed_id(begin + _CAP_EDGE + parents) for parents in at_edges]),
        side_faces=tuple([hashed_id(begin + _SIDE + parents) for parents in at_edges]),
    )


def _extrusion_ids(halfedges: HalfEdges, face_id: bytes, loop: list[int], name: CommandName) -> Extrusion:
    origin = halfedges.origin.view
    of_vertices, of_edges = halfedges.vertices.column.view, halfedges.edges.column.view
    vertices = [16 * origin[side] for side in loop]
    edges = [16 * (side >> 1) for side in loop]
    return extrusion_ids(
        face_id,
        [of_vertices[at : at + 16].tobytes() for at in vertices],
        [of_edges[at : at + 16].tobytes() for at in edges],
        name,
    )


def _refuse_taken(table: IdTable, ids: Sequence[bytes]) -> None:
    if not table.slots.keys().isdisjoint(ids):
        raise DuplicateElement(table.kind, next(each for each in ids if each in table.slots))


def _link_extrusion(halfedges: HalfEdges, face: int, loop: list[int]) -> None:
    """Append the links of the new elements and turn the old sides over to the side faces.

    With old side h[i] from v[i] to v[i+1] and w[i] over v[i], the new half-edges are up[i] v[i] → w[i] and down[i]
    back, cap[i] w[i] → w[i+1] and rim[i] back; side face i is h[i], up[i+1], rim[i], down[i].
    """
    size = len(loop)
    base, first_vertex = halfedges.next.count, halfedges.vertex_halfedge.count
    first_face = halfedges.face_halfedge.count
    up, cap = [*range(base, base + 2 * size, 2)], [*range(base + 2 * size, base + 4 * size, 2)]
    new, sides = [*range(first_vertex, first_vertex + size)], [*range(first_face, first_face + size)]
    down, rim = [side + 1 for side in up], [side + 1 for side in cap]
    old = halfedges.origin.view
    halfedges.next.extend(_in_turn(_before(rim), loop) + _in_turn(_after(cap), down))
    halfedges.prev.extend(_in_turn(_before(loop), rim) + _in_turn(_before(cap), _after(up)))
    halfedges.origin.extend(_in_turn([old[side] for side in loop], new) + _in_turn(new, _after(new)))
    halfedges.face.extend(_in_turn(_before(sides), sides) + _in_turn([face] * size, sides))
    halfedges.vertex_halfedge.extend(cap)
    halfedges.face_halfedge.extend(loop)
    write = halfedges.journal.write
    for side, following, before, beside in zip(loop, _after(up), down, sides, strict=True):
        write(halfedges.next, side, following)
        write(halfedges.prev, side, before)
        write(halfedges.face, side, beside)
    write(halfedges.face_halfedge, face, cap[0])


def _before(around: list[int]) -> list[int]:
    """Each one's predecessor in a circle."""
    return around[-1:] + around[:-1]


def _after(around: list[int]) -> list[int]:
    """Each one's successor in a circle."""
    return around[1:] + around[:1]


def _in_turn(one: list[int], other: list[int]) -> list[int]:
    """The first of both, then the second of both, and so on."""
    both = one + other
    both[::2], both[1::2] = one, other
    return both


def _write_attributes(halfedges: HalfEdges, face: int, loop: list[int]) -> None:
    """Give the new elements the rows of those below them; what is new came last, as `_link_extrusion` says."""
    size = len(loop)
    counts = halfedges.slot_counts()
    origin = halfedges.origin.view
    up, cap = counts["corner"] - 4 * size, counts["corner"] - 2 * size
    pairs: dict[Domain, list[tuple[int, int]]] = {
        "vertex": [(counts["vertex"] - size + at, origin[side]) for at, side in enumerate(loop)],
        "edge": [(counts["edge"] - size + at, side >> 1) for at, side in enumerate(loop)],
        "face": [(counts["face"] - size + at, face) for at in range(size)],
        "corner": [],
    }
    corners = pairs["corner"]
    for at, side in enumerate(loop):
        after = loop[at + 1 if at + 1 < size else 0]
        corners += [(up + 2 * at, side), (up + 2 * at + 1, side), (cap + 2 * at, side), (cap + 2 * at + 1, after)]
    for key, column in halfedges.attributes.columns.items():
        width, view = column.width, column.view
        for new, old in pairs[key.domain]:
            halfedges.write_row(column, new, view[width * old : width * old + width].tolist())
