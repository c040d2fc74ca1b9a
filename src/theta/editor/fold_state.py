"""What a fold holds: the commands, the units that they fold to, the masks and the outcomes.

`theta.editor.sweep` keeps them true. A fold that began with a base has of its old units what they had come to; their
old commands are loaded when something needs them.
"""

from bisect import bisect_left
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from theta.base.identifiers import CommandName, Position, entity_id
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.effectiveness import OwnedMask
from theta.editor.fold_base import NO_PAST, NOTHING_BEFORE, FoldBase, Past
from theta.editor.judging import Judge
from theta.editor.masks import Masks, OwnedGesture
from theta.editor.step_shelf import StepShelf
from theta.editor.unit import Outcome, Unit
from theta.editor.unit_fold import IsEffective, UnitFold
from theta.editor.vocabulary import SetEffective

LOADED_SLICE = 512
"""Old commands that are taken in between two pauses."""

# Half of what the constructor of a named tuple costs, which is a Python function.
_gesture = partial(tuple.__new__, OwnedGesture)


@cache
def is_edit(kind: type[Any]) -> bool:
    """Whether operations of this type act on a unit, as all do but `set_effective` and what governs."""
    return not issubclass(kind, SetEffective | Governing)


def entity_of(command: Command) -> bytes:
    """The unit that a command acts on; `set_effective` and what governs act on none."""
    operation = command.operation
    assert is_edit(type(operation))
    if operation.CREATES:
        return entity_id(command.name)
    return operation.entity  # type: ignore[attr-defined,no-any-return]


def everything(command: Command) -> bool:
    """The filter of a unit of which nothing is masked."""
    return True


