"""A crash at every point of writing: whatever a disk had of the write-ahead log, acknowledged batches are whole.

The log grows by frames (a 24-byte header and a page each), and a crash may leave any prefix of what was written since
the last sync: cut at a frame, within one, or with zeros or an older log's frames behind the cut.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.contract.log_store_contract import make_log
from theta.adapters.sqlite_store import SqliteLogStore
from theta.commands.store import StoredAsset, StoredRecord

pytestmark = pytest.mark.integration

WAL_HEADER_BYTES = 32
FRAME_BYTES = 24 + 4096
BATCHES = 14


class Step(NamedTuple):
    """One append: the database and its log just before it and just after it returned, and what was kept until then."""

    database: bytes
    before: bytes
    after: bytes
    kept_before: int
    kept_after: int


@pytest.fixture
def randomness(seed: int) -> random.Random:
    return random.Random(seed)


def appended_in_steps(folder: Path, randomness: random.Random) -> tuple[list[StoredRecord], list[Step]]:
    """Append batches of many sizes, with a checkpoint in the middle, so that later frames overwrite older ones."""
    path, log = folder / "room.theta", folder / "room.theta-wal"
    store = SqliteLogStore.open(path)
    records: list[StoredRecord] = []
    steps: list[Step] = []
    for number in range(BATCHES):
        if number == BATCHES // 2:
            store._connection.execute("PRAGMA wal_checkpoint(RESTART)")
        last = records[-1] if records else None
        batch = make_log(randomness.choice([1, 2, 5, 20]), after=last, body_bytes=randomness.choice([40, 900, 9_000]))
        before = log.read_bytes() if log.exists() else b""
        database = path.read_bytes()
        store.append(batch)
        steps.append(Step(database, before, log.read_bytes(), len(records), len(records) + len(batch)))
        records += batch
    store.close()
    return records, steps


def crash_images(step: Step, randomness: random.Random) -> Iterator[bytes]:
    """Every write-ahead log that a crash during the step may leave behind."""
    changed_from = next(
        (at for at, (old, new) in enumerate(zip(step.before, step.after, strict=False)) if old != new),
        min(len(step.before), len(step.after)),
    )
    frame = max(0, (changed_from - WAL_HEADER_BYTES) // FRAME_BYTES)
    boundaries = range(WAL_HEADER_BYTES + frame * FRAME_BYTES, len(step.after) + 1, FRAME_BYTES)
    for boundary in boundaries:
        for cut in (boundary, boundary + 12, boundary + 24, boundary + 24 + randomness.randrange(1, 4096)):
            if changed_from <= cut <= len(step.after):
                yield step.after[:cut] + step.before[cut:]
                yield step.after[:cut] + bytes(len(step.after) - cut)
                yield step.after[:cut]


def test_acknowledged_batches_survive_a_crash_at_every_write(tmp_path: Path, randomness: random.Random) -> None:
    (tmp_path / "live").mkdir()
    records, steps = appended_in_steps(tmp_path / "live", randomness)
    tried = 0
    outcomes = set()
    for step in steps:
        for image in crash_images(step, randomness):
            folder = tmp_path / "crashed"
            folder.mkdir()
            (folder / "room.theta").write_bytes(step.database)
            (folder / "room.theta-wal").write_bytes(image)
            store = SqliteLogStore.open(folder / "room.theta")
            found = list(store.read())
            store.close()
            shutil.rmtree(folder)
            assert found in (records[: step.kept_before], records[: step.kept_after]), f"half a batch at {len(image)}"
            if image[: len(step.after)] == step.after:
                assert len(found) == step.kept_after, "an acknowledged batch is gone"
            outcomes.add(len(found) == step.kept_after)
            tried += 1
    assert outcomes == {True, False}
    assert tried > 300
    print(f"{tried} crash points over {len(steps)} appends")


def test_ast_10_an_asset_is_whole_or_not_there_after_a_crash_at_every_write(
    tmp_path: Path, randomness: random.Random
) -> None:
    (tmp_path / "live").mkdir()
    path, log = tmp_path / "live/room.theta", tmp_path / "live/room.theta-wal"
    store = SqliteLogStore.open(path)
    records = make_log(3)
    store.append(records)
    assets = [
        StoredAsset(bytes([at]) * 32, randomness.randbytes(size), at) for at, size in enumerate((40, 9_000, 30_000))
    ]
    seen = set()
    for number, asset in enumerate(assets):
        before, database = log.read_bytes(), path.read_bytes()
        store.put_asset(asset)
        step = Step(database, before, log.read_bytes(), number, number + 1)
        for image in crash_images(step, randomness):
            folder = tmp_path / "crashed"
            folder.mkdir()
            (folder / "room.theta").write_bytes(step.database)
            (folder / "room.theta-wal").write_bytes(image)
            opened = SqliteLogStore.open(folder / "room.theta")
            found, log_found = list(opened.assets()), list(opened.read())
            opened.close()
            shutil.rmtree(folder)
            assert log_found == records
            assert found in (assets[:number], assets[: number + 1]), "half an asset"
            if image[: len(step.after)] == step.after:
                assert found == assets[: number + 1], "an asset that was said to be stored is gone"
            seen.add(len(found) - number)
    store.close()
    assert seen == {0, 1}


def test_a_room_goes_on_after_a_torn_tail(tmp_path: Path, randomness: random.Random) -> None:
    (tmp_path / "live").mkdir()
    records, steps = appended_in_steps(tmp_path / "live", randomness)
    step = steps[BATCHES // 2 - 1]
    (tmp_path / "room.theta").write_bytes(step.database)
    (tmp_path / "room.theta-wal").write_bytes(step.after[:-100])
    expected = records[: step.kept_before]
    for _ in range(2):
        store = SqliteLogStore.open(tmp_path / "room.theta")
        assert list(store.read()) == expected
        more = make_log(3, after=expected[-1])
        store.append(more)
        store.close()
        expected += more
