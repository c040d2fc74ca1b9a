"""Who left which cell and where to, kept as long as somebody may have a baseline from before."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import BASELINE_AGE_TICKS_MAX

Ints = NDArray[np.int64]

DESPAWNED = 0
NOWHERE = 1
CELL_BASE = 2
"""A destination from here on is a cell's number plus this."""

_CELL, _INDEX, _TICK, _ENTERED, _DESTINATION, _SCOPE, _SLOT, _OPEN = range(8)


class Leaves(NamedTuple):
    """Departures in order of time, each column (departures,) int64.

    Attributes:
        cells, indices: where the entity was.
        ticks: when it left.
        entered: when it had come there; always before it left.
        destinations: DESPAWNED, NOWHERE (it left the scope), or the cell it is in now, plus CELL_BASE.
    """

    cells: Ints
    indices: Ints
    ticks: Ints
    entered: Ints
    destinations: Ints


class LeaveLog:
    """The departures of the last BASELINE_AGE_TICKS_MAX ticks.

    A destination follows the entity while it goes on, so that whoever is told late is told where it is. Coming and
    leaving in one tick leaves no trace: nobody saw it.
    """

    def __init__(self, capacity: int = 256) -> None:
        self._columns = np.zeros((8, capacity), np.int64)
        self._start = 0
        self._end = 0

    @property
    def leaves(self) -> Leaves:
        """All that are kept, as views."""
        return Leaves(*self._kept[:5])

    def since(self, tick: int) -> Leaves:
        """Those of this tick and later, as views."""
        kept = self._kept
        return Leaves(*kept[:5, int(kept[_TICK].searchsorted(tick)) :])

    def advance(self, tick: int) -> None:
        """Drop what is older than BASELINE_AGE_TICKS_MAX ticks."""
        self._start += int(self._kept[_TICK].searchsorted(tick - BASELINE_AGE_TICKS_MAX))

    def add(self, scope: int, slots: Ints, cells: Ints, indices: Ints, entered: Ints, tick: int) -> None:
        """Entities leave; where to is said by `settle`."""
        seen = entered < tick
        count = int(np.count_nonzero(seen))
        if self._end + count > self._columns.shape[1]:
            self._make_room(count)
        added = self._columns[:, self._end : self._end + count]
        for row, column in ((_CELL, cells), (_INDEX, indices), (_ENTERED, entered), (_SLOT, slots)):
            added[row] = column[seen]
        added[_TICK] = tick
        added[_DESTINATION] = NOWHERE
        added[_SCOPE] = scope
        added[_OPEN] = 1
        self._end += count

    def settle(self, scope: int, slots: Ints, destinations: Ints | int, lookup: Ints) -> None:
        """Say where entities are now, in every departure of theirs.

        Args:
            scope: of which scope.
            slots: whose, (n,).
            destinations: cells plus CELL_BASE, (n,); or DESPAWNED or NOWHERE for all, which ends their story.
            lookup: scratch by slot, (slots,) int64, all −1; left so.
        """
        kept = self._kept
        lookup[slots] = destinations
        found = lookup[kept[_SLOT]]
        lookup[slots] = -1
        hits = (found >= 0) & (kept[_OPEN] == 1) & (kept[_SCOPE] == scope)
        kept[_DESTINATION, hits] = found[hits]
        if isinstance(destinations, int):
            kept[_OPEN, hits] = 0

    @property
    def _kept(self) -> Ints:
        return self._columns[:, self._start : self._end]

    def _make_room(self, count: int) -> None:
        kept = self._kept
        self._columns = np.zeros((8, 2 * (kept.shape[1] + count)), np.int64)
        self._columns[:, : kept.shape[1]] = kept
        self._start, self._end = 0, kept.shape[1]
