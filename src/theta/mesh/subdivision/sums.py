"""Sums over runs of rows, each added up in the written order: spec/mesh.md, MESH-73.

NumPy's own sums have no written order; these take the k-th row of all runs at once.
"""

import numpy as np
from numpy.typing import NDArray

from theta.mesh.orbits import FEW, Slots, starts_of

Rows = NDArray[np.float64]


def sums_of_runs(rows: Rows, counts: Slots) -> Rows:
    """The sum of each run of rows, from its first row on: (n, width).

    Args:
        rows: (sum of counts, width), run by run.
        counts: (n,) int64, each at least 1.
    """
    if not len(counts):
        return rows[:0]
    size = int(counts[0])
    if (counts == size).all():
        return _even_sums(rows.reshape(len(counts), size, -1))
    by_size = np.argsort(-counts, kind="stable")
    sizes, begins = counts[by_size], starts_of(counts)[by_size]
    totals = rows.take(begins, axis=0)
    step, going = 1, len(sizes)
    while going > FEW:
        going = int(np.searchsorted(-sizes, -step))
        totals[:going] += rows.take(begins[:going] + step, axis=0)
        step += 1
    for run in range(going):
        totals[run] = _long_sum(totals[run], rows[int(begins[run]) + step : int(begins[run] + sizes[run])])
    sums = np.empty_like(totals)
    sums[by_size] = totals
    return sums


def _even_sums(table: Rows) -> Rows:
    total = table[:, 0].copy()
    for step in range(1, table.shape[1]):
        total += table[:, step]
    return total


def _long_sum(begun: Rows, rows: Rows) -> list[float]:
    """The few longest runs to their end, one by one: quicker than a round for every row."""
    total: list[float] = begun.tolist()
    for row in rows.tolist():
        total = [so_far + term for so_far, term in zip(total, row, strict=True)]
    return total
