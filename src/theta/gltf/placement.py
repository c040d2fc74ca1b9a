"""Where a node of glTF stands, as a move, a turn and scale factors, and what of it has to go into the points.

A matrix here is 12 floats, column by column: three axes and the translation, of the upper three rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX, SCALE_FACTOR_MAX, SCALE_FACTOR_MIN
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Matrix = tuple[float, ...]

NO_MOVE: Vector3 = (0.0, 0.0, 0.0)
NO_TURN: Quaternion = (0.0, 0.0, 0.0, 1.0)
NO_SCALE: Vector3 = (1.0, 1.0, 1.0)
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
# Axes nearer to right angles than this turn and stretch, and do not shear.
RIGHT_ANGLE_COSINE_MAX = 1.0e-6
UNIT_LENGTH_DIFFERENCE_MAX = 1.0e-6


@dataclass(frozen=True, slots=True)
class Placement:
    """A place in the world.

    Attributes:
        translation: metres.
        rotation: unit quaternion x, y, z, w.
        scale: factors, each within SCALE_FACTOR_MIN … SCALE_FACTOR_MAX.
        stretch: what to do to the points first, 9 numbers column by column; None for nothing.
        mirrors: the stretch turns the outside in, so that faces must run the other way round.
    """

    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    stretch: tuple[float, ...] | None = None
    mirrors: bool = False

    def stretched(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points (n, 3) after the stretch, without negative zeros."""
        if self.stretch is None:
            return positions
        m = self.stretch
        x, y, z = positions.T
        rows = (m[row] * x + m[row + 3] * y + m[row + 6] * z for row in range(3))
        return np.stack(tuple(rows), axis=1) + 0.0


def local_matrix(node: Fields) -> Matrix:
    """A node's own matrix.

    Raises:
        GltfError: its numbers are not finite, or its rotation has no length, or its matrix is not affine.
    """
    matrix = node.numbers("matrix", 16)
    if matrix is not None:
        if matrix[3::4] != [0.0, 0.0, 0.0, 1.0]:
            raise GltfError(node.at("matrix"), "must have the last row 0, 0, 0, 1")
        return tuple(matrix[at] for column in range(4) for at in range(4 * column, 4 * column + 3))
    place = own_placement(node)
    x, y, z, w = place.rotation
    u, v, s = place.scale
    return (
        (1.0 - 2.0 * (y * y + z * z)) * u,
        2.0 * (x * y + w * z) * u,
        2.0 * (x * z - w * y) * u,
        2.0 * (x * y - w * z) * v,
        (1.0 - 2.0 * (x * x + z * z)) * v,
        2.0 * (y * z + w * x) * v,
        2.0 * (x * z + w * y) * s,
        2.0 * (y * z - w * x) * s,
        (1.0 - 2.0 * (x * x + y * y)) * s,
        *place.translation,
    )


def own_placement(node: Fields) -> Placement:
    """What a node without a matrix says, its rotation made of unit length; the scale is not checked."""
    x, y, z = node.numbers("translation", 3) or NO_MOVE
    u, v, w = node.numbers("scale", 3) or NO_SCALE
    rotation = unit_quaternion(node.numbers("rotation", 4) or NO_TURN)
    if rotation is None:
        raise GltfError(node.at("rotation"), "has no length")
    return Placement((x, y, z), rotation, (u, v, w))


def unit_quaternion(numbers: Sequence[float], tolerance: float = UNIT_LENGTH_DIFFERENCE_MAX) -> Quaternion | None:
    """A quaternion at unit length: as it is when its square has that but for `tolerance`, None when it has none."""
    x, y, z, w = numbers
    if tolerance and abs(x * x + y * y + z * z + w * w - 1.0) <= tolerance:
        return x, y, z, w
    largest = max(abs(x), abs(y), abs(z), abs(w))
    if largest == 0.0:
        return None
    # Dividing by the largest first keeps the squares inside float64's range.
    x, y, z, w = x / largest, y / largest, z / largest, w / largest
    length = sqrt(x * x + y * y + z * z + w * w)
    return x / length, y / length, z / length, w / length


