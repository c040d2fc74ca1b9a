import msgspec
import pytest

from tests.unit.commands.rooms import (
    ANNA,
    BEN,
    CREATE,
    OWNER,
    RENAME,
    Room,
    Speaker,
    envelope,
    import_of,
    packet_record,
)
from theta.base import limits
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH
from theta.commands import log_index
from theta.commands.admission import Admission
from theta.commands.governance import branch_id
from theta.commands.governing import CreateBranch, Kick, MergeBranch, SetRole, SetStrategy
from theta.commands.log import CommandLog
from theta.commands.log_index import LogIndex
from theta.commands.packets import encode_body
from theta.commands.records import BadRecord, RecordKind, encode
from theta.commands.refusals import (
    Equivocation,
    Kicked,
    LamportBehind,
    NotAllowed,
    Replay,
    SeenBehind,
    Stale,
    WrongChain,
)
from theta.commands.replay_guard import ReplayGuard


class Lived:
    """A room that has been governed, branched and put a frontier into: everything an index has to keep."""

    def __init__(self) -> None:
        self.room = Room()
        self.owner = self.room.join(OWNER, b"o" * 16, b"o" * 16)
        self.anna = self.room.join()
        self.ben = self.room.join(BEN, b"j" * 16, b"t" * 16)
        self.room.faces[b"m" * 32] = 5
        self.first = self.anna.packet(CREATE, RENAME)
        self.room.admit(self.anna, self.first)
        self.owner.do(SetRole(BEN.public_key, "admin"), SetStrategy("*", "merge"))
        self.attic = branch_id(self.anna.do(CreateBranch("attic", MAIN_BRANCH, 4)))
        self.anna.branch = self.attic
        self.anna.do(import_of(b"m" * 32))
        self.anna.branch = MAIN_BRANCH
        self.anna.do(MergeBranch(self.attic, self.room.log.head_seq, "reject", []))
        self.frontier = self.room.advance_frontier(self.room.log.head_seq - 1)
        self.room.add(RecordKind.HEAD, self.room.sign(self.room.head()))
        self.ben.nonce += 3
        self.last = self.ben.packet()
        self.room.admit(self.ben, self.last)
        self.owner.do(Kick(ANNA.public_key, "bye"))

    @property
    def log(self) -> CommandLog:
        """The whole log."""
        return self.room.log

    def reopen(self) -> Room:
        """A room over what the index says, without records."""
        anew = Room()
        anew.log = CommandLog.from_index(self.log.registry, self.log.index_bytes())
        anew.admission = Admission(anew.log, faces_of=self.room.faces.get)
        return anew


def known(log: CommandLog) -> dict[str, object]:
    """All that a log says of itself, from its frontier on."""
    assert log.frontier is not None
    recent = range(log.frontier.seq, log.head_seq + 1)
    governance = log.governance
    return {
        "head": (log.head_seq, log.chain, log.lamport, log.last_head, log.frontier, log.genesis, log.last_packet_seq),
        "sessions": (log.sessions, log.session_seqs, log.authors),
        "counts": (log.command_count, log.created_count, log.named_assets, log.nonce_gaps),
        "recent": [(log.chain_at(seq), log.lamport_at(seq)) for seq in recent],
        "actors": {actor: log.last_of_actor(actor) for actor in log.authors},
        "guards": {each: (log.guard(each).highest, log.guard(each).remembered()) for each in log.sessions},
        "governed": governance.commands,
        "roles": [governance.role_of(each.public_key, log.head_seq) for each in (OWNER, ANNA, BEN)],
        "branches": dict(governance.branches),
        "vectors": [governance.vector(each, log.head_seq) for each in governance.branches],
        "merged": [governance.merges(each) for each in governance.branches],
        "sizes": governance.lines.merge_size(MAIN_BRANCH, log.head_seq, list(governance.branches)[-1], log.head_seq),
    }


def test_log_14_an_index_keeps_all_that_a_log_knows() -> None:
    lived = Lived()
    reopened = lived.reopen().log
    assert known(reopened) == known(lived.log)
    assert (reopened.first_seq, reopened.records, reopened.is_empty) == (lived.log.head_seq + 1, [], False)
    assert reopened.index_bytes() == lived.log.index_bytes()


def test_log_14_both_logs_take_the_same_records_from_there_on() -> None:
    lived = Lived()
    anew = lived.reopen()
    lived.ben.do(CREATE)
    lived.ben.branch = lived.attic
    lived.ben.do(RENAME)
    lived.room.advance_frontier()
    for record in lived.log.records_between(anew.log.head_seq + 1, lived.log.head_seq):
        anew.log.accept(record)
    assert known(anew.log) == known(lived.log)
    assert anew.log.index_bytes() == lived.log.index_bytes()


