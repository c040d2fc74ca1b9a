"""What the log and its admission promise, one promise a test, by signed packets over a real log."""

import itertools
import json
import random
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from tests.unit.commands.rooms import (
    ANNA,
    BEN,
    CREATE,
    NOW,
    OWNER,
    RENAME,
    UNIX_MS,
    Room,
    Speaker,
    envelope,
    later,
    packet_record,
)
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName, actor_of, entity_id
from theta.base.lamport import ClockExhausted as LocalClockExhausted
from theta.base.lamport import LamportClock
from theta.base.limits import (
    COMMAND_BURST_MAX,
    COMMANDS_PER_SECOND,
    LAMPORT_JUMP_MAX,
    NONCES_REMEMBERED,
    PACKET_BYTES_MAX,
    PACKET_COMMANDS_MAX,
    TIMESTAMP_AHEAD_SECONDS_MAX,
    U64_MAX,
)
from theta.base.moment import Moment
from theta.commands import records
from theta.commands.admission import Admission
from theta.commands.governing import RestoreKey, RevokeKey, SetStrategy, StrategyName
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body
from theta.commands.rate_limit import Pace, TokenBucket
from theta.commands.records import RecordKind, SessionRecord
from theta.commands.refusals import (
    BadPayload,
    BadSignature,
    ClockExhausted,
    ClockJump,
    FutureTimestamp,
    LamportBehind,
    PacketTooLarge,
    RateLimited,
    Refused,
    Replay,
    Revoked,
)
from theta.commands.registry import CommandRegistry
from theta.commands.replay_guard import ReplayGuard
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.judging import LogJudge
from theta.editor.mesh_operations import (
    CollapseEdge,
    DeleteElements,
    ExtrudeFaceV3,
    MoveVerticesV2,
    PaintFaces,
    SetAttribute,
    SplitEdge,
)
from theta.editor.operation import Operation
from theta.editor.unit import Outcome
from theta.editor.vocabulary import OPERATIONS, Rename
from theta.mesh import build_primitive
from theta.wire.messages import PacketBody, SubmitPacket
from tools.generate_vectors import VECTORS

VERTEX = b"v" * 16
CASES = json.loads((VECTORS / "ed25519.json").read_text(encoding="utf-8"))["cases"]


class Nothing(Operation, frozen=True):
    """A command without a single field: its payload is an array of none."""

    NAME: ClassVar[str] = "test.nothing"


def refused(room: Room, speaker: Speaker, packet: SubmitPacket, kind: type[Refused], now: Moment = NOW) -> Refused:
    """The packet is refused as this kind, and the log is as it was."""
    before = (room.log.chain, room.log.head_seq, room.log.lamport, room.log.command_count)
    counted = room.admission.counts[kind.__name__]
    with pytest.raises(kind) as caught:
        room.admit(speaker, packet, now)
    assert caught.type is kind
    assert room.admission.counts[kind.__name__] == counted + 1
    assert (room.log.chain, room.log.head_seq, room.log.lamport, room.log.command_count) == before
    return caught.value


def read_again(room: Room) -> CommandLog:
    """The room's log as a restart reads it, every signature checked."""
    log = CommandLog(room.log.registry)
    for record in room.log.records:
        log.accept(record)
    return log


def test_command_log_rejects_future_timestamps() -> None:
    room = Room()
    anna = room.join()
    ahead = int(TIMESTAMP_AHEAD_SECONDS_MAX * 1000)
    too_far = anna.speak(anna.body(timestamp_ms=UNIX_MS + ahead + 1)).sign()
    assert "10.0 s ahead" in str(refused(room, anna, too_far, FutureTimestamp))
    assert not FutureTimestamp.close_code
    far = anna.speak(anna.body(timestamp_ms=UNIX_MS + ahead)).sign()
    assert room.admit(anna, far).record is not None
    long_ago = anna.speak(anna.body(timestamp_ms=0)).sign()
    assert room.admit(anna, long_ago).record is not None


def at_lamport(room: Room, speaker: Speaker, lamport: int) -> SubmitPacket:
    """One command at this Lamport time."""
    speaker.number += 1
    return speaker.speak(encode_body(UNIX_MS, [envelope(RENAME, speaker.number, lamport, speaker.number)])).sign()


