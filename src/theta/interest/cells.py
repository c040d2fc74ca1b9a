"""Cells: numbered places for at most CELL_ENTITIES_MAX entities of one scope, bound to a cube of space or to no place.

When a cube's cells are full, another is opened for the same cube. A cell that stays empty is freed, and its number is
given out again, only when nobody can hold a baseline from before (INT-6).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SCOPES_MAX = 8
AXIS_BITS = 20
AXIS_MAX = 2**AXIS_BITS - 1
_AXIS_HALF = 2 ** (AXIS_BITS - 1)
_SCOPE_SHIFT = 3 * AXIS_BITS
_TURNS = 16
"""A loose box is made tight at the latest after so many ticks."""


class Spots(NamedTuple):
    """Free places found for entities: `cells` (n,) int64 and `indices` (n,) int64 in them."""

    cells: Ints
    indices: Ints


def spans(starts: Ints, counts: Ints) -> Ints:
    """The numbers starts[0], starts[0] + 1, … counts[0] of them, then those of the next, (sum of counts,) int64."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)


def axis_places(metres: Floats, cell_metres: float) -> Ints:
    """Which cube a coordinate lies in along one axis, 0 to AXIS_MAX − 1, like `metres` in shape; beyond, the last."""
    cubes = np.floor(metres / cell_metres) + _AXIS_HALF
    places: Ints = np.clip(cubes, 0, AXIS_MAX - 1).astype(np.int64)
    return places


def place_keys(scope: int, columns: Floats, cell_metres: float) -> Ints:
    """The cubes of positions, given as columns (3, n), as one number each, (n,) int64; height counts least."""
    x, y, z = (axis_places(column, cell_metres) for column in columns)
    return join_key(scope, x, z, y)


def join_key(scope: int, x: Ints, z: Ints, y: Ints | int) -> Ints:
    """A cube's number from its three axes."""
    key: Ints = scope << _SCOPE_SHIFT | x << 2 * AXIS_BITS | z << AXIS_BITS | y
    return key


def placeless_key(scope: int) -> int:
    """The number that stands for no place."""
    key: int = scope << _SCOPE_SHIFT | AXIS_MAX << 2 * AXIS_BITS
    return key


