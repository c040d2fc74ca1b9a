"""Who hangs up before the room has answered costs nothing but a line at most in the log of accesses."""

import asyncio
import logging
import socket
import struct

import pytest
from aiohttp import web

from tests.contract.transport_contract import soon
from theta.adapters.websocket_transport import accept_websocket

pytestmark = pytest.mark.integration

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
RESETS_ON_CLOSE = struct.pack("ii", 1, 0)


async def test_a_websocket_whose_client_is_gone_before_the_answer_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: asyncio.Queue[BaseException] = asyncio.Queue()

    async def serve(request: web.Request) -> web.StreamResponse:
        asked.set()
        assert request.transport is not None
        while not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0)
        try:
            await accept_websocket(request)
        except BaseException as error:
            ended.put_nowait(error)
            raise
        raise AssertionError("it was answered")

    asked = asyncio.Event()
    app = web.Application()
    app.router.add_get("/ws", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await web.SockSite(runner, listening).start()
        with caplog.at_level(logging.ERROR), socket.create_connection(listening.getsockname()) as client:
            client.sendall(UPGRADE)
            await soon(asked.wait())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS_ON_CLOSE)
            client.close()
            assert isinstance(await soon(ended.get()), web.HTTPBadRequest)
        await runner.cleanup()
    assert caplog.records == []
