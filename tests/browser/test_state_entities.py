"""What is alive in a room, on the page: it is drawn, it moves by itself, and a hand takes it along for everyone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

import theta
from tests.browser.emulator import visit_in_headset
from tests.browser.stage import Visitor, chromium, visit
from tests.support.room_process import RoomProcess, serving
from theta import Pose
from theta.ecs.entities import Entity

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WORLD = """
import math
from dataclasses import dataclass

import numpy as np

import theta
from theta import Batch, Pose, Shape, ShapeKind, Stage, system

AROUND = 30


@dataclass
class Clock:
    seconds: float = 0.0


@system(Stage.RENDER, writes=(Pose,))
def swing(world: theta.World, seconds: float) -> None:
    clock = world.resources[Clock]
    clock.seconds += seconds
    world.write(pendulum, Pose((math.sin(2.0 * clock.seconds), 1.6, -1.0)))


world = theta.World()
world.resources.put(Clock())
angles = np.linspace(0.0, 2.0 * np.pi, AROUND, endpoint=False)
ring = np.stack((2.5 * np.cos(angles), np.full(AROUND, 0.1), 2.5 * np.sin(angles)), axis=1)
kinds = np.arange(AROUND) % 4
shape = Batch(Shape, kind=kinds, size=np.full((AROUND, 3), 0.2), colour=np.full((AROUND, 3), 120))
world.spawn_many(AROUND, Batch(Pose, translation=ring), shape)
ball = world.spawn(Pose((0.0, 0.5, 0.0)), Shape(ShapeKind.SPHERE, (0.5, 0.5, 0.5), (240, 90, 60)))
pendulum = world.spawn(Pose((0.0, 1.6, -1.0)), Shape(ShapeKind.CONE, (0.3, 0.4, 0.3), (90, 140, 240)))
world.schedule.add(swing)
"""
ENTITIES = 32
BALL = (0.0, 0.5, 0.0)

PLACES = """Array.from({ length: scene.state.layer.count }, (_, row) => {
    const entity = scene.state.layer.entityAt(row);
    return [String(entity), scene.state.layer.placeOf(entity).position.toArray()];
})"""


@asynccontextmanager
async def living_room(folder: Path) -> AsyncIterator[tuple[RoomProcess, Browser]]:
    """A room with things in it, one of which swings by itself, and a browser."""
    file = folder / "playground.py"
    file.write_text(WORLD)
    async with serving(folder, "--world", str(file)) as room, chromium() as browser:
        yield room, browser


async def nearest(ana: Visitor, point: tuple[float, float, float]) -> str:
    """Which entity the page shows nearest to a point."""
    places: list[Any] = await ana.scene(PLACES)
    return str(min(places, key=lambda each: sum((a - b) ** 2 for a, b in zip(each[1], point, strict=True)))[0])


async def place_of(ana: Visitor, entity: str) -> list[float]:
    """Where the page shows an entity."""
    found: list[float] = await ana.scene("scene.state.layer.placeOf(BigInt(argument)).position.toArray()", entity)
    return found


async def until(ana: Visitor, condition: str, argument: object = None) -> None:
    """Wait until the page's `scene` fulfils a condition."""
    expression = f"argument => (scene => ({condition}))(window.theta.scene)"
    await ana.page.wait_for_function(expression, arg=argument, timeout=30_000)


async def shown(ana: Visitor) -> None:
    """Wait until everything in the room is drawn."""
    await until(ana, "scene.state.layer.count === argument", ENTITIES)


def ball_of(cleo: theta.RoomClient) -> Entity:
    """The entity that is as large as nothing else in the room."""
    return next(
        Entity(int(entity))
        for entities, (_, shape) in cleo.world.query(Pose, theta.Shape)
        for entity, size in zip(entities, shape["size"], strict=True)
        if size[0] > 0.45
    )


