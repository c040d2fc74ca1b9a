from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands.rooms import ANNA, BEN, OWNER, RENAME, Room, later, packet_record
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.base.limits import (
    BRANCHES_MAX,
    COMMAND_BURST_MAX,
    COMMANDS_PER_SECOND,
    MERGE_COMMANDS_MAX,
    MERGE_COMMANDS_PER_TOKEN,
)
from theta.commands.branches import Branch, Branches, CommandCount, Strategy
from theta.commands.governance import branch_id
from theta.commands.governing import CreateBranch, MergeBranch, SetCascade
from theta.commands.records import RecordKind, encode
from theta.commands.refusals import BadSignature, NotAllowed, RateLimited, TooExpensive, UnknownBranch
from theta.wire.messages import GestureName

X, Y, Z = b"x" * 16, b"y" * 16, b"z" * 16


def forked(seq: int, branch: bytes, parent: bytes = MAIN_BRANCH, fork: int | None = None) -> Branch:
    """A branch that is made at record `seq`, from what its parent held at the record before."""
    return Branch(branch, branch.hex(), parent, seq - 1 if fork is None else fork, b"a" * 32, seq)


class Anywhere:
    """A room with Anna, who makes branches and goes from one to another."""

    def __init__(self) -> None:
        self.room = Room()
        self.anna = self.room.join()
        self.governance = self.room.log.governance

    def branch(self, name: str, parent: bytes = MAIN_BRANCH, fork: int | None = None) -> bytes:
        """Make a branch at the head, or where it is said."""
        at = self.room.log.head_seq if fork is None else fork
        return branch_id(self.anna.do(CreateBranch(name, parent, at)))

    def merge(self, into: bytes, source: bytes, *dropped: CommandName, strategy: str = "") -> CommandName:
        """Merge all of `source` into a branch."""
        self.anna.branch = into
        gestures = [GestureName(*each) for each in dropped]
        return self.anna.do(MergeBranch(source, self.room.log.head_seq, strategy, gestures))  # type: ignore[arg-type]

    def edit(self, branch: bytes) -> int:
        """Make a record of an edit on a branch."""
        self.anna.branch = branch
        self.anna.do(RENAME)
        return self.room.log.head_seq


def test_cmd_65_a_branch_begins_with_what_its_parent_held() -> None:
    there = Anywhere()
    there.edit(MAIN_BRANCH)
    fork = there.edit(MAIN_BRANCH)
    attic = there.branch("attic", fork=fork)
    made = there.room.log.head_seq
    assert there.governance.branches[attic] == Branch(attic, "attic", MAIN_BRANCH, fork, ANNA.public_key, made)
    assert there.governance.vector(attic, made) == {MAIN_BRANCH: fork, attic: made}
    unseen = there.edit(MAIN_BRANCH)
    own = there.edit(attic)
    assert there.governance.vector(attic, own) == {MAIN_BRANCH: fork, attic: own}
    assert there.governance.vector(MAIN_BRANCH, own) == {MAIN_BRANCH: own}
    assert there.governance.holds(attic, own, MAIN_BRANCH, fork)
    assert not there.governance.holds(attic, own, MAIN_BRANCH, unseen)
    assert there.governance.holds(attic, own, attic, own)
    assert not there.governance.holds(attic, own - 1, attic, own)
    assert not there.governance.holds(MAIN_BRANCH, own, attic, own)


def test_cmd_65_before_it_began_a_branch_holds_what_it_was_to_begin_with() -> None:
    lines = Branches()
    lines.create(forked(10, X, fork=7))
    assert lines.vector(X, 9) == {MAIN_BRANCH: 7}
    assert lines.vector(X, 5) == {MAIN_BRANCH: 5}
    assert lines.holds(X, 9, MAIN_BRANCH, 7)
    assert not lines.holds(X, 9, X, 9)
    assert not lines.holds(b"?" * 16, 9, MAIN_BRANCH, 1)


