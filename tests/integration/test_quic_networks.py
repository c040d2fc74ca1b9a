"""QUIC and WebTransport through networks that go dark, change addresses and never answer, with a room at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import theta
from tests.contract.transport_contract import end_of, soon
from tests.integration.driven_peer import DrivenPeer, a_cube, a_hello
from tests.integration.test_host import make_room
from tests.support.impairment import HOST, Impairment, impaired
from tests.support.webtransport import WebTransportListening, webtransport_listening
from theta.adapters.client.opening import TransportChoice
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_client import connect_quic, connect_webtransport
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import CLOSE_LOST, TransportClosed
from theta.base.limits import (
    CLIENT_FRAME_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    HEARTBEAT_INTERVAL_SECONDS,
    HEARTBEATS_MISSED_MAX,
)
from theta.base.moment import Moment
from theta.node.events import Joined
from theta.node.lanes import Lane
from theta.wire.codec import decode_from_participant, encode
from theta.wire.messages import PROTOCOL_VERSION, SessionHello

pytestmark = pytest.mark.integration

Connect = Callable[..., Awaitable[QuicTransport]]
WAYS = pytest.mark.parametrize("connect", [connect_quic, connect_webtransport], ids=["quic", "webtransport"])
SEED = 5
SHORT_SECONDS = 0.2
ADDRESS_SECONDS = 0.8
"""Long enough for a handshake, in which nobody may change their address (RFC 9000, 9)."""


class NetworkRoom:
    """A room that is reached over UDP only, whose clock can be put forward."""

    def __init__(self, folder: Path) -> None:
        self.ahead_seconds = 0.0
        store = MemoryLogStore()
        self.host = RoomHost(make_room(store), store, clock=self.now)
        self.taken: list[QuicTransport] = []
        self.listening: WebTransportListening = webtransport_listening(folder, serve=self._serve)

    async def _serve(self, transport: Any, address: str) -> None:
        self.taken.append(transport)
        await self.host.serve_connection(transport, address)

    @property
    def port(self) -> int:
        return self.listening.listener.port

    def now(self) -> Moment:
        """The machine's time, put forward."""
        now = machine_clock()
        return Moment(now.seconds + self.ahead_seconds, now.unix_ms + int(self.ahead_seconds * 1000))

    async def join(self, connect: Connect, port: int, name: str = "Ada") -> DrivenPeer:
        transport = await soon(connect(HOST, port, verify=False))
        return await DrivenPeer(transport, self.host.room.invite("editor"), name).joined()

    async def close(self) -> None:
        await soon(self.host.close())
        await soon(self.listening.close())


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[NetworkRoom]:
    running = NetworkRoom(tmp_path)
    yield running
    await running.close()


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["quic", "webtransport"])
async def test_trn_58_a_new_address_needs_no_new_handshake(room: NetworkRoom, transport: TransportChoice) -> None:
    changing = Impairment(address_seconds=ADDRESS_SECONDS)
    async with impaired((HOST, room.port), changing, SEED) as network:
        link = f"http://{HOST}:{network.port}/#invite={room.host.room.invite('editor')}"
        made = 0
        addresses = set()
        async with theta.connect(link, name="Ada", transport=transport, heartbeat_seconds=0.25) as ada:
            assert ada.transport == transport
            [end] = room.taken
            while network.address_changes < 3:
                await ada.create("cube")
                made += 1
                addresses.add(end._connection._network_paths[0].addr[:2])
            assert room.listening.listener.connections == room.host.connections == 1
            assert [end] == room.taken, "there was one handshake, and one session"
            assert len(addresses) >= 3, "it went from address to address"
            assert room.host.room.replica.document.entity_count == made
            assert ada._peer.replica.document.hash == room.host.room.document_hash


# -- partitions --------------------------------------------------------------------------------------------------------


