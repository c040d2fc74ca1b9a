"""Which cells touch where a peer looks, in one pass over all peers (INT-7 … INT-11)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.interest.cells import AXIS_MAX, Cells, axis_places, join_key, placeless_key, spans
from theta.interest.grid import BORDER, Grid
from theta.interest.marks import PAIR_SHIFT, Marks
from theta.interest.regions import VIEWPOINT, Balls, Regions
from theta.interest.scopes import SCOPES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RADIUS = 1
REGION = 2
OWN = 4
PLACELESS = 8
NEAR = 16
"""Why a cell is relevant to a peer, as bits. NEAR alone is not enough to become relevant, but to stay so."""


class Candidates(NamedTuple):
    """Pairs of peers and cells that are near enough to stay relevant, (n,) each, by `keys`, no two alike.

    Attributes:
        keys: peer << PAIR_SHIFT | cell, int64.
        reasons: bits, uint8.
        squares: the least distance from where the peer looks to the cell's box, squared, float64.
    """

    keys: Ints
    reasons: NDArray[np.uint8]
    squares: Floats


def find_candidates(grid: Grid, regions: Regions, own: Marks) -> Candidates:
    """All pairs that may be relevant now."""
    balls = regions.balls
    parts: list[Candidates] = []
    for scope in range(len(SCOPES)):
        if grid.populations[scope] or (grid.cells.scopes == scope).any():
            sees = regions.sees[:, scope]
            parts.append(_touched(grid.cells, scope, _only(balls, sees[balls.peers])))
            parts.append(_plain(_placeless(grid.cells, scope, np.flatnonzero(sees)), PLACELESS))
            parts.append(_plain(own.pairs(grid, scope, sees), OWN))
    parts = [part for part in parts if len(part.keys)]
    if not parts:
        return Candidates(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0))
    return _merge(parts)


def _only(balls: Balls, chosen: NDArray[np.bool_]) -> Balls:
    if chosen.all():
        return balls
    return Balls(
        balls.peers[chosen], balls.regions[chosen], balls.centres[:, chosen], balls.enter[chosen], balls.leave[chosen]
    )


def _touched(cells: Cells, scope: int, balls: Balls) -> Candidates:
    """The cells whose boxes come within the leave radius, found cube row by cube row."""
    side = cells.cell_metres
    reach = balls.leave + BORDER * side
    first_x, last_x = (axis_places(balls.centres[0] + sign * reach, side) for sign in (-1, 1))
    first_z, last_z = (axis_places(balls.centres[2] + sign * reach, side) for sign in (-1, 1))
    rows = last_x - first_x + 1
    x = spans(first_x, rows)
    # In the order of keys the heights of one column follow each other, then the columns of one row.
    first = join_key(scope, x, np.repeat(first_z, rows), 0)
    last = join_key(scope, x, np.repeat(last_z, rows), AXIS_MAX)
    starts, counts = cells.bound_between(first, last)
    found = cells.order[spans(starts, counts)]
    ball = np.repeat(np.repeat(np.arange(len(rows)), rows), counts)

    squares = np.zeros(len(found))
    for axis in range(3):
        centre = balls.centres[axis][ball]
        gap = np.maximum(cells.low[axis][found] - centre, centre - cells.high[axis][found])
        np.maximum(gap, 0.0, out=gap)
        gap *= gap
        squares += gap
    near = np.flatnonzero(squares <= (balls.leave * balls.leave)[ball])
    found, ball, squares = found[near], ball[near], squares[near]
    reason = np.where(balls.regions == VIEWPOINT, RADIUS, REGION).astype(np.uint8)
    reasons = np.where(squares <= (balls.enter * balls.enter)[ball], reason[ball], np.uint8(0))
    # Who is not there any more cannot make a cell relevant.
    reasons[cells.occupied[found] == 0] = 0
    return Candidates(balls.peers[ball] << PAIR_SHIFT | found, reasons | np.uint8(NEAR), squares)


def _placeless(cells: Cells, scope: int, peers: Ints) -> Ints:
    key = np.array([placeless_key(scope)])
    starts, counts = cells.bound_between(key, key)
    found = cells.order[spans(starts, counts)]
    found = found[cells.occupied[found] > 0]
    return (peers[:, None] << PAIR_SHIFT | found[None, :]).ravel()


def _plain(keys: Ints, reason: int) -> Candidates:
    return Candidates(keys, np.full(len(keys), reason, np.uint8), np.full(len(keys), np.inf))


def _merge(parts: list[Candidates]) -> Candidates:
    """Sorted by key, the reasons and the least distance of those alike put together."""
    keys, reasons, squares = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(keys)
    keys, reasons, squares = keys[order], reasons[order], squares[order]
    fresh = np.concatenate(([True], keys[1:] != keys[:-1]))
    if fresh.all():
        return Candidates(keys, reasons, squares)
    heads = np.flatnonzero(fresh)
    return Candidates(keys[heads], np.bitwise_or.reduceat(reasons, heads), np.minimum.reduceat(squares, heads))
