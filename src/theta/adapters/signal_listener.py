"""A signalling server alone on its port, over HTTP for this machine and HTTPS for others."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web

from theta.adapters.http_access import Reach, guard
from theta.adapters.http_server import create_runner
from theta.adapters.lan_listener import LanListener
from theta.adapters.lan_server import refresh_reach
from theta.adapters.signal_server import SignalHub, add_signaling
from theta.adapters.tls_watch import CertificateWatch


class SignalListener:
    """Serves a hub on listening sockets, all of one port.

    Args:
        hub: the signalling server.
        sockets: as `listen` makes them; closed by whoever made them.
        watch: the certificate.
        listen_host: as given to `--host`, "" for every address.
        origins: pages of these may connect, see `add_signaling`.
    """

    def __init__(
        self,
        hub: SignalHub,
        sockets: Sequence[socket.socket],
        watch: CertificateWatch,
        listen_host: str,
        origins: frozenset[str],
    ) -> None:
        self.reach = Reach()
        self._sockets = sockets
        self._watch = watch
        self._listen_host = listen_host
        app = web.Application(middlewares=[guard(listen_host, self.reach)])
        add_signaling(app, hub, origins)
        app.router.add_get("/healthz", _health)
        self._runner = create_runner(app)
        self._listener: LanListener | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take connections from now on."""
        self._refresh()
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        self._listener = LanListener(self._sockets, server, lambda: self._watch.context)
        self._watching = asyncio.create_task(self._watch.run(self._refresh), name="theta certificate watch")

    async def close(self) -> None:
        """Let nobody in any more, and say goodbye to everyone."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        if self._listener is not None:
            await self._listener.close()
        await self._runner.cleanup()

    def _refresh(self) -> None:
        refresh_reach(self.reach, self._listen_host, self._watch.sighting, int(self._sockets[0].getsockname()[1]))


async def _health(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")
