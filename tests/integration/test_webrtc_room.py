"""A room over WebRTC, met at its signalling server: the session's rules hold there, and guests of all ways agree."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.transport_contract import end_of, soon
from tests.integration.driven_peer import DrivenPeer, a_cube, a_hello
from tests.integration.test_host import make_room
from tests.support.quic import Listening, listening
from tests.support.webrtc import LOOPBACK, quiet
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.memory_transport import memory_pair
from theta.adapters.signal_server import SignalHub
from theta.adapters.transport import Transport
from theta.adapters.webrtc_client import connect_over
from theta.adapters.webrtc_host import WebRtcHost
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import SignalingFailed
from theta.node.lanes import Lane
from theta.signaling.proof import room_of_key
from theta.signaling.server import SignalSettings

pytestmark = pytest.mark.integration


class MetRoom:
    """A room that is reached by WebRTC over a signalling server in this process, and over QUIC."""

    def __init__(self, folder: Path) -> None:
        store = MemoryLogStore()
        room = make_room(store)
        self.host = RoomHost(room, store)
        self.hub = SignalHub(SignalSettings())
        self.guests = WebRtcHost(self.host, room._settings.secret.identity, LOOPBACK)
        self.quic: Listening = listening(folder, serve=self.host.serve_connection)
        self._serving = asyncio.create_task(self.guests.serve_own(self.hub))
        self._at_hub: set[asyncio.Task[None]] = set()

    async def open_signaling(self) -> Transport:
        its, ours = memory_pair()
        task = asyncio.create_task(self.hub.serve_connection(its))
        self._at_hub.add(task)
        task.add_done_callback(self._at_hub.discard)
        return ours

    async def connect(self) -> WebRtcTransport:
        return await soon(connect_over(self.open_signaling, room_of_key(self.host.room.room_key), LOOPBACK))

    async def join(self, name: str, transport: Transport | None = None) -> DrivenPeer:
        over = transport or await self.connect()
        return await DrivenPeer(over, self.host.room.invite("editor"), name).joined()

    async def close(self) -> None:
        await soon(self.host.close())
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        await soon(self.guests.close())
        await soon(self.hub.close())
        await soon(self.quic.close())
        await soon(quiet())


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[MetRoom]:
    running = MetRoom(tmp_path)
    yield running
    await running.close()


async def test_trn_41_a_guest_joins_and_builds(room: MetRoom) -> None:
    ada = await room.join("Ada")
    await ada.perform(a_cube("from Ada"))
    assert ada.peer.replica.document.hash == room.host.room.document_hash
    assert ada.transport.kind == "webrtc"


@pytest.mark.parametrize("nonce", [b"", b"short", bytes(33)])
async def test_webrtc_handshake_rejects_empty_nonce(room: MetRoom, nonce: bytes) -> None:
    transport = await room.connect()
    transport.send(Lane.CONTROL, a_hello(nonce))
    end = await end_of(transport)
    assert end.close_code == 4400
    assert end.reason.startswith("BadNonce")


async def test_webrtc_recovers_from_datachannel_close(room: MetRoom) -> None:
    ada, bo = await room.join("Ada"), await room.join("Bo")
    names = await ada.perform(a_cube("before"))
    names += ada.begin([a_cube("on its way"), a_cube("on its way too")])
    assert isinstance(ada.transport, WebRtcTransport)
    ada.transport.abandon("the channel was closed")
    names += ada.peer.perform(machine_clock(), [a_cube("while away")])
    await ada.rejoin(await room.connect())
    await ada.until(lambda: ada.peer.replica.document.entity_count == len(names))
    await bo.until(lambda: bo.peer.replica.document.entity_count == len(names))
    assert ada.peer.replica.document.hash == bo.peer.replica.document.hash == room.host.room.document_hash
    assert len(room.host.room.people) == 2


async def test_trn_41_who_is_in_stays_when_another_server_turns_the_room_away(room: MetRoom) -> None:
    ada = await room.join("Ada")

    async def turned_away() -> Transport:
        its, ours = memory_pair()
        await its.close(4401, "not this room")
        return ours

    await soon(room.guests.serve_at(turned_away, "elsewhere"))
    await ada.perform(a_cube("still here"))


async def test_mixed_quic_webrtc_clients_converge_state(room: MetRoom) -> None:
    people = [await room.join(name) for name in ("Ada", "Bo")]
    people += [await room.join(name, await soon(room.quic.connect())) for name in ("Cy", "Di")]
    for turn in range(5):
        for who in people:
            who.begin([a_cube(f"{turn}")])
    for who in people:
        await who.until(lambda: who.peer.replica.document.entity_count == 5 * len(people))  # noqa: B023
    assert {who.peer.replica.document.hash for who in people} == {room.host.room.document_hash}
    assert {who.transport.kind for who in people} == {"webrtc", "quic"}


async def test_trn_42_a_room_whose_host_is_not_there_is_an_error_in_time(room: MetRoom) -> None:
    begun = asyncio.get_running_loop().time()
    with pytest.raises(SignalingFailed, match="host"):
        await connect_over(room.open_signaling, bytes(16), LOOPBACK)
    assert asyncio.get_running_loop().time() - begun < 10.0