def test_log_14_admission_goes_on_as_if_nothing_had_been_dropped() -> None:
    lived = Lived()
    anew = lived.reopen()
    ben = Speaker(anew, BEN, lived.ben.record)
    ben.number, ben.nonce = lived.ben.number, lived.ben.nonce
    assert anew.admit(ben, lived.last).record is None, "an exact resend, by its nonce"
    reused = ben.speak(lived.last.body)._replace(nonce=lived.last.nonce, body=ben.body())
    with pytest.raises(Replay):
        anew.admit(ben, reused.sign())
    ben.number = lived.ben.number
    with pytest.raises(Kicked):
        anew.admit(Speaker(anew, ANNA, lived.anna.record), lived.anna.packet())
    old = ben.speak()._replace(seen=2, chain=lived.log.chain_at(2))
    with pytest.raises(Stale):
        anew.admit(ben, old.sign())
    with pytest.raises(WrongChain):
        anew.admit(ben, ben.speak()._replace(seen=lived.frontier.seq, chain=bytes(32)).sign())
    assert anew.admit(ben, ben.speak(lived.ben.body()).sign()).seq == lived.log.head_seq + 1


def test_cmd_12_of_commands_older_than_the_records_it_is_known_that_they_were_admitted() -> None:
    lived = Lived()
    anew = lived.reopen()
    ben = anew.join(BEN, b"j" * 16, b"2" * 16)
    head = anew.log.head_seq
    assert anew.log.find(ben.name(1)) == 0
    assert anew.admit(ben, ben.speak(lived.last.body).sign()) == (head - 1, None)
    assert anew.log.has_content(ben.name(1), b"whatever it is ")
    assert not anew.log.has_content(ben.name(9), b"whatever it is ")
    mixed = encode_body(0, [envelope(RENAME, 1, 100, 1), envelope(RENAME, 9, 101, 9)])
    with pytest.raises(Equivocation, match="command 9 is new, but comes with commands admitted before"):
        anew.admit(ben, ben.speak(mixed).sign())


def test_cmd_12_a_command_that_was_refused_is_not_acknowledged_when_it_comes_again_after_a_restart() -> None:
    room = Room()
    anna = room.join()
    anna.do(RENAME)
    (refused,) = names = [anna.name(anna.number + 1)]
    with pytest.raises(NotAllowed):
        room.admit(anna, anna.packet(SetRole(BEN.public_key, "admin")))
    anna.do(RENAME)
    room.advance_frontier()
    for _ in range(3):
        anna.do(RENAME)
    anew = Room()
    anew.log = CommandLog.from_index(room.log.registry, room.log.index_bytes())
    anew.admission = Admission(anew.log, faces_of=anew.faces.get)
    # The answer was lost with the connection, and the session has expired: it is signed anew under its name.
    back = anew.join(ANNA, b"i" * 16, b"u" * 16)
    for log in (room.log, anew.log):
        assert [log.find(name) for name in names] == [None]
    lamport = anew.log.lamport + 1
    again = encode_body(0, [envelope(RENAME, refused.number, lamport, refused.number)])
    with pytest.raises(LamportBehind, match="command number 2 is not above 6"):
        anew.admit(back, back.speak(again).sign())
    mixed = encode_body(0, [envelope(RENAME, number, lamport + number, number) for number in (1, 2)])
    with pytest.raises(Equivocation, match="command 2 is new"):
        anew.admit(back, back.speak(mixed).sign())
    known = encode_body(0, [envelope(RENAME, 3, lamport, 3)])
    assert anew.admit(back, back.speak(known).sign()).record is None
    # What was forgotten in the same process is no different.
    assert room.log.frontier is not None
    room.log.forget(room.log.frontier.seq)
    assert [room.log.find(anna.name(number)) for number in (1, 2, 3)] == [0, None, 0]


def test_log_14_numbers_that_cannot_be_are_refused() -> None:
    lived = Lived()
    index = index_of(lived.log)
    last = index.lasts[0]
    assert list(log_index.numbers_of(last.ranges)) == [1, last.number]
    for ranges in ([], [1], [1, last.number + 1], [last.number, 1], [3, 2, 4, last.number]):
        spoiled = msgspec.structs.replace(last, ranges=log_index.column(ranges))
        data = log_index.encode_index(msgspec.structs.replace(index, lasts=[spoiled, *index.lasts[1:]]))
        with pytest.raises(BadRecord, match="that cannot be"):
            CommandLog.from_index(lived.log.registry, data)


def test_cmd_75_what_was_seen_is_known_after_a_restart() -> None:
    lived = Lived()
    anew = lived.reopen()
    ben = Speaker(anew, BEN, lived.ben.record)
    ben.number, ben.nonce = lived.ben.number, lived.ben.nonce
    before = lived.log.head_seq - 2
    low = ben.speak()._replace(seen=before - 1, chain=lived.log.chain_at(before - 1))
    for room in (lived.room, anew):
        with pytest.raises(SeenBehind, match=f"it has seen record {before - 1}, and its author had seen {before}"):
            room.admit(ben, low.sign())
    assert anew.admit(ben, ben.speak(low.body)._replace(seen=before, chain=lived.log.chain_at(before)).sign()).record


