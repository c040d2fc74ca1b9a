"""Connecting to a room over QUIC."""

import asyncio
import errno
import socket
from functools import partial
from typing import Any, cast

from theta.adapters.quic_connection import BoundedConnection, participant_configuration
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.racing import first_to_open
from theta.adapters.transport import CLOSE_LOST, TransportClosed
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
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise TransportClosed(CLOSE_LOST, str(error)) from error
    places = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    attempts = [
        partial(_connect_to, family, address, host, verify=verify, handshake_seconds=handshake_seconds)
        for family, address in places
    ]
    _, transport = await first_to_open(attempts, ADDRESS_HEAD_START_SECONDS)
    return transport


async def _connect_to(
    family: int, address: tuple[Any, ...], server_name: str, *, verify: bool, handshake_seconds: float
) -> QuicTransport:
    try:
        connected = _connected_udp(family, address)
    except OSError as error:
        raise TransportClosed(CLOSE_LOST, f"no QUIC connection: {error.strerror or error}") from error
    connection = BoundedConnection(configuration=participant_configuration(server_name, verify=verify))
    loop = asyncio.get_running_loop()
    _, carrier = await loop.create_datagram_endpoint(lambda: _Carrier(connection, handshake_seconds), sock=connected)
    transport = carrier.transport
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


class _Carrier(asyncio.DatagramProtocol):
    """The socket below one participant's transport."""

    def __init__(self, connection: BoundedConnection, handshake_seconds: float) -> None:
        self._carrier: asyncio.DatagramTransport | None = None
        self._address: Any = None
        self.transport = QuicTransport(
            connection, is_room=False, send_packet=self._send, handshake_seconds=handshake_seconds
        )
        self.transport.on_ended = self.transport.abandon
        self.transport.on_gone = self.close

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._carrier = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._carrier is not None:
            self.transport.handle_packet(data, self._address)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (any more); other errors may pass."""
        if isinstance(exc, OSError) and exc.errno == errno.ECONNREFUSED:
            self.transport.abandon("no QUIC connection: nobody listens there")

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.abandon()

    def close(self) -> None:
        """Let go of the socket."""
        if self._carrier is not None:
            self._carrier.close()
            self._carrier = None

    def _send(self, data: bytes, address: Any) -> None:
        self._address = address
        if self._carrier is not None:
            self._carrier.sendto(data)
