from collections.abc import Callable, Sequence

import msgspec
import pytest

from tests.unit.commands.rooms import ANNA, BEN, CREATE, RENAME, UNIX_MS, Room, envelope, packet_record, rechained
from theta.base import limits
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName, Position
from theta.commands import records
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body
from theta.commands.records import PacketRecord, RecordKind, SessionRecord
from theta.commands.registry import CommandRegistry
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import OPERATIONS, Delete


def busy_room() -> Room:
    """Two people, five packets, two heads."""
    room = Room()
    anna, ben = room.join(), room.join(BEN, session=b"t" * 16)
    room.admit(anna, anna.packet(CREATE, RENAME))
    room.admit(ben, ben.packet())
    room.add(RecordKind.HEAD, room.sign(room.head()))
    for speaker in (anna, anna, ben):
        room.admit(speaker, speaker.packet(RENAME, Delete(b"e" * 16)))
    room.add(RecordKind.HEAD, room.sign(room.head()))
    return room


def read(stored: Sequence[StoredRecord]) -> CommandLog:
    """The log of these records."""
    log = CommandLog(CommandRegistry(OPERATIONS))
    for record in stored:
        log.accept(record)
    return log


def fault_of(stored: Sequence[StoredRecord]) -> StoreCorrupt:
    """Why the log of these records is bad."""
    with pytest.raises(StoreCorrupt) as caught:
        read(stored)
    return caught.value


def test_log_1_a_log_knows_what_it_holds() -> None:
    room = busy_room()
    log = read(room.log.records)
    anna = room.log.sessions[b"s" * 16]
    assert (log.head_seq, log.chain, log.lamport) == (10, room.log.chain, room.log.lamport)
    assert (log.command_count, log.created_count) == (9, 1)
    assert log.last_of_actor(anna.actor) == Position(7, anna.actor, 6)
    assert log.last_of_actor(5) is None
    assert log.find(CommandName(anna.actor, 1)) == room.log.find(CommandName(anna.actor, 1))
    assert log.find(CommandName(anna.actor, 7)) is None
    assert [log.lamport_at(seq) for seq in (0, 3, 4, 5, 6)] == [0, 0, 2, 3, 3]
    assert log.chain_at(0) == bytes(32)
    assert log.last_head is not None
    assert log.last_head.seq == 9
    assert log.authors[anna.actor] == ANNA.public_key


def test_log_1_an_empty_log_has_nothing() -> None:
    log = CommandLog(CommandRegistry(OPERATIONS))
    assert (log.is_empty, log.head_seq, log.chain, log.lamport) == (True, 0, bytes(32), 0)
    with pytest.raises(AssertionError, match="no genesis"):
        _ = log.genesis


@pytest.mark.parametrize("seq", range(1, 11))
@pytest.mark.parametrize("part", ["kind", "body", "chain", "seq"])
def test_log_7_whatever_is_changed_is_found_where_it_is(seq: int, part: str) -> None:
    stored = list(busy_room().log.records)
    record = stored[seq - 1]
    changes: dict[str, StoredRecord] = {
        "kind": record._replace(kind=(record.kind + 1) % 4),
        "body": record._replace(body=record.body[:-1] + bytes((record.body[-1] ^ 1,))),
        "chain": record._replace(chain=bytes(32)),
        "seq": record._replace(seq=seq + 1),
    }
    stored[seq - 1] = changes[part]
    assert fault_of(stored).seq == seq


def test_log_7_dropped_doubled_and_swapped_records_are_found() -> None:
    stored = busy_room().log.records
    assert fault_of(stored[:4] + stored[5:]).seq == 5
    assert "missing" in fault_of(stored[:4] + stored[5:]).reason
    assert fault_of([*stored[:5], *stored[4:]]).seq == 6
    assert fault_of([*stored[:5], stored[6], stored[5], *stored[7:]]).seq == 6
    assert read(stored[:7]).head_seq == 7, "what is cut off at the end cannot be seen in the log itself"


def _drop(at: int) -> Callable[[list[StoredRecord]], list[StoredRecord]]:
    return lambda stored: stored[:at] + stored[at + 1 :]


def _swap(at: int) -> Callable[[list[StoredRecord]], list[StoredRecord]]:
    return lambda stored: [*stored[:at], stored[at + 1], stored[at], *stored[at + 2 :]]


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (_drop(0), "one genesis, its first record"),
        (_drop(1), "session is not in the log"),
        (_drop(3), "has seen another log"),
        (_drop(5), "has seen another log"),
        (_swap(3), "has seen another log"),
        (_swap(4), "the head that the room signed"),
        (lambda stored: [*stored, stored[0]], "one genesis"),
        (lambda stored: [*stored, stored[1]], "opened before"),
        (lambda stored: [*stored, stored[3]], "nonce 1 is not above 3"),
        (lambda stored: [*stored, StoredRecord(0, 6, b"", b"")], "6 is not a valid RecordKind"),
        (lambda stored: [*stored, StoredRecord(0, 2, bytes(limits.RECORD_BYTES_MAX + 1), b"")], "at most 131072"),
    ],
)
def test_log_7_a_forger_who_makes_the_chain_anew_is_found(
    forge: Callable[[list[StoredRecord]], list[StoredRecord]], reason: str
) -> None:
    stored = forge(list(busy_room().log.records))
    chained: list[StoredRecord] = []
    chain = records.CHAIN_START
    for seq, record in enumerate(stored, 1):
        chain = records.chain_after(chain, seq, record.kind, record.body)
        chained.append(StoredRecord(seq, record.kind, record.body, chain))
    assert reason in fault_of(chained).reason
    assert chained == rechained(stored)