def log_near_the_end(room: Room, speaker: Speaker, lamport: int) -> None:
    """A log that stands at this Lamport time, as only one that was not admitted by the rules can."""
    speaker.number += 1
    spoken = speaker.speak(encode_body(UNIX_MS, [envelope(RENAME, speaker.number, lamport, speaker.number)]))
    room.add(RecordKind.PACKET, records.encode(packet_record(speaker, spoken)))


def test_lamport_clock_handles_u64_wraparound() -> None:
    clock = LamportClock()
    clock.witness(U64_MAX - 1)
    assert clock.tick() == U64_MAX
    with pytest.raises(LocalClockExhausted):
        clock.tick()
    assert clock.value == U64_MAX, "it stays at its end, and never begins again at 0"

    room = Room()
    anna, ben = room.join(), room.join(BEN, session=b"t" * 16)
    refused(room, anna, at_lamport(room, anna, LAMPORT_JUMP_MAX + 1), ClockJump)
    refused(room, anna, at_lamport(room, anna, U64_MAX), ClockJump)
    room.admit(anna, at_lamport(room, anna, LAMPORT_JUMP_MAX))
    assert room.log.lamport == LAMPORT_JUMP_MAX

    log_near_the_end(room, anna, U64_MAX - 2)
    room.admit(ben, at_lamport(room, ben, U64_MAX - 1))
    refused(room, anna, at_lamport(room, anna, 1), LamportBehind)
    room.admit(anna, at_lamport(room, anna, U64_MAX))
    assert room.log.lamport == U64_MAX
    for lamport in (1, U64_MAX):
        refused(room, ben, at_lamport(room, ben, lamport), ClockExhausted)
    assert read_again(room).lamport == U64_MAX


def test_replay_tracker_handles_nonce_gaps() -> None:
    guard = ReplayGuard()
    for nonce, gaps in ((1, 0), (2, 0), (10, 7), (11, 7), (2**40, 7 + 2**40 - 12)):
        guard.check(nonce)
        guard.remember(nonce, b"d", nonce)
        assert (guard.highest, guard.gaps) == (nonce, gaps)
    for late in (0, 3, 9, 10, 11, 2**40):
        with pytest.raises(Replay):
            guard.check(late)

    room = Room()
    anna = room.join()
    for skipped in (0, 5, 0, 1_000, 2**33):
        anna.nonce += skipped
        assert room.admit(anna, anna.packet()).record is not None
    assert room.log.nonce_gaps == 5 + 1_000 + 2**33
    within_the_gap = anna.speak()._replace(nonce=3)
    refused(room, anna, within_the_gap.sign(), Replay)
    again = read_again(room)
    assert (again.nonce_gaps, again.guard(anna.record.session).highest) == (room.log.nonce_gaps, anna.nonce - 1)


def test_signature_verification_rejects_malformed_keys() -> None:
    room = Room()
    for number, case in enumerate(case for case in CASES if len(case["public_key"]) == 64 and case["group"] != "good"):
        key, signature = bytes.fromhex(case["public_key"]), bytes.fromhex(case["signature"])
        session = SessionRecord(
            number.to_bytes(16, "big"), key, actor_of(key, b"i" * 16), b"i" * 16, "editor", "Mallory", UNIX_MS
        )
        room.log.accept(room.log.next_record(RecordKind.SESSION, room.sign(session)))
        mallory = Speaker(room, ANNA, session)
        refused(room, mallory, replace(mallory.packet(), signature=signature), BadSignature)
    for key in (b"", b"k", b"k" * 31, b"k" * 33, bytes(32), b"\x01" + bytes(31), b"\xff" * 32):
        session = SessionRecord(b"x" * 16, key, 7, b"i" * 16, "editor", "Mallory", UNIX_MS)
        refused(room, mallory := Speaker(room, ANNA, session), mallory.packet(), BadSignature)
        if len(key) != 32:
            with pytest.raises(StoreCorrupt):
                room.log.accept(room.log.next_record(RecordKind.SESSION, room.sign(session)))


