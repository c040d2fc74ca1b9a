"""`POST /api/invite`: the invite for a code that somebody typed (SES-12)."""

import math
from collections.abc import Callable

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from theta.adapters.host import machine_clock
from theta.adapters.http_access import comes_from_elsewhere
from theta.base.limits import CODE_BURST_MAX, CODES_PER_SECOND
from theta.base.moment import Moment
from theta.commands.rate_limit import TokenBucket


class _Question(msgspec.Struct):
    code: str


def code_exchange(invite_for_code: Callable[[str], str | None], clock: Callable[[], Moment] = machine_clock) -> Handler:
    """The handler: `{"code": …}` in, `{"invite": …}` out; 403 for a wrong code, 429 when too many were tried.

    Attempts are counted for the room as a whole, so that many machines guess no faster than one.
    """
    bucket = TokenBucket(CODE_BURST_MAX, CODES_PER_SECOND, clock().seconds)

    async def exchange(request: web.Request) -> web.StreamResponse:
        if comes_from_elsewhere(request):
            raise web.HTTPForbidden(text="Pages of other origins may not ask.\n")
        try:
            question = msgspec.json.decode(await request.read(), type=_Question)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise web.HTTPBadRequest(text='Send JSON: {"code": "K7QM-2RWD"}\n') from error
        wait = bucket.take(1, clock().seconds)
        if wait > 0:
            raise web.HTTPTooManyRequests(
                text="Too many codes were tried. Wait a moment, or open the link instead.\n",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        invite = invite_for_code(question.code)
        if invite is None:
            raise web.HTTPForbidden(text="That is not this room's code.\n")
        return web.json_response({"invite": invite})

    return exchange
