"""Where the vertices of a subdivided surface lie: spec/mesh.md, MESH-73 … MESH-76."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import NONE
from theta.mesh.orbits import Slots
from theta.mesh.shapes.circle import turned
from theta.mesh.sorting import sort_keys
from theta.mesh.subdivision.sharpness import Creases, Mask, crease_edges, crease_vertices
from theta.mesh.subdivision.sums import sums_of_runs
from theta.mesh.subdivision.surface import Positions, Surface


class Places(NamedTuple):
    """Positions in metres: of the old vertices (V, 3), of the edges' (E, 3) and of the faces' (F, 3 or none)."""

    old: Positions
    edges: Positions
    faces: Positions


def linear(surface: Surface) -> Places:
    """Nothing moves: middles of edges and means of faces."""
    return Places(surface.positions, middles(surface, surface.positions), face_means(surface, surface.positions))


def catmull_clark(surface: Surface, creases: Creases | None) -> Places:
    """Catmull, Clark, "Recursively Generated B-Spline Surfaces on Arbitrary Topological Meshes", 1978."""
    faces = face_means(surface, surface.positions)
    face = surface.face
    between = _ends_added(surface.origin, surface.positions)
    edges = (between + _ends_added(face, faces)) * 0.25
    if creases:
        edges = crease_edges(creases, edges, between * 0.5)
    old = surface.positions.copy()
    inside = _smooth(surface, creases)
    sides, counts = _around(surface, inside)
    heads = surface.positions.take(surface.origin.take(sides ^ 1), axis=0)
    sums = sums_of_runs(heads + faces.take(face.take(sides), axis=0), counts)
    count = counts[:, np.newaxis].astype(np.float64)
    old[inside] = (old[inside] * (count - 2.0) + sums / count) / count
    return Places(crease_vertices(surface, creases, old) if creases else old, edges, faces)


def loop(surface: Surface, creases: Creases | None) -> Places:
    """Loop, "Smooth Subdivision Surfaces Based on Triangles", 1987; with his weights, not Warren's."""
    between = _ends_added(surface.origin, surface.positions)
    edges = between * 0.375 + _ends_added(surface.origin.take(surface.back), surface.positions) * 0.125
    if creases:
        edges = crease_edges(creases, edges, between * 0.5)
    old = surface.positions.copy()
    inside = _smooth(surface, creases)
    sides, counts = _around(surface, inside)
    sums = sums_of_runs(surface.positions.take(surface.origin.take(sides ^ 1), axis=0), counts)
    weight = loop_weights(counts)[:, np.newaxis]
    old[inside] = old[inside] * (1.0 - counts[:, np.newaxis] * weight) + sums * weight
    return Places(crease_vertices(surface, creases, old) if creases else old, edges, surface.positions[:0])


def loop_weights(counts: Slots) -> NDArray[np.float64]:
    """The weight of each of n neighbours: (40 - (3 + 2 cos(one n-th of a turn))²) / 64 n."""
    sizes = np.arange(1, int(counts.max(initial=1)) + 1)
    bent = 3.0 + 2.0 * turned(1, sizes)[:, 0]
    weights: NDArray[np.float64] = ((40.0 - bent * bent) / (64.0 * sizes))[counts - 1]
    return weights


def middles(surface: Surface, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of the sum of the values (V, width) at each edge's ends: (E, width)."""
    return _ends_added(surface.origin, values) * 0.5


def face_means(surface: Surface, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the values (V, width) at each face's corners, added from the lowest vertex id: (F, width)."""
    sums = sums_of_runs(values.take(surface.origin.take(surface.sides), axis=0), surface.counts)
    means: NDArray[np.float64] = sums / surface.counts[:, np.newaxis]
    return means


def _ends_added(elements: Slots, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each edge, the values (n, width) of the elements (2E,) of its two half-edges, added: (E, width)."""
    # NumPy gathers rows several times faster by take than by indexing.
    return values.take(elements[0::2], axis=0) + values.take(elements[1::2], axis=0)


def _smooth(surface: Surface, creases: Creases | None) -> Mask:
    """The vertices with edges of which at most one is sharp, before or after."""
    used: Mask = surface.vertex_halfedge != NONE
    return used if creases is None else used & ((creases.count_before < 2) | (creases.count_after < 2))


def _around(surface: Surface, inside: Mask) -> tuple[Slots, Slots]:
    """The half-edges that leave some vertices, vertex by vertex, to ascending ids; and how many leave each."""
    tails, heads = surface.origin, surface.origin.reshape(-1, 2)[:, ::-1].reshape(-1)
    sides = np.flatnonzero(inside[tails])
    _, order = sort_keys(tails.take(sides) * len(inside) + heads.take(sides))
    sides = sides.take(order)
    counts = np.bincount(tails, minlength=len(inside))
    return sides, counts[inside]
