"""What is relevant to whom: radii, regions, scopes, own entities, and what is forgotten when."""

import numpy as np
import pytest

from tests.unit.interest.scenes import Scene
from theta.base.errors import InvalidValue
from theta.base.limits import BASELINE_AGE_TICKS_MAX, INTEREST_METRES_MAX, REGIONS_PER_PEER_MAX
from theta.interest.candidates import NEAR, OWN, PLACELESS, RADIUS, REGION


def scene_with_peer(role: str = "viewer", *, acknowledges: bool = True) -> Scene:
    scene = Scene(acknowledges=acknowledges)
    scene.interest.join(0, "editor" if role == "editor" else "viewer")
    scene.interest.look([0], [(0.0, 0.0, 0.0)])
    return scene


def test_int_7_who_comes_within_the_radius_is_relevant_at_once() -> None:
    scene = scene_with_peer()
    scene.add(1, (0.0, 0.0, 9.99))
    scene.add(2, (30.0, 0.0, 0.0))
    scene.add(3, (0.0, 9.9, 0.0))
    scene.tick()
    assert scene.sees(0, 1)
    assert not scene.sees(0, 2)
    assert scene.sees(0, 3), "distance counts height"
    scene.move(2, (10.01, 0.0, 0.0))
    scene.tick()
    assert not scene.sees(0, 2), "between the radii is not near enough to begin"
    scene.move(2, (9.99, 0.0, 0.0))
    scene.tick()
    assert scene.sees(0, 2)


def test_int_7_nobody_is_missed_for_the_border_of_a_cube_or_for_height() -> None:
    scene = scene_with_peer()
    scene.add(1, (10.1, 0.0, 0.0))
    scene.move(1, (9.7, 0.0, 0.0))
    scene.add(2, (0.0, 3.4, 10.2))
    scene.interest.look([0], [(-40.0, 0.0, 0.0)])
    scene.interest.regions.subscribe(0, (9.3, 0.0, 0.0), 0.5)
    scene.tick()
    assert scene.seen == {0: {(0, 1)}}
    scene.interest.look([0], [(0.0, 0.0, 1.0)])
    scene.tick()
    assert scene.sees(0, 2)


def test_int_7_a_peer_that_has_not_looked_sees_nothing_around_itself() -> None:
    scene = Scene()
    scene.interest.join(0, "editor")
    scene.add(1, (0.0, 0.0, 0.0))
    scene.tick()
    assert not scene.seen
    scene.interest.look([0], [(0.0, 0.0, 5.0)])
    scene.tick()
    assert scene.sees(0, 1)


def test_int_7_nobody_within_the_radius_is_missed_at_the_ends_of_the_axes() -> None:
    scene = scene_with_peer()
    corner = (-1.0e6, 1.0e6, 1.0e6)
    scene.add(1, corner)
    scene.interest.look([0], [(-999_995.0, 1.0e6, 1.0e6)])
    scene.tick()
    assert scene.sees(0, 1)


def test_int_7_a_cell_out_of_which_the_near_ones_went_does_not_become_relevant() -> None:
    scene = scene_with_peer()
    scene.add(1, (9.5, 0.0, 0.0))
    scene.interest.look([0], [(-20.0, 0.0, 0.0)])
    scene.tick()
    scene.move(1, (40.0, 0.0, 0.0))
    scene.interest.look([0], [(0.0, 0.0, 0.0)])
    scene.tick()
    assert len(scene.interest.pairs) == 0


