"""The lines of `theta log`: deeds chosen, put together by gesture, and said in words."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.cli.deeds import Deed
from theta.cli.words import tell
from theta.commands.command import Command
from theta.editor.unit import Outcome

OutcomeOf = Callable[[Command], Outcome | None]
GestureWords = Callable[[CommandName, bytes], str]
"""What a gesture on a branch was, for an undo of it; "" when that is not known."""


class Wanted(NamedTuple):
    """Which deeds are shown: of these authors, branches and objects (None for all), from a record and a time on.

    `touched` are the gestures that an undo has to speak of to count as one of the objects'.
    """

    authors: Collection[bytes] | None = None
    branches: Collection[bytes] | None = None
    entities: Collection[bytes] | None = None
    touched: Collection[CommandName] = ()
    since_seq: int = 0
    since_ms: int = 0

    def has(self, deed: Deed) -> bool:
        """Whether a deed is shown."""
        command = deed.command
        return (
            command.seq >= self.since_seq
            and deed.at_ms >= self.since_ms
            and (self.authors is None or command.author in self.authors)
            and (self.branches is None or command.branch in self.branches)
            and (self.entities is None or deed.entity in self.entities or self._undoes_some(command))
        )

    def _undoes_some(self, command: Command) -> bool:
        return any(name in self.touched for name in undone_by(command))


class Entry(NamedTuple):
    """What somebody did in one go: commands of one gesture that follow each other in the log."""

    deeds: list[Deed]
    outcomes: list[Outcome | None]

    @property
    def first(self) -> Deed:
        """The first of its commands, which names it."""
        return self.deeds[0]

    @property
    def outcome(self) -> Outcome | None:
        """What became of it: of its commands the one that did most; None when nobody asked."""
        return max(self.outcomes, key=_weight)

    @property
    def fruitless(self) -> list[Outcome]:
        """What kept some of its commands from doing anything, when others did something."""
        best = self.outcome
        if best is None or not best.did_something:
            return []
        return [each for each in self.outcomes if each is not None and each.kind in ("no-op", "rejected")]


def entries_of(deeds: Iterable[Deed], outcome_of: OutcomeOf) -> Iterator[Entry]:
    """Put deeds together that belong to one gesture and follow each other."""
    entry: Entry | None = None
    for deed in deeds:
        if entry is None or entry.first.command.gesture != deed.command.gesture:
            if entry is not None:
                yield entry
            entry = Entry([], [])
        entry.deeds.append(deed)
        entry.outcomes.append(outcome_of(deed.command))
    if entry is not None:
        yield entry


def sentence(entry: Entry, name_of: Callable[[bytes], str], gesture_words: GestureWords) -> str:
    """What an entry's author did, without a subject.

    Args:
        entry: the entry.
        name_of: what authors, branches and objects are called.
        gesture_words: what an undone gesture was.
    """
    first, *others = entry.deeds
    words = _tell(first, name_of, gesture_words)
    if not others:
        return words
    second = _tell(others[0], name_of, gesture_words)
    if all(_tell(deed, name_of, gesture_words) == words for deed in others):  # seldom gets further than the first
        return f"{words}, {len(entry.deeds)} times"
    return f"{words}, and {second}" if len(others) == 1 else f"{words}, and {len(others)} more"


def undone_by(command: Command) -> list[CommandName]:
    """The gestures that an undo or a redo speaks of; none for any other command."""
    if command.operation.NAME != "theta.set_effective":
        return []
    operation = command.operation
    gestures = [*getattr(operation, "gestures", []), *getattr(operation, "cascade", [])]
    return [CommandName(gesture.actor, gesture.number) for gesture in gestures]


def _tell(deed: Deed, name_of: Callable[[bytes], str], gesture_words: GestureWords) -> str:
    gestures = undone_by(deed.command)
    if not gestures:
        return tell(deed.command, deed.entity_name, name_of)
    verb = "brought back" if getattr(deed.command.operation, "on", False) else "took back"
    words = [word for name in gestures if (word := gesture_words(name, deed.command.branch))]
    if not words:
        return f"{verb} {len(gestures)} steps" if len(gestures) > 1 else f"{verb} a step"
    return f"{verb}: {words[0]}" + (f", and {len(gestures) - 1} more" if len(gestures) > 1 else "")


def _weight(outcome: Outcome | None) -> int:
    if outcome is None:
        return -1
    return ("no-op", "rejected", "suspended", "applied", "merged").index(outcome.kind)
