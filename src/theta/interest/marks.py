"""Entities that a peer has something to do with wherever they are: its own, and what it has selected."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.interest.grid import SLOTS_MAX, Grid

Ints = NDArray[np.int64]

PAIR_SHIFT = 32
"""A pair of a peer and a cell is one number: peer << PAIR_SHIFT | cell."""


class Marks:
    """Pairs of a peer and a slot."""

    def __init__(self) -> None:
        self._peers = np.zeros(0, np.int64)
        self._slots = np.zeros(0, np.int64)

    def put(self, peer: int, slots: ArrayLike) -> None:
        """Mark these slots, (n,) integers, for a peer, and no others.

        Raises:
            InvalidValue: slots that are none.
        """
        added = np.unique(np.asarray(slots, np.int64))
        if len(added) and not 0 <= int(added[0]) <= int(added[-1]) < SLOTS_MAX:
            raise InvalidValue("slots", slots, f"from 0 to {SLOTS_MAX - 1}")
        others = self._peers != peer
        self._peers = np.concatenate((self._peers[others], np.full(len(added), peer)))
        self._slots = np.concatenate((self._slots[others], added))

    def drop(self, slots: ArrayLike) -> None:
        """Forget these slots of everybody: their entities are no more."""
        if len(self._slots):
            kept = ~np.isin(self._slots, slots)
            self._peers, self._slots = self._peers[kept], self._slots[kept]

    def has(self, peer: int, slot: int) -> bool:
        """Whether the slot is marked for the peer."""
        return bool(((self._peers == peer) & (self._slots == slot)).any())

    def pairs(self, grid: Grid, scope: int, sees: NDArray[np.bool_]) -> Ints:
        """The pairs of peers and the cells that their slots are in now, (n,) int64, sorted, no two alike.

        Args:
            grid: where the cells are.
            scope: of which scope.
            sees: whether a peer is told of this scope, (peers,) bool.
        """
        if not len(self._slots) or not grid.populations[scope]:
            return np.zeros(0, np.int64)
        cells = grid.cells_of(scope, self._slots)
        there = (cells >= 0) & sees[self._peers]
        return np.unique(self._peers[there] << PAIR_SHIFT | cells[there])
