"""The room's ends of transports and no room behind them, in a process of its own; `_child` tells how it is asked.

It sends everybody a frame, many times a second, and says what that took. A frame begins with its number and when it was
handed over, in nanoseconds of the machine's monotonic clock, which all processes read alike.
"""

import asyncio
import logging
import struct
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from benches._child import Said, answer_questions
from benches._port_signals import SocketSignals
from tests.support.webtransport import webtransport_listening
from theta.adapters.collecting import settle_collector
from theta.adapters.memory_transport import memory_pair
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.adapters.websocket_transport import accept_websocket
from theta.base.limits import CLIENT_FRAME_BYTES_MAX
from theta.cli.serve import run_on_best_loop
from theta.node.lanes import Lane

HOST = "127.0.0.1"
STAMP = struct.Struct("<IQ")
LOOPBACK = WebRtcSettings(addresses=(HOST,))


class Ends:
    """Everybody who is connected, and what can be asked of them."""

    def __init__(self) -> None:
        self._ends: list[Transport] = []
        self._reading: set[asyncio.Task[None]] = set()
        self._where: Said = {}

    async def serve(self, folder: Path) -> None:
        """Take whoever comes until it is told to end."""
        over = asyncio.Event()

        async def take_websocket(request: web.Request) -> web.StreamResponse:
            response, transport = await accept_websocket(request)
            self._take(transport)
            await over.wait()
            return response

        async def take_webrtc(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            self._take(await open_webrtc(SocketSignals(socket), is_room=True, offers=False, settings=LOOPBACK))
            await over.wait()
            return socket

        async def take_quic(transport: Any, address: str) -> None:
            self._take(transport)
            await over.wait()

        app = web.Application()
        app.router.add_get("/ws", take_websocket)
        app.router.add_get("/rtc", take_webrtc)
        runner = web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        udp = webtransport_listening(folder, serve=take_quic)
        self._where = {"tcp": runner.addresses[0][1], "udp": udp.listener.port}
        settle_collector()
        asked = (self.where, self.people, self.broadcast, self.memory_peers)
        await answer_questions({each.__name__: each for each in asked})
        over.set()
        await udp.close()
        await runner.cleanup()

    def _take(self, transport: Transport) -> None:
        self._ends.append(transport)
        task = asyncio.create_task(self._read(transport))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, transport: Transport) -> None:
        with suppress(TransportClosed):
            while True:
                await transport.receive()
        self._ends.remove(transport)

    async def where(self, said: Said) -> Said:
        """The ports."""
        return self._where

    async def people(self, said: Said) -> Said:
        """How many are connected."""
        return {"people": len(self._ends)}

    async def broadcast(self, said: Said) -> Said:
        """Send everybody `size` bytes on a `lane`, `hertz` times a second for `seconds`; what that took of a core."""
        lane, size, period = Lane(said["lane"]), said["size"], 1.0 / said["hertz"]
        loop = asyncio.get_running_loop()
        count = round(said["seconds"] * said["hertz"])
        began, cpu = loop.time(), time.process_time()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number * period - loop.time()))
            frame = STAMP.pack(number, time.monotonic_ns()).ljust(size, b"\0")
            for end in self._ends:
                end.send(lane, frame)
        spent = loop.time() + period - began
        await asyncio.sleep(period)
        return {"core": (time.process_time() - cpu) / spent, "hertz": count / spent}

    async def memory_peers(self, said: Said) -> Said:
        """`count` participants in this very process."""
        for _ in range(said["count"]):
            room, participant = memory_pair(frame_bytes_max=CLIENT_FRAME_BYTES_MAX)
            self._take(room)
            self._reading.add(asyncio.create_task(self._drop(participant)))
        return {}

    async def _drop(self, participant: Transport) -> None:
        while True:
            await participant.receive()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        run_on_best_loop(Ends().serve(Path(name)))
