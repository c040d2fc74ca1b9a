"""The fold: document state from the effective commands in (lamport, actor, number) order: CMD-40 … CMD-42.

A late command, or an undo, rolls back the units it touches and replays them. `theta.editor.refold` folds everything
from nothing and is the oracle that this must always equal.
"""

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from theta.base.identifiers import CommandName, Position
from theta.commands.log import Command
from theta.editor.authorship import ElementMakers, element_makers
from theta.editor.fold_base import FoldBase, NotAtHand, Past, Reach
from theta.editor.fold_state import FoldState, entity_of
from theta.editor.judging import ALONE, Judge
from theta.editor.masks import Mask, OwnedGesture, owned_gesture
from theta.editor.resuming import Tail, resume, tail_above
from theta.editor.sweep import OutcomeChange, Sweep
from theta.editor.unit import APPLIED, NO_ASSETS, Outcome, Unit
from theta.editor.vocabulary import SetEffective, SetEffectiveV2
from theta.mesh.results import Made

__all__ = ["Conflict", "Fold", "FoldChange", "OutcomeChange", "entity_of"]


Encoded = TypeVar("Encoded")
NOTHING_READ: Mapping[bytes, Sequence[Command]] = MappingProxyType({})


class Conflict(NamedTuple):
    """A command and the concurrent ones, ordered before it, that it was in conflict with; `outcome` is its own."""

    command: Command
    others: tuple[Command, ...]
    outcome: Outcome


class FoldChange(NamedTuple):
    """What a step of the fold changed: entities whose unit was replayed, outcomes, and conflicts that are new."""

    entities: set[bytes]
    outcomes: list[OutcomeChange]
    conflicts: list[Conflict]


