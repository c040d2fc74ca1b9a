"""The room file: a log in SQLite, spec/log.md (LOG-10 …). WAL with synchronous=FULL: a commit returns after its fsync.

While a room is open, FILE-wal and FILE-shm lie beside it and belong to it; FILE.lock keeps a second room out.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from theta.adapters.file_lock import FileLock
from theta.adapters.sqlite_assets import create_assets, read_assets
from theta.adapters.sqlite_checkpoints import (
    delete_checkpoints,
    list_checkpoints,
    read_parts,
    write_checkpoint,
    write_part,
)
from theta.adapters.sqlite_files import (
    APPLICATION_ID,
    check_is_room,
    connect,
    in_words,
    is_full,
    open_beside,
    open_for_reading,
    open_for_writing,
    quoted,
)
from theta.base.errors import StoreCorrupt, StoreFull, StoreUnavailable
from theta.commands.store import BASE, StoredAsset, StoredCheckpoint, StoredRecord, first_of

__all__ = ["APPLICATION_ID", "SqliteLogStore", "backup", "check_is_room"]

_BACKUP_STEP_PAGES = 256
_SEQ_MAX = 2**63 - 1
_READ_ROWS = 256


class SqliteLogStore:
    """Implements LogStore over one SQLite file. Make it with `open` or `open_read_only`; one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FileLock | None) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._unusable = "" if lock else "it was opened for reading only"
        row = self._execute("SELECT max(seq) FROM records").fetchone()
        self._last_seq: int = row[0] or 0
        self._first_seq = self._find_first_seq()

    @classmethod
    def open(cls, path: Path) -> "SqliteLogStore":
        """Open a room for writing, or make a new one.

        Raises:
            StoreLocked: another process has it open.
            StoreUnavailable: the folder is missing or not writable, or the disk is full.
            StoreTooNew: written by a newer Theta.
            NotARoom: some other kind of file.
            StoreCorrupt: SQLite cannot read it.
        """
        path = path.resolve() if path.is_symlink() else path  # one room, one lock, by any name
        if not path.parent.is_dir():
            raise StoreUnavailable(f"the folder {path.parent} does not exist: make it first, or name another file")
        check_is_room(path)
        lock = FileLock(path.with_name(path.name + ".lock"), str(path))
        try:
            return cls(path, open_for_writing(path), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_read_only(cls, path: Path) -> "SqliteLogStore":
        """Open a room for reading, also while another process writes to it; never changes it.

        Raises:
            StoreUnavailable: missing or not readable.
            StoreTooNew, NotARoom, StoreCorrupt: as for `open`.
        """
        if not path.exists():
            raise StoreUnavailable(f"{path} does not exist")
        check_is_room(path)
        return cls(path, open_for_reading(path), None)

    def beside(self) -> "SqliteLogStore":
        """The same room for reading, over a connection of its own, while a thread writes to this one.

        Raises:
            StoreUnavailable: there are no more connections to be had.
        """
        return SqliteLogStore(self._path, open_beside(self._path), None)

    @property
    def first_seq(self) -> int:
        """See LogStore.first_seq."""
        return self._first_seq

    @property
    def last_seq(self) -> int:
        """See LogStore.last_seq."""
        return self._last_seq

    def append(self, records: Sequence[StoredRecord]) -> None:
        """See LogStore.append: one transaction, one fsync."""
        if not records:
            return
        first = first_of(records, self._last_seq)
        with self._transaction():
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", records)
        if not self._last_seq:
            self._first_seq = first
        self._last_seq = records[-1].seq

    def put_asset(self, asset: StoredAsset) -> None:
        """See LogStore.put_asset: one transaction, one fsync."""
        with self._transaction():
            create_assets(self._connection)
            self._connection.executemany("INSERT OR REPLACE INTO assets VALUES (?, ?, ?)", [asset])

    def drop_assets(self, names: Sequence[bytes]) -> None:
        """See LogStore.drop_assets."""
        with self._transaction():
            create_assets(self._connection)
            self._connection.executemany("DELETE FROM assets WHERE name = ?", [(name,) for name in names])

    def assets(self) -> Iterator[StoredAsset]:
        """See LogStore.assets."""
        return read_assets(self._path, self._connection)

    def put_part(self, seq: int, number: int, part: bytes) -> None:
        """See LogStore.put_part: one transaction, one fsync."""
        with self._transaction(may_be_full=True):
            write_part(self._connection, seq, number, part)

    def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """See LogStore.put_checkpoint."""
        with self._transaction(may_be_full=True):
            write_checkpoint(self._connection, checkpoint)

    def checkpoints(self) -> list[StoredCheckpoint]:
        """See LogStore.checkpoints."""
        return list_checkpoints(self._path, self._connection)

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """See LogStore.read_checkpoint."""
        return read_parts(self._path, self._connection, checkpoint)

    def drop_checkpoints(self, kept: Sequence[int]) -> None:
        """See LogStore.drop_checkpoints."""
        with self._transaction(may_be_full=True):
            delete_checkpoints(self._connection, kept)

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """See LogStore.read. Sees the log as it was at the first record given out."""
        expected = max(first_seq, self._first_seq)
        until = max(self._last_seq, self._newest_seq()) if last_seq is None else last_seq
        while expected <= until:
            rows = self._rows(expected, until)
            for row in rows:
                record = StoredRecord(*row)
                if [type(value) for value in record] != [int, int, bytes, bytes]:
                    raise StoreCorrupt(expected, "its columns have other types than a record's")
                if record.seq != expected:
                    raise StoreCorrupt(expected, f"it is missing; record {record.seq} follows")
                yield record
                expected += 1
            if not rows:
                break
        if expected <= min(self._last_seq, until):
            raise StoreCorrupt(expected, f"it is missing; the log should go on to {self._last_seq}")

    def _newest_seq(self) -> int:
        """The last record that is there by now, whoever wrote it."""
        with suppress(sqlite3.DatabaseError):
            return int(self._connection.execute("SELECT max(seq) FROM records").fetchone()[0] or 0)
        return _SEQ_MAX

    def _rows(self, first_seq: int, last_seq: int) -> list[tuple[int, int, bytes, bytes]]:
        """The next rows: few at a time, so that a slow reader does not keep SQLite from tidying up."""
        sql = "SELECT seq, kind, body, chain FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
        found: list[tuple[int, int, bytes, bytes]] = []
        try:
            found.extend(self._connection.execute(sql, (first_seq, last_seq, _READ_ROWS)))
        except sqlite3.DatabaseError as error:
            if not found:  # else those before the damage are given out first
                raise StoreCorrupt(first_seq, f"{self._path} is damaged here: {error}") from error
        return found

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What is read inside is all of one moment, whatever a live room writes meanwhile."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """See LogStore.close; a second call does nothing."""
        self._unusable = "it is closed"
        self._connection.close()
        if self._lock:
            self._lock.release()

    @contextmanager
    def _transaction(self, *, may_be_full: bool = False) -> Iterator[None]:
        if self._unusable:
            raise StoreUnavailable(f"{self._path}: {self._unusable}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if may_be_full and not self._connection.in_transaction and is_full(error):
                raise StoreFull(in_words(self._path, error)) from error
            # After a failed fsync nobody knows what the disk holds; only a new start, which reads it, can tell.
            self._unusable = "an earlier write failed"
            raise StoreUnavailable(in_words(self._path, error)) from error

    def _find_first_seq(self) -> int:
        """Where a base stands at the beginning, its number; else 1, and reading says what is missing or damaged."""
        with suppress(sqlite3.DatabaseError):
            row = self._connection.execute("SELECT seq, kind FROM records ORDER BY seq LIMIT 1").fetchone()
            if row is not None and row[1] == BASE:
                return int(row[0])
        return 1

    def _execute(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreCorrupt(1, f"{self._path} is damaged: {error}") from error


def backup(path: Path, copy: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy a room, live or not, as it is at one moment; the copy is checked before it gets its name.

    Args:
        path: the room.
        copy: where to; must not exist.
        progress: called with (pages copied, pages in all).

    Raises:
        StoreUnavailable: `copy` exists, or cannot be written.
        StoreCorrupt: what was copied does not pass SQLite's integrity check.
        StoreTooNew, NotARoom: as for `open_read_only`.
    """
    _refuse_to_overwrite(copy)
    partial = copy.with_name(f"{copy.name}.{os.getpid()}.partial")
    source = SqliteLogStore.open_read_only(path)
    try:
        target = connect(f"file:{quoted(partial)}?mode=rwc")
        try:
            _copy_pages(source._connection, target, progress)
        finally:
            target.close()
        _refuse_to_overwrite(copy)
        partial.rename(copy)
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(in_words(copy, error)) from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(1, f"{path} is damaged: {error}") from error
    except OSError as error:
        raise StoreUnavailable(f"cannot write {copy}: {error.strerror}") from error
    finally:
        source.close()
        partial.unlink(missing_ok=True)


def _copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, progress: Callable[[int, int], None] | None
) -> None:
    # The open read transaction pins one moment; without it every commit of the room would start the copy afresh.
    source.execute("BEGIN")
    source.execute("SELECT max(seq) FROM records").fetchone()
    report = (lambda _, remaining, total: progress(total - remaining, total)) if progress else None
    source.backup(target, pages=_BACKUP_STEP_PAGES, progress=report)
    source.execute("COMMIT")
    verdict = target.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreCorrupt(1, f"the copy does not pass SQLite's integrity check: {verdict.splitlines()[-1]}")


def _refuse_to_overwrite(copy: Path) -> None:
    if copy.exists():
        raise StoreUnavailable(f"{copy} exists already: name another file, or move that one away")
