import pytest

from tests.unit.editor.scenes import (
    BLUE,
    RED,
    Delete,
    ExtrudeFace,
    Paint,
    Person,
    Rename,
    cube,
    face_of,
    off,
    on,
    place,
    side_of,
)
from tests.unit.editor.undoing import (
    ANNA,
    BEN,
    EVE,
    House,
    HouseRules,
    off2,
    on2,
    outcome,
    press_redo,
    press_undo,
)
from theta.base.errors import InvalidValue, NothingToUndo
from theta.base.identifiers import CommandName, entity_id
from theta.base.limits import CASCADE_GESTURES_MAX, GESTURES_PER_COMMAND_MAX
from theta.commands.governing import SetCascade
from theta.commands.log import Command
from theta.editor.effectiveness import CASCADE_NOT_ALLOWED, NOTHING_OF_YOURS
from theta.editor.masks import OwnedGesture, owned_gesture
from theta.editor.refold import refold_all
from theta.editor.unit import APPLIED, NOT_THERE, SUSPENDED
from theta.editor.vocabulary import SetEffectiveV2
from theta.wire.messages import GestureName


class Tower:
    """Anna's cube and what she pulled out of its top; Ben pulled on a side of that, and Eve on a side of Ben's."""

    def __init__(self, rules: HouseRules | None = None, *, eve_too: bool = False) -> None:
        self.house = House(rules)
        self.anna = Person(self.house, ANNA, 1)
        self.ben = Person(self.house, BEN, 2)
        self.eve = Person(self.house, EVE, 3)
        self.entity, self.made = self.anna.create()
        self.before = self.house.shown()
        self.pulled = self.anna.do(ExtrudeFace(self.entity, self.top, 0.5))
        self.built = self.ben.do(ExtrudeFace(self.entity, self.side, 0.25))
        if eve_too:
            self.on_top = self.eve.do(ExtrudeFace(self.entity, self._side_of(self.built, side_in(self)), 0.125))

    @property
    def top(self) -> bytes:
        """The cube's top."""
        return face_of(self.made)

    @property
    def side(self) -> bytes:
        """A side of what Anna pulled out."""
        return self._side_of(self.pulled, self.top)

    def _side_of(self, extrusion: Command, face: bytes) -> bytes:
        mesh = self.house.mesh(self.entity)
        faces = set(mesh.face_ids())
        return next(side for edge in mesh.edge_ids() if (side := side_of(extrusion, face, edge)) in faces)

    def check(self) -> None:
        """The plain refold agrees."""
        assert self.house.agrees_with_refold()


def test_cmd_95_an_undo_that_others_work_depends_on_masks_nothing_and_names_it() -> None:
    tower = Tower()
    after = tower.house.shown()
    undone = press_undo(tower.anna)
    found = outcome(tower.house, undone)
    assert (found.kind, found.reason) == ("no-op", "UndoConflict: a command of somebody else builds on it")
    assert found.against == (tower.built.name,)
    assert tower.house.shown() == after
    assert outcome(tower.house, tower.pulled) == outcome(tower.house, tower.built) == APPLIED
    tower.check()


def test_cmd_95_what_is_no_edge_of_the_undone_depends_on_nothing() -> None:
    tower = Tower()
    tower.ben.do(off2([tower.built.gesture]))
    painted = tower.ben.do(Paint(tower.entity, RED))
    assert outcome(tower.house, press_undo(tower.anna)) == APPLIED
    assert outcome(tower.house, tower.pulled) == SUSPENDED
    assert outcome(tower.house, painted) == APPLIED
    tower.check()


def test_cmd_95_ones_own_work_is_no_dependant() -> None:
    tower = Tower()
    tower.ben.do(off2([tower.built.gesture]))
    mine = tower.anna.do(ExtrudeFace(tower.entity, tower.side, 0.25))
    undone = tower.anna.do(off2([tower.pulled.gesture]))
    assert outcome(tower.house, undone) == APPLIED
    assert outcome(tower.house, mine).kind == "no-op"
    tower.check()


def test_cmd_95_version_1_undoes_whatever_depends_on_it() -> None:
    tower = Tower()
    undone = tower.anna.do(off(tower.pulled.gesture))
    assert outcome(tower.house, undone) == APPLIED
    assert outcome(tower.house, tower.built).kind == "no-op"
    tower.check()


