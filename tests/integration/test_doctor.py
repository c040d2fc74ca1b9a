"""`theta doctor` on real machines' loopback: rooms, signalling and TURN servers, good ones and broken ones."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.contract.transport_contract import soon
from tests.integration import test_webrtc_turn
from tests.support.coturn import SECRET, TURNSERVER, Coturn
from tests.support.room_process import TAKES_CTRL_C, serving
from tests.support.signal_process import signalling
from theta.adapters.client.address import room_address
from theta.adapters.doctor import findings
from theta.adapters.doctor.findings import Verdict
from theta.adapters.doctor.place import RoomPlace
from theta.adapters.doctor.signalling import Signalling
from theta.adapters.doctor.ways import RoomWays
from theta.adapters.files import read_secret, room_secret_path
from theta.adapters.host import machine_clock
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.base.limits import DOCTOR_CHECK_SECONDS_MAX
from theta.commands.records import RecordKind
from theta.session.invites import code_in_groups, make_code, make_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration
needs_coturn = pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed")

MACHINE = ["clock", "ports", "firewall", "addresses", "IPv6", "UDP", "UDP buffers", "certificate"]
WAYS = ["WebSocket", "QUIC", "WebTransport", "WebRTC", "link"]


class Diagnosis:
    """What `theta doctor --json` printed, and its exit code."""

    def __init__(self, output: bytes, code: int) -> None:
        told = json.loads(output)
        self.code = code
        self.problems: int = told["problems"]
        self.checks: list[dict[str, Any]] = told["checks"]

    def of(self, name: str) -> dict[str, Any]:
        """What the first check of a name found."""
        return next(each for each in self.checks if each["name"] == name)

    def verdicts(self, *names: str) -> dict[str, str]:
        return {name: self.of(name)["verdict"] for name in names}


async def started(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return await asyncio.create_subprocess_exec(
        *(*TAKES_CTRL_C, "doctor", *arguments),
        cwd=folder,
        env={**kept, "HOME": str(folder), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def diagnose(folder: Path, *arguments: str) -> Diagnosis:
    process = await started(folder, *arguments, "--port", "0", "--json")
    async with asyncio.timeout(90):
        output, errors = await process.communicate()
    assert errors.decode() == ""
    assert process.returncode is not None
    return Diagnosis(output, process.returncode)


@contextmanager
def silent_port() -> Iterator[int]:
    """Takes connections and packets, and never says anything."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        yield port


async def test_a_machine_alone_is_looked_at(tmp_path: Path) -> None:
    found = await diagnose(tmp_path)
    assert [each["name"] for each in found.checks] == MACHINE
    assert (found.code, found.problems) == (0, 0)
    assert all(each["result"] and each["tried"] for each in found.checks)


async def test_people_read_one_line_for_each_check_and_the_way_out_below(tmp_path: Path) -> None:
    with silent_port() as port:
        process = await started(tmp_path, "--port", str(port))
        output, errors = await process.communicate()
    lines = output.decode().splitlines()
    assert errors.decode() == ""
    assert process.returncode == 1
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ ports"))
    assert f"port {port} is in use" in lines[at]
    assert lines[at + 1].strip().startswith("→ ")
    assert lines[-1].startswith("8 checks, 1 problem")


