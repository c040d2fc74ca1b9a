"""Who may begin a QUIC handshake: so many unfinished ones in all and from one address, and who must prove an address.

An address that a token has proved is held to account for what it leaves unfinished. One that was only claimed is not,
or a stranger could shut somebody out by using their address: it has to prove itself first (RFC 9000, 8.1).
"""

import ipaddress
from collections import Counter
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from theta.base.limits import HALF_OPEN_CONNECTIONS_MAX, HALF_OPEN_PER_ADDRESS_MAX

RETRY_FROM_HALF_OPEN = HALF_OPEN_CONNECTIONS_MAX // 4
RETRY_FROM_PER_ADDRESS = HALF_OPEN_PER_ADDRESS_MAX // 4
_IPV6_NETWORK_BITS = 64

Key = TypeVar("Key")


class Verdict(Enum):
    """What happens to somebody's first packet."""

    ADMIT = "admit"
    RETRY = "retry"
    REFUSE = "refuse"


class _HalfOpen(NamedTuple):
    place: str
    is_validated: bool


class Admission(Generic[Key]):
    """Counts the connections that are still shaking hands; `Key` is what stands for one."""

    def __init__(self) -> None:
        self._half_open: dict[Key, _HalfOpen] = {}
        self._places: Counter[str] = Counter()
        self._validated_places: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._half_open)

    @property
    def unfinished(self) -> list[Key]:
        """All of them, the oldest first."""
        return list(self._half_open)

    def verdict(self, host: str, *, is_validated: bool) -> Verdict:
        """What becomes of a newcomer from an address; `is_validated`: it brought a token that was sent there."""
        place = place_of(host)
        if len(self) >= HALF_OPEN_CONNECTIONS_MAX:
            return Verdict.REFUSE
        if is_validated:
            is_crowd = self._validated_places[place] >= HALF_OPEN_PER_ADDRESS_MAX
            return Verdict.REFUSE if is_crowd else Verdict.ADMIT
        is_busy = len(self) >= RETRY_FROM_HALF_OPEN or self._places[place] >= RETRY_FROM_PER_ADDRESS
        return Verdict.RETRY if is_busy else Verdict.ADMIT

    def add(self, key: Key, host: str, *, is_validated: bool) -> None:
        """A handshake began."""
        entry = _HalfOpen(place_of(host), is_validated)
        self._half_open[key] = entry
        self._places[entry.place] += 1
        self._validated_places[entry.place] += is_validated

    def discard(self, key: Key) -> None:
        """It was finished, or came to nothing; does nothing a second time."""
        entry = self._half_open.pop(key, None)
        if entry is None:
            return
        for counter, count in ((self._places, 1), (self._validated_places, int(entry.is_validated))):
            counter[entry.place] -= count
            if not counter[entry.place]:
                del counter[entry.place]

    def clear(self) -> None:
        """Forget all of them."""
        self._half_open.clear()
        self._places.clear()
        self._validated_places.clear()


def place_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, all of which one machine has."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.version == 4:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))
