from unittest.mock import patch

import pytest
from msgspec.structs import replace

from tests.unit.editor.scenes import (
    BLUE,
    NOBODY,
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
    on,
    place,
    side_of,
)
from theta.base.errors import UnknownElement
from theta.base.identifiers import entity_id
from theta.editor import unit_fold
from theta.editor.fold import Conflict, Fold, entity_of
from theta.editor.masks import OwnedGesture, owned_gesture
from theta.editor.refold import refold
from theta.editor.unit import APPLIED, NOT_THERE, SUSPENDED
from theta.mesh import canonical_bytes

ANNA, BEN = b"a" * 32, b"b" * 32


def test_cmd_40_the_later_in_order_wins_whatever_arrives_first() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, _ = anna.create()
    first, second = anna.make(Paint(entity, RED), 10), ben.make(Paint(entity, BLUE), 10)
    for order in ([first, second], [second, first]):
        other = Scene()
        other.add(scene.commands + order)
        material = other.unit(entity).material
        assert material is not None
        assert material.colour == BLUE, "the higher actor comes later"


def test_cmd_40_units_of_an_empty_fold_are_none() -> None:
    fold = Fold()
    assert (fold.unit(NOBODY), fold.entities(), fold.add([])) == (None, [], (set(), [], []))
    assert fold.outcome(Person(Scene()).make(cube()).name) is None
    assert refold([]) == {}


def test_cmd_40_a_command_comes_once() -> None:
    scene = Scene()
    _, made = Person(scene).create()
    with pytest.raises(AssertionError, match="admitted twice"):
        scene.fold.add([made])


def test_cmd_40_a_late_command_deep_in_the_past_is_folded_in_its_place() -> None:
    with patch.object(unit_fold, "CHECKPOINT_COMMANDS", 4), patch.object(unit_fold, "CHECKPOINTS_MAX", 2):
        scene = Scene()
        anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
        entity, made = anna.create()
        for at in range(40):
            anna.do(ExtrudeFace(entity, face_of(made, at % 6), 0.5))
        for lamport in (39, 20, 2):
            ben.do(ExtrudeFace(entity, face_of(made), 0.125), lamport)
            plain = refold(scene.commands)[entity].mesh
            assert plain is not None
            assert canonical_bytes(scene.mesh(entity)) == canonical_bytes(plain)


def test_cmd_40_a_gesture_that_arrived_backwards_is_masked_from_its_first_command() -> None:
    with patch.object(unit_fold, "CHECKPOINT_COMMANDS", 1):
        scene = Scene()
        anna = Person(scene, ANNA)
        entity, made = anna.create()
        before = scene.shown()
        extruded = anna.make(ExtrudeFace(entity, face_of(made), 0.5))
        painted = anna.make(Paint(entity, RED), gesture=extruded.name.number)
        for command in (painted, extruded, anna.make(off(extruded.gesture))):
            scene.add([command])
        assert scene.shown() == before


def test_cmd_41_outcomes_that_change_are_told_with_what_they_were() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    painted = ben.do(Paint(entity, RED))
    renamed = ben.do(Rename(entity, "ben's"))
    undone = anna.make(off(made.gesture))
    change, patches = scene.add([undone])
    assert [(each.command, each.before, each.outcome) for each in change.outcomes] == [
        (made, APPLIED, SUSPENDED),
        (painted, APPLIED, NOT_THERE),
        (renamed, APPLIED, NOT_THERE),
        (undone, None, APPLIED),
    ]
    assert change.entities == {entity}
    assert [(patch.entity, patch.removed) for patch in patches] == [(entity, True)]
    change, patches = scene.add([anna.make(on(made.gesture))])
    assert [(each.command, each.outcome) for each in change.outcomes[:3]] == [
        (made, APPLIED),
        (painted, APPLIED),
        (renamed, APPLIED),
    ]
    assert len(patches[0].components) == 6


def test_cmd_41_a_late_delete_corrects_what_came_after_it() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, _ = anna.create()
    painted = ben.do(Paint(entity, RED), lamport=10)
    change, _ = scene.add([anna.make(Delete(entity), lamport=5)])
    assert [(each.command, each.before, each.outcome) for each in change.outcomes[1:]] == [
        (painted, APPLIED, NOT_THERE)
    ]


def test_cmd_41_what_does_not_change_is_not_told() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, _ = anna.create()
    ben.do(Paint(entity, RED), lamport=10)
    late = anna.make(place(entity), lamport=5)
    change, _ = scene.add([late])
    assert [(each.command, each.before) for each in change.outcomes] == [(late, None)]


def test_cmd_42_who_built_on_it_is_named() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    top = face_of(made)
    edge = scene.mesh(entity).face_edges(top)[0]
    extruded = anna.do(ExtrudeFace(entity, top, 0.5))
    built = ben.do(ExtrudeFace(entity, side_of(extruded, top, edge), 0.25))
    ben.do(ExtrudeFace(entity, top, 0.25))
    ben.do(ExtrudeFace(entity, NOBODY, 0.25))
    anna.do(ExtrudeFace(entity, side_of(extruded, top, edge), 0.25))
    before = scene.shown()
    assert scene.fold.dependants(ANNA, [owned_gesture(extruded)]) == [built]
    assert scene.shown() == before
    assert scene.fold.outcome(built.name) == APPLIED
    ben.do(off(built.gesture))
    assert scene.fold.dependants(ANNA, [owned_gesture(extruded)]) == []


