from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Spoken,
    envelope,
    import_of,
    later,
    packet_record,
)
from theta.base import limits
from theta.base.identifiers import CommandName, signed_name_id
from theta.commands import admission
from theta.commands.admission import Admission
from theta.commands.governing import SetRole
from theta.commands.identity import Identity
from theta.commands.packets import encode_body
from theta.commands.rate_limit import Pace
from theta.commands.records import RecordKind, encode
from theta.commands.refusals import (
    BadSignature,
    Blocked,
    ClockExhausted,
    DocumentFull,
    Equivocation,
    FutureTimestamp,
    LamportBehind,
    NotAllowed,
    RateLimited,
    ReadOnly,
    Refused,
    Replay,
    UnknownCommand,
    WrongChain,
)
from theta.commands.registry import CommandRegistry
from theta.editor.vocabulary import OPERATIONS, Paint, SetEffective
from theta.wire.messages import CommandEnvelope, GestureName, Part, SubmitPacket


def test_cmd_15_an_import_costs_by_its_faces_and_waits_for_the_rest_of_its_price() -> None:
    room = Room()
    speaker = room.join()
    room.faces[b"m" * 32] = 79 * limits.IMPORTED_FACES_PER_TOKEN + 1
    room.admit(speaker, speaker.packet(import_of(b"m" * 32)))  # 80 of 100 tokens
    again = speaker.packet(import_of(b"m" * 32), RENAME)
    with pytest.raises(RateLimited) as caught:
        room.admission.admit(NOW, speaker.record, "editor", again)
    assert caught.value.retry_after_seconds == pytest.approx((79 - 18) / limits.COMMANDS_PER_SECOND)
    at = later(caught.value.retry_after_seconds + 1e-6)
    assert room.admission.admit(at, speaker.record, "editor", again).record is not None


def test_cmd_10_a_retired_version_is_for_old_logs_only() -> None:
    room = Room()
    speaker = room.join()
    made = speaker.do(RENAME)
    packet = speaker.packet(RENAME, SetEffective([GestureName(*made)], False))
    with pytest.raises(UnknownCommand, match="read in old logs only"):
        room.admission.admit(NOW, speaker.record, "editor", packet)
    old = Admission(room.log, takes_retired=True)
    assert old.admit(NOW, speaker.record, "editor", packet).record is not None


def test_cmd_15_a_small_import_costs_no_more_than_any_command() -> None:
    room = Room()
    speaker = room.join()
    room.faces[b"m" * 32] = limits.IMPORTED_FACES_PER_TOKEN - 1
    packet = speaker.packet(*[import_of(b"m" * 32)] * limits.PACKET_COMMANDS_MAX)
    room.admit(speaker, packet)
    assert room.log.named_assets == {b"m" * 32: room.log.head_seq}


def test_cmd_10_an_author_with_a_lower_role_may_not_edit() -> None:
    room = Room()
    viewer = room.join(role="viewer")
    with pytest.raises(NotAllowed, match="viewer may look"):
        room.admit(viewer, viewer.packet())
    admin = room.join(BEN, session=b"t" * 16, role="admin")
    assert room.admit(admin, admin.packet()).seq == 4


def test_cmd_10_an_unregistered_type_is_refused() -> None:
    room = Room()
    anna = room.join()
    unknown = CommandEnvelope(1, 1, 1, signed_name_id("theta.unheard_of"), 1, msgspec.Raw(b"\x90"))
    with pytest.raises(UnknownCommand, match="version 1 is not known here"):
        room.admit(anna, anna.speak(encode_body(UNIX_MS, [unknown])).sign())


def test_cmd_10_limits_hold_exactly() -> None:
    room = Room()
    anna = room.join()
    ahead = int(limits.TIMESTAMP_AHEAD_SECONDS_MAX * 1000)
    room.admit(anna, anna.speak(anna.body(timestamp_ms=UNIX_MS + ahead)).sign())
    jump = [envelope(RENAME, 2, room.log.lamport + limits.LAMPORT_JUMP_MAX, 2)]
    room.admit(anna, anna.speak(encode_body(UNIX_MS, jump)).sign())
    assert room.log.lamport == 1 + limits.LAMPORT_JUMP_MAX
    anna.nonce = limits.U64_MAX - 2
    last = [envelope(RENAME, 3, room.log.lamport + 1, 3)]
    room.admit(anna, anna.speak(encode_body(UNIX_MS, last)).sign())
    assert room.log.guard(anna.record.session).highest == limits.U64_MAX - 1


