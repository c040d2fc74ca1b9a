"""Undo and merges that cross each other: the same document on whichever side they are looked at (CMD-103)."""

import pytest

from tests.unit.editor.scenes import BLUE, RED, Paint, face_of, side_of
from tests.unit.editor.test_branch_documents import Fork
from theta.base.identifiers import MAIN_BRANCH
from theta.commands import governing
from theta.commands.log import Command
from theta.editor.mesh_operations import DeleteElements, ExtrudeFaceV2, MoveVerticesV2
from theta.editor.unit import Outcome
from theta.editor.vocabulary import SetEffectiveV2
from theta.wire.messages import GestureName

STEP = b"\0" * 16 + b"\0\0\0\0\0\0\xf0\x3f"


def off(*commands: Command) -> SetEffectiveV2:
    """Undo their gestures."""
    return SetEffectiveV2([GestureName(*each.gesture) for each in commands], False, [])


def outcome(fork: Fork, branch: bytes, command: Command) -> Outcome:
    """What became of a command on a branch."""
    found = fork.line(branch).fold.outcome(command.name)
    assert found is not None
    return found


def merged_both_ways(fork: Fork, first: str = "", second: str = "") -> None:
    """All of each branch comes into the other, and both are the same then, fed as it came or folded anew."""
    fork.merge(fork.anna, fork.idea, first)
    fork.merge(fork.ben, MAIN_BRANCH, second)
    fork.world.catch_up(fork.anna)
    fork.merge(fork.anna, fork.idea)
    main, idea = fork.shape(MAIN_BRANCH), fork.shape(fork.idea)
    assert (main.hash, main.units, main.outcomes) == (idea.hash, idea.units, idea.outcomes)
    for who, shape in ((fork.anna, main), (fork.ben, idea)):
        fork.world.catch_up(who)
        assert who.line.shape() == shape


class BeforeTheFork(Fork):
    """A fork in a room where Anna pulled out a face before it."""

    def __init__(self) -> None:
        super().__init__()
        self.pulled = self.say(self.anna, ExtrudeFaceV2(self.entity, face_of(self.made), 0.5))
        self.say(self.anna, governing.CreateBranch("late", MAIN_BRANCH, self.world.place.log.head_seq))
        branches = self.world.place.log.governance.branches.values()
        self.idea = next(each.id for each in branches if each.name == "late")
        self.ben.branch = self.idea
        self.world.catch_up(self.ben)
        mesh = self.line(MAIN_BRANCH).fold.unit(self.entity)
        assert mesh is not None
        assert mesh.mesh is not None
        top = face_of(self.made)
        edge = Fork().line(MAIN_BRANCH).fold.unit(self.entity).mesh.face_edges(top)[0]  # type: ignore[union-attr]
        self.side = side_of(self.pulled, top, edge)


def test_cmd_97_an_undo_on_a_branch_is_refused_once_a_merge_brings_what_others_built_before_it() -> None:
    fork = BeforeTheFork()
    fork.ben.branch = MAIN_BRANCH
    built = fork.say(fork.ben, ExtrudeFaceV2(fork.entity, fork.side, 0.25))
    fork.anna.branch = fork.idea
    undone = fork.say(fork.anna, off(fork.pulled))
    assert outcome(fork, fork.idea, undone).kind == "applied"
    assert outcome(fork, MAIN_BRANCH, built).kind == "applied"
    fork.anna.branch, fork.ben.branch = MAIN_BRANCH, fork.idea
    merged_both_ways(fork)
    for branch in (MAIN_BRANCH, fork.idea):
        assert outcome(fork, branch, undone).against == (built.name,)
        assert outcome(fork, branch, built).kind == "applied"


def test_cmd_97_what_others_build_after_an_undo_on_another_branch_comes_to_nothing_with_the_merge() -> None:
    fork = BeforeTheFork()
    fork.anna.branch = fork.idea
    undone = fork.say(fork.anna, off(fork.pulled))
    fork.ben.branch = MAIN_BRANCH
    built = fork.say(fork.ben, ExtrudeFaceV2(fork.entity, fork.side, 0.25))
    assert outcome(fork, MAIN_BRANCH, built).kind == "applied"
    fork.anna.branch, fork.ben.branch = MAIN_BRANCH, fork.idea
    merged_both_ways(fork)
    assert outcome(fork, MAIN_BRANCH, undone).kind == "applied"
    assert outcome(fork, MAIN_BRANCH, built).kind == "no-op"


@pytest.mark.parametrize("first", ["", "merge", "reject", "last-writer-wins"])
@pytest.mark.parametrize("second", ["", "merge", "reject"])
def test_cmd_103_merges_that_cross_each_other_come_to_one_document(first: str, second: str) -> None:
    fork = Fork()
    vertex = min(fork.line(MAIN_BRANCH).fold.unit(fork.entity).mesh.vertex_ids())  # type: ignore[union-attr]
    fork.say(fork.anna, MoveVerticesV2(fork.entity, vertex, STEP, STEP))
    fork.say(fork.ben, MoveVerticesV2(fork.entity, vertex, STEP[8:] + STEP[:8], STEP[8:] + STEP[:8]))
    painted = fork.say(fork.anna, Paint(fork.entity, RED))
    fork.say(fork.ben, Paint(fork.entity, BLUE))
    fork.say(fork.anna, off(painted))
    # Neither merge holds the other: both are of what the branches held before.
    head = fork.world.place.log.head_seq
    fork.say(fork.anna, governing.MergeBranch(fork.idea, head, first, []))  # type: ignore[arg-type]
    fork.say(fork.ben, governing.MergeBranch(MAIN_BRANCH, head, second, []))  # type: ignore[arg-type]
    fork.say(fork.anna, DeleteElements(fork.entity, b"", b"", face_of(fork.made)))
    fork.say(fork.ben, ExtrudeFaceV2(fork.entity, face_of(fork.made), 0.5))
    merged_both_ways(fork, second, first)


def test_cmd_104_both_sides_leave_out_what_the_other_did() -> None:
    fork = Fork()
    fork.say(fork.anna, governing.SetRole(fork.ben.identity.public_key, "admin"))
    red, blue = fork.say(fork.anna, Paint(fork.entity, RED)), fork.say(fork.ben, Paint(fork.entity, BLUE))
    head = fork.world.place.log.head_seq
    fork.say(fork.anna, governing.MergeBranch(fork.idea, head, "", [GestureName(*blue.gesture)]))
    fork.say(fork.ben, governing.MergeBranch(MAIN_BRANCH, head, "", [GestureName(*red.gesture)]))
    assert outcome(fork, MAIN_BRANCH, red).kind == "applied"
    assert outcome(fork, fork.idea, blue).kind == "applied"
    merged_both_ways(fork)
    assert {outcome(fork, MAIN_BRANCH, each).reason for each in (red, blue)} == {"left out by a merge"}
