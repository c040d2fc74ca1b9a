"""A seeded disk under the log: an append is durable only after its fsync, and a crash tears off what was not.

The file is real bytes, so that a crash can leave half a record: each record, each asset and each name of an asset to
drop is framed as length (u32 LE) ‖ BLAKE2b-128 of the rest ‖ MessagePack of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from theta.base.errors import StoreCorrupt
from theta.base.identifiers import blake2b_128
from theta.base.randomness import Randomness
from theta.commands.store import StoredAsset, StoredRecord
from theta.sim.schedule import Schedule

SECTOR_BYTES = 512
_HEADER_BYTES = 20

Item = StoredRecord | StoredAsset | bytes


class DiskSettings(NamedTuple):
    """How long an fsync takes: between the two, evenly; a slow one, `stalls` of all, `stall_seconds`."""

    fsync_seconds_min: float = 0.001
    fsync_seconds_max: float = 0.010
    stalls: float = 0.0
    stall_seconds: float = 0.5


class SimulatedDisk:
    """One room file. It outlives the room's process.

    Args:
        schedule: when fsyncs are done.
        randomness: how long they take, and what a crash leaves.
        settings: see DiskSettings.
    """

    def __init__(self, schedule: Schedule, randomness: Randomness, settings: DiskSettings | None = None) -> None:
        self._schedule = schedule
        self._randomness = randomness
        self._settings = settings or DiskSettings()
        self._data = bytearray()
        self._synced_bytes = 0
        self._written_seq = 0
        self._syncing = False
        self._epoch = 0
        self._failure = ""
        self._unsynced_assets: list[tuple[int, bytes]] = []
        self.on_asset_durable: Callable[[bytes], None] = lambda name: None
        self.on_durable: Callable[[int], None] = lambda seq: None
        self.on_failed: Callable[[str], None] = lambda reason: None

    def append(self, records: Sequence[StoredRecord]) -> None:
        """Write records and sync them; `on_durable` is called with the last one's number, once they are on disk.

        What comes while a sync is under way goes with the next one.
        """
        for record in records:
            self._data += _frame(record)
            self._written_seq = record.seq
        self._sync()

    def put_asset(self, asset: StoredAsset) -> None:
        """Write an asset and sync it; `on_asset_durable` is called with its name, once it is on disk."""
        self._data += _frame(asset)
        self._unsynced_assets.append((len(self._data), asset.name))
        self._sync()

    def drop_asset(self, name: bytes) -> None:
        """Keep an asset no longer."""
        self._data += _frame(name)
        self._sync()

    def fail_next_sync(self, reason: str) -> None:
        """Let the next fsync fail: `on_failed` is called, and nothing is durable any more until a restart."""
        self._failure = reason

    def mend(self) -> None:
        """Let no further fsync fail."""
        self._failure = ""

    def crash(self) -> None:
        """The process is gone. Of what was not synced, a seeded number of bytes stays, the last sector maybe torn."""
        self._epoch += 1
        self._syncing = False
        self._failure = ""
        self._unsynced_assets.clear()
        unsynced = len(self._data) - self._synced_bytes
        kept = self._randomness.integer(unsynced + 1)
        del self._data[self._synced_bytes + kept :]
        torn = min(kept, self._randomness.integer(SECTOR_BYTES))
        if torn and self._randomness.integer(2):
            self._data[-torn:] = self._randomness.draw(torn)

    def recover(self) -> list[StoredRecord]:
        """Open the file anew: cut its torn tail and return the whole records, which are durable from here on.

        Raises:
            StoreCorrupt: a record that was durable is not whole.
        """
        items = list(_frames(bytes(self._data)))
        records, whole_bytes = _records(items), sum(len(_frame(item)) for item in items)
        if whole_bytes < self._synced_bytes:
            raise StoreCorrupt(len(records) + 1, "was durable and is damaged")
        del self._data[whole_bytes:]
        self._synced_bytes = whole_bytes
        self._written_seq = len(records)
        return records

    def records(self) -> list[StoredRecord]:
        """The durable records."""
        return _records(_frames(bytes(self._data[: self._synced_bytes])))

    def assets(self) -> list[StoredAsset]:
        """The durable assets."""
        kept: dict[bytes, StoredAsset] = {}
        for item in _frames(bytes(self._data[: self._synced_bytes])):
            if isinstance(item, StoredAsset):
                kept[item.name] = item
            elif isinstance(item, bytes):
                kept.pop(item, None)
        return list(kept.values())

    def _sync(self) -> None:
        if self._syncing or self._synced_bytes == len(self._data):
            return
        self._syncing = True
        settings, luck = self._settings, self._randomness
        wait = settings.fsync_seconds_min
        wait += luck.fraction() * (settings.fsync_seconds_max - settings.fsync_seconds_min)
        if luck.fraction() < settings.stalls:
            wait += settings.stall_seconds
        epoch, until, seq = self._epoch, len(self._data), self._written_seq
        self._schedule.call_after(wait, lambda: self._synced(epoch, until, seq))

    def _synced(self, epoch: int, until_bytes: int, seq: int) -> None:
        if epoch != self._epoch:
            return
        if self._failure:
            # Still syncing, for ever: after a failed fsync nobody knows what is on the disk.
            self.on_failed(self._failure)
            return
        self._syncing = False
        self._synced_bytes = until_bytes
        self.on_durable(seq)
        synced = [name for end, name in self._unsynced_assets if end <= until_bytes]
        del self._unsynced_assets[: len(synced)]
        for name in synced:
            if epoch == self._epoch:
                self.on_asset_durable(name)
        self._sync()


def _records(items: Iterable[Item]) -> list[StoredRecord]:
    return [item for item in items if isinstance(item, StoredRecord)]


def _frame(item: Item) -> bytes:
    body = msgspec.msgpack.encode(item)
    return len(body).to_bytes(4, "little") + blake2b_128("theta-sim-disk", body) + body


def _frames(data: bytes) -> Iterator[Item]:
    """What is in the file, up to the first that is not whole."""
    at = 0
    while at + _HEADER_BYTES <= len(data):
        start = at + _HEADER_BYTES
        end = start + int.from_bytes(data[at : at + 4], "little")
        body = data[start:end]
        if end > len(data) or data[at + 4 : start] != blake2b_128("theta-sim-disk", body):
            return
        item = msgspec.msgpack.decode(body)
        yield item if isinstance(item, bytes) else (StoredRecord if len(item) == 4 else StoredAsset)(*item)
        at = end
