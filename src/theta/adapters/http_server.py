"""One port for everything: the page, the API and the WebSocket. HTTP only as far as `theta serve` needs it."""

import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from theta.adapters.host import RoomHost
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
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
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

_ALWAYS_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class HttpSettings:
    """`listen_host` as given to `--host`; `page` is the folder of the built page."""

    listen_host: str = "localhost"
    page: Path = PAGE_FOLDER


_HOST = web.AppKey("host", RoomHost)
_SETTINGS = web.AppKey("settings", HttpSettings)


def create_app(host: RoomHost, settings: HttpSettings) -> web.Application:
    """The application; run it with `create_runner`."""
    app = web.Application(middlewares=[_check_host], client_max_size=HTTP_BODY_BYTES_MAX)
    app[_HOST] = host
    app[_SETTINGS] = settings
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/api/room", _room)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/ws", _websocket, allow_head=False)
    app.router.add_get("/{path:.*}", _page)
    return app


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


# -- who may ask -------------------------------------------------------------------------------------------------------


@web.middleware
async def _check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that are not ours: a page elsewhere could have its own name resolve to us (DNS rebinding)."""
    if not is_our_host(request.headers.get("Host", ""), request.app[_SETTINGS].listen_host):
        raise web.HTTPMisdirectedRequest(text="This room does not go by that name. Open it by the link it printed.\n")
    return await handler(request)


def is_our_host(header: str, listen_host: str) -> bool:
    """Whether a Host header names this server.

    A room that listens on every address answers to any literal address, which DNS cannot forge, and its machine's name.
    """
    name = _hostname(f"//{header}")
    if not name:
        return False
    if name in _ALWAYS_LOCAL or name == listen_host.lower().strip("[]"):
        return True
    if listen_host not in ("0.0.0.0", "::", ""):
        return False
    machine = socket.gethostname().lower()
    return _is_address(name) or name in (machine, f"{machine}.local")


def is_same_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether an Origin header is this very server as the request names it; `host` is the Host header."""
    theirs, ours = _endpoint(origin), _endpoint(f"{scheme}://{host}")
    return theirs is not None and theirs == ours


def _endpoint(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


# -- answers -----------------------------------------------------------------------------------------------------------


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", CACHE_NEVER)
    response.headers["Server"] = "theta"


async def _room(request: web.Request) -> web.Response:
    room = request.app[_HOST].room
    return web.json_response(
        {
            "name": room.name,
            "protocol_version": PROTOCOL_VERSION,
            "protocol_hash": protocol_hash().hex(),
            "people": len(room.people),
        }
    )


async def _health(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _websocket(request: web.Request) -> web.StreamResponse:
    host = request.app[_HOST]
    origin = request.headers.get("Origin")
    if origin is not None and not is_same_origin(origin, request.scheme, request.host):
        _log.warning("refused a WebSocket from another origin", extra={"origin": origin, "address": request.remote})
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