async def test_a_page_draws_what_is_alive_and_a_drag_moves_it_for_everyone(tmp_path: Path) -> None:
    async with living_room(tmp_path) as (room, browser):
        ana = await visit(browser, room.link, "Ana")
        await shown(ana)
        await ana.until("stateEntities", str(ENTITIES))
        pendulum = await nearest(ana, (0.0, 1.6, -1.0))
        before = await place_of(ana, pendulum)
        await until(
            ana,
            "Math.abs(scene.state.layer.placeOf(BigInt(argument[0])).position.x - argument[1]) > 0.3",
            [pendulum, before[0]],
        )

        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            await cleo.wait_until(lambda: cleo.world.entity_count == ENTITIES)
            ball = ball_of(cleo)
            entity = str(cleo.room_entity(ball))
            assert await nearest(ana, BALL) == entity
            x, y = await ana.screen_of(BALL)
            yaw = await ana.scene("scene.rig.place.yaw")
            await ana.page.mouse.move(x, y)
            await until(ana, "String(scene.state.hold.hovered) === argument", entity)
            assert await ana.scene("scene.stage.canvas.style.cursor") == "grab"
            await ana.page.mouse.down()
            await until(ana, "String(scene.state.hold.entity) === argument", entity)
            await ana.page.mouse.move(x + 120, y - 60, steps=8)
            await cleo.wait_until(lambda: cleo.owner_of(ball) is not None)
            owner = cleo.owner_of(ball)
            assert owner is not None
            assert owner.name == "Ana"
            await ana.picture("something-alive-in-the-hand")
            await ana.page.mouse.up()
            await cleo.wait_until(lambda: cleo.owner_of(ball) is None)
            await cleo.wait_until(lambda: cleo.world.read(ball, Pose).translation[1] > 0.6)
            assert await ana.scene("scene.rig.place.yaw") == yaw, "the camera stood still"
            here = cleo.world.read(ball, Pose).translation
            there = await place_of(ana, entity)
            assert there == pytest.approx(here, abs=0.01), "both have it where it was let go of"
            assert sum((a - b) ** 2 for a, b in zip(here, BALL, strict=True)) > 0.1
            assert ana.sent == [], "no command: nothing to undo"
        assert await ana.scene("scene.selection.state.selected") is None
        assert f"{ENTITIES} alive" in str(await ana.page.get_by_test_id("living").text_content())
        near = await ana.scene("scene.rig.place.distance")
        await ana.press("f")
        assert await ana.scene("scene.rig.place.distance") > near, "everything there is to look at is alive"
        assert ana.complaints == []


async def test_what_python_holds_is_marked_and_can_be_taken_from_it(tmp_path: Path) -> None:
    async with (
        living_room(tmp_path) as (room, browser),
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, room.link, "Ana")
        await shown(ana)
        await cleo.wait_until(lambda: cleo.world.entity_count == ENTITIES)
        ball = ball_of(cleo)
        entity = str(cleo.room_entity(ball))
        assert await cleo.grab(ball)
        cleo.write(ball, Pose((0.3, 0.9, 0.0)))
        held = "[...window.theta.client.state.held.keys()].map(String).join()"
        await until(ana, f"{held} === argument", entity)
        await until(ana, "Math.abs(scene.state.layer.placeOf(BigInt(argument)).position.y - 0.9) < 0.01", entity)
        await ana.drawn()
        await ana.picture("something-alive-in-anothers-hand")

        await ana.page.mouse.move(*await ana.screen_of((0.3, 0.9, 0.0)))
        await ana.page.mouse.down()
        await cleo.wait_until(lambda: not cleo.holds(ball))
        await ana.press("Escape")
        await cleo.wait_until(lambda: cleo.owner_of(ball) is None)
        assert await ana.scene("scene.state.hold.entity") is None, "Escape lets go"
        await ana.page.mouse.up()
        assert ana.complaints == []