def test_rate_limiter_refills_correctly_after_long_idle() -> None:
    burst, per_second = COMMAND_BURST_MAX, COMMANDS_PER_SECOND
    for idle in (3_600.0, 10.0 * 365 * 86_400, 1e300):
        bucket = TokenBucket(burst, per_second, NOW.seconds)
        assert bucket.take(burst, NOW.seconds) == 0.0
        back = NOW.seconds + idle
        assert bucket.take(burst + 1, back) > 0.0, "never beyond the burst"
        assert bucket.take(burst, back) == 0.0
        assert bucket.take(1, back) == pytest.approx(1 / per_second)
    jumping = TokenBucket(burst, per_second, NOW.seconds)
    assert jumping.take(burst, NOW.seconds) == 0.0
    for seconds in (0.0, NOW.seconds - 1e9, NOW.seconds, -1e300):
        assert jumping.take(1, seconds) > 0.0, "a clock that jumped back gives nothing"
    assert jumping.take(int(per_second), NOW.seconds + 1.0) == 0.0
    assert jumping.take(1, NOW.seconds + 1.0) > 0.0

    room = Room()
    anna = room.join()
    full = [RENAME] * PACKET_COMMANDS_MAX
    room.admit(anna, anna.packet(*full))
    refused(room, anna, anna.speak(anna.body()).sign(), RateLimited)
    room.admission.release(anna.record.session)
    anna.number -= 1
    assert room.admit(anna, anna.packet(*full), later(86_400.0)).record is not None
    refused(room, anna, anna.packet(), RateLimited, later(86_400.0))


def test_command_log_rejects_signature_tampering() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet())
    good = anna.speak()
    packet = good.sign()
    for at in range(64):
        signature = bytes(byte ^ (0x10 if index == at else 0) for index, byte in enumerate(packet.signature))
        assert refused(room, anna, replace(packet, signature=signature), BadSignature).close_code == 4402
    for said in (
        good._replace(nonce=good.nonce + 1),
        good._replace(seen=good.seen - 1, chain=room.log.chain_at(good.seen - 1)),
        good._replace(body=good.body.replace(b"renamed", b"RENAMED")),
    ):
        refused(room, anna, replace(said.sign(), signature=packet.signature), BadSignature)
    assert room.admit(anna, packet).record is not None

    kept = records.decode(records.PacketRecord, room.log.records[-1].body)
    for body in (kept.body.replace(b"renamed", b"RENAMED"), kept.body[:-1] + bytes((kept.body[-1] ^ 1,))):
        forged = records.PacketRecord(
            kept.session, kept.actor, kept.nonce, kept.seen, kept.chain, kept.signature, UNIX_MS, body
        )
        log = CommandLog(room.log.registry)
        for record in room.log.records[:-1]:
            log.accept(record)
        with pytest.raises(StoreCorrupt, match="not signed by its author"):
            log.accept(log.next_record(RecordKind.PACKET, records.encode(forged)))


def test_rate_limiter_blocks_burst_of_1000_commands_in_1_second() -> None:
    room = Room()
    anna, ben = room.join(), room.join(BEN, session=b"t" * 16)
    admitted = 0
    waits: list[float] = []
    for sent in range(1_000):
        now = later(sent / 1_000)
        anna.number, anna.nonce = admitted, admitted
        try:
            room.admit(anna, anna.packet(), now)
            admitted += 1
        except RateLimited as refusal:
            waits.append(refusal.retry_after_seconds)
    assert len(waits) == 1_000 - admitted
    assert all(0.0 < wait <= 1 / COMMANDS_PER_SECOND for wait in waits)
    gained = COMMAND_BURST_MAX + COMMANDS_PER_SECOND * 0.999
    assert gained - 1 <= admitted <= gained
    assert room.log.command_count == admitted
    assert room.admission.counts["RateLimited"] == len(waits)
    assert room.admit(ben, ben.packet(), later(0.999)).record is not None, "nobody else waits for it"

    slower = Admission(room.log, paces={"editor": Pace(10, 1.0)})
    cleo = room.join(OWNER, session=b"u" * 16)
    with pytest.raises(RateLimited):
        slower.admit(NOW, ben.record, "editor", ben.packet(*[RENAME] * 11))
    assert slower.admit(NOW, cleo.record, "editor", cleo.packet(*[RENAME] * 11)).record is not None, "an admin's"


