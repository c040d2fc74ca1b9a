"""Faces where there were none: spec/mesh.md, MESH-31 and MESH-41."""

from collections.abc import Sequence

from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def add_face(mesh: Mesh, vertex_ids: Sequence[bytes], name: CommandName) -> Made:
    """Make a face of vertices that there are (MESH-31): ΔV, ΔE, ΔF = 0, k, 1 with k sides that were no edges.

    Args:
        mesh: what to change.
        vertex_ids: its loop, anticlockwise seen from outside, from any of its vertices.
        name: the command that does it; the new ids hash it.

    Returns:
        The new edges in the order of the face's sides from its lowest vertex, and the face.

    Raises:
        UnknownElement: no such vertex.
        InvalidValue: fewer than 3 vertices or more than MESH_FACE_CORNERS_MAX, or the mesh would be too large.
        SelfEdge, RepeatedVertex: a vertex comes twice.
        MultiEdge: a side has a face already.
        BowTie: a vertex would have more than one fan of faces.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    start = vertex_ids.index(min(vertex_ids)) if len(vertex_ids) else 0
    loop_ids = [*vertex_ids[start:], *vertex_ids[:start]]
    loop = [halfedges.vertices.slot_of(vertex_id) for vertex_id in loop_ids]
    face_id = element_id(name, "add-face.face", loop_ids)
    surgery = Surgery(halfedges)
    surgery.face(face_id, loop)
    edges = []
    for at, vertex in enumerate(loop):
        after = (at + 1) % len(loop)
        if halfedges.side_between(vertex, loop[after]) is None:
            edges.append(element_id(name, "add-face.edge", sorted((loop_ids[at], loop_ids[after]))))
            surgery.name_edge(vertex, loop[after], edges[-1])
    surgery.apply()
    return Made(edges=tuple(edges), faces=(face_id,))


def fill_hole(mesh: Mesh, edge_id: bytes, name: CommandName) -> Made:
    """Close the boundary loop that an edge lies on with one face (MESH-41): ΔV, ΔE, ΔF = 0, 0, 1.

    Args:
        mesh: what to change.
        edge_id: an edge with one face.
        name: the command that does it; the new id hashes it.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: the edge has two faces.
        InvalidValue: the loop has more than MESH_FACE_CORNERS_MAX edges, or the mesh would be too large.
        DuplicateElement: the id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    face, origin = halfedges.face.view, halfedges.origin.view
    first = next((side for side in (2 * edge, 2 * edge + 1) if face[side] == NONE), None)
    if first is None:
        raise NotApplicable("edge", edge_id, "on a boundary")
    sides = halfedges.loop_from(first)
    lowest = min(halfedges.edges.id_of(side >> 1) for side in sides)
    face_id = element_id(name, "fill.face", (lowest,))
    surgery = Surgery(halfedges)
    surgery.face(face_id, [origin[side] for side in sides])
    surgery.apply()
    return Made(faces=(face_id,))
