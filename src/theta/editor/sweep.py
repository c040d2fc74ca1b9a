"""One step of the fold: decides every `set_effective` that may be affected, in order, then folds the units to the end.

A `set_effective` is decided at its place: by the commands before it, under the masks that stand there. Usually that is
the end, where the fold is anyway, and the only replay is the one without the gestures. One that is not the last in
order has its units brought to its place and its masks first.
"""

from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from theta.base.identifiers import CommandName, Position
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.effectiveness import (
    BEYOND_HISTORY,
    NOTHING_OF_YOURS,
    Claim,
    OwnedMask,
    claim_of,
    named_by,
    names_in,
    refused_by,
)
from theta.editor.fold_base import NOTHING_BEFORE
from theta.editor.fold_state import FoldState, entity_of, is_edit
from theta.editor.masks import OwnedGesture, owned_gesture
from theta.editor.unit import APPLIED, SUSPENDED, Outcome
from theta.editor.unit_fold import LARGE_FACES, BeyondBase
from theta.editor.vocabulary import SetEffective, SetEffectiveV2

SLICE_COMMANDS = 16
SLICE_ROLLED_BACK = 64
SLICE_TAKEN = 512
LEFT_OUT = Outcome("suspended", "left out by a merge")


class OutcomeChange(NamedTuple):
    """A command's outcome is now `outcome`; `before` is None when the command is new."""

    command: Command
    before: Outcome | None
    outcome: Outcome


# Half of what the constructor of a named tuple costs, which is a Python function.
_change = partial(tuple.__new__, OutcomeChange)


