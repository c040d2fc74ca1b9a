"""STUN and TURN servers as peers are told of them, with credentials that end (SIG-13, SIG-14).

The credentials are those of "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00, 2.2), as coturn
takes them with `use-auth-secret`: the TURN server shares the secret and keeps no list of users.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import (
    ICE_CREDENTIAL_SECONDS,
    ICE_CREDENTIAL_SECONDS_MAX,
    ICE_CREDENTIAL_SECONDS_MIN,
    ICE_SERVERS_MAX,
    ICE_URL_CHARACTERS_MAX,
    ICE_URLS_MAX,
)
from theta.base.moment import Moment
from theta.wire.signal_messages import IceServer

# RFC 7064 and RFC 7065: scheme, host (a name, an IPv4 address, or IPv6 in brackets), port, and for TURN the transport.
_URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
    r"(?P<query>\?transport=(?:udp|tcp))?"
)


class TurnCredential(NamedTuple):
    """What a TURN server is shown: it is worth something until the time in the user name."""

    username: str
    credential: str


def turn_credential(secret: str, peer: int, expires_unix: int) -> TurnCredential:
    """The credential of a peer.

    Args:
        secret: shared with the TURN server (coturn: `static-auth-secret`).
        peer: its number; coturn counts a user's quota by it.
        expires_unix: when it ends, seconds since 1970.
    """
    username = f"{expires_unix}:{peer}"
    mac = hmac.digest(secret.encode("utf-8"), username.encode("utf-8"), "sha1")
    return TurnCredential(username, base64.b64encode(mac).decode("ascii"))


class IceServerSettings(NamedTuple):
    """One entry of the server list: with a `secret` its credentials are made for each peer, else they are as given."""

    urls: tuple[str, ...]
    secret: str = ""
    username: str = ""
    credential: str = ""


@dataclass(frozen=True)
class IceSettings:
    """What peers are told: the servers, how long credentials last, and whether to use nothing but TURN.

    Raises:
        InvalidValue: too many servers or URLs, a URL that is none, or a lifetime out of its limits.
    """

    servers: tuple[IceServerSettings, ...] = ()
    credential_seconds: int = ICE_CREDENTIAL_SECONDS
    relay_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what no peer could use."""
        if len(self.servers) > ICE_SERVERS_MAX:
            raise InvalidValue("ice_servers", len(self.servers), f"at most {ICE_SERVERS_MAX} of them")
        for server in self.servers:
            _check(server)
        low, high = ICE_CREDENTIAL_SECONDS_MIN, ICE_CREDENTIAL_SECONDS_MAX
        if not low <= self.credential_seconds <= high:
            raise InvalidValue("credential_seconds", self.credential_seconds, f"from {low} to {high}")
        if self.relay_only and not any(_is_turn(url) for server in self.servers for url in server.urls):
            raise InvalidValue("relay_only", True, "false without a turn: or turns: server")

    @property
    def lasts_seconds(self) -> int:
        """How long what a peer is told serves; 0 for ever."""
        return self.credential_seconds if any(server.secret for server in self.servers) else 0

    def servers_for(self, peer: int, now: Moment) -> list[IceServer]:
        """The servers with credentials of this peer, that end `credential_seconds` from now."""
        expires_unix = now.unix_ms // 1000 + self.credential_seconds
        return [_server_for(server, peer, expires_unix) for server in self.servers]


def _server_for(server: IceServerSettings, peer: int, expires_unix: int) -> IceServer:
    if not server.secret:
        return IceServer(list(server.urls), server.username, server.credential)
    return IceServer(list(server.urls), *turn_credential(server.secret, peer, expires_unix))


def _check(server: IceServerSettings) -> None:
    if not 1 <= len(server.urls) <= ICE_URLS_MAX:
        raise InvalidValue("urls", len(server.urls), f"1 to {ICE_URLS_MAX} of them")
    for url in server.urls:
        check_ice_url(url)
    for field, text in (("username", server.username), ("credential", server.credential)):
        if len(text) > ICE_URL_CHARACTERS_MAX:
            raise InvalidValue(field, f"{len(text)} characters", f"at most {ICE_URL_CHARACTERS_MAX}")
    if server.secret and (server.username or server.credential):
        raise InvalidValue("secret", "given", "left out beside a username and credential, or the other way round")
    if any(map(_is_turn, server.urls)) and not (server.secret or (server.username and server.credential)):
        raise InvalidValue(
            "secret", server.secret, "the one of the TURN server, or have username and credential beside"
        )


def _is_turn(url: str) -> bool:
    return url.startswith("turn")


def check_ice_url(url: str) -> None:
    """Refuse what is no STUN or TURN server's URL.

    Raises:
        InvalidValue: says what one looks like.
    """
    found = _URL.fullmatch(url) if len(url) <= ICE_URL_CHARACTERS_MAX else None
    is_sound = found is not None and int(found["port"] or 1) in range(1, 65_536)
    if not is_sound or (found is not None and found["query"] and found["scheme"].startswith("stun")):
        raise InvalidValue(
            "urls",
            url,
            "like stun:HOST:3478, turn:HOST:3478?transport=udp or turns:HOST:443?transport=tcp, "
            f"at most {ICE_URL_CHARACTERS_MAX} characters",
        )
