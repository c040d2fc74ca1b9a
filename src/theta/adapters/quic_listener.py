"""Where QUIC connections come in: one UDP port for all of them, told apart by connection id (RFC 9000, 5.1)."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aioquic._buffer import Buffer
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE
from aioquic.quic.packet import QuicErrorCode, QuicHeader, QuicPacketType, pull_quic_header
from aioquic.quic.retry import QuicRetryTokenHandler

from theta.adapters.quic_admission import Admission, Verdict
from theta.adapters.quic_configuration import ALPN_HTTP, room_configuration
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_socket import Endpoint, UdpSocket
from theta.adapters.quic_stateless import (
    CONNECTION_ID_BYTES,
    refusal,
    reset_secret_of,
    retry,
    stateless_reset,
    versions,
)
from theta.adapters.quic_streams import StreamCarrier
from theta.adapters.quic_transport import QuicTransport, native_carrier
from theta.adapters.transport import CLOSE_GOING_AWAY, CLOSE_INTERNAL, Transport
from theta.adapters.webtransport_carrier import WebTransportCarrier
from theta.adapters.webtransport_certificate import RotatingCertificate
from theta.base.errors import UsageError
from theta.base.limits import HANDSHAKE_SECONDS_MAX

_log = logging.getLogger(__name__)

_FIXED_BIT = 0x40
"""Set in every packet of QUIC (RFC 9000, 17), and not in STUN's or DTLS's, nor where nobody speaks any of them."""


class QuicUnavailable(UsageError):
    """QUIC cannot be served here; says why. The room is as well without it."""


class PageSessions(NamedTuple):
    """How pages get in, by WebTransport.

    `may_join` is asked with the `:authority` of a request, its Origin (None: a program's) and the address it came from;
    `certificate` is what pages are shown, None for the listener's own.
    """

    may_join: Callable[[str, str | None, str], bool]
    certificate: RotatingCertificate | None


class QuicListener:
    """Takes QUIC connections on UDP sockets. Make it on the running event loop; it listens at once.

        sockets = open_udp_beside(tcp_sockets)             # theta.adapters.quic_socket; OSError when taken
        listener = QuicListener(sockets, certificate, key, host.serve_connection, has_place=lambda: host.has_place)
        …
        listener.reload(certificate, key)                  # new connections get the new certificate
        …
        await host.close()                                 # says goodbye to everyone
        await listener.close()

    Args:
        sockets: bound UDP sockets (see `theta.adapters.quic_socket.open_udp`); the listener closes them, also when it
            raises.
        certificate: PEM file, the room's own certificate first.
        key: PEM file, its private key.
        serve: runs for as long as a connection lasts, with its transport and the far end's address.
        has_place: asked before anything is kept of a newcomer; who comes when it says no is refused.
        handshake_seconds: from the first packet until the lanes are there.
        pages: takes WebTransport too, where it is given.

    Raises:
        InvalidValue: certificate and key are not what they should be.
        QuicUnavailable: this event loop cannot watch sockets.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        certificate: Path,
        key: Path,
        serve: Callable[[Transport, str], Awaitable[None]],
        *,
        has_place: Callable[[], bool] = lambda: True,
        handshake_seconds: float = HANDSHAKE_SECONDS_MAX,
        pages: PageSessions | None = None,
    ) -> None:
        self._serve = serve
        self._has_place = has_place
        self._handshake_seconds = handshake_seconds
        self._pages = pages
        self._loop = asyncio.get_running_loop()
        self._retry = QuicRetryTokenHandler()
        self._routes: dict[bytes, QuicTransport] = {}
        self._half_open: Admission[QuicTransport] = Admission()
        self._serving: dict[asyncio.Task[None], QuicTransport] = {}
        self._is_closing = False
        self._sockets: list[UdpSocket] = []
        self.port: int = sockets[0].getsockname()[1]
        try:
            self.reload(certificate, key)
            self._sockets = [UdpSocket(each, self._handle_packet) for each in sockets]
        except NotImplementedError as error:
            raise QuicUnavailable("this event loop cannot watch UDP sockets") from error
        finally:
            if len(self._sockets) < len(sockets):
                for each in sockets:
                    each.close()

    @property
    def connections(self) -> int:
        """How many connections are there, those that are still shaking hands included."""
        return len(set(self._routes.values()))

    @property
    def half_open(self) -> int:
        """How many are still shaking hands."""
        return len(self._half_open)

    def reload(self, certificate: Path, key: Path) -> None:
        """Show newcomers another certificate; who is in keeps the connection.

        Raises:
            InvalidValue: certificate and key are not what they should be; the old ones stay.
        """
        self._configuration = room_configuration(certificate, key, takes_pages=self._pages is not None)
        self._reset_secret = reset_secret_of(self._configuration)

    async def close(self) -> None:
        """Let nobody in any more, close what is open (code 1001), wait for it, and close the sockets."""
        self._is_closing = True
        for transport in self._half_open.unfinished:
            transport.abandon()
        closing = [each.close(CLOSE_GOING_AWAY, "the room is closing") for each in self._serving.values()]
        await asyncio.gather(*closing)
        while self._serving:
            await asyncio.wait(self._serving)
        for each in self._sockets:
            each.close()
        for transport in set(self._routes.values()):
            transport.abandon()
        self._routes.clear()
        self._half_open.clear()

    # -- packets -------------------------------------------------------------------------------------------------

    def _handle_packet(self, data: bytes, sender: Endpoint, through: UdpSocket) -> None:
        if not data or not data[0] & _FIXED_BIT:
            return
        if data[0] & 0x80:
            transport = self._handle_long_header(data, sender, through)
        else:
            transport = self._routes.get(data[1 : 1 + CONNECTION_ID_BYTES])
            if transport is None and (answer := stateless_reset(self._reset_secret, data)):
                through.send(answer, sender)
        if transport is None:
            return
        try:
            transport.handle_packet(data, sender)
        except Exception:
            _log.exception("closing a QUIC connection because of a bug", extra={"address": sender.host})
            transport.abandon("an internal error")

    def _handle_long_header(self, data: bytes, sender: Endpoint, through: UdpSocket) -> QuicTransport | None:
        """Whose packet it is; a first one of somebody new, who is let in, makes a transport."""
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=CONNECTION_ID_BYTES)
        except ValueError:
            return None
        known = self._routes.get(header.destination_cid)
        if known is not None or len(data) < SMALLEST_MAX_DATAGRAM_SIZE or self._is_closing:
            return known
        if header.version not in self._configuration.supported_versions:
            if header.packet_type is not QuicPacketType.VERSION_NEGOTIATION:
                through.send(versions(header, self._configuration.supported_versions), sender)
            return None
        if header.packet_type is not QuicPacketType.INITIAL:
            return None
        if not self._has_place():
            return self._refuse(header, sender, through, QuicErrorCode.CONNECTION_REFUSED)
        return self._handle_newcomer(header, sender, through)

    def _handle_newcomer(self, header: QuicHeader, sender: Endpoint, through: UdpSocket) -> QuicTransport | None:
        now, asked_for = self._loop.time(), header.destination_cid
        try:
            original = (
                self._retry.validate_token(address=sender, destination_cid=asked_for, token=header.token, now=now)
                if header.token
                else None
            )
        except ValueError:
            return self._refuse(header, sender, through, QuicErrorCode.INVALID_TOKEN)
        match self._half_open.verdict(sender.host, is_validated=original is not None):
            case Verdict.REFUSE:
                return self._refuse(header, sender, through, QuicErrorCode.CONNECTION_REFUSED)
            case Verdict.RETRY:
                through.send(retry(header, self._retry, sender, now), sender)
                return None
            case Verdict.ADMIT:
                return self._admit(asked_for, original, sender)

    @staticmethod
    def _refuse(header: QuicHeader, sender: Endpoint, through: UdpSocket, code: QuicErrorCode) -> None:
        for data in refusal(header, code):
            through.send(data, sender)

    # -- connections ---------------------------------------------------------------------------------------------

    def _admit(self, asked_for: bytes, original: bytes | None, sender: Endpoint) -> QuicTransport:
        """A newcomer's transport; `original` is the first id that it asked for when it was told to ask again."""
        pages = self._pages
        connection = BoundedConnection(
            configuration=self._configuration,
            original_destination_connection_id=asked_for if original is None else original,
            retry_source_connection_id=None if original is None else asked_for,
            reset_secret=self._reset_secret,
            http_certificate=pages.certificate.current() if pages is not None and pages.certificate else None,
        )
        transport = QuicTransport(
            connection,
            is_room=True,
            send_packet=_send,
            handshake_seconds=self._handshake_seconds,
            carrier_for=lambda spoken, below: self._carrier_for(spoken, below, sender.host),
        )
        self._half_open.add(transport, sender.host, is_validated=original is not None)
        self._routes[asked_for] = self._routes[connection.host_cid] = transport
        transport.on_connection_id = lambda issued, is_new: self._route(issued, transport if is_new else None)
        transport.on_opened = lambda: self._begin(transport, sender.host)
        transport.on_ended = lambda: self._half_open.discard(transport)
        transport.on_gone = lambda: self._forget(transport)
        return transport

    def _carrier_for(self, spoken: str, connection: BoundedConnection, address: str) -> StreamCarrier:
        """What carries a newcomer's lanes, by what both sides speak (ALPN)."""
        pages = self._pages
        if pages is None or spoken != ALPN_HTTP:
            return native_carrier(spoken, connection)
        may_join = pages.may_join
        return WebTransportCarrier(connection, may_join=lambda authority, origin: may_join(authority, origin, address))

    def _route(self, identifier: bytes, transport: QuicTransport | None) -> None:
        if transport is None:
            self._routes.pop(identifier, None)
        else:
            self._routes[identifier] = transport

    def _begin(self, transport: QuicTransport, address: str) -> None:
        self._half_open.discard(transport)
        task = self._loop.create_task(self._serve_one(transport, address), name="serving a quic connection")
        self._serving[task] = transport
        task.add_done_callback(self._serving.pop)

    async def _serve_one(self, transport: QuicTransport, address: str) -> None:
        try:
            await self._serve(transport, address)
        finally:
            with suppress(asyncio.CancelledError):
                await transport.close(CLOSE_INTERNAL, "the room let go of the connection")

    def _forget(self, transport: QuicTransport) -> None:
        self._half_open.discard(transport)
        for identifier in [each for each, routed in self._routes.items() if routed is transport]:
            del self._routes[identifier]


def _send(data: bytes, to: Endpoint) -> None:
    """By the socket that the path goes through: a participant may move to another of our addresses."""
    to.through.send(data, to)
