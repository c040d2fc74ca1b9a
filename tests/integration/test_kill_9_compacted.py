"""`kill -9` of a compacted room that writes checkpoints all the time: nothing is lost, and the last one opens it."""

import random
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import theta
from tests.integration.test_kill_9 import Editor, edit_for_a_moment, finish_together
from tests.support import room_process
from tests.support.long_logs import PLACE, LongLog
from tests.support.news import News
from tests.support.room_process import RoomProcess, serving
from theta.adapters.files import room_secret_path, write_secret
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.identifiers import CommandName
from theta.cli.compacting import compact
from theta.commands.packets import parse_body
from theta.commands.records import PacketRecord, RecordKind, decode
from theta.editor.vocabulary import CreatePrimitive
from theta.node.asset_desk import shelf_of
from theta.node.audit import audit
from theta.node.opening import open_log

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KILLS = 6


def compacted_room(folder: Path, seed: str) -> None:
    """A room's file as `theta compact` leaves it, with its key."""
    log = LongLog(random.Random(seed), people=2)
    for number in range(30):
        log.packet(log.people[number % 2], [CreatePrimitive("cube", 0.5, f"old {number}", *PLACE)])
    log.attest()
    whole = folder / "whole.theta"
    store = SqliteLogStore.open(whole)
    store.append(log.records)
    store.close()
    write_secret(room_secret_path(whole), b"l" * 32)
    compact(whole, folder / "studio.theta")
    shutil.move(whole, folder / "kept.theta")


def names_in(room: RoomProcess) -> set[CommandName]:
    """The names of all commands that lie on the disk."""
    found = set()
    for record in room.records_as_they_lie():
        if record.kind == RecordKind.PACKET:
            packet = decode(PacketRecord, record.body)
            found |= {CommandName(packet.actor, each.number) for each in parse_body(packet.body).envelopes()}
    return found


def checkpoints_in(room: RoomProcess) -> int:
    """How many checkpoints a running room has written, the one of `theta compact` included."""
    store = SqliteLogStore.open_read_only(room.file)
    count = len(store.checkpoints())
    store.close()
    return count


async def test_log_25_a_compacted_room_opens_from_its_last_checkpoint_after_any_kill(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_process, "PROGRAM", [sys.executable, "-c", room_process.WITH_CHECKPOINTS])
    text = f"{seed} compacted"
    compacted_room(tmp_path, text)
    draw, news = random.Random(text), News()
    async with serving(tmp_path) as room:
        async with AsyncExitStack() as stack:
            ada = await stack.enter_async_context(theta.connect(room.link, name="Ada", identity=tmp_path / "ada.key"))
            bo = await stack.enter_async_context(theta.connect(room.link, name="Bo", identity=tmp_path / "bo.key"))
            editors = [Editor(ada, "Ada", text, news, monkeypatch), Editor(bo, "Bo", text, news, monkeypatch)]
            for editor in editors:
                editor.begin()
            for number in range(KILLS):
                await edit_for_a_moment(draw, editors, news)
                await room.kill()
                lost = {name for editor in editors for name in editor.ledger.promised} - names_in(room)
                assert not lost, f"acknowledged, and lost by kill {number}: {lost}"
                await room.start()
            while checkpoints_in(room) < 2:
                await edit_for_a_moment(draw, editors, news)
            document_hash = await finish_together(editors, news)
        await room.stop()
        assert f"document hash: {document_hash}" in await room.theta("verify", "studio.theta")
    store = SqliteLogStore.open_read_only(tmp_path / "studio.theta")
    shelf = shelf_of(store.assets())
    report = audit(store.read(), shelf, source=store)
    assert report.is_good, (report.fault, report.checkpoint_faults)
    assert report.checkpoints == len(store.checkpoints()) > 1
    opened = open_log(store, shelf)
    assert opened.header is not None
    assert (opened.damaged, opened.header.seq > store.first_seq) == ((), True)
    assert opened.replica.document.hash == report.document_hash
    store.close()
