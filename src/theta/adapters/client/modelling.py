"""The verbs that change an object's mesh, one for each operation of `theta.editor.mesh_operations`.

Every verb returns once the command is on the room's disk and folded here, and tells what it made: ids that are the
same for everyone. It raises CommandRefused when the room does not admit it, NoEffect when it came to nothing (an
element that is no more, a shape that would not be one), and InvalidValue before anything is sent.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import Element, id_of, ids_of, number, vector
from theta.base.errors import InvalidValue
from theta.base.limits import COMMAND_ELEMENTS_MAX, MOVED_VERTICES_MAX
from theta.editor import mesh_operations as commands
from theta.editor.mesh_operations import MeshOperation
from theta.mesh import Mesh
from theta.mesh.attributes import DTYPES, check_type
from theta.mesh.results import Ids, Made

COMMAND_VALUES_BYTES_MAX = 60_000
"""What the elements and values of one command may take, so that it fits into a packet."""


class Modelling:
    """What an Entity can do with its mesh. Faces, edges and vertices are given as handles or ids."""

    id: bytes
    _room: RoomView

    @property
    def mesh(self) -> Mesh:
        """Its mesh as it is now."""
        raise NotImplementedError

    # -- vertices ------------------------------------------------------------------------------------------------

    async def create_vertex(self, point: Sequence[float]) -> Made:
        """Make a vertex by itself at `point`, metres in the mesh's space."""
        return await self._make(commands.CreateVertex(self.id, vector(point, "point")))

    async def move_vertices(self, vertices: Sequence[Element], targets: ArrayLike) -> None:
        """Move vertices to `targets`: (n, 3) metres, in the mesh's space."""
        ids = [id_of(vertex) for vertex in vertices]
        goal = np.asarray(targets, dtype="<f8")
        if goal.shape != (len(ids), 3):
            raise InvalidValue("targets", goal.shape, f"of shape ({len(ids)}, 3)")
        start = np.array([self._position(vertex, at) for vertex, at in zip(ids, goal.tolist(), strict=True)], "<f8")
        await self._make_all(
            commands.MoveVerticesV2(self.id, b"".join(ids[part]), goal[part].tobytes(), (goal - start)[part].tobytes())
            for part in _slices(len(ids), MOVED_VERTICES_MAX)
        )

    async def dissolve_vertex(self, vertex: Element) -> Made:
        """Take a vertex of two edges out and make one edge of the two."""
        return await self._make(commands.DissolveVertex(self.id, id_of(vertex)))

    async def weld(self, vertices: Iterable[Element], point: Sequence[float] | None = None) -> None:
        """Make one vertex of several, at `point`, or where the one with the lowest id is, which stays."""
        ids = ids_of(vertices)
        where = self.mesh.position(min(ids)) if point is None else vector(point, "point")
        await self._make(commands.Weld(self.id, b"".join(ids), where))

    async def weld_by_distance(self, distance: float, vertices: Iterable[Element] = ()) -> None:
        """Weld vertices within `distance` metres of each other; of the whole mesh when none are given."""
        ids = b"".join(dict.fromkeys(map(id_of, vertices)))
        await self._make(commands.WeldByDistance(self.id, ids, number(distance, "distance")))

    # -- edges ---------------------------------------------------------------------------------------------------

    async def split_edge(self, edge: Element, t: float = 0.5) -> Made:
        """Put a vertex on an edge, at `t` of its length from the end with the lower id."""
        return await self._make(commands.SplitEdge(self.id, id_of(edge), number(t, "t")))

    async def dissolve_edge(self, edge: Element) -> Made:
        """Take an edge out and make one face of the two beside it."""
        return await self._make(commands.DissolveEdge(self.id, id_of(edge)))

    async def flip_edge(self, edge: Element) -> Made:
        """Turn the edge between two triangles to their other two corners."""
        return await self._make(commands.FlipEdge(self.id, id_of(edge)))

    async def collapse_edge(self, edge: Element, t: float = 0.5) -> Made:
        """Make one vertex of an edge's ends, at `t` of its length from the end with the lower id; triangles only."""
        return await self._make(commands.CollapseEdge(self.id, id_of(edge), number(t, "t")))

    async def bevel_edge(self, edge: Element, width: float) -> Made:
        """Cut an edge off, `width` metres wide."""
        return await self._make(commands.BevelEdge(self.id, id_of(edge), number(width, "width")))

    async def loop_cut(self, edge: Element, t: float = 0.5) -> Made:
        """Cut the ring or strip of quads across an edge, at `t` of its length from the end with the lower id."""
        return await self._make(commands.LoopCut(self.id, id_of(edge), number(t, "t")))

    async def extrude_edges(self, edges: Iterable[Element], offset: Sequence[float]) -> Made:
        """Pull a chain or a whole loop of boundary edges by `offset` metres, in the mesh's space."""
        return await self._make(commands.ExtrudeEdges(self.id, b"".join(ids_of(edges)), vector(offset, "offset")))

    async def bridge(self, edge: Element, other: Element, shift: int = 0) -> Made:
        """Join the boundary loops of two edges by faces; `shift` turns the second by so many edges."""
        return await self._make(commands.Bridge(self.id, id_of(edge), id_of(other), shift))

    async def fill_hole(self, edge: Element) -> Made:
        """Close the boundary loop that an edge lies on with one face."""
        return await self._make(commands.FillHole(self.id, id_of(edge)))

    async def set_crease(self, edges: Iterable[Element], sharpness: float) -> None:
        """Say how sharp edges stay when the mesh is subdivided: 0 is smooth, CREASE_MAX (10) as sharp as can be."""
        ids, value = ids_of(edges), number(sharpness, "sharpness")
        await self._make_all(
            commands.SetCrease(self.id, b"".join(ids[part]), value) for part in _slices(len(ids), COMMAND_ELEMENTS_MAX)
        )

    # -- faces ---------------------------------------------------------------------------------------------------

    async def add_face(self, vertices: Iterable[Element]) -> Made:
        """Make a face of vertices, anticlockwise seen from outside."""
        return await self._make(commands.AddFace(self.id, b"".join(ids_of(vertices))))

    async def split_face(self, face: Element, start: Element, end: Element) -> Made:
        """Split a face by an edge between two of its corners."""
        return await self._make(commands.SplitFace(self.id, id_of(face), id_of(start), id_of(end)))

    async def poke(self, face: Element) -> Made:
        """Put a vertex into the middle of a face, with an edge to each corner."""
        return await self._make(commands.Poke(self.id, id_of(face)))

    async def triangulate_faces(self, faces: Iterable[Element]) -> Made:
        """Cut faces into triangles."""
        return await self._make(commands.TriangulateFaces(self.id, b"".join(ids_of(faces))))

    async def inset_face(self, face: Element, distance: float, depth: float = 0.0) -> Made:
        """Make a smaller face inside a face, `distance` metres from its edges, `depth` metres along its normal."""
        values = number(distance, "distance"), number(depth, "depth")
        return await self._make(commands.InsetFace(self.id, id_of(face), *values))

    async def extrude_region(self, faces: Iterable[Element], offset: Sequence[float]) -> Made:
        """Pull faces together by `offset` metres, in the mesh's space; new faces stand along their border."""
        return await self._make(commands.ExtrudeRegion(self.id, b"".join(ids_of(faces)), vector(offset, "offset")))

    async def flip_normals(self, faces: Iterable[Element]) -> Made:
        """Turn the whole connected parts of these faces inside out."""
        return await self._make(commands.FlipNormals(self.id, b"".join(ids_of(faces))))

    async def paint_faces(self, faces: Iterable[Element], colour: Sequence[float]) -> None:
        """Give faces a colour of their own: sRGB red, green, blue, each in [0, 1]."""
        ids, value = ids_of(faces), vector(colour, "colour")
        await self._make_all(
            commands.PaintFaces(self.id, b"".join(ids[part]), value) for part in _slices(len(ids), COMMAND_ELEMENTS_MAX)
        )

    # -- all kinds, and the whole mesh ---------------------------------------------------------------------------

    async def delete_elements(
        self, *, vertices: Iterable[Element] = (), edges: Iterable[Element] = (), faces: Iterable[Element] = ()
    ) -> None:
        """Take elements out of the mesh, with the faces that need them."""
        kinds = {"vertex": vertices, "edge": edges, "face": faces}
        named = [(kind, each) for kind, ids in kinds.items() for each in dict.fromkeys(map(id_of, ids))]
        ids_of([each for _, each in named])
        async with self._room.as_one_step():
            for part in _slices(len(named), COMMAND_ELEMENTS_MAX):
                # What one command takes out may take others with it that the next would name.
                left = [each for each in named[part] if part.start == 0 or self.mesh.resolve(*each)]
                if left:
                    ids_by_kind = (b"".join(each for one, each in left if one == kind) for kind in kinds)
                    await self._room.perform(commands.DeleteElements(self.id, *ids_by_kind))

    async def set_attribute(
        self, domain: str, name: str, elements: Sequence[Element], values: ArrayLike, kind: str = "f8"
    ) -> None:
        """Write a named attribute of elements; see docs/guide/modelling.md for the names that Theta itself knows.

        Args:
            domain: "vertex", "edge", "face" or "corner"; a corner is given as its face and, right after it, its vertex.
            name: a-z, 0-9, _ and -.
            elements: n handles or ids, or 2 n of them for corners.
            values: (n, width) numbers, or (n,).
            kind: "f8", "i4" or "u1".
        """
        rows = np.asarray(values, DTYPES[check_type(kind, 1).type].newbyteorder("<"))
        rows = rows.reshape(-1, 1) if rows.ndim == 1 else rows
        each = 2 if domain == "corner" else 1
        ids = [id_of(element) for element in elements]
        if rows.ndim != 2 or len(rows) * each != len(ids):
            raise InvalidValue("values", rows.shape, f"({len(ids) // each}, width), one row for each element")
        size = min(COMMAND_ELEMENTS_MAX // each, COMMAND_VALUES_BYTES_MAX // (16 * each + rows[:1].nbytes))
        await self._make_all(
            commands.SetAttribute(
                self.id,
                domain,  # type: ignore[arg-type]
                name,
                kind,  # type: ignore[arg-type]
                rows.shape[1],
                b"".join(ids[each * part.start : each * part.stop]),
                rows[part].tobytes(),
            )
            for part in _slices(len(rows), size)
        )

    async def subdivide(self, scheme: str = "catmull-clark") -> Made:
        """Make every face finer: "catmull-clark" or "linear" by quads, "loop" triangles by triangles."""
        return await self._make(commands.Subdivide(self.id, scheme))  # type: ignore[arg-type]

    async def mirror(self, axis: str = "x", offset: float = 0.0, weld_distance: float = 1e-4) -> Made:
        """Add the mirror image at the plane `axis` = `offset` metres; what is near the plane is shared."""
        values = number(offset, "offset"), number(weld_distance, "weld_distance")
        return await self._make(commands.Mirror(self.id, axis, *values))  # type: ignore[arg-type]

    async def compact_mesh(self) -> None:
        """Take out the places of elements that are no more, in every peer's memory; nothing else changes."""
        await self._make(commands.CompactMesh(self.id))

    def _position(self, vertex: bytes, otherwise: list[float]) -> Sequence[float]:
        """Where a vertex, or what it was welded to, is now."""
        found = self.mesh.resolve("vertex", vertex)
        return self.mesh.position(found[0]) if found else otherwise

    async def _make(self, operation: MeshOperation) -> Made:
        name = await self._room.perform(operation)
        made = self._room.made_by_command(self.id, name)
        return Made(_tuple(made.vertices), _tuple(made.edges), _tuple(made.faces))

    async def _make_all(self, operations: Iterable[MeshOperation]) -> None:
        """Several commands as one step for undo, each small enough for a packet of its own."""
        every = list(operations)
        for operation in every:
            operation.check()
        async with self._room.as_one_step():
            for operation in every:
                await self._room.perform(operation)


def _slices(count: int, size: int) -> Iterator[slice]:
    return (slice(at, min(at + size, count)) for at in range(0, count, size))


def _tuple(ids: Ids) -> tuple[bytes, ...]:
    return tuple([bytes(each) for each in ids])
