from collections.abc import Callable, Collection, Iterable

import msgspec
import pytest

from tests.unit.editor.scenes import (
    ASSETS,
    BLUE,
    RED,
    ExtrudeFace,
    Paint,
    Person,
    Rename,
    Scene,
    cube,
    face_of,
    place,
)
from tests.unit.editor.undoing import ANNA, BEN, off2, on2, press_redo, press_undo
from theta.base.errors import NothingToUndo
from theta.base.identifiers import CommandName, Position, entity_id
from theta.base.limits import U64_MAX
from theta.commands.log import Command
from theta.ecs.world import World
from theta.editor import stacks
from theta.editor.document import Document
from theta.editor.fold import Fold, entity_of
from theta.editor.fold_base import NOTHING_BEFORE, NotAtHand
from theta.editor.history import History
from theta.editor.masks import owned_gesture
from theta.editor.unit import APPLIED, SUSPENDED
from theta.editor.unit_fold import BeyondBase
from theta.editor.unit_snapshot import unit_bytes, unit_of_bytes
from theta.editor.vocabulary import SetEffective


def frontier(lamport: int) -> Position:
    """Just after every command with this Lamport time."""
    return Position(lamport, U64_MAX, U64_MAX)


class Archive:
    """Reads a scene's old commands, and remembers what it was asked for."""

    is_gone = False
    floor = NOTHING_BEFORE

    def __init__(self, commands: Iterable[Command], position: Position) -> None:
        self._commands = [
            each for each in commands if each.position <= position and not isinstance(each.operation, SetEffective)
        ]
        self.asked: list[bytes | CommandName] = []

    def units_of(self, entities: Collection[bytes]) -> list[None]:
        """See Past.units_of."""
        return []

    def of_entities(self, entities: Collection[bytes]) -> list[Command]:
        """See Past.of_entities."""
        self.asked.extend(sorted(entities))
        return [each for each in self._commands if entity_of(each) in entities]

    def of_gestures(self, gestures: Collection[CommandName]) -> list[Command]:
        """See Past.of_gestures."""
        self.asked.extend(sorted(gestures))
        return [each for each in self._commands if each.gesture in gestures]


class Reopened(Scene):
    """A scene that began with another's base at a Lamport time, and got the rest."""

    def __init__(self, scene: Scene, lamport: int) -> None:
        super().__init__()
        position = frontier(lamport)
        units = {entity: unit_of_bytes(data) for entity, data in scene.fold.units_at(position, unit_bytes)}
        self.archive = Archive(scene.commands, position)
        self.fold = Fold.from_base(scene.history.base_at(position), units, self.archive, ASSETS)
        self.history = History(self.fold)
        self.document = Document(World())
        for entity in self.fold.entities():
            self.document.update(entity, self.fold.unit(entity))
        self.clock = scene.clock
        tail = [each for each in scene.commands if each.position > position]
        if tail:
            self.add(tail)
        self.commands = list(scene.commands)


@pytest.fixture
def scene() -> Scene:
    """Anna's cube, painted by her and then by Ben; lamports 1 to 3. Ben's own cube, 4."""
    scene = Scene()
    anna, ben = Person(scene, ANNA, 1), Person(scene, BEN, 2)
    entity, _ = anna.create()
    anna.do(Paint(entity, RED))
    ben.do(Paint(entity, BLUE))
    ben.do(cube("ben's"))
    return scene


def again(person: Person, scene: Scene) -> Person:
    """The same person in another scene."""
    other = Person(scene, person.author, person.actor)
    other.number = max(each.name.number for each in scene.commands if each.name.actor == person.actor)
    return other


@pytest.mark.parametrize("lamport", range(6))
def test_cmd_105_a_fold_that_begins_with_a_base_comes_to_the_same(scene: Scene, lamport: int) -> None:
    reopened = Reopened(scene, lamport)
    assert reopened.shown() == scene.shown()
    assert reopened.document.hash == scene.document.hash
    assert reopened.archive.asked == []
    assert [reopened.fold.outcome(each.name) for each in scene.commands] == [
        None if each.position.lamport <= lamport else APPLIED for each in scene.commands
    ]


