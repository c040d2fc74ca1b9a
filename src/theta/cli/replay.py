"""`theta replay`: a room as it was at any moment of its log."""

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.markup import escape

from theta import __version__
from theta.adapters.glb_files import check_replaceable, check_target, write_glb_file
from theta.adapters.host import machine_clock
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.cli.console import out
from theta.cli.outcomes import opened
from theta.cli.room_files import counts_of, size_in_words
from theta.cli.sources import ShownSource, record_at, room_at_one_moment, time_of
from theta.cli.times import Point, read_point, time_in_words
from theta.node.asset_desk import shelf_of
from theta.node.scene_copy import document_to_write

COPIED_AT_ONCE = 1_000


@dataclass(frozen=True)
class ReplayOptions:
    """The command line of `theta replay`; `at` "" means the end, `branch` "" the main one."""

    file: Path
    at: str = ""
    branch: str = ""
    copy: Path | None = None
    glb: Path | None = None


def replay(options: ReplayOptions) -> None:
    """Fold the log up to a moment and print what was there; write it as a room's file or as a model, if asked to.

    Raises:
        InvalidValue: no such moment or branch; or a folder, or another kind of file, is where something is to go.
        StoreUnavailable: a file cannot be written, or `copy` exists.
        StoreError: the room's file cannot be read.
    """
    if options.glb is not None:
        check_replaceable(options.glb)
    if options.copy is not None:
        _check_new(options.copy)
    point = read_point(options.at, "--at", machine_clock().unix_ms) if options.at else Point(None, None)
    with room_at_one_moment(options.file) as store:
        _replay(options, store, point)


def _replay(options: ReplayOptions, store: SqliteLogStore, point: Point) -> None:
    seq = _seq_of(store, point, options.at)
    source = ShownSource(store, f"Replaying {options.file}", seq)
    replica = opened(source, shelf_of(store.assets()), options.branch)
    (last,) = store.read(seq, seq)
    objects, vertices, faces = counts_of(replica)
    out.print(f"record: {seq} of {store.last_seq}, {time_in_words(time_of(last))}", markup=False)
    out.print(f"commands: {replica.log.command_count}", markup=False)
    out.print(f"objects: {objects} ({vertices} vertices, {faces} faces)", markup=False)
    out.print(f"head: {seq} {replica.log.chain.hex()}", markup=False)
    out.print(f"document hash: {replica.document.hash.hex()}", markup=False)
    if options.glb is not None:
        content = document_to_write(replica).glb(f"Theta {__version__}")
        write_glb_file(options.glb, content)
        out.print(f"{escape(str(options.glb))}: {size_in_words(len(content))}")
    if options.copy is not None:
        _copy(store, options.copy, seq, set(replica.log.named_assets))
        out.print(f"{escape(str(options.copy))}: the room up to record {seq}, to read and verify; it has no key")


def _seq_of(store: SqliteLogStore, point: Point, text: str) -> int:
    if point.unix_ms is not None:
        seq = record_at(store, point.unix_ms)
        if not seq:
            (first,) = store.read(store.first_seq, store.first_seq)
            raise InvalidValue("--at", text, f"not before the log begins, at {time_in_words(time_of(first))}")
        return seq
    seq = store.last_seq if point.seq is None else point.seq
    if not store.first_seq <= seq <= store.last_seq:
        raise InvalidValue("--at", seq, f"a record from {store.first_seq} to {store.last_seq}, or a time")
    return seq


def _check_new(path: Path) -> None:
    check_target(path)
    if path.exists():
        raise StoreUnavailable(f"{path} exists already: name another file, or move that one away")


def _copy(store: SqliteLogStore, target: Path, seq: int, assets: set[bytes]) -> None:
    """Write the log up to a record, with the assets that it names, as a file of its own; whole, or not at all."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        copy = SqliteLogStore.open(partial)
        try:
            for asset in store.assets():
                if asset.name in assets:
                    copy.put_asset(asset)
            for checkpoint in store.checkpoints():
                if checkpoint.seq <= seq:
                    for number, part in enumerate(store.read_checkpoint(checkpoint)):
                        copy.put_part(checkpoint.seq, number, part)
                    copy.put_checkpoint(checkpoint)
            records = store.read(last_seq=seq)
            while batch := list(islice(records, COPIED_AT_ONCE)):
                copy.append(batch)
        finally:
            copy.close()
        _check_new(target)
        partial.rename(target)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {target}: {error.strerror}") from error
    finally:
        for leftover in (partial, *(partial.with_name(partial.name + end) for end in ("-wal", "-shm", ".lock"))):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
