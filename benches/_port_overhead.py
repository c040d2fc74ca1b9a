"""What our transports cost beside the libraries below them: an echo over each, both ends in one process.

Both send as many messages at once, wait until all are back, and begin anew; runs of ours and of the library alternate.
Processor time is the whole process's, both ends of it, and does not grow with what else the machine does.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import uvloop

from benches._port_bare import bare_aiohttp, bare_aiortc, bare_quic, bare_websockets, bare_webtransport
from benches._port_ours import OURS, Ours
from benches._report import Row
from theta.node.lanes import Lane

ROUNDS = 5
SECONDS = 0.4
OVERHEAD_MAX = 1.3

Echo = Callable[[bytes, int], Awaitable[None]]


class Load(NamedTuple):
    """How large messages are, how many are under way, and on which of our lanes."""

    size: int
    at_once: int
    lane: Lane


SMALL = Load(200, 32, Lane.COMMANDS)
LARGE = Load(65_536, 8, Lane.BULK)
BARES = {
    "quic": [("a bare aioquic echo", bare_quic)],
    "webtransport": [("a bare aioquic h3 echo", bare_webtransport)],
    "websocket": [("a bare aiohttp echo", bare_aiohttp), ("a bare websockets echo", bare_websockets)],
    "webrtc": [("aiortc alone", bare_aiortc)],
}


class Run(NamedTuple):
    """One run: messages a second, both ways counted once, and processor time for each, microseconds."""

    per_second: float
    microseconds: float


async def run(echo: Echo, load: Load, seconds: float = SECONDS) -> Run:
    """Echo for so long."""
    message, count = bytes(load.size), 0
    began, cpu = time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - began) < seconds:
        await echo(message, load.at_once)
        count += load.at_once
    return Run(count / spent, 1e6 * (time.process_time() - cpu) / count)


async def beside(ours: Echo, bare: Echo, load: Load) -> tuple[list[Run], list[Run]]:
    """Runs of each, in turn, after one to warm up."""
    for each in (ours, bare):
        await run(each, load, SECONDS / 4)
    found: tuple[list[Run], list[Run]] = ([], [])
    for _ in range(ROUNDS):
        for kept, echo in zip(found, (ours, bare), strict=True):
            kept.append(await run(echo, load))
    return found


def rows_of(kind: str, load: Load, peer: str, ours: list[Run], bare: list[Run]) -> list[Row]:
    """What was measured, and how many times the library's that is, with the bar on it."""
    unit, scale = ("messages/s", 1.0) if load is SMALL else ("MB/s", load.size / 1e6)
    name = f"{kind}, {load.size} B echoed, {load.at_once} at once"
    pairs = list(zip(ours, bare, strict=True))
    slower = statistics.median(b.per_second / a.per_second for a, b in pairs)
    dearer = statistics.median(a.microseconds / b.microseconds for a, b in pairs)
    rates, bares = ([scale * each.per_second for each in runs] for runs in (ours, bare))
    costs, bare_costs = ([each.microseconds for each in runs] for runs in (ours, bare))
    median = statistics.median
    return [
        Row(f"{name}: {unit}", median(rates), unit, None, peer, median(bares), ROUNDS, True),
        Row(f"{name}: CPU per message, both ends", median(costs), "µs", None, peer, median(bare_costs), ROUNDS),
        Row(f"{name}: {peer} in {unit} over ours", slower, "×", OVERHEAD_MAX, runs=ROUNDS),
        Row(f"{name}: our CPU per message over {peer}", dearer, "×", OVERHEAD_MAX, runs=ROUNDS),
    ]


async def overhead_of(kind: str) -> list[Row]:
    """One transport beside what is below it."""
    rows: list[Row] = []
    for peer, bare in BARES[kind]:
        for load in (SMALL, LARGE):
            with tempfile.TemporaryDirectory() as name:
                async with OURS[kind](Path(name)) as pair, bare(Path(name)) as asking:
                    ours = Ours(pair, load.lane)
                    found = await beside(ours.echo, asking.echo, load)
                    await ours.stop()
            rows += rows_of(kind, load, peer, *found)
    return rows


async def _all_rows() -> list[Row]:
    return [row for kind in BARES for row in await overhead_of(kind)]


def overhead_rows() -> list[Row]:
    """All of them, on the event loop that rooms run on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_all_rows())
