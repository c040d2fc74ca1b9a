"""People under interest: all pairs at once are what each pair by itself is by the rules, and nothing new is lost."""

from math import ceil, dist, inf

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from theta.interest.people import EVERYBODY_MAX, INTERVAL_TURNS_MAX, People

ROW_BYTES = 184
TURN = 1.0 / 30.0
RATE_MIN = 8_192
NEVER = -1_000_000

Place = tuple[float, float, float]
Program = list[tuple[list[int], list[tuple[int, Place | None, bytes]], int]]
"""Who comes or goes, what is shown, and how many turns pass."""


class Slowly:
    """One pair at a time, as spec/interest.md says it (INT-20 to INT-22); budgets are not in it."""

    def __init__(self) -> None:
        self.here: set[int] = set()
        self.places: dict[int, Place] = {}
        self.doing: dict[int, bytes] = {}
        self.came: dict[int, int] = {}
        self.acted: dict[int, int] = {}
        self.sent: dict[tuple[int, int], int] = {}
        self.turn = 0

    def leave(self, number: int) -> None:
        self.here.discard(number)
        for known in (self.places, self.doing, self.came, self.acted):
            known.pop(number, None)
        self.sent = {pair: turn for pair, turn in self.sent.items() if number not in pair}

    def show(self, number: int, place: Place | None, doing: bytes) -> None:
        self.came[number] = self.turn + 1
        if self.doing.get(number) != doing:
            self.acted[number] = self.turn + 1
        self.doing[number] = doing
        if place is not None:
            self.places[number] = place

    def choose(self) -> set[tuple[int, int]]:
        self.turn += 1
        is_crowd = len(self.here) > EVERYBODY_MAX
        chosen = {
            (receiver, shown)
            for receiver in self.here
            for shown in self.here
            if self.came.get(shown, NEVER) > self.sent.get((receiver, shown), NEVER)
            and (not is_crowd or (receiver != shown and self._is_due(receiver, shown)))
        }
        self.sent |= dict.fromkeys(chosen, self.turn)
        return chosen

    def _is_due(self, receiver: int, shown: int) -> bool:
        sent = self.sent.get((receiver, shown), NEVER)
        at = self.places.get(shown)
        metres = inf if at is None else dist(self.places.get(receiver, (0.0, 0.0, 0.0)), at)
        every = min(max(1, ceil((metres / 10.0) ** 2)), 24) if metres < 1e6 else 24
        factor = 8 if self.acted[shown] > sent else 4 if self.turn - self.came[shown] >= 6 else 1
        return (self.turn - sent) * factor >= every or (self.turn + receiver + 7 * shown) % 24 == 0


metres = st.integers(-40, 40).map(float)
shown = st.tuples(st.integers(0, 19), st.none() | st.tuples(metres, st.just(0.0), metres), st.sampled_from((b"", b"x")))
steps = st.lists(
    st.tuples(st.lists(st.integers(0, 19), max_size=2), st.lists(shown, max_size=6), st.integers(1, 8)), max_size=25
)


@settings(max_examples=150)
@given(steps, st.integers(8, 20))
def test_int_21_all_pairs_at_once_are_what_each_is_by_itself(program: Program, count: int) -> None:
    made, slowly = People(ROW_BYTES, 100_000_000), Slowly()
    for number in range(count):
        made.join(number)
        slowly.here.add(number)
    for comes_or_goes, rows, turns in program:
        for number in comes_or_goes:
            if number in slowly.here:
                made.leave(number)
                slowly.leave(number)
            else:
                made.join(number)
                slowly.here.add(number)
        for number, place, doing in rows:
            if number in slowly.here:
                made.show(number, place, doing)
                slowly.show(number, place, doing)
        for _ in range(turns):
            chosen = made.choose(TURN)
            assert set(zip(chosen.receivers.tolist(), chosen.shown.tolist(), strict=True)) == slowly.choose()
            assert sum(map(len, chosen.alike().values())) == len(set(chosen.receivers.tolist()))


@settings(max_examples=60)
@given(steps, st.integers(2, 20))
def test_int_23_nothing_new_is_lost_however_little_there_is_to_spend(program: Program, count: int) -> None:
    made = People(ROW_BYTES, RATE_MIN)
    came, seen, turn = np.zeros(20, np.int64), np.zeros((20, 20), np.int64), 0
    for number in range(count):
        made.join(number)
    for _, rows, turns in program:
        for number, place, doing in rows:
            if number < count:
                made.show(number, place, doing)
                came[number] = turn + 1
        for _ in range(turns):
            turn += 1
            chosen = made.choose(TURN)
            assert (came[chosen.shown] > seen[chosen.receivers, chosen.shown]).all(), "only what is new"
            seen[chosen.receivers, chosen.shown] = turn
    quiet = 0
    while made.waits:
        quiet += 1
        turn += 1
        chosen = made.choose(TURN)
        seen[chosen.receivers, chosen.shown] = turn
    assert quiet <= INTERVAL_TURNS_MAX + 20
    apart = ~np.eye(count, dtype=bool)
    assert (seen[:count, :count] >= came[:count])[apart].all()
