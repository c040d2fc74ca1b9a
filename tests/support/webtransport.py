"""A room's WebTransport on a free port of this machine, and a client made by hand, which says what it is told to."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from aioquic.buffer import encode_uint_var
from aioquic.h3 import events as http
from aioquic.h3.connection import H3Connection
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

from tests.support.certificates import CertificatePair, make_certificate
from tests.support.quic import HOST, Listening, RawQuic, raw_client_of
from theta.adapters.quic_client import connect_webtransport
from theta.adapters.quic_configuration import ALPN_HTTP
from theta.adapters.quic_listener import PageSessions
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import Transport
from theta.adapters.webtransport_certificate import RotatingCertificate

LANE_STREAM = encode_uint_var(0x41)
"""What a stream of a session begins with, before the session's number."""

AnyHttpEvent = TypeVar("AnyHttpEvent", bound=http.H3Event)


class WebTransportListening(Listening):
    """A listener that takes pages; by default from everywhere."""

    def __init__(self, pair: CertificatePair, *, pages: PageSessions | None = None, **settings: Any) -> None:
        everyone = PageSessions(lambda authority, origin, address: True, RotatingCertificate())
        super().__init__(pair, pages=pages or everyone, **settings)

    async def join(self, **settings: Any) -> QuicTransport:
        """A participant's end over WebTransport."""
        return await connect_webtransport(HOST, self.listener.port, **{"verify": False, **settings})

    async def session(self) -> tuple[Transport, Transport]:
        """(the room's end, a participant's)."""
        participant = await self.join()
        return await self.accepted.get(), participant


def webtransport_listening(folder: Path, **settings: Any) -> WebTransportListening:
    """A listener with a certificate of its own."""
    return WebTransportListening(make_certificate(folder), **settings)


class _Http(H3Connection):
    """aioquic's HTTP/3 with other settings than its own."""

    def __init__(self, quic: QuicConnection, settings: Mapping[int, int] | None) -> None:
        self._told = settings
        super().__init__(quic, enable_webtransport=True)

    def _get_local_settings(self) -> dict[int, int]:
        return super()._get_local_settings() if self._told is None else dict(self._told)


class RawHttp(RawQuic):
    """A client on HTTP/3; what is heard is in `answers` (of HTTP) and `heard` (of QUIC)."""

    def __init__(self, connection: QuicConnection, port: int, settings: Mapping[int, int] | None) -> None:
        super().__init__(connection)
        self._port = port
        self._settings = settings
        self._past_http: set[int] = set()
        self.answers: list[http.H3Event] = []
        self.http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self.http = _Http(self.quic, self._settings)
        # aioquic's client would look for frames of HTTP in what the room says on a stream of the session.
        if self.http is not None and getattr(event, "stream_id", None) not in self._past_http:
            self.answers += self.http.handle_event(event)
        super().quic_event_received(event)

    async def until_settings(self) -> Mapping[int, int]:
        """What the room says of itself."""
        found: Mapping[int, int] = await self._until(lambda: self.http.received_settings if self.http else None)
        return found

    async def until_answer(self, kind: type[AnyHttpEvent], stream: int = 0) -> AnyHttpEvent:
        """The first event of HTTP of a kind on a stream."""
        found: AnyHttpEvent = await self._until(lambda: self._first(kind, stream))
        return found

    def _first(self, kind: type[AnyHttpEvent], stream: int) -> AnyHttpEvent | None:
        of_kind = (each for each in self.answers if isinstance(each, kind))
        return next((each for each in of_kind if getattr(each, "stream_id", stream) == stream), None)

    async def _until(self, look: Any) -> Any:
        while (found := look()) is None:
            self._happened.clear()
            await self._happened.wait()
        return found

    def ask(self, fields: Mapping[str, str | None] = MappingProxyType({}), *, stream: int = 0) -> None:
        """Ask for a session; `fields` replace the headers of that name, None leaves one out."""
        headers: dict[str, str | None] = {
            ":method": "CONNECT",
            ":protocol": "webtransport",
            ":scheme": "https",
            ":authority": f"{HOST}:{self._port}",
            ":path": "/webtransport",
        }
        headers |= fields
        assert self.http is not None
        self.http.send_headers(
            stream, [(name.encode(), value.encode()) for name, value in headers.items() if value is not None]
        )
        self.transmit()

    async def status(self, stream: int = 0) -> int:
        """What a request is answered with."""
        answer = await self.until_answer(http.HeadersReceived, stream)
        return int(dict(answer.headers)[b":status"])

    def open_lane(self, stream: int, lane: int, data: bytes = b"", *, session: int = 0) -> None:
        """Open a stream of the session for a lane."""
        self.say(stream, LANE_STREAM + encode_uint_var(session) + bytes((lane,)) + data)

    def say(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Send on a stream, past HTTP."""
        self._past_http.add(stream)
        self.quic.send_stream_data(stream, data, end_stream=end)
        self.transmit()

    def say_datagram(self, data: bytes) -> None:
        """Send a DATAGRAM frame."""
        self.quic.send_datagram_frame(data)
        self.transmit()

    async def read(self, stream: int, size: int) -> bytes:
        """So many bytes of what the room said on a stream, past HTTP."""

        def gathered() -> bytes | None:
            said = b"".join(
                getattr(each, "data", b"") for each in self.heard if getattr(each, "stream_id", None) == stream
            )
            return said[:size] if len(said) >= size else None

        found: bytes = await self._until(gathered)
        return found


async def http_client(port: int, settings: Mapping[int, int] | None = None, **configuration: Any) -> RawHttp:
    """A client that has heard what the room says of itself; `settings` are told instead of aioquic's own."""
    configuration = {"alpn_protocols": [ALPN_HTTP], **configuration}
    client = await raw_client_of(lambda made: RawHttp(made, port, settings), port, **configuration)
    async with asyncio.timeout(10):
        await client.until_settings()
    return client
