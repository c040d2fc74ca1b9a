"""Faces cut into triangles, around a new vertex or without one: spec/mesh.md, MESH-36 and MESH-37."""

from collections.abc import Sequence

import numpy as np

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import SURGERY_WORK_MAX, TRIANGULATION_WORK_MAX
from theta.mesh.attributes import blended
from theta.mesh.errors import DuplicateElement, MultiEdge
from theta.mesh.halfedges import HalfEdges
from theta.mesh.local.walks import corners_of, loop_vertices
from theta.mesh.polygons import centroid, triangulate_loops, unit_normals
from theta.mesh.rebuild import check_size
from theta.mesh.redirects import Part
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh

Triangle = tuple[int, int, int]
Ends = tuple[int, int]


def poke(mesh: Mesh, face_id: bytes, name: CommandName) -> Made:
    """Put a vertex at an n-gon's centroid and a triangle on each of its edges (MESH-36): ΔV, ΔE, ΔF = 1, n, n - 1.

    Args:
        mesh: what to change.
        face_id: the face; it is retired.
        name: the command that does it; the new ids hash it.

    Returns:
        The vertex; the edges to the face's corners and the triangles on its edges, both from its lowest vertex on.

    Raises:
        UnknownElement: no such face.
        InvalidValue: the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    face = halfedges.faces.slot_of(face_id)
    sides = halfedges.face_loop(face)
    origin, id_of = halfedges.origin.view, halfedges.vertices.id_of
    loop = [origin[side] for side in sides]
    weight = 1.0 / len(loop)
    made = element_id(name, "poke.vertex", (face_id,))
    edges = tuple([element_id(name, "poke.edge", (face_id, id_of(vertex))) for vertex in loop])
    faces = tuple([element_id(name, "poke.face", (face_id, halfedges.edges.id_of(side >> 1))) for side in sides])
    surgery = Surgery(halfedges)
    surgery.remove_face(face)
    middle = surgery.vertex(made, centroid([halfedges.point(vertex) for vertex in loop]), [(v, weight) for v in loop])
    for at, vertex in enumerate(loop):
        surgery.face(faces[at], (vertex, loop[(at + 1) % len(loop)], middle), face)
        surgery.name_edge(vertex, middle, edges[at])
    surgery.redirect("face", face_id, [Part(each) for each in faces])
    surgery.apply()
    return Made((made,), edges, faces)


def triangulate_faces(mesh: Mesh, face_ids: Sequence[bytes], name: CommandName) -> Made:
    """Cut n-gons into n - 2 triangles (MESH-37): ΔV, ΔE, ΔF = 0, n - 3, n - 3 for each.

    Args:
        mesh: what to change.
        face_ids: different faces, in any order; triangles stay as they are, the others are retired.
        name: the command that does it; the new ids hash it.

    Returns:
        The edges and the triangles, face by face in ascending order of their ids.

    Raises:
        UnknownElement: no such face.
        InvalidValue: a face comes twice, or the mesh would be too large.
        MultiEdge: whichever way a face is cut, two of its vertices would share a second edge.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    if len(set(face_ids)) != len(face_ids):
        raise InvalidValue("faces", len(face_ids), "all different")
    faces = [halfedges.faces.slot_of(face_id) for face_id in sorted(face_ids)]
    loops = {face: loop for face in faces if len(loop := loop_vertices(halfedges, face)) > 3}
    _check_work(halfedges, [len(loop) for loop in loops.values()])
    plan = _Plan(halfedges, name)
    for face, triangles in zip(loops, _triangles(halfedges, list(loops.values())), strict=True):
        plan.cut(face, triangles)
    plan.check()
    with halfedges.journal.operation():
        plan.write()
    return Made(edges=tuple(plan.edges), faces=tuple([part for _, parts in plan.cuts for part in parts]))


def _check_work(halfedges: HalfEdges, counts: Sequence[int]) -> None:
    """Refuse what would take too long or get too large, before ears are looked for: that takes n² steps."""
    made = sum(int(count - 3) for count in counts)
    steps = sum(int(count * count) for count in counts)
    work = (made + len(counts)) * (2 + len(halfedges.attributes.columns))
    for amount, most in ((steps, TRIANGULATION_WORK_MAX), (work, SURGERY_WORK_MAX)):
        if amount > most:
            limit = f"a change of at most {most} (spec/mesh.md, MESH-37): take fewer at once"
            raise InvalidValue("faces", f"a change of {amount}", limit)
    living = (halfedges.vertices.living, halfedges.edges.living + made, halfedges.faces.living + made)
    check_size(*living, halfedges.attributes)


