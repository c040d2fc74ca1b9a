"""Brings the demo's builders into a room, plays their parts side by side, and takes them out again."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import NamedTuple

from theta.adapters.client import ConnectionFailed, RoomClient
from theta.base.errors import UsageError
from theta.cli.demo.builder import Builder, Progress
from theta.cli.demo.script import plan_parts
from theta.node.events import Event, PeopleChanged

ENTER_SHARE = 0.02
"""Of the time to build, between one entering and the next."""
LINGER_SHARE = 0.03
"""Of the time to build, until they leave when all is done."""

GREETED_MAX = 8

Tell = Callable[[str, str], None]


class Built(NamedTuple):
    """What came of it: the document's hash when the last one left, and how many things were left to others."""

    document_hash: str
    objects: int
    skipped: int


async def build_together(url: str, invite: str, *, seed: int, seconds: float, tell: Tell) -> Built:
    """Let the three of this seed come in, build for `seconds`, and leave.

    Args:
        url: the room's link, without an invite.
        invite: an editor's.
        seed: which three, and what they build.
        seconds: how long the building takes.
        tell: called with a name and what they do, as it happens.

    Raises:
        ConnectionFailed: the room cannot be reached, or closed the door on one of them.
    """
    progress = Progress()
    parts = plan_parts(seed)
    company = frozenset(part.identity.public_key for part in parts)
    began = asyncio.get_running_loop().time()
    builders: list[Builder] = []
    tasks: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        try:
            for part in parts:
                room = await stack.enter_async_context(RoomClient(url, part.name, invite, part.identity, part.instance))
                tell(part.name, "comes in")
                if not builders:
                    room.on_event = Greeter(room, company).handle_event
                builders.append(Builder(part, room, progress, partial(tell, part.name)))
                tasks.append(asyncio.create_task(_play(builders[-1], began, seconds, tell), name=f"demo: {part.name}"))
                await asyncio.sleep(seconds * ENTER_SHARE)
            await asyncio.gather(*tasks)
            await asyncio.sleep(seconds * LINGER_SHARE)
            return await _outcome(builders)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _outcome(builders: list[Builder]) -> Built:
    head = max(builder.room.head_seq for builder in builders)
    last = builders[-1].room
    await last.wait_until(lambda: last.head_seq >= head)
    return Built(last.document_hash, len(last.entities), sum(len(builder.skipped) for builder in builders))


class Greeter:
    """Says hello, through `room`, to everyone who comes in and is not of the company; to the first few, at least."""

    def __init__(self, room: RoomClient, company: frozenset[bytes]) -> None:
        self._room = room
        self._known = set(company)
        self._left = GREETED_MAX

    def handle_event(self, event: Event) -> None:
        """Look who is new."""
        if not isinstance(event, PeopleChanged):
            return
        for person in self._room.people:
            if person.author not in self._known and self._left:
                self._known.add(person.author)
                self._left -= 1
                # Not from inside the client's own loop over its events.
                asyncio.get_running_loop().call_soon(self._greet, person.name)

    def _greet(self, name: str) -> None:
        with suppress(UsageError):
            self._room.say(f"Hello {name}! Look around, or build along: C makes a cube, and ? lists all keys.")


async def _play(builder: Builder, began: float, seconds: float, tell: Tell) -> None:
    try:
        await builder.play(began, seconds)
    except ConnectionFailed as problem:
        tell(builder.part.name, f"is out of the room: {problem}")
