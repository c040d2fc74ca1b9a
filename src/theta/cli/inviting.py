"""`theta invite`: a link for others, with a role and an end."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from theta.adapters.client.values import Invitation
from theta.adapters.files import read_secret, room_secret_path, running_room_of
from theta.adapters.host import machine_clock
from theta.adapters.sqlite_store import check_is_room
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.cli.console import out
from theta.cli.rooms import entered, is_file
from theta.cli.times import read_span, span_in_words, time_in_words
from theta.commands.roles import ROLES
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret
from theta.wire.types import RoleName

NEVER = "never"
MAY = {"viewer": "look and talk", "editor": "edit", "admin": "edit, and give and take roles"}


@dataclass(frozen=True)
class InviteOptions:
    """The command line of `theta invite`; `address` is where the room will be reached, "" for where it is now."""

    room: str
    role: str = "editor"
    expires: str = "7d"
    address: str = ""


def invite(options: InviteOptions) -> None:
    """Print a link on a line of its own, then what it is good for.

    Raises:
        InvalidValue: no such role, span, address or room.
        StoreUnavailable: the room's key is missing.
        CommandRefused, ConnectionFailed: the room does not give us one.
    """
    role = role_called(options.role)
    seconds = 0 if options.expires == NEVER else read_span(options.expires, "--expires")
    if options.address and not urlsplit(options.address).hostname:
        raise InvalidValue("--address", options.address, "where the room is reached, as https://192.168.1.5:8080")
    if is_file(options.room):
        address, made = _from_file(Path(options.room), role, seconds)
    else:
        address, made = asyncio.run(_from_room(options.room, role, seconds))
    address = (options.address or address).rstrip("/")
    out.print(f"{address}/#invite={made.token}" if address else made.token, markup=False, style="bold")
    if not address:
        out.print(f"  Nobody serves {options.room} now: put this after its address and /#invite=", markup=False)
    ends = f"until {time_in_words(made.expires_ms)}, {span_in_words(seconds)} from now" if seconds else "without an end"
    out.print(f"  Whoever has it may {MAY[role]}, as {role}, and come in {ends}.")


def role_called(text: str) -> RoleName:
    """A role by its name.

    Raises:
        InvalidValue: there is none of that name.
    """
    for role in ROLES:
        if role == text.strip().lower():
            return role
    raise InvalidValue("role", text, "one of " + ", ".join(ROLES))


def _from_file(file: Path, role: RoleName, seconds: int) -> tuple[str, Invitation]:
    check_is_room(file)
    key = room_secret_path(file)
    try:
        secret = RoomSecret(read_secret(key))
    except FileNotFoundError as error:
        raise StoreUnavailable(f"{file} has no key: invites are made with {key}, on the machine that has it") from error
    expires_ms = machine_clock().unix_ms + 1000 * seconds if seconds else 0
    running = running_room_of(file)
    address = running.url if running is not None else ""
    return address, Invitation(role, make_invite(secret, role, expires_ms), expires_ms)


async def _from_room(link: str, role: RoleName, seconds: int) -> tuple[str, Invitation]:
    parts = urlsplit(link if "://" in link else f"http://{link}")
    async with entered(link) as room:
        return f"{parts.scheme}://{parts.netloc}", await room.invite(role, seconds or None)
