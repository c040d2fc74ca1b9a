"""The kernel of local operations: a few faces taken out and others put in, all or nothing: spec/mesh.md, MESH-28.

An operation says which faces go, which change their loop and which are new; the kernel finds the sides, refuses what
would be no oriented 2-manifold, and only then writes. Its work grows with the faces and vertices touched, never with
the mesh.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX, MESH_FACE_CORNERS_MAX, SURGERY_WORK_MAX
from theta.mesh.attributes import AttributeKey, Domain, blended
from theta.mesh.columns import IdTable
from theta.mesh.errors import BowTie, DuplicateElement, MultiEdge, RepeatedVertex, SelfEdge
from theta.mesh.halfedges import DEAD, NONE, HalfEdges, Point
from theta.mesh.rebuild import check_size
from theta.mesh.redirects import Part

Blend = Sequence[tuple[int, float]]
_CornerRows = list[tuple[tuple[int, int], list[Any]]]

FACE_CORNERS_MIN = 3

# What a corner costs, twice, when its face is taken out, is new, or gets another loop; each attribute as much again.
_REMOVED, _MADE, _RESHAPED = 1, 2, 3


class _NewVertex(NamedTuple):
    id: bytes
    point: Point
    blend: Blend


class _NewFace(NamedTuple):
    id: bytes
    like: int | None


class Surgery:
    """A change of a few faces, worked out completely before anything is written.

    Vertices, edges and faces are slots; the slot of a new vertex is what `vertex` returns.
    """

    def __init__(self, halfedges: HalfEdges) -> None:
        self._mesh = halfedges
        self._vertices: list[_NewVertex] = []
        self._faces: list[_NewFace] = []
        self._loops: dict[int, list[int]] = {}
        self._gone: dict[int, None] = {}
        self._corner_blends: dict[tuple[int, int], Blend] = {}
        self._edge_names: dict[tuple[int, int], tuple[bytes, int | None]] = {}
        self._retired: dict[int, None] = {}
        self._redirects: list[tuple[str, bytes, Sequence[Part]]] = []
        self._first_vertex: int = halfedges.vertex_halfedge.count
        self._first_face: int = halfedges.face_halfedge.count
        self._work = 0
        self._attribute_count = len(halfedges.attributes.columns)

    def vertex(self, identifier: bytes, point: Point, blend: Blend = ()) -> int:
        """A new vertex, and the slot that it will have.

        Args:
            identifier: 16 bytes.
            point: metres; a negative zero is written as zero.
            blend: (vertex, weight): of what its attributes are the weighted sum, in this order.

        Raises:
            InvalidValue: a coordinate is not finite or out of its limits.
        """
        for coordinate in point:
            if not -COORDINATE_METRES_MAX <= coordinate <= COORDINATE_METRES_MAX:
                raise InvalidValue("position", coordinate, f"within ±{COORDINATE_METRES_MAX} metres")
        x, y, z = point
        self._vertices.append(_NewVertex(identifier, (x + 0.0, y + 0.0, z + 0.0), blend))
        return self._first_vertex + len(self._vertices) - 1

    def remove_face(self, face: int) -> None:
        """Take a face out.

        Raises:
            InvalidValue: more would be touched than one operation may (MESH-28).
        """
        if face not in self._gone:
            self._gone[face] = None
            self._charge(_REMOVED * self._mesh.corner_count(face))

    def reshape(self, face: int, loop: Sequence[int]) -> None:
        """Give a face another loop of vertices, anticlockwise; it keeps its id and attributes.

        Raises:
            RepeatedVertex, SelfEdge, InvalidValue: as `face`.
        """
        before = len(self._loops.get(face, ()))
        self._loops[face] = self._checked(loop, self._mesh.faces.id_of(face))
        self._charge(_RESHAPED * (len(self._loops[face]) - before))

    def face(self, identifier: bytes, loop: Sequence[int], like: int | None = None) -> int:
        """A new face, and the slot that it will have.

        Args:
            identifier: 16 bytes.
            loop: its vertices, anticlockwise.
            like: the face whose attributes it has, and from whose corners its own come.

        Raises:
            RepeatedVertex: it comes to a vertex twice.
            SelfEdge: a side from a vertex to itself.
            InvalidValue: fewer than 3 corners, or more than MESH_FACE_CORNERS_MAX; or more would be touched than one
                operation may (MESH-28).
        """
        slot = self._first_face + len(self._faces)
        self._faces.append(_NewFace(identifier, like))
        self._loops[slot] = self._checked(loop, identifier)
        self._charge(_MADE * len(self._loops[slot]))
        return slot

    def corner(self, face: int, vertex: int, blend: Blend) -> None:
        """What a corner's attributes come from, where that isn't the face it is like: (half-edge, weight)."""
        self._corner_blends[face, vertex] = blend

    def name_edge(self, one: int, other: int, identifier: bytes, like: int | None = None) -> None:
        """What the edge between two vertices is called if it has to be made, and whose attributes it has."""
        self._edge_names[(one, other) if one < other else (other, one)] = (identifier, like)

    def retire_vertex(self, vertex: int) -> None:
        """Take a vertex out, to which no face must come in the end."""
        self._retired[vertex] = None

    def redirect(self, kind: str, old: bytes, parts: Sequence[Part]) -> None:
        """Say what replaces an element that goes."""
        self._redirects.append((kind, old, parts))

    def apply(self) -> None:
        """Check everything, then write.

        Raises:
            MultiEdge: two faces would run the same way along an edge.
            BowTie: more than one fan of faces would meet in a vertex.
            DuplicateElement: an id is taken.
            InvalidValue: the mesh would be too large, or a blend of attributes is not finite.
        """
        plan = _Plan(self._mesh, [vertex.id for vertex in self._vertices])
        for face in (*self._gone, *self._loops):
            if face < self._first_face:
                plan.free(face)
        for face, loop in self._loops.items():
            plan.place(face, loop)
        plan.close(self._retired)
        self._check_ids(plan)
        sources = self._corner_sources() if self._mesh.attributes else {}
        self._write(plan, sources)

    def foresee(self, quads: int) -> None:
        """Refuse at once what is going to make so many new quads, if that is too much (MESH-28).

        Raises:
            InvalidValue: more would be touched than one operation may.
        """
        self._check_work(self._work + _MADE * 4 * quads * (2 + self._attribute_count))

    def _charge(self, corners: int) -> None:
        self._work += corners * (2 + self._attribute_count)
        self._check_work(self._work)

    def _check_work(self, work: int) -> None:
        if work > 2 * SURGERY_WORK_MAX:
            limit = f"a change of at most {SURGERY_WORK_MAX} (spec/mesh.md, MESH-28): take fewer at once"
            raise InvalidValue("faces", f"a change of {work // 2}", limit)

    def _checked(self, loop: Sequence[int], identifier: bytes) -> list[int]:
        corners = list(loop)
        if not FACE_CORNERS_MIN <= len(corners) <= MESH_FACE_CORNERS_MAX:
            raise InvalidValue("face corners", len(corners), f"{FACE_CORNERS_MIN} to {MESH_FACE_CORNERS_MAX}")
        if len(set(corners)) < len(corners):
            twice = next(vertex for at, vertex in enumerate(corners) if vertex in corners[:at])
            beside = any(corners[at - 1] == vertex for at, vertex in enumerate(corners))
            raise (SelfEdge if beside else RepeatedVertex)(identifier, self._vertex_id(twice))
        return corners

    def _vertex_id(self, vertex: int) -> bytes:
        if vertex < self._first_vertex:
            return self._mesh.vertices.id_of(vertex)
        return self._vertices[vertex - self._first_vertex].id

    def _check_ids(self, plan: "_Plan") -> None:
        mesh = self._mesh
        names = self._edge_names
        missing = [ends for ends in plan.made if ends not in names]
        assert not missing, f"an operation made an edge without a name: {missing}"
        dead_edges = {mesh.edges.id_of(edge) for edge in plan.dead}
        gone = {mesh.faces.id_of(face) for face in self._gone}
        retired = {mesh.vertices.id_of(vertex) for vertex in self._retired}
        _refuse_taken(mesh.vertices, [vertex.id for vertex in self._vertices], retired)
        _refuse_taken(mesh.edges, [names[ends][0] for ends in plan.made], dead_edges)
        _refuse_taken(mesh.faces, [face.id for face in self._faces], gone)
        mesh.redirects.check_room(len(self._redirects))
        check_size(
            mesh.vertices.living + len(self._vertices) - len(self._retired),
            mesh.edges.living + len(plan.made) - len(plan.dead),
            mesh.faces.living + len(self._faces) - len(self._gone),
            mesh.attributes,
        )

    def _corner_sources(self) -> dict[tuple[int, int], Blend]:
        """For (face, vertex): which old corners (half-edges, with weights) the new corner's attributes come from."""
        mesh = self._mesh
        corners: dict[int, dict[int, int]] = {}
        sources: dict[tuple[int, int], Blend] = {}
        for face, loop in self._loops.items():
            like = face if face < self._first_face else self._faces[face - self._first_face].like
            if like is None:
                continue
            if like not in corners:
                corners[like] = {mesh.origin.view[side]: side for side in mesh.face_loop(like)}
            for vertex in loop:
                sources[face, vertex] = self._corner_source(corners[like], vertex)
        sources.update(self._corner_blends)
        return sources

    def _corner_source(self, corners: dict[int, int], vertex: int) -> list[tuple[int, float]]:
        if vertex in corners:
            return [(corners[vertex], 1.0)]
        blend = self._vertices[vertex - self._first_vertex].blend if vertex >= self._first_vertex else ()
        if blend and all(parent in corners for parent, _ in blend):
            return [(corners[parent], weight) for parent, weight in blend]
        near = next((parent for parent, _ in blend if parent in corners), None)
        return [(corners[near] if near is not None else next(iter(corners.values())), 1.0)]

    def _write(self, plan: "_Plan", sources: dict[tuple[int, int], Blend]) -> None:
        mesh, names = self._mesh, self._edge_names
        corner_rows = {
            key: [(place, blended(column, source)) for place, source in sources.items()]
            for key, column in mesh.attributes.of("corner")
        }
        with mesh.journal.operation():
            for vertex in self._retired:
                mesh.retire_vertex(vertex)
            for edge in plan.dead:
                mesh.retire_edge(edge)
            for face in self._gone:
                mesh.retire_face(face)
            mesh.positions.extend([coordinate for vertex in self._vertices for coordinate in vertex.point])
            mesh.vertices.extend([vertex.id for vertex in self._vertices])
            mesh.edges.extend([names[ends][0] for ends in plan.made])
            mesh.faces.extend([face.id for face in self._faces])
            mesh.vertex_halfedge.extend([NONE] * len(self._vertices))
            mesh.face_halfedge.extend([NONE] * len(self._faces))
            for column in mesh.links[:4]:
                column.extend([NONE] * (2 * len(plan.made)))
            plan.write()
            if mesh.attributes:
                mesh.fit_attributes()
                self._write_attributes(plan, corner_rows)
            for kind, old, parts in self._redirects:
                mesh.redirects.add(kind, old, parts)

    def _write_attributes(self, plan: "_Plan", corner_rows: "dict[AttributeKey, _CornerRows]") -> None:
        mesh = self._mesh
        sources: dict[Domain, list[tuple[int, Blend]]] = {
            "vertex": [(self._first_vertex + at, vertex.blend) for at, vertex in enumerate(self._vertices)],
            "face": [
                (self._first_face + at, ((face.like, 1.0),))
                for at, face in enumerate(self._faces)
                if face.like is not None
            ],
            "edge": [
                (edge, ((like, 1.0),))
                for ends, edge in plan.made.items()
                if (like := self._edge_names[ends][1]) is not None
            ],
        }
        for domain, rows in sources.items():
            for _, column in mesh.attributes.of(domain):
                for row, blend in rows:
                    mesh.write_row(column, row, blended(column, blend))
        for key, column in mesh.attributes.of("corner"):
            for side in plan.freed:
                mesh.write_row(column, side, [0] * column.width)
            for place, values in corner_rows[key]:
                mesh.write_row(column, plan.corners[place], values)


