"""The page's transports in Chromium at a served room: each alone, raced, blocked, and changed in mid-session."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

import theta
from tests.browser.stage import Visitor, by_transport, chromium, come_in, newcomer, visit
from tests.support.room_process import serving
from tests.support.signal_process import signalling
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS
from theta.wire.codec import decode_from_participant, encode
from theta.wire.messages import SessionHello

pytestmark = pytest.mark.browser

SWITCHES = Path(__file__).with_name("switches.js")
CHANGES = (("webtransport", "webrtc"), ("webrtc", "websocket"), ("websocket", "webtransport"))
"""Which transport is cut, and which one is left then."""
BACK_ONLINE = """() => new Promise((done) => {
  const { client } = window.theta;
  const phases = [];
  const started = performance.now();
  client.on("connection", ({ phase }) => {
    phases.push([phase, performance.now() - started]);
    if (phase === "online") done(phases);
  });
  window.dispatchEvent(new Event("online"));
})"""
FALL_BACK_MS_MAX = 2_000
"""Between the beginning of a way that hangs and that of the next."""


async def link_of(visitor: Visitor) -> dict[str, Any]:
    """What the page says of its link."""
    said: dict[str, Any] = await visitor.page.evaluate("() => window.theta.client.link")
    return said


async def session_of(visitor: Visitor) -> list[Any]:
    """Whether the page's session was resumed, and by which id and token."""
    said: list[Any] = await visitor.page.evaluate(
        "() => [window.theta.client.connection.resumed, window.theta.client.authorization()]"
    )
    return said


def reasons(link: dict[str, Any]) -> dict[str, str]:
    """Why a transport is not used, by its kind."""
    return {each["transport"]: each["reason"] for each in link["passedOver"]}


def has_entities(room: theta.RoomClient, count: int) -> bool:
    """Whether there are so many."""
    return len(room.entities) == count


async def open_page(browser: Browser, link: str, *scripts: Path) -> Visitor:
    """Open the page and no more: what is in its way is put there before it connects."""
    visitor = await newcomer(browser, scripts)
    await visitor.page.goto(link)
    return visitor


@contextmanager
def silent_udp(port: int) -> Iterator[None]:
    """A UDP port of this machine where packets come in and nobody answers."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six,
    ):
        four.bind(("127.0.0.1", port))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::1", port))
        yield


async def point_webtransport_at(page: Page, port: int) -> None:
    """Have the room say that it takes WebTransport at a port."""

    async def tell(route: Route) -> None:
        said = {"url": f"https://localhost:{port}/theta", "hashes": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}
        await route.fulfill(content_type="application/json", body=json.dumps(said))

    await page.route("**/api/webtransport", tell)


async def silence_signalling(page: Page, room_port: int) -> None:
    """The room's own signalling server takes connections, and says nothing."""

    def connect(_: WebSocketRoute) -> None:
        return

    await page.route_web_socket(f"ws://localhost:{room_port}/signal", connect)


@pytest.mark.parametrize("transport", ["webtransport", "webrtc", "websocket"])
async def test_a_page_builds_by_each_transport_with_a_python_participant(tmp_path: Path, transport: str) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana", transport=transport)
        await ana.until("transport", transport)
        await ana.press("c")
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            await cleo.wait_until(lambda: len(cleo.entities) == 1)
            assert cleo.entities[0].owner == "Ana"
            tower = await cleo.create("cube", size=0.5, at=(1.2, 0.25, 0), name="tower")
            await ana.until("entities", "2")
            await ana.until("people", "2")
            await ana.page.mouse.move(640, 420)
            ana_there = next(person for person in cleo.people if person.name == "Ana")
            await cleo.wait_until(lambda: cleo.presence_of(ana_there) is not None)
            await tower.delete()
            await ana.press("Control+z")
            await ana.settled()
            await cleo.wait_until(lambda: len(cleo.entities) == 0)
            await ana.until("documentHash", cleo.document_hash)
        link = await link_of(ana)
        assert (link["transport"], link["passedOver"]) == (transport, [])
        assert ana.complaints == []


