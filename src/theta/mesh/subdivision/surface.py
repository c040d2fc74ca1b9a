"""A mesh's living elements with their links, numbered by ascending ids: what subdivision reads.

Numbers by id make all that follows the same whatever the slots were: the order of sums, of what was made, and of the
redirects, and even the new slots.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.mesh.columns import Column, IdArray
from theta.mesh.halfedges import DEAD, NONE, HalfEdges
from theta.mesh.linking import Links
from theta.mesh.orbits import Slots, lowest_first, orbit_steps
from theta.mesh.sorting import ascending

Positions = NDArray[np.float64]


class Surface(NamedTuple):
    """V vertices, E edges, F faces and C corners; vertices, edges and faces are numbered by ascending id.

    Half-edges 2e and 2e + 1 are twins, as in `HalfEdges`; 2e leaves the end with the lower id.

    Attributes:
        positions: (V, 3) metres.
        ids: of vertices, edges and faces, (n, 16) uint8 each.
        forward, back, origin, face: (2E,) int64; `face` is NONE on the boundary.
        vertex_halfedge: (V,) int64; NONE for an isolated vertex.
        counts: (F,) int64, corners of each face.
        sides: (C,) int64, the half-edges of each face, face by face, each face from its lowest vertex id (MESH-6).
        place: (2E,) int64, where each half-edge is in `sides`; of no meaning on the boundary.
        slots: where the rows of "vertex", "edge", "face" and "corner" attributes are: the slots of the elements.
    """

    positions: Positions
    ids: tuple[IdArray, IdArray, IdArray]
    forward: Slots
    back: Slots
    origin: Slots
    face: Slots
    vertex_halfedge: Slots
    counts: Slots
    sides: Slots
    place: Slots
    slots: dict[str, Slots]

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """V, E, F and C."""
        return len(self.positions), len(self.origin) >> 1, len(self.counts), len(self.sides)

    @property
    def is_closed(self) -> bool:
        """Whether every half-edge has a face."""
        return len(self.sides) == len(self.origin)


def surface_of(halfedges: HalfEdges) -> Surface:
    """The living elements; the arrays are the caller's own."""
    origin = halfedges.origin.array()
    vertices, vertex_ids = _by_id(halfedges.vertex_halfedge.array() != DEAD, halfedges.vertices.column)
    edges, edge_ids = _by_id(origin[0::2] != DEAD, halfedges.edges.column)
    faces, face_ids = _by_id(halfedges.face_halfedge.array() != DEAD, halfedges.faces.column)
    vertex_numbers = _numbers(vertices, halfedges.vertex_halfedge.count)
    ends = vertex_numbers.take(origin.reshape(-1, 2).take(edges, axis=0))
    lower = 2 * edges + (ends[:, 1] < ends[:, 0])
    sides = np.stack((lower, lower ^ 1), axis=1).reshape(-1)
    side_numbers = _numbers(sides, len(origin))
    forward = _renumbered(halfedges.next, sides, side_numbers)
    tails = np.sort(ends, axis=1).reshape(-1)
    counts, loops = _loops_from_lowest(forward, tails, _renumbered(halfedges.face_halfedge, faces, side_numbers))
    face = _renumbered(halfedges.face, sides, _numbers(faces, halfedges.face_halfedge.count))
    place = np.zeros(len(sides), np.int64)
    place[loops] = np.arange(len(loops))
    return Surface(
        positions=halfedges.positions.array().take(vertices, axis=0),
        ids=(vertex_ids, edge_ids, face_ids),
        forward=forward,
        back=_renumbered(halfedges.prev, sides, side_numbers),
        origin=tails,
        face=face,
        vertex_halfedge=_outgoing(tails, face, len(vertices)),
        counts=counts,
        sides=loops,
        place=place,
        slots={"vertex": vertices, "edge": edges, "face": faces, "corner": sides},
    )


def _by_id(alive: NDArray[np.bool_], column: "Column[int]") -> tuple[Slots, IdArray]:
    """The slots of the living, by ascending id, and these ids."""
    slots = np.flatnonzero(alive)
    ids: NDArray[Any] = column.array()
    if len(slots) < len(ids):
        ids = ids.take(slots, axis=0)
    order = ascending(ids)
    return slots.take(order), ids.take(order, axis=0)


def _numbers(slots: Slots, count: int) -> Slots:
    """The number of each slot; one row more, so that NONE stays NONE."""
    numbers = np.full(count + 1, NONE, np.int64)
    numbers[slots] = np.arange(len(slots))
    return numbers


def _renumbered(column: "Column[int]", slots: Slots, numbers: Slots) -> Slots:
    links: Links = column.array()
    return numbers.take(links.take(slots))


def _outgoing(origin: Slots, face: Slots, vertices: int) -> Slots:
    """The boundary half-edge that leaves each vertex, else the highest; NONE for an isolated one."""
    outgoing = np.full(vertices, NONE, np.int64)
    # Of several written to one place, the last one stays.
    outgoing[origin] = np.arange(len(origin))
    border = np.flatnonzero(face == NONE)
    outgoing[origin[border]] = border
    return outgoing


def _loops_from_lowest(forward: Slots, origin: Slots, first: Slots) -> tuple[Slots, Slots]:
    """Each face's count of corners, and its half-edges from the one with the lowest origin."""
    counts, loops = orbit_steps(forward.astype(np.int32), first)
    return counts, loops.take(lowest_first(counts, origin.take(loops)))
