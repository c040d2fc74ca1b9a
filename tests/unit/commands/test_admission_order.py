from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from tests.unit.commands.rooms import (
    ANNA,
    BEN,
    CREATE,
    NOW,
    OWNER,
    RENAME,
    UNIX_MS,
    Room,
    Spoken,
    envelope,
    import_of,
    later,
    packet_record,
)
from theta.base import limits
from theta.commands import refusals
from theta.commands.governing import Governing, Kick, RevokeKey
from theta.commands.log import CommandLog
from theta.commands.packets import encode_body
from theta.commands.records import RecordKind, encode
from theta.commands.refusals import (
    BadPayload,
    BadSignature,
    Blocked,
    ClockExhausted,
    ClockJump,
    DocumentFull,
    Equivocation,
    FutureTimestamp,
    Kicked,
    LamportBehind,
    NotAllowed,
    PacketTooLarge,
    RateLimited,
    ReadOnly,
    Refused,
    Replay,
    Revoked,
    SeenBehind,
    SeenPastHead,
    Stale,
    TooExpensive,
    UnknownAsset,
    UnknownBranch,
    UnknownCommand,
    WrongChain,
)
from theta.wire.types import RoleName


class Attempt:
    """A packet in the making: each breach spoils one thing before it is signed, or after."""

    def __init__(self) -> None:
        self.room = Room()
        self.speaker = self.room.join()
        self.first = self.speaker.packet()
        self.room.admit(self.speaker, self.first)
        self.commands = [envelope(RENAME, 2, 2, 2)]
        self.timestamp_ms = UNIX_MS
        self.nonce = 2
        self.seen = self.room.log.head_seq
        self.chain = self.room.log.chain
        self.role: RoleName = "editor"
        self.raw_body: bytes | None = None
        self.is_signed_rightly = True

    def change(self, **fields: object) -> None:
        """Replace fields of the first command."""
        self.commands[0] = msgspec.structs.replace(self.commands[0], **fields)

    def admit(self) -> None:
        """Submit it."""
        body = self.raw_body
        if body is None:
            body = msgspec.msgpack.encode([self.timestamp_ms, self.commands])
        packet = Spoken(self.speaker.domain, self.nonce, self.seen, self.chain, body, ANNA).sign()
        if not self.is_signed_rightly:
            packet = msgspec.structs.replace(packet, signature=bytes(64))
        self.room.admission.admit(NOW, self.speaker.record, self.role, packet)


class Breach(NamedTuple):
    """One broken rule: what spoils the packet, and how it is refused."""

    refusal: type[Refused]
    spoil: Callable[[Attempt], None]


def _too_large(attempt: Attempt) -> None:
    attempt.raw_body = bytes(limits.PACKET_BYTES_MAX + 1)


def _over_u64(attempt: Attempt) -> None:
    attempt.nonce = limits.U64_MAX


def _read_only(attempt: Attempt) -> None:
    attempt.room.admission.read_only_reason = "the disk is full"


def _blocked(attempt: Attempt) -> None:
    held_back = Spoken(attempt.speaker.domain, 1, 0, bytes(32), bytes([0x92, 1, 0x91]), ANNA)
    before = attempt.room.admission.read_only_reason
    attempt.room.admission.read_only_reason = "for a moment"
    with pytest.raises(ReadOnly):
        attempt.room.admit(attempt.speaker, held_back.sign())
    attempt.room.admission.read_only_reason = before


def _behind(attempt: Attempt) -> None:
    attempt.room.admission.disk_is_behind = True


def _no_body(attempt: Attempt) -> None:
    attempt.raw_body = attempt.raw_body or b"\xc1"


def _no_tokens(attempt: Attempt) -> None:
    attempt.commands += [envelope(RENAME, 3 + at, 3 + at, 2) for at in range(limits.COMMAND_BURST_MAX - 1)]


def _old_nonce(attempt: Attempt) -> None:
    attempt.nonce = min(attempt.nonce, 1)


def _bad_signature(attempt: Attempt) -> None:
    attempt.is_signed_rightly = False


def _past_head(attempt: Attempt) -> None:
    attempt.seen = 99


def _wrong_chain(attempt: Attempt) -> None:
    attempt.chain = bytes(32)


def _unknown_branch(attempt: Attempt) -> None:
    attempt.speaker.branch = b"x" * 16


def _equivocation(attempt: Attempt) -> None:
    attempt.change(number=1, gesture=1, payload=msgspec.Raw(msgspec.msgpack.encode([b"e" * 16, "other"])))


