"""In which order a mesh's elements are told (MESH-18), kept from one time to the next.

What is kept is good as long as the arrays are what they were, which is looked at whenever the journal does not know: to
compare them takes a hundredth of what sorting does. Positions and attributes are no part of it, so that moving vertices
leaves it as it is.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.slices import finish
from theta.mesh.canonical_loops import Links, Loops, changed_ids, loops_after, loops_of
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import DEAD, HalfEdges
from theta.mesh.orbits import Slots
from theta.mesh.sorting import ascending

Indices = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The living elements of one kind.

    Attributes:
        slots: (n,) in ascending order of ids.
        ids: (n, 16) uint8, ascending.
        high: (n,) uint64, the first eight bytes of the ids as numbers that compare as they do.
    """

    slots: Slots
    ids: IdArray
    high: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalOrder:
    """Elements in canonical order; all arrays are read-only.

    Attributes:
        source: the arrays that it was made from, as they were.
        vertices, edges, faces: the living.
        loops: of the faces.
        edge_ends: (E, 2) indices of vertices, the lower first.
        face_counts: (F,) corners of each face.
        corners: (C,) indices of vertices, face by face, each face from its lowest.
    """

    source: tuple[NDArray[Any], ...]
    vertices: Sorted
    edges: Sorted
    faces: Sorted
    loops: Loops
    edge_ends: Indices
    face_counts: Indices
    corners: Indices


def canonical_order(halfedges: HalfEdges) -> CanonicalOrder:
    """The order of a mesh's elements as it is now."""
    return finish(canonical_order_slowly(halfedges))


def canonical_order_slowly(halfedges: HalfEdges) -> Generator[None, None, CanonicalOrder]:
    """As `canonical_order`, pausing on the way; until it has ended nothing may change the mesh."""
    before = halfedges.order if isinstance(halfedges.order, CanonicalOrder) else None
    if before is not None and halfedges.order_stands():
        return before
    source = _source(halfedges)
    if before is not None and all(_equal(now, then) for now, then in zip(source, before.source, strict=True)):
        order = before
    else:
        order = yield from _made_from(tuple([each.copy() for each in source]), before)
    halfedges.keep_order(order)
    return order


def _source(halfedges: HalfEdges) -> tuple[NDArray[Any], ...]:
    columns = (
        halfedges.next,
        halfedges.origin,
        halfedges.vertex_halfedge,
        halfedges.face_halfedge,
        halfedges.vertices.column,
        halfedges.edges.column,
        halfedges.faces.column,
    )
    return tuple([column.array() for column in columns])


def _equal(now: NDArray[Any], then: NDArray[Any]) -> bool:
    """Eight bytes at a time, which takes a fraction of the time that single bytes do."""
    if now.nbytes != then.nbytes:
        return False
    if now.nbytes % 8:
        return np.array_equal(now, then)
    return np.array_equal(now.reshape(-1).view(np.uint64), then.reshape(-1).view(np.uint64))


def _made_from(
    source: tuple[NDArray[Any], ...], before: CanonicalOrder | None
) -> Generator[None, None, CanonicalOrder]:
    _, origin, outgoing, starting, vertex_ids, edge_ids, face_ids = source
    known = _Known(None, None, None) if before is None else _Known.of(before)
    yield
    vertices = _living(outgoing != DEAD, vertex_ids, known.vertices)
    faces = _living(starting != DEAD, face_ids, known.faces)
    yield
    edges = _living(origin[0::2] != DEAD, edge_ids, known.edges)
    yield
    rank = np.zeros(len(outgoing), np.uint32)
    rank[vertices.slots] = np.arange(len(vertices.slots))
    sides = 2 * edges.slots
    tails, heads = rank.take(origin.take(sides)), rank.take(origin.take(sides + 1))
    ends = np.empty((len(tails), 2), np.uint32)
    np.minimum(tails, heads, out=ends[:, 0])
    np.maximum(tails, heads, out=ends[:, 1])
    yield
    links = _links(source)
    loops = loops_after(links, faces.slots, rank, before.loops, _links(before.source)) if before is not None else None
    if loops is None:
        loops = loops_of(links, faces.slots, rank)
    yield
    corners = rank.take(origin.take(loops.sides))
    order = CanonicalOrder(source, vertices, edges, faces, loops, ends, loops.counts.astype(np.uint32), corners)
    for array in (*source, loops.counts, loops.sides, ends, order.face_counts, corners):
        array.setflags(write=False)
    return order


def _links(source: tuple[NDArray[Any], ...]) -> Links:
    following, origin, _, starting, vertex_ids, _, _ = source
    return Links(following, origin, starting, vertex_ids)


class _Known(NamedTuple):
    """What lived before, with the ids of all slots as they were then."""

    vertices: tuple[Sorted, IdArray] | None
    edges: tuple[Sorted, IdArray] | None
    faces: tuple[Sorted, IdArray] | None

    @classmethod
    def of(cls, order: CanonicalOrder) -> "_Known":
        vertex_ids, edge_ids, face_ids = order.source[4:]
        return cls((order.vertices, vertex_ids), (order.edges, edge_ids), (order.faces, face_ids))


def _living(alive: NDArray[np.bool_], ids: IdArray, before: tuple[Sorted, IdArray] | None) -> Sorted:
    """The living in ascending order of ids; those that lived before are in order already."""
    found = _merged(alive, ids, *before) if before is not None else None
    if found is None:
        slots = np.flatnonzero(alive)
        slots = slots[ascending(ids.take(slots, axis=0))]
        sorted_ids = ids.take(slots, axis=0)
        found = Sorted(slots, sorted_ids, _first_words(sorted_ids))
    for array in (found.slots, found.ids, found.high):
        array.setflags(write=False)
    return found


def _merged(alive: NDArray[np.bool_], ids: IdArray, before: Sorted, ids_before: IdArray) -> Sorted | None:
    """New elements put between those of before; None when there are many, or their first eight bytes do not decide."""
    stays = np.zeros(len(ids_before), np.bool_)
    count = min(len(ids), len(ids_before))
    stays[:count] = alive[:count] & ~changed_ids(ids, ids_before)[:count]
    left = np.flatnonzero(stays.take(before.slots))
    new = alive.copy()
    new[before.slots.take(left)] = False
    added = np.flatnonzero(new)
    if 4 * len(added) > len(left):
        return None
    if not len(added) and len(left) == len(before.slots):
        return before
    added = added[ascending(ids[added])]
    high, high_added = before.high.take(left), _first_words(ids[added])
    places = np.searchsorted(high, high_added)
    if (np.searchsorted(high, high_added, "right") != places).any():
        return None
    # Of those of before and then the new ones, which comes where.
    order = np.insert(left, places, len(before.slots) + np.arange(len(added)))
    slots = np.concatenate((before.slots, added)).take(order)
    high = np.concatenate((before.high, high_added)).take(order)
    return Sorted(slots, np.concatenate((before.ids, ids[added])).take(order, axis=0), high)


def _first_words(ids: IdArray) -> NDArray[np.uint64]:
    """The first eight bytes of ids as numbers that compare as they do."""
    return np.ascontiguousarray(ids).view(">u8")[:, 0].astype(np.uint64)
