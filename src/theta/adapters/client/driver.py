"""Drives a peer: connects, feeds it what comes in, carries out what it asks for, and connects again.

Decides nothing but when to try again: soon, then after longer and longer, with jitter, up to RECONNECT_SECONDS_MAX
(SES-19).
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress

from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.host import machine_clock
from theta.adapters.transport import CLOSE_GOING_AWAY, CLOSE_INTERNAL, CLOSE_LOST, Transport, TransportClosed
from theta.base.backoff import Backoff
from theta.base.errors import HandshakeTimeout, PeerTimeout, PeerTooSlow, ThetaError
from theta.base.limits import RECONNECT_SECONDS_MAX, RECONNECT_SECONDS_MIN
from theta.base.randomness import Randomness
from theta.node.events import Diverged, Event, Joined
from theta.node.peer import Peer
from theta.session.heartbeat import LinkQuality

OPEN_SECONDS_MAX = 10.0
PASSING_CODES = frozenset(
    (
        1000,
        CLOSE_GOING_AWAY,
        1005,
        CLOSE_LOST,
        CLOSE_INTERNAL,
        HandshakeTimeout.close_code,
        PeerTimeout.close_code,
        PeerTooSlow.close_code,
    )
)

_log = logging.getLogger(__name__)


class PeerDriver:
    """A peer on this event loop.

    Args:
        peer: what is driven.
        open_transport: makes a new connection to the room; raises TransportClosed when it cannot.
        on_event: called with each of the peer's events.
        on_failed: called once if the room closes the door for good, with the reason.
        on_pumped: called when everything that happened was passed on, even when it was no event, such as a head record.
        on_fruitless: called with the kind of a transport that was lost before a session stood on it.
    """

    def __init__(
        self,
        peer: Peer,
        open_transport: Callable[[], Awaitable[Transport]],
        on_event: Callable[[Event], None],
        on_failed: Callable[[ConnectionFailed], None],
        on_pumped: Callable[[], None] = lambda: None,
        on_fruitless: Callable[[str], None] = lambda kind: None,
    ) -> None:
        self.peer = peer
        self.last_problem = ""
        self._open_transport = open_transport
        self._on_event = on_event
        self._on_failed = on_failed
        self._on_pumped = on_pumped
        self._on_fruitless = on_fruitless
        self._transport: Transport | None = None
        self._has_joined = False
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._backoff = Backoff(Randomness(os.urandom(32)), RECONNECT_SECONDS_MIN, RECONNECT_SECONDS_MAX)
        self._task = asyncio.create_task(self._run_guarded(), name="theta peer")

    @property
    def transport_kind(self) -> str:
        """What carries the connection now: "quic", "websocket" or another; "" while there is none."""
        return self._transport.kind if self._transport is not None else ""

    @property
    def link(self) -> LinkQuality | None:
        """How good the connection is, by its heartbeat and by its carrier; None while there is none."""
        quality, transport = self.peer.link, self._transport
        if quality is None or transport is None:
            return quality
        return quality._replace(packet_loss=transport.metrics.loss)

    async def close(self) -> None:
        """Leave the room; the driver is of no use afterwards."""
        self._disarm()
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._closing:
            await asyncio.wait(self._closing)

    def pump(self) -> None:
        """Carry out what the peer asks for; call it after every call that you make to the peer."""
        while (event := self.peer.poll_event()) is not None:
            if isinstance(event, Joined):
                self._has_joined = True
                self._backoff.succeed()
            elif isinstance(event, Diverged):
                _log.warning(
                    "the document was another than the room's, and is fetched anew", extra={"record": event.seq}
                )
            self._on_event(event)
        self._on_pumped()
        transport = self._transport
        while transport is not None and (frame := self.peer.poll_transmit()) is not None:
            try:
                transport.send(*frame)
            except TransportClosed:
                break
            except ThetaError as error:
                self._begin_close(transport, CLOSE_INTERNAL, str(error))
                break
        close = self.peer.poll_close()
        if close is not None and transport is not None:
            self._begin_close(transport, *close)
        self._arm()

    async def _run_guarded(self) -> None:
        """A bug in the peer ends it, and is told: nobody is left waiting for an answer that cannot come."""
        try:
            await self._run()
        except Exception as error:
            _log.exception("a bug in the peer")
            self._on_failed(ConnectionFailed(f"an internal error: {error!r}", CLOSE_INTERNAL))

    async def _run(self) -> None:
        while True:
            code = await self._connect_once()
            if code not in PASSING_CODES:
                _log.info("connecting no more", extra={"problem": self.last_problem, "code": code})
                self.peer.handle_ended(machine_clock())
                self._on_failed(ConnectionFailed(self.last_problem, code))
                return
            span = self._backoff.fail()
            _log.info("reconnecting", extra={"problem": self.last_problem, "after_seconds": round(span, 2)})
            await asyncio.sleep(span)

    async def _connect_once(self) -> int:
        """One connection from beginning to end; returns the code that it ended with."""
        try:
            async with asyncio.timeout(OPEN_SECONDS_MAX):
                self._transport = transport = await self._open_transport()
        except TransportClosed as end:
            self.last_problem = end.reason or str(end)
            return end.close_code
        except TimeoutError:
            self.last_problem = "nobody answers there"
            return CLOSE_LOST
        code = CLOSE_LOST
        self._has_joined = False
        try:
            self.peer.handle_connected(machine_clock())
            self.pump()
            while True:
                lane, frame = await transport.receive()
                self.peer.handle_frame(machine_clock(), lane, frame)
                self.pump()
                # Where frames wait already, `receive` gives nobody else a turn; and a snapshot's are a lot of work.
                await asyncio.sleep(0)
        except TransportClosed as end:
            self.last_problem = end.reason or str(end)
            code = end.close_code
        finally:
            self._transport = None
            if not self._has_joined and code in PASSING_CODES:
                self._on_fruitless(transport.kind)
            self.peer.handle_disconnected(machine_clock())
            self._disarm()
        return code

    def _begin_close(self, transport: Transport, code: int, reason: str) -> None:
        self.last_problem = reason
        task = asyncio.create_task(transport.close(code, reason), name="theta close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _handle_timeout(self) -> None:
        self._timer = None
        self.peer.handle_timeout(machine_clock())
        self.pump()

    def _arm(self) -> None:
        self._disarm()
        deadline = self.peer.poll_timeout()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            delay = max(0.0, deadline - machine_clock().seconds)
            self._timer = loop.call_later(delay, self._handle_timeout)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
