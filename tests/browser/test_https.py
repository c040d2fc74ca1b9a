"""The page over HTTPS with the certificate that the room made: past the warning, by code, and not to an impostor."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser

from tests.browser.stage import Visitor, by_transport, chromium, come_in, newcomer
from tests.support.room_process import RoomProcess, serving
from theta.adapters.files import read_secret, room_secret_path
from theta.session.invites import code_in_groups, make_code, make_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.browser

WHERE = "() => [location.protocol, isSecureContext, window.theta.client.connection.phase, location.hash]"


async def told(room: RoomProcess) -> dict[str, object]:
    """What the room tells everyone."""
    async with aiohttp.ClientSession() as http, http.get(f"http://localhost:{port_of(room)}/api/room") as response:
        said: dict[str, object] = await response.json()
        return said


def port_of(room: RoomProcess) -> int:
    port = urlsplit(room.link).port
    assert port is not None
    return port


async def lan_url(room: RoomProcess) -> str:
    """The room's first link for others, or the loopback's on a machine without a network."""
    links = (await told(room))["links"]
    assert isinstance(links, list)
    return str(links[0]) if links else f"https://127.0.0.1:{port_of(room)}"


async def visitor_at(browser: Browser, url: str, *, trusting: bool) -> Visitor:
    """Somebody who has opened `url`; `trusting` overlooks what is wrong with the certificate."""
    visitor = await newcomer(browser, trusting=trusting)
    if trusting:
        await visitor.page.goto(url)
    else:
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            await visitor.page.goto(url)
    return visitor


@pytest.mark.parametrize(("transport", "schemes"), [("webtransport", []), ("websocket", ["wss"])])
async def test_the_page_over_https_is_a_secure_context_and_builds(
    tmp_path: Path, transport: str, schemes: list[str]
) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        fragment = urlsplit(room.link).fragment
        url = by_transport(f"{await lan_url(room)}/#{fragment}", transport)
        ana = await visitor_at(browser, url, trusting=True)
        sockets: list[str] = []
        ana.page.on("websocket", lambda socket: sockets.append(socket.url))
        await come_in(ana, "Ana")
        assert await ana.page.evaluate(WHERE) == ["https:", True, "online", ""]
        assert [urlsplit(url).scheme for url in sockets] == schemes
        assert await ana.state("transport") == transport
        await ana.press("c")
        await ana.until("entities", "1")
        await ana.settled()
        assert ana.complaints == []
        await ana.picture("over-https")


async def test_past_the_browsers_warning_with_the_taps_that_are_printed_and_a_typed_code(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        code = make_code(RoomSecret(read_secret(room_secret_path(room.file))))
        url = await lan_url(room)
        ben = await visitor_at(browser, f"{url}/#{code_in_groups(code).lower()}", trusting=False)
        await ben.page.get_by_role("heading", name="Your connection is not private").wait_for()
        await ben.page.get_by_role("button", name="Advanced").click()
        await ben.picture("certificate-warning")
        await ben.page.get_by_text(f"Proceed to {urlsplit(url).hostname} (unsafe)").click()
        await come_in(ben, "Ben")
        assert await ben.page.evaluate(WHERE) == ["https:", True, "online", ""]


async def test_a_code_is_taken_in_the_dialog_too_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        code = make_code(RoomSecret(read_secret(room_secret_path(room.file))))
        wrong = ("1" if code[0] == "0" else "0") + code[1:]
        cy = await visitor_at(browser, f"{await lan_url(room)}/#{wrong}", trusting=True)
        reason = cy.page.get_by_test_id("welcome-reason")
        await reason.filter(has_text="not this room's code").wait_for()
        await cy.page.get_by_test_id("name-input").fill("Cy")
        await cy.page.get_by_test_id("invite-input").fill(code.lower())
        await cy.press("Enter")
        await cy.until("connection", "live")
        # Pasted into the tab that shows the room already.
        async with cy.page.expect_navigation(wait_until="load"):
            await cy.page.evaluate("code => { location.hash = code }", code)
        await cy.until("connection", "live")
        assert await cy.page.evaluate(WHERE) == ["https:", True, "online", ""]


async def test_plain_http_from_the_network_ends_at_https_with_the_invite(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        url = await lan_url(room)
        if "127.0.0.1" in url:
            pytest.skip("this machine has no network")
        plain = re.sub("^https", "http", url)
        dora = await visitor_at(browser, f"{plain}/#{urlsplit(room.link).fragment}", trusting=True)
        await come_in(dora, "Dora")
        assert await dora.page.evaluate(WHERE) == ["https:", True, "online", ""]


async def test_another_room_at_the_address_is_not_shown_the_invite(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        elsewhere = make_invite(RoomSecret(b"e" * 32), "editor")
        eve = await visitor_at(browser, f"{await lan_url(room)}/#invite={elsewhere}", trusting=True)
        await eve.page.get_by_test_id("name-input").fill("Eve")
        await eve.press("Enter")
        await eve.page.get_by_test_id("welcome-reason").filter(has_text="Another room answers here").wait_for()
        assert (await told(room))["people"] == 0
        await eve.picture("another-room")
        await eve.page.get_by_test_id("invite-input").fill(room.link)
        await eve.press("Enter")
        await eve.until("connection", "live")
