"""Where the command line reads logs from: a file, with a bar while it is read for the first time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import StoreCorrupt
from theta.cli.console import with_progress
from theta.commands.records import (
    BadRecord,
    BaseRecord,
    FrontierRecord,
    HeadRecord,
    PacketRecord,
    RecordKind,
    SessionRecord,
    Signed,
    decode,
    read_base,
    read_genesis,
)
from theta.commands.store import LogSource, StoredCheckpoint, StoredRecord

_TIMED: dict[int, type[SessionRecord] | type[HeadRecord] | type[FrontierRecord] | type[BaseRecord]] = {
    RecordKind.SESSION: SessionRecord,
    RecordKind.HEAD: HeadRecord,
    RecordKind.FRONTIER: FrontierRecord,
    RecordKind.BASE: BaseRecord,
}


@contextmanager
def room_at_one_moment(file: Path) -> Iterator[SqliteLogStore]:
    """A room's file, live or not, to read; all that is read inside is of one moment.

    Raises:
        StoreCorrupt: there are no records.
        StoreError: the file cannot be read as a room.
    """
    store = SqliteLogStore.open_read_only(file)
    try:
        with store.at_one_moment():
            if not store.last_seq:
                raise StoreCorrupt(1, f"{file} holds no records: its room was never opened")
            yield store
    finally:
        store.close()


class ShownSource:
    """A LogSource whose first reading of many records is shown on the terminal.

    Args:
        source: what is read.
        label: what the bar is called; "" for none.
        last_seq: where it is to end, for a moment of the past; where it does by default.
    """

    def __init__(self, source: LogSource, label: str, last_seq: int | None = None) -> None:
        self._source = source
        self._label = label
        self._last_seq = last_seq

    @property
    def first_seq(self) -> int:
        """See LogSource.first_seq."""
        return self._source.first_seq

    @property
    def last_seq(self) -> int:
        """See LogSource.last_seq."""
        return self._source.last_seq if self._last_seq is None else self._last_seq

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """See LogSource.read."""
        ends = [seq for seq in (last_seq, self._last_seq) if seq is not None]
        records = self._source.read(first_seq, min(ends, default=None))
        if last_seq is not None or not self._label:
            return records
        label, self._label = self._label, ""
        return with_progress(records, self.last_seq - max(first_seq, self.first_seq) + 1, label)

    def checkpoints(self) -> list[StoredCheckpoint]:
        """See LogSource.checkpoints."""
        return [each for each in self._source.checkpoints() if each.seq <= self.last_seq]

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """See LogSource.read_checkpoint."""
        return self._source.read_checkpoint(checkpoint)


def time_of(record: StoredRecord) -> int:
    """When the room made a record, or admitted its packet; ms since 1970.

    Raises:
        BadRecord: it cannot be read.
    """
    if record.kind == RecordKind.PACKET:
        return decode(PacketRecord, record.body).admitted_ms
    if record.kind == RecordKind.GENESIS:
        return read_genesis(record.body).created_ms
    kind = _TIMED.get(record.kind)
    if kind is None:
        raise BadRecord(f"kind {record.kind} is not known here")
    return decode(kind, decode(Signed, record.body).content).at_ms


def record_at(source: LogSource, unix_ms: int) -> int:
    """The last record that was made by then, found by halves; 0 when there is none."""
    low, high = source.first_seq - 1, source.last_seq
    while low < high:
        middle = (low + high + 1) // 2
        (record,) = source.read(middle, middle)
        if time_of(record) <= unix_ms:
            low = middle
        else:
            high = middle - 1
    return low if low >= source.first_seq else 0


def recorded_name(source: LogSource) -> str:
    """What a room was called when it was made; "" for an empty log, or one that cannot be read."""
    with suppress(BadRecord):
        for record in source.read(source.first_seq, source.first_seq):
            if record.kind == RecordKind.BASE:
                return read_base(record.body).name
            return read_genesis(record.body).name
    return ""