def test_cmd_42_dependants_come_from_all_units_in_order() -> None:
    scene = Scene()
    anna, ben, eve = Person(scene, ANNA), Person(scene, BEN, 2), Person(scene, b"e" * 32, 3)
    first, made = anna.create()
    anna.do(cube(), gesture=made.name.number)
    second = entity_id(scene.commands[-1].name)
    late = eve.do(Paint(first, RED), lamport=9)
    early = ben.do(Paint(second, RED), lamport=8)
    assert scene.fold.dependants(ANNA, [owned_gesture(made)]) == [early, late]
    assert scene.fold.dependants(ANNA, [OwnedGesture(ANNA, late.gesture)]) == []


def test_gestures_keep_their_commands() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    painted = anna.do(Paint(entity, RED), gesture=1)
    assert list(scene.fold.commands_of(owned_gesture(made))) == [made, painted]
    assert list(scene.fold.commands_of(OwnedGesture(BEN, made.gesture))) == []
    assert entity_of(made) == entity_of(painted) == entity
    with pytest.raises(AssertionError):
        entity_of(anna.make(off(made.gesture)))


def test_cmd_41_each_new_conflict_is_told_once_with_both() -> None:
    scene = Scene()
    anna, ben, eve = Person(scene, ANNA), Person(scene, BEN, 2), Person(scene, b"e" * 32, 3)
    entity, _ = anna.create()
    first = replace(anna.make(Paint(entity, RED), 10), seq=5, seen=4)
    second = replace(ben.make(Paint(entity, BLUE), 11), seq=6, seen=4)
    third = replace(eve.make(Paint(entity, RED), 12), seq=7, seen=6)
    assert scene.add([third])[0].conflicts == []
    assert scene.add([second])[0].conflicts == []
    change, _ = scene.add([first])
    assert change.conflicts == [Conflict(second, (first,), APPLIED._replace(against=(first.name,)))]
    assert scene.add([replace(anna.make(Rename(entity, "other")), seq=8, seen=7)])[0].conflicts == []
    undone = replace(anna.make(off(first.gesture)), seq=9, seen=8)
    assert scene.add([undone])[0].conflicts == []
    redone = replace(anna.make(on(first.gesture)), seq=10, seen=9)
    assert [each.command for each in scene.add([redone])[0].conflicts] == [second]


def test_cmd_106_commands_are_folded_in_slices_to_the_same() -> None:
    scene, whole = Scene(), Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    commands = [anna.make(place(entity, at)) for at in range(100)]
    commands += [ben.make(Rename(entity, f"name {at}")) for at in range(100)]
    steps = scene.fold.add_slowly(commands)
    assert sum(1 for _ in steps) >= 200 // 16
    late = [ben.make(Paint(entity, BLUE), 3), anna.make(off(made.gesture))]
    assert sum(1 for _ in scene.fold.add_slowly(late)) >= 200 // 16
    assert scene.fold.last_change.entities == {entity}
    whole.add([made, *commands, *late])
    assert scene.fold.entities() == whole.fold.entities() == []
    assert all(scene.fold.outcome(each.name) == whole.fold.outcome(each.name) for each in whole.commands)


def test_cmd_57_who_made_an_element_is_asked_of_the_fold() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    top = face_of(made)
    edge = scene.mesh(entity).face_edges(top)[0]
    pulled = ben.do(ExtrudeFace(entity, top, 0.5))
    assert scene.fold.who_made(entity, "face", top) == made
    assert scene.fold.who_made(entity, "face", side_of(pulled, top, edge)) == pulled
    with pytest.raises(UnknownElement):
        scene.fold.who_made(entity, "vertex", NOBODY)
    with pytest.raises(UnknownElement):
        scene.fold.who_made(NOBODY, "face", top)


def test_cmd_106_leaving_out_is_done_in_slices() -> None:
    scene, at_once = Scene(), Scene()
    anna = Person(scene, ANNA)
    entity, _ = anna.create()
    first = anna.do(Paint(entity, RED))
    for number in range(200):
        anna.do(Rename(entity, f"name {number}"))
    at_once.add(scene.commands)
    expected = at_once.fold.leave_out([first.gesture])
    steps = scene.fold.leave_out_slowly([first.gesture])
    assert len(list(steps)) > 200 // 16
    assert scene.fold.last_change == expected
    assert scene.fold.outcome(first.name) == at_once.fold.outcome(first.name)
    assert scene.shown() == at_once.shown()


def test_cmd_76_an_undo_replays_its_units_from_its_first_command_on() -> None:
    scene = Scene()
    anna, ben = Person(scene, ANNA), Person(scene, BEN, 2)
    entity, made = anna.create()
    other, _ = ben.create()
    painted = anna.do(Paint(entity, RED))
    for number in range(20):
        ben.do(Rename(other, f"other {number}"))
        ben.do(Rename(entity, f"name {number}"))
    length = scene.fold.replay_length
    assert length([painted.gesture]) == 21
    assert length([made.gesture, painted.gesture]) == 22
    assert length([painted.gesture, scene.commands[-1].gesture]) == 21
    assert length([scene.commands[1].gesture]) == 21
    assert length([replace(painted, gesture=painted.gesture._replace(actor=99)).gesture]) == 0


def test_cmd_106_many_objects_with_little_in_each_are_folded_in_slices_as_well() -> None:
    scene, again = Scene(), Scene()
    anna = Person(scene, ANNA)
    for _ in range(200):
        anna.create()
    assert len(list(again.fold.add_slowly(scene.commands))) >= 200 // 16
    assert again.fold.entities() == scene.fold.entities()
