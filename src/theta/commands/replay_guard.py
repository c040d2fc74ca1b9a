"""Which nonces a session has used: strictly increasing, gaps accepted and counted (CMD-6)."""

from collections import OrderedDict

from theta.base.limits import NONCES_REMEMBERED
from theta.commands.refusals import Replay


class ReplayGuard:
    """The nonces of one session, the last NONCES_REMEMBERED with the digest they came with and where they went."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[int, tuple[bytes, int]] = OrderedDict()
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

    def resent(self, nonce: int, digest: bytes) -> int | None:
        """The record's seq if exactly this packet was admitted before, else None."""
        found = self._remembered.get(nonce)
        return found[1] if found is not None and found[0] == digest else None

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
        self._remembered[nonce] = (digest, seq)
        while len(self._remembered) > NONCES_REMEMBERED:
            self._remembered.popitem(last=False)
