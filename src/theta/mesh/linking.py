"""From face loops of vertex indices to half-edge links, refusing what is no oriented 2-manifold (MESH-2, MESH-20)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import MESH_VERTICES_MAX
from theta.mesh.columns import IdArray
from theta.mesh.errors import BowTie, MultiEdge, NonManifoldEdge, RepeatedVertex, SelfEdge
from theta.mesh.halfedges import NONE
from theta.mesh.orbits import Slots, following_corners, orbit_lengths, starts_of
from theta.mesh.sorting import different, run_begins, sort_keys

Links = NDArray[np.int32]


class Loops(NamedTuple):
    """Faces as loops of vertex indices, with the ids that errors name.

    `counts` (F,) corners of each face; `corners` (sum of counts,) vertex indices face by face.
    """

    counts: Slots
    corners: Slots
    vertex_ids: IdArray
    face_ids: IdArray

    def vertex_id(self, vertex: int) -> bytes:
        """The id of a vertex by index."""
        return bytes(self.vertex_ids[vertex])

    def face_id_at(self, corner: int) -> bytes:
        """The id of the face that a corner belongs to."""
        face = int(np.searchsorted(np.cumsum(self.counts, dtype=np.int64), corner, side="right"))
        return bytes(self.face_ids[face])


class Linked(NamedTuple):
    """The six link arrays of `HalfEdges`, and the edges' ends (E, 2), ascending, the lower vertex index first.

    Edge k's half-edge 2k leads from the lower to the higher index, 2k + 1 back.
    """

    links: tuple[Links, Links, Links, Links, Links, Links]
    ends: Slots


def edge_ends(counts: Slots, corners: Slots) -> Slots:
    """The distinct edges of faces: (E, 2) vertex indices, the lower first, in ascending order."""
    heads = corners[following_corners(counts)]
    low, high = np.minimum(corners, heads), np.maximum(corners, heads)
    size = int(high.max(initial=0)) + 1
    if size > MESH_VERTICES_MAX or low.min(initial=0) < 0:
        # No mesh has these; whoever builds one is told so.
        pairs: Slots = np.unique(np.stack((low, high), axis=1), axis=0)
        return pairs
    keys = low * size + high
    keys.sort()
    return np.stack(np.divmod(different(keys), size), axis=1)


def link_faces(loops: Loops) -> Linked:
    """Link faces into half-edges.

    Args:
        loops: counts all at least 3, corners all indices of vertices.

    Raises:
        SelfEdge, RepeatedVertex, NonManifoldEdge, MultiEdge, BowTie: each names the first culprit.
    """
    counts, corners = loops.counts, loops.corners
    vertex_count = len(loops.vertex_ids)
    following = following_corners(counts)
    heads = corners[following]
    faces = np.repeat(np.arange(len(counts)), counts)
    _refuse_repeats(loops, heads, faces)

    low = np.minimum(corners, heads)
    ordered, order = sort_keys(low * vertex_count + np.maximum(corners, heads))
    begins = run_begins(ordered)
    firsts = order[begins]
    ends = np.stack((low[firsts], np.maximum(corners[firsts], heads[firsts])), axis=1)
    sides = np.diff(begins, append=len(ordered))
    if len(ends) and sides.max() > 2:
        worst = int(np.argmax(sides > 2))
        raise NonManifoldEdge(_end_ids(loops, ends, worst), int(sides[worst]))

    halfedge = np.empty(len(ordered), np.int64)
    halfedge[order] = np.repeat(np.arange(0, 2 * len(ends), 2), sides)
    halfedge += corners != low
    face = np.full(2 * len(ends), NONE, np.int32)
    face[halfedge] = faces
    if np.count_nonzero(face == NONE) != 2 * len(ends) - len(corners):
        uses = np.bincount(halfedge, minlength=len(face))
        raise MultiEdge(_end_ids(loops, ends, int(np.argmax(uses > 1)) >> 1))
    forward = np.full(2 * len(ends), NONE, np.int32)
    forward[halfedge] = halfedge[following]
    origin = ends.reshape(-1).astype(np.int32)
    vertex_halfedge = np.full(vertex_count, NONE, np.int32)
    vertex_halfedge[corners] = halfedge
    _link_boundary(loops, forward, origin, face, vertex_halfedge)
    back = np.empty_like(forward)
    back[forward] = np.arange(len(forward))
    _refuse_second_fans(loops, forward, origin, vertex_halfedge)
    face_halfedge = halfedge[starts_of(counts)].astype(np.int32)
    return Linked((forward, back, origin, face, vertex_halfedge, face_halfedge), ends)


def _refuse_repeats(loops: Loops, heads: Slots, faces: Slots) -> None:
    same = loops.corners == heads
    if same.any():
        corner = int(np.argmax(same))
        raise SelfEdge(loops.face_id_at(corner), loops.vertex_id(int(loops.corners[corner])))
    # The corners of a triangle are all next to each other.
    larger = np.repeat(loops.counts > 3, loops.counts)
    key = np.sort(faces[larger] * max(len(loops.vertex_ids), 1) + loops.corners[larger])
    again = key[1:] == key[:-1]
    if again.any():
        face, vertex = divmod(int(key[int(np.argmax(again))]), len(loops.vertex_ids))
        raise RepeatedVertex(bytes(loops.face_ids[face]), loops.vertex_id(vertex))


def _link_boundary(loops: Loops, forward: Links, origin: Links, face: Links, vertex_halfedge: Links) -> None:
    """Link the half-edges without a face to each other, and point boundary vertices at them."""
    boundary = np.flatnonzero(face == NONE)
    tails = origin[boundary]
    crowded = np.bincount(tails, minlength=1) > 1
    if crowded.any():
        raise BowTie(loops.vertex_id(int(np.argmax(crowded))))
    vertex_halfedge[tails] = boundary
    forward[boundary] = vertex_halfedge[origin[boundary ^ 1]]


def _refuse_second_fans(loops: Loops, forward: Links, origin: Links, vertex_halfedge: Links) -> None:
    """All half-edges that leave a vertex must lie on one orbit around it."""
    used = np.flatnonzero(vertex_halfedge != NONE)
    around = forward[np.arange(len(forward)) ^ 1]
    split = orbit_lengths(around, vertex_halfedge[used]) != np.bincount(origin, minlength=len(vertex_halfedge))[used]
    if split.any():
        raise BowTie(loops.vertex_id(int(used[int(np.argmax(split))])))


def _end_ids(loops: Loops, ends: Slots, edge: int) -> tuple[bytes, bytes]:
    return loops.vertex_id(int(ends[edge, 0])), loops.vertex_id(int(ends[edge, 1]))
