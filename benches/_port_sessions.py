"""Whole rooms over each transport: how long an edit takes to everybody, and how soon a newcomer sees what lives there.

The room is `theta serve` in a process of its own, with its log on disk; pages are Debian's Chromium's.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

import theta
from benches._report import Row
from benches._room_load import bare_edit_latency, edit_latency
from benches._room_process import THETA, RoomProcess, bare_room, environment_in, free_port, room, serving
from tests.browser.stage import ARGUMENTS, CHROMIUM, by_transport
from theta.adapters.client.opening import TransportChoice
from theta.node.events import EntitiesAppeared, Event

TRANSPORTS: tuple[TransportChoice, ...] = ("quic", "webtransport", "websocket", "webrtc")
EDITS_EACH = 16
EDIT_MILLISECONDS_MAX = 50.0
JOINS, PAGE_JOINS = 7, 3
JOIN_SECONDS_MAX = {"quic": 0.3}
PAGE_SECONDS_MAX = {"webtransport": 1.0, "webrtc": 2.0, "websocket": None}
DEADLINE_SECONDS = 30.0

ENTITIES = 100
WORLD = f"""
import numpy as np

import theta
from theta import Batch, Pose, Shape

world = theta.World()
angles = np.linspace(0.0, 2.0 * np.pi, {ENTITIES}, endpoint=False)
ring = np.stack((3.0 * np.cos(angles), np.full({ENTITIES}, 1.0), 3.0 * np.sin(angles)), axis=1)
world.spawn_many({ENTITIES}, Batch(Pose, translation=ring), Shape())
"""

STATE_SEEN = """() => new Promise((seen) => {
  const { dataset } = document.documentElement;
  let began = 0;
  addEventListener("keydown", (event) => { if (event.key === "Enter" && !began) began = performance.now(); }, true);
  const look = () => { if (began && Number(dataset.stateEntities) > 0) seen(performance.now() - began); };
  new MutationObserver(look).observe(document.documentElement, { attributes: true });
})"""
"""How long from the key that enters the room until there is something of its world, in the page's own time."""


def latency_rows() -> list[Row]:
    """Ten peers in one room over each transport, and a bare relay that commits as it does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").mkdir()
        with room(folder) as running, bare_room(folder) as (url, _):
            bare = asyncio.run(bare_edit_latency(url, EDITS_EACH))
            found = {
                each: asyncio.run(edit_latency(running.url, folder / "keys", each, EDITS_EACH)) for each in TRANSPORTS
            }
    peer = "bare WebSocket relay with the same commit"
    return [
        Row(
            f"edit over {transport}, to the nine others, on disk before: {which}",
            getattr(latency, which),
            "ms",
            bar,
            peer,
            getattr(bare, which),
            latency.samples,
        )
        for transport, latency in found.items()
        for which, bar in (("p50", None), ("p99", EDIT_MILLISECONDS_MAX))
    ]


def join_rows() -> list[Row]:
    """A program and a page, each new to the room, until the first of its world is there."""
    with tempfile.TemporaryDirectory() as name, _living_room(Path(name)) as running:
        return asyncio.run(_join_rows(running.url, Path(name)))


@contextmanager
def _living_room(folder: Path) -> Iterator[RoomProcess]:
    (folder / "world.py").write_text(WORLD, encoding="utf-8")
    options = ["--port", str(free_port()), "--world", "world.py", "--log-level", "warning"]
    with serving([str(THETA), "serve", "bench.theta", *options], folder, environment_in(folder)) as running:
        yield running


async def _join_rows(url: str, folder: Path) -> list[Row]:
    rows = []
    for transport in TRANSPORTS:
        times = [await _join(url, folder / f"{transport} {number}.key", transport) for number in range(JOINS)]
        bar = JOIN_SECONDS_MAX.get(transport)
        what = f"join over {transport} to the first frame of state, Python"
        rows.append(Row(f"{what}, median", statistics.median(times), "s", runs=JOINS))
        rows.append(Row(f"{what}, longest", max(times), "s", bar, runs=JOINS))
    if hasattr(os, "SCHED_OTHER"):
        # A browser that is scheduled before all others, as this bench may be, leaves the machine no time at all.
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for page_transport, bar in PAGE_SECONDS_MAX.items():
            times = [await _join_by_page(browser, url, page_transport) for _ in range(PAGE_JOINS)]
            what = f"join over {page_transport} to the first frame of state, page in Chromium"
            rows.append(Row(f"{what}, median", statistics.median(times), "s", bar, runs=PAGE_JOINS))
            rows.append(Row(f"{what}, longest", max(times), "s", runs=PAGE_JOINS))
        await browser.close()
    return rows


async def _join(url: str, key: Path, transport: TransportChoice) -> float:
    """From the call until entities have appeared."""
    appeared = asyncio.Event()

    def look(event: Event) -> None:
        if isinstance(event, EntitiesAppeared):
            appeared.set()

    client = theta.connect(url, name="newcomer", identity=key, transport=transport)
    client.on_event = look
    began = time.perf_counter()
    async with asyncio.timeout(DEADLINE_SECONDS), client:
        await appeared.wait()
        spent = time.perf_counter() - began
        assert client.transport == transport, "measuring another transport than was asked for"
    return spent


async def _join_by_page(browser: Browser, url: str, transport: str) -> float:
    """From the key that enters the room; the page is open, and has connected to nothing."""
    context = await browser.new_context(viewport={"width": 640, "height": 400})
    try:
        page = await context.new_page()
        await page.goto(by_transport(url, transport))
        await page.get_by_test_id("name-input").fill("newcomer")
        seeing = asyncio.create_task(page.evaluate(STATE_SEEN))
        await page.evaluate("1")  # what was asked before is under way
        await page.keyboard.press("Enter")
        milliseconds: float = await asyncio.wait_for(seeing, DEADLINE_SECONDS)
        used = await page.evaluate("document.documentElement.dataset.transport")
        assert used == transport, f"measuring {used} instead of {transport}"
        return milliseconds / 1e3
    finally:
        await context.close()
