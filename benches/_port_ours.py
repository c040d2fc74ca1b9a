"""Our transports, both ends in this process, for as long as a block lasts; and an echo over each."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.quic import listening
from tests.support.webrtc import close_both, webrtc_pair
from tests.support.webtransport import webtransport_listening
from theta.adapters.memory_transport import memory_pair
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.websocket_transport import WebSocketTransport, accept_websocket, connect_websocket
from theta.base.limits import CLIENT_FRAME_BYTES_MAX
from theta.node.lanes import Lane

Pair = tuple[Transport, Transport]
"""(the room's end, a participant's)."""


@asynccontextmanager
async def our_memory(folder: Path) -> AsyncIterator[Pair]:
    """Nothing between them."""
    yield memory_pair(frame_bytes_max=CLIENT_FRAME_BYTES_MAX)


@asynccontextmanager
async def our_quic(folder: Path) -> AsyncIterator[Pair]:
    """The room's listener, and `connect_quic`."""
    quic = listening(folder)
    yield await quic.pair()
    await quic.close()


@asynccontextmanager
async def our_webtransport(folder: Path) -> AsyncIterator[Pair]:
    """The room's listener, and `connect_webtransport`."""
    pages = webtransport_listening(folder)
    yield await pages.session()
    await pages.close()


@asynccontextmanager
async def our_websocket(folder: Path) -> AsyncIterator[Pair]:
    """aiohttp's server and client."""
    accepted: asyncio.Queue[WebSocketTransport] = asyncio.Queue()
    over = asyncio.Event()

    async def take(request: web.Request) -> web.StreamResponse:
        response, transport = await accept_websocket(request)
        accepted.put_nowait(transport)
        await over.wait()
        return response

    app = web.Application()
    app.router.add_get("/ws", take)
    async with AsyncExitStack() as stack:
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        participant = await connect_websocket(http, str(server.make_url("/ws")).replace("http", "ws", 1))
        yield await accepted.get(), participant
        await participant.close()
        over.set()


@asynccontextmanager
async def our_webrtc(folder: Path) -> AsyncIterator[Pair]:
    """Two peer connections, signalling in memory."""
    pair = await webrtc_pair()
    yield pair
    await close_both(pair)


OURS: dict[str, Callable[[Path], AbstractAsyncContextManager[Pair]]] = {
    "memory": our_memory,
    "quic": our_quic,
    "webtransport": our_webtransport,
    "websocket": our_websocket,
    "webrtc": our_webrtc,
}


class Ours:
    """The participant's end; the room's gives each frame back on its lane."""

    def __init__(self, pair: Pair, lane: Lane) -> None:
        self._room, self._participant = pair
        self._lane = lane
        self._task = asyncio.create_task(self._give_back())

    async def _give_back(self) -> None:
        with suppress(TransportClosed):
            while True:
                lane, frame = await self._room.receive()
                self._room.send(lane, frame)

    async def echo(self, message: bytes, count: int) -> None:
        """Send a frame so many times at once, and wait until all are back."""
        for _ in range(count):
            self._participant.send(self._lane, message)
        for _ in range(count):
            await self._participant.receive()

    async def stop(self) -> None:
        """Give back no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