@pytest.mark.parametrize(
    ("number", "lamport", "reason"),
    [(1, 9, "command number 1 is not above 1"), (2, 1, "Lamport time 1 of command 2"), (3, 0, "Lamport time 0")],
)
def test_cmd_5_numbers_and_times_rise_from_packet_to_packet(number: int, lamport: int, reason: str) -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet(Paint(b"e" * 16, (0.0, 0.0, 0.0))))
    other_session = room.join(session=b"t" * 16)
    body = encode_body(UNIX_MS, [envelope(RENAME, number, lamport, 1)])
    with pytest.raises((LamportBehind, Equivocation)) as caught:
        room.admit(other_session, other_session.speak(body).sign())
    assert number == 1 or reason in str(caught.value)


def test_cmd_5_a_skipped_number_is_gone_for_good() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 5, 1, 5)])).sign())
    with pytest.raises(LamportBehind, match="command number 4 is not above 5"):
        room.admit(anna, anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 4, 2, 4)])).sign())


def test_cmd_5_times_stand_above_all_that_was_seen() -> None:
    room = Room()
    anna, ben = room.join(), room.join(BEN, session=b"t" * 16)
    room.admit(anna, anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 1, 50, 1)])).sign())
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, 50, 1)])
    with pytest.raises(LamportBehind, match="not above 50"):
        room.admit(ben, ben.speak(body).sign())
    unaware = ben.speak(body)._replace(seen=3, chain=room.log.chain_at(3))
    assert room.admit(ben, unaware.sign()).seq == 5


@pytest.mark.parametrize("field", ["server", "room", "branch", "session", "actor", "nonce", "seen", "chain", "body"])
def test_cmd_4_a_packet_is_valid_nowhere_else(field: str) -> None:
    room = Room()
    anna = room.join()
    room.join(BEN, session=b"t" * 16)
    spoken = anna.speak()
    domain = spoken.domain
    elsewhere = {
        "server": spoken._replace(domain=domain._replace(server=bytes(16))),
        "room": spoken._replace(domain=domain._replace(room=bytes(16))),
        "branch": spoken._replace(domain=domain._replace(branch=b"\x01" * 16)),
        "session": spoken._replace(domain=domain._replace(session=b"t" * 16)),
        "actor": spoken._replace(domain=domain._replace(actor=domain.actor ^ 1)),
        "nonce": spoken._replace(nonce=spoken.nonce + 1),
        "seen": spoken._replace(seen=spoken.seen - 1),
        "chain": spoken._replace(chain=room.log.chain_at(1)),
        "body": spoken._replace(body=anna.body((Paint(b"e" * 16, (0.0, 0.0, 0.0)),))),
    }[field]
    signature = elsewhere.sign().signature
    packet = msgspec.structs.replace(spoken.sign(), signature=signature)
    with pytest.raises(BadSignature):
        room.admit(anna, packet)
    assert room.admit(anna, spoken.sign()).record is not None


def test_cmd_4_replayed_in_every_other_place_a_packet_is_refused() -> None:
    def setting(seed: bytes, instance: bytes, session: bytes) -> tuple[Room, Speaker]:
        room = Room(seed)
        return room, room.join(instance=instance, session=session)

    places = [
        setting(b"r" * 32, b"i" * 16, b"s" * 16),
        setting(b"q" * 32, b"i" * 16, b"s" * 16),
        setting(b"r" * 32, b"j" * 16, b"s" * 16),
        setting(b"r" * 32, b"i" * 16, b"t" * 16),
    ]
    packets = [speaker.packet() for _, speaker in places]
    for at, (room, speaker) in enumerate(places):
        for spoken_at, packet in enumerate(packets):
            if spoken_at != at:
                with pytest.raises((BadSignature, WrongChain)):
                    room.admit(speaker, packet)
        assert room.admit(speaker, packets[at]).record is not None


def test_cmd_4_another_author_cannot_use_a_session() -> None:
    room = Room()
    anna = room.join()
    with pytest.raises(BadSignature):
        room.admit(anna, anna.speak()._replace(identity=BEN).sign())


def test_cmd_6_a_used_nonce_with_other_content_is_a_replay() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet())
    anna.nonce = 0
    with pytest.raises(Replay, match="nonce 1 is not above 1"):
        room.admit(anna, anna.packet())
    anna.nonce = -1
    with pytest.raises(Replay):
        room.admit(anna, msgspec.structs.replace(anna.speak()._replace(nonce=1).sign(), nonce=0))


