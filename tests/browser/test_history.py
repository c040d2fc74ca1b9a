"""Who did what and when, on the page: undo in company, conflicts, branches, the timeline, roles and invites."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

import theta
from tests.browser.stage import Visitor, chromium, visit
from tests.browser.wires import Wire
from tests.support.room_process import RoomProcess, serving

pytestmark = pytest.mark.browser

RED = (0.9, 0.1, 0.1)
BLUE = [0.1, 0.2, 0.9]
COLOURS = "JSON.stringify([...theta.client.document.entities.values()].map(({ material }) => material.colour))"
HEX = "[...mesh.faceIds.subarray(16 * at, 16 * at + 16)].map(byte => byte.toString(16).padStart(2, '0')).join('')"
MADE_BY_BEN = f"""async () => {{
    const [[entity, {{ mesh }}]] = window.theta.client.document.entities;
    const faces = Array.from({{ length: mesh.faceCount }}, (_, at) => {HEX});
    const makers = [];
    for (const face of faces) makers.push(await window.theta.client.whoMade(entity, 'face', face));
    return [entity, faces.filter((_, at) => makers[at]?.name === 'Ben')];
}}"""
CENTRE = f"""[...scene.entities.views.values()].map(({{ mesh, root }}) => {{
    const at = Array.from({{ length: mesh.faceCount }}, (_, at) => {HEX}).indexOf(argument);
    const corners = [...mesh.corners.subarray(mesh.faceOffsets[at], mesh.faceOffsets[at + 1])];
    const sum = axis => corners.reduce((all, corner) => all + mesh.positions[3 * corner + axis], 0) / corners.length;
    return root.position.clone().set(sum(0), sum(1), sum(2)).applyMatrix4(root.matrix).toArray();
}})[0]"""


def owner_key(folder: Path) -> Path:
    """The key of whoever serves a room in this folder: its owner, who is admin."""
    return folder / ".config" / "theta" / "identity.key"


async def paint(who: Visitor, colour: list[float]) -> None:
    """Paint the only object there is; it is on its way when this returns."""
    await who.page.evaluate(
        """colour => { const [entity] = theta.client.document.entities.keys();
            void theta.client.perform([{ type: 'paint', entity, colour }]); }""",
        colour,
    )


async def colour_becomes(who: Visitor, colour: list[float] | tuple[float, ...]) -> None:
    """Wait until the page shows the only object in this colour."""
    await who.page.wait_for_function(f"wanted => {COLOURS} === JSON.stringify([wanted])", arg=list(colour))


async def cube_for_two(ana: Visitor, ben: Visitor) -> None:
    """Ana adds a cube, and Ben pulls a face of it out."""
    await ana.press("c")
    await ana.until("entities", "1")
    await ana.settled()
    await ben.until("entities", "1")
    await ben.press("]", "2", "]", "x")
    await ben.page.keyboard.type("0.3")
    await ben.press("Enter")
    await ben.settled()
    await ana.page.wait_for_function("() => window.theta.client.history.undo?.dependants.length === 1")


async def test_an_undo_that_others_built_on_is_refused_and_cascades_and_comes_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana, ben = await visit(browser, room.link, "Ana"), await visit(browser, room.link, "Ben")
        await cube_for_two(ana, ben)
        whole = await ana.state("documentHash")
        await ana.press("Escape", "1", "Control+z")
        await ana.until("cards", "1")
        card = ana.page.get_by_test_id("card")
        await expect(card).to_contain_text("Ben built on this since, so it stays.")
        await expect(card).to_contain_text("Ben: extruding")
        assert await ana.state("documentHash") == whole
        await ana.picture("history-refused-undo")

        await ana.press("Shift+Z", "Enter")
        assert await ana.scene("scene.selection.state.selected?.kind") == "object", "Show was pressed by keyboard"
        await ana.press("Tab")
        focused = "document.activeElement.dataset.testid"
        assert await ana.page.evaluate(focused) == "card-cascade"
        await ana.press("Enter")
        for visitor in (ana, ben):
            await visitor.until("entities", "0")
        told = ben.page.get_by_test_id("card")
        await expect(told).to_contain_text("Your extruding was taken back")
        await expect(told).to_contain_text("Ana took it back")
        await ben.picture("history-taken-back")

        await ana.press("Escape", "Control+Shift+z")
        for visitor in (ana, ben):
            await visitor.until("documentHash", whole)
            assert visitor.complaints == []


async def test_a_refused_undo_is_taken_to_a_branch_and_merged_by_keyboard(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana, ben = await visit(browser, room.link, "Ana"), await visit(browser, room.link, "Ben")
        await cube_for_two(ana, ben)
        whole = await ana.state("documentHash")
        await ana.press("Escape", "1", "Control+z")
        await ana.click("card-branch")
        await ana.until("branch", "Ana’s branch")
        await ana.until("entities", "0")
        assert await ben.state("documentHash") == whole, "the main branch is as it was"
        await ana.press("c")
        await ana.until("entities", "1")
        await ana.settled()
        mine = await ana.state("documentHash")
        assert await ben.state("entities") == "1"
        await cleo.wait_until(lambda: len(cleo.branches) == 2)
        assert cleo.document_hash == whole
        await ana.picture("history-on-a-branch")

        await ana.press("Escape", "Shift+B")
        await expect(ana.page.get_by_test_id("branch-menu")).to_be_visible()
        await ana.picture("history-branches")
        await ana.press("Escape")
        await expect(ana.page.get_by_test_id("branch-menu")).to_be_hidden()
        await ana.press("Shift+B")
        await ana.press("Shift+Tab", "Shift+Tab", "Enter")
        await ana.until("branch", "main")
        await ana.until("documentHash", whole)
        await ana.press("Shift+B", "Tab", "Tab", "Enter")
        await expect(ana.page.get_by_test_id("merge-panel")).to_be_visible()
        await expect(ana.page.get_by_test_id("merge-step")).to_have_count(2)
        await ana.picture("history-merge")
        await ana.press("Shift+Tab", "Space")
        await expect(ana.page.get_by_test_id("merge-step").first).not_to_be_checked()
        await ana.press("Space", "Tab", "Enter")
        await ben.page.wait_for_function("() => window.theta.client.document.entities.size === 1")
        await cleo.wait_until(lambda: cleo.document_hash == mine)
        for visitor in (ana, ben):
            await visitor.until("documentHash", mine)
            assert visitor.complaints == []


async def test_what_another_overwrote_at_the_same_moment_is_said_and_restored(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        wire = Wire()
        ana = await visit(browser, room.link, "Ana", wire=wire)
        await ana.press("c")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        cube = cleo.entities[0]
        # Two commands after the same record: the second stands above the one of Ana's.
        wire.hold_packets()
        await paint(ana, BLUE)
        while wire.packets_held == 0:
            await ana.page.wait_for_timeout(20)
        await cube.rename("Red cube")
        await cube.paint(RED)
        wire.release()
        await ana.until("cards", "1")
        card = ana.page.get_by_test_id("card")
        await expect(card).to_contain_text("Cleo’s painting took the place of your painting")
        await colour_becomes(ana, RED)
        await ana.picture("history-conflict")
        await ana.click("card-show")
        assert await ana.scene("scene.selection.state.selected?.kind") == "object"
        await ana.press("Shift+Z", "Tab", "Enter")
        await colour_becomes(ana, BLUE)
        await ana.until("cards", "0")
        await ana.settled()
        await cleo.wait_until(lambda: list(cube.colour) == BLUE)
        assert ana.complaints == []


async def test_what_lost_its_face_is_shown_in_the_past_and_taken_to_a_branch(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        wire = Wire()
        ana = await visit(browser, room.link, "Ana", wire=wire)
        await ana.press("c")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        cube = cleo.entities[0]
        top = cube.faces.nearest_to_normal((0, 1, 0))
        wire.hold_room()
        await cube.delete_elements(faces=[top])
        await ana.page.evaluate(
            """async face => { const [entity] = theta.client.document.entities.keys();
                void theta.client.perform([{ type: 'rename', entity, name: 'Box' }]);
                void theta.model.extrudeFace(entity, { face, distance: 0.2 }); }""",
            top.id.hex(),
        )
        await cleo.wait_until(lambda: cube.name == "Box")
        wire.release()
        await ana.until("cards", "1")
        card = ana.page.get_by_test_id("card")
        await expect(card).to_contain_text("Your extruding came to nothing")
        await expect(card).to_contain_text("Cleo’s deleting took away what it was on")
        await ana.click("card-show")
        await expect(ana.page.get_by_test_id("moment")).to_be_visible()
        assert await ana.scene("scene.selection.state.selected?.element") == top.id.hex()
        await ana.picture("history-shown-in-the-past")
        await ana.click("card-branch")
        await ana.until("branch", "Ana’s branch")
        faces = "[...window.theta.scene.entities.views.values()][0].mesh.faceCount"
        await ana.page.wait_for_function(f"() => {faces} === 10")
        assert await ana.state("moment") == ""
        assert len(cube.faces) == 5, "the main branch is as it was"
        assert ana.complaints == []


async def test_who_made_a_face_and_the_timeline(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana, ben = await visit(browser, room.link, "Ana"), await visit(browser, room.link, "Ben")
        await cube_for_two(ana, ben)
        await ana.press("Escape", "1", "]", "Shift+I")
        assert await ana.state("who") == ""
        entity, faces = await ana.page.evaluate(MADE_BY_BEN)
        assert len(faces) == 4, "the sides; the cap is the face that was there before"
        tip = ana.page.get_by_test_id("who-tip")
        for side in faces:
            await ana.page.mouse.move(*await ana.screen_of(await ana.scene(CENTRE, side)))
            await ana.drawn()
            if await ana.scene("scene.selection.state.hovered?.element") == side:
                break
        await expect(tip).to_contain_text("Ben")
        await expect(tip).to_contain_text("extruding")
        await ana.picture("history-who-is-pointed-at")
        await ana.press("Shift+I")
        await expect(tip).to_be_hidden()

        await ana.scene("scene.selection.select(argument)", {"kind": "face", "entity": entity, "element": side})
        maker = ana.page.get_by_test_id("maker")
        await expect(maker).to_contain_text("Ben")
        await ana.picture("history-who-made-it")
        now = await ana.state("documentHash")
        counts = "[...scene.entities.views.values()].map(({ mesh }) => mesh.faceCount)"
        assert await ana.scene(counts) == [10]
        await ana.press("z")
        said = ana.page.get_by_test_id("timeline-said")
        await expect(said).to_have_text("Now")
        await ana.press("ArrowLeft")
        await expect(ana.page.get_by_test_id("moment")).to_be_visible()
        await expect(said).to_contain_text("Ana adding an object")
        await ana.page.wait_for_function(f"() => (scene => String({counts}) === '6')(window.theta.scene)")
        assert await ana.state("documentHash") == now, "the room goes on beside it"
        await ana.picture("history-timeline")
        await expect(ana.page.get_by_test_id("add-cube")).to_be_disabled()
        await ana.press("ArrowLeft")
        await ana.page.wait_for_function("() => window.theta.client.document.entities.size === 0")
        await ben.press("Escape", "p")
        await ben.until("entities", "2")
        await ben.settled()
        assert await ana.state("entities") == "0"
        await ana.press("Escape")
        await ana.until("moment", "")
        await ana.until("entities", "2")
        assert await ana.state("timeline") == ""
        assert ana.complaints == ben.complaints == []


async def change_the_rules(ana: Visitor, olga: theta.RoomClient) -> None:
    """An admin opens the rules of the room by keyboard and by pointer, also where there is little room."""
    await ana.press("Shift+O")
    await ana.page.get_by_test_id("policy-strategy").select_option("merge")
    await olga.wait_until(lambda: olga.replica.log.governance.strategy("*", olga.head_seq) == "merge")
    await ana.page.set_viewport_size({"width": 640, "height": 400})
    for test_id in ("policy-strategy", "policy-cascade", "policy-command", "policy-own", "policy-role"):
        await ana.press("Tab")
        assert await ana.page.evaluate("document.activeElement.dataset.testid") == test_id
        box = await ana.page.get_by_test_id(test_id).bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 400 - box["height"], test_id
    await ana.page.get_by_test_id("policy-role").select_option("admin")
    exception = ana.page.get_by_test_id("policy-exception")
    await expect(exception).to_have_text("Move vertices: admins only")
    assert olga.replica.log.governance.least_role("theta.move_vertices", olga.head_seq) == "admin"
    await ana.picture("history-rules")
    await ana.press("Escape")
    await expect(ana.page.get_by_test_id("policy-panel")).to_be_hidden()
    rules = ana.page.get_by_test_id("policy")
    await rules.scroll_into_view_if_needed()
    await rules.click()
    await expect(exception).to_be_visible()
    await ana.click("policy-close")
    await ana.page.set_viewport_size({"width": 1280, "height": 800})


async def test_admins_change_roles_send_people_away_and_revoke_keys(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Olga", identity=owner_key(tmp_path)) as olga,
    ):
        ana, ben = await visit(browser, room.link, "Ana"), await visit(browser, room.link, "Ben")
        assert await ana.page.get_by_test_id("person-manage").count() == 0
        await olga.set_role("Ana", "admin")
        await ana.until("role", "admin")

        await change_the_rules(ana, olga)

        async def manage() -> None:
            await ana.page.get_by_role("button", name="Role of Ben, and more").click()

        await manage()
        await ana.picture("history-person-menu")
        await ana.page.get_by_test_id("person-role").select_option("viewer")
        await ben.until("role", "viewer")
        await expect(ben.page.get_by_test_id("watching")).to_be_visible()
        await expect(ben.page.get_by_test_id("add-cube")).to_be_disabled()
        await manage()
        await ana.page.get_by_test_id("person-role").select_option("editor")
        await ben.until("role", "editor")

        await manage()
        await ana.page.get_by_test_id("person-reason").fill("take a break")
        await ana.click("person-kick")
        await ben.until("connection", "refused")
        notice = ben.page.get_by_test_id("notice")
        await expect(notice).to_contain_text("An admin sent you away")
        await expect(notice).to_contain_text("“take a break”")
        await ben.picture("history-sent-away")
        await notice.get_by_role("button", name="Come in again").click()
        await ben.until("connection", "live")

        await ana.until("people", "3")
        await manage()
        await ana.click("person-revoke", "person-revoke")
        await ben.until("connection", "refused")
        await expect(notice).to_contain_text("An admin took your key off this room")
        await notice.get_by_role("button", name="Try again").click()
        await ben.until("connection", "refused")
        await ana.page.get_by_role("button", name="Take back").click()
        await ana.settled()
        await ben.page.get_by_test_id("connection").click()
        await ben.until("connection", "live")
        assert ana.complaints == []


async def test_an_admin_makes_a_link_with_a_role_that_ends(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Olga", identity=owner_key(tmp_path)) as olga,
    ):
        ana = await visit(browser, room.link, "Ana")
        await olga.set_role("Ana", "admin")
        await ana.until("role", "admin")
        await ana.click("share")
        await ana.page.get_by_test_id("share-address").select_option(room.link.split("/#")[0])
        await ana.page.get_by_test_id("share-viewer").check()
        await ana.page.get_by_test_id("share-ends").select_option("3600")
        words = ana.page.get_by_test_id("share-words")
        await expect(words).to_contain_text("It lasts until")
        link = await ana.page.get_by_test_id("share-link").input_value()
        await ana.picture("history-share")
        ben = await visit(browser, link, "Ben")
        await ben.until("role", "viewer")
        assert ana.complaints == ben.complaints == []


async def paint_often(room: RoomProcess, folder: Path, count: int) -> None:
    """Somebody fills the log, one packet for each command."""
    async with theta.connect(room.link, name="Dora", identity=folder / "dora.key") as dora:
        cube = dora.entities[0]
        for number in range(count):
            await cube.paint((number / count, 0.5, 0.5))


async def test_what_reaches_the_room_too_late_is_stamped_anew(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        wire = Wire()
        ana = await visit(browser, room.link, "Ana", wire=wire)
        await ana.press("c")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.settled()
        wire.hold_packets()
        await ana.page.evaluate(
            """() => { const [entity] = theta.client.document.entities.keys();
                void theta.client.perform([{ type: 'rename', entity, name: 'Late' }]); }"""
        )
        while wire.packets_held == 0:
            await ana.page.wait_for_timeout(20)
        before = cleo.replica.log.head_seq
        await paint_often(room, tmp_path, 300)
        await asyncio.sleep(2.5)
        await cleo.entities[0].paint(RED)
        assert cleo.replica.log.head_seq > before + 256
        wire.release()
        await ana.settled()
        await cleo.wait_until(lambda: cleo.entities[0].name == "Late")
        assert await ana.page.get_by_test_id("notice").count() == 0
        await ana.until("documentHash", cleo.document_hash)
        assert ana.complaints == []
