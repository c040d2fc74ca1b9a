"""A QUIC listener on a free port of this machine, whose accepted transports are waited for."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent

from tests.support.certificates import CertificatePair, make_certificate
from theta.adapters.quic_client import connect_quic
from theta.adapters.quic_configuration import participant_configuration
from theta.adapters.quic_listener import QuicListener
from theta.adapters.quic_socket import open_udp
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import Transport

HOST = "127.0.0.1"


AnyEvent = TypeVar("AnyEvent", bound=QuicEvent)


class RawQuic(QuicConnectionProtocol):
    """aioquic's own client, which says what it is told to and keeps what it hears."""

    def __init__(self, connection: QuicConnection) -> None:
        super().__init__(connection)
        self.quic = connection
        self.heard: list[QuicEvent] = []
        self._happened = asyncio.Event()

    def quic_event_received(self, event: QuicEvent) -> None:
        self.heard.append(event)
        self._happened.set()

    async def until(self, kind: type[AnyEvent]) -> AnyEvent:
        """The first event of a kind."""
        while True:
            for event in self.heard:
                if isinstance(event, kind):
                    return event
            self._happened.clear()
            await self._happened.wait()

    async def until_over_or_done(self) -> None:
        """The handshake is done, or came to nothing."""
        while not any(isinstance(event, HandshakeCompleted | ConnectionTerminated) for event in self.heard):
            self._happened.clear()
            await self._happened.wait()

    def release(self) -> None:
        """Say goodbye and close the socket, and don't wait."""
        self.close()
        assert self._transport is not None
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()


AnyRaw = TypeVar("AnyRaw", bound=RawQuic)


async def raw_client(port: int, *, host: str = HOST, **settings: Any) -> RawQuic:
    """A client at `host` that has sent its first packet; `settings` are attributes of aioquic's configuration."""
    return await raw_client_of(RawQuic, port, host=host, **settings)


async def raw_client_of(
    kind: Callable[[QuicConnection], AnyRaw], port: int, *, host: str = HOST, **settings: Any
) -> AnyRaw:
    """The same, of another kind."""
    configuration = participant_configuration("localhost", verify=False)
    for name, value in settings.items():
        setattr(configuration, name, value)
    made = QuicConnection(configuration=configuration)
    loop = asyncio.get_running_loop()
    _, raw = await loop.create_datagram_endpoint(lambda: kind(made), local_addr=(host, 0), remote_addr=(HOST, port))
    raw.connect((HOST, port))
    return raw


class Listening:
    """Make it on the running loop; `close` it in the end."""

    def __init__(self, pair: CertificatePair, *, serve: Any = None, port: int = 0, **settings: Any) -> None:
        self.accepted: asyncio.Queue[Transport] = asyncio.Queue()
        self.listener = QuicListener(
            [open_udp(socket.AF_INET, (HOST, port))], pair.certificate, pair.key, serve or self._keep, **settings
        )

    async def _keep(self, transport: Transport, address: str) -> None:
        assert address.startswith("127.")
        assert isinstance(transport, QuicTransport)
        self.accepted.put_nowait(transport)
        await transport._finished.wait()

    async def connect(self, **settings: Any) -> QuicTransport:
        """A participant's end."""
        return await connect_quic(HOST, self.listener.port, **{"verify": False, **settings})

    async def pair(self) -> tuple[Transport, Transport]:
        """(the room's end, a participant's)."""
        participant = await self.connect()
        return await self.accepted.get(), participant

    async def close(self) -> None:
        """Let go of everything."""
        await self.listener.close()


def listening(folder: Path, **settings: Any) -> Listening:
    """A listener with a certificate of its own."""
    return Listening(make_certificate(folder), **settings)
