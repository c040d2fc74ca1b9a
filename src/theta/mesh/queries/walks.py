"""Walks by slot that the queries share: faces' loops, boundary loops, and which slots live."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from theta.mesh.columns import IdTable
from theta.mesh.halfedges import DEAD, NONE, HalfEdges
from theta.mesh.orbits import FEW, Slots, lowest_first, orbit_steps, total_of
from theta.mesh.sorting import ascending


def living_vertices(halfedges: HalfEdges) -> NDArray[np.bool_]:
    """Which vertex slots live."""
    alive: NDArray[np.bool_] = halfedges.vertex_halfedge.array() != DEAD
    return alive


def living_edges(halfedges: HalfEdges) -> NDArray[np.bool_]:
    """Which edge slots live."""
    alive: NDArray[np.bool_] = halfedges.origin.array()[0::2] != DEAD
    return alive


def living_faces(halfedges: HalfEdges) -> NDArray[np.bool_]:
    """Which face slots live."""
    alive: NDArray[np.bool_] = halfedges.face_halfedge.array() != DEAD
    return alive


def in_id_order(table: IdTable, slots: Slots) -> Slots:
    """The slots, different ones, in ascending order of their ids."""
    ordered: Slots = slots[ascending(table.column.array()[slots])]
    return ordered


def ids_of(table: IdTable, slots: Slots) -> tuple[bytes, ...]:
    """The ids in slots, in their order."""
    return tuple(np.ascontiguousarray(table.column.array()[slots]).view("V16").reshape(-1).tolist())


def loops_from_lowest(halfedges: HalfEdges, faces: Slots) -> tuple[Slots, Slots]:
    """Faces' loops: counts (n,), and half-edges face by face, each from the vertex with the lowest id (MESH-6)."""
    if len(faces) <= FEW:
        loops = [halfedges.face_loop(face) for face in faces.tolist()]
        counts = np.fromiter(map(len, loops), np.int64, len(loops))
        return counts, np.fromiter(chain.from_iterable(loops), np.int64, total_of(counts))
    counts, sides = orbit_steps(halfedges.next.array(), halfedges.face_halfedge.array()[faces].astype(np.int64))
    return counts, from_lowest(halfedges, counts, sides)


def from_lowest(halfedges: HalfEdges, counts: Slots, sides: Slots) -> Slots:
    """Loops of half-edges, turned so that each begins at its vertex with the lowest id."""
    if not len(counts):
        return sides
    corners = halfedges.origin.array()[sides]
    used = np.zeros(halfedges.vertex_halfedge.count, np.bool_)
    used[corners] = True
    vertices = np.flatnonzero(used)
    rank = np.empty(len(used), np.int64)
    rank[in_id_order(halfedges.vertices, vertices)] = np.arange(len(vertices))
    turned: Slots = sides[lowest_first(counts, rank[corners])]
    return turned


def boundary_walks(halfedges: HalfEdges) -> tuple[Slots, Slots]:
    """All boundary loops: counts (n,), and half-edges loop by loop, each from its lowest half-edge slot."""
    boundary = np.flatnonzero(halfedges.face.array() == NONE)
    forward = halfedges.next.array()
    return orbit_steps(forward, boundary[_cycle_minima(boundary, forward) == boundary])


def _cycle_minima(some: Slots, step: NDArray[np.int32]) -> Slots:
    """For slots that a permutation `step` maps to each other: the lowest on each one's cycle (pointer doubling)."""
    number = np.empty(len(step), np.int64)
    number[some] = np.arange(len(some))
    jump = number[step[some]]
    lowest = np.arange(len(some))
    while True:
        lower = np.minimum(lowest, lowest[jump])
        if np.array_equal(lower, lowest):
            minima: Slots = some[lowest]
            return minima
        lowest, jump = lower, jump[jump]
