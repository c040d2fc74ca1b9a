"""A room's interest with everything that goes on around it: entities that move, peers that look, an ideal network."""

from collections import Counter

import numpy as np

from theta.interest.interest import Interest
from theta.interest.pairs import Left
from theta.interest.scopes import SCOPES

Position = tuple[float, float, float]

TICK_SECONDS = 1.0 / 30.0


class Scene:
    """Entities by slot and peers by number; `tick` lets one pass.

    Attributes:
        seen: what each peer sees after the tick, by scope and slot.
        begun, ended: how often each (peer, scope, slot) came into sight and went out of it.
        left: what the last tick said that peers are to forget.
    """

    def __init__(self, *, acknowledges: bool = True, metres_max: float = 64.0) -> None:
        self.interest = Interest(metres_max=metres_max)
        self.now = 0
        self.acknowledges = acknowledges
        self.seen: dict[int, set[tuple[int, int]]] = {}
        self.begun: Counter[tuple[int, int, int]] = Counter()
        self.ended: Counter[tuple[int, int, int]] = Counter()
        self.left = Left(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._touched: set[int] = set()
        self.begin_tick()

    def add(self, slot: int, position: Position | None, scope: str = "", size: float = 0.0) -> None:
        """An entity comes."""
        self.interest.enter([slot], None if position is None else [position], scope, size)

    def move(self, slot: int, position: Position) -> None:
        """An entity moves, and with it its components change."""
        self.interest.move([slot], [position])
        self._touched.add(slot)

    def touch(self, slot: int) -> None:
        """An entity's components change."""
        self._touched.add(slot)

    def changed(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """By cell, the tick in which components changed: this one for the cells of who was touched."""
        found = np.zeros(self.interest.grid.cells.count, np.int64)
        for scope in range(len(SCOPES)):
            cells = self.interest.grid.cells_of(scope, np.array(sorted(self._touched), np.int64))
            found[cells[cells >= 0]] = self.now
        return found

    def tick(self, length: int = 50) -> list[tuple[int, int]]:
        """Decide and send, then begin the next tick; returns (peer, cell) of what was sent, in order.

        Args:
            length: the bytes of every section.
        """
        self.left = self.interest.update()
        self._look_around()
        ranked = self.interest.rank(self.changed())
        picked = self.interest.pick(ranked, np.full(len(ranked.rows), length))
        rows = ranked.rows[picked]
        peers, cells = self.interest.pairs.peers[rows], self.interest.pairs.cells[rows]
        if self.acknowledges:
            self.interest.pairs.acknowledge(peers, cells, np.full(len(rows), self.now))
        self.begin_tick()
        return list(zip(peers.tolist(), cells.tolist(), strict=True))

    def sees(self, peer: int, slot: int, scope: int = 0) -> bool:
        """Whether a peer saw an entity in the last tick."""
        return (scope, slot) in self.seen.get(peer, set())

    def cell(self, slot: int, scope: int = 0) -> int:
        """The cell that an entity is in."""
        return int(self.interest.grid.cells_of(scope, np.array([slot]))[0])

    def row(self, peer: int, cell: int) -> int:
        """The row of a pair that is relevant."""
        rows, _ = self.interest.pairs.rows_of([peer], [cell])
        return int(rows[0])

    def begin_tick(self) -> None:
        """Go on to the next tick without deciding or sending anything."""
        self.now += 1
        self._touched = set()
        self.interest.advance(self.now, TICK_SECONDS)

    def _look_around(self) -> None:
        table = self.interest.grid.membership
        pairs = self.interest.pairs
        seen: dict[int, set[tuple[int, int]]] = {}
        for peer, cell in zip(pairs.peers.tolist(), pairs.cells.tolist(), strict=True):
            scope = int(table.scopes[cell])
            slots = table.slots[cell]
            seen.setdefault(peer, set()).update((scope, slot) for slot in slots[slots >= 0].tolist())
        for peer in self.seen.keys() | seen.keys():
            before, after = self.seen.get(peer, set()), seen.get(peer, set())
            self.begun.update((peer, *each) for each in after - before)
            self.ended.update((peer, *each) for each in before - after)
        self.seen = seen
