"""`kill -9` while people edit: what was acknowledged is in the log, once, and everybody finds back and agrees.

THETA_KILLS=1000 kills as often (make soak-kill); every 25 kills have a room, three people and a seed of their own.
"""

import asyncio
import os
import random
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import theta
from tests.support import room_process
from tests.support.ledger import Ledger, commands_in
from tests.support.news import DEADLINE_SECONDS, News
from tests.support.room_process import RoomProcess, serving
from theta.adapters.client import NoEffect, RoomClient
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import NothingToUndo, UndoConflict, UnknownElement
from theta.editor.vocabulary import CreatePrimitive, Paint
from theta.node.asset_desk import shelf_of
from theta.node.audit import audit
from theta.node.opening import open_log
from theta.node.replica import Replica

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KILLS = int(os.environ.get("THETA_KILLS", "25"))
KILLS_PER_ROOM = 25
KILLS_WITH_CHECKPOINTS = 10
"""Each start reads a checkpoint, so that fewer show as much."""
NAMES = ("Ada", "Bo", "Cy")
HANDS = 2
"""What each does at the same time, so that more than one packet is on its way."""
EDITING_SECONDS_MAX = 0.15
COMMANDS_BETWEEN_MAX = 12
TURNS_MAX = 60
FRUITLESS = (NoEffect, NothingToUndo, UndoConflict, UnknownElement)


class Editor:
    """A person who edits without a pause until told to stop, whatever becomes of the room."""

    def __init__(self, room: RoomClient, name: str, seed: str, news: News, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = room
        self.name = name
        self.ledger = Ledger(room._peer, monkeypatch, news.tell)
        room.on_event = self.ledger.handle_event
        self._random = random.Random(f"{seed} {name}")
        self._made = 0
        self._is_done = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_settled(self) -> bool:
        """Whether the room acknowledged everything, and it is folded here."""
        return self.room._peer.unacknowledged == 0 and self.ledger.performed.keys() == self.ledger.outcomes.keys()

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(self._edit()) for _ in range(HANDS)]

    async def finish(self) -> None:
        self._is_done = True
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*self._tasks)

    async def _edit(self) -> None:
        while not self._is_done:
            try:
                await self._do_something()
            except FRUITLESS:
                await asyncio.sleep(0)

    async def _do_something(self) -> None:
        draw = self._random
        entities = self.room.entities
        verb = draw.choice(["create", "extrude", "extrude", "paint", "move", "bend", "burst", "undo", "redo"])
        if verb == "undo":
            await self.room.undo()
        elif verb == "redo":
            await self.room.redo()
        elif verb == "create" or not entities:
            await self.room.perform(self._a_new_object())
        elif verb == "burst":
            await asyncio.gather(*(self.room.perform(self._a_new_object()) for _ in range(draw.randint(2, 4))))
        else:
            await self._change(draw.choice(entities), verb)

    async def _change(self, entity: theta.Entity, verb: str) -> None:
        draw = self._random
        if verb == "extrude":
            await entity.extrude_face(draw.choice(list(entity.faces)), distance=draw.uniform(0.05, 0.3))
        elif verb == "move":
            await entity.place(at=[draw.uniform(-3, 3) for _ in range(3)])
        elif verb == "bend":
            vertex = draw.choice(entity.vertices)
            await entity.move_vertices([vertex], [[draw.uniform(-1, 1) for _ in range(3)]])
        else:
            colours = [Paint(entity.id, (draw.random(), draw.random(), draw.random())) for _ in range(2)]
            await self.room.perform(*colours)

    def _a_new_object(self) -> CreatePrimitive:
        self._made += 1
        at = (self._random.uniform(-3, 3), 0.0, self._random.uniform(-3, 3))
        return CreatePrimitive("cube", 0.5, f"{self.name} {self._made}", at, (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))


async def edit_for_a_moment(draw: random.Random, editors: list[Editor], news: News) -> None:
    """Some acknowledged commands, and a little more: loop turns or a timer, drawn from the seed."""
    wanted = sum(len(editor.ledger.promised) for editor in editors) + draw.randint(0, COMMANDS_BETWEEN_MAX)
    await news.until(lambda: sum(len(editor.ledger.promised) for editor in editors) >= wanted)
    if draw.random() < 0.5:
        for _ in range(draw.randint(0, TURNS_MAX)):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(draw.uniform(0.0, EDITING_SECONDS_MAX))


