"""A peer's connection to a signalling server: opened within a deadline, and opened again when it is lost."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from aiohttp import ClientSession

from theta.adapters.alarm import Alarm
from theta.adapters.host import machine_clock
from theta.adapters.signal_server import SIGNAL_LANE, SIGNAL_PATH
from theta.adapters.transport import (
    CLOSE_GOING_AWAY,
    CLOSE_INTERNAL,
    CLOSE_LOST,
    CLOSE_NORMAL,
    Transport,
    TransportClosed,
)
from theta.adapters.websocket_transport import connect_websocket
from theta.base.backoff import Backoff
from theta.base.errors import HandshakeTimeout, InvalidValue, PeerTimeout, PeerTooSlow, RoomFull, SignalingFailed
from theta.base.limits import (
    SIGNAL_BACKOFF_SECONDS_MAX,
    SIGNAL_BACKOFF_SECONDS_MIN,
    SIGNAL_QUEUE_BYTES_MAX,
    SIGNALING_SECONDS_MAX,
)
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.signaling.participant import SignalEvent, SignalParticipant, SignalTerms
from theta.wire.signal_messages import SignalRelayed, SignalWelcome

PASSING_CODES = frozenset(
    (
        CLOSE_NORMAL,
        CLOSE_GOING_AWAY,
        1005,
        CLOSE_LOST,
        CLOSE_INTERNAL,
        *(error.close_code for error in (HandshakeTimeout, PeerTimeout, PeerTooSlow, RoomFull)),
    )
)
"""What a lost connection ended with when it is worth trying again; any other end is final."""

OpenTransport = Callable[[], Awaitable[Transport]]

_log = logging.getLogger(__name__)


def signal_url(link: str) -> str:
    """The WebSocket URL of the signalling server at `link`: `https://room.example:8080/#…` or a `wss://` URL itself.

    Raises:
        InvalidValue: it is no such link.
    """
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise InvalidValue("signal", link, "a link like https://HOST:8080 or wss://HOST:8080/signal")
    path = parts.path if parts.path not in ("", "/") else SIGNAL_PATH
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def over_websocket(http: ClientSession, link: str) -> OpenTransport:
    """Opens a WebSocket to the signalling server at `link`; `http` says whom it trusts (its connector's `ssl`).

    Raises:
        InvalidValue: as `signal_url` does.
    """
    url = signal_url(link)
    return lambda: connect_websocket(http, url)


class SignalClient:
    """A guest or a host at a signalling server. Use it with `async with`, or `open` and `close`.

    Args:
        terms: which room, and as what.
        open_transport: makes a new connection to the server; raises TransportClosed when it cannot.
        randomness: for the jitter of the backoff.
        clock: reads the time; the machine's by default.
    """

    def __init__(
        self,
        terms: SignalTerms,
        open_transport: OpenTransport,
        *,
        randomness: Randomness | None = None,
        clock: Callable[[], Moment] = machine_clock,
    ) -> None:
        self.participant = SignalParticipant(terms)
        self.welcomes = 0
        """How often the server has taken us in: one more than it was lost and found again."""
        self._open_transport = open_transport
        self._backoff = Backoff(
            randomness or Randomness(os.urandom(32)), SIGNAL_BACKOFF_SECONDS_MIN, SIGNAL_BACKOFF_SECONDS_MAX
        )
        self._clock = clock
        self._transport: Transport | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._failure: SignalingFailed | None = None
        self._was_joined = False
        self._changed = asyncio.Event()
        self._alarm = Alarm(self._handle_timeout)

    async def __aenter__(self) -> "SignalClient":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> SignalWelcome:
        """Connect and be welcomed; from then on a lost connection is opened again.

        Raises:
            SignalingFailed: the server cannot be reached, turns us away, or did neither in SIGNALING_SECONDS_MAX.
        """
        assert self._running is None, "opened once"
        self._running = asyncio.create_task(self._run(), name="theta signal client")
        try:
            await self._until(lambda: self.participant.is_joined, "the signalling server does not answer")
        except BaseException:
            await self._end()
            raise
        assert self.participant.welcome is not None
        return self.participant.welcome

    async def wait_for_host(self) -> int:
        """The number of the host, for a guest; it may have to come first.

        Raises:
            SignalingFailed: no host is there within SIGNALING_SECONDS_MAX, or the connection has ended for good.
        """
        assert not self.participant.is_host
        await self._until(lambda: bool(self.participant.others), "the room's host is not at the signalling server")
        return self.participant.others[0]

    def send(self, message: SignalRelayed) -> None:
        """Have a message passed on to `message.peer`.

        Raises:
            SignalingFailed: there is no connection to the server now.
            FrameTooLarge: over SIGNAL_MESSAGE_BYTES_MAX.
        """
        self.participant.send(message)
        self._pump()

    async def receive(self) -> SignalEvent:
        """What the server tells next; after a lost connection a SignalWelcome, by which one has another number.

        Raises:
            SignalingFailed: the connection has ended for good; raised again at every further call.
        """
        while (event := self.participant.poll_event()) is None:
            await self._change()
        return event

    async def close(self) -> None:
        """Leave. What was agreed on through the server goes on without it."""
        await self._end()
        while self._closing:
            await asyncio.wait(self._closing)

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        try:
            async with asyncio.timeout(SIGNALING_SECONDS_MAX):
                while not holds():
                    await self._change()
        except TimeoutError:
            raise SignalingFailed(f"{otherwise}; waited {SIGNALING_SECONDS_MAX:g} s") from None

    async def _change(self) -> None:
        if self._failure is not None:
            raise SignalingFailed(self._failure.reason, self._failure.close_code)
        await self._changed.wait()

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # -- connecting --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect again and again; ends when that is of no use, or the first connection came to nothing."""
        try:
            while True:
                problem = await self._connect_once()
                if not self.welcomes or problem.close_code not in PASSING_CODES:
                    break
                wait = self._backoff.fail()
                _log.info("signalling is lost", extra={"reason": problem.reason, "after_seconds": round(wait, 2)})
                await asyncio.sleep(wait)
        except Exception as error:
            _log.exception("a bug in the signalling client")
            problem = SignalingFailed(f"an internal error: {error!r}", CLOSE_INTERNAL)
        self._failure = problem
        self._tell_change()

    async def _connect_once(self) -> SignalingFailed:
        """One connection from beginning to end, and why it ended."""
        try:
            async with asyncio.timeout(SIGNALING_SECONDS_MAX):
                transport = await self._open_transport()
        except TransportClosed as end:
            return SignalingFailed(end.reason or str(end), end.close_code)
        except TimeoutError:
            return SignalingFailed("nobody answers there", CLOSE_LOST)
        self._transport = transport
        self.participant.handle_connected(self._clock())
        try:
            self._pump()
            while True:
                _, frame = await transport.receive()
                self.participant.handle_frame(self._clock(), frame)
                self._pump()
        except TransportClosed as end:
            return SignalingFailed(end.reason or str(end), end.close_code)
        finally:
            self._begin_close(transport, CLOSE_NORMAL, "")
            self._transport = None
            self.participant.handle_disconnected(self._clock())
            self._alarm.set(None, 0.0)
            self._tell_change()

    def _pump(self) -> None:
        transport = self._transport
        assert transport is not None, "who is joined has a connection"
        while (frame := self.participant.poll_transmit()) is not None:
            if transport.queued_bytes + len(frame) > SIGNAL_QUEUE_BYTES_MAX:
                self._begin_close(transport, PeerTooSlow.close_code, "the signalling server reads too slowly")
                break
            # The reading side hears of an end.
            with suppress(TransportClosed):
                transport.send(SIGNAL_LANE, frame)
        error = self.participant.poll_close()
        if error is not None:
            self._begin_close(transport, error.close_code, str(error))
        if self.participant.is_joined and not self._was_joined:
            self.welcomes += 1
            self._backoff.succeed()
        self._was_joined = self.participant.is_joined
        self._alarm.set(self.participant.poll_timeout(), self._clock().seconds)
        self._tell_change()

    # -- ending ------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        if self._running is None:
            return
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._failure = self._failure or SignalingFailed("this side has left the signalling server", CLOSE_NORMAL)
        self._tell_change()

    def _begin_close(self, transport: Transport, code: int, reason: str) -> None:
        task = asyncio.create_task(transport.close(code, reason), name="theta signal close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _handle_timeout(self) -> None:
        self.participant.handle_timeout(self._clock())
        self._pump()