def test_cmd_95_many_dependants_are_counted() -> None:
    house = House()
    anna, ben, eve = Person(house, ANNA, 1), Person(house, BEN, 2), Person(house, EVE, 3)
    first, made = anna.create()
    anna.do(cube(), gesture=made.name.number)
    second = entity_id(house.commands[-1].name)
    others = [ben.do(Paint(first, RED)), eve.do(Rename(second, "eve's")), ben.do(place(second))]
    found = outcome(house, press_undo(anna))
    assert found.reason == "UndoConflict: 3 commands of others build on it"
    assert found.against == tuple(each.name for each in others)
    assert house.agrees_with_refold()


def test_cmd_96_a_cascade_takes_others_gestures_along_and_redo_brings_all_back() -> None:
    tower = Tower(eve_too=True)
    after = tower.house.shown()
    undone = press_undo(tower.anna, cascade=True)
    assert isinstance(undone.operation, SetEffectiveV2)
    assert undone.operation.cascade == [GestureName(2, 1), GestureName(3, 1)]
    assert outcome(tower.house, undone) == APPLIED
    assert outcome(tower.house, tower.built) == outcome(tower.house, tower.on_top) == SUSPENDED
    assert tower.house.shown() == tower.before
    tower.check()
    assert tower.house.history.redo_cascade(ANNA) == (tower.built.gesture, tower.on_top.gesture)
    assert outcome(tower.house, press_redo(tower.anna)) == APPLIED
    assert tower.house.shown() == after
    tower.check()


def test_cmd_96_a_cascade_that_leaves_a_dependant_out_masks_nothing() -> None:
    tower = Tower(eve_too=True)
    after = tower.house.shown()
    undone = tower.anna.do(off2([tower.pulled.gesture], [tower.built.gesture]))
    assert outcome(tower.house, undone).against == (tower.on_top.name,)
    assert tower.house.shown() == after
    tower.check()


def test_cmd_96_the_owner_brings_back_what_a_cascade_took() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _made = anna.create()
    painted = anna.do(Paint(entity, RED))
    renamed = ben.do(Rename(entity, "ben's"))
    anna.do(off2([painted.gesture], [renamed.gesture]))
    assert not house.fold.is_effective(renamed)
    assert outcome(house, ben.do(on2([renamed.gesture]))) == APPLIED
    assert house.fold.is_effective(renamed)
    ben.do(off2([renamed.gesture]))
    anna.do(on2([painted.gesture], [renamed.gesture]))
    assert not house.fold.is_effective(renamed), "its owner undid it since"
    assert house.fold.is_effective(painted)
    assert house.agrees_with_refold()


def test_cmd_96_a_cascade_leaves_what_is_off_already_to_its_owner() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _made = anna.create()
    painted = anna.do(Paint(entity, RED))
    renamed = ben.do(Rename(entity, "ben's"))
    press_undo(ben)
    anna.do(off2([painted.gesture], [renamed.gesture]))
    anna.do(on2([painted.gesture], [renamed.gesture]))
    assert not house.fold.is_effective(renamed)
    assert house.agrees_with_refold()


def test_cmd_96_only_who_took_it_brings_it_back_by_a_cascade() -> None:
    house = House()
    anna, ben, eve = Person(house, ANNA, 1), Person(house, BEN, 2), Person(house, EVE, 3)
    entity, _made = anna.create()
    painted, renamed, placed = anna.do(Paint(entity, RED)), ben.do(Rename(entity, "ben's")), eve.do(place(entity))
    anna.do(off2([painted.gesture], [renamed.gesture]))
    tried = eve.do(on2([placed.gesture], [renamed.gesture]))
    assert outcome(house, tried) == APPLIED
    assert not house.fold.is_effective(renamed)
    assert house.agrees_with_refold()


def test_cmd_96_ones_own_gestures_are_no_cascade_and_others_no_gestures() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _made = anna.create()
    painted, renamed = anna.do(Paint(entity, RED)), ben.do(Rename(entity, "ben's"))
    placed = anna.do(place(entity))
    tried = anna.do(off2([renamed.gesture], [painted.gesture]))
    assert outcome(house, tried) == NOTHING_OF_YOURS
    half = anna.do(off2([placed.gesture, renamed.gesture], [painted.gesture]))
    assert outcome(house, half) == APPLIED
    assert [house.fold.is_effective(each) for each in (painted, renamed, placed)] == [True, True, False]
    assert house.agrees_with_refold()


