"""Connecting to a room over QUIC, or over WebTransport on it."""

import asyncio
import errno
import socket
from functools import partial
from typing import Any, NamedTuple, cast

from theta.adapters.quic_configuration import ALPN, ALPN_HTTP, participant_configuration
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_transport import CarrierFor, QuicTransport, native_carrier
from theta.adapters.racing import first_to_open
from theta.adapters.transport import CLOSE_LOST, TransportClosed
from theta.adapters.webtransport_carrier import WebTransportCarrier
from theta.base.limits import HANDSHAKE_SECONDS_MAX

ADDRESS_HEAD_START_SECONDS = 0.1
"""The next of a name's addresses is tried when the ones before have not answered for so long (RFC 8305)."""


async def connect_quic(
    host: str, port: int, *, verify: bool, handshake_seconds: float = HANDSHAKE_SECONDS_MAX
) -> QuicTransport:
    """Connect to the room at a name or an address.

    Args:
        host: a name, all of whose addresses are tried, or an address.
        port: the UDP port.
        verify: whether an authority of this machine must vouch for the certificate; without, the room has to be told by
            its key.
        handshake_seconds: after which an address counts as silent.

    Raises:
        TransportClosed: nobody there speaks QUIC, or not for us.
    """
    spoken = _Spoken(ALPN, native_carrier)
    return await _connect(host, port, spoken, verify=verify, handshake_seconds=handshake_seconds)


async def connect_webtransport(
    host: str, port: int, *, verify: bool, handshake_seconds: float = HANDSHAKE_SECONDS_MAX
) -> QuicTransport:
    """Connect to the room as a page does, by WebTransport; arguments and errors are `connect_quic`'s.

    A room's certificate for pages is vouched for by nobody, so with `verify` only a room with a certificate of its own
    is found.
    """
    authority = f"[{host}]:{port}" if ":" in host else f"{host.encode('idna').decode('ascii')}:{port}"
    spoken = _Spoken(ALPN_HTTP, lambda alpn, connection: WebTransportCarrier(connection, authority=authority))
    return await _connect(host, port, spoken, verify=verify, handshake_seconds=handshake_seconds)


class _Spoken(NamedTuple):
    """What is spoken on QUIC (ALPN), and what carries the lanes then."""

    alpn: str
    carrier_for: CarrierFor


async def _connect(host: str, port: int, spoken: _Spoken, *, verify: bool, handshake_seconds: float) -> QuicTransport:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise TransportClosed(CLOSE_LOST, str(error)) from error
    places = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    attempts = [
        partial(_connect_to, family, address, host, spoken, verify=verify, handshake_seconds=handshake_seconds)
        for family, address in places
    ]
    _, transport = await first_to_open(attempts, ADDRESS_HEAD_START_SECONDS)
    return transport


async def _connect_to(
    family: int,
    address: tuple[Any, ...],
    server_name: str,
    spoken: _Spoken,
    *,
    verify: bool,
    handshake_seconds: float,
) -> QuicTransport:
    try:
        connected = _connected_udp(family, address)
    except OSError as error:
        raise TransportClosed(CLOSE_LOST, f"no QUIC connection: {error.strerror or error}") from error
    configuration = participant_configuration(server_name, verify=verify, alpn=spoken.alpn)
    connection = BoundedConnection(configuration=configuration)
    loop = asyncio.get_running_loop()
    _, below = await loop.create_datagram_endpoint(
        lambda: _SocketBelow(connection, handshake_seconds, spoken.carrier_for), sock=connected
    )
    transport = below.transport
    try:
        transport.begin(address)
        await transport.opened()
    except BaseException:
        await transport.close()
        raise
    return transport


def _connected_udp(family: int, address: tuple[Any, ...]) -> socket.socket:
    """A UDP socket that hears of nobody else, and hears when nobody is there (ICMP)."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made


class _SocketBelow(asyncio.DatagramProtocol):
    """The socket below one participant's transport."""

    def __init__(self, connection: BoundedConnection, handshake_seconds: float, carrier_for: CarrierFor) -> None:
        self._socket: asyncio.DatagramTransport | None = None
        self._address: Any = None
        self.transport = QuicTransport(
            connection,
            is_room=False,
            send_packet=self._send,
            handshake_seconds=handshake_seconds,
            carrier_for=carrier_for,
        )
        self.transport.on_ended = self.transport.abandon
        self.transport.on_gone = self.close

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._socket is not None:
            self.transport.handle_packet(data, self._address)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (any more); other errors may pass."""
        if isinstance(exc, OSError) and exc.errno == errno.ECONNREFUSED:
            self.transport.abandon("no QUIC connection: nobody listens there")

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.abandon()

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, data: bytes, address: Any) -> None:
        self._address = address
        if self._socket is not None:
            self._socket.sendto(data)