def test_command_log_survives_replay_attack_with_stale_nonce() -> None:
    room = Room()
    room.admission = Admission(room.log, burst=1e9, per_second=1e9)
    anna = room.join()
    first = anna.packet()
    seq = room.admit(anna, first).seq
    second = anna.speak()
    room.admit(anna, second.sign())
    count = room.log.command_count
    assert room.admit(anna, first) == (seq, None), "the same bytes are acknowledged again, and never applied twice"
    for nonce in (1, 2):
        refused(room, anna, anna.speak()._replace(nonce=nonce).sign(), Replay)
    assert room.log.command_count == count
    for _ in range(NONCES_REMEMBERED):
        room.admit(anna, anna.packet())
    refused(room, anna, first, Replay)

    for log in (read_again(room), CommandLog.from_index(room.log.registry, room.log.index_bytes())):
        admission = Admission(log, burst=1e9, per_second=1e9)
        with pytest.raises(Replay):
            admission.admit(NOW, anna.record, "editor", first)
        last = records.decode(records.PacketRecord, room.log.records[-1].body)
        resent = SubmitPacket(last.nonce, last.seen, last.chain, last.branch, last.signature, last.body)
        assert admission.admit(NOW, anna.record, "editor", resent) == (room.log.head_seq, None)
        assert log.command_count == room.log.command_count


def test_command_log_rejects_entries_from_revoked_author() -> None:
    room = Room()
    anna, owner = room.join(), room.join(OWNER, session=b"t" * 16, role="admin")
    room.admit(anna, anna.packet())
    before = anna.packet()
    room.admit(owner, owner.packet(RevokeKey(ANNA.public_key, "the laptop was stolen")))
    refusal = refused(room, anna, before, Revoked)
    assert (refusal.close_code, "the laptop was stolen" in str(refusal)) == (4405, True)
    other = room.join(ANNA, b"j" * 16, b"u" * 16)
    refused(room, other, other.packet(), Revoked)
    assert read_again(room).command_count == 2

    # A host that lets the author in all the same writes a log which nobody accepts.
    body = records.encode(packet_record(other, other.speak()))
    with pytest.raises(StoreCorrupt, match="revoked"):
        room.log.accept(room.log.next_record(RecordKind.PACKET, body))
    room.admit(owner, owner.packet(RestoreKey(ANNA.public_key)))
    other.number = 0
    assert room.admit(other, other.packet()).record is not None


def test_command_log_accepts_zero_length_payload() -> None:
    room = Room()
    room.log.registry = CommandRegistry((*OPERATIONS, Nothing))
    anna = room.join()
    assert bytes(envelope(Nothing(), 1, 1, 1).payload) == b"\x90"
    assert room.admit(anna, anna.packet(Nothing())).record is not None
    empty_fields = DeleteElements(b"e" * 16, VERTEX, b"", b"")
    assert room.admit(anna, anna.packet(Nothing(), empty_fields, Nothing())).record is not None
    assert [each.number for each in (room.log.last_of_actor(anna.record.actor),) if each] == [4]
    assert read_again(room).command_count == 4
    beside = replace(envelope(Nothing(), 5, 50, 5), payload=envelope(RENAME, 5, 50, 5).payload)
    refused(room, anna, anna.speak(encode_body(UNIX_MS, [beside])).sign(), BadPayload)


def body_of(speaker: Speaker, length: int) -> bytes:
    """A body of exactly this length: attributes of many vertices, and a name to fill up."""
    ids = b"".join(number.to_bytes(16, "little") for number in range(2_000))
    values = bytes(8 * 4 * 2_000)
    count = (length - 1_000) // (16 + 32)
    for name in range(1, 30):
        filling = SetAttribute(b"e" * 16, "vertex", "a" * name, "f8", 4, ids[: 16 * count], values[: 32 * count])
        for padding in range(1, 129, 1):
            renames = [Rename(b"e" * 16, "n" * padding)] * 8
            made = [
                envelope(each, speaker.number + at, speaker.room.log.lamport + at, speaker.number + at)
                for at, each in enumerate((filling, *renames), 1)
            ]
            body = msgspec.msgpack.encode(PacketBody(UNIX_MS, made))
            if len(body) == length:
                return body
    raise AssertionError(f"no body of {length} bytes")


def test_command_log_rejects_payload_at_64_kib_plus_one_byte() -> None:
    assert PACKET_BYTES_MAX == 64 * 1024
    room = Room()
    room.admission = Admission(room.log, burst=1e9, per_second=1e9)
    anna = room.join()
    for excess in (1, 2, 1_000_000):
        padded = body_of(anna, PACKET_BYTES_MAX) + bytes(excess)
        assert refused(room, anna, anna.speak(padded).sign(), PacketTooLarge).close_code == 4413
    honest = body_of(anna, PACKET_BYTES_MAX + 1)
    refused(room, anna, anna.speak(honest).sign(), PacketTooLarge)
    with pytest.raises(StoreCorrupt, match="over the limit of 65536"):
        room.add(RecordKind.PACKET, records.encode(packet_record(anna, anna.speak(honest))))
    assert room.admit(anna, anna.speak(body_of(anna, PACKET_BYTES_MAX)).sign()).record is not None
    assert read_again(room).command_count == 9


