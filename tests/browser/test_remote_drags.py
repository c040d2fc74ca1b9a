"""REP-5 in two real pages: what one person drags is seen by the other while it lasts, and only once."""

from pathlib import Path

import pytest

from tests.browser.stage import chromium, visit
from tests.support.room_process import serving

pytestmark = pytest.mark.browser

DRAWN = "[...window.theta.scene.entities.views.values()][0].mesh"
"""The mesh as it is on the stage now, a preview included."""
RECORD = f"""() => {{
    window.heights = [];
    window.theta.scene.stage.addTask(() => {{
        window.heights.push(Math.max(...{DRAWN}.positions.map(Math.abs)));
        return true;
    }});
}}"""
SELECT_A_FACE = """() => {
    const { scene } = window.theta;
    const [view] = scene.entities.views.values();
    const element = [...view.mesh.faceIds.slice(48, 64)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    scene.selection.select({ kind: "face", entity: view.entity.id, element });
    return scene.handles[0].direction.toArray();
}"""


async def test_rep_5_others_see_a_face_pulled_while_it_is_pulled_and_never_twice(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await ana.click("add-cube")
        await ana.until("entities", "1")
        ben = await visit(browser, room.link, "Ben")
        await ben.until("entities", "1")
        await ben.page.evaluate(RECORD)
        await ana.click("mode-face")
        direction = await ana.page.evaluate(SELECT_A_FACE)
        axis = next(at for at in range(3) if abs(direction[at]) > 0.99)

        await ana.take_handle(axis=axis, metres=0.4)
        await ben.page.wait_for_function(f"() => {DRAWN}.faceCount === 10", timeout=20_000)
        document = "[...window.theta.client.document.entities.values()][0].mesh.faceCount"
        assert await ben.page.evaluate(document) == 6, "nothing is in the log while the handle is held"

        await ana.page.mouse.up()
        await ana.settled()
        await ben.until("documentHash", await ana.state("documentHash"))
        over = "() => [...window.theta.client.presence.values()].every((one) => one.drag === null)"
        await ben.page.wait_for_function(over, timeout=20_000)
        heights = await ben.page.evaluate("window.heights")
        assert max(heights) <= heights[-1] + 1e-3, "the pull was never drawn on top of itself"
        assert ana.complaints == ben.complaints == []
