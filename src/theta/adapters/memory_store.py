"""A log in memory: for tests, simulations and rooms that nobody wants to keep."""

from collections.abc import Iterable, Iterator, Sequence

from theta.base.errors import StoreUnavailable
from theta.commands.store import StoredRecord


class MemoryLogStore:
    """Implements LogStore over a list. `fail_next` makes the next append fail as a full disk would."""

    def __init__(self, records: Iterable[StoredRecord] = ()) -> None:
        self._records = list(records)
        self._unusable = ""

    def append(self, records: Sequence[StoredRecord]) -> None:
        """See LogStore.append."""
        if self._unusable:
            raise StoreUnavailable(self._unusable)
        for offset, record in enumerate(records):
            assert record.seq == len(self._records) + 1 + offset, "records are appended in order"
        self._records.extend(records)

    def read(self, first_seq: int = 1) -> Iterator[StoredRecord]:
        """See LogStore.read."""
        return iter(self._records[first_seq - 1 :])

    def close(self) -> None:
        """See LogStore.close."""
        self._unusable = "the log is closed"

    def fail_next(self, reason: str) -> None:
        """Make every further append raise StoreUnavailable."""
        self._unusable = reason
