"""Shapes in the plane y = 0, facing +y: spec/mesh.md, MESH-70."""

import numpy as np

from theta.mesh.polygon_asset import Polygons
from theta.mesh.shapes.circle import circle
from theta.mesh.shapes.parameters import Sizes


def grid(sizes: Sizes) -> Polygons:
    """Quads in rows: vertex (i, j) along x and z is i + (segments + 1) j."""
    columns, rows = sizes.segments, sizes.rings
    x = sizes.half * ((2 * np.arange(columns + 1) - columns) / columns)
    z = sizes.half * ((2 * np.arange(rows + 1) - rows) / rows)
    positions = np.zeros((rows + 1, columns + 1, 3))
    positions[:, :, 0] = x
    positions[:, :, 2] = z[:, np.newaxis]
    wide = columns + 1
    first = (np.arange(rows)[:, np.newaxis] * wide + np.arange(columns)).reshape(-1)
    corners = np.stack((first, first + wide, first + wide + 1, first + 1), axis=1)
    return Polygons(positions.reshape(-1, 3), np.full(len(corners), 4), corners.reshape(-1))


def ngon(sizes: Sizes) -> Polygons:
    """One face; its corners go round the circle anticlockwise seen from +y."""
    return Polygons(
        level_circle(sizes.segments, sizes.half, 0.0), np.array([sizes.segments]), np.arange(sizes.segments)
    )


def level_circle(segments: int, radius: float, y: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points around the y axis, anticlockwise seen from +y, the first toward +x: (segments, 3) metres."""
    around = circle(segments)
    height = np.full(segments, y)
    return np.stack((around[:, 0] * radius, height, -(around[:, 1] * radius)), axis=1) + 0.0
