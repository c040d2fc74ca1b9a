"""What holds through a network that goes dark: coming back when it heals, and noticing whoever is gone for good."""

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import theta
from benches._port_ours import OURS
from benches._report import Row
from benches._room_process import room
from tests.support.impairment import HOST, ImpairedPort, Impairment, impaired
from theta.adapters.client import RoomClient
from theta.adapters.client.driver import PeerDriver
from theta.adapters.client.opening import TransportChoice
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.transport import CLOSE_LOST, Transport, TransportClosed
from theta.base.errors import PeerTimeout
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS, HEARTBEATS_MISSED_MAX, INSTANCE_BYTES
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.events import Event, Synced
from theta.node.lanes import Lane
from theta.node.peer import Peer, PeerSettings
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret

SEED = 7
THROUGH: tuple[TransportChoice, ...] = ("quic", "webtransport", "websocket")
BEFORE_SECONDS = 3.0
DARKNESSES = (5.0, 5.0, 9.0)
"""Five seconds are short of three heartbeats, and the session is suspended in nine."""
SUSPENDS_SECONDS = HEARTBEAT_INTERVAL_SECONDS * HEARTBEATS_MISSED_MAX
RESUME_SECONDS_MAX = 2.0
DEADLINE_SECONDS = 30.0
TOLERANCE = 0.1


def resume_rows() -> list[Row]:
    """Participants over each transport, behind a network that is dark for a while."""
    with tempfile.TemporaryDirectory() as name, room(Path(name)) as running:
        return asyncio.run(_resume_rows(running.url, Path(name)))


async def _resume_rows(url: str, folder: Path) -> list[Row]:
    found: dict[tuple[TransportChoice, float], list[float]] = {}
    port = urlsplit(url).port
    assert port is not None
    for seconds in DARKNESSES:
        async with impaired((HOST, port), Impairment(), SEED) as network:
            for transport, spent in (await _through(network, url, folder, seconds)).items():
                found.setdefault((transport, seconds), []).append(spent)
    return [
        Row(
            f"after {seconds:g} s in which nothing passes over {transport}, from its end to all made up for, longest",
            max(times),
            "s",
            RESUME_SECONDS_MAX if seconds < SUSPENDS_SECONDS else None,
            runs=len(times),
        )
        for (transport, seconds), times in found.items()
    ]


async def _through(network: ImpairedPort, url: str, folder: Path, seconds: float) -> dict[TransportChoice, float]:
    """By transport, how long after the network's return everything was done that was begun in the dark."""
    loop = asyncio.get_running_loop()
    link = url.replace(urlsplit(url).netloc, f"{HOST}:{network.port}")
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(theta.connect(url, name="near", identity=folder / "near.key"))
        far = {}
        for each in THROUGH:
            client = theta.connect(link, name=each, identity=folder / f"{each}.key", transport=each)
            far[each] = await stack.enter_async_context(client)
            assert far[each].transport == each, "measuring another transport than was asked for"
        network.become(Impairment(on_seconds=BEFORE_SECONDS, off_seconds=seconds))
        returns = loop.time() + BEFORE_SECONDS + seconds
        await asyncio.sleep(BEFORE_SECONDS + 1.0)

        name = f"made in the dark at {loop.time()}"
        others = asyncio.ensure_future(near.create("cube", name=name))

        async def sees(client: RoomClient) -> float:
            await client.create("cube")
            await client.wait_until(lambda: any(entity.name == name for entity in client.entities))
            return loop.time() - returns

        under_way = {each: asyncio.create_task(sees(client)) for each, client in far.items()}
        await others
        await asyncio.sleep(returns + 1.0 - loop.time())
        network.become(Impairment())
        async with asyncio.timeout(DEADLINE_SECONDS):
            return {each: await task for each, task in under_way.items()}


# -- whoever is gone ---------------------------------------------------------------------------------------------------


