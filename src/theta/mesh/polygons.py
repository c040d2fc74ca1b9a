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
from theta.mesh.orbits import FEW, Slots, starts_of

Triangle = tuple[int, int, int]
Planar = tuple[float, float]

TWICE_AREA_MIN = 2.0 * FACE_AREA_SQUARE_METRES_MIN


def unit_normal(points: Sequence[Point]) -> Point | None:
    """A polygon's unit normal by Newell's method, relative to its first corner; None if it has no area.

    Sutherland, Sproull, Schumacker, "A Characterization of Ten Hidden-Surface Algorithms", 1974.
    """
    nx, ny, nz = area_vector(points)
    length = sqrt(nx * nx + ny * ny + nz * nz)
    if not length >= TWICE_AREA_MIN:
        return None
    return nx / length, ny / length, nz / length


def area_vector(points: Sequence[Point]) -> Point:
    """A polygon's normal before it is divided by its length, which is twice the polygon's area in square metres."""
    x0, y0, z0 = points[0]
    nx = ny = nz = 0.0
    ax = ay = az = 0.0
    for x, y, z in (*points[1:], points[0]):
        bx, by, bz = x - x0, y - y0, z - z0
        nx += (ay - by) * (az + bz)
        ny += (az - bz) * (ax + bx)
        nz += (ax - bx) * (ay + by)
        ax, ay, az = bx, by, bz
    return nx, ny, nz


def unit_normals(positions: NDArray[np.float64], counts: Slots, corners: Slots) -> NDArray[np.float64]:
    """`unit_normal` of every face, (F, 3); a face without area gets zeros.

    Args:
        positions: (V, 3) metres.
        counts: (F,) corners of each face.
        corners: vertex indices, face by face.
    """
    normals = area_vectors(positions, counts, corners)
    x, y, z = normals.T
    length = np.sqrt(x * x + y * y + z * z)
    flat = ~(length >= TWICE_AREA_MIN)
    length[flat] = 1.0
    normals[flat] = 0.0
    normals /= length[:, np.newaxis]
    return normals


def area_vectors(positions: NDArray[np.float64], counts: Slots, corners: Slots) -> NDArray[np.float64]:
    """`area_vector` of every face, (F, 3), with the same bits; see `unit_normals`."""
    by_size = np.argsort(-counts, kind="stable")
    counts, begins = counts[by_size], starts_of(counts)[by_size]
    axes = [np.ascontiguousarray(positions[:, axis]) for axis in range(3)]
    first = [axis[corners[begins]] for axis in axes]
    before = [np.zeros(len(counts)) for _ in axes]
    sums = np.zeros((3, len(counts)))
    some = len(counts)
    step = 1
    while some > FEW:
        at = corners[begins[:some] + np.where(counts[:some] == step, 0, step)]
        after = [axis[at] - start[:some] for axis, start in zip(axes, first, strict=True)]
        x, y, z = (one[:some] - other for one, other in zip(before, after, strict=True))
        u, v, w = (one[:some] + other for one, other in zip(before, after, strict=True))
        sums[0, :some] += y * w
        sums[1, :some] += z * u
        sums[2, :some] += x * v
        before = after
        step += 1
        some = int(np.searchsorted(-counts, -step, side="right"))
    for face, begin, count in zip(range(some), begins[:some].tolist(), counts[:some].tolist(), strict=True):
        sums[:, face] = area_vector(positions[corners[begin : begin + count]].tolist())
    vectors = np.empty((len(counts), 3))
    vectors[by_size] = sums.T
    return vectors


