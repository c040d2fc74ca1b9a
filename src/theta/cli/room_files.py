"""`theta info`, `theta export` and `theta backup`: what is in a room file, without opening the room."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape

from theta import __version__
from theta.adapters.files import read_secret, room_secret_path, write_secret
from theta.adapters.glb_files import check_replaceable, check_target, write_glb_file
from theta.adapters.sqlite_store import backup
from theta.base.errors import StoreUnavailable
from theta.cli.console import ProgressBar, err, out
from theta.cli.live import lines_of
from theta.cli.outcomes import log_of, opened
from theta.cli.sources import ShownSource, room_at_one_moment
from theta.commands.log import CommandLog
from theta.node.asset_desk import shelf_of
from theta.node.opening import open_log
from theta.node.replica import Replica
from theta.node.scene_copy import document_to_write


def read_log(file: Path) -> CommandLog:
    """A room's log: who is in it, what was decided, which branches there are.

    Raises:
        StoreCorrupt: there are no records, or one does not fit.
        StoreError: the file cannot be read as a room.
    """
    with room_at_one_moment(file) as store:
        source, shelf = ShownSource(store, f"Reading {file}"), shelf_of(store.assets())
        return open_log(source, shelf).replica.log if store.checkpoints() else log_of(source.read(), shelf)


@contextmanager
def opened_replica(file: Path, branch: str = "") -> Iterator[Replica]:
    """The room as its records fold, on a branch: the one named, or the one chosen with `theta branch switch`.

    Raises:
        InvalidValue: there is no branch of that name.
        StoreError: as for `read_log`.
    """
    with room_at_one_moment(file) as store:
        yield opened(ShownSource(store, f"Reading {file}"), shelf_of(store.assets()), branch)


def info(file: Path, branch: str = "") -> None:
    """Print what is in a room: names, counts, people, head and document hash.

    Raises:
        InvalidValue, StoreError: as for `opened_replica`.
    """
    with opened_replica(file, branch) as replica:
        _print_info(file, replica)


def _print_info(file: Path, replica: Replica) -> None:
    branches = replica.log.governance.branches
    log, genesis = replica.log, replica.log.genesis
    people: dict[bytes, str] = {session.author: replica.name_of(session.author) for session in log.sessions.values()}
    objects, vertices, faces = counts_of(replica)
    lines = {
        "room": genesis.name,
        "file": f"{file} ({size_in_words(file.stat().st_size)}, format {genesis.format_version})",
        "created": f"{_time_of(genesis.created_ms)} UTC",
        "room key": genesis.room_key.hex(),
        "owner": f"{genesis.owner.hex()}{_known_as(people.get(genesis.owner))}",
        "records": f"{log.head_seq} ({len(log.sessions)} sessions, {log.command_count} commands)",
        "objects": f"{objects} ({vertices} vertices, {faces} faces)",
        "branch": f"{branches[replica.branch].name}, of {len(branches)}",
        "people": str(len(people)),
    }
    if len(branches) == 1:
        del lines["branch"]
    for label, value in lines.items():
        out.print(f"{label}: {value}", markup=False)
    for author, name in sorted(people.items(), key=lambda each: (each[1], each[0])):
        role = log.governance.role_of(author, log.head_seq) or "revoked"
        out.print(f"  {author.hex()[:16]}… {name}, {role}", markup=False)
    for line in lines_of(file):
        out.print(line, markup=False)
    out.print(f"head: {log.head_seq} {log.chain.hex()}", markup=False)
    out.print(f"document hash: {replica.document.hash.hex()}", markup=False)


def counts_of(replica: Replica) -> tuple[int, int, int]:
    """How many objects, vertices and faces are in a document."""
    meshes = [replica.document.mesh(entity) for entity in replica.document.entities()]
    vertices = sum(mesh.vertex_count for mesh in meshes if mesh is not None)
    faces = sum(mesh.face_count for mesh in meshes if mesh is not None)
    return replica.document.entity_count, vertices, faces


def export(file: Path, target: Path, branch: str = "") -> None:
    """Write what is in the room as binary glTF, replacing an older file of that name.

    Raises:
        InvalidValue: `target` is a folder, or some other kind of file, which would be lost; or there is no such branch.
        StoreUnavailable: `target` cannot be written.
        StoreError: the room file cannot be read.
    """
    check_replaceable(target)
    with opened_replica(file, branch) as replica:
        scene = document_to_write(replica)
        content = scene.glb(f"Theta {__version__}")
    write_glb_file(target, content)
    out.print(f"{escape(str(target))}: {len(scene.entities)} objects, {size_in_words(len(content))}")


def back_up(file: Path, copy: Path, *, with_key: bool) -> None:
    """Copy a room, live or not, and its key, without which the copy could not be opened as this room.

    Raises:
        InvalidValue: `copy` is a folder.
        StoreUnavailable: a target exists, or cannot be written.
        StoreError: the room file cannot be read.
    """
    check_target(copy)
    key, key_copy = room_secret_path(file), room_secret_path(copy)
    if with_key and key_copy.exists():
        raise StoreUnavailable(f"{key_copy} exists already: name another file, or move that one away")
    with ProgressBar(f"Copying {file}") as progress:
        backup(file, copy, progress)
    out.print(f"{escape(str(copy))}: {size_in_words(copy.stat().st_size)}")
    if not with_key:
        out.print("  Without the room's key: it can be read and verified, not opened as this room.")
        return
    try:
        write_secret(key_copy, read_secret(key))
    except FileNotFoundError:
        err.print(f"warning: {escape(str(key))} is missing, so the copy has no key and cannot be opened as this room")
    except OSError as error:
        raise StoreUnavailable(f"cannot write {key_copy}: {error.strerror}") from error
    else:
        out.print(f"{escape(str(key_copy))}: the room's key; keep it to yourself")


def _known_as(name: str | None) -> str:
    return f" ({name})" if name else ""


def _time_of(unix_ms: int) -> str:
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{unix_ms} ms after 1970"


def size_in_words(size: int) -> str:
    """A file's size, for people."""
    if size < 10_000:
        return f"{size} bytes"
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"
