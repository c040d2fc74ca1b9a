"""A visitor in Chromium watches the demo's builders, is greeted, and goes on where they left off."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.stage import chromium, visit
from tests.support.room_process import serving
from theta.cli.demo.company import build_together

pytestmark = pytest.mark.browser

SECONDS = 12.0
ALL_HAVE_HANDS = """() => {
  const rows = [...window.theta.client.presence.values()];
  return rows.length === 3 && rows.every(row => row.left && row.right && row.head && row.ray);
}"""
SOMEBODY_PULLS = "() => [...window.theta.client.presence.values()].some(row => row.drag)"


async def test_a_visitor_watches_and_continues(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        url, _, invite = room.link.partition("/#invite=")
        building = asyncio.create_task(build_together(url, invite, seed=1, seconds=SECONDS, tell=print))
        await ana.until("people", "4")
        await ana.page.wait_for_function(ALL_HAVE_HANDS)
        await ana.page.wait_for_function(SOMEBODY_PULLS)
        await ana.picture("demo-in-the-middle")
        await ana.page.get_by_text("Hello Ana!").wait_for()
        built = await building
        await ana.until("entities", str(built.objects))
        await ana.until("documentHash", built.document_hash)
        await ana.until("people", "1")
        await ana.picture("demo-when-they-left")
        await ana.press("c")
        await ana.until("entities", str(built.objects + 1))
        await ana.settled()
        assert ana.complaints == []
