"""The room file: a log in SQLite, spec/log.md (LOG-10 …). WAL with synchronous=FULL: a commit returns after its fsync.

While a room is open, FILE-wal and FILE-shm lie beside it and belong to it; FILE.lock keeps a second room out.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from theta.adapters.file_lock import FileLock
from theta.base.errors import NotARoom, StoreCorrupt, StoreError, StoreTooNew, StoreUnavailable
from theta.commands.records import FORMAT_VERSION
from theta.commands.store import StoredRecord

APPLICATION_ID = 0x54485441  # 'THTA' in SQLite's header, by which file(1) and we know a room

_MAGIC = b"SQLite format 3\0"
_BACKUP_STEP_PAGES = 256
_SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT_VERSION}",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE records (seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, body BLOB NOT NULL, chain BLOB NOT NULL)"
    " STRICT",
)


class SqliteLogStore:
    """Implements LogStore over one SQLite file. Make it with `open` or `open_read_only`; one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FileLock | None) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._unusable = "" if lock else "it was opened for reading only"
        row = self._execute("SELECT max(seq) FROM records").fetchone()
        self._last_seq: int = row[0] or 0

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
            return cls(path, _open_for_writing(path), lock)
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
        return cls(path, _open_for_reading(path), None)

    @property
    def last_seq(self) -> int:
        """The highest record kept; 0 for an empty log."""
        return self._last_seq

    def append(self, records: Sequence[StoredRecord]) -> None:
        """See LogStore.append: one transaction, one fsync."""
        if self._unusable:
            raise StoreUnavailable(f"{self._path}: {self._unusable}")
        for offset, record in enumerate(records):
            assert record.seq == self._last_seq + 1 + offset, "records are appended in order"
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", records)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            # After a failed fsync nobody knows what the disk holds; only a new start, which reads it, can tell.
            self._unusable = "an earlier write failed"
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise StoreUnavailable(_in_words(self._path, error)) from error
        self._last_seq += len(records)

    def read(self, first_seq: int = 1) -> Iterator[StoredRecord]:
        """See LogStore.read. Sees the log as it was at the first record given out."""
        expected = first_seq
        try:
            rows = self._connection.execute(
                "SELECT seq, kind, body, chain FROM records WHERE seq >= ? ORDER BY seq", (first_seq,)
            )
            for row in rows:
                record = StoredRecord(*row)
                if [type(value) for value in record] != [int, int, bytes, bytes]:
                    raise StoreCorrupt(expected, "its columns have other types than a record's")
                if record.seq != expected:
                    raise StoreCorrupt(expected, f"it is missing; record {record.seq} follows")
                yield record
                expected += 1
        except sqlite3.DatabaseError as error:
            raise StoreCorrupt(expected, f"{self._path} is damaged here: {error}") from error
        if expected <= self._last_seq:
            raise StoreCorrupt(expected, f"it is missing; the log should go on to {self._last_seq}")

    def close(self) -> None:
        """See LogStore.close; a second call does nothing."""
        self._unusable = "it is closed"
        self._connection.close()
        if self._lock:
            self._lock.release()

    def _execute(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreCorrupt(1, f"{self._path} is damaged: {error}") from error


def check_is_room(path: Path) -> None:
    """Refuse what is plainly no room, without opening it as one; a missing or empty file may become one.

    Raises:
        NotARoom: a folder, or a file of another kind.
        StoreUnavailable: it cannot be read.
    """
    if path.is_dir():
        raise NotARoom(f"{path} is a folder: name a file in it, such as {path / 'studio.theta'}")
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreUnavailable(f"cannot read {path}: {error.strerror}") from error
    if start not in (b"", _MAGIC):
        raise NotARoom(f"{path} is not a room: its first bytes are those of another kind of file")


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
        target = _connect(f"file:{_quoted(partial)}?mode=rwc")
        try:
            _copy_pages(source._connection, target, progress)
        finally:
            target.close()
        _refuse_to_overwrite(copy)
        partial.rename(copy)
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(_in_words(copy, error)) from error
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


def _open_for_writing(path: Path) -> sqlite3.Connection:
    try:
        connection = _connect(f"file:{_quoted(path)}?mode=rwc")
    except sqlite3.Error as error:
        raise StoreUnavailable(_in_words(path, error)) from error
    try:
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            _create(connection)
        _check_header(path, connection)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreUnavailable(f"{path}: its file system cannot keep a write-ahead log (mode {mode})")
        return connection
    except StoreError:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        raise _opening_error(path, error) from error


def _create(connection: sqlite3.Connection) -> None:
    """The schema in one transaction, in rollback mode, so that the header is in the file before anything else."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("COMMIT")


def _open_for_reading(path: Path) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    # Read-only, SQLite would leave an empty log and its index beside a closed room. With write access it takes them
    # away again; but then it would also move a crashed room's log into the file, which is not a reader's to do.
    mode = "ro" if has_log else "rw"
    connection: sqlite3.Connection | None = None
    try:
        connection = _connect(f"file:{_quoted(path)}?mode={mode}")
        connection.execute("PRAGMA query_only = ON")
        try:
            _check_header(path, connection)
        except sqlite3.OperationalError:
            # In a folder that we may not write to SQLite cannot make the index; without a log, the file is the room.
            if has_log:
                raise
            connection.close()
            connection = _connect(f"file:{_quoted(path)}?immutable=1")
            _check_header(path, connection)
        return connection
    except (StoreError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, StoreError):
            raise
        raise _opening_error(path, error) from error


def _opening_error(path: Path, error: sqlite3.Error) -> StoreError:
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailable(_in_words(path, error))
    return StoreCorrupt(1, f"{path} is damaged: {error}")


def _check_header(path: Path, connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise NotARoom(f"{path} is a database of some other program, not a room")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT_VERSION:
        raise StoreTooNew(
            f"{path} was written by a newer Theta (format {version}; this one knows {FORMAT_VERSION}): "
            "update with `pip install --upgrade theta-engine`"
        )


def _connect(uri: str) -> sqlite3.Connection:
    # The writer thread takes the connection over from the thread that opened it; never both at once.
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _in_words(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    known = (
        ("full", f"{path}: the disk is full: make room, then start again"),
        ("unable to open", f"cannot open {path}: is the folder writable, and the file yours?"),
        ("readonly", f"cannot write {path}: it, or its folder, is read-only"),
    )
    return next((words for sign, words in known if sign in text), f"cannot write {path}: {text}")
