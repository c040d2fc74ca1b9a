"""A room's end of WebRTC: answers the guests that come over signalling servers (TRN-41)."""

import asyncio
import logging
from dataclasses import replace
from importlib import import_module

from theta.adapters.host import RoomHost
from theta.adapters.memory_transport import memory_pair
from theta.adapters.signal_client import PASSING_CODES, OpenTransport, SignalClient
from theta.adapters.signal_links import SignalAttempt, SignalLinks
from theta.adapters.signal_server import SignalHub
from theta.adapters.transport import Transport
from theta.adapters.webrtc_settings import WebRtcSettings, ice_addresses
from theta.base.errors import PeerError, SignalingFailed
from theta.base.limits import HALF_OPEN_CONNECTIONS_MAX, SIGNAL_RETRY_SECONDS
from theta.commands.identity import Identity
from theta.signaling.participant import host_terms

_log = logging.getLogger(__name__)


class WebRtcHost:
    """Lets guests into a room by peer connections.

    Run `serve_at` for each signalling server; in the end, cancel those and `close`. Who is in stays in although a
    server turns the room away.

    Args:
        host: the room.
        room_key: the room's own key, which makes it the host at a signalling server.
        settings: how peer connections are made; STUN and TURN servers come from the signalling server.
    """

    def __init__(self, host: RoomHost, room_key: Identity, settings: WebRtcSettings | None = None) -> None:
        self._host = host
        self._terms = host_terms(room_key)
        self._settings = settings or WebRtcSettings()
        self._answering: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def half_open(self) -> int:
        """How many peer connections are being made."""
        return len(self._answering)

    async def serve_at(self, open_signaling: OpenTransport, where: str) -> None:
        """Be the room's host at a signalling server for as long as it lets us, and whenever it is there again.

        Args:
            open_signaling: connects to it.
            where: its name, for the log.
        """
        while True:
            end = await self._be_host(open_signaling, where)
            if end.close_code not in PASSING_CODES:
                _log.error("the signalling server turns us away", extra={"where": where, "reason": end.reason})
                return
            _log.warning("no signalling", extra={"where": where, "reason": end.reason})
            await asyncio.sleep(SIGNAL_RETRY_SECONDS)

    async def serve_own(self, hub: SignalHub) -> None:
        """The same at a signalling server in this process."""
        connections: set[asyncio.Task[None]] = set()

        async def open_memory() -> Transport:
            ours, its = memory_pair()[::-1]
            task = asyncio.create_task(hub.serve_connection(its), name="theta own signalling")
            connections.add(task)
            task.add_done_callback(connections.discard)
            return ours

        await self.serve_at(open_memory, "this process")

    async def close(self) -> None:
        """Let go of all guests, and of those who are on their way in."""
        tasks = [*self._answering, *self._serving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _be_host(self, open_signaling: OpenTransport, where: str) -> SignalingFailed:
        """Until the connection to the signalling server has ended for good, and how it did."""
        client = SignalClient(self._terms, open_signaling)
        try:
            await client.open()
        except SignalingFailed as failure:
            return failure
        links = SignalLinks(client)
        listening = asyncio.create_task(links.run(), name="theta host signalling")
        _log.info("signalling", extra={"where": where})
        try:
            while True:
                self._begin(links, await links.next_attempt())
        except SignalingFailed as failure:
            return failure
        finally:
            listening.cancel()
            await client.close()

    def _begin(self, links: SignalLinks, attempt: SignalAttempt) -> None:
        if self.half_open >= HALF_OPEN_CONNECTIONS_MAX or not self._host.has_place:
            attempt.fail("the room has no place")
            return
        task = asyncio.create_task(self._answer(links, attempt), name="theta webrtc answer")
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, links: SignalLinks, attempt: SignalAttempt) -> None:
        servers, relay_only = ice_addresses(links.ice_servers), links.relay_only or self._settings.relay_only
        settings = replace(self._settings, ice_servers=servers, relay_only=relay_only)
        # Loaded for the first guest, in a thread: it takes half a second, and 34 MB that most rooms never need.
        connecting = await asyncio.to_thread(import_module, "theta.adapters.webrtc_connecting")
        try:
            transport = await connecting.open_webrtc(attempt, is_room=True, offers=attempt.offers, settings=settings)
        except PeerError as error:
            _log.info("a guest did not get through", extra={"guest": attempt.peer, "reason": str(error)})
            if not attempt.is_over:
                attempt.fail(str(error))
            return
        attempt.stand()
        task = asyncio.create_task(self._host.serve_connection(transport, f"guest {attempt.peer}"), name="theta guest")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