def _govern(attempt: Attempt, operation: Governing) -> None:
    owner = attempt.room.join(OWNER, b"o" * 16, b"o" * 16, "admin")
    attempt.room.add(RecordKind.PACKET, encode(packet_record(owner, owner.speak(owner.body((operation,))))))


def _revoked(attempt: Attempt) -> None:
    _govern(attempt, RevokeKey(ANNA.public_key, "the laptop was stolen"))


def _kicked(attempt: Attempt) -> None:
    _govern(attempt, Kick(ANNA.public_key, "enough"))


def _viewer(attempt: Attempt) -> None:
    attempt.role = "viewer"


def _unknown_version(attempt: Attempt) -> None:
    attempt.change(version=99)


def _bad_payload(attempt: Attempt) -> None:
    attempt.change(payload=msgspec.Raw(msgspec.msgpack.encode([b"e" * 16, ""])))


def _future(attempt: Attempt) -> None:
    attempt.timestamp_ms = UNIX_MS + int(limits.TIMESTAMP_AHEAD_SECONDS_MAX * 1000) + 1


def _stale(attempt: Attempt) -> None:
    attempt.room.advance_frontier(3)
    attempt.change(lamport=1)


def _clock_exhausted(attempt: Attempt) -> None:
    ben = attempt.room.join(BEN, b"j" * 16, b"t" * 16)
    body = encode_body(UNIX_MS, [envelope(RENAME, 1, limits.U64_MAX, 1)])
    attempt.room.add(RecordKind.PACKET, encode(packet_record(ben, ben.speak(body))))


def _seen_behind(attempt: Attempt) -> None:
    attempt.seen = 1
    attempt.chain = attempt.room.log.chain_at(1)


def _lamport_behind(attempt: Attempt) -> None:
    attempt.change(lamport=1)


def _clock_jump(attempt: Attempt) -> None:
    last = attempt.commands[-1]
    lamport = 1 + limits.LAMPORT_JUMP_MAX + 1
    attempt.commands[-1] = msgspec.structs.replace(last, lamport=lamport)


def _full(attempt: Attempt) -> None:
    attempt.room.log.created_count = limits.OBJECTS_CREATED_MAX
    first = attempt.commands[0]
    attempt.commands[0] = envelope(CREATE, first.number, first.lamport, first.gesture)


def _import(attempt: Attempt, asset: bytes) -> None:
    first = attempt.commands[0]
    attempt.commands[0] = envelope(import_of(asset), first.number, first.lamport, first.gesture)


def _unknown_asset(attempt: Attempt) -> None:
    _import(attempt, b"u" * 32)


def _too_much_imported(attempt: Attempt) -> None:
    attempt.room.faces[b"m" * 32] = limits.COMMAND_BURST_MAX * limits.IMPORTED_FACES_PER_TOKEN
    _import(attempt, b"m" * 32)


# In the order of CMD-10.
BREACHES = (
    Breach(PacketTooLarge, _too_large),
    Breach(BadPayload, _over_u64),
    Breach(ReadOnly, _read_only),
    Breach(Blocked, _blocked),
    Breach(RateLimited, _behind),
    Breach(BadPayload, _no_body),
    Breach(RateLimited, _no_tokens),
    Breach(Replay, _old_nonce),
    Breach(BadSignature, _bad_signature),
    Breach(SeenPastHead, _past_head),
    Breach(WrongChain, _wrong_chain),
    Breach(UnknownBranch, _unknown_branch),
    Breach(Equivocation, _equivocation),
    Breach(Revoked, _revoked),
    Breach(Kicked, _kicked),
    Breach(NotAllowed, _viewer),
    Breach(UnknownCommand, _unknown_version),
    Breach(BadPayload, _bad_payload),
    Breach(FutureTimestamp, _future),
    Breach(Stale, _stale),
    Breach(ClockExhausted, _clock_exhausted),
    Breach(SeenBehind, _seen_behind),
    Breach(LamportBehind, _lamport_behind),
    Breach(ClockJump, _clock_jump),
    Breach(DocumentFull, _full),
    Breach(UnknownAsset, _unknown_asset),
    Breach(TooExpensive, _too_much_imported),
)
# These two cannot be broken together: one spoils what the other needs, or names a packet that it lets pass.
CONTRADICTIONS = {
    (_over_u64, _old_nonce),  # a nonce is not both
    (_blocked, _old_nonce),  # a lower nonce than the one held back is not blocked
    (_lamport_behind, _clock_jump),  # of one command
    (_revoked, _kicked),  # both would open the owner's one session
    (_revoked, _clock_exhausted),  # nobody can revoke any more either
    (_kicked, _clock_exhausted),
    (_equivocation, _full),  # another type is other content as well, and tested beside it
    (_unknown_version, _full),  # the create is of a known version
    (_bad_payload, _full),  # the create's payload is good
}


