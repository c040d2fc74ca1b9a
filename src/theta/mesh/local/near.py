"""Points near each other, found by a grid of cubes: spec/mesh.md, MESH-57.

What is found depends on distances alone; the grid only spares comparisons. A point has at most a few takers in the
cubes around it, since takers are farther apart than the distance.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import WELD_CELL_METRES_MIN, WELD_CROWDED_MAX

# A cube is wider than the distance, so that rounding never puts two points that are near two cubes apart.
_CELL_DISTANCES = 1.25
# Odd numbers without a pattern: a cube's key is their sum of products with its place, modulo 2^64. It only sorts out
# points that are alone: whoever picks points so that all cubes have one key must not make them all compared.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MASK = 2**64 - 1

Cube = tuple[int, int, int]

# From a cube to itself and the 26 beside it.
_AROUND: tuple[Cube, ...] = tuple((i, j, k) for i, j, k in product((-1, 0, 1), repeat=3))


def near_groups(points: NDArray[np.float64], distance: float) -> dict[int, int]:
    """Which points are taken by which: in order, each point that is not taken takes all later ones that are near.

    Args:
        points: (n, 3) metres, without negative zeros.
        distance: metres, at least 0: near is a squared distance xx + yy + zz of at most its square; for less than
            WELD_CELL_METRES_MIN, what is at the same place.

    Returns:
        The taken point's index to the taker's.

    Raises:
        InvalidValue: more than WELD_CROWDED_MAX points have others in their cube or beside it.
    """
    if not len(points):
        return {}
    cubes = np.floor(points / (max(distance, WELD_CELL_METRES_MIN) * _CELL_DISTANCES)).astype(np.int64)
    crowded = np.flatnonzero(_crowded(_keys(cubes))).tolist()
    if distance >= WELD_CELL_METRES_MIN and len(crowded) > WELD_CROWDED_MAX:
        most = f"so small that at most {WELD_CROWDED_MAX} vertices have others about so near, not {len(crowded)}"
        raise InvalidValue("distance", distance, most)
    cube_of: dict[int, Cube] = {
        point: (i, j, k) for point, (i, j, k) in zip(crowded, cubes[crowded].tolist(), strict=True)
    }
    place = dict(zip(crowded, points[crowded].tolist(), strict=True))
    if distance < WELD_CELL_METRES_MIN:
        return _at_one_place(place)
    left: dict[Cube, list[int]] = {}
    for point, cube in cube_of.items():
        left.setdefault(cube, []).append(point)
    limit = distance * distance
    taken: dict[int, int] = {}
    for point, (i, j, k) in cube_of.items():
        if point in taken:
            continue
        x, y, z = place[point]
        for di, dj, dk in _AROUND:
            cell = left.get((i + di, j + dj, k + dk))
            if cell:
                rest: list[int] = []
                for other in cell:
                    if other <= point:
                        continue
                    ax, ay, az = place[other]
                    dx, dy, dz = ax - x, ay - y, az - z
                    if dx * dx + dy * dy + dz * dz <= limit:
                        taken[other] = point
                    else:
                        rest.append(other)
                cell[:] = rest
    return taken


def _at_one_place(place: dict[int, list[float]]) -> dict[int, int]:
    """Cubes cannot be this small, and without them whoever crowds points would have them all compared."""
    first: dict[tuple[float, ...], int] = {}
    takers = {point: first.setdefault(tuple(where), point) for point, where in place.items()}
    return {point: taker for point, taker in takers.items() if taker != point}


def _keys(cubes: NDArray[np.int64]) -> NDArray[np.uint64]:
    x, y, z = (cubes[:, axis].astype(np.uint64) * np.uint64(factor) for axis, factor in enumerate(_FACTORS))
    keys: NDArray[np.uint64] = x + y + z
    return keys


def _crowded(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which points have another one in their cube or in one beside it; some others too."""
    cells, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    crowded = counts > 1
    # The first 13 of the 27; the others are these seen from the other cube.
    for i, j, k in _AROUND[:13]:
        wanted = cells + np.uint64((i * _FACTORS[0] + j * _FACTORS[1] + k * _FACTORS[2]) & _MASK)
        at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
        found = cells[at] == wanted
        crowded[found] = True
        crowded[at[found]] = True
    near: NDArray[np.bool_] = crowded[number.reshape(-1)]
    return near
