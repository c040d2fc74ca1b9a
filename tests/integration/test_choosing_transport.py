"""`theta.connect` by QUIC where it gets through, by WebSocket where not, and never much later for having tried."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from tests.support.certificates import make_certificate
from tests.support.quic import HOST
from theta.adapters.client import invitation
from theta.adapters.client.address import RoomAddress, room_address
from theta.adapters.client.opening import Opener
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.listening import listen
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_listener import QuicListener
from theta.adapters.quic_socket import open_udp, open_udp_beside
from theta.adapters.transport import TransportClosed
from theta.adapters.websocket_transport import connect_websocket
from theta.base.limits import QUIC_HEAD_START_SECONDS
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration


class Place:
    """A room with a page's port, on whose UDP side QUIC, silence or nothing can be put."""

    def __init__(self, folder: Path) -> None:
        self.hosted = Hosted(MemoryLogStore())
        self.folder = folder
        listening = listen(HOST, 0)
        [self.udp] = open_udp_beside(listening)
        self.port: int = self.udp.getsockname()[1]
        app = create_app(self.hosted.host, HttpSettings())
        self.server = TestServer(app, host=HOST, port=self.port, socket_factory=lambda *_: listening[0])
        self.quic: QuicListener | None = None

    @property
    def link(self) -> str:
        return f"http://{HOST}:{self.port}/#invite={self.hosted.host.room.invite('editor')}"

    @property
    def address(self) -> RoomAddress:
        return room_address(self.link)

    def serve_quic(self) -> None:
        """Listen on the port; until then it is silent."""
        pair = make_certificate(self.folder)
        self.quic = QuicListener([self.udp], *pair, self.hosted.host.serve_connection)

    async def close(self) -> None:
        await soon(self.hosted.host.close())
        if self.quic is not None:
            await soon(self.quic.close())
        await self.server.close()
        self.udp.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    running = Place(tmp_path)
    await running.server.start_server()
    yield running
    await running.close()


async def test_trn_16_quic_is_used_where_it_gets_through(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "theta.adapters.client.opening")
    place.serve_quic()
    client = theta.connect(place.link, name="Ada", identity=tmp_path / "ada.key")
    assert client.transport == ""
    async with client as room:
        assert room.transport == "quic"
        await room.create("cube")
    assert client.transport == ""
    assert [vars(record)["transport"] for record in caplog.records if record.message == "connected"] == ["quic"]


@pytest.mark.parametrize("is_silent", [True, False])
async def test_trn_16_without_quic_it_is_websocket_and_the_next_time_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    if not is_silent:
        place.udp.close()
    opener, loop = Opener(place.address, "auto"), asyncio.get_running_loop()
    started = loop.time()
    first = await soon(opener.open())
    assert first.kind == "websocket"
    took = loop.time() - started
    assert took >= QUIC_HEAD_START_SECONDS if is_silent else took < QUIC_HEAD_START_SECONDS
    tried: list[str] = []
    monkeypatch.setattr(opener, "_open_quic", lambda: tried.append("quic"))
    second = await soon(opener.open())
    assert (second.kind, tried) == ("websocket", [])
    await asyncio.gather(soon(first.close()), soon(second.close()))
    await opener.close()


async def test_trn_16_what_worked_begins_the_next_time_and_the_other_follows(place: Place) -> None:
    place.udp.close()
    opener = Opener(place.address, "auto")
    first = await soon(opener.open())
    assert first.kind == "websocket"
    await soon(first.close())
    await place.server.close()
    place.udp = open_udp(socket.AF_INET, (HOST, place.port))
    place.serve_quic()
    second = await soon(opener.open())
    assert second.kind == "quic"
    await soon(second.close())
    await opener.close()


