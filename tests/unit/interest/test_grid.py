"""Cells and indices, entered ticks and departures, one rule at a time; tests/property has the random programs."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.interest.grids import Model
from theta.base.errors import InvalidValue
from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX, COORDINATE_METRES_MAX
from theta.interest.grid import CELL_METRES, SLOTS_MAX, Grid
from theta.interest.leaves import CELL_BASE, DESPAWNED, NOWHERE


def new_model() -> Model:
    model = Model()
    model.advance(1)
    return model


def departures(grid: Grid) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in grid.membership.leaves), strict=True))


def test_int_1_a_full_cell_is_followed_by_another_at_the_same_cube() -> None:
    model = new_model()
    model.enter(0, dict.fromkeys(range(40), (1.0, 1.0, 1.0)))
    model.check()
    table = model.grid.membership
    assert [int((table.slots[cell] >= 0).sum()) for cell in range(3)] == [16, 16, 8]
    assert table.index_of_slot[0, :17].tolist() == [*range(CELL_ENTITIES_MAX), 0]
    assert np.allclose(model.grid.cells.centres, CELL_METRES / 2)
    model.enter(1, dict.fromkeys(range(3), (1.0, 1.0, 1.0)))
    assert table.scopes.tolist() == [0, 0, 0]
    assert model.grid.membership.scopes.tolist() == [0, 0, 0, 1]
    model.check()


def test_int_1_no_cell_is_opened_for_nobody() -> None:
    model = new_model()
    for first in (0, 16):
        model.enter(0, dict.fromkeys(range(first, first + 16), (1.0, 1.0, 1.0)))
        model.check()
    assert model.grid.membership.scopes.tolist() == [0, 0]
    model.end([5], None)
    model.enter(0, {50: (1.0, 1.0, 1.0)})
    model.check()
    assert model.grid.membership.scopes.tolist() == [0, 0]


def test_int_1_entities_without_a_position_are_by_themselves() -> None:
    model = new_model()
    model.enter(0, {**dict.fromkeys(range(20)), 30: (1.0, 1.0, 1.0)})
    model.check()
    cells = model.grid.cells
    assert np.isfinite(cells.centres).all(axis=1).tolist() == [True, False, False]


def test_int_1_room_that_was_left_is_taken_before_a_cell_is_opened() -> None:
    model = new_model()
    model.enter(0, dict.fromkeys(range(32), (1.0, 1.0, 1.0)))
    model.advance(1)
    model.end([3, 20], None)
    model.enter(0, dict.fromkeys([40, 41, 42], (2.0, 1.0, 1.0)))
    model.check()
    assert model.grid.membership.cell_of_slot[0, 40:43].tolist() == [0, 1, 2]
    assert model.grid.membership.index_of_slot[0, 40:43].tolist() == [3, 4, 0]


def test_int_2_a_place_is_kept_while_in_the_widened_cube() -> None:
    model = new_model()
    model.enter(0, {1: (3.0, 0.5, 0.5), 2: (0.5, 0.5, 0.5)})
    before = model.lives[0, 1].place
    for x in (3.3, 3.4, 3.6, 3.66, -0.3):
        model.advance(1)
        model.move({1: (x, 0.5, 0.5)})
        model.check()
        assert model.lives[0, 1].place == before
    for x, moves in ((3.67, True), (3.1, False), (2.99, True), (-0.34, True)):
        before = model.lives[0, 1].place
        model.advance(1)
        model.move({1: (x, 0.5, 0.5)})
        model.check()
        assert (model.lives[0, 1].place != before) == moves, x


def test_int_2_beyond_the_last_cube_nobody_moves() -> None:
    grid = Grid(cell_metres=1.0)
    grid.advance(1)
    grid.enter([1, 2], [(9.0e5, 0.0, 0.0), (-9.0e5, 0.0, 0.0)])
    before = grid.membership.cell_of_slot[0, 1:3].tolist()
    grid.advance(2)
    grid.move([1, 2], [(1.0e6, 0.0, 0.0), (-1.0e6, 0.0, 0.0)])
    assert grid.membership.cell_of_slot[0, 1:3].tolist() == before
    assert grid.membership.entered_tick_of_slot[0, 1:3].tolist() == [1, 1]
    assert grid.cells.high[0, before[0]] == 1.0e6


def test_int_2_nobody_is_followed_where_too_many_cells_are_kept_until_there_are_fewer() -> None:
    grid = Grid(cells_max=4)
    grid.advance(1)
    grid.enter([1, 2], [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)])
    for tick in range(2, 6):
        grid.advance(tick)
        grid.move([1, 2], [(50.0 * tick, 0.0, 0.0), (1.0, 0.0, -50.0 * tick)])
    assert grid.cells.count <= 4
    before = grid.membership.cell_of_slot[0, 1:3].tolist()
    assert sorted(before) == [1, 2], "one tick was followed, the next would have needed two more than there may be"
    assert grid.cells.high[0, before[0]] == 250.0, "its box has it still"
    for tick in range(6, 6 + 2 * BASELINE_AGE_TICKS_MAX):
        grid.advance(tick)
    cubes = grid.cells.centres[grid.membership.cell_of_slot[0, 1:3]]
    assert np.abs(cubes[0] - (250.0, 0.0, 0.0)).max() <= CELL_METRES
    assert np.abs(cubes[1] - (1.0, 0.0, -250.0)).max() <= CELL_METRES
    assert grid.cells.count <= 4


def test_int_3_a_respawn_in_the_same_tick_is_another_entity() -> None:
    model = new_model()
    model.enter(0, {1: (1.0, 1.0, 1.0), 2: (1.0, 1.0, 1.0)})
    model.advance(1)
    model.end([1], None)
    model.enter(0, {1: (1.0, 1.0, 1.0)})
    model.check()
    assert departures(model.grid) == [(0, 0, 2, 1, DESPAWNED)]
    assert model.grid.membership.entered_tick_of_slot[0, 1] == 2
    assert model.grid.membership.changed[0] == 2


def test_int_3_gaining_and_losing_the_position_are_moves() -> None:
    model = new_model()
    model.enter(0, {1: None})
    model.advance(1)
    model.move({1: (1.0, 1.0, 1.0)})
    model.advance(1)
    model.enter(0, {1: None})
    model.check()
    assert departures(model.grid) == [(0, 0, 2, 1, 2), (1, 0, 3, 2, 2)]


def test_int_4_destinations_follow_and_end() -> None:
    model = new_model()
    model.enter(0, dict.fromkeys([1, 2, 3], (1.0, 1.0, 1.0)))
    model.enter(1, dict.fromkeys([3], (1.0, 1.0, 1.0)))
    model.advance(1)
    model.move(dict.fromkeys([1, 2, 3], (5.0, 1.0, 1.0)))
    model.advance(1)
    model.move({1: (9.0, 1.0, 1.0)})
    model.end([2], None)
    model.end([3], 0)
    model.check()
    first = [each for each in departures(model.grid) if each[0] == 0]
    assert [each[4] for each in first] == [model.lives[0, 1].place[0] + CELL_BASE, DESPAWNED, NOWHERE]
    model.advance(BASELINE_AGE_TICKS_MAX - 1)
    assert len(departures(model.grid)) == 7
    model.advance(1)
    model.check()
    assert len(departures(model.grid)) == 3
    model.advance(1)
    assert departures(model.grid) == []


def test_int_4_coming_and_leaving_in_one_tick_leaves_no_trace() -> None:
    model = new_model()
    model.enter(0, {1: (1.0, 1.0, 1.0), 2: (1.0, 1.0, 1.0)})
    model.move({1: (5.0, 1.0, 1.0)})
    model.end([2], None)
    model.check()
    assert departures(model.grid) == []


def test_int_5_differences_hold_from_every_tick_on() -> None:
    model = new_model()
    generator = np.random.default_rng(20260817)
    for _ in range(80):
        slots = generator.permutation(30)[:12].tolist()
        model.end(slots[:3], None)
        model.enter(0, {slot: (float(generator.integers(0, 8)), 1.0, 1.0) for slot in slots[2:6]})
        model.move({slot: (float(generator.integers(0, 8)), 1.0, 1.0) for slot in slots[6:]})
        model.check()
        model.advance(1)


def test_int_6_an_empty_cell_keeps_its_cube_and_is_then_given_out_again() -> None:
    model = new_model()
    model.enter(0, {1: (1.0, 1.0, 1.0), 2: (50.0, 1.0, 1.0)})
    model.advance(1)
    model.end([1], None)
    model.advance(BASELINE_AGE_TICKS_MAX)
    model.enter(0, {3: (1.0, 1.0, 1.0)})
    assert model.lives[0, 3].place == (0, 0), "until then it is its cube's"
    model.advance(1)
    model.end([3], None)
    model.advance(BASELINE_AGE_TICKS_MAX + 1)
    assert model.grid.membership.scopes.tolist() == [-1, 0]
    model.enter(0, {4: (90.0, 1.0, 1.0)})
    assert model.lives[0, 4].place[0] == 2, "not in the tick in which it was freed"
    model.advance(1)
    model.enter(0, {5: (120.0, 1.0, 1.0)})
    assert model.lives[0, 5].place[0] == 0
    model.check()


def test_int_6_numbers_freed_first_are_used_first() -> None:
    model = new_model()
    model.enter(0, {slot: (20.0 * slot, 1.0, 1.0) for slot in range(3)})
    for slot in (2, 0, 1):
        model.advance(1)
        model.end([slot], None)
    for _ in range(BASELINE_AGE_TICKS_MAX + 2):
        model.advance(1)
    model.enter(0, {slot: (500.0 + 20.0 * slot, 1.0, 1.0) for slot in range(3)})
    assert [model.lives[0, slot].place[0] for slot in range(3)] == [2, 0, 1]


def test_boxes_and_sizes_become_tight_within_sixteen_ticks() -> None:
    model = new_model()
    model.grid.enter([1, 2], [(0.5, 0.5, 0.5), (3.0, 3.0, 3.0)], sizes=[0.5, 4.0])
    model.grid.advance(2)
    model.grid.despawn([2])
    model.grid.move([1], [(0.7, 0.5, 0.5)])
    cells = model.grid.cells
    assert (cells.low[0, 0], cells.high[0, 0], cells.sizes[0]) == (0.5, 3.0, 4.0)
    for tick in range(3, 19):
        model.grid.advance(tick)
    assert (cells.low[0, 0], cells.high[0, 0], cells.sizes[0]) == (0.7, 0.7, 0.5)


def test_a_size_counts_in_every_scope() -> None:
    grid = Grid()
    grid.advance(1)
    grid.enter([1], [(0.5, 0.5, 0.5)], 0)
    grid.enter([1], [(0.5, 0.5, 0.5)], 1, 2.0)
    assert grid.cells.sizes[:2].tolist() == [2.0, 2.0]


def test_who_grows_counts_at_once_and_who_shrinks_within_sixteen_ticks() -> None:
    grid = Grid()
    grid.advance(1)
    grid.enter([1], [(0.5, 0.5, 0.5)], 0, 1.0)
    grid.enter([1], [(0.5, 0.5, 0.5)], 1, 1.0)
    grid.resize([1, 5], [3.0, 50.0])
    assert grid.cells.sizes[:2].tolist() == [3.0, 3.0], "and who has no place is passed over"
    grid.resize([1], 0.5)
    assert grid.cells.sizes[:2].tolist() == [3.0, 3.0]
    for tick in range(2, 18):
        grid.advance(tick)
    assert grid.cells.sizes[:2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "call",
    [
        lambda grid: grid.resize([1], -1.0),
        lambda grid: grid.resize([1, 1], 1.0),
        lambda grid: grid.enter([1, 1], [(0.0, 0.0, 0.0)] * 2),
        lambda grid: grid.enter([-1], [(0.0, 0.0, 0.0)]),
        lambda grid: grid.enter([SLOTS_MAX], [(0.0, 0.0, 0.0)]),
        lambda grid: grid.enter([0.5], [(0.0, 0.0, 0.0)]),
        lambda grid: grid.enter([[1]], [(0.0, 0.0, 0.0)]),
        lambda grid: grid.enter([9], [(0.0, 0.0)]),
        lambda grid: grid.enter([9], [(0.0, float("nan"), 0.0)]),
        lambda grid: grid.enter([9], [(0.0, float("inf"), 0.0)]),
        lambda grid: grid.enter([9], [(0.0, 0.0, 0.0)], sizes=-1.0),
        lambda grid: grid.enter([9], [(0.0, 0.0, 0.0)], sizes=float("nan")),
        lambda grid: grid.enter([9], [(0.0, 0.0, 0.0)], sizes=1_000.0),
        lambda grid: grid.move([1, 1], [(0.0, 0.0, 0.0)] * 2),
        lambda grid: grid.move([1], [(2 * COORDINATE_METRES_MAX, 0.0, 0.0)]),
        lambda grid: grid.move([1, 2], [(0.0, 0.0, 0.0)]),
        lambda grid: grid.leave([-1], 0),
        lambda grid: grid.despawn([1, 1]),
    ],
)
def test_int_19_what_is_out_of_limits_changes_nothing(call: Callable[[Grid], None]) -> None:
    model = new_model()
    model.enter(0, {1: (1.0, 1.0, 1.0), 2: (5.0, 1.0, 1.0)})
    with pytest.raises(InvalidValue):
        call(model.grid)
    model.check()


def test_nothing_is_done_for_nobody() -> None:
    model = new_model()
    for scope in (0, 1):
        model.grid.enter([], np.zeros((0, 3)), scope)
        model.grid.leave([], scope)
    model.grid.enter([], None)
    model.grid.move([], np.zeros((0, 3)))
    model.grid.move([5], [(0.0, 0.0, 0.0)])
    model.grid.despawn([])
    model.check()
