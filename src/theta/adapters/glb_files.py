"""GLB files on disk: written whole or not at all, and never over anything else."""

import os
from contextlib import suppress
from pathlib import Path

from theta.base.errors import InvalidValue, StoreUnavailable

GLB_MAGIC = b"glTF"


def check_target(target: Path) -> None:
    """Refuse a folder where a file's name is needed.

    Raises:
        InvalidValue: says what to name instead.
    """
    # Path.is_dir raises for a name that is too long; this says no, and opening the file then says why.
    if os.path.isdir(target) or not target.name:
        raise InvalidValue("the target", str(target), f"a file's name, such as {target / 'copy'}, not a folder")


def check_replaceable(target: Path) -> None:
    """Refuse to write a GLB over anything but an older one: a room's only copy, or its key, may go by that name.

    Raises:
        InvalidValue: a folder, or a file that is no GLB.
        StoreUnavailable: it cannot be read.
    """
    check_target(target)
    try:
        with target.open("rb") as file:
            start = file.read(len(GLB_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreUnavailable(f"cannot write {target}: {error.strerror}") from error
    if start not in (b"", GLB_MAGIC):
        raise InvalidValue("the target", str(target), "a new file, or an older GLB to replace: this is something else")


def write_glb_file(target: Path, content: bytes) -> None:
    """Write a GLB, replacing an older one of that name; see `check_replaceable`.

    Raises:
        StoreUnavailable: it cannot be written; what was there still is.
    """
    write_whole(target, content)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file whole or not at all, replacing one of that name.

    Raises:
        StoreUnavailable: it cannot be written; what was there still is.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {target}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
