import msgspec
import pytest

from tests.unit.commands.rooms import ANNA, BEN, RENAME, UNIX_MS, Room, Speaker, envelope, packet_record
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, blake2b_256
from theta.commands import records
from theta.commands.log import CommandLog
from theta.commands.packets import encode_body
from theta.commands.records import BaseRecord, FrontierRecord, RecordKind, read_base, sign_base
from theta.commands.refusals import Stale


def busy() -> tuple[Room, Speaker, Speaker]:
    """Two people and four edits: Lamport times 1 … 4 in records 4 … 7."""
    room = Room()
    anna, ben = room.join(), room.join(BEN, b"j" * 16, b"t" * 16)
    for speaker in (anna, ben, anna, ben):
        speaker.do(RENAME)
    return room, anna, ben


def test_log_12_a_frontier_says_the_highest_lamport_time_at_its_record() -> None:
    room, _, _ = busy()
    frontier = room.advance_frontier(6)
    assert (frontier.lamport, frontier.seq) == (3, 6)
    assert room.log.frontier == frontier
    assert room.log.next_frontier(6, UNIX_MS) is None, "it would not rise"
    assert room.log.next_frontier(5, UNIX_MS) is None
    assert room.log.next_frontier(7, UNIX_MS) == FrontierRecord(4, 7, UNIX_MS)


def test_log_12_nothing_was_admitted_before_the_first_packet() -> None:
    room = Room()
    room.join()
    assert room.log.next_frontier(2, UNIX_MS) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seq": 99}, "the frontier at record 99 is not this log's"),
        ({"lamport": 9}, "the frontier at record 7 is not this log's"),
        ({"seq": 6, "lamport": 3}, "a frontier at Lamport time 3 is not above 3"),
        ({"seq": 5, "lamport": 2}, "a frontier at Lamport time 2 is not above 3"),
    ],
)
def test_log_12_a_frontier_is_of_this_log_and_rises(change: dict[str, int], reason: str) -> None:
    room, _, _ = busy()
    room.advance_frontier(6)
    good = room.log.next_frontier(7, UNIX_MS)
    assert good is not None
    bad = msgspec.structs.replace(good, **change)
    before = room.log.head_seq
    with pytest.raises(StoreCorrupt, match=reason):
        room.add(RecordKind.FRONTIER, room.sign(bad))
    assert (room.log.head_seq, room.log.frontier) == (before, FrontierRecord(3, 6, UNIX_MS))
    room.add(RecordKind.FRONTIER, room.sign(good))


def test_log_12_a_frontier_is_signed_by_the_room_as_a_frontier() -> None:
    room, _, _ = busy()
    frontier = room.log.next_frontier(7, UNIX_MS)
    assert frontier is not None
    with pytest.raises(StoreCorrupt, match="not signed by the room's key"):
        room.add(RecordKind.FRONTIER, records.sign_part(ANNA, room.log.genesis, frontier))
    content = records.encode(frontier)
    as_a_head = blake2b_256("theta-head", room.secret.server, room.secret.room, content)
    body = records.encode(records.Signed(content, room.secret.identity.sign(as_a_head)))
    with pytest.raises(StoreCorrupt, match="not signed by the room's key"):
        room.add(RecordKind.FRONTIER, body)


def test_cmd_72_what_is_behind_the_frontier_is_stale_in_admission_and_in_a_log() -> None:
    room, anna, _ = busy()
    unseen = anna.speak()._replace(seen=5, chain=room.log.chain_at(5))
    low = anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 3, 3, 3)]))
    room.advance_frontier(6)
    for spoken, reason in (
        (unseen, "has seen record 5, and the frontier is at 6"),
        (low, "Lamport time 3 is not above"),
    ):
        with pytest.raises(Stale, match=reason) as caught:
            room.admit(anna, spoken.sign())
        assert (caught.value.retryable, caught.value.close_code) == (False, 0)
        with pytest.raises(StoreCorrupt, match=reason):
            room.add(RecordKind.PACKET, records.encode(packet_record(anna, spoken)))


def test_cmd_72_one_low_command_makes_the_packet_stale_though_others_are_above() -> None:
    room, anna, _ = busy()
    room.advance_frontier(7)
    body = encode_body(UNIX_MS, [envelope(RENAME, 3, 4, 3), envelope(RENAME, 4, 9, 3)])
    with pytest.raises(Stale):
        room.admit(anna, anna.speak(body).sign())


def test_cmd_72_restamped_the_same_names_are_admitted() -> None:
    room, anna, _ = busy()
    late = anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 3, 3, 3)]))
    room.advance_frontier(7)
    with pytest.raises(Stale):
        room.admit(anna, late.sign())
    restamped = anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 3, room.log.lamport + 1, 3)]))
    assert room.admit(anna, restamped.sign()).seq == room.log.head_seq
    assert room.log.find(anna.name(3)) == room.log.head_seq


def test_cmd_72_what_was_admitted_before_is_acknowledged_though_the_frontier_has_passed_it() -> None:
    room = Room()
    anna = room.join()
    packet = anna.packet()
    room.admit(anna, packet)
    room.advance_frontier()
    assert room.admit(anna, packet).seq == 3
    again = room.join(ANNA, b"i" * 16, b"2" * 16)
    resigned = again.speak(packet.body)._replace(seen=2, chain=room.log.chain_at(2))
    assert room.admit(again, resigned.sign()).seq == 3


def test_log_13_a_packet_on_main_is_written_as_it_always_was() -> None:
    room = Room()
    anna = room.join()
    part = packet_record(anna, anna.speak())
    plain = records.encode(part)
    assert len(msgspec.msgpack.decode(plain)) == 8
    assert records.decode(records.PacketRecord, plain) == part
    elsewhere = msgspec.structs.replace(part, branch=b"x" * 16)
    body = records.encode(elsewhere)
    assert len(msgspec.msgpack.decode(body)) == 9
    assert records.decode(records.PacketRecord, body) == elsewhere
    assert part.branch == MAIN_BRANCH


def test_log_26_a_base_stands_in_no_log_that_has_records() -> None:
    room, _, _ = busy()
    genesis = room.log.genesis
    base = BaseRecord(
        genesis.format_version,
        genesis.server,
        genesis.room,
        genesis.room_key,
        genesis.owner,
        genesis.created_ms,
        genesis.name,
        7,
        room.log.chain_at(7),
        4,
        b"d" * 16,
        b"c" * 32,
        UNIX_MS,
    )
    body = sign_base(room.secret.identity, base)
    assert read_base(body) == base
    with pytest.raises(records.BadRecord, match="the base is not signed by the room's key"):
        read_base(sign_base(ANNA, base))
    with pytest.raises(StoreCorrupt, match="a base is the first record of a compacted log"):
        room.add(RecordKind.BASE, body)
    empty = CommandLog(room.log.registry)
    with pytest.raises(StoreCorrupt, match="one genesis, its first record"):
        empty.accept(empty.next_record(RecordKind.BASE, body))
