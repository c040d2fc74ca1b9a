"""Who has a cell otherwise than the room is found out by hashes, and told the cell anew (REP-24)."""

from collections import deque
from typing import NamedTuple

import numpy as np

from theta.interest.interest import Interest
from theta.interest.priority import TICKS_PER_SECOND
from theta.node.state_seats import Seat
from theta.replication.cell_hashes import Divergence, compare_hashes
from theta.replication.history import History
from theta.wire.state_messages import CellHashes

HASHES_TICKS = TICKS_PER_SECOND
"""A participant's hashes are compared no sooner than so long after the last ones."""
_DIVERGENCES_KEPT = 256


class PeerDiverged(NamedTuple):
    """A participant had a cell otherwise than the room; it is told it anew."""

    peer: int
    divergence: Divergence


class StateHealing:
    """Compares and heals.

    Args:
        interest: of the room.
        history: of the room.
    """

    def __init__(self, interest: Interest, history: History) -> None:
        self._interest = interest
        self._history = history
        self._divergences: deque[PeerDiverged] = deque(maxlen=_DIVERGENCES_KEPT)

    def handle_hashes(self, seat: Seat, message: CellHashes) -> list[int]:
        """What a participant has of some cells. They are compared, unless they come too soon after the last ones.

        Returns:
            Cells of these that it is told of no more. It has not heard of that, or not yet.

        Raises:
            ProtocolError: hashes that are none.
        """
        pairs, tick = self._interest.pairs, self._history.tick
        cells = np.array([each.cell for each in message.hashes], np.int64)
        rows, known = pairs.rows_of(np.full(len(cells), seat.number), cells)
        since = dict(zip(cells[known].tolist(), pairs.since[rows].tolist(), strict=True))
        # Of before the cell became relevant to it again. That it is to forget that may have been lost with a
        # connection: as long as it has it, it is told so when the cell is left.
        ticks = np.array([each.tick for each in message.hashes], np.int64)
        old = rows[ticks[known] < pairs.since[rows]]
        pairs.sent[old] = np.maximum(pairs.sent[old], 1)
        unknown: list[int] = cells[~known].tolist()
        if seat.hashes_tick and tick - seat.hashes_tick < HASHES_TICKS:
            return unknown
        # Nothing is to be compared with what it has been told to forget.
        told = [each for each in message.hashes if each.cell in since and each.tick >= since[each.cell]]
        found = compare_hashes(self._history, told)
        seat.hashes_tick = tick
        self._divergences.extend(PeerDiverged(seat.peer, each) for each in found)
        if found:
            self._tell_anew(seat.number, [each.cell for each in found])
        return unknown

    def poll_divergence(self) -> PeerDiverged | None:
        """A cell that somebody had otherwise, to be logged."""
        return self._divergences.popleft() if self._divergences else None

    def _tell_anew(self, number: int, cells: list[int]) -> None:
        pairs = self._interest.pairs
        numbers = np.full(len(cells), number)
        pairs.forget(numbers, cells)
        rows, _ = pairs.rows_of(numbers, cells)
        # What is on its way and builds on the wrong state is no baseline. The cell was sent: it has to be left.
        pairs.since[rows] = self._history.tick + 1
        pairs.sent[rows] = 1
