"""Documents of branches, by what the log's governance says that each holds."""

from collections.abc import Iterable

import pytest

from tests.property.command_world import CommandWorld, Line, Participant, Place, Shape
from tests.unit.editor.scenes import BLUE, RED, Paint, Rename, cube, face_of, place
from theta.base.errors import NothingToUndo
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.commands import governing
from theta.commands.log import Command
from theta.editor.fold import entity_of
from theta.editor.mesh_operations import ExtrudeFaceV2, MoveVerticesV2
from theta.editor.unit import APPLIED
from theta.editor.vocabulary import SetEffectiveV2
from theta.wire.messages import GestureName


class Fork:
    """Anna's cube on the main branch, and a branch of hers that Ben works on while she stays."""

    def __init__(self) -> None:
        self.world = CommandWorld(2)
        self.anna, self.ben = self.world.people
        self.made = self.say(self.anna, cube())
        self.entity = entity_of(self.made)
        self.before = self.say(self.ben, Rename(self.entity, "before"))
        head = self.world.place.log.head_seq
        self.say(self.anna, governing.CreateBranch("idea", MAIN_BRANCH, head))
        self.idea = next(each for each in self.world.place.log.governance.branches if each != MAIN_BRANCH)
        self.ben.branch = self.idea
        self.world.catch_up(self.ben)

    def say(self, who: Participant, operation: object) -> Command:
        """Somebody who has the whole log does something."""
        self.world.catch_up(who)
        who.perform(operation)  # type: ignore[arg-type]
        self.world.exchange(who)
        return self.world.place.commands[-1]

    def merge(self, who: Participant, source: bytes, strategy: str = "", dropped: Iterable[CommandName] = ()) -> None:
        """Somebody brings a branch as it is now into its own."""
        head = self.world.place.log.head_seq
        names = [GestureName(*each) for each in dropped]
        self.say(who, governing.MergeBranch(source, head, strategy, names))  # type: ignore[arg-type]

    def line(self, branch: bytes) -> Line:
        """A branch's document, folded from nothing."""
        return Place(self.world.stored).line(branch)

    def shape(self, branch: bytes) -> Shape:
        """What it is."""
        return self.line(branch).shape()


@pytest.fixture
def fork() -> Fork:
    return Fork()


def test_cmd_103_a_branch_begins_with_what_its_parent_held_and_goes_on_by_itself(fork: Fork) -> None:
    assert fork.shape(fork.idea) == fork.shape(MAIN_BRANCH)
    painted = fork.say(fork.ben, Paint(fork.entity, BLUE))
    fork.say(fork.anna, place(fork.entity, 3.0))
    main, idea = fork.line(MAIN_BRANCH).fold.unit(fork.entity), fork.line(fork.idea).fold.unit(fork.entity)
    assert main is not None
    assert idea is not None
    assert (main.material == idea.material, main.transform == idea.transform) == (False, False)
    assert fork.line(MAIN_BRANCH).fold.outcome(painted.name) is None
    assert fork.line(fork.idea).fold.outcome(painted.name) == APPLIED


def test_cmd_103_a_fork_in_the_past_does_not_hold_what_came_after(fork: Fork) -> None:
    fork.say(fork.anna, governing.CreateBranch("early", MAIN_BRANCH, fork.made.seq))
    early = next(each.id for each in fork.world.place.log.governance.branches.values() if each.name == "early")
    line = fork.line(early)
    assert line.fold.outcome(fork.made.name) == APPLIED
    assert line.fold.outcome(fork.before.name) is None


def both_merged(fork: Fork) -> tuple[Shape, Shape]:
    """The main branch with the idea merged into it, and the idea with the main branch merged into it."""
    other = Fork()
    for each in (fork, other):
        top = face_of(each.made)
        vertex = each.anna.line.fold.unit(each.entity)
        assert vertex is not None
        assert vertex.mesh is not None
        first = min(vertex.mesh.vertex_ids())
        step = b"\0" * 16 + b"\0\0\0\0\0\0\xf0\x3f"
        each.say(each.anna, MoveVerticesV2(each.entity, first, step, step))
        each.say(each.ben, MoveVerticesV2(each.entity, first, step[8:] + step[:8], step[8:] + step[:8]))
        each.say(each.anna, Paint(each.entity, RED))
        each.say(each.ben, Paint(each.entity, BLUE))
        each.say(each.ben, ExtrudeFaceV2(each.entity, top, 0.5))
        each.say(each.anna, ExtrudeFaceV2(each.entity, top, 0.25))
    fork.merge(fork.anna, fork.idea, "merge")
    other.merge(other.ben, MAIN_BRANCH, "merge")
    return fork.shape(MAIN_BRANCH), other.shape(other.idea)


def test_cmd_103_merging_a_into_b_and_b_into_a_gives_the_same(fork: Fork) -> None:
    main, idea = both_merged(fork)
    assert (main.hash, main.units) == (idea.hash, idea.units)
    assert main.outcomes == {name: outcome for name, outcome in idea.outcomes.items() if name in main.outcomes}
    assert any(outcome.kind == "merged" for outcome in main.outcomes.values()), "they were concurrent"


