"""Frames over one WebSocket (RFC 6455), on either side of it: spec/transport.md.

Every binary message is one byte for the lane and then the frame. TCP carries all lanes, so a datagram is only ever
late, never lost; what would be late is dropped before it is written. What was written is in order: so little is written
ahead that a frame of an urgent lane does not wait behind many of another.
"""

import asyncio
import struct
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, WebSocketError, WSMsgType, web

from theta.adapters.http_problems import problem_of
from theta.adapters.tcp_way import measure_tcp, write_little_ahead
from theta.adapters.transport import (
    CLOSE_LOST,
    CLOSE_NORMAL,
    SendQueue,
    TransportClosed,
    check_frame_size,
    clip_reason,
)
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import FrameTooLarge, PeerError, ProtocolError
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX, TRANSPORT_CLOSE_SECONDS_MAX
from theta.node.lanes import Lane

AnyWebSocket = web.WebSocketResponse[Any] | ClientWebSocketResponse[Any]

_WEBSOCKET_TOO_BIG = 1009
_PREFIX = {lane: bytes((lane,)) for lane in Lane}
_LANES = {lane.value: lane for lane in Lane}
_TEXT = WSMsgType.TEXT
_MESSAGES = (WSMsgType.BINARY, _TEXT)


async def accept_websocket(request: web.Request) -> tuple[web.WebSocketResponse[Any], "WebSocketTransport"]:
    """Answer an upgrade request: the response that the handler must return in the end, and the transport on it.

    Raises:
        HTTPBadRequest: who asked has hung up meanwhile, and reads no answer.
    """
    websocket: web.WebSocketResponse[Any] = web.WebSocketResponse(
        timeout=TRANSPORT_CLOSE_SECONDS_MAX,
        autoclose=False,
        compress=False,
        max_msg_size=_message_bytes_max(CLIENT_FRAME_BYTES_MAX),
    )
    try:
        await websocket.prepare(request)
    except ConnectionResetError as error:
        raise web.HTTPBadRequest from error
    carrier = request.transport
    return websocket, WebSocketTransport(websocket, CLIENT_FRAME_BYTES_MAX, carrier)


async def connect_websocket(http: ClientSession, url: str) -> "WebSocketTransport":
    """Open a WebSocket to a room, for example `ws://localhost:8080/ws`.

    Raises:
        TransportClosed: nothing answers there, or what answers is no room, or none that is trusted (CLOSE_UNTRUSTED).
    """
    try:
        websocket = await http.ws_connect(
            url,
            timeout=ClientWSTimeout(ws_close=TRANSPORT_CLOSE_SECONDS_MAX),
            autoclose=False,
            compress=0,
            max_msg_size=_message_bytes_max(FRAME_BYTES_MAX),
        )
    except (ClientError, OSError) as error:
        raise TransportClosed(*problem_of(error)) from error
    return WebSocketTransport(websocket, FRAME_BYTES_MAX)


