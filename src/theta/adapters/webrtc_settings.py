"""How peer connections are made; without aiortc, whose import takes half a second and 34 MB."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from theta.base.limits import ICE_GATHERING_SECONDS_MAX, WEBRTC_CONNECT_SECONDS_MAX
from theta.wire.signal_messages import IceServer


@dataclass(frozen=True)
class IceServerAddress:
    """A STUN or TURN server: its URL (RFC 7064, 7065), and for TURN who we are there."""

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


def ice_addresses(servers: Iterable[IceServer]) -> tuple[IceServerAddress, ...]:
    """What a signalling server told of STUN and TURN, URL by URL."""
    return tuple(
        IceServerAddress(url, server.username or None, server.credential or None)
        for server in servers
        for url in server.urls
    )


@dataclass(frozen=True)
class WebRtcSettings:
    """How a peer connection is made.

    Args:
        ice_servers: who tells us our addresses (STUN) or lends us one (TURN); the first of each kind is asked.
        relay_only: be reached at borrowed addresses only, and tell nobody our own.
        addresses: of this machine, to be reached at; None: all but loopback.
        with_loopback: be reached at the loopback address too; the other side may be on this machine.
        gathering_seconds: for finding the addresses at which we can be reached.
        connect_seconds: for all of it, signalling included.
    """

    ice_servers: tuple[IceServerAddress, ...] = ()
    relay_only: bool = False
    addresses: tuple[str, ...] | None = None
    with_loopback: bool = False
    gathering_seconds: float = ICE_GATHERING_SECONDS_MAX
    connect_seconds: float = WEBRTC_CONNECT_SECONDS_MAX

    @property
    def takes_loopback(self) -> bool:
        """Whether the other side may be on this machine's loopback address, as we are."""
        return self.with_loopback or any(each in ("127.0.0.1", "::1") for each in self.addresses or ())