def test_cmd_96_an_undo_is_never_undone_itself_nor_what_governs() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _ = anna.create()
    painted = ben.do(Paint(entity, RED))
    undone = press_undo(ben)
    before = house.shown()
    assert outcome(house, ben.do(off2([undone.gesture]))) == NOTHING_OF_YOURS
    assert outcome(house, anna.do(off2([CommandName(1, 1)], [undone.gesture]))) == APPLIED
    assert not house.fold.is_effective(painted)
    press_redo(anna)
    assert house.shown() == before
    assert house.agrees_with_refold()


def test_cmd_97_dependants_are_asked_for_without_changing_anything() -> None:
    tower = Tower(eve_too=True)
    after = tower.house.shown()
    fold, gestures = tower.house.fold, [owned_gesture(tower.pulled)]
    assert fold.dependants(ANNA, gestures) == [tower.built, tower.on_top]
    assert fold.dependants(ANNA, gestures, [owned_gesture(tower.built)]) == [tower.on_top]
    assert fold.cascade_of(ANNA, gestures) == [tower.built.gesture, tower.on_top.gesture]
    assert fold.cascade_of(EVE, [owned_gesture(tower.on_top)]) == []
    assert tower.house.shown() == after
    tower.check()


def test_cmd_102_a_cascade_takes_whole_gestures_and_what_depends_on_those_elsewhere() -> None:
    tower = Tower()
    other, _ = tower.eve.create("eve's")
    tower.ben.do(Delete(other), gesture=tower.built.name.number)
    revived = tower.eve.do(Paint(other, RED))
    assert outcome(tower.house, revived) == NOT_THERE
    asked = tower.house.fold.cascade_of(ANNA, [owned_gesture(tower.pulled)])
    assert asked == [tower.built.gesture]
    assert outcome(tower.house, press_undo(tower.anna, cascade=True)) == APPLIED
    assert outcome(tower.house, revived) == APPLIED
    tower.check()


def test_cmd_98_an_edit_that_arrives_late_decides_an_undo_anew() -> None:
    tower = Tower()
    tower.ben.do(off2([tower.built.gesture]))
    undone = tower.anna.do(off2([tower.pulled.gesture]), lamport=20)
    assert outcome(tower.house, undone) == APPLIED
    late = tower.eve.make(ExtrudeFace(tower.entity, side_in(tower), 0.25), lamport=10)
    change, _ = tower.house.add([late])
    assert outcome(tower.house, undone).against == (late.name,)
    assert outcome(tower.house, late) == outcome(tower.house, tower.pulled) == APPLIED
    assert [(each.command, each.before) for each in change.outcomes] == [
        (tower.pulled, SUSPENDED),
        (late, None),
        (undone, APPLIED),
    ]
    tower.check()


def test_cmd_98_an_edit_ordered_after_an_undo_changes_nothing_of_it() -> None:
    tower = Tower()
    tower.ben.do(off2([tower.built.gesture]))
    undone = tower.anna.do(off2([tower.pulled.gesture]), lamport=20)
    late = tower.eve.do(ExtrudeFace(tower.entity, side_in(tower), 0.25), lamport=21)
    assert outcome(tower.house, undone) == APPLIED
    assert outcome(tower.house, late).kind == "no-op"
    tower.check()


def test_cmd_98_an_undo_that_arrives_late_decides_those_after_it_anew() -> None:
    tower = Tower()
    refused = tower.anna.do(off2([tower.pulled.gesture]), lamport=20)
    assert outcome(tower.house, refused).kind == "no-op"
    late = tower.ben.make(off2([tower.built.gesture]), lamport=10)
    change, _ = tower.house.add([late])
    assert outcome(tower.house, refused) == APPLIED
    assert tower.house.shown() == tower.before
    assert {each.command.name for each in change.outcomes} == {
        tower.pulled.name,
        tower.built.name,
        late.name,
        refused.name,
    }
    tower.check()