def test_cmd_6_nonces_may_leave_gaps_and_survive_a_restart() -> None:
    room = Room()
    anna = room.join()
    sent = []
    for _ in range(3):
        anna.nonce += 4
        sent.append(anna.packet())
        room.admit(anna, sent[-1])
    reopened = Room()
    for record in room.log.records[1:]:
        reopened.log.accept(record)
    guard = reopened.log.guard(anna.record.session)
    assert (guard.highest, guard.gaps) == (15, 12)
    assert [reopened.admit(anna, packet) for packet in sent] == [(3, None), (4, None), (5, None)]


def test_cmd_11_an_author_shares_one_bucket_over_all_actors() -> None:
    room = Room()
    anna = room.join()
    tablet = room.join(instance=b"j" * 16, session=b"t" * 16)
    ben = room.join(BEN, session=b"u" * 16)
    room.admit(anna, anna.packet(*[RENAME] * 60))
    packet = tablet.packet(*[RENAME] * 60)
    with pytest.raises(RateLimited) as caught:
        room.admit(tablet, packet)
    assert caught.value.retry_after_seconds == pytest.approx(0.2)
    assert room.admit(ben, ben.packet(*[RENAME] * 60)).seq == 6
    with pytest.raises(RateLimited):
        room.admit(tablet, packet, later(0.19))
    assert room.admit(tablet, packet, later(0.2)).seq == 7


def test_cmd_11_tokens_are_taken_whatever_follows() -> None:
    room = Room()
    anna = room.join()
    for _ in range(2):
        forged = msgspec.structs.replace(anna.packet(*[RENAME] * 50), signature=bytes(64))
        with pytest.raises(BadSignature):
            room.admit(anna, forged)
    with pytest.raises(RateLimited):
        room.admit(anna, anna.packet())


def test_cmd_12_commands_signed_anew_are_acknowledged_and_not_applied_again() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet(RENAME, RENAME))
    again = room.join(session=b"t" * 16)
    head = room.log.head_seq
    assert room.admit(again, again.packet(RENAME, RENAME)) == (3, None)
    assert room.log.head_seq == head
    assert room.log.command_count == 2


@pytest.mark.parametrize("change", ["payload", "gesture", "type_id"])
def test_cmd_12_the_same_name_with_other_content_is_equivocation(change: str) -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet(RENAME, RENAME))
    fields: dict[str, dict[str, object]] = {
        "payload": {"payload": msgspec.Raw(msgspec.msgpack.encode([b"e" * 16, "else"]))},
        "gesture": {"gesture": 2},
        "type_id": {"type_id": signed_name_id("theta.delete"), "payload": msgspec.Raw(b"\x91\xc4\x10" + b"e" * 16)},
    }
    second = msgspec.structs.replace(envelope(RENAME, 2, 9, 1), **fields[change])
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, 8, 1), second])
    with pytest.raises(Equivocation, match=r"command 2 .* other content"):
        room.admit(anna, anna.speak(body).sign())


def test_cmd_12_old_and_new_commands_do_not_share_a_packet() -> None:
    room = Room()
    anna = room.join()
    room.admit(anna, anna.packet())
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, 8, 1), envelope(RENAME, 2, 9, 2)])
    with pytest.raises(Equivocation, match="command 2 is new"):
        room.admit(anna, anna.speak(body).sign())


def test_cmd_13_after_a_retryable_refusal_later_nonces_wait() -> None:
    room = Room()
    anna = room.join()
    room.admission.read_only_reason = "the disk is full"
    first, second, third = anna.packet(), anna.speak(), anna.speak()
    with pytest.raises(ReadOnly, match="disk is full") as caught:
        room.admit(anna, first)
    assert caught.value.retry_after_seconds == 5.0
    with pytest.raises(ReadOnly):
        room.admit(anna, third.sign())
    room.admission.read_only_reason = None
    for packet in (second.sign(), third.sign()):
        with pytest.raises(Blocked, match="nonce 1 has to be sent again first"):
            room.admit(anna, packet)
    assert room.admit(anna, first).seq == 3
    body = encode_body(UNIX_MS, [envelope(RENAME, 2, 2, 2)])
    assert room.admit(anna, second._replace(body=body).sign()).seq == 4


def test_cmd_13_sessions_wait_for_themselves_only() -> None:
    room = Room()
    anna, ben = room.join(), room.join(BEN, session=b"t" * 16)
    room.admission.disk_is_behind = True
    with pytest.raises(RateLimited, match="disk is behind"):
        room.admit(anna, anna.packet())
    room.admission.disk_is_behind = False
    assert room.admit(ben, ben.packet()).seq == 4


