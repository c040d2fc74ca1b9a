"""The half-edge structure by slot, for this package only: spec/mesh.md, MESH-1 … MESH-5.

Half-edges 2e and 2e + 1 are the two sides of edge e, so twin = h ^ 1 and edge = h >> 1. A half-edge runs from
`origin[h]` to `origin[h ^ 1]` with its face on the left. Slots are never used again: a dead element's slot is a
tombstone. After geometry-central's internals (https://geometry-central.net/surface/surface_mesh/internals/).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.attributes import Attributes, Domain
from theta.mesh.columns import Column, IdArray, IdTable
from theta.mesh.journal import Journal
from theta.mesh.redirects import Redirects

NONE = -1
DEAD = -2

Point = tuple[float, float, float]


class HalfEdges:
    """Columns of links, positions, ids and attributes, and the redirects of what was retired.

    Attributes:
        next, prev, origin, face: per half-edge, int32; `face` is NONE on the boundary; all DEAD on a tombstone.
        vertex_halfedge: an outgoing half-edge, the boundary one if there is one; NONE if isolated, DEAD if dead.
        face_halfedge: one of its half-edges; DEAD if dead.
        positions: metres, float64, three to a vertex.
        vertices, edges, faces: the ids.
        attributes: named columns on vertices, edges, faces and corners.
        redirects: what replaced retired elements.
        journal: every overwrite goes through it.
        order: what theta.mesh.canonical_order keeps from one time to the next.
    """

    def __init__(
        self,
        links: "tuple[Column[int], ...]",
        positions: "Column[float]",
        ids: tuple[IdTable, ...],
        attributes: Attributes | None = None,
        redirects: Redirects | None = None,
    ) -> None:
        self.next, self.prev, self.origin, self.face, self.vertex_halfedge, self.face_halfedge = links
        self.positions = positions
        self.vertices, self.edges, self.faces = ids
        self.links = links
        self.attributes = Attributes() if attributes is None else attributes
        self.redirects = Redirects() if redirects is None else redirects
        self.order: object = None
        self._order_stamp: tuple[int, ...] = ()
        self._points, self._many_points = _Points(positions), _ManyPoints(positions)
        self.journal = Journal(
            (*links, positions, *ids, self.redirects, _AttributeRows(self)),
            (positions, self._points, self._many_points),
        )

    @classmethod
    def of(
        cls, links: tuple[NDArray[np.int32], ...], positions: NDArray[np.float64], ids: tuple[IdArray, IdArray, IdArray]
    ) -> "HalfEdges":
        """From whole arrays, in the order of the attributes above."""
        columns: tuple[Column[int], ...] = tuple(Column(link) for link in links)
        tables = tuple(IdTable.of(kind, table) for kind, table in zip(("vertex", "edge", "face"), ids, strict=True))
        return cls(columns, Column(positions), tables)

    @classmethod
    def empty(cls) -> "HalfEdges":
        """Without any element."""
        none = np.empty(0, np.int32)
        ids = np.empty((0, IDENTIFIER_BYTES), np.uint8)
        return cls.of((none,) * 6, np.empty((0, 3), np.float64), (ids, ids, ids))

    def copy(self) -> "HalfEdges":
        """An independent structure with the same slots; its journal is empty."""
        tables = tuple(table.copy() for table in (self.vertices, self.edges, self.faces))
        links = tuple(link.copy() for link in self.links)
        copy = HalfEdges(links, self.positions.copy(), tables, self.attributes.copy(), self.redirects.copy())
        copy.order = self.order
        return copy

    def keep_order(self, order: object) -> None:
        """What is kept is good for the elements as they are now."""
        self.order, self._order_stamp = order, self._stamp()

    def order_stands(self) -> bool:
        """Whether nothing but positions and attributes changed since; False also where that is not known."""
        return self._order_stamp == self._stamp()

    def _stamp(self) -> tuple[int, ...]:
        return self.journal.rewrites, self.next.count, self.vertices.column.count, self.faces.column.count

    def columns(self) -> "tuple[Column[Any], ...]":
        """Every column but the attributes', in a fixed order."""
        return (*self.links, self.positions, self.vertices.column, self.edges.column, self.faces.column)

    def slot_counts(self) -> dict[Domain, int]:
        """How many slots each domain of attributes has."""
        return {
            "vertex": self.vertex_halfedge.count,
            "edge": self.edges.column.count,
            "face": self.face_halfedge.count,
            "corner": self.next.count,
        }

    def fit_attributes(self) -> None:
        """After slots were appended: make every attribute as long as its domain."""
        if self.attributes:
            self.attributes.fit(self.slot_counts())

    def replace(self, other: "HalfEdges") -> None:
        """Become `other`, but for the redirects, which stay; let go of `other`. One entry of the journal."""
        self.journal.keep(self, None, self._shallow())
        self.restore(None, other)

    def restore(self, _: None, old: "HalfEdges") -> None:
        """Be what another structure is (the journal's call)."""
        for mine, its in zip(self.links, old.links, strict=True):
            mine.adopt(its)
        self.positions.adopt(old.positions)
        for table, its_table in zip(self._tables(), old._tables(), strict=True):
            table.adopt(its_table)
        self.attributes.adopt(old.attributes)

    def _shallow(self) -> "HalfEdges":
        links = tuple(link.shallow() for link in self.links)
        tables = tuple(table.shallow() for table in self._tables())
        return HalfEdges(links, self.positions.shallow(), tables, self.attributes.shallow())

    def _tables(self) -> tuple[IdTable, IdTable, IdTable]:
        return self.vertices, self.edges, self.faces

    def table(self, kind: str) -> IdTable:
        """The ids of "vertex", "edge" or "face".

        Raises:
            InvalidValue: no such kind.
        """
        for table in self._tables():
            if table.kind == kind:
                return table
        raise InvalidValue("kind", kind, "one of vertex, edge, face")

    def face_loop(self, face: int) -> list[int]:
        """The face's half-edges in order, from the one whose origin has the lowest id (MESH-6)."""
        loop = self.loop_from(self.face_halfedge.view[face])
        origin = self.origin.view
        ids = [self.vertices.id_of(origin[halfedge]) for halfedge in loop]
        start = ids.index(min(ids))
        return loop[start:] + loop[:start]

    def corner_count(self, face: int) -> int:
        """How many corners a face has."""
        return len(self.loop_from(self.face_halfedge.view[face]))

    def loop_from(self, first: int) -> list[int]:
        """The half-edges of a face's or a boundary's loop, by next, from one of them on."""
        following = self.next.view
        loop = [first]
        halfedge = following[first]
        while halfedge != first:
            loop.append(halfedge)
            halfedge = following[halfedge]
        return loop

    def spokes(self, vertex: int) -> list[int]:
        """The half-edges that leave a vertex, clockwise; the boundary one first, if there is one."""
        first = self.vertex_halfedge.view[vertex]
        if first < 0:
            return []
        following = self.next.view
        spokes = [first]
        side = following[first ^ 1]
        while side != first:
            spokes.append(side)
            side = following[side ^ 1]
        return spokes

    def side_between(self, tail: int, head: int) -> int | None:
        """The half-edge from one vertex to another, or None when they share no edge.

        It walks around both in step, so it takes no longer than the one with fewer edges has them.
        """
        origin, following = self.origin.view, self.next.view
        first, other = self.vertex_halfedge.view[tail], self.vertex_halfedge.view[head]
        if first < 0 or other < 0:
            return None
        leaving, back = first, other
        while True:
            if origin[leaving ^ 1] == head:
                return int(leaving)
            if origin[back ^ 1] == tail:
                return int(back ^ 1)
            leaving, back = following[leaving ^ 1], following[back ^ 1]
            if leaving == first or back == other:
                return None

    def write_row(self, column: "Column[Any]", row: int, values: Sequence[Any]) -> None:
        """Overwrite a whole row of a column."""
        first = row * column.width
        for at, value in enumerate(values):
            self.journal.write(column, first + at, value)

    def point(self, vertex: int) -> Point:
        """A vertex's position in metres."""
        view = self.positions.view
        at = 3 * vertex
        return view[at], view[at + 1], view[at + 2]

    def place(self, vertices: Sequence[int], points: Sequence[Point]) -> None:
        """Put vertices where `points` says: what is within the limits, and never −0."""
        for vertex, point in zip(vertices, points, strict=True):
            self.place_one(vertex, point)

    def place_one(self, vertex: int, point: Point) -> None:
        """As `place`, of one vertex."""
        view, at = self.positions.view, 3 * vertex
        if self.journal.depth:
            self.journal.keep(self._points, vertex, (view[at], view[at + 1], view[at + 2]))
        view[at], view[at + 1], view[at + 2] = point

    def place_each(self, vertices: Sequence[int], points: NDArray[np.float64]) -> None:
        """As `place`, of many vertices that are all different; `points` is (n, 3)."""
        positions, slots = self.positions.array(), np.array(vertices)
        if self.journal.depth:
            self.journal.keep(self._many_points, slots, positions.take(slots, axis=0))
        positions[slots] = points

    def retire_vertex(self, vertex: int) -> None:
        """Make a tombstone of a vertex to which nothing links any more."""
        self.journal.write(self.vertex_halfedge, vertex, DEAD)
        self.journal.retire(self.vertices, vertex)

    def retire_edge(self, edge: int) -> None:
        """Make tombstones of an edge's two half-edges, to which nothing links any more."""
        for halfedge in (2 * edge, 2 * edge + 1):
            for column in self.links[:4]:
                self.journal.write(column, halfedge, DEAD)
        self.journal.retire(self.edges, edge)

    def retire_face(self, face: int) -> None:
        """Make a tombstone of a face to which nothing links any more."""
        self.journal.write(self.face_halfedge, face, DEAD)
        self.journal.retire(self.faces, face)


