"""The fold: document state from the effective commands in (lamport, actor, number) order: CMD-40 … CMD-42.

A late command, or an undo, rolls back the units it touches and replays them. `theta.editor.refold` folds everything
from nothing and is the oracle that this must always equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from theta.base.identifiers import CommandName, entity_id
from theta.commands.log import Command
from theta.editor.authorship import ElementMakers, element_makers
from theta.editor.masks import Masks, OwnedGesture, owned_gesture, targets_of
from theta.editor.unit import APPLIED, NO_ASSETS, Outcome, Unit
from theta.editor.unit_fold import UnitFold
from theta.editor.vocabulary import SetEffective
from theta.mesh.results import Made

NOTHING_OF_YOURS = Outcome("no-op", "UnknownElement: none of these gestures is the author's")


class OutcomeChange(NamedTuple):
    """A command's outcome is now `outcome`; `before` is None when the command is new."""

    command: Command
    before: Outcome | None
    outcome: Outcome


class FoldChange(NamedTuple):
    """What a step of the fold changed: entities whose unit was replayed, and outcomes."""

    entities: set[bytes]
    outcomes: list[OutcomeChange]


def entity_of(command: Command) -> bytes:
    """The unit that a command acts on; `set_effective` acts on none."""
    operation = command.operation
    assert not isinstance(operation, SetEffective)
    if operation.CREATES:
        return entity_id(command.name)
    return operation.entity  # type: ignore[attr-defined,no-any-return]


class Fold:
    """Every command of a document, and what they fold to.

    Args:
        assets: by name, all that the commands name; it may grow, and nothing in it may change.
    """

    def __init__(self, assets: Mapping[bytes, bytes] = NO_ASSETS) -> None:
        self._assets = assets
        self._units: dict[bytes, UnitFold] = {}
        self._masks = Masks()
        self._gestures: dict[OwnedGesture, list[Command]] = {}
        self._masking: dict[OwnedGesture, list[Command]] = {}
        self._outcomes: dict[CommandName, Outcome] = {}
        self._makers: tuple[object, ElementMakers] | None = None

    def unit(self, entity: bytes) -> Unit | None:
        """The unit of an entity in the document, else None. It is the fold's own: read it, never write."""
        fold = self._units.get(entity)
        return fold.state if fold is not None and fold.state.exists else None

    def entities(self) -> list[bytes]:
        """The ids of all entities in the document, ascending."""
        return sorted(entity for entity, fold in self._units.items() if fold.state.exists)

    def outcome(self, name: CommandName) -> Outcome | None:
        """What became of a command; None when it is not here."""
        return self._outcomes.get(name)

    def made(self, entity: bytes, name: CommandName) -> Made | None:
        """What a command made in an entity's mesh, as all is folded now; None when it was not applied there."""
        command = self._command(entity, name)
        return self._units[entity].made(command, self.is_effective) if command is not None else None

    def unit_commands(self, entity: bytes) -> tuple[tuple[Command, ...], tuple[bool, ...]]:
        """An entity's commands in the order of the fold, and of each whether it takes part."""
        fold = self._units.get(entity)
        commands = tuple(fold.commands) if fold is not None else ()
        return commands, tuple([self.is_effective(command) for command in commands])

    def makers(self, entity: bytes) -> ElementMakers:
        """Which command made each element of an entity's mesh (CMD-57); of none when it is not in the document."""
        unit = self.unit(entity)
        if unit is None:
            return element_makers(())
        if self._makers is None or self._makers[0] is not unit.mesh_stamp:
            commands = self._units[entity].commands
            self._makers = (unit.mesh_stamp, element_makers(commands, self.is_effective, self._assets))
        return self._makers[1]

    def commands_of(self, gesture: OwnedGesture) -> Sequence[Command]:
        """The edits of a gesture, as they arrived."""
        return self._gestures.get(gesture, ())

    def is_effective(self, command: Command) -> bool:
        """Whether a command takes part in the fold."""
        return self._masks.is_effective(owned_gesture(command))

    def add(self, commands: Iterable[Command]) -> FoldChange:
        """Take admitted commands, in any order, and fold what they change."""
        dirty: set[bytes] = set()
        masking: dict[CommandName, Command] = {}
        for command in commands:
            if isinstance(command.operation, SetEffective):
                self._mask(command, dirty)
                masking[command.name] = command
            else:
                dirty.add(self._insert(command))
                masking.update((other.name, other) for other in self._masking.get(owned_gesture(command), ()))
        changes = [change for entity in sorted(dirty) for change in self._run(self._units[entity])]
        changes += [
            change for command in masking.values() for change in self._record(command, self._outcome_of_mask(command))
        ]
        return FoldChange(dirty, changes)

    def dependants(self, author: bytes, gestures: Sequence[OwnedGesture]) -> list[Command]:
        """Others' commands that are applied now and would come to nothing if `gestures` were undone."""
        undone = set(gestures)
        lost = []
        for entity, first in self._first_by_unit(gestures).items():
            fold = self._units[entity]
            if all(command.author == author for command in fold.commands):
                continue
            trial = fold.trial(first, lambda each: self.is_effective(each) and owned_gesture(each) not in undone)
            lost += [
                command
                for command, outcome in trial
                if command.author != author and outcome.kind == "no-op" and self._outcomes[command.name] == APPLIED
            ]
        return sorted(lost, key=lambda command: command.position)

    def commands_to_try(self, gestures: Sequence[OwnedGesture]) -> int:
        """How many commands `dependants` replays at the most."""
        return sum(
            int(self._units[entity].length_from(first)) for entity, first in self._first_by_unit(gestures).items()
        )

    def _command(self, entity: bytes, name: CommandName) -> Command | None:
        fold = self._units.get(entity)
        return next((each for each in reversed(fold.commands) if each.name == name), None) if fold is not None else None

    def _insert(self, command: Command) -> bytes:
        entity = entity_of(command)
        unit = self._units.get(entity)
        if unit is None:
            unit = self._units[entity] = UnitFold(self._assets)
        unit.insert(command)
        self._gestures.setdefault(owned_gesture(command), []).append(command)
        return entity

    def _mask(self, command: Command, dirty: set[bytes]) -> None:
        for gesture in targets_of(command):
            self._masking.setdefault(gesture, []).append(command)
        for entity, first in self._first_by_unit(self._masks.insert(command)).items():
            self._units[entity].rewind_to(first)
            dirty.add(entity)

    def _first_by_unit(self, gestures: Iterable[OwnedGesture]) -> dict[bytes, Command]:
        first: dict[bytes, Command] = {}
        for gesture in gestures:
            for command in self._gestures.get(gesture, ()):
                entity = entity_of(command)
                if entity not in first or command.position < first[entity].position:
                    first[entity] = command
        return first

    def _run(self, unit: UnitFold) -> list[OutcomeChange]:
        return [change for command, outcome in unit.run(self.is_effective) for change in self._record(command, outcome)]

    def _record(self, command: Command, outcome: Outcome) -> list[OutcomeChange]:
        before = self._outcomes.get(command.name)
        if before == outcome:
            return []
        self._outcomes[command.name] = outcome
        return [OutcomeChange(command, before, outcome)]

    def _outcome_of_mask(self, command: Command) -> Outcome:
        return APPLIED if any(gesture in self._gestures for gesture in targets_of(command)) else NOTHING_OF_YOURS
