"""A participant in a process of its own, which builds until it is told to stop: `python -m tests.support.builder …`.

It says in lines of JSON what happens to it: each command that it was told of as done, and in the end what it has. It
begins to build at a line "begin", stops at a line "stop", and leaves at a line "leave N" once it has N objects. A room
that it cannot enter is told with how long that took to find out.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from contextlib import suppress
from importlib import import_module

import theta
from theta.adapters.client.room_client import RoomClient
from theta.base.errors import ThetaError
from theta.node.events import Diverged, Event, Joined


def say(**what: object) -> None:
    """A line of JSON."""
    print(json.dumps(what), flush=True)


class Builder:
    """Somebody who makes a cube every so often."""

    def __init__(self, room: RoomClient, name: str, every_seconds: float) -> None:
        self._room = room
        self._name = name
        self._every = every_seconds
        self._begun = asyncio.Event()
        self._stopped = asyncio.Event()

    def handle_event(self, event: Event) -> None:
        """See RoomClient.on_event."""
        if isinstance(event, Joined):
            say(joined=self._room.transport, resumed=event.resumed)
        elif isinstance(event, Diverged):
            say(diverged=event.seq)

    async def build(self) -> None:
        """One cube after the other, each awaited until the room has it on disk."""
        await self._begun.wait()
        number, tasks = 0, set()
        while not self._stopped.is_set():
            tasks.add(asyncio.create_task(self._make(number)))
            number += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._every)
        await asyncio.gather(*tasks)
        say(built=number)

    async def _make(self, number: int) -> None:
        at = (0.5 * (number % 10), 0.0, 0.5 * (number // 10))
        try:
            made = await self._room.create("cube", size=0.25, name=f"{self._name} {number}", at=at)
        except ThetaError as error:
            say(failed=number, error=type(error).__name__, reason=str(error))
            raise
        say(made=made.id.hex())

    async def obey(self) -> None:
        """Take lines from standard input until "leave"."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().split():
            if line[0] == "begin":
                self._begun.set()
            elif line[0] == "stop":
                self._stopped.set()
            elif line[0] == "leave":
                objects = int(line[1])
                await self._room.wait_until(
                    lambda: len(self._room.entities) >= objects and bool(self._room.transport)  # noqa: B023
                )
                say(
                    hash=self._room.document_hash,
                    objects=len(self._room.entities),
                    transport=self._room.transport,
                    head=self._room.head_seq,
                )
                return


async def main() -> int:
    """Enter, build, and leave when told to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("link")
    parser.add_argument("--name", default="Ada")
    parser.add_argument("--identity", required=True)
    parser.add_argument("--transport", default="auto")
    parser.add_argument("--signaling")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two cubes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    room = theta.connect(
        options.link,
        name=options.name,
        identity=options.identity,
        transport=options.transport,
        signaling=options.signaling,
    )
    if options.transport == "webrtc":
        # Takes a while, which is not the network's.
        import_module("theta.adapters.webrtc_client")
    builder = Builder(room, options.name, options.every)
    room.on_event = builder.handle_event
    began = time.monotonic()
    try:
        async with room:
            building = asyncio.create_task(builder.build())
            await builder.obey()
            await building
    except ThetaError as error:
        say(error=type(error).__name__, reason=str(error), seconds=time.monotonic() - began)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
