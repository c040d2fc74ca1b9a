"""A relay between a participant and the room, with a certificate of its own, that reads every frame and may change it.

Nobody's packet can be forged, altered, put elsewhere or used twice by it: the participant verifies each by itself, and
so does the room. What it can do is in SECURITY.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract.transport_contract import soon
from tests.integration.driven_peer import DrivenPeer, a_cube
from tests.integration.test_host import make_room
from tests.support.quic import HOST, Listening
from tests.support.webtransport import webtransport_listening
from theta.adapters.host import RoomHost
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_client import connect_quic
from theta.adapters.transport import Transport, TransportClosed
from theta.commands.identity import Identity
from theta.commands.records import PacketRecord, RecordKind, decode
from theta.commands.records import encode as encode_record
from theta.node.events import Diverged
from theta.node.lanes import Lane
from theta.wire.codec import decode_from_participant, decode_from_room, encode, unwrap
from theta.wire.compression import Decompressor
from theta.wire.messages import Commit, LogRecord, Message, SubmitPacket

pytestmark = pytest.mark.integration

Change = Callable[[Message, bytes], Iterable[bytes]]
"""What goes on in place of a frame."""
EVE = Identity.from_seed(b"\x66" * 32)


def as_it_is(message: Message, frame: bytes) -> Iterable[bytes]:
    """An honest relay."""
    return [frame]


class Relay:
    """Takes participants with its own certificate, and passes what it hears to a room and back."""

    def __init__(self, folder: Path, room_port: int) -> None:
        self.changes: dict[str, Change] = {"up": as_it_is, "down": as_it_is}
        self.heard: list[Message] = []
        self._room_port = room_port
        self._listening: Listening = webtransport_listening(folder, serve=self._serve)

    @property
    def port(self) -> int:
        """Where participants come, who take it for the room."""
        return self._listening.listener.port

    async def _serve(self, near: Transport, address: str) -> None:
        far = await connect_quic(HOST, self._room_port, verify=False)
        await asyncio.gather(
            self._carry(near, far, decode_from_participant, "up"),
            self._carry(far, near, decode_from_room, "down"),
        )

    async def _carry(self, source: Transport, sink: Transport, read: Callable[[bytes], Message], way: str) -> None:
        try:
            while True:
                lane, frame = await source.receive()
                message = unwrap(read(frame), Decompressor())
                self.heard.append(message)
                for each in [frame] if lane is Lane.DATAGRAM else self.changes[way](message, frame):
                    sink.send(lane, each)
        except TransportClosed as end:
            await sink.close(end.close_code, end.reason)

    async def close(self) -> None:
        """Let go."""
        await self._listening.close()


class Between:
    """A room, and Ada, who reaches it through a relay; Bo is with the room itself."""

    def __init__(self, folder: Path) -> None:
        store = MemoryLogStore()
        self.host = RoomHost(make_room(store), store)
        (folder / "room").mkdir()
        (folder / "relay").mkdir()
        self.listening = webtransport_listening(folder / "room", serve=self.host.serve_connection)
        self.relay = Relay(folder / "relay", self.listening.listener.port)

    async def join(self, port: int, name: str) -> DrivenPeer:
        """Somebody who comes in at a port."""
        transport = await soon(connect_quic(HOST, port, verify=False))
        return await DrivenPeer(transport, self.host.room.invite("editor"), name).joined()

    async def both(self) -> tuple[DrivenPeer, DrivenPeer]:
        """Ada and Bo."""
        return await self.join(self.relay.port, "Ada"), await self.join(self.listening.listener.port, "Bo")

    async def close(self) -> None:
        await soon(self.relay.close())
        await soon(self.host.close())
        await soon(self.listening.close())


@pytest.fixture
async def between(tmp_path: Path) -> AsyncIterator[Between]:
    made = Between(tmp_path)
    yield made
    await made.close()


def of_packets(change: Callable[[PacketRecord], PacketRecord]) -> Change:
    """Changes every packet in a commit."""

    def down(message: Message, frame: bytes) -> Iterable[bytes]:
        if not isinstance(message, Commit):
            return [frame]
        records = [
            LogRecord(each.kind, encode_record(change(decode(PacketRecord, each.body))))
            if each.kind == RecordKind.PACKET
            else each
            for each in message.records
        ]
        return [encode(msgspec.structs.replace(message, records=records))]

    return down


def is_of_packets(message: Message) -> bool:
    return isinstance(message, Commit) and any(each.kind == RecordKind.PACKET for each in message.records)


class Swap:
    """Holds a commit with packets back until the next has gone."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def __call__(self, message: Message, frame: bytes) -> Iterable[bytes]:
        if not is_of_packets(message):
            return [frame]
        if not self._held:
            self._held.append(frame)
            return []
        return [frame, self._held.pop()]


