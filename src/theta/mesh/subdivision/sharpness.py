"""Creases: which edges keep a surface sharp, and where their vertices go: spec/mesh.md, MESH-75.

After DeRose, Kass, Truong, "Subdivision Surfaces in Character Animation", 1998; between the rule for the sharpness
before and that for the sharpness after, a vertex is blended as OpenSubdiv does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import NONE
from theta.mesh.orbits import Slots
from theta.mesh.sorting import sort_keys
from theta.mesh.subdivision.sums import sums_of_runs
from theta.mesh.subdivision.surface import Positions, Surface

INFINITE = 10.0

Sharpness = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Creases(NamedTuple):
    """How sharp a surface's edges are, before and after one subdivision.

    Attributes:
        before: (E,) float64 in [0, INFINITE]; that of a boundary edge is INFINITE.
        after: (E,), of the two halves of each edge.
        count_before, count_after: (V,) int64, how many sharp edges each vertex has.
    """

    before: Sharpness
    after: Sharpness
    count_before: Slots
    count_after: Slots


def creases_of(surface: Surface, crease: Sharpness | None) -> Creases | None:
    """The sharpness of every edge; None when none is sharp.

    Args:
        surface: the surface.
        crease: (E,) what the attribute says, if there is one.
    """
    if crease is None and surface.is_closed:
        return None
    before = np.zeros(len(surface.origin) >> 1) if crease is None else np.minimum(np.maximum(crease, 0.0), INFINITE)
    face = surface.face
    before[(face[0::2] == NONE) | (face[1::2] == NONE)] = INFINITE
    if not before.any():
        return None
    after = softened(before)
    return Creases(before, after, _count(surface, before), _count(surface, after))


def softened(sharpness: Sharpness) -> Sharpness:
    """One less, but not under zero; what is INFINITE stays so."""
    softer: Sharpness = np.where(sharpness >= INFINITE, INFINITE, np.maximum(sharpness - 1.0, 0.0))
    return softer


def crease_edges(creases: Creases, smooth: Positions, middle: Positions) -> Positions:
    """The edges' vertices: in the middle of a sharp edge, in between where the sharpness is under 1."""
    share = np.minimum(creases.before, 1.0)[:, np.newaxis]
    blended = middle * share + smooth * (1.0 - share)
    return np.where(share >= 1.0, middle, np.where(share > 0.0, blended, smooth))


def crease_vertices(surface: Surface, creases: Creases, smooth: Positions) -> Positions:
    """The old vertices' places: `smooth` (V, 3) with up to one sharp edge, else those of the crease or the corner."""
    places = _ruled(surface, creases.before, creases.count_before, smooth)
    rule_before, rule_after = (np.clip(count, 1, 3) for count in (creases.count_before, creases.count_after))
    if (rule_before == rule_after).all():
        return places
    after = _ruled(surface, creases.after, creases.count_after, smooth)
    share = _transition(surface, creases)
    blended = places * share[:, np.newaxis] + after * (1.0 - share[:, np.newaxis])
    return np.where(((rule_before != rule_after) & (share < 1.0))[:, np.newaxis], blended, places)


def _ruled(surface: Surface, sharpness: Sharpness, count: Slots, smooth: Positions) -> Positions:
    """Where the rule for each vertex's number of sharp edges puts it."""
    places = smooth.copy()
    corners = count > 2
    places[corners] = surface.positions[corners]
    sharp = _sharp_sides(sharpness)
    sides = sharp[count[surface.origin[sharp]] == 2]
    sides = sides[sort_keys(surface.origin[sides])[1]]
    heads = surface.positions[surface.origin[sides ^ 1]]
    vertices = surface.origin[sides[0::2]]
    places[vertices] = surface.positions[vertices] * 0.75 + (heads[0::2] + heads[1::2]) * 0.125
    return places


def _sharp_sides(sharpness: Sharpness) -> Slots:
    return np.flatnonzero(np.repeat(sharpness > 0.0, 2))


def _count(surface: Surface, sharpness: Sharpness) -> Slots:
    return np.bincount(surface.origin[_sharp_sides(sharpness)], minlength=len(surface.positions))


def _transition(surface: Surface, creases: Creases) -> Sharpness:
    """Of each vertex, the mean sharpness of the edges that stop being sharp, which is at most 1; 0 without any."""
    ending = np.flatnonzero(np.repeat((creases.before > 0.0) & (creases.after == 0.0), 2))
    vertices = len(surface.positions)
    share = np.zeros(vertices)
    key = surface.origin[ending] * vertices + surface.origin[ending ^ 1]
    ending = ending[sort_keys(key)[1]]
    tails = surface.origin[ending]
    counts = np.bincount(tails, minlength=vertices)
    some = np.flatnonzero(counts)
    sums = sums_of_runs(creases.before[ending >> 1, np.newaxis], counts[some])
    share[some] = sums[:, 0] / counts[some]
    return share
