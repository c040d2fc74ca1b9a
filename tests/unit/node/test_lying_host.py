"""A lying or broken host: a participant that folds notices, says so, asks once more, and then leaves."""

from collections.abc import Callable

import msgspec
import pytest

from tests.support.pump import Pump, agree, cube
from theta.commands.records import (
    CHAIN_START,
    Genesis,
    PacketRecord,
    RecordKind,
    decode,
    encode,
    make_record,
    sign_genesis,
)
from theta.node import catch_up
from theta.node.catch_up import NOT_COMPARED
from theta.node.events import Applied, Diverged, DocumentChanged, Synced
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.session.secret import RoomSecret
from theta.wire import codec
from theta.wire.messages import Commit, LogRecord, Message, SessionAcknowledge

Lie = Callable[[Commit], Commit]


def _meddle(pump: Pump, peer: Peer, lie: Lie, times: int) -> None:
    """Change the commits that hold packets on their way to one peer, so many times."""
    number = pump.number_of(peer)

    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes:
        nonlocal times
        message = codec.decode_from_room(frame)
        if connection != number or not times or not isinstance(message, Commit):
            return frame
        if not any(record.kind == RecordKind.PACKET for record in message.records):
            return frame
        times -= 1
        return codec.encode(lie(message))

    pump.meddle = meddle


def _with_packet(commit: Commit, change: Callable[[PacketRecord], PacketRecord]) -> Commit:
    records = [
        LogRecord(record.kind, encode(change(decode(PacketRecord, record.body))))
        if record.kind == RecordKind.PACKET
        else record
        for record in commit.records
    ]
    return msgspec.structs.replace(commit, records=records)


def _tampered(commit: Commit) -> Commit:
    return _with_packet(commit, lambda packet: msgspec.structs.replace(packet, body=packet.body[:-1] + b"\1"))


def _forged(commit: Commit) -> Commit:
    return _with_packet(commit, lambda packet: msgspec.structs.replace(packet, signature=bytes(64)))


def _wrong_hash(commit: Commit) -> Commit:
    return msgspec.structs.replace(commit, document_hash=bytes(15) + b"\1")


def _empty_hash(commit: Commit) -> Commit:
    return msgspec.structs.replace(commit, document_hash=bytes(16))


def _skipped(commit: Commit) -> Commit:
    return msgspec.structs.replace(commit, first_seq=commit.first_seq + 1)


def _garbage(commit: Commit) -> Commit:
    return msgspec.structs.replace(commit, records=[LogRecord(2, b"garbage")])


def _another_session(commit: Commit) -> Commit:
    return _with_packet(commit, lambda packet: msgspec.structs.replace(packet, session=bytes(16)))


LIES = (_tampered, _forged, _wrong_hash, _empty_hash, _skipped, _garbage, _another_session)


@pytest.mark.parametrize("lie", LIES)
def test_wire_13_a_lie_told_once_is_noticed_and_healed(lie: Lie) -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [cube("before")])
    pump.pump()
    _meddle(pump, bob, lie, 1)
    mine = bob.perform(pump.now, [cube("mine")])
    ada.perform(pump.now, [cube("hers")])
    pump.pump()
    assert len(pump.told(bob, Diverged)) == 1
    assert not pump.told(ada, Diverged)
    assert bob.is_joined
    assert [event.name for event in pump.told(bob, Applied)] == mine
    assert pump.told(bob, Synced)[-1].seq == pump.disk[-1].seq
    assert pump.told(bob, DocumentChanged)[-1].entities >= set(pump.room.replica.document.entities())
    agree(pump, ada, bob)
    bob.perform(pump.now, [cube("after")])
    pump.pump()
    agree(pump, ada, bob)


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie is not _skipped])
def test_wire_13_a_room_that_keeps_lying_is_left(lie: Lie) -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    _meddle(pump, bob, lie, 1_000)
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(pump.told(bob, Diverged)) == 1
    assert bob not in pump.ends.values()
    assert ada.is_joined
    pump.meddle = None
    pump.connect(bob)
    agree(pump, ada, bob)


