"""Bringing models in, letting others in, and taking the room away: all of it in the page, by mouse and keyboard."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import FilePayload, Page

import theta
from tests.browser.stage import Visitor, chromium, visit
from tests.support.gltf_validator import validate
from tests.support.room_process import serving
from tests.unit.gltf.entities import MAKER, entity
from theta.gltf import export_glb
from theta.mesh import build_primitive

pytestmark = pytest.mark.browser

OBJ = b"""# a roof, its points in centimetres
o Roof
v -60 0 -40
v 60 0 -40
v 60 0 40
v -60 0 40
v -60 50 0
v 60 50 0
f 1 2 3 4
f 1 5 6 2
f 3 6 5 4
f 2 6 3
f 4 5 1
"""


HEAD = re.compile(rb'"head":\{"seq":\d+,"chain":"[0-9a-f]+","document":("[0-9a-f]+")\}')


def but_for_the_head(file: Path) -> bytes:
    """A GLB without where the log stood: a quiet room signs its head at a moment of its own."""
    data, times = HEAD.subn(rb"\1", file.read_bytes())
    assert times == 1
    return data


def a_house() -> bytes:
    """A GLB of two nodes, the second one turned and stretched."""
    box = build_primitive("cube", 1.0, MAKER)
    thin = (0.2, 0.6, 0.2)
    return export_glb(
        [
            entity(name="Walls", mesh=box, translation=(0.0, 0.5, 0.0), colour=(0.9, 0.4, 0.3)),
            entity(name="Chimney", mesh=box, translation=(0.3, 1.3, 0.0), scale=thin, rotation=(0, 0.6, 0, 0.8)),
        ],
        "Theta test",
    )


async def drop(page: Page, name: str, content: bytes, *, let_go: bool = True) -> None:
    """Drag a file over the page, and let it go there."""
    await page.evaluate(
        """([name, content, letGo]) => {
            const bytes = Uint8Array.from(atob(content), character => character.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], name));
            for (const type of letGo ? ["dragenter", "dragover", "drop"] : ["dragenter", "dragover"]) {
                document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
            }
        }""",
        [name, base64.b64encode(content).decode(), let_go],
    )


async def said(visitor: Visitor, words: str) -> None:
    """Wait until a notice says it."""
    await visitor.page.get_by_test_id("notice").filter(has_text=words).wait_for()


async def test_models_are_brought_in_seen_by_all_and_taken_back_in_one_step(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await drop(ana.page, "house.glb", a_house(), let_go=False)
        await ana.page.get_by_test_id("drop-words").filter(has_text="Drop a GLB or OBJ").wait_for()
        await ana.picture("a-file-over-the-page")
        await drop(ana.page, "house.glb", a_house())
        await ana.until("entities", "2")
        await said(ana, "house.glb is in the room")
        await ana.picture("a-house-brought-in")
        await cleo.wait_until(lambda: len(cleo.entities) == 2)
        await ana.settled()
        await ana.until("documentHash", cleo.document_hash)
        assert sorted((each.name, len(each.faces)) for each in cleo.entities) == [("Chimney", 12), ("Walls", 12)]
        walls = cleo.find("Walls")
        assert len(walls.positions) == 8, "corners at one place are one"
        assert walls.position[1] == pytest.approx(0.5), "it stands on the floor"
        chimney = cleo.find("Chimney")
        assert chimney.position[1] == pytest.approx(1.3, abs=1e-6)
        assert np.ptp(np.array(chimney.positions), axis=0) == pytest.approx((0.2, 0.6, 0.2), abs=1e-6)
        assert len(ana.sent) == 2

        await ana.click("undo")
        await ana.until("entities", "0")
        await cleo.wait_until(lambda: len(cleo.entities) == 0)
        await ana.click("redo")
        await ana.until("entities", "2")

        await ana.page.get_by_test_id("import-file").set_input_files(
            FilePayload(name="roof.obj", mimeType="model/obj", buffer=OBJ)
        )
        await ana.page.get_by_test_id("size-words").filter(has_text="120 m across").wait_for()
        await ana.picture("how-large-is-it")
        await ana.click("size-fit")
        await ana.until("entities", "3")
        await cleo.wait_until(lambda: len(cleo.entities) == 3)
        await ana.settled()
        await ana.until("documentHash", cleo.document_hash)
        roof = cleo.find("Roof")
        assert sorted(len(face.vertices) for face in roof.faces) == [3, 3, 4, 4, 4], "polygons stay polygons"
        assert await ana.scene("scene.entities.views.size") == 3
        await ana.picture("a-roof-beside-it")
        assert ana.complaints == []


async def test_what_cannot_be_brought_in_is_said_in_words(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await drop(ana.page, "letter.txt", b"hello")
        await said(ana, ".txt can't be brought in")
        await drop(ana.page, "cut.glb", a_house()[:200])
        await said(ana, "This GLB is broken")
        await drop(ana.page, "bad.obj", b"v 0 0 0\nf 1 2 3\n")
        await said(ana, "broken in line 2")
        await ana.picture("a-broken-file")
        await drop(ana.page, "empty.obj", b"# nothing\n")
        await said(ana, "no faces in it")
        assert await ana.state("entities") == "0"
        vera = await visit(browser, room.viewer_link, "Vera")
        assert await vera.page.get_by_test_id("import").is_disabled()
        await drop(vera.page, "house.glb", a_house(), let_go=False)
        await vera.page.get_by_test_id("drop-words").filter(has_text="You are watching").wait_for()
        await drop(vera.page, "house.glb", a_house())
        await said(vera, "Nothing was brought in")
        assert (await vera.state("entities"), vera.sent) == ("0", [])
        assert (ana.complaints, vera.complaints) == ([], [])


async def test_a_builder_takes_the_room_away_and_lets_others_in_without_a_terminal(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await drop(ana.page, "house.glb", a_house())
        await ana.until("entities", "2")
        await ana.settled()
        await ana.click("share")
        await ana.page.get_by_test_id("share-qr").locator("svg").wait_for()
        await ana.picture("share-light")
        await ana.page.emulate_media(color_scheme="dark")
        await ana.picture("share-dark")
        await ana.page.emulate_media(color_scheme="light")

        async with ana.page.expect_download() as started:
            await ana.click("save-glb")
        export = await started.value
        assert export.suggested_filename == "studio.glb"
        await export.save_as(tmp_path / "studio.glb")
        code, report = validate(tmp_path / "studio.glb")
        assert code == 0, report["issues"]
        assert report["info"]["drawCallCount"] == 2
        await room.theta("export", "studio.theta", "by-terminal.glb")
        assert but_for_the_head(tmp_path / "studio.glb") == but_for_the_head(tmp_path / "by-terminal.glb")

        async with ana.page.expect_download() as started:
            await ana.click("save-copy")
        copy = await started.value
        assert copy.suggested_filename == "studio.theta"
        await copy.save_as(tmp_path / "copy.theta")
        assert await ana.state("documentHash") in await room.theta("info", "copy.theta")
        await room.theta("verify", "copy.theta")

        address = ana.page.get_by_test_id("share-address")
        options = await address.locator("option").all_inner_texts()
        local = next(option for option in options if "localhost" in option)
        await address.select_option(local)
        assert await ana.page.get_by_test_id("share-link").input_value() == room.link
        await ana.page.get_by_test_id("share-viewer").check()
        link = await ana.page.get_by_test_id("share-link").input_value()
        assert link == room.viewer_link
        vera = await visit(browser, link, "Vera")
        assert await vera.state("role") == "viewer"
        await vera.click("share")
        await vera.page.get_by_test_id("share-qr").locator("svg").wait_for()
        assert await vera.page.get_by_test_id("share-editor").is_hidden()
        assert await vera.page.get_by_test_id("save-copy").is_disabled()
        assert await vera.page.get_by_test_id("save-glb").is_enabled()
        assert (ana.complaints, vera.complaints) == ([], [])


@pytest.mark.parametrize(("width", "height"), [(640, 400), (360, 740), (860, 600), (1180, 760)])
async def test_every_control_can_be_reached_when_there_is_little_room(tmp_path: Path, width: int, height: int) -> None:
    """A window of 1280 × 800 at 200 % zoom has 640 × 400 CSS pixels."""
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await ana.page.set_viewport_size({"width": width, "height": height})
        await ana.page.evaluate("document.querySelector('[data-testid=enter-vr]')?.removeAttribute('hidden')")
        # The page makes room for the bar in the frame in which it has measured it.
        await ana.drawn()
        for button in await ana.page.locator(".top-bar button").all():
            name = await button.get_attribute("data-testid")
            box = await button.bounding_box()
            assert box is not None, name
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= width, name
            assert box["y"] + box["height"] <= height, name
            on_top = await button.evaluate(
                """button => {
                    const { left, top, width, height } = button.getBoundingClientRect();
                    return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
                }"""
            )
            assert on_top, f"{name} is covered"
        await ana.picture(f"little-room-{width}")
        await ana.click("share")
        await ana.page.get_by_test_id("share-qr").locator("svg").wait_for()
        await ana.picture(f"share-{width}")
        for test_id in ("share-copy", "save-glb", "save-copy", "share-close"):
            await ana.page.get_by_test_id(test_id).scroll_into_view_if_needed()
            box = await ana.page.get_by_test_id(test_id).bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= width - box["width"], test_id
