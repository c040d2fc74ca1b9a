"""The mesh as everybody outside this package sees it: elements by 16-byte id, never by slot."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import UnknownElement
from theta.mesh.attributes import AttributeKey
from theta.mesh.errors import SplitElement
from theta.mesh.halfedges import HalfEdges, Point
from theta.mesh.journal import Journal
from theta.mesh.redirects import Redirects


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

    def number_slowly(self) -> Iterator[None]:
        """Find every element's slot by its id, one kind after the other: what comes first to need it does so at once.

        It changes nothing that is seen of the mesh.
        """
        for table in (self.halfedges.vertices, self.halfedges.edges, self.halfedges.faces):
            if not table.is_numbered:
                assert len(table.slots) == table.living
                yield

    @property
    def journal(self) -> Journal:
        """Marks to roll back to: `mark = mesh.journal.mark()`, then `mesh.journal.rollback(mark)` or `release`."""
        return self.halfedges.journal

    @property
    def vertex_count(self) -> int:
        """How many vertices live."""
        return self.halfedges.vertices.living

    @property
    def edge_count(self) -> int:
        """How many edges live."""
        return self.halfedges.edges.living

    @property
    def face_count(self) -> int:
        """How many faces live."""
        return self.halfedges.faces.living

    @property
    def redirects(self) -> Redirects:
        """What replaced the elements that are no more: read it; operations write it."""
        return self.halfedges.redirects

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

    def resolve(self, kind: str, identifier: bytes) -> list[bytes]:
        """The living elements that an id stands for by now: itself while it lives, else what replaced it (MESH-27).

        Args:
            kind: "vertex", "edge" or "face".
            identifier: 16 bytes.

        Returns:
            Different ids in the order of the parts; empty when it is unknown, or was deleted without a successor.

        Raises:
            InvalidValue: no such kind.
        """
        return [each for each, lives in self.successors(kind, identifier) if lives]

    def successors(self, kind: str, identifier: bytes) -> Iterator[tuple[bytes, bool]]:
        """The ids that `resolve` comes to, each once, and whether an element of it lives: one may stand for many.

        Raises:
            InvalidValue: no such kind.
        """
        slots = self.halfedges.table(kind).slots
        seen: set[bytes] = set()
        left = [identifier]
        while left:
            each = left.pop()
            if each in seen:
                continue
            seen.add(each)
            lives = each in slots
            yield each, lives
            if not lives:
                left.extend(part.id for part in reversed(self.redirects.parts_of(kind, each)))

    def the_one(self, kind: str, identifier: bytes) -> bytes:
        """The one living element that an id stands for by now.

        Raises:
            InvalidValue: no such kind.
            UnknownElement: none.
            SplitElement: several.
        """
        if identifier in self.halfedges.table(kind).slots:
            return identifier
        found = self.resolve(kind, identifier)
        if not found:
            raise UnknownElement(kind, identifier)
        if len(found) > 1:
            raise SplitElement(kind, identifier, found)
        return found[0]

    def resolve_edge(self, edge_id: bytes, at: float) -> tuple[bytes, float]:
        """The living edge that a point of an edge lies on by now, and where on it (MESH-27).

        Args:
            edge_id: the edge.
            at: parameter in [0, 1] from the end with the lower vertex id.

        Raises:
            UnknownElement: the edge is unknown, or that part of it was deleted.
        """
        slots = self.halfedges.edges.slots
        here, parameter = edge_id, at
        seen: set[bytes] = set()
        while here not in slots:
            parts = self.redirects.parts_of("edge", here)
            part = next((each for each in parts if each.span[0] <= parameter <= each.span[1]), None)
            if part is None or here in seen:
                raise UnknownElement("edge", edge_id)
            seen.add(here)
            (low, high), (start, end) = part.span, part.onto
            parameter = start + (end - start) * ((parameter - low) / (high - low) if high > low else 0.0)
            here = part.id
        return here, parameter

    def attribute_keys(self) -> list[AttributeKey]:
        """The attributes there are, in canonical order."""
        return self.halfedges.attributes.in_order()

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