def test_int_8_walking_along_the_border_ends_exactly_once() -> None:
    scene = scene_with_peer()
    scene.add(1, (9.0, 0.0, 0.0))
    scene.tick()
    for step in range(600):
        # To and fro across the enter radius and across borders of cells, sideways as well.
        distance, angle = 10.0 + 0.95 * np.sin(step / 3.0), 0.3 * np.sin(step / 7.0)
        scene.move(1, (distance * np.cos(angle), 0.0, distance * np.sin(angle)))
        scene.tick()
        assert scene.sees(0, 1)
    assert scene.begun[0, 0, 1] == 1
    assert scene.ended[0, 0, 1] == 0
    for step in range(300):
        scene.move(1, (10.5 + step / 100.0, 0.0, 0.0))
        scene.tick()
    assert scene.ended[0, 0, 1] == 1
    for step in range(300):
        scene.move(1, (12.0 + 1.9 * np.sin(step / 3.0), 0.0, 0.0))
        scene.tick()
    assert (scene.begun[0, 0, 1], scene.ended[0, 0, 1]) == (1, 1)


def test_int_8_who_walks_out_stays_until_beyond_the_leave_radius() -> None:
    scene = scene_with_peer()
    scene.add(1, (8.0, 0.0, 0.0))
    for step in range(200):
        x = 8.0 + 0.02 * step
        scene.move(1, (x, 0.0, 0.0))
        scene.tick()
        if x <= 11.0:
            assert scene.sees(0, 1), x
    assert not scene.sees(0, 1)
    assert scene.ended[0, 0, 1] == 1


def test_int_8_who_teleports_twice_in_a_tick_is_followed_from_where_it_was_seen() -> None:
    scene = scene_with_peer()
    scene.add(1, (9.0, 0.0, 0.0))
    scene.tick()
    scene.interest.move([1], [(200.0, 0.0, 0.0)])
    scene.move(1, (0.0, 0.0, 10.5))
    scene.tick()
    assert scene.sees(0, 1)
    assert scene.ended[0, 0, 1] == 0


def test_int_9_regions_are_seen_until_they_end() -> None:
    scene = scene_with_peer()
    scene.add(1, (100.0, 0.0, 0.0))
    scene.add(2, (0.0, 0.0, 1.0))
    region = scene.interest.regions.subscribe(0, (105.0, 0.0, 0.0), 5.5)
    scene.tick()
    assert scene.sees(0, 1)
    assert scene.interest.pairs.reasons[scene.row(0, scene.cell(1))] == REGION | NEAR
    assert scene.interest.pairs.reasons[scene.row(0, scene.cell(2))] == RADIUS | NEAR
    scene.move(1, (99.1, 0.0, 0.0))
    scene.tick()
    assert scene.sees(0, 1), "a region has a leave radius as well"
    scene.interest.regions.unsubscribe(0, region)
    scene.tick()
    assert not scene.sees(0, 1)
    assert scene.sees(0, 2)


def test_int_9_regions_that_overlap_make_one_pair_with_the_least_distance() -> None:
    scene = scene_with_peer()
    scene.add(1, (6.0, 0.0, 0.0))
    scene.interest.regions.subscribe(0, (8.0, 0.0, 0.0), 5.0)
    scene.interest.own(0, [1])
    scene.tick()
    assert len(scene.interest.pairs) == 1
    assert scene.interest.pairs.reasons[0] == RADIUS | REGION | OWN | NEAR
    assert scene.interest.pairs.distances[0] == 2.0


def test_int_9_regions_are_limited_and_numbered_anew() -> None:
    scene = scene_with_peer()
    regions = scene.interest.regions
    numbers = [regions.subscribe(0, (float(at), 0.0, 0.0), 5.0) for at in range(REGIONS_PER_PEER_MAX)]
    assert numbers == list(range(1, REGIONS_PER_PEER_MAX + 1))
    with pytest.raises(InvalidValue, match="regions"):
        regions.subscribe(0, (0.0, 0.0, 0.0), 5.0)
    regions.unsubscribe(0, 3)
    assert regions.subscribe(0, (0.0, 0.0, 0.0), 5.0) == 3


