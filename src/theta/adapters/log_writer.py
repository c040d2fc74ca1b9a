"""The thread that writes the log, so that an fsync never holds up the event loop.

Group commit: everything that came in during one fsync goes into the next, so that a batch waits for at most one other,
and for one asset or one part of a checkpoint.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from theta.base.errors import StoreError, StoreFull, StoreUnavailable
from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.commands.store import CheckpointDone, CheckpointPart, LogStore, StoredAsset, StoredRecord

AssetWork = StoredAsset | bytes
"""An asset to store, or the name of one to drop."""
CheckpointWork = CheckpointPart | CheckpointDone
"""A part of a checkpoint to store, or the word that all are there."""

_log = logging.getLogger(__name__)


class LogWriter:
    """Owns a store from now on, and closes it. Needs a running event loop, on which it calls back.

    Args:
        store: used from the writer's own thread only.
        on_durable: called with n when all records up to number n are on disk.
        on_failed: called once with a reason when the store failed; nothing is written after that.
        on_asset_durable: called with the name of each asset that is on disk.
        on_checkpoint_durable: called after each piece of a checkpoint that is on disk.
        on_checkpoint_failed: called with a reason for each piece of a checkpoint for which the disk had no room.
        on_committed: called with how many seconds each batch of records took to be on disk.
    """

    def __init__(
        self,
        store: LogStore,
        on_durable: Callable[[int], None],
        on_failed: Callable[[str], None],
        on_asset_durable: Callable[[bytes], None] = lambda name: None,
        on_checkpoint_durable: Callable[[], None] = lambda: None,
        on_committed: Callable[[float], None] = lambda seconds: None,
        on_checkpoint_failed: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._store = store
        self._on_durable = on_durable
        self._on_asset_durable = on_asset_durable
        self._on_checkpoint_durable = on_checkpoint_durable
        self._on_committed = on_committed
        self._on_checkpoint_failed = on_checkpoint_failed
        self._given_up = (0, "")
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting: list[StoredRecord] = []
        self._others: deque[AssetWork | CheckpointWork] = deque()
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

    def append_asset(self, work: AssetWork) -> None:
        """Hand over an asset to store, or the name of one to drop; done in order, and never blocks."""
        self._append_other(work)

    def append_checkpoint(self, work: CheckpointWork) -> None:
        """Hand over a piece of a checkpoint; done in order, and never blocks."""
        self._append_other(work)

    def _append_other(self, work: AssetWork | CheckpointWork) -> None:
        with self._changed:
            self._others.append(work)
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
            while True:
                batch, other = self._next()
                if not batch and other is None:
                    return
                if batch:
                    self._write_batch(batch)
                if other is not None:
                    self._write_other(other)
        finally:
            try:
                self._store.close()
            finally:
                self._call(self._finished.set)

    def _next(self) -> tuple[list[StoredRecord], AssetWork | CheckpointWork | None]:
        """All records that wait and one other thing, as soon as there is any; nothing when closing and none is left."""
        with self._changed:
            self._writing = 0
            self._changed.wait_for(lambda: self._waiting or self._others or self._closing)
            batch, self._waiting = self._waiting, []
            self._writing = len(batch)
            return batch, self._others.popleft() if self._others else None

    def _write_batch(self, batch: list[StoredRecord]) -> None:
        begun = time.monotonic()
        if self._write(partial(self._store.append, batch)):
            self._call(self._on_committed, time.monotonic() - begun)
            self._call(self._on_durable, batch[-1].seq)

    def _write_other(self, work: AssetWork | CheckpointWork) -> None:
        store = self._store
        if isinstance(work, StoredAsset):
            if self._write(partial(store.put_asset, work)):
                self._call(self._on_asset_durable, work.name)
        elif isinstance(work, bytes):
            self._write(partial(store.drop_assets, [work]))
        else:
            self._write_checkpoint(work)

    def _write_checkpoint(self, work: CheckpointWork) -> None:
        """A full disk costs the checkpoint, of which no later piece is written then, and not the room."""
        store = self._store
        seq = work.seq if isinstance(work, CheckpointPart) else work.checkpoint.seq
        is_first = isinstance(work, CheckpointPart) and work.number == 0
        try:
            if is_first:
                self._given_up = (0, "")
            if seq == self._given_up[0]:
                raise StoreFull(self._given_up[1])
            if isinstance(work, CheckpointPart):
                is_written = self._write(partial(store.put_part, *work))
            else:
                is_written = self._write(partial(store.put_checkpoint, work.checkpoint))
        except StoreFull as error:
            self._given_up = (seq, str(error))
            self._call(self._on_checkpoint_failed, str(error))
            return
        if is_written:
            self._call(self._on_checkpoint_durable)
            if isinstance(work, CheckpointDone):
                with suppress(StoreFull):
                    self._write(partial(store.drop_checkpoints, work.kept))

    def _write(self, write: Callable[[], None]) -> bool:
        """Do it, unless something failed before; whether it is done.

        Raises:
            StoreFull: there is no room for a piece of a checkpoint.
        """
        if self._failed:
            return False
        try:
            write()
        except StoreFull:
            raise
        except StoreError as error:
            self._fail(str(error))
        except Exception:
            _log.exception("the log writer met a bug")
            self._fail("an internal error; see the server's log")
        return not self._failed

    def _fail(self, reason: str) -> None:
        self._failed = True
        self._call(self._on_failed, reason)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        # The loop is closed when the process is on its way out, and nobody waits for an answer any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)
