"""Sphere, icosphere and torus: spec/mesh.md, MESH-68 and MESH-69."""

from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from theta.mesh.orbits import Slots
from theta.mesh.polygon_asset import Polygons
from theta.mesh.shapes.capped import band, fan
from theta.mesh.shapes.circle import circle, turned
from theta.mesh.shapes.parameters import Sizes

GOLDEN = (1.0 + sqrt(5.0)) / 2.0
ICOSAHEDRON = (
    (-1.0, GOLDEN, 0.0), (1.0, GOLDEN, 0.0), (-1.0, -GOLDEN, 0.0), (1.0, -GOLDEN, 0.0),
    (0.0, -1.0, GOLDEN), (0.0, 1.0, GOLDEN), (0.0, -1.0, -GOLDEN), (0.0, 1.0, -GOLDEN),
    (GOLDEN, 0.0, -1.0), (GOLDEN, 0.0, 1.0), (-GOLDEN, 0.0, -1.0), (-GOLDEN, 0.0, 1.0),
)  # fmt: skip
ICOSAHEDRON_FACES = (
    (0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11),
    (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6), (7, 1, 8),
    (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9),
    (4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7), (9, 8, 1),
)  # fmt: skip


def sphere(sizes: Sizes) -> Polygons:
    """The pole at +y, the rings from there down, the pole at -y; faces ring by ring, triangles at the poles."""
    size, bands = sizes.segments, sizes.rings
    down, around = turned(np.arange(1, bands), 2 * bands), circle(size)
    rings = np.empty((bands - 1, size, 3))
    rings[:, :, 0] = down[:, 1:] * around[:, 0]
    rings[:, :, 1] = down[:, :1]
    rings[:, :, 2] = -(down[:, 1:] * around[:, 1])
    poles = np.array(((0.0, 1.0, 0.0), (0.0, -1.0, 0.0)))
    positions = np.concatenate((poles[:1], rings.reshape(-1, 3), poles[1:])) * sizes.half + 0.0
    numbers = 1 + np.arange((bands - 1) * size).reshape(bands - 1, size)
    quads = [band(lower, upper) for upper, lower in pairwise(numbers)]
    bottom = fan(numbers[-1], len(positions) - 1)[:, (1, 0, 2)]
    corners = np.concatenate([part.reshape(-1) for part in (fan(numbers[0], 0), *quads, bottom)])
    counts = np.full(bands * size, 4)
    counts[:size] = counts[-size:] = 3
    return Polygons(positions, counts, corners)


def torus(sizes: Sizes) -> Polygons:
    """Quads around a circle in the plane y = 0: vertex (i, j) around the axis and the tube is rings i + j."""
    segments, rings = sizes.segments, sizes.rings
    middle = sizes.half / (1.0 + sizes.tube)
    tube = sizes.tube * middle
    around, section = circle(segments), circle(rings)
    radius = middle + tube * section[:, 0]
    positions = np.empty((segments, rings, 3))
    positions[:, :, 0] = around[:, :1] * radius
    positions[:, :, 1] = tube * section[:, 1]
    positions[:, :, 2] = -(around[:, 1:] * radius)
    numbers = np.arange(segments * rings).reshape(segments, rings)
    beside = np.roll(numbers, -1, axis=0)
    corners = np.stack((numbers, beside, np.roll(beside, -1, axis=1), np.roll(numbers, -1, axis=1)), axis=2)
    return Polygons(positions.reshape(-1, 3) + 0.0, np.full(numbers.size, 4), corners.reshape(-1))


def icosphere(sizes: Sizes) -> Polygons:
    """The icosahedron, each triangle split into four as often as `levels` says, every vertex on the sphere."""
    positions, faces = _on_unit_sphere(np.array(ICOSAHEDRON)), np.array(ICOSAHEDRON_FACES)
    for _ in range(sizes.levels):
        positions, faces = _split_triangles(positions, faces)
    return Polygons(positions * sizes.half + 0.0, np.full(len(faces), 3), faces.reshape(-1))


def _split_triangles(positions: NDArray[np.float64], faces: Slots) -> tuple[NDArray[np.float64], Slots]:
    """New vertices follow the old in ascending order of their edge's (lower, higher) ends."""
    tails, heads = faces, np.roll(faces, -1, axis=1)
    key = np.minimum(tails, heads) * len(positions) + np.maximum(tails, heads)
    edges, which = np.unique(key, return_inverse=True)
    low, high = np.divmod(edges, len(positions))
    middles = len(positions) + which.reshape(-1, 3)
    points = np.concatenate((positions, _on_unit_sphere(positions[low] + positions[high])))
    (a, b, c), (ab, bc, ca) = faces.T, middles.T
    children = np.stack((a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca), axis=1)
    return points, children.reshape(-1, 3)


def _on_unit_sphere(points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = points.T
    on_sphere: NDArray[np.float64] = points / np.sqrt(x * x + y * y + z * z)[:, np.newaxis]
    return on_sphere
