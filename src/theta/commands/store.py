"""The port behind which the log is kept: spec/log.md (LOG-n). One contract suite runs on every implementation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class StoredRecord(NamedTuple):
    """One record as kept: its number from 1, its kind (theta.commands.records), its bytes, and the chain hash at it."""

    seq: int
    kind: int
    body: bytes
    chain: bytes


class StoredAsset(NamedTuple):
    """One asset as kept: the hash that names it (32 bytes), its bytes, and when it was stored, ms since 1970."""

    name: bytes
    data: bytes
    stored_ms: int


class LogStore(Protocol):
    """Keeps records in order, and the assets that they name. Blocking: adapters call it from a thread of its own."""

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

    def put_asset(self, asset: StoredAsset) -> None:
        """Keep an asset; it is on disk when this returns. One of that name that is here already is replaced.

        Raises:
            StoreUnavailable: as for `append`.
        """
        ...

    def drop_assets(self, names: Sequence[bytes]) -> None:
        """Keep these assets no longer; names that nothing has are passed over.

        Raises:
            StoreUnavailable: as for `append`.
        """
        ...

    def assets(self) -> Iterator[StoredAsset]:
        """Every asset, by name.

        Raises:
            StoreCorrupt: a row cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
