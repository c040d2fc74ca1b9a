"""The client's driver: it comes back soon after each loss, and slowly only while nobody lets it in."""

import asyncio
import logging
import os

import pytest

from tests.contract.transport_contract import soon
from tests.support.news import News
from theta.adapters.client.driver import PeerDriver
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.memory_transport import memory_pair
from theta.adapters.transport import CLOSE_LOST, Transport, TransportClosed
from theta.base.limits import RECONNECT_SECONDS_MAX, RECONNECT_SECONDS_MIN
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.base.version import VERSION
from theta.commands.identity import Identity
from theta.node.events import Event, Joined, Synced
from theta.node.lanes import Lane
from theta.node.peer import Peer, PeerSettings
from theta.node.protocol import protocol
from theta.node.room import Room, RoomSettings
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret
from theta.session.states import State
from theta.wire.codec import encode
from theta.wire.messages import Ping

pytestmark = pytest.mark.integration

LOSSES = 8
REFUSALS = 3


class Door:
    """The way into a room; while it is shut, nobody answers."""

    def __init__(self) -> None:
        secret = RoomSecret(b"\x07" * 32)
        settings = RoomSettings("studio", secret, Identity.from_seed(b"\x08" * 32).public_key)
        store = MemoryLogStore()
        self.host = RoomHost(Room(settings, store.read(), Randomness(os.urandom(32)), machine_clock()), store)
        self.shut_for = 0
        self.inside: Transport | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def open_transport(self) -> Transport:
        if self.shut_for:
            self.shut_for -= 1
            raise TransportClosed(CLOSE_LOST, "nobody answers")
        room_end, participant_end = memory_pair()
        self.inside = room_end
        self._serving.add(asyncio.create_task(self.host.serve_connection(room_end)))
        return participant_end

    async def close(self) -> None:
        await soon(self.host.close())
        await soon(asyncio.gather(*self._serving))


async def test_ses_19_it_waits_longer_while_nobody_lets_it_in_and_not_long_after_it_was_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "theta.adapters.client.driver")
    door, news = Door(), News()
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", door.host.room.invite("editor"))
    peer = Peer(settings, Randomness(os.urandom(32)))
    events: list[Event] = []

    def note(event: Event) -> None:
        events.append(event)
        news.tell()

    async def joined(times: int) -> None:
        await news.until(lambda: sum(isinstance(event, Joined) for event in events) == times)

    driver = PeerDriver(peer, door.open_transport, note, lambda failure: None)
    for loss in range(LOSSES):
        await joined(loss + 1)
        door.shut_for = REFUSALS if loss == LOSSES - 1 else 0
        assert door.inside is not None
        await door.inside.close(CLOSE_LOST, "lost")
    await joined(LOSSES + 1)
    await driver.close()
    await door.close()
    waits = [vars(record)["after_seconds"] for record in caplog.records if record.message == "reconnecting"]
    soon_again, longer = [0] * LOSSES, list(range(1, REFUSALS + 1))
    for wait, doublings in zip(waits, soon_again + longer, strict=True):
        span = min(RECONNECT_SECONDS_MAX, RECONNECT_SECONDS_MIN * 2.0**doublings)
        assert span / 2.0 - 0.01 <= wait <= span + 0.01


async def test_ses_16_whoever_is_older_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    older = protocol()._replace(hash=bytes(16), software="0.0.9")
    monkeypatch.setattr("theta.node.peer_settings.protocol", lambda: older)
    door = Door()
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", door.host.room.invite("editor"))
    failed: asyncio.Future[ConnectionFailed] = asyncio.get_running_loop().create_future()
    peer = Peer(settings, Randomness(os.urandom(32)))
    driver = PeerDriver(peer, door.open_transport, lambda event: None, failed.set_result)
    failure = await soon(failed)
    assert failure.close_code == 4426
    assert f"your Theta 0.0.9 is older than the room's: install theta-engine {VERSION}" in str(failure)
    await soon(driver.close())
    await door.close()


async def test_ses_17_a_link_is_told_by_heartbeats_and_by_the_carrier() -> None:
    door, news = Door(), News()
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", door.host.room.invite("editor"))
    peer = Peer(settings._replace(heartbeat_seconds=0.25), Randomness(os.urandom(32)))
    driver = PeerDriver(peer, door.open_transport, lambda event: None, lambda failure: None, news.tell)
    await news.until(lambda: peer.is_joined and peer.rtt_seconds is not None)
    link = driver.link
    assert link is not None
    assert (link.interval_seconds, link.loss, link.packet_loss) == (0.25, 0.0, None)
    assert driver._transport is not None
    driver._transport.metrics.packets_out, driver._transport.metrics.packets_lost = 200, 3
    link = driver.link
    assert link is not None
    assert link.packet_loss == 0.015
    await driver.close()
    assert driver.link is None
    await door.close()


async def test_ses_19_a_room_that_would_refuse_again_is_not_asked_again() -> None:
    door = Door()
    invite = make_invite(RoomSecret(b"\x07" * 32), "editor", 1_000)
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", invite)
    peer = Peer(settings, Randomness(os.urandom(32)))
    failed: asyncio.Future[ConnectionFailed] = asyncio.get_running_loop().create_future()
    driver = PeerDriver(peer, door.open_transport, lambda event: None, failed.set_result)
    assert (await soon(failed)).close_code == 4403
    assert peer.session_state is State.CLOSED
    await soon(driver.close())
    await door.close()


async def test_whoever_waits_looks_again_after_what_is_no_event_too(monkeypatch: pytest.MonkeyPatch) -> None:
    door, news = Door(), News()
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", door.host.room.invite("editor"))
    peer = Peer(settings, Randomness(os.urandom(32)))
    events: list[Event] = []
    driver = PeerDriver(peer, door.open_transport, events.append, lambda failure: None, news.tell)
    await news.until(lambda: any(isinstance(event, Synced) for event in events))
    assert door.inside is not None
    told = len(events)
    ping, frames, really_handle = encode(Ping(7, 1.0)), [], peer.handle_frame

    def handle_frame(now: Moment, lane: Lane, frame: bytes) -> None:
        frames.append(frame)
        really_handle(now, lane, frame)

    monkeypatch.setattr(peer, "handle_frame", handle_frame)
    door.inside.send(Lane.CONTROL, ping)
    await news.until(lambda: ping in frames)
    assert len(events) == told
    await driver.close()
    await door.close()


async def test_a_bug_in_the_peer_is_told_and_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door()
    settings = PeerSettings(Identity.from_seed(b"\x09" * 32), os.urandom(16), "Ada", door.host.room.invite("editor"))
    peer = Peer(settings, Randomness(os.urandom(32)))
    failed: asyncio.Future[ConnectionFailed] = asyncio.get_running_loop().create_future()

    def break_down(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(peer, "handle_frame", break_down)
    driver = PeerDriver(peer, door.open_transport, lambda event: None, failed.set_result)
    assert "a bug" in str(await soon(failed))
    await soon(driver.close())
    await door.close()
