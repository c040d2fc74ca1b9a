"""A log in memory: for tests, simulations and rooms that nobody wants to keep."""

from collections.abc import Iterable, Iterator, Sequence

from theta.base.errors import StoreUnavailable
from theta.commands.store import StoredAsset, StoredRecord


class MemoryLogStore:
    """Implements LogStore over a list and a dict. `fail_next` makes the next write fail as a full disk would."""

    def __init__(self, records: Iterable[StoredRecord] = ()) -> None:
        self._records = list(records)
        self._assets: dict[bytes, StoredAsset] = {}
        self._unusable = ""

    def append(self, records: Sequence[StoredRecord]) -> None:
        """See LogStore.append."""
        self._check_usable()
        for offset, record in enumerate(records):
            assert record.seq == len(self._records) + 1 + offset, "records are appended in order"
        self._records.extend(records)

    def read(self, first_seq: int = 1) -> Iterator[StoredRecord]:
        """See LogStore.read."""
        return iter(self._records[first_seq - 1 :])

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

    def close(self) -> None:
        """See LogStore.close."""
        self._unusable = "the log is closed"

    def fail_next(self, reason: str) -> None:
        """Make every further write raise StoreUnavailable."""
        self._unusable = reason

    def _check_usable(self) -> None:
        if self._unusable:
            raise StoreUnavailable(self._unusable)
