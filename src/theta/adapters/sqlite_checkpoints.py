"""The tables of checkpoints in a room's file (LOG-21). They are made with the first one: older rooms have none."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from theta.base.errors import StoreCorrupt
from theta.base.limits import DIGEST_BYTES
from theta.commands.store import StoredCheckpoint, check_part

_TABLES = (
    "CREATE TABLE IF NOT EXISTS checkpoints"
    " (seq INTEGER PRIMARY KEY, digests BLOB NOT NULL, byte_count INTEGER NOT NULL, stored_ms INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS checkpoint_parts"
    " (seq INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (seq, number)) STRICT",
)
_TABLE_IS_THERE = "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"


def write_part(connection: sqlite3.Connection, seq: int, number: int, part: bytes) -> None:
    """Put a part into its table, inside the caller's transaction."""
    _create_tables(connection)
    connection.executemany("INSERT OR REPLACE INTO checkpoint_parts VALUES (?, ?, ?)", [(seq, number, part)])


def write_checkpoint(connection: sqlite3.Connection, checkpoint: StoredCheckpoint) -> None:
    """Make a checkpoint seen, inside the caller's transaction."""
    _create_tables(connection)
    connection.executemany("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", [checkpoint])


def delete_checkpoints(connection: sqlite3.Connection, kept: Sequence[int]) -> None:
    """Delete all but some, and all parts that belong to none, inside the caller's transaction."""
    _create_tables(connection)
    kept_seqs = set(kept)
    for table in ("checkpoints", "checkpoint_parts"):
        there = {row[0] for row in connection.execute(f"SELECT DISTINCT seq FROM {table}")}
        connection.executemany(f"DELETE FROM {table} WHERE seq = ?", [(seq,) for seq in sorted(there - kept_seqs)])


def list_checkpoints(path: Path, connection: sqlite3.Connection) -> list[StoredCheckpoint]:
    """Every checkpoint, the newest first; none when there is no table.

    Raises:
        StoreCorrupt: a row cannot be read.
    """
    try:
        if connection.execute(_TABLE_IS_THERE).fetchone() is None:
            return []
        rows = connection.execute("SELECT seq, digests, byte_count, stored_ms FROM checkpoints ORDER BY seq DESC")
        found = [StoredCheckpoint(*row) for row in rows]
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(1, f"{path} is damaged among its checkpoints: {error}") from error
    for each in found:
        if [type(value) for value in each] != [int, bytes, int, int] or len(each.digests) % DIGEST_BYTES:
            raise StoreCorrupt(1, f"{path}: a checkpoint's columns are not what they should be")
    return found


def read_parts(path: Path, connection: sqlite3.Connection, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
    """A checkpoint's parts in order, each held against its hash.

    Raises:
        StoreCorrupt: a part is missing or damaged.
    """
    seq = checkpoint.seq
    for number in range(checkpoint.part_count):
        try:
            row = connection.execute(
                "SELECT data FROM checkpoint_parts WHERE seq = ? AND number = ?", (seq, number)
            ).fetchone()
        except sqlite3.DatabaseError as error:
            raise StoreCorrupt(seq, f"{path}: its checkpoint cannot be read: {error}") from error
        yield check_part(checkpoint, number, row[0] if row else None)


def _create_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)