def test_wire_11_a_hash_in_the_middle_of_catching_up_is_not_compared() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    ada.perform(pump.now, [cube()])
    pump.pump()
    _meddle(pump, ada, lambda commit: msgspec.structs.replace(commit, document_hash=NOT_COMPARED), 1)
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert not pump.told(ada, Diverged)


def test_wire_11_a_long_log_comes_in_commits_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "COMMIT_BYTES_TARGET", 1_000)
    pump = Pump()
    ada = pump.join("Ada")
    for _ in range(10):
        ada.perform(pump.now, [cube()])
    pump.pump()
    hashes: list[bytes] = []

    def listen(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = codec.decode_from_room(frame)
        if isinstance(message, Commit) and connection == 2:
            hashes.append(message.document_hash)
        return frame

    pump.meddle = listen
    late = pump.join("Late")
    assert len(hashes) >= 3
    assert hashes == [NOT_COMPARED] * (len(hashes) - 1) + [pump.room.document_hash]
    assert len(pump.told(late, Synced)) == 1
    agree(pump, ada, late)


def test_a_log_of_another_room_is_not_taken() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    other = RoomSecret(b"x" * 32)
    genesis = Genesis(1, other.server, other.room, other.identity.public_key, bytes(32), 0, "other")
    record = make_record(CHAIN_START, 1, RecordKind.GENESIS, sign_genesis(other.identity, genesis))
    number = pump.number_of(ada)
    pump.drop(ada)
    fresh = pump.peer("Bob")

    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = codec.decode_from_room(frame)
        if not isinstance(message, Commit):
            return frame
        return codec.encode(Commit(1, [LogRecord(record.kind, record.body)], [], bytes(16), bytes(16)))

    pump.meddle = meddle
    pump.connect(fresh)
    assert number not in pump.ends
    assert pump.told(fresh, Diverged)[0].seq == 1
    assert fresh not in pump.ends.values()


def _answering(pump: Pump, change: Callable[[Message], Message]) -> Peer:
    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = codec.decode_from_room(frame)
        changed = change(message)
        return frame if changed is message else codec.encode(changed)

    pump.meddle = meddle
    ada = pump.peer("Ada")
    pump.connect(ada)
    return ada


def test_ses_8_an_acknowledgement_of_somebody_else_is_refused() -> None:
    for changes in ({"actor": 7}, {"capabilities": ["fold", "patches"]}):
        ada = _answering(
            Pump(),
            lambda message, changes=changes: (  # type: ignore[misc]
                msgspec.structs.replace(message, **changes) if isinstance(message, SessionAcknowledge) else message
            ),
        )
        assert not ada.is_joined


def test_a_room_that_talks_nonsense_is_left_and_the_room_goes_on() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    bob.handle_frame(pump.now, Lane.COMMANDS, b"\xc1")
    assert bob.poll_timeout() is not None
    bob.handle_frame(pump.now, Lane.COMMANDS, b"not heard any more")
    bob.handle_timeout(pump.now)
    pump.pump()
    assert bob not in pump.ends.values()
    assert bob.poll_timeout() is None
    bob.handle_frame(pump.now, Lane.COMMANDS, b"nor this")
    bob.handle_timeout(pump.now)
    assert [person.name for person in ada.people] == ["Ada"]


def test_what_is_not_for_a_folder_is_refused() -> None:
    from theta.wire.messages import Corrected

    pump = Pump()
    ada = pump.join("Ada")
    ada.handle_frame(pump.now, Lane.COMMANDS, codec.encode(Corrected(1, 1, 1, "no-op", "", [])))
    close = ada.poll_close()
    assert close is not None
    assert close[0] == 4400
    assert "not for a participant that folds" in close[1]
