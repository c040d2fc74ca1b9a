"""Deleting vertices, edges and faces: spec/mesh.md, MESH-40."""

from collections.abc import Sequence

from theta.base.identifiers import CommandName, element_id
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.local.cut_edges import keep_edge
from theta.mesh.local.walks import faces_around, loop_vertices
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh

Corner = tuple[int, int]


def delete_elements(
    mesh: Mesh, vertex_ids: Sequence[bytes], edge_ids: Sequence[bytes], face_ids: Sequence[bytes], name: CommandName
) -> Made:
    """Delete elements and all faces at them (MESH-40).

    Edges without a face go, so do vertices that lose their last face. Where several fans of faces would be left at one
    vertex, each but one gets a vertex of its own.

    Args:
        mesh: what to change.
        vertex_ids: vertices to delete.
        edge_ids: edges to delete.
        face_ids: faces to delete.
        name: the command that does it; new ids hash it.

    Returns:
        The vertices made for further fans, and the edges that had to be named anew at them.

    Raises:
        UnknownElement: no such element.
        InvalidValue: the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    vertices = [halfedges.vertices.slot_of(vertex_id) for vertex_id in vertex_ids]
    gone = {halfedges.faces.slot_of(face_id): None for face_id in face_ids}
    for edge in [halfedges.edges.slot_of(edge_id) for edge_id in edge_ids]:
        beside = (halfedges.face.view[2 * edge], halfedges.face.view[2 * edge + 1])
        gone.update(dict.fromkeys(face for face in beside if face != NONE))
    for vertex in vertices:
        gone.update(dict.fromkeys(faces_around(halfedges, vertex)))
    surgery = Surgery(halfedges)
    for face in gone:
        surgery.remove_face(face)
    near = dict.fromkeys(vertex for face in gone for vertex in loop_vertices(halfedges, face))
    lone: dict[int, None] = dict.fromkeys(vertices)
    moved: dict[Corner, int] = {}
    made: list[bytes] = []
    for vertex in sorted(near, key=halfedges.vertices.id_of):
        fans = _fans(halfedges, vertex, gone)
        if not fans:
            lone[vertex] = None
        for fan in fans[1:]:
            vertex_id = halfedges.vertices.id_of(vertex)
            made.append(element_id(name, "delete.vertex", (vertex_id, halfedges.faces.id_of(fan[0]))))
            new = surgery.vertex(made[-1], halfedges.point(vertex), ((vertex, 1.0),))
            moved.update({(face, vertex): new for face in fan})
    for vertex in lone:
        surgery.retire_vertex(vertex)
    first = halfedges.vertex_halfedge.count
    edges = _move_faces(halfedges, surgery, moved, (made, first), name)
    surgery.apply()
    return Made(vertices=tuple(made), edges=tuple(edges))


def _fans(halfedges: HalfEdges, vertex: int, gone: dict[int, None]) -> list[list[int]]:
    """The runs of faces left around a vertex at which one goes, each and all from their lowest id."""
    face = halfedges.face.view
    around = [face[side] for side in halfedges.spokes(vertex)]
    start = next(at for at, each in enumerate(around) if each in gone)
    fans: list[list[int]] = [[]]
    for each in [*around[start:], *around[:start]]:
        if each == NONE or each in gone:
            fans.append([])
        else:
            fans[-1].append(each)
    id_of = halfedges.faces.id_of
    return sorted((sorted(fan, key=id_of) for fan in fans if fan), key=lambda fan: id_of(fan[0]))


def _move_faces(
    halfedges: HalfEdges,
    surgery: Surgery,
    moved: dict[Corner, int],
    made: tuple[list[bytes], int],
    name: CommandName,
) -> list[bytes]:
    """Let faces come to their fans' own vertices; returns the ids of edges that are named anew."""
    new_ids, first = made

    def id_of(vertex: int) -> bytes:
        return new_ids[vertex - first] if vertex >= first else halfedges.vertices.id_of(vertex)

    edges: dict[int, bytes | None] = {}
    for face in sorted({face for face, _ in moved}, key=halfedges.faces.id_of):
        sides = halfedges.face_loop(face)
        old = [halfedges.origin.view[side] for side in sides]
        loop = [moved.get((face, vertex), vertex) for vertex in old]
        surgery.reshape(face, loop)
        for at, side in enumerate(sides):
            surgery.corner(face, loop[at], ((side, 1.0),))
            before, after = (old[at - 1], old[at]), (loop[at - 1], loop[at])
            if before == after:
                continue
            if sides[at - 1] >> 1 in edges:
                continue
            ends = (after[0], id_of(after[0])), (after[1], id_of(after[1]))
            edges[sides[at - 1] >> 1] = keep_edge(surgery, halfedges, sides[at - 1], ends, (name, "delete.edge"))
    return [renamed for renamed in edges.values() if renamed is not None]
