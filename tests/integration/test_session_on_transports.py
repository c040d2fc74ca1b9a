"""The handshake and the heartbeat on every kind of transport: what a room refuses, and when a peer is dead to it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import end_of, soon
from tests.integration.driven_peer import a_hello
from tests.integration.test_host import make_room
from tests.support.quic import listening
from tests.support.room_process import serving
from tests.support.webrtc import webrtc_pair
from tests.support.webtransport import webtransport_listening
from theta.adapters.doctor.visit import Visitor
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.memory_transport import memory_pair
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.websocket_transport import accept_websocket, connect_websocket
from theta.base.limits import HANDSHAKE_SECONDS_MAX, HEARTBEATS_MISSED_MAX
from theta.cli.serve import ServeOptions, serve
from theta.node.lanes import Lane
from theta.wire.codec import decode_from_room
from theta.wire.messages import Ping

pytestmark = pytest.mark.integration

KINDS = ("memory", "websocket", "quic", "webtransport", "webrtc")
HEARTBEAT_SECONDS = 1.0

Connect = Callable[[], Awaitable[Transport]]


class Ways:
    """A room, and the ways into it."""

    def __init__(self, host: RoomHost) -> None:
        self.host = host
        self.connect: dict[str, Connect] = {"memory": self._over_memory, "webrtc": self._over_webrtc}
        self._serving: set[asyncio.Task[None]] = set()

    async def _over_memory(self) -> Transport:
        room, participant = memory_pair()
        self._serve(room)
        return participant

    async def _over_webrtc(self) -> Transport:
        room, participant = await webrtc_pair()
        self._serve(room)
        return participant

    def _serve(self, transport: Transport) -> None:
        task = asyncio.create_task(self.host.serve_connection(transport, "here"))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[Ways]:
    store = MemoryLogStore()
    host = RoomHost(make_room(store), store)
    made = Ways(host)
    async with AsyncExitStack() as until_done:

        async def accept(request: web.Request) -> web.WebSocketResponse[Any]:
            response, transport = await accept_websocket(request)
            await host.serve_connection(transport, "here")
            return response

        app = web.Application()
        app.router.add_get("/ws", accept)
        server = TestServer(app)
        await server.start_server()
        until_done.push_async_callback(server.close)
        http = await until_done.enter_async_context(ClientSession())
        url = str(server.make_url("/ws")).replace("http", "ws", 1)
        made.connect["websocket"] = lambda: connect_websocket(http, url)
        quic = listening(tmp_path, serve=host.serve_connection)
        until_done.push_async_callback(quic.close)
        made.connect["quic"] = quic.connect
        (tmp_path / "pages").mkdir()
        pages = webtransport_listening(tmp_path / "pages", serve=host.serve_connection)
        until_done.push_async_callback(pages.close)
        made.connect["webtransport"] = pages.join
        yield made
        await soon(host.close())


async def said_to(ways: Ways, kind: str, hello: bytes) -> TransportClosed:
    """How a room ends the connection of somebody who begins with this."""
    transport = await soon(ways.connect[kind]())
    transport.send(Lane.CONTROL, hello)
    return await end_of(transport)


@pytest.mark.parametrize("kind", KINDS)
async def test_ses_2_a_handshake_with_a_bad_nonce_is_refused_on_every_transport(ways: Ways, kind: str) -> None:
    for nonce in (b"", b"short", bytes(33)):
        end = await said_to(ways, kind, a_hello(nonce))
        assert (end.close_code, end.reason.split(":")[0]) == (4400, "BadNonce")
    hello = a_hello(os.urandom(32))
    first = await soon(ways.connect[kind]())
    first.send(Lane.CONTROL, hello)
    await soon(first.receive())
    end = await said_to(ways, kind, hello)
    assert (end.close_code, end.reason.split(":")[0]) == (4400, "BadNonce")
    assert "used before" in end.reason
    await soon(first.close())


@pytest.mark.parametrize("kind", KINDS)
async def test_ses_11_who_says_nothing_is_shown_out_after_two_seconds_on_every_transport(ways: Ways, kind: str) -> None:
    transport = await soon(ways.connect[kind]())
    began = machine_clock().seconds
    assert (await end_of(transport)).close_code == 4408
    assert HANDSHAKE_SECONDS_MAX * 0.8 < machine_clock().seconds - began < HANDSHAKE_SECONDS_MAX * 1.5


@pytest.mark.parametrize("kind", KINDS)
async def test_ses_9_a_dead_peer_is_noticed_after_3_missed_heartbeats_on_every_transport(ways: Ways, kind: str) -> None:
    assert await _seconds_until_noticed(ways, kind) == pytest.approx(HEARTBEATS_MISSED_MAX * HEARTBEAT_SECONDS, rel=0.1)


async def _seconds_until_noticed(ways: Ways, kind: str) -> float:
    """From the last word of somebody who then only listens, to the room's closing."""
    visitor = Visitor(ways.host.room.invite("editor"), None, heartbeat_seconds=HEARTBEAT_SECONDS)
    transport = await soon(ways.connect[kind]())
    assert (await soon(visitor.enter(transport))).heartbeat_ms == 1000 * HEARTBEAT_SECONDS
    last_word = machine_clock().seconds
    end, pings = await _listen_to_the_end(transport)
    assert end.close_code == 4504
    # Two or three: one may have come while the session was shaken on, and the last is due when it is all over.
    assert HEARTBEATS_MISSED_MAX - 1 <= pings <= HEARTBEATS_MISSED_MAX
    return machine_clock().seconds - last_word


async def _listen_to_the_end(transport: Transport) -> tuple[TransportClosed, int]:
    """What a room closes with, and how often it pinged before that."""
    pings = 0
    while True:
        try:
            _, frame = await soon(transport.receive())
        except TransportClosed as end:
            return end, pings
        pings += isinstance(decode_from_room(frame), Ping)


async def test_ses_17_a_room_says_how_often_and_its_guests_may_say_otherwise(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-lan", "--heartbeat", "0.5") as room:
        for wish, agreed in ((None, 0.5), (1.25, 1.25)):
            guest = theta.connect(room.link, identity=tmp_path / "guest.key", heartbeat_seconds=wish)
            async with guest as inside:
                assert inside.link is not None
                assert inside.link.interval_seconds == agreed
    for given in (0.2, 5.0):
        with pytest.raises(theta.InvalidValue, match="heartbeat_seconds"):
            theta.connect(room.link, identity=tmp_path / "guest.key", heartbeat_seconds=given)
        with pytest.raises(theta.InvalidValue, match="heartbeat_seconds"):
            serve(ServeOptions(tmp_path / "never.theta", heartbeat=given))
    assert not (tmp_path / "never.theta").exists()
