"""Normals and triangulation of polygons as plain points, in a written order: spec/mesh.md, MESH-14 and MESH-15.

Replayed arithmetic: float64, elementwise + - * / and sqrt only. The array form adds the same terms in the same
order as the scalar form, so both give the same bits.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import FACE_AREA_SQUARE_METRES_MIN
from theta.mesh.halfedges import Point
from theta.mesh.orbits import Slots, starts_of

Triangle = tuple[int, int, int]
Planar = tuple[float, float]

TWICE_AREA_MIN = 2.0 * FACE_AREA_SQUARE_METRES_MIN


def unit_normal(points: Sequence[Point]) -> Point | None:
    """A polygon's unit normal by Newell's method, relative to its first corner; None if it has no area.

    Sutherland, Sproull, Schumacker, "A Characterization of Ten Hidden-Surface Algorithms", 1974.
    """
    x0, y0, z0 = points[0]
    nx = ny = nz = 0.0
    ax = ay = az = 0.0
    for x, y, z in (*points[1:], points[0]):
        bx, by, bz = x - x0, y - y0, z - z0
        nx += (ay - by) * (az + bz)
        ny += (az - bz) * (ax + bx)
        nz += (ax - bx) * (ay + by)
        ax, ay, az = bx, by, bz
    length = sqrt(nx * nx + ny * ny + nz * nz)
    if not length >= TWICE_AREA_MIN:
        return None
    return nx / length, ny / length, nz / length


def unit_normals(positions: NDArray[np.float64], counts: Slots, corners: Slots) -> NDArray[np.float64]:
    """`unit_normal` of every face, (F, 3); a face without area gets zeros.

    Args:
        positions: (V, 3) metres.
        counts: (F,) corners of each face.
        corners: vertex indices, face by face.
    """
    by_size = np.argsort(-counts, kind="stable")
    counts, begins = counts[by_size], starts_of(counts)[by_size]
    normals = np.zeros((len(counts), 3))
    first = positions[corners[begins]]
    before = np.zeros((len(counts), 3))
    for step in range(1, int(counts[0]) + 1 if len(counts) else 0):
        some = int(np.searchsorted(-counts, -step, side="right"))
        at = np.where(counts[:some] == step, 0, step)
        after = positions[corners[begins[:some] + at]] - first[:some]
        minus, plus = before[:some] - after, before[:some] + after
        normals[:some, 0] += minus[:, 1] * plus[:, 2]
        normals[:some, 1] += minus[:, 2] * plus[:, 0]
        normals[:some, 2] += minus[:, 0] * plus[:, 1]
        before = after
    x, y, z = normals.T
    length = np.sqrt(x * x + y * y + z * z)
    flat = ~(length >= TWICE_AREA_MIN)
    length[flat] = 1.0
    normals[flat] = 0.0
    units = np.empty_like(normals)
    units[by_size] = normals / length[:, np.newaxis]
    return units


def clip_ears(points: Sequence[Point], normal: Point) -> list[Triangle]:
    """Triangulate a simple polygon: n-2 triangles of corner numbers, by clipping the first ear again and again.

    A polygon that crosses itself is clipped too, at its first corner where no ear is left.

    Args:
        points: the corners, anticlockwise seen against `normal`.
        normal: not zero.

    Meisters, "Polygons Have Ears", 1975.
    """
    flat = _projected(points, normal)
    left = list(range(len(points)))
    triangles: list[Triangle] = []
    while len(left) > 3:
        at = _first_ear(flat, left)
        triangles.append((left[at - 1], left[at], left[(at + 1) % len(left)]))
        del left[at]
    triangles.append((left[0], left[1], left[2]))
    return triangles


def _projected(points: Sequence[Point], normal: Point) -> list[Planar]:
    """Drop the axis along which the normal is longest, keeping the turn."""
    x, y, z = abs(normal[0]), abs(normal[1]), abs(normal[2])
    longest = 0 if x >= y and x >= z else 1 if y >= z else 2
    one, other = (longest + 1) % 3, (longest + 2) % 3
    if normal[longest] < 0.0:
        one, other = other, one
    return [(point[one], point[other]) for point in points]


def _first_ear(flat: list[Planar], left: list[int]) -> int:
    size = len(left)
    turns = [_turn(flat[left[at - 1]], flat[left[at]], flat[left[(at + 1) % size]]) for at in range(size)]
    reflex = [at for at in range(size) if turns[at] <= 0.0]
    for at in range(size):
        if turns[at] > 0.0:
            before, after = (at - 1) % size, (at + 1) % size
            ear = (flat[left[before]], flat[left[at]], flat[left[after]])
            others = (flat[left[other]] for other in reflex if other not in (before, after))
            if not any(_inside(ear, point) for point in others):
                return at
    return 0


def _turn(a: Planar, b: Planar, c: Planar) -> float:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])


def _inside(ear: tuple[Planar, Planar, Planar], point: Planar) -> bool:
    """Inside or on the border of an anticlockwise triangle."""
    a, b, c = ear
    return _turn(a, b, point) >= 0.0 and _turn(b, c, point) >= 0.0 and _turn(c, a, point) >= 0.0
