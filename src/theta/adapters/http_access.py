"""Who may ask: requests by a name of ours, from a page of ours, and over TLS unless they come from this machine."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from theta.adapters.lan_addresses import is_loopback

EVERY_ADDRESS = ("", "0.0.0.0", "::")

_ALWAYS_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass
class Reach:
    """By what the room can be reached; changes while it runs.

    `links` are the URLs to open from other machines, best first; `host_names` what the certificate is for, wildcards
    among them; `quic` whether QUIC is served on the port; `page_hashes` says by which hashes pages know the certificate
    of WebTransport there, none when it is the page's own, and is None where there is no WebTransport.
    """

    links: tuple[str, ...] = ()
    host_names: frozenset[str] = frozenset()
    quic: bool = False
    page_hashes: Callable[[], Sequence[str]] | None = None


def guard(listen_host: str, reach: Reach, is_local: Callable[[str], bool] = is_loopback) -> Middleware:
    """The middleware that lets requests in; `is_local` says whether a peer's address is this machine's own.

    There is no Strict-Transport-Security: it would forbid http://localhost as well, which has no certificate to tap
    through.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A page elsewhere could have its own name resolve to us (DNS rebinding).
        if not is_our_host(request.headers.get("Host", ""), listen_host, reach.host_names):
            raise web.HTTPMisdirectedRequest(
                text="This room does not go by that name. Open it by the link it printed.\n"
            )
        if not request.secure and not is_local(request.remote or ""):
            # No content in the clear; the browser keeps the fragment, and with it the invite.
            return web.Response(
                status=308, headers={"Location": f"https://{request.host}{request.rel_url.raw_path_qs}"}
            )
        return await handler(request)

    return check


def is_our_host(header: str, listen_host: str, host_names: frozenset[str] = frozenset()) -> bool:
    """Whether a Host header names this server.

    A room that listens on every address answers to any literal address, which DNS cannot forge. `host_names` are
    other names that it goes by; `*.` at the beginning of one stands for a single label.
    """
    name = _hostname(f"//{header}")
    if not name:
        return False
    if name in _ALWAYS_LOCAL or name == listen_host.lower().strip("[]"):
        return True
    if _is_address(name):
        return listen_host in EVERY_ADDRESS
    label, _, rest = name.partition(".")
    return "*" not in name and (name in host_names or (bool(label) and f"*.{rest}" in host_names))


def is_same_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether an Origin header is this very server as the request names it; `host` is the Host header."""
    theirs, ours = _endpoint(origin), _endpoint(f"{scheme}://{host}")
    return theirs is not None and theirs == ours


def session_guard(
    listen_host: str, reach: Reach, is_local: Callable[[str], bool] = is_loopback
) -> Callable[[str, str | None, str], bool]:
    """What lets WebTransport sessions in, by the authority asked for, the Origin (None: a program's) and the address.

    It lets in what `guard` and `comes_from_elsewhere` do: a page of ours came over TLS, or from this machine.
    """

    def may_join(authority: str, origin: str | None, address: str) -> bool:
        if not is_our_host(authority, listen_host, reach.host_names):
            return False
        if origin is None or is_same_origin(origin, "https", authority):
            return True
        return is_local(address) and is_same_origin(origin, "http", authority)

    return may_join


def comes_from_elsewhere(request: web.Request) -> bool:
    """Whether a page of another origin sent this; programs send no Origin, and are not asked for one."""
    origin = request.headers.get("Origin")
    return origin is not None and not is_same_origin(origin, request.scheme, request.host)


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
