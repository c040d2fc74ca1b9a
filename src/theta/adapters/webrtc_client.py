"""Connecting to a room by WebRTC, over the signalling server where its host is (TRN-42)."""

import asyncio
from dataclasses import replace

from aiohttp import ClientSession

from theta.adapters.signal_client import OpenTransport, SignalClient, over_websocket
from theta.adapters.signal_links import SignalLinks
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_settings import WebRtcSettings, ice_addresses
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import SignalingFailed
from theta.base.limits import WEBRTC_CONNECT_SECONDS_MAX
from theta.signaling.participant import SignalTerms

_TELLING_SECONDS = 2.0
"""Whoever waits as long as a connection may take is to hear what an attempt at it failed with."""


async def connect_webrtc(
    http: ClientSession, signaling: str, room: bytes, settings: WebRtcSettings | None = None
) -> WebRtcTransport:
    """Connect to the host of a room.

    Args:
        http: says whom it trusts.
        signaling: link of the signalling server: the room's own, or another's.
        room: the room's id, 16 bytes.
        settings: how the peer connection is made; STUN and TURN servers come from the signalling server.

    Raises:
        InvalidValue: `signaling` is no link.
        SignalingFailed: the server or the room's host cannot be reached there, or not in time.
        IceGatheringTimeout: no address of our own in time.
        IceFailed: no way through.
    """
    return await connect_over(over_websocket(http, signaling), room, settings)


async def connect_over(
    open_signaling: OpenTransport, room: bytes, settings: WebRtcSettings | None = None
) -> WebRtcTransport:
    """As `connect_webrtc`, with any way to the signalling server."""
    chosen = settings or WebRtcSettings()
    try:
        async with asyncio.timeout(WEBRTC_CONNECT_SECONDS_MAX) as deadline:
            async with SignalClient(SignalTerms(room), open_signaling) as client:
                links = SignalLinks(client)
                listening = asyncio.create_task(links.run(), name="theta guest signalling")
                try:
                    links.start(await client.wait_for_host())
                    return await _make(links, chosen, (deadline.when() or 0.0) - _TELLING_SECONDS)
                finally:
                    listening.cancel()
    except TimeoutError:
        raise SignalingFailed(f"no connection within {WEBRTC_CONNECT_SECONDS_MAX:g} s") from None


async def _make(links: SignalLinks, settings: WebRtcSettings, until: float) -> WebRtcTransport:
    """A connection of the first attempt that is not overtaken by another; `until` is a time of the loop's."""
    while True:
        attempt = await links.next_attempt()
        left = until - asyncio.get_running_loop().time()
        servers, relay_only = ice_addresses(links.ice_servers), links.relay_only or settings.relay_only
        seconds = max(0.0, min(settings.connect_seconds, left))
        made = replace(settings, ice_servers=servers, relay_only=relay_only, connect_seconds=seconds)
        try:
            transport = await open_webrtc(attempt, is_room=False, offers=attempt.offers, settings=made)
        except SignalingFailed:
            if attempt.is_over and links.has_attempt:
                continue
            raise
        attempt.stand()
        return transport
