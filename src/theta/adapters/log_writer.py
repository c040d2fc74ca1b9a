"""The thread that writes the log, so that an fsync never holds up the event loop.

Group commit: everything that came in during one fsync goes into the next, so that a batch waits for at most one other,
and for the assets that came before it.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from theta.base.errors import StoreError, StoreUnavailable
from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.commands.store import LogStore, StoredAsset, StoredRecord

AssetWork = StoredAsset | bytes
"""An asset to store, or the name of one to drop."""

_log = logging.getLogger(__name__)


class LogWriter:
    """Owns a store from now on, and closes it. Needs a running event loop, on which it calls back.

    Args:
        store: used from the writer's own thread only.
        on_durable: called with n when all records up to number n are on disk.
        on_failed: called once with a reason when the store failed; nothing is written after that.
        on_asset_durable: called with the name of each asset that is on disk.
    """

    def __init__(
        self,
        store: LogStore,
        on_durable: Callable[[int], None],
        on_failed: Callable[[str], None],
        on_asset_durable: Callable[[bytes], None] = lambda name: None,
    ) -> None:
        self._store = store
        self._on_durable = on_durable
        self._on_asset_durable = on_asset_durable
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting: list[StoredRecord] = []
        self._assets: deque[AssetWork] = deque()
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
        with self._changed:
            self._assets.append(work)
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
                batch, asset = self._next()
                if not batch and asset is None:
                    return
                if batch:
                    self._write(partial(self._store.append, batch), self._on_durable, batch[-1].seq)
                if asset is not None:
                    self._write_asset(asset)
        finally:
            try:
                self._store.close()
            finally:
                self._call(self._finished.set)

    def _next(self) -> tuple[list[StoredRecord], AssetWork | None]:
        """All records that wait and one asset, as soon as there is anything; nothing when closing and none is left."""
        with self._changed:
            self._writing = 0
            self._changed.wait_for(lambda: self._waiting or self._assets or self._closing)
            batch, self._waiting = self._waiting, []
            self._writing = len(batch)
            return batch, self._assets.popleft() if self._assets else None

    def _write_asset(self, asset: AssetWork) -> None:
        if isinstance(asset, StoredAsset):
            self._write(partial(self._store.put_asset, asset), self._on_asset_durable, asset.name)
        else:
            self._write(partial(self._store.drop_assets, [asset]), lambda name: None, asset)

    def _write(self, write: Callable[[], None], then: Callable[[Any], None], argument: object) -> None:
        if self._failed:
            return
        try:
            write()
        except StoreError as error:
            self._fail(str(error))
        except Exception:
            _log.exception("the log writer met a bug")
            self._fail("an internal error; see the server's log")
        else:
            self._call(then, argument)

    def _fail(self, reason: str) -> None:
        self._failed = True
        self._call(self._on_failed, reason)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        # The loop is closed when the process is on its way out, and nobody waits for an answer any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)