async def test_every_way_into_a_room_that_is_well_is_good(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-lan") as room:
        found, again = await asyncio.gather(diagnose(tmp_path, room.link), diagnose(tmp_path, room.viewer_link))
    assert found.code == again.code == 0
    assert [each["name"] for each in found.checks] == [
        *MACHINE,
        *("invite", "name", "room", "TLS", "MTU", "signalling"),
        *WAYS,
    ]
    assert set(found.verdicts(*WAYS, "invite", "room", "signalling").values()) == {"good"}
    assert "as editor" in found.of("QUIC")["result"]
    assert "as viewer" in again.of("QUIC")["result"]
    assert "candidates gathered: host" in found.of("WebRTC")["result"]
    assert "the pair host to host won" in found.of("WebRTC")["result"]
    assert found.of("link")["result"].startswith("over quic: round trip")
    assert found.of("link")["seconds"] > 3.0
    sessions = [record for record in room.records_as_they_lie() if record.kind == RecordKind.SESSION]
    assert len(sessions) == 2, "one for each visit, whatever it tried"


async def test_where_nobody_answers_every_check_says_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "DOCTOR_CHECK_SECONDS_MAX", 0.5)
    invite = make_invite(RoomSecret(b"\x05" * 32), "editor")
    with silent_port() as port:
        address = room_address(f"http://127.0.0.1:{port}/#invite={invite}")
        async with ClientSession() as http:
            place = RoomPlace(http, address)
            signalling_there = Signalling(http, f"http://127.0.0.1:{port}", address.room)
            ways = RoomWays(http, place, None, None, WebRtcSettings(with_loopback=True))
            checks = [*place.checks(), signalling_there.check(), *ways.checks()]
            found = {finding.name: finding async for finding in findings.examine(checks)}
    silent = ("room", "signalling", "WebSocket", "QUIC", "WebTransport", "WebRTC")
    assert {name: found[name].verdict for name in silent} == dict.fromkeys(silent, Verdict.PROBLEM)
    assert {found[name].result for name in silent} == {"no answer within 0.5 s"}
    assert all(found[name].way_out for name in silent)
    assert found["link"].verdict is Verdict.SKIPPED
    assert all(each.seconds < 2.0 for each in found.values())


async def test_an_invite_that_is_over_or_of_another_room_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-lan", "--no-quic") as room:
        base = room.link.split("#")[0]
        secret = RoomSecret(read_secret(room_secret_path(room.file)))
        over, foreign = await asyncio.gather(
            diagnose(tmp_path, f"{base}#invite={make_invite(secret, 'editor', 1_000)}"),
            diagnose(tmp_path, f"{base}#invite={make_invite(RoomSecret(bytes(32)), 'editor')}"),
        )
    assert over.verdicts("invite", "WebSocket") == {"invite": "problem", "WebSocket": "problem"}
    assert "it was over" in over.of("invite")["result"]
    assert foreign.verdicts("invite", "WebSocket", "QUIC") == {
        "invite": "good",
        "WebSocket": "problem",
        "QUIC": "problem",
    }
    assert "another room answers here" in foreign.of("WebSocket")["result"]
    assert "UDP port" in foreign.of("QUIC")["way_out"]