def test_cmd_65_a_branch_of_a_branch_holds_what_that_one_held_at_the_fork() -> None:
    lines = Branches()
    lines.create(forked(10, X, fork=7))
    lines.create(forked(20, Y, X, 15))
    lines.create(forked(21, Z, X, 8))
    assert lines.vector(Y, 30) == {MAIN_BRANCH: 7, X: 15, Y: 30}
    assert lines.vector(Z, 30) == {MAIN_BRANCH: 7, Z: 30}, "forked before its parent began"


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (CreateBranch("attic", b"?" * 16, 1), "UnknownBranch: there is no such parent"),
        (CreateBranch("attic", MAIN_BRANCH, 99), "fork is 99, but must be at most 3"),
        (CreateBranch("main", MAIN_BRANCH, 1), "there is a branch 'main' already"),
        (CreateBranch("cellar", MAIN_BRANCH, 1), "there is a branch 'cellar' already"),
        (MergeBranch(b"?" * 16, 1, "", []), "UnknownBranch: there is no such source"),
        (MergeBranch(MAIN_BRANCH, 99, "", []), "at is 99, but must be at most 3"),
    ],
)
def test_cmd_65_what_cannot_be_has_no_effect_and_says_why(operation: CreateBranch | MergeBranch, reason: str) -> None:
    there = Anywhere()
    there.branch("cellar")
    before = dict(there.governance.branches)
    name = there.anna.do(operation)
    assert reason in there.governance.outcome(name)
    assert there.governance.branches == before


def test_cmd_65_a_room_has_so_many_branches_and_no_more() -> None:
    there = Anywhere()
    for number in range(1, BRANCHES_MAX - 1):
        there.governance.lines.by_id[number.to_bytes(16, "big")] = forked(3, X)
    assert len(there.governance.branches) == BRANCHES_MAX - 1
    last = there.anna.do(CreateBranch("last", MAIN_BRANCH, 1))
    assert (there.governance.outcome(last), len(there.governance.branches)) == ("", BRANCHES_MAX)
    more = there.anna.do(CreateBranch("one more", MAIN_BRANCH, 1))
    assert f"there are {BRANCHES_MAX} branches already" in there.governance.outcome(more)


def test_cmd_66_a_packet_is_for_one_branch_that_exists() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    there.anna.branch = b"?" * 16
    spoken = there.anna.speak()
    with pytest.raises(UnknownBranch):
        there.room.admit(there.anna, spoken.sign())
    with pytest.raises(StoreCorrupt, match="branch is not in the log"):
        there.room.add(RecordKind.PACKET, encode(packet_record(there.anna, spoken)))
    for_main = spoken._replace(domain=spoken.domain._replace(branch=MAIN_BRANCH)).sign()
    with pytest.raises(BadSignature):
        there.room.admit(there.anna, msgspec.structs.replace(for_main, branch=attic))
    for_attic = spoken._replace(domain=spoken.domain._replace(branch=attic))
    (command,) = there.room.add(RecordKind.PACKET, encode(packet_record(there.anna, for_attic)))
    assert command.branch == attic


def test_cmd_66_governing_counts_on_all_branches_whichever_it_is_sent_to() -> None:
    room = Room()
    owner = room.join(OWNER, b"o" * 16, b"o" * 16)
    owner.branch = branch_id(owner.do(CreateBranch("attic", MAIN_BRANCH, 1)))
    owner.do(SetCascade(False))
    assert not room.log.governance.cascade_allowed(room.log.head_seq)


def test_cmd_67_a_merge_brings_in_what_the_source_held_then() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    first = there.edit(attic)
    there.anna.branch = MAIN_BRANCH
    there.anna.do(MergeBranch(attic, first, "", []))
    merged = there.room.log.head_seq
    second = there.edit(attic)
    assert there.governance.vector(MAIN_BRANCH, second) == {MAIN_BRANCH: second, attic: first}
    assert there.governance.vector(MAIN_BRANCH, merged - 1) == {MAIN_BRANCH: merged - 1}


def contents(there: Anywhere, branch: bytes, commands: list[tuple[int, bytes]]) -> set[int]:
    """Which of these records a branch holds at the head."""
    vector = there.governance.vector(branch, there.room.log.head_seq)
    return {seq for seq, own in commands if seq <= vector.get(own, 0)}


def test_cmd_67_merging_either_way_again_or_an_ancestor_comes_to_the_same() -> None:
    there = Anywhere()
    edits = [(there.edit(MAIN_BRANCH), MAIN_BRANCH)]
    attic = there.branch("attic")
    edits += [(there.edit(attic), attic), (there.edit(MAIN_BRANCH), MAIN_BRANCH)]
    here, other = there.branch("one way"), there.branch("other way", attic)
    for each in (attic, attic):
        there.merge(here, each)
        assert contents(there, here, edits) == {seq for seq, _ in edits}
    there.merge(other, MAIN_BRANCH)
    assert contents(there, other, edits) == contents(there, here, edits)
    ancestor = there.branch("ancestor", fork=edits[0][0])
    before = contents(there, attic, edits)
    there.merge(attic, ancestor)
    assert contents(there, attic, edits) == before == {edits[0][0], edits[1][0]}


