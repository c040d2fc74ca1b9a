"""Which gestures are effective: of the `set_effective` commands that stand, the latest in fold order wins for each.

A mask is keyed by the gesture's author as well as the gesture, so that nobody's undo can touch another's work unless it
says so, whatever order commands arrive in (CMD-38, CMD-96).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from theta.base.identifiers import CommandName, Position
from theta.commands.log import Command
from theta.editor.vocabulary import SetEffective


class OwnedGesture(NamedTuple):
    """A gesture together with whose it is."""

    author: bytes
    gesture: CommandName


class Mask(NamedTuple):
    """What one `set_effective` says of a gesture; `by` is its author, `cascade` says that the gesture is another's."""

    position: Position
    on: bool
    by: bytes
    cascade: bool = False


def owned_gesture(command: Command) -> OwnedGesture:
    """The gesture that a command belongs to."""
    return OwnedGesture(command.author, command.gesture)


def targets_of(command: Command) -> list[OwnedGesture]:
    """The gestures of its author that a `set_effective` command speaks of, each once."""
    operation = command.operation
    assert isinstance(operation, SetEffective)
    names = dict.fromkeys(CommandName(name.actor, name.number) for name in operation.gestures)
    return [OwnedGesture(command.author, name) for name in names]


class Masks:
    """The effectiveness table: of each gesture, what was said of it, in fold order."""

    def __init__(self) -> None:
        self._masks: dict[OwnedGesture, list[Mask]] = {}

    def __bool__(self) -> bool:
        return bool(self._masks)

    def last(self, gesture: OwnedGesture, before: Position | None = None) -> Mask | None:
        """The mask that decides about a gesture, at the end or before a position; None when it was never spoken of."""
        masks = self._masks.get(gesture)
        if not masks:
            return None
        if before is None:
            return masks[-1]
        index = bisect_left(masks, before, key=lambda mask: mask.position)
        return masks[index - 1] if index else None

    def is_effective(self, gesture: OwnedGesture, before: Position | None = None) -> bool:
        """Whether the gesture's commands take part in the fold, at the end or just before a position."""
        mask = self.last(gesture, before)
        return mask is None or mask.on

    def put(self, gesture: OwnedGesture, mask: Mask) -> None:
        """Take a mask."""
        insort(self._masks.setdefault(gesture, []), mask)

    def take_back(self, gesture: OwnedGesture, mask: Mask) -> None:
        """Forget a mask that was put."""
        masks = self._masks[gesture]
        masks.remove(mask)
        if not masks:
            del self._masks[gesture]

    def at(self, position: Position) -> Iterator[tuple[OwnedGesture, Mask]]:
        """The masks that decide just after a position: of each gesture that anything was said of by then, the last."""
        for gesture, masks in self._masks.items():
            index = bisect_right(masks, position, key=lambda mask: mask.position)
            if index:
                yield gesture, masks[index - 1]

    def put_all(self, masks: Iterable[tuple[OwnedGesture, Mask]]) -> None:
        """Take many."""
        for gesture, mask in masks:
            self.put(gesture, mask)
