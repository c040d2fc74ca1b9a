"""A log in memory: for tests, simulations and rooms that nobody wants to keep."""

from collections.abc import Iterable, Iterator, Sequence

from theta.base.errors import StoreUnavailable
from theta.commands.store import StoredAsset, StoredCheckpoint, StoredRecord, check_part, first_of


class MemoryLogStore:
    """Implements LogStore over a list and dicts. `fail_next` makes the next write fail as a full disk would."""

    def __init__(self, records: Iterable[StoredRecord] = ()) -> None:
        self._records = list(records)
        self._assets: dict[bytes, StoredAsset] = {}
        self._checkpoints: dict[int, StoredCheckpoint] = {}
        self._parts: dict[tuple[int, int], bytes] = {}
        self._unusable = ""

    @property
    def first_seq(self) -> int:
        """See LogStore.first_seq."""
        return self._records[0].seq if self._records else 1

    @property
    def last_seq(self) -> int:
        """See LogStore.last_seq."""
        return self._records[-1].seq if self._records else 0

    def append(self, records: Sequence[StoredRecord]) -> None:
        """See LogStore.append."""
        self._check_usable()
        if records:
            first_of(records, self.last_seq)
            self._records.extend(records)

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """See LogStore.read."""
        first = self.first_seq
        until = len(self._records) if last_seq is None else max(0, last_seq + 1 - first)
        return iter(self._records[max(0, first_seq - first) : until])

    def put_asset(self, asset: StoredAsset) -> None:
        """See LogStore.put_asset."""
        self._check_usable()
        self._assets[asset.name] = asset

    def drop_assets(self, names: Sequence[bytes]) -> None:
        """See LogStore.drop_assets."""
        self._check_usable()
        for name in names:
            self._assets.pop(name, None)

    def assets(self) -> Iterator[StoredAsset]:
        """See LogStore.assets."""
        return iter([asset for _, asset in sorted(self._assets.items())])

    def put_part(self, seq: int, number: int, part: bytes) -> None:
        """See LogStore.put_part."""
        self._check_usable()
        self._parts[seq, number] = part

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """See LogStore.put_checkpoint."""
        self._check_usable()
        self._checkpoints[checkpoint.seq] = checkpoint

    def checkpoints(self) -> list[StoredCheckpoint]:
        """See LogStore.checkpoints."""
        return [self._checkpoints[seq] for seq in sorted(self._checkpoints, reverse=True)]

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """See LogStore.read_checkpoint."""
        for number in range(checkpoint.part_count):
            yield check_part(checkpoint, number, self._parts.get((checkpoint.seq, number)))

    def drop_checkpoints(self, kept: Sequence[int]) -> None:
        """See LogStore.drop_checkpoints."""
        self._check_usable()
        self._checkpoints = {seq: each for seq, each in self._checkpoints.items() if seq in kept}
        self._parts = {key: part for key, part in self._parts.items() if key[0] in kept}

    def close(self) -> None:
        """See LogStore.close."""
        self._unusable = "the log is closed"

    def fail_next(self, reason: str) -> None:
        """Make every further write raise StoreUnavailable."""
        self._unusable = reason

    def _check_usable(self) -> None:
        if self._unusable:
            raise StoreUnavailable(self._unusable)
