"""Rows of lanes in one flat array, so that those of all components are gathered at once; and object fields' values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS_MIN = 64


class RowPool:
    """Rows of as many lanes as their component stores; a row is named by the place of its first lane, and 0 is no row.

    Args:
        lane_counts: stored lanes by component number.

    Attributes:
        lanes: (capacity,) int64; its first lanes are 0, so that what is read of no row is 0.
    """

    __slots__ = ("_free", "_free_count", "_lane_counts", "_made", "_used", "_whole", "lanes")

    def __init__(self, lane_counts: NDArray[np.int64]) -> None:
        self._lane_counts = lane_counts.tolist()
        self._used = max(self._lane_counts)
        self._hold(np.zeros(max(1024, self._used), np.int64))
        self._free = [np.zeros(_ROWS_MIN, np.int32) for _ in self._lane_counts]
        self._free_count = [0] * len(self._lane_counts)
        self._made = [0] * len(self._lane_counts)

    def rows(self, number: int) -> NDArray[np.int64]:
        """A view by place: `rows(number)[places]` is (n, lanes)."""
        lanes = self._lane_counts[number]
        step = self.lanes.itemsize
        return np.ndarray((len(self.lanes) - lanes + 1, lanes), np.int64, self.lanes, strides=(step, step))

    def copies(self, number: int, places: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """The rows at places (…), (…, lanes): as `rows(number)[places]`, but each row is copied in one piece.

        Of a component that has fewer lanes, what comes behind a row is copied with it.
        """
        flat: NDArray[np.int64] = self._whole[number][places].view(np.int64)
        return flat.reshape(*places.shape, self._lane_counts[number])

    def add(self, number: int, lanes: NDArray[np.int64]) -> NDArray[np.int32]:
        """Store rows (n, lanes); returns their places, (n,) int32."""
        places = self._take(number, len(lanes))
        self.rows(number)[places] = lanes
        return places

    def release(self, number: int, places: NDArray[np.int32]) -> None:
        """The rows are not needed any more."""
        count = self._free_count[number]
        stack = self._free[number]
        if count + len(places) > len(stack):
            grown = np.zeros(2 * (count + len(places)), np.int32)
            grown[:count] = stack[:count]
            self._free[number] = stack = grown
        stack[count : count + len(places)] = places
        self._free_count[number] = count + len(places)

    def _take(self, number: int, count: int) -> NDArray[np.int32]:
        left = self._free_count[number] - count
        if left < 0:
            self._grow(number, max(-left, _ROWS_MIN, self._made[number] // 2))
            left = self._free_count[number] - count
        self._free_count[number] = left
        return self._free[number][left : left + count].copy()

    def _hold(self, lanes: NDArray[np.int64]) -> None:
        self.lanes = lanes
        step = lanes.itemsize
        self._whole = [
            np.ndarray((len(lanes) - count + 1,), f"V{count * step}", lanes, strides=(step,))
            for count in self._lane_counts
        ]

    def _grow(self, number: int, rows: int) -> None:
        lanes = self._lane_counts[number]
        first, self._used = self._used, self._used + rows * lanes
        # Behind the last row there is place for the longest, so that `copies` may read more than a row has.
        if self._used + max(self._lane_counts) > len(self.lanes):
            grown = np.zeros(max(self._used + max(self._lane_counts), 2 * len(self.lanes)), np.int64)
            grown[:first] = self.lanes[:first]
            self._hold(grown)
        self._made[number] += rows
        self.release(number, np.arange(first, self._used, lanes, dtype=np.int32))


class ObjectValues:
    """The values of object fields by number, counted; number 0 is no bytes."""

    __slots__ = ("_counts", "_free", "values")

    def __init__(self) -> None:
        self.values: list[bytes] = [b""]
        self._counts = [1]
        self._free: list[int] = []

    def add(self, value: bytes, before: int) -> int:
        """The number of a value; `before` is kept where it is the same."""
        if value == self.values[before]:
            if before:
                self._counts[before] += 1
            return before
        if not value:
            return 0
        if self._free:
            number = self._free.pop()
            self.values[number], self._counts[number] = value, 1
            return number
        self.values.append(value)
        self._counts.append(1)
        return len(self.values) - 1

    def release(self, numbers: list[int]) -> None:
        """One use less of each."""
        for number in numbers:
            if number:
                self._counts[number] -= 1
                if not self._counts[number]:
                    self.values[number] = b""
                    self._free.append(number)
