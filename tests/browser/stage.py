"""Pages in Debian's Chromium that look at a room."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.wires import Wire
from theta.commands.packets import decode_body
from theta.wire.codec import decode_from_participant
from theta.wire.messages import CommandEnvelope, SubmitPacket

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
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


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser for the length of a test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One person at a page of their own, with what the page complained of."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self.sent: list[CommandEnvelope] = []
        """Every command that left the page, in order."""
        page.on("websocket", lambda socket: socket.on("framesent", self._note_sent))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "net::ERR_CONNECTION_" not in text:
            self.complaints.append(text)

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
        await self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        handles = await self.scene("scene.handles.map(h => [h.point.toArray(), h.direction.toArray()])")
        point, direction = next((p, d) for p, d in handles if abs(d[axis]) > 0.999)
        await self.page.mouse.move(*await self.screen_of(point))
        await self.page.mouse.down()
        pulled = [p + d * metres for p, d in zip(point, direction, strict=True)]
        await self.page.mouse.move(*await self.screen_of(pulled), steps=6)

    async def settled(self) -> None:
        """Wait until everything this person did is on the room's disk."""
        await self.until("pending", "0")

    async def picture(self, name: str) -> None:
        """Keep a screenshot."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


async def visit(
    browser: Browser,
    link: str,
    name: str,
    scripts: Iterable[Path] = (),
    size: tuple[int, int] = (1280, 800),
    wire: Wire | None = None,
) -> Visitor:
    """Open the link as somebody new, say who it is, and wait until the document is there.

    `scripts` run before it; what is said to the room goes over `wire`.
    """
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height})
    for script in scripts:
        await context.add_init_script(path=script)
    visitor = Visitor(context, await context.new_page())
    if wire is not None:
        await wire.attach(visitor.page)
    await visitor.page.goto(link)
    await visitor.page.get_by_test_id("name-input").fill(name)
    await visitor.press("Enter")
    await visitor.until("connection", "live")
    await visitor.until("documentStatus", "current")
    return visitor
