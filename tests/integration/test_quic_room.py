"""A room over QUIC: the session's rules hold there as on any transport, and nothing stays behind."""

import asyncio
import gc
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.transport_contract import end_of, soon
from tests.integration.driven_peer import DrivenPeer, a_cube, a_hello
from tests.integration.test_host import make_room
from tests.support.participants import Newcomer
from tests.support.quic import Listening, listening
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import TransportClosed
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS, HEARTBEATS_MISSED_MAX
from theta.base.moment import Moment
from theta.node.events import Joined, Said
from theta.node.lanes import Lane

pytestmark = pytest.mark.integration

RECONNECTS = 100
GROWTH_BYTES_MAX = 1024 * RECONNECTS


class QuicRoom:
    """A room that is reached over QUIC only, whose clock can be put forward."""

    def __init__(self, folder: Path) -> None:
        self.ahead_seconds = 0.0
        store = MemoryLogStore()
        self.host = RoomHost(make_room(store), store, clock=self.now)
        self.quic: Listening = listening(folder, serve=self.host.serve_connection)

    def now(self) -> Moment:
        """The machine's time, put forward."""
        now = machine_clock()
        return Moment(now.seconds + self.ahead_seconds, now.unix_ms + int(self.ahead_seconds * 1000))

    async def join(self, name: str = "Ada") -> DrivenPeer:
        transport = await soon(self.quic.connect())
        return await DrivenPeer(transport, self.host.room.invite("editor"), name).joined()

    async def close(self) -> None:
        await soon(self.host.close())
        await soon(self.quic.close())


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[QuicRoom]:
    running = QuicRoom(tmp_path)
    yield running
    await running.close()


@pytest.mark.parametrize("nonce", [b"", b"short", bytes(33)])
async def test_ses_2_quic_handshake_rejects_empty_nonce(room: QuicRoom, nonce: bytes) -> None:
    transport = await soon(room.quic.connect())
    transport.send(Lane.CONTROL, a_hello(nonce))
    end = await end_of(transport)
    assert end.close_code == 4400
    assert end.reason.startswith("BadNonce")


async def test_two_people_build_and_see_the_same(room: QuicRoom) -> None:
    ada, bo = await room.join("Ada"), await room.join("Bo")
    await ada.perform(a_cube("from Ada"))
    await bo.perform(a_cube("from Bo"))
    await ada.until(lambda: ada.peer.replica.document.entity_count == 2)
    await bo.until(lambda: bo.peer.replica.document.entity_count == 2)
    assert ada.peer.replica.document.hash == bo.peer.replica.document.hash == room.host.room.document_hash


async def test_trn_17_who_is_silent_is_found_by_the_heartbeat_although_quic_answers(room: QuicRoom) -> None:
    ada = await room.join("Ada")
    silent = await soon(room.quic.connect())
    bo = Newcomer("Bo", room.host.room.invite("editor"))
    bo.handle_connected(room.now())
    ended = asyncio.create_task(shake_hands_and_fall_silent(room, bo, silent))
    await ada.until(lambda: len(ada.peer.people) == 2)
    for beat in range(HEARTBEATS_MISSED_MAX + 1):
        assert beat == HEARTBEATS_MISSED_MAX or not ended.done(), "given up before three heartbeats were missed"
        room.ahead_seconds += HEARTBEAT_INTERVAL_SECONDS
        ada.say(f"still here {beat}")
        await ada.until(lambda: sum(isinstance(event, Said) for event in ada.events) == beat + 1)  # noqa: B023
    assert (await soon(ended)).close_code == 4504
    await ada.until(lambda: len(ada.peer.people) == 1)
    await ada.perform(a_cube())


async def shake_hands_and_fall_silent(room: QuicRoom, who: Newcomer, transport: QuicTransport) -> TransportClosed:
    """Join, and then only read."""
    try:
        while True:
            while who.session is None and (frame := who.poll_transmit()) is not None:
                transport.send(*frame)
            lane, received = await transport.receive()
            if who.session is None:
                who.handle_frame(room.now(), lane, received)
    except TransportClosed as end:
        return end


async def test_after_a_lost_connection_nothing_is_lost_and_nothing_doubled(room: QuicRoom) -> None:
    ada, bo = await room.join("Ada"), await room.join("Bo")
    names = await ada.perform(a_cube("before"))
    for _ in range(3):
        names += ada.begin([a_cube("on its way"), a_cube("on its way too")])
        await asyncio.sleep(0)
        assert isinstance(ada.transport, QuicTransport)
        ada.transport.abandon()
        names += ada.peer.perform(machine_clock(), [a_cube("while away")])
        await ada.rejoin(await soon(room.quic.connect()))
        await ada.until(lambda: ada.peer.replica.document.entity_count == len(names))  # noqa: B023
    await bo.until(lambda: bo.peer.replica.document.entity_count == len(names))
    assert room.host.room.replica.document.entity_count == len(names) == 10
    assert ada.peer.replica.document.hash == bo.peer.replica.document.hash == room.host.room.document_hash
    assert len(room.host.room.people) == 2


async def test_quic_connection_survives_rapid_reconnect_cycles(room: QuicRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred, each resumed, that leave nothing behind."""
    ada = await room.join()
    gone, really_forget = asyncio.Event(), room.quic.listener._forget

    def forget(transport: QuicTransport) -> None:
        really_forget(transport)
        gone.set()

    monkeypatch.setattr(room.quic.listener, "_forget", forget)

    async def reconnect(times: int) -> None:
        for _ in range(times):
            ada.events.clear()
            await ada.transport.close()
            await ada.rejoin(await soon(room.quic.connect()))
            await ada.until(lambda: any(isinstance(event, Joined) and event.resumed for event in ada.events))
        while room.quic.listener.connections > 1:  # the others are in their closing period (RFC 9000, 10.2)
            gone.clear()
            await soon(gone.wait())

    def left() -> tuple[int, int, int, int]:
        gc.collect()
        kinds = [type(each) for each in gc.get_objects()]
        files = len(os.listdir("/proc/self/fd"))
        return kinds.count(QuicTransport), kinds.count(BoundedConnection), files, len(asyncio.all_tasks())

    tracemalloc.start()
    await reconnect(10)
    before, bytes_before = left(), tracemalloc.get_traced_memory()[0]
    await reconnect(RECONNECTS)
    after, growth = left(), tracemalloc.get_traced_memory()[0] - bytes_before
    tracemalloc.stop()
    assert after == before
    assert room.host.connections == 1
    assert growth < GROWTH_BYTES_MAX, f"{growth} bytes"
