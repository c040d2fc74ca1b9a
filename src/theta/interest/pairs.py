"""One flat table of all pairs of a peer and a cell relevant to it, sorted, with what each waits for."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.limits import BASELINE_AGE_TICKS_MAX
from theta.interest.candidates import NEAR, Candidates
from theta.interest.cells import spans
from theta.interest.grid import Grid
from theta.interest.leaves import CELL_BASE
from theta.interest.marks import PAIR_SHIFT

Ints = NDArray[np.int64]

_CELL_MASK = (1 << PAIR_SHIFT) - 1
_KEPT = ("acknowledged", "sent", "since", "waiting", "accumulators")


class Left(NamedTuple):
    """Cells that peers may have something of and are to forget, by peer: `peers` and `cells`, (n,) int64 each."""

    peers: Ints
    cells: Ints


class Pairs:
    """The relevant pairs. Columns are (pairs,) arrays in the order of `keys`; a row's number holds until `update`.

    Attributes:
        keys: peer << PAIR_SHIFT | cell, int64, ascending.
        peers, cells: its halves, int64.
        reasons: why, bits of `theta.interest.candidates`, uint8; 0 for a cell out of reach whose departures the peer
            is still to be told of.
        distances: metres from where the peer looks to the box of the cell's entities, float32; infinite for a pair
            that is relevant for another reason only.
        acknowledged: the newest tick of the cell that the peer acknowledged, int64; 0 for none.
        sent: the tick in which it was sent last, int64; 0 for never.
        since: the tick from which it has been relevant, int64.
        waiting: the tick since which there is something to send, int64; 0 when there is nothing.
        accumulators: what weight has gathered since it was sent last, float32.
        weights: what the accumulator gains in a tick, float32.
    """

    def __init__(self) -> None:
        self.keys = np.zeros(0, np.int64)
        self.reasons = np.zeros(0, np.uint8)
        self.distances = np.zeros(0, np.float32)
        self.acknowledged = np.zeros(0, np.int64)
        self.sent = np.zeros(0, np.int64)
        self.since = np.zeros(0, np.int64)
        self.waiting = np.zeros(0, np.int64)
        self.accumulators = np.zeros(0, np.float32)
        self.weights = np.zeros(0, np.float32)
        self.peers = np.zeros(0, np.int64)
        self.cells = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.keys)

    def update(self, grid: Grid, candidates: Candidates, joined: NDArray[np.bool_]) -> Left:
        """Take up what became relevant and drop what no longer is.

        Args:
            grid: after this tick's moves.
            candidates: what is near or relevant now.
            joined: whether a peer may be told of a scope, (peers, scopes) bool.
        """
        known, places = self._find(candidates.keys)
        chosen = known | (candidates.reasons != NEAR)
        if not chosen.all():
            chosen |= self._followed(grid, candidates.keys)
        keys, reasons = candidates.keys[chosen], candidates.reasons[chosen]
        distances = np.sqrt(candidates.squares[chosen]).astype(np.float32)
        stays = np.zeros(len(self.keys), np.bool_)
        stays[places[known]] = True
        gone = np.flatnonzero(~stays)
        lingers = gone[self._lingers(grid, gone, joined)]
        if len(lingers):
            stays[lingers] = True
            merged = np.concatenate((keys, self.keys[lingers]))
            order = np.argsort(merged)
            keys = merged[order]
            reasons = np.concatenate((reasons, np.zeros(len(lingers), np.uint8)))[order]
            distances = np.concatenate((distances, self.distances[lingers]))[order]
        left = gone[~stays[gone] & (self.sent[gone] > 0)]
        told = Left(self.peers[left], self.cells[left])
        self._carry(keys, stays, grid.tick)
        self.reasons, self.distances = reasons, distances
        return told

    def drop_peer(self, peer: int) -> None:
        """A peer is gone, with all its pairs."""
        stays = self.peers != peer
        self.reasons, self.distances = self.reasons[stays], self.distances[stays]
        self._carry(self.keys[stays], stays, 0)

    def rows_of(self, peers: ArrayLike, cells: ArrayLike) -> tuple[Ints, NDArray[np.bool_]]:
        """For pairs given as (n,) integers each: whether they are in the table, and the rows of those that are."""
        known, places = self._find(np.asarray(peers, np.int64) << PAIR_SHIFT | np.asarray(cells, np.int64))
        return places[known], known

    def rows_of_peer(self, peer: int) -> slice:
        """The rows of a peer, one after the other."""
        first, last = self.keys.searchsorted([peer << PAIR_SHIFT, (peer + 1) << PAIR_SHIFT]).tolist()
        return slice(first, last)

    def acknowledge(self, peers: ArrayLike, cells: ArrayLike, ticks: ArrayLike) -> None:
        """Peers have cells as they were at these ticks; (n,) integers each.

        What is not relevant any more, or was acknowledged from before it became relevant again, is passed over.
        """
        rows, known = self.rows_of(peers, cells)
        newest = np.asarray(ticks, np.int64)[known]
        valid = newest >= self.since[rows]
        np.maximum.at(self.acknowledged, rows[valid], newest[valid])

    def forget(self, peers: ArrayLike, cells: ArrayLike) -> None:
        """Begin anew with these pairs, (n,) integers each: what the peers have of them is wrong."""
        rows, _ = self.rows_of(peers, cells)
        self.acknowledged[rows] = 0
        self.sent[rows] = 0

    def ages(self, rows: Ints, tick: int) -> NDArray[np.uint8]:
        """How old each pair's baseline is, 1 to BASELINE_AGE_TICKS_MAX; 0 for none, or one that is too old."""
        ages = tick - self.acknowledged[rows]
        ages[(ages > BASELINE_AGE_TICKS_MAX) | (self.acknowledged[rows] == 0)] = 0
        return ages.astype(np.uint8)

    def _find(self, keys: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """Whether each key is in the table, and where."""
        places = self.keys.searchsorted(keys)
        if not len(self.keys):
            return np.zeros(len(keys), np.bool_), places
        np.minimum(places, len(self.keys) - 1, out=places)
        return self.keys[places] == keys, places

    def _followed(self, grid: Grid, keys: Ints) -> NDArray[np.bool_]:
        """Which of these sorted keys an entity went to from a cell that was relevant to the same peer.

        So who is seen stays seen up to the leave radius, whatever borders of cells it crosses.
        """
        departures = grid.log.since(grid.tick)
        went = departures.destinations >= CELL_BASE
        origins, targets = departures.cells[went], departures.destinations[went] - CELL_BASE
        followed = np.zeros(len(keys), np.bool_)
        if not len(origins) or not len(keys):
            return followed
        order = np.argsort(origins, kind="stable")
        origins, targets = origins[order], targets[order]
        concerned = np.zeros(grid.cells.count, np.bool_)
        concerned[origins] = True
        rows = np.flatnonzero(concerned[self.cells])
        starts = origins.searchsorted(self.cells[rows])
        counts = origins.searchsorted(self.cells[rows], side="right") - starts
        wanted = np.repeat(self.peers[rows], counts) << PAIR_SHIFT | targets[spans(starts, counts)]
        places = np.minimum(keys.searchsorted(wanted), len(keys) - 1)
        followed[places[keys[places] == wanted]] = True
        return followed

    def _lingers(self, grid: Grid, rows: Ints, joined: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which pairs out of reach are kept, because the peer does not know yet who left the cell lately and where to.

        Were the cell simply forgotten, an entity that went on to another relevant cell would end and begin again.
        """
        cells = self.cells[rows]
        changed = grid.cells.changed[cells]
        # A freed cell has not changed for longer than that.
        unaware = (self.acknowledged[rows] < changed) & (changed >= grid.tick - BASELINE_AGE_TICKS_MAX)
        return unaware & (self.sent[rows] > 0) & joined[self.peers[rows], grid.cells.scopes[cells]]

    def _carry(self, keys: Ints, stays: NDArray[np.bool_], tick: int) -> None:
        """Give the table these keys; pairs that stay keep their columns."""
        if len(keys) == len(self.keys) and stays.all():
            return
        places = keys.searchsorted(self.keys[stays])
        for name in _KEPT:
            column: NDArray[Any] = getattr(self, name)
            carried = np.full(len(keys), tick, column.dtype) if name == "since" else np.zeros(len(keys), column.dtype)
            carried[places] = column[stays]
            setattr(self, name, carried)
        self.keys = keys
        self.peers, self.cells = keys >> PAIR_SHIFT, keys & _CELL_MASK
        self.weights = np.zeros(len(keys), np.float32)
