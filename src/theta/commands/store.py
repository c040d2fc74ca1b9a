"""The port behind which the log is kept: spec/log.md (LOG-n). One contract suite runs on every implementation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from theta.base.errors import StoreCorrupt
from theta.base.identifiers import blake2b_256
from theta.base.limits import DIGEST_BYTES

BASE = 5
"""The kind of record with which a compacted log begins, `RecordKind.BASE`: at any number (LOG-26)."""


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


class StoredCheckpoint(NamedTuple):
    """What is kept of a checkpoint beside its parts: the record it stands at, its parts' hashes, its size, its age.

    `digests` are 32 bytes for each part, in order (`part_digest`); `stored_ms` is ms since 1970.
    """

    seq: int
    digests: bytes
    byte_count: int
    stored_ms: int

    @property
    def part_count(self) -> int:
        """How many parts it has."""
        return len(self.digests) // DIGEST_BYTES

    @property
    def digest(self) -> bytes:
        """32 bytes that stand for all of it."""
        return blake2b_256("theta-checkpoint", self.seq.to_bytes(8, "little"), self.digests)


class CheckpointPart(NamedTuple):
    """A part to store of the checkpoint at record `seq`; `number` is from 0."""

    seq: int
    number: int
    data: bytes


class CheckpointDone(NamedTuple):
    """A checkpoint of which all parts are stored, and the records at which checkpoints are kept from now on."""

    checkpoint: StoredCheckpoint
    kept: tuple[int, ...]


def part_digest(seq: int, number: int, part: bytes) -> bytes:
    """The hash of a checkpoint's part, 32 bytes (LOG-21)."""
    return blake2b_256("theta-part", seq.to_bytes(8, "little"), number.to_bytes(4, "little"), part)


def check_part(checkpoint: StoredCheckpoint, number: int, part: object) -> bytes:
    """A checkpoint's part, held against the hash that the checkpoint keeps of it.

    Raises:
        StoreCorrupt: it is missing or damaged.
    """
    digest = checkpoint.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
    if not isinstance(part, bytes) or part_digest(checkpoint.seq, number, part) != digest:
        raise StoreCorrupt(checkpoint.seq, f"part {number} of its checkpoint is missing or damaged")
    return part


def first_of(records: Sequence[StoredRecord], last_seq: int) -> int:
    """The number of the first record to append after `last_seq`; a caller who gives others than the next has a bug."""
    first = records[0].seq
    is_base = last_seq == 0 and records[0].kind == BASE and first >= 1
    assert is_base or first == last_seq + 1, "records are appended in order"
    assert all(record.seq == first + offset for offset, record in enumerate(records)), "records are appended in order"
    return first


@runtime_checkable
class LogSource(Protocol):
    """What a log can be opened from, and older records be read from later."""

    @property
    def first_seq(self) -> int:
        """The first record kept: 1, or where a compacted log begins (LOG-26); 1 for an empty log."""
        ...

    @property
    def last_seq(self) -> int:
        """The highest record kept; 0 for an empty log."""
        ...

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """The records from `first_seq` on, in order, up to `last_seq` if that is said; those that were dropped are not.

        Raises:
            StoreCorrupt: a number is missing or a row cannot be read; names the place.
        """
        ...

    def checkpoints(self) -> list[StoredCheckpoint]:
        """Every checkpoint, the newest first.

        Raises:
            StoreCorrupt: a row cannot be read.
        """
        ...

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """Its parts in order, each held against its hash.

        Raises:
            StoreCorrupt: a part is missing or damaged.
        """
        ...


class LogStore(LogSource, Protocol):
    """Keeps records in order, the assets that they name, and checkpoints, which follow from both.

    Blocking: adapters call it from a thread of its own. After a StoreUnavailable other than StoreFull nothing is
    written any more.
    """

    def append(self, records: Sequence[StoredRecord]) -> None:
        """Keep the records, all or none; they are on disk when this returns. The first may be a base, of any number.

        Raises:
            StoreUnavailable: nothing was kept, or nobody knows: append no more until the room is opened anew.
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

    def put_part(self, seq: int, number: int, part: bytes) -> None:
        """Keep part `number`, from 0, of the checkpoint at record `seq`; one that is here already is replaced.

        Nobody sees it before `put_checkpoint`; parts for which that never comes go with `drop_checkpoints`.

        Raises:
            StoreFull: there is no room for it; everything else is as it was, and goes on.
            StoreUnavailable: as for `append`.
        """
        ...

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint of which all parts are here; it is on disk when this returns.

        Raises:
            StoreFull: as for `put_part`.
            StoreUnavailable: as for `append`.
        """
        ...

    def drop_checkpoints(self, kept: Sequence[int]) -> None:
        """Keep none but those at the records `kept`, and no part of any other.

        Raises:
            StoreFull: as for `put_part`; all are kept.
            StoreUnavailable: as for `append`.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
