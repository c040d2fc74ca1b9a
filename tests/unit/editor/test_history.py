import pytest

from tests.unit.editor.scenes import (
    BLUE,
    RED,
    Delete,
    ExtrudeFace,
    Paint,
    Person,
    Rename,
    Scene,
    cube,
    face_of,
    off,
    place,
)
from theta.base.errors import NothingToUndo
from theta.base.limits import GESTURES_PER_COMMAND_MAX
from theta.editor.history import describe

ANNA, BEN = b"a" * 32, b"b" * 32


def test_cmd_39_undo_and_redo_walk_the_authors_own_gestures() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    states = [scene.shown()]
    steps = [anna.do(Paint(entity, RED)), anna.do(place(entity)), anna.do(ExtrudeFace(entity, face_of(made), 0.5))]
    ben.do(cube("ben's"))
    for step in reversed(steps):
        assert anna.undo() == (step.gesture,)
    assert scene.shown() == {**states[0], **{key: value for key, value in scene.shown().items() if key != entity}}
    for step in steps:
        assert anna.redo() == (step.gesture,)
    with pytest.raises(NothingToUndo, match="left to redo"):
        anna.redo()
    assert anna.undo() == (steps[-1].gesture,), "what was redone is undone again"


def test_cmd_39_who_did_nothing_has_nothing_to_undo() -> None:
    scene = Scene()
    stranger = Person(scene, BEN, 2)
    for press in (stranger.undo, stranger.redo):
        with pytest.raises(NothingToUndo):
            press()
    anna = Person(scene, ANNA)
    anna.create()
    anna.undo()
    with pytest.raises(NothingToUndo, match="left to undo"):
        anna.undo()


def test_cmd_39_a_gesture_is_one_step() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    painted = anna.do(Paint(entity, RED))
    anna.do(Rename(entity, "red"), gesture=painted.name.number)
    anna.do(Paint(entity, BLUE), gesture=painted.name.number)
    assert anna.undo() == (painted.gesture,)
    assert anna.undo() == (made.gesture,)


def test_cmd_39_a_new_edit_clears_its_own_authors_redo_only() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, _ = anna.create()
    anna.do(Paint(entity, RED))
    ben.do(Rename(entity, "b"))
    ben.undo()
    anna.undo()
    anna.do(place(entity))
    with pytest.raises(NothingToUndo):
        anna.redo()
    ben.redo()


def test_cmd_39_what_came_to_nothing_is_skipped_and_comes_back_with_redo() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    kept, made = anna.create("kept")
    gone, _ = ben.create("gone")
    first, second = anna.do(Paint(gone, RED)), anna.do(place(gone))
    ben.undo()
    before = scene.shown()
    assert scene.history.next_undo(ANNA) == (made.gesture, first.gesture, second.gesture)
    assert scene.history.label(ANNA, scene.history.next_undo(ANNA)) == "create primitive"
    anna.undo()
    assert kept not in scene.shown()
    assert anna.redo() == (made.gesture, first.gesture, second.gesture)
    assert scene.shown() == before
    ben.redo()
    assert scene.history.next_undo(ANNA) == (second.gesture,)


def test_cmd_39_more_than_fits_one_command_is_skipped_over_all_the_same() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    _, made = anna.create("kept")
    gone, _ = ben.create("gone")
    dead = [anna.do(place(gone)) for _ in range(GESTURES_PER_COMMAND_MAX + 5)]
    ben.undo()
    step = scene.history.next_undo(ANNA)
    assert len(step) == GESTURES_PER_COMMAND_MAX
    assert step[:2] == (made.gesture, dead[0].gesture)
    operation = off(*step)
    operation.check()
    anna.do(operation)
    with pytest.raises(NothingToUndo):
        anna.undo()
    assert anna.redo() == step
    assert len(scene.shown()) == 1


def test_cmd_39_what_another_deleted_is_still_undone_in_turn() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    ben.do(Delete(entity))
    assert anna.undo() == (painted.gesture,)
    assert scene.shown() == {}
    ben.undo()
    material = scene.unit(entity).material
    assert material is not None
    assert material.colour != RED


def test_cmd_39_both_of_an_authors_actors_share_the_stacks_in_fold_order() -> None:
    scene = Scene()
    desk, tablet = Person(scene, ANNA, 1), Person(scene, ANNA, 2)
    entity, _ = desk.create()
    late = desk.do(Paint(entity, RED), lamport=20)
    early = tablet.do(Paint(entity, BLUE), lamport=10)
    assert scene.history.next_undo(ANNA) == (late.gesture,)
    tablet.undo()
    assert desk.undo() == (early.gesture,)
    assert tablet.redo() == (early.gesture,)


def test_cmd_39_an_undo_that_arrives_late_counts_in_its_place() -> None:
    scene = Scene()
    desk, tablet = Person(scene, ANNA, 1), Person(scene, ANNA, 2)
    entity, made = desk.create()
    painted = desk.do(Paint(entity, RED))
    undone = tablet.make(off(painted.gesture), lamport=5)
    renamed = desk.do(Rename(entity, "later"), lamport=9)
    scene.add([undone])
    with pytest.raises(NothingToUndo):
        scene.history.next_redo(ANNA)
    assert desk.undo() == (renamed.gesture,)
    assert desk.undo() == (made.gesture,)


def test_steps_have_labels() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    painted = anna.do(Paint(entity, RED), lamport=9)
    anna.do(Rename(entity, "n"), lamport=8, gesture=painted.name.number)
    assert [describe(each) for each in scene.commands] == ["create primitive", "paint", "rename"]
    assert scene.history.label(ANNA, (painted.gesture,)) == "rename", "the first in order, not in arrival"
    assert scene.history.label(ANNA, (made.gesture, painted.gesture)) == "create primitive"
    assert scene.history.label(BEN, (made.gesture,)) == "nothing"


def test_cmd_39_going_on_with_a_gesture_that_was_undone_leaves_both_stacks_as_they_are() -> None:
    scene = Scene()
    anna = Person(scene, ANNA)
    entity, made = anna.create()
    painted = anna.do(Paint(entity, RED))
    anna.undo()
    before = scene.shown()
    anna.do(Paint(entity, BLUE), gesture=painted.name.number)
    assert scene.shown() == before, "the gesture is off"
    assert anna.undo() == (made.gesture,), "not the gesture that is off already, which redo would bring back as well"
    assert anna.redo() == (made.gesture,)
    assert scene.shown() == before
    assert anna.redo() == (painted.gesture,), "all of it comes back"
    assert anna.undo() == (painted.gesture,)
