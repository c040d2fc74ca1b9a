"""In an emulated Quest 3: what hands do in VR is one command each, and the session outlives coming and going."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import theta
from tests.browser.emulator import EYES, Headset, visit_in_headset
from tests.browser.stage import chromium, visit
from tests.support.room_process import RoomProcess, serving
from theta.cli.demo.company import build_together
from theta.replication.presence import DRAGS, HEAD_VALID, LEFT_VALID, RAY_VALID, RIGHT_VALID, Presence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

ABOVE = (0.2, 1.55, -0.35)
"""From here a hand sees the top of what stands before its person."""

DEMO_SECONDS = 10.0
COUNT = """(() => {
  window.counted = { frames: 0, drawCalls: 0, triangles: 0, people: 0 };
  const { stage } = window.theta.scene;
  stage.addTask(() => {
    counted.frames += 1;
    counted.people = Math.max(counted.people, window.theta.client.presence.size);
    for (const name of ["drawCalls", "triangles"]) counted[name] = Math.max(counted[name], stage.lastFrame[name]);
    return false;
  });
})()"""


def packets_in(file: Path) -> int:
    """How many packets of commands are in the room's log, on its disk."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as log:
        count: int = log.execute("SELECT count(*) FROM records WHERE kind = 2").fetchone()[0]
        return count


async def cube_before(ana: Headset, cleo: theta.RoomClient, height: float = 0.8) -> theta.Entity:
    """Cleo puts a cube of half a metre before Ana, a step away."""
    x, _, z = await ana.world((0, 0, -1.1))
    cube = await cleo.create("cube", size=0.5, at=(x, height, z), name="block")
    await ana.visitor.until("documentHash", cleo.document_hash)
    await ana.frames()
    return cube


async def released_as_one_command(ana: Headset, room: RoomProcess, cleo: theta.RoomClient, button: str) -> None:
    """Let go, and see that exactly one command came of the drag: on the wire, in the log, at the Python peer."""
    sent, logged, shown = len(ana.visitor.sent), packets_in(room.file), cleo.document_hash
    await ana.release("right", button)
    await cleo.wait_until(lambda: cleo.document_hash != shown)
    await ana.visitor.settled()
    await ana.visitor.until("documentHash", cleo.document_hash)
    assert (len(ana.visitor.sent), packets_in(room.file)) == (sent + 1, logged + 1)
    assert ana.visitor.complaints == []


def other(cleo: theta.RoomClient) -> theta.Person:
    """Who else is here, seen from Python."""
    return next(person for person in cleo.people if person.name != "Cleo")


async def pulled(ana: Headset, room: RoomProcess, cleo: theta.RoomClient, cube: theta.Entity, button: str) -> None:
    """Pull the cube's upper face up by 30 cm, as the others see it meanwhile, and let go."""
    top = cube.faces.nearest_to_normal((0, 1, 0))
    await ana.aim("right", np.add(cube.position, top.centre), ABOVE)
    before, packets = cleo.document_hash, packets_in(room.file)
    await ana.press("right", button)
    await ana.carry("right", (0, 0.3, 0))
    row = cleo.presence_of(other(cleo))
    assert row is not None
    assert DRAGS[row.drag] == "extrude"
    assert row.selected_element == top.id
    await cleo.wait_until(lambda: drag_distance(cleo) == pytest.approx(0.3, abs=0.01))
    assert (cleo.document_hash, packets_in(room.file), len(cube.faces)) == (before, packets, 6), "only a preview yet"
    await ana.picture(f"face-held-by-{button}")
    await released_as_one_command(ana, room, cleo, button)
    assert len(cube.faces) == 10
    assert np.max(cube.positions[:, 1]) == pytest.approx(0.55, abs=0.01)
    await cleo.wait_until(lambda: drag_distance(cleo) is None)


def drag_distance(cleo: theta.RoomClient) -> float | None:
    """How far the other is pulling a face now, as far as they said."""
    row = cleo.presence_of(other(cleo))
    return row.drag_position[0] if row is not None and DRAGS[row.drag] == "extrude" else None


