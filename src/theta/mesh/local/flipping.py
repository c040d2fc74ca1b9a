"""Turning an edge between triangles, and whole parts inside out: spec/mesh.md, MESH-38 and MESH-42."""

from collections.abc import Sequence

import numpy as np

from theta.base.identifiers import CommandName
from theta.mesh.attributes import NORMAL
from theta.mesh.errors import MultiEdge, NotApplicable
from theta.mesh.halfedges import NONE
from theta.mesh.local.walks import corners_of
from theta.mesh.queries.parts import part_labels
from theta.mesh.results import NOTHING, Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def flip_edge(mesh: Mesh, edge_id: bytes, name: CommandName) -> Made:
    """Turn the edge between two triangles to their other two corners (MESH-38): ΔV, ΔE, ΔF = 0, 0, 0.

    Edge and triangles keep their ids; doing it twice gives the mesh back.

    Args:
        mesh: what to change.
        edge_id: the edge.
        name: the command that does it.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: it is not between two triangles of four vertices.
        MultiEdge: the other two corners share an edge already.
    """
    halfedges = mesh.halfedges
    edge = halfedges.edges.slot_of(edge_id)
    face, following, origin = halfedges.face.view, halfedges.next.view, halfedges.origin.view
    sides = (2 * edge, 2 * edge + 1)
    if any(face[side] == NONE or following[following[following[side]]] != side for side in sides):
        raise NotApplicable("edge", edge_id, "between two triangles")
    id_of = halfedges.vertices.id_of
    tops = {side: origin[following[following[side]]] for side in sides}
    upper, lower = sides if id_of(tops[sides[1]]) < id_of(tops[sides[0]]) else sides[::-1]
    low, high = tops[lower], tops[upper]
    if low == high:
        raise NotApplicable("edge", edge_id, "between two triangles of four vertices")
    if halfedges.side_between(low, high) is not None:
        raise MultiEdge((id_of(low), id_of(high)))
    # Seen from `lower`: its face is tail, head, low; the other one is head, tail, high.
    tail, head = origin[lower], origin[upper]
    loops = ((tail, high, low), (head, low, high))
    if id_of(head) < id_of(tail):
        loops = loops[::-1]
    faces = face[lower], face[upper]
    corners = corners_of(halfedges, faces[1]) | corners_of(halfedges, faces[0])
    surgery = Surgery(halfedges)
    for each, loop in zip(faces, loops, strict=True):
        surgery.reshape(each, loop)
        own = corners_of(halfedges, each)
        for vertex in loop:
            surgery.corner(each, vertex, ((own.get(vertex, corners[vertex]), 1.0),))
    surgery.name_edge(low, high, edge_id, edge)
    surgery.apply()
    return NOTHING


def flip_normals(mesh: Mesh, face_ids: Sequence[bytes], name: CommandName) -> Made:
    """Turn the whole connected parts that some faces are of inside out (MESH-42): ΔV, ΔE, ΔF = 0, 0, 0.

    Every element keeps its id; doing it twice gives the mesh back.

    Args:
        mesh: what to change.
        face_ids: faces, any of a part.
        name: the command that does it.

    Raises:
        UnknownElement: no such face.
    """
    slots = [mesh.halfedges.faces.slot_of(face_id) for face_id in face_ids]
    if not slots:
        return NOTHING
    turned = mesh.halfedges.copy()
    following, before, origin, _, outgoing, starts = (column.array() for column in turned.links)
    labels = part_labels(turned)
    living = np.flatnonzero(origin >= 0)
    wanted = np.isin(labels, labels[origin[starts[slots]]])
    sides = living[wanted[origin[living]]]
    behind = before[sides]
    before[sides] = following[sides]
    following[sides] = behind
    vertices = np.flatnonzero(wanted & (outgoing >= 0))
    # A vertex leaves by the half-edge by which the old one was come to: of the same face, or of the boundary.
    new_starts = mesh.halfedges.prev.array()[outgoing[vertices]]
    origin[sides] = mesh.halfedges.origin.array()[sides ^ 1]
    outgoing[vertices] = new_starts
    for key, column in turned.attributes.of("corner"):
        rows = column.array().reshape(-1, column.width)
        rows[behind] = rows[sides]
        if key.name == NORMAL and (rows.dtype.kind, rows.shape[1]) == ("f", 3):
            rows[behind] = 0.0 - rows[behind]
    mesh.halfedges.replace(turned)
    return NOTHING
