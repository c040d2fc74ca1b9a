"""A mesh's triangles in places that stay: what picking and rendering keep up with the mesh.

Every face has a run of places, as long as it has triangles (MESH-15). A face that changes keeps its run if that still
fits, else gets another; runs that nobody uses are empty until a face of the same size takes them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import DEAD, HalfEdges
from theta.mesh.orbits import FEW, Slots, starts_of, total_of
from theta.mesh.polygons import triangulate_loops, unit_normals
from theta.mesh.queries.snapshot import Snapshot
from theta.mesh.queries.walks import living_faces, loops_from_lowest

EMPTY = -1


class FaceTriangles:
    """Triangles by place.

    Attributes:
        layouts: how often everything was laid out anew.
        count: places in use or empty.
    """

    __slots__ = ("_corners", "_faces", "_free", "_holes", "_normals", "_runs", "_snapshot", "count", "layouts")

    def __init__(self) -> None:
        """Of a mesh without any element."""
        self.layouts = 0
        self.count = 0
        self._snapshot = Snapshot()
        self._free: dict[int, list[int]] = {}
        self._holes = 0
        self._corners = np.empty((0, 3), np.int32)
        self._faces = np.empty(0, np.int32)
        self._runs = np.zeros((0, 2), np.int64)
        self._normals = np.zeros((0, 3))

    @property
    def corners(self) -> NDArray[np.int32]:
        """Vertex slots by place, (count, 3), anticlockwise; zeros where empty."""
        return self._corners[: self.count]

    @property
    def faces(self) -> NDArray[np.int32]:
        """Face slots by place, (count,); EMPTY where there is none."""
        return self._faces[: self.count]

    @property
    def normals(self) -> NDArray[np.float64]:
        """Unit normals by face slot, at least as many as there are; zeros for a face without one."""
        return self._normals

    def places_of(self, faces: Slots) -> Slots:
        """Every place of these living faces, face by face."""
        return _spread(self._runs[faces])

    def update(self, halfedges: HalfEdges) -> Slots | None:
        """Keep up with the mesh.

        Returns:
            The places written since last time, ascending; None when everything was laid out anew.
        """
        changed = self._snapshot.changed_faces(halfedges)
        count = halfedges.face_halfedge.count
        gone = np.flatnonzero(self._runs[count:, 1]) + count
        if len(changed) + len(gone) > FEW + halfedges.faces.living // 4:
            self._lay_out(halfedges)
            return None
        if not len(changed) and not len(gone):
            return changed
        places = self._patch(halfedges, np.concatenate((changed, gone)))
        if 2 * self._holes > self.count + FEW:
            self._lay_out(halfedges)
            return None
        return places

    def _lay_out(self, halfedges: HalfEdges) -> None:
        faces = np.flatnonzero(living_faces(halfedges))
        counts, normals, triangles = _triangulated(halfedges, faces)
        self._runs = np.zeros((halfedges.face_halfedge.count, 2), np.int64)
        self._runs[faces] = np.stack((starts_of(counts), counts), axis=1)
        self._normals = np.zeros((halfedges.face_halfedge.count, 3))
        self._normals[faces] = normals
        self._corners = triangles.astype(np.int32)
        self._faces = np.repeat(faces, counts).astype(np.int32)
        self.count = len(triangles)
        self._free = {}
        self._holes = 0
        self.layouts += 1

    def _patch(self, halfedges: HalfEdges, changed: Slots) -> Slots:
        """Write the faces that changed, new and dead ones too, and return the places written."""
        slots = halfedges.face_halfedge.count
        self._runs = _grown(self._runs, max(slots, len(self._runs)))
        self._normals = _grown(self._normals, slots)
        known = changed[changed < slots]
        living = known[halfedges.face_halfedge.array()[known] != DEAD]
        counts, normals, triangles = _triangulated(halfedges, living)
        wanted = np.zeros(len(self._runs), np.int64)
        wanted[living] = counts
        resized = changed[self._runs[changed, 1] != wanted[changed]]
        freed = self._release(resized)
        for face in resized.tolist():
            if size := int(wanted[face]):
                self._runs[face] = self._taken(size), size
        places = _spread(self._runs[living])
        self._corners = _grown(self._corners, self.count)
        self._faces = _grown(self._faces, self.count)
        self._corners[freed] = 0
        self._faces[freed] = EMPTY
        self._corners[places] = triangles
        self._faces[places] = np.repeat(living, counts)
        self._normals[living] = normals
        return np.unique(np.concatenate((freed, places)))

    def _release(self, faces: Slots) -> Slots:
        """Give back the runs of faces, and return their places."""
        places = _spread(self._runs[faces])
        for first, size in self._runs[faces].tolist():
            if size:
                self._free.setdefault(size, []).append(first)
        self._runs[faces] = 0
        self._holes += len(places)
        return places

    def _taken(self, size: int) -> int:
        """The first place of an empty run of this size, or of one at the end."""
        if free := self._free.get(size):
            self._holes -= size
            return free.pop()
        first = self.count
        self.count += size
        return first


def _triangulated(halfedges: HalfEdges, faces: Slots) -> tuple[Slots, NDArray[np.float64], Slots]:
    """Of living faces: how many triangles each has, unit normals, and triangles of vertex slots face by face."""
    counts, sides = loops_from_lowest(halfedges, faces)
    corners = halfedges.origin.array()[sides].astype(np.int64)
    positions = halfedges.positions.array()
    normals = unit_normals(positions, counts, corners)
    return counts - 2, normals, triangulate_loops(positions, counts, corners, normals)


def _spread(runs: Slots) -> Slots:
    """Every number of the runs (n, 2) of first and length."""
    first, size = runs[:, 0], runs[:, 1]
    places: Slots = np.arange(total_of(size)) + np.repeat(first - starts_of(size), size)
    return places


def _grown(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """At least `count` rows, the new ones zeros: the same array while it is long enough."""
    if len(rows) >= count:
        return rows
    larger = np.zeros((count + (count >> 2) + FEW, *rows.shape[1:]), rows.dtype)
    larger[: len(rows)] = rows
    return larger
