"""Each author's undo and redo stacks, rebuilt from the log alone (CMD-39).

A gesture is press to release: the commands that share its name. Undo takes back the author's last effective gesture
that does something; those it skips, because they have come to nothing, are masked in the same step.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

from theta.base.errors import NothingToUndo
from theta.base.identifiers import CommandName, Position
from theta.base.limits import GESTURES_PER_COMMAND_MAX
from theta.commands.log import Command
from theta.editor.fold import Fold
from theta.editor.masks import OwnedGesture, targets_of
from theta.editor.vocabulary import SetEffective

Gestures = tuple[CommandName, ...]


@dataclass
class AuthorHistory:
    """One author's commands in fold order, and the two stacks they leave; `off` are the gestures that are masked."""

    commands: list[Command] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    undo: dict[CommandName, None] = field(default_factory=dict)
    redo: list[Gestures] = field(default_factory=list)
    off: set[CommandName] = field(default_factory=set)

    def insert(self, command: Command) -> None:
        """Take a command of this author's."""
        index = bisect_left(self.positions, command.position)
        self.positions.insert(index, command.position)
        self.commands.insert(index, command)
        if index == len(self.commands) - 1:
            self._step(command)
            return
        self.undo, self.redo, self.off = {}, [], set()
        for each in self.commands:
            self._step(each)

    def _step(self, command: Command) -> None:
        operation = command.operation
        if not isinstance(operation, SetEffective):
            # To go on with a gesture that is off does nothing: nothing is to be undone, and redo brings back all of it.
            if command.gesture not in self.off:
                self.undo.setdefault(command.gesture)
                self.redo.clear()
            return
        gestures = tuple(target.gesture for target in targets_of(command))
        if operation.on:
            self.redo = [step for step in self.redo if not set(step) <= set(gestures)]
            self.off.difference_update(gestures)
            for gesture in gestures:
                self.undo.setdefault(gesture)
        else:
            for gesture in gestures:
                self.undo.pop(gesture, None)
            self.redo.append(gestures)
            self.off.update(gestures)


class History:
    """The stacks of everybody, over one fold."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._authors: dict[bytes, AuthorHistory] = {}

    def add(self, commands: list[Command]) -> None:
        """Take admitted commands, in any order."""
        for command in commands:
            self._authors.setdefault(command.author, AuthorHistory()).insert(command)

    def next_undo(self, author: bytes) -> Gestures:
        """The gestures that one press of undo masks, oldest first: the one that does something, then those skipped.

        Of those skipped, the oldest fit into one command; any others are met again by the next press.

        Raises:
            NothingToUndo: there is nothing of the author's left that does anything.
        """
        stack = self._authors[author].undo if author in self._authors else {}
        skipped: list[CommandName] = []
        for gesture in reversed(stack):
            if self._does_something(OwnedGesture(author, gesture)):
                return (gesture, *reversed(skipped))[:GESTURES_PER_COMMAND_MAX]
            skipped.append(gesture)
        raise NothingToUndo("nothing of yours is left to undo")

    def next_redo(self, author: bytes) -> Gestures:
        """The gestures that one press of redo brings back, as they were masked.

        Raises:
            NothingToUndo: nothing was undone since the author's last edit.
        """
        stack = self._authors[author].redo if author in self._authors else []
        if not stack:
            raise NothingToUndo("nothing of yours is left to redo")
        return stack[-1]

    def label(self, author: bytes, gestures: Gestures) -> str:
        """What a step did, in words: its oldest gesture's first command."""
        for gesture in gestures:
            commands = self._fold.commands_of(OwnedGesture(author, gesture))
            if commands:
                return describe(min(commands, key=lambda command: command.position))
        return "nothing"

    def _does_something(self, gesture: OwnedGesture) -> bool:
        outcomes = [self._fold.outcome(command.name) for command in self._fold.commands_of(gesture)]
        return any(outcome is not None and outcome.kind == "applied" for outcome in outcomes)


def describe(command: Command) -> str:
    """A command in a few words, for people: "extrude face"."""
    return command.operation.NAME.removeprefix("theta.").replace("_", " ")