class Sweep:
    """Takes commands, or gestures to leave out, into a fold's state.

    Attributes:
        entities: whose units were replayed.
    """

    def __init__(self, state: FoldState) -> None:
        self.entities: set[bytes] = set()
        self._state = state
        self._before: dict[CommandName, tuple[Command, Outcome | None]] = {}
        # From where on a unit, or what was said of a gesture, is another than when the fold was last at rest.
        self._changed_at: dict[bytes, Position] = {}
        self._said_at: dict[OwnedGesture, Position] = {}
        self._new: dict[CommandName, Position] = {}
        # Gestures whose masks in a unit may not be those of the place where it is: masks of commands that were decided
        # in this sweep, and, in units that were brought to an earlier place, those of commands that come later.
        self._pending: dict[bytes, set[OwnedGesture]] = {}
        self._later: dict[bytes, set[OwnedGesture]] = {}
        self._decided: list[Command] = []
        # How much was folded since the last pause, in commands on small meshes.
        self._unpaused = 0

    def take(self, commands: Sequence[Command]) -> Iterator[None]:
        """Take commands in any order, a slice at a time.

        Raises:
            BeyondBase: one of them belongs below what the fold began with; nothing was changed.
        """
        state = self._state
        agreed = state.judge.agreed()
        is_other = agreed != state.agreed
        if state.base is not NOTHING_BEFORE:
            if is_other:
                raise BeyondBase("a merge has brought an older one, by whose strategy all is to be judged")
            yield from self._reach_down(commands)
        state.agreed = agreed
        if is_other:
            self._begin_again()
        changed_at = self._changed_at
        for count, command in enumerate(commands, 1):
            if not count % SLICE_TAKEN:
                yield
            if is_edit(type(command.operation)):
                entity = state.insert(command)
                at = changed_at.get(entity)
                if at is None or command.position < at:
                    changed_at[entity] = command.position
                if state.unheard:
                    self._hear(owned_gesture(command))
            elif isinstance(command.operation, SetEffective):
                state.insert_switch(command)
                self._new[command.name] = command.position
            else:
                self._record(command, APPLIED)
        yield from self._settle()

    def leave_out(self, gestures: Iterable[CommandName]) -> Iterator[None]:
        """Leave gestures out of the whole fold, a slice at a time.

        Raises:
            BeyondBase: one of them was begun below what the fold began with, where it may change what was undone.
        """
        state = self._state
        names = [gesture for gesture in gestures if gesture not in state.left_out]
        if state.base is not NOTHING_BEFORE and not state.past.is_gone and any(map(state.is_old, names)):
            raise BeyondBase("a merge leaves out what was done before, and with it undos are to be decided anew")
        yield from self.load(names)
        state.left_out.update(names)
        for name in names:
            if name.actor in state.owners:
                gesture = OwnedGesture(state.owners[name.actor], name)
                for entity, first in state.first_by_unit([gesture]).items():
                    self._touch(entity, first.position)
                    self._pending.setdefault(entity, set()).add(gesture)
                    self._say_left_out(state.in_unit(gesture, entity))
        yield from self._settle()

    def _say_left_out(self, commands: Iterable[Command]) -> None:
        """Of commands that an undo has masked already: nothing is folded anew for them, but the reason is another."""
        outcomes = self._state.outcomes
        for command in commands:
            if outcomes.get(command.name) == SUSPENDED:
                self._before.setdefault(command.name, (command, SUSPENDED))
                outcomes[command.name] = LEFT_OUT

    def load(self, gestures: Iterable[CommandName]) -> Iterator[None]:
        """Load the old commands of the units that gestures act on, a slice at a time; that changes nothing."""
        needed = yield from self._state.needed(gestures)
        yield from self.load_units(needed)

    def load_units(self, entities: Iterable[bytes]) -> Iterator[None]:
        """Load the old commands of units, as `load`."""
        wanted = sorted(self._state.unloaded.intersection(entities))
        yield from self._state.fetch(wanted)
        for entity in wanted:
            yield from self.load_unit(entity)

    def load_unit(self, entity: bytes) -> Iterator[None]:
        """Load the old commands of a unit; what became of them was not known here, and is no change."""
        yield from self._state.load(entity)
        quiet = Sweep(self._state)
        yield from quiet.advance(entity, None)

    def bring(self, entity: bytes, place: Position | None) -> Iterator[None]:
        """Fold a unit to just before a place under the masks that stand there, or back to the end."""
        state = self._state
        if place is not None:
            self._decided = state.switches[bisect_left(state.positions, place) :]
        yield from self._see(entity, place)
        if place is not None:
            yield from self._rewind(entity, place)
        yield from self.advance(entity, place)

    def changes(self) -> list[OutcomeChange]:
        """Every outcome that is another than before the sweep: units ascending, in fold order, `set_effective` last."""
        outcomes = self._state.outcomes
        found = []
        for name, (command, before) in self._before.items():
            outcome = outcomes[name]
            if before is None or before != outcome:
                found.append(_change((command, before, outcome)))
        found.sort(key=_place)
        return found

    def _begin_again(self) -> None:
        """Roll everything back: it was judged by what is no longer so."""
        for entity, unit in self._state.units.items():
            self._changed_at[entity] = unit.positions[0]
            unit.rewind(0)

    def _reach_down(self, commands: Sequence[Command]) -> Iterator[None]:
        base = self._state.base
        for command in commands:
            if command.position <= base.position and not isinstance(command.operation, Governing):
                raise BeyondBase(f"command {command.position} is not above {base.position}, where the fold begins")
        switches = [command for command in commands if isinstance(command.operation, SetEffective)]
        yield from self.load(gesture for command in switches for gesture in names_in(command))

    # -- what is decided -----------------------------------------------------------------------------------------

    def _settle(self) -> Iterator[None]:
        state = self._state
        window = self._window()
        self._decided = [command for command in window if command.name not in self._new]
        for command in window:
            if command.name in self._new or self._is_affected(command):
                yield from self._decide(command)
            for gesture, _ in state.standing.get(command.name, ()):
                for entity in state.entities_of(gesture) & self._later.keys():
                    self._pending.setdefault(entity, set()).add(gesture)
        for entity in sorted(self._changed_at.keys() | self._pending.keys() | self._later.keys()):
            yield from self._see(entity, None)
            yield from self.advance(entity, None)

    def _window(self) -> list[Command]:
        """The `set_effective` commands at or after the first thing that changed."""
        state = self._state
        if not state.switches:
            return []
        first = min((*self._changed_at.values(), *self._new.values()), default=None)
        return state.switches[bisect_left(state.positions, first) :] if first is not None else []

    def _hear(self, gesture: OwnedGesture) -> None:
        """Version 1 of a `set_effective` is applied as soon as any of its gestures is known, wherever it is ordered."""
        for command in self._state.unheard.pop(gesture, ()):
            self._record(command, APPLIED)

    def _is_affected(self, command: Command) -> bool:
        """Whether anything that a decided command was decided by may have changed."""
        operation = command.operation
        if not isinstance(operation, SetEffectiveV2):
            return False
        state, position = self._state, command.position
        for gesture in named_by(command, state.owners):
            if gesture in self._said_at and self._said_at[gesture] < position:
                return True
            for entity in state.entities_of(gesture):
                if entity in self._changed_at and self._changed_at[entity] < position:
                    return True
        return False

    def _decide(self, command: Command) -> Iterator[None]:
        state = self._state
        claim = self._claim(command)
        operation = command.operation
        if isinstance(operation, SetEffectiveV2) and not operation.on and claim.masks:
            dependants = yield from self._dependants(command, claim.masks)
            if dependants:
                claim = Claim(refused_by(dependants))
        elif claim.outcome.kind == "no-op" and claim.masks:
            for gesture, _ in claim.masks:
                state.unheard.setdefault(gesture, []).append(command)
        before = state.standing.get(command.name, ())
        if claim.masks != before:
            for gesture, mask in before:
                state.masks.take_back(gesture, mask)
            state.masks.put_all(claim.masks)
            state.standing[command.name] = claim.masks
            self._say(command.position, {gesture for gesture, _ in (*before, *claim.masks)})
        self._record(command, claim.outcome)

    def _claim(self, command: Command) -> Claim:
        state = self._state
        if state.past.floor is NOTHING_BEFORE:
            return claim_of(command, state.gestures, state.owners, state.masks, state.judge)
        # What was begun among commands that were dropped cannot be undone, not even the part of it that is here.
        named = [each for each in named_by(command, state.owners) if not state.is_gone(each.gesture)]
        gestures = {gesture: state.gestures[gesture] for gesture in named if gesture in state.gestures}
        claim = claim_of(command, gestures, state.owners, state.masks, state.judge)
        is_beyond = claim.outcome == NOTHING_OF_YOURS and any(state.is_gone(each) for each in names_in(command))
        if is_beyond:
            return Claim(BEYOND_HISTORY)
        return Claim(claim.outcome, tuple(each for each in claim.masks if not state.is_gone(each[0].gesture)))

    def _say(self, position: Position, gestures: Iterable[OwnedGesture]) -> None:
        """At a position something else is said of these gestures than before."""
        for gesture in gestures:
            if gesture not in self._said_at or position < self._said_at[gesture]:
                self._said_at[gesture] = position
            for entity in self._state.entities_of(gesture):
                self._touch(entity, position)
                self._pending.setdefault(entity, set()).add(gesture)

    def _touch(self, entity: bytes, position: Position) -> None:
        at = self._changed_at.get(entity)
        if at is None or position < at:
            self._changed_at[entity] = position

    def _dependants(self, command: Command, masks: Iterable[OwnedMask]) -> Generator[None, None, list[Command]]:
        """Others' commands before this one that do something and would come to nothing if the masks were put.

        If there are none, the units that were tried are left as they are with the masks.
        """
        state, place = self._state, command.position
        undone = [gesture for gesture, _ in masks if state.is_effective(gesture, place)]
        tried: list[bytes] = []
        lost: list[Command] = []
        for entity, first in sorted(state.first_by_unit(undone, place).items()):
            if state.authors[entity] <= {command.author}:
                continue
            rivals = self._rivals(entity, first.position, command, set(undone))
            if not rivals:
                continue
            yield from self._see(entity, place)
            yield from self.advance(entity, place)
            active = [rival for rival in rivals if state.outcomes[rival.name].did_something]
            if active:
                tried.append(entity)
                yield from self._mask(entity, dict.fromkeys(undone, True))
                yield from self.advance(entity, place)
                lost += [rival for rival in active if not state.outcomes[rival.name].did_something]
        if lost:
            for entity in tried:
                yield from self._mask(entity, dict.fromkeys(undone, False))
        return sorted(lost, key=lambda each: each.position)

    def _rivals(self, entity: bytes, first: Position, command: Command, undone: set[OwnedGesture]) -> list[Command]:
        """What others did to a unit between two places, and is not to be undone too."""
        unit = self._state.units[entity]
        span = slice(bisect_left(unit.positions, first), bisect_left(unit.positions, command.position))
        return [
            each for each in unit.commands[span] if each.author != command.author and owned_gesture(each) not in undone
        ]

    # -- where units are -----------------------------------------------------------------------------------------

    def _see(self, entity: bytes, place: Position | None) -> Iterator[None]:
        """Give a unit the masks that stand before a place, or at the end; what is folded with others is rolled back."""
        state = self._state
        later = self._later.get(entity)
        if place is not None and later is None:
            later = self._later[entity] = {
                gesture
                for command in self._decided
                if command.position >= place
                for gesture, _ in state.standing.get(command.name, ())
                if entity in state.entities_of(gesture)
            }
        gestures = self._pending.pop(entity, set()).union(later or ())
        yield from self._mask(entity, {gesture: not state.is_effective(gesture, place) for gesture in gestures})

    def _mask(self, entity: bytes, wanted: dict[OwnedGesture, bool]) -> Iterator[None]:
        """Leave gestures out of a unit, or take them in; what is folded otherwise is rolled back."""
        state = self._state
        masked = state.masked[entity]
        first: Position | None = None
        for gesture, off in wanted.items():
            if (gesture in masked) != off:
                at = min((command.position for command in state.in_unit(gesture, entity)), default=None)
                if at is None:
                    continue  # nobody would take it out again; what comes of it later is masked as it comes
                (masked.add if off else masked.discard)(gesture)
                if first is None or at < first:
                    first = at
        if first is not None:
            self.entities.add(entity)
            yield from self._rewind(entity, first)

    def _rewind(self, entity: bytes, place: Position) -> Iterator[None]:
        """Roll a unit back to just before a place, a slice at a time."""
        unit = self._state.units[entity]
        index = bisect_left(unit.positions, place)
        if unit.folded - unit.reversible <= index:
            while unit.folded - index > SLICE_ROLLED_BACK:
                unit.rewind(unit.folded - SLICE_ROLLED_BACK)
                yield
        unit.rewind(index)

    def advance(self, entity: bytes, place: Position | None) -> Iterator[None]:
        """Fold a unit on, until a place or to its end, a slice at a time."""
        state = self._state
        unit = state.units[entity]
        end = len(unit.commands) if place is None else bisect_left(unit.positions, place)
        if unit.folded >= end:
            return
        self.entities.add(entity)
        is_effective = state.filter(entity)
        while True:
            if self._unpaused >= SLICE_COMMANDS:
                self._unpaused = 0
                yield
            # What makes a unit may make a large mesh, which is as much as a slice.
            is_new = not unit.folded
            folded = unit.fold_some(1 if is_new else SLICE_COMMANDS, end, is_effective)
            self._record_folded(folded)
            mesh = unit.state.mesh
            is_large = is_new and mesh is not None and mesh.face_count >= LARGE_FACES
            self._unpaused += SLICE_COMMANDS if is_large else len(folded)
            if unit.folded >= end:
                return
            if is_large and mesh is not None:
                yield from mesh.number_slowly()

    def _record_folded(self, folded: Iterable[tuple[Command, Outcome]]) -> None:
        outcomes, before, left_out = self._state.outcomes, self._before, self._state.left_out
        for command, found in folded:
            outcome = LEFT_OUT if found is SUSPENDED and command.gesture in left_out else found
            name = command.name
            known = outcomes.get(name)
            if known is not outcome and known != outcome:
                before.setdefault(name, (command, known))
                outcomes[name] = outcome

    def _record(self, command: Command, outcome: Outcome) -> None:
        state = self._state
        known = state.outcomes.get(command.name)
        if known != outcome:
            self._before.setdefault(command.name, (command, known))
            state.outcomes[command.name] = outcome
            if known is not None:
                state.verdicts[command.author] = state.verdicts.get(command.author, 0) + 1


def _place(change: OutcomeChange) -> tuple[bool, bytes, Position]:
    command = change[0]
    if is_edit(type(command.operation)):
        return False, entity_of(command), command.position
    return True, b"", command.position
