"""One port for HTTP and HTTPS: the first byte decides, the network gets no plain text, and silence ends."""

import asyncio
import socket
import ssl
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from aioquic.asyncio.client import connect
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives import hashes

import theta
from tests.contract.transport_contract import soon
from tests.integration.driven_peer import DrivenPeer, a_cube
from tests.integration.test_host import Hosted
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.http_server import HttpSettings
from theta.adapters.lan_addresses import MachineNames
from theta.adapters.lan_listener import LanListener
from theta.adapters.lan_server import LanServer
from theta.adapters.listening import listen, url_of
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.tls_certificate import machine_clock, read_or_make_certificate
from theta.adapters.tls_watch import CertificateWatch, Sighting
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import UsageError, WrongRoom
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration

HOME = MachineNames(("studio", "studio.local"), ("192.168.1.5", "fd00::5"))
CAFE = MachineNames(("studio", "studio.local"), ("10.0.0.9",))


class Lan:
    """A room on a free port of every loopback address, with a machine whose names a test may change."""

    def __init__(self, hosted: Hosted, folder: Path, listen_host: str, is_local: Callable[[str], bool]) -> None:
        self.hosted = hosted
        self.machine = HOME
        self.folder = folder
        self.sockets = listen("", 0)
        self.port = int(self.sockets[0].getsockname()[1])
        self.watch = CertificateWatch(self._look)
        settings = HttpSettings(listen_host, folder / "page", is_local=is_local)
        self.server = LanServer(hosted.host, self.sockets, self.watch, settings)
        self.client = ssl.create_default_context()
        self.trust()

    def _look(self) -> Sighting:
        certificate = read_or_make_certificate(self.folder / "tls", self.machine, machine_clock())
        return Sighting(self.machine, certificate, is_own=False)

    def trust(self) -> None:
        """Have clients trust the certificate that is there now, and no other."""
        self.client = ssl.create_default_context(cafile=str(self.folder / "tls" / "certificate.pem"))

    async def close(self) -> None:
        await self.server.stop_accepting()
        await self.hosted.close()
        await self.server.close()
        for each in self.sockets:
            each.close()

    async def connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def lan(tmp_path: Path) -> AsyncIterator[Lan]:
    """Peers count as local, as they are."""
    running = Lan(Hosted(MemoryLogStore()), tmp_path, "", lambda address: True)
    await running.server.start()
    yield running
    await running.close()


