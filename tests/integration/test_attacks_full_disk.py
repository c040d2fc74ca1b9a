"""A disk that has no room for a checkpoint, and has some for records: the room goes on, and loses nothing."""

import asyncio
from pathlib import Path

import pytest

from tests.contract.log_store_contract import checkpoint_of, make_log
from theta.adapters.log_writer import LogWriter
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import StoreFull
from theta.commands.store import CheckpointDone, CheckpointPart

pytestmark = [pytest.mark.integration]

RECORDS = make_log(12)
PARTS = [bytes(200_000), bytes(200_001), b"end"]


def _crowd(store: SqliteLogStore, pages: int | None) -> None:
    """The file may grow by so many pages, or as it likes: SQLite fails as it does on a disk that is full."""
    (count,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {4_000_000_000 if pages is None else count + pages}")


def test_log_11_a_disk_without_room_for_a_checkpoint_keeps_records(tmp_path: Path) -> None:
    path = tmp_path / "studio.theta"
    store = SqliteLogStore.open(path)
    store.append(RECORDS[:2])
    old = checkpoint_of(2, [b"old"])
    store.put_part(2, 0, b"old")
    store.put_checkpoint(old)
    _crowd(store, 60)
    store.put_part(4, 0, PARTS[0])
    with pytest.raises(StoreFull, match="the disk is full"):
        store.put_part(4, 1, PARTS[1])
    store.append(RECORDS[2:4])
    _crowd(store, None)
    store.append(RECORDS[4:])
    assert store.checkpoints() == [old]
    store.drop_checkpoints([2])
    store.close()
    again = SqliteLogStore.open(path)
    assert list(again.read()) == RECORDS
    assert list(again.read_checkpoint(old)) == [b"old"]
    again.close()


async def test_log_11_a_checkpoint_for_which_there_is_no_room_is_given_up_whole(tmp_path: Path) -> None:
    store = SqliteLogStore.open(tmp_path / "studio.theta")
    store.append(RECORDS[:4])
    store.put_part(1, 0, b"")
    store.drop_checkpoints([])
    _crowd(store, 60)
    told: list[str] = []
    pieces: asyncio.Queue[str] = asyncio.Queue()
    writer = LogWriter(
        store,
        lambda seq: told.append(f"records {seq}"),
        lambda reason: told.append("failed"),
        on_checkpoint_durable=lambda: pieces.put_nowait("piece"),
        on_checkpoint_failed=lambda reason: pieces.put_nowait("given up"),
    )
    done = checkpoint_of(4, PARTS)
    for number, part in enumerate(PARTS):
        writer.append_checkpoint(CheckpointPart(4, number, part))
    writer.append_checkpoint(CheckpointDone(done, (4,)))
    small = checkpoint_of(4, [b"small"])
    writer.append_checkpoint(CheckpointPart(4, 0, b"small"))
    writer.append_checkpoint(CheckpointDone(small, (4,)))
    told += [await pieces.get() for _ in range(6)]
    writer.append(RECORDS[4:6])
    await writer.close()
    assert told == ["piece", "given up", "given up", "given up", "piece", "piece", "records 6"]
    again = SqliteLogStore.open(tmp_path / "studio.theta")
    assert list(again.read()) == RECORDS[:6]
    assert [list(again.read_checkpoint(each)) for each in again.checkpoints()] == [[b"small"]]
    again.close()
