"""The port behind which the log is kept: spec/log.md (LOG-n). One contract suite runs on every implementation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class StoredRecord(NamedTuple):
    """One record as kept: its number from 1, its kind (theta.commands.records), its bytes, and the chain hash at it."""

    seq: int
    kind: int
    body: bytes
    chain: bytes


class LogStore(Protocol):
    """Keeps records in order. Blocking: adapters call it from a thread of its own."""

    def append(self, records: Sequence[StoredRecord]) -> None:
        """Keep the records, all or none; they are on disk when this returns.

        Raises:
            StoreUnavailable: nothing was kept, or nobody knows: append no more until the room is opened anew.
        """
        ...

    def read(self, first_seq: int = 1) -> Iterator[StoredRecord]:
        """The records from `first_seq` on, in order.

        Raises:
            StoreCorrupt: a number is missing or a row cannot be read; names the place.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
