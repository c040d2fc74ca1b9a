"""At run time the page asks its own room for everything, and nobody else for anything."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.emulator import SCRIPTS, Headset
from tests.browser.stage import by_transport, chromium, newcomer
from tests.support.demo_process import demo

pytestmark = pytest.mark.browser


class Asked(NamedTuple):
    """One request of a page: where to, and what for."""

    url: str
    kind: str


def is_own(asked: Asked, origin: str) -> bool:
    """Whether a request stays within the room: its own address, or an image that the page made itself."""
    url, (scheme, host, *_) = asked.url, urlsplit(origin)
    if scheme == "http" and url.startswith("ws:"):
        return url.startswith(f"ws://{host}/")
    if url.startswith("blob:"):
        return asked.kind == "image" and url.startswith(f"blob:{origin}/")
    if url.startswith("data:"):
        return asked.kind == "image"
    return url.startswith(f"{origin}/")


def listen(context: BrowserContext, page: Page) -> list[Asked]:
    """Everything that is asked for from now on."""
    asked: list[Asked] = []
    context.on("request", lambda request: asked.append(Asked(request.url, request.resource_type)))
    page.on("websocket", lambda socket: asked.append(Asked(socket.url, "websocket")))
    return asked


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        (Asked("http://localhost:8080/assets/index.js", "script"), True),
        (Asked("ws://localhost:8080/ws", "websocket"), True),
        (Asked("data:image/png;base64,AA==", "image"), True),
        (Asked("blob:http://localhost:8080/0000", "image"), True),
        (Asked("data:text/javascript,0", "script"), False),
        (Asked("blob:http://localhost:8080/0000", "script"), False),
        (Asked("blob:http://elsewhere/0000", "image"), False),
        (Asked("http://localhost:80800/", "document"), False),
        (Asked("http://localhost:8081/", "document"), False),
        (Asked("https://localhost:8080/", "document"), False),
        (Asked("ws://elsewhere:8080/ws", "websocket"), False),
        (Asked("https://fonts.example/inter.woff2", "font"), False),
    ],
)
def test_what_counts_as_ones_own(asked: Asked, own: bool) -> None:
    assert is_own(asked, "http://localhost:8080") == own


@pytest.mark.parametrize("transport", ["webtransport", "webrtc", "websocket"])
async def test_the_page_asks_nobody_else(tmp_path: Path, transport: str) -> None:
    async with demo(tmp_path, "--seconds", "6") as running, chromium() as browser:
        link = (await running.until(r"http://\S+#invite=\S+")).group()
        origin = link.partition("/#")[0]
        visitor = await newcomer(browser, SCRIPTS)
        asked = listen(visitor.context, visitor.page)
        await visitor.page.goto(by_transport(link, transport))
        await visitor.page.get_by_test_id("name-input").fill("Ana")
        await visitor.press("Enter")
        await visitor.until("connection", "live")
        await visitor.until("transport", transport)
        await visitor.until("xr", "ready")
        on_a_screen = {each.url for each in asked if each.kind in ("script", "fetch", "xhr")}
        await Headset(visitor).enter()
        await running.until("Done: ")
        in_vr = {each.url for each in asked if each.kind in ("script", "fetch", "xhr")}
        assert [each for each in asked if not is_own(each, origin)] == []
        assert visitor.complaints == [], "what the page's policy refuses is said in the console"
        assert in_vr > on_a_screen or any("xr" in url for url in on_a_screen), "VR was loaded"
        assert {each.kind for each in asked} >= {"document", "script", "stylesheet"}
        # The browser tells of no request for WebTransport; what the page's policy lets through is its own server's.
        sockets = {"webtransport": set(), "webrtc": {"/signal"}, "websocket": {"/ws"}}[transport]
        assert {urlsplit(each.url).path for each in asked if each.kind == "websocket"} == sockets


async def test_a_request_to_somebody_else_would_be_noticed(tmp_path: Path) -> None:
    async with demo(tmp_path, "--seconds", "60") as running, chromium() as browser:
        link = (await running.until(r"http://\S+#invite=\S+")).group()
        visitor = await newcomer(browser)
        asked = listen(visitor.context, visitor.page)
        await visitor.page.goto(link)
        await visitor.page.evaluate("() => fetch('http://third-party.invalid/').catch(() => null)")
        foreign = [each.url for each in asked if not is_own(each, link.partition("/#")[0])]
        assert foreign == ["http://third-party.invalid/"] or any("third-party" in each for each in visitor.complaints)
