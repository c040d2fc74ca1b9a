"""A ray against triangles, edges and boxes, many at once.

Triangles after Woop, Benthin and Wald, "Watertight Ray/Triangle Intersection", JCGT 2013: space is sheared so that the
ray runs along an axis, and the signs of three areas in the plane across it decide. Two triangles with a common side
compute the same area for it, so that no ray slips through between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.mesh.build import checked_positions

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """Half a line.

    Attributes:
        origin: (3,) metres.
        direction: (3,) of length 1.
        axes: the two axes across, in the turn that keeps orientation, and the one along which it mostly runs.
        shear: how far it goes along each axis across for each metre along the main one, between -1 and 1.
    """

    origin: Numbers
    direction: Numbers
    axes: tuple[int, int, int]
    shear: tuple[float, float]

    def meets(self, boxes: Numbers, radius: float, slack: float) -> NDArray[np.bool_]:
        """Which boxes may come within a radius of the ray: all that do, and some that don't.

        Args:
            boxes: (6, n), centres and half sizes; very negative half sizes are never met.
            radius: metres.
            slack: metres by which boxes are taken larger.
        """
        one, other, main = self.axes
        depth = boxes[main] - self.origin[main]
        reach = boxes[3 + main]
        met: NDArray[np.bool_]
        met = depth <= reach + (slack + radius) if self.direction[main] < 0.0 else depth >= -reach - (slack + radius)
        for axis, shear in zip((one, other), self.shear, strict=True):
            beside = np.abs(boxes[axis] - self.origin[axis] - shear * depth)
            margin = slack + radius * sqrt(1.0 + shear * shear)
            met &= beside <= boxes[3 + axis] + abs(shear) * reach + margin
        return met

    def crossings(self, a: Numbers, b: Numbers, c: Numbers) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """Where the ray goes through triangles (n, 3) each.

        Returns:
            Metres along the ray, inf where it misses; the corners' weights (n, 3) there; and whether the ray comes
            from outside, where the corners are anticlockwise.
        """
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (self._sheared(points) for points in (a, b, c))
        u, v, w = cx * by - cy * bx, ax * cy - ay * cx, bx * ay - by * ax
        inside = ((u >= 0.0) & (v >= 0.0) & (w >= 0.0)) | ((u <= 0.0) & (v <= 0.0) & (w <= 0.0))
        whole = u + v + w
        inside &= whole != 0.0
        whole[~inside] = 1.0
        weights = np.stack((u / whole, v / whole, w / whole), axis=1)
        along = weights[:, 0] * az + weights[:, 1] * bz + weights[:, 2] * cz
        along /= self.direction[self.axes[2]]
        along[~(inside & (along >= 0.0))] = np.inf
        return along, weights, whole > 0.0

    def nearest_on_segments(self, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Where the ray and segments from `a` to `b`, (n, 3) each, come nearest to each other.

        Returns:
            Metres between them, metres along the ray, and parameters 0 … 1 on the segments.

        Ericson, Real-Time Collision Detection, 2005, 5.1.9, with one end of the first segment at infinity.
        """
        along_segment = b - a
        from_origin = a - self.origin
        e = squared(along_segment)
        f = along_ray(self.direction, along_segment)
        g = along_ray(self.direction, from_origin)
        h = dotted(along_segment, from_origin)
        # The lines' nearest points: parameter s on the segment, at most a whole one; parallel lines take s = 0.
        across = e - f * f
        slanted = across > 1e-14 * e
        s = np.where(slanted, np.clip((f * g - h) / np.where(slanted, across, 1.0), 0.0, 1.0), 0.0)
        along = g + f * s
        # Behind the ray's beginning, the nearest point to that counts instead.
        behind = along < 0.0
        s = np.where(behind, np.clip(-h / np.where(e > 0.0, e, 1.0), 0.0, 1.0), s)
        along = np.where(behind, 0.0, along)
        gap = point_on_segments(a, b, s) - (self.origin + self.direction * along[:, np.newaxis])
        return np.sqrt(squared(gap)), along, s

    def nearest_to_points(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """How many metres points (n, 3) are from the ray, and metres along it to where they are nearest."""
        along = np.maximum(along_ray(self.direction, points - self.origin), 0.0)
        gap = points - (self.origin + self.direction * along[:, np.newaxis])
        return np.sqrt(squared(gap)), along

    def _sheared(self, points: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        one, other, main = self.axes
        depth = points[:, main] - self.origin[main]
        across = points[:, one] - self.origin[one] - self.shear[0] * depth
        return across, points[:, other] - self.origin[other] - self.shear[1] * depth, depth


def ray_from(origin: ArrayLike, direction: ArrayLike) -> Ray:
    """The ray from an origin in metres in a direction of any length.

    Raises:
        InvalidValue: not three numbers each, within the limits of a coordinate, or a direction of all zeros.
    """
    start = checked_point(origin, "origin")
    heading = checked_point(direction, "direction")
    longest = float(np.abs(heading).max())
    if longest == 0.0:
        raise InvalidValue("direction", heading.tolist(), "three numbers, not all zero")
    heading /= longest
    x, y, z = heading.tolist()
    heading /= sqrt(x * x + y * y + z * z)
    main = int(np.argmax(np.abs(heading)))
    one, other = (main + 1) % 3, (main + 2) % 3
    if heading[main] < 0.0:
        one, other = other, one
    shear = (float(heading[one] / heading[main]), float(heading[other] / heading[main]))
    return Ray(start, heading, (one, other, main), shear)


def checked_point(point: ArrayLike, field: str) -> Numbers:
    """Three coordinates as a new (3,) array.

    Raises:
        InvalidValue: anything else, or a coordinate out of its limits; names the field.
    """
    coordinates = np.asarray(point, dtype=object)
    if coordinates.shape != (3,):
        raise InvalidValue(field, point, "three numbers")
    row: Numbers = checked_positions([coordinates.tolist()], field)[0]
    return row


def checked_radius(radius: float) -> float:
    """A distance in metres, which may be infinite.

    Raises:
        InvalidValue: it is negative or no number.
    """
    if not radius >= 0.0:
        raise InvalidValue("radius", radius, "at least 0 metres")
    return float(radius)


def squared(vectors: Numbers) -> Numbers:
    """The squared lengths of vectors (n, 3)."""
    return dotted(vectors, vectors)


def dotted(one: Numbers, other: Numbers) -> Numbers:
    """The products of coordinates of vectors (n, 3), x first, added from the left."""
    products: Numbers = one[:, 0] * other[:, 0] + one[:, 1] * other[:, 1] + one[:, 2] * other[:, 2]
    return products


def along_ray(direction: Sequence[float] | Numbers, vectors: Numbers) -> Numbers:
    """How far vectors (n, 3) go in a direction (3,) of length 1."""
    x, y, z = direction
    lengths: Numbers = vectors[:, 0] * x + vectors[:, 1] * y + vectors[:, 2] * z
    return lengths


def point_on_segments(a: Numbers, b: Numbers, parameters: Numbers) -> Numbers:
    """Points (n, 3) between `a` and `b`, each exactly at its end where the parameter is 0 or 1."""
    part = parameters[:, np.newaxis]
    points: Numbers = np.where(part == 1.0, b, a + (b - a) * part)
    return points
