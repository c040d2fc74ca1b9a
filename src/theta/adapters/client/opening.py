"""How a participant's connections are opened: over QUIC where it can be had, else over WebSocket."""

import logging
from typing import Literal, Protocol, get_args

from aiohttp import ClientSession, TCPConnector

from theta.adapters.client.address import RoomAddress
from theta.adapters.racing import first_to_open
from theta.adapters.transport import Transport
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import InvalidValue
from theta.base.limits import QUIC_HEAD_START_SECONDS

TransportChoice = Literal["auto", "quic", "websocket"]

_log = logging.getLogger(__name__)


class Opening(Protocol):
    """What opens a participant's connections; `address` says where the room is, and what it must be."""

    address: RoomAddress

    async def open(self) -> Transport:
        """A new connection; raises TransportClosed when there is none to be had."""
        ...

    async def close(self) -> None:
        """Let go of what was kept from one connection to the next."""
        ...


class Opener:
    """Opens connections to one room, one after the other.

    With "auto", QUIC begins, and WebSocket after QUIC_HEAD_START_SECONDS or as soon as QUIC has failed; what stands
    first is used, and begins the next time (TRN-16).

    Args:
        address: the room's.
        choice: "quic" and "websocket" try nothing else.

    Raises:
        InvalidValue: no such choice.
    """

    def __init__(self, address: RoomAddress, choice: TransportChoice) -> None:
        if choice not in get_args(TransportChoice):
            raise InvalidValue("transport", choice, '"auto", "quic" or "websocket"')
        self.address = address
        self._order: tuple[str, ...] = ("quic", "websocket") if choice == "auto" else (choice,)
        self._http: ClientSession | None = None

    async def open(self) -> Transport:
        """A new connection.

        Raises:
            TransportClosed: none of the ways leads to a room.
        """
        ways = {"quic": self._open_quic, "websocket": self._open_websocket}
        number, transport = await first_to_open([ways[each] for each in self._order], QUIC_HEAD_START_SECONDS)
        if number:
            self._order = self._order[::-1]
        _log.info("connected", extra={"transport": transport.kind})
        return transport

    async def close(self) -> None:
        """Let go of what was kept from one connection to the next; the next one makes it anew."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()

    async def _open_quic(self) -> Transport:
        # Loaded only now: aioquic takes a tenth of a second, which nobody should pay who asks for WebSocket alone.
        from theta.adapters.quic_client import connect_quic

        verify = not self.address.is_known_by_key
        return await connect_quic(self.address.host, self.address.port, verify=verify)

    async def _open_websocket(self) -> Transport:
        if self._http is None:
            # `ssl=False` leaves the certificate unread: a room that is known by its key has to prove that key.
            self._http = ClientSession(connector=TCPConnector(ssl=not self.address.is_known_by_key))
        return await connect_websocket(self._http, self.address.websocket_url)
