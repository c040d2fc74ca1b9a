"""One author's undo and redo stacks: they follow from the author's commands and their verdicts (CMD-39, CMD-100)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from copy import copy
from typing import NamedTuple

from theta.base.identifiers import CommandName, Position
from theta.base.limits import UNDO_GESTURES_MAX
from theta.commands.log import Command
from theta.editor.masks import targets_of
from theta.editor.vocabulary import SetEffective, SetEffectiveV2

Gestures = tuple[CommandName, ...]
Stands = Callable[[Command], bool]


class Step(NamedTuple):
    """What one press takes back, or brings back: gestures of the author's own, and others' that go along."""

    gestures: Gestures
    cascade: Gestures = ()


class Stacks:
    """The two stacks after some of an author's commands.

    Attributes:
        undo: gestures, the newest last; at most UNDO_GESTURES_MAX.
        redo: steps, the newest last.
        off: the author's gestures that they have undone.
    """

    def __init__(self) -> None:
        self.undo: dict[CommandName, None] = {}
        self.redo: list[Step] = []
        self.off: set[CommandName] = set()

    def copy(self) -> "Stacks":
        """Stacks that change by themselves from here on."""
        stacks = Stacks()
        stacks.undo, stacks.redo, stacks.off = copy(self.undo), copy(self.redo), copy(self.off)
        return stacks

    def follow(self, commands: Iterable[Command], stands: Stands) -> None:
        """Take commands of the author's, in fold order; of undo and redo those that stand."""
        for command in commands:
            if not isinstance(command.operation, SetEffective):
                self.edit(command.gesture)
            elif stands(command):
                self.switch(command)

    def edit(self, gesture: CommandName) -> None:
        """The author did something, or went on with it.

        To go on with a gesture that is off does nothing: nothing is to be undone, and redo brings back all of it.
        """
        if gesture in self.off:
            return
        self._push(gesture)
        self.redo.clear()

    def switch(self, command: Command) -> None:
        """The author undid or redid something, and it stands."""
        operation = command.operation
        assert isinstance(operation, SetEffective)
        gestures = tuple(target.gesture for target in targets_of(command))
        if operation.on:
            self.redo = [step for step in self.redo if not set(step.gestures) <= set(gestures)]
            self.off.difference_update(gestures)
            for gesture in gestures:
                self._push(gesture)
            return
        for gesture in gestures:
            self.undo.pop(gesture, None)
        cascade = operation.cascade if isinstance(operation, SetEffectiveV2) else ()
        self.redo.append(Step(gestures, tuple(CommandName(each.actor, each.number) for each in cascade)))
        self.off.update(gestures)

    def _push(self, gesture: CommandName) -> None:
        self.undo.setdefault(gesture)
        if len(self.undo) > UNDO_GESTURES_MAX:
            del self.undo[next(iter(self.undo))]


class _Mark(NamedTuple):
    """The stacks after so many commands, and by actor the highest number among these."""

    length: int
    stacks: Stacks
    numbers: dict[int, int]


class AuthorHistory:
    """One author's commands in fold order, and the stacks that they leave.

    Args:
        base: the stacks after all commands that are not here.
    """

    def __init__(self, base: Stacks | None = None) -> None:
        self.commands: list[Command] = []
        self._positions: list[Position] = []
        self._base = base if base is not None else Stacks()
        self._stacks = self._base.copy()
        self._stepped = 0
        self._verdicts = 0
        self._mark = _Mark(0, self._base, {})

    def insert(self, command: Command) -> None:
        """Take a command of this author's; the stacks are brought up to date when they are asked for."""
        index = len(self._positions)
        if index and command.position < self._positions[-1]:
            index = bisect_left(self._positions, command.position)
        self._positions.insert(index, command.position)
        self.commands.insert(index, command)
        if index < self._stepped:
            self._stacks, self._stepped = self._base.copy(), 0
        if index < self._mark.length:
            self._mark = _Mark(0, self._base, {})

    def stacks(self, verdicts: int, stands: Stands) -> Stacks:
        """The stacks as they are now.

        Args:
            verdicts: another number than before whenever what `stands` says of a command that was here has changed.
            stands: whether a `set_effective` does what it says.
        """
        self._forget_if_other(verdicts)
        self._stacks.follow(self.commands[self._stepped :], stands)
        self._stepped = len(self.commands)
        return self._stacks

    def stacks_at(self, position: Position, verdicts: int, stands: Stands) -> tuple[Stacks, dict[int, int]]:
        """The stacks after the commands at or below a position, and by actor the highest number of those that are here.

        They are remembered, so that a later position costs what came since.
        """
        self._forget_if_other(verdicts)
        count = bisect_right(self._positions, position)
        mark = self._mark if self._mark.length <= count else _Mark(0, self._base, {})
        stacks, numbers = mark.stacks.copy(), dict(mark.numbers)
        since = self.commands[mark.length : count]
        stacks.follow(since, stands)
        numbers.update(command.name for command in since)
        self._mark = _Mark(count, stacks, numbers)
        return stacks, numbers

    def _forget_if_other(self, verdicts: int) -> None:
        if verdicts != self._verdicts:
            self._verdicts = verdicts
            self._stacks, self._stepped = self._base.copy(), 0
            self._mark = _Mark(0, self._base, {})
