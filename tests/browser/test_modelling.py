"""The modelling tools on the page, by mouse and keyboard, against the real room and a Python participant."""

import base64
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theta
from tests.browser.stage import Visitor, chromium, visit
from tests.support.room_process import serving
from theta.adapters.client.entities import Entity

pytestmark = pytest.mark.browser

COUNTS = "[...scene.entities.views.values()].map(({ mesh }) => [mesh.vertexCount, mesh.edgeCount, mesh.faceCount])[0]"
SELECTED = "(scene.selection.state.selected?.elements ?? [scene.selection.state.selected?.element]).filter(one => one)"
PAINTED = """[...scene.entities.views.values()].map(({ surface }) => surface.geometry.getAttribute('paint'))
    .map(paint => [...paint?.array ?? []].filter((value, at) => at % 4 === 3 && value === 1).length / 3)[0]"""
PIXEL = """async ([png, x, y]) => {
    const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
}"""


LOOK = """(scene.rig.stand({ ...scene.rig.place, yaw: Math.PI / 5, pitch: 0.5, distance: 2.4 }), scene.invalidate(),
    new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"""


async def look_closely(ana: Visitor) -> None:
    """Stand where the top, the front (+z) and the right side (+x) of what is in the middle are seen."""
    await ana.scene(LOOK)


async def agree(ana: Visitor, cleo: theta.RoomClient) -> None:
    """Wait until the page and the Python participant have the same document, with nothing left to send."""
    await ana.settled()
    shown = await ana.state("documentHash")
    await cleo.wait_until(lambda: cleo.document_hash == shown)
    assert await ana.state("documentStatus") == "current"
    assert ana.complaints == []


async def counts_become(ana: Visitor, cube: Entity, cleo: theta.RoomClient, counts: Iterable[int]) -> None:
    """Wait until the page draws so many vertices, edges and faces, and see that Python has as many."""
    await ana.page.wait_for_function(
        f"wanted => JSON.stringify((scene => ({COUNTS}))(window.theta.scene)) === wanted",
        arg=str(list(counts)).replace(" ", ""),
    )
    await agree(ana, cleo)
    assert [len(cube.mesh.vertex_ids()), len(cube.mesh.edge_ids()), len(cube.mesh.face_ids())] == list(counts)


async def selected_become(ana: Visitor, kind: str, count: int) -> None:
    """Wait until so many elements of a kind are selected, in the mode for it."""
    await ana.page.wait_for_function(
        f"""([kind, count]) => (scene => {SELECTED}.length === count && scene.selection.state.mode === kind
            && scene.selection.state.selected.kind === kind)(window.theta.scene)""",
        arg=[kind, count],
    )


async def pixel(ana: Visitor, point: Iterable[float]) -> Any:
    """The colour that is seen at a point of the world: red, green, blue, 0 to 255."""
    await ana.drawn()
    shot = base64.b64encode(await ana.page.screenshot()).decode()
    x, y = await ana.screen_of(point)
    return await ana.page.evaluate(PIXEL, [shot, round(x), round(y)])