def test_int_9_the_squares_of_the_radii_are_limited_in_sum() -> None:
    regions = scene_with_peer().interest.regions
    with pytest.raises(InvalidValue, match="radius"):
        regions.subscribe(0, (0.0, 0.0, 0.0), INTEREST_METRES_MAX + 0.1)
    large = regions.subscribe(0, (0.0, 0.0, 0.0), 0.8 * INTEREST_METRES_MAX)
    with pytest.raises(InvalidValue, match="squares"):
        regions.subscribe(0, (0.0, 0.0, 0.0), 0.61 * INTEREST_METRES_MAX)
    regions.subscribe(0, (0.0, 0.0, 0.0), 0.59 * INTEREST_METRES_MAX)
    regions.unsubscribe(0, large)
    regions.subscribe(0, (0.0, 0.0, 0.0), 0.8 * INTEREST_METRES_MAX)


def test_int_10_editors_see_what_viewers_do_not() -> None:
    scene = scene_with_peer("editor")
    scene.interest.join(1, "viewer")
    scene.interest.look([1], [(0.0, 0.0, 0.0)])
    scene.add(1, (1.0, 0.0, 0.0))
    scene.add(1, (1.0, 0.0, 0.0), "editor")
    scene.add(2, None, "editor")
    scene.tick()
    assert scene.seen == {0: {(0, 1), (1, 1), (1, 2)}, 1: {(0, 1)}}
    scene.interest.leave([1], "editor")
    scene.tick()
    assert scene.seen == {0: {(0, 1), (1, 2)}, 1: {(0, 1)}}
    scene.add(1, (1.0, 0.0, 0.0), "editor")
    scene.tick()
    scene.interest.join(0, "viewer")
    scene.interest.join(1, "admin")
    scene.tick()
    assert scene.seen == {0: {(0, 1)}, 1: {(0, 1), (1, 1), (1, 2)}}
    assert scene.left.peers.tolist() == [0, 0]
    assert sorted(scene.left.cells.tolist()) == sorted([scene.cell(1, 1), scene.cell(2, 1)])


def test_int_10_nothing_lingers_of_a_scope_that_is_not_seen_any_more() -> None:
    scene = scene_with_peer("editor", acknowledges=False)
    scene.add(1, (1.0, 0.0, 0.0), "editor")
    scene.tick()
    scene.interest.join(0, "viewer")
    scene.tick()
    assert scene.left.cells.tolist() == [scene.cell(1, 1)]
    assert not len(scene.interest.pairs)


def test_int_11_a_peer_is_told_of_its_own_wherever_it_is_and_of_what_has_no_position() -> None:
    scene = scene_with_peer()
    scene.interest.join(1, "viewer")
    scene.add(1, (500.0, 0.0, 0.0))
    scene.add(2, None)
    scene.add(3, (500.0, 0.0, 90.0), "editor")
    scene.interest.own(0, [1, 3])
    scene.tick()
    assert scene.seen == {0: {(0, 1), (0, 2)}, 1: {(0, 2)}}
    assert scene.interest.pairs.reasons[scene.row(0, scene.cell(1))] == OWN
    assert scene.interest.pairs.reasons[scene.row(0, scene.cell(2))] == PLACELESS
    scene.move(1, (-500.0, 0.0, 0.0))
    scene.tick()
    assert scene.sees(0, 1)
    assert scene.ended[0, 0, 1] == 0
    scene.interest.own(0, [])
    scene.tick()
    assert not scene.sees(0, 1)


def test_int_11_an_own_entity_that_ended_is_not_own_when_its_slot_is_used_again() -> None:
    scene = scene_with_peer()
    scene.add(1, (500.0, 0.0, 0.0))
    scene.interest.own(0, [1])
    scene.tick()
    scene.interest.despawn([1])
    scene.add(1, (500.0, 0.0, 0.0))
    scene.tick()
    scene.tick()
    assert not scene.sees(0, 1)


def test_int_11_who_gets_a_position_is_seen_near_and_who_loses_it_everywhere() -> None:
    scene = scene_with_peer()
    scene.add(1, None)
    scene.tick()
    assert scene.sees(0, 1)
    scene.move(1, (300.0, 0.0, 0.0))
    scene.tick()
    assert not scene.sees(0, 1)
    scene.add(1, None)
    scene.tick()
    assert scene.sees(0, 1)