def _pairs() -> list[tuple[Breach, Breach]]:
    return [
        (first, second)
        for at, first in enumerate(BREACHES)
        for second in BREACHES[at + 1 :]
        if (first.spoil, second.spoil) not in CONTRADICTIONS
    ]


def _name(value: Breach | tuple[Breach, Breach]) -> str:
    if isinstance(value, Breach):
        return value.spoil.__name__.strip("_")
    return " before ".join(breach.spoil.__name__.strip("_") for breach in value)


def test_an_attempt_that_breaks_nothing_is_admitted() -> None:
    Attempt().admit()


@pytest.mark.parametrize("breach", BREACHES, ids=_name)
def test_cmd_10_each_broken_rule_is_refused(breach: Breach) -> None:
    attempt = Attempt()
    breach.spoil(attempt)
    before = attempt.room.log.head_seq
    with pytest.raises(Refused) as caught:
        attempt.admit()
    assert type(caught.value) is breach.refusal
    assert attempt.room.log.head_seq == before


@pytest.mark.parametrize("breach", [None, *BREACHES], ids=lambda each: _name(each) if each else "none")
def test_cmd_10_the_check_of_what_fits_changes_no_verdict(
    breach: Breach | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts: list[tuple[type[Refused], str] | None] = []
    for _ in range(2):
        attempt = Attempt()
        if breach is not None:
            breach.spoil(attempt)
        try:
            attempt.admit()
            verdicts.append(None)
        except Refused as refusal:
            verdicts.append((type(refusal), str(refusal)))
        monkeypatch.setattr(CommandLog, "fits", lambda *_: False)
    assert verdicts[0] == verdicts[1]
    assert (verdicts[0] is None) is (breach is None)


def test_cmd_10_a_packet_that_breaks_nothing_fits_and_what_later_checks_would_refuse_does_not() -> None:
    def fits(*spoils: Callable[[Attempt], None]) -> bool:
        attempt = Attempt()
        for spoil in spoils:
            spoil(attempt)
        body = attempt.room.log.registry.parse(encode_body(attempt.timestamp_ms, attempt.commands))
        packet = Spoken(attempt.speaker.domain, attempt.nonce, attempt.seen, attempt.chain, b"", ANNA).sign()
        return attempt.room.log.fits(attempt.speaker.record.actor, packet, body)

    bound = (_past_head, _wrong_chain, _unknown_branch, _equivocation)
    timed = (_stale, _clock_exhausted, _seen_behind, _lamport_behind, _clock_jump)
    assert fits()
    assert not any(fits(spoil) for spoil in bound + timed)


@pytest.mark.parametrize("pair", _pairs(), ids=_name)
def test_cmd_10_of_two_broken_rules_the_earlier_decides(pair: tuple[Breach, Breach]) -> None:
    attempt = Attempt()
    for breach in reversed(pair):
        breach.spoil(attempt)
    with pytest.raises(Refused) as caught:
        attempt.admit()
    assert type(caught.value) is pair[0].refusal


def test_cmd_10_every_refusal_says_whether_it_closes_and_whether_to_retry() -> None:
    closing = {
        "PacketTooLarge": 4413,
        "BadSignature": 4402,
        "WrongChain": 4414,
        "Equivocation": 4415,
        "UnknownCommand": 4422,
        "BadPayload": 4423,
        "Revoked": 4405,
        "Kicked": 4407,
    }
    declared = [each for each in vars(refusals).values() if isinstance(each, type) and issubclass(each, Refused)]
    kinds = {each.__name__: each for each in declared if each is not Refused}
    assert {name: each.close_code for name, each in kinds.items() if each.close_code} == closing
    assert {name for name, each in kinds.items() if each.retryable} == {"RateLimited", "Blocked", "ReadOnly"}
    assert {breach.refusal.__name__ for breach in BREACHES} == set(kinds)


def test_cmd_10_an_exact_resend_is_acknowledged_whatever_has_changed_since() -> None:
    attempt = Attempt()
    room, speaker = attempt.room, attempt.speaker
    _read_only(attempt)
    _behind(attempt)
    for _ in range(limits.COMMAND_BURST_MAX + 1):
        admitted = room.admission.admit(later(1e6), speaker.record, "viewer", attempt.first)
        assert admitted == (3, None)
    assert room.log.head_seq == 3