class Fold:
    """Every command of a document, and what they fold to.

    Args:
        assets: by name, all that the commands name; it may grow, and nothing in it may change.
        judge: causality, policies and permissions.
        left_out: gestures that merges have left out.

    Attributes:
        last_change: what the last step changed.
    """

    def __init__(
        self, assets: Mapping[bytes, bytes] = NO_ASSETS, judge: Judge = ALONE, left_out: Iterable[CommandName] = ()
    ) -> None:
        self._state = FoldState(assets, judge, left_out)
        self._makers: tuple[object, ElementMakers] | None = None
        self._only_at_hand = False
        self.last_change = FoldChange(set(), [], [])

    @classmethod
    def from_base(
        cls,
        base: FoldBase,
        units: Mapping[bytes, Unit],
        past: Past,
        assets: Mapping[bytes, bytes] = NO_ASSETS,
        judge: Judge = ALONE,
        left_out: Iterable[CommandName] = (),
    ) -> "Fold":
        """The fold of all commands at or below a base's position (CMD-105); what comes above is then added.

        Args:
            base: what is said about them.
            units: what they fold to, `units_at` that position; not changed.
            past: reads them again when they are needed.
            assets: as for any fold.
            judge: as for any fold.
            left_out: as for any fold, beside those that the base says.
        """
        fold = cls(assets, judge, left_out)
        fold._state.begin(base, units, past)
        return fold

    # -- what it knows -------------------------------------------------------------------------------------------

    def unit(self, entity: bytes) -> Unit | None:
        """The unit of an entity in the document, else None. It is the fold's own: read it, never write."""
        fold = self._state.units.get(entity)
        return fold.state if fold is not None and fold.state.exists else None

    def entities(self) -> list[bytes]:
        """The ids of all entities in the document, ascending."""
        return sorted(entity for entity, fold in self._state.units.items() if fold.state.exists)

    def outcome(self, name: CommandName) -> Outcome | None:
        """What became of a command; None when it is not here."""
        return self._state.outcomes.get(name)

    def made(self, entity: bytes, name: CommandName) -> Made | None:
        """What a command made in an entity's mesh, as all is folded now; None when it was not applied there."""
        self._load_unit(entity)
        fold = self._state.units.get(entity)
        command = next((each for each in reversed(fold.commands) if each.name == name), None) if fold else None
        return fold.made(command, self._state.filter(entity)) if fold is not None and command is not None else None

    def unit_commands(
        self, entity: bytes, old: Mapping[bytes, Sequence[Command]] = NOTHING_READ
    ) -> tuple[tuple[Command, ...], tuple[bool, ...]]:
        """An entity's commands in the order of the fold, and of each whether it takes part.

        Args:
            entity: its id.
            old: what `old_commands_slowly` has read, so that nothing need be loaded for it.
        """
        before: Sequence[Command] = ()
        if entity in self._state.unloaded and entity in old:
            # A fold that was begun anew meanwhile has some of them itself.
            before = [each for each in old[entity] if each.position <= self._state.base.position]
        else:
            self._load_unit(entity)
        fold = self._state.units.get(entity)
        commands = (*before, *fold.commands) if fold is not None else ()
        return commands, tuple([self.is_effective(command) for command in commands])

    def old_commands_slowly(self, entities: Iterable[bytes]) -> Generator[None, None, Mapping[bytes, list[Command]]]:
        """Read the old commands of those entities that are not loaded, a slice at a time, and load none.

        Commands may be added in between.
        """
        return self._state.read(entities)

    def dropped_unit_slowly(self, entity: bytes) -> Generator[None, None, Unit | None]:
        """What the commands of an entity that were dropped had come to, which `unit_commands` go on from; only read it.

        It is read a slice at a time, and commands may be added in between; None when none were dropped.
        """
        return self._state.dropped_unit(entity)

    def as_made(self, entity: bytes) -> Unit | None:
        """An entity's unit just after the command that made it, if that has been kept; read it, never write."""
        fold = self._state.units.get(entity)
        return fold.as_made if fold is not None and entity not in self._state.unloaded else None

    def makers(self, entity: bytes) -> ElementMakers:
        """Which command made each element of an entity's mesh (CMD-57); of none when it is not in the document."""
        unit = self.unit(entity)
        if unit is None:
            return element_makers(())
        if self._makers is None or self._makers[0] is not unit.mesh_stamp:
            self._load_unit(entity)
            state = self._state
            fold = state.units[entity]
            made = element_makers(fold.commands, state.filter(entity), state.assets, state.judge, fold.base)
            self._makers = (unit.mesh_stamp, made)
        return self._makers[1]

    def who_made(self, entity: bytes, kind: str, element: bytes) -> Command:
        """The command that made an element that lives (CMD-57); kind is `vertex`, `edge` or `face`.

        Raises:
            UnknownElement: no such element lives in the entity's mesh.
        """
        return self.makers(entity).maker_of(kind, element)

    def commands_of(self, gesture: OwnedGesture) -> Sequence[Command]:
        """The edits of a gesture, in no order."""
        self._load([gesture.gesture])
        return self._state.gestures.get(gesture, ())

    def is_effective(self, command: Command) -> bool:
        """Whether a command takes part in the fold."""
        return self._state.is_effective(owned_gesture(command))

    def is_taken_by_others(self, gesture: OwnedGesture) -> bool:
        """Whether a gesture is off by another's cascade or a merge, and so not its owner's to redo by undoing it."""
        return gesture.gesture in self._state.left_out or self.taken_by(gesture) is not None

    def taken_by(self, gesture: OwnedGesture) -> Mask | None:
        """The cascade of another by which a gesture is off; None when it is on, or off by its owner or a merge."""
        mask = self._state.masks.last(gesture)
        return mask if mask is not None and not mask.on and mask.cascade else None

    def would_change(self, gesture: OwnedGesture) -> bool:
        """Whether undoing a gesture would change anything: it did something that is not overwritten since (CMD-39)."""
        state = self._state
        return any(
            state.outcomes[command.name].did_something and state.units[entity_of(command)].still_counts(command)
            for command in self.commands_of(gesture)
        )

    def stands(self, command: Command) -> bool:
        """Whether a `set_effective` does what it says; version 1 always does."""
        return not isinstance(command.operation, SetEffectiveV2) or self._state.outcomes[command.name] == APPLIED

    @property
    def base(self) -> FoldBase:
        """What it began with."""
        return self._state.base

    @property
    def floor(self) -> FoldBase:
        """What commands that were dropped had come to; NOTHING_BEFORE when none were."""
        return self._state.past.floor

    def masks_at(self, position: Position) -> dict[OwnedGesture, Mask]:
        """Why each gesture is off that is off at a position."""
        return {gesture: mask for gesture, mask in self._state.masks.at(position) if not mask.on}

    def reaches_at(self, position: Position, gestures: Iterable[OwnedGesture]) -> dict[CommandName, Reach]:
        """Where gestures act, and all those that act on several entities, by their commands at or below a position."""
        state = self._state
        found: dict[CommandName, Reach] = {}
        wanted = set(gestures)
        before = [OwnedGesture(reach.author, name) for name, reach in state.base.reaches.items()]
        for gesture in wanted.union(state.spread, before):
            known = state.gestures.get(gesture, ())
            entities = {entity_of(each) for each in known if each.position <= position}
            reach = state.base.reaches.get(gesture.gesture)
            if reach is not None and reach.author == gesture.author:
                entities.update(reach.entities)
            if entities and (gesture in wanted or len(entities) > 1):
                found[gesture.gesture] = Reach(gesture.author, tuple(sorted(entities)))
        return found

    @property
    def left_out(self) -> frozenset[CommandName]:
        """The gestures that merges have left out."""
        return frozenset(self._state.left_out)

    def units_at(self, position: Position, encode: Callable[[Unit], Encoded]) -> Iterator[tuple[bytes, Encoded]]:
        """What the commands at or below a position fold to, entity by entity, objects that are gone included.

        The position is one that nothing comes below any more. Commands may be added between two entities.

        Args:
            position: a frontier's.
            encode: makes something of each unit that stays as it is.
        """
        state = self._state
        for entity in sorted(state.units):
            unit = state.units[entity]
            if entity not in state.unloaded and unit.begins_after(position):
                continue
            sweep = Sweep(state)
            for _ in sweep.bring(entity, position):
                pass
            encoded = encode(state.units[entity].state)
            for _ in sweep.bring(entity, None):
                pass
            yield entity, encoded

    def tail_above(self, position: Position) -> Tail:
        """What the commands above a position have come to; it stays as it is while the fold goes on."""
        return tail_above(self._state, position)

    def resume(self, commands: Iterable[Command], tail: Tail) -> None:
        """Take the commands above the base, in the order of the log, with what they have come to, before any others.

        Raises:
            InvalidValue: the tail is of other commands.
        """
        resume(self._state, commands, tail)

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Inside, a question that takes old commands which are not loaded raises NotAtHand.

        Otherwise it loads them at once, which may take long.
        """
        before, self._only_at_hand = self._only_at_hand, True
        try:
            yield
        finally:
            self._only_at_hand = before

    def is_at_hand(self, gesture: CommandName) -> bool:
        """Whether nothing has to be loaded before anything can be said of a gesture."""
        return self._state.is_at_hand(gesture)

    def fetch_slowly(self, lacking: NotAtHand) -> Generator[None, None, frozenset[bytes]]:
        """Read what `load_slowly` needs ahead, a slice at a time; commands may be added in between.

        Returns the entities whose old commands are to be loaded.
        """
        state = self._state
        needed = yield from state.needed(lacking.gestures)
        needed |= state.unloaded.intersection(lacking.entities)
        yield from state.fetch(needed)
        return frozenset(needed)

    def load_slowly(self, entities: Iterable[bytes]) -> Iterator[None]:
        """Load the old commands of entities, a slice at a time; until it has ended the fold is not at rest."""
        return Sweep(self._state).load_units(entities)

    def verdicts(self) -> dict[CommandName, Outcome]:
        """What became of every `set_effective` that is here."""
        state = self._state
        return {command.name: state.outcomes[command.name] for command in state.switches}

    def verdicts_of(self, author: bytes) -> int:
        """A number that rises whenever the outcome of a `set_effective` of the author's changes."""
        return self._state.verdicts.get(author, 0)

    # -- commands in ---------------------------------------------------------------------------------------------

    def add(self, commands: Iterable[Command]) -> FoldChange:
        """Take admitted commands, in any order, and fold what they change."""
        for _ in self.add_slowly(commands):
            pass
        return self.last_change

    def add_slowly(self, commands: Iterable[Command]) -> Iterator[None]:
        """As `add`, a slice of a few commands at a time; `last_change` is what it changed.

        Until it has ended the fold is not at rest: nothing of it may be read, and nothing else added.
        """
        sweep = Sweep(self._state)
        return self._finish(sweep, sweep.take(list(commands)))

    def leave_out(self, gestures: Iterable[CommandName]) -> FoldChange:
        """Leave these gestures out of the document from now on, whoever's they are (CMD-104).

        Raises:
            BeyondBase: one of them was begun below the base; nothing was changed.
        """
        for _ in self.leave_out_slowly(gestures):
            pass
        return self.last_change

    def leave_out_slowly(self, gestures: Iterable[CommandName]) -> Iterator[None]:
        """As `leave_out`, a slice of a few commands at a time, as for `add_slowly`."""
        sweep = Sweep(self._state)
        return self._finish(sweep, sweep.leave_out(gestures))

    # -- undo ----------------------------------------------------------------------------------------------------

    def dependants(
        self, author: bytes, gestures: Sequence[OwnedGesture], cascade: Iterable[OwnedGesture] = ()
    ) -> list[Command]:
        """Others' commands that did something and would come to nothing if `gestures`, and `cascade`, were undone now.

        Those of the gestures in `cascade` do not count.
        """
        state = self._state
        undone = {*gestures, *cascade}
        self._load([each.gesture for each in undone])
        lost: list[Command] = []
        for entity, first in state.first_by_unit(undone).items():
            if state.authors[entity] <= {author}:
                continue
            masked = state.masked[entity] | undone
            for command, outcome in state.units[entity].trial(first, _without(masked)):
                if command.author == author or outcome.did_something or owned_gesture(command) in undone:
                    continue
                if state.outcomes[command.name].did_something:
                    lost.append(command)
        return sorted(lost, key=lambda command: command.position)

    def cascade_of(self, author: bytes, gestures: Sequence[OwnedGesture]) -> list[CommandName]:
        """Others' gestures that have to be undone with the author's so that nothing that depends on them is left.

        Ascending by their first command in fold order.
        """
        cascade: dict[OwnedGesture, None] = {}
        while lost := self.dependants(author, gestures, cascade):
            cascade.update((owned_gesture(command), None) for command in lost)
        first = {each: min(command.position for command in self.commands_of(each)) for each in cascade}
        return [each.gesture for each in sorted(cascade, key=first.__getitem__)]

    def commands_to_try(self, gestures: Sequence[OwnedGesture]) -> int:
        """How many commands `dependants` replays at the most."""
        self._load([each.gesture for each in gestures])
        first = self._state.first_by_unit(gestures)
        return sum(int(self._state.units[entity].length_from(command)) for entity, command in first.items())

    def replay_length(self, gestures: Iterable[CommandName]) -> int | None:
        """How many commands undoing or redoing gestures, whoever's, replays at the most, for its price (CMD-76).

        None when that takes old commands. It may be asked at any time: while commands are being added, it is as far as
        these have come.
        """
        state = self._state
        wanted: list[OwnedGesture] = []
        for gesture in gestures:
            if not state.is_at_hand(gesture):
                return None
            if gesture.actor in state.owners:
                wanted.append(OwnedGesture(state.owners[gesture.actor], gesture))
        first = state.first_by_unit(wanted)
        return sum(int(state.units[entity].length_from(command)) for entity, command in first.items())

    def _load(self, gestures: Iterable[CommandName]) -> None:
        lacking = [gesture for gesture in gestures if not self._state.is_at_hand(gesture)]
        if not lacking:
            return
        if self._only_at_hand:
            raise NotAtHand(gestures=lacking)
        for _ in Sweep(self._state).load(lacking):
            pass

    def _load_unit(self, entity: bytes) -> None:
        if entity not in self._state.unloaded or self._state.past.is_gone:
            return
        if self._only_at_hand:
            raise NotAtHand(entities=[entity])
        for _ in Sweep(self._state).load_units([entity]):
            pass

    def _finish(self, sweep: Sweep, steps: Iterator[None]) -> Iterator[None]:
        yield from steps
        changes = sweep.changes()
        self.last_change = FoldChange(sweep.entities, changes, [*self._conflicts(changes)])

    def _conflicts(self, changes: Iterable[OutcomeChange]) -> Iterator[Conflict]:
        """Of the changed outcomes, those that are against others' edits now and were not so before."""
        for change in changes:
            if not change.outcome.against:
                continue
            before = change.before.against if change.before is not None else ()
            wanted = set(change.outcome.against).difference(before)
            if wanted and not isinstance(change.command.operation, SetEffective):
                others = self._found(change.command, wanted)
                if others:
                    yield Conflict(change.command, others, change.outcome)

    def _found(self, command: Command, names: set[CommandName]) -> tuple[Command, ...]:
        """The commands of these names in a command's unit, all ordered before it, as far as they are here."""
        unit = self._state.units[entity_of(command)]
        found: list[Command] = []
        for at in range(bisect_left(unit.positions, command.position) - 1, -1, -1):
            if unit.commands[at].name in names:
                found.append(unit.commands[at])
                if len(found) == len(names):
                    break
        return tuple(reversed(found))


def _without(masked: set[OwnedGesture]) -> Callable[[Command], bool]:
    return lambda command: (command.author, command.gesture) not in masked
