"""A hundred participants' ends of transports in a process of its own; `_child` tells how it is asked for things."""

import asyncio
import logging
import sys
import time
from contextlib import suppress
from itertools import islice

import aiohttp

from benches._child import Said, answer_questions
from benches._port_room import HOST, LOOPBACK, STAMP
from benches._port_signals import SocketSignals
from theta.adapters.collecting import settle_collector
from theta.adapters.quic_client import connect_quic, connect_webtransport
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.websocket_transport import connect_websocket
from theta.cli.serve import run_on_best_loop

AT_ONCE = 5


class Peers:
    """All of them."""

    def __init__(self) -> None:
        self._ends: list[Transport] = []
        self._reading: list[asyncio.Task[None]] = []
        self._came: dict[int, list[float]] = {}
        self._http = aiohttp.ClientSession()

    async def join(self, said: Said) -> Said:
        """`count` by a `kind`, some at a time."""
        numbers = iter(range(said["count"]))
        while batch := list(islice(numbers, AT_ONCE)):
            self._ends += await asyncio.gather(*(self._connect(said) for _ in batch))
        self._reading = [asyncio.create_task(self._read(end)) for end in self._ends]
        settle_collector()
        return {}

    async def _connect(self, said: Said) -> Transport:
        match said["kind"]:
            case "quic":
                return await connect_quic(HOST, said["udp"], verify=False, handshake_seconds=10.0)
            case "webtransport":
                return await connect_webtransport(HOST, said["udp"], verify=False, handshake_seconds=10.0)
            case "websocket":
                return await connect_websocket(self._http, f"ws://{HOST}:{said['tcp']}/ws")
        async with self._http.ws_connect(f"ws://{HOST}:{said['tcp']}/rtc") as socket:
            return await open_webrtc(SocketSignals(socket), is_room=False, offers=True, settings=LOOPBACK)

    async def _read(self, end: Transport) -> None:
        with suppress(TransportClosed):
            while True:
                _, frame = await end.receive()
                number, sent = STAMP.unpack_from(frame)
                self._came.setdefault(number, []).append((time.monotonic_ns() - sent) / 1e6)

    async def watch(self, said: Said) -> Said:
        """Forget what came."""
        self._came.clear()
        return {}

    async def seen(self, said: Said) -> Said:
        """By broadcast: how many got it, and after how many milliseconds the last did."""
        return {
            "last": [max(times) for times in self._came.values()],
            "got": [len(each) for each in self._came.values()],
        }

    async def leave(self, said: Said) -> Said:
        """All of them."""
        for end in self._ends:
            await end.close()
        await asyncio.gather(*self._reading)
        self._ends.clear()
        return {}

    async def serve(self) -> None:
        """Answer until it is told to end."""
        asked = (self.join, self.watch, self.seen, self.leave)
        await answer_questions({each.__name__: each for each in asked})
        await self._http.close()


async def _run() -> None:
    await Peers().serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    run_on_best_loop(_run())