def test_cmd_67_dropped_gestures_stay_out_there_and_wherever_that_is_merged() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    there.edit(attic)
    gesture = there.anna.name(there.anna.number)
    there.merge(MAIN_BRANCH, attic, gesture)
    merged = there.room.log.head_seq
    assert there.governance.dropped(MAIN_BRANCH, merged - 1) == set()
    assert there.governance.dropped(MAIN_BRANCH, merged) == {gesture}
    assert there.governance.dropped(attic, merged) == set()
    child = there.branch("child")
    assert there.governance.dropped(child, there.room.log.head_seq) == {gesture}
    there.merge(attic, MAIN_BRANCH)
    assert there.governance.dropped(attic, there.room.log.head_seq) == {gesture}


def test_cmd_67_only_an_admin_leaves_out_what_others_made() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    ben = there.room.join(BEN, b"j" * 16, b"t" * 16)
    gesture = CommandName(ben.record.actor, 1)
    ben.do(RENAME)
    refused = there.merge(MAIN_BRANCH, attic, gesture)
    assert there.governance.outcome(refused).startswith("NotAllowed")
    assert there.governance.dropped(MAIN_BRANCH, there.room.log.head_seq) == set()
    owner = there.room.join(OWNER, b"k" * 16, b"u" * 16, role="admin")
    merged = owner.do(MergeBranch(attic, there.room.log.head_seq, "", [GestureName(*gesture)]))
    assert there.governance.outcome(merged) == ""
    assert there.governance.dropped(MAIN_BRANCH, there.room.log.head_seq) == {gesture}


def test_cmd_67_the_first_merge_that_brings_two_together_says_how() -> None:
    there = Anywhere()
    attic, cellar = there.branch("attic"), there.branch("cellar")
    strategy = there.governance.merge_strategy
    mine, hers, main = there.edit(attic), there.edit(cellar), there.edit(MAIN_BRANCH)
    assert strategy(MAIN_BRANCH, attic, mine, MAIN_BRANCH, main) is None
    there.merge(MAIN_BRANCH, attic, strategy="reject")
    assert strategy(MAIN_BRANCH, attic, mine, MAIN_BRANCH, main) == Strategy.REJECT
    assert strategy(MAIN_BRANCH, MAIN_BRANCH, main, attic, mine) == Strategy.REJECT
    assert strategy(MAIN_BRANCH, attic, mine, cellar, hers) is None
    assert strategy(attic, attic, mine, MAIN_BRANCH, main) is None, "nothing was merged there"
    later = there.edit(attic)
    there.merge(MAIN_BRANCH, attic, strategy="merge")
    assert strategy(MAIN_BRANCH, attic, mine, MAIN_BRANCH, main) == Strategy.REJECT, "the first counts"
    assert strategy(MAIN_BRANCH, attic, later, MAIN_BRANCH, main) == Strategy.MERGE, "the second brought it"
    there.merge(MAIN_BRANCH, cellar, strategy="")
    assert strategy(MAIN_BRANCH, cellar, hers, MAIN_BRANCH, main) is None, "it left that to the policies"
    last = there.edit(cellar)
    there.merge(MAIN_BRANCH, cellar, strategy="merge")
    assert strategy(MAIN_BRANCH, cellar, hers, attic, mine) is None
    assert strategy(MAIN_BRANCH, cellar, last, attic, mine) == Strategy.MERGE
    there.merge(attic, MAIN_BRANCH, strategy="last-writer-wins")
    assert strategy(attic, attic, mine, MAIN_BRANCH, main) == Strategy.REJECT, "that merge came along"


def test_cmd_67_who_follows_main_and_comes_back_later_says_how_then() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    early = there.edit(MAIN_BRANCH)
    there.merge(attic, MAIN_BRANCH, strategy="")
    mine, main = there.edit(attic), there.edit(MAIN_BRANCH)
    there.merge(MAIN_BRANCH, attic, strategy="merge")
    strategy = there.governance.merge_strategy
    assert strategy(MAIN_BRANCH, attic, mine, MAIN_BRANCH, main) == Strategy.MERGE
    assert strategy(MAIN_BRANCH, attic, mine, MAIN_BRANCH, early) is None, "that was there when it was made"


def test_cmd_67_who_may_edit_may_branch_and_merge() -> None:
    room = Room()
    viewer = room.join(role="viewer")
    with pytest.raises(NotAllowed):
        viewer.do(CreateBranch("attic", MAIN_BRANCH, 1))
    with pytest.raises(NotAllowed):
        viewer.do(MergeBranch(MAIN_BRANCH, 1, "", []))


