import pytest
from msgspec.structs import replace

from tests.unit.editor.scenes import RED, Paint, Person, Scene
from theta.base.identifiers import MAIN_BRANCH, CommandName, Position
from theta.commands.governance import Governance, Strategy, branch_id
from theta.commands.governing import CreateBranch, MergeBranch, SetCascade, SetPermission, SetRole, SetStrategy
from theta.commands.log import Command
from theta.editor.judging import ALONE, Judge, LogJudge

ANNA, OWNER = b"a" * 32, b"o" * 32
ENTITY = b"e" * 16


class Rules:
    """A governance that takes commands, one a record."""

    def __init__(self) -> None:
        self.governance = Governance()
        self.governance.owner = OWNER
        self.seq = 0

    def take(self, operation: object, branch: bytes = MAIN_BRANCH) -> Command:
        """The owner governs."""
        self.seq += 1
        name = CommandName(9, self.seq)
        position = Position(self.seq, 9, self.seq)
        command = Command(position, name, name, OWNER, self.seq, self.seq - 1, operation, branch)  # type: ignore[arg-type]
        self.governance.take(command)
        return command

    def edit(self, actor: int, seq: int, seen: int, branch: bytes = MAIN_BRANCH) -> Command:
        """Somebody's edit in a record."""
        made = Person(Scene(), ANNA, actor).make(Paint(ENTITY, RED))
        return replace(made, seq=seq, seen=seen, branch=branch)


@pytest.mark.parametrize("judge", [ALONE, LogJudge(Governance(), MAIN_BRANCH)])
def test_cmd_80_one_actors_commands_and_what_was_seen_come_before(judge: Judge) -> None:
    later = Rules().edit(1, seq=10, seen=5)
    assert judge.precedes(1, 9, MAIN_BRANCH, later)
    assert judge.precedes(2, 5, MAIN_BRANCH, later)
    assert not judge.precedes(2, 6, MAIN_BRANCH, later)


def test_cmd_80_from_another_branch_what_the_branch_held_when_it_was_seen_comes_before() -> None:
    rules = Rules()
    rules.take(SetCascade(True))
    idea = branch_id(rules.take(CreateBranch("idea", MAIN_BRANCH, 1)).name)
    judge = LogJudge(rules.governance, MAIN_BRANCH)
    before, after = rules.edit(1, seq=6, seen=2), rules.edit(1, seq=7, seen=5)
    assert judge.precedes(2, 1, MAIN_BRANCH, replace(before, branch=idea))
    assert not judge.precedes(2, 2, MAIN_BRANCH, replace(before, branch=idea))
    rules.seq = 3
    rules.take(MergeBranch(idea, 3, "", []))
    assert not judge.precedes(2, 3, idea, before)
    assert judge.precedes(2, 3, idea, after)


def test_cmd_83_a_merges_own_strategy_goes_before_the_rooms() -> None:
    rules = Rules()
    rules.take(SetStrategy("*", "reject"))
    rules.take(SetStrategy("theta.paint", "merge"))
    ideas = [branch_id(rules.take(CreateBranch(name, MAIN_BRANCH, 1)).name) for name in ("one", "other")]
    rules.seq = 8
    rules.take(MergeBranch(ideas[0], 8, "last-writer-wins", []))
    rules.take(MergeBranch(ideas[1], 9, "", []))
    judge = LogJudge(rules.governance, MAIN_BRANCH)
    later = rules.edit(1, seq=8, seen=2)
    assert judge.strategy(later, MAIN_BRANCH, 3) == Strategy.MERGE
    assert judge.strategy(later, ideas[0], 7) == Strategy.LAST_WRITER_WINS
    assert judge.strategy(later, ideas[0], 9) == Strategy.MERGE, "what the merge did not bring is not its affair"
    assert judge.strategy(later, ideas[1], 7) == Strategy.MERGE, "that merge left it to the room"
    assert judge.strategy(replace(later, seq=1), MAIN_BRANCH, 1) == Strategy.REJECT, "as it was then"
    assert ALONE.strategy(later, MAIN_BRANCH, 3) == Strategy.LAST_WRITER_WINS


def test_cmd_99_what_may_be_done_is_looked_up_as_of_the_record() -> None:
    rules = Rules()
    rules.take(SetRole(ANNA, "editor"))
    rules.take(SetPermission("theta.paint", "admin"))
    rules.take(SetCascade(False))
    judge = LogJudge(rules.governance, MAIN_BRANCH)
    assert [judge.may(ANNA, seq, "theta.paint") for seq in (1, 2)] == [True, False]
    assert [judge.cascade_allowed(seq) for seq in (2, 3)] == [True, False]
    assert ALONE.may(ANNA, 2, "theta.paint")
    assert ALONE.cascade_allowed(3)


def test_cmd_83_a_moment_is_judged_by_the_merges_until_then() -> None:
    rules = Rules()
    rules.take(SetCascade(True))
    attic = branch_id(rules.take(CreateBranch("attic", MAIN_BRANCH, 1)).name)
    rules.seq = 8
    # Main is merged into the attic, which main holds only when the attic is merged into main for the second time.
    rules.take(MergeBranch(attic, 5, "last-writer-wins", []))  # 9
    rules.take(MergeBranch(MAIN_BRANCH, 7, "reject", []), attic)  # 10
    rules.take(MergeBranch(attic, 8, "merge", []))  # 11
    rules.take(MergeBranch(attic, 11, "", []))  # 12
    governance = rules.governance
    then, now = LogJudge(governance, MAIN_BRANCH, 11), LogJudge(governance, MAIN_BRANCH)
    theirs, mine = 8, rules.edit(1, seq=7, seen=3)
    assert now.strategy(mine, attic, theirs) == Strategy.REJECT
    assert then.strategy(mine, attic, theirs) == Strategy.MERGE
    until_then = Rules()
    until_then.take(SetCascade(True))
    until_then.take(CreateBranch("attic", MAIN_BRANCH, 1))
    until_then.seq = 8
    for operation, branch in (
        (MergeBranch(attic, 5, "last-writer-wins", []), MAIN_BRANCH),
        (MergeBranch(MAIN_BRANCH, 7, "reject", []), attic),
        (MergeBranch(attic, 8, "merge", []), MAIN_BRANCH),
    ):
        until_then.take(operation, branch)
    assert LogJudge(until_then.governance, MAIN_BRANCH).strategy(mine, attic, theirs) == Strategy.MERGE, "as it was"
    assert [judge.agreed() for judge in (then, now)] == [LogJudge(until_then.governance, MAIN_BRANCH).agreed(), 0]