def triangulate_loops(
    positions: NDArray[np.float64], counts: Slots, corners: Slots, normals: NDArray[np.float64]
) -> Slots:
    """Every face as n-2 triangles of vertex indices, (T, 3), face by face: a fan, or ears where that fails (MESH-15).

    Args:
        positions: (V, 3) metres.
        counts: (F,) corners of each face.
        corners: vertex indices, face by face, each face from its lowest vertex id.
        normals: what `unit_normals` gives.
    """
    fans = counts - 2
    begins = starts_of(counts)
    if len(counts) <= FEW:
        return _triangulate_few(positions[corners], begins.tolist(), counts.tolist(), corners, normals)
    faces = np.repeat(np.arange(len(counts)), fans)
    step = np.arange(len(faces)) - np.repeat(starts_of(fans), fans) + 1
    apexes = begins[faces]
    triangles = np.stack((corners[apexes], corners[apexes + step], corners[apexes + step + 1]), axis=1)
    for face in _not_covered(positions, triangles, faces, normals).tolist():
        loop = corners[begins[face] : begins[face] + counts[face]]
        points = [(x, y, z) for x, y, z in positions[loop].tolist()]
        x, y, z = normals[face].tolist()
        first = int(begins[face]) - 2 * face
        triangles[first : first + int(fans[face])] = loop[np.array(clip_ears(points, (x, y, z)))]
    return triangles


def triangulate_polygon(points: Sequence[Point], normal: Point | None) -> list[Triangle]:
    """One polygon as n-2 triangles of corner numbers: a fan, or ears where that fails (MESH-15).

    Args:
        points: the corners, anticlockwise seen against `normal`, from the lowest vertex id.
        normal: what `unit_normal` gives.
    """
    if normal is not None and not _is_covered(points, normal):
        return clip_ears(points, normal)
    return [(0, at, at + 1) for at in range(1, len(points) - 1)]


def _is_covered(points: Sequence[Point], normal: Point) -> bool:
    """Whether every triangle of the fan turns as the normal says: `_not_covered` for one polygon."""
    x0, y0, z0 = points[0]
    x, y, z = points[1]
    x, y, z = x - x0, y - y0, z - z0
    for px, py, pz in points[2:]:
        u, v, w = px - x0, py - y0, pz - z0
        if (y * w - z * v) * normal[0] + (z * u - x * w) * normal[1] + (x * v - y * u) * normal[2] <= 0.0:
            return False
        x, y, z = u, v, w
    return True


def _triangulate_few(
    points: NDArray[np.float64], begins: list[int], counts: list[int], corners: Slots, normals: NDArray[np.float64]
) -> Slots:
    """`triangulate_loops` face by face, with the corners' `points`."""
    triangles: list[Triangle] = []
    for begin, count, (x, y, z) in zip(begins, counts, normals.tolist(), strict=True):
        normal = (x, y, z) if x or y or z else None
        found = triangulate_polygon(points[begin : begin + count].tolist(), normal)
        triangles += [(begin + a, begin + b, begin + c) for a, b, c in found]
    return corners[np.array(triangles, np.int64).reshape(-1, 3)]


def _not_covered(positions: NDArray[np.float64], triangles: Slots, faces: Slots, normals: NDArray[np.float64]) -> Slots:
    """The faces with a normal of which some fan triangle is empty or turns the other way."""
    apex = positions[triangles[:, 0]]
    x, y, z = (positions[triangles[:, 1]] - apex).T
    u, v, w = (positions[triangles[:, 2]] - apex).T
    normal = normals[faces]
    turn = (y * w - z * v) * normal[:, 0] + (z * u - x * w) * normal[:, 1] + (x * v - y * u) * normal[:, 2]
    return np.unique(faces[(turn <= 0.0) & normal.any(axis=1)])


def centroid(points: Sequence[Point]) -> Point:
    """The points added in order, then divided by their number, metres (MESH-14)."""
    x, y, z = points[0]
    for point in points[1:]:
        x += point[0]
        y += point[1]
        z += point[2]
    count = float(len(points))
    return x / count, y / count, z / count


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
    turns = [_turn_at(flat, left, at) for at in left]
    triangles: list[Triangle] = []
    while len(left) > 3:
        at = _first_ear(flat, left, turns)
        triangles.append((left[at - 1], left[at], left[(at + 1) % len(left)]))
        del left[at], turns[at]
        for near in ((at - 1) % len(left), at % len(left)):
            turns[near] = _turn_at(flat, left, near)
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


def _turn_at(flat: list[Planar], left: list[int], at: int) -> float:
    return _turn(flat[left[at - 1]], flat[left[at]], flat[left[(at + 1) % len(left)]])


def _first_ear(flat: list[Planar], left: list[int], turns: list[float]) -> int:
    size = len(left)
    reflex = [at for at, turn in enumerate(turns) if turn <= 0.0]
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
