"""One port for everything: the page, the API and the WebSocket. HTTP only as far as `theta serve` needs it."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from theta.adapters.host import RoomHost
from theta.adapters.http_access import Reach, comes_from_elsewhere, guard
from theta.adapters.http_codes import code_exchange
from theta.adapters.http_downloads import add_downloads
from theta.adapters.http_metrics import metrics
from theta.adapters.http_webtransport import add_webtransport
from theta.adapters.lan_addresses import is_loopback
from theta.adapters.signal_client import signal_url
from theta.adapters.signal_server import SignalHub, add_signaling
from theta.adapters.websocket_transport import accept_websocket
from theta.base.limits import HTTP_BODY_BYTES_MAX, HTTP_LINE_BYTES_MAX
from theta.node.protocol import protocol_hash
from theta.wire.messages import PROTOCOL_VERSION

_log = logging.getLogger(__name__)

PAGE_FOLDER = Path(__file__).resolve().parent.parent / "page"
PAGE_MISSING = (
    "The page is not built yet.\n\n"
    "`make serve` in Theta's repository builds it and starts a room; a Theta from a package comes with it.\n"
    "Python peers can join this room without the page.\n"
)
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".glb": "model/gltf-binary",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # WebAssembly of our own, for zstd; it allows no eval of JavaScript.
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        # WebTransport too: its UDP port has the number of this server's.
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "xr-spatial-tracking=(self), microphone=(self), camera=(), geolocation=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_NEVER = "no-store"
CACHE_ASK = "no-cache"


@dataclass(frozen=True)
class HttpSettings:
    """What is served, and to whom.

    `listen_host` is as given to `--host`, "" for every address; `page` is the folder of the built page, `file` the
    room file (None: it has none); `is_local` says whether a peer's address is this machine's, so that plain HTTP will
    do; `signaling` is mounted at /signal, if there is one. `signaling_elsewhere` is the link of another signalling
    server where the room's host is met: pages may connect there, too.
    """

    listen_host: str = "localhost"
    page: Path = PAGE_FOLDER
    file: Path | None = None
    reach: Reach = field(default_factory=Reach)
    is_local: Callable[[str], bool] = is_loopback
    signaling: SignalHub | None = None
    signaling_elsewhere: str | None = None


_HOST = web.AppKey("host", RoomHost)
_SETTINGS = web.AppKey("settings", HttpSettings)
_HEADERS = web.AppKey("headers", dict[str, str])


def create_app(host: RoomHost, settings: HttpSettings) -> web.Application:
    """The application; run it with `create_runner`."""
    door = guard(settings.listen_host, settings.reach, settings.is_local)
    app = web.Application(middlewares=[door], client_max_size=HTTP_BODY_BYTES_MAX)
    app[_HOST] = host
    app[_SETTINGS] = settings
    app[_HEADERS] = security_headers(settings.signaling_elsewhere)
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/api/room", _room)
    app.router.add_post("/api/invite", code_exchange(host.room.invite_for_code))
    add_downloads(app, host.room, settings.file)
    add_webtransport(app, settings.reach)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/metrics", metrics(host, settings.is_local))
    app.router.add_get("/ws", _websocket, allow_head=False)
    if settings.signaling is not None:
        add_signaling(app, settings.signaling)
    app.router.add_get("/{path:.*}", _page)
    return app


def security_headers(signaling_elsewhere: str | None = None) -> dict[str, str]:
    """What comes with every answer; pages may connect to this server and, if it is given, to that signalling server.

    Raises:
        InvalidValue: it is no link.
    """
    if signaling_elsewhere is None:
        return SECURITY_HEADERS
    parts = urlsplit(signal_url(signaling_elsewhere))
    # What no host has in it could end the directive and begin another.
    source = re.sub(r"[^\w.:\[\]-]", "", parts.netloc.rpartition("@")[2])
    policy = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", f"connect-src 'self' {parts.scheme}://{source}")
    return {**SECURITY_HEADERS, "Content-Security-Policy": policy}


def create_runner(app: web.Application) -> web.AppRunner:
    """A runner with limits on what a request may be."""
    return web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=30.0,
        max_field_size=HTTP_LINE_BYTES_MAX,
        max_line_size=HTTP_LINE_BYTES_MAX,
        shutdown_timeout=2.0,
    )


# -- answers -----------------------------------------------------------------------------------------------------------


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(request.app[_HEADERS])
    response.headers.setdefault("Cache-Control", CACHE_NEVER)
    response.headers["Server"] = "theta"


async def _room(request: web.Request) -> web.Response:
    room, settings = request.app[_HOST].room, request.app[_SETTINGS]
    return web.json_response(
        {
            "name": room.name,
            "protocol_version": PROTOCOL_VERSION,
            "protocol_hash": protocol_hash().hex(),
            "people": len(room.people),
            "links": list(settings.reach.links),
            "quic": settings.reach.quic,
            "signaling": settings.signaling_elsewhere or "",
        }
    )


async def _health(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _websocket(request: web.Request) -> web.StreamResponse:
    host = request.app[_HOST]
    if comes_from_elsewhere(request):
        fields = {"origin": request.headers.get("Origin"), "address": request.remote}
        _log.warning("refused a WebSocket from another origin", extra=fields)
        raise web.HTTPForbidden(text="Pages of other origins may not join.\n")
    if not host.has_place:
        raise web.HTTPServiceUnavailable(text="Too many are joining at once.\n", headers={"Retry-After": "2"})
    response, transport = await accept_websocket(request)
    await host.serve_connection(transport, request.remote or "")
    return response


async def _page(request: web.Request) -> web.StreamResponse:
    folder = request.app[_SETTINGS].page
    if not (folder / "index.html").is_file():
        return web.Response(status=503, text=PAGE_MISSING)
    file = page_file(folder, request.match_info["path"] or "index.html")
    if file is None:
        raise web.HTTPNotFound(text="There is nothing here.\n")
    hashed = file.is_relative_to(folder / "assets")
    headers = {"Content-Type": CONTENT_TYPES[file.suffix], "Cache-Control": CACHE_FOREVER if hashed else CACHE_ASK}
    return web.FileResponse(file, headers=headers)


def page_file(folder: Path, path: str) -> Path | None:
    """The page's file that `path` names, or None; never one outside `folder`, hidden, or of an unknown kind."""
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    file = folder.joinpath(*parts)
    if file.suffix not in CONTENT_TYPES or not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
        return None
    return file