def test_log_14_forgetting_keeps_what_is_above_the_frontier() -> None:
    lived = Lived()
    before = known(lived.log)
    whole = list(lived.log.records)
    seq = lived.frontier.seq
    for count in (3, 3, seq - 1, seq):
        lived.log.forget(count)
        assert lived.log.first_seq == count + 1
        assert known(lived.log) == before
        assert lived.log.records == whole[count:]
        assert lived.log.records_between(1, seq + 1) == whole[count : seq + 1]
    assert lived.log.find(lived.anna.name(1)) == 0
    assert lived.log.find(lived.ben.name(1)) == len(whole) - 1
    assert not lived.log.knows(seq - 1)
    lived.ben.do(RENAME)
    again = lived.room.advance_frontier()
    lived.log.forget(again.seq)
    assert (lived.log.records[0].kind, lived.log.first_seq) == (RecordKind.FRONTIER, again.seq + 1)
    assert CommandLog.from_index(lived.log.registry, lived.log.index_bytes()).head_seq == lived.log.head_seq


def test_log_14_nothing_above_the_frontier_is_forgotten() -> None:
    lived = Lived()
    with pytest.raises(AssertionError, match="may still be asked for"):
        lived.log.forget(lived.frontier.seq + 1)
    fresh = Room()
    with pytest.raises(AssertionError):
        fresh.log.forget(1)
    with pytest.raises(AssertionError, match="not known here"):
        lived.reopen().log.chain_at(2)
    with pytest.raises(AssertionError, match="not known here"):
        lived.reopen().log.lamport_at(2)


def test_log_14_a_log_without_a_frontier_keeps_every_chain_hash() -> None:
    room = Room()
    anna = room.join()
    anna.do(RENAME)
    anew = CommandLog.from_index(room.log.registry, room.log.index_bytes())
    assert [anew.chain_at(seq) for seq in range(4)] == [room.log.chain_at(seq) for seq in range(4)]
    spoken = anna.speak()._replace(seen=2, chain=room.log.chain_at(2))
    low = anna.speak(encode_body(0, [envelope(RENAME, 9, 1, 9)]))
    record = room.log.next_record(RecordKind.PACKET, encode(packet_record(anna, spoken)))
    with pytest.raises(StoreCorrupt, match="Lamport time"):
        anew.accept(anew.next_record(RecordKind.PACKET, encode(packet_record(anna, low))))
    anew.accept(record)


def index_of(log: CommandLog) -> LogIndex:
    """What the bytes hold."""
    return log_index.decode_index(log.index_bytes())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"index_format": 1}, "format 1; this Theta reads 2"),
        ({"chains": b""}, "lacks chain hashes"),
        ({"lamports": bytes(8)}, "lacks chain hashes or Lamport times"),
        ({"head_seq": 99}, "lacks chain hashes"),
        ({"genesis": b"\x90"}, "not a Signed"),
    ],
)
def test_log_14_what_is_no_index_is_refused(change: dict[str, object], reason: str) -> None:
    lived = Lived()
    data = log_index.encode_index(msgspec.structs.replace(index_of(lived.log), **change))
    with pytest.raises(BadRecord, match=reason):
        CommandLog.from_index(lived.log.registry, data)
    with pytest.raises(BadRecord, match="not a LogIndex"):
        CommandLog.from_index(lived.log.registry, data[:-1])


def test_log_14_damaged_columns_are_refused() -> None:
    used = log_index.nonces_of({b"s" * 16: _guard(3)}, 9)[0]
    for change in ({"nonces": used.nonces[:8]}, {"seqs": used.seqs[:-1]}, {"digests": used.digests[:32]}):
        with pytest.raises(BadRecord):
            log_index.guard_of(msgspec.structs.replace(used, **change))


def _guard(count: int, first_seq: int = 1) -> ReplayGuard:
    guard = ReplayGuard()
    for nonce in range(1, count + 1):
        guard.remember(nonce, nonce.to_bytes(32, "big"), first_seq + nonce)
    return guard


def test_log_14_nonces_of_the_last_records_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_index, "INDEX_NONCE_RECORDS_MAX", 10)
    guards = {bytes((each,)) * 16: _guard(6, each * 5) for each in (9, 2, 5)} | {b"x" * 16: ReplayGuard()}
    kept = log_index.nonces_of(guards, 40)
    assert [each.session[0] for each in kept] == [2, 5, 9]
    assert [log_index.numbers_of(each.seqs) for each in kept] == [[], [31], [46, 47, 48, 49, 50, 51]]
    assert [log_index.guard_of(each).highest for each in kept] == [6, 6, 6]
    assert log_index.guard_of(kept[1]).resent(6, (6).to_bytes(32, "big")) == 31
    assert limits.INDEX_NONCE_RECORDS_MAX >= limits.NONCES_REMEMBERED