async def kill_again_and_again(
    room: RoomProcess, editors: list[Editor], news: News, draw: random.Random, kills: int
) -> None:
    for number in range(kills):
        await edit_for_a_moment(draw, editors, news)
        await room.kill()
        promised = {name for editor in editors for name in editor.ledger.promised}
        lost = promised - {command.name for command in commands_in(room.records_as_they_lie())}
        assert not lost, f"acknowledged, and lost by kill {number}: {lost}"
        await room.start()


async def live_through(folder: Path, seed: str, kills: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One room and three people, from the first start to the proof at the end."""
    draw, news = random.Random(seed), News()
    async with serving(folder) as room:
        async with AsyncExitStack() as stack:
            editors = []
            for name in NAMES:
                client = theta.connect(room.link, name=name, identity=folder / f"{name}.key")
                editors.append(Editor(await stack.enter_async_context(client), name, seed, news, monkeypatch))
            for editor in editors:
                editor.begin()
            await kill_again_and_again(room, editors, news, draw, kills)
            document_hash = await finish_together(editors, news)
        await room.stop()
        await check_the_file(room, editors, document_hash)


async def finish_together(editors: list[Editor], news: News) -> str:
    """Let everybody come to an end; the hash of the document that all of them have then."""
    for editor in editors:
        await editor.finish()
    await news.until(lambda: all(editor.is_settled for editor in editors))
    await until_they_agree(editors)
    return editors[0].room.document_hash


async def until_they_agree(editors: list[Editor]) -> None:
    """Wait until everybody is at one record with one document; says who was where when they never are."""

    def where() -> dict[str, tuple[int, str]]:
        return {each.name: (each.room.head_seq, each.room.document_hash) for each in editors}

    waits = [asyncio.ensure_future(each.room.wait_until(lambda: len(set(where().values())) == 1)) for each in editors]
    done, others = await asyncio.wait(waits, timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    assert done, f"they do not agree: {where()}"


async def check_the_file(room: RoomProcess, editors: list[Editor], document_hash: str) -> None:
    store = SqliteLogStore.open_read_only(room.file)
    records = list(store.read())
    store.close()
    report = audit(records)
    assert report.is_good, report.fault
    assert report.document_hash.hex() == document_hash
    replica, commands = Replica.from_records(records), commands_in(records)
    for editor in editors:
        editor.ledger.check_against(replica, commands)
        assert all(editor.ledger.resumed), "everybody's session went on"
        assert editor.ledger.resumed, f"{editor.name} never had to come back"
    assert len(commands) == sum(len(editor.ledger.performed) for editor in editors)
    made = [command.operation.name for command in commands if isinstance(command.operation, CreatePrimitive)]
    assert len(set(made)) == len(made), "something was made twice"
    await room.theta("verify", room.file.name)
    assert f"document hash: {document_hash}" in await room.theta("info", room.file.name)
    print(f"{len(commands)} commands in {len(records)} records")


async def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, first in enumerate(range(0, KILLS, KILLS_PER_ROOM)):
        room_seed = f"{seed}.{number}"
        print(f"seed {room_seed}")
        folder = tmp_path / room_seed
        folder.mkdir()
        await live_through(folder, room_seed, min(KILLS_PER_ROOM, KILLS - first), monkeypatch)
        shutil.rmtree(folder)


async def test_log_25_nor_by_kill_9_of_a_room_that_writes_checkpoints_all_the_time(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_process, "PROGRAM", [sys.executable, "-c", room_process.WITH_CHECKPOINTS])
    await live_through(tmp_path, f"{seed} checkpoints", min(KILLS_WITH_CHECKPOINTS, KILLS), monkeypatch)
    store = SqliteLogStore.open_read_only(tmp_path / "studio.theta")
    records, shelf = list(store.read()), shelf_of(store.assets())
    report = audit(records, shelf, source=store)
    assert report.is_good, (report.fault, report.checkpoint_faults)
    assert report.checkpoints, "no checkpoint was ever written"
    opened = open_log(store, shelf)
    assert opened.header is not None
    assert opened.damaged == ()
    assert opened.replica.document.hash == report.document_hash
    store.close()
