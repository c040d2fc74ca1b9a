"""Each author's undo and redo, rebuilt from the log alone (CMD-39, CMD-100).

A gesture is press to release: the commands that share its name. Undo takes back the author's last effective gesture
that changes something; those it skips, because they have come to nothing or others have overwritten all of them, are
masked in the same step.
"""

from collections.abc import Iterable

from theta.base.errors import InvalidValue, NothingToUndo
from theta.base.identifiers import CommandName, Position
from theta.base.limits import CASCADE_GESTURES_MAX, GESTURES_PER_COMMAND_MAX
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.fold import Fold
from theta.editor.fold_base import FoldBase
from theta.editor.masks import OwnedGesture
from theta.editor.stacks import AuthorHistory, Gestures, Stacks, Step
from theta.editor.vocabulary import SetEffectiveV2
from theta.wire.messages import GestureName

__all__ = ["Gestures", "History", "describe"]


class History:
    """The stacks of everybody, over one fold."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._authors = {author: AuthorHistory(stacks) for author, stacks in fold.base.stacks.items()}

    def add(self, commands: Iterable[Command]) -> None:
        """Take admitted commands, in any order, that the fold has."""
        authors = self._authors
        for command in commands:
            if isinstance(command.operation, Governing):
                continue
            author = authors.get(command.author)
            if author is None:
                author = authors[command.author] = AuthorHistory()
            author.insert(command)

    def next_undo(self, author: bytes) -> Gestures:
        """The gestures that one press of undo masks, oldest first: the one that changes something, then those skipped.

        Of those skipped, the oldest fit into one command; any others are met again by the next press. What another's
        cascade or a merge took off is passed by, and stays theirs.

        Raises:
            NothingToUndo: there is nothing of the author's left that changes anything.
        """
        skipped: list[CommandName] = []
        for gesture in reversed(self._stacks(author).undo):
            owned = OwnedGesture(author, gesture)
            if self._fold.is_taken_by_others(owned):
                continue
            if self._fold.would_change(owned):
                return (gesture, *reversed(skipped))[:GESTURES_PER_COMMAND_MAX]
            skipped.append(gesture)
        raise NothingToUndo("nothing of yours is left to undo")

    def next_redo(self, author: bytes) -> Gestures:
        """The author's gestures that one press of redo brings back, as they were masked.

        Raises:
            NothingToUndo: nothing was undone since the author's last edit.
        """
        return self._redo(author).gestures

    def redo_cascade(self, author: bytes) -> Gestures:
        """Others' gestures that the same press of redo brings back, because undoing the step took them along.

        Raises:
            NothingToUndo: nothing was undone since the author's last edit.
        """
        return self._redo(author).cascade

    def undo_operation(self, author: bytes, *, cascade: bool = False) -> SetEffectiveV2:
        """What to send for one press of undo; whether others' work depends on it is not asked.

        Args:
            author: who presses.
            cascade: take along whatever others have built on it.

        Raises:
            NothingToUndo: there is nothing of the author's left that changes anything.
            InvalidValue: the cascade has more gestures than fit into one command.
        """
        gestures = self.next_undo(author)
        others: list[CommandName] = []
        if cascade:
            others = self._fold.cascade_of(author, [OwnedGesture(author, gesture) for gesture in gestures])
            if len(others) > CASCADE_GESTURES_MAX:
                raise InvalidValue("cascade", len(others), f"at most {CASCADE_GESTURES_MAX} gestures of others")
        return SetEffectiveV2(_names(gestures), False, _names(others))

    def redo_operation(self, author: bytes) -> SetEffectiveV2:
        """What to send for one press of redo.

        Raises:
            NothingToUndo: nothing was undone since the author's last edit.
        """
        step = self._redo(author)
        return SetEffectiveV2(_names(step.gestures), True, _names(step.cascade))

    def base_at(self, position: Position) -> FoldBase:
        """What a fold can begin with that takes only what comes above a position, below which nothing comes (CMD-105).

        Beside it such a fold needs `Fold.units_at` the position.
        """
        fold = self._fold
        stacks: dict[bytes, Stacks] = {}
        numbers = dict(fold.base.numbers)
        for author, history in self._authors.items():
            stacks[author], highest = history.stacks_at(position, fold.verdicts_of(author), fold.stands)
            numbers.update(highest)
        masks = fold.masks_at(position)
        gestures = [
            OwnedGesture(author, gesture)
            for author, each in stacks.items()
            for gesture in (*each.undo, *each.off, *(name for step in each.redo for name in step.gestures))
        ]
        reaches = fold.reaches_at(position, [*gestures, *masks])
        return FoldBase(position, masks, stacks, reaches, numbers, fold.left_out)

    def label(self, author: bytes, gestures: Gestures) -> str:
        """What a step did, in words: its oldest gesture's first command."""
        for gesture in gestures:
            commands = self._fold.commands_of(OwnedGesture(author, gesture))
            if commands:
                return describe(min(commands, key=lambda command: command.position))
        return "nothing"

    def _redo(self, author: bytes) -> Step:
        redo = self._stacks(author).redo
        if not redo:
            raise NothingToUndo("nothing of yours is left to redo")
        return redo[-1]

    def _stacks(self, author: bytes) -> Stacks:
        history = self._authors.get(author)
        return history.stacks(self._fold.verdicts_of(author), self._fold.stands) if history is not None else Stacks()


def describe(command: Command) -> str:
    """A command in a few words, for people: "extrude face"."""
    return command.operation.NAME.removeprefix("theta.").replace("_", " ")


def _names(gestures: Iterable[CommandName]) -> list[GestureName]:
    return [GestureName(gesture.actor, gesture.number) for gesture in gestures]
