"""Two people in Chromium and one in Python, in one room that is killed and started again."""

from pathlib import Path

import pytest

import theta
from tests.browser.stage import Visitor, chromium, newcomer, visit
from tests.support.room_process import serving

pytestmark = pytest.mark.browser

HEAD_OF_THE_OTHER = "() => [...window.theta.client.presence.values()][0].head.position"


async def agree(hash_of_python: str, *visitors: Visitor) -> None:
    """Everyone shows the same document hash, and nobody complained."""
    for visitor in visitors:
        await visitor.until("documentHash", hash_of_python)
        assert visitor.complaints == []


async def test_two_pages_and_python_build_undo_and_agree(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        ben = await visit(browser, room.link, "Ben")
        await ana.press("c")
        await ana.until("entities", "1")
        await ben.until("entities", "1")
        await ana.press("2", "]", "x")
        await ana.page.keyboard.type("0.25")
        await ana.press("Enter")
        await ana.settled()

        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            cube = cleo.entities[0]
            await cleo.wait_until(lambda: len(cube.faces) == 10)
            await agree(cleo.document_hash, ana, ben)
            tower = await cleo.create("cube", size=0.5, at=(1.2, 0.25, 0), name="tower")
            await tower.extrude_face(tower.faces.nearest_to_normal((0, 1, 0)), distance=0.5)
            await tower.paint((0.9, 0.4, 0.1))
            await agree(cleo.document_hash, ana, ben)
            await ana.picture("two-pages-and-python")

            await ben.press("p")
            await ben.until("entities", "3")
            await ben.press("2", "]", "x")
            await ben.page.keyboard.type("0.1")
            await ben.press("Enter")
            await ben.settled()
            await cleo.wait_until(lambda: sum(len(each.faces) for each in cleo.entities) > 10 + 10 + 5)
            await agree(cleo.document_hash, ana, ben)
            await ben.press("Escape", "Control+z")
            await cleo.wait_until(lambda: sum(len(each.faces) for each in cleo.entities) == 10 + 10 + 5)
            await ben.settled()
            await ben.press("Control+z")
            await ben.until("entities", "2")
            await ana.press("Escape", "Control+z")
            await cleo.wait_until(lambda: len(cube.faces) == 6)
            await cleo.undo()
            await agree(cleo.document_hash, ana, ben)
            assert len(tower.faces) == 10, "only the paint was undone"
            await ana.press("Control+Shift+z")
            await cleo.wait_until(lambda: len(cube.faces) == 10)
            await agree(cleo.document_hash, ana, ben)
            shown = cleo.document_hash
        await room.stop()
        assert f"document hash: {shown}" in await room.theta("info", "studio.theta")
        await room.theta("verify", "studio.theta")


async def test_pages_come_back_after_kill_9_with_nothing_acknowledged_lost(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        ben = await visit(browser, room.link, "Ben")
        await ana.press("c")
        await ben.until("entities", "1")
        await ana.settled()
        acknowledged = await ana.state("documentHash")
        await room.kill()
        await ana.until("connection", "reconnecting")
        await ana.picture("while-the-room-is-away")
        await ben.press("p")
        assert await ben.state("pending") == "1"
        await room.start()
        await ana.until("connection", "live")
        await ben.settled()
        await ana.until("entities", "2")
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            assert cleo.document_hash != acknowledged
            await agree(cleo.document_hash, ana, ben)
            assert sorted(entity.owner for entity in cleo.entities) == ["Ana", "Ben"]
            await ana.click("undo")
            await cleo.wait_until(lambda: [entity.owner for entity in cleo.entities] == ["Ben"])
            await agree(cleo.document_hash, ana, ben)
        await ana.picture("after-the-room-came-back")


async def test_people_see_each_other_and_talk(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        ben = await visit(browser, room.link, "<b>Ben</b>")
        await ana.until("people", "2")
        await ana.page.mouse.move(640, 420)
        await ben.page.mouse.move(700, 500)
        await ana.until("presences", "1")
        await ben.until("presences", "1")
        for visitor in (ana, ben):
            x, y = await visitor.screen_of(await visitor.page.evaluate(HEAD_OF_THE_OTHER))
            assert 260 < x < 980, "between the panels"
            assert 90 < y < 400, "under the toolbar, above the work"
        await ana.picture("ben-seen-by-ana")
        stood = await ana.scene("scene.rig.place.yaw")
        await ana.page.reload()
        await ana.until("connection", "live")
        assert await ana.scene("scene.rig.place.yaw") == stood, "whoever comes back stands where they were"
        await ben.press("t")
        await ben.page.keyboard.type("<i>hello</i>")
        await ben.press("Enter")
        await ana.page.get_by_text("<i>hello</i>").wait_for()
        assert await ana.page.get_by_text("<b>Ben</b>").count() > 0, "names are text, never markup"
        await ben.context.close()
        await ana.until("people", "1")
        assert ana.complaints == []


async def test_without_an_invite_the_page_asks_for_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        stranger = await newcomer(browser)
        address = room.link.split("#")[0]
        await stranger.page.goto(address)
        await stranger.page.get_by_text("invite", exact=False).first.wait_for()
        assert await stranger.state("connection") != "live"
        await stranger.picture("asked-for-the-invite")


async def test_a_wrong_invite_is_said_and_asked_for_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        stranger = await newcomer(browser)
        await stranger.page.goto(f"{room.link.split('#')[0]}#invite={'A' * 24}")
        await stranger.page.get_by_test_id("name-input").fill("Mallory")
        await stranger.press("Enter")
        await stranger.page.get_by_test_id("invite-input").wait_for()
        assert await stranger.state("connection") == "refused"
        await stranger.picture("a-wrong-invite")
        await stranger.page.get_by_test_id("invite-input").fill(room.link)
        await stranger.press("Enter")
        await stranger.until("connection", "live")


async def test_the_page_asks_nobody_else_for_anything(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        page = (await newcomer(browser)).page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(room.link)
        await page.wait_for_function("document.documentElement.dataset.firstFrameMs")
        origin = room.link.split("#")[0]
        assert len(asked) > 1
        assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
        assert "invite" not in page.url, "the invite leaves the address bar once it is read"
