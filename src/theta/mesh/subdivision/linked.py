"""The links of a subdivided surface, computed from the old ones without looking for edges: spec/mesh.md, MESH-72.

The new vertices are the old ones, then one on each edge, then (quads only) one in each face. Old half-edge h, from
vertex v to the middle m of its edge and on, gives new edge h, the half of its edge at v: half-edge 2h leads from v to m
and 2h + 1 back. So the second half of h, from m on, is 2 (h ^ 1) + 1. Behind those come the edges inside the old faces,
one for each corner in the order of `Surface.sides`.
"""

import numpy as np

from theta.mesh.halfedges import NONE
from theta.mesh.linking import Linked, Links
from theta.mesh.subdivision.surface import Surface


class _Sides:
    """The four link arrays of the new half-edges, each as pairs of twins: `halves` (2E, 2) and `inner` (C, 2)."""

    def __init__(self, surface: Surface) -> None:
        _, edges, _, corners = surface.sizes
        self.columns = tuple(np.empty(4 * edges + 2 * corners, np.int32) for _ in range(4))
        halves = [column[: 4 * edges].reshape(-1, 2) for column in self.columns]
        inner = [column[4 * edges :].reshape(-1, 2) for column in self.columns]
        self.next, self.prev, self.origin, self.face = halves
        self.inner_next, self.inner_prev, self.inner_origin, self.inner_face = inner

    def linked(self, vertex_halfedge: Links, face_halfedge: Links) -> Linked:
        forward, back, origin, face = self.columns
        return Linked(
            (forward, back, origin, face, vertex_halfedge, face_halfedge), origin.reshape(-1, 2).astype(np.int64)
        )


def link_quads(surface: Surface) -> Linked:
    """Link a quad at every corner, between its vertex, its face's vertex and the middles of the edges beside it.

    Quad i lies at corner i of `Surface.sides`, from the half-edge that leaves the corner's vertex. Inner edge i leads
    from the middle of that half-edge (first) to the face's vertex, and back (second).
    """
    vertices, edges, _, _ = surface.sizes
    new = _Sides(surface)
    sides, place = surface.sides, surface.place
    halfedges = np.arange(2 * edges)
    before, after = surface.back[sides], surface.forward[sides]
    at = np.arange(len(sides))
    inner = 4 * edges + 2 * at
    _link_boundary(surface, new)

    new.next[sides, 0] = inner
    new.prev[sides, 0] = 2 * (before ^ 1) + 1
    new.next[sides ^ 1, 1] = 2 * after
    new.prev[sides ^ 1, 1] = inner + 1
    new.face[sides, 0] = at
    new.face[sides ^ 1, 1] = place[after]
    new.origin[:, 0] = surface.origin
    new.origin[:, 1] = vertices + (halfedges >> 1)

    new.inner_next[:, 0] = 4 * edges + 2 * place[before] + 1
    new.inner_prev[:, 0] = 2 * sides
    new.inner_next[:, 1] = 2 * (sides ^ 1) + 1
    new.inner_prev[:, 1] = 4 * edges + 2 * place[after]
    new.inner_face[:, 0] = at
    new.inner_face[:, 1] = place[after]
    new.inner_origin[:, 0] = vertices + (sides >> 1)
    new.inner_origin[:, 1] = vertices + edges + surface.face[sides]

    in_faces = np.full(len(surface.counts), NONE, np.int32)
    in_faces[surface.face[sides]] = inner + 1
    return new.linked(_outgoing(surface, in_faces), (2 * sides).astype(np.int32))


def link_triangles(surface: Surface) -> Linked:
    """Link four triangles for every triangle: one at each corner, then the one between the middles of its edges.

    Inner edge i cuts off corner i of `Surface.sides`, on its side (first) and on that of the triangle in the middle.
    """
    vertices, edges, faces, _ = surface.sizes
    new = _Sides(surface)
    sides, place = surface.sides, surface.place
    halfedges = np.arange(2 * edges)
    before, after = surface.back[sides], surface.forward[sides]
    at = np.arange(len(sides))
    inner = 4 * edges + 2 * at
    child = at + surface.face[sides]
    middle = 4 * surface.face[sides] + 3
    _link_boundary(surface, new)

    new.next[sides, 0] = inner
    new.prev[sides, 0] = 2 * (before ^ 1) + 1
    new.next[sides ^ 1, 1] = 2 * after
    new.prev[sides ^ 1, 1] = 4 * edges + 2 * place[after]
    new.face[sides, 0] = child
    new.face[sides ^ 1, 1] = child[place[after]]
    new.origin[:, 0] = surface.origin
    new.origin[:, 1] = vertices + (halfedges >> 1)

    new.inner_next[:, 0] = 2 * (before ^ 1) + 1
    new.inner_prev[:, 0] = 2 * sides
    new.inner_next[:, 1] = 4 * edges + 2 * place[after] + 1
    new.inner_prev[:, 1] = 4 * edges + 2 * place[before] + 1
    new.inner_face[:, 0] = child
    new.inner_face[:, 1] = middle
    new.inner_origin[:, 0] = vertices + (sides >> 1)
    new.inner_origin[:, 1] = vertices + (before >> 1)

    first = np.empty((faces, 4), np.int32)
    first[:, :3] = (2 * sides).reshape(-1, 3)
    first[:, 3] = inner[0::3] + 1
    return new.linked(_outgoing(surface, np.empty(0, np.int32)), first.reshape(-1))


def _link_boundary(surface: Surface, new: _Sides) -> None:
    """The halves of half-edges without a face follow each other as those do."""
    if surface.is_closed:
        return
    border = np.flatnonzero(surface.face == NONE)
    new.next[border, 0] = 2 * (border ^ 1) + 1
    new.prev[border, 0] = 2 * (surface.back[border] ^ 1) + 1
    new.next[border ^ 1, 1] = 2 * surface.forward[border]
    new.prev[border ^ 1, 1] = 2 * border
    new.face[border, 0] = NONE
    new.face[border ^ 1, 1] = NONE


def _outgoing(surface: Surface, in_faces: Links) -> Links:
    """A half-edge that leaves each new vertex: of old ones the first half of theirs, of middles the boundary one."""
    old, (vertices, edges, _, _) = surface.vertex_halfedge, surface.sizes
    outgoing = np.empty(vertices + edges + len(in_faces), np.int32)
    outgoing[:vertices] = np.where(old == NONE, NONE, 2 * old)
    # From a middle, 4e + 1 goes on along half-edge 2e + 1, and 4e + 3 along 2e.
    outgoing[vertices : vertices + edges] = 4 * np.arange(edges) + np.where(surface.face[0::2] == NONE, 3, 1)
    outgoing[vertices + edges :] = in_faces
    return outgoing
