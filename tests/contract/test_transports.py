"""The transport contract on every transport, and what only a WebSocket can get wrong."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.transport_contract import RELIABLE, TransportContract, end_of, soon
from tests.support.quic import listening
from theta.adapters.memory_transport import memory_pair
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.websocket_transport import WebSocketTransport, accept_websocket, connect_websocket
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, SEND_QUEUE_BYTES_MAX, TRANSPORT_CLOSE_SECONDS_MAX


class TestMemoryTransport(TransportContract):
    @pytest.fixture
    async def pair(self) -> tuple[Transport, Transport]:
        return memory_pair(frame_bytes_max=CLIENT_FRAME_BYTES_MAX)

    async def test_it_says_what_it_is(self, pair: tuple[Transport, Transport]) -> None:
        assert [end.kind for end in pair] == ["memory", "memory"]


class Listener:
    """A WebSocket server on a free port, whose accepted transports are waited for."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[WebSocketTransport] = asyncio.Queue()
        self.done = asyncio.Event()
        app = web.Application()
        app.router.add_get("/ws", self._accept)
        self.server = TestServer(app)

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        response, transport = await accept_websocket(request)
        self.accepted.put_nowait(transport)
        await self.done.wait()
        return response

    @property
    def url(self) -> str:
        return str(self.server.make_url("/ws")).replace("http", "ws", 1)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    await listening.server.start_server()
    yield listening
    listening.done.set()
    await listening.server.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.integration
class TestWebSocketTransport(TransportContract):
    @pytest.fixture
    async def pair(self, listener: Listener, http: aiohttp.ClientSession) -> AsyncIterator[tuple[Transport, Transport]]:
        participant = await soon(connect_websocket(http, listener.url))
        room = await soon(listener.accepted.get())
        for end in (room, participant):
            # As much as the system may hold for who does not read: without, it takes ever more on its own account.
            end._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        yield room, participant
        await asyncio.gather(end_of(participant), room.close())

    async def test_it_says_what_it_is(self, pair: tuple[Transport, Transport]) -> None:
        assert [end.kind for end in pair] == ["websocket", "websocket"]


@pytest.mark.integration
class TestQuicTransport(TransportContract):
    @pytest.fixture
    async def pair(self, tmp_path: Path) -> AsyncIterator[tuple[Transport, Transport]]:
        quic = listening(tmp_path)
        room, participant = await soon(quic.pair())
        yield room, participant
        await asyncio.gather(end_of(participant), room.close())
        await soon(quic.close())

    async def test_it_says_what_it_is(self, pair: tuple[Transport, Transport]) -> None:
        assert [end.kind for end in pair] == ["quic", "quic"]


@pytest.mark.integration
class TestOnTheWire:
    @pytest.fixture
    async def raw(
        self, listener: Listener, http: aiohttp.ClientSession
    ) -> AsyncIterator[tuple[WebSocketTransport, aiohttp.ClientWebSocketResponse[Any]]]:
        websocket = await http.ws_connect(listener.url)
        room = await soon(listener.accepted.get())
        yield room, websocket
        await asyncio.gather(room.close(), websocket.close())

    Raw = tuple[WebSocketTransport, aiohttp.ClientWebSocketResponse[Any]]

    async def test_trn_7_a_message_is_the_lane_and_the_frame(self, raw: Raw) -> None:
        room, websocket = raw
        room.send(RELIABLE, b"frame")
        assert await soon(websocket.receive_bytes()) == b"\x02frame"
        await websocket.send_bytes(b"\x01state")
        assert await soon(room.receive()) == (1, b"state")

    async def test_trn_7_text_is_refused(self, raw: Raw) -> None:
        room, websocket = raw
        await websocket.send_str("hello")
        end, close = await asyncio.gather(end_of(room), soon(websocket.receive()))
        assert (end.close_code, close.data) == (4400, 4400)
        assert "text" in str(close.extra)

    @pytest.mark.parametrize("message", [b"", b"\x05frame", b"\xff"])
    async def test_trn_7_a_message_without_a_lane_is_refused(self, raw: Raw, message: bytes) -> None:
        room, websocket = raw
        await websocket.send_bytes(message)
        end, close = await asyncio.gather(end_of(room), soon(websocket.receive()))
        assert (end.close_code, close.data) == (4400, 4400)
        assert room.metrics.invalid == 1

    async def test_a_message_far_over_the_limit_is_never_gathered(self, raw: Raw) -> None:
        room, websocket = raw
        sending = asyncio.create_task(websocket.send_bytes(bytes(64 * CLIENT_FRAME_BYTES_MAX)))
        assert (await end_of(room)).close_code == 4413
        assert room.metrics.frames_in == 0
        await asyncio.gather(sending, return_exceptions=True)

    async def test_broken_websocket_framing_ends_it_with_a_protocol_error(self, listener: Listener) -> None:
        reader, writer = await asyncio.open_connection(listener.server.host, listener.server.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await soon(reader.readuntil(b"\r\n\r\n"))).startswith(b"HTTP/1.1 101")
        room = await soon(listener.accepted.get())
        writer.write(b"\xff\xff\xff\xff")
        assert (await end_of(room)).close_code == 4400
        writer.close()

    async def test_trn_6_a_lost_connection_says_so(self, listener: Listener) -> None:
        reader, writer = await asyncio.open_connection(listener.server.host, listener.server.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await soon(reader.readuntil(b"\r\n\r\n"))
        room = await soon(listener.accepted.get())
        writer.transport.abort()
        end = await end_of(room)
        assert (end.close_code, end.reason) == (1006, "the connection was lost")
        with pytest.raises(TransportClosed):
            room.send(RELIABLE, b"late")

    async def test_a_peer_that_never_reads_is_dropped_after_the_deadline(self, raw: Raw) -> None:
        room, _ = raw
        for _ in range(SEND_QUEUE_BYTES_MAX // (1024 * 1024)):
            room.send(RELIABLE, bytes(1024 * 1024))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await soon(room.close(4429, "too slow"))
        assert loop.time() - started < 2 * TRANSPORT_CLOSE_SECONDS_MAX + 1
        assert room.queued_bytes == 0
        assert (await end_of(room)).close_code == 4429

    async def test_nothing_listens_there(self, listener: Listener, http: aiohttp.ClientSession) -> None:
        url = listener.url
        await listener.server.close()
        with pytest.raises(TransportClosed):
            await soon(connect_websocket(http, url))

    async def test_something_else_listens_there(self, listener: Listener, http: aiohttp.ClientSession) -> None:
        with pytest.raises(TransportClosed, match="404"):
            await soon(connect_websocket(http, listener.url + "/elsewhere"))
