"""A served room over WebTransport: what it tells pages, whom it lets in, and a session that builds there."""

import base64
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aioquic.quic import events
from cryptography.hazmat.primitives import hashes

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from tests.support.certificates import make_certificate
from tests.support.quic import raw_client
from theta.adapters.http_access import Reach, session_guard
from theta.adapters.http_server import HttpSettings
from theta.adapters.http_webtransport import session_url
from theta.adapters.lan_addresses import MachineNames
from theta.adapters.lan_server import LanServer
from theta.adapters.listening import listen
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.tls_certificate import machine_clock, read_or_make_certificate, read_own_certificate
from theta.adapters.tls_watch import CertificateWatch, Sighting

pytestmark = pytest.mark.integration

MACHINE = MachineNames(("studio",), ("192.168.1.5",))


class Served:
    """A room behind a LanServer on this machine."""

    def __init__(self, folder: Path, *, is_own: bool = False) -> None:
        self.hosted = Hosted(MemoryLogStore())
        self.sockets = listen("localhost", 0)
        self.port = int(self.sockets[0].getsockname()[1])
        pair = make_certificate(folder)

        def look() -> Sighting:
            now = machine_clock()
            made = (
                read_own_certificate(*pair, now) if is_own else read_or_make_certificate(folder / "tls", MACHINE, now)
            )
            return Sighting(MACHINE, made, is_own=is_own)

        settings = HttpSettings("localhost", folder / "page")
        self.server = LanServer(self.hosted.host, self.sockets, CertificateWatch(look), settings)

    async def told(self) -> tuple[int, dict[str, Any], str]:
        """What a page is told: status, body, Cache-Control."""
        where = f"http://localhost:{self.port}/api/webtransport"
        async with aiohttp.ClientSession() as http, http.get(where) as answer:
            body = await answer.json() if answer.status == 200 else {}
            return answer.status, body, answer.headers["Cache-Control"]

    async def close(self) -> None:
        await self.server.stop_accepting()
        await self.hosted.close()
        await self.server.close()
        for each in self.sockets:
            each.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    running = Served(tmp_path)
    await running.server.start()
    yield running
    await soon(running.close())


async def test_trn_55_a_page_is_told_where_and_by_which_hashes(served: Served) -> None:
    served.server.start_quic()
    status, body, kept = await served.told()
    assert (status, kept) == (200, "no-store")
    assert body["url"] == f"https://localhost:{served.port}/webtransport"
    client = await raw_client(served.port, alpn_protocols=["h3"])
    await soon(client.until(events.HandshakeCompleted))
    shown = client.quic.tls._peer_certificate
    assert shown is not None
    [told] = body["hashes"]
    assert base64.b64decode(told) == shown.fingerprint(hashes.SHA256())
    client.release()


async def test_trn_55_without_udp_there_is_nothing_to_tell(served: Served) -> None:
    assert await served.told() == (200, {"url": "", "hashes": []}, "no-store")


async def test_trn_55_where_the_certificate_is_the_operators_no_hash_is_needed(tmp_path: Path) -> None:
    served = Served(tmp_path, is_own=True)
    await served.server.start()
    served.server.start_quic()
    _, body, _ = await served.told()
    assert body == {"url": f"https://localhost:{served.port}/webtransport", "hashes": []}
    await soon(served.close())


@pytest.mark.parametrize(
    ("scheme", "host", "url"),
    [
        ("http", "localhost:8080", "https://localhost:8080/webtransport"),
        ("https", "192.168.1.5:8080", "https://192.168.1.5:8080/webtransport"),
        ("https", "[fd00::5]:8080", "https://[fd00::5]:8080/webtransport"),
        ("https", "rooms.example", "https://rooms.example:443/webtransport"),
        ("http", "localhost", "https://localhost:80/webtransport"),
    ],
)
def test_trn_55_the_place_is_what_the_page_was_asked_for_by(scheme: str, host: str, url: str) -> None:
    assert session_url(scheme, host) == url


@pytest.mark.parametrize(
    ("authority", "origin", "address", "gets_in"),
    [
        ("localhost:8080", "http://localhost:8080", "127.0.0.1", True),
        ("localhost:8080", "http://localhost:8080", "192.168.1.9", False),
        ("192.168.1.5:8080", "https://192.168.1.5:8080", "192.168.1.9", True),
        ("192.168.1.5:8080", "http://192.168.1.5:8080", "192.168.1.9", False),
        ("192.168.1.5:8080", None, "192.168.1.9", True),
        ("192.168.1.5:8080", "https://192.168.1.5", "192.168.1.9", False),
        ("192.168.1.5:8080", "https://192.168.1.6:8080", "192.168.1.9", False),
        ("192.168.1.5:8080", "https://evil.example", "192.168.1.9", False),
        ("192.168.1.5:8080", "null", "192.168.1.9", False),
        ("evil.example:8080", "https://evil.example:8080", "192.168.1.9", False),
        ("evil.example:8080", None, "192.168.1.9", False),
        ("studio.local:8080", "https://studio.local:8080", "192.168.1.9", True),
        ("", None, "192.168.1.9", False),
    ],
)
def test_trn_51_only_our_own_pages_get_in_by_our_own_names(
    authority: str, origin: str | None, address: str, gets_in: bool
) -> None:
    may_join = session_guard("", Reach(host_names=frozenset({"studio.local"})))
    assert may_join(authority, origin, address) is gets_in


async def test_trn_57_a_participant_builds_over_webtransport(served: Served) -> None:
    served.server.start_quic()
    link = f"http://localhost:{served.port}/#invite={served.hosted.host.room.invite('editor')}"
    async with theta.connect(link, name="Ada", transport="webtransport") as room:
        assert room.transport == "webtransport"
        await room.create("cube")
        assert served.hosted.host.room.replica.document.entity_count == 1


async def test_trn_55_a_host_with_a_port_that_cannot_be_is_a_bad_request(served: Served) -> None:
    served.server.start_quic()
    where = f"http://localhost:{served.port}/api/webtransport"
    async with aiohttp.ClientSession() as http, http.get(where, headers={"Host": "localhost:99999"}) as answer:
        assert answer.status == 400


def test_localhost_is_both_of_its_addresses_whatever_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    only = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: only)
    listening_on = listen("localhost", 0)
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    finally:
        names = [each.getsockname() for each in listening_on]
        for each in listening_on:
            each.close()
    assert [name[0] for name in names] == ["127.0.0.1", "::1"]
    assert names[0][1] == names[1][1]
