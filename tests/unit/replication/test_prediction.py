"""What a participant's own inputs do, before and after the room has answered."""

from itertools import pairwise
from math import cos, sin

import pytest

from theta.base.limits import CORRECTION_METRES_MAX, CORRECTION_SECONDS, PREDICTED_INPUTS_MAX, U32_MAX
from theta.replication.prediction import Pose, Prediction, difference, normalised, step_by, step_to

ORIGIN = Pose((0.0, 0.0, 0.0))


def about_y(angle: float) -> tuple[float, float, float, float]:
    return (0.0, sin(angle / 2), 0.0, cos(angle / 2))


def right(metres: float) -> Pose:
    return Pose((metres, 0.0, 0.0))


def test_rep_72_inputs_are_shown_at_once() -> None:
    held = Prediction(0.0, ORIGIN, step_to)
    held.handle_input(1, right(0.5))
    assert held.shown(0.0) == held.pose == right(0.5)
    assert held.unanswered == 1


def test_rep_72_what_the_room_has_not_answered_is_done_again_on_its_answer() -> None:
    moved = Prediction(0.0, ORIGIN, step_by)
    for sequence in (1, 2, 3):
        moved.handle_input(sequence, Pose((0.125, 0.0, 0.0), about_y(0.25)))
    moved.handle_answer(0.1, 1, Pose((0.0, 1.0, 0.0)))
    assert moved.unanswered == 2
    assert moved.pose.position == (0.25, 1.0, 0.0)
    assert moved.pose.rotation == pytest.approx(about_y(0.5))
    moved.handle_answer(0.2, 3, right(5.0))
    assert moved.pose == right(5.0)


def test_rep_72_an_older_answer_is_passed_over_and_numbers_wrap_around() -> None:
    moved = Prediction(0.0, ORIGIN, step_by)
    for sequence in (U32_MAX - 1, U32_MAX, 0, 1):
        moved.handle_input(sequence, right(1.0))
    moved.handle_answer(0.0, 0, right(3.0))
    assert moved.unanswered == 1
    moved.handle_answer(0.0, U32_MAX, right(9.0))
    assert moved.pose == right(4.0)
    moved.handle_answer(0.0, 0, right(3.5))
    assert moved.pose == right(4.5), "the same number again may have a newer pose"


def test_rep_72_inputs_that_nobody_answers_are_given_up() -> None:
    moved = Prediction(0.0, ORIGIN, step_by)
    for sequence in range(PREDICTED_INPUTS_MAX + 10):
        moved.handle_input(sequence, right(1.0))
    assert moved.unanswered == PREDICTED_INPUTS_MAX
    assert moved.dropped == 10
    moved.handle_answer(0.0, 9, ORIGIN)
    assert moved.pose == right(float(PREDICTED_INPUTS_MAX))


def test_rep_73_a_correction_is_smooth_and_ends_in_time() -> None:
    held = Prediction(0.0, ORIGIN, step_to)
    held.handle_input(1, Pose((0.5, 0.0, 0.0), about_y(0.5)))
    held.handle_answer(1.0, 1, ORIGIN)
    assert held.shown(1.0).position == (0.5, 0.0, 0.0)
    assert held.shown(1.0).rotation == pytest.approx(about_y(0.5))
    steps = [held.shown(1.0 + CORRECTION_SECONDS * share / 30).position[0] for share in range(31)]
    assert steps == sorted(steps, reverse=True)
    assert max(one - other for one, other in pairwise(steps)) < 0.5 / 30 * 1.6
    assert steps[15] == pytest.approx(0.25)
    assert held.shown(1.001 + CORRECTION_SECONDS) == ORIGIN


def test_rep_73_a_correction_on_the_way_begins_where_the_last_one_was() -> None:
    held = Prediction(0.0, ORIGIN, step_to)
    held.handle_input(1, right(0.5))
    held.handle_answer(1.0, 1, ORIGIN)
    now = 1.0 + CORRECTION_SECONDS / 3
    before = held.shown(now)
    held.handle_answer(now, 1, Pose((0.0, 0.25, 0.0)))
    assert held.shown(now).position == pytest.approx(before.position)


def test_rep_73_a_difference_that_is_too_large_is_not_smoothed() -> None:
    held = Prediction(0.0, ORIGIN, step_to)
    held.handle_input(1, right(CORRECTION_METRES_MAX + 0.01))
    held.handle_answer(1.0, 1, ORIGIN)
    assert held.shown(1.0) == ORIGIN
    held = Prediction(0.0, ORIGIN, step_to)
    held.handle_input(1, right(CORRECTION_METRES_MAX))
    held.handle_answer(1.0, 1, ORIGIN)
    assert held.shown(1.0) == right(CORRECTION_METRES_MAX)


def test_rep_73_a_turn_is_taken_back_the_shorter_way() -> None:
    held = Prediction(0.0, ORIGIN, step_to)
    x, y, z, w = about_y(0.5)
    held.handle_input(1, Pose((0.0, 0.0, 0.0), (-x, -y, -z, -w)))
    held.handle_answer(1.0, 1, ORIGIN)
    assert held.shown(1.0 + CORRECTION_SECONDS / 2).rotation == pytest.approx(about_y(0.25), abs=1e-3)


def test_differences_are_taken_from_one_pose_to_another() -> None:
    one, other = Pose((1.0, 2.0, 3.0), about_y(1.0)), Pose((0.5, 0.5, 0.5), about_y(0.25))
    found = difference(one, other)
    assert found.position == (0.5, 1.5, 2.5)
    assert found.rotation == pytest.approx(about_y(0.75))
    assert normalised((0.0, 0.0, 0.0, 0.0)) == (0.0, 0.0, 0.0, 1.0)
