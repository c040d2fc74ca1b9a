"""Which cell and index every entity has, kept up with its position; all arrays, nothing per entity (INT-1 … INT-6)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX, ENTITY_SIZE_METRES_MAX, STATE_CELLS_MAX
from theta.interest.cells import Cells, grown, place_keys, placeless_key
from theta.interest.leaves import CELL_BASE, DESPAWNED, NOWHERE, LeaveLog, Leaves
from theta.interest.scopes import SCOPES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CELL_METRES = 10.0 / 3.0
SLOTS_MAX = 2**20
BORDER = 0.1
"""An entity keeps its cell until it is out of its cube by this share of a side."""
CELLS_FOLLOWED_MAX = STATE_CELLS_MAX // 4
"""Nobody who moves has a new cell where there are so many: those that were left are kept for long. The rest are for
those who come."""


class Membership(NamedTuple):
    """Who is where, for whoever encodes. Arrays by cell number or by slot are views with room for more.

    Attributes:
        cell_of_slot: (scopes, slots) int32; −1 for none.
        index_of_slot: (scopes, slots) uint8; the place in the cell.
        entered_tick_of_slot: (scopes, slots) int64; when it came into that cell and index.
        slots: by cell and index, (cells, CELL_ENTITIES_MAX) int32; −1 for nobody.
        scopes: each cell's scope, (cells,) int64; −1 where the number is free.
        changed: the tick in which somebody entered or left the cell last, (cells,) int64.
        leaves: the departures that somebody may still have to be told of.
    """

    cell_of_slot: NDArray[np.int32]
    index_of_slot: NDArray[np.uint8]
    entered_tick_of_slot: Ints
    slots: NDArray[np.int32]
    scopes: Ints
    changed: Ints
    leaves: Leaves


class Grid:
    """The places of a room's entities. A failed call raises InvalidValue and changes nothing.

    In a tick: `advance` first, then `despawn` and `leave`, then `enter` and `move`. Slots are given as arrays of
    distinct integers, positions as (n, 3) metres.

    Args:
        cell_metres: a cube's side.
        cells_max: no more than so many are opened for entities that move.
    """

    def __init__(self, cell_metres: float = CELL_METRES, cells_max: int = CELLS_FOLLOWED_MAX) -> None:
        self.tick = 0
        self.cells = Cells(cell_metres)
        self.log = LeaveLog()
        self.populations = [0] * len(SCOPES)
        self._cell = np.full((len(SCOPES), 64), -1, np.int32)
        self._index = np.zeros((len(SCOPES), 64), np.uint8)
        self._entered = np.zeros((len(SCOPES), 64), np.int64)
        self._positions = np.zeros((3, 64))
        self._sizes = np.zeros(64, np.float32)
        self._scratch = np.full(64, -1, np.int64)
        self._cells_max = cells_max
        self._late = np.zeros(0, np.int64)

    @property
    def membership(self) -> Membership:
        """Who is where now."""
        cells = self.cells
        return Membership(
            self._cell, self._index, self._entered, cells.slots, cells.scopes, cells.changed, self.log.leaves
        )

    def advance(self, tick: int) -> None:
        """Begin a tick, one after the last or later."""
        assert tick > self.tick
        self.tick = tick
        self.cells.advance(tick)
        self.log.advance(tick)
        self.cells.tighten(tick, self._positions, self._sizes)
        late, self._late = np.unique(self._late), np.zeros(0, np.int64)
        if len(late):
            self.move(late, self._positions[:, late].T)

    def enter(
        self, slots: ArrayLike, positions: ArrayLike | None, scope: int = 0, sizes: ArrayLike | float = 0.0
    ) -> None:
        """Give entities a place in a scope, or another one where they have one; other scopes follow their position.

        Args:
            slots: (n,) integers.
            positions: (n, 3) metres; None for entities without a position, which everybody of the scope hears of.
            scope: its number in SCOPES.
            sizes: the entities' sizes in metres, (n,) or one for all.

        Raises:
            InvalidValue: slots that are no distinct slots, or positions or sizes out of their limits.
        """
        found = self._check_slots(slots)
        measures = _check_sizes(sizes, len(found))
        if positions is None:
            self._sizes[found] = measures
            self._assign(scope, found, np.full(len(found), placeless_key(scope)))
            return
        columns = _check_positions(positions, len(found))
        self._write(found, columns)
        self._sizes[found] = measures
        self._assign(scope, found, place_keys(scope, columns, self.cells.cell_metres))
        for other, population in enumerate(self.populations):
            if population and other != scope:
                self._follow(other, found, columns)

    def move(self, slots: ArrayLike, positions: ArrayLike) -> None:
        """Follow entities to where they are now, in every scope in which they have a place.

        Args:
            slots: (n,) integers; who has no place anywhere is passed over.
            positions: (n, 3) metres.

        Raises:
            InvalidValue: slots that are no distinct slots, or positions out of their limits.
        """
        found = self._check_slots(slots)
        columns = _check_positions(positions, len(found))
        self._write(found, columns)
        for scope, population in enumerate(self.populations):
            if population:
                self._follow(scope, found, columns)

    def resize(self, slots: ArrayLike, sizes: ArrayLike | float) -> None:
        """Entities are larger or smaller than they were.

        Args:
            slots: (n,) integers; who has no place anywhere is passed over.
            sizes: metres, (n,) or one for all.

        Raises:
            InvalidValue: slots that are no distinct slots, or sizes out of their limits.
        """
        found = self._check_slots(slots)
        self._sizes[found] = _check_sizes(sizes, len(found))
        for scope in range(len(self.populations)):
            cells = self._cell[scope][found].astype(np.int64)
            placed = cells >= 0
            there = found[placed]
            self.cells.widen(cells[placed], self._positions[:, there], self._sizes[there])

    def leave(self, slots: ArrayLike, scope: int) -> None:
        """Entities have nothing in this scope any more.

        Raises:
            InvalidValue: slots that are no distinct slots.
        """
        self._end(scope, self._check_slots(slots), NOWHERE)

    def despawn(self, slots: ArrayLike) -> None:
        """Entities are no more; their slots may be given to others at once.

        Raises:
            InvalidValue: slots that are no distinct slots.
        """
        found = self._check_slots(slots)
        for scope, population in enumerate(self.populations):
            if population:
                self._end(scope, found, DESPAWNED)

    def cells_of(self, scope: int, slots: Ints) -> Ints:
        """The cell of each slot in a scope, (n,) int64; −1 for none. Slots may be any that are not negative."""
        known = slots < self._cell.shape[1]
        return np.where(known, self._cell[scope][np.where(known, slots, 0)], -1).astype(np.int64)

    def index_of(self, scope: int, slot: int) -> int:
        """A slot's index in its cell of a scope in which it has one."""
        return int(self._index[scope, slot])

    def position_of(self, slot: int) -> tuple[float, float, float]:
        """Where a slot that has a place is, metres."""
        x, y, z = self._positions[:, slot].tolist()
        return x, y, z

    def _follow(self, scope: int, slots: Ints, columns: Floats) -> None:
        cells = self._cell[scope][slots].astype(np.int64)
        placed = cells >= 0
        if not placed.all():
            slots, columns, cells = slots[placed], columns[:, placed], cells[placed]
        side = self.cells.cell_metres
        out = np.zeros(len(slots), np.bool_)
        for axis in range(3):
            inside = columns[axis] - self.cells.origins[axis][cells]
            out |= (inside < -BORDER * side) | (inside > side + BORDER * side)
        rows = np.flatnonzero(out)
        keys = place_keys(scope, columns[:, rows], side)
        # Past the last cube of an axis one is always out of it, and stays in it.
        gone = keys != self.cells.keys[cells[rows]]
        rows, keys = rows[gone], keys[gone]
        if not self.cells.has_room(len(rows), self._cells_max):
            self._late = np.concatenate((self._late, slots[rows]))
            rows = rows[:0]
        if len(rows):
            self._assign(scope, slots[rows], keys)
            out[:] = True
            out[rows] = False
            slots, cells, columns = slots[out], cells[out], columns[:, out]
        self.cells.widen(cells, columns, self._sizes[slots])

    def _assign(self, scope: int, slots: Ints, keys: Ints) -> None:
        """Move entities from where they are, if anywhere, to cells of these cubes."""
        if not len(slots):
            return
        self._vacate(scope, slots)
        spots = self.cells.take_spots(keys)
        self.cells.fill(spots, slots, self._positions[:, slots], self._sizes[slots], self.tick)
        self._cell[scope, slots] = spots.cells
        self._index[scope, slots] = spots.indices
        self._entered[scope, slots] = self.tick
        self.populations[scope] += len(slots)
        self.log.settle(scope, slots, spots.cells + CELL_BASE, self._scratch)

    def _end(self, scope: int, slots: Ints, destination: int) -> None:
        self._vacate(scope, slots)
        self.log.settle(scope, slots, destination, self._scratch)

    def _vacate(self, scope: int, slots: Ints) -> None:
        cells = self._cell[scope][slots].astype(np.int64)
        placed = cells >= 0
        slots, cells = slots[placed], cells[placed]
        indices = self._index[scope][slots].astype(np.int64)
        self.log.add(scope, slots, cells, indices, self._entered[scope][slots], self.tick)
        self.cells.vacate(cells, indices, self.tick)
        self._cell[scope, slots] = -1
        self.populations[scope] -= len(slots)

    def _write(self, slots: Ints, columns: Floats) -> None:
        for axis in range(3):
            self._positions[axis][slots] = columns[axis]

    def _check_slots(self, slots: ArrayLike) -> Ints:
        found = np.asarray(slots)
        if found.ndim != 1 or (len(found) and found.dtype.kind not in "iu"):
            raise InvalidValue("slots", slots, "a list of integers")
        found = found.astype(np.int64)
        if not len(found):
            return found
        if int(found.min()) < 0 or int(found.max()) >= SLOTS_MAX:
            raise InvalidValue("slots", slots, f"from 0 to {SLOTS_MAX - 1}")
        self._make_room(int(found.max()) + 1)
        numbers = np.arange(len(found))
        self._scratch[found] = numbers
        distinct = bool((self._scratch[found] == numbers).all())
        self._scratch[found] = -1
        if not distinct:
            raise InvalidValue("slots", slots, "distinct")
        return found

    def _make_room(self, slots: int) -> None:
        if slots <= self._cell.shape[1]:
            return
        capacity = max(slots, 2 * self._cell.shape[1])
        for name, empty in (("_cell", -1), ("_index", 0), ("_entered", 0), ("_positions", 0)):
            setattr(self, name, grown(getattr(self, name).T, capacity, empty).T.copy())
        self._sizes = grown(self._sizes, capacity, 0)
        self._scratch = grown(self._scratch, capacity, -1)


def _check_positions(positions: ArrayLike, count: int) -> Floats:
    found: NDArray[Any] = np.asarray(positions, np.float64)
    if found.shape != (count, 3):
        raise InvalidValue("positions", found.shape, f"of the shape ({count}, 3)")
    # Written so that a NaN is refused as well.
    if not (np.abs(found) <= COORDINATE_METRES_MAX).all():
        raise InvalidValue("positions", positions, f"within {COORDINATE_METRES_MAX} metres of the origin")
    return np.ascontiguousarray(found.T)


def _check_sizes(sizes: ArrayLike | float, count: int) -> NDArray[np.float32]:
    found = np.broadcast_to(np.asarray(sizes, np.float32), (count,))
    if not ((found >= 0.0) & (found <= ENTITY_SIZE_METRES_MAX)).all():
        raise InvalidValue("sizes", sizes, f"from 0 to {ENTITY_SIZE_METRES_MAX} metres")
    return found
