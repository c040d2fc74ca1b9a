"""What ten people do to a room, and what it costs: edits timed to the other peers, and presence at 30 Hz."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

import theta
from theta.adapters.client import RoomClient
from theta.adapters.client.opening import TransportChoice
from theta.node.events import DocumentChanged

PEERS = 10
EDITS_EACH = 40
EDITS_PER_SECOND_EACH = 4.0
PRESENCE_SECONDS = 10.0
PRESENCE_HERTZ = 30.0
EDIT_BYTES = 330
PRESENCE_BYTES = 196


@dataclass(frozen=True)
class Latency:
    """From call to everyone else, milliseconds."""

    p50: float
    p99: float
    samples: int


def latency_of(seconds: list[float]) -> Latency:
    """Median and 99th percentile."""
    cuts = statistics.quantiles(seconds, n=100)
    return Latency(statistics.median(seconds) * 1e3, cuts[98] * 1e3, len(seconds))


async def edit_latency(url: str, keys: Path, transport: TransportChoice, edits: int = EDITS_EACH) -> Latency:
    """Ten peers paint `edits` times, each its own cube; from each call until each of the other nine has applied it."""
    started: dict[bytes, float] = {}
    samples: list[float] = []

    def watcher(own: int) -> Callable[[object], None]:
        def look(event: object) -> None:
            if isinstance(event, DocumentChanged):
                now = time.perf_counter()
                samples.extend(
                    now - started[entity] for entity in event.entities if entity in started and owner[entity] != own
                )

        return look

    owner: dict[bytes, int] = {}
    async with AsyncExitStack() as stack:
        rooms = [await join(stack, url, keys, number, transport) for number in range(PEERS)]
        cubes = [await room.create("cube", at=(number, 0.5, 0)) for number, room in enumerate(rooms)]
        for number, cube in enumerate(cubes):
            owner[cube.id] = number
        for number, room in enumerate(rooms):
            room.on_event = watcher(number)

        async def edit(number: int) -> None:
            await asyncio.sleep(number / PEERS / EDITS_PER_SECOND_EACH)
            for step in range(edits):
                started[cubes[number].id] = time.perf_counter()
                await cubes[number].paint(((step % 2) * 0.5, number / PEERS, 0.25 + step / 1000))
                await asyncio.sleep(1.0 / EDITS_PER_SECOND_EACH)

        await asyncio.gather(*(edit(number) for number in range(PEERS)))
    return latency_of(samples)


async def presence_cost(url: str, keys: Path, process: psutil.Process, transport: TransportChoice) -> float:
    """Ten peers show where they are at 30 Hz; returns the room's share of a core, percent."""
    async with AsyncExitStack() as stack:
        rooms = [await join(stack, url, keys, number, transport) for number in range(PEERS)]
        await asyncio.gather(*(walk(room, 1.0) for room in rooms))
        before = process.cpu_times()
        start = time.perf_counter()
        await asyncio.gather(*(walk(room, PRESENCE_SECONDS) for room in rooms))
        return share_of_core(process, before, start)


async def walk(room: RoomClient, seconds: float) -> None:
    """Show a moving head for a while."""
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        room.show(theta.Presence(0, 0, flags=3, tool=1, head_position=(now % 5.0, 1.6, 0.0)))
        await asyncio.sleep(1.0 / PRESENCE_HERTZ)


async def join(stack: AsyncExitStack, url: str, keys: Path, number: int, transport: TransportChoice) -> RoomClient:
    """Enter as one of ten people, each with a key of their own."""
    room = theta.connect(url, name=f"peer {number}", identity=keys / f"{number}.key", transport=transport)
    await stack.enter_async_context(room)
    assert room.transport == transport, "measuring another transport than was asked for"
    return room


async def bare_edit_latency(url: str, edits: int = EDITS_EACH) -> Latency:
    """The same traffic through the bare relay: commit, pass on, no engine."""
    samples: list[float] = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sockets = [await stack.enter_async_context(http.ws_connect(url)) for _ in range(PEERS)]
        started = [0.0] * PEERS

        async def read(number: int) -> None:
            async for message in sockets[number]:
                author = message.data[1]
                if author != number:
                    samples.append(time.perf_counter() - started[author])

        readers = [asyncio.create_task(read(number)) for number in range(PEERS)]

        async def edit(number: int) -> None:
            await asyncio.sleep(number / PEERS / EDITS_PER_SECOND_EACH)
            for _ in range(edits):
                started[number] = time.perf_counter()
                await sockets[number].send_bytes(bytes((1, number)) + bytes(EDIT_BYTES))
                await asyncio.sleep(1.0 / EDITS_PER_SECOND_EACH)

        await asyncio.gather(*(edit(number) for number in range(PEERS)))
        for reader in readers:
            reader.cancel()
    return latency_of(samples)


async def bare_presence_cost(url: str, process: psutil.Process) -> float:
    """The same presence through the bare relay, every row passed on by itself."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sockets = [await stack.enter_async_context(http.ws_connect(url)) for _ in range(PEERS)]

        async def read(number: int) -> None:
            async for _ in sockets[number]:
                pass

        readers = [asyncio.create_task(read(number)) for number in range(PEERS)]
        before = process.cpu_times()
        start = time.perf_counter()

        async def show(number: int) -> None:
            while time.perf_counter() < start + PRESENCE_SECONDS:
                await sockets[number].send_bytes(bytes((0, number)) + bytes(PRESENCE_BYTES))
                await asyncio.sleep(1.0 / PRESENCE_HERTZ)

        await asyncio.gather(*(show(number) for number in range(PEERS)))
        share = share_of_core(process, before, start)
        for reader in readers:
            reader.cancel()
    return share


def share_of_core(process: psutil.Process, before: object, start: float) -> float:
    """Processor time since `before`, as percent of the wall-clock time since `start`."""
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system  # type: ignore[attr-defined]
    return float(100.0 * used / (time.perf_counter() - start))
