"""The room's port as browsers and strangers meet it: page, API, headers, Host and Origin."""

import asyncio
import base64
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.transport_contract import end_of, soon
from tests.integration.driven_peer import DrivenPeer, a_cube
from tests.integration.test_host import Hosted
from theta.adapters import listening
from theta.adapters.http_access import is_our_host, is_same_origin
from theta.adapters.http_codes import code_exchange
from theta.adapters.http_server import (
    CONTENT_SECURITY_POLICY,
    HttpSettings,
    create_app,
    create_runner,
    page_file,
    security_headers,
)
from theta.adapters.listening import PortUnavailable, listen, url_of
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_socket import open_udp_beside
from theta.adapters.transport import TransportClosed
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import InvalidValue
from theta.base.limits import CODE_BURST_MAX, HALF_OPEN_CONNECTIONS_MAX
from theta.base.moment import Moment
from theta.node.protocol import protocol_hash

pytestmark = pytest.mark.integration


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Theta</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-5f3a.js").write_text("export {}")
    (folder / "assets" / "index-5f3a.css").write_text("a{}")
    (folder / "assets" / "font-1.woff2").write_bytes(b"wOF2")
    (folder / ".hidden.txt").write_text("secret")
    (folder / "notes.py").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    return folder


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    running = Hosted(MemoryLogStore())
    yield running
    await running.close()


@pytest.fixture
async def server(hosted: Hosted, page: Path) -> AsyncIterator[TestServer]:
    test_server = TestServer(create_app(hosted.host, HttpSettings(page=page)))
    await test_server.start_server()
    yield test_server
    await soon(hosted.host.close())
    await test_server.close()


@pytest.fixture
async def http(server: TestServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=server.make_url("/")) as session:
        yield session


