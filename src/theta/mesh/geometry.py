"""What shape a mesh has: normals, centroids, bounds, triangles: spec/mesh.md, MESH-14 and MESH-15."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.mesh.build import checked_positions
from theta.mesh.canonical import CanonicalMesh, Indices, canonical_mesh
from theta.mesh.errors import DegenerateFace
from theta.mesh.halfedges import DEAD, Point
from theta.mesh.polygons import centroid, triangulate_loops, unit_normal, unit_normals
from theta.mesh.topology import Mesh


@dataclass(frozen=True, slots=True, eq=False)
class Triangles:
    """A mesh's faces as triangles, for rendering and export.

    Attributes:
        positions: (V, 3) float64 metres, in the order of `mesh.vertex_ids()`.
        corners: (T, 3) uint32 indices of vertices, anticlockwise; a face's triangles follow each other.
        faces: (T,) uint32, each triangle's face as an index into `mesh.face_ids()`.
    """

    positions: NDArray[np.float64]
    corners: Indices
    faces: Indices


def face_normal(mesh: Mesh, face_id: bytes) -> Point:
    """A face's unit normal (MESH-14).

    Raises:
        UnknownElement: no such face.
        DegenerateFace: it has no area.
    """
    normal = unit_normal(_face_points(mesh, face_id))
    if normal is None:
        raise DegenerateFace(face_id)
    return normal


def face_normals(mesh: Mesh) -> NDArray[np.float64]:
    """Every face's unit normal, (F, 3) in the order of `mesh.face_ids()`; zeros for a face without area.

    The same bits as `face_normal`.
    """
    return _normals(canonical_mesh(mesh))


def face_centroid(mesh: Mesh, face_id: bytes) -> Point:
    """The mean of a face's corners in metres, added in their order from the lowest vertex id, then divided.

    Raises:
        UnknownElement: no such face.
    """
    return centroid(_face_points(mesh, face_id))


def nearest_face_to_normal(mesh: Mesh, direction: Sequence[float] | NDArray[np.float64]) -> bytes:
    """The id of the face whose normal is nearest to a direction; of equals the lowest id.

    Args:
        mesh: any mesh.
        direction: (3,) of any length but zero, within the limits of a coordinate.

    Raises:
        InvalidValue: the direction is zero or out of its limits, or no face has a normal.
    """
    wanted = checked_positions(np.atleast_2d(direction), "direction")
    if len(wanted) != 1 or not wanted.any():
        raise InvalidValue("direction", direction, "three numbers, not all zero")
    x, y, z = wanted[0].tolist()
    canonical = canonical_mesh(mesh)
    normals = _normals(canonical)
    cosines = normals[:, 0] * x + normals[:, 1] * y + normals[:, 2] * z
    cosines[~normals.any(axis=1)] = -np.inf
    if not len(cosines) or cosines.max() == -np.inf:
        raise InvalidValue("mesh", f"{len(cosines)} faces", "one with a face that has a normal")
    return bytes(canonical.face_ids[int(np.argmax(cosines))])


def bounds(mesh: Mesh) -> tuple[Point, Point] | None:
    """The lowest and the highest x, y, z of all vertices in metres; None for a mesh without vertices."""
    positions = mesh.halfedges.positions.array()[mesh.halfedges.vertex_halfedge.array() != DEAD]
    if not len(positions):
        return None
    low, high = positions.min(axis=0).tolist(), positions.max(axis=0).tolist()
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def triangulate(mesh: Mesh) -> Triangles:
    """Every n-gon as n-2 triangles: a fan from its lowest vertex where that covers it, else by clipping ears (MESH-15).

    Faces come in the order of `mesh.face_ids()`.
    """
    canonical = canonical_mesh(mesh)
    counts, corners = canonical.face_counts.astype(np.int64), canonical.corners.astype(np.int64)
    triangles = triangulate_loops(canonical.positions, counts, corners, _normals(canonical))
    faces = np.repeat(np.arange(len(counts), dtype=np.uint32), counts - 2)
    return Triangles(canonical.positions, triangles.astype(np.uint32), faces)


def _normals(canonical: CanonicalMesh) -> NDArray[np.float64]:
    return unit_normals(canonical.positions, canonical.face_counts.astype(np.int64), canonical.corners.astype(np.int64))


def _face_points(mesh: Mesh, face_id: bytes) -> list[Point]:
    halfedges = mesh.halfedges
    origin = halfedges.origin.view
    return [halfedges.point(origin[side]) for side in halfedges.face_loop(halfedges.faces.slot_of(face_id))]
