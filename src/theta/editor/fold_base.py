"""What a fold can begin with instead of nothing: the state at a frontier, below which nothing comes any more (CMD-105).

Of what lies below, the units are here and the commands are not. They are read again, entity by entity, when something
reaches down there: an undo, or a question who made what.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from theta.base.errors import UsageError
from theta.base.identifiers import CommandName, Position
from theta.commands.log import Command
from theta.editor.masks import Mask, OwnedGesture
from theta.editor.stacks import Stacks
from theta.editor.unit import Unit


class Reach(NamedTuple):
    """Whose a gesture is, and the entities that its commands at or below the base act on."""

    author: bytes
    entities: tuple[bytes, ...]


class Past(Protocol):
    """Reads the edits at or below a fold's base again."""

    @property
    def is_gone(self) -> bool:
        """Whether they were dropped, so that nothing below the base can be said or undone any more."""
        ...

    @property
    def floor(self) -> "FoldBase":
        """What commands that were dropped had come to; where they are gone that is the base itself."""
        ...

    def units_of(self, entities: Collection[bytes]) -> Iterable[tuple[bytes, Unit] | None]:
        """What those that were dropped had come to on some entities; None where whoever reads them may pause."""
        ...

    def of_entities(self, entities: Collection[bytes]) -> Iterable[Command | None]:
        """All edits of some entities, in any order; None where whoever reads them may pause."""
        ...

    def of_gestures(self, gestures: Collection[CommandName]) -> Iterable[Command | None]:
        """All edits of some gestures, as `of_entities`; asked only about old ones that a base says nothing of."""
        ...


class FoldBase(NamedTuple):
    """The fold of all commands at or below a position, and what is said about them by the `set_effective` among them.

    Attributes:
        position: nothing at or below it comes any more.
        masks: of each gesture that is off, why.
        stacks: of each author.
        reaches: of each gesture that is on a stack or off, or that acts on several entities.
        numbers: of each actor that has commands at or below, its highest number there.
        left_out: gestures that merges have left out.
    """

    position: Position
    masks: Mapping[OwnedGesture, Mask]
    stacks: Mapping[bytes, Stacks]
    reaches: Mapping[CommandName, Reach]
    numbers: Mapping[int, int]
    left_out: frozenset[CommandName]


class NotAtHand(UsageError):
    """A question takes old commands that are not loaded: those of some gestures, or all of some entities."""

    def __init__(self, gestures: Collection[CommandName] = (), entities: Collection[bytes] = ()) -> None:
        super().__init__(f"old commands of {len(gestures)} gestures and {len(entities)} entities are not loaded")
        self.gestures = tuple(gestures)
        self.entities = tuple(entities)


class NoPast:
    """The past of a fold that has all its commands."""

    @property
    def floor(self) -> FoldBase:
        """See Past.floor."""
        return NOTHING_BEFORE

    def units_of(self, entities: Collection[bytes]) -> Iterable[tuple[bytes, Unit] | None]:
        """See Past.units_of."""
        return ()

    @property
    def is_gone(self) -> bool:
        """See Past.is_gone."""
        return False

    def of_entities(self, entities: Collection[bytes]) -> Iterable[Command | None]:
        """See Past.of_entities."""
        return ()

    def of_gestures(self, gestures: Collection[CommandName]) -> Iterable[Command | None]:
        """See Past.of_gestures."""
        return ()


NOTHING_BEFORE = FoldBase(Position(0, 0, 0), {}, {}, {}, {}, frozenset())
NO_PAST: Past = NoPast()
