"""Which faces changed since last time, told by comparing columns with a kept copy.

Nothing has to be reported by operations, so that none can forget it, and rollbacks and rebuilds are seen alike. For
20,000 faces the comparison takes about a tenth of a millisecond.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import HalfEdges
from theta.mesh.orbits import FEW, Slots


class Snapshot:
    """Copies of the columns that the faces' shapes depend on."""

    __slots__ = ("_face_halfedge", "_next", "_origin", "_positions", "_vertex_ids")

    def __init__(self) -> None:
        """Of a mesh without any element."""
        self._next = KeptColumn(np.int32)
        self._origin = KeptColumn(np.int32)
        self._face_halfedge = KeptColumn(np.int32)
        self._positions = KeptColumn(np.float64)
        self._vertex_ids = KeptColumn(np.uint64)

    def changed_faces(self, halfedges: HalfEdges) -> Slots:
        """The slots, ascending, of faces made, removed or differently shaped since last time; keeps what is now.

        A face is differently shaped when its loop, a corner's position or the id of a corner's vertex differs. A few
        others may be named too.
        """
        # A face with the half-edge it had, of whose loop no half-edge leads elsewhere, has the loop it had.
        sides = np.concatenate((self._next.changes(halfedges.next.array()), self._origin.changes(_origin(halfedges))))
        faces = [self._face_halfedge.changes(halfedges.face_halfedge.array()), halfedges.face.array()[sides]]
        positions = self._positions.changes(halfedges.positions.array().reshape(-1)) // 3
        ids = self._vertex_ids.changes(halfedges.vertices.column.array().reshape(-1).view(np.uint64)) // 2
        moved = np.concatenate((positions, ids))
        if len(moved):
            faces.append(_faces_at(halfedges, np.unique(moved)))
        slots = np.concatenate(faces)
        return np.unique(slots[slots >= 0]).astype(np.int64)


class KeptColumn:
    """A copy of a flat column, to find what is different in it."""

    __slots__ = ("_buffer", "_count", "_different")

    def __init__(self, dtype: type[np.generic]) -> None:
        """Of a column without rows."""
        self._buffer: NDArray[Any] = np.empty(0, dtype)
        self._different = np.empty(0, np.bool_)
        self._count = 0

    def changes(self, now: NDArray[Any]) -> Slots:
        """The indices into `now` (m,) where it is not as last time, those beyond its end then included; keeps it."""
        count = len(now)
        if count > len(self._buffer):
            # With room to grow, and nothing new to take from the system at each comparison.
            buffer = np.empty(count + (count >> 1), self._buffer.dtype)
            buffer[: self._count] = self._buffer[: self._count]
            self._buffer, self._different = buffer, np.empty(len(buffer), np.bool_)
        common = min(count, self._count)
        different = self._different[:count]
        np.not_equal(self._buffer[:common], now[:common], out=different[:common])
        different[common:] = True
        changes = np.flatnonzero(different)
        self._buffer[changes] = now[changes]
        self._count = count
        return changes


def _origin(halfedges: HalfEdges) -> NDArray[np.int32]:
    origin: NDArray[np.int32] = halfedges.origin.array()
    return origin


def _faces_at(halfedges: HalfEdges, vertices: Slots) -> Slots:
    """The faces at these vertices, some more than once, and NONE or DEAD."""
    face = halfedges.face.array()
    if len(vertices) > FEW:
        # Two more than there are slots, so that NONE and DEAD are no vertex.
        marked = np.zeros(halfedges.vertex_halfedge.count + 2, np.bool_)
        marked[vertices] = True
        found: Slots = face[marked.take(halfedges.origin.array())]
        return found
    back, outgoing = halfedges.prev.view, halfedges.vertex_halfedge.view
    sides = []
    for vertex in vertices.tolist():
        if (first := outgoing[vertex]) >= 0:
            sides.append(first)
            while (here := back[sides[-1]] ^ 1) != first:
                sides.append(here)
    return face[sides]
