"""A room under attack beside people who build: everything they do is acknowledged, and memory stays where it was.

How fast it stays is measured by `make bench-attacks`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

import theta
from tests.support.attacks import (
    SLOW_KINDS,
    STUN_REQUEST,
    Target,
    bad_packets,
    bad_proofs,
    dtls_hellos,
    first_packet,
    frozen_readers,
    garbage,
    slow_handshakes,
    speak,
    target_of,
    udp_ports,
)
from tests.support.room_process import RoomProcess, serving
from theta.adapters.client import RoomClient
from theta.adapters.client.opening import TransportChoice
from theta.adapters.transport import CLOSE_LOST

pytestmark = pytest.mark.integration

TRANSPORTS: tuple[TransportChoice, ...] = ("quic", "websocket", "webtransport", "webrtc")
MEMORY_BYTES_MAX = 20 * 1024 * 1024
AMPLIFICATION_MAX = 3.0


class Company:
    """People who build in a room, one by each transport."""

    def __init__(self, room: RoomProcess, people: list[RoomClient]) -> None:
        self.room = room
        self.people = people
        self.target: Target = target_of(room.link)
        self.made = 0

    async def build(self) -> None:
        """Each makes something, and sees what the others made."""
        async with asyncio.timeout(30.0):
            await asyncio.gather(*(person.create("cube", at=(self.made, 0.5, 0)) for person in self.people))
            self.made += len(self.people)
            await asyncio.gather(*map(self._see, self.people))
        assert len({person.document_hash for person in self.people}) == 1

    async def _see(self, person: RoomClient) -> None:
        await person.wait_until(lambda: len(person.entities) == self.made)

    async def build_until(self, attack: "asyncio.Future[Any]") -> None:
        """Build, and go on for as long as an attack does."""
        await self.build()
        while not attack.done():
            await self.build()
        await attack

    @property
    def memory_bytes(self) -> int:
        """What the room holds."""
        return int(psutil.Process(self.room.pid).memory_info().rss)

    @property
    def descriptors(self) -> int:
        """How many files and sockets the room has open."""
        return psutil.Process(self.room.pid).num_fds()


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """One person by each transport; at the end nobody has lost anything, and nobody had to come in again."""
    async with serving(folder, "--no-lan") as room, AsyncExitStack() as stack:
        people = []
        for name in TRANSPORTS:
            person = theta.connect(room.link, name=name, identity=folder / f"{name}.key", transport=name)
            people.append(await stack.enter_async_context(person))
        there = Company(room, people)
        await there.build()
        yield there
        await there.build()
        assert [person.transport for person in people] == list(TRANSPORTS)


async def test_slow_handshakes_keep_nobody_from_building(tmp_path: Path) -> None:
    async with company(tmp_path) as there:
        before, memory = there.descriptors, there.memory_bytes
        async with slow_handshakes(there.target, 210) as begun:
            print(dict(begun))
            await there.build()
            assert set(begun) == set(SLOW_KINDS)
            assert there.memory_bytes - memory < MEMORY_BYTES_MAX
            assert there.descriptors - before < 210


async def test_a_flood_of_bad_signatures_is_shown_out_by_code(tmp_path: Path) -> None:
    async with company(tmp_path) as there:
        memory = there.memory_bytes
        for flood, code in ((bad_proofs, 4401), (bad_packets, 4402)):
            attack = asyncio.create_task(flood(there.target, 20.0, 2.0))
            await there.build_until(attack)
            found = await attack
            print(f"{flood.__name__}: {found.per_second:.0f}/s offered, ended with {dict(found.codes)}")
            assert found.offered >= 20
            assert found.codes[code] > 0
            assert set(found.codes) <= {code, CLOSE_LOST}, "refused at the door, or shown out with the code"
        assert there.memory_bytes - memory < MEMORY_BYTES_MAX


async def test_readers_that_stop_are_let_go_and_cost_little(tmp_path: Path) -> None:
    async with company(tmp_path) as there, frozen_readers(there.target, 8) as readers:
        memory = there.memory_bytes
        silent = {reader.name for reader in readers if not reader.is_lively}
        someone = there.people[0]
        while silent & {person.name for person in someone.people}:
            await there.build()
        growth = there.memory_bytes - memory
        print(f"{growth / 1e6:.1f} MB more")
        assert growth < MEMORY_BYTES_MAX


async def test_noise_from_strangers_is_answered_with_little_and_breaks_nothing(tmp_path: Path) -> None:
    hosts = ["127.0.9.1", "127.0.9.2"]
    async with company(tmp_path) as there:
        quic, *ice = sorted(udp_ports(there.room.pid), key=lambda port: port != there.target.port)
        assert quic == there.target.port
        assert ice, "who came by WebRTC has a port of their own"
        memory = there.memory_bytes
        said = {
            "garbage": [(quic, garbage(100)), *((port, garbage(100)) for port in ice)],
            "foreign DTLS hellos": [(port, dtls_hellos(20)) for port in (quic, *ice)],
            "forged first packets": [(quic, [first_packet() for _ in range(8)])],
            "requests without a password": [(port, [STUN_REQUEST] * 20) for port in ice],
        }
        for what, attacks in said.items():
            for port, packets in attacks:
                attack = asyncio.create_task(speak(port, packets, hosts, listen_seconds=0.2))
                await there.build_until(attack)
                spoken = await attack
                print(f"{what}: {spoken.packets} packets, {spoken.amplification:.2f} × heard")
                assert spoken.amplification <= AMPLIFICATION_MAX
                assert spoken.heard_bytes == 0 or what != "foreign DTLS hellos"
        assert there.memory_bytes - memory < MEMORY_BYTES_MAX