def test_cmd_68_a_merge_costs_by_what_it_replays() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    size = there.governance.lines.merge_size
    assert size(MAIN_BRANCH, there.room.log.head_seq, attic, there.room.log.head_seq) <= 1
    lines = there.governance.lines
    lines.add_commands(attic, there.room.log.head_seq, 40 * MERGE_COMMANDS_PER_TOKEN)
    assert size(MAIN_BRANCH, there.room.log.head_seq, attic, there.room.log.head_seq) >= 40 * MERGE_COMMANDS_PER_TOKEN
    there.merge(MAIN_BRANCH, attic)
    left = COMMAND_BURST_MAX - 2 - 40
    with pytest.raises(RateLimited) as caught:
        there.anna.do(*[RENAME] * (left + 1))
    assert caught.value.retry_after_seconds == pytest.approx(1 / COMMANDS_PER_SECOND)


def test_cmd_68_a_merge_costs_at_most_a_full_bucket_and_is_refused_when_too_large() -> None:
    there = Anywhere()
    attic = there.branch("attic")
    there.governance.lines.add_commands(attic, there.room.log.head_seq, MERGE_COMMANDS_MAX - 1)
    there.anna.branch = MAIN_BRANCH
    merge = MergeBranch(attic, there.room.log.head_seq, "", [])
    there.room.admit(there.anna, there.anna.packet(merge), later(100))
    assert there.governance.outcome(there.anna.name(there.anna.number)) == ""
    there.governance.lines.add_commands(attic, there.room.log.head_seq, 2 * MERGE_COMMANDS_PER_TOKEN)
    there.governance.lines.create(forked(there.room.log.head_seq, X, fork=1))
    there.anna.branch = X
    with pytest.raises(TooExpensive, match=f"at most {MERGE_COMMANDS_MAX}"):
        there.room.admit(there.anna, there.anna.packet(MergeBranch(attic, there.room.log.head_seq, "", [])), later(200))


def test_cmd_68_commands_are_counted_to_a_tokens_worth() -> None:
    count = CommandCount()
    for seq in range(1, 101):
        count.add(seq, 100)
    assert count.between(0, 100) == 10_000
    for after, until in ((0, 50), (13, 57), (99, 100), (40, 41)):
        exact = (until - after) * 100
        assert exact <= count.between(after, until) <= exact + 2 * MERGE_COMMANDS_PER_TOKEN
    assert count.between(50, 50) == count.between(60, 50) == 0


class Step(NamedTuple):
    """One thing that happens to branches: a branch made from, or merged into, another."""

    merges: bool
    target: int
    source: int
    back: int


STEPS = st.lists(
    st.builds(Step, st.booleans(), st.integers(0, 5), st.integers(0, 5), st.integers(0, 10)), min_size=1, max_size=25
)


@given(STEPS)
def test_cmd_67_vectors_are_what_sets_of_records_would_be(steps: list[Step]) -> None:
    """Each branch as the plain set of (branch, seq) that it holds, kept at every record, against the vectors."""
    lines, names = Branches(), [MAIN_BRANCH]
    own: dict[bytes, list[tuple[bytes, int]]] = {MAIN_BRANCH: []}
    history: list[dict[bytes, frozenset[tuple[bytes, int]]]] = [{MAIN_BRANCH: frozenset()}]
    seq = 0
    for step in steps:
        seq += 1
        held = dict(history[-1])
        source, at = names[step.source % len(names)], max(0, seq - 1 - step.back)
        before = history[at].get(source)
        if step.merges and before is not None:
            target = names[step.target % len(names)]
            lines.merge(target, seq, source, at, None, frozenset())
            held[target] |= before
        elif not step.merges and before is not None:
            made = len(names).to_bytes(16, "big")
            lines.create(Branch(made, "", source, at, b"", seq))
            names.append(made)
            held[made], own[made] = before, []
        history.append(held)
        seq += 1
        writer = names[step.target % len(names)]
        own[writer].append((writer, seq))
        history.append({**history[-1], writer: history[-1][writer] | {(writer, seq)}})
    everything = [each for some in own.values() for each in some]
    for at, held in enumerate(history):
        for branch, expected in held.items():
            found = {each for each in everything if lines.holds(branch, at, *each)}
            assert found == expected
            vector = lines.vector(branch, at)
            assert {each for each in everything if each[1] <= vector.get(each[0], 0)} == expected
