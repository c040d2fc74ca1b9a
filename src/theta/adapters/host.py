"""Drives a room: feeds it what comes in, carries out what it asks for, arms its timer. Decides nothing."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from theta.adapters.log_writer import LogWriter
from theta.adapters.transport import CLOSE_GOING_AWAY, CLOSE_INTERNAL, Transport, TransportClosed
from theta.adapters.transport_ledger import TransportLedger
from theta.base.errors import PeerTooSlow, StoreUnavailable, ThetaError
from theta.base.limits import HALF_OPEN_CONNECTIONS_MAX, SHUTDOWN_SETTLE_SECONDS_MAX
from theta.base.moment import Moment
from theta.commands.store import LogStore, StoredRecord
from theta.node.lanes import Transmit
from theta.node.room import Room
from theta.node.state_notices import StateNotice
from theta.node.telemetry import Snapshot

_log = logging.getLogger(__name__)

_PAUSE_AFTER_BUG_SECONDS = 1.0
_INTERNAL_REASON = "an internal error in the room; see its log"


def machine_clock() -> Moment:
    """This machine's clocks."""
    return Moment(time.monotonic(), time.time_ns() // 1_000_000)


class RoomHost:
    """A room that runs on this event loop, with its log in `store` (which it owns from now on).

    Args:
        room: made from the records in `store`.
        store: written by a thread of its own.
        clock: reads the time; the machine's by default.
        on_store_failed: called with the reason when the disk failed, after the room was told.
        on_state_notice: called with what happened in the room's world, after it was logged.
    """

    def __init__(
        self,
        room: Room,
        store: LogStore,
        *,
        clock: Callable[[], Moment] = machine_clock,
        on_store_failed: Callable[[str], None] = lambda reason: None,
        on_state_notice: Callable[[StateNotice], None] = lambda notice: None,
    ) -> None:
        self.room = room
        self._clock = clock
        self._on_store_failed = on_store_failed
        self._on_state_notice = on_state_notice
        self._loop = asyncio.get_running_loop()
        self._transports: dict[int, Transport] = {}
        self._ledger = TransportLedger()
        self._last_connection = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._everyone_left = asyncio.Event()
        self._everyone_left.set()
        self._shut_down = False
        self._appended_seq = self._durable_seq = 0
        self._became_durable = asyncio.Event()
        self._store_failed = False
        self._arming: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._writer = LogWriter(
            store,
            self._handle_durable,
            self._handle_store_failed,
            self._handle_asset_durable,
            self._handle_checkpoint_durable,
            on_checkpoint_failed=self._handle_checkpoint_failed,
        )
        self._pump()

    @property
    def connections(self) -> int:
        """How many connections are open, joined or not."""
        return len(self._transports)

    def telemetry(self) -> Snapshot:
        """What the room and its transports have done, as numbers by name."""
        return self.room.telemetry(self._clock()) | self._ledger.snapshot()

    @property
    def has_place(self) -> bool:
        """Whether one more connection may try to join: too many that never finish would crowd out the rest."""
        half_open = len(self._transports) - len(self.room.people)
        return not self._shut_down and half_open < HALF_OPEN_CONNECTIONS_MAX

    async def serve_connection(self, transport: Transport, address: str = "") -> None:
        """Carry one participant's frames until its connection ends; never raises for what the peer does."""
        self._last_connection += 1
        connection = self._last_connection
        self._transports[connection] = transport
        self._ledger.begin(connection, transport)
        self._everyone_left.clear()
        _log.info("connected", extra={"connection": connection, "address": address, "transport": transport.kind})
        try:
            self.room.handle_connected(self._clock(), connection)
            self._pump()
            while True:
                lane, frame = await transport.receive()
                self.room.handle_frame(self._clock(), connection, lane, frame)
                self._pump()
        except TransportClosed as end:
            fields = {"connection": connection, "code": end.close_code, "reason": end.reason}
            _log.info("disconnected", extra=fields)
        except asyncio.CancelledError:
            self._begin_close(connection, CLOSE_GOING_AWAY, "the room is closing")
            raise
        except Exception:
            _log.exception("closing a connection because of a bug", extra={"connection": connection})
            await transport.close(CLOSE_INTERNAL, _INTERNAL_REASON)
        finally:
            self._forget(connection)

    async def close(self) -> None:
        """Close the room: a head record, a goodbye to everyone, everything on disk; then let go of the store."""
        self._shut_down = True
        with suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SETTLE_SECONDS_MAX):
                await self._settle()
        self.room.handle_shutdown(self._clock())
        self._pump()
        await self._writer.close()
        while self._closing:
            await asyncio.wait(self._closing)
        for connection, transport in list(self._transports.items()):
            _log.warning("closing a connection that the room forgot", extra={"connection": connection})
            await transport.close(CLOSE_INTERNAL, _INTERNAL_REASON)
        await self._everyone_left.wait()
        self._disarm()

    async def _settle(self) -> None:
        """Wait until nothing is on its way to the disk, so that the head record attests all there is."""
        while self._durable_seq != self._appended_seq and not self._store_failed:
            self._became_durable.clear()
            await self._became_durable.wait()

    # -- in ----------------------------------------------------------------------------------------------------------

    def _forget(self, connection: int) -> None:
        del self._transports[connection]
        self._ledger.end(connection)
        self._guarded(lambda: self.room.handle_disconnected(self._clock(), connection))
        if not self._transports:
            self._everyone_left.set()

    def _handle_durable(self, seq: int) -> None:
        self._durable_seq = seq
        self._became_durable.set()
        self._guarded(lambda: self.room.handle_durable(self._clock(), seq))

    def _handle_asset_durable(self, name: bytes) -> None:
        self._guarded(lambda: self.room.handle_asset_durable(self._clock(), name))

    def _handle_checkpoint_durable(self) -> None:
        self._guarded(lambda: self.room.handle_checkpoint_durable(self._clock()))

    def _handle_checkpoint_failed(self, reason: str) -> None:
        _log.warning("a checkpoint was given up", extra={"reason": reason})
        self._guarded(lambda: self.room.handle_checkpoint_failed(self._clock()))

    def _handle_store_failed(self, reason: str) -> None:
        self._store_failed = True
        self._became_durable.set()
        _log.error("the log cannot be written; the room is read-only now", extra={"reason": reason})
        self._guarded(lambda: self.room.handle_store_failed(self._clock(), reason))
        self._on_store_failed(reason)

    def _handle_timeout(self) -> None:
        self._timer = None
        self._guarded(lambda: self.room.handle_timeout(self._clock()))

    def _guarded(self, handle: Callable[[], None]) -> None:
        """Feed the room and pump; a bug in it is logged, and the room lives on."""
        try:
            handle()
            self._pump()
        except Exception:
            _log.exception("a bug in the room")
            self._arm(self._clock().seconds + _PAUSE_AFTER_BUG_SECONDS)

    # -- out ---------------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        while records := self.room.poll_append():
            self._append(records)
        while (asset := self.room.poll_store_asset()) is not None:
            self._writer.append_asset(asset)
        while (name := self.room.poll_drop_asset()) is not None:
            self._writer.append_asset(name)
        while (piece := self.room.poll_checkpoint()) is not None:
            self._writer.append_checkpoint(piece)
        while (transmit := self.room.poll_transmit()) is not None:
            self._transmit(transmit)
        while (close := self.room.poll_close()) is not None:
            self._ledger.note_refused(close.connection, close.code)
            self._begin_close(close.connection, close.code, close.reason)
        while (notice := self.room.poll_state_notice()) is not None:
            _log_notice(notice)
            self._on_state_notice(notice)
        # Once in a turn of the loop, in which a hundred participants may have said something: each of them is asked.
        if self._arming is None:
            self._arming = self._loop.call_soon(self._arm_again)

    def _append(self, records: Sequence[StoredRecord]) -> None:
        if self._store_failed:
            return
        try:
            self._writer.append(records)
            self._appended_seq = records[-1].seq
        except StoreUnavailable as error:
            self._store_failed = True  # at once: what comes next would follow a gap
            self._loop.call_soon(self._handle_store_failed, str(error))

    def _transmit(self, transmit: Transmit) -> None:
        transport = self._transports.get(transmit.connection)
        if transport is None:
            return
        try:
            transport.send(transmit.lane, transmit.frame)
            self._ledger.note_sent(transmit.connection, transmit.plain_bytes, len(transmit.frame))
        except TransportClosed:
            pass  # its serve_connection hears of it and tells the room
        except PeerTooSlow as error:
            self._begin_close(transmit.connection, error.close_code, str(error))
        except ThetaError as error:
            _log.exception("the room made a frame that cannot be sent", extra={"connection": transmit.connection})
            self._begin_close(transmit.connection, CLOSE_INTERNAL, str(error))

    def _begin_close(self, connection: int, code: int, reason: str) -> None:
        transport = self._transports.get(connection)
        if transport is not None:
            task = self._loop.create_task(transport.close(code, reason), name="theta close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _arm_again(self) -> None:
        self._arming = None
        try:
            self._arm(self.room.poll_timeout())
        except Exception:
            _log.exception("a bug in the room")
            self._arm(self._clock().seconds + _PAUSE_AFTER_BUG_SECONDS)

    def _arm(self, deadline: float | None) -> None:
        """Have `handle_timeout` called at `deadline`, in the clock's seconds; called too early, it does nothing."""
        if deadline is None:
            self._disarm()
            return
        at = self._loop.time() + max(0.0, deadline - self._clock().seconds)
        if self._timer is not None and self._timer_at <= at:
            return
        self._disarm()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._handle_timeout)

    def _disarm(self) -> None:
        if self._arming is not None:
            self._arming.cancel()
            self._arming = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _log_notice(notice: StateNotice) -> None:
    """Say what happened in the room's world; of a system that failed, with its traceback."""
    level = logging.WARNING if notice.error is None else logging.ERROR
    _log.log(level, notice.text, exc_info=notice.error, extra={"kind": notice.kind, "passed_over": notice.passed_over})
