"""Small files: the identity key, a room's secret, and the note by which local tools find a running room.

Secrets are 32 bytes, as hex and a newline, in files that nobody but their owner may read.
"""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from theta.base.errors import InvalidValue, UsageError

SECRET_BYTES = 32


class SecretExposed(UsageError):
    """Others than its owner may read a secret file; its content may be known and is not used."""


class SecretUnusable(UsageError):
    """A secret file cannot be read, written or understood."""


# -- where things are --------------------------------------------------------------------------------------------------


def identity_path() -> Path:
    """Where this user's identity key is: $XDG_CONFIG_HOME/theta/identity.key, by default in ~/.config."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "theta" / "identity.key"


def room_secret_path(room: Path) -> Path:
    """Where a room file's secret is: FILE.key beside it."""
    room = room.resolve() if room.is_symlink() else room
    return room.with_name(room.name + ".key")


def runtime_folders() -> list[Path]:
    """Where notes on running rooms may be, first choice first: $XDG_RUNTIME_DIR/theta, ~/.local/state/theta/run."""
    folders = [_home() / ".local" / "state" / "theta" / "run"]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime):
        folders.insert(0, Path(runtime) / "theta")
    return folders


def _xdg(variable: str, default: str) -> Path:
    # The XDG Base Directory Specification: a path that is not absolute is to be ignored.
    value = os.environ.get(variable, "")
    return Path(value) if os.path.isabs(value) else _home() / default


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise SecretUnusable("there is no home folder for your key: set HOME, or XDG_CONFIG_HOME") from error


# -- secrets -----------------------------------------------------------------------------------------------------------


def read_secret(path: Path) -> bytes:
    """The 32 bytes in a secret file.

    Raises:
        FileNotFoundError: there is none.
        SecretExposed: others may read it; says how to mend that.
        SecretUnusable: it cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(256)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SecretUnusable(f"cannot read {path}: {error.strerror}") from error
    if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
        raise SecretExposed(
            f"{path} may be read by others (mode {stat.S_IMODE(mode):04o}): if nobody did, run `chmod 600 {path}`; "
            "if somebody may have, keep it away from them, and make a new identity or room"
        )
    try:
        secret = bytes.fromhex(content.decode("ascii").strip())
    except ValueError as error:
        raise SecretUnusable(f"{path} is damaged: it should hold {2 * SECRET_BYTES} hexadecimal digits") from error
    if len(secret) != SECRET_BYTES:
        raise SecretUnusable(f"{path} is damaged: it should hold {2 * SECRET_BYTES} hexadecimal digits")
    return secret


def read_or_make_secret(path: Path) -> bytes:
    """The secret in `path`, made at random when there is none; two processes at once get the same one.

    Raises:
        SecretExposed, SecretUnusable: as for `read_secret`, or it cannot be written.
    """
    with suppress(FileNotFoundError):
        return read_secret(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, os.urandom(SECRET_BYTES))
    except FileExistsError:
        pass
    except OSError as error:
        raise SecretUnusable(f"cannot write {path}: {error.strerror}") from error
    return read_secret(path)


def write_secret(path: Path, secret: bytes) -> None:
    """Make a secret file, whole or not at all, on disk when this returns.

    Raises:
        FileExistsError: there is one, which stays.
        OSError: it cannot be written.
    """
    assert len(secret) == SECRET_BYTES
    partial = write_private(path, f"{secret.hex()}\n".encode("ascii"))
    try:
        _name_once(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_private(path: Path, content: bytes) -> Path:
    """Write `content` beside `path` with mode 0600 from the first byte, on disk; the path of what was written.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)  # a umask may have taken even the owner's rights
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return partial


def _name_once(partial: Path, path: Path) -> None:
    """Give a written file its name unless something has that name."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network shares); between the look and the rename nobody else is expected.
        if path.exists():
            raise FileExistsError(path) from None
        partial.rename(path)


# -- running rooms -----------------------------------------------------------------------------------------------------


class RunningRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What `theta serve` notes for local tools; `room_key` in hex. Holds the invite, so only its owner may read it."""

    url: str
    invite: str
    room_key: str
    file: str
    pid: int


class RuntimeNote(NamedTuple):
    """The note on one running room, to be removed when the room ends."""

    path: Path

    def remove(self) -> None:
        """Take the note away, unless another process has put its own there since."""
        room = _read_note(self.path)
        if room is None or room.pid == os.getpid():
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


def write_runtime_note(port: int, room: RunningRoom) -> RuntimeNote:
    """Note the room that listens on `port`, for `find_running_room`, replacing any older note at once.

    Raises:
        SecretUnusable: no folder for it can be written.
    """
    refused: OSError | None = None
    for folder in runtime_folders():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / f"{port}.json"
            write_private(path, msgspec.json.encode(room)).replace(path)
        except OSError as error:
            refused = error
        else:
            return RuntimeNote(path)
    raise SecretUnusable(f"cannot write a note on the running room: {refused}")


def find_running_room(port: int) -> RunningRoom | None:
    """The room that this user runs on `port`, or None; notes of processes that have ended do not count.

    Raises:
        InvalidValue: `port` is no port.
    """
    if not 0 < port < 65_536:
        raise InvalidValue("port", port, "between 1 and 65535")
    for folder in runtime_folders():
        room = _read_note(folder / f"{port}.json")
        if room is not None and is_alive(room.pid):
            return room
    return None


def running_room_of(file: Path) -> RunningRoom | None:
    """The room that this user runs from `file` now, or None."""
    wanted = str(file.resolve())
    for folder in runtime_folders():
        with suppress(OSError):
            for path in sorted(folder.glob("*.json")):
                room = _read_note(path)
                if room is not None and str(Path(room.file).resolve()) == wanted and is_alive(room.pid):
                    return room
    return None


def is_alive(pid: int) -> bool:
    """Whether a process with this number runs (on Windows, where asking is not harmless: always true)."""
    if sys.platform == "win32":
        return True
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read_note(path: Path) -> RunningRoom | None:
    """The note in `path`, or None when there is none, or none that its owner alone could have written."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(65_536)
    except OSError:
        return None
    if sys.platform != "win32" and (status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077):
        return None
    try:
        return msgspec.json.decode(content, type=RunningRoom)
    except msgspec.MsgspecError:
        return None