class _Points:
    """The vertices' positions as the journal sees them, three numbers at once."""

    __slots__ = ("_positions",)

    def __init__(self, positions: "Column[float]") -> None:
        self._positions = positions

    def restore(self, vertex: int, point: Point) -> None:
        """Put a vertex back to where it was."""
        view, at = self._positions.view, 3 * vertex
        view[at], view[at + 1], view[at + 2] = point


class _ManyPoints:
    """The same of many vertices at once."""

    __slots__ = ("_positions",)

    def __init__(self, positions: "Column[float]") -> None:
        self._positions = positions

    def restore(self, vertices: NDArray[np.int64], points: NDArray[np.float64]) -> None:
        """Put vertices, all different, back to where they were."""
        self._positions.array()[vertices] = points


class _AttributeRows:
    """The attributes as the journal sees them: they follow the slots, whose columns it cuts before."""

    __slots__ = ("_halfedges",)

    def __init__(self, halfedges: HalfEdges) -> None:
        self._halfedges = halfedges

    @property
    def length(self) -> int:
        """Rows of all attributes."""
        return sum(int(column.count) for column in self._halfedges.attributes.columns.values())

    def truncate(self, length: int) -> None:
        """Cut the attributes to the slots that are left."""
        self._halfedges.fit_attributes()
