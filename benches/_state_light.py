"""A participant that joins as all do, says that it has what it is sent, and shows none of it: a hundred fit a core."""

import asyncio
import os
import time
from collections import Counter

import numpy as np

from benches.state_plane import Acker, Walkers
from theta.adapters.client.address import room_address
from theta.adapters.client.opening import Opener, TransportChoice
from theta.adapters.transport import TransportClosed
from theta.base.identifiers import actor_of
from theta.base.limits import INSTANCE_BYTES
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.lanes import Lane, lane_of
from theta.node.protocol import protocol
from theta.replication.presence import HEAD_VALID, Presence, encode_presence
from theta.session.capabilities import PATCHES, PRESENCE, STATE
from theta.session.participant_handshake import ParticipantHandshake, ParticipantTerms, Resumption
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import Message, Ping, Pong, PresenceUpdate
from theta.wire.state_messages import StateChunk, StateChunksReceived, StateFrame, StateSection

CAPABILITIES = (PATCHES, PRESENCE, STATE)


class LightPeer:
    """One of them. Make it on a running event loop.

    Args:
        url: the room's link.
        number: whose key and name it has.
        place: where it stands, (3,).

    Attributes:
        counts: messages by kind, and "bytes" of state.
        gaps: milliseconds between two frames, in order, since `watch`.
        answers: whether it says that it has what it is sent.
    """

    def __init__(self, url: str, number: int, place: np.ndarray) -> None:
        address = room_address(url)
        self.counts: Counter[str] = Counter()
        self.gaps: list[float] = []
        self.answers = True
        self.place = place
        self._choice: TransportChoice = "quic"
        self._url = url
        identity = Identity.from_seed(Randomness(f"light {number}".encode()).draw(32))
        instance = os.urandom(INSTANCE_BYTES)
        terms = ParticipantTerms(identity, instance, f"light {number}", CAPABILITIES, protocol(), address.invite)
        self._handshake = ParticipantHandshake(terms, Resumption(), Randomness(os.urandom(32)))
        self._actor = actor_of(identity.public_key, instance)
        self._acker = Acker()
        self._shown = 0
        self._last = 0.0
        self._joined = asyncio.Event()

    async def join(self, choice: TransportChoice) -> None:
        """Connect and shake hands; from here on it listens."""
        self._opener = Opener(room_address(self._url), choice)
        self._transport = await self._opener.open()
        self._transport.send(Lane.CONTROL, self._handshake.hello_frame)
        self._listening = asyncio.create_task(self._listen())
        joined = asyncio.create_task(self._joined.wait())
        await asyncio.wait({joined, self._listening}, return_when=asyncio.FIRST_COMPLETED)
        if not joined.done():
            raise RuntimeError(f"not let in: {self._listening.exception()}")
        self.show()

    async def leave(self) -> None:
        """Say goodbye."""
        await self._transport.close()
        self._listening.cancel()
        await self._opener.close()

    def show(self) -> None:
        """Say where it is."""
        self._shown += 1
        x, y, z = (float(each) for each in self.place)
        row = Presence(self._actor, self._shown, flags=HEAD_VALID, head_position=(x, y, z))
        self._say(PresenceUpdate(encode_presence(row)))

    def watch(self) -> None:
        """Measure anew."""
        self.counts.clear()
        self.gaps.clear()
        self._last = 0.0

    async def _listen(self) -> None:
        try:
            while True:
                lane, frame = await self._transport.receive()
                # A datagram may overtake the acknowledgement.
                if lane is not Lane.DATAGRAM or self._joined.is_set():
                    self._take(decode_from_room(frame), frame)
        except TransportClosed as end:
            self.counts["closed"] += 1
            if not self._joined.is_set():
                raise RuntimeError(end.reason) from end

    def _take(self, message: Message, frame: bytes) -> None:
        self.counts[type(message).__name__] += 1
        if isinstance(message, StateFrame | StateSection):
            self._take_state(message, len(frame))
        elif isinstance(message, StateChunk):
            if self.answers:
                self._say(StateChunksReceived(message.snapshot, [message.number]))
        elif isinstance(message, Ping):
            self._say(Pong(message.number, message.sent_ms, time.time() * 1e3))
        elif not self._joined.is_set():
            answer = self._handshake.handle_frame(message, frame)
            if answer is not None:
                self._transport.send(Lane.CONTROL, answer)
            if self._handshake.acknowledge is not None:
                self._joined.set()

    def _take_state(self, message: StateFrame | StateSection, size: int) -> None:
        now = time.perf_counter()
        if self._last:
            self.gaps.append((now - self._last) * 1e3)
        self._last = now
        self.counts["bytes"] += size
        self._acker.take(message.sequence)
        if self.answers:
            self._say(self._acker.ack)

    def _say(self, message: Message) -> None:
        try:
            self._transport.send(lane_of(message), encode(message))
        except TransportClosed:
            self.counts["unsaid"] += 1


class LightCrowd:
    """Many of them, who stand or walk about, and show it now and then."""

    def __init__(self, url: str, count: int, side: float, seed: int) -> None:
        self.walkers = Walkers(np.random.default_rng(seed), count, side)
        self.walkers.metres[:, 1] = 1.6
        self.peers = [LightPeer(url, number + seed * 1_000, self.walkers.metres[number]) for number in range(count)]
        self._walking: asyncio.Task[None] | None = None

    async def join(self, choice: TransportChoice, at_once: int) -> None:
        """Everybody in, so many at a time."""
        for at in range(0, len(self.peers), at_once):
            await asyncio.gather(*(peer.join(choice) for peer in self.peers[at : at + at_once]))

    def show(self, hertz: float, *, walks: bool) -> None:
        """Walk from here on, or stand; everybody shows where it is so many times a second, each at its own moment."""
        self._walking = asyncio.create_task(self._show(hertz, walks=walks))

    async def stop(self) -> None:
        """Show nothing any more."""
        if self._walking is not None:
            self._walking.cancel()
            self._walking = None

    async def leave(self) -> None:
        """Everybody out."""
        await self.stop()
        await asyncio.gather(*(peer.leave() for peer in self.peers))

    async def _show(self, hertz: float, *, walks: bool) -> None:
        slots = max(1, round(30.0 / hertz))
        start, tick = time.perf_counter(), 0
        while True:
            tick += 1
            await asyncio.sleep(max(0.0, start + tick / 30.0 - time.perf_counter()))
            if walks:
                self.walkers.walk()
            for number in range(tick % slots, len(self.peers), slots):
                self.peers[number].place = self.walkers.metres[number]
                self.peers[number].show()
