"""The libraries below our transports, alone: an echo over each, with no lanes, no framing and no bounds.

What is sent is counted in bytes, since a stream has no messages; that is as little as anybody can do.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted, QuicEvent, StreamDataReceived
from aiortc import RTCDataChannel, RTCPeerConnection
from websockets.asyncio.client import connect as connect_websockets
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from tests.support.certificates import make_certificate

HOST = "127.0.0.1"
DATAGRAM_FRAME_BYTES = 65_535


class Bare(ABC):
    """The end that asks; the other end gives back what it gets."""

    def __init__(self) -> None:
        self._bytes = self._wanted = 0
        self._came = asyncio.Event()

    async def echo(self, message: bytes, count: int) -> None:
        """Send a message so many times at once, and wait until all of it is back."""
        self._bytes, self._wanted = 0, count * len(message)
        self._came.clear()
        await self.send(message, count)
        await self._came.wait()

    @abstractmethod
    async def send(self, message: bytes, count: int) -> None:
        """Send a message so many times."""

    def handle(self, size: int) -> None:
        """So many bytes came back."""
        self._bytes += size
        if self._bytes >= self._wanted:
            self._came.set()


class _QuicEcho(QuicConnectionProtocol):
    """The server's side; what its client sends on a stream goes back there."""

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            self._quic.send_stream_data(event.stream_id, event.data)


class _QuicAsks(QuicConnectionProtocol, Bare):
    """The client's side."""

    def __init__(self, quic: QuicConnection, **settings: Any) -> None:
        QuicConnectionProtocol.__init__(self, quic, **settings)
        Bare.__init__(self)
        self.stream = 0

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            self.handle(len(event.data))

    async def send(self, message: bytes, count: int) -> None:
        for _ in range(count):
            self._quic.send_stream_data(self.stream, message)
        self.transmit()


class _H3Echo(QuicConnectionProtocol):
    """A WebTransport server that takes every session."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        self._http = self._http or H3Connection(self._quic, enable_webtransport=True)
        for each in self._http.handle_event(event):
            self._handle(each)

    def _handle(self, event: H3Event) -> None:
        if isinstance(event, WebTransportStreamDataReceived):
            self._quic.send_stream_data(event.stream_id, event.data)
        elif isinstance(event, HeadersReceived) and self._http is not None:
            self._http.send_headers(event.stream_id, [(b":status", b"200")])


class _H3Asks(QuicConnectionProtocol, Bare):
    """A WebTransport client with one stream, on which it reads past HTTP, as aioquic leaves it to do."""

    def __init__(self, quic: QuicConnection, **settings: Any) -> None:
        QuicConnectionProtocol.__init__(self, quic, **settings)
        Bare.__init__(self)
        self.stream = -1
        self.ready = asyncio.Event()
        self._http: H3Connection | None = None
        self._session: int | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == self.stream:
            self.handle(len(event.data))
            return
        if isinstance(event, HandshakeCompleted):
            self._http = H3Connection(self._quic, enable_webtransport=True)
        if self._http is None:
            return
        for each in self._http.handle_event(event):
            if isinstance(each, HeadersReceived | DataReceived) and self.stream < 0 and self._session is not None:
                self.stream = self._http.create_webtransport_stream(self._session)
                self.ready.set()
        if self._http.received_settings is not None and self._session is None:
            self._session = self._quic.get_next_available_stream_id()
            headers = [(b":method", b"CONNECT"), (b":scheme", b"https"), (b":authority", b"localhost")]
            self._http.send_headers(self._session, [*headers, (b":path", b"/"), (b":protocol", b"webtransport")])

    async def send(self, message: bytes, count: int) -> None:
        for _ in range(count):
            self._quic.send_stream_data(self.stream, message)
        self.transmit()


@asynccontextmanager
async def bare_quic(folder: Path) -> AsyncIterator[Bare]:
    """A bidirectional stream of aioquic's own protocol class, on its own server."""
    async with _aioquic(folder, "bare", _QuicEcho, _QuicAsks) as client:
        client.stream = client._quic.get_next_available_stream_id()
        yield client


