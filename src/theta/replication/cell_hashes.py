"""Divergence is detected: hashes of cells, compared by the room with what it had at their tick (REP-24)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from theta.base.errors import ProtocolError
from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX, STATE_HASHES_PER_MESSAGE_MAX
from theta.replication.cells import HASH_BYTES, CellState, Rows, cell_digests
from theta.replication.history import History
from theta.replication.receiving import StateReceiver
from theta.wire.state_messages import CellHash, CellHashes

_ENTRY_BYTES = 2 + HASH_BYTES


class Divergence(NamedTuple):
    """A cell that a participant has otherwise than the room: which components, by name; "theta.Entity" is who is in it.

    It is healed by telling the participant the cell from nothing.
    """

    cell: int
    tick: int
    components: tuple[str, ...]


class HashRound:
    """A participant's turn through its cells, some with each message."""

    def __init__(self) -> None:
        self._next = 0

    def hashes(self, receiver: StateReceiver, count: int = STATE_HASHES_PER_MESSAGE_MAX) -> CellHashes:
        """The hashes of the next cells, as many as `count`."""
        cells = sorted(receiver.cells)
        if not cells:
            return CellHashes([])
        start = next((at for at, cell in enumerate(cells) if cell >= self._next), 0)
        chosen = (cells[start:] + cells[:start])[: min(count, STATE_HASHES_PER_MESSAGE_MAX)]
        self._next = chosen[-1] + 1
        return CellHashes([hash_of(cell, receiver.state(cell)) for cell in chosen])


def hash_of(cell: int, state: CellState) -> CellHash:
    """A cell's hashes as they travel."""
    digests = cell_digests(state)
    return CellHash(cell, state.tick, b"".join(number.to_bytes(2, "little") + digests[number] for number in digests))


def compare_hashes(history: History, hashes: Iterable[CellHash]) -> list[Divergence]:
    """The cells that differ. Those whose tick the history does not reach any more, or not yet, are passed over.

    Raises:
        ProtocolError: hashes that are none.
    """
    found = []
    for each in hashes:
        theirs = _parse(each)
        age = history.tick - each.tick
        if each.cell >= history.cell_count or age < 0:
            continue
        if age > BASELINE_AGE_TICKS_MAX:
            if int(history.cell_changed[each.cell]) > each.tick:
                continue
            age = 0
        ours = cell_digests(cell_at(history, each.cell, age))
        names = _differing(history, ours, theirs)
        if names:
            found.append(Divergence(each.cell, each.tick, names))
    return found


def cell_at(history: History, cell: int, age: int) -> CellState:
    """What a cell was `age` ticks ago, as who has it has it."""
    rows = history.cell_rows(cell, age)
    members = rows[0]
    entities = np.zeros(CELL_ENTITIES_MAX, np.uint64)
    lanes = history.pool.rows(0)[members].astype(np.uint32).astype(np.uint64)
    entities[:] = lanes[:, 1] << np.uint64(32) | lanes[:, 0]
    components = {}
    for number in range(1, history.schema.count):
        taken = rows[number]
        if taken.any():
            layout = history.schema.layouts[number]
            stored = history.pool.rows(number)[taken]
            stored[taken == 0] = 0
            objects = tuple(
                tuple(history.objects.values[each] for each in stored[:, layout.lane_count + field].tolist())
                for field in range(layout.objects)
            )
            present = sum(1 << index for index in taken.nonzero()[0].tolist())
            components[number] = Rows(present, np.ascontiguousarray(stored[:, : layout.lane_count]), objects)
    return CellState(history.tick - age, entities, components)


def _parse(told: CellHash) -> dict[int, bytes]:
    data = told.digests
    if len(data) % _ENTRY_BYTES:
        raise ProtocolError(f"CellHash: {len(data)} bytes of digests, which come by {_ENTRY_BYTES}")
    return {
        int.from_bytes(data[at : at + 2], "little"): data[at + 2 : at + _ENTRY_BYTES]
        for at in range(0, len(data), _ENTRY_BYTES)
    }


def _differing(history: History, ours: Mapping[int, bytes], theirs: Mapping[int, bytes]) -> tuple[str, ...]:
    numbers = sorted(number for number in ours.keys() | theirs.keys() if ours.get(number) != theirs.get(number))
    if any(number >= history.schema.count for number in numbers):
        raise ProtocolError(f"CellHash: component number {numbers[-1]} is not among the session's")
    return tuple(history.schema.layouts[number].name for number in numbers)