async def test_in_a_headset_the_grip_takes_it_and_it_turns_with_the_hand(tmp_path: Path) -> None:
    async with (
        living_room(tmp_path) as (room, browser),
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        await cleo.wait_until(lambda: cleo.world.entity_count == ENTITIES)
        ball = ball_of(cleo)
        ana = await visit_in_headset(browser, room.link, "Ana")
        await shown(ana.visitor)
        await ana.enter()
        await ana.aim("right", cleo.world.read(ball, Pose).translation)
        await ana.frames()
        assert await ana.visitor.scene("String(scene.state.hold.hovered)") == str(cleo.room_entity(ball))
        await ana.press("right", "squeeze")
        await cleo.wait_until(lambda: cleo.owner_of(ball) is not None)
        before = cleo.world.read(ball, Pose).translation
        await ana.carry("right", (0.0, 0.4, 0.0))
        await cleo.wait_until(lambda: cleo.world.read(ball, Pose).translation[1] > before[1] + 0.35)
        await ana.picture("something-alive-in-the-grip")
        await ana.release("right", "squeeze")
        await cleo.wait_until(lambda: cleo.owner_of(ball) is None)
        assert cleo.world.read(ball, Pose).translation[1] == pytest.approx(before[1] + 0.4, abs=0.03)
        assert ana.visitor.sent == []
        assert ana.visitor.complaints == []


async def test_who_only_watches_takes_nothing(tmp_path: Path) -> None:
    async with living_room(tmp_path) as (room, browser):
        ana = await visit(browser, room.viewer_link, "Ana")
        await shown(ana)
        await ana.page.mouse.move(*await ana.screen_of(BALL))
        await until(ana, "scene.state.hold.hovered !== null")
        assert await ana.scene("scene.stage.canvas.style.cursor") == "not-allowed"
        yaw = await ana.scene("scene.rig.place.yaw")
        await ana.page.mouse.down()
        x, y = await ana.screen_of(BALL)
        await ana.page.mouse.move(x + 120, y, steps=6)
        await ana.page.mouse.up()
        assert await ana.scene("window.theta.client.state.held.size") == 0
        assert await ana.scene("scene.rig.place.yaw") != yaw, "the drag turned the camera, as everywhere"
        assert ana.complaints == []


async def test_the_second_of_two_fingers_zooms_and_takes_nothing(tmp_path: Path) -> None:
    async with living_room(tmp_path) as (room, browser):
        ana = await visit(browser, room.link, "Ana")
        await shown(ana)
        x, y = await ana.screen_of(BALL)
        fingers = await ana.page.context.new_cdp_session(ana.page)

        async def touch(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": left, "y": top, "id": at} for at, (left, top) in enumerate(points)]
            await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        distance = await ana.scene("scene.rig.place.distance")
        beside = (x - 150, y + 120)
        await touch("touchStart", beside)
        await touch("touchStart", beside, (x, y))
        for step in range(1, 9):
            await touch("touchMove", beside, (x + 15 * step, y - 12 * step))
        assert await ana.scene("scene.state.hold.entity") is None
        assert await ana.scene("scene.rig.place.distance") < distance, "two fingers that part come nearer"
        await touch("touchEnd")
        x, y = await ana.screen_of(BALL)
        await touch("touchStart", (x, y))
        await until(ana, "scene.state.hold.entity !== null")
        await touch("touchEnd")
        await until(ana, "scene.state.hold.entity === null")
        assert ana.complaints == []


async def test_a_connection_that_breaks_takes_it_out_of_the_hand(tmp_path: Path) -> None:
    async with living_room(tmp_path) as (room, browser):
        ana = await visit(browser, room.link, "Ana")
        await shown(ana)
        x, y = await ana.screen_of(BALL)
        await ana.page.mouse.move(x, y)
        await ana.page.mouse.down()
        await until(ana, "scene.state.hold.entity !== null")
        await ana.page.mouse.move(x + 80, y - 40, steps=4)
        await room.kill()
        await until(ana, "scene.state.hold.entity === null")
        await ana.page.get_by_text("It slipped out of your hand").wait_for()
        await ana.page.mouse.up()


async def test_at_rest_nothing_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "still.py"
    file.write_text(WORLD.replace("world.schedule.add(swing)", ""))
    async with serving(tmp_path, "--world", str(file)) as room, chromium() as browser:
        ana = await visit(browser, room.link, "Ana")
        await shown(ana)
        still = """async () => {
            const { scene } = window.theta;
            for (let tries = 0; tries < 60; tries++) {
                const before = scene.frames;
                await new Promise((done) => setTimeout(done, 500));
                if (scene.frames === before) return true;
            }
            return false;
        }"""
        assert await ana.page.evaluate(still)
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            await cleo.wait_until(lambda: cleo.world.entity_count == ENTITIES)
            ball = ball_of(cleo)
            async with cleo.grabbed(ball):
                cleo.write(ball, Pose((0.0, 1.5, 0.0)))
            await until(
                ana,
                "Math.abs(scene.state.layer.placeOf(BigInt(argument)).position.y - 1.5) < 0.01",
                str(cleo.room_entity(ball)),
            )
        assert ana.complaints == []
