"""Which gestures are effective: the latest `set_effective` in fold order wins for each (CMD-38).

A mask is keyed by its author as well as the gesture, so that nobody's undo can touch another's work, whatever order
commands arrive in.
"""

from bisect import insort
from typing import NamedTuple

from theta.base.identifiers import CommandName, Position
from theta.commands.log import Command
from theta.editor.vocabulary import SetEffective


class OwnedGesture(NamedTuple):
    """A gesture together with whose it is."""

    author: bytes
    gesture: CommandName


def owned_gesture(command: Command) -> OwnedGesture:
    """The gesture that a command belongs to."""
    return OwnedGesture(command.author, command.gesture)


def targets_of(command: Command) -> list[OwnedGesture]:
    """The gestures that a `set_effective` command speaks of."""
    operation = command.operation
    assert isinstance(operation, SetEffective)
    return [OwnedGesture(command.author, CommandName(name.actor, name.number)) for name in operation.gestures]


class Masks:
    """The effectiveness table."""

    def __init__(self) -> None:
        self._verdicts: dict[OwnedGesture, list[tuple[Position, bool]]] = {}

    def is_effective(self, gesture: OwnedGesture) -> bool:
        """Whether the gesture's commands take part in the fold."""
        verdicts = self._verdicts.get(gesture)
        return verdicts[-1][1] if verdicts else True

    def insert(self, command: Command) -> list[OwnedGesture]:
        """Take a `set_effective` and return the gestures whose effectiveness it changed."""
        operation = command.operation
        assert isinstance(operation, SetEffective)
        changed = []
        for gesture in targets_of(command):
            before = self.is_effective(gesture)
            insort(self._verdicts.setdefault(gesture, []), (command.position, operation.on))
            if self.is_effective(gesture) != before:
                changed.append(gesture)
        return changed
