"""A participant on a transport, for tests: the smallest driver that a Peer can have."""

import asyncio
import os
from collections.abc import Callable, Sequence

from theta.adapters.host import machine_clock
from theta.adapters.transport import Transport, TransportClosed
from theta.base.identifiers import CommandName
from theta.base.limits import INSTANCE_BYTES, PUBLIC_KEY_BYTES
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.editor.vocabulary import CreatePrimitive, Operation
from theta.node.events import Applied, Event, Joined, Synced
from theta.node.peer import Peer, PeerSettings
from theta.node.protocol import protocol_hash
from theta.wire.codec import encode
from theta.wire.messages import PROTOCOL_VERSION, SessionHello


def a_cube(name: str = "cube") -> CreatePrimitive:
    """A cube of half a metre at the origin."""
    return CreatePrimitive("cube", 0.5, name, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))


def a_hello(nonce: bytes) -> bytes:
    """The first frame of a participant, with a nonce of one's choice."""
    key, instance = bytes(PUBLIC_KEY_BYTES), bytes(INSTANCE_BYTES)
    hello = SessionHello(
        PROTOCOL_VERSION, protocol_hash(), nonce, key, instance, "Eve", ["fold"], b"", b"", 0, 0, "0.0.0"
    )
    return encode(hello)


class DrivenPeer:
    """A Peer, the task that feeds it, and everything that it told."""

    def __init__(self, transport: Transport, invite: str, name: str = "Ada") -> None:
        settings = PeerSettings(Identity.from_seed(os.urandom(32)), os.urandom(16), name, invite)
        self.peer = Peer(settings, Randomness(os.urandom(32)))
        self.transport = transport
        self.events: list[Event] = []
        self.end: TransportClosed | None = None
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="driven peer")

    async def joined(self) -> "DrivenPeer":
        """Itself, when the session stands and the log is here."""
        await self.until(lambda: any(isinstance(event, Joined) for event in self.events))
        await self.until(lambda: any(isinstance(event, Synced) for event in self.events))
        return self

    async def perform(self, *operations: Operation) -> list[CommandName]:
        """Do something, and wait until it is durable and folded here."""
        names = self.begin(operations)
        await self.until(lambda: set(names) <= {event.name for event in self.events if isinstance(event, Applied)})
        return names

    def begin(self, operations: Sequence[Operation]) -> list[CommandName]:
        """Do something, and don't wait."""
        names = self.peer.perform(machine_clock(), operations)
        self._drain()
        return names

    async def upload(self, data: bytes) -> bytes:
        """Give the room an asset, and return its name once it is stored."""
        name = self.peer.upload(machine_clock(), data)
        self._drain()
        await self.until(lambda: self.peer.unfinished_uploads == 0)
        return name

    def undo(self) -> None:
        """Take one's last gesture back, and don't wait."""
        self.peer.undo(machine_clock())
        self._drain()

    def redo(self) -> None:
        """Bring it back, and don't wait."""
        self.peer.redo(machine_clock())
        self._drain()

    def say(self, text: str) -> None:
        """Say something to everyone."""
        self.peer.say(text)
        self._drain()

    async def until(self, holds: Callable[[], bool], deadline_seconds: float = 10.0) -> None:
        """Wait until something holds; the connection's end is a failure."""
        async with asyncio.timeout(deadline_seconds):
            while not holds():
                if self._task.done():
                    await self._task
                    raise AssertionError(f"the connection ended: {self.end}")
                self._changed.clear()
                await self._changed.wait()

    async def ended(self) -> TransportClosed:
        """What ended the connection."""
        async with asyncio.timeout(10.0):
            await self._task
        assert self.end is not None
        return self.end

    async def rejoin(self, transport: Transport) -> None:
        """Go on over another connection, once the first has ended."""
        await self.ended()
        self.peer.handle_disconnected(machine_clock())
        self.transport, self.end = transport, None
        self._task = asyncio.create_task(self._run(), name="driven peer")

    async def leave(self) -> None:
        """Close the connection from this side."""
        await self.transport.close()
        await self.ended()

    async def _run(self) -> None:
        self.peer.handle_connected(machine_clock())
        self._drain()
        try:
            while True:
                lane, frame = await self.transport.receive()
                self.peer.handle_frame(machine_clock(), lane, frame)
                self._drain()
                if (close := self.peer.poll_close()) is not None:
                    await self.transport.close(*close)
        except TransportClosed as end:
            self.end = end
        finally:
            self._changed.set()

    def _drain(self) -> None:
        while (sending := self.peer.poll_transmit()) is not None:
            self.transport.send(*sending)
        while (event := self.peer.poll_event()) is not None:
            self.events.append(event)
        self._changed.set()