def test_cmd_13_a_packet_refused_for_good_blocks_nobody() -> None:
    room = Room()
    anna = room.join()
    late = anna.speak(anna.body(timestamp_ms=UNIX_MS + 60_000))
    room.admission.disk_is_behind = True
    with pytest.raises(RateLimited):
        room.admit(anna, late.sign())
    room.admission.disk_is_behind = False
    with pytest.raises(FutureTimestamp):
        room.admit(anna, late.sign())
    assert room.admit(anna, anna.packet()).seq == 3


def test_cmd_13_a_resend_of_something_older_keeps_the_block() -> None:
    room = Room()
    anna = room.join()
    first = anna.packet()
    room.admit(anna, first)
    room.admission.disk_is_behind = True
    second = anna.packet()
    with pytest.raises(RateLimited):
        room.admit(anna, second)
    assert room.admit(anna, first) == (3, None)
    room.admission.disk_is_behind = False
    with pytest.raises(Blocked):
        room.admit(anna, anna.packet())
    assert room.admit(anna, second).seq == 4


def test_cmd_14_what_was_ever_created_counts() -> None:
    room = Room()
    anna = room.join()
    room.log.created_count = limits.OBJECTS_CREATED_MAX - 2
    room.admit(anna, anna.packet(CREATE, RENAME, CREATE))
    assert room.log.created_count == limits.OBJECTS_CREATED_MAX
    with pytest.raises(DocumentFull, match="50001 objects"):
        room.admit(anna, anna.packet(CREATE))
    anna.number -= 1
    assert room.admit(anna, anna.packet(RENAME)).seq == 4


bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 2**64 - 1),
            st.integers(0, 5),
            st.sampled_from([signed_name_id(each.NAME) for each in OPERATIONS]),
            st.integers(0, 2),
            st.recursive(
                st.none()
                | st.integers(-(2**63), 2**64 - 1)
                | st.floats()
                | st.binary(max_size=40)
                | st.text(max_size=5),
                lambda inner: st.lists(inner, max_size=5),
                max_leaves=20,
            ),
        ),
        max_size=4,
    ).map(lambda commands: msgspec.msgpack.encode([UNIX_MS, commands])),
)


@given(body=bodies, nonce=st.integers(1, 2**64 - 1), seen=st.integers(0, 2**64 - 1) | st.just(2))
def test_no_body_raises_anything_but_a_refusal(body: bytes, nonce: int, seen: int) -> None:
    room = Room()
    anna = room.join()
    chain = room.log.chain if seen == 2 else bytes(32)
    packet = Spoken(anna.domain, nonce, seen, chain, body, ANNA).sign()
    head = room.log.head_seq
    try:
        room.admit(anna, packet)
    except Refused:
        assert room.log.head_seq == head
    else:
        assert room.log.head_seq == head + 1


@given(
    raw=st.binary(max_size=200),
    signature=st.binary(min_size=64, max_size=64),
    chain=st.binary(min_size=32, max_size=32),
)
def test_no_packet_raises_anything_but_a_refusal(raw: bytes, signature: bytes, chain: bytes) -> None:
    room = Room()
    anna = room.join()
    with pytest.raises(Refused):
        room.admit(anna, SubmitPacket(1, 2, chain, bytes(16), signature, raw))


def test_cmd_61_nobody_is_granted_more_than_the_sessions_role_since_the_log_would_not_prove_it() -> None:
    room = Room()
    viewer = room.join(role="viewer")
    with pytest.raises(NotAllowed, match="a viewer may look and talk"):
        room.admission.admit(NOW, viewer.record, "admin", viewer.packet())


def test_cmd_73_the_last_lamport_time_is_the_last() -> None:
    room = Room()
    anna = room.join()
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, limits.U64_MAX - limits.LAMPORT_JUMP_MAX, 1)])
    room.add(RecordKind.PACKET, encode(packet_record(anna, anna.speak(body))))
    over = anna.speak(encode_body(UNIX_MS, [envelope(RENAME, 2, limits.U64_MAX, 2)])).sign()
    room.admit(anna, over)
    assert room.log.lamport == limits.U64_MAX
    ben = room.join(BEN, b"j" * 16, b"t" * 16)
    for lamport in (1, limits.U64_MAX):
        for speaker in (anna, ben):
            body = encode_body(UNIX_MS, [envelope(RENAME, 3, lamport, 3)])
            with pytest.raises(ClockExhausted):
                room.admit(speaker, speaker.speak(body).sign())
    assert room.admit(anna, over).record is None, "what was admitted is still acknowledged"