def test_int_12_a_cell_that_was_sent_is_forgotten_aloud_and_one_that_was_not_in_silence() -> None:
    scene = scene_with_peer()
    scene.add(1, (5.0, 0.0, 0.0))
    scene.add(2, (0.0, 0.0, 5.0))
    scene.tick()
    scene.interest.pairs.sent[scene.row(0, scene.cell(2))] = 0
    scene.interest.look([0], [(50.0, 0.0, 0.0)])
    scene.tick()
    assert scene.left.peers.tolist() == [0]
    assert scene.left.cells.tolist() == [scene.cell(1)]
    assert len(scene.interest.pairs) == 0


def test_int_12_a_cell_lingers_until_the_peer_knows_who_left_it() -> None:
    scene = scene_with_peer(acknowledges=False)
    scene.add(1, (9.9, 0.0, 0.0))
    scene.add(2, (9.8, 0.0, 0.0))
    scene.tick()
    before, pairs = scene.cell(1), scene.interest.pairs
    pairs.acknowledge([0], [before], [scene.now - 1])
    scene.move(2, (6.0, 0.0, 0.0))
    scene.tick()
    changed = scene.now - 1
    scene.interest.look([0], [(-2.0, 0.0, 0.0)])
    for _ in range(20):
        scene.tick()
    assert pairs.reasons[scene.row(0, before)] == 0, "out of reach, and kept"
    assert not len(scene.left.cells)
    pairs.acknowledge([0], [before], [changed])
    scene.tick()
    assert scene.left.cells.tolist() == [before]
    assert scene.sees(0, 2)
    assert scene.ended[0, 0, 2] == 0


def test_int_12_nothing_lingers_for_ever() -> None:
    scene = scene_with_peer(acknowledges=False)
    scene.add(1, (9.0, 0.0, 0.0))
    scene.tick()
    scene.interest.look([0], [(50.0, 0.0, 0.0)])
    kept = 0
    while len(scene.interest.pairs):
        scene.tick()
        kept += 1
    assert kept == BASELINE_AGE_TICKS_MAX + 1
    assert scene.left.cells.tolist() == [scene.cell(1)]


def test_int_12_a_freed_cell_is_forgotten_before_its_number_is_used_again() -> None:
    scene = scene_with_peer(acknowledges=False)
    scene.add(1, (9.0, 0.0, 0.0))
    scene.tick()
    cell = scene.cell(1)
    scene.interest.despawn([1])
    for _ in range(BASELINE_AGE_TICKS_MAX + 1):
        scene.tick()
        assert not len(scene.left.cells)
    scene.add(2, (200.0, 0.0, 0.0))
    assert scene.cell(2) != cell, "not in the tick in which it is freed"
    scene.tick()
    assert scene.left.cells.tolist() == [cell]
    scene.add(3, (400.0, 0.0, 0.0))
    assert scene.cell(3) == cell
    scene.tick()
    assert len(scene.interest.pairs) == 0


def test_int_12_a_peer_that_went_has_no_pairs_left() -> None:
    scene = scene_with_peer()
    scene.interest.join(1, "viewer")
    scene.interest.look([1], [(0.0, 0.0, 1.0)])
    scene.add(1, (1.0, 0.0, 0.0))
    scene.interest.own(0, [1])
    scene.interest.select(0, [1])
    scene.interest.regions.subscribe(0, (0.0, 0.0, 0.0), 5.0)
    scene.tick()
    scene.interest.part(0)
    assert scene.interest.pairs.peers.tolist() == [1]
    scene.tick()
    assert scene.seen == {1: {(0, 1)}}
    scene.interest.join(0, "viewer")
    scene.tick()
    assert scene.seen == {1: {(0, 1)}}, "whoever has the number next begins with nothing"
