"""The elements that a command reads or writes, out of what it declares: for conflicts, and to check declarations."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from theta.editor.mesh_operations.base import MeshOperation
from theta.editor.touches import Aspect, Reach, Touch
from theta.mesh import Mesh
from theta.mesh.halfedges import NONE


@dataclass(frozen=True)
class Scope:
    """Elements by id."""

    vertices: set[bytes] = field(default_factory=set)
    edges: set[bytes] = field(default_factory=set)
    faces: set[bytes] = field(default_factory=set)

    def of(self, kind: str) -> set[bytes]:
        """The elements of one kind."""
        return {"vertex": self.vertices, "edge": self.edges, "face": self.faces}[kind]

    def add(self, other: "Scope") -> None:
        """Take in what another has."""
        self.vertices.update(other.vertices)
        self.edges.update(other.edges)
        self.faces.update(other.faces)


def reads(operation: MeshOperation, mesh: Mesh) -> dict[Aspect, Scope]:
    """What an operation reads of a mesh as it is before it, aspect by aspect."""
    return _touched(operation, operation.READS, mesh)


def writes(operation: MeshOperation, mesh: Mesh) -> dict[Aspect, Scope]:
    """What an operation writes of a mesh as it is before it, aspect by aspect; what it makes is not there yet."""
    return _touched(operation, operation.WRITES, mesh)


def _touched(operation: MeshOperation, touches: Iterable[Touch], mesh: Mesh) -> dict[Aspect, Scope]:
    found: dict[Aspect, Scope] = {}
    known: dict[tuple[str, Reach], Scope] = {}
    for touch in touches:
        key = (touch.field, touch.reach)
        if key not in known:
            known[key] = _reached(operation, touch, mesh)
        found.setdefault(touch.aspect, Scope()).add(known[key])
    return found


def _reached(operation: MeshOperation, touch: Touch, mesh: Mesh) -> Scope:
    if touch.reach is Reach.MESH:
        return Scope(set(mesh.vertex_ids()), set(mesh.edge_ids()), set(mesh.face_ids()))
    start = Scope()
    start.of(operation.kind_of(touch.field)).update(operation.named(mesh, touch.field))
    if touch.reach is Reach.SELF:
        return start
    star = star_of(mesh, start)
    if touch.reach is Reach.RING:
        return star
    while len((wider := star_of(mesh, star)).vertices) > len(star.vertices):
        star = wider
    return wider


def star_of(mesh: Mesh, scope: Scope) -> Scope:
    """The scope's vertices, all edges and faces at these, and all vertices and edges of those."""
    halfedges = mesh.halfedges
    following, of_face, origin = halfedges.next.view, halfedges.face.view, halfedges.origin.view
    corners = {halfedges.vertices.slot_of(each) for each in scope.vertices}
    for edge in scope.edges:
        slot = halfedges.edges.slot_of(edge)
        corners.update((origin[2 * slot], origin[2 * slot + 1]))
    for face in scope.faces:
        corners.update([origin[side] for side in halfedges.loop_from(_first_side(mesh, face))])
    vertices, edges, sides = set(corners), set(), {}
    for vertex in corners:
        side = first = halfedges.vertex_halfedge.view[vertex]
        while side != NONE:
            edges.add(side >> 1)
            vertices.add(origin[side ^ 1])
            sides[of_face[side]] = side
            side = following[side ^ 1]
            if side == first:
                break
    sides.pop(NONE, None)
    for first in sides.values():
        side = following[first]
        while side != first:
            vertices.add(origin[side])
            edges.add(side >> 1)
            side = following[side]
    return Scope(
        halfedges.vertices.ids_of(vertices),
        halfedges.edges.ids_of(edges),
        halfedges.faces.ids_of(sides),
    )


def _first_side(mesh: Mesh, face: bytes) -> int:
    halfedges = mesh.halfedges
    return halfedges.face_halfedge.view[halfedges.faces.slot_of(face)]
