"""Points of the circle without sines: the same bits everywhere, near the true ones, exactly symmetric."""

import math

import numpy as np
import pytest

from theta.base.identifiers import blake2b_128
from theta.mesh.shapes import circle, turned


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 12, 31, 32, 96, 255, 256, 1_000, 4_099])
def test_mesh_66_points_are_within_a_few_ulp(count: int) -> None:
    points = circle(count)
    assert points.shape == (count, 2)
    for part, (x, y) in enumerate(points.tolist()):
        angle = 2.0 * math.pi * part / count
        # The angle's own rounding, of up to 2π, is most of the difference.
        assert x == pytest.approx(math.cos(angle), abs=1.5e-15)
        assert y == pytest.approx(math.sin(angle), abs=1.5e-15)
        assert abs(x * x + y * y - 1.0) < 8e-16


def test_mesh_66_small_angles_keep_their_relative_precision() -> None:
    for whole in (2**20, 2**40, 2**59):
        x, y = turned(1, whole)[0].tolist()
        assert y == pytest.approx(2.0 * math.pi / whole, rel=2e-12)
        assert y == pytest.approx(math.sin(2.0 * math.pi / whole), rel=1e-15)
        assert x == pytest.approx(1.0, abs=1e-10)


def test_mesh_66_axes_and_diagonals_are_exact() -> None:
    root = math.sqrt(0.5)
    eight = [(1, 0), (root, root), (0, 1), (-root, root), (-1, 0), (-root, -root), (0, -1), (root, -root)]
    assert circle(8).tolist() == [[float(x), float(y)] for x, y in eight]
    assert circle(2).tolist() == [[1.0, 0.0], [-1.0, 0.0]]
    assert not np.signbit(circle(8)[[0, 2, 4, 6]][:, ::-1].diagonal()).any()


@pytest.mark.parametrize("count", [3, 5, 8, 12, 36, 100, 256])
def test_mesh_66_a_circle_is_exactly_symmetric(count: int) -> None:
    points = {tuple(point) for point in circle(count).tolist()}
    assert {(x, -y + 0.0) for x, y in points} == points
    if count % 2 == 0:
        assert {(-x + 0.0, -y + 0.0) for x, y in points} == points
    if count % 4 == 0:
        assert {(y, x) for x, y in points} == points


def test_mesh_66_a_part_of_a_turn_depends_on_the_fraction_alone() -> None:
    assert turned([1, 2, 5, 13], [12, 24, 60, 12]).tolist() == turned([1, 1, 1, 1], 12).tolist()
    assert turned([], 5).shape == (0, 2)


def test_mesh_66_points_keep_their_bits_for_ever() -> None:
    every = b"".join(circle(count).astype("<f8").tobytes() for count in range(1, 257))
    assert blake2b_128("test", every).hex() == "de701ce9d8f5fcc1ee8e6bccece809d6"
    assert circle(7)[1].tolist() == [0.6234898018587335, 0.7818314824680298]


def plainly(part: int, whole: int) -> tuple[float, float]:
    """MESH-66 as it is written."""
    octant, rest = divmod(8 * part, whole)
    rest = whole - rest if octant % 2 else rest
    angle = rest / whole * 0.7853981633974483
    square = angle * angle
    x = y = 1.0
    for i in range(8, 0, -1):
        x = 1.0 - square * x / ((2 * i - 1) * 2 * i)
        y = 1.0 - square * y / (2 * i * (2 * i + 1))
    y *= angle
    if rest == whole:
        x = y = math.sqrt(0.5)
    if octant in (1, 2, 5, 6):
        x, y = y, x
    return (-x if octant in (2, 3, 4, 5) else x) + 0.0, (-y if octant >= 4 else y) + 0.0


@pytest.mark.parametrize("count", [1, 2, 3, 8, 11, 64, 97, 256])
def test_mesh_66_points_are_those_of_the_rule_bit_for_bit(count: int) -> None:
    assert circle(count).tobytes() == np.array([plainly(part, count) for part in range(count)]).tobytes()
