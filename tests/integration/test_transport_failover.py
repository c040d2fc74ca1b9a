"""A participant whose transport dies goes on over another: same session, same order, everything once."""

import asyncio
import os
import random
from pathlib import Path

import pytest

import theta
from tests.contract.transport_contract import soon
from tests.integration.driven_peer import a_cube
from tests.integration.test_choosing_transport import Place, place
from tests.integration.test_session_on_transports import KINDS, Ways, ways
from tests.support.news import News
from theta.adapters.client.driver import PeerDriver
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.host import machine_clock
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import CLOSE_LOST, Transport, TransportClosed
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.packets import parse_body
from theta.commands.records import PacketRecord, RecordKind, decode
from theta.node.events import Applied, Event, Joined
from theta.node.lanes import Lane
from theta.node.peer import Peer, PeerSettings

pytestmark = pytest.mark.integration

__all__ = ["place", "ways"]

COMMANDS = 120
BURST = 10


class Dying:
    """A transport that dies without a word after so many more frames of commands; both ends learn that it is gone."""

    def __init__(self, carrier: Transport, frames: int) -> None:
        self._carrier = carrier
        self._left = frames
        self._died = asyncio.Event()

    @property
    def kind(self) -> str:
        return self._carrier.kind

    def send(self, lane: Lane, frame: bytes) -> None:
        if self._left <= 0:
            raise TransportClosed(CLOSE_LOST, "the connection was lost")
        self._carrier.send(lane, frame)
        self._left -= lane is Lane.COMMANDS
        if self._left <= 0:
            self._died.set()

    async def receive(self) -> tuple[Lane, bytes]:
        receiving = asyncio.ensure_future(self._carrier.receive())
        dying = asyncio.ensure_future(self._died.wait())
        try:
            await asyncio.wait((receiving, dying), return_when=asyncio.FIRST_COMPLETED)
            if self._died.is_set():
                raise TransportClosed(CLOSE_LOST, "the connection was lost")
            return receiving.result()
        finally:
            dying.cancel()
            receiving.cancel()
            await asyncio.gather(dying, receiving, return_exceptions=True)
            if self._died.is_set():
                await self._carrier.close(CLOSE_LOST)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._carrier.close(code, reason)


class Failing:
    """A driven peer that goes through kinds of transports, each of which dies but the last."""

    def __init__(self, ways: Ways, kinds: tuple[str, ...], luck: random.Random) -> None:
        self.kinds: list[str] = []
        self.applied: list[int] = []
        self.joined: list[Joined] = []
        self.news = News()
        self._ways, self._to_come, self._luck = ways, list(kinds), luck
        settings = PeerSettings(
            Identity.from_seed(os.urandom(32)), os.urandom(16), "Ada", ways.host.room.invite("editor")
        )
        self.peer = Peer(settings, Randomness(os.urandom(32)))
        self.driver = PeerDriver(self.peer, self._open, self._note, self._fail, self.news.tell)

    async def _open(self) -> Transport:
        kind = self._to_come.pop(0)
        self.kinds.append(kind)
        carrier = await self._ways.connect[kind]()
        return Dying(carrier, self._luck.randrange(5, 40)) if self._to_come else carrier  # type: ignore[return-value]

    def _note(self, event: Event) -> None:
        if isinstance(event, Applied):
            self.applied.append(event.name.number)
        elif isinstance(event, Joined):
            self.joined.append(event)

    def _fail(self, failure: ConnectionFailed) -> None:
        raise AssertionError(f"it gave up: {failure}")


@pytest.mark.parametrize(
    "kinds",
    [
        ("quic", "websocket"),
        ("quic", "webrtc"),
        ("websocket", "quic", "webrtc", "webtransport", "memory"),
        ("webtransport", "websocket", "quic"),
    ],
    ids="-".join,
)
async def test_trn_23_transport_failover_preserves_command_ordering(
    ways: Ways, kinds: tuple[str, ...], seed: int
) -> None:
    """The same session, each command once, in the order in which it was given, whatever was under way."""
    assert set(kinds) <= set(KINDS)
    failing = Failing(ways, kinds, random.Random(seed))
    names: list[int] = []
    for _ in range(COMMANDS // BURST):
        burst = [failing.peer.perform(machine_clock(), [a_cube(f"cube {at}")])[0].number for at in range(BURST)]
        names += burst
        failing.driver.pump()
        await soon(failing.news.until(lambda last=burst[0]: last in failing.applied))  # type: ignore[misc]
    await soon(failing.news.until(lambda: len(failing.applied) == COMMANDS))
    room = ways.host.room
    assert failing.kinds == list(kinds)
    assert [event.resumed for event in failing.joined] == [False] + [True] * (len(kinds) - 1)
    assert sorted(failing.applied) == sorted(names)
    records = room.replica.log.records_between(1, room.head_seq)
    logged = [
        envelope.number
        for record in records
        if record.kind == RecordKind.PACKET
        for envelope in parse_body(decode(PacketRecord, record.body).body).envelopes()
    ]
    assert logged == names, "in the log each stands once, in its order"
    assert sum(record.kind == RecordKind.SESSION for record in records) == 1
    assert room.replica.document.entity_count == COMMANDS
    assert failing.peer.replica.document.hash == room.document_hash
    await soon(failing.driver.close())


async def test_trn_16_a_transport_on_which_no_session_stands_is_tried_last_the_next_time(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QUIC that opens and then carries nothing, as where large packets are swallowed, keeps nobody out."""
    place.serve_quic()
    monkeypatch.setattr(QuicTransport, "send", lambda self, lane, frame: None)
    async with theta.connect(place.link, name="Ada", identity=tmp_path / "ada.key") as room:
        assert room.transport == "websocket"
        await soon(room.create("cube"))
