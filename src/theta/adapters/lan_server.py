"""A room on its port: page, API and WebSocket over HTTP and HTTPS; QUIC and WebTransport on UDP at the same number."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from theta.adapters.host import RoomHost
from theta.adapters.http_access import EVERY_ADDRESS, Reach, session_guard
from theta.adapters.http_server import HttpSettings, create_app, create_runner
from theta.adapters.lan_addresses import https_links, is_loopback
from theta.adapters.lan_listener import LanListener
from theta.adapters.tls_watch import CertificateWatch, Sighting
from theta.base.errors import UsageError

if TYPE_CHECKING:
    from theta.adapters.quic_listener import QuicListener

_log = logging.getLogger(__name__)


class LanServer:
    """Serves a room on listening sockets, all of one port.

    Args:
        host: the room, running.
        sockets: as `listen` makes them; closed by whoever made them.
        watch: the certificate.
        settings: `reach` is filled in here.
    """

    def __init__(
        self, host: RoomHost, sockets: Sequence[socket.socket], watch: CertificateWatch, settings: HttpSettings
    ) -> None:
        self._host = host
        self._sockets = sockets
        self._watch = watch
        self._settings = replace(settings, reach=Reach())
        self._port = int(sockets[0].getsockname()[1])
        self._runner = create_runner(create_app(host, self._settings))
        self._listener: LanListener | None = None
        self._quic: QuicListener | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def reach(self) -> Reach:
        """By what the room can be reached now."""
        return self._settings.reach

    async def start(self) -> None:
        """Take connections from now on."""
        self._refresh()
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        self._listener = LanListener(self._sockets, server, lambda: self._watch.context)
        self._watching = asyncio.create_task(self._watch.run(self._take_up), name="theta certificate watch")

    def start_quic(self) -> None:
        """Take QUIC connections too, and WebTransport sessions over them.

        Raises:
            QuicUnavailable: the UDP port is taken, or this system cannot; the room is as well without it.
        """
        # Imported when it is wanted: aioquic takes a while.
        from theta.adapters.quic_listener import PageSessions, QuicListener, QuicUnavailable
        from theta.adapters.quic_socket import open_udp_beside
        from theta.adapters.webtransport_certificate import RotatingCertificate

        try:
            sockets = open_udp_beside(self._sockets)
        except OSError as error:
            raise QuicUnavailable(f"UDP port {self._port} cannot be listened on: {error.strerror}") from error
        certificate, is_own = self._watch.sighting.certificate, self._watch.sighting.is_own
        settings = self._settings
        # What the operator brought is trusted by browsers; what was made here they take by its hash.
        for_pages = None if is_own else RotatingCertificate()
        self._quic = QuicListener(
            sockets,
            certificate.certificate,
            certificate.key,
            self._host.serve_connection,
            has_place=lambda: self._host.has_place,
            pages=PageSessions(session_guard(settings.listen_host, settings.reach, settings.is_local), for_pages),
        )
        settings.reach.quic = True
        settings.reach.page_hashes = for_pages.hashes if for_pages is not None else list

    async def stop_accepting(self) -> None:
        """Let nobody in any more; those who are in go on until `close`."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        if self._listener is not None:
            await self._listener.close()

    async def close(self) -> None:
        """End what is left; the room should be closed by now, so that everyone has heard why."""
        await self.stop_accepting()
        if self._quic is not None:
            await self._quic.close()
        await self._runner.cleanup()

    def _take_up(self) -> None:
        """The watch saw something change."""
        self._refresh()
        if self._quic is not None:
            certificate = self._watch.sighting.certificate
            try:
                self._quic.reload(certificate.certificate, certificate.key)
            except UsageError as error:
                _log.warning("QUIC keeps its certificate", extra={"reason": str(error)})

    def _refresh(self) -> None:
        refresh_reach(self._settings.reach, self._settings.listen_host, self._watch.sighting, self._port)


def refresh_reach(reach: Reach, listen_host: str, sighting: Sighting, port: int) -> None:
    """Say in `reach` by what a server on `port` can be reached, as the certificate in use has it."""
    reach.links = https_links(_lan_names(listen_host, sighting), port)
    is_lan = listen_host in EVERY_ADDRESS or bool(reach.links)
    reach.host_names = sighting.certificate.host_names if is_lan else frozenset()
    _log.info("reachable", extra={"links": " ".join(reach.links), "sha256": sighting.certificate.fingerprint})


def _lan_names(listen_host: str, sighting: Sighting) -> list[str]:
    """The names and addresses by which others on the network find the room, best first."""
    if listen_host not in EVERY_ADDRESS:
        name = listen_host.strip("[]")
        return [] if name == "localhost" or is_loopback(name) else [name]
    certified = sorted(sighting.certificate.host_names) if sighting.is_own else []
    names = [name for name in certified if name != "localhost" and "*" not in name]
    version = {"0.0.0.0": 4, "::": 6}.get(listen_host)
    addresses = [each for each in sighting.machine.addresses if version in (None, 6 if ":" in each else 4)]
    return names + addresses
