"""The loops of faces in canonical order (MESH-18): those of before, and the few that changed walked anew."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.mesh.columns import IdArray
from theta.mesh.orbits import Slots, lowest_first, orbit_steps, starts_of, total_of


class Links(NamedTuple):
    """What loops follow from.

    Attributes:
        following, origin: of each half-edge, which one comes next, and its vertex.
        starting: of each face, one of its half-edges.
        vertex_ids: (n, 16) uint8.
    """

    following: NDArray[np.int32]
    origin: NDArray[np.int32]
    starting: NDArray[np.int32]
    vertex_ids: IdArray


class Loops(NamedTuple):
    """Faces in canonical order.

    Attributes:
        faces: (F,) their slots.
        counts: (F,) int64, corners of each.
        sides: (C,) half-edges, face by face, each face from its lowest vertex.
    """

    faces: Slots
    counts: Slots
    sides: Slots


def loops_of(links: Links, faces: Slots, rank: NDArray[np.uint32]) -> Loops:
    """The loops of faces; `rank` says of each vertex how many have lower ids."""
    counts, sides = orbit_steps(links.following, links.starting[faces].astype(np.int64))
    return Loops(faces, counts, sides[lowest_first(counts, rank[links.origin[sides]])])


def loops_after(
    links: Links, faces: Slots, rank: NDArray[np.uint32], before: Loops, links_before: Links
) -> Loops | None:
    """As `loops_of`, with those of before as far as they are the same; None when many are not.

    Other vertices coming and going do not change which of a loop's is the lowest.
    """
    place, anew = _places(links, faces, before, links_before)
    if 4 * len(anew) > len(faces):
        return None
    fresh = loops_of(links, faces[anew], rank)
    counts, begins = before.counts.take(place), starts_of(before.counts).take(place)
    counts[anew] = fresh.counts
    begins[anew] = len(before.sides) + starts_of(fresh.counts)
    every = np.arange(total_of(counts))
    every += np.repeat(begins - starts_of(counts), counts)
    return Loops(faces, counts, np.concatenate((before.sides, fresh.sides)).take(every))


def _places(links: Links, faces: Slots, before: Loops, links_before: Links) -> tuple[Slots, Slots]:
    """Where each face's loop was before, and which of them, by their number in `faces`, are to be walked anew."""
    there = np.flatnonzero(before.faces < len(links.starting))
    place_of = np.full(len(links.starting), -1)
    place_of[before.faces[there]] = there
    place = place_of.take(faces)
    begins = starts_of(before.counts)
    # One more for -1, those that were not there.
    touched = np.zeros(len(before.faces) + 1, np.bool_)
    touched[-1] = True
    hit = np.flatnonzero(_sides_changed(links, links_before).take(before.sides))
    touched[np.searchsorted(begins, hit, "right") - 1] = True
    is_new = touched[place] | changed(links.starting, links_before.starting).take(faces)
    return place, np.flatnonzero(is_new)


def _sides_changed(now: Links, then: Links) -> NDArray[np.bool_]:
    """Of each half-edge of before, whether it is gone, or what comes next, or its vertex, is another."""
    found = np.ones(len(then.following), np.bool_)
    count = min(len(now.following), len(found))
    differs = changed(now.following, then.following) | changed(now.origin, then.origin)
    others = changed_ids(now.vertex_ids, then.vertex_ids)
    if others[: len(then.vertex_ids)].any():
        differs |= others[np.maximum(now.origin, 0)]
    found[:count] = differs[:count]
    return found


def changed(now: NDArray[Any], then: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each slot, whether what is in it is another than before, or was not there."""
    found = np.ones(len(now), np.bool_)
    count = min(len(now), len(then))
    np.not_equal(now[:count], then[:count], out=found[:count])
    return found


def changed_ids(now: IdArray, then: IdArray) -> NDArray[np.bool_]:
    """As `changed`, of ids (n, 16) uint8."""
    here, there = now.view(np.uint64), then.view(np.uint64)
    return changed(here[:, 0], there[:, 0]) | changed(here[:, 1], there[:, 1])
