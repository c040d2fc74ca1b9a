"""A mesh's living elements as arrays in slot order: for whole-mesh operations, which don't need them by id."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.mesh.columns import IdArray
from theta.mesh.halfedges import DEAD
from theta.mesh.orbits import Slots, orbit_steps
from theta.mesh.topology import Mesh


class SlotArrays(NamedTuple):
    """V vertices, E edges, F faces and C corners; indices count the living, in slot order.

    Attributes:
        vertices, edges, faces: their slots, ascending, int64.
        positions: (V, 3) float64 metres.
        vertex_ids, edge_ids, face_ids: (n, 16) uint8.
        edge_ends: (E, 2) int64 vertex indices, of the half-edges 2e and 2e + 1.
        counts: (F,) int64, corners of each face.
        corners: (C,) int64 vertex indices, face by face from the face's half-edge on.
        sides: (C,) int64, the corners' half-edges by slot.
    """

    vertices: Slots
    edges: Slots
    faces: Slots
    positions: NDArray[np.float64]
    vertex_ids: IdArray
    edge_ids: IdArray
    face_ids: IdArray
    edge_ends: Slots
    counts: Slots
    corners: Slots
    sides: Slots


def slot_arrays(mesh: Mesh) -> SlotArrays:
    """The living elements of a mesh; the arrays are the caller's own."""
    halfedges = mesh.halfedges
    origin = halfedges.origin.array()
    vertices = np.flatnonzero(halfedges.vertex_halfedge.array() != DEAD)
    edges = np.flatnonzero(origin[0::2] != DEAD)
    starts = halfedges.face_halfedge.array()
    faces = np.flatnonzero(starts != DEAD)
    rank = np.zeros(halfedges.vertex_halfedge.count, np.int64)
    rank[vertices] = np.arange(len(vertices))
    counts, sides = orbit_steps(halfedges.next.array(), starts[faces].astype(np.int64))
    return SlotArrays(
        vertices,
        edges,
        faces,
        halfedges.positions.array()[vertices],
        halfedges.vertices.column.array()[vertices],
        halfedges.edges.column.array()[edges],
        halfedges.faces.column.array()[faces],
        rank[origin.reshape(-1, 2)[edges]],
        counts,
        rank[origin[sides]],
        sides,
    )
