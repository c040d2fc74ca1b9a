"""A face in the place of an edge: spec/mesh.md, MESH-54."""

from dataclasses import dataclass
from math import sqrt

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.local.arguments import finite
from theta.mesh.local.cut_edges import BACKWARDS, WHOLE, cut_edge, keep_edge
from theta.mesh.local.walks import loop_vertices, point_between
from theta.mesh.redirects import Part
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


@dataclass(frozen=True, slots=True)
class _Corner:
    """A corner of the new face.

    Attributes:
        vertex, id: the vertex, by slot and by id: a new one, or the edge's end when it has no more than two edges.
        side: the half-edge from the edge's end along the edge that the new vertex is on.
        at: where on that it is.
        blend: what a new vertex's attributes in the corner come from: half-edges of the face beside, with weights.
    """

    vertex: int
    id: bytes
    side: int
    at: float
    blend: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class _End:
    """An end of the edge: its vertex, how many edges meet there, and the corners left and right, seen from there."""

    vertex: int
    valence: int
    left: _Corner
    right: _Corner


def bevel_edge(mesh: Mesh, edge_id: bytes, width: float, name: CommandName) -> Made:
    """Put a face in the place of an edge: ΔV, ΔE, ΔF = 0, 1, 1 and what the valence of each end adds.

    An end where two edges meet stays, as a corner of the new face: 0, 0, 0. One where three meet is retired for two
    vertices, on the two other edges, which become shorter: 1, 1, 0. One where more meet stays, with a triangle between
    it and the new face: 2, 3, 1.

    Args:
        mesh: what to change.
        edge_id: an edge with two faces.
        width: metres, more than 0, from the edge to the new face's long sides.
        name: the command that does it.

    Returns:
        The new vertices; the new face's sides, then what edges beside it were replaced by; the new face and the
        triangles. From the end with the lower vertex id, of each end the left first, seen from there.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: the edge has one face, only two edges meet at both ends, or an edge beside it lies in its line.
        InvalidValue: the width is out of its limits or more than an edge beside it leaves, or the mesh would be too
            large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    if not finite("width", width) > 0.0:
        raise InvalidValue("width", width, "more than 0")
    origin, face = halfedges.origin.view, halfedges.face.view
    if NONE in (face[2 * edge], face[2 * edge + 1]):
        raise NotApplicable("edge", edge_id, "between two faces")
    id_of = halfedges.vertices.id_of
    side = 2 * edge if id_of(origin[2 * edge]) < id_of(origin[2 * edge + 1]) else 2 * edge + 1
    bevel = _Bevel(halfedges, side, float(width), name)
    ends = bevel.end(side), bevel.end(side ^ 1)
    if ends[0].valence == ends[1].valence == 2:
        raise NotApplicable("edge", edge_id, "with an end where three or more edges meet")
    new_face = bevel.put_face(*ends)
    for end in ends:
        if end.valence > 2:
            bevel.change_faces(end)
        if end.valence == 3:
            bevel.retire(end)
        elif end.valence > 3:
            bevel.put_triangle(end)
    for each, loop in bevel.loops.items():
        bevel.surgery.reshape(each, loop)
    bevel.surgery.apply()
    return Made(tuple(bevel.vertices), tuple(bevel.sides + bevel.beside), (new_face, *bevel.triangles))


class _Bevel:
    """One bevel being worked out; what it makes is collected in the order of the rule."""

    def __init__(self, halfedges: HalfEdges, side: int, width: float, name: CommandName) -> None:
        self.surgery = Surgery(halfedges)
        self.loops: dict[int, list[int]] = {}
        self.vertices: list[bytes] = []
        self.sides: list[bytes] = []
        self.beside: list[bytes] = []
        self.triangles: list[bytes] = []
        self._mesh = halfedges
        self._side = side
        self._edge = halfedges.edges.id_of(side >> 1)
        self._width = width
        self._name = name

    def end(self, side: int) -> _End:
        """The end that a half-edge of the edge begins at, with its new vertices."""
        mesh = self._mesh
        vertex = mesh.origin.view[side]
        valence = len(mesh.spokes(vertex))
        before, after = mesh.prev.view[side], mesh.next.view[side ^ 1]
        if valence == 2:
            identifier = mesh.vertices.id_of(vertex)
            stays = _Corner(vertex, identifier, after, 0.0, ())
            return _End(vertex, valence, stays, stays)
        left = self._corner(before ^ 1, side, before)
        right = self._corner(after, after, mesh.next.view[after])
        return _End(vertex, valence, left, right)

    def put_face(self, start: _End, end: _End) -> bytes:
        """The face in the edge's place, and what the edge redirects to."""
        surgery, mesh = self.surgery, self._mesh
        corners = {corner.vertex: corner for corner in (start.left, start.right, end.left, end.right)}
        faces = [mesh.face.view[self._side], mesh.face.view[self._side ^ 1]]
        left, right = (self._id("edge", mesh.faces.id_of(face)) for face in faces)
        identifier = self._id("face")
        slot = surgery.face(identifier, list(corners), like=faces[0])
        for corner in corners.values():
            if corner.blend:
                surgery.corner(slot, corner.vertex, corner.blend)
        surgery.name_edge(start.right.vertex, end.left.vertex, right, self._side >> 1)
        surgery.name_edge(end.right.vertex, start.left.vertex, left, self._side >> 1)
        for one, long_side in ((start, right), (end, left)):
            if one.valence > 2:
                self.sides.append(self._id("end-edge", mesh.vertices.id_of(one.vertex)))
                surgery.name_edge(one.left.vertex, one.right.vertex, self.sides[-1])
            self.sides.append(long_side)
        surgery.redirect(
            "edge",
            self._edge,
            (
                Part(left, onto=WHOLE if start.left.id < end.right.id else BACKWARDS),
                Part(right, onto=WHOLE if start.right.id < end.left.id else BACKWARDS),
            ),
        )
        return identifier

    def change_faces(self, end: _End) -> None:
        """Give the faces around an end the new vertices for corners."""
        mesh = self._mesh
        left, right, vertex = end.left.vertex, end.right.vertex, end.vertex
        for corner, side in ((end.left, end.left.side ^ 1), (end.right, end.right.side)):
            self._put(mesh.face.view[side], vertex, [corner.vertex])
        if end.valence == 3:
            self._put(mesh.face.view[end.left.side], vertex, [right, left])
        else:
            self._put(mesh.face.view[end.left.side], vertex, [vertex, left])
            self._put(mesh.face.view[end.right.side ^ 1], vertex, [right, vertex])

    def retire(self, end: _End) -> None:
        """An end where three edges met is two vertices now; its other edges begin at these."""
        surgery, mesh = self.surgery, self._mesh
        surgery.retire_vertex(end.vertex)
        surgery.redirect("vertex", mesh.vertices.id_of(end.vertex), (Part(end.left.id), Part(end.right.id)))
        for corner in (end.left, end.right):
            far = mesh.origin.view[corner.side ^ 1]
            ends = (corner.vertex, corner.id), (far, mesh.vertices.id_of(far))
            turned = keep_edge(surgery, mesh, corner.side, ends, (self._name, "bevel.beside"))
            self.beside += [] if turned is None else [turned]

    def put_triangle(self, end: _End) -> None:
        """An end where more edges meet keeps those that are not beside the edge, and gets a triangle."""
        surgery, mesh = self.surgery, self._mesh
        self.triangles.append(self._id("end-face", mesh.vertices.id_of(end.vertex)))
        loop = (end.right.vertex, end.left.vertex, end.vertex)
        slot = surgery.face(self.triangles[-1], loop, like=mesh.face.view[self._side])
        for corner in (end.left, end.right):
            surgery.corner(slot, corner.vertex, corner.blend)
            cut = (corner.vertex, corner.id)
            self.beside += cut_edge(surgery, mesh, corner.side, corner.at, cut, (self._name, "bevel.part"))

    def _corner(self, side: int, near: int, far: int) -> _Corner:
        """A new vertex on the edge that `side` runs along, where the edge's offset by the width meets it."""
        mesh = self._mesh
        tail, head = mesh.origin.view[side], mesh.origin.view[side ^ 1]
        beside = mesh.edges.id_of(side >> 1)
        identifier = self._id("vertex", beside)
        at = self._width / self._room(tail, head, beside)
        if not at < 1.0:
            raise InvalidValue("width", self._width, f"less than {self._room(tail, head, beside)} metres")
        blend = ((tail, 1.0 - at), (head, at))
        vertex = self.surgery.vertex(identifier, point_between(mesh, tail, head, at), blend)
        self.vertices.append(identifier)
        return _Corner(vertex, identifier, side, at, ((near, 1.0 - at), (far, at)))

    def _room(self, tail: int, head: int, beside: bytes) -> float:
        """How far the other end of an edge beside is from the bevelled edge's line: |e × l| / |e|, metres."""
        mesh = self._mesh
        (ax, ay, az), (bx, by, bz) = (mesh.point(mesh.origin.view[each]) for each in (self._side, self._side ^ 1))
        (cx, cy, cz), (dx, dy, dz) = mesh.point(tail), mesh.point(head)
        ex, ey, ez, lx, ly, lz = bx - ax, by - ay, bz - az, dx - cx, dy - cy, dz - cz
        x, y, z = ey * lz - ez * ly, ez * lx - ex * lz, ex * ly - ey * lx
        across, length = sqrt(x * x + y * y + z * z), sqrt(ex * ex + ey * ey + ez * ez)
        if not (across > 0.0 and across / length > 0.0):
            raise NotApplicable("edge beside", beside, "at an angle to the edge that is bevelled")
        return across / length

    def _put(self, face: int, vertex: int, instead: list[int]) -> None:
        if face != NONE:
            loop = self.loops.setdefault(face, loop_vertices(self._mesh, face))
            at = loop.index(vertex)
            loop[at : at + 1] = instead

    def _id(self, role: str, *parents: bytes) -> bytes:
        return element_id(self._name, "bevel." + role, (self._edge, *parents))
