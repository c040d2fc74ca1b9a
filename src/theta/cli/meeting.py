"""Where guests who cannot reach a room find it: at its own signalling server, and at another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from theta.adapters.host import RoomHost
from theta.adapters.signal_client import over_websocket, signal_url
from theta.adapters.signal_server import SignalHub
from theta.adapters.webrtc_host import WebRtcHost
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.base.errors import InvalidValue
from theta.commands.identity import Identity

_LOOPBACK = ("127.0.0.1",)


@dataclass(frozen=True)
class Meeting:
    """What it takes to let guests in by peer connections.

    Attributes:
        hub: the room's own signalling server.
        room_key: the room's, which makes it the host.
        elsewhere: link of another signalling server; None for none.
        on_this_machine: whether nobody but this machine may connect.
    """

    hub: SignalHub
    room_key: Identity
    elsewhere: str | None = None
    on_this_machine: bool = False

    @asynccontextmanager
    async def open(self, host: RoomHost) -> AsyncIterator[None]:
        """Let guests in meanwhile."""
        settings = WebRtcSettings(addresses=_LOOPBACK) if self.on_this_machine else WebRtcSettings()
        guests = WebRtcHost(host, self.room_key, settings)
        async with AsyncExitStack() as stack:
            tasks = [asyncio.create_task(guests.serve_own(self.hub), name="theta guests of one's own")]
            if self.elsewhere is not None:
                http = await stack.enter_async_context(ClientSession())
                there = over_websocket(http, self.elsewhere)
                tasks.append(asyncio.create_task(guests.serve_at(there, self.elsewhere), name="theta guests elsewhere"))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await guests.close()


def check_signaling_link(link: str) -> None:
    """Refuse what is no link of a signalling server.

    Raises:
        InvalidValue: names the option.
    """
    try:
        signal_url(link)
    except InvalidValue as error:
        raise InvalidValue("--signal", link, error.limit) from error
