"""Poses: people look where they work, keep their hands by them, and walk without jumps."""

from itertools import pairwise
from math import dist, hypot

import pytest

from theta.base.identifiers import ZERO_ID
from theta.cli.demo.motion import Doing, Drag, Floor, Stance, along, between, direction, ease, facing, pose, walk
from theta.editor.vocabulary import Quaternion, Vector3
from theta.replication.presence import HEAD_VALID, LEFT_VALID, RAY_VALID, RIGHT_VALID, check_presence

TARGETS: list[Vector3] = [(2, 1, -3), (-2, 0, 1), (0.3, 3, 4), (-1, 1.5, -1), (0, 0, 0)]
HERE = Stance((0.5, 0.5), (2.0, 1.0, -3.0))


def ahead(rotation: Quaternion) -> Vector3:
    """Where -z goes."""
    x, y, z, w = rotation
    return (-2 * (x * z + w * y), -2 * (y * z - w * x), -(1 - 2 * (x * x + y * y)))


@pytest.mark.parametrize("target", TARGETS)
def test_heads_look_at_what_they_do(target: Vector3) -> None:
    head = (0.5, 1.6, 0.5)
    assert ahead(facing(head, target)) == pytest.approx(direction(head, target))
    assert hypot(*facing(head, target)) == pytest.approx(1.0)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("drag", [None, Drag("object", (1.0, 2.0, 3.0)), Drag("extrude", (0.4, 0.0, 0.0))])
def test_rows_are_whole(target: Vector3, drag: Drag | None) -> None:
    row = pose(Stance((0.5, 0.5), target), 1.6, 2.5, Doing("move", b"e" * 16, ZERO_ID, drag))
    check_presence(row)
    assert row.flags == HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID
    assert row.ray_origin == row.right_position
    assert row.ray_direction == pytest.approx(direction(row.right_position, target))
    for hand in (row.left_position, row.right_position):
        assert 0.3 < dist(hand, row.head_position) < 0.75
    assert row.selection == 1
    assert (row.drag == 0) == (drag is None)
    if drag is not None:
        assert row.drag_position == drag.position


def test_a_face_is_selected_by_its_id() -> None:
    row = pose(HERE, 1.6, 0.0, Doing("extrude", b"e" * 16, b"f" * 16, Drag("extrude", (0.1, 0.0, 0.0))))
    assert (row.selection, row.selected_entity, row.selected_element) == (2, b"e" * 16, b"f" * 16)
    assert pose(HERE, 1.6, 0.0, Doing()).selection == 0


def test_the_right_hand_is_on_the_right() -> None:
    row = pose(Stance((0.0, 0.0), (0.0, 1.6, -5.0)), 1.6, 0.0, Doing())
    assert row.right_position[0] > 0.1
    assert row.left_position[0] < -0.1
    assert max(row.right_position[2], row.left_position[2]) < 0.0, "in front"


@pytest.mark.parametrize("via", [(), ((2.0, 0.5), (2.0, 3.0))])
def test_walking_begins_here_ends_there_and_never_jumps(via: tuple[Floor, ...]) -> None:
    there = Stance((-2.0, 3.0), (0.0, 2.0, 0.0))
    steps = [walk(HERE, there, share / 200, via) for share in range(201)]
    assert steps[0] == HERE
    assert steps[-1].stand == pytest.approx(there.stand)
    assert steps[-1].target == pytest.approx(there.target)
    assert max(dist(a.stand, b.stand) for a, b in pairwise(steps)) < 0.25
    assert all(min(dist(point, step.stand) for step in steps) < 0.15 for point in via)


def test_a_path_of_one_point_stays_there() -> None:
    assert along(((1.0, 2.0), (1.0, 2.0)), 0.5) == (1.0, 2.0)


def test_easing() -> None:
    assert [ease(share) for share in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert between((0.0, 0.0, 0.0), (2.0, 4.0, -2.0), 0.5) == (1.0, 2.0, -1.0)
    assert direction((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)) == (0.0, 0.0, -1.0)