async def test_the_page_says_which_transport_it_uses_how_good_it_is_and_why_no_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana", transport=None)
        await ana.until("transport", "webtransport")
        await ana.page.locator("html:not([data-link-quality=''])").wait_for()
        button = ana.page.get_by_test_id("link")
        assert (await button.inner_text()).startswith("WebTransport · ")
        await button.click()
        details = ana.page.get_by_test_id("link-details")
        words = await details.inner_text()
        for expected in (
            "WebTransport",
            "Round trip",
            "Jitter",
            "Connected in",
            "WebRTC: not needed",
            "WebSocket: not",
        ):
            assert expected in words
        await ana.picture("link-details")
        await ana.press("Escape")
        assert not await details.is_visible()
        await ana.page.get_by_test_id("connection").click()
        assert await details.is_visible(), "the connection at the top shows it, too"
        assert ana.complaints == []


async def test_where_the_room_offers_no_webtransport_it_is_said_and_nothing_is_wrong(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-quic") as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana", transport=None)
        assert reasons(await link_of(ana))["webtransport"] == "the room offers no WebTransport"
        assert ana.complaints == []


async def test_a_page_whose_udp_is_swallowed_falls_back_to_webrtc_and_says_why(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-quic") as room, chromium() as browser:
        port = urlsplit(room.link).port or 0
        with silent_udp(port):
            ana = await open_page(browser, room.link, SWITCHES)
            # A room that is slow to load its WebRTC would be met by WebSocket before.
            await ana.page.evaluate("() => window.switches.block('websocket')")
            await point_webtransport_at(ana.page, port)
            await come_in(ana, "Ana")
            await ana.until("transport", "webrtc")
            link = await link_of(ana)
            waited = next(each["afterMs"] for each in link["passedOver"] if each["transport"] == "webtransport")
            assert waited - link["openedAfterMs"] <= FALL_BACK_MS_MAX
            assert "webrtc was there first" in reasons(link)["webtransport"]
            await ana.press("c")
            await ana.settled()


async def test_where_only_websocket_gets_through_it_begins_within_two_seconds_of_each_that_hangs(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, "--no-quic") as room, chromium() as browser:
        port = urlsplit(room.link).port or 0
        with silent_udp(port):
            ana = await open_page(browser, room.link)
            said: list[str] = []
            ana.page.on("console", lambda message: said.append(message.text))
            await point_webtransport_at(ana.page, port)
            await silence_signalling(ana.page, port)
            await come_in(ana, "Ana")
            await ana.until("transport", "websocket")
            link = await link_of(ana)
            waited = {each["transport"]: each["afterMs"] for each in link["passedOver"]}
            assert waited["webtransport"] - waited["webrtc"] <= FALL_BACK_MS_MAX
            assert waited["webrtc"] - link["openedAfterMs"] <= FALL_BACK_MS_MAX
            await ana.page.get_by_test_id("link").click()
            words = await ana.page.get_by_test_id("link-passed-over").inner_text()
            assert "WebTransport: WebSocket was there first" in words
            assert "WebRTC: WebSocket was there first" in words
            assert any(line.startswith("theta: not WebTransport: ") for line in said)
            assert any(line.startswith("theta: connected by WebSocket ") for line in said)
            await ana.picture("link-details-websocket")
            await ana.page.reload()
            await ana.until("transport", "websocket")
            again = await link_of(ana)
            assert again["passedOver"][0]["afterMs"] is None, "what worked is begun with, and nothing else was tried"


async def test_a_session_goes_on_over_other_transports_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana", [SWITCHES], transport=None)
        await ana.until("transport", "webtransport")
        (was_resumed, session) = await session_of(ana)
        assert not was_resumed
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            for turn, (last, following) in enumerate(CHANGES, 1):
                # What is done in the moment of the cut may or may not have reached the room.
                await ana.page.evaluate(
                    """([last, following]) => {
                      const { client } = window.theta;
                      for (const kind of ["webtransport", "webrtc", "websocket"]) window.switches.block(kind);
                      window.switches.allow(following);
                      const cube = { type: "create_primitive", kind: "cube", size: 0.2, translation: [0, 0, 0] };
                      const put = (name) => client.perform([{ ...cube, name }]);
                      window.putting = [1, 2, 3].map((number) => put(`${last} ${number}`));
                      window.switches.cut[last]();
                      window.putting.push(put(`${last} 4`));
                    }""",
                    [last, following],
                )
                await ana.until("transport", following)
                await ana.until("connection", "live")
                assert await session_of(ana) == [True, session]
                performed = await ana.page.evaluate(
                    "async () => (await Promise.all(window.putting)).map(({ names }) => Number(names[0].number))"
                )
                assert performed == sorted(performed)
                await cleo.wait_until(partial(has_entities, cleo, 4 * turn))
            names = sorted(entity.name for entity in cleo.entities)
            assert names == sorted(f"{last} {number}" for last, _ in CHANGES for number in (1, 2, 3, 4))
            await ana.until("documentHash", cleo.document_hash)


async def test_a_page_that_was_away_notices_a_dead_link_before_three_heartbeats_are_missed(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await open_page(browser, by_transport(room.link, "websocket"))
        wires: list[WebSocketRoute] = []

        def connect(page: WebSocketRoute) -> None:
            server = page.connect_to_server()
            wires.append(page)
            server.on_message(lambda frame: page.send(frame) if dead != [page] else None)
            page.on_message(server.send)

        dead: list[WebSocketRoute] = []
        await ana.page.route_web_socket(re.compile(r"/ws$"), connect)
        await come_in(ana, "Ana")
        dead.append(wires[-1])
        phases = await ana.page.evaluate(BACK_ONLINE)
        assert [phase for phase, _ in phases] == ["waiting", "connecting", "online"]
        assert phases[0][1] < 3_000 * HEARTBEAT_INTERVAL_SECONDS, "three heartbeats"
        assert (await session_of(ana))[0], "it is the same session"
        assert len(wires) == 2


async def test_a_page_meets_its_room_at_the_signalling_server_of_the_link(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        await room.stop()
        port = urlsplit(room.link).port or 0
        async with signalling(tmp_path, "--origin", f"http://localhost:{port}") as elsewhere:
            await room.start("--signal", elsewhere)
            assert room.link.endswith(f"&signal={quote(elsewhere, safe='')}")
            ana = await open_page(browser, by_transport(room.link, "webrtc"))
            await silence_signalling(ana.page, port)
            await come_in(ana, "Ana")
            await ana.until("transport", "webrtc")
            await ana.press("c")
            await ana.settled()
            assert ana.complaints == []


@pytest.mark.parametrize(
    ("software", "words"),
    [
        ("0.0.1", "your Theta 0.0.1 is older than the room's: install theta-engine {own}, or reload the page"),
        ("999.0.0", "the room's Theta {own} is older than yours 999.0.0: upgrade theta-engine where the room runs"),
    ],
)
async def test_who_speaks_another_protocol_reads_what_to_upgrade(tmp_path: Path, software: str, words: str) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await open_page(browser, by_transport(room.link, "websocket"))

        def connect(page: WebSocketRoute) -> None:
            server = page.connect_to_server()

            def say_another(frame: bytes | str) -> None:
                assert isinstance(frame, bytes)
                message = decode_from_participant(frame[1:])
                if isinstance(message, SessionHello):
                    message = msgspec.structs.replace(message, protocol_hash=bytes(16), software=software)
                server.send(frame[:1] + encode(message))

            page.on_message(say_another)

        await ana.page.route_web_socket(re.compile(r"/ws$"), connect)
        await ana.page.get_by_test_id("name-input").fill("Ana")
        await ana.press("Enter")
        await ana.until("connection", "refused")
        notice = ana.page.get_by_test_id("notice")
        await expect(notice).to_contain_text(words.format(own=theta.__version__))
        await expect(notice).to_contain_text("Page and room differ")
        assert await ana.page.get_by_test_id("connection").inner_text() == "Page and room differ"
        await ana.picture("another-protocol")


async def test_a_page_may_not_go_to_a_signalling_server_that_its_operator_did_not_name(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser, signalling(tmp_path) as elsewhere:
        ana = await open_page(browser, by_transport(f"{room.link}&signal={elsewhere}", "webrtc"), SWITCHES)
        await silence_signalling(ana.page, urlsplit(room.link).port or 0)
        await ana.page.get_by_test_id("name-input").fill("Ana")
        await ana.press("Enter")
        await ana.page.evaluate(
            "() => new Promise((done) => window.theta.client.on('link', (link) => link.passedOver[0] && done()))"
        )
        assert "signalling server" in reasons(await link_of(ana))["webrtc"]
        assert any("Content Security Policy" in line for line in ana.complaints)
