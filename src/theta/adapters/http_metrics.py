"""`/metrics`: what a room counts and measures, in Prometheus's text format, for programs on this machine (WIRE-40)."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from theta.adapters.host import RoomHost
from theta.adapters.http_access import comes_from_elsewhere
from theta.node.telemetry import as_text


def metrics(host: RoomHost, is_local: Callable[[str], bool]) -> Handler:
    """The handler; `is_local` says whether a peer's address is this machine's own."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not is_local(request.remote or "") or comes_from_elsewhere(request):
            raise web.HTTPForbidden(text="The room's numbers are for programs on its own machine.\n")
        return web.Response(text=as_text(host.telemetry()), content_type="text/plain", charset="utf-8")

    return answer
