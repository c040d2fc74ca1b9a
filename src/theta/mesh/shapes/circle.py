"""Points of the unit circle from + - * / and square roots alone: spec/mesh.md, MESH-66.

NumPy's sine and cosine give other bits on other processors. Here an angle is a whole number of equal parts of a turn,
brought into the first eighth of a turn by exact whole numbers, so that the points are exactly as symmetric as the
angles, and within 4 ulp of the true ones.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

EIGHTH_RADIANS = 0.7853981633974483
TERMS = 8


def turned(parts: ArrayLike, whole: ArrayLike) -> Points:
    """Cosines and sines of `parts` of `whole` equal parts of a turn: (n, 2) float64, without negative zeros.

    Args:
        parts: whole numbers from 0 on, (n,) or one.
        whole: whole numbers from 1 to 2^59, (n,) or one.
    """
    k, n = np.broadcast_arrays(np.atleast_1d(np.asarray(parts, np.int64)), np.asarray(whole, np.int64))
    eighth, rest = np.divmod(8 * (k % n), n)
    from_axis = np.where(eighth & 1, n - rest, rest)
    cosine, sine = _first_eighth(from_axis / n)
    swapped = ((eighth + 1) & 2) != 0
    x, y = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    points = np.stack((np.where((eighth + 2) & 4, -x, x), np.where(eighth & 4, -y, y)), axis=1)
    return points + 0.0


def circle(count: int) -> Points:
    """`count` points around the unit circle from (1, 0), at equal angles: (count, 2)."""
    return turned(np.arange(count), count)


def _first_eighth(fraction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine of a fraction 0 … 1 of an eighth turn, by the nested Taylor series."""
    angle = fraction * EIGHTH_RADIANS
    square = angle * angle
    cosine, ratio = np.ones_like(angle), np.ones_like(angle)
    for term in range(TERMS, 0, -1):
        cosine = 1.0 - square * cosine / float((2 * term - 1) * (2 * term))
        ratio = 1.0 - square * ratio / float(2 * term * (2 * term + 1))
    diagonal = fraction == 1.0
    root = np.sqrt(0.5)
    return np.where(diagonal, root, cosine), np.where(diagonal, root, angle * ratio)
