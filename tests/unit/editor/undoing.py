"""Undo and redo as people press it: version 2 of `set_effective`, and a judge that can be told what the room allows."""

from collections.abc import Iterable

from tests.unit.editor.scenes import ASSETS, Person, Scene, gesture_names
from theta.base.identifiers import CommandName
from theta.commands.log import Command
from theta.editor.fold import Fold
from theta.editor.history import History
from theta.editor.judging import Alone
from theta.editor.refold import refold_all
from theta.editor.unit import Outcome
from theta.editor.unit_snapshot import unit_bytes
from theta.editor.vocabulary import SetEffectiveV2

ANNA, BEN, EVE = b"a" * 32, b"b" * 32, b"e" * 32


class HouseRules(Alone):
    """Everything may be done but what is listed: (author, command name), and cascades if `cascades` is False."""

    def __init__(self, forbidden: Iterable[tuple[bytes, str]] = (), *, cascades: bool = True) -> None:
        self.forbidden = set(forbidden)
        self.cascades = cascades

    def may(self, author: bytes, seq: int, command_name: str) -> bool:
        """See Judge.may."""
        return (author, command_name) not in self.forbidden

    def cascade_allowed(self, seq: int) -> bool:
        """See Judge.cascade_allowed."""
        return self.cascades


class House(Scene):
    """A scene with rules of its own."""

    def __init__(self, rules: HouseRules | None = None) -> None:
        super().__init__()
        self.rules = rules if rules is not None else HouseRules()
        self.fold = Fold(ASSETS, self.rules)
        self.history = History(self.fold)

    def agrees_with_refold(self) -> bool:
        """Whether the plain refold has the same outcomes, and the same in every unit, slots and writers included."""
        plain = refold_all(self.commands, ASSETS, self.rules)
        there = {entity: unit for entity, unit in plain.units.items() if unit.exists}
        return (
            all(self.fold.outcome(each.name) == plain.outcomes[each.name] for each in self.commands)
            and self.fold.entities() == sorted(there)
            and all(unit_bytes(self.unit(entity)) == unit_bytes(unit) for entity, unit in there.items())
        )


def off2(gestures: Iterable[CommandName], cascade: Iterable[CommandName] = ()) -> SetEffectiveV2:
    """Undo."""
    return SetEffectiveV2(gesture_names(gestures), False, gesture_names(cascade))


def on2(gestures: Iterable[CommandName], cascade: Iterable[CommandName] = ()) -> SetEffectiveV2:
    """Redo."""
    return SetEffectiveV2(gesture_names(gestures), True, gesture_names(cascade))


def press_undo(person: Person, *, cascade: bool = False) -> Command:
    """One press of undo."""
    return person.do(person.scene.history.undo_operation(person.author, cascade=cascade))


def press_redo(person: Person) -> Command:
    """One press of redo."""
    return person.do(person.scene.history.redo_operation(person.author))


def outcome(scene: Scene, command: Command) -> Outcome:
    """What became of a command."""
    found = scene.fold.outcome(command.name)
    assert found is not None
    return found
