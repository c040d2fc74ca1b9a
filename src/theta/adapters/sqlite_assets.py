"""The table of assets in a room's file (AST-10). It is made with the first asset: older rooms have none."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from theta.base.errors import StoreCorrupt
from theta.commands.store import StoredAsset


def create_assets(connection: sqlite3.Connection) -> None:
    """Make the table, inside the caller's transaction, unless it is there."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS assets"
        " (name BLOB PRIMARY KEY, data BLOB NOT NULL, stored_ms INTEGER NOT NULL) STRICT"
    )


def read_assets(path: Path, connection: sqlite3.Connection) -> Iterator[StoredAsset]:
    """Every asset, by name; none when there is no table.

    Raises:
        StoreCorrupt: a row cannot be read.
    """
    try:
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'assets'").fetchone() is None:
            return
        for row in connection.execute("SELECT name, data, stored_ms FROM assets ORDER BY name"):
            asset = StoredAsset(*row)
            if [type(value) for value in asset] != [bytes, bytes, int]:
                raise StoreCorrupt(1, f"{path}: an asset's columns have other types than they should")
            yield asset
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(1, f"{path} is damaged among its assets: {error}") from error
