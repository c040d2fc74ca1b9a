"""What is sent first: accumulators that grow by weight, and a byte budget per peer across all channels."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    DATAGRAM_BYTES_MAX,
    PEERS_MAX,
    STATE_BYTES_PER_SECOND,
    STATE_BYTES_PER_SECOND_MIN,
    STATE_WAIT_SECONDS_MAX,
)
from theta.interest.candidates import OWN, PLACELESS
from theta.interest.pairs import Pairs

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TICKS_PER_SECOND = 30
HALF_WEIGHT_METRES = 4.0
SELECTED_FACTOR = 8.0
REST_FACTOR = 4.0
RESEND_TICKS = 6
"""What was sent and is not acknowledged is sent again after so many ticks, unless there is something newer before."""
OVERDUE_TICKS = int(STATE_WAIT_SECONDS_MAX * TICKS_PER_SECOND) // 2
"""What has waited so long goes before everything that has not, the longest wait first."""
_OVERDUE = np.float32(1e20)
_BURST_SHARE = 16
_FLOAT_BITS_MAX = 2**31 - 1
_ROW_BITS = 25
_ROW_MASK = 2**_ROW_BITS - 1
_PEER_SHIFT = _ROW_BITS + 31


class Ranked(NamedTuple):
    """The pairs with something to send, by peer, and for each peer in the order in which it is to hear of them.

    Attributes:
        rows: of the table of pairs, (n,) int64.
        peers: whose, (n,) int64, ascending.
    """

    rows: Ints
    peers: Ints


class Budgets:
    """A token bucket for each peer, for all channels together, which no second exceeds.

    A bucket holds a burst; it is refilled with the rate less that burst. So whatever second one looks at, no more
    than the rate was spent in it.

    Attributes:
        tokens: bytes that may be sent now, (PEERS_MAX,) float64; below zero after a section larger than the bucket.
        bursts: what a bucket holds, (PEERS_MAX,) float64.
    """

    def __init__(self) -> None:
        self._rates = np.zeros(PEERS_MAX)
        self.bursts = np.zeros(PEERS_MAX)
        self.tokens = np.full(PEERS_MAX, np.inf)
        for peer in range(PEERS_MAX):
            self.set_rate(peer, STATE_BYTES_PER_SECOND)

    def set_rate(self, peer: int, bytes_per_second: int) -> None:
        """How much a peer may be sent. Its bucket is full to begin with; another rate fills nothing.

        Raises:
            InvalidValue: fewer bytes than a peer can live on.
        """
        check_rate(bytes_per_second)
        self._rates[peer] = bytes_per_second
        # Less than a tick's share and a whole datagram would never let a large section through.
        least = bytes_per_second / TICKS_PER_SECOND + DATAGRAM_BYTES_MAX
        self.bursts[peer] = max(least, bytes_per_second / _BURST_SHARE)
        self.tokens[peer] = min(self.tokens[peer], self.bursts[peer])

    def advance(self, seconds: float) -> None:
        """So much time has passed since the last call."""
        np.minimum(self.tokens + (self._rates - self.bursts) * seconds, self.bursts, out=self.tokens)

    def spend(self, peers: ArrayLike, sizes: ArrayLike) -> None:
        """Bytes were sent to peers, on whatever channel; (n,) integers each."""
        np.subtract.at(self.tokens, np.asarray(peers, np.int64), np.asarray(sizes, np.float64))


def check_rate(bytes_per_second: int) -> None:
    """Refuse a budget that nobody can live on.

    Raises:
        InvalidValue: it is below STATE_BYTES_PER_SECOND_MIN.
    """
    if bytes_per_second < STATE_BYTES_PER_SECOND_MIN:
        raise InvalidValue("bytes_per_second", bytes_per_second, f"at least {STATE_BYTES_PER_SECOND_MIN}")


def grow(
    pairs: Pairs,
    changed: Ints,
    sizes: NDArray[np.float32],
    selected: Ints,
    tick: int,
    suspended: NDArray[np.bool_] | None = None,
) -> None:
    """Work out which pairs have something to send, what they weigh, and add the weight to their accumulators.

    Args:
        pairs: after their update.
        changed: the newest tick in which anything of a cell changed, (cells,) int64.
        sizes: of each cell's largest entity, metres, (cells,) float32.
        selected: the keys of pairs that hold something that the peer has selected, (n,) int64.
        tick: now.
        suspended: peers for whom nothing waits, (PEERS_MAX,) bool.
    """
    newest = changed[pairs.cells]
    behind = newest > pairs.acknowledged
    due = behind & ((newest > pairs.sent) | (tick - pairs.sent >= RESEND_TICKS))
    if suspended is not None and suspended.any():
        due &= ~suspended[pairs.peers]
    # A resend has waited from when it fell due; what falls due while it waits does not begin the wait anew.
    pairs.waiting = np.where(due, np.where(pairs.waiting > 0, pairs.waiting, tick), 0)

    always = (pairs.reasons & (OWN | PLACELESS)) > 0
    distances = np.where(always, np.float32(0.0), pairs.distances)
    nearness = 1.0 / (1.0 + distances / HALF_WEIGHT_METRES)
    weights = ((1.0 + sizes[pairs.cells]) * nearness).astype(np.float32)
    weights[newest < tick] *= REST_FACTOR
    if len(selected) and len(pairs):
        places = np.minimum(pairs.keys.searchsorted(selected), len(pairs) - 1)
        weights[places[pairs.keys[places] == selected]] *= SELECTED_FACTOR
    pairs.weights = weights
    pairs.accumulators += np.where(due, weights, np.float32(0.0))


def rank(pairs: Pairs, tick: int) -> Ranked:
    """The pairs with something to send, in order: overdue ones by their wait, then by accumulator."""
    rows = np.flatnonzero(pairs.waiting)
    waits = tick - pairs.waiting[rows]
    urgency = np.where(waits >= OVERDUE_TICKS, _OVERDUE * waits.astype(np.float32), pairs.accumulators[rows])
    rows = rows[most_urgent_first(pairs.peers[rows], urgency)]
    return Ranked(rows, pairs.peers[rows])


def most_urgent_first(peers: Ints, urgency: NDArray[np.floating]) -> Ints:
    """The order by peer, and for each peer by urgency, the largest first; what is as urgent stays as it was.

    Args:
        peers: below PEERS_MAX, (n,), fewer than 2^25.
        urgency: not negative; as float32, (n,).
    """
    # One integer holds peer, urgency and row: a positive float's bits are in the order of its value. Sorting integers
    # takes a fifth of the time of sorting indirectly by two columns.
    backwards = _FLOAT_BITS_MAX - urgency.astype(np.float32).view(np.int32).astype(np.int64)
    packed = peers << _PEER_SHIFT | backwards << _ROW_BITS | np.arange(len(peers))
    packed.sort()
    order: Ints = packed & _ROW_MASK
    return order


def pick(ranked: Ranked, lengths: ArrayLike, tokens: Floats, bursts: Floats) -> NDArray[np.bool_]:
    """Which of the ranked pairs fit: for each peer the first ones, up to the first that does not.

    Nothing later slips past one that does not fit, so that it gets its turn when the bucket has filled. A section
    larger than a bucket goes alone, when the bucket is full, and is paid off before anything else goes.

    Args:
        ranked: n pairs.
        lengths: the bytes of their sections, (n,) integers.
        tokens: the bytes that each peer may be sent, by peer.
        bursts: the most that `tokens` can be, by peer.

    Returns:
        (n,) bool.
    """
    sizes = np.asarray(lengths, np.int64)
    if not len(sizes):
        return np.zeros(0, np.bool_)
    before = np.cumsum(sizes) - sizes
    heads = np.flatnonzero(np.concatenate(([True], ranked.peers[1:] != ranked.peers[:-1])))
    before -= np.repeat(before[heads], np.diff(np.append(heads, len(sizes))))
    return before + np.minimum(sizes, bursts[ranked.peers]) <= tokens[ranked.peers]


def mark_sent(pairs: Pairs, rows: Ints, tick: int) -> None:
    """These rows' sections were sent: their accumulators start again from zero."""
    pairs.sent[rows] = tick
    pairs.waiting[rows] = 0
    pairs.accumulators[rows] = 0.0
