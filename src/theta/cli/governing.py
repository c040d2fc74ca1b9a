"""`theta role`, `kick`, `revoke` and `policy`: an admin's decisions, on a live room or on a file."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast, get_args

from theta.adapters.client.governing import command_called
from theta.adapters.client.people import KEY_DIGITS_MIN, author_called
from theta.adapters.client.room_client import RoomClient
from theta.base.errors import InvalidValue
from theta.cli.console import out
from theta.cli.inviting import role_called
from theta.cli.rooms import entered, log_in
from theta.commands.governance import Governance
from theta.commands.governing import ANY_COMMAND, GOVERNING_ROLES, StrategyName
from theta.commands.log import CommandLog
from theta.editor.vocabulary import OPERATIONS

Decision = Callable[[RoomClient], Awaitable[str]]


def set_role(room: str, who: str, role: str) -> None:
    """Give somebody a role for good; without one, say which they have.

    Raises:
        InvalidValue: nobody is called so, or no such role.
        CommandRefused, NoEffect, ConnectionFailed, StoreError: the room does not do it; says why.
    """
    wanted = role_called(role) if role else None

    async def decide(client: RoomClient) -> str:
        author = author_called(client.replica.log, who)
        assert wanted is not None
        await client.set_role(author, wanted)
        return role_in_words(client.replica.log, author)

    if wanted is not None:
        _decide(room, decide)
    else:
        log = asyncio.run(log_in(room))
        out.print(role_in_words(log, author_called(log, who)), markup=False)


def kick(room: str, who: str, reason: str) -> None:
    """Close somebody's sessions.

    Raises:
        InvalidValue, CommandRefused, NoEffect, ConnectionFailed, StoreError: as for `set_role`.
    """

    async def decide(client: RoomClient) -> str:
        author = author_called(client.replica.log, who)
        await client.kick(author, reason)
        return f"{called(client.replica.log, author)} is out; with an invite they may come back"

    _decide(room, decide)


def revoke(room: str, who: str, reason: str, *, restore: bool) -> None:
    """Refuse somebody's key from now on, or let it in again.

    Raises:
        InvalidValue, CommandRefused, NoEffect, ConnectionFailed, StoreError: as for `set_role`.
    """

    async def decide(client: RoomClient) -> str:
        author = author_called(client.replica.log, who)
        if restore:
            await client.restore(author)
            return f"{called(client.replica.log, author)} may come in again, with an invite"
        await client.revoke(author, reason)
        return f"{called(client.replica.log, author)} is out for good; what they made stays"

    _decide(room, decide)


class PolicyOptions(NamedTuple):
    """The command line of `theta policy`; nothing but `room` only shows what is so."""

    room: str
    command: str = ANY_COMMAND
    strategy: str = ""
    least_role: str = ""
    cascade: bool | None = None


def policy(options: PolicyOptions) -> None:
    """Change the room's policies and print what they are then.

    Raises:
        InvalidValue: no such strategy, role or command.
        CommandRefused, NoEffect, ConnectionFailed, StoreError: as for `set_role`.
    """
    command = ANY_COMMAND if options.command == ANY_COMMAND else command_called(options.command)
    if options.strategy and options.strategy not in get_args(StrategyName):
        raise InvalidValue("--strategy", options.strategy, "one of " + ", ".join(get_args(StrategyName)))
    least = role_called(options.least_role) if options.least_role else None
    if least is not None and command == ANY_COMMAND:
        raise InvalidValue("--command", options.command, "one type of command, for --role")

    async def decide(client: RoomClient) -> str:
        if options.strategy:
            await client.set_strategy(cast(StrategyName, options.strategy), command)
        if least is not None:
            await client.set_permission(command, least)
        if options.cascade is not None:
            await client.set_cascade(options.cascade)
        return policies_in_words(client.replica.log.governance, client.head_seq)

    if options.strategy or least is not None or options.cascade is not None:
        _decide(options.room, decide)
    else:
        log = asyncio.run(log_in(options.room))
        out.print(policies_in_words(log.governance, log.head_seq), markup=False)


def policies_in_words(governance: Governance, seq: int) -> str:
    """What a room's policies are at a record, a line each."""
    cascade = "may" if governance.cascade_allowed(seq) else "may not"
    general = governance.strategy(ANY_COMMAND, seq)
    lines = [f"conflicts: {general}", f"undo {cascade} cascade over what others built"]
    for name in sorted({operation.NAME for operation in OPERATIONS}):
        short, least = name.removeprefix("theta."), governance.least_role(name, seq)
        if governance.strategy(name, seq) != general:
            lines.append(f"  {short}: {governance.strategy(name, seq)}")
        if least != GOVERNING_ROLES.get(name, "editor"):
            lines.append(f"  {short}: for {least}s")
    return "\n".join(lines)


def called(log: CommandLog, author: bytes) -> str:
    """An author's last name with the start of the key: `Ada (24db0941…)`."""
    names = [session.name for session in log.sessions.values() if session.author == author]
    key = f"{author.hex()[:KEY_DIGITS_MIN]}…"
    return f"{names[-1]} ({key})" if names else key


def role_in_words(log: CommandLog, author: bytes) -> str:
    """An author and their role now: `Ada (24db0941…): editor`."""
    governance = log.governance
    role = governance.role_of(author, log.head_seq) or "revoked"
    return f"{called(log, author)}: {'admin, as the owner' if author == governance.owner else role}"


def _decide(target: str, decision: Decision) -> None:
    async def run() -> str:
        async with entered(target) as client:
            return await decision(client)

    out.print(asyncio.run(run()), markup=False)
