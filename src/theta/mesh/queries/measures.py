"""Areas and volumes, added in a written order: spec/mesh.md, MESH-85."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.orbits import Slots, starts_of
from theta.mesh.polygons import area_vector, area_vectors
from theta.mesh.queries.parts import Part
from theta.mesh.queries.walks import in_id_order, living_faces, loops_from_lowest
from theta.mesh.topology import Mesh

Numbers = NDArray[np.float64]


def face_area(mesh: Mesh, face_id: bytes) -> float:
    """A face's area in square metres: half the length of Newell's vector (MESH-85).

    Raises:
        UnknownElement: no such face.
    """
    halfedges = mesh.halfedges
    origin = halfedges.origin.view
    loop = halfedges.face_loop(halfedges.faces.slot_of(face_id))
    x, y, z = area_vector([halfedges.point(origin[side]) for side in loop])
    return sqrt(x * x + y * y + z * z) * 0.5


def face_areas(mesh: Mesh) -> Numbers:
    """Every face's area in square metres, (F,) in the order of `mesh.face_ids()`: the same bits as `face_area`."""
    halfedges = mesh.halfedges
    return _lengths(_vectors(halfedges, _every_face(halfedges))[1]) * 0.5


def surface_area(mesh: Mesh) -> float:
    """The area of all faces in square metres."""
    return _total(face_areas(mesh))


def volume(mesh: Mesh, part: Part | None = None) -> float:
    """The volume that a closed mesh, or a closed part of it, encloses, in cubic metres (MESH-85).

    Negative when its faces are turned inside out. Where it crosses itself, what is enclosed twice counts twice.

    Args:
        mesh: any mesh.
        part: one of its parts, as it is now; everything when left out.

    Raises:
        InvalidValue: there is a boundary.
        UnknownElement: the part names a face that is not there any more.
    """
    halfedges = mesh.halfedges
    if part is None:
        faces = _every_face(halfedges)
    else:
        faces = np.array([halfedges.faces.slot_of(face_id) for face_id in part.faces], np.int64)
    if not len(faces):
        return 0.0
    sides, vectors = _vectors(halfedges, faces)
    counts, halves = sides
    inside = np.zeros(halfedges.face_halfedge.count - NONE, np.bool_)
    inside[faces] = True
    borders = int(np.count_nonzero(~inside[halfedges.face.array()[halves ^ 1]]))
    if borders:
        raise InvalidValue("mesh", f"{borders} boundary edges", "closed: none")
    points = halfedges.positions.array()[halfedges.origin.array()[halves]]
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = (points[starts_of(counts)] - (low + (high - low) * 0.5)).T
    return _total(x * vectors[:, 0] + y * vectors[:, 1] + z * vectors[:, 2]) / 6.0


def _every_face(halfedges: HalfEdges) -> Slots:
    return in_id_order(halfedges.faces, np.flatnonzero(living_faces(halfedges)))


def _vectors(halfedges: HalfEdges, faces: Slots) -> tuple[tuple[Slots, Slots], Numbers]:
    """The faces' loops, and for each the vector whose length is twice its area."""
    counts, sides = loops_from_lowest(halfedges, faces)
    corners = halfedges.origin.array()[sides].astype(np.int64)
    return (counts, sides), area_vectors(halfedges.positions.array(), counts, corners)


def _lengths(vectors: Numbers) -> Numbers:
    x, y, z = vectors.T
    lengths: Numbers = np.sqrt(x * x + y * y + z * z)
    return lengths


def _total(terms: Numbers) -> float:
    """The sum in the order of MESH-85: zeros up to a power of two, then the second half added to the first."""
    size = 1
    while size < len(terms):
        size *= 2
    sums = np.zeros(size)
    sums[: len(terms)] = terms
    while len(sums) > 1:
        half = len(sums) // 2
        sums = sums[:half] + sums[half:]
    return float(sums[0]) + 0.0