class Wire:
    """A transport that can be cut without a word, and that knows when something was heard last and when it was closed.

    Args:
        transport: below it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self.is_cut = False
        self.heard_at = self.closed_at = self._loop.time()
        self.code = 0
        self.closed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self, lane: Lane, frame: bytes) -> None:
        """Lost once it is cut."""
        if not self.is_cut:
            self._transport.send(lane, frame)

    async def receive(self) -> tuple[Lane, bytes]:
        """Nothing more once it is cut, not even its end before this side ended it; raises as the transport does."""
        while True:
            try:
                received = await self._transport.receive()
            except TransportClosed:
                if self.is_cut:
                    await self.closed.wait()
                raise
            if not self.is_cut:
                self.heard_at = self._loop.time()
                return received

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Notes when, and with which code."""
        if not self.code:
            self.closed_at, self.code = self._loop.time(), code
            self.closed.set()
        await self._transport.close(code, reason)

    @property
    def seconds(self) -> float:
        """From what was heard last until it was closed."""
        assert self.code == PeerTimeout.close_code, f"closed with {self.code}"
        return self.closed_at - self.heard_at


def dead_rows() -> list[Row]:
    """Both ends of a connection that is cut, over each transport at once."""
    room_ends, participants = asyncio.run(_cut_all())
    rows = []
    for who, found in (("a participant, by the room", room_ends), ("the room, by a participant", participants)):
        name = f"dead for {HEARTBEATS_MISSED_MAX} intervals of {HEARTBEAT_INTERVAL_SECONDS:g} s"
        name = f"{name}: {who}, over {len(found)} transports, noticed after"
        least, most = ((1.0 + sign * TOLERANCE) * SUSPENDS_SECONDS for sign in (-1.0, 1.0))
        rows.append(Row(f"{name}, shortest", min(found), "s", least, runs=len(found), more_is_better=True))
        rows.append(Row(f"{name}, longest", max(found), "s", most, runs=len(found)))
    return rows


async def _cut_all() -> tuple[list[float], list[float]]:
    store = MemoryLogStore()
    settings = RoomSettings("bench", RoomSecret(os.urandom(32)), Identity.from_seed(os.urandom(32)).public_key)
    host = RoomHost(Room(settings, store.read(), Randomness(os.urandom(32)), machine_clock()), store)
    async with AsyncExitStack() as stack:
        found = [await _cut(stack, host, kind) for kind in OURS]
        for wires in found:
            for wire in wires:
                wire.is_cut = True
        async with asyncio.timeout(DEADLINE_SECONDS):
            for wires in found:
                for wire in wires:
                    await wire.closed.wait()
        result = [one.seconds for one, _ in found], [other.seconds for _, other in found]
    await host.close()
    return result


async def _cut(stack: AsyncExitStack, host: RoomHost, kind: str) -> tuple[Wire, Wire]:
    """A participant in the room; (the room's end, its own), which are not cut yet."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    pair = await stack.enter_async_context(OURS[kind](folder))
    of_room, of_participant = (Wire(end) for end in pair)
    serving = asyncio.create_task(host.serve_connection(of_room))
    settings = PeerSettings(
        Identity.from_seed(os.urandom(32)), os.urandom(INSTANCE_BYTES), kind, host.room.invite("editor")
    )
    ways = iter([of_participant])
    synced = asyncio.Event()

    async def open_once() -> Transport:
        for wire in ways:
            return wire
        raise TransportClosed(CLOSE_LOST, "it was cut")

    def look(event: Event) -> None:
        if isinstance(event, Synced):
            synced.set()

    driver = PeerDriver(Peer(settings, Randomness(os.urandom(32))), open_once, look, lambda failed: None)

    async def end() -> None:
        await driver.close()
        with suppress(asyncio.CancelledError):
            await serving

    stack.push_async_callback(end)
    await asyncio.wait_for(synced.wait(), DEADLINE_SECONDS)
    return of_room, of_participant
