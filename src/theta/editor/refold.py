"""The plain full refold: sort, decide every undo by folding all that is before it, apply from nothing.

It is the oracle that the fold must always equal, so it shares no machinery with it: no journals, no copies, no tables
that are kept, nothing decided anew.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from theta.base.identifiers import CommandName, Position
from theta.base.limits import CONFLICT_NAMES_MAX
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.fold_state import entity_of
from theta.editor.judging import ALONE, Judge
from theta.editor.unit import APPLIED, NO_ASSETS, SUSPENDED, Outcome, Unit, apply, pass_over
from theta.editor.vocabulary import SetEffective, SetEffectiveV2

Owned = tuple[bytes, CommandName]
UNDECIDED: Mapping[CommandName, Outcome] = MappingProxyType({})


class Refolded(NamedTuple):
    """All units that there ever were, and what became of every command."""

    units: dict[bytes, Unit]
    outcomes: dict[CommandName, Outcome]


class _Off(NamedTuple):
    """A gesture is off: whose doing it was, and whether the gesture was another's."""

    by: bytes
    cascade: bool


def refold(
    commands: Iterable[Command],
    assets: Mapping[bytes, bytes] = NO_ASSETS,
    judge: Judge = ALONE,
    left_out: Iterable[CommandName] = (),
    decided: Mapping[CommandName, Outcome] = UNDECIDED,
) -> dict[bytes, Unit]:
    """The units of all entities in the document that `commands` fold to.

    Args:
        commands: in any order.
        assets: by name, all that the commands name.
        judge: causality, policies and permissions.
        left_out: gestures that merges have left out.
        decided: outcomes of undos that are taken as given. To decide one takes as long as to fold its units.
    """
    units = refold_all(commands, assets, judge, left_out, decided).units
    return {entity: unit for entity, unit in units.items() if unit.exists}


def refold_all(
    commands: Iterable[Command],
    assets: Mapping[bytes, bytes] = NO_ASSETS,
    judge: Judge = ALONE,
    left_out: Iterable[CommandName] = (),
    decided: Mapping[CommandName, Outcome] = UNDECIDED,
) -> Refolded:
    """As `refold`, with the outcomes, and with units that are not in the document."""
    return _Refolding(commands, assets, judge, left_out).run(decided)


