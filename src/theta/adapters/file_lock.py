"""One process at a time: an advisory lock on a file beside the room's, released by the system however we end."""

import os
import sys
from pathlib import Path
from typing import IO

from theta.base.errors import StoreLocked, StoreUnavailable

# msvcrt locks a byte against reading too, so the locked byte lies far behind the process id.
_WINDOWS_LOCKED_BYTE = 1 << 20


class FileLock:
    """Held from the making until `release`.

    Args:
        path: the lock file; made when missing, holds the process id of the holder.
        what: names the thing locked in the error.

    Raises:
        StoreLocked: another process holds it; names that process.
        StoreUnavailable: the lock file cannot be made.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        while True:
            self._file = self._open()
            if not _try_lock(self._file):
                holder = self._file.read(32).strip()
                self._file.close()
                raise StoreLocked(
                    f"{what} is open in another process{f' (pid {holder})' if holder else ''}: "
                    "stop that one first, or name another file"
                )
            if self._is_current():
                break
            self._file.close()
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let the next one in; a second call does nothing."""
        if self._file.closed:
            return
        if sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        self._file.close()

    def _open(self) -> IO[str]:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"cannot write in {self._path.parent}: {error.strerror}") from error
        return os.fdopen(descriptor, "r+", encoding="ascii", errors="replace")

    def _is_current(self) -> bool:
        """Whether the locked file still has the name: its last holder may have unlinked it as we waited."""
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(self._file.fileno())
        return (named.st_ino, named.st_dev) == (ours.st_ino, ours.st_dev)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        os.lseek(file.fileno(), _WINDOWS_LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
