"""A disk that fails at each boundary of each write in turn, under the real store, the real room and three people.

Whatever fails: the room is read-only and says why, nothing that is not in the file was acknowledged or shown, people
still look and talk; and a new start on the same file takes what was left over, once.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.driven_peer import DrivenPeer, a_cube
from tests.support.ledger import Ledger, commands_in
from tests.support.news import News
from theta.adapters import sqlite_files
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_transport import MemoryTransport, memory_pair
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import ExtrudeFace, Paint, Rename
from theta.node.audit import audit
from theta.node.events import Joined, Said
from theta.node.replica import Replica
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FAILURES = (("disk I/O error", "disk I/O error"), ("database or disk is full", "the disk is full"))
GATE_SECONDS_MAX = 10.0
RED, BLUE = (0.9, 0.1, 0.1), (0.1, 0.1, 0.9)


class Fault:
    """Counts the boundaries that writing passes, and fails at one. The gate holds a write up before it begins."""

    def __init__(self, fail_at: int | None = None, message: str = "") -> None:
        self.passed: list[str] = []
        self.gate = threading.Event()
        self.at_gate = threading.Event()
        self._fail_at = fail_at
        self._message = message
        self.gate.set()

    def wait_at_gate(self) -> None:
        self.at_gate.set()
        assert self.gate.wait(GATE_SECONDS_MAX)

    def cross(self, boundary: str) -> None:
        self.passed.append(boundary)
        if len(self.passed) - 1 == self._fail_at:
            raise sqlite3.OperationalError(self._message)


class FaultyConnection(sqlite3.Connection):
    """SQLite's own connection, which fails as its `fault` says; without one it never does."""

    fault: Fault | None = None

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        fault = self.fault
        if fault is None or statement not in ("BEGIN IMMEDIATE", "COMMIT"):
            return super().execute(statement, *arguments)
        if statement == "BEGIN IMMEDIATE":
            fault.wait_at_gate()
            fault.cross("before the transaction")
            return super().execute(statement)
        fault.cross("before the commit")
        cursor = super().execute(statement)
        fault.cross("after the commit")
        return cursor

    def executemany(self, statement: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(statement, self._crossing(rows))

    def _crossing(self, rows: Iterable[Any]) -> Iterable[Any]:
        for row in rows:
            if self.fault is not None:
                self.fault.cross("before an insert")
            yield row


@pytest.fixture(autouse=True)
def connections_that_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store opens its file as ever, but gets connections with a fault in them."""

    def connect(uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=FaultyConnection)

    monkeypatch.setattr(sqlite_files, "connect", connect)


class Guest(DrivenPeer):
    """A participant whose books are kept."""

    def __init__(
        self, transport: MemoryTransport, invite: str, name: str, news: News, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        super().__init__(transport, invite, name)
        self.ledger = Ledger(self.peer, monkeypatch, news.tell)
        self._news = news
        self._noted = 0

    @property
    def has_joined(self) -> bool:
        return self.peer.is_joined and any(isinstance(event, Joined) for event in self.events)

    @property
    def heard(self) -> list[str]:
        return [event.chat.text for event in self.events if isinstance(event, Said)]

    def _drain(self) -> None:
        super()._drain()
        for event in self.events[self._noted :]:
            self.ledger.handle_event(event)
        self._noted = len(self.events)
        self._news.tell()


class Stage:
    """A room in a file, who is in it, and what happens to them. The room's clock stands still, so no timer writes."""

    def __init__(self, path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
        self.news = News()
        self.guests: dict[str, Guest] = {}
        self.reasons: list[str] = []
        self._path = path
        self._monkeypatch = monkeypatch
        self._serving: list[asyncio.Task[None]] = []
        self.open(fault)

    def open(self, fault: Fault) -> None:
        self.fault = fault
        self.reasons.clear()
        store = SqliteLogStore.open(self._path)
        assert isinstance(store._connection, FaultyConnection)
        store._connection.fault = fault
        moment = Moment(1_000.0, machine_clock().unix_ms)
        settings = RoomSettings("studio", RoomSecret(b"\x07" * 32), Identity.from_seed(b"\x08" * 32).public_key)
        self.room = Room(settings, store.read(), Randomness(os.urandom(32)), moment)
        self.host = RoomHost(self.room, store, clock=lambda: moment, on_store_failed=self._note_failure)
        self._tell_after(self.host._writer, "append")
        self._tell_after(self.room, "handle_durable")

    def _tell_after(self, owner: object, name: str) -> None:
        really = getattr(owner, name)

        def handle(*arguments: object) -> None:
            really(*arguments)
            self.news.tell()

        self._monkeypatch.setattr(owner, name, handle)

    def _note_failure(self, reason: str) -> None:
        self.reasons.append(reason)
        self.news.tell()

    @property
    def is_settled(self) -> bool:
        """Whether everything that anybody did is on disk, and everybody has it."""
        seq = self.room.replica.log.head_seq
        return seq == self.room.head_seq and all(
            guest.peer.is_joined and not guest.peer.unacknowledged and guest.peer.replica.log.head_seq == seq
            for guest in self.guests.values()
        )

    def connect(self) -> MemoryTransport:
        room_end, participant_end = memory_pair()
        self._serving.append(asyncio.create_task(self.host.serve_connection(room_end, "memory")))
        return participant_end

    def join(self, name: str) -> Guest:
        invite = self.room.invite("editor")
        self.guests[name] = Guest(self.connect(), invite, name, self.news, self._monkeypatch)
        return self.guests[name]

    def records(self) -> list[StoredRecord]:
        store = SqliteLogStore.open_read_only(self._path)
        records = list(store.read())
        store.close()
        return records

    def all_have_the_head(self) -> bool:
        """Whether everybody has what is durable so far; more may still become so."""
        head = self.room.head_seq
        return all(guest.peer.replica.log.head_seq == head for guest in self.guests.values())

    async def settled_or_failed(self) -> None:
        await self.news.until(lambda: self.is_settled or bool(self.reasons))

    async def close(self) -> None:
        async with asyncio.timeout(GATE_SECONDS_MAX):
            await self.host.close()
            await asyncio.gather(*self._serving)
        self._serving.clear()

    async def start_again(self) -> None:
        """A new process would: the same file and the same people, with a disk that works."""
        self.open(Fault())
        for guest in self.guests.values():
            await guest.rejoin(self.connect())
        await self.settled_or_failed()


# -- what the people do -------------------------------------------------------------------------------------------


async def ada_makes_a_cube(stage: Stage) -> None:
    stage.guests["Ada"].begin([a_cube("one")])


async def all_change_it_at_once(stage: Stage) -> None:
    """Ada's packet goes to the disk alone; the others wait for it, and go in one batch."""
    ada, bo, cy = (stage.guests[name] for name in ("Ada", "Bo", "Cy"))
    cube = ada.peer.replica.document.entities()[0]
    mesh = ada.peer.replica.document.mesh(cube)
    assert mesh is not None
    stage.fault.at_gate.clear()
    stage.fault.gate.clear()
    ada.begin([ExtrudeFace(cube, next(iter(mesh.face_ids())), 0.25)])
    assert await asyncio.to_thread(stage.fault.at_gate.wait, GATE_SECONDS_MAX)
    bo.begin([a_cube("two"), a_cube("three")])
    cy.begin([Paint(cube, RED)])
    ada.begin([Rename(cube, "tower")])
    await stage.news.until(lambda: stage.host._writer.in_flight == 4)
    stage.fault.gate.set()


async def bo_takes_it_back(stage: Stage) -> None:
    stage.guests["Bo"].undo()


async def bo_brings_it_back(stage: Stage) -> None:
    stage.guests["Bo"].redo()


async def cy_paints_everything(stage: Stage) -> None:
    cy = stage.guests["Cy"]
    cy.begin([Paint(entity, BLUE) for entity in cy.peer.replica.document.entities()])


async def nobody_does_anything(stage: Stage) -> None:
    """The room makes its file."""


def joins(name: str) -> Callable[[Stage], Awaitable[None]]:
    async def step(stage: Stage) -> None:
        stage.join(name)

    return step


SCRIPT: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    nobody_does_anything,
    *(joins(name) for name in ("Ada", "Bo", "Cy")),
    ada_makes_a_cube,
    all_change_it_at_once,
    bo_takes_it_back,
    bo_brings_it_back,
    cy_paints_everything,
)
RECORDS, BATCHES = 13, 11
"""What the script writes: the genesis, three sessions, eight packets, a head; three of the packets go together."""


# -- what must hold ------------------------------------------------------------------------------------------------


def check_nobody_knows_more_than_the_file(stage: Stage) -> None:
    records = stage.records()
    durable = {command.name for command in commands_in(records)}
    assert stage.room.replica.log.records[: stage.room.head_seq] == records[: stage.room.head_seq]
    for guest in stage.guests.values():
        assert guest.ledger.promised <= durable
        held = guest.peer.replica.log.records
        assert held == records[: len(held)]


async def check_people_look_and_talk_but_change_nothing(stage: Stage) -> None:
    """Somebody who comes only now sees the same as everyone, hears them, and hears why the room takes nothing."""
    dee = stage.join("Dee")
    await stage.news.until(lambda: all(guest.has_joined for guest in stage.guests.values()))
    dee.say("what happened?")
    await stage.news.until(lambda: all(guest.heard == ["what happened?"] for guest in stage.guests.values()))
    await stage.news.until(stage.all_have_the_head)
    head = stage.room.head_seq
    assert {guest.peer.replica.document.hash for guest in stage.guests.values()} == {stage.room.document_hash}
    pending = {name: guest.peer.unacknowledged for name, guest in stage.guests.items()}
    dee.begin([a_cube("Dee's")])
    if head:
        await stage.news.until(lambda: bool(dee.ledger.refused))
        refusal = dee.ledger.refused[0]
        assert (refusal.code, refusal.retryable, refusal.reason) == ("ReadOnly", True, stage.room.read_only_reason)
    assert pending | {"Dee": 1} == {name: guest.peer.unacknowledged for name, guest in stage.guests.items()}


def check_the_reason(stage: Stage, words: str) -> None:
    assert len(stage.reasons) == 1
    assert words in stage.reasons[0]
    assert stage.room.read_only_reason is not None
    assert stage.room.read_only_reason.startswith("the room is read-only: ")
    assert words in stage.room.read_only_reason


def check_the_end(stage: Stage) -> None:
    """Everything that anybody ever did is in the file once, attested, and everybody agrees with it."""
    records = stage.records()
    report = audit(records)
    assert report.is_good, report.fault
    assert report.attested_seq == report.records - 1
    replica, commands = Replica.from_records(records), commands_in(records)
    for guest in stage.guests.values():
        guest.ledger.check_against(replica, commands)
        assert guest.peer.replica.document.hash == report.document_hash
    assert len(commands) == sum(len(guest.ledger.performed) for guest in stage.guests.values())
    assert replica.document.entity_count == (4 if "Dee" in stage.guests else 3), "three cubes, and perhaps Dee's"


async def play(path: Path, fault: Fault, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole script, with a new start after the failure, wherever that is."""
    stage = Stage(path, fault, monkeypatch)
    failures = 0
    for step in SCRIPT:
        await step(stage)
        await stage.settled_or_failed()
        if stage.reasons:
            failures += 1
            check_the_reason(stage, words)
            check_nobody_knows_more_than_the_file(stage)
            await check_people_look_and_talk_but_change_nothing(stage)
            check_nobody_knows_more_than_the_file(stage)
            await stage.close()
            await stage.start_again()
            assert stage.is_settled
    await stage.close()
    if stage.reasons:
        failures += 1
        check_the_reason(stage, words)
        check_nobody_knows_more_than_the_file(stage)
        await stage.start_again()
        await stage.close()
    assert failures == (1 if words else 0)
    check_the_end(stage)


@pytest.mark.parametrize(("message", "words"), FAILURES)
async def test_a_disk_that_fails_at_any_boundary_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, words: str
) -> None:
    sound = Fault()
    await play(tmp_path / "sound.theta", sound, "", monkeypatch)
    assert sound.passed.count("before an insert") == RECORDS
    assert sound.passed.count("after the commit") == BATCHES
    for number, boundary in enumerate(sound.passed):
        print(f"boundary {number}, {boundary}")
        fault = Fault(number, message)
        await play(tmp_path / f"{number}.theta", fault, words, monkeypatch)
        assert fault.passed == sound.passed[: number + 1], "the same script, and nothing is written after the failure"
