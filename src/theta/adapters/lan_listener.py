"""One port for HTTP and HTTPS: a connection's first byte says which it speaks, before anything is read."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress

from theta.base.limits import FIRST_BYTE_SECONDS_MAX, TLS_HANDSHAKE_SECONDS_MAX, UNDECIDED_CONNECTIONS_MAX

_TLS_HANDSHAKE_RECORD = 0x16  # RFC 8446, 5.1: the content type that a ClientHello comes in
_PAUSE_AFTER_FAILURE_SECONDS = 0.5

_log = logging.getLogger(__name__)


class LanListener:
    """Accepts on listening sockets and hands each connection on, with TLS or without.

    Args:
        sockets: listening and non-blocking; closed by whoever made them.
        protocol: makes the protocol of a connection, as aiohttp's `runner.server` does.
        context: what answers a connection's TLS, asked anew for each.
        first_byte_seconds, handshake_seconds: how long a connection may take for its first byte, and for TLS.
        undecided_max: so many connections may be that far at most; the oldest gives way to a newer one.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.BaseProtocol],
        context: Callable[[], ssl.SSLContext],
        *,
        first_byte_seconds: float = FIRST_BYTE_SECONDS_MAX,
        handshake_seconds: float = TLS_HANDSHAKE_SECONDS_MAX,
        undecided_max: int = UNDECIDED_CONNECTIONS_MAX,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._context = context
        self._first_byte_seconds = first_byte_seconds
        self._handshake_seconds = handshake_seconds
        self._undecided_max = undecided_max
        self._undecided: dict[asyncio.Task[None], None] = {}
        self._accepting = [self._loop.create_task(self._accept(each), name="theta accept") for each in sockets]

    @property
    def undecided(self) -> int:
        """How many connections have not said yet what they speak, or are in the TLS handshake."""
        return len(self._undecided)

    async def close(self) -> None:
        """Accept nobody any more, and drop who is undecided; connections that were handed on go on."""
        tasks = [*self._accepting, *self._undecided]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(listening)
            except OSError as error:
                if listening.fileno() < 0:
                    return
                if error.errno != errno.ECONNABORTED:  # the peer left before we looked
                    _log.warning("cannot accept connections", extra={"reason": str(error)})
                    await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)  # out of descriptors, most likely
                continue
            if len(self._undecided) >= self._undecided_max:
                oldest = next(iter(self._undecided))
                del self._undecided[oldest]
                oldest.cancel()
            task = self._loop.create_task(self._decide(connection), name="theta first byte")
            self._undecided[task] = None
            task.add_done_callback(lambda done: self._undecided.pop(done, None))

    async def _decide(self, connection: socket.socket) -> None:
        """Hand one connection on; whatever goes wrong is the peer's affair, and ends it."""
        is_handed_on = False
        try:
            connection.setblocking(False)
            async with asyncio.timeout(self._first_byte_seconds):
                first = await self._peek(connection)
            if first:
                with suppress(OSError):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                is_tls = first[0] == _TLS_HANDSHAKE_RECORD
                await self._loop.connect_accepted_socket(
                    self._protocol,
                    connection,
                    ssl=self._context() if is_tls else None,
                    ssl_handshake_timeout=self._handshake_seconds if is_tls else None,
                )
                is_handed_on = True
        except (OSError, TimeoutError, ssl.SSLError) as error:
            _log.debug("dropped a connection before it was served", extra={"reason": str(error)})
        finally:
            if not is_handed_on:
                connection.close()

    async def _peek(self, connection: socket.socket) -> bytes:
        """The first byte, left where it is; empty when the peer has gone."""
        while True:
            with suppress(BlockingIOError, InterruptedError):
                return connection.recv(1, socket.MSG_PEEK)
            readable = self._loop.create_future()
            self._loop.add_reader(connection, _settle, readable)
            try:
                await readable
            finally:
                self._loop.remove_reader(connection)


def _settle(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
