"""`theta demo`: the builders at work over real connections, with and without somebody in their way."""

import asyncio
import signal
from pathlib import Path

import numpy as np
import pytest

import theta
from tests.support.demo_process import demo
from tests.support.room_process import RoomProcess, serving
from theta.cli.demo.company import Built, build_together
from theta.cli.demo.scene import COLOURS, Pull, Shift, Thing
from theta.cli.demo.script import BringBack, Carry, Make, Paint, Shape, TakeBack, plan_parts
from theta.node.events import Event, Said
from theta.replication.presence import DRAGS, LEFT_VALID, RIGHT_VALID

pytestmark = pytest.mark.integration

SECONDS = 2.0
COMMANDS = {Make: 2, Carry: 1, Shape: 1, Paint: 1, TakeBack: 1, BringBack: 1}


async def build(room: RoomProcess, seed: int, seconds: float = SECONDS) -> tuple[Built, list[str]]:
    url, _, invite = room.link.partition("/#invite=")
    told: list[str] = []
    built = await build_together(
        url, invite, seed=seed, seconds=seconds, tell=lambda name, what: told.append(f"{name} {what}")
    )
    return built, told


def planned_things(seed: int) -> dict[str, Thing]:
    beats = [beat for part in plan_parts(seed) for beat in part.beats]
    return {beat.action.thing.name: beat.action.thing for beat in beats if isinstance(beat.action, Make)}


async def test_the_same_seed_builds_the_same_document_whatever_the_pace(tmp_path: Path) -> None:
    hashes = []
    for number, (seed, seconds) in enumerate([(7, 1.0), (7, 2.0), (8, 1.0)]):
        (tmp_path / str(number)).mkdir()
        async with serving(tmp_path / str(number)) as room:
            built, told = await build(room, seed, seconds)
            assert built.skipped == 0, told
            hashes.append(built.document_hash)
        assert f"document hash: {built.document_hash}" in await room.theta("info", "studio.theta")
        await room.theta("verify", "studio.theta")
    assert hashes[0] == hashes[1] != hashes[2]


async def test_what_stands_there_is_what_was_planned(tmp_path: Path) -> None:
    async with serving(tmp_path) as room:
        built, told = await build(room, 3)
        async with theta.connect(room.link, name="Inspector", identity=tmp_path / "inspector.key") as inspector:
            assert inspector.document_hash == built.document_hash
            assert len(inspector.entities) == built.objects
            beats = [beat for part in plan_parts(3) for beat in part.beats]
            things = planned_things(3).values()
            assert len(things) == built.objects
            for thing in things:
                entity = inspector.find(thing.name)
                assert entity.position == thing.at
                low, high = np.array(thing.at) - np.array(thing.size) / 2, np.array(thing.at) + np.array(thing.size) / 2
                if thing.kind == "plane":
                    low[1] = high[1] = thing.at[1]
                for shaping in thing.shaping:
                    way = np.array(shaping.direction) * shaping.metres if isinstance(shaping, Pull) else shaping.offset
                    low, high = low + np.minimum(way, 0.0), high + np.maximum(way, 0.0)
                corners = entity.positions * np.array(entity.scale) + np.array(entity.position)
                assert corners.min(axis=0) == pytest.approx(low)
                assert corners.max(axis=0) == pytest.approx(high)
            assert any(isinstance(shaping, Shift) for thing in things for shaping in thing.shaping)
    commands = sum(COMMANDS.get(type(beat.action), 0) for beat in beats)
    assert f"{commands} commands" in await room.theta("info", "studio.theta"), "each pull is one command"
    assert any(line.endswith("undoes that") for line in told)
    assert any(line.endswith("redoes it") for line in told)


async def test_a_visitor_sees_them_at_work_and_is_greeted(tmp_path: Path) -> None:
    async with serving(tmp_path) as room:
        async with theta.connect(room.link, name="Visitor", identity=tmp_path / "visitor.key") as visitor:
            said: list[str] = []
            drags: set[tuple[str, str]] = set()
            hands: set[str] = set()

            def look(event: Event) -> None:
                if isinstance(event, Said):
                    said.append(event.chat.text)
                for person in visitor.people:
                    row = visitor.presence_of(person)
                    if row is not None:
                        drags.add((person.name, DRAGS[row.drag]))
                        if row.flags & LEFT_VALID and row.flags & RIGHT_VALID:
                            hands.add(person.name)

            visitor.on_event = look
            built, _ = await build(room, 1, 3.0)
            await visitor.wait_until(lambda: len(visitor.people) == 1)
            assert visitor.document_hash == built.document_hash
        assert any(text.startswith("Hello Visitor!") for text in said)
        assert hands == {"Ada", "Grace", "Linus"}
        assert drags >= {("Ada", "object"), ("Ada", "extrude"), ("Grace", "element"), ("Linus", "extrude")}


