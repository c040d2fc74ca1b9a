"""Shapes with a flat n-gon under them, around the y axis: spec/mesh.md, MESH-67."""

import numpy as np

from theta.mesh.orbits import Slots
from theta.mesh.polygon_asset import Polygons
from theta.mesh.shapes.flat import level_circle
from theta.mesh.shapes.parameters import Sizes


def cylinder(sizes: Sizes) -> Polygons:
    """The bottom's corners, the top's; faces: the sides, the bottom, the top."""
    size, half = sizes.segments, sizes.half
    positions = np.concatenate((level_circle(size, half, -half), level_circle(size, half, half)))
    around = np.arange(size)
    corners = np.concatenate((band(around, around + size).reshape(-1), around[::-1], around + size))
    return Polygons(positions, np.append(np.full(size, 4), (size, size)), corners)


def cone(sizes: Sizes) -> Polygons:
    """The bottom's corners, the apex; faces: the sides, the bottom."""
    size, half = sizes.segments, sizes.half
    positions = np.concatenate((level_circle(size, half, -half), ((0.0, half, 0.0),)))
    around = np.arange(size)
    corners = np.concatenate((fan(around, size).reshape(-1), around[::-1]))
    return Polygons(positions, np.append(np.full(size, 3), size), corners)


def band(lower: Slots, upper: Slots) -> Slots:
    """Quads (n, 4) between two rings of n vertices each, both anticlockwise seen from the upper one's side."""
    return np.stack((lower, np.roll(lower, -1), np.roll(upper, -1), upper), axis=1)


def fan(ring: Slots, apex: int) -> Slots:
    """Triangles (n, 3) between a ring of n vertices, anticlockwise seen from the apex, and the apex."""
    return np.stack((ring, np.roll(ring, -1), np.full(len(ring), apex)), axis=1)
