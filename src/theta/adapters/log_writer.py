"""The thread that writes the log, so that an fsync never holds up the event loop.

Group commit: everything that came in during one fsync goes into the next, so that a batch waits for at most one other.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from theta.base.errors import StoreError, StoreUnavailable
from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.commands.store import LogStore, StoredRecord

_log = logging.getLogger(__name__)


class LogWriter:
    """Owns a store from now on, and closes it. Needs a running event loop, on which it calls back.

    Args:
        store: used from the writer's own thread only.
        on_durable: called with n when all records up to number n are on disk.
        on_failed: called once with a reason when the store failed; nothing is written after that.
    """

    def __init__(self, store: LogStore, on_durable: Callable[[int], None], on_failed: Callable[[str], None]) -> None:
        self._store = store
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting: list[StoredRecord] = []
        self._writing = 0
        self._closing = False
        self._failed = False
        self._finished = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="theta log writer", daemon=True)
        self._thread.start()

    @property
    def in_flight(self) -> int:
        """Records handed over that are not on disk yet."""
        with self._changed:
            return len(self._waiting) + self._writing

    def append(self, records: Sequence[StoredRecord]) -> None:
        """Hand records over, in order; never blocks.

        Raises:
            StoreUnavailable: APPENDS_IN_FLIGHT_MAX records wait already, or the writer is closed.
        """
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the log is closed")
            if len(self._waiting) + self._writing + len(records) > APPENDS_IN_FLIGHT_MAX:
                raise StoreUnavailable(f"more than {APPENDS_IN_FLIGHT_MAX} records wait for the disk")
            self._waiting += records
            self._changed.notify()

    async def close(self) -> None:
        """Write what waits, then close the store; returns when both are done."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await self._finished.wait()
        self._thread.join()

    # -- on the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._write(batch)
        finally:
            try:
                self._store.close()
            finally:
                self._call(self._finished.set)

    def _next_batch(self) -> list[StoredRecord]:
        """Everything that waits, as soon as anything does; empty when closing and nothing is left."""
        with self._changed:
            self._writing = 0
            self._changed.wait_for(lambda: self._waiting or self._closing)
            batch, self._waiting = self._waiting, []
            self._writing = len(batch)
            return batch

    def _write(self, batch: list[StoredRecord]) -> None:
        if self._failed:
            return
        try:
            self._store.append(batch)
        except StoreError as error:
            self._fail(str(error))
        except Exception:
            _log.exception("the log writer met a bug")
            self._fail("an internal error; see the server's log")
        else:
            self._call(self._on_durable, batch[-1].seq)

    def _fail(self, reason: str) -> None:
        self._failed = True
        self._call(self._on_failed, reason)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        # The loop is closed when the process is on its way out, and nobody waits for an answer any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)