async def test_a_room_is_found_by_its_code_and_the_owner_needs_neither(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-lan") as room:
        base = room.link.split("#")[0]
        code = code_in_groups(make_code(RoomSecret(read_secret(room_secret_path(room.file)))))
        typed, own = await asyncio.gather(diagnose(tmp_path, f"{base}#{code}"), diagnose(tmp_path, base))
    assert (typed.code, own.code) == (0, 0)
    assert "as editor" in typed.of("WebSocket")["result"]
    assert "as admin" in own.of("WebSocket")["result"] or "as editor" in own.of("WebSocket")["result"]


async def test_the_certificate_of_a_room_on_the_network_is_looked_at(tmp_path: Path) -> None:
    async with serving(tmp_path) as room:
        secure = room.link.replace("http://localhost", "https://127.0.0.1")
        elsewhere = secure.split("#")[0].replace("127.0.0.1", "127.0.0.2")
        found, bare = await asyncio.gather(diagnose(tmp_path, secure), diagnose(tmp_path, elsewhere))
    assert found.of("TLS")["verdict"] == "good"
    assert "not vouched for here" in found.of("TLS")["result"]
    assert "the link says which room it is" in found.of("TLS")["result"]
    assert bare.verdicts("invite", "TLS") == {"invite": "warning", "TLS": "warning"}
    assert "#invite" in bare.of("TLS")["way_out"]


async def test_a_signalling_server_is_asked_and_whether_the_host_is_there(tmp_path: Path) -> None:
    async with signalling(tmp_path) as link:
        alone = await diagnose(tmp_path, "--signal", link)
        async with serving(tmp_path, "--no-lan") as room:
            apart = await diagnose(tmp_path, room.link, "--signal", link)
        async with serving(tmp_path, "--no-lan", "--signal", link) as room:
            met = await diagnose(tmp_path, room.link, "--signal", link)
    gone = await diagnose(tmp_path, "--signal", link)
    assert (alone.code, apart.code, met.code, gone.code) == (0, 1, 0, 1)
    assert "taken in" in alone.of("signalling")["result"]
    assert "the room's host is not there" in apart.of("signalling")["result"]
    assert apart.verdicts("WebSocket", "WebRTC") == {"WebSocket": "good", "WebRTC": "problem"}
    assert "the room's host is there" in met.of("signalling")["result"]
    assert "theta signal" in gone.of("signalling")["way_out"]


def ice_file(folder: Path, text: str) -> str:
    file = folder / "servers.toml"
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


def with_secret(port: int, secret: str) -> str:
    urls = f'["stun:127.0.0.1:{port}", "turn:127.0.0.1:{port}", "turn:127.0.0.1:{port}?transport=tcp"]'
    return f'[[ice_servers]]\nurls = {urls}\nsecret = "{secret}"\n'


@needs_coturn
async def test_each_stun_and_turn_server_is_asked(tmp_path: Path) -> None:
    coturn = Coturn(tmp_path)
    try:
        await soon(coturn.start())
        good = await diagnose(tmp_path, "--ice", ice_file(tmp_path, with_secret(coturn.port, SECRET)))
        wrong = await diagnose(tmp_path, "--ice", ice_file(tmp_path, with_secret(coturn.port, "another")))
    finally:
        await soon(coturn.stop())
    stopped = await diagnose(tmp_path, "--ice", ice_file(tmp_path, with_secret(coturn.port, SECRET)))
    assert [each["verdict"] for each in good.checks[len(MACHINE) :]] == ["good"] * 3
    assert "candidate srflx: others see us at 127.0.0.1" in good.of("STUN")["result"]
    assert "candidate relay: we can be reached at 127.0.0.1" in good.of("TURN")["result"]
    assert [each["verdict"] for each in wrong.checks[len(MACHINE) :]] == ["good", "problem", "problem"]
    assert wrong.of("TURN")["result"].startswith("credential refused with 401")
    assert "static-auth-secret" in wrong.of("TURN")["way_out"]
    assert [each["verdict"] for each in stopped.checks[len(MACHINE) :]] == ["problem"] * 3
    assert (good.code, wrong.code, stopped.code) == (0, 1, 1)
    assert all(each["seconds"] < DOCTOR_CHECK_SECONDS_MAX for each in stopped.checks)


@needs_coturn
async def test_a_pair_that_met_at_the_relay_is_told(tmp_path: Path) -> None:
    coturn = test_webrtc_turn.Coturn(tmp_path)
    try:
        await soon(coturn.start())
        urls = f'["turn:127.0.0.1:{coturn.port}"]'
        text = f'[[ice_servers]]\nurls = {urls}\nusername = "anna"\ncredential = "secret"\n'
        async with serving(tmp_path, "--no-lan", "--ice", ice_file(tmp_path, text)) as room:
            found = await diagnose(tmp_path, room.link, "--relay-only")
            await coturn.stop()
            stopped = await diagnose(tmp_path, room.link, "--relay-only")
    finally:
        await soon(coturn.stop())
    assert found.code == 0
    assert found.of("TURN")["verdict"] == "good"
    assert "candidates gathered: relay" in found.of("WebRTC")["result"]
    assert "the pair relay to" in found.of("WebRTC")["result"]
    assert found.of("link")["result"].startswith("over webrtc")
    assert stopped.verdicts("TURN", "WebRTC", "WebSocket") == {
        "TURN": "problem",
        "WebRTC": "problem",
        "WebSocket": "good",
    }


async def test_ctrl_c_stops_it_cleanly(tmp_path: Path) -> None:
    invite = make_invite(RoomSecret(b"\x05" * 32), "editor")
    with silent_port() as port:
        process = await started(tmp_path, f"http://127.0.0.1:{port}/#invite={invite}")
        assert process.stdout is not None
        async with asyncio.timeout(90):
            while not (line := await process.stdout.readline()).startswith("✓ name".encode()):
                assert line, "it ended by itself"
        process.send_signal(signal.SIGINT)
        began = machine_clock().seconds
        _, errors = await soon(process.communicate())
    assert process.returncode == 130
    assert machine_clock().seconds - began < DOCTOR_CHECK_SECONDS_MAX
    assert errors.decode() == "stopped; what was found so far is above\n"


@pytest.mark.parametrize("arguments", [("ftp://somewhere",), ("--signal", "nonsense"), ("--ice", "missing.toml")])
async def test_a_command_line_that_cannot_be_meant_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    process = await started(tmp_path, *arguments)
    output, errors = await process.communicate()
    assert process.returncode == 2
    assert output == b""
    assert errors.startswith(b"error: ")