async def test_a_cube_is_modelled_with_keys_and_clicks_and_every_step_can_be_undone(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await ana.press("c")
        await ana.until("entities", "1")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        cube = cleo.entities[0]
        await counts_become(ana, cube, cleo, (8, 12, 6))
        plain = cleo.document_hash

        await look_closely(ana)
        await ana.press("2")
        top = np.add(cube.position, cube.faces.nearest_to_normal((0, 1, 0)).centre)
        await ana.click_at(top)
        await ana.press("n")
        await ana.page.get_by_test_id("inset-distance").fill("0.1")
        await ana.press("Enter")
        await counts_become(ana, cube, cleo, (12, 20, 10))

        await ana.press("Escape", "x")
        await ana.page.get_by_test_id("extrude-distance").fill("0.2")
        await ana.press("Enter")
        await counts_become(ana, cube, cleo, (16, 28, 14))
        assert np.max(cube.positions[:, 1]) == pytest.approx(0.45)

        await ana.press("Escape", "4")
        # The middle of the edge between the two sides of the cube that are seen.
        x, _, z = cube.position
        await ana.click_at((x + 0.25, 0.2, z + 0.25))
        assert len(await ana.scene(SELECTED)) == 1
        await ana.press("k")
        await ana.page.get_by_test_id("loop-cut-t").fill("0.5")
        await ana.press("Enter")
        await counts_become(ana, cube, cleo, (20, 36, 18))
        await selected_become(ana, "edge", 4)
        await ana.picture("modelling-loop-cut")

        await ana.press("Escape")
        await ana.click_at((x + 0.25, 0.35, z + 0.25))
        await ana.press("b")
        await ana.page.get_by_test_id("bevel-width").fill("0.05")
        await ana.press("Enter")
        await ana.page.wait_for_function(f"() => (scene => ({COUNTS})[2] > 18)(window.theta.scene)")
        await agree(ana, cleo)
        bevelled = await ana.scene(COUNTS)
        await selected_become(ana, "face", 3)
        await ana.picture("modelling-bevel")

        await ana.press("Escape", "1")
        await ana.click_at(top)
        await ana.press("u", "Enter")
        vertices, edges, faces = bevelled
        await counts_become(ana, cube, cleo, (vertices + edges + faces, 4 * edges, 2 * edges))
        await ana.picture("modelling-subdivided")

        await ana.press("Escape")
        for counts in (bevelled, (20, 36, 18), (16, 28, 14), (12, 20, 10), (8, 12, 6)):
            await ana.press("Control+z")
            await counts_become(ana, cube, cleo, counts)
        assert cleo.document_hash == plain, "undo restores every bit"
        assert await ana.page.get_by_test_id("notice").count() == 0


async def test_faces_are_painted_and_drawn_in_their_colour(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana", sharp=True)
        await ana.press("c")
        await ana.until("entities", "1")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        cube = cleo.entities[0]
        await look_closely(ana)
        await ana.press("2")
        x, y, z = cube.position
        top, front = (x, y + 0.25, z), (x, y, z + 0.25)
        await ana.click_at(top)
        await ana.page.keyboard.down("Shift")
        await ana.click_at(front)
        await ana.page.keyboard.up("Shift")
        assert len(await ana.scene(SELECTED)) == 2
        await ana.click("colour-coral")
        await ana.page.wait_for_function(f"() => (scene => ({PAINTED}) === 4)(window.theta.scene)")
        await agree(ana, cleo)
        await ana.press("Escape")
        red, green, blue = await pixel(ana, top)
        assert red > max(150, green + 50, blue + 50), "coral"
        side = await pixel(ana, (x + 0.25, y, z))
        assert max(side) - min(side) < 40, "the others stay grey"
        await ana.picture("modelling-painted")

        await ana.press("Control+z")
        await ana.page.wait_for_function(f"() => (scene => ({PAINTED}) === 0)(window.theta.scene)")
        await agree(ana, cleo)


async def test_what_the_room_cannot_do_is_said_in_words_and_changes_nothing(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await ana.press("c")
        await ana.until("entities", "1")
        await ana.settled()
        before = await ana.state("documentHash")
        await ana.press("2", "]", "n")
        await ana.page.get_by_test_id("inset-distance").fill("5")
        await ana.press("Enter")
        notice = ana.page.get_by_test_id("notice").filter(has_text="That could not be done")
        await notice.wait_for()
        assert "Error" not in (await notice.inner_text())
        await agree(ana, cleo)
        assert await ana.state("documentHash") == before
        await ana.picture("modelling-refused")

        # Each edge is bevelled by itself: beside one that is, the next has no room left.
        await ana.press("Escape", "Escape", "1", "]", "4", "Control+a", "b")
        await ana.page.get_by_test_id("bevel-width").fill("0.05")
        await ana.press("Enter")
        notice = ana.page.get_by_test_id("notice").filter(has_text="of 12 could not be done")
        await notice.wait_for()
        assert "0.0499" not in (await notice.inner_text())
        await agree(ana, cleo)


async def test_loops_parts_and_shapes(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await ana.press("+")
        await ana.page.get_by_test_id("shape-segments").fill("8")
        await ana.page.get_by_test_id("shape-rings").fill("4")
        await ana.click("shape-torus")
        await ana.until("entities", "1")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        torus = cleo.entities[0]
        await counts_become(ana, torus, cleo, (32, 64, 32))

        await ana.press("4", "]", "Shift+L")
        assert len(await ana.scene(SELECTED)) in (4, 8)
        await ana.press("Shift+R")
        await ana.press("l")
        assert len(await ana.scene(SELECTED)) == 64
        await ana.press("6", "]")
        assert len(await ana.scene(SELECTED)) == 32
        await ana.press("5", "]")
        assert len(await ana.scene(SELECTED)) in (4, 8)
        await ana.picture("modelling-loop")

        # The outermost edge of the torus that is seen: its loop goes all around, its ring of quads around the tube.
        await look_closely(ana)
        x, y, z = torus.position
        rim = (x + 0.21, y + 0.005, z + 0.088)
        for mode, count in (("4", 8), ("2", 4)):
            await ana.press(mode)
            await ana.page.keyboard.down("Alt")
            await ana.click_at(rim)
            await ana.page.keyboard.up("Alt")
            assert len(await ana.scene(SELECTED)) == count

        await ana.press("Escape", "]")
        assert await ana.scene(SELECTED) == [], "nothing is selected, so the next is an object"
        await ana.press("]")
        await ana.press("Shift+J")
        await ana.until("entities", "2")
        await agree(ana, cleo)
        assert sorted(len(each.faces) for each in cleo.entities) == [1, 31]
        await ana.press("Control+z")
        await ana.until("entities", "1")
        await counts_become(ana, torus, cleo, (32, 64, 32))


async def test_every_operation_has_a_method_for_the_console(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await ana.press("c")
        await ana.until("entities", "1")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        cube = cleo.entities[0]
        top = cube.faces.nearest_to_normal((0, 1, 0)).id.hex()

        async def model(method: str, **fields: object) -> None:
            answer = await ana.page.evaluate(
                "async ([name, entity, fields]) => (await window.theta.model[name](entity, fields)).corrections.length",
                [method, cube.id.hex(), fields],
            )
            assert answer == 0

        await model("poke", face=top)
        await counts_become(ana, cube, cleo, (9, 16, 9))
        await model("deleteElements", vertices=[], edges=[], faces=[cube.faces.nearest_to_normal((0, -1, 0)).id.hex()])
        await counts_become(ana, cube, cleo, (9, 16, 8))
        sides = Counter(edge for face in cube.mesh.face_ids() for edge in cube.mesh.face_edges(face))
        hole = next(edge for edge, count in sides.items() if count == 1)
        await model("fillHole", edge=hole.hex())
        await counts_become(ana, cube, cleo, (9, 16, 9))
        await model("triangulateFaces", faces=[face.id.hex() for face in cube.faces])
        await counts_become(ana, cube, cleo, (9, 21, 14))
        await model("subdivide", scheme="loop")
        await counts_become(ana, cube, cleo, (30, 84, 56))
        await model("mirror", axis="x", offset=2, weldDistance=0)
        await counts_become(ana, cube, cleo, (60, 168, 112))
