"""The room's driver: frames in, frames out, records on disk, and nobody harmed by somebody else's trouble."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.transport_contract import DATAGRAM, end_of, soon
from tests.integration.driven_peer import DrivenPeer, a_cube
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.memory_transport import MemoryTransport, memory_pair
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import FrameTooLarge, PeerTooSlow
from theta.base.limits import HALF_OPEN_CONNECTIONS_MAX
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.store import LogStore
from theta.node.audit import audit
from theta.node.lanes import Lane
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration


def make_room(store: LogStore) -> Room:
    settings = RoomSettings("studio", RoomSecret(b"\x07" * 32), Identity.from_seed(b"\x08" * 32).public_key)
    return Room(settings, store.read(), Randomness(os.urandom(32)), machine_clock())


class Hosted:
    """A room that runs, and the ways in."""

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.failures: list[str] = []
        self.host = RoomHost(make_room(store), store, on_store_failed=self._note_failure)
        self.serving: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()

    def _note_failure(self, reason: str) -> None:
        self.failures.append(reason)
        self.failed.set()

    def connect(self) -> MemoryTransport:
        return self.connect_both()[1]

    def connect_both(self) -> tuple[MemoryTransport, MemoryTransport]:
        room_end, participant_end = memory_pair()
        self.serving.append(asyncio.create_task(self.host.serve_connection(room_end, "memory")))
        return room_end, participant_end

    async def join(self, name: str = "Ada") -> DrivenPeer:
        return await DrivenPeer(self.connect(), self.host.room.invite("editor"), name).joined()

    async def close(self) -> None:
        await soon(self.host.close())
        await soon(asyncio.gather(*self.serving))


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    running = Hosted(MemoryLogStore())
    yield running
    await running.close()


async def test_two_people_build_and_see_the_same(hosted: Hosted) -> None:
    ada, bo = await hosted.join("Ada"), await hosted.join("Bo")
    await ada.perform(a_cube("from Ada"))
    await bo.perform(a_cube("from Bo"), a_cube("another"))
    await ada.until(lambda: ada.peer.replica.document.entity_count == 3)
    await bo.until(lambda: bo.peer.replica.document.entity_count == 3)
    room = hosted.host.room
    assert ada.peer.replica.document.hash == bo.peer.replica.document.hash == room.document_hash
    assert [person.name for person in room.people] == ["Ada", "Bo"]
    assert hosted.host.connections == 2
    await bo.leave()
    await ada.until(lambda: len(ada.peer.people) == 1)


async def test_everything_acknowledged_is_in_the_file_and_attested_at_the_close(tmp_path: Path) -> None:
    path = tmp_path / "room.theta"
    first = Hosted(SqliteLogStore.open(path))
    ada = await first.join()
    await ada.perform(a_cube())
    document_hash = first.host.room.document_hash
    await first.close()
    assert (await ada.ended()).close_code == 1001
    reader = SqliteLogStore.open_read_only(path)
    report = audit(reader.read())
    reader.close()
    assert report.is_good
    assert (report.commands, report.attested_seq) == (1, report.records - 1)
    again = Hosted(SqliteLogStore.open(path))
    assert again.host.room.document_hash == document_hash
    bo = await again.join("Bo")
    assert bo.peer.replica.document.entity_count == 1
    await again.close()


async def test_the_close_waits_for_what_is_on_its_way_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "room.theta"
    hosted = Hosted(SqliteLogStore.open(path))
    ada = await hosted.join()
    ada.begin([a_cube(f"cube {number}") for number in range(50)])
    await asyncio.sleep(0)
    await hosted.close()
    reader = SqliteLogStore.open_read_only(path)
    report = audit(reader.read())
    reader.close()
    assert report.is_good
    assert report.attested_seq == report.records - 1


async def test_garbage_closes_its_own_connection_only(hosted: Hosted) -> None:
    ada = await hosted.join()
    stranger = hosted.connect()
    stranger.send(Lane.CONTROL, b"\xc1garbage")
    assert (await end_of(stranger)).close_code == 4400
    await ada.perform(a_cube())
    assert hosted.host.connections == 1


async def test_who_says_nothing_is_shown_out_after_the_deadline(hosted: Hosted) -> None:
    assert (await end_of(hosted.connect())).close_code == 4408


async def test_without_an_invite_nobody_gets_in(hosted: Hosted) -> None:
    peer = DrivenPeer(hosted.connect(), "")
    end = await peer.ended()
    assert end.close_code == 4403
    assert "invite" in end.reason


async def test_a_bug_closes_the_connection_that_met_it_only(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await hosted.join()
    room = hosted.host.room
    really_handle = room.handle_frame

    def stumble(now: Any, connection: int, lane: Lane, frame: bytes) -> None:
        if frame == b"stumble":
            raise ZeroDivisionError("a bug")
        really_handle(now, connection, lane, frame)

    monkeypatch.setattr(room, "handle_frame", stumble)
    stranger = hosted.connect()
    stranger.send(Lane.CONTROL, b"stumble")
    end = await end_of(stranger)
    assert (end.close_code, end.reason) == (1011, "an internal error in the room; see its log")
    assert "ZeroDivisionError" in caplog.text
    await ada.perform(a_cube())


async def test_a_bug_at_a_timeout_is_logged_and_the_room_goes_on(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await hosted.join()
    room = hosted.host.room
    stumbled = asyncio.Event()

    def stumble(now: Any) -> None:
        stumbled.set()
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(room, "handle_timeout", stumble)
    await soon(stumbled.wait())
    monkeypatch.undo()
    assert "a bug in the room" in caplog.text
    await ada.perform(a_cube())


@pytest.mark.parametrize(("error", "code"), [(PeerTooSlow("too slow"), 4429), (FrameTooLarge("our mistake"), 1011)])
async def test_a_transport_that_takes_nothing_more_is_closed_and_stops_nobody(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    ada = await hosted.join("Ada")
    room_end, participant_end = hosted.connect_both()
    bo = await DrivenPeer(participant_end, hosted.host.room.invite("editor"), "Bo").joined()

    def refuse(lane: Lane, frame: bytes) -> None:
        if lane is not DATAGRAM:
            raise error

    monkeypatch.setattr(room_end, "send", refuse)
    await ada.perform(a_cube())
    assert (await bo.ended()).close_code == code
    await ada.until(lambda: len(ada.peer.people) == 1)
    await ada.perform(a_cube())


async def test_a_transport_that_is_gone_already_stops_nobody(hosted: Hosted) -> None:
    ada, bo = await hosted.join("Ada"), await hosted.join("Bo")
    await bo.transport.close()
    await ada.perform(a_cube())
    await ada.until(lambda: len(ada.peer.people) == 1)


async def test_a_full_disk_makes_the_room_read_only_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryLogStore()
    hosted = Hosted(store)
    ada = await hosted.join()
    await ada.perform(a_cube())
    store.fail_next("the disk is full")
    ada.begin([a_cube()])
    await soon(hosted.failed.wait())
    assert hosted.failures == ["the disk is full"]
    assert hosted.host.room.read_only_reason is not None
    assert ada.peer.replica.document.entity_count == 1
    assert "read-only" in caplog.text
    await hosted.close()


async def test_too_many_who_never_finish_leave_no_place(hosted: Hosted) -> None:
    await hosted.join()
    waiting = [hosted.connect() for _ in range(HALF_OPEN_CONNECTIONS_MAX - 1)]
    await asyncio.sleep(0)
    has_place = [hosted.host.has_place]
    waiting.append(hosted.connect())
    await asyncio.sleep(0)
    has_place.append(hosted.host.has_place)
    await soon(waiting[0].close())
    await soon(hosted.serving[1])
    has_place.append(hosted.host.has_place)
    assert has_place == [True, False, True]


async def test_a_closed_room_has_no_place_and_no_tasks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    hosted = Hosted(MemoryLogStore())
    ada = await hosted.join()
    await hosted.close()
    await ada.ended()
    assert not hosted.host.has_place
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]
    assert caplog.text == ""


async def test_cancelling_a_connection_closes_it(hosted: Hosted) -> None:
    room_end, participant_end = memory_pair()
    serving = asyncio.create_task(hosted.host.serve_connection(room_end))
    await asyncio.sleep(0)
    serving.cancel()
    assert (await end_of(participant_end)).close_code == 1001
    with pytest.raises(asyncio.CancelledError):
        await serving
