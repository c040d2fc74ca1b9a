"""What a page asks before it tries WebTransport: where, and which certificates to take there (TRN-55)."""

from urllib.parse import urlsplit

from aiohttp import web

from theta.adapters.http_access import Reach
from theta.adapters.webtransport_path import WEBTRANSPORT_PATH


def add_webtransport(app: web.Application, reach: Reach) -> None:
    """Answer at /api/webtransport: `{"url", "hashes"}`, the hashes SHA-256 in base64, none where the page's will do.

    The URL is empty while there is no WebTransport: a browser would write a status of 404 into its console as an error.
    """

    async def tell(request: web.Request) -> web.Response:
        url, hashes = "", []
        if reach.page_hashes is not None:
            try:
                url, hashes = session_url(request.scheme, request.host), list(reach.page_hashes())
            except ValueError as error:
                raise web.HTTPBadRequest(text="The Host header has no such port.\n") from error
        return web.json_response({"url": url, "hashes": hashes}, headers={"Cache-Control": "no-store"})

    app.router.add_get("/api/webtransport", tell)


def session_url(scheme: str, host: str) -> str:
    """Where the session is for a page at `host`, a Host header: at the UDP port of the same number.

    Raises:
        ValueError: it names a port that there cannot be.
    """
    parts = urlsplit(f"{scheme}://{host}")
    port = parts.port or {"http": 80, "https": 443}[scheme]
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"https://{name}:{port}{WEBTRANSPORT_PATH}"