@pytest.fixture
async def abroad(tmp_path: Path) -> AsyncIterator[Lan]:
    """Peers count as others on the network."""
    running = Lan(Hosted(MemoryLogStore()), tmp_path, "", lambda address: False)
    await running.server.start()
    yield running
    await running.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class TestOnePort:
    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
    async def test_speaks_both(self, lan: Lan, http: aiohttp.ClientSession, host: str) -> None:
        for scheme in ("http", "https"):
            url = f"{scheme}://{host}:{lan.port}/healthz"
            async with http.get(url, ssl=lan.client) as response:
                assert (response.status, await response.text()) == (200, "ok\n")
                assert "Strict-Transport-Security" not in response.headers

    async def test_a_participant_builds_over_tls(self, lan: Lan) -> None:
        connector = aiohttp.TCPConnector(ssl=lan.client)
        async with aiohttp.ClientSession(connector=connector) as session:
            transport = await connect_websocket(session, f"wss://localhost:{lan.port}/ws")
            ada = await DrivenPeer(transport, lan.hosted.host.room.invite("editor")).joined()
            await ada.perform(a_cube())
            assert ada.peer.replica.document.hash == lan.hosted.host.room.document_hash
            await soon(lan.hosted.host.close())
            end = await ada.ended()
            assert (end.close_code, end.reason) == (1001, "the room is closing")

    async def test_a_page_may_join_from_its_own_origin_only(self, lan: Lan, http: aiohttp.ClientSession) -> None:
        url = f"https://localhost:{lan.port}"
        for origin in (f"http://localhost:{lan.port}", "https://evil.example", f"https://localhost:{lan.port + 1}"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as told:
                await http.ws_connect(f"{url}/ws", origin=origin, ssl=lan.client)
            assert told.value.status == 403
        websocket = await http.ws_connect(f"{url}/ws", origin=url, ssl=lan.client)
        await websocket.close()

    async def test_old_tls_is_refused(self, lan: Lan) -> None:
        assert lan.watch.context.minimum_version is ssl.TLSVersion.TLSv1_2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            lan.client.minimum_version = ssl.TLSVersion.TLSv1
            lan.client.maximum_version = ssl.TLSVersion.TLSv1_1
        lan.client.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("localhost", lan.port, ssl=lan.client)

    async def test_big_answers_and_uploads_pass(self, lan: Lan, http: aiohttp.ClientSession) -> None:
        async with http.post(f"https://localhost:{lan.port}/api/invite", data=b"x" * 100_000, ssl=lan.client) as said:
            assert said.status == 413


class TestPlainFromTheNetwork:
    @pytest.mark.parametrize("path", ["/", "/api/room", "/ws", "/a/b?c=d%20e", "/healthz", "//evil.example/x"])
    async def test_is_sent_on_to_https_and_told_nothing(self, abroad: Lan, path: str) -> None:
        reader, writer = await abroad.connection()
        host = f"192.168.1.5:{abroad.port}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await soon(reader.read())).partition(b"\r\n\r\n")
        writer.close()
        status, *lines = head.decode().split("\r\n")
        assert status == "HTTP/1.1 308 Permanent Redirect"
        headers = dict(line.split(": ", 1) for line in lines)
        assert headers["Location"] == f"https://{host}{path}"
        assert headers["Cache-Control"] == "no-store"
        assert body == b""

    async def test_a_code_sent_in_the_clear_is_not_answered(self, abroad: Lan, http: aiohttp.ClientSession) -> None:
        url = f"http://127.0.0.1:{abroad.port}/api/invite"
        code = abroad.hosted.host.room.code
        async with http.post(url, json={"code": code}, allow_redirects=False) as response:
            assert (response.status, await response.read()) == (308, b"")

    async def test_names_of_others_are_refused_before_that(self, abroad: Lan) -> None:
        """Else the room would be an open redirect."""
        reader, writer = await abroad.connection()
        writer.write(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = await soon(reader.read())
        writer.close()
        assert answer.startswith(b"HTTP/1.1 421 ")
        assert b"Location" not in answer

    async def test_over_tls_it_is_served(self, abroad: Lan, http: aiohttp.ClientSession) -> None:
        async with http.get(f"https://127.0.0.1:{abroad.port}/api/room", ssl=abroad.client) as response:
            assert response.status == 200
            told = await response.json()
        assert told["links"] == [f"https://192.168.1.5:{abroad.port}", f"https://[fd00::5]:{abroad.port}"]

    @pytest.mark.parametrize(
        ("host", "status"), [("studio.local", 200), ("STUDIO", 200), ("castle.local", 421), ("10.9.8.7", 200)]
    )
    async def test_it_goes_by_the_names_of_its_certificate(
        self, abroad: Lan, http: aiohttp.ClientSession, host: str, status: int
    ) -> None:
        url = f"https://127.0.0.1:{abroad.port}/healthz"
        async with http.get(url, ssl=abroad.client, headers={"Host": f"{host}:{abroad.port}"}) as response:
            assert response.status == status


class TestUndecided:
    """Connections that have not said what they speak."""

    async def listener(self, sockets: list[socket.socket], lan: Lan, **limits: float) -> LanListener:
        class Echo(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast("asyncio.Transport", transport)

            def data_received(self, data: bytes) -> None:
                self.transport.write(data)

        return LanListener(sockets, Echo, lambda: lan.watch.context, **limits)  # type: ignore[arg-type]

    async def test_silence_ends(self, lan: Lan) -> None:
        sockets = listen("127.0.0.1", 0)
        listener = await self.listener(sockets, lan, first_byte_seconds=0.05)
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
        assert await soon(reader.read()) == b""
        writer.close()
        await listener.close()
        sockets[0].close()

    async def test_half_a_hello_ends(self, lan: Lan) -> None:
        sockets = listen("127.0.0.1", 0)
        listener = await self.listener(sockets, lan, handshake_seconds=0.05)
        hello = client_hello()
        for sent in (hello[:1], hello[:40], hello[:-1]):
            reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
            writer.write(sent)
            assert await soon(reader.read()) in (b"", b"\x15\x03\x03\x00\x02\x02\x28")
            writer.close()
        await listener.close()
        sockets[0].close()

    async def test_a_hello_in_single_bytes_is_a_hello(self, lan: Lan) -> None:
        reader, writer = await lan.connection()
        for byte in client_hello():
            writer.write(bytes((byte,)))
            await writer.drain()
        answer = await soon(reader.readexactly(3))
        assert answer == b"\x16\x03\x03", "a ServerHello"
        writer.close()

    async def test_the_oldest_gives_way(self, lan: Lan) -> None:
        sockets = listen("127.0.0.1", 0)
        listener = await self.listener(sockets, lan, undecided_max=2)
        silent = [await asyncio.open_connection(*sockets[0].getsockname()) for _ in range(4)]
        for reader, _ in silent[:2]:
            assert await soon(reader.read()) == b""
        assert listener.undecided == 2
        for reader, writer in silent[2:]:
            writer.write(b"echo")
            assert await soon(reader.readexactly(4)) == b"echo"
        assert listener.undecided == 0
        await listener.close()
        sockets[0].close()
        for _, writer in silent:
            writer.close()

    @pytest.mark.parametrize(
        "garbage", [b"\x00" * 64, b"\xff\xfe", b"\x16" * 600, b"\x16\x03\x01\xff\xff" + b"x" * 600, b"GET\r\n\r\n"]
    )
    async def test_garbage_ends_and_harms_nobody(self, lan: Lan, http: aiohttp.ClientSession, garbage: bytes) -> None:
        reader, writer = await lan.connection()
        writer.write(garbage + b"\r\n\r\n")
        writer.write_eof()
        answer = await soon(reader.read())
        assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400", b"\x15\x03")) or answer == b""
        writer.close()
        async with http.get(f"https://localhost:{lan.port}/healthz", ssl=lan.client) as response:
            assert response.status == 200

    async def test_closing_drops_who_is_undecided(self, lan: Lan) -> None:
        reader, writer = await lan.connection()
        _, half = await lan.connection()
        half.write(client_hello()[:9])
        await half.drain()
        await soon(lan.server.stop_accepting())
        assert await soon(reader.read()) == b""
        for each in (writer, half):
            each.close()


def client_hello() -> bytes:
    """What a TLS client says first."""
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="studio.local")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


class TestAnotherAddress:
    async def test_new_connections_get_the_new_certificate_and_old_ones_go_on(self, lan: Lan) -> None:
        url = f"https://127.0.0.1:{lan.port}/api/room"
        old = lan.client
        async with aiohttp.ClientSession() as standing:
            async with standing.get(url, ssl=old) as response:
                assert (await response.json())["links"][0] == f"https://192.168.1.5:{lan.port}"
            lan.machine = CAFE
            assert await lan.watch.look_again()
            lan.server._take_up()
            lan.trust()
            async with standing.get(url, ssl=old) as response:
                assert (await response.json())["links"] == [f"https://10.0.0.9:{lan.port}"]
        async with aiohttp.ClientSession() as fresh:
            async with fresh.get(url, ssl=lan.client) as response:
                assert response.status == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await fresh.get(url, ssl=old)


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
@pytest.mark.parametrize(
    "scenario",
    [
        TestOnePort().test_a_participant_builds_over_tls,
        TestUndecided().test_silence_ends,
        TestUndecided().test_half_a_hello_ends,
        TestUndecided().test_a_hello_in_single_bytes_is_a_hello,
        TestUndecided().test_the_oldest_gives_way,
        TestUndecided().test_closing_drops_who_is_undecided,
        TestAnotherAddress().test_new_connections_get_the_new_certificate_and_old_ones_go_on,
    ],
)
def test_the_same_on_uvloop(scenario: Callable[[Lan], Awaitable[None]], tmp_path: Path) -> None:
    """Each loop has its own way to take over a socket."""
    import uvloop

    async def play() -> None:
        running = Lan(Hosted(MemoryLogStore()), tmp_path, "", lambda address: True)
        await running.server.start()
        try:
            await scenario(running)
        finally:
            await running.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())


class TestWhoIsOffered:
    @pytest.mark.parametrize(
        ("listen_host", "names"),
        [
            ("", ["192.168.1.5", "[fd00::5]"]),
            ("0.0.0.0", ["192.168.1.5"]),
            ("::", ["[fd00::5]"]),
            ("localhost", []),
            ("127.0.0.1", []),
            ("192.168.1.5", ["192.168.1.5"]),
            ("studio.lan", ["studio.lan"]),
        ],
    )
    async def test_links_are_of_what_is_listened_on(self, tmp_path: Path, listen_host: str, names: list[str]) -> None:
        running = Lan(Hosted(MemoryLogStore()), tmp_path, listen_host, lambda address: True)
        await running.server.start()
        assert running.server.reach.links == tuple(f"https://{name}:{running.port}" for name in names)
        assert bool(running.server.reach.host_names) is bool(names)
        await running.close()


def own_address() -> str:
    """An address of this machine on a network; a UDP socket that is never used knows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


async def test_by_a_real_address_of_this_machine_plain_http_is_redirected(tmp_path: Path) -> None:
    """Nothing stands in for anything: real sockets on every address, and who is local by the peer's address."""
    address = own_address()
    hosted = Hosted(MemoryLogStore())
    sockets = listen("", 0)
    port = sockets[0].getsockname()[1]
    machine = MachineNames(("studio",), (address,))
    certificate = read_or_make_certificate(tmp_path / "tls", machine, machine_clock())
    watch = CertificateWatch(lambda: Sighting(machine, certificate, is_own=False))
    server = LanServer(hosted.host, sockets, watch, HttpSettings("", tmp_path))
    await server.start()
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    try:
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://{address}:{port}/healthz", allow_redirects=False) as response:
                assert response.status == 308
                assert response.headers["Location"] == f"https://{address}:{port}/healthz"
            async with http.get(f"http://{address}:{port}/healthz", ssl=trusting) as response:
                assert (response.status, str(response.url)) == (200, f"https://{address}:{port}/healthz")
            for local in ("localhost", "127.0.0.1"):
                async with http.get(f"http://{local}:{port}/healthz", allow_redirects=False) as response:
                    assert response.status == 200
    finally:
        await server.stop_accepting()
        await hosted.close()
        await server.close()
        for each in sockets:
            each.close()


def test_a_single_address_elsewhere_is_opened_by_https() -> None:
    address = own_address()
    sockets = listen(address, 0)
    assert url_of(address, sockets) == f"https://{address}:{sockets[0].getsockname()[1]}"
    sockets[0].close()


class TestQuic:
    async def test_is_served_on_the_same_port_and_told(self, lan: Lan, http: aiohttp.ClientSession) -> None:
        async def told() -> bool:
            async with http.get(f"http://localhost:{lan.port}/api/room") as response:
                return bool((await response.json())["quic"])

        assert not await told()
        lan.server.start_quic()
        assert await told()

    async def test_a_taken_udp_port_is_said(self, lan: Lan) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("0.0.0.0", lan.port))
            with pytest.raises(UsageError, match=f"UDP port {lan.port} cannot be listened on: Address already in use"):
                lan.server.start_quic()
        assert not lan.server.reach.quic

    async def test_newcomers_see_the_new_certificate(self, lan: Lan) -> None:
        lan.server.start_quic()
        assert await certificate_over_quic(lan.port) == lan.watch.sighting.certificate.fingerprint
        lan.machine = CAFE
        assert await lan.watch.look_again()
        lan.server._take_up()
        assert await certificate_over_quic(lan.port) == lan.watch.sighting.certificate.fingerprint


