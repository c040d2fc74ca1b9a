"""Why something was or was not sent to a peer, as data and as text (INT-18)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.interest.candidates import NEAR, OWN, PLACELESS, RADIUS, REGION
from theta.interest.grid import Grid
from theta.interest.pairs import Pairs
from theta.interest.regions import Regions
from theta.interest.scopes import scope_number

_REASONS = (
    (RADIUS, "within the radius"),
    (REGION, "within a region that it subscribed to"),
    (OWN, "its own"),
    (PLACELESS, "without a position"),
)


@dataclass(frozen=True)
class Explanation:
    """What a peer is told of an entity in one scope, and why.

    Attributes:
        peer, slot: whom and what it is about.
        scope: the scope's name.
        cell, index: where the entity is; −1 where it has no place in the scope.
        relevant: whether the peer is told of that cell.
        reasons: why it is, or why it is not.
        distance_metres: from the peer to the entity; None where either has no position.
        radius_metres: the peer's enter radius; None while it looks nowhere.
        selected: whether the peer has selected the entity.
        accumulator, weight: of the pair of peer and cell; a tick adds the weight while it waits.
        sent_tick: when the cell was sent to the peer last; 0 for never.
        acknowledged_tick: of which the peer has it; 0 for none.
        changed_tick: the newest tick in which anything of the cell changed.
        waited_ticks: for how long there has been something to send.
        waits_for: "nothing" (the peer has the newest), "budget" (there is something to send, and others go first),
            "acknowledgement" (the newest is on its way), "baseline" (likewise, and until it is acknowledged there is
            no baseline for a delta), or "relevance".
    """

    peer: int
    slot: int
    scope: str
    cell: int
    index: int
    relevant: bool
    reasons: tuple[str, ...]
    distance_metres: float | None
    radius_metres: float | None
    selected: bool
    accumulator: float
    weight: float
    sent_tick: int
    acknowledged_tick: int
    changed_tick: int
    waited_ticks: int
    waits_for: str

    def __str__(self) -> str:
        verdict = "relevant" if self.relevant else "not relevant"
        scope = f' in scope "{self.scope}"' if self.scope else ""
        lines = [f"entity {self.slot} is {verdict} to peer {self.peer}{scope}: {'; '.join(self.reasons)}"]
        if self.cell >= 0:
            lines.append(f"place: cell {self.cell}, index {self.index}")
        if self.distance_metres is not None and self.radius_metres is not None:
            lines.append(f"distance: {self.distance_metres:.2f} m of {self.radius_metres:.2f} m")
        if self.relevant:
            chosen = ", selected" if self.selected else ""
            lines.append(f"priority: {self.accumulator:.3f}, {self.weight:.3f} more each tick{chosen}")
            sent = f"sent in tick {self.sent_tick}" if self.sent_tick else "never sent"
            had = f"acknowledged of tick {self.acknowledged_tick}" if self.acknowledged_tick else "never acknowledged"
            lines.append(f"cell: changed in tick {self.changed_tick}, {sent}, {had}")
        waited = f", for {self.waited_ticks} ticks" if self.waited_ticks else ""
        return "\n".join([*lines, f"waits for: {self.waits_for}{waited}"])


def explain(
    peer: int,
    slot: int,
    scope: str,
    *,
    grid: Grid,
    regions: Regions,
    pairs: Pairs,
    changed: NDArray[np.int64],
    selected: bool,
) -> Explanation:
    """Why a peer is told of the entity in a slot, or not.

    Args:
        peer: to whom.
        slot: about what.
        scope: the scope's name.
        grid: where everything is.
        regions: where peers look.
        pairs: after the last update.
        changed: the newest tick in which anything of a cell changed, (cells,).
        selected: whether the peer has selected the entity.

    Raises:
        InvalidValue: no such peer or scope.
    """
    regions.check_joined(peer)
    number = scope_number(scope)
    cell = int(grid.cells_of(number, np.array([slot]))[0])
    viewpoint = regions.viewpoint(peer)
    radius = viewpoint[1] if viewpoint else None
    placed = cell >= 0 and bool(np.isfinite(grid.cells.origins[0, cell]))
    distance = math.dist(viewpoint[0], grid.position_of(slot)) if placed and viewpoint else None
    found, _ = pairs.rows_of([peer], [cell]) if cell >= 0 else (np.zeros(0, np.int64), None)
    row = int(found[0]) if len(found) else -1
    newest = int(changed[cell]) if 0 <= cell < len(changed) else 0
    relevant = row >= 0
    waiting = int(pairs.waiting[row]) if relevant else 0
    return Explanation(
        peer=peer,
        slot=slot,
        scope=scope,
        cell=cell,
        index=grid.index_of(number, slot) if cell >= 0 else -1,
        relevant=relevant,
        reasons=_relevant_because(int(pairs.reasons[row]))
        if relevant
        else (_irrelevant_because(cell, bool(regions.sees[peer, number]), distance, radius),),
        distance_metres=distance,
        radius_metres=radius,
        selected=selected,
        accumulator=float(pairs.accumulators[row]) if relevant else 0.0,
        weight=float(pairs.weights[row]) if relevant else 0.0,
        sent_tick=int(pairs.sent[row]) if relevant else 0,
        acknowledged_tick=int(pairs.acknowledged[row]) if relevant else 0,
        changed_tick=newest,
        waited_ticks=grid.tick - waiting if waiting else 0,
        waits_for=_waits_for(pairs, row, newest, grid.tick) if relevant else "relevance",
    )


def _relevant_because(reasons: int) -> tuple[str, ...]:
    """The bits of a relevant pair, in words."""
    words = tuple(text for bit, text in _REASONS if reasons & bit)
    if words:
        return words
    return ("within the leave radius" if reasons & NEAR else "out of reach, until it knows who left",)


def _irrelevant_because(cell: int, sees: bool, distance: float | None, radius: float | None) -> str:
    if cell < 0:
        return "it has no place in this scope"
    if not sees:
        return "the peer's role is not told of this scope"
    if radius is None:
        return "the peer looks nowhere yet"
    if distance is None:
        return "it came after the last update"
    return f"{distance:.2f} m away, beyond {radius:.2f} m, in no region and not its own"


def _waits_for(pairs: Pairs, row: int, changed: int, tick: int) -> str:
    if pairs.waiting[row]:
        return "budget"
    if pairs.acknowledged[row] >= changed:
        return "nothing"
    return "acknowledgement" if pairs.ages(np.array([row]), tick)[0] else "baseline"