def edits_at_once(room: Room, people: list[Speaker], order: tuple[int, ...]) -> list[Command]:
    """Everybody edits the same cube without having seen what the others do; admitted in this order."""
    anna = people[0]
    (made,) = take(room, anna, anna.packet(CREATE))
    entity = entity_id(made.name)
    mesh = build_primitive("cube", 1.0, made.name)
    face, edge, vertex = mesh.face_ids()[2], mesh.edge_ids()[0], mesh.face_vertices(mesh.face_ids()[2])[0]
    end = mesh.edge_vertices(mesh.face_edges(face)[0])
    packets = []
    for number, person in enumerate(people):
        target = np.array([0.1 * number, 0.2, 0.3], "<f8").tobytes()
        delta = np.array([0.01 * number, 0.0, 0.0], "<f8").tobytes()
        first = [
            MoveVerticesV2(entity, vertex, target, delta),
            SplitEdge(entity, edge, 0.2 + 0.2 * number),
            ExtrudeFaceV3(entity, face, 0.1 + 0.1 * number),
        ]
        second: list[Operation] = [
            PaintFaces(entity, face, (0.25 * number, 0.5, 0.5)),
            CollapseEdge(entity, mesh.face_edges(face)[1], 0.0),
            DeleteElements(entity, b"", b"", mesh.face_ids()[3 + number % 2]),
        ]
        moved = MoveVerticesV2(entity, end[1], delta, delta)
        packets.append(person.packet(*first, second[number % 3], moved))
    return [made, *(command for at in order for command in take(room, people[at], packets[at]))]


def take(room: Room, speaker: Speaker, packet: SubmitPacket) -> list[Command]:
    """Admit a packet and take it."""
    admitted = room.admission.admit(NOW, speaker.record, speaker.record.role, packet)
    assert admitted.record is not None
    return room.log.accept(admitted.record)


def folded(room: Room, batches: list[list[Command]]) -> tuple[bytes, list[tuple[CommandName, Outcome]]]:
    """The document's bytes, and every outcome, after folding these one after the other."""
    fold, document = Fold(judge=LogJudge(room.log.governance, MAIN_BRANCH)), Document(World())
    for batch in batches:
        for entity in fold.add(batch).entities:
            document.update(entity, fold.unit(entity))
    names = sorted(command.name for batch in batches for command in batch)
    content = b"".join(each.data for patch in document.snapshot() for each in patch.components)
    outcomes = [(name, outcome) for name in names if (outcome := fold.outcome(name)) is not None]
    return document.hash + content, outcomes


@pytest.mark.parametrize("strategy", ["last-writer-wins", "merge", "reject"])
def test_command_log_conflict_resolution_deterministic_under_concurrent_edits(
    strategy: StrategyName, seed: int
) -> None:
    ends = set()
    for order in list(itertools.permutations(range(4)))[::4]:
        room = Room()
        owner = room.join(OWNER, session=b"o" * 16, role="admin")
        take(room, owner, owner.packet(SetStrategy("*", strategy)))
        keys = [Identity.from_seed(bytes((65 + at,)) * 32) for at in range(4)]
        people = [room.join(key, session=bytes((97 + at,)) * 16) for at, key in enumerate(keys)]
        commands = edits_at_once(room, people, order)
        as_admitted = folded(room, [[command] for command in commands])
        ends.add((as_admitted[0], tuple(as_admitted[1])))
        draw = random.Random(f"{seed} {order}")
        for _ in range(3):
            draw.shuffle(commands)
            cuts = sorted(draw.sample(range(1, len(commands)), 4))
            batches = [commands[start:end] for start, end in itertools.pairwise([0, *cuts, len(commands)])]
            assert folded(room, batches) == as_admitted
    assert len(ends) == 1, "the order of admission decides nothing between concurrent edits"
    kinds = {outcome.kind for _, outcome in ends.pop()[1]}
    assert kinds >= {"last-writer-wins": {"applied"}, "merge": {"merged"}, "reject": {"rejected"}}[strategy]
