"""Which nonces a session has used: strictly increasing, gaps accepted and counted (CMD-6)."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from theta.base.limits import NONCES_REMEMBERED
from theta.commands.refusals import Replay


class ReplayGuard:
    """The nonces of one session, the last NONCES_REMEMBERED with the digest they came with and where they went.

    Up to twice as many are kept, so that the oldest need not be let go of one by one.
    """

    def __init__(self) -> None:
        self._nonces = array("Q")
        self._digests: list[bytes] = []
        self._seqs = array("Q")
        self._highest = 0
        self._gaps = 0

    @property
    def highest(self) -> int:
        """The highest nonce used; 0 when none was."""
        return self._highest

    @property
    def gaps(self) -> int:
        """How many nonces were skipped."""
        return self._gaps

    def remembered(self, after_seq: int = 0) -> tuple[list[int], list[bytes], list[int]]:
        """The nonces remembered that came after record `after_seq`, their digests and their records, in order."""
        first = bisect_right(self._seqs, after_seq, self._oldest())
        return list(self._nonces[first:]), self._digests[first:], list(self._seqs[first:])

    def restore(self, highest: int, gaps: int, remembered: Iterable[tuple[int, bytes, int]]) -> None:
        """Be as another was, of which this was told: nonces with their digest and record."""
        self._highest, self._gaps = highest, gaps
        self._nonces, self._digests, self._seqs = array("Q"), [], array("Q")
        for nonce, digest, seq in remembered:
            self._nonces.append(nonce)
            self._digests.append(digest)
            self._seqs.append(seq)

    def resent(self, nonce: int, digest: bytes) -> int | None:
        """The record's seq if exactly this packet was admitted before, else None."""
        if nonce > self._highest:
            return None
        index = bisect_left(self._nonces, nonce, self._oldest())
        if index == len(self._nonces) or self._nonces[index] != nonce or self._digests[index] != digest:
            return None
        return self._seqs[index]

    def check(self, nonce: int) -> None:
        """Refuse a nonce that is not above all used ones.

        Raises:
            Replay: names both.
        """
        if nonce <= self._highest:
            raise Replay(f"nonce {nonce} is not above {self._highest}, the highest used in this session")

    def remember(self, nonce: int, digest: bytes, seq: int) -> None:
        """The packet was admitted as record `seq`."""
        assert nonce > self._highest
        self._gaps += nonce - self._highest - 1
        self._highest = nonce
        self._nonces.append(nonce)
        self._digests.append(digest)
        self._seqs.append(seq)
        if len(self._digests) >= 2 * NONCES_REMEMBERED:
            for kept in (self._nonces, self._digests, self._seqs):
                del kept[:-NONCES_REMEMBERED]

    def _oldest(self) -> int:
        return max(0, len(self._nonces) - NONCES_REMEMBERED)