def test_cmd_105_an_undo_below_the_base_loads_the_units_that_it_touches_and_no_others(scene: Scene) -> None:
    before = scene.shown()
    reopened = Reopened(scene, 4)
    made, _, painted, other = scene.commands
    ben = again(Person(scene, BEN, 2), reopened)
    undone = ben.make(off2([painted.gesture]))
    change, _ = reopened.add([undone])
    assert reopened.archive.asked == [entity_of(made)]
    assert [(each.command, each.before, each.outcome) for each in change.outcomes] == [
        (painted, APPLIED, SUSPENDED),
        (undone, None, APPLIED),
    ]
    press_redo(ben)
    assert reopened.shown() == before
    press_undo(ben)
    assert reopened.fold.outcome(other.name) is None


def test_cmd_105_the_stacks_go_on_from_the_base(scene: Scene) -> None:
    ben = Person(scene, BEN, 2)
    ben.number = 2
    press_undo(ben)
    for lamport in (4, 5):
        reopened = Reopened(scene, lamport)
        assert reopened.history.next_redo(BEN) == scene.history.next_redo(BEN)
        assert reopened.history.next_undo(BEN) == scene.history.next_undo(BEN)
        assert reopened.history.next_undo(ANNA) == scene.history.next_undo(ANNA)
        press_redo(again(ben, reopened))
        with pytest.raises(NothingToUndo):
            reopened.history.next_redo(BEN)


def test_cmd_105_an_undo_in_the_tail_reaches_below_the_base_when_it_is_opened(scene: Scene) -> None:
    ben = Person(scene, BEN, 2)
    ben.number = 2
    ben.do(off2([scene.commands[2].gesture]))
    reopened = Reopened(scene, 4)
    assert reopened.shown() == scene.shown()
    assert reopened.archive.asked == [entity_of(scene.commands[0])]


def test_cmd_105_what_is_off_at_the_base_comes_back(scene: Scene) -> None:
    ben = Person(scene, BEN, 2)
    ben.number = 2
    painted = scene.commands[2]
    before = scene.shown()
    ben.do(off2([painted.gesture]))
    reopened = Reopened(scene, 5)
    assert not reopened.fold.is_effective(painted)
    again(ben, reopened).do(on2([painted.gesture]))
    assert reopened.shown() == before


def test_cmd_105_a_gesture_over_several_objects_is_loaded_whole(scene: Scene) -> None:
    anna = Person(scene, ANNA, 1)
    anna.number = 2
    first, second = entity_of(scene.commands[0]), entity_of(scene.commands[3])
    before = scene.shown()
    begun = anna.do(Rename(first, "anna's"))
    anna.do(Rename(second, "anna's"), gesture=begun.name.number)
    reopened = Reopened(scene, 6)
    assert reopened.fold.dependants(ANNA, [owned_gesture(begun)]) == []
    press_undo(again(anna, reopened))
    assert reopened.shown() == before
    assert set(reopened.archive.asked) == {first, second}


def test_cmd_105_a_gesture_that_no_stack_holds_any_more_is_asked_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "UNDO_GESTURES_MAX", 1)
    anna = Person(scene, ANNA, 1)
    anna.number = 2
    anna.do(place(entity_of(scene.commands[0])))
    reopened = Reopened(scene, 5)
    painted = scene.commands[1]
    again(anna, reopened).do(off2([painted.gesture]))
    assert reopened.archive.asked == [painted.gesture, entity_of(painted)]
    assert reopened.fold.outcome(painted.name) == SUSPENDED
    again(anna, reopened).do(on2([painted.gesture]))
    assert len(reopened.archive.asked) == 2


def test_cmd_105_what_was_read_ahead_for_a_question_is_loaded_before_an_undo_is_decided(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "UNDO_GESTURES_MAX", 1)
    painted = scene.commands[2]
    reopened = Reopened(scene, 4)
    for _ in reopened.fold.fetch_slowly(NotAtHand(gestures=[painted.gesture])):
        pass
    assert not reopened.fold.is_at_hand(painted.gesture)
    again(Person(scene, BEN, 2), reopened).do(off2([painted.gesture]))
    assert reopened.archive.asked == [painted.gesture, entity_of(painted)], "once each"
    assert reopened.fold.outcome(painted.name) == SUSPENDED
    assert reopened.fold.is_at_hand(painted.gesture)


def test_cmd_105_what_was_loaded_while_it_was_read_ahead_is_not_kept_beside(scene: Scene) -> None:
    painted = scene.commands[2]
    reopened = Reopened(scene, 4)
    pause = iter([None])
    really = reopened.archive.of_entities

    def slowly(entities: Collection[bytes]) -> Iterable[Command | None]:
        yield from really(entities)
        yield from pause

    reopened.archive.of_entities = slowly  # type: ignore[method-assign,assignment]
    reading = reopened.fold.fetch_slowly(NotAtHand(entities=[entity_of(painted)]))
    next(reading)
    again(Person(scene, BEN, 2), reopened).do(off2([painted.gesture]))
    assert [*reading] == []
    assert not reopened.fold._state._fetched
    assert reopened.fold.outcome(painted.name) == SUSPENDED


