"""A room's interest: its parts put together, and the order in which a tick goes through them.

A tick:

    interest.advance(tick, seconds)                 frees cells, refills budgets
    interest.despawn(…), leave(…), enter(…), move(…), look(…)
    left = interest.update()                        what became relevant, and what peers are to forget
    ranked = interest.rank(changed)                 what to say to whom, in order
    likely = interest.shortlist(ranked, estimated)  what is worth encoding
    interest.ages(likely.rows)                      → the sections' bytes
    picked = interest.pick(likely, lengths)         what is sent; pays for it
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.limits import INTEREST_METRES, INTEREST_METRES_MAX, STATE_BYTES_PER_SECOND
from theta.interest.candidates import find_candidates
from theta.interest.explain import Explanation, explain
from theta.interest.grid import CELL_METRES, Grid
from theta.interest.marks import Marks
from theta.interest.pairs import Left, Pairs
from theta.interest.priority import Budgets, Ranked, check_rate, grow, mark_sent, pick, rank
from theta.interest.regions import Regions
from theta.interest.scopes import SCOPES, scope_number, scopes_seen_by
from theta.wire.types import RoleName

Ints = NDArray[np.int64]

_SHORTLIST_FACTOR = 2.0


class Interest:
    """Which cells each peer is told of, and in which order. A failed call raises InvalidValue and changes nothing.

    Attributes:
        grid: where everything is.
        regions: where peers look, and which scopes they see.
        pairs: what is relevant to whom.
        budgets: what peers may still be sent.

    Args:
        cell_metres: a cube's side.
        metres_max: how far a peer may look; see `Regions`.
    """

    def __init__(self, cell_metres: float = CELL_METRES, metres_max: float = INTEREST_METRES_MAX) -> None:
        self.grid = Grid(cell_metres)
        self.regions = Regions(metres_max)
        self.pairs = Pairs()
        self.budgets = Budgets()
        self._own = Marks()
        self._selected = Marks()
        self._changed = np.zeros(0, np.int64)

    def advance(self, tick: int, seconds: float) -> None:
        """Begin a tick, `seconds` after the last."""
        self.grid.advance(tick)
        self.budgets.advance(seconds)

    def enter(
        self, slots: ArrayLike, positions: ArrayLike | None, scope: str = "", sizes: ArrayLike | float = 0.0
    ) -> None:
        """Entities come into a scope; see `Grid.enter`.

        Raises:
            InvalidValue: an unknown scope, or what `Grid.enter` refuses.
        """
        self.grid.enter(slots, positions, scope_number(scope), sizes)

    def move(self, slots: ArrayLike, positions: ArrayLike) -> None:
        """Entities are elsewhere; see `Grid.move`."""
        self.grid.move(slots, positions)

    def resize(self, slots: ArrayLike, sizes: ArrayLike | float) -> None:
        """Entities are larger or smaller; see `Grid.resize`."""
        self.grid.resize(slots, sizes)

    def leave(self, slots: ArrayLike, scope: str) -> None:
        """Entities have nothing in a scope any more."""
        self.grid.leave(slots, scope_number(scope))

    def despawn(self, slots: ArrayLike) -> None:
        """Entities are no more."""
        self.grid.despawn(slots)
        self._own.drop(slots)
        self._selected.drop(slots)

    def join(
        self,
        peer: int,
        role: RoleName,
        radius: float = INTEREST_METRES,
        bytes_per_second: int = STATE_BYTES_PER_SECOND,
    ) -> None:
        """A peer comes, or comes with another role.

        Args:
            peer: its number, 0 to PEERS_MAX − 1.
            role: what it may be told of.
            radius: how far it sees around itself, metres.
            bytes_per_second: its budget for all channels.

        Raises:
            InvalidValue: out of their limits.
        """
        check_rate(bytes_per_second)
        self.regions.join(peer, scopes_seen_by(role), radius)
        self.budgets.set_rate(peer, bytes_per_second)

    def part(self, peer: int) -> None:
        """A peer goes.

        Raises:
            InvalidValue: it is not here.
        """
        self.regions.leave(peer)
        self._own.put(peer, ())
        self._selected.put(peer, ())
        self.pairs.drop_peer(peer)

    def look(self, peers: ArrayLike, positions: ArrayLike) -> None:
        """Say where peers are; see `Regions.look`."""
        self.regions.look(peers, positions)

    def own(self, peer: int, slots: ArrayLike) -> None:
        """These entities, and no others, are the peer's own: it is told of them wherever they are.

        Raises:
            InvalidValue: no such peer or slots.
        """
        self.regions.check_joined(peer)
        self._own.put(peer, slots)

    def select(self, peer: int, slots: ArrayLike) -> None:
        """These entities, and no others, are selected by the peer: it is told of them sooner.

        Raises:
            InvalidValue: no such peer or slots.
        """
        self.regions.check_joined(peer)
        self._selected.put(peer, slots)

    def update(self) -> Left:
        """Find anew what is relevant to whom; returns the cells that peers are to forget."""
        return self.pairs.update(self.grid, find_candidates(self.grid, self.regions, self._own), self.regions.sees)

    def rank(self, changed: ArrayLike, suspended: NDArray[np.bool_] | None = None) -> Ranked:
        """What to say to whom, in order; once a tick, after `update`.

        Args:
            changed: the newest tick in which a component of any of the cell's entities changed, by cell, (cells,)
                integers; who entered and left is known here.
            suspended: to whom nothing is to be said, by peer, (PEERS_MAX,): nothing waits for them.
        """
        cells = self.grid.cells
        newest = cells.changed[: cells.count].copy()
        given = np.asarray(changed, np.int64)[: cells.count]
        np.maximum(newest[: len(given)], given, out=newest[: len(given)])
        self._changed = newest
        selected = [self._selected.pairs(self.grid, at, self.regions.sees[:, at]) for at in range(len(SCOPES))]
        grow(self.pairs, newest, cells.sizes, np.concatenate(selected), self.grid.tick, suspended)
        return rank(self.pairs, self.grid.tick)

    def shortlist(self, ranked: Ranked, estimated: ArrayLike) -> Ranked:
        """The ranked pairs that may fit, by estimates of their sections' bytes (n,), so that no more are encoded."""
        factor = _SHORTLIST_FACTOR
        fits = pick(ranked, estimated, self.budgets.tokens * factor, self.budgets.bursts * factor)
        return Ranked(ranked.rows[fits], ranked.peers[fits])

    def ages(self, rows: Ints) -> NDArray[np.uint8]:
        """How old these pairs' baselines are; see `Pairs.ages`."""
        return self.pairs.ages(rows, self.grid.tick)

    def pick(self, ranked: Ranked, lengths: ArrayLike) -> NDArray[np.bool_]:
        """Which of the ranked pairs are sent, (n,) bool, given the bytes of their sections, (n,): they are paid for."""
        chosen = pick(ranked, lengths, self.budgets.tokens, self.budgets.bursts)
        self.budgets.spend(ranked.peers[chosen], np.asarray(lengths)[chosen])
        mark_sent(self.pairs, ranked.rows[chosen], self.grid.tick)
        return chosen

    def explain(self, peer: int, slot: int, scope: str = "") -> Explanation:
        """Why a peer is told of an entity, or not, and what it waits for.

        Raises:
            InvalidValue: no such peer or scope.
        """
        return explain(
            peer,
            slot,
            scope,
            grid=self.grid,
            regions=self.regions,
            pairs=self.pairs,
            changed=self._changed,
            selected=self._selected.has(peer, slot),
        )
