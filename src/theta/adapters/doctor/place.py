"""Checks of where a room is: does the link hold, is the name known, does a room answer, what is its certificate."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography import x509

from theta.adapters.client.address import RoomAddress
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.client.invitation import redeem
from theta.adapters.doctor.findings import Check, Outcome, good, problem, skipped, warning
from theta.adapters.http_problems import problem_of
from theta.base.limits import UDP_PAYLOAD_BYTES
from theta.node.protocol import protocol
from theta.session.invites import read_invite
from theta.session.upgrading import PACKAGE

_HTTP_SECONDS_MAX = 8.0
_IP_MTU = 14  # <linux/in.h>
_IPV6_MTU = 24  # <linux/in6.h>
_IP_UDP_BYTES = {socket.AF_INET: 28, socket.AF_INET6: 48}


class RoomPlace:
    """Where a room is, as far as its link says.

    Args:
        http: trusts any certificate; what it is worth is looked at by itself.
        address: from the link.

    Attributes:
        address: with the invite, once a code was exchanged for it.
    """

    def __init__(self, http: ClientSession, address: RoomAddress) -> None:
        self.address = address
        self._http = http

    def checks(self) -> list[Check]:
        """All of them, in order."""
        host = self.address.host
        return [
            Check("invite", "read the link", self._check_invite, "Ask for a new link."),
            Check("name", f"look up {host}", self._check_name, "Correct the link, or use the room's address."),
            Check("room", "ask the room what it is", self._check_room, "Open the room, or correct the link."),
            Check(
                "TLS", "look at the room's certificate", self._check_certificate, "Renew it, or open the room again."
            ),
            Check("MTU", "ask for the size of packets on the way", self._check_mtu, "Raise the MTU to 1,280 at least."),
        ]

    async def _check_invite(self) -> Outcome:
        if self.address.code:
            try:
                self.address = await redeem(self.address)
            except ConnectionFailed as error:
                return problem(str(error), "Type the code again, as the room shows it, or ask for a link.")
        invite = read_invite(self.address.invite)
        if invite is None:
            if self.address.is_known_by_key:
                return good("a room of this machine's own user")
            return warning("no invite in the link", "Ask for the whole link: only the room's owner comes in without.")
        if not invite.expires_ms:
            return good(f"for an {invite.role}, without an end" if invite.role != "viewer" else "for a viewer, no end")
        ends = datetime.fromtimestamp(invite.expires_ms / 1000.0, UTC)
        if datetime.now(UTC) >= ends:
            return problem(f"it was over at {ends:%Y-%m-%d %H:%M} UTC", "Ask for a new link.")
        return good(f"role {invite.role}, until {ends:%Y-%m-%d %H:%M} UTC")

    async def _check_name(self) -> Outcome:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.address.host, self.address.port, type=socket.SOCK_STREAM)
        except OSError as error:
            return problem(error.strerror or str(error), "Correct the link, or use the room's address.")
        return good(", ".join(dict.fromkeys(str(address[0]) for *_, address in found)))

    async def _check_room(self) -> Outcome:
        url = self.address.websocket_url.replace("ws", "http", 1).removesuffix("/ws") + "/api/room"
        try:
            async with self._http.get(url, timeout=ClientTimeout(_HTTP_SECONDS_MAX)) as answer:
                answer.raise_for_status()
                told: dict[str, Any] = await answer.json()
                name, theirs = str(told["name"]), (int(told["protocol_version"]), str(told["protocol_hash"]))
        except (ClientError, TimeoutError, OSError) as error:
            return problem(problem_of(error)[1], "Open the room, or correct the link.")
        except (ValueError, KeyError, TypeError):
            return problem("what answers there is no room of Theta's", "Correct the link.")
        ours = protocol()
        if theirs != (ours.version, ours.hash.hex()):
            return problem(
                f"“{name}” speaks another protocol than this Theta {ours.software}",
                f"Install the same {PACKAGE} here and where the room runs.",
            )
        return good(f"“{name}”, {told.get('people', '?')} people there")

    async def _check_certificate(self) -> Outcome:
        if not self.address.websocket_url.startswith("wss"):
            return skipped("plain HTTP, which is for this machine only")
        host, port = self.address.host, self.address.port
        try:
            certificate = x509.load_der_x509_certificate(await _certificate_at(host, port))
        except ConnectionError:
            return skipped("nothing answers there")
        now, until = datetime.now(UTC), certificate.not_valid_after_utc
        if not certificate.not_valid_before_utc <= now < until:
            return problem(
                f"it is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to {until:%Y-%m-%d}",
                "Set this machine's clock, or renew the certificate.",
            )
        try:
            await _certificate_at(host, port, verify=True)
        except ssl.SSLCertVerificationError as error:
            who = f"until {until:%Y-%m-%d}; not vouched for here: {error.verify_message}"
            if self.address.is_known_by_key:
                return good(f"{who}; the link says which room it is, so that this does no harm")
            return warning(who, "Use the whole link with #invite=…, or give the room a certificate with --cert.")
        return good(f"until {until:%Y-%m-%d}, vouched for by an authority")

    async def _check_mtu(self) -> Outcome:
        mtu = await _path_mtu(self.address.host, self.address.port)
        if mtu is None:
            return skipped("this system does not say")
        packet, size = mtu
        if size < UDP_PAYLOAD_BYTES:
            way_out = f"Raise the MTU on the way (a VPN?) to {UDP_PAYLOAD_BYTES + packet - size} at least."
            return problem(f"packets of {packet} bytes, with {size} of UDP: QUIC needs more", way_out)
        known = f"packets of {packet} bytes, with {size} of UDP, as far as this machine knows"
        return good(f"{known}; {UDP_PAYLOAD_BYTES} are needed")


async def _certificate_at(host: str, port: int, *, verify: bool = False) -> bytes:
    """The certificate that is shown there, as DER.

    Raises:
        OSError: nobody speaks TLS there; ssl.SSLCertVerificationError with `verify`.
    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return bytes(shown)


async def _path_mtu(host: str, port: int) -> tuple[int, int] | None:
    """What the kernel knows of the way: bytes of a packet, and of UDP in it; None where it does not say."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, _, _, _, address = found[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
            level, option = (
                (socket.IPPROTO_IPV6, _IPV6_MTU) if family == socket.AF_INET6 else (socket.IPPROTO_IP, _IP_MTU)
            )
            packet = probe.getsockopt(level, option)
        except OSError:
            return None
    return packet, packet - _IP_UDP_BYTES[socket.AddressFamily(family)]
