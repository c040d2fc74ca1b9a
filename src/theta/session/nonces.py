"""Nonces of handshakes: long enough, and never the same one twice (SES-2)."""

from collections import OrderedDict

from theta.base.errors import BadNonce
from theta.base.limits import HANDSHAKE_NONCES_REMEMBERED, NONCE_BYTES_MAX, NONCE_BYTES_MIN


def check_nonce(side: str, nonce: bytes) -> None:
    """Refuse an empty, short or long nonce.

    Raises:
        BadNonce: names the side and the limits.
    """
    if not NONCE_BYTES_MIN <= len(nonce) <= NONCE_BYTES_MAX:
        raise BadNonce(f"the {side}'s nonce has {len(nonce)} bytes; {NONCE_BYTES_MIN} to {NONCE_BYTES_MAX} are needed")


class NonceMemory:
    """The other side's latest nonces, at most HANDSHAKE_NONCES_REMEMBERED.

    Args:
        side: whose they are, for errors: "participant" or "room".
    """

    def __init__(self, side: str) -> None:
        self._side = side
        self._taken: OrderedDict[bytes, None] = OrderedDict()

    def take(self, nonce: bytes) -> None:
        """Remember a nonce that has come.

        Raises:
            BadNonce: it is empty, short or long, or came before; it is not remembered.
        """
        check_nonce(self._side, nonce)
        if nonce in self._taken:
            raise BadNonce(f"the {self._side}'s nonce was used before; every handshake needs a fresh one")
        self._taken[nonce] = None
        if len(self._taken) > HANDSHAKE_NONCES_REMEMBERED:
            self._taken.popitem(last=False)
