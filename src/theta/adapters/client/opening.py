"""How a participant's connections are opened: over QUIC where it can be had, else over WebSocket, or by WebRTC."""

import asyncio
import logging
from typing import Literal, Protocol, get_args

from aiohttp import ClientSession, TCPConnector

from theta.adapters.client.address import LOCAL_NAMES, RoomAddress
from theta.adapters.racing import first_to_open
from theta.adapters.transport import CLOSE_LOST, Transport, TransportClosed
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import InvalidValue, PeerError
from theta.base.limits import QUIC_HEAD_START_SECONDS

TransportChoice = Literal["auto", "quic", "webtransport", "websocket", "webrtc"]

WEBSOCKET_OPEN_SECONDS_MAX = 5.0

_log = logging.getLogger(__name__)


class Opening(Protocol):
    """What opens a participant's connections; `address` says where the room is, and what it must be."""

    address: RoomAddress

    async def open(self) -> Transport:
        """A new connection; raises TransportClosed when there is none to be had."""
        ...

    def handle_fruitless(self, kind: str) -> None:
        """A transport of this kind opened, and was lost before a session stood on it."""
        ...

    async def close(self) -> None:
        """Let go of what was kept from one connection to the next."""
        ...


class Opener:
    """Opens connections to one room, one after the other.

    With "auto", QUIC begins, and WebSocket after QUIC_HEAD_START_SECONDS or as soon as QUIC has failed, and so does
    WebRTC after that where there is a signalling server; what stands first is used, and begins the next time (TRN-16).

    Args:
        address: the room's.
        choice: any but "auto" tries nothing else.
        signaling: link of the signalling server where the room's host is; "webrtc" without one asks the room's own.

    Raises:
        InvalidValue: no such choice.
    """

    def __init__(self, address: RoomAddress, choice: TransportChoice, signaling: str | None = None) -> None:
        if choice not in get_args(TransportChoice):
            raise InvalidValue("transport", choice, '"auto", "quic", "webtransport", "websocket" or "webrtc"')
        self.address = address
        self._signaling = signaling
        everything = ("quic", "websocket") if signaling is None else ("quic", "websocket", "webrtc")
        self._order: tuple[str, ...] = everything if choice == "auto" else (choice,)
        self._http: ClientSession | None = None

    async def open(self) -> Transport:
        """A new connection.

        Raises:
            TransportClosed: none of the ways leads to a room.
        """
        ways = {
            "quic": self._open_quic,
            "webtransport": self._open_webtransport,
            "websocket": self._open_websocket,
            "webrtc": self._open_webrtc,
        }
        number, transport = await first_to_open([ways[each] for each in self._order], QUIC_HEAD_START_SECONDS)
        first = self._order[number]
        self._order = (first, *(each for each in self._order if each != first))
        _log.info("connected", extra={"transport": transport.kind})
        return transport

    def handle_fruitless(self, kind: str) -> None:
        """See Opening.handle_fruitless: the others begin the next time."""
        self._order = (*(each for each in self._order if each != kind), *(each for each in self._order if each == kind))

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

    async def _open_webtransport(self) -> Transport:
        """As a page comes in, which is worth a try where that is what is in doubt."""
        from theta.adapters.quic_client import connect_webtransport

        verify = not self.address.is_known_by_key
        return await connect_webtransport(self.address.host, self.address.port, verify=verify)

    async def _open_websocket(self) -> Transport:
        try:
            async with asyncio.timeout(WEBSOCKET_OPEN_SECONDS_MAX):
                return await connect_websocket(self._session(), self.address.websocket_url)
        except TimeoutError as error:
            raise TransportClosed(CLOSE_LOST, "nobody answers there") from error

    async def _open_webrtc(self) -> Transport:
        # Loaded only now, as aioquic is: aiortc takes half a second.
        from theta.adapters.webrtc_client import connect_webrtc

        room = self.address.room
        if room is None:
            raise TransportClosed(CLOSE_LOST, "no WebRTC without an invite, which says which room it is")
        signaling = self._signaling or self.address.websocket_url.removesuffix("/ws")
        is_here = self._signaling is None and self.address.host in LOCAL_NAMES
        try:
            return await connect_webrtc(self._session(), signaling, room, WebRtcSettings(with_loopback=is_here))
        except PeerError as error:
            # Another time there may be a way.
            raise TransportClosed(CLOSE_LOST, f"{error.code}: {error}") from error

    def _session(self) -> ClientSession:
        if self._http is None:
            # `ssl=False` leaves the certificate unread: a room that is known by its key has to prove that key.
            self._http = ClientSession(connector=TCPConnector(ssl=not self.address.is_known_by_key))
        return self._http