@asynccontextmanager
async def bare_webtransport(folder: Path) -> AsyncIterator[Bare]:
    """A stream of a WebTransport session with aioquic's H3Connection at both ends."""
    async with _aioquic(folder, "h3", _H3Echo, _H3Asks) as client:
        await client.ready.wait()
        yield client


@asynccontextmanager
async def _aioquic(folder: Path, alpn: str, echoes: Any, asks: Any) -> AsyncIterator[Any]:
    pair = make_certificate(folder)
    both = {"alpn_protocols": [alpn], "max_datagram_frame_size": DATAGRAM_FRAME_BYTES}
    of_server = QuicConfiguration(is_client=False, **both)  # type: ignore[arg-type]
    of_server.load_cert_chain(pair.certificate, pair.key)
    server = await serve(HOST, 0, configuration=of_server, create_protocol=echoes)
    assert server._transport is not None
    port = server._transport.get_extra_info("sockname")[1]
    of_client = QuicConfiguration(is_client=True, server_name="localhost", **both)  # type: ignore[arg-type]
    of_client.load_verify_locations(str(pair.certificate))
    try:
        async with connect("localhost", port, configuration=of_client, create_protocol=asks) as client:
            yield client
    finally:
        server.close()


class _WebSocketAsks(Bare):
    """A client of either library: `put` sends one message."""

    def __init__(self, put: Any) -> None:
        super().__init__()
        self._put = put

    async def send(self, message: bytes, count: int) -> None:
        for _ in range(count):
            await self._put(message)


@asynccontextmanager
async def bare_websockets(folder: Path) -> AsyncIterator[Bare]:
    """The `websockets` library at both ends."""

    async def give_back(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    plain: dict[str, Any] = {"compression": None, "max_size": None}
    async with serve_websockets(give_back, HOST, 0, **plain) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect_websockets(f"ws://{HOST}:{port}", **plain) as connection:
            asking = _WebSocketAsks(connection.send)

            async def read() -> None:
                async for message in connection:
                    asking.handle(len(message))

            async with _beside(read()):
                yield asking


@asynccontextmanager
async def bare_aiohttp(folder: Path) -> AsyncIterator[Bare]:
    """aiohttp's WebSocket at both ends, on which ours stands."""

    async def give_back(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_bytes(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", give_back)
    async with AsyncExitStack() as stack:
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        socket = await stack.enter_async_context(http.ws_connect(server.make_url("/"), max_msg_size=0))
        asking = _WebSocketAsks(socket.send_bytes)

        async def read() -> None:
            async for message in socket:
                asking.handle(len(message.data))

        await stack.enter_async_context(_beside(read()))
        yield asking


class _ChannelAsks(Bare):
    """One end of a data channel."""

    def __init__(self, channel: RTCDataChannel) -> None:
        super().__init__()
        self._channel = channel
        channel.on("message", lambda message: self.handle(len(message)))

    async def send(self, message: bytes, count: int) -> None:
        for _ in range(count):
            self._channel.send(message)


@asynccontextmanager
async def bare_aiortc(folder: Path) -> AsyncIterator[Bare]:
    """A reliable ordered data channel between two peer connections, over this machine's own addresses."""
    one, other = RTCPeerConnection(), RTCPeerConnection()
    channel = one.createDataChannel("echo")
    opened = asyncio.Event()
    channel.on("open", opened.set)

    def give_back(found: RTCDataChannel) -> None:
        found.on("message", found.send)

    other.on("datachannel", give_back)
    await one.setLocalDescription(await one.createOffer())
    await other.setRemoteDescription(one.localDescription)
    await other.setLocalDescription(await other.createAnswer())
    await one.setRemoteDescription(other.localDescription)
    await opened.wait()
    try:
        yield _ChannelAsks(channel)
    finally:
        await asyncio.gather(one.close(), other.close())


@asynccontextmanager
async def _beside(reading: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(reading)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
