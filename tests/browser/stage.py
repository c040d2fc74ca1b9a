"""A room in a process of its own, and pages in Debian's Chromium that look at it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
THETA = Path(sys.executable).parent / "theta"
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LINK = re.compile(r"http://\S+#invite=\S+")


class RoomProcess:
    """`theta serve` in a folder of its own, which is also its home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.link = ""
        self._port = 0

    @property
    def file(self) -> Path:
        """The room file."""
        return self._folder / "studio.theta"

    async def start(self) -> None:
        """Serve; the second time on the same port."""
        self._process = await asyncio.create_subprocess_exec(
            *(str(THETA), "serve", "studio.theta", "--port", str(self._port)),
            cwd=self._folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            async for line in self._process.stdout:
                if found := LINK.search(line.decode()):
                    self.link = found.group()
                    break
        assert self.link, "theta serve ended without a link"
        self._port = urlsplit(self.link).port or 0

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ctrl-C."""
        await self._end(signal.SIGINT)

    async def theta(self, *arguments: str) -> str:
        """What another `theta` command prints; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            *(str(THETA), *arguments),
            cwd=self._folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    @property
    def environment(self) -> dict[str, str]:
        """This environment with another home, where its keys are."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        return {**kept, "HOME": str(self._folder), "COLUMNS": "200"}

    async def _end(self, with_signal: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(with_signal)
        async with asyncio.timeout(30):
            await self._process.wait()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[RoomProcess]:
    """A room for the length of a test."""
    room = RoomProcess(folder)
    await room.start()
    try:
        yield room
    finally:
        await room.stop()


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
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "WebSocket connection to" not in text:
            self.complaints.append(text)

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

    async def settled(self) -> None:
        """Wait until everything this person did is on the room's disk."""
        await self.until("pending", "0")

    async def picture(self, name: str) -> None:
        """Keep a screenshot."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


async def visit(browser: Browser, link: str, name: str) -> Visitor:
    """Open the link as somebody new, say who it is, and wait until the document is there."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    visitor = Visitor(context, await context.new_page())
    await visitor.page.goto(link)
    await visitor.page.get_by_test_id("name-input").fill(name)
    await visitor.press("Enter")
    await visitor.until("connection", "live")
    await visitor.until("documentStatus", "current")
    return visitor