def test_cmd_98_undos_are_decided_by_those_before_them_whatever_arrives_first() -> None:
    tower = Tower(eve_too=True)
    commands = [
        tower.eve.make(off2([tower.on_top.gesture]), lamport=30),
        tower.anna.make(off2([tower.pulled.gesture]), lamport=31),
        tower.ben.make(off2([tower.built.gesture]), lamport=32),
        tower.anna.make(off2([tower.pulled.gesture]), lamport=33),
        tower.ben.make(on2([tower.built.gesture]), lamport=34),
    ]
    expected = ["applied", "no-op", "applied", "applied", "applied"]
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        house = House()
        house.add(tower.house.commands[:4])
        for at in order:
            house.add([commands[at]])
        assert [outcome(house, each).kind for each in commands] == expected
        assert outcome(house, tower.built).kind == "no-op", "it came back onto nothing"
        assert house.agrees_with_refold()


def test_cmd_98_the_masks_of_later_undos_do_not_count() -> None:
    tower = Tower()
    tower.ben.do(off2([tower.built.gesture]), lamport=30)
    early = tower.anna.make(off2([tower.pulled.gesture]), lamport=20)
    tower.house.add([early])
    assert outcome(tower.house, early).against == (tower.built.name,)
    assert outcome(tower.house, tower.pulled) == APPLIED
    tower.check()


def test_cmd_99_who_may_no_longer_do_it_may_not_undo_or_redo_it() -> None:
    rules = HouseRules()
    house = House(rules)
    anna = Person(house, ANNA, 1)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    rules.forbidden.add((ANNA, "theta.paint"))
    found = outcome(house, anna.do(off2([painted.gesture])))
    assert (found.kind, found.reason) == ("no-op", "NotAllowed: your role may not use theta.paint any more")
    assert house.fold.is_effective(painted)
    rules.forbidden.clear()
    anna.do(off2([painted.gesture]))
    rules.forbidden.add((ANNA, "theta.paint"))
    assert outcome(house, anna.do(on2([painted.gesture]))).kind == "no-op"
    assert not house.fold.is_effective(painted)
    with pytest.raises(NothingToUndo):
        house.history.next_redo(BEN)
    assert house.history.next_redo(ANNA) == (painted.gesture,)


def test_cmd_99_a_room_may_forbid_cascades() -> None:
    tower = Tower(HouseRules(cascades=False))
    after = tower.house.shown()
    undone = press_undo(tower.anna, cascade=True)
    assert outcome(tower.house, undone) == CASCADE_NOT_ALLOWED
    assert tower.house.shown() == after
    tower.ben.do(off2([tower.built.gesture]))
    assert outcome(tower.house, press_undo(tower.anna)) == APPLIED
    tower.check()


def test_cmd_99_redo_brings_a_cascade_back_even_when_it_is_forbidden_by_now() -> None:
    rules = HouseRules()
    tower = Tower(rules)
    after = tower.house.shown()
    press_undo(tower.anna, cascade=True)
    rules.cascades = False
    assert outcome(tower.house, press_redo(tower.anna)) == APPLIED
    assert tower.house.shown() == after


def test_cmd_100_a_refused_undo_leaves_the_stacks_as_they_are() -> None:
    tower = Tower()
    history = tower.house.history
    step = history.next_undo(ANNA)
    tower.anna.do(history.undo_operation(ANNA), lamport=20)
    assert history.next_undo(ANNA) == step
    with pytest.raises(NothingToUndo):
        history.next_redo(ANNA)
    tower.ben.do(off2([tower.built.gesture]), lamport=10)
    assert history.next_redo(ANNA) == step, "the undo stands after all"
    assert history.next_undo(ANNA) == (tower.made.gesture,)


def test_cmd_100_what_a_cascade_took_is_passed_by_and_comes_back_with_the_cascade() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _ = anna.create()
    kept = ben.do(cube("ben's")).gesture
    painted = anna.do(Paint(entity, RED))
    renamed = ben.do(Rename(entity, "ben's"))
    after = house.shown()
    anna.do(off2([painted.gesture], [renamed.gesture]))
    assert house.history.next_undo(BEN) == (kept,)
    press_undo(ben)
    press_redo(ben)
    assert not house.fold.is_effective(renamed), "it was never Ben's to redo"
    press_redo(anna)
    assert house.shown() == after
    assert house.history.next_undo(BEN) == (kept,), "it went on top again when it was redone"
    press_undo(ben)
    assert house.history.next_undo(BEN) == (renamed.gesture,)


def test_cmd_96_a_gesture_that_came_back_goes_on_in_objects_that_the_cascade_tried() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    (first, _), (second, _) = anna.create(), ben.create()
    renamed = ben.do(Rename(second, "ben's"))
    moved = anna.do(place(first))
    anna.do(Paint(second, RED))
    ben.do(off2([renamed.gesture], [moved.gesture]))
    anna.do(on2([moved.gesture]))
    later = anna.do(Rename(second, "anna's"), gesture=moved.name.number)
    assert house.fold.outcome(later.name) == APPLIED
    assert house.agrees_with_refold()


