"""A signalling server on this event loop, and its WebSocket at /signal. Decides nothing."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from theta.adapters.alarm import Alarm
from theta.adapters.host import machine_clock
from theta.adapters.http_access import comes_from_elsewhere
from theta.adapters.transport import CLOSE_GOING_AWAY, CLOSE_INTERNAL, Transport, TransportClosed
from theta.adapters.websocket_transport import accept_websocket
from theta.base.errors import FrameTooLarge, PeerTooSlow, ProtocolError
from theta.base.limits import SIGNAL_QUEUE_BYTES_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.node.lanes import Lane
from theta.signaling.server import SignalServer, SignalSettings, SignalTransmit

SIGNAL_PATH = "/signal"
SIGNAL_LANE = Lane(0)
"""The one lane that signalling uses: reliable and in order."""

_log = logging.getLogger(__name__)


class SignalHub:
    """A signalling server and its connections, over whatever transport.

    Args:
        settings: which rooms are served, and what peers are told of STUN and TURN.
        clock: reads the time; the machine's by default.
    """

    def __init__(self, settings: SignalSettings, *, clock: Callable[[], Moment] = machine_clock) -> None:
        self.server = SignalServer(settings, Randomness(os.urandom(32)))
        self._clock = clock
        self._transports: dict[int, Transport] = {}
        self._last_connection = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._alarm = Alarm(self._handle_timeout)
        self._is_closed = False

    def has_place(self, address: str) -> bool:
        """Whether one more may connect from this address."""
        return not self._is_closed and self.server.has_place(address)

    async def serve_connection(self, transport: Transport, address: str = "") -> None:
        """Carry one peer's messages until its connection ends; never raises for what the peer does."""
        self._last_connection += 1
        connection = self._last_connection
        self._transports[connection] = transport
        try:
            self.server.handle_connected(self._clock(), connection, address)
            self._pump()
            while True:
                lane, frame = await transport.receive()
                if lane is not SIGNAL_LANE:
                    raise ProtocolError("signalling knows no datagrams")
                self.server.handle_frame(self._clock(), connection, frame)
                self._pump()
        except TransportClosed as end:
            _log.info("signalling peer left", extra={"address": address, "code": end.close_code, "reason": end.reason})
        except ProtocolError as error:
            await transport.close(error.close_code, str(error))
        except asyncio.CancelledError:
            self._begin_close(connection, CLOSE_GOING_AWAY, "the signalling server is closing")
            raise
        except Exception:
            _log.exception("closing a connection because of a bug", extra={"address": address})
            await transport.close(CLOSE_INTERNAL, "an internal error in the signalling server; see its log")
        finally:
            del self._transports[connection]
            self.server.handle_disconnected(self._clock(), connection)
            self._pump()

    async def close(self) -> None:
        """Let nobody in any more, and say goodbye to everyone."""
        self._is_closed = True
        for connection in list(self._transports):
            self._begin_close(connection, CLOSE_GOING_AWAY, "the signalling server is closing")
        while self._closing:
            await asyncio.wait(self._closing)
        self._alarm.set(None, 0.0)

    def _pump(self) -> None:
        while (transmit := self.server.poll_transmit()) is not None:
            self._transmit(transmit)
        while (close := self.server.poll_close()) is not None:
            self._begin_close(close.connection, close.code, close.reason)
        self._alarm.set(None if self._is_closed else self.server.poll_timeout(), self._clock().seconds)

    def _transmit(self, transmit: SignalTransmit) -> None:
        transport = self._transports.get(transmit.connection)
        if transport is None:
            return
        if transport.queued_bytes + len(transmit.frame) > SIGNAL_QUEUE_BYTES_MAX:
            error = PeerTooSlow(f"more than {SIGNAL_QUEUE_BYTES_MAX} bytes wait to be sent")
            self._begin_close(transmit.connection, error.close_code, str(error))
            return
        # Its serve_connection hears of an end by itself.
        with suppress(TransportClosed, FrameTooLarge):
            transport.send(SIGNAL_LANE, transmit.frame)

    def _begin_close(self, connection: int, code: int, reason: str) -> None:
        transport = self._transports.get(connection)
        if transport is not None:
            task = asyncio.create_task(transport.close(code, reason), name="theta signal close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _handle_timeout(self) -> None:
        self.server.handle_timeout(self._clock())
        self._pump()


def add_signaling(app: web.Application, hub: SignalHub, origins: frozenset[str] = frozenset()) -> None:
    """Serve the hub at SIGNAL_PATH, and close it with the application.

    Args:
        app: not yet frozen.
        hub: made on the event loop that the application runs on, or before it runs.
        origins: pages of these may connect as well as the server's own, exactly as browsers write them
            (`https://studio.example.org`); programs send no origin and are not asked for one.
    """

    async def connect(request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        origin = request.headers.get("Origin")
        if comes_from_elsewhere(request) and origin not in origins:
            _log.warning("refused signalling to another origin", extra={"origin": origin, "address": address})
            raise web.HTTPForbidden(text="Pages of other origins may not connect.\n")
        if not hub.has_place(address):
            raise web.HTTPServiceUnavailable(text="Too many are connected.\n", headers={"Retry-After": "10"})
        response, transport = await accept_websocket(request)
        await hub.serve_connection(transport, address)
        return response

    async def close(_: web.Application) -> None:
        await hub.close()

    app.router.add_get(SIGNAL_PATH, connect, allow_head=False)
    app.on_shutdown.append(close)