async def test_a_face_is_gripped_and_pulled_as_one_command_and_undone_by_thumbstick(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        cube = await cube_before(ana, cleo)
        await ana.choose("Face")
        felt = len(await ana.pulses())
        await pulled(ana, room, cleo, cube, "squeeze")
        pulses = await ana.pulses()
        assert {pulse["side"] for pulse in pulses[felt:]} == {"right"}
        assert all(pulse["value"] > 0 and pulse["duration"] > 0 for pulse in pulses)

        after = cleo.document_hash
        await ana.flick("left", -1)
        await cleo.wait_until(lambda: len(cube.faces) == 6)
        await ana.visitor.until("documentHash", cleo.document_hash)
        await ana.frames()
        await ana.flick("left", 1)
        await cleo.wait_until(lambda: cleo.document_hash == after)
        await ana.visitor.until("documentHash", after)
        assert {pulse["side"] for pulse in (await ana.pulses())[len(pulses) :]} == {"left"}
        assert len(ana.visitor.sent) == 3, "a pull, a step back, a step forth"
        row = cleo.presence_of(other(cleo))
        assert row is not None
        assert row.flags == HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID
        assert row.head_position == pytest.approx(tuple(await ana.world(EYES)), abs=0.02)


async def test_objects_are_moved_and_turned_and_corners_moved_each_as_one_command(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        cube = await cube_before(ana, cleo)
        x, y, z = cube.position
        await ana.aim("right", (x, y + 0.25, z), ABOVE)
        await ana.press("right", "squeeze")
        await ana.carry("right", (0.2, 0.1, -0.1))
        moved = await ana.local((x, y, z))
        await released_as_one_command(ana, room, cleo, "squeeze")
        expected = await ana.world((moved[0] + 0.2, moved[1] + 0.1, moved[2] - 0.1))
        assert cube.position == pytest.approx(expected, abs=0.02)

        await ana.choose("Vertex")
        old = np.array(cube.positions)
        corner = next(at for at in old if at[0] > 0 and at[1] > 0 and at[2] > 0)
        await ana.aim("right", np.add(cube.position, corner * (0.9, 1, 0.9)), ABOVE)
        await ana.press("right", "squeeze")
        await ana.carry("right", (0, 0.15, 0))
        await released_as_one_command(ana, room, cleo, "squeeze")
        changed = np.argwhere(np.any(np.array(cube.positions) != old, axis=1))
        assert len(changed) == 1
        assert old[changed[0, 0]] == pytest.approx(corner)
        assert cube.positions[changed[0, 0]] == pytest.approx(np.add(corner, (0, 0.15, 0)), abs=0.01)


async def test_the_same_grab_works_with_bare_hands(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        await ana.hands()
        cube = await cube_before(ana, cleo)
        await ana.choose("Face", button="pinch")
        assert await ana.visitor.scene("scene.selection.state.mode") == "face"
        await pulled(ana, room, cleo, cube, "pinch")
        row = cleo.presence_of(other(cleo))
        assert row is not None
        assert row.flags == HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID, "hands are shown as controllers are"
        await ana.choose("Undo", button="pinch")
        await cleo.wait_until(lambda: len(cube.faces) == 6)
        await ana.choose("Leave VR", button="pinch")
        await ana.visitor.until("xr", "ready")
        assert [person.name for person in cleo.people if person.name != "Cleo"] == ["Ana"]
        assert await ana.visitor.state("connection") == "live"
        assert ana.visitor.complaints == []


async def test_a_cube_and_a_pyramid_are_built_from_nothing_by_controller_alone(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        await ana.choose("Add a cube")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.visitor.until("entities", "1")
        await ana.choose("Coral")
        await ana.visitor.settled()
        await ana.choose("Add a pyramid")
        await cleo.wait_until(lambda: len(cleo.entities) == 2)
        await ana.visitor.until("documentHash", cleo.document_hash)
        cube, pyramid = sorted(cleo.entities, key=lambda entity: entity.name)
        assert (cube.name, pyramid.name) == ("Cube", "Pyramid")
        assert (len(cube.faces), len(pyramid.faces)) == (6, 5)
        # Whole before the person and on the floor, side by side.
        for made in (cube, pyramid):
            right, height, behind = await ana.local(made.position)
            assert abs(right) < 1.2
            assert height == pytest.approx(0.25)
            assert -2.2 < behind < -0.7
        assert np.linalg.norm(np.subtract(cube.position, pyramid.position)) >= 0.5
        await ana.head(EYES, (0, 0.9, -1))
        await ana.picture("cube-and-pyramid")
        await ana.choose("Undo")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        assert ana.visitor.complaints == []


async def test_one_gets_about_by_teleport_snap_turn_and_both_hands_on_the_world(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        start, heading = await ana.feet(), await ana.heading()

        await ana.flick("right", 1)
        assert (await ana.heading() - heading) % 360 == pytest.approx(315, abs=0.1)
        assert await ana.feet() == pytest.approx(start, abs=0.01), "one turns where one stands"
        await ana.flick("right", -1)
        assert (await ana.heading() - heading + 180) % 360 == pytest.approx(180, abs=0.1)
        assert [pulse["side"] for pulse in await ana.pulses()] == ["right", "right"]

        await ana.aim("right", await ana.world((0.25, 1.0, -1.3)), (0.25, 1.2, -0.3))
        await ana.push("right", 0, -1)
        await ana.picture("teleport")
        await ana.push("right", 0, 0)
        await ana.until(
            "Math.hypot(...window.headset.world([0, 0, 0]).map((at, axis) => at - argument[axis])) > 1", start
        )
        ahead = np.subtract(await ana.feet(), start)
        assert np.linalg.norm(ahead) > 1
        assert await ana.heading() == pytest.approx(heading, abs=0.1)

        await ana.rest()
        await ana.call("headset.aim('right', [0.18, 1.22, -0.38], [0.18, 2.4, -1.4])")
        await ana.press("left", "squeeze")
        await ana.press("right", "squeeze")
        assert await ana.session("session.holding") == "world"
        await ana.carry("left", (0.09, 0, 0), steps=3)
        await ana.carry("right", (-0.09, 0, 0), steps=3)
        assert await ana.session("session.scale") == pytest.approx(2, abs=0.1)
        await ana.release("left", "squeeze")
        await ana.release("right", "squeeze")
        assert await ana.session("session.holding") == "nothing"
        assert await ana.session("session.scale") == pytest.approx(2, abs=0.1)
        assert (await ana.lint())["faults"] == [], "panels grow with their person"

        await ana.rest()
        await ana.choose("Settings")
        await ana.choose("Move smoothly")
        start, heading = await ana.feet(), await ana.heading()
        await ana.push("right", 0, -1)
        await ana.frames(8)
        await ana.picture("smooth-motion")
        await ana.push("right", 0, 0)
        assert np.linalg.norm(np.subtract(await ana.feet(), start)) > 0.2, "without a jump, and without letting go"
        assert await ana.heading() == pytest.approx(heading, abs=0.1)
        assert ana.visitor.complaints == []


async def test_left_handed_people_swap_everything(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        await ana.choose("Settings")
        await ana.choose("Left-handed")
        assert await ana.session("session.settings.state.leftHanded")
        await ana.call("headset.aim('right', [0.18, 1.22, -0.38], [0.18, 1.22, -1.4])")
        await ana.call("headset.aim('left', [-0.25, 1.2, -0.3], [-1, 2.4, -0.9])")
        await ana.frames()
        x, _, _ = await ana.local((await ana.call("headset.target('Settings')"))["point"])
        assert x > 0, "the palette is in the right hand now"
        await ana.choose("Settings", side="left")
        await ana.choose("Add a cube", side="left")
        await ana.visitor.until("entities", "1")
        await ana.flick("right", -1)
        await ana.visitor.until("entities", "0")
        heading = await ana.heading()
        await ana.flick("left", 1)
        assert (await ana.heading() - heading) % 360 == pytest.approx(315, abs=0.1)
        await ana.picture("left-handed")


async def test_the_session_is_kept_while_vr_is_entered_and_left(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        sockets: list[str] = []
        ana.page.on("websocket", lambda socket: sockets.append(socket.url))
        await cleo.create("cube", size=0.5, at=(0, 0.25, 0))
        await ana.visitor.until("entities", "1")
        actor = other(cleo).actor
        camera = await ana.visitor.scene("scene.camera.matrixWorld.elements.slice()")
        for _ in range(2):
            await ana.enter()
            await ana.choose("Leave VR")
            await ana.visitor.until("xr", "ready")
        assert [person.actor for person in cleo.people if person.name == "Ana"] == [actor]
        assert sockets == [], "nothing was connected anew"
        assert await ana.visitor.state("connection") == "live"
        assert await ana.visitor.scene("scene.camera.matrixWorld.elements.slice()") == pytest.approx(camera)
        assert await ana.visitor.scene("scene.stage.player.scale.x") == 1
        await ana.visitor.click("mode-object")
        await ana.visitor.click_at((0, 0.4, 0))
        assert await ana.visitor.scene("scene.selection.state.selected?.kind") == "object"
        await ana.visitor.take_handle(axis=1, metres=0.3)
        await ana.page.mouse.up()
        await cleo.wait_until(lambda: cleo.entities[0].position[1] > 0.4)
        await ana.visitor.press("v")
        await ana.visitor.until("xr", "immersive")
        assert ana.visitor.complaints == []


async def test_everything_to_read_or_press_in_vr_is_large_and_legible_enough(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        cube = await cube_before(ana, cleo)
        x, y, z = await ana.world((0.6, 1.6, -2.5))
        ray = Presence(0, 0, HEAD_VALID | RAY_VALID, head_position=(x, y, z), ray_origin=(x, y, z))
        toward = np.subtract(cube.position, ray.ray_origin)
        cleo.show(replace(ray, ray_direction=tuple(toward / np.linalg.norm(toward))))
        await ana.until("theta.client.presence.size === 1")
        await ana.frames()
        cleo.say("The lower face looks wrong to me; shall I take it back and begin again from the cube?")
        await ana.until("window.headset.texts().some(text => text.startsWith('Cleo: The lower'))")
        pages = {"build": await ana.lint()}
        await ana.picture("palette-and-chat")
        await ana.flick("left", -1)
        await ana.until("window.headset.texts().includes('Nothing to undo')")
        await ana.choose("Settings")
        pages["settings"] = await ana.lint()
        await ana.call("headset.aim('left', [-0.35, 0.9, -0.4], [-0.35, 0.9, -1.4])")
        await ana.frames()
        assert (await ana.lint())["faults"] == [], "held low, far from the eyes"
        await ana.picture("settings")
        for page, report in pages.items():
            assert report["faults"] == [], page
            assert report["checked"]["panel"] == 2, "palette and notices"
        assert pages["build"]["checked"]["target"] > 18
        assert pages["build"]["checked"]["text"] >= 4, "status, chat line, name tag and the name at the cursor"
        assert pages["settings"]["checked"]["target"] == 4
        ana_sees = await ana.call("headset.texts()")
        assert any(text.startswith("Live · with Cleo") for text in ana_sees)


async def test_a_lost_connection_is_seen_in_vr_and_what_was_done_meanwhile_is_not_lost(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        await room.kill()
        await ana.until("window.headset.texts().includes('Connection lost · reconnecting')")
        await ana.choose("Add a cube")
        await ana.picture("connection-lost")
        assert await ana.visitor.state("xr") == "immersive"
        await room.start()
        await ana.until("window.headset.texts().some(text => text.startsWith('Live'))", seconds=60)
        await ana.visitor.until("entities", "1")
        await ana.visitor.settled()


async def test_viewers_look_about_in_vr_and_change_nothing(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        vera = await visit_in_headset(browser, room.viewer_link, "Vera")
        await vera.enter()
        cube = await cube_before(vera, cleo)
        for label in ("Add a cube", "Undo", "Delete", "Move"):
            assert not (await vera.call("headset.target(argument)", label))["enabled"], label
        shown = cleo.document_hash
        await vera.aim("right", np.add(cube.position, (0, 0.25, 0)), ABOVE)
        await vera.press("right", "squeeze")
        await vera.carry("right", (0, 0.3, 0))
        await vera.release("right", "squeeze")
        await vera.until("window.headset.texts().some(text => text.startsWith('You are watching'))")
        assert cleo.document_hash == shown
        assert vera.visitor.sent == []
        assert (await vera.lint())["faults"] == []


async def test_without_a_headset_there_is_no_button_and_a_reason_for_whoever_asks(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        assert await ana.state("xr") == "unsupported"
        assert await ana.page.get_by_test_id("enter-vr").is_hidden()
        await ana.press("v")
        await ana.page.get_by_text("No VR here").wait_for()
        scripts = await ana.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert not [name for name in scripts if name.endswith(".glb")], "nothing of VR is loaded"


async def test_the_demo_is_light_enough_for_a_headset(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        ana = await visit_in_headset(browser, room.link, "Ana")
        await ana.enter()
        await ana.call(COUNT)
        url, _, invite = room.link.partition("/#invite=")
        building = asyncio.create_task(build_together(url, invite, seed=1, seconds=DEMO_SECONDS, tell=print))
        await ana.until("[...theta.client.presence.values()].filter(row => row.left && row.right).length === 3")
        await ana.picture("demo-in-the-middle")
        built = await building
        await ana.visitor.until("documentHash", built.document_hash)
        await ana.until("window.counted.frames >= 40", seconds=90)
        await ana.picture("demo-when-they-left")
        counted = await ana.page.evaluate("() => window.counted")
        print(counted)
        assert counted["people"] == 3, "three were there to be drawn"
        assert 0 < counted["drawCalls"] <= 100
        assert 0 < counted["triangles"] <= 500_000
        assert 0 < await ana.visitor.scene("scene.stage.renderer.xr.getFoveation()") <= 0.5
        assert (await ana.lint())["faults"] == []
        assert ana.visitor.complaints == []
