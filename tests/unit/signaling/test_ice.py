"""STUN and TURN servers, and the credentials that a TURN server takes."""

import base64
import hashlib
import hmac

import pytest

from theta.base.errors import InvalidValue
from theta.base.limits import ICE_CREDENTIAL_SECONDS_MAX, ICE_SERVERS_MAX, ICE_URLS_MAX
from theta.base.moment import Moment
from theta.signaling.ice import IceServerSettings, IceSettings, check_ice_url, turn_credential
from theta.wire.signal_messages import IceServer

STUN = IceServerSettings(("stun:stun.example.org",))
TURN = IceServerSettings(("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443"), secret="north")
NOW = Moment(5.0, 1_700_000_000_999)


def test_sig_13_a_credential_is_the_mac_of_its_user_name() -> None:
    made = turn_credential("north", 42, 1_433_895_918)
    assert made.username == "1433895918:42"
    mac = hmac.new(b"north", b"1433895918:42", hashlib.sha1).digest()
    assert made.credential == base64.b64encode(mac).decode() == "8hkOk8lMEGIAHCUTV0jaMshFjSw="
    assert turn_credential("south", 42, 1_433_895_918).credential != made.credential


def test_sig_13_each_peer_gets_its_own_and_nobody_the_secret() -> None:
    fixed = IceServerSettings(("turn:other.example.org",), username="anna", credential="word")
    settings = IceSettings((STUN, TURN, fixed), credential_seconds=600)
    stun, turn, other = settings.servers_for(42, NOW)
    assert stun == IceServer(["stun:stun.example.org"], "", "")
    assert turn == IceServer(list(TURN.urls), *turn_credential("north", 42, 1_700_000_600))
    assert other == IceServer(["turn:other.example.org"], "anna", "word")
    assert "north" not in str(settings.servers_for(42, NOW))
    assert settings.lasts_seconds == 600
    assert IceSettings((STUN, fixed)).lasts_seconds == 0


@pytest.mark.parametrize(
    "url",
    [
        "stun:stun.example.org",
        "stuns:stun.example.org:5349",
        "turn:192.0.2.1:3478?transport=tcp",
        "turns:[2001:db8::1]:443?transport=tcp",
    ],
)
def test_sound_urls_pass(url: str) -> None:
    check_ice_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "turn:",
        "turn://turn.example.org",
        "https://turn.example.org",
        "turn:turn.example.org:0",
        "turn:turn.example.org:65536",
        "turn:turn.example.org?transport=sctp",
        "stun:stun.example.org?transport=udp",
        "turn:user@turn.example.org",
        "turn:turn.example.org\n",
        "stun:" + "a" * 300,
    ],
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="stun:HOST"):
        IceSettings((IceServerSettings((url,)),))


@pytest.mark.parametrize(
    ("servers", "seconds", "relay_only", "field"),
    [
        ((STUN,) * (ICE_SERVERS_MAX + 1), 600, False, "ice_servers"),
        ((IceServerSettings(()),), 600, False, "urls"),
        ((IceServerSettings(STUN.urls * (ICE_URLS_MAX + 1)),), 600, False, "urls"),
        ((TURN,), 59, False, "credential_seconds"),
        ((TURN,), ICE_CREDENTIAL_SECONDS_MAX + 1, False, "credential_seconds"),
        ((TURN._replace(secret=""),), 600, False, "secret"),
        ((TURN._replace(username="anna", credential="word"),), 600, False, "secret"),
        ((IceServerSettings(TURN.urls, username="a" * 257, credential="word"),), 600, False, "username"),
        ((IceServerSettings(TURN.urls, username="anna"),), 600, False, "secret"),
        ((STUN,), 600, True, "relay_only"),
        ((), 600, True, "relay_only"),
    ],
)
def test_what_no_peer_could_use_is_refused(
    servers: tuple[IceServerSettings, ...], seconds: int, relay_only: bool, field: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        IceSettings(servers, seconds, relay_only)
    assert refused.value.field == field


def test_sig_14_relay_only_needs_a_turn_server() -> None:
    assert IceSettings((TURN,), relay_only=True).relay_only
