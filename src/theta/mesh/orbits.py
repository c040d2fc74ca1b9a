"""Walks along permutations, many at once: the loops of faces and boundaries and the fans around vertices."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]

# As many walkers are left, or fewer: quicker one by one than by array, however long their orbits are.
FEW = 16


def orbit_steps(step: NDArray[np.int32], starts: Slots) -> tuple[Slots, Slots]:
    """Walk `step` from every start until it comes round again.

    Args:
        step: a permutation of the slots that the walks visit.
        starts: (n,) one slot on each orbit.

    Returns:
        lengths (n,) of the orbits, and what they visit, (sum of lengths,), orbit by orbit from its start.
    """
    lengths = np.ones(len(starts), np.int64)
    walkers = np.arange(len(starts))
    here = starts
    rounds = [(walkers, here)]
    while len(walkers) > FEW:
        here = step[here].astype(np.int64)
        going = here != starts[walkers]
        walkers, here = walkers[going], here[going]
        lengths[walkers] += 1
        rounds.append((walkers, here))
    tails = [_steps_between(step, slot, int(starts[at])) for at, slot in zip(walkers, here.tolist(), strict=True)]
    lengths[walkers] += np.fromiter(map(len, tails), np.int64, len(tails))
    begins = starts_of(lengths)
    visited = np.empty(total_of(lengths), np.int64)
    for number, (some, slots) in enumerate(rounds):
        visited[begins[some] + number] = slots
    for walker, tail in zip(walkers, tails, strict=True):
        begin = int(begins[walker]) + len(rounds)
        visited[begin : begin + len(tail)] = tail
    return lengths, visited


def orbit_lengths(step: NDArray[np.int32], starts: NDArray[np.int32]) -> Slots:
    """The lengths alone of `orbit_steps`."""
    lengths = np.ones(len(starts), np.int64)
    walkers, ends, here = np.arange(len(starts)), starts, starts
    while len(walkers) > FEW:
        here = step[here]
        going = np.flatnonzero(here != ends)
        if len(going) < len(walkers):
            walkers, ends, here = walkers[going], ends[going], here[going]
        lengths[walkers] += 1
    for at, slot, end in zip(walkers.tolist(), here.tolist(), ends.tolist(), strict=True):
        lengths[at] += len(_steps_between(step, slot, end))
    return lengths


def total_of(counts: Slots) -> int:
    """How much the counts come to."""
    return int(counts.sum(dtype=np.int64))


def starts_of(counts: Slots) -> Slots:
    """Where each run begins when runs of these lengths lie one after the other."""
    begins = np.zeros(len(counts), np.int64)
    begins[1:] = np.cumsum(counts[:-1], dtype=np.int64)
    return begins


def following_corners(counts: Slots) -> Slots:
    """For corners lying face by face: the index of the next corner of the same face."""
    following = np.arange(1, total_of(counts) + 1)
    begins = starts_of(counts)
    following[begins + counts - 1] = begins
    return following


def lowest_first(counts: Slots, values: NDArray[Any]) -> Slots:
    """The order of what lies run by run, (sum of counts,), in which each run is turned to begin at its lowest value.

    Args:
        counts: (n,) how long each run is, at least 1.
        values: (sum of counts,) whole numbers, different within a run.
    """
    if not len(counts):
        return np.empty(0, np.int64)
    size = int(counts[0])
    if (counts == size).all():
        at: Slots = np.argmin(values.reshape(-1, size), axis=1)[:, np.newaxis] + np.arange(size)
        at[at >= size] -= size
        at += np.arange(0, len(values), size)[:, np.newaxis]
        return at.reshape(-1)
    begins = starts_of(counts)
    first, sizes = np.repeat(begins, counts), np.repeat(counts, counts)
    lowest = np.flatnonzero(values == np.repeat(np.minimum.reduceat(values, begins), counts))
    turned = np.arange(len(values)) - first + np.repeat(lowest - begins, counts)
    order: Slots = first + np.where(turned >= sizes, turned - sizes, turned)
    return order


def cycle_minima(step: NDArray[np.int32]) -> Slots:
    """For every slot of a permutation of 0 … n-1, the lowest slot on its cycle (pointer doubling)."""
    lowest = np.arange(len(step))
    jump = step.astype(np.int64)
    for _ in range(len(step).bit_length()):
        lowest = np.minimum(lowest, lowest[jump])
        jump = jump[jump]
    return lowest


def _steps_between(step: NDArray[np.int32], slot: int, end: int) -> list[int]:
    """What lies strictly between two slots of an orbit."""
    between: list[int] = []
    here = int(step[slot])
    while here != end:
        between.append(here)
        here = int(step[here])
    return between