class TestThePage:
    @pytest.mark.parametrize(
        ("path", "content_type", "cache"),
        [
            ("/", "text/html; charset=utf-8", "no-cache"),
            ("/index.html", "text/html; charset=utf-8", "no-cache"),
            ("/favicon.svg", "image/svg+xml", "no-cache"),
            ("/assets/index-5f3a.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
            ("/assets/index-5f3a.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
            ("/assets/font-1.woff2", "font/woff2", "public, max-age=31536000, immutable"),
        ],
    )
    async def test_files_have_types_and_ages(
        self, http: aiohttp.ClientSession, page: Path, path: str, content_type: str, cache: str
    ) -> None:
        for method in ("GET", "HEAD"):
            async with http.request(method, path) as response:
                assert response.status == 200
                assert response.headers["Content-Type"] == content_type
                assert response.headers["Cache-Control"] == cache
                name = path[1:] or "index.html"
                assert await response.read() == ((page / name).read_bytes() if method == "GET" else b"")

    @pytest.mark.parametrize(
        "path",
        [
            "/nothing.js",
            "/assets",
            "/assets/",
            "/notes.py",
            "/.hidden.txt",
            "/link.txt",
            "/..%2foutside.txt",
            "/assets/..%2f..%2foutside.txt",
            "/%2e%2e/outside.txt",
            "/assets%5c..%5coutside.txt",
            "/a%00.txt",
            "//outside.txt",
        ],
    )
    async def test_nothing_else_is_given_out(self, server: TestServer, path: str) -> None:
        status, body = await raw_get(server, path)
        assert status in (400, 404)
        assert b"secret" not in body

    def test_no_way_out_of_the_folder(self, page: Path) -> None:
        for path in ("../outside.txt", "/etc/hosts", "a\0.txt", "..", ".", "", "assets\\..\\x.txt"):
            assert page_file(page, path) is None
        assert page_file(page, "assets/index-5f3a.js") is not None

    async def test_an_unbuilt_page_says_how_to_build_it(self, hosted: Hosted, tmp_path: Path) -> None:
        async with TestServer(create_app(hosted.host, HttpSettings(page=tmp_path / "none"))) as unbuilt:
            for path in ("/", "/assets/a.js"):
                async with aiohttp.ClientSession() as session, session.get(unbuilt.make_url(path)) as response:
                    assert response.status == 503
                    assert response.headers["Content-Type"].startswith("text/plain")
                    assert "make serve" in await response.text()

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    async def test_nothing_can_be_sent(self, http: aiohttp.ClientSession, method: str) -> None:
        async with http.request(method, "/", data=b"x" * 100) as response:
            assert response.status == 405


class TestTheApi:
    async def test_room_says_what_it_is_without_an_invite(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        await hosted.join()
        async with http.get("/api/room") as response:
            assert await response.json() == {
                "name": "studio",
                "protocol_version": 1,
                "protocol_hash": protocol_hash().hex(),
                "people": 1,
                "links": [],
                "quic": False,
                "signaling": "",
            }
            assert response.headers["Cache-Control"] == "no-store"

    async def test_health(self, http: aiohttp.ClientSession) -> None:
        async with http.get("/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")

    async def test_wire_40_metrics_are_for_this_machine_and_no_page_elsewhere(
        self, http: aiohttp.ClientSession, hosted: Hosted
    ) -> None:
        await hosted.join()
        async with http.get("/metrics") as response:
            assert (response.status, response.content_type) == (200, "text/plain")
            lines = dict(line.rsplit(" ", 1) for line in (await response.text()).splitlines())
        assert float(lines["theta_appended_records_total"]) >= 2
        assert float(lines['theta_transport_connections{transport="memory"}']) == 1
        assert float(lines['theta_transport_frames_total{transport="memory",direction="out",lane="control"}']) >= 2
        async with http.get("/metrics", headers={"Origin": "https://evil.example"}) as response:
            assert response.status == 403


class TestCodes:
    async def test_a_code_is_exchanged_for_the_editors_invite(
        self, http: aiohttp.ClientSession, hosted: Hosted
    ) -> None:
        room = hosted.host.room
        for typed in (room.code, room.code.lower(), room.code.replace("-", " ")):
            async with http.post("/api/invite", json={"code": typed}) as response:
                assert response.status == 200
                assert response.headers["Cache-Control"] == "no-store"
                assert await response.json() == {"invite": room.invite("editor")}

    async def test_another_code_is_refused(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        for typed in ("", "K7QM-2RWD", hosted.host.room.code[:-1], hosted.host.room.invite("editor")):
            async with http.post("/api/invite", json={"code": typed}) as response:
                assert response.status == 403
                assert "not this room's code" in await response.text()

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"K7QM-2RWD",
            b"[]",
            b"{}",
            b'{"code": 7}',
            b'{"code": null}',
            b"\xff{",
            b"[" * 9000,
            b'{"a":' + b"[" * 9000,
        ],
    )
    async def test_what_is_no_question_is_a_bad_request(self, http: aiohttp.ClientSession, body: bytes) -> None:
        async with http.post("/api/invite", data=body) as response:
            assert response.status == 400

    async def test_only_a_page_of_this_origin_may_ask(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        """Else any page could use up the attempts; it could read no answer."""
        headers = {"Origin": "http://evil.example"}
        for _ in range(2 * CODE_BURST_MAX):
            async with http.post("/api/invite", json={"code": "K7QM-2RWD"}, headers=headers) as response:
                assert response.status == 403
        async with http.post("/api/invite", json={"code": hosted.host.room.code}) as response:
            assert response.status == 200

    async def test_ses_12_attempts_are_limited_for_the_room_as_a_whole(self) -> None:
        now = Moment(100.0, 0)
        app = web.Application()
        app.router.add_post("/", code_exchange(lambda typed: "token" if typed == "right" else None, lambda: now))
        async with TestServer(app) as server:

            async def attempt(code: str) -> tuple[int, str | None]:
                async with (
                    aiohttp.ClientSession() as anybody,
                    anybody.post(server.make_url("/"), json={"code": code}) as said,
                ):
                    return said.status, said.headers.get("Retry-After")

            for _ in range(CODE_BURST_MAX):
                assert await attempt("wrong") == (403, None)
            assert await attempt("right") == (429, "1")
            now = Moment(101.0, 0)
            assert await attempt("wrong") == (403, None)
            assert await attempt("right") == (429, "1")
            now = Moment(102.5, 0)
            assert await attempt("right") == (200, None)
            assert await attempt("right") == (429, "1")


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/assets/index-5f3a.js", "/api/room", "/healthz", "/nothing", "/ws"])
    async def test_every_answer_is_locked_down(self, http: aiohttp.ClientSession, path: str) -> None:
        async with http.get(path) as response:
            headers = response.headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "xr-spatial-tracking=(self)" in headers["Permissions-Policy"]
        assert "microphone=(self)" in headers["Permissions-Policy"]
        assert headers["Server"] == "theta"

    def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline(self) -> None:
        directives = dict(directive.split(" ", maxsplit=1) for directive in CONTENT_SECURITY_POLICY.split("; "))
        assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
        assert directives["connect-src"] == "'self'"
        assert directives["script-src"] == "'self' 'wasm-unsafe-eval'", "WebAssembly, and no eval of JavaScript"
        assert CONTENT_SECURITY_POLICY.count("unsafe") == 1
        assert "http" not in CONTENT_SECURITY_POLICY

    @pytest.mark.parametrize(
        ("link", "source"),
        [
            ("https://meet.example:8090", "wss://meet.example:8090"),
            ("wss://meet.example/signal?room=1#x", "wss://meet.example"),
            ("http://[::1]:8090", "ws://[::1]:8090"),
            ("https://name:word@meet.example; script-src *", "wss://meet.examplescript-src"),
        ],
    )
    def test_pages_may_connect_to_the_signalling_server_that_the_operator_named_and_no_other(
        self, link: str, source: str
    ) -> None:
        policy = security_headers(link)["Content-Security-Policy"]
        assert policy.replace(f" {source}", "") == CONTENT_SECURITY_POLICY
        assert f"connect-src 'self' {source};" in policy


class TestHost:
    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "192.168.1.7:8080", "[::", "a b"])
    async def test_other_names_are_refused(self, server: TestServer, host: str) -> None:
        status, _ = await raw_get(server, "/api/room", host=host)
        assert status in (400, 421)

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080"])
    async def test_its_own_are_not(self, server: TestServer, host: str) -> None:
        assert (await raw_get(server, "/api/room", host=host))[0] == 200

    @pytest.mark.parametrize(
        ("header", "listen_host", "ours"),
        [
            ("studio.lan:8080", "studio.lan", True),
            ("studio.lan:8080", "STUDIO.LAN", True),
            ("studio.lan", "localhost", False),
            ("192.168.1.7:8080", "0.0.0.0", True),
            ("[fe80::1]:8080", "::", True),
            ("evil.example", "0.0.0.0", False),
            ("192.168.1.7", "192.168.1.8", False),
            ("[2001:db8::1]:80", "2001:db8::1", True),
            ("localhost:not-a-port", "localhost", True),
            ("192.168.1.7", "", True),
            ("evil.example", "", False),
        ],
    )
    def test_by_the_address_listened_on(self, header: str, listen_host: str, ours: bool) -> None:
        assert is_our_host(header, listen_host) is ours

    @pytest.mark.parametrize(
        ("header", "ours"),
        [
            ("studio.local:8080", True),
            ("STUDIO.LOCAL", True),
            ("a.example.org", True),
            ("example.org", False),
            ("a.b.example.org", False),
            ("studio.local.evil.example", False),
            ("*.example.org", False),
        ],
    )
    def test_by_the_names_of_the_certificate(self, header: str, ours: bool) -> None:
        assert is_our_host(header, "", frozenset({"studio.local", "*.example.org"})) is ours


class TestOrigin:
    @pytest.mark.parametrize(
        ("origin", "host", "same"),
        [
            ("http://localhost:8080", "localhost:8080", True),
            ("http://LOCALHOST:8080", "localhost:8080", True),
            ("http://localhost", "localhost:80", True),
            ("http://localhost:8081", "localhost:8080", False),
            ("https://localhost:8080", "localhost:8080", False),
            ("http://evil.example", "localhost:8080", False),
            ("http://localhost:8080.evil.example", "localhost:8080", False),
            ("null", "localhost:8080", False),
            ("", "localhost:8080", False),
            ("file://", "localhost:8080", False),
            ("http://[::1]:8080", "[::1]:8080", True),
        ],
    )
    def test_same_means_scheme_name_and_port(self, origin: str, host: str, same: bool) -> None:
        assert is_same_origin(origin, "http", host) is same

    async def test_a_page_elsewhere_cannot_open_the_websocket(self, http: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as told:
            await http.ws_connect("/ws", origin="http://evil.example")
        assert told.value.status == 403

    async def test_its_own_page_can(self, http: aiohttp.ClientSession, server: TestServer) -> None:
        websocket = await http.ws_connect("/ws", origin=str(server.make_url("/")).rstrip("/"))
        await websocket.close()


class TestJoining:
    async def test_a_participant_builds_over_the_websocket(
        self, http: aiohttp.ClientSession, server: TestServer, hosted: Hosted
    ) -> None:
        transport = await connect_websocket(http, str(server.make_url("/ws")))
        ada = await DrivenPeer(transport, hosted.host.room.invite("editor")).joined()
        await ada.perform(a_cube())
        assert ada.peer.replica.document.hash == hosted.host.room.document_hash
        await soon(hosted.host.close())
        end = await ada.ended()
        assert (end.close_code, end.reason) == (1001, "the room is closing")

    async def test_a_closed_room_takes_nobody(
        self, http: aiohttp.ClientSession, server: TestServer, hosted: Hosted
    ) -> None:
        await soon(hosted.host.close())
        with pytest.raises(TransportClosed, match="503"):
            await connect_websocket(http, str(server.make_url("/ws")))

    async def test_those_who_never_finish_do_not_pile_up(self, http: aiohttp.ClientSession, server: TestServer) -> None:
        url = str(server.make_url("/ws"))
        waiting = [await connect_websocket(http, url) for _ in range(HALF_OPEN_CONNECTIONS_MAX)]
        with pytest.raises(TransportClosed, match="503"):
            await connect_websocket(http, url)
        ends = await soon(asyncio.gather(*(end_of(transport) for transport in waiting)))
        assert {end.close_code for end in ends} == {4408}
        again = await connect_websocket(http, url)
        await asyncio.gather(end_of(again), again.close())

    async def test_the_end_is_said_once_or_browsers_forget_why(
        self, server: TestServer, http: aiohttp.ClientSession
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        upgrade = "\r\n".join(
            (
                "GET /ws HTTP/1.1",
                f"Host: 127.0.0.1:{server.port}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
                "\r\n",
            )
        )
        writer.write(upgrade.encode())
        assert b"101" in await soon(reader.readuntil(b"\r\n\r\n"))
        mask = bytes(4)
        writer.write(b"\x82\x84" + mask + b"\x00bad")
        opcode = 0x82
        while opcode == 0x82:
            opcode, length = await soon(reader.readexactly(2))
            payload = await soon(reader.readexactly(length))
        assert opcode == 0x88
        assert int.from_bytes(payload[:2], "big") == 4400
        writer.write(b"\x88\x82" + mask + payload[:2])
        assert await soon(reader.read()) == b"", "nothing after the close frame (RFC 6455, 5.5.1)"
        writer.close()

    async def test_ws_without_an_upgrade_is_a_bad_request(self, http: aiohttp.ClientSession) -> None:
        async with http.get("/ws") as response:
            assert response.status == 400


class TestListening:
    async def test_a_long_request_line_is_refused(self, hosted: Hosted, page: Path) -> None:
        runner = create_runner(create_app(hosted.host, HttpSettings(page=page)))
        await runner.setup()
        sockets = listen("localhost", 0)
        for each in sockets:
            await web.SockSite(runner, each).start()
        async with aiohttp.ClientSession() as session:
            url = url_of("localhost", sockets)
            async with session.get(f"{url}/healthz") as response:
                assert response.status == 200
            async with session.get(f"{url}/{'a' * 20_000}") as response:
                assert response.status == 400
        await runner.cleanup()

    def test_every_address_of_localhost_on_one_port(self) -> None:
        sockets = listen("localhost", 0)
        ports = {each.getsockname()[1] for each in sockets}
        assert len(ports) == 1
        assert url_of("localhost", sockets) == url_of("0.0.0.0", sockets) == f"http://localhost:{ports.pop()}"
        with pytest.raises(PortUnavailable, match=r"in use.*--port"):
            listen("localhost", sockets[0].getsockname()[1])
        for each in sockets:
            each.close()

    def test_every_address_of_the_machine_on_one_port(self) -> None:
        sockets = listen("", 0)
        assert len({each.getsockname()[1] for each in sockets}) == 1
        assert {each.getsockname()[0] for each in sockets} <= {"0.0.0.0", "::"}
        assert url_of("", sockets).startswith("http://localhost:")
        for each in sockets:
            each.close()

    def test_a_free_port_is_free_on_every_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tries: list[int] = []
        plain = listening._listen_on

        def crowded(family: socket.AddressFamily, address: str, port: int, *, optional: bool) -> socket.socket | None:
            if optional and len(tries) < 2:
                tries.append(port)
                raise OSError(errno.EADDRINUSE, "in use")
            return plain(family, address, port, optional=optional)

        both = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")]
        monkeypatch.setattr(listening, "_addresses", lambda *_: both)
        monkeypatch.setattr(listening, "_listen_on", crowded)
        sockets = listen("localhost", 0)
        assert len(tries) == 2
        assert len(sockets) == 2
        for each in sockets:
            each.close()

    @pytest.mark.parametrize(("trouble", "tries"), [(errno.EADDRINUSE, 2), (errno.EPERM, 1)])
    def test_a_free_port_is_free_on_the_udp_side_too(
        self, monkeypatch: pytest.MonkeyPatch, trouble: int, tries: int
    ) -> None:
        asked: list[int] = []
        plain = open_udp_beside

        def crowded(sockets: Sequence[socket.socket]) -> list[socket.socket]:
            asked.append(sockets[0].getsockname()[1])
            if len(asked) == 1:
                raise OSError(trouble, "no UDP here")
            return plain(sockets)

        monkeypatch.setattr(listening, "open_udp_beside", crowded)
        sockets = listen("127.0.0.1", 0)
        assert len(asked) == tries
        assert asked[-1] == sockets[0].getsockname()[1]
        sockets[0].close()

    def test_an_ipv6_address_is_bracketed(self) -> None:
        sockets = listen("127.0.0.1", 0)
        assert url_of("::1", sockets) == f"http://[::1]:{sockets[0].getsockname()[1]}"
        sockets[0].close()

    @pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
    def test_no_address_of_this_machine(self, host: str) -> None:
        with pytest.raises(PortUnavailable, match="no address of this machine"):
            listen(host, 0)

    @pytest.mark.parametrize(
        ("number", "says"), [(errno.EACCES, "choose one above 1023"), (errno.ENOBUFS, "cannot listen on localhost")]
    )
    def test_what_the_system_refuses_is_put_in_words(
        self, monkeypatch: pytest.MonkeyPatch, number: int, says: str
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(number, "refused")

        monkeypatch.setattr(listening, "_listen_on", refuse)
        with pytest.raises(PortUnavailable, match=says):
            listen("localhost", 80)

    def test_a_second_address_that_this_machine_lacks_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        both = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "203.0.113.1")]
        monkeypatch.setattr(listening, "_addresses", lambda *_: both)
        sockets = listen("localhost", 0)
        assert [each.getsockname()[0] for each in sockets] == ["127.0.0.1"]
        sockets[0].close()

    @pytest.mark.parametrize("port", [-1, 65_536])
    def test_no_port(self, port: int) -> None:
        with pytest.raises(InvalidValue):
            listen("localhost", port)


async def raw_get(server: TestServer, path: str, host: str = "localhost") -> tuple[int, bytes]:
    """Status and body of a GET whose path and Host nobody tidied up."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await soon(reader.read())
    writer.close()
    return int(answer.split(b" ", maxsplit=2)[1]), answer
