"""Which branch of a room this user's tools work on: chosen with `theta branch switch`, the main one by default."""

import os
from contextlib import suppress
from pathlib import Path

from theta.base.errors import StoreUnavailable
from theta.base.limits import BRANCH_NAME_CHARACTERS_MAX

MAIN = "main"


def choose_branch(room: bytes, name: str) -> None:
    """Remember a branch by its name, for the room of this 16-byte id.

    Raises:
        StoreUnavailable: nothing can be remembered there.
    """
    path = _path(room)
    try:
        if name == MAIN:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_text(name, encoding="utf-8")
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise StoreUnavailable(f"cannot remember the branch in {path}: {error}") from error


def chosen_branch(room: bytes) -> str:
    """The name of the branch that was chosen for a room last."""
    with suppress(OSError, RuntimeError, UnicodeDecodeError):
        name = _path(room).read_text(encoding="utf-8")
        if 1 <= len(name) <= BRANCH_NAME_CHARACTERS_MAX:
            return name
    return MAIN


def _path(room: bytes) -> Path:
    # The XDG Base Directory Specification: a path that is not absolute is to be ignored.
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()
    return folder / "theta" / "branches" / room.hex()