def test_cmd_100_a_cascade_has_a_limit() -> None:
    names = [GestureName(2, number) for number in range(1, CASCADE_GESTURES_MAX + 2)]
    SetEffectiveV2([GestureName(1, 1)], False, names[:-1]).check()
    with pytest.raises(InvalidValue, match="cascade"):
        SetEffectiveV2([GestureName(1, 1)], False, names).check()
    with pytest.raises(InvalidValue, match="gestures"):
        SetEffectiveV2([], False, []).check()


def test_cmd_102_a_press_that_would_cascade_too_far_is_refused() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _ = anna.create()
    house.add([ben.make(Paint(entity, RED)) for _ in range(CASCADE_GESTURES_MAX + 1)])
    with pytest.raises(InvalidValue, match="cascade"):
        house.history.undo_operation(ANNA, cascade=True)


def test_cmd_101_what_others_have_overwritten_is_skipped_and_masked_in_the_same_step() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, _made = anna.create()
    placed, painted = anna.do(place(entity)), anna.do(Paint(entity, RED))
    over = ben.do(Paint(entity, BLUE))
    after = house.shown()
    assert house.history.next_undo(ANNA) == (placed.gesture, painted.gesture)
    press_undo(anna)
    material = house.unit(entity).material
    assert material is not None
    assert material.colour == BLUE
    assert press_redo(anna).operation.on  # type: ignore[attr-defined]
    assert house.shown() == after
    assert house.fold.is_effective(painted)
    ben.do(off2([over.gesture]))
    assert house.history.next_undo(ANNA) == (painted.gesture,), "in the order in which they were made"


def test_cmd_101_more_than_fits_one_command_is_met_again() -> None:
    house = House()
    anna, ben = Person(house, ANNA, 1), Person(house, BEN, 2)
    entity, made = anna.create()
    house.add([anna.make(Paint(entity, RED)) for _ in range(GESTURES_PER_COMMAND_MAX + 5)])
    ben.do(Paint(entity, BLUE))
    step = house.history.next_undo(ANNA)
    assert len(step) == GESTURES_PER_COMMAND_MAX
    assert step[0] == made.gesture


def test_cmd_107_a_command_that_governs_is_applied_and_no_gesture(governing: Command) -> None:
    house = House()
    anna = Person(house, ANNA, 1)
    anna.number = 1
    change, _ = house.add([governing])
    assert [(each.command, each.outcome) for each in change.outcomes] == [(governing, APPLIED)]
    assert change.entities == set()
    with pytest.raises(NothingToUndo):
        house.history.next_undo(ANNA)
    assert outcome(house, anna.do(off2([governing.gesture]))) == NOTHING_OF_YOURS
    assert list(house.fold.commands_of(OwnedGesture(ANNA, governing.gesture))) == []
    assert house.agrees_with_refold()


@pytest.fixture
def governing() -> Command:
    return Person(House(), ANNA, 1).make(SetCascade(False))  # type: ignore[arg-type]


def side_in(tower: Tower) -> bytes:
    """The side that Ben built on, whether it is there now or not."""
    operation = tower.built.operation
    assert isinstance(operation, ExtrudeFace)
    return operation.face


def test_cmd_38_redo_of_version_1_brings_back_what_version_2_undid() -> None:
    house = House()
    anna = Person(house, ANNA, 1)
    entity, _ = anna.create()
    painted = anna.do(Paint(entity, RED))
    press_undo(anna)
    anna.do(on(painted.gesture))
    assert house.fold.is_effective(painted)
    assert house.agrees_with_refold()


def test_cmd_98_the_plain_refold_can_be_told_what_was_decided() -> None:
    tower = Tower()
    refused = press_undo(tower.anna)
    commands, verdicts = tower.house.commands, tower.house.fold.verdicts()
    assert verdicts == {refused.name: outcome(tower.house, refused)}
    plain = refold_all(commands, decided=verdicts)
    assert plain.outcomes == {each.name: outcome(tower.house, each) for each in commands}
    assert refold_all(commands, decided={refused.name: APPLIED}).outcomes[tower.pulled.name] == SUSPENDED
