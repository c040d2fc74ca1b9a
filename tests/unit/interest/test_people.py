"""Who is shown whom again, and when: spec/interest.md, INT-20 to INT-23."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from theta.base.errors import InvalidValue
from theta.base.limits import PEERS_MAX, STATE_BYTES_PER_SECOND
from theta.interest.people import EVERYBODY_MAX, INTERVAL_TURNS_MAX, NEAR_METRES, Chosen, People

ROW_BYTES = 184
RATE = STATE_BYTES_PER_SECOND // 2
TURN = 1.0 / 30.0
SECOND = 30
ORIGIN = (0.0, 0.0, 0.0)


def people(count: int, rate: int = RATE, rows: int = PEERS_MAX) -> People:
    made = People(ROW_BYTES, rate, rows)
    for number in range(count):
        made.join(number)
    return made


def pairs(chosen: Chosen) -> set[tuple[int, int]]:
    return set(zip(chosen.receivers.tolist(), chosen.shown.tolist(), strict=True))


def turns_between(made: People, places: dict[int, tuple[float, float, float]], turns: int) -> dict[int, list[int]]:
    """In which turns person 0 is shown each of those who all move all the time."""
    seen = defaultdict(list)
    for turn in range(turns):
        for number, place in places.items():
            made.show(number, place, b"")
        for receiver, shown in pairs(made.choose(TURN)):
            if receiver == 0:
                seen[shown].append(turn)
    return seen


def test_int_20_up_to_twelve_are_all_shown_everybody_at_once_wherever_they_are() -> None:
    made = people(EVERYBODY_MAX, rate=8_192)
    for turn in range(100):
        for number in range(EVERYBODY_MAX):
            made.show(number, (100.0 * number, 0.0, float(turn)), b"")
        chosen = made.choose(TURN)
        assert pairs(chosen) == {(a, b) for a in range(EVERYBODY_MAX) for b in range(EVERYBODY_MAX)}
        assert list(chosen.alike().values()) == [list(range(EVERYBODY_MAX))], "all of them the same bytes"
        assert not made.waits
    made.show(3, None, b"")
    assert pairs(made.choose(TURN)) == {(receiver, 3) for receiver in range(EVERYBODY_MAX)}
    assert pairs(made.choose(TURN)) == set()


def test_int_20_in_a_crowd_nobody_is_shown_itself_and_what_is_not_new_is_not_shown() -> None:
    made = people(EVERYBODY_MAX + 1)
    assert made.is_crowd
    made.show(0, ORIGIN, b"")
    made.show(1, ORIGIN, b"")
    chosen = made.choose(TURN)
    others = set(range(2, EVERYBODY_MAX + 1))
    assert pairs(chosen) == {(0, 1), (1, 0)} | {(each, shown) for each in others for shown in (0, 1)}
    assert chosen.alike() == {(1,): [0], (0,): [1], (0, 1): sorted(others)}
    assert not made.waits
    assert pairs(made.choose(TURN)) == set()


def test_int_20_when_the_crowd_parts_all_are_shown_everybody_again() -> None:
    made = people(EVERYBODY_MAX + 1)
    waited = []
    for _ in range(2):
        for number in range(EVERYBODY_MAX + 1):
            made.show(number, (100.0 * number, 0.0, 0.0), b"")
        made.choose(TURN)
        waited.append(made.waits)
    assert waited == [False, True], "the second time for those far away"
    made.leave(EVERYBODY_MAX)
    assert len(pairs(made.choose(TURN))) > EVERYBODY_MAX
    assert not made.waits
    assert pairs(made.choose(TURN)) == set()


@pytest.mark.parametrize(("metres", "every"), [(0.0, 1), (10.0, 1), (14.0, 2), (20.0, 4), (30.0, 9), (1e6, 24)])
def test_int_21_the_farther_somebody_is_the_more_seldom_it_is_shown(metres: float, every: int) -> None:
    made = people(EVERYBODY_MAX + 1, rate=10_000_000)
    places = {number: (float(number > 0) * metres, 0.0, 0.0) for number in range(EVERYBODY_MAX + 1)}
    seen = turns_between(made, places, 10 * INTERVAL_TURNS_MAX)
    for number in range(1, EVERYBODY_MAX + 1):
        steps = Counter(np.diff(seen[number]).tolist())
        assert max(steps) == every, "and sooner only at its own turn"
        assert steps[every] >= sum(steps.values()) - 20
        assert seen[number][0] <= INTERVAL_TURNS_MAX
    assert NEAR_METRES == 10.0


def test_int_21_who_was_never_shown_and_who_comes_back_from_rest_is_shown_at_once() -> None:
    made = people(EVERYBODY_MAX + 1)
    far = (500.0, 0.0, 0.0)
    made.show(0, ORIGIN, b"")
    for _ in range(2):
        made.show(1, far, b"")
        assert (0, 1) in pairs(made.choose(TURN))
        for _ in range(INTERVAL_TURNS_MAX):
            made.choose(TURN)


def test_int_21_who_is_nowhere_is_shown_as_somebody_far_away_and_looks_from_the_origin() -> None:
    made = people(EVERYBODY_MAX + 1)
    seen: Counter[tuple[int, int]] = Counter()
    for _ in range(10 * INTERVAL_TURNS_MAX):
        made.show(1, None, b"")
        made.show(2, (1.0, 0.0, 0.0), b"")
        seen.update(pairs(made.choose(TURN)))
    assert 10 <= seen[0, 1] <= 21
    assert seen[0, 2] == 10 * INTERVAL_TURNS_MAX


def _delay(made: People, doing: bytes, *, moves_on: bool) -> int:
    """Turns until person 0 is shown what person 1, far away, began in the turn after it was shown."""
    far = (500.0, 0.0, 0.0)
    made.show(0, ORIGIN, b"")
    made.show(1, far, b"")
    while (0, 1) not in pairs(made.choose(TURN)):
        made.show(1, far, b"")
    made.show(1, far, doing)
    for turn in range(1, 2 * INTERVAL_TURNS_MAX):
        if (0, 1) in pairs(made.choose(TURN)):
            return turn
        if moves_on:
            made.show(1, far, doing)
    raise AssertionError("never shown")


@pytest.mark.parametrize(("doing", "moves_on", "turns"), [(b"", True, 24), (b"", False, 7), (b"drag", True, 3)])
def test_int_22_who_does_something_else_and_who_came_to_rest_is_shown_sooner(
    doing: bytes, moves_on: bool, turns: int
) -> None:
    delays = []
    for before in range(INTERVAL_TURNS_MAX):
        made = people(EVERYBODY_MAX + 1)
        for _ in range(before):
            made.choose(TURN)
        delays.append(_delay(made, doing, moves_on=moves_on))
    assert max(delays) == turns, "and sooner at its own turn"


def crowd_in(metres: float, count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.uniform(-metres / 2.0, metres / 2.0, (count, 3)) * (1.0, 0.05, 1.0)


@pytest.mark.parametrize("rows", [5, PEERS_MAX])
@pytest.mark.parametrize(("count", "metres"), [(100, 20.0), (100, 200.0), (PEERS_MAX, 20.0)])
def test_int_23_in_a_crowd_the_budget_is_kept_and_nobody_waits_longer_than_a_second(
    seed: int, count: int, metres: float, rows: int
) -> None:
    made, places = people(count, rows=rows), crowd_in(metres, count, seed)
    spent, last, seen = [], np.zeros((count, count), np.int64), np.zeros((count, count), np.int64)
    waited = 0
    for turn in range(1, 10 * SECOND):
        for number in range(count):
            made.show(number, tuple(places[number].tolist()), b"")
        chosen = made.choose(TURN)
        spent.append(np.bincount(chosen.receivers, minlength=count) * ROW_BYTES)
        last[chosen.receivers, chosen.shown] = turn
        seen[chosen.receivers, chosen.shown] += 1
        if turn > 2 * SECOND:
            waited = max(waited, int((turn - last)[~np.eye(count, dtype=bool)].max()))
    each_second = np.stack([sum(spent[at : at + SECOND]) for at in range(len(spent) - SECOND)])
    assert each_second.max() <= RATE
    assert max(each.max() for each in spent) <= rows * ROW_BYTES
    assert waited <= SECOND if count <= 100 else 1.2 * SECOND
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = np.argsort(apart, axis=1)[:, 1:4]
    # With PEERS_MAX people who all move, a second's rows go to those who are overdue.
    assert count == PEERS_MAX or np.take_along_axis(seen, nearest, axis=1).mean() > 1.5 * seen.mean()


def test_int_23_who_has_just_come_is_not_sent_again_what_it_was_sent_on_the_way_in() -> None:
    made = people(EVERYBODY_MAX + 1)
    for number in range(EVERYBODY_MAX + 1):
        made.show(number, ORIGIN, b"")
    made.choose(TURN)
    made.join(EVERYBODY_MAX + 1)
    made.note_all_sent(EVERYBODY_MAX + 1)
    made.show(3, ORIGIN, b"")
    assert {pair for pair in pairs(made.choose(TURN)) if pair[0] == EVERYBODY_MAX + 1} == {(EVERYBODY_MAX + 1, 3)}


def test_who_leaves_is_forgotten_and_whoever_gets_its_number_begins_anew() -> None:
    made = people(EVERYBODY_MAX + 2, rate=10_000_000)
    for number in range(EVERYBODY_MAX + 2):
        made.show(number, (5.0, 0.0, 0.0), b"x")
    made.leave(1)
    assert all(1 not in pair for pair in pairs(made.choose(TURN)))
    made.join(1)
    assert {shown for receiver, shown in pairs(made.choose(TURN)) if receiver == 1} == {
        number for number in range(EVERYBODY_MAX + 2) if number != 1
    }
    made.show(1, None, b"x")
    assert {receiver for receiver, shown in pairs(made.choose(TURN)) if shown == 1} == {
        number for number in range(EVERYBODY_MAX + 2) if number != 1
    }


@pytest.mark.parametrize("number", [-1, 0, PEERS_MAX])
def test_numbers_that_are_none_or_taken_are_refused(number: int) -> None:
    made = people(1)
    with pytest.raises(InvalidValue, match="person"):
        made.join(number)
    with pytest.raises(InvalidValue, match="person"):
        made.leave(number if number else 1)
    assert not made.is_crowd
