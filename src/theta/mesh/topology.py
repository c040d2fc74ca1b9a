"""The mesh as everybody outside this package sees it: elements by 16-byte id, never by slot."""

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import HalfEdges, Point
from theta.mesh.journal import Journal


class Mesh:
    """An oriented 2-manifold with boundary and isolated vertices: spec/mesh.md, MESH-1 … MESH-6.

    Vertices, edges and faces are named by 16-byte ids. Operations (`theta.mesh.operations`) change it, each all or
    nothing; `journal` rolls back several.
    """

    __slots__ = ("halfedges",)

    def __init__(self, halfedges: HalfEdges | None = None) -> None:
        """An empty mesh; `halfedges` is for this package, which alone knows slots."""
        self.halfedges = HalfEdges.empty() if halfedges is None else halfedges

    def copy(self) -> "Mesh":
        """An independent mesh with the same elements: array copies, no work per element."""
        return Mesh(self.halfedges.copy())

    @property
    def journal(self) -> Journal:
        """Marks to roll back to: `mark = mesh.journal.mark()`, then `mesh.journal.rollback(mark)` or `release`."""
        return self.halfedges.journal

    @property
    def vertex_count(self) -> int:
        """How many vertices live."""
        return len(self.halfedges.vertices.slots)

    @property
    def edge_count(self) -> int:
        """How many edges live."""
        return len(self.halfedges.edges.slots)

    @property
    def face_count(self) -> int:
        """How many faces live."""
        return len(self.halfedges.faces.slots)

    def vertex_ids(self) -> list[bytes]:
        """Every vertex's id, ascending."""
        return sorted(self.halfedges.vertices.slots)

    def edge_ids(self) -> list[bytes]:
        """Every edge's id, ascending."""
        return sorted(self.halfedges.edges.slots)

    def face_ids(self) -> list[bytes]:
        """Every face's id, ascending."""
        return sorted(self.halfedges.faces.slots)

    def has_vertex(self, vertex_id: bytes) -> bool:
        """Whether a living vertex has this id."""
        return vertex_id in self.halfedges.vertices.slots

    def has_edge(self, edge_id: bytes) -> bool:
        """Whether a living edge has this id."""
        return edge_id in self.halfedges.edges.slots

    def has_face(self, face_id: bytes) -> bool:
        """Whether a living face has this id."""
        return face_id in self.halfedges.faces.slots

    def position(self, vertex_id: bytes) -> Point:
        """A vertex's x, y, z in metres.

        Raises:
            UnknownElement: no such vertex.
        """
        return self.halfedges.point(self.halfedges.vertices.slot_of(vertex_id))

    def positions(self) -> NDArray[np.float64]:
        """Every vertex's position, (V, 3) float64 metres, in the order of `vertex_ids()`."""
        slots = [slot for _, slot in sorted(self.halfedges.vertices.slots.items())]
        rows: NDArray[np.float64] = self.halfedges.positions.array()[slots].reshape(-1, 3)
        return rows

    def face_vertices(self, face_id: bytes) -> list[bytes]:
        """A face's vertices, anticlockwise seen from outside, from the lowest id (MESH-6).

        Raises:
            UnknownElement: no such face.
        """
        halfedges = self.halfedges
        origin = halfedges.origin.view
        return [
            halfedges.vertices.id_of(origin[side]) for side in halfedges.face_loop(halfedges.faces.slot_of(face_id))
        ]

    def face_edges(self, face_id: bytes) -> list[bytes]:
        """A face's edges: the first leads from the first of `face_vertices` to the second.

        Raises:
            UnknownElement: no such face.
        """
        halfedges = self.halfedges
        return [halfedges.edges.id_of(side >> 1) for side in halfedges.face_loop(halfedges.faces.slot_of(face_id))]

    def edge_vertices(self, edge_id: bytes) -> tuple[bytes, bytes]:
        """An edge's two ends, the lower id first.

        Raises:
            UnknownElement: no such edge.
        """
        halfedges = self.halfedges
        edge = halfedges.edges.slot_of(edge_id)
        origin = halfedges.origin.view
        one, other = (halfedges.vertices.id_of(origin[side]) for side in (2 * edge, 2 * edge + 1))
        return (one, other) if one < other else (other, one)
