"""The invite for a code that somebody typed instead of the link: `http://192.168.1.5:8080/#K7QM-2RWD` (SES-12)."""

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from theta.adapters.client.address import RoomAddress
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.http_problems import problem_of
from theta.adapters.transport import CLOSE_LOST
from theta.base.errors import NotInvited
from theta.session.invites import room_of_invite

REDEEM_SECONDS_MAX = 10.0
_FORBIDDEN, _TOO_MANY = 403, 429


async def redeem(address: RoomAddress) -> RoomAddress:
    """The address with the invite that its code stands for; as it is when there is no code in it.

    The code itself names no room: whoever answers is believed, and pinned from then on.

    Raises:
        ConnectionFailed: nobody answers, the code is another room's, or too many were tried.
    """
    if not address.code:
        return address
    url = address.websocket_url.replace("ws", "http", 1).removesuffix("/ws") + "/api/invite"
    try:
        async with (
            ClientSession(connector=TCPConnector(ssl=False), timeout=ClientTimeout(REDEEM_SECONDS_MAX)) as http,
            http.post(url, json={"code": address.code}) as answer,
        ):
            if answer.status == _TOO_MANY:
                wait = answer.headers.get("Retry-After", "a few")
                raise ConnectionFailed(f"too many codes were tried: wait {wait} s, or use the link", CLOSE_LOST)
            if answer.status == _FORBIDDEN:
                raise ConnectionFailed("that is not this room's code", NotInvited.close_code)
            answer.raise_for_status()
            invite = str((await answer.json())["invite"])
    except (ClientError, OSError) as error:
        code, words = problem_of(error)
        raise ConnectionFailed(f"the room does not take the code: {words}", code) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConnectionFailed("the room does not take the code: what it answered is no invite", CLOSE_LOST) from error
    room = room_of_invite(invite)
    if room is None:
        raise ConnectionFailed("the room does not take the code: its invite is of another version", CLOSE_LOST)
    return address._replace(invite=invite, code="", room=room)
