"""Who is shown whom again, and when: people under interest, for all pairs of them at once (INT-20 … INT-23).

A turn, at most 30 a second:

    people.show(number, place, doing)     the rows that came since the last turn
    chosen = people.choose(seconds)       who is shown whom; paid for, and taken for sent
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import INTEREST_METRES, PEERS_MAX
from theta.interest.priority import (
    HALF_WEIGHT_METRES,
    REST_FACTOR,
    SELECTED_FACTOR,
    Budgets,
    Ranked,
    most_urgent_first,
    pick,
)

EVERYBODY_MAX = 12
"""As long as there are no more people, everybody is shown everybody at once."""
NEAR_METRES = INTEREST_METRES
INTERVAL_TURNS_MAX = 24
"""Nobody is shown more seldom, if there is something new: 0.8 s at 30 turns a second."""
REST_TURNS = 6
"""Of whom nothing came for so many turns is at rest."""
_NEVER = -(2**20)
"""The turn in which came what never came, and was sent what never was: so long ago that it is due."""
_OVERDUE = 1e6
_STRIDE = 7  # has no divisor in common with INTERVAL_TURNS_MAX, so that neighbours' turns are spread

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Place = tuple[float, float, float]


class Chosen(NamedTuple):
    """Who is shown whom.

    Attributes:
        receivers: numbers, ascending, (n,).
        shown: whose rows they are sent, (n,); one receiver's by number.
    """

    receivers: Ints
    shown: Ints

    def alike(self) -> dict[tuple[int, ...], list[int]]:
        """Who is shown the same people: receivers by whom they are shown."""
        receivers, shown = self.receivers.tolist(), self.shown.tolist()
        first = np.flatnonzero(np.diff(self.receivers, prepend=-1)).tolist()
        found: dict[tuple[int, ...], list[int]] = {}
        for start, end in pairwise([*first, len(shown)]):
            found.setdefault(tuple(shown[start:end]), []).append(receivers[start])
        return found


class People:
    """People by number, 0 to PEERS_MAX − 1: where each is, and what each was shown of each.

    Args:
        row_bytes: what a person's row takes.
        bytes_per_second: what each may be sent of others' rows, from the EVERYBODY_MAX + 1st person on.
        rows_per_turn: how many rows each may be sent in a turn, from then on.
    """

    def __init__(self, row_bytes: int, bytes_per_second: int, rows_per_turn: int = PEERS_MAX) -> None:
        self._row_bytes = row_bytes
        self._rows_per_turn = rows_per_turn
        self._bytes_per_second = bytes_per_second
        self._budgets = Budgets()
        self._here = np.zeros(PEERS_MAX, np.bool_)
        self._places = np.zeros((PEERS_MAX, 3))
        self._is_placed = np.zeros(PEERS_MAX, np.bool_)
        self._came = np.full(PEERS_MAX, _NEVER)
        self._acted = np.full(PEERS_MAX, _NEVER)
        self._sent = np.full((PEERS_MAX, PEERS_MAX), _NEVER)
        self._doing: dict[int, bytes] = {}
        self._count = 0
        self._turn = 0
        self._waits = False

    @property
    def is_crowd(self) -> bool:
        """Whether there are more than EVERYBODY_MAX people, so that not everybody is shown everybody at once."""
        return self._count > EVERYBODY_MAX

    @property
    def waits(self) -> bool:
        """Whether something new of somebody has yet to be shown to somebody after the last turn."""
        return self._waits

    def join(self, number: int) -> None:
        """A person is here: others are shown to it, and it to others once it shows itself.

        Raises:
            InvalidValue: no such number, or it is taken.
        """
        if not 0 <= number < PEERS_MAX or self._here[number]:
            raise InvalidValue("person", number, f"a free one below {PEERS_MAX}")
        self._here[number] = True
        self._count += 1
        self._budgets.set_rate(number, self._bytes_per_second)

    def leave(self, number: int) -> None:
        """A person is gone, and so is all that is known of it.

        Raises:
            InvalidValue: it is not here.
        """
        if not 0 <= number < PEERS_MAX or not self._here[number]:
            raise InvalidValue("person", number, "one who is here")
        self._count -= 1
        self._here[number] = self._is_placed[number] = False
        self._places[number] = 0.0
        self._came[number] = self._acted[number] = _NEVER
        self._sent[number, :] = self._sent[:, number] = _NEVER
        self._doing.pop(number, None)

    def show(self, number: int, place: Place | None, doing: bytes) -> None:
        """A new row of a person came.

        Args:
            number: whose.
            place: where it is, metres; None leaves it where it was, or nowhere.
            doing: what it does: when that is other than before it is shown sooner.
        """
        turn = self._turn + 1
        self._came[number] = turn
        if self._doing.get(number) != doing:
            self._doing[number] = doing
            self._acted[number] = turn
        if place is not None:
            self._places[number] = place
            self._is_placed[number] = True

    def note_all_sent(self, number: int) -> None:
        """A person was sent everybody's newest row on another way; what comes in this turn it is shown with others."""
        self._sent[number, :] = self._turn

    def choose(self, seconds: float) -> Chosen:
        """Who is shown whom in this turn, `seconds` after the last: paid for, and taken for sent."""
        self._turn += 1
        self._budgets.advance(seconds)
        here = np.flatnonzero(self._here)
        news = self._came[here] > self._sent[np.ix_(here, here)]
        if not self.is_crowd:
            self._waits = False
            return self._take(*(here[each] for each in np.nonzero(news)))
        np.fill_diagonal(news, False)
        receivers, shown = (here[each] for each in np.nonzero(news))
        due, urgency = self._weigh(receivers, shown)
        order = np.flatnonzero(due)
        order = order[most_urgent_first(receivers[order], urgency[order])]
        ranked = Ranked(order, receivers[order])
        fits = pick(ranked, np.full(len(order), self._row_bytes), self._budgets.tokens, self._budgets.bursts)
        fits &= np.arange(len(order)) - ranked.peers.searchsorted(ranked.peers) < self._rows_per_turn
        self._waits = len(receivers) > int(np.count_nonzero(fits))
        sent = np.sort(order[fits])
        self._budgets.spend(receivers[sent], np.full(len(sent), self._row_bytes))
        return self._take(receivers[sent], shown[sent])

    def _take(self, receivers: Ints, shown: Ints) -> Chosen:
        self._sent[receivers, shown] = self._turn
        return Chosen(receivers, shown)

    def _weigh(self, receivers: Ints, shown: Ints) -> tuple[NDArray[np.bool_], Floats]:
        """Which pairs are due, and how urgent they are, for pairs with something new, (n,) each."""
        sent = self._sent[receivers, shown]
        waits = self._turn - sent
        apart = self._places[receivers] - self._places[shown]
        metres = np.sqrt(apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1] + apart[:, 2] * apart[:, 2])
        metres[~self._is_placed[shown]] = np.inf
        ratio = metres / NEAR_METRES
        every = np.clip(np.ceil(ratio * ratio), 1, INTERVAL_TURNS_MAX)
        factor = np.where(self._turn - self._came[shown] >= REST_TURNS, REST_FACTOR, 1.0)
        factor[self._acted[shown] > sent] = SELECTED_FACTOR
        # Everybody has a turn of its own at everybody, so that those who all came at once are not all due at once.
        has_turn = (self._turn + receivers + _STRIDE * shown) % INTERVAL_TURNS_MAX == 0
        due = (waits * factor >= every) | has_turn
        urgency = np.where(
            waits >= INTERVAL_TURNS_MAX,
            _OVERDUE + np.minimum(waits, _OVERDUE),
            waits * factor / (1.0 + metres / HALF_WEIGHT_METRES),
        )
        return due, urgency