def rounded_rotation(rotation: Quaternion) -> list[float]:
    """A rotation at unit length, rounded to float32: what most programs keep it in.

    Raises:
        InvalidValue: it has no length.
    """
    unit = unit_quaternion(rotation, 0.0)
    if unit is None:
        raise InvalidValue("rotation", rotation, "of a length other than 0")
    numbers: list[float] = np.array(unit, np.float32).tolist()
    return numbers


def multiplied(outer: Matrix, inner: Matrix) -> Matrix:
    """`outer` after `inner`."""
    product = []
    for column in range(4):
        a, b, c = inner[3 * column : 3 * column + 3]
        for row in range(3):
            move = outer[9 + row] if column == 3 else 0.0
            product.append(outer[row] * a + outer[3 + row] * b + outer[6 + row] * c + move)
    return tuple(product)


def checked(path: str, place: Placement) -> Placement:
    """A placement that the world can hold: scale factors out of its range go into the points.

    Raises:
        GltfError: it is too far away.
    """
    if not all(abs(number) <= COORDINATE_METRES_MAX for number in place.translation):
        raise GltfError(path, f"stands at {place.translation}, but must be within ±{COORDINATE_METRES_MAX:g} metres")
    if place.stretch is not None or all(SCALE_FACTOR_MIN <= factor <= SCALE_FACTOR_MAX for factor in place.scale):
        return place
    u, v, w = place.scale
    stretch = (u, 0.0, 0.0, 0.0, v, 0.0, 0.0, 0.0, w)
    return Placement(place.translation, place.rotation, NO_SCALE, stretch, u * v * w < 0.0)


def placement_of(path: str, matrix: Matrix) -> Placement:
    """A matrix taken apart; one that shears is all stretch and no turn, one that mirrors does so along x.

    Raises:
        GltfError: a number that is not finite, or it is too far away.
    """
    if not all(abs(number) < float("inf") for number in matrix):
        raise GltfError(path, "its place is not finite")
    x, y, z, translation = (_vector(matrix, column) for column in range(4))
    mirrors = _dot(_cross(x, y), z) < 0.0
    lengths = hypot(*x), hypot(*y), hypot(*z)
    if 0.0 in lengths or any(_shears(one, other) for one, other in ((x, y), (y, z), (z, x))):
        return checked(path, Placement(translation, NO_TURN, NO_SCALE, (*x, *y, *z), mirrors))
    u, v, w = lengths
    if mirrors:
        u = -u
    axes = tuple(_divided(axis, length) for axis, length in ((x, u), (y, v), (z, w)))
    return checked(path, Placement(translation, _quaternion(axes), (u, v, w)))


def _vector(matrix: Matrix, column: int) -> Vector3:
    x, y, z = matrix[3 * column : 3 * column + 3]
    return x, y, z


def _divided(vector: Vector3, by: float) -> Vector3:
    return vector[0] / by, vector[1] / by, vector[2] / by


def _shears(one: Vector3, other: Vector3) -> bool:
    cosine = _dot(_divided(one, hypot(*one)), _divided(other, hypot(*other)))
    return not abs(cosine) <= RIGHT_ANGLE_COSINE_MAX


def _quaternion(axes: tuple[Vector3, ...]) -> Quaternion:
    """Of a rotation's columns; the largest part is found first, so that no root is taken of next to nothing."""
    (m00, m10, m20), (m01, m11, m21), (m02, m12, m22) = axes
    squares = (1 + m00 - m11 - m22, 1 - m00 + m11 - m22, 1 - m00 - m11 + m22, 1 + m00 + m11 + m22)
    largest = squares.index(max(squares))
    s = 2.0 * sqrt(squares[largest])
    parts = (
        (s / 4, (m01 + m10) / s, (m02 + m20) / s, (m21 - m12) / s),
        ((m01 + m10) / s, s / 4, (m12 + m21) / s, (m02 - m20) / s),
        ((m02 + m20) / s, (m12 + m21) / s, s / 4, (m10 - m01) / s),
        ((m21 - m12) / s, (m02 - m20) / s, (m10 - m01) / s, s / 4),
    )[largest]
    length = sqrt(sum(part * part for part in parts))
    x, y, z, w = (part / length for part in parts)
    return x, y, z, w


def _cross(one: Vector3, other: Vector3) -> Vector3:
    (a, b, c), (d, e, f) = one, other
    return b * f - c * e, c * d - a * f, a * e - b * d


def _dot(one: Vector3, other: Vector3) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
