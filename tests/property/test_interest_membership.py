"""Places of entities against a plain model, under random comings, moves, leavings and ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.interest.grids import Model, Position
from theta.interest.grid import CELL_METRES

SLOTS = 50

# Few cubes, so that they fill, and places on both sides of borders.
coordinates = st.sampled_from([-0.4, -0.3, -0.1, 0.0, 0.1, 0.9, 1.0, 1.05, 1.2, 7.5]).map(lambda at: at * CELL_METRES)
positions = st.tuples(
    coordinates, st.just(0.5), st.sampled_from([0.2, 0.9, 1.05, 1.3]).map(lambda at: at * CELL_METRES)
)
slots = st.integers(0, SLOTS - 1)
places = st.dictionaries(slots, positions, max_size=40)
steps = st.one_of(
    st.tuples(st.just("enter"), st.integers(0, 1), st.dictionaries(slots, st.none() | positions, max_size=40)),
    st.tuples(st.just("move"), st.just(0), places),
    st.tuples(st.just("leave"), st.integers(0, 1), places),
    st.tuples(st.just("despawn"), st.just(0), places),
    st.tuples(st.just("respawn"), st.integers(0, 1), places),
    st.tuples(st.just("advance"), st.sampled_from([1, 1, 1, 2, 30, 63, 64, 70]), st.just({})),
)


def act(model: Model, verb: str, number: int, places: dict[int, Position]) -> None:
    if verb == "enter":
        model.enter(number, {**places})
    elif verb == "move":
        model.move(places)
    elif verb == "leave":
        model.end(list(places), number)
    elif verb == "despawn":
        model.end(list(places), None)
    elif verb == "respawn":
        model.end(list(places), None)
        model.enter(number, {**places})
    else:
        model.advance(number)


def run(program: list[tuple[str, int, dict[int, Position]]]) -> None:
    model = Model()
    model.advance(1)
    for verb, number, chosen in program:
        act(model, verb, number, chosen)
        model.check()


@pytest.mark.many
@settings(max_examples=400, deadline=None)
@given(st.lists(steps, max_size=25))
def test_places_are_exact_under_random_changes(program: list[tuple[str, int, dict[int, Position]]]) -> None:
    run(program)


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, max_size=15))
def test_places_are_exact_under_a_few_random_changes(program: list[tuple[str, int, dict[int, Position]]]) -> None:
    run(program)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=4))
def test_cells_grow_in_number_with_the_world(batches: list[int]) -> None:
    """Bulk arrivals far apart and in one place, and everybody teleporting, between ticks."""
    model = Model()
    model.advance(1)
    for count in batches:
        spread = {slot: (slot * 40.0 % 900.0, 0.0, float(slot // 8)) for slot in range(count)}
        model.enter(0, {**spread})
        model.advance(1)
        model.move(dict.fromkeys(range(0, count, 2), (3.5, 0.0, 3.5)))
        model.check()
        model.advance(64)
        model.move(spread)
        model.check()