def test_cmd_74_a_room_counts_what_comes() -> None:
    room = Room()
    anna = room.join()
    packet = anna.packet()
    for _ in range(3):
        room.admit(anna, packet)
    anna.nonce += 2
    room.admit(anna, anna.packet())
    for _ in range(2):
        with pytest.raises(Replay):
            room.admit(anna, Spoken(anna.domain, 1, room.log.head_seq, room.log.chain, anna.body(), ANNA).sign())
    assert room.admission.counts == {"admitted": 2, "resent": 2, "Replay": 2}
    assert room.log.nonce_gaps == 2


def test_cmd_11_a_role_may_have_its_own_pace() -> None:
    room = Room()
    room.admission = Admission(room.log, paces={"admin": Pace(10, 5), "viewer": Pace(1, 1)})
    anna, ben = room.join(), room.join(BEN, b"j" * 16, b"t" * 16, "admin")
    room.admit(anna, anna.packet(*[RENAME] * 100))
    with pytest.raises(RateLimited, match="over 5 commands a second") as caught:
        room.admit(ben, ben.packet(*[RENAME] * 11))
    assert caught.value.retry_after_seconds == pytest.approx(0.2)
    owner = room.join(OWNER, b"o" * 16, b"o" * 16)
    owner.do(SetRole(ANNA.public_key, "admin"))
    with pytest.raises(RateLimited, match="over 5 commands a second"):
        room.admit(anna, anna.packet(*[RENAME] * 11), later(1.0))
    anna.number -= 11
    anna.nonce -= 1
    room.admit(anna, anna.packet(*[RENAME] * 10), later(1.0))


def test_cmd_11_full_buckets_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "AUTHORS_PACED_MAX", 2)
    room = Room()
    speakers = [
        room.join(Identity.from_seed(bytes((each,)) * 32), bytes((each,)) * 16, bytes((each,)) * 16)
        for each in range(4)
    ]
    for speaker in speakers[:3]:
        speaker.do(*[RENAME] * 100)
    with pytest.raises(RateLimited):
        speakers[0].do(RENAME)
    room.admit(speakers[3], speakers[3].packet(), later(100))
    assert len(room.admission._buckets) == 1


def test_cmd_12_a_repeated_name_is_compared_with_the_record_that_has_it() -> None:
    room = Room()
    anna = room.join()
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, 1, 1), envelope(CREATE, 4, 2, 1)])
    room.admit(anna, anna.speak(body).sign())
    seq = room.log.head_seq
    restamped = encode_body(UNIX_MS, [envelope(RENAME, 1, 11, 1), envelope(CREATE, 4, 12, 1)])
    assert room.admit(anna, anna.speak(restamped).sign()) == (seq, None)
    assert room.admit(anna, anna.speak(encode_body(UNIX_MS, [envelope(CREATE, 4, 9, 1)])).sign()) == (seq, None)
    other, another_gesture = envelope(CREATE, 1, 13, 1), envelope(CREATE, 4, 13, 4)
    for bad in ([other], [another_gesture], [envelope(RENAME, 1, 13, 1), envelope(RENAME, 2, 14, 1)]):
        with pytest.raises(Equivocation):
            room.admit(anna, anna.speak(encode_body(UNIX_MS, bad)).sign())


def test_a_packet_of_no_bytes_in_its_payload_is_fine_where_the_type_has_none() -> None:
    room = Room()
    room.log.registry = CommandRegistry([*OPERATIONS, Nothing])
    anna = room.join()
    (command,) = room.add(RecordKind.PACKET, encode(packet_record(anna, anna.speak(anna.body((Nothing(),))))))
    assert command.operation == Nothing()
    room.admit(anna, anna.packet(Nothing(), Nothing()))


class Nothing(Part, frozen=True):
    """A command without fields."""

    NAME: ClassVar[str] = "theta.test_nothing"
    VERSION: ClassVar[int] = 1
    CREATES: ClassVar[int] = 0

    def check(self) -> None:
        """Nothing to check."""

    @property
    def price(self) -> int:
        """It is free."""
        return 0

    @property
    def assets(self) -> tuple[bytes, ...]:
        """None."""
        return ()

    @property
    def switched(self) -> tuple[CommandName, ...]:
        """None."""
        return ()