@WAYS
async def test_quic_transport_recovers_from_temporary_network_partition(room: NetworkRoom, connect: Connect) -> None:
    dark = Impairment(on_seconds=1.2, off_seconds=0.6)
    async with impaired((HOST, room.port), dark, SEED) as network:
        ada = await room.join(connect, network.port)
        names = []
        healed = 0
        while healed < 3:
            swallowed = network.swallowed
            names += await ada.perform(a_cube("whatever the network does"))
            healed += network.swallowed > swallowed
        [transport] = room.taken
        assert room.listening.listener.connections == 1, "the connection outlived it"
        assert len([event for event in ada.events if isinstance(event, Joined)]) == 1
        assert room.host.room.replica.document.entity_count == len(names), "nothing is lost, and nothing doubled"
        assert ada.peer.replica.document.hash == room.host.room.document_hash
        assert transport.metrics.packets_lost + ada.transport.metrics.packets_lost > 0
        await ada.leave()


@WAYS
async def test_quic_heartbeat_detects_connection_death_after_3_missed(room: NetworkRoom, connect: Connect) -> None:
    ada, bo = await room.join(connect, room.port), await room.join(connect, room.port, "Bo")
    await ada.until(lambda: len(ada.peer.people) == 2)
    assert isinstance(bo.transport, QuicTransport)
    _, of_bo = room.taken
    bo.transport.abandon()  # without a word, as when a machine dies; QUIC would take QUIC_IDLE_SECONDS_MAX to notice
    heard_from = room.ahead_seconds
    for missed in range(1, HEARTBEATS_MISSED_MAX + 1):
        assert of_bo._closed is None, f"given up after {missed - 1} missed heartbeats"
        room.ahead_seconds = heard_from + missed * HEARTBEAT_INTERVAL_SECONDS
        await ada.perform(a_cube("Ada is there"))
    await ada.until(lambda: len(ada.peer.people) == 1)
    assert of_bo._closed is not None
    assert of_bo._closed.close_code == 4504


# -- handshakes --------------------------------------------------------------------------------------------------------


@WAYS
async def test_quic_handshake_timeout_enforced(tmp_path: Path, connect: Connect) -> None:
    loop = asyncio.get_running_loop()
    room = webtransport_listening(tmp_path, handshake_seconds=SHORT_SECONDS)
    silent = Impairment(on_seconds=0.0, off_seconds=3_600.0)
    async with impaired((HOST, room.listener.port), silent, SEED) as network:
        started = loop.time()
        with pytest.raises(TransportClosed, match=r"within 0\.2 s") as closed:
            await soon(connect(HOST, network.port, verify=False, handshake_seconds=SHORT_SECONDS))
        assert SHORT_SECONDS <= loop.time() - started < 5.0
        assert closed.value.close_code in (4408, CLOSE_LOST)
        assert network.swallowed > 0
        assert network.passed == 0
    assert room.listener.connections == 0
    await soon(room.close())


@WAYS
async def test_quic_rejects_handshake_with_future_protocol_version(room: NetworkRoom, connect: Connect) -> None:
    hello = decode_from_participant(a_hello(bytes(range(32))))
    assert isinstance(hello, SessionHello)
    transport = await soon(connect(HOST, room.port, verify=False))
    transport.send(Lane.CONTROL, encode(structs.replace(hello, protocol_version=PROTOCOL_VERSION + 1)))
    end = await end_of(transport)
    assert end.close_code == 4426
    assert end.reason.startswith("ProtocolMismatch")
    assert str(PROTOCOL_VERSION) in end.reason
    assert not room.host.room.people


# -- too large ---------------------------------------------------------------------------------------------------------


@WAYS
async def test_quic_drops_oversized_payload(room: NetworkRoom, connect: Connect) -> None:
    ada = await room.join(connect, room.port)
    names = await ada.perform(a_cube("before"))
    for lane, size in ((Lane.COMMANDS, CLIENT_FRAME_BYTES_MAX + 1), (Lane.DATAGRAM, DATAGRAM_BYTES_MAX + 1)):
        eve = await soon(connect(HOST, room.port, verify=False))
        if lane is Lane.DATAGRAM:
            eve._streams.carrier.send_datagram(bytes(size))
            eve._pump.tick_soon()
        else:
            eve.send(lane, bytes(size))
        assert (await end_of(eve)).close_code == 4413
        of_eve = room.taken[-1]
        assert of_eve.metrics.oversized == 1
        assert of_eve.metrics.bytes_in == 0, "nothing of it was given out"
    names += await ada.perform(a_cube("after"))
    assert room.host.room.replica.document.entity_count == len(names) == 2
    await ada.leave()
