"""Pages in Debian's Chromium that look at a room."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, WebSocket, async_playwright

from tests.browser.wires import Wire
from theta.commands.packets import decode_body
from theta.wire.codec import decode_from_participant
from theta.wire.messages import CommandEnvelope, SubmitPacket

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
TAKES_PICTURES = bool(os.environ.get("THETA_PICTURES"))
"""Whether screenshots are kept, for a person to look at; they are drawn at full size then."""
COARSE = Path(__file__).with_name("coarse.js")
DESKTOP = (1280, 800)
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Only the scene is drawn in software 3D: doing the page's boxes and text so too costs as much again.
    "--disable-gpu-compositing",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class _Stage:
    """The run's browser, once there is one."""

    browser: Browser | None = None


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A browser of one's own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def shared_browser() -> AsyncIterator[None]:
    """From now on `chromium` gives out one and the same: launching it takes longer than many a test."""
    async with launched() as browser:
        _Stage.browser = browser
        try:
            yield
        finally:
            _Stage.browser = None


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The run's browser for the length of a test: whoever comes in is new to it, and gone at the end."""
    assert _Stage.browser is not None, "see conftest.py"
    browser = _Stage.browser
    try:
        yield browser
    finally:
        for context in browser.contexts:
            await context.close()


class Visitor:
    """One person at a page of their own, with what the page complained of."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self.sent: list[CommandEnvelope] = []
        """Every command that left the page over WebSocket, in order."""
        page.on("websocket", self._watch)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "net::ERR_CONNECTION_" not in text:
            self.complaints.append(text)

    def _watch(self, socket: WebSocket) -> None:
        # Signalling has messages of its own.
        if socket.url.endswith("/ws"):
            socket.on("framesent", self._note_sent)

    def _note_sent(self, frame: bytes | str) -> None:
        assert isinstance(frame, bytes)
        # The first byte is the lane.
        message = decode_from_participant(frame[1:])
        if isinstance(message, SubmitPacket):
            self.sent += decode_body(message.body).commands

    async def state(self, name: str) -> str:
        """What the page publishes on <html>."""
        value: str = await self.page.evaluate("name => document.documentElement.dataset[name] ?? ''", name)
        return value

    async def until(self, name: str, value: str, seconds: float = 20) -> None:
        """Wait until the page publishes `value` under `name`."""
        await self.page.wait_for_function(
            "([name, value]) => document.documentElement.dataset[name] === value",
            arg=[name, value],
            timeout=seconds * 1000,
        )

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def click(self, *test_ids: str) -> None:
        """Press buttons, one after the other."""
        for test_id in test_ids:
            await self.page.get_by_test_id(test_id).click()

    async def scene(self, expression: str, argument: object = None) -> Any:
        """What an expression of `scene` and `argument` comes to on the page (see docs/guide/page.md)."""
        return await self.page.evaluate(f"argument => (scene => ({expression}))(window.theta.scene)", argument)

    async def screen_of(self, point: Iterable[float]) -> tuple[float, float]:
        """Where a point of the world is on the page."""
        at = await self.scene("scene.screenOf(argument)", [float(value) for value in point])
        return at["x"], at["y"]

    async def click_at(self, point: Iterable[float]) -> None:
        """Click what is seen at a point of the world."""
        await self.page.mouse.click(*await self.screen_of(point))

    async def take_handle(self, axis: int, metres: float) -> None:
        """Press on the handle that drags along `axis` and pull it; the button stays down."""
        await self.drawn()
        handles = await self.scene("scene.handles.map(h => [h.point.toArray(), h.direction.toArray()])")
        point, direction = next((p, d) for p, d in handles if abs(d[axis]) > 0.999)
        await self.page.mouse.move(*await self.screen_of(point))
        await self.page.mouse.down()
        pulled = [p + d * metres for p, d in zip(point, direction, strict=True)]
        await self.page.mouse.move(*await self.screen_of(pulled), steps=6)

    async def drawn(self) -> None:
        """Wait until what has changed by now was drawn."""
        await self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def settled(self) -> None:
        """Wait until everything this person did is on the room's disk."""
        await self.until("pending", "0")

    async def picture(self, name: str) -> None:
        """Keep a screenshot, if anybody wants them, of what has come to rest."""
        if TAKES_PICTURES:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


async def newcomer(
    browser: Browser,
    scripts: Iterable[Path] = (),
    size: tuple[int, int] = DESKTOP,
    *,
    sharp: bool = TAKES_PICTURES,
    trusting: bool = False,
) -> Visitor:
    """Somebody new at an empty page; `scripts` run before those of any page.

    Unless `sharp`, the scene is drawn in few pixels: where nobody looks at them they only cost time. `trusting`
    overlooks what is wrong with a certificate.
    """
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, ignore_https_errors=trusting or None
    )
    for script in (*scripts, *([] if sharp else [COARSE])):
        await context.add_init_script(path=script)
    return Visitor(context, await context.new_page())


async def visit(
    browser: Browser,
    link: str,
    name: str,
    scripts: Iterable[Path] = (),
    size: tuple[int, int] = DESKTOP,
    wire: Wire | None = None,
    transport: str | None = "websocket",
    *,
    sharp: bool = TAKES_PICTURES,
) -> Visitor:
    """Open the link as somebody new, say who it is, and wait until the document is there.

    `scripts` run before it; what is said to the room goes over `wire`, and by `transport`: None for the page's choice,
    and WebSocket by default, whose frames can be looked at and held up.
    """
    visitor = await newcomer(browser, scripts, size, sharp=sharp)
    if wire is not None:
        await wire.attach(visitor.page)
    await visitor.page.goto(by_transport(link, transport))
    await come_in(visitor, name)
    return visitor


async def come_in(visitor: Visitor, name: str) -> None:
    """Say who it is at a page that is open, and wait until the document is there."""
    await visitor.page.get_by_test_id("name-input").fill(name)
    await visitor.press("Enter")
    await visitor.until("connection", "live")
    await visitor.until("documentStatus", "current")


def by_transport(link: str, transport: str | None) -> str:
    """The link with which the page uses one transport only; None: as it is."""
    address, _, fragment = link.partition("#")
    return link if transport is None else f"{address}?transport={transport}#{fragment}"
