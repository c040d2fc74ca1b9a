"""Tombstones taken out: spec/mesh.md, MESH-29."""

import numpy as np

from theta.mesh.attributes import attribute_column
from theta.mesh.columns import IdTable
from theta.mesh.halfedges import DEAD, HalfEdges
from theta.mesh.orbits import Slots
from theta.mesh.sorting import ascending
from theta.mesh.topology import Mesh


def compact(mesh: Mesh) -> None:
    """Number the slots anew, in ascending order of ids and without tombstones. ΔV, ΔE, ΔF = 0, 0, 0.

    Nothing changes that has an id: the canonical bytes and the redirects stay as they are.
    """
    halfedges = mesh.halfedges
    origin = halfedges.origin.array()
    vertices = _living(halfedges.vertex_halfedge.array() != DEAD, halfedges.vertices)
    edges = _living(origin[0::2] != DEAD, halfedges.edges)
    faces = _living(halfedges.face_halfedge.array() != DEAD, halfedges.faces)
    sides = np.stack((2 * edges, 2 * edges + 1), axis=1).reshape(-1)
    vertex_at, side_at = _places(vertices, len(halfedges.vertex_halfedge.array())), _places(sides, len(origin))
    face_at = _places(faces, len(halfedges.face_halfedge.array()))
    links = tuple(
        places[column.array()[rows]].astype(np.int32)
        for column, rows, places in (
            (halfedges.next, sides, side_at),
            (halfedges.prev, sides, side_at),
            (halfedges.origin, sides, vertex_at),
            (halfedges.face, sides, face_at),
            (halfedges.vertex_halfedge, vertices, side_at),
            (halfedges.face_halfedge, faces, side_at),
        )
    )
    ids = tuple(
        table.column.array()[slots]
        for table, slots in ((halfedges.vertices, vertices), (halfedges.edges, edges), (halfedges.faces, faces))
    )
    compacted = HalfEdges.of(links, halfedges.positions.array()[vertices], (ids[0], ids[1], ids[2]))
    rows = {"vertex": vertices, "edge": edges, "face": faces, "corner": sides}
    for key, column in halfedges.attributes.columns.items():
        values = column.array().reshape(-1, column.width)[rows[key.domain]]
        compacted.attributes.columns[key] = attribute_column(values)
    halfedges.replace(compacted)


def _living(alive: "np.ndarray[tuple[int], np.dtype[np.bool_]]", table: IdTable) -> Slots:
    slots = np.flatnonzero(alive)
    return slots[ascending(table.column.array()[slots])]


def _places(slots: Slots, count: int) -> Slots:
    """Old slot -> new slot, with NONE (-1) in the place before the first for "none"."""
    places = np.full(count + 1, -1, np.int64)
    places[slots] = np.arange(len(slots))
    return places
