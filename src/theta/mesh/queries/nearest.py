"""The nearest points of segments and triangles to a point, many at once.

After Ericson, Real-Time Collision Detection, 2005, 5.1.2 and 5.1.5, but without dividing by what may be zero: a
triangle without area is its sides.
"""

import numpy as np
from numpy.typing import NDArray

from theta.mesh.queries.rays import dotted, point_on_segments, squared

Numbers = NDArray[np.float64]


def nearest_on_segments(point: Numbers, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """How many metres segments from `a` to `b`, (n, 3) each, are from a point, and at which parameters 0 … 1."""
    along = b - a
    size = squared(along)
    parameters = np.clip(dotted(point - a, along) / np.where(size > 0.0, size, 1.0), 0.0, 1.0)
    return np.sqrt(squared(point_on_segments(a, b, parameters) - point)), parameters


def nearest_on_triangles(point: Numbers, a: Numbers, b: Numbers, c: Numbers) -> tuple[Numbers, Numbers]:
    """How many metres triangles, corners (n, 3) each, are from a point, and the corners' weights (n, 3) there."""
    distance, weights = _nearest_on_sides(point, a, b, c)
    one, other, offset = b - a, c - a, point - a
    aa, ab, bb = squared(one), dotted(one, other), squared(other)
    p, q = dotted(offset, one), dotted(offset, other)
    whole = aa * bb - ab * ab
    v, w = bb * p - ab * q, aa * q - ab * p
    above = (v >= 0.0) & (w >= 0.0) & (v + w <= whole) & (whole > 0.0)
    whole[~above] = 1.0
    v, w = v / whole, w / whole
    inner = np.stack((1.0 - v - w, v, w), axis=1)
    # Beside a thin triangle, rounding may put the foot farther away than a side is.
    gap = np.sqrt(squared(weighted(a, b, c, inner) - point))
    better = above & (gap < distance)
    return np.where(better, gap, distance), np.where(better[:, np.newaxis], inner, weights)


def weighted(a: Numbers, b: Numbers, c: Numbers, weights: Numbers) -> Numbers:
    """Points of triangles, (n, 3), by the weights (n, 3) of their corners."""
    points: Numbers = a * weights[:, :1] + b * weights[:, 1:2] + c * weights[:, 2:]
    return points


def _nearest_on_sides(point: Numbers, a: Numbers, b: Numbers, c: Numbers) -> tuple[Numbers, Numbers]:
    distance, s = nearest_on_segments(point, a, b)
    weights = np.stack((1.0 - s, s, np.zeros_like(s)), axis=1)
    for start, end, corner in ((b, c, 1), (c, a, 2)):
        other, s = nearest_on_segments(point, start, end)
        better = other < distance
        distance = np.where(better, other, distance)
        of_side = np.zeros_like(weights)
        of_side[:, corner], of_side[:, (corner + 1) % 3] = 1.0 - s, s
        weights = np.where(better[:, np.newaxis], of_side, weights)
    return distance, weights
