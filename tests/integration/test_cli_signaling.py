"""`theta signal`, the server list in a file, and the signalling server of `theta serve`."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.contract.transport_contract import soon
from tests.integration.test_cli import DEADLINE_SECONDS, THETA, Server, home, theta
from theta.adapters.files import read_secret
from theta.adapters.ice_file import read_ice_file
from theta.adapters.signal_client import SignalClient, over_websocket
from theta.base.errors import InvalidValue, SignalingFailed
from theta.cli.signaling import check_origin, read_room
from theta.commands.identity import Identity
from theta.session.invites import room_of_invite
from theta.session.secret import RoomSecret
from theta.signaling.ice import IceServerSettings, IceSettings, turn_credential
from theta.signaling.participant import SignalTerms, host_terms
from theta.wire.signal_messages import SignalOffer, SignalPeerJoined, SignalWelcome

pytestmark = pytest.mark.integration

__all__ = ["home"]

KEY = Identity.from_seed(b"r" * 32)
HOST = host_terms(KEY)
SERVERS = """
credential_seconds = 600

[[ice_servers]]
urls = ["stun:turn.example.org:3478"]

[[ice_servers]]
urls = ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp"]
secret = "north"
"""


def written(folder: Path, text: str, name: str = "servers.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


class TestTheFile:
    def test_toml_and_json_say_the_same(self, tmp_path: Path) -> None:
        settings = read_ice_file(written(tmp_path, SERVERS))
        turn = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp")
        stun = IceServerSettings(("stun:turn.example.org:3478",))
        assert settings == IceSettings((stun, IceServerSettings(turn, secret="north")), 600)
        listed = [{"urls": list(stun.urls)}, {"urls": list(turn), "secret": "north"}]
        content = json.dumps({"ice_servers": listed, "credential_seconds": 600, "relay_only": True})
        other = read_ice_file(written(tmp_path, content, "servers.json"))
        assert (other.servers, other.credential_seconds, other.relay_only) == (settings.servers, 600, True)

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "ice_servers"),
            ("ice_servers = 7", "ice_servers"),
            ("[[ice_servers]]\nurl = 'stun:a'", "url"),
            ("[[ice_servers]]\nurls = ['stun:a']\n[other]\n", "other"),
            ("[[ice_servers]]\nurls = ['https://a']", "stun:HOST"),
            ("[[ice_servers]\n", "TOML"),
            ("\xff", "TOML"),
            ("#" * 70_000, "65536 bytes"),
        ],
    )
    def test_what_is_no_server_list_is_refused(self, tmp_path: Path, text: str, why: str) -> None:
        path = tmp_path / "servers.toml"
        path.write_bytes(text.encode("latin-1"))
        path.chmod(0o600)
        with pytest.raises(InvalidValue, match=why):
            read_ice_file(path)

    def test_a_secret_that_everybody_may_read_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, SERVERS)
        path.chmod(0o644)
        with pytest.raises(InvalidValue, match="chmod o-r"):
            read_ice_file(path)
        path.chmod(0o640)
        read_ice_file(path)
        stun = written(tmp_path, "[[ice_servers]]\nurls = ['stun:a']", "stun.toml")
        stun.chmod(0o644)
        read_ice_file(stun)

    def test_one_that_is_not_there_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidValue, match="can be read"):
            read_ice_file(tmp_path / "none.toml")


@pytest.mark.parametrize("origin", ["https://studio.example.org", "http://localhost:8080", "https://[::1]:8443"])
def test_sig_9_an_origin_is_taken_as_browsers_write_it(origin: str) -> None:
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "origin", ["", "*", "studio.example.org", "https://studio.example.org/", "https://a/b", "ws://a", "null"]
)
def test_sig_9_anything_else_is_no_origin(origin: str) -> None:
    with pytest.raises(InvalidValue, match="--origin"):
        check_origin(origin)


def test_a_room_is_32_digits() -> None:
    assert read_room(HOST.room.hex()) == HOST.room
    for text in ("", "ab", HOST.room.hex()[:-2], "g" * 32):
        with pytest.raises(InvalidValue, match="--room"):
            read_room(text)


@contextmanager
def signalling(*arguments: str) -> Iterator[str]:
    """`theta signal` on a free port; its URL."""
    command = [*THETA, "signal", "--port", "0", "--host", "localhost", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("ws://localhost:"), (line, process.stderr.read() if process.stderr else "")
        yield line
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


async def meet(url: str, host_key: Identity, room: bytes) -> SignalWelcome:
    """A host and a guest meet at a server; what the guest was welcomed with."""
    async with (
        aiohttp.ClientSession() as http,
        SignalClient(host_terms(host_key), over_websocket(http, url)) as host,
        SignalClient(SignalTerms(room), over_websocket(http, url)) as guest,
    ):
        welcome = await soon(guest.receive())
        assert isinstance(welcome, SignalWelcome)
        guest.send(SignalOffer(welcome.host, 2, "v=0"))
        events = [await soon(host.receive()) for _ in range(3)]
        assert events[1:] == [SignalPeerJoined(welcome.peer), SignalOffer(welcome.peer, 2, "v=0")]
        return welcome


def test_theta_signal_brings_a_host_and_its_guests_together(home: Path) -> None:
    with signalling("--ice", str(written(home, SERVERS))) as url:
        welcome = asyncio.run(meet(url, KEY, HOST.room))
        assert welcome.ice_seconds == 600
        server = welcome.ice_servers[1]
        expires = int(server.username.split(":")[0])
        assert (server.username, server.credential) == turn_credential("north", welcome.peer, expires)


def test_theta_signal_for_one_room_turns_others_away(home: Path) -> None:
    with signalling("--room", HOST.room.hex()) as url:
        asyncio.run(meet(url, KEY, HOST.room))
        with pytest.raises(SignalingFailed, match="not there for that room"):
            asyncio.run(meet(url, Identity.from_seed(b"o" * 32), b"o" * 16))


def test_theta_signal_says_what_is_wrong(home: Path) -> None:
    for arguments, why in (
        (("--origin", "*"), "--origin"),
        (("--room", "x"), "--room"),
        (("--ice", "none.toml"), "--ice"),
        (("--cert", "x.pem"), "--key"),
    ):
        ended = theta("signal", "--port", 0, *arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert why in ended.stderr


def test_theta_serve_has_a_signalling_server_for_its_own_room(home: Path) -> None:
    running = Server("room.theta", "--ice", str(written(home, SERVERS)))
    try:
        room = room_of_invite(running.invite)
        assert room is not None
        secret = RoomSecret(read_secret(home.parent / "room.theta.key"))
        welcome = asyncio.run(meet(running.url, secret.identity, room))
        assert len(welcome.ice_servers) == 2
        with pytest.raises(SignalingFailed, match="not there for that room"):
            asyncio.run(meet(running.url, KEY, HOST.room))
        assert running.stop()[0] == 0
    finally:
        running.process.kill()
        running.process.communicate()
