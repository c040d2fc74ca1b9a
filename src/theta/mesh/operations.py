"""Operations on a mesh: each checks everything, then writes, and returns what it made: MESH-16 and MESH-17.

No work here grows with the mesh: single scalars through memoryviews, no whole-array calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from numpy.typing import ArrayLike

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import COORDINATE_METRES_MAX, MESH_BYTES_MAX, MESH_FACES_MAX, MESH_VERTICES_MAX
from theta.mesh.build import checked_positions
from theta.mesh.columns import IdTable
from theta.mesh.errors import DegenerateFace, DuplicateElement
from theta.mesh.halfedges import HalfEdges, Point
from theta.mesh.polygons import unit_normal
from theta.mesh.topology import Mesh


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
    halfedges = mesh.halfedges
    points = checked_positions(targets, "targets")
    if len(points) != len(vertex_ids):
        raise InvalidValue("targets", len(points), f"{len(vertex_ids)}, one for each vertex")
    slots = [halfedges.vertices.slot_of(vertex_id) for vertex_id in vertex_ids]
    if len(set(slots)) != len(slots):
        raise InvalidValue("vertex_ids", len(slots), "all different")
    journal = halfedges.journal
    with journal.operation():
        for slot, point in zip(slots, points.tolist(), strict=True):
            for axis in range(3):
                journal.write(halfedges.positions, 3 * slot + axis, point[axis])


def extrude_face(mesh: Mesh, face_id: bytes, distance: float, name: CommandName) -> Extrusion:
    """Lift an n-gon along its normal and close the gap with n quads: ΔV, ΔE, ΔF = n, 2n, n.

    The face keeps its id and is the cap; its old edges and vertices stay where they are.

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
    if not isfinite(distance):
        raise InvalidValue("distance", distance, "finite")
    loop = halfedges.face_loop(face)
    _check_room(mesh, len(loop))
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
    return made


def _check_room(mesh: Mesh, corners: int) -> None:
    if mesh.vertex_count + corners > MESH_VERTICES_MAX:
        raise InvalidValue("vertices", mesh.vertex_count + corners, f"at most {MESH_VERTICES_MAX}")
    if mesh.face_count + corners > MESH_FACES_MAX:
        raise InvalidValue("faces", mesh.face_count + corners, f"at most {MESH_FACES_MAX}")
    # Those who do not fold get a mesh in one frame: its canonical bytes at most, as if each edge had two faces.
    size = 40 * mesh.vertex_count + 32 * mesh.edge_count + 20 * mesh.face_count + (40 + 2 * 32 + 20) * corners
    if size > MESH_BYTES_MAX:
        raise InvalidValue("mesh", size, f"at most {MESH_BYTES_MAX} bytes")


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


def _extrusion_ids(halfedges: HalfEdges, face_id: bytes, loop: list[int], name: CommandName) -> Extrusion:
    origin = halfedges.origin.view
    vertices = [halfedges.vertices.id_of(origin[side]) for side in loop]
    edges = [halfedges.edges.id_of(side >> 1) for side in loop]
    return Extrusion(
        vertices=tuple([element_id(name, "extrude.vertex", (face_id, vertex)) for vertex in vertices]),
        side_edges=tuple([element_id(name, "extrude.side-edge", (face_id, vertex)) for vertex in vertices]),
        cap_edges=tuple([element_id(name, "extrude.cap-edge", (face_id, edge)) for edge in edges]),
        side_faces=tuple([element_id(name, "extrude.side", (face_id, edge)) for edge in edges]),
    )


def _refuse_taken(table: IdTable, ids: Sequence[bytes]) -> None:
    for identifier in ids:
        if identifier in table.slots:
            raise DuplicateElement(table.kind, identifier)


def _link_extrusion(halfedges: HalfEdges, face: int, loop: list[int]) -> None:
    """Append the links of the new elements and turn the old sides over to the side faces.

    With old side h[i] from v[i] to v[i+1] and w[i] over v[i], the new half-edges are up[i] v[i] → w[i] and down[i]
    back, cap[i] w[i] → w[i+1] and rim[i] back; side face i is h[i], up[i+1], rim[i], down[i].
    """
    size = len(loop)
    first_vertex = halfedges.vertex_halfedge.count
    first_face = halfedges.face_halfedge.count
    base = halfedges.next.count
    up = [base + 2 * at for at in range(size)]
    cap = [base + 2 * (size + at) for at in range(size)]
    old = halfedges.origin.view
    forward: list[int] = []
    back: list[int] = []
    origin: list[int] = []
    faces: list[int] = []
    for at in range(size):
        before = at - 1 if at else size - 1
        forward += (cap[before] + 1, loop[at])
        back += (loop[before], cap[at] + 1)
        origin += (old[loop[at]], first_vertex + at)
        faces += (first_face + before, first_face + at)
    for at in range(size):
        before = at - 1 if at else size - 1
        after = at + 1 if at + 1 < size else 0
        forward += (cap[after], up[at] + 1)
        back += (cap[before], up[after])
        origin += (first_vertex + at, first_vertex + after)
        faces += (face, first_face + at)
    halfedges.next.extend(forward)
    halfedges.prev.extend(back)
    halfedges.origin.extend(origin)
    halfedges.face.extend(faces)
    halfedges.vertex_halfedge.extend(cap)
    halfedges.face_halfedge.extend(loop)
    write = halfedges.journal.write
    for at in range(size):
        write(halfedges.next, loop[at], up[at + 1 if at + 1 < size else 0])
        write(halfedges.prev, loop[at], up[at] + 1)
        write(halfedges.face, loop[at], first_face + at)
    write(halfedges.face_halfedge, face, cap[0])