class _Plan:
    """The links as they will be: only what differs from the mesh is kept here."""

    def __init__(self, mesh: HalfEdges, new_vertices: list[bytes]) -> None:
        """Of a mesh that gets these vertices."""
        self.mesh = mesh
        self.freed: dict[int, None] = {}
        self.made: dict[tuple[int, int], int] = {}
        self.dead: dict[int, None] = {}
        self.corners: dict[tuple[int, int], int] = {}
        self._first_vertex: int = mesh.vertex_halfedge.count
        self._new_vertices = new_vertices
        self._first_edge: int = mesh.edges.column.count
        self._face: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self._prev: dict[int, int] = {}
        self._origin: dict[int, int] = {}
        self._sides: dict[tuple[int, int], int] = {}
        self._starts: dict[int, int] = {}
        self._spokes: dict[int, list[int]] = {}
        self._vertex_starts: dict[int, int] = {}
        self._near: dict[int, None] = dict.fromkeys(range(self._first_vertex, self._first_vertex + len(new_vertices)))

    def free(self, face: int) -> None:
        """Take a face off its sides."""
        mesh = self.mesh
        following, origin = mesh.next.view, mesh.origin.view
        first = mesh.face_halfedge.view[face]
        side = first
        while True:
            tail, head = origin[side], origin[side ^ 1]
            self.freed[side] = None
            self._face[side] = NONE
            self._sides[tail, head] = side
            self._sides[head, tail] = side ^ 1
            self._near[tail] = None
            side = following[side]
            if side == first:
                return

    def place(self, face: int, loop: list[int]) -> None:
        """Put a face on the sides of its loop, making the edges that there are not."""
        sides = [self._side(tail, head) for tail, head in zip(loop, [*loop[1:], loop[0]], strict=True)]
        before = sides[-1]
        for side, vertex in zip(sides, loop, strict=True):
            if self._face_of(side) != NONE:
                raise MultiEdge(self._end_ids(side))
            self._face[side] = face
            self._next[before] = side
            self._prev[side] = before
            self.corners[face, vertex] = side
            before = side
        self._starts[face] = sides[0]

    def close(self, retired: dict[int, None]) -> None:
        """Find the edges without a face, link the boundary, and check that every vertex has one fan."""
        for side in self._face:
            if self._face_of(side) == NONE and self._face_of(side ^ 1) == NONE:
                self.dead[side >> 1] = None
        for vertex in self._near:
            spokes = [side for side in self._spokes_of(vertex) if side >> 1 not in self.dead]
            if not spokes:
                self._vertex_starts[vertex] = DEAD if vertex in retired else NONE
                continue
            self._vertex_starts[vertex] = self._close_fan(vertex, spokes)
        for vertex in self._near:
            self._check_fan(vertex)
        for vertex in retired:
            is_bare = self._vertex_starts.get(vertex, self.mesh.vertex_halfedge.view[vertex]) < 0
            assert is_bare, "an operation retires a vertex that a face comes to"

    def write(self) -> None:
        """Put everything into the mesh, whose columns are long enough by now."""
        mesh = self.mesh
        write = mesh.journal.write
        for column, values in (
            (mesh.origin, self._origin),
            (mesh.face, self._face),
            (mesh.next, self._next),
            (mesh.prev, self._prev),
        ):
            for side, value in values.items():
                if side >> 1 not in self.dead:
                    write(column, side, value)
        for face, side in self._starts.items():
            write(mesh.face_halfedge, face, side)
        for vertex, side in self._vertex_starts.items():
            if side != DEAD:
                write(mesh.vertex_halfedge, vertex, side)

    def _side(self, tail: int, head: int) -> int:
        side = self._sides.get((tail, head))
        if side is None:
            side = self._old_side(tail, head)
        if side is None:
            edge = self._first_edge + len(self.made)
            low, high = (tail, head) if tail < head else (head, tail)
            self.made[low, high] = edge
            self._new_side(2 * edge, low, high)
            self._new_side(2 * edge + 1, high, low)
            side = self._sides[tail, head]
        return side

    def _new_side(self, side: int, tail: int, head: int) -> None:
        self._sides[tail, head] = side
        self._origin[side] = tail
        self._face[side] = NONE
        self._spokes.setdefault(tail, []).append(side)

    def _old_side(self, tail: int, head: int) -> int | None:
        """The half-edge between two vertices of which no freed face knows."""
        for vertex in (tail, head):
            self._near[vertex] = None
        if tail >= self._first_vertex or head >= self._first_vertex:
            return None
        side = self.mesh.side_between(tail, head)
        if side is not None:
            self._sides[tail, head] = side
            self._sides[head, tail] = side ^ 1
            self._face.setdefault(side, self.mesh.face.view[side])
            self._face.setdefault(side ^ 1, self.mesh.face.view[side ^ 1])
        return side

    def _spokes_of(self, vertex: int) -> list[int]:
        old = self.mesh.spokes(vertex) if vertex < self._first_vertex else []
        return old + self._spokes.get(vertex, [])

    def _close_fan(self, vertex: int, spokes: list[int]) -> int:
        """Link the boundary through a vertex; returns the half-edge that the vertex points at."""
        leaving = [side for side in spokes if self._face_of(side) == NONE]
        coming = [side ^ 1 for side in spokes if self._face_of(side ^ 1) == NONE]
        if len(leaving) > 1 or len(coming) > 1:
            raise BowTie(self._vertex_id(vertex))
        assert len(leaving) == len(coming), "as many boundaries come to a vertex as leave it"
        if not leaving:
            return spokes[0]
        self._next[coming[0]] = leaving[0]
        self._prev[leaving[0]] = coming[0]
        return leaving[0]

    def _check_fan(self, vertex: int) -> None:
        first = self._vertex_starts[vertex]
        if first < 0:
            return
        count, side = 1, self._next_of(first ^ 1)
        while side != first:
            count += 1
            side = self._next_of(side ^ 1)
        if count != len([side for side in self._spokes_of(vertex) if side >> 1 not in self.dead]):
            raise BowTie(self._vertex_id(vertex))

    def _face_of(self, side: int) -> int:
        face = self._face.get(side)
        return self.mesh.face.view[side] if face is None else face

    def _next_of(self, side: int) -> int:
        following = self._next.get(side)
        return self.mesh.next.view[side] if following is None else following

    def _end_ids(self, side: int) -> tuple[bytes, bytes]:
        return self._vertex_id(self._tail(side)), self._vertex_id(self._tail(side ^ 1))

    def _tail(self, side: int) -> int:
        tail = self._origin.get(side)
        return self.mesh.origin.view[side] if tail is None else tail

    def _vertex_id(self, vertex: int) -> bytes:
        if vertex < self._first_vertex:
            return self.mesh.vertices.id_of(vertex)
        return self._new_vertices[vertex - self._first_vertex]


def _refuse_taken(table: IdTable, ids: Sequence[bytes], leaving: set[bytes]) -> None:
    fresh: set[bytes] = set()
    for identifier in ids:
        if (identifier in table.slots and identifier not in leaving) or identifier in fresh:
            raise DuplicateElement(table.kind, identifier)
        fresh.add(identifier)
