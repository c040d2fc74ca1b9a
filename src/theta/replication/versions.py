"""Integers by place, as they were at each of the last ticks; ticks in which nothing changed share their row."""

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import BASELINE_AGE_TICKS_MAX

DEPTH = BASELINE_AGE_TICKS_MAX + 1
NOTHING = DEPTH
"""The place in the ring where everything is 0: what a peer has that has nothing."""
_ROWS_MIN = 8


class Versions:
    """Columns of int32 by place, all of one width, that are copied when they first change in a tick.

    Args:
        columns: how many.
        width: places at the beginning; `widen` makes more.

    Attributes:
        rows: (versions, width) int32; row 0 is all zeros.
        ring: (DEPTH + 1, columns): which row a column has at a tick, by tick % DEPTH; the last is row 0.
    """

    __slots__ = ("_current", "_free", "_leaving", "_made", "ring", "rows")

    def __init__(self, columns: int, width: int) -> None:
        self.rows = np.zeros((_ROWS_MIN, width), np.int32)
        self.ring = np.zeros((DEPTH + 1, columns), np.int64)
        self._current = np.zeros(columns, np.int64)
        self._made = [0] * columns
        self._free = list(range(1, _ROWS_MIN))
        self._leaving: list[list[int]] = [[] for _ in range(DEPTH)]

    @property
    def width(self) -> int:
        """How many places a row has."""
        return int(self.rows.shape[1])

    def begin(self, tick: int) -> None:
        """Begin a tick with the row of the one before; what was replaced DEPTH ticks ago is free again."""
        at = tick % DEPTH
        self._free += self._leaving[at]
        self._leaving[at] = []
        self.ring[at] = self._current

    def current(self, column: int) -> NDArray[np.int32]:
        """A column's row as it is now, to read."""
        row: NDArray[np.int32] = self.rows[self._current[column]]
        return row

    def starts(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where columns begin at these places (…) of the ring, for `take`: (…, columns)."""
        return self.ring[at] * self.width

    def is_same(self, column: int, one: int, other: int) -> bool:
        """Whether a column has the same row at two places of the ring: nothing of it changed between them."""
        return bool(self.ring.item(one, column) == self.ring.item(other, column))

    def take(self, places: NDArray[np.int64]) -> NDArray[np.int32]:
        """What is at these places, each counted from 0 on and added to where its column begins."""
        found: NDArray[np.int32] = self.rows.ravel().take(places)
        return found

    def changing(self, column: int, tick: int) -> NDArray[np.int32]:
        """A column's row of this tick, to write."""
        row: NDArray[np.int32]
        old = int(self._current[column])
        if self._made[column] == tick:
            row = self.rows[old]
            return row
        if not self._free:
            count = len(self.rows)
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self._free = list(range(count, 2 * count))
        new = self._free.pop()
        row = self.rows[new]
        row[:] = self.rows[old]
        if old:
            self._leaving[tick % DEPTH].append(old)
        self._current[column] = self.ring[tick % DEPTH, column] = new
        self._made[column] = tick
        return row

    def widen(self, places: int) -> None:
        """Have at least so many places."""
        if places > self.width:
            rows = np.zeros((len(self.rows), max(places, 2 * self.width)), np.int32)
            rows[:, : self.width] = self.rows
            self.rows = rows
