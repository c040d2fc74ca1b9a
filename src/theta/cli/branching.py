"""`theta branch`: lines of a room's history, on a live room or on a file."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from theta.adapters.chosen_branches import choose_branch
from theta.adapters.client.room_client import RoomClient
from theta.adapters.host import machine_clock
from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.cli.console import out
from theta.cli.governing import called
from theta.cli.outcomes import branch_called
from theta.cli.rooms import entered, log_in
from theta.cli.sources import time_of
from theta.cli.times import read_point
from theta.commands.governance import Branch
from theta.commands.governing import StrategyName
from theta.commands.log import CommandLog

Work = Callable[[RoomClient], Awaitable[str]]


@dataclass(frozen=True)
class MergeOptions:
    """The command line of `theta branch merge`; what is empty is left to the room."""

    room: str
    source: str
    into: str = ""
    at: str = ""
    strategy: str = ""
    dropped: Sequence[str] = ()


def list_branches(room: str) -> None:
    """Print every branch, the chosen one marked.

    Raises:
        InvalidValue: neither a file nor a link.
        ConnectionFailed, StoreError: the room cannot be entered.
    """
    log = asyncio.run(log_in(room))
    chosen = branch_called(log, "")
    for branch in sorted(log.governance.branches.values(), key=lambda each: each.seq):
        out.print(_line(log, branch, is_chosen=branch.id == chosen), markup=False)


def create_branch(room: str, name: str, parent: str, at: str) -> None:
    """Begin a branch at a record or a time.

    Raises:
        InvalidValue: no such branch or moment, or a name that no branch may have.
        CommandRefused, NoEffect, ConnectionFailed, StoreError: the room does not do it; says why.
    """

    async def work(client: RoomClient) -> str:
        origin = _named(client, parent)
        made = await client.create_branch(name, at=_record_at(client, at), parent=origin)
        return f"{made.name}: from {origin.name} at record {made.fork}; `theta branch switch` goes to it"

    _run(room, work)


def switch_branch(room: str, name: str) -> None:
    """Choose the branch that this user's tools are about.

    Raises:
        InvalidValue: no such branch.
        StoreUnavailable: it cannot be remembered.
        ConnectionFailed, StoreError: the room cannot be entered.
    """
    log = asyncio.run(log_in(room))
    branch_called(log, name)
    choose_branch(log.genesis.room, name)
    out.print(f"{name}: info, export, import, replay and branch are about it now", markup=False)


def merge_branch(options: MergeOptions) -> None:
    """Bring a branch's work into another.

    Raises:
        InvalidValue: no such branch, moment, strategy or gesture.
        CommandRefused, NoEffect, ConnectionFailed, StoreError: the room does not do it; says why.
    """
    if options.strategy and options.strategy not in get_args(StrategyName):
        raise InvalidValue("--strategy", options.strategy, "one of " + ", ".join(get_args(StrategyName)))
    dropped = [_gesture_named(each) for each in options.dropped]
    strategy = cast(StrategyName, options.strategy) if options.strategy else None

    async def work(client: RoomClient) -> str:
        source = client.find_branch(options.source)
        into = _named(client, options.into)
        await client.switch_branch(into)
        at = _record_at(client, options.at)
        await client.merge_branch(source, at=at, strategy=strategy, dropped=dropped)
        return f"{source.name} is in {into.name}: {len(client.entities)} objects, document hash {client.document_hash}"

    _run(options.room, work)


def _line(log: CommandLog, branch: Branch, *, is_chosen: bool) -> str:
    mark = "*" if is_chosen else " "
    if branch.id == MAIN_BRANCH:
        return f"{mark} {branch.name}"
    parent = log.governance.branches[branch.parent].name
    made = f"by {called(log, branch.author)} in record {branch.seq}"
    return f"{mark} {branch.name}  from {parent} at record {branch.fork}, {made}"


def _named(client: RoomClient, name: str) -> Branch:
    """A branch by its name, or the one chosen for this room."""
    return client.find_branch(branch_called(client.replica.log, name))


def _record_at(client: RoomClient, text: str) -> int | None:
    """The record that a number or a time means; None for no text."""
    if not text:
        return None
    point = read_point(text, "--at", machine_clock().unix_ms)
    if point.unix_ms is None:
        return point.seq
    first, found = client.replica.log.first_seq, 0
    for record in client.replica.reader.records(first, client.head_seq):
        if time_of(record) > point.unix_ms:
            break
        found = record.seq
    if not found:
        raise InvalidValue("--at", text, f"a record's number, or a time not before record {first}, the first held here")
    return found


def _gesture_named(text: str) -> CommandName:
    """A gesture as `theta log --json` names it: `actor:number`, the actor in hex."""
    actor, _, number = text.partition(":")
    try:
        return CommandName(int(actor, 16), int(number))
    except ValueError as error:
        raise InvalidValue("--without", text, "a gesture as `theta log --json` names it, actor:number") from error


def _run(target: str, work: Work) -> None:
    async def run() -> str:
        async with entered(target) as client:
            return await work(client)

    out.print(asyncio.run(run()), markup=False)