class _Refolding:
    def __init__(
        self,
        commands: Iterable[Command],
        assets: Mapping[bytes, bytes],
        judge: Judge,
        left_out: Iterable[CommandName],
    ) -> None:
        self._ordered = sorted(commands, key=lambda command: command.position)
        self._assets = assets
        self._judge = judge
        self._left_out = set(left_out)
        self._units: dict[bytes, list[Command]] = {}
        self._gestures: dict[Owned, list[Command]] = {}
        for command in self._ordered:
            if not isinstance(command.operation, SetEffective | Governing):
                self._units.setdefault(entity_of(command), []).append(command)
                self._gestures.setdefault((command.author, command.gesture), []).append(command)
        self._owners = {command.name.actor: command.author for command in self._ordered}

    def run(self, decided: Mapping[CommandName, Outcome]) -> Refolded:
        """Decide in order, then fold."""
        off: dict[Owned, _Off] = {}
        verdicts: dict[CommandName, Outcome] = {}
        for command in self._ordered:
            operation = command.operation
            if isinstance(operation, Governing):
                verdicts[command.name] = APPLIED
            elif isinstance(operation, SetEffectiveV2):
                after, verdict = self._after_v2(command, operation, off, decided.get(command.name))
                verdicts[command.name] = verdict
                off = after if verdict == APPLIED else off
            elif isinstance(operation, SetEffective):
                targets = {(command.author, CommandName(name.actor, name.number)) for name in operation.gestures}
                known = any(target in self._gestures for target in targets)
                verdicts[command.name] = APPLIED if known else _not_yours()
                off = {gesture: why for gesture, why in off.items() if gesture not in targets}
                if not operation.on:
                    off |= dict.fromkeys(targets, _Off(command.author, False))
        units: dict[bytes, Unit] = {}
        outcomes: dict[CommandName, Outcome] = {}
        for entity, edits in self._units.items():
            units[entity], found = self._fold(edits, off)
            outcomes |= found
        return Refolded(units, outcomes | verdicts)

    def _after_v2(
        self, command: Command, operation: SetEffectiveV2, off: dict[Owned, _Off], decided: Outcome | None
    ) -> tuple[dict[Owned, _Off], Outcome]:
        """What is off after an undo or redo if it stands, and its outcome, by what is ordered before it."""
        place, author = command.position, command.author
        named = {CommandName(name.actor, name.number) for name in operation.gestures}
        too = {CommandName(name.actor, name.number) for name in operation.cascade}
        mine = {(author, name) for name in named if self._before((author, name), place)}
        others = {
            (owner, name)
            for name in too
            if (owner := self._owners.get(name.actor, author)) != author and self._before((owner, name), place)
        }
        if operation.on:
            back = {gesture for gesture in others if off.get(gesture) == _Off(author, True)}
            after = {gesture: why for gesture, why in off.items() if gesture not in mine | back}
            return after, decided or self._refused(command, mine) or APPLIED
        taken = {gesture for gesture in others if gesture not in off}
        after = off | dict.fromkeys(mine, _Off(author, False)) | dict.fromkeys(taken, _Off(author, True))
        if decided is not None:
            return after, decided
        refused = self._refused(command, mine)
        if refused is None and others and not self._judge.cascade_allowed(command.seq):
            refused = Outcome("no-op", "NotAllowed: undo must not take others' work back in this room")
        if refused is None:
            lost = self._lost(command, mine | taken, off, after)
            if lost:
                what = (
                    "a command of somebody else builds" if len(lost) == 1 else f"{len(lost)} commands of others build"
                )
                names = tuple(each.name for each in lost[:CONFLICT_NAMES_MAX])
                refused = Outcome("no-op", f"UndoConflict: {what} on it", names)
        return after, refused or APPLIED

    def _refused(self, command: Command, mine: set[Owned]) -> Outcome | None:
        if not mine:
            return _not_yours()
        used = {each.operation.NAME for gesture in mine for each in self._before(gesture, command.position)}
        for name in sorted(used):
            if not self._judge.may(command.author, command.seq, name):
                return Outcome("no-op", f"NotAllowed: your role may not use {name} any more")
        return None

    def _lost(
        self, command: Command, undone: set[Owned], off: dict[Owned, _Off], after: dict[Owned, _Off]
    ) -> list[Command]:
        """Others' commands before an undo that do something, and come to nothing with it; in fold order."""
        lost: list[Command] = []
        entities = {entity_of(each) for gesture in undone for each in self._before(gesture, command.position)}
        for entity in entities:
            edits = [each for each in self._units[entity] if each.position < command.position]
            if all(each.author == command.author for each in edits):
                continue
            _, now = self._fold(edits, off)
            _, then = self._fold(edits, after)
            lost += [
                each
                for each in edits
                if each.author != command.author
                and (each.author, each.gesture) not in undone
                and now[each.name].did_something
                and not then[each.name].did_something
            ]
        return sorted(lost, key=lambda each: each.position)

    def _before(self, gesture: Owned, place: Position) -> list[Command]:
        """A gesture's commands that are ordered before a place."""
        commands = self._gestures.get(gesture, [])
        return commands[: bisect_left(commands, place, key=lambda command: command.position)]

    def _fold(self, edits: Iterable[Command], off: Mapping[Owned, _Off]) -> tuple[Unit, dict[CommandName, Outcome]]:
        """One unit's commands, from nothing."""
        unit = Unit()
        outcomes: dict[CommandName, Outcome] = {}
        for command in edits:
            if command.gesture not in self._left_out and (command.author, command.gesture) not in off:
                outcomes[command.name] = apply(unit, command, self._assets, self._judge)
                continue
            outcome = pass_over(unit, command, self._judge)
            if outcome == SUSPENDED and command.gesture in self._left_out:
                outcome = Outcome("suspended", "left out by a merge")
            outcomes[command.name] = outcome
        return unit, outcomes


def _not_yours() -> Outcome:
    return Outcome("no-op", "UnknownElement: none of these gestures is the author's")