class _Plan:
    """Cuts inside of faces, worked out before anything is written: no fan, no boundary and no other face changes.

    Attributes:
        edges: ids of the diagonals.
        cuts: faces, each with the ids of its triangles.
    """

    def __init__(self, halfedges: HalfEdges, name: CommandName) -> None:
        self.edges: list[bytes] = []
        self.cuts: list[tuple[int, tuple[bytes, ...]]] = []
        self._mesh = halfedges
        self._name = name
        self._starts: list[int] = []
        self._origins: list[int] = []
        self._links: list[tuple[int, int, int, int]] = []
        self._corners: list[tuple[int, int]] = []
        self._first_side: int = halfedges.next.count
        self._first_face: int = halfedges.face_halfedge.count

    def cut(self, face: int, triangles: list[Triangle]) -> None:
        """Put triangles of its vertices in the place of a face."""
        mesh = self._mesh
        origin, face_id = mesh.origin.view, mesh.faces.id_of(face)
        old = corners_of(mesh, face)
        sides = {(tail, origin[side ^ 1]): side for tail, side in old.items()}
        for triangle in triangles:
            loop = [
                self._side(face_id, ends, sides, old)
                for ends in zip(triangle, (*triangle[1:], triangle[0]), strict=True)
            ]
            part = self._first_face + len(self._starts)
            self._starts.append(loop[0])
            self._links += [(loop[at], loop[(at + 1) % 3], loop[at - 1], part) for at in range(3)]
        ids = [element_id(self._name, "triangulate.face", (face_id,), ordinal) for ordinal in range(len(triangles))]
        self.cuts.append((face, tuple(ids)))

    def check(self) -> None:
        """Refuse ids that are taken, and what would be over a limit.

        Raises:
            DuplicateElement, InvalidValue: see `triangulate_faces`.
        """
        mesh = self._mesh
        for table, ids in ((mesh.edges, self.edges), (mesh.faces, [part for _, parts in self.cuts for part in parts])):
            for identifier in ids:
                if identifier in table.slots:
                    raise DuplicateElement(table.kind, identifier)
        faces = mesh.faces.living + len(self._starts) - len(self.cuts)
        check_size(mesh.vertices.living, mesh.edges.living + len(self.edges), faces, mesh.attributes)
        mesh.redirects.check_room(len(self.cuts))

    def write(self) -> None:
        """Put everything into the mesh."""
        mesh = self._mesh
        write = mesh.journal.write
        mesh.edges.extend(self.edges)
        mesh.faces.extend([part for _, parts in self.cuts for part in parts])
        mesh.origin.extend(self._origins)
        for column in (mesh.next, mesh.prev, mesh.face):
            column.grow(len(self._origins))
        mesh.face_halfedge.extend(self._starts)
        for side, following, before, part in self._links:
            write(mesh.next, side, following)
            write(mesh.prev, side, before)
            write(mesh.face, side, part)
        if mesh.attributes:
            self._write_attributes()
        for face, parts in self.cuts:
            mesh.redirects.add_parts("face", mesh.faces.id_of(face), parts)
            mesh.retire_face(face)

    def _side(self, face_id: bytes, ends: Ends, sides: dict[Ends, int], old: dict[int, int]) -> int:
        """The half-edge between two vertices of the face, making a diagonal if there is none."""
        side = sides.get(ends)
        if side is None:
            tail, head = ends
            id_of = self._mesh.vertices.id_of
            side = self._first_side + len(self._origins)
            sides[tail, head], sides[head, tail] = side, side + 1
            self._origins += ends
            self._corners += ((side, old[tail]), (side + 1, old[head]))
            named = sorted((id_of(tail), id_of(head)))
            self.edges.append(element_id(self._name, "triangulate.edge", (face_id, *named)))
        return side

    def _write_attributes(self) -> None:
        """Triangles are as their face was; their corners as its corners at the same vertices."""
        mesh = self._mesh
        mesh.fit_attributes()
        places = [face for face, parts in self.cuts for _ in parts]
        for _, column in mesh.attributes.of("face"):
            for part, face in enumerate(places, start=self._first_face):
                mesh.write_row(column, part, blended(column, ((face, 1.0),)))
        for _, column in mesh.attributes.of("corner"):
            for side, source in self._corners:
                mesh.write_row(column, side, blended(column, ((source, 1.0),)))


def _triangles(halfedges: HalfEdges, loops: Sequence[Sequence[int]]) -> list[list[Triangle]]:
    """Each loop's triangles of vertices as MESH-15 has them, but where that would make a second edge."""
    if not loops:
        return []
    positions = halfedges.positions.array()
    counts = np.array([len(loop) for loop in loops], np.int64)
    corners = np.array([vertex for loop in loops for vertex in loop], np.int64)
    triangles = triangulate_loops(positions, counts, corners, unit_normals(positions, counts, corners)).tolist()
    taken: set[Ends] = set()
    chosen: list[list[Triangle]] = []
    at = 0
    for loop in loops:
        some = [(a, b, c) for a, b, c in triangles[at : at + len(loop) - 2]]
        at += len(loop) - 2
        if not _free(halfedges, loop, some, taken):
            fans = (_fan(loop, corner) for corner in range(len(loop)))
            free = next((fan for fan in fans if _free(halfedges, loop, fan, taken)), None)
            if free is None:
                raise MultiEdge((halfedges.vertices.id_of(loop[0]), halfedges.vertices.id_of(loop[2])))
            some = free
        taken.update(_diagonals(loop, some))
        chosen.append(some)
    return chosen


def _fan(loop: Sequence[int], corner: int) -> list[Triangle]:
    turned = [*loop[corner:], *loop[:corner]]
    return [(turned[0], turned[at], turned[at + 1]) for at in range(1, len(turned) - 1)]


def _free(halfedges: HalfEdges, loop: Sequence[int], triangles: list[Triangle], taken: set[Ends]) -> bool:
    """Whether no diagonal is an edge already, or is going to be one."""
    return all(ends not in taken and halfedges.side_between(*ends) is None for ends in _diagonals(loop, triangles))


def _diagonals(loop: Sequence[int], triangles: list[Triangle]) -> list[Ends]:
    """The sides of a loop's triangles that are no sides of the loop, each once, the lower slot first."""
    sides = {_ends(loop[at - 1], vertex) for at, vertex in enumerate(loop)}
    found = {_ends(tail, head): None for a, b, c in triangles for tail, head in ((a, b), (b, c), (c, a))}
    return [ends for ends in found if ends not in sides]


def _ends(one: int, other: int) -> Ends:
    return (one, other) if one < other else (other, one)