class WebSocketTransport:
    """A transport over an open WebSocket of aiohttp's, the server's or the client's. Needs a running event loop.

    Args:
        websocket: prepared, with `autoclose=False`.
        frame_bytes_max: the largest reliable frame taken in.
        carrier: the connection below it, so that a peer that stopped reading can be dropped at once.
    """

    kind = "websocket"

    def __init__(self, websocket: AnyWebSocket, frame_bytes_max: int, carrier: asyncio.Transport | None = None) -> None:
        self._websocket = websocket
        self._socket = websocket.get_extra_info("socket")
        write_little_ahead(self._socket)
        self._frame_bytes_max = frame_bytes_max
        self._carrier = carrier
        self._said_close = False
        self._metrics = TransportMetrics()
        self._queue = SendQueue(asyncio.get_running_loop().time, self._metrics)
        self._queued = asyncio.Event()
        self._drained = asyncio.Event()
        self._writing_bytes = 0
        self._receiving = False
        self._closed: TransportClosed | None = None
        self._read_out = asyncio.Event()
        self._finished = asyncio.Event()
        self._writer = asyncio.create_task(self._write(), name="theta websocket writer")

    @property
    def queued_bytes(self) -> int:
        """See Transport.queued_bytes."""
        return self._queue.queued_bytes + self._writing_bytes

    @property
    def metrics(self) -> TransportMetrics:
        """See Transport.metrics."""
        measure_tcp(self._socket, self._metrics)
        return self._metrics

    def send(self, lane: Lane, frame: bytes) -> None:
        """See Transport.send."""
        if self._closed:
            raise self._fresh_error()
        self._queue.put(lane, frame)
        self._drained.clear()
        self._queued.set()

    async def receive(self) -> tuple[Lane, bytes]:
        """See Transport.receive."""
        assert not self._receiving, "one task at a time may receive"
        received: tuple[Lane, bytes] | None = None
        if not self._closed:
            self._receiving = True
            try:
                received = await self._read()
            except PeerError as error:
                self._metrics.oversized += isinstance(error, FrameTooLarge)
                self._metrics.invalid += isinstance(error, ProtocolError)
                self._receiving = False
                await self.close(error.close_code, str(error))
            finally:
                self._receiving = False
        if received is None:
            await self._finished.wait()
            raise self._fresh_error()
        return received

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """See Transport.close."""
        if not self._closed:
            self._closed = TransportClosed(code, clip_reason(reason))
            await self._finish(graceful=await self._flush() and await self._say_close())
        await self._finished.wait()

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _read(self) -> tuple[Lane, bytes] | None:
        """The next frame, or None at the end; after our own close what still comes in is read and dropped."""
        while True:
            message = await self._websocket.receive()
            if message.type not in _MESSAGES:
                break
            if not self._closed:
                return self._frame_of(message.type, message.data)
        self._read_out.set()
        if not self._closed:
            self._closed = _end_of(message.type, message.data, message.extra)
            await self._finish(graceful=True)
        return None

    def _frame_of(self, kind: WSMsgType, data: bytes) -> tuple[Lane, bytes]:
        if kind is _TEXT:
            raise ProtocolError("a text message; frames are binary")
        lane = _LANES.get(data[0]) if data else None
        if lane is None:
            raise ProtocolError("a message without a lane")
        frame = data[1:]
        check_frame_size(lane, frame, self._frame_bytes_max)
        self._metrics.count_in(lane, len(frame))
        return lane, frame

    # -- writing -----------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            while (taken := self._queue.take()) is not None:
                lane, frame = taken
                self._writing_bytes = len(frame)
                try:
                    await self._websocket.send_bytes(_PREFIX[lane] + frame)
                except (ClientError, ConnectionError, RuntimeError):
                    self._end_of_writing()
                    return
                self._writing_bytes = 0
                self._metrics.count_out(lane, len(frame))
            self._drained.set()

    def _end_of_writing(self) -> None:
        """The connection is lost, of which the reading side hears as well."""
        self._writing_bytes = 0
        self._queue.clear()
        self._drained.set()

    # -- closing -----------------------------------------------------------------------------------------------------

    async def _flush(self) -> bool:
        """Write what is queued; False when the peer doesn't read it in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TRANSPORT_CLOSE_SECONDS_MAX):
                while self.queued_bytes and not self._writer.done():
                    await self._drained.wait()
                return True
        return False

    async def _say_close(self) -> bool:
        """Send our close frame and read on until the peer's; False when it doesn't come in time.

        Closing without reading what the peer had sent would reset the connection, and the peer might never see why.
        """
        assert self._closed is not None
        payload = struct.pack("!H", self._closed.close_code) + self._closed.reason.encode("utf-8")
        with suppress(TimeoutError):
            async with asyncio.timeout(TRANSPORT_CLOSE_SECONDS_MAX):
                with suppress(ClientError, ConnectionError, RuntimeError):
                    await self._websocket.send_frame(payload, WSMsgType.CLOSE)
                    self._said_close = True
                    await (self._read_out.wait() if self._receiving else self._read())
                return True
        return False

    async def _finish(self, graceful: bool) -> None:
        try:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
            self._end_of_writing()
            measure_tcp(self._socket, self._metrics)
            if self._carrier is not None and not graceful:
                self._carrier.abort()
            elif self._carrier is not None and self._said_close:
                # aiohttp would say close a second time, and then browsers forget the code of the first.
                self._carrier.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(TRANSPORT_CLOSE_SECONDS_MAX if graceful else 0):
                    await self._websocket.close()
        finally:
            self._finished.set()

    def _fresh_error(self) -> TransportClosed:
        assert self._closed is not None
        return TransportClosed(self._closed.close_code, self._closed.reason)


def _end_of(kind: WSMsgType, data: object, extra: str | None) -> TransportClosed:
    """What the last thing read says about the end."""
    if kind is WSMsgType.CLOSE and isinstance(data, int):
        return TransportClosed(data or CLOSE_NORMAL, extra or "")
    if isinstance(data, WebSocketError):
        too_large = data.code == _WEBSOCKET_TOO_BIG
        return TransportClosed(FrameTooLarge.close_code if too_large else ProtocolError.close_code, str(data))
    return TransportClosed(CLOSE_LOST, "the connection was lost")


def _message_bytes_max(frame_bytes_max: int) -> int:
    """What aiohttp may gather: twice the limit, so that a frame just over it is refused with our own code."""
    return 2 * frame_bytes_max
