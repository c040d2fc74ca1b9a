"""A seeded disk under the log: an append is durable only after its fsync, and a crash tears off what was not.

The file is real bytes, so that a crash can leave half a record: each record, each asset, each name of an asset to drop
and each piece of a checkpoint is framed as length (u32 LE) ‖ BLAKE2b-128 of the rest ‖ MessagePack of [kind, it].
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from theta.base.errors import StoreCorrupt
from theta.base.identifiers import blake2b_128
from theta.base.randomness import Randomness
from theta.commands.store import (
    CheckpointDone,
    CheckpointPart,
    StoredAsset,
    StoredCheckpoint,
    StoredRecord,
    check_part,
)
from theta.sim.schedule import Schedule

SECTOR_BYTES = 512
_HEADER_BYTES = 20

Piece = CheckpointPart | CheckpointDone
Item = StoredRecord | StoredAsset | bytes | Piece
_KINDS: tuple[type[Any], ...] = (StoredRecord, StoredAsset, bytes, CheckpointPart, CheckpointDone)


class DiskSettings(NamedTuple):
    """How long an fsync takes: between the two, evenly; a slow one, `stalls` of all, `stall_seconds`."""

    fsync_seconds_min: float = 0.001
    fsync_seconds_max: float = 0.010
    stalls: float = 0.0
    stall_seconds: float = 0.5


class SimulatedDisk:
    """One room file, which a log can be opened from. It outlives the room's process.

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
        self._unsynced_pieces: list[int] = []
        self._kept: tuple[int, _Kept] = (-1, _Kept())
        self.on_checkpoint_durable: Callable[[], None] = lambda: None
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

    def put_piece(self, piece: Piece) -> None:
        """Write a piece of a checkpoint and sync it; `on_checkpoint_durable` is called once it is on disk."""
        self._data += _frame(piece)
        self._unsynced_pieces.append(len(self._data))
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
        self._unsynced_pieces.clear()
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
        records = [item for item in items if isinstance(item, StoredRecord)]
        whole_bytes = sum(len(_frame(item)) for item in items)
        if whole_bytes < self._synced_bytes:
            raise StoreCorrupt(len(records) + 1, "was durable and is damaged")
        del self._data[whole_bytes:]
        self._synced_bytes = whole_bytes
        self._written_seq = len(records)
        return records

    def records(self) -> list[StoredRecord]:
        """The durable records."""
        return list(self._durable.records)

    def assets(self) -> list[StoredAsset]:
        """The durable assets."""
        return list(self._durable.assets.values())

    @property
    def first_seq(self) -> int:
        """See LogSource.first_seq."""
        return 1

    @property
    def last_seq(self) -> int:
        """See LogSource.last_seq."""
        return len(self._durable.records)

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """See LogSource.read."""
        return iter(self._durable.records[first_seq - 1 : last_seq])

    def checkpoints(self) -> list[StoredCheckpoint]:
        """See LogSource.checkpoints."""
        return sorted(self._durable.checkpoints.values(), reverse=True)

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """See LogSource.read_checkpoint."""
        parts = self._durable.parts
        for number in range(checkpoint.part_count):
            yield check_part(checkpoint, number, parts.get((checkpoint.seq, number)))

    @property
    def _durable(self) -> "_Kept":
        """What the durable bytes of the file amount to."""
        if self._kept[0] != self._synced_bytes:
            kept = _Kept()
            for item in _frames(bytes(self._data[: self._synced_bytes])):
                kept.take(item)
            self._kept = (self._synced_bytes, kept)
        return self._kept[1]

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
        pieces = [end for end in self._unsynced_pieces if end <= until_bytes]
        del self._unsynced_pieces[: len(pieces)]
        for _ in pieces:
            if epoch == self._epoch:
                self.on_checkpoint_durable()
        self._sync()


class _Kept:
    """What the items of a file amount to, in order."""

    def __init__(self) -> None:
        self.records: list[StoredRecord] = []
        self.assets: dict[bytes, StoredAsset] = {}
        self.parts: dict[tuple[int, int], bytes] = {}
        self.checkpoints: dict[int, StoredCheckpoint] = {}

    def take(self, item: Item) -> None:
        """The next one."""
        if isinstance(item, StoredRecord):
            self.records.append(item)
        elif isinstance(item, StoredAsset):
            self.assets[item.name] = item
        elif isinstance(item, bytes):
            self.assets.pop(item, None)
        elif isinstance(item, CheckpointPart):
            self.parts[item.seq, item.number] = item.data
        else:
            self.checkpoints[item.checkpoint.seq] = item.checkpoint
            self.checkpoints = {seq: each for seq, each in self.checkpoints.items() if seq in item.kept}
            self.parts = {key: part for key, part in self.parts.items() if key[0] in item.kept}


def _frame(item: Item) -> bytes:
    body = msgspec.msgpack.encode((_KINDS.index(type(item)), item))
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
        kind, item = msgspec.msgpack.decode(body)
        yield cast(Item, msgspec.convert(item, _KINDS[kind]))
        at = end
