"""The writer thread: group commit, order, failure and the last drain."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence

import pytest

from tests.contract.log_store_contract import checkpoint_of, make_log
from tests.contract.transport_contract import soon
from theta.adapters.log_writer import LogWriter
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import StoreUnavailable
from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.commands.store import CheckpointDone, CheckpointPart, StoredRecord

pytestmark = pytest.mark.integration


class SlowStore(MemoryLogStore):
    """Appends when it is let to, and remembers what came in one append."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int]] = []
        self.batches_before_parts: list[int] = []
        self.entered = threading.Semaphore(0)
        self.may_go_on = threading.Semaphore(0)
        self.closed = False

    def append(self, records: Sequence[StoredRecord]) -> None:
        self.entered.release()
        assert self.may_go_on.acquire(timeout=10)
        self.batches.append([record.seq for record in records])
        super().append(records)

    def put_part(self, seq: int, number: int, part: bytes) -> None:
        self.batches_before_parts.append(len(self.batches))
        super().put_part(seq, number, part)

    def close(self) -> None:
        self.closed = True
        super().close()

    def let_go(self) -> None:
        for _ in range(1_000):
            self.may_go_on.release()


class Heard:
    """What the writer called back with."""

    def __init__(self) -> None:
        self.durable: list[int] = []
        self.failures: list[str] = []
        self.changed = asyncio.Event()

    def on_durable(self, seq: int) -> None:
        self.durable.append(seq)
        self.changed.set()

    def on_failed(self, reason: str) -> None:
        self.failures.append(reason)
        self.changed.set()

    async def until(self, seq: int) -> None:
        async with asyncio.timeout(10):
            while not self.durable or self.durable[-1] < seq:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def store() -> Iterator[SlowStore]:
    slow = SlowStore()
    yield slow
    slow.let_go()


@pytest.fixture
async def heard() -> Heard:
    return Heard()


async def test_all_that_waits_during_one_write_goes_into_the_next(store: SlowStore, heard: Heard) -> None:
    writer = LogWriter(store, heard.on_durable, heard.on_failed)
    records = make_log(10)
    writer.append(records[:1])
    await asyncio.to_thread(store.entered.acquire)
    for record in records[1:]:
        writer.append([record])
    assert writer.in_flight == 10
    assert heard.durable == []
    store.let_go()
    await heard.until(10)
    assert store.batches == [[1], list(range(2, 11))]
    assert heard.durable == [1, 10]
    await soon(writer.close())
    assert (store.closed, writer.in_flight) == (True, 0)


async def test_closing_writes_what_waits_and_takes_no_more(store: SlowStore, heard: Heard) -> None:
    writer = LogWriter(store, heard.on_durable, heard.on_failed)
    writer.append(make_log(5))
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="closed"):
        writer.append(make_log(6)[5:])
    store.let_go()
    await soon(closing)
    assert heard.durable[-1] == 5
    assert len(list(store.read())) == 5


async def test_a_failure_is_told_once_and_nothing_is_written_after_it(heard: Heard) -> None:
    store = MemoryLogStore()
    writer = LogWriter(store, heard.on_durable, heard.on_failed)
    records = make_log(3)
    writer.append(records[:1])
    await heard.until(1)
    store.fail_next("the disk is full")
    writer.append(records[1:2])
    writer.append(records[2:])
    await soon(writer.close())
    assert heard.failures == ["the disk is full"]
    assert heard.durable == [1]
    assert list(store.read()) == records[:1]


async def test_a_bug_in_the_store_is_logged_and_told_as_one(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    writer = LogWriter(MemoryLogStore(), heard.on_durable, heard.on_failed)
    with caplog.at_level(logging.ERROR):
        writer.append(make_log(2)[1:])
        await soon(writer.close())
    assert heard.failures == ["an internal error; see the server's log"]
    assert "records are appended in order" in caplog.text


async def test_the_queue_is_bounded(store: SlowStore, heard: Heard) -> None:
    writer = LogWriter(store, heard.on_durable, heard.on_failed)
    records = make_log(APPENDS_IN_FLIGHT_MAX + 1, body_bytes=1)
    writer.append(records[:-1])
    with pytest.raises(StoreUnavailable, match=str(APPENDS_IN_FLIGHT_MAX)):
        writer.append(records[-1:])
    store.let_go()
    await soon(writer.close())
    assert len(list(store.read())) == APPENDS_IN_FLIGHT_MAX


async def test_the_thread_ends(heard: Heard) -> None:
    before = set(threading.enumerate())
    writer = LogWriter(MemoryLogStore(), heard.on_durable, heard.on_failed)
    assert set(threading.enumerate()) > before
    await soon(writer.close())
    await soon(writer.close())
    assert set(threading.enumerate()) <= before


async def test_log_23_a_checkpoint_is_written_between_batches_and_old_ones_are_dropped(
    store: SlowStore, heard: Heard
) -> None:
    durable: list[None] = []
    done = heard.on_durable, heard.on_failed
    writer = LogWriter(store, *done, on_checkpoint_durable=lambda: durable.append(None))
    records, parts = make_log(3), [b"one", b"two"]
    old, new = checkpoint_of(1, [b""]), checkpoint_of(2, parts)
    store.put_checkpoint(old)
    writer.append(records[:1])
    await asyncio.to_thread(store.entered.acquire)
    for number, part in enumerate(parts):
        writer.append_checkpoint(CheckpointPart(2, number, part))
    writer.append_checkpoint(CheckpointDone(new, (2,)))
    writer.append(records[1:])
    store.let_go()
    await heard.until(3)
    await soon(writer.close())
    assert store.batches_before_parts == [2, 2], "the batch that waits goes first"
    assert len(durable) == 3
    assert store.checkpoints() == [new]
    assert list(store.read_checkpoint(new)) == parts


async def test_log_11_a_checkpoint_that_cannot_be_written_stops_the_log_too(heard: Heard) -> None:
    store = MemoryLogStore()
    writer = LogWriter(store, heard.on_durable, heard.on_failed)
    store.fail_next("the disk is full")
    writer.append_checkpoint(CheckpointPart(1, 0, b""))
    writer.append_checkpoint(CheckpointDone(checkpoint_of(1, [b""]), (1,)))
    await soon(writer.close())
    assert heard.failures == ["the disk is full"]
    assert store.checkpoints() == []


async def test_each_commit_says_how_long_it_took(heard: Heard) -> None:
    seconds: list[float] = []
    writer = LogWriter(MemoryLogStore(), heard.on_durable, heard.on_failed, on_committed=seconds.append)
    writer.append(make_log(2))
    await heard.until(2)
    await soon(writer.close())
    assert len(seconds) == 1
    assert 0.0 <= seconds[0] < 10.0