async def certificate_over_quic(port: int) -> str:
    """The fingerprint of the certificate that a QUIC handshake shows."""
    configuration = QuicConfiguration(alpn_protocols=["theta"], verify_mode=ssl.CERT_NONE)
    async with connect("127.0.0.1", port, configuration=configuration) as client:
        shown = client._quic.tls._peer_certificate
        assert shown is not None
        return shown.fingerprint(hashes.SHA256()).hex(":").upper()


class TestPython:
    """`theta.connect` over TLS with a certificate that nobody vouches for: the invite says which room it must be."""

    async def test_the_invited_room_is_entered(self, lan: Lan, tmp_path: Path) -> None:
        link = f"https://127.0.0.1:{lan.port}/#invite={lan.hosted.host.room.invite('editor')}"
        async with theta.connect(link, identity=tmp_path / "ada.key") as room:
            await room.create("cube")
            assert room.document_hash == lan.hosted.host.room.document_hash.hex()

    async def test_plain_http_from_the_network_is_left_for_tls(self, abroad: Lan, tmp_path: Path) -> None:
        link = f"http://127.0.0.1:{abroad.port}/#invite={abroad.hosted.host.room.invite('editor')}"
        async with theta.connect(link, identity=tmp_path / "ada.key", transport="websocket") as room:
            assert room.role == "editor"

    async def test_another_room_is_not_shown_the_invite(self, lan: Lan, tmp_path: Path) -> None:
        elsewhere = make_invite(RoomSecret(b"e" * 32), "editor")
        for scheme in ("http", "https"):
            link = f"{scheme}://127.0.0.1:{lan.port}/#invite={elsewhere}"
            with pytest.raises(ConnectionFailed, match="another room answers here") as told:
                async with theta.connect(link, identity=tmp_path / "ada.key"):
                    pass
            assert "was not shown the invite" in str(told.value)
            assert told.value.close_code == WrongRoom.close_code == 4421
        assert lan.hosted.host.room.people == []


async def test_a_certificate_that_nobody_vouches_for_is_said_at_once(lan: Lan, tmp_path: Path) -> None:
    client = theta.connect(f"https://127.0.0.1:{lan.port}", identity=tmp_path / "id.key", transport="websocket")
    with pytest.raises(ConnectionFailed, match="use the whole link with #invite") as told:
        async with client:
            pass
    assert told.value.close_code == 1015


@pytest.mark.parametrize("host", ["a..b", "a" * 70, "a\0b"])
def test_a_host_that_is_no_name_is_said(host: str) -> None:
    with pytest.raises(UsageError, match="no address of this machine"):
        listen(host, 0)
