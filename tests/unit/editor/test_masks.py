from tests.unit.editor.scenes import RED, Paint, Person, Rename, Scene, off, on
from theta.base.identifiers import CommandName, Position
from theta.editor.effectiveness import NOTHING_OF_YOURS
from theta.editor.masks import Mask, Masks, OwnedGesture, targets_of
from theta.editor.unit import APPLIED, SUSPENDED

AUTHOR = b"a" * 32
GESTURE = CommandName(1, 5)
OWNED = OwnedGesture(AUTHOR, GESTURE)


def test_cmd_38_the_last_in_order_decides_however_they_arrive() -> None:
    early, middle, late = (
        Mask(Position(lamport, 1, lamport), on, AUTHOR) for lamport, on in ((1, False), (2, True), (3, False))
    )
    masks = Masks()
    assert masks.is_effective(OWNED)
    for mask in (middle, late, early):
        masks.put(OWNED, mask)
    assert not masks.is_effective(OWNED)
    assert [masks.is_effective(OWNED, Position(at, 1, at)) for at in (1, 2, 3, 4)] == [True, False, True, False]
    assert masks.last(OWNED, early.position) is None
    assert masks.last(OWNED, late.position) == middle
    assert dict(masks.at(middle.position)) == {OWNED: middle}
    masks.take_back(OWNED, late)
    assert masks.is_effective(OWNED)
    masks.take_back(OWNED, middle)
    assert masks.last(OWNED) == early
    masks.take_back(OWNED, early)
    assert not masks


def test_cmd_38_a_gesture_named_twice_is_one() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    undone = anna.make(off(painted.gesture, painted.gesture))
    assert targets_of(undone) == [OwnedGesture(AUTHOR, painted.gesture)]
    scene.add([undone])
    assert not scene.fold.is_effective(painted)
    anna.do(on(painted.gesture, painted.gesture))
    assert scene.fold.is_effective(painted)


def test_cmd_38_masked_commands_are_left_out_and_come_back() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    before = scene.shown()
    painted = anna.do(Paint(entity, RED))
    renamed = anna.do(Rename(entity, "red"), gesture=painted.name.number)
    after = scene.shown()
    undone = anna.do(off(painted.gesture))
    assert scene.shown() == before
    assert scene.fold.outcome(painted.name) == scene.fold.outcome(renamed.name) == SUSPENDED
    assert scene.fold.outcome(undone.name) == APPLIED
    assert not scene.fold.is_effective(painted)
    anna.do(on(painted.gesture))
    assert scene.shown() == after
    assert scene.fold.is_effective(painted)
    late = anna.do(Rename(entity, "late"), gesture=painted.name.number)
    anna.do(off(painted.gesture))
    assert scene.fold.outcome(late.name) == SUSPENDED


def test_cmd_38_nobody_masks_anothers_work() -> None:
    scene = Scene()
    anna, ben = Person(scene), Person(scene, b"b" * 32, 2)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    after = scene.shown()
    tried = ben.do(off(painted.gesture))
    assert scene.fold.outcome(tried.name) == NOTHING_OF_YOURS
    assert scene.shown() == after
    mixed = ben.do(Rename(entity, "ben"))
    both = ben.do(off(painted.gesture, mixed.gesture))
    assert scene.fold.outcome(both.name) == APPLIED
    assert scene.shown() == after


def test_cmd_38_the_same_author_elsewhere_may() -> None:
    scene = Scene()
    desk, tablet = Person(scene, actor=1), Person(scene, actor=2)
    entity, _ = desk.create()
    before = scene.shown()
    painted = desk.do(Paint(entity, RED))
    tablet.do(off(painted.gesture))
    assert scene.shown() == before


def test_cmd_38_an_undo_is_never_undone_itself() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    undone = anna.do(off(painted.gesture))
    before = scene.shown()
    tried = anna.do(off(undone.gesture))
    assert scene.fold.outcome(tried.name) == NOTHING_OF_YOURS
    assert scene.shown() == before


def test_cmd_38_a_mask_may_arrive_before_what_it_masks() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    before = scene.shown()
    painted = anna.make(Paint(entity, RED))
    undone = anna.do(off(painted.gesture))
    assert scene.fold.outcome(undone.name) == NOTHING_OF_YOURS
    change, patches = scene.add([painted])
    assert (scene.shown(), patches) == (before, [])
    assert [(each.command, each.before, each.outcome) for each in change.outcomes] == [
        (painted, None, SUSPENDED),
        (undone, NOTHING_OF_YOURS, APPLIED),
    ]
