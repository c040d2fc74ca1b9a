"""The modelling operations (MESH-17, MESH-50 … MESH-58), as steps of programs."""

from tests.property.mesh_programs.drawing import Draw, Operation
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, extrude_face
from theta.mesh.local import (
    bevel_edge,
    bridge,
    delete_elements,
    extrude_edges,
    extrude_region,
    inset_face,
    loop_cut,
    mirror,
    weld,
    weld_by_distance,
)
from theta.mesh.results import Made

MIRRORED_FACES_MAX = 60


def extruding(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    made = extrude_face(mesh, draw.face(), draw.between(-2.0, 2.0), name)
    return Made(made.vertices, made.side_edges + made.cap_edges, made.side_faces)


def insetting(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return inset_face(mesh, draw.face(), draw.between(-0.2, 0.5), draw.between(-0.5, 0.5), name)


def extruding_regions(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """A face with some of those around it, or any."""
    if draw.whole(2):
        return extrude_region(mesh, draw.some_of(mesh.face_ids(), 4), draw.point(1.0), name)
    first = draw.face()
    edges = set(mesh.face_edges(first))
    beside = [face for face in mesh.face_ids() if edges & set(mesh.face_edges(face))]
    return extrude_region(mesh, sorted({first, *draw.some_of(beside, 3)}), draw.point(1.0), name)


def extruding_edges(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """Some boundary edges in a row, or the whole loop."""
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(draw.boundary_edge())
    side = 2 * edge if halfedges.face.view[2 * edge] == -1 else 2 * edge + 1
    loop = [side]
    while (ahead := halfedges.next.view[loop[-1]]) != side:
        loop.append(ahead)
    count = len(loop) if draw.whole(3) == 0 else 1 + draw.whole(len(loop))
    return extrude_edges(mesh, [halfedges.edges.id_of(each >> 1) for each in loop[:count]], draw.point(1.0), name)


def cutting_loops(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return loop_cut(mesh, draw.edge(), draw.between(0.0, 1.0), name)


def bevelling(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return bevel_edge(mesh, draw.edge(), draw.between(0.0, 0.3), name)


def bridging(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """Between boundaries, or a tunnel between two faces of as many corners."""
    if draw.whole(3) == 0:
        return bridge(mesh, draw.boundary_edge(), draw.boundary_edge(), draw.whole(4), name)
    one = draw.face()
    corners = mesh.face_vertices(one)
    other = draw.one_of(
        [face for face in mesh.face_ids() if len(mesh.face_vertices(face)) == len(corners) and face != one]
    )
    first, second = draw.one_of(mesh.face_edges(one)), draw.one_of(mesh.face_edges(other))
    with mesh.journal.operation():
        opened = delete_elements(mesh, [], [], [one, other], name)
        made = bridge(mesh, first, second, draw.whole(len(corners)), name)
    return Made((*opened.vertices, *made.vertices), (*opened.edges, *made.edges), (*opened.faces, *made.faces))


def welding(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """The ends of an edge, two corners of the boundary, or any."""
    kind = draw.whole(3)
    if kind == 0:
        return weld(mesh, mesh.edge_vertices(draw.edge()), draw.point(), name)
    if kind == 1:
        some = [mesh.edge_vertices(draw.boundary_edge())[draw.whole(2)] for _ in range(2)]
        return weld(mesh, some, None, name)
    return weld(mesh, draw.some_of(mesh.vertex_ids(), 3), None, name)


def welding_near(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    return weld_by_distance(mesh, None, draw.between(0.0, 0.05), name)


def mirroring(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    """At the outermost vertex, so that there is something to share."""
    axis = draw.whole(3)
    if mesh.face_count > MIRRORED_FACES_MAX or not mesh.vertex_count:
        return Made()
    offset = max(mesh.position(vertex)[axis] for vertex in mesh.vertex_ids())
    return mirror(mesh, "xyz"[axis], offset, draw.between(0.0, 0.1), name)


MODELLING: tuple[Operation, ...] = (
    extruding,
    insetting,
    extruding_regions,
    extruding_edges,
    cutting_loops,
    bevelling,
    bridging,
    welding,
    welding_near,
    mirroring,
)
