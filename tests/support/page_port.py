"""A port as a room serves it, for a page that knows WebTransport and nothing else: HTTP that tells where, and QUIC."""

import asyncio
from pathlib import Path

from aiohttp import web

from tests.support.certificates import make_certificate
from theta.adapters.http_access import Reach, guard, session_guard
from theta.adapters.http_webtransport import add_webtransport
from theta.adapters.listening import listen
from theta.adapters.quic_listener import PageSessions, QuicListener
from theta.adapters.quic_socket import open_udp_beside
from theta.adapters.transport import Transport
from theta.adapters.webtransport_certificate import RotatingCertificate

HOST = "localhost"


class PagePort:
    """Make it on the running loop, `start` it, `close` it in the end; what pages open comes out of `accepted`."""

    def __init__(self, folder: Path) -> None:
        self.accepted: asyncio.Queue[Transport] = asyncio.Queue()
        self.reach = Reach()
        self.certificate = RotatingCertificate()
        self._listening = listen(HOST, 0)
        self.port: int = self._listening[0].getsockname()[1]
        sessions = PageSessions(session_guard(HOST, self.reach), self.certificate)
        pair = make_certificate(folder)
        self.listener = QuicListener(open_udp_beside(self._listening), *pair, self._keep, pages=sessions)
        self.reach.page_hashes = self.certificate.hashes
        app = web.Application(middlewares=[guard(HOST, self.reach)])
        add_webtransport(app, self.reach)
        app.router.add_get("/", self._page)
        self._runner = web.AppRunner(app)

    @property
    def link(self) -> str:
        """The page's."""
        return f"http://{HOST}:{self.port}/"

    async def start(self) -> None:
        """Serve the page."""
        await self._runner.setup()
        for each in self._listening:
            await web.SockSite(self._runner, each).start()

    async def close(self) -> None:
        """Let go of everything."""
        await self.listener.close()
        await self._runner.cleanup()

    async def _keep(self, transport: Transport, address: str) -> None:
        self.accepted.put_nowait(transport)
        await transport._finished.wait()  # type: ignore[attr-defined]

    @staticmethod
    async def _page(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>a page</title>", content_type="text/html")
