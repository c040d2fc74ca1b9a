"""A fold that began with a base must not go on with verdicts that are no longer those of the whole log (CMD-105)."""

import pytest

from tests.unit.editor.scenes import ASSETS, RED, Paint, Person, Scene
from tests.unit.editor.test_branch_documents import Fork
from tests.unit.editor.test_fold_base import Reopened
from tests.unit.editor.undoing import ANNA, BEN, off2, outcome
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.commands.governing import CreateBranch
from theta.editor.judging import ALONE
from theta.editor.refold import refold_all
from theta.editor.unit_fold import BeyondBase
from theta.editor.vocabulary import SetEffectiveV2
from theta.node.beginning import _holds
from theta.node.drafting import CheckpointHeader
from theta.node.replica import Replica
from theta.wire.messages import GestureName


def test_cmd_105_leaving_out_what_an_old_undo_was_refused_for_begins_anew() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA, 1), Person(scene, BEN, 2)
    entity, made = anna.create()
    painted = ben.do(Paint(entity, RED))
    refused = anna.do(off2([made.gesture]))
    later = ben.do(Paint(entity, (0.0, 1.0, 0.0)))
    assert outcome(scene, refused).against == (painted.name,)
    reopened = Reopened(scene, refused.position.lamport)
    before = reopened.shown()
    with pytest.raises(BeyondBase):
        reopened.fold.leave_out([painted.gesture])
    assert (reopened.shown(), reopened.fold.left_out) == (before, frozenset()), "nothing was changed"
    plain = refold_all(scene.commands, ASSETS, ALONE, [painted.gesture])
    assert plain.outcomes[refused.name].kind == "applied", "which the base knew nothing of"
    reopened.fold.leave_out([later.gesture, CommandName(9, 9)])
    assert outcome(reopened, later).reason == "left out by a merge"


def test_cmd_105_a_merge_that_drops_old_work_decides_old_undos_anew() -> None:
    fork = Fork()
    undone = fork.say(fork.anna, SetEffectiveV2([GestureName(*fork.made.gesture)], False, []))
    fork.say(fork.anna, Paint(fork.entity, RED))
    reopened = fork.line(MAIN_BRANCH)
    reopened.reopen(undone.position.lamport)
    found = reopened.fold.outcome(undone.name)
    assert found is None or found.against == (fork.before.name,)
    fork.merge(fork.anna, fork.idea, dropped=[fork.before.gesture])
    for record in fork.world.stored[reopened.place.log.head_seq :]:
        reopened.place.accept(record)
    assert reopened.shape() == fork.shape(MAIN_BRANCH) == fork.world.place.line(MAIN_BRANCH).shape()
    assert reopened.fold.entities() == []


def test_cmd_103_a_branch_does_not_begin_with_what_was_judged_by_other_merges() -> None:
    fork = Fork()
    fork.say(fork.anna, CreateBranch("third", MAIN_BRANCH, fork.before.seq))
    third = branch_named(fork, "third")
    fork.say(fork.anna, Paint(fork.entity, RED))
    fork.ben.branch = third
    fork.say(fork.ben, Paint(fork.entity, (0.0, 0.0, 1.0)))
    fork.ben.branch = fork.idea
    fork.merge(fork.ben, MAIN_BRANCH)
    fork.merge(fork.ben, third, "reject")
    fork.merge(fork.anna, third)
    folded = fork.world.place.log.head_seq
    header = CheckpointHeader(1, folded, folded, 1, 1, MAIN_BRANCH)
    fork.merge(fork.ben, MAIN_BRANCH)
    fork.say(fork.anna, CreateBranch("later", MAIN_BRANCH, folded))
    log = fork.world.place.log
    begins = {
        branch: _holds(Replica(None, log, branch), header, log.head_seq)
        for branch in (MAIN_BRANCH, fork.idea, third, branch_named(fork, "later"))
    }
    assert begins == {MAIN_BRANCH: True, fork.idea: False, third: False, branch_named(fork, "later"): True}
    assert fork.shape(fork.idea).hash != fork.shape(MAIN_BRANCH).hash, "the same commands, judged otherwise"


def branch_named(fork: Fork, name: str) -> bytes:
    """A branch's id."""
    return next(each.id for each in fork.world.place.log.governance.branches.values() if each.name == name)
