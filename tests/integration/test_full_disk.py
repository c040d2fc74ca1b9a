"""A room process whose log file cannot grow past some byte: the kernel cuts a write short there and fails it.

The limit is RLIMIT_FSIZE, so that the failure is below SQLite: frames of its log are torn at seeded places.
"""

import asyncio
import random
import resource
from pathlib import Path

import pytest

import theta
from tests.support.ledger import Ledger, commands_in
from tests.support.news import News
from tests.support.room_process import RoomProcess, serving
from theta.adapters.client import RoomClient
from theta.node.audit import audit
from theta.node.replica import Replica

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROUNDS = 4
FRAME_BYTES = 24 + 4096
FRAMES_LEFT_MAX = 12
PATIENCE_SECONDS = 0.2


async def build_until_refused(room: RoomClient, ledger: Ledger) -> None:
    """Make objects one after the other, waiting a little for each, until the room says that it is read-only."""
    already = len(ledger.refused)
    while not any(refusal.code == "ReadOnly" for refusal in ledger.refused[already:]):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await room.create("cube", size=0.5, name=f"number {len(ledger.performed)}")
        except TimeoutError:
            continue  # it was on its way to the disk when that failed


def let_the_log_grow(room: RoomProcess, extra_bytes: int) -> None:
    """From here on, the room's log may grow by so many bytes."""
    log = room.file.with_name(room.file.name + "-wal")
    limit = log.stat().st_size + extra_bytes
    resource.prlimit(room.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


async def test_a_log_that_cannot_grow_makes_the_room_read_only_and_loses_nothing(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, news = random.Random(f"{seed} full disk"), News()
    async with serving(tmp_path) as room, theta.connect(room.link, name="Ada", identity=tmp_path / "ada.key") as ada:
        ledger = Ledger(ada._peer, monkeypatch, news.tell)
        ada.on_event = ledger.handle_event
        for number in range(ROUNDS):
            extra_bytes = draw.randrange(FRAMES_LEFT_MAX * FRAME_BYTES)
            print(f"round {number}: {extra_bytes} bytes left")
            let_the_log_grow(room, extra_bytes)
            await build_until_refused(ada, ledger)
            assert "cannot write studio.theta" in ledger.refused[-1].reason
            async with theta.connect(room.link, name="Bo", identity=tmp_path / "bo.key") as bo:
                assert bo.document_hash == ada.document_hash
            assert f"document hash: {ada.document_hash}" in await room.theta("info", room.file.name)
            await (room.stop() if number % 2 else room.kill())
            assert ledger.promised <= {command.name for command in commands_in(room.records_as_they_lie())}
            await room.start()
            await news.until(lambda: ledger.performed.keys() == ledger.acknowledged == ledger.outcomes.keys())
        await room.stop()
        records = room.records_as_they_lie()
        assert audit(records).is_good
        ledger.check_against(Replica.from_records(records), commands_in(records))
        await room.theta("verify", room.file.name)