class Cells:
    """All cells of a room, by number. Arrays have room for more cells than `count`; a free cell's key is −1.

    Args:
        cell_metres: a cube's side.

    Attributes:
        count: the numbers below it have been given out.
        keys: scope and cube, (cells,) int64.
        slots: who is in it by index, (cells, CELL_ENTITIES_MAX) int32, −1 for nobody.
        occupied: how many are in it, (cells,) int64.
        changed: the tick in which somebody entered or left last, (cells,) int64.
        origins: the cube's lowest corner in metres, (3, cells) float64; infinite where there is no place.
        low, high: a box around its entities' positions, (3, cells) float64; it may be too large, never too small.
        sizes: the size in metres of its largest entity, (cells,) float32; likewise.
        order: the bound cells by key, then by when they were bound, (bound,) int64; `order_keys` are their keys.
    """

    def __init__(self, cell_metres: float, capacity: int = 64) -> None:
        self.cell_metres = cell_metres
        self.count = 0
        self.keys = np.full(capacity, -1, np.int64)
        self.slots = np.full((capacity, CELL_ENTITIES_MAX), -1, np.int32)
        self.occupied = np.zeros(capacity, np.int64)
        self.changed = np.zeros(capacity, np.int64)
        self.origins = np.zeros((3, capacity))
        self.low = np.zeros((3, capacity))
        self.high = np.zeros((3, capacity))
        self.sizes = np.zeros(capacity, np.float32)
        self.order = np.zeros(0, np.int64)
        self.order_keys = np.zeros(0, np.int64)
        self._loose = np.zeros(capacity, np.bool_)
        self._free = np.zeros(0, np.int64)
        self._freed_now = np.zeros(0, np.int64)

    @property
    def centres(self) -> Floats:
        """The middle of each cell's cube in metres, (count, 3) float64; infinite where there is no place."""
        return (self.origins[:, : self.count] + self.cell_metres / 2.0).T

    @property
    def scopes(self) -> Ints:
        """Each cell's scope, (count,) int64; −1 where the number is free."""
        return self.keys[: self.count] >> _SCOPE_SHIFT

    def bound_between(self, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """For each range of keys, both ends in it: where it starts in `order`, and how many cells it has."""
        starts = self.order_keys.searchsorted(first)
        return starts, self.order_keys.searchsorted(last, side="right") - starts

    def advance(self, tick: int) -> None:
        """Begin a tick: free what stayed empty for more than BASELINE_AGE_TICKS_MAX ticks."""
        self._free = np.concatenate((self._free, self._freed_now))
        empty = self.occupied[self.order] == 0
        empty &= self.changed[self.order] < tick - BASELINE_AGE_TICKS_MAX
        self._freed_now = np.sort(self.order[empty])
        if len(self._freed_now):
            self.keys[self._freed_now] = -1
            self.order = self.order[~empty]
            self.order_keys = self.order_keys[~empty]

    def has_room(self, count: int, cells_max: int) -> bool:
        """Whether so many cells could be opened without there being more than `cells_max`."""
        return self.count + max(count - len(self._free), 0) <= cells_max

    def take_spots(self, keys: Ints) -> Spots:
        """Places for entities at these cubes, (n,) int64, in cells with room or in cells opened for them."""
        order = np.argsort(keys, kind="stable")
        sorted_keys = keys[order]
        heads = np.flatnonzero(np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1])))
        cubes = sorted_keys[heads]
        wanted = np.diff(np.append(heads, len(keys)))
        starts, counts = self.bound_between(cubes, cubes)
        room = np.bincount(
            np.repeat(np.arange(len(cubes)), counts),
            CELL_ENTITIES_MAX - self.occupied[self.order[spans(starts, counts)]],
            len(cubes),
        ).astype(np.int64)
        lacking = -(-(wanted - room) // CELL_ENTITIES_MAX)
        if (lacking > 0).any():
            self._open(np.repeat(cubes, np.maximum(lacking, 0)))
            starts, counts = self.bound_between(cubes, cubes)
        cells = self.order[spans(starts, counts)]
        rows, indices = np.nonzero(self.slots[cells] < 0)
        cube_of_row = np.repeat(np.arange(len(cubes)), counts)
        first = np.flatnonzero(np.concatenate(([True], np.diff(cube_of_row[rows]) != 0)))
        chosen = spans(first, wanted)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return Spots(cells[rows[chosen]][back], indices[chosen][back])

    def fill(self, spots: Spots, slots: NDArray[Any], columns: Floats, sizes: NDArray[Any], tick: int) -> None:
        """Put entities at spots: their positions as columns (3, n), their sizes (n,)."""
        cells = spots.cells
        empty = cells[self.occupied[cells] == 0]
        self.low[:, empty] = np.inf
        self.high[:, empty] = -np.inf
        self.sizes[empty] = 0.0
        self.slots[cells, spots.indices] = slots
        np.add.at(self.occupied, cells, 1)
        self.changed[cells] = tick
        self.widen(cells, columns, sizes)

    def vacate(self, cells: Ints, indices: NDArray[Any], tick: int) -> None:
        """Take entities out. An emptied cell keeps its box, so that those who know it are told."""
        self.slots[cells, indices] = -1
        np.subtract.at(self.occupied, cells, 1)
        self.changed[cells] = tick
        self._loose[cells] = True

    def widen(self, cells: Ints, columns: Floats, sizes: NDArray[Any]) -> None:
        """Make the boxes hold these positions, columns (3, n), and the cells' sizes hold these (n,)."""
        np.maximum.at(self.sizes, cells, sizes)
        for axis in range(3):
            np.minimum.at(self.low[axis], cells, columns[axis])
            np.maximum.at(self.high[axis], cells, columns[axis])
        self._loose[cells] = True

    def tighten(self, tick: int, positions: Floats, sizes: NDArray[np.float32]) -> None:
        """Make this tick's share of the loose boxes fit again; positions by slot (3, slots), sizes by slot (slots,)."""
        loose = np.flatnonzero(self._loose[: self.count])
        turn = loose[(loose + tick) % _TURNS == 0]
        turn = turn[self.occupied[turn] > 0]
        if not len(turn):
            return
        # Turned round, so that the least of sixteen is taken of whole rows.
        slots = self.slots[turn].T.copy()
        absent = slots < 0
        for axis in range(3):
            values = positions[axis][slots]
            self.low[axis, turn] = np.where(absent, np.inf, values).min(axis=0)
            self.high[axis, turn] = np.where(absent, -np.inf, values).max(axis=0)
        self.sizes[turn] = np.where(absent, np.float32(0.0), sizes[slots]).max(axis=0)
        self._loose[turn] = False

    def _open(self, keys: Ints) -> None:
        """Bind a cell to each of these cubes: first numbers that were freed, longest ago first, then new ones."""
        again = self._free[: len(keys)]
        self._free = self._free[len(keys) :]
        fresh = np.arange(self.count, self.count + len(keys) - len(again))
        if self.count + len(fresh) > len(self.keys):
            self._grow(self.count + len(fresh))
        self.count += len(fresh)
        cells = np.concatenate((again, fresh))
        self.keys[cells] = keys
        cubes = np.stack((keys >> 2 * AXIS_BITS, keys, keys >> AXIS_BITS)) & AXIS_MAX
        self.origins[:, cells] = np.where(cubes[0] == AXIS_MAX, np.inf, (cubes - _AXIS_HALF) * self.cell_metres)
        self._loose[cells] = False
        order = np.concatenate((self.order, cells))
        order_keys = np.concatenate((self.order_keys, keys))
        # Two sorted runs, which a stable sort only merges.
        merged = np.argsort(order_keys, kind="stable")
        self.order = order[merged]
        self.order_keys = order_keys[merged]

    def _grow(self, count: int) -> None:
        capacity = max(count, 2 * len(self.keys))
        for name, empty in (("keys", -1), ("slots", -1), ("occupied", 0), ("changed", 0), ("sizes", 0), ("_loose", 0)):
            setattr(self, name, grown(getattr(self, name), capacity, empty))
        for name in ("origins", "low", "high"):
            setattr(self, name, grown(getattr(self, name).T, capacity, 0).T.copy())


def grown(array: NDArray[Any], capacity: int, empty: int) -> NDArray[Any]:
    """A copy with room for `capacity` rows, the new ones filled with `empty`."""
    larger = np.full((capacity, *array.shape[1:]), empty, array.dtype)
    larger[: len(array)] = array
    return larger
