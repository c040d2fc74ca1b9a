"""Checks of the ways into a room: which transports get through, and how good the last of them is."""

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import ClientSession

from theta.adapters.client.address import RoomAddress
from theta.adapters.doctor.findings import Check, Outcome, Verdict, good, problem, skipped, warning
from theta.adapters.doctor.place import RoomPlace
from theta.adapters.doctor.visit import Visitor
from theta.adapters.host import machine_clock
from theta.adapters.quic_client import connect_quic, connect_webtransport
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.webrtc_client import connect_webrtc
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import NotInvited, PeerError, ProtocolMismatch, RoomFull, WrongRoom
from theta.base.limits import HANDSHAKE_SECONDS_MAX, TIMESTAMP_AHEAD_SECONDS_MAX
from theta.commands.identity import Identity
from theta.session.upgrading import PACKAGE

CLOCKS_APART_SECONDS_MAX = 2.0
LOSS_MAX = 0.02
JITTER_SECONDS_MAX = 0.05

_WAYS_OUT = {
    NotInvited.close_code: "Ask for a new link.",
    WrongRoom.close_code: "Ask for a new link: this one is for another room.",
    ProtocolMismatch.close_code: f"Install the same {PACKAGE} here and where the room runs.",
    RoomFull.close_code: "Wait until somebody leaves, and try again.",
}
"""Where it is the room that says no."""

OpenWay = Callable[[], Awaitable[Transport]]


class RoomWays:
    """The ways into one room; all are visits of one guest.

    Args:
        http: trusts any certificate; what it is worth is looked at by itself.
        place: where the room is; its address is read when a check runs.
        identity: whose key to come with; None makes one for the visit.
        signaling: link of a signalling server, else the room's own is asked.
        webrtc: how peer connections are made.
    """

    def __init__(
        self,
        http: ClientSession,
        place: RoomPlace,
        identity: Identity | None,
        signaling: str | None,
        webrtc: WebRtcSettings,
    ) -> None:
        self._http = http
        self._place = place
        self._identity = identity
        self._visitor: Visitor | None = None
        self._signaling = signaling
        self._webrtc = webrtc
        self._standing: list[OpenWay] = []
        """The ways that led into the room."""

    def checks(self) -> list[Check]:
        """All of them, in order: each transport by itself, and at last how good the best way is."""
        port = self._address.port
        tcp = f"Let TCP port {port} through in the firewalls between."
        udp = f"Let UDP port {port} through in the firewalls between; without it WebSocket is used."
        relay = "Give the room a TURN server (docs/operating/signaling.md), and look at the checks above."
        return [
            self._check("WebSocket", f"come in by WebSocket, TCP port {port}", self._open_websocket, tcp),
            self._check("QUIC", f"come in by QUIC, UDP port {port}", self._open_quic, udp),
            self._check("WebTransport", f"come in by WebTransport, UDP port {port}", self._open_webtransport, udp),
            self._check("WebRTC", "come in by WebRTC, met at the signalling server", self._open_webrtc, relay),
            Check("link", "ping the room for 3 s", self._check_link, "Try a cable, or a better Wi-Fi."),
        ]

    def _check(self, name: str, tried: str, open_way: OpenWay, way_out: str) -> Check:
        return Check(name, tried, partial(self._try, open_way, way_out), way_out)

    @property
    def _address(self) -> RoomAddress:
        return self._place.address

    # -- ways in -------------------------------------------------------------------------------------------------

    async def _try(self, open_way: OpenWay, way_out: str) -> Outcome:
        try:
            return await self._come_in(open_way)
        except TransportClosed as end:
            return problem(end.reason or str(end), _WAYS_OUT.get(end.close_code, way_out))
        except PeerError as error:
            return problem(str(error), _WAYS_OUT.get(error.close_code, way_out))

    async def _come_in(self, open_way: OpenWay) -> Outcome:
        """Connect, shake hands, and leave."""
        if open_way == self._open_webrtc and self._address.room is None:
            return skipped("without an invite it is not known which room to ask for")
        began = machine_clock().seconds
        transport = await open_way()
        try:
            opened = machine_clock().seconds
            acknowledge = await self._visit().enter(transport)
            entered = machine_clock().seconds
            way = transport.way if isinstance(transport, WebRtcTransport) else None
        finally:
            await transport.close()
        shown = f"connected in {_ms(opened - began)}, in the room as {acknowledge.role} {_ms(entered - opened)} later"
        if way is not None:
            shown += f"; candidates gathered: {', '.join(way.gathered)}; the pair {way.ours} to {way.theirs} won"
        self._standing.append(open_way)
        return good(shown)

    def _visit(self) -> Visitor:
        if self._visitor is None:
            self._visitor = Visitor(self._address.invite, self._address.room_key, self._identity)
        return self._visitor

    async def _open_websocket(self) -> Transport:
        return await connect_websocket(self._http, self._address.websocket_url)

    async def _open_quic(self) -> Transport:
        where = (self._address.host, self._address.port)
        return await connect_quic(*where, verify=False, handshake_seconds=2.0 * HANDSHAKE_SECONDS_MAX)

    async def _open_webtransport(self) -> Transport:
        where = (self._address.host, self._address.port)
        return await connect_webtransport(*where, verify=False, handshake_seconds=2.0 * HANDSHAKE_SECONDS_MAX)

    async def _open_webrtc(self) -> Transport:
        assert self._address.room is not None
        signaling = self._signaling or self._address.websocket_url.removesuffix("/ws")
        return await connect_webrtc(self._http, signaling, self._address.room, self._webrtc)

    # -- how good it is ------------------------------------------------------------------------------------------

    async def _check_link(self) -> Outcome:
        ways = (self._open_quic, self._open_webtransport, self._open_websocket, self._open_webrtc)
        order = ways[::-1] if self._webrtc.relay_only else ways
        found = next((way for way in order if way in self._standing), None)
        if found is None:
            return skipped("there is no way into the room")
        transport = await found()
        try:
            await self._visit().enter(transport)
            burst = await self._visit().measure(transport)
        finally:
            await transport.close()
        quality = burst.quality
        if quality.rtt_seconds is None:
            return problem(f"none of {burst.sent} pings was answered", "Look at the checks above.")
        loss = burst.lost / burst.sent
        metrics = transport.metrics
        shown = (
            f"over {transport.kind}: round trip {_ms(quality.rtt_seconds)}, jitter {_ms(quality.jitter_seconds)}, "
            f"{burst.lost} of {burst.sent} pings lost, {metrics.packets_lost} packets lost on the way; the room's "
            f"clock is {quality.clock_offset_ms / 1000.0:+.2f} s from ours"
        )
        apart = abs(quality.clock_offset_ms) / 1000.0
        if apart > CLOCKS_APART_SECONDS_MAX:
            what = "are refused" if apart > TIMESTAMP_AHEAD_SECONDS_MAX else "end early or late"
            return warning(shown, f"Set both clocks right: invites and certificates {what} otherwise.")
        if loss > LOSS_MAX or quality.jitter_seconds > JITTER_SECONDS_MAX:
            return warning(shown, "Try a cable, a better Wi-Fi, or a line with less on it.")
        return Outcome(Verdict.GOOD, shown)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000.0:.1f} ms"