def test_cmd_103_merging_twice_is_merging_once(fork: Fork) -> None:
    fork.say(fork.ben, Paint(fork.entity, BLUE))
    fork.merge(fork.anna, fork.idea)
    once = fork.shape(MAIN_BRANCH)
    fork.merge(fork.anna, fork.idea, "reject")
    assert fork.shape(MAIN_BRANCH) == once


def test_cmd_103_merging_what_is_held_changes_nothing(fork: Fork) -> None:
    fork.say(fork.ben, Paint(fork.entity, BLUE))
    before = fork.shape(fork.idea)
    fork.merge(fork.ben, MAIN_BRANCH)
    assert fork.shape(fork.idea) == before


def test_cmd_103_what_a_merge_brought_is_undone_by_its_author_on_either_branch(fork: Fork) -> None:
    painted = fork.say(fork.ben, Paint(fork.entity, BLUE))
    fork.merge(fork.anna, fork.idea)
    fork.ben.branch = MAIN_BRANCH
    fork.world.catch_up(fork.ben)
    undone = fork.ben.line.history.undo_operation(fork.ben.identity.public_key)
    assert undone.gestures == [GestureName(*painted.gesture)]
    fork.say(fork.ben, undone)
    assert fork.line(MAIN_BRANCH).fold.outcome(painted.name) != APPLIED
    assert fork.line(fork.idea).fold.outcome(painted.name) == APPLIED, "there it was not undone"


def test_cmd_104_what_a_merge_drops_is_left_out_and_stays_so(fork: Fork) -> None:
    painted = fork.say(fork.ben, Paint(fork.entity, BLUE))
    renamed = fork.say(fork.ben, Rename(fork.entity, "ben's"))
    fork.merge(fork.anna, fork.idea, dropped=[painted.gesture])
    line = fork.line(MAIN_BRANCH)
    found = line.fold.outcome(painted.name)
    assert found is not None
    assert (found.kind, found.reason) == ("suspended", "left out by a merge")
    assert line.fold.outcome(renamed.name) == APPLIED
    assert fork.line(fork.idea).fold.outcome(painted.name) == APPLIED
    fork.ben.branch = MAIN_BRANCH
    fork.world.catch_up(fork.ben)
    fork.say(fork.ben, SetEffectiveV2([GestureName(*painted.gesture)], True, []))
    assert fork.line(MAIN_BRANCH).fold.outcome(painted.name) == found
    undo = fork.line(MAIN_BRANCH).history.next_undo(fork.ben.identity.public_key)
    assert painted.gesture not in undo, "it is passed by"


def test_cmd_104_leaving_out_decides_undos_anew(fork: Fork) -> None:
    painted = fork.say(fork.anna, Paint(fork.entity, RED))
    line = fork.world.place.line(MAIN_BRANCH)
    refused = fork.say(fork.anna, SetEffectiveV2([GestureName(*fork.made.gesture)], False, []))
    found = line.fold.outcome(refused.name)
    assert found is not None
    assert found.against == (fork.before.name,)
    change = line.fold.leave_out([fork.before.gesture, CommandName(77, 1)])
    assert line.fold.outcome(refused.name) == APPLIED
    assert line.fold.entities() == []
    assert {each.command.name for each in change.outcomes} == {
        fork.made.name,
        fork.before.name,
        painted.name,
        refused.name,
    }
    with pytest.raises(NothingToUndo):
        line.history.next_undo(fork.ben.identity.public_key)


def test_cmd_103_a_merge_that_brings_an_older_one_is_judged_by_that_ones_strategy(fork: Fork) -> None:
    """Two branches that main brought together by its own rules had been brought together elsewhere before."""
    world = fork.world
    main, idea = world.place.line(MAIN_BRANCH), fork.idea
    fork.say(fork.anna, governing.CreateBranch("third", MAIN_BRANCH, fork.before.seq))
    third = next(each.id for each in world.place.log.governance.branches.values() if each.name == "third")
    red = fork.say(fork.anna, Paint(fork.entity, RED))
    fork.ben.branch = third
    blue = fork.say(fork.ben, Paint(fork.entity, BLUE))
    fork.ben.branch = idea
    fork.merge(fork.ben, MAIN_BRANCH)
    fork.merge(fork.ben, third, "reject")
    fork.merge(fork.anna, third)
    outcomes = {main.fold.outcome(each.name) for each in (red, blue)}
    assert {outcome.kind for outcome in outcomes if outcome is not None} == {"applied"}
    reopened = fork.line(MAIN_BRANCH)
    reopened.reopen(1)
    fork.merge(fork.anna, idea)
    for record in world.stored[reopened.place.log.head_seq :]:
        reopened.place.accept(record)
    assert main.shape() == reopened.shape() == fork.shape(MAIN_BRANCH)
    outcomes = {main.fold.outcome(each.name) for each in (red, blue)}
    assert {outcome.kind for outcome in outcomes if outcome is not None} == {"applied", "rejected"}
