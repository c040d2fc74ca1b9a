"""Opening the SQLite file of a room, for writing or reading, and saying in words what is wrong: LOG-10."""

import sqlite3
from pathlib import Path

from theta.base.errors import NotARoom, StoreCorrupt, StoreError, StoreTooNew, StoreUnavailable
from theta.commands.records import FORMAT_VERSION

APPLICATION_ID = 0x54485441  # 'THTA' in SQLite's header, by which file(1) and we know a room

_MAGIC = b"SQLite format 3\0"
_SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT_VERSION}",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE records (seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, body BLOB NOT NULL, chain BLOB NOT NULL)"
    " STRICT",
)


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


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write to the room, which is made if there is none.

    Raises:
        StoreError: as `SqliteLogStore.open`, but for the lock.
    """
    try:
        connection = connect(f"file:{quoted(path)}?mode=rwc")
    except sqlite3.Error as error:
        raise StoreUnavailable(in_words(path, error)) from error
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


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that never changes the room.

    Raises:
        StoreError: as `SqliteLogStore.open_read_only`.
    """
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    # Read-only, SQLite would leave an empty log and its index beside a closed room. With write access it takes them
    # away again; but then it would also move a crashed room's log into the file, which is not a reader's to do.
    mode = "ro" if has_log else "rw"
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(f"file:{quoted(path)}?mode={mode}")
        connection.execute("PRAGMA query_only = ON")
        try:
            _check_header(path, connection)
        except sqlite3.OperationalError:
            # In a folder that we may not write to SQLite cannot make the index; without a log, the file is the room.
            if has_log:
                raise
            connection.close()
            connection = connect(f"file:{quoted(path)}?immutable=1")
            _check_header(path, connection)
        return connection
    except (StoreError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, StoreError):
            raise
        raise _opening_error(path, error) from error


def open_beside(path: Path) -> sqlite3.Connection:
    """A second connection to a room that this process has open for writing, which never changes it.

    It may outlive the first: it can put the log into the file and take it away, as the last one does.

    Raises:
        StoreError: as `SqliteLogStore.open_read_only`.
    """
    try:
        connection = connect(f"file:{quoted(path)}?mode=rw")
        connection.execute("PRAGMA query_only = ON")
        return connection
    except sqlite3.Error as error:
        raise _opening_error(path, error) from error


def _opening_error(path: Path, error: sqlite3.Error) -> StoreError:
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailable(in_words(path, error))
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


def connect(uri: str) -> sqlite3.Connection:
    """A connection in autocommit mode, to a `file:` URI."""
    # The writer thread takes the connection over from the thread that opened it; never both at once.
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)


def quoted(path: Path) -> str:
    """A path as it stands in a `file:` URI."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk was full, so that SQLite has taken back what it could not write whole."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_FULL


def in_words(path: Path, error: sqlite3.Error) -> str:
    """What went wrong, and what to do about it."""
    text = str(error)
    known = (
        ("full", f"{path}: the disk is full: make room, then start again"),
        ("unable to open", f"cannot open {path}: is the folder writable, and the file yours?"),
        ("readonly", f"cannot write {path}: it, or its folder, is read-only"),
    )
    return next((words for sign, words in known if sign in text), f"cannot write {path}: {text}")