async def test_one_transport_alone_can_be_asked_for(place: Place, tmp_path: Path) -> None:
    quic = Opener(place.address, "quic")
    place.udp.close()
    with pytest.raises(TransportClosed, match="nobody listens there"):
        await soon(quic.open())
    place.udp = open_udp(socket.AF_INET, (HOST, place.port))
    place.serve_quic()
    async with theta.connect(place.link, name="Ada", identity=tmp_path / "ada.key", transport="websocket") as room:
        assert room.transport == "websocket"
    async with theta.connect(place.link, name="Ada", identity=tmp_path / "ada.key", transport="quic") as room:
        assert room.transport == "quic"
    with pytest.raises(theta.InvalidValue, match="transport"):
        theta.connect(place.link, transport="pigeon")  # type: ignore[arg-type]


async def test_the_blocking_twin_says_it_too(place: Place, tmp_path: Path) -> None:
    place.serve_quic()

    def visit() -> tuple[str, int]:
        with theta.connect_blocking(place.link, name="Ada", identity=tmp_path / "ada.key") as room:
            room.create("cube")
            return room.transport, len(room.entities)

    assert await asyncio.to_thread(visit) == ("quic", 1)


async def test_when_quic_is_lost_the_client_comes_back(place: Place, tmp_path: Path) -> None:
    place.serve_quic()
    async with theta.connect(place.link, name="Ada", identity=tmp_path / "ada.key") as room:
        assert place.quic is not None
        await room.create("cube")
        await soon(place.quic.close())
        place.quic = None
        await soon(room.create("cube"))
        assert room.transport == "websocket"
        assert len(room.entities) == 2


def test_trn_19_a_room_that_the_invite_names_is_known_by_its_key() -> None:
    room = RoomSecret(bytes(32))
    address = room_address(f"http://localhost:1/#invite={make_invite(room, 'editor')}")
    assert address.is_known_by_key
    assert address.room == room.room
    assert not room_address("http://localhost:1").is_known_by_key


async def test_ses_12_a_code_in_the_link_is_exchanged_for_the_invite(place: Place, tmp_path: Path) -> None:
    code = place.hosted.host.room.code.lower()
    link = f"http://{HOST}:{place.port}/#{code}"
    async with theta.connect(link, identity=tmp_path / "id.key", transport="websocket") as room:
        assert room.role == "editor"


@pytest.mark.parametrize(
    ("tries", "problem", "close_code"), [(1, "not this room's code", 4403), (11, "too many", 1006)]
)
async def test_ses_12_a_wrong_code_is_told(
    place: Place, tmp_path: Path, tries: int, problem: str, close_code: int
) -> None:
    wrong = "0000-0000" if place.hosted.host.room.code != "0000-0000" else "1111-1111"
    for _ in range(tries):
        with pytest.raises(theta.ConnectionFailed) as told:
            async with theta.connect(f"http://{HOST}:{place.port}/#{wrong}", identity=tmp_path / "id.key"):
                pass
    assert problem in str(told.value)
    assert told.value.close_code == close_code


async def test_ses_12_a_code_asked_of_somebody_silent_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation, "REDEEM_SECONDS_MAX", 0.05)
    with socket.create_server((HOST, 0)) as silent:
        link = f"http://{HOST}:{silent.getsockname()[1]}/#K7QM-2RWD"
        with pytest.raises(theta.ConnectionFailed, match="nobody answers there"):
            await soon(theta.connect(link, identity=tmp_path / "id.key").__aenter__())


async def test_what_is_no_room_is_said_in_words() -> None:
    async with TestServer(web.Application(), host=HOST) as server, ClientSession() as http:
        with pytest.raises(TransportClosed, match=r"no room of Theta's.*404"):
            await soon(connect_websocket(http, f"ws://{HOST}:{server.port}/ws"))
        with pytest.raises(TransportClosed, match="does not speak HTTPS"):
            await soon(connect_websocket(http, f"wss://{HOST}:{server.port}/ws"))
        port = server.port
    async with ClientSession() as http:
        with pytest.raises(TransportClosed, match="nothing listens at"):
            await soon(connect_websocket(http, f"ws://{HOST}:{port}/ws"))