def altered(packet: PacketRecord) -> PacketRecord:
    return msgspec.structs.replace(packet, body=packet.body[:-1] + bytes((packet.body[-1] ^ 1,)))


def signed_by_the_relay(packet: PacketRecord) -> PacketRecord:
    return msgspec.structs.replace(packet, signature=EVE.sign(packet.body[:32].ljust(32, b"\0")))


def said_again(message: Message, frame: bytes) -> Iterable[bytes]:
    """Every commit, and every packet, twice."""
    return [frame, frame] if isinstance(message, Commit | SubmitPacket) else [frame]


async def test_a_relay_with_a_certificate_of_its_own_passes_everything_on_and_reads_it(between: Between) -> None:
    ada, bo = await between.both()
    names = await ada.perform(a_cube("hers")) + await bo.perform(a_cube("his"))
    await ada.until(lambda: ada.peer.replica.document.hash == between.host.room.document_hash)
    assert between.host.room.replica.document.entity_count == len(names)
    assert any(isinstance(each, SubmitPacket) for each in between.relay.heard), "nothing is hidden from it"
    assert any(is_of_packets(each) for each in between.relay.heard)


@pytest.mark.parametrize(
    "lie", [of_packets(altered), of_packets(signed_by_the_relay), Swap()], ids=["altered", "signed", "reordered"]
)
async def test_wire_13_a_participant_notices_packets_that_a_relay_changed(between: Between, lie: Change) -> None:
    ada, bo = await between.both()
    await bo.perform(a_cube("before"))
    await ada.until(lambda: ada.peer.replica.document.entity_count == 1)
    between.relay.changes["down"] = lie
    await bo.perform(a_cube("one"))
    await bo.perform(a_cube("two"))
    await ada.until(lambda: any(isinstance(event, Diverged) for event in ada.events))
    assert ada.peer.replica.document.entity_count <= 1, "nothing of what was changed is shown"


async def test_wire_13_commits_that_a_relay_says_twice_count_once(between: Between) -> None:
    ada, bo = await between.both()
    between.relay.changes["down"] = said_again
    for number in range(3):
        await bo.perform(a_cube(str(number)))
    await ada.until(lambda: ada.peer.replica.document.hash == between.host.room.document_hash)
    assert ada.peer.replica.document.entity_count == 3
    assert not any(isinstance(event, Diverged) for event in ada.events)


async def test_a_packet_that_a_relay_says_twice_is_applied_once(between: Between) -> None:
    ada, _ = await between.both()
    between.relay.changes["up"] = said_again
    await ada.perform(a_cube("once"))
    await ada.perform(a_cube("and another"))
    assert between.host.room.replica.document.entity_count == 2


@pytest.mark.parametrize("field", ["body", "signature", "nonce"])
async def test_a_room_takes_no_packet_that_a_relay_changed(between: Between, field: str) -> None:
    ada, bo = await between.both()
    changes: dict[str, Callable[[SubmitPacket], Any]] = {
        "body": lambda packet: packet.body[:-1] + bytes((packet.body[-1] ^ 1,)),
        "signature": lambda packet: EVE.sign(bytes(32)),
        "nonce": lambda packet: packet.nonce + 1,
    }

    def up(message: Message, frame: bytes) -> Iterable[bytes]:
        if not isinstance(message, SubmitPacket):
            return [frame]
        return [encode(msgspec.structs.replace(message, **{field: changes[field](message)}))]

    between.relay.changes["up"] = up
    ada.begin([a_cube("what she did not say")])
    end = await ada.ended()
    assert end.close_code in (4402, 4423), end
    await bo.perform(a_cube("Bo goes on"))
    assert between.host.room.replica.document.entity_count == 1