QUESTIONS: list[Callable[[Scene, bytes], object]] = [
    lambda scene, entity: scene.fold.unit_commands(entity),
    lambda scene, entity: scene.fold.who_made(entity, "face", face_of(scene.commands[0])),
    lambda scene, entity: scene.history.next_undo(ANNA),
    lambda scene, entity: scene.fold.commands_to_try([owned_gesture(scene.commands[1])]),
    lambda scene, entity: scene.fold.commands_of(owned_gesture(scene.commands[1])),
    lambda scene, entity: scene.history.label(ANNA, (scene.commands[1].gesture,)),
    lambda scene, entity: scene.fold.cascade_of(ANNA, [owned_gesture(scene.commands[0])]),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_cmd_105_questions_about_old_commands_are_answered_all_the_same(
    scene: Scene, question: Callable[[Scene, bytes], object]
) -> None:
    reopened = Reopened(scene, 4)
    entity = entity_of(scene.commands[0])
    assert question(reopened, entity) == question(scene, entity)
    assert reopened.archive.asked == [entity]
    question(reopened, entity)
    assert reopened.archive.asked == [entity]


def test_cmd_105_old_commands_are_loaded_in_slices_if_wanted(scene: Scene) -> None:
    anna = Person(scene, ANNA, 1)
    anna.number = 2
    entity = entity_of(scene.commands[0])
    for _ in range(100):
        anna.do(place(entity))
    reopened = Reopened(scene, scene.clock)
    assert len(list(reopened.fold.load_slowly([entity_of(scene.commands[0])]))) > 3
    assert reopened.shown() == scene.shown()
    assert reopened.fold.outcome(scene.commands[0].name) == APPLIED


def test_cmd_105_nothing_is_taken_below_the_base(scene: Scene) -> None:
    reopened = Reopened(scene, 4)
    before = reopened.shown()
    late = Person(reopened, b"e" * 32, 9).make(Paint(entity_of(scene.commands[0]), RED), lamport=4)
    fine = Person(reopened, b"f" * 32, 8).make(cube("fine"), lamport=9)
    with pytest.raises(BeyondBase, match="is not above"):
        reopened.fold.add([fine, late])
    assert reopened.fold.unit(entity_id(fine.name)) is None
    undone = msgspec.structs.replace(late, operation=off2([scene.commands[0].gesture]))
    with pytest.raises(BeyondBase):
        reopened.fold.add([undone])
    assert reopened.shown() == before


def test_cmd_105_a_base_of_a_base_says_the_same(scene: Scene) -> None:
    anna = Person(scene, ANNA, 1)
    anna.number = 2
    entity = entity_of(scene.commands[0])
    anna.do(ExtrudeFace(entity, face_of(scene.commands[0]), 0.5))
    press_undo(anna)
    anna.do(place(entity))
    reopened = Reopened(scene, 3)
    position = frontier(6)
    found, wanted = reopened.history.base_at(position), scene.history.base_at(position)
    assert found[:2] == wanted[:2]
    assert found[3:] == wanted[3:]
    assert {who: (list(each.undo), each.redo, each.off) for who, each in found.stacks.items()} == {
        who: (list(each.undo), each.redo, each.off) for who, each in wanted.stacks.items()
    }
    units = dict(reopened.fold.units_at(position, unit_bytes))
    assert units == dict(scene.fold.units_at(position, unit_bytes))
    assert scene.shown() == reopened.shown()
    later = scene.history.base_at(frontier(7))
    assert later.numbers == {1: 5, 2: 2}
    assert scene.history.base_at(frontier(2)).numbers == {1: 2}


def test_cmd_105_commands_may_be_added_while_units_are_written(scene: Scene) -> None:
    wanted = dict(scene.fold.units_at(frontier(4), unit_bytes))
    writing = scene.fold.units_at(frontier(4), unit_bytes)
    found = dict([next(writing)])
    anna = Person(scene, ANNA, 1)
    anna.number = 2
    for entity in list(wanted):
        anna.do(Rename(entity, "meanwhile"))
    anna.do(off2([CommandName(1, 2)]))
    found.update(writing)
    assert found == wanted
