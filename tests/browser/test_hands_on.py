"""By mouse and keyboard against the real room: what a hand does becomes one command, and none before it lets go."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import theta
from tests.browser.stage import Visitor, chromium, newcomer, visit
from tests.support.room_process import RoomProcess, serving

pytestmark = pytest.mark.browser

DRAWN_TRIANGLES = "[...scene.entities.views.values()][0].surface.geometry.getAttribute('position').count / 3"
DRAWN_X = "[...scene.entities.views.values()][0].root.matrix.elements[12]"
NAMELESS = re.compile(r"- (button|textbox|combobox|listbox|option)( \[[^\]]*\])*:?\s*$", re.MULTILINE)
PANEL_OF_FOCUS = """() => document.activeElement?.closest(
    '[data-testid=view], [data-testid=toolbar], [data-testid=status-bar], .corner, section')?.dataset.testid
    ?? (document.activeElement?.closest('.corner') ? 'corner' : '')"""


def packets_in(file: Path) -> int:
    """How many packets of commands are in the room's log, on its disk."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as log:
        count: int = log.execute("SELECT count(*) FROM records WHERE kind = 2").fetchone()[0]
        return count


async def release(visitor: Visitor, room: RoomProcess, cleo: theta.RoomClient) -> None:
    """Let go, and see that exactly one command came of the whole drag: on the wire, in the log, at the Python peer."""
    sent, logged, shown = len(visitor.sent), packets_in(room.file), cleo.document_hash
    assert sent == logged, "nothing is sent before the release"
    await visitor.page.mouse.up()
    await cleo.wait_until(lambda: cleo.document_hash != shown)
    await visitor.settled()
    await visitor.until("documentHash", cleo.document_hash)
    assert (len(visitor.sent), packets_in(room.file)) == (sent + 1, logged + 1)
    assert visitor.complaints == []


async def test_faces_objects_and_vertices_are_dragged_each_as_one_command(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await ana.click("add-cube")
        await ana.until("entities", "1")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        cube = cleo.entities[0]

        await ana.click("mode-face")
        top = cube.faces.nearest_to_normal((0, 1, 0))
        await ana.click_at(np.add(cube.position, top.centre))
        assert await ana.scene("scene.selection.state.selected.element") == top.id.hex()
        assert await ana.scene(DRAWN_TRIANGLES) == 12
        await ana.take_handle(axis=1, metres=0.4)
        assert await ana.scene(DRAWN_TRIANGLES) == 20, "the drag is seen while it lasts"
        assert len(cube.faces) == 6
        await ana.picture("a-face-in-the-hand")
        await release(ana, room, cleo)
        assert len(cube.faces) == 10
        assert np.max(cube.positions[:, 1]) == pytest.approx(0.65, abs=0.02)

        await ana.click("mode-object")
        x, y, z = cube.position
        await ana.take_handle(axis=0, metres=0.5)
        assert await ana.scene(DRAWN_X) == pytest.approx(x + 0.5, abs=0.02)
        await release(ana, room, cleo)
        assert cube.position == pytest.approx((x + 0.5, y, z), abs=0.02)

        await ana.click("mode-vertex")
        old = np.array(cube.positions)
        corner = next(at for at in old if tuple(at > 0) == (True, True, True) and at[1] > 0.5)
        await ana.click_at(np.add(cube.position, corner * (0.9, 1, 0.9)))
        assert await ana.scene("scene.selection.state.selected.kind") == "vertex"
        await ana.take_handle(axis=1, metres=0.3)
        await release(ana, room, cleo)
        moved = np.argwhere(np.any(np.array(cube.positions) != old, axis=1))
        assert len(moved) == 1
        assert old[moved[0, 0]] == pytest.approx(corner)

        await ana.click("undo")
        await cleo.wait_until(lambda: np.array_equal(cube.positions, old))
        await ana.settled()
        assert (len(ana.sent), packets_in(room.file)) == (5, 5), "a cube, three drags, one step back"


async def test_a_drag_called_off_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await ana.click("add-cube")
        await ana.until("entities", "1")
        await ana.settled()
        at = await ana.scene(DRAWN_X)
        await ana.take_handle(axis=0, metres=0.5)
        assert await ana.scene(DRAWN_X) != at
        await ana.press("Escape")
        await ana.page.mouse.up()
        assert await ana.scene(DRAWN_X) == at
        await ana.click("undo")
        await ana.until("entities", "0")
        assert len(ana.sent) == 2, "the cube and its undoing"


async def test_whoever_has_the_viewers_link_watches_and_is_told_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        vera = await visit(browser, room.viewer_link, "Vera")
        assert await vera.state("role") == "viewer"
        await vera.page.get_by_text("You are watching; ask for an editor's link.").wait_for()
        await ana.click("add-cube")
        await vera.until("entities", "1")
        for button in ("add-cube", "add-pyramid", "add-plane", "tool-move", "undo", "redo"):
            assert await vera.page.get_by_test_id(button).is_disabled(), button
        await vera.press("]", "c", "Delete")
        assert await vera.scene("scene.selection.state.selected.kind") == "object"
        assert await vera.scene("scene.handles.length") == 0
        assert await vera.page.get_by_test_id("delete").is_disabled()
        assert await vera.state("pending") == "0"
        await vera.picture("watching")
        await ana.page.get_by_test_id("people-list").get_by_text("viewer").wait_for()
        assert (await ana.state("entities"), await vera.state("entities")) == ("1", "1")
        assert vera.complaints == []


async def test_at_an_insecure_address_the_page_says_what_to_open_instead(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        visitor = await newcomer(browser)
        # What Chromium says itself at the plain HTTP address of another machine.
        await visitor.page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        await visitor.page.goto(room.link)
        await visitor.page.get_by_test_id("insecure").wait_for()
        assert await visitor.page.get_by_test_id("insecure-local").input_value() == room.link
        https = room.link.replace("http:", "https:", 1)
        assert await visitor.page.get_by_test_id("insecure-link").input_value() == https
        assert await visitor.state("connection") == "idle"
        await visitor.picture("insecure-address")


async def test_everything_has_a_name_and_tab_reaches_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await ana.press("c")
        await ana.until("entities", "1")
        await ana.press("2", "]")
        names = await ana.page.locator("body").aria_snapshot()
        assert names.count("- button") > 20
        assert NAMELESS.findall(names) == []

        view = ana.page.get_by_test_id("view")
        await view.focus()
        ring = "view => getComputedStyle(view).outlineStyle"
        assert await view.evaluate(ring) == "none", "no ring for those who use the mouse"
        reached: list[str] = []
        for _ in range(80):
            await ana.press("Tab")
            reached.append(await ana.page.evaluate(PANEL_OF_FOCUS))
            if reached[-1] == "view":
                break
        assert set(reached) >= {"toolbar", "corner", "outline", "parts", "inspector", "chat", "status-bar", "view"}
        assert await view.evaluate(ring) == "solid"
        await ana.page.mouse.click(640, 700)
        assert await view.evaluate(ring) == "none"