async def test_what_a_visitor_changes_is_left_to_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as room:
        async with theta.connect(room.link, name="Visitor", identity=tmp_path / "visitor.key") as visitor:
            planned = planned_things(1)
            task = asyncio.create_task(build(room, 1, 4.0))

            async def appeared(name: str) -> theta.Entity:
                """Once it is there, in its colour."""
                colour = COLOURS[planned[name].colour]
                await visitor.wait_until(
                    lambda: any((each.name, each.colour) == (name, colour) for each in visitor.entities)
                )
                return visitor.find(name)

            async with asyncio.timeout(30):
                await (await appeared("walls")).delete()
                crown = await appeared("crown")
                await crown.place(at=(-2.0, 3.0, -2.5))
                await (await appeared("roof")).place(at=(0.0, 5.0, 0.0))
                await (await appeared("lamp post")).paint((0.0, 0.0, 0.0))
                built, told = await task
            await visitor.wait_until(lambda: visitor.document_hash == built.document_hash)
            names = {entity.name for entity in visitor.entities}
            assert set(planned) - names == {"walls"}
            assert visitor.find("crown").position == (-2.0, 3.0, -2.5)
            assert visitor.find("roof").position == (0.0, 5.0, 0.0)
            assert visitor.find("lamp post").colour == (0.0, 0.0, 0.0)
        assert 1 <= built.skipped <= 12
        assert told[-1].startswith("Linus says:"), "they went on to the end"
    await room.theta("verify", "studio.theta")


# -- the command -------------------------------------------------------------------------------------------------------


async def test_it_builds_and_leaves_a_room_that_opens_as_it_was(tmp_path: Path) -> None:
    async with demo(tmp_path, "--seconds", "1", "--seed", "5", "--exit") as first:
        built = await first.until(r"Done: (\d+) objects, document hash (\w+)\.")
        assert await first.end() == 0
        assert any("Ada    makes the walls" in line for line in first.lines)
    async with demo(tmp_path) as second:
        await second.until(rf"demo\.theta is opened as it was left: {built[1]} objects")
        second.process.send_signal(signal.SIGINT)
        assert await second.end() == 0
        assert not any("comes in" in line for line in second.lines)
    assert f"document hash: {built[2]}" in await RoomProcess(tmp_path).theta("info", "demo.theta")


@pytest.mark.parametrize(
    "line", ["come in and build", "Grace .*comes in", "Ada .*makes the walls", "Linus .*pulls the"]
)
async def test_ctrl_c_closes_it_cleanly_at_any_time(tmp_path: Path, line: str) -> None:
    async with demo(tmp_path, "--seconds", "8") as running:
        await running.until(line)
        running.process.send_signal(signal.SIGINT)
        assert await running.end() == 0
        assert "is closed and safe" in running.lines[-1]
        assert "Traceback" not in "".join(running.lines)
        assert "error" not in "".join(running.lines).lower()
    await RoomProcess(tmp_path).theta("verify", "demo.theta")


async def test_what_was_interrupted_before_it_began_begins_anew(tmp_path: Path) -> None:
    async with demo(tmp_path, "--seconds", "60") as interrupted:
        await interrupted.until("Ada .*comes in")
        interrupted.process.kill()
        await interrupted.end()
    async with demo(tmp_path, "--seconds", "1", "--exit") as again:
        await again.until("Done: 39 objects")
        assert await again.end() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seconds", "0.5"), "--seconds is 0.5, but must be between 1 and 3600"),
        (("--seconds", "nan"), "--seconds is nan"),
        (("--seed", "-1"), "--seed is -1, but must be between 0"),
    ],
)
async def test_bad_options_are_refused_before_a_file_is_made(
    tmp_path: Path, arguments: tuple[str, str], said: str
) -> None:
    async with demo(tmp_path, *arguments) as refused:
        assert await refused.end() == 2
        assert said in "".join(refused.lines)
    assert not (tmp_path / "demo.theta").exists()