class FoldState:
    """One document's commands and what follows from them.

    Attributes:
        units: by entity; at rest each is folded to its end.
        shelf: what all of them keep to be rolled back by.
        masked: of each unit, the gestures that are left out of what is folded of it.
        authors: of each unit, who has commands in it.
        gestures: the edits of every gesture, in the order of their arrival.
        owners: the author of each actor.
        spread: gestures that act on several units.
        left_out: gestures that merges left out, whoever's they are.
        switches: every `set_effective`, in fold order, with its position in `positions`.
        standing: the masks that each of them has put into `masks`.
        unheard: version 1 of `set_effective` that no gesture of is known yet, by gesture.
        verdicts: of each author, how often the outcome of a `set_effective` of theirs has changed.
        base: what the fold began with.
        past: reads the old commands.
        unloaded: units whose old commands are not here.
        agreed: the judge's number when the units were folded.
    """

    def __init__(self, assets: Mapping[bytes, bytes], judge: Judge, left_out: Iterable[CommandName]) -> None:
        self.assets = assets
        self.judge = judge
        self.units: dict[bytes, UnitFold] = {}
        self.shelf = StepShelf()
        self.masked: dict[bytes, set[OwnedGesture]] = {}
        self.authors: dict[bytes, set[bytes]] = {}
        self.gestures: dict[OwnedGesture, list[Command]] = {}
        self.owners: dict[int, bytes] = {}
        self.left_out = set(left_out)
        self.masks = Masks()
        self.switches: list[Command] = []
        self.positions: list[Position] = []
        self.standing: dict[CommandName, tuple[OwnedMask, ...]] = {}
        self.outcomes: dict[CommandName, Outcome] = {}
        self.unheard: dict[OwnedGesture, list[Command]] = {}
        self.verdicts: dict[bytes, int] = {}
        self.spread: set[OwnedGesture] = set()
        self.base = NOTHING_BEFORE
        self.past = NO_PAST
        self.unloaded: set[bytes] = set()
        self.agreed = judge.agreed()
        # Of gestures that the base says nothing of, where their old commands are, as far as that was looked up.
        self._asked: dict[CommandName, frozenset[bytes]] = {}
        self._fetched: dict[bytes, list[Command]] = {}
        self._dropped: dict[bytes, Unit] = {}

    def begin(self, base: FoldBase, units: Mapping[bytes, Unit], past: Past) -> None:
        """Begin with what old commands have come to, instead of with nothing."""
        assert not self.units and not self.switches, "it has begun"
        self.base, self.past = base, past
        self.left_out |= base.left_out
        self.masks.put_all(base.masks.items())
        for entity, unit in units.items():
            self.new_unit(entity, UnitFold(self.assets, self.judge, unit, base.position, self.shelf))
            self.unloaded.add(entity)

    def insert(self, command: Command) -> bytes:
        """Put an edit in its place and return its entity; what was folded at or after it is rolled back."""
        entity = entity_of(command)
        unit = self.units.get(entity)
        if unit is None:
            unit = self.new_unit(entity, UnitFold(self.assets, self.judge, shelf=self.shelf))
        unit.insert(command)
        self.index(entity, command)
        return entity

    def empty_unit(self) -> UnitFold:
        """A unit without commands."""
        return UnitFold(self.assets, self.judge, shelf=self.shelf)

    def new_unit(self, entity: bytes, unit: UnitFold) -> UnitFold:
        """Take a unit."""
        self.units[entity] = unit
        self.masked[entity] = set()
        self.authors[entity] = set()
        return unit

    def index(self, entity: bytes, command: Command) -> None:
        """Note whose gesture an edit of an entity belongs to, and whether that is off."""
        gesture = _gesture((command.author, command.gesture))
        self.authors[entity].add(command.author)
        known = self.gestures.get(gesture)
        if known is None:
            self.gestures[gesture] = [command]
            self.owners[command.name.actor] = command.author
        else:
            known.append(command)
            if entity_of(known[0]) != entity:
                self.spread.add(gesture)
        if (self.masks or self.left_out) and not self.is_effective(gesture):
            self.masked[entity].add(gesture)

    def needed(self, gestures: Iterable[CommandName]) -> Generator[None, None, set[bytes]]:
        """The units whose old commands must be loaded before anything is said of these gestures; found in slices."""
        lacking = {gesture for gesture in gestures if not self.is_at_hand(gesture)}
        unknown = {gesture for gesture in lacking if self._reached(gesture) is None}
        # All at once, since it may take all records to find one.
        acted: dict[CommandName, set[bytes]] = {gesture: set() for gesture in unknown}
        for command in self.past.of_gestures(unknown) if unknown else ():
            if command is None:
                yield
            else:
                acted[command.gesture].add(entity_of(command))
        self._asked.update({gesture: frozenset(entities) for gesture, entities in acted.items()})
        return {entity for gesture in lacking for entity in self.unloaded.intersection(self._reached(gesture) or ())}

    def is_old(self, gesture: CommandName) -> bool:
        """Whether a gesture was begun at or below the base."""
        return gesture.number <= self.base.numbers.get(gesture.actor, 0)

    def is_gone(self, gesture: CommandName) -> bool:
        """Whether a gesture was begun among commands that were dropped."""
        return gesture.number <= self.past.floor.numbers.get(gesture.actor, 0)

    def is_at_hand(self, gesture: CommandName) -> bool:
        """Whether all commands of a gesture are known to be here."""
        if not self.is_old(gesture) or self.is_gone(gesture):
            return True
        entities = self._reached(gesture)
        return self.unloaded.isdisjoint(entities) if entities is not None else self._is_loaded(gesture)

    def read(self, entities: Iterable[bytes]) -> Generator[None, None, dict[bytes, list[Command]]]:
        """The old commands of the units that are not loaded, in fold order, read a slice at a time."""
        wanted = frozenset() if self.past.is_gone else frozenset(self.unloaded.intersection(entities))
        found: dict[bytes, list[Command]] = {entity: [] for entity in wanted}
        for command in self.past.of_entities(wanted) if wanted else ():
            if command is None:
                yield
            else:
                found[entity_of(command)].append(command)
        for commands in found.values():
            commands.sort(key=lambda command: command.position)
        return found

    def fetch(self, entities: Iterable[bytes]) -> Iterator[None]:
        """Read the old commands of units ahead of `load`, a slice at a time. The fold may go on in between."""
        found = yield from self.read(set(entities).difference(self._fetched))
        dropped: dict[bytes, Unit] = {}
        for each in self.past.units_of(found.keys()) if found else ():
            if each is None:
                yield
            else:
                dropped[each[0]] = each[1]
        # What somebody else has loaded meanwhile would never be taken from here.
        self._dropped.update({entity: unit for entity, unit in dropped.items() if entity in self.unloaded})
        self._fetched.update({entity: each for entity, each in found.items() if entity in self.unloaded})

    def load(self, entity: bytes) -> Iterator[None]:
        """Take in the old commands of a unit, a slice at a time; nothing of it is folded then.

        The fold may not go on in between.
        """
        yield from self.fetch([entity])
        new, commands = self._unit_at_floor(entity), self._fetched.pop(entity, [])
        for count, command in enumerate(commands, 1):
            new.insert(command)
            if not count % LOADED_SLICE:
                yield
        old = self.units.get(entity)
        self.unloaded.discard(entity)
        if old is None:
            self.new_unit(entity, new)
        self.units[entity] = new
        for command in old.commands if old is not None else ():
            new.insert(command)
        for count, command in enumerate(commands, 1):
            self.index(entity, command)
            if not count % LOADED_SLICE:
                yield

    def dropped_unit(self, entity: bytes) -> Generator[None, None, Unit | None]:
        """What commands that were dropped had come to on an entity, read in slices; None when there were none."""
        if entity in self.unloaded and not self.past.is_gone:
            for each in self.past.units_of([entity]):
                if each is not None:
                    return each[1]
                yield
            return None
        unit = self.units.get(entity)
        return unit.base if unit is not None else None

    def _unit_at_floor(self, entity: bytes) -> UnitFold:
        """A unit without commands, but for those that were dropped."""
        dropped = self._dropped.pop(entity, None)
        if dropped is None:
            return self.empty_unit()
        return UnitFold(self.assets, self.judge, dropped, self.past.floor.position, self.shelf)

    def _reached(self, gesture: CommandName) -> Collection[bytes] | None:
        """The units that the old commands of a gesture act on, loaded or not; None when they have to be looked for."""
        reach = self.base.reaches.get(gesture)
        return reach.entities if reach is not None else self._asked.get(gesture)

    def _is_loaded(self, gesture: CommandName) -> bool:
        """Whether the old commands of a gesture that acts on one unit are here."""
        owner = self.owners.get(gesture.actor)
        known = self.gestures.get(OwnedGesture(owner, gesture), ()) if owner is not None else ()
        return any(command.position <= self.base.position for command in known)

    def insert_switch(self, command: Command) -> None:
        """Put a `set_effective` in its place, undecided."""
        index = bisect_left(self.positions, command.position)
        assert index == len(self.positions) or self.positions[index] != command.position, "admitted twice"
        self.positions.insert(index, command.position)
        self.switches.insert(index, command)
        self.owners[command.name.actor] = command.author

    def is_effective(self, gesture: OwnedGesture, before: Position | None = None) -> bool:
        """Whether a gesture takes part in the fold, at the end or just before a position."""
        return gesture.gesture not in self.left_out and self.masks.is_effective(gesture, before)

    def filter(self, entity: bytes) -> IsEffective:
        """What the unit is folded with."""
        masked = self.masked[entity]
        if not masked:
            return everything
        return lambda command: (command.author, command.gesture) not in masked

    def in_unit(self, gesture: OwnedGesture, entity: bytes) -> Iterator[Command]:
        """The commands of a gesture in one unit."""
        return (command for command in self.gestures.get(gesture, ()) if entity_of(command) == entity)

    def entities_of(self, gesture: OwnedGesture) -> set[bytes]:
        """The units that a gesture's commands act on."""
        known = self.gestures.get(gesture, ())
        if gesture in self.spread:
            return {entity_of(command) for command in known}
        return {entity_of(known[0])} if known else set()

    def first_by_unit(self, gestures: Iterable[OwnedGesture], before: Position | None = None) -> dict[bytes, Command]:
        """The first command of any of the gestures in each unit that they act on, before a position if one is given."""
        first: dict[bytes, Command] = {}
        for gesture in gestures:
            for command in self.gestures.get(gesture, ()):
                entity = entity_of(command)
                if before is not None and command.position >= before:
                    continue
                if entity not in first or command.position < first[entity].position:
                    first[entity] = command
        return first
