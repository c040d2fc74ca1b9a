"""A check of a signalling server: is it there, does it take us, is the room's host at it."""

import asyncio

from aiohttp import ClientSession

from theta.adapters.doctor.findings import Check, Outcome, good, problem
from theta.adapters.doctor.ice import ice_checks
from theta.adapters.host import machine_clock
from theta.adapters.signal_client import SignalClient, over_websocket
from theta.adapters.webrtc_settings import IceServerAddress, ice_addresses
from theta.base.errors import NotInvited, SignalingFailed
from theta.base.limits import IDENTIFIER_BYTES
from theta.signaling.participant import SignalTerms

_HOST_SECONDS_MAX = 2.0


class Signalling:
    """A signalling server.

    Args:
        http: says whom it trusts.
        link: its link.
        room: the id of the room whose host is looked for; None looks for none.

    Attributes:
        servers: STUN and TURN servers that it told of, once it was asked.
    """

    def __init__(self, http: ClientSession, link: str, room: bytes | None) -> None:
        self.servers: tuple[IceServerAddress, ...] = ()
        self._http = http
        self._link = link
        self._room = room

    def check(self) -> Check:
        """Ask it."""
        way_out = "Start `theta signal` there, or correct the link."
        return Check("signalling", f"connect to the signalling server at {self._link}", self._ask, way_out)

    def server_checks(self) -> list[Check]:
        """A check for each of the servers that it told of."""
        return ice_checks(self.servers)

    async def _ask(self) -> Outcome:
        began = machine_clock().seconds
        terms = SignalTerms(self._room or bytes(IDENTIFIER_BYTES))
        client = SignalClient(terms, over_websocket(self._http, self._link))
        try:
            welcome = await client.open()
        except SignalingFailed as error:
            return self._refused(error)
        try:
            seconds = machine_clock().seconds - began
            self.servers = ice_addresses(welcome.ice_servers)
            shown = f"taken in after {seconds * 1000.0:.0f} ms; it tells of {len(self.servers)} STUN and TURN URLs"
            if welcome.relay_only:
                shown += ", and wants TURN only"
            if self._room is None:
                return good(shown)
            return await self._look_for_host(client, shown)
        finally:
            await client.close()

    async def _look_for_host(self, client: SignalClient, shown: str) -> Outcome:
        try:
            async with asyncio.timeout(_HOST_SECONDS_MAX):
                await client.wait_for_host()
        except (TimeoutError, SignalingFailed):
            return problem(
                f"{shown}; the room's host is not there", "Open the room with `theta serve --signal` and this link."
            )
        return good(f"{shown}; the room's host is there")

    def _refused(self, error: SignalingFailed) -> Outcome:
        if self._room is None and error.close_code == NotInvited.close_code:
            return good("it answers, and takes only rooms that it was told of")
        return problem(str(error), "Start `theta signal` there, or correct the link.")