def test_log_7_a_bad_record_changes_nothing() -> None:
    room = busy_room()
    log = read(room.log.records)
    anna = room.log.sessions[b"s" * 16]
    before = (log.head_seq, log.chain, log.lamport, log.command_count, log.guard(anna.session).highest)
    with pytest.raises(StoreCorrupt):
        log.accept(log.next_record(RecordKind.PACKET, log.records[3].body))
    assert before == (log.head_seq, log.chain, log.lamport, log.command_count, log.guard(anna.session).highest)


def test_log_3_only_this_format_is_read() -> None:
    room = Room()
    genesis = msgspec.structs.replace(room.log.genesis, format_version=2)
    body = records.sign_genesis(room.secret.identity, genesis)
    fault = fault_of([records.make_record(bytes(32), 1, RecordKind.GENESIS, body)])
    assert (fault.seq, "format 2" in fault.reason) == (1, True)


def test_log_4_a_sessions_actor_is_its_authors() -> None:
    room = Room()
    session = SessionRecord(b"s" * 16, ANNA.public_key, 5, b"i" * 16, "editor", "Anna", UNIX_MS)
    with pytest.raises(StoreCorrupt, match="actor is not its author's"):
        room.add(RecordKind.SESSION, room.sign(session))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"session": b"x" * 16}, "session is not in the log"),
        ({"actor": 5}, "session is not in the log"),
        ({"nonce": 0}, "not signed by its author"),
        ({"seen": 99}, "has seen another log"),
        ({"seen": 1}, "has seen another log"),
        ({"chain": bytes(32)}, "has seen another log"),
        ({"signature": bytes(64)}, "not signed by its author"),
        ({"body": b"\x92\x00\x90"}, "not signed by its author"),
    ],
)
def test_log_5_a_packet_is_as_its_author_signed_it(change: dict[str, object], reason: str) -> None:
    room = Room()
    anna = room.join()
    record = msgspec.structs.replace(packet_record(anna, anna.speak()), **change)
    with pytest.raises(StoreCorrupt, match=reason):
        room.add(RecordKind.PACKET, records.encode(record))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x92\x00\x90", "at least 1 command"),
        (encode_body(0, [envelope(RENAME, 1, 0, 1)]), "Lamport time 0"),
        (encode_body(0, [envelope(RENAME, 2, 2, 1), envelope(RENAME, 2, 3, 1)]), "number 2 is not above 2"),
        (encode_body(0, [envelope(RENAME, 1, 2, 1), envelope(RENAME, 2, 2, 1)]), "Lamport time 2"),
        (encode_body(0, [msgspec.structs.replace(envelope(RENAME, 1, 1, 1), version=9)]), "version 9"),
        (encode_body(0, [msgspec.structs.replace(envelope(RENAME, 1, 1, 1), payload=msgspec.Raw(b"\x90"))]), "payload"),
    ],
)
def test_log_5_even_its_author_cannot_sign_a_bad_packet_into_a_log(body: bytes, reason: str) -> None:
    room = Room()
    anna = room.join()
    with pytest.raises(StoreCorrupt, match=reason):
        room.add(RecordKind.PACKET, records.encode(packet_record(anna, anna.speak(body))))


def test_log_5_what_this_process_admitted_need_not_be_proved_again() -> None:
    room = Room()
    anna = room.join()
    stored = msgspec.structs.replace(packet_record(anna, anna.speak()), signature=bytes(64))
    record = room.log.next_record(RecordKind.PACKET, records.encode(stored))
    (command,) = room.log.accept(record, verify=False)
    assert command == Command(
        Position(1, anna.record.actor, 1),
        anna.name(1),
        anna.name(1),
        ANNA.public_key,
        3,
        2,
        RENAME,
        MAIN_BRANCH,
    )


@pytest.mark.parametrize("change", [{"seq": 99}, {"chain": bytes(32)}])
def test_log_6_a_head_is_of_this_log(change: dict[str, object]) -> None:
    room = busy_room()
    with pytest.raises(StoreCorrupt, match="is not this log's"):
        room.add(RecordKind.HEAD, room.sign(msgspec.structs.replace(room.head(), **change)))
    earlier = msgspec.structs.replace(room.head(), seq=4, chain=room.log.chain_at(4))
    room.add(RecordKind.HEAD, room.sign(earlier))
    assert room.log.last_head == earlier


def test_log_8_a_log_creates_so_many_objects_and_no_more() -> None:
    room = Room()
    anna = room.join()
    body = anna.body((CREATE,))
    room.log.created_count = limits.OBJECTS_CREATED_MAX
    with pytest.raises(StoreCorrupt, match="at most 50000"):
        room.add(RecordKind.PACKET, records.encode(packet_record(anna, anna.speak(body))))
    room.log.created_count -= 1
    room.add(RecordKind.PACKET, records.encode(packet_record(anna, anna.speak(body))))


def test_cmd_5_numbers_and_times_rise_within_a_packet() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.speak(encode_body(0, [envelope(RENAME, 3, 5, 3), envelope(RENAME, 9, 6, 3)])).sign())
    assert room.log.last_of_actor(anna.record.actor) == Position(6, anna.record.actor, 9)


def test_a_packet_record_is_kept_verbatim() -> None:
    room = Room()
    anna = room.join()
    packet = anna.packet()
    room.admit(anna, packet)
    kept = records.decode(PacketRecord, room.log.records[-1].body)
    assert (kept.nonce, kept.seen, kept.chain, kept.branch, kept.signature, kept.body) == msgspec.structs.astuple(
        packet
    )
    assert kept.admitted_ms == UNIX_MS
