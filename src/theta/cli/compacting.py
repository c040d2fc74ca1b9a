"""`theta compact`: a room's file without its history, beside the one with it."""

import os
from pathlib import Path

from rich.markup import escape

from theta.adapters.files import read_secret, room_secret_path, write_secret
from theta.adapters.glb_files import check_target
from theta.adapters.host import machine_clock
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import InvalidValue, StoreCorrupt, StoreUnavailable
from theta.cli.console import out, with_progress
from theta.cli.room_files import size_in_words
from theta.commands.store import LogStore
from theta.node.asset_desk import shelf_of
from theta.node.audit import AuditReport, audit
from theta.node.compacting import Compaction, compact_log
from theta.session.secret import RoomSecret

MERGE_FIRST = "none: merge them first, or give --keep-apart, by which that work can be looked at and never merged"


def compact(file: Path, copy: Path, *, keep_apart: bool = False) -> None:
    """Write a room's documents as they are now to a new file, without what led to them; the old file stays as it is.

    Args:
        file: the room's.
        copy: the new one.
        keep_apart: also when branches hold work that the main one does not, and that could never be merged then.

    Raises:
        InvalidValue: `copy` is a folder; the room has nothing to drop; or branches stand apart, and may not.
        StoreUnavailable: `copy` exists or cannot be written, or the room's key is missing.
        StoreLocked: the room is open.
        StoreCorrupt: the room does not prove; names the first bad record.
    """
    check_target(copy)
    key, key_copy = room_secret_path(file), room_secret_path(copy)
    for target in (copy, key_copy):
        if target.exists():
            raise StoreUnavailable(f"{target} exists already: name another file, or move that one away")
    if not file.exists():
        raise StoreUnavailable(f"{file} does not exist")
    try:
        secret = read_secret(key)
    except FileNotFoundError as error:
        raise StoreUnavailable(f"{file} has no key: put {key} back beside it, it signs what is left") from error
    partial = copy.with_name(f"{copy.name}.{os.getpid()}.partial")
    store = SqliteLogStore.open(file)
    try:
        report = _prove(store, f"Verifying {file}")
        target_store = SqliteLogStore.open(partial)
        try:
            found = compact_log(store, shelf_of(store.assets()), RoomSecret(secret).identity, machine_clock().unix_ms)
            if found.apart and not keep_apart:
                raise InvalidValue("work that main does not have", f"on {', '.join(found.apart)}", MERGE_FIRST)
            _write(store, target_store, found)
            after = _prove(target_store, "Verifying what is left")
        finally:
            target_store.close()
        if after.document_hash != report.document_hash:
            raise StoreCorrupt(after.records, "what is left folds to another document: this is a bug in Theta")
        write_secret(key_copy, secret)
        partial.rename(copy)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {copy}: {error.strerror}") from error
    finally:
        store.close()
        partial.unlink(missing_ok=True)
    sizes = f"{size_in_words(file.stat().st_size)} before, {size_in_words(copy.stat().st_size)} now"
    out.print(f"{escape(str(copy))}: {found.dropped} records left out, {sizes}")
    out.print(f"{escape(str(key_copy))}: the room's key; keep it to yourself")
    out.print("  Nothing that was done before can be undone in it, nor is it known who did it: keep the old file.")
    for name in found.apart:
        out.print(f"  {name}: stays apart; what it holds of its own until now cannot be merged any more.", markup=False)


def _prove(store: SqliteLogStore, label: str) -> AuditReport:
    records = with_progress(store.read(), store.last_seq, label)
    report = audit(records, shelf_of(store.assets()), source=store)
    if report.fault is not None:
        raise report.fault
    return report


def _write(source: LogStore, target: LogStore, found: Compaction) -> None:
    """Write what is left, the base's checkpoint first."""
    for asset in source.assets():
        target.put_asset(asset)
    for part in found.parts:
        target.put_part(*part)
    target.put_checkpoint(found.checkpoint)
    target.append(found.records)
