"""A short visit to a room, to see that it lets one in, and how good the way is. Nothing of the room is fetched."""

import asyncio
import os
from contextlib import suppress
from typing import NamedTuple

from theta.adapters.host import machine_clock
from theta.adapters.transport import Transport, TransportClosed
from theta.base.limits import DOCTOR_BURST_HERTZ, DOCTOR_BURST_SECONDS, INSTANCE_BYTES
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.lanes import Lane
from theta.node.protocol import protocol
from theta.session.capabilities import FOLD
from theta.session.heartbeat import Heartbeat, LinkQuality, answer
from theta.session.nonces import NonceMemory
from theta.session.participant_handshake import ParticipantHandshake, ParticipantTerms, Resumption
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import Ping, Pong, SessionAcknowledge

VISITOR_NAME = "theta doctor"
_HAS_EVERYTHING = 2**40
"""A record further than any log goes: who has that one is sent none."""
_PINGS = round(DOCTOR_BURST_SECONDS * DOCTOR_BURST_HERTZ)
"""Of a burst; on a long way many are under way at once, and each counts when it is answered."""
_LAST_ANSWERS_SECONDS = 1.0
_TIMELY = 0.9
"""So that a timer which wakes a little early finds a ping due."""


class Burst(NamedTuple):
    """What many pings in a short time showed; `lost` of `sent` were not answered."""

    quality: LinkQuality
    sent: int
    lost: int


class Visitor:
    """Who visits one room, over one transport after the other: one session, of which the room's log has one record.

    Args:
        invite: to be shown; "" for the room's owner.
        room_key: the key that the room must have; None for any.
        identity: whose key to use; None makes one for this visit.
        heartbeat_seconds: how often both sides are to ping; None leaves it to the room.
    """

    def __init__(
        self,
        invite: str,
        room_key: bytes | None,
        identity: Identity | None = None,
        heartbeat_seconds: float | None = None,
    ) -> None:
        self.acknowledge: SessionAcknowledge | None = None
        self._randomness = Randomness(os.urandom(32))
        self._nonces = NonceMemory("room")
        self._terms = ParticipantTerms(
            identity or Identity.from_seed(os.urandom(32)),
            os.urandom(INSTANCE_BYTES),
            VISITOR_NAME,
            (FOLD,),
            protocol(),
            invite,
            room_key,
            heartbeat_seconds,
        )

    async def enter(self, transport: Transport) -> SessionAcknowledge:
        """Shake hands over a transport, which stays open.

        Raises:
            TransportClosed: the room does not let one in; says why.
            PeerError: the room is not what it should be.
        """
        last = self.acknowledge
        resumption = Resumption(last.session, last.resume_token) if last else Resumption()
        handshake = ParticipantHandshake(
            self._terms,
            resumption._replace(last_seq=_HAS_EVERYTHING),
            self._randomness,
            nonces=self._nonces,
        )
        transport.send(Lane.CONTROL, handshake.hello_frame)
        while handshake.acknowledge is None:
            lane, frame = await transport.receive()
            message = decode_from_room(frame)
            if isinstance(message, Ping):
                transport.send(lane, encode(answer(machine_clock(), message)))
            elif not isinstance(message, Pong):
                reply = handshake.handle_frame(message, frame)
                if reply is not None:
                    transport.send(Lane.CONTROL, reply)
        self.acknowledge = handshake.acknowledge
        return self.acknowledge

    async def measure(self, transport: Transport) -> Burst:
        """Ping the room for DOCTOR_BURST_SECONDS, DOCTOR_BURST_HERTZ times a second.

        Raises:
            TransportClosed: the connection was lost meanwhile.
            PeerError: what comes from the room cannot be read.
        """
        burst = _Burst(transport)
        listening = asyncio.create_task(burst.listen(), name="theta doctor burst")
        try:
            await burst.ping(listening)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, TransportClosed):
                await listening
        return burst.result()


class _Burst:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._heart = Heartbeat(machine_clock(), _TIMELY / DOCTOR_BURST_HERTZ, awaited=_PINGS)
        self._sent: set[int] = set()
        self._answered: set[int] = set()
        self._all_are_back = asyncio.Event()

    async def ping(self, listening: "asyncio.Task[None]") -> None:
        """Send the pings, and wait for the last answers."""
        for _ in range(_PINGS):
            ping = self._heart.poll_ping(machine_clock())
            if ping is not None:
                self._sent.add(ping.number)
                self._all_are_back.clear()
                self._transport.send(Lane.CONTROL, encode(ping))
            done, _ = await asyncio.wait({listening}, timeout=1.0 / DOCTOR_BURST_HERTZ)
            if done:
                listening.result()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                await self._all_are_back.wait()

    async def listen(self) -> None:
        """Take the answers, and answer the room's own pings."""
        while True:
            lane, frame = await self._transport.receive()
            message = decode_from_room(frame)
            now = machine_clock()
            if isinstance(message, Ping):
                self._transport.send(lane, encode(answer(now, message)))
            elif isinstance(message, Pong):
                self._heart.handle_pong(now, message)
                self._answered.add(message.number)
                if self._answered >= self._sent:
                    self._all_are_back.set()

    def result(self) -> Burst:
        """What it came to."""
        return Burst(self._heart.quality, len(self._sent), len(self._sent - self._answered))
