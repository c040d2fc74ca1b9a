"""The elementary local operations (MESH-30 … MESH-42), as steps of programs."""

from collections import Counter

from tests.property.mesh_programs.drawing import Draw, Operation
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, move_vertices
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.local import (
    add_face,
    collapse_edge,
    create_vertex,
    delete_elements,
    dissolve_edge,
    dissolve_vertex,
    fill_hole,
    flip_edge,
    flip_normals,
    poke,
    split_edge,
    split_face,
    triangulate_faces,
)
from theta.mesh.results import Made


def moving(mesh: Mesh, draw: Draw, name: CommandName) -> None:
    move_vertices(mesh, [draw.vertex()], [draw.point()])


def painting(mesh: Mesh, draw: Draw, name: CommandName) -> None:
    face = draw.face()
    set_attribute(mesh, "face", "colour", [face], [draw.point(1.0)])
    corner = draw.one_of(mesh.face_vertices(face))
    set_attribute(mesh, "corner", "uv", [(face, corner)], [(draw.between(0.0, 1.0), 0.5)])


def creasing(mesh: Mesh, draw: Draw, name: CommandName) -> None:
    set_attribute(mesh, "edge", "crease", [draw.edge()], [(draw.between(0.0, 10.0),)])
    set_attribute(mesh, "vertex", "group", [draw.vertex()], [(draw.whole(9),)], "i4")


def creating(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return create_vertex(mesh, draw.point(), name)


def adding(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """On two neighbouring boundary edges, or of any vertices."""
    if draw.whole(4) == 0:
        return add_face(mesh, draw.some_of(mesh.vertex_ids(), 5), name)
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(draw.boundary_edge())
    side = 2 * edge if halfedges.face.view[2 * edge] == -1 else 2 * edge + 1
    sides = [side, halfedges.next.view[side], halfedges.next.view[halfedges.next.view[side]]]
    return add_face(mesh, [halfedges.vertices.id_of(halfedges.origin.view[each]) for each in sides], name)


def splitting_edges(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return split_edge(mesh, draw.edge(), draw.between(0.0, 1.0), name)


def dissolving_vertices(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """One with two edges, or any."""
    if draw.whole(4) == 0:
        return dissolve_vertex(mesh, draw.vertex(), name)
    ends = Counter(end for edge in mesh.edge_ids() for end in mesh.edge_vertices(edge))
    return dissolve_vertex(mesh, draw.one_of(sorted(end for end, edges in ends.items() if edges == 2)), name)


def splitting_faces(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """From corner to corner of a face with more than three, or anyhow."""
    faces = mesh.face_ids()
    face = draw.one_of([each for each in faces if len(mesh.face_vertices(each)) > 3] if draw.whole(4) else faces)
    loop = mesh.face_vertices(face)
    at = draw.whole(len(loop))
    return split_face(mesh, face, loop[at], loop[(at + 2 + draw.whole(len(loop) - 2)) % len(loop)], name)


def dissolving_edges(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return dissolve_edge(mesh, draw.edge(), name)


def poking(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return poke(mesh, draw.face(), name)


def triangulating(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return triangulate_faces(mesh, draw.some_of(mesh.face_ids(), 3), name)


def flipping(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return flip_edge(mesh, draw.one_of(_edges_of_triangles(mesh)) if draw.whole(4) else draw.edge(), name)


def collapsing(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    edge = draw.one_of(_edges_of_triangles(mesh)) if draw.whole(4) else draw.edge()
    return collapse_edge(mesh, edge, draw.between(0.0, 1.0), name)


def deleting(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    kind = draw.whole(4)
    if kind == 0:
        return delete_elements(mesh, [draw.vertex()], [], [], name)
    if kind == 1:
        return delete_elements(mesh, [], [draw.edge()], [], name)
    return delete_elements(mesh, [], [], draw.some_of(mesh.face_ids(), 3), name)


def filling(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return fill_hole(mesh, draw.boundary_edge(), name)


def turning(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return flip_normals(mesh, draw.some_of(mesh.face_ids(), 2), name)


def _edges_of_triangles(mesh: Mesh) -> list[bytes]:
    """The edges with two triangles."""
    triangles = [face for face in mesh.face_ids() if len(mesh.face_vertices(face)) == 3]
    edges = Counter(edge for face in triangles for edge in mesh.face_edges(face))
    return sorted(edge for edge, faces in edges.items() if faces == 2)


ELEMENTARY: tuple[Operation, ...] = (
    moving,
    painting,
    creasing,
    creating,
    adding,
    splitting_edges,
    dissolving_vertices,
    splitting_faces,
    dissolving_edges,
    poking,
    triangulating,
    flipping,
    collapsing,
    deleting,
    filling,
    turning,
)
