"""The journal: (array, slot, old value) of every overwritten scalar, so that any operation can be rolled back.

Rolling back puts the old values back in reverse order and drops what was appended; the columns are then
byte-identical to what they were at the mark (MESH-9).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from theta.mesh.columns import Column, IdTable

Scalar = TypeVar("Scalar", int, float)


class Restorable(Protocol):
    """What can put back an old value by its place."""

    def restore(self, index: Any, old: Any, /) -> None:
        """Put it back."""
        ...


class Appended(Protocol):
    """What only grows, until it is rolled back."""

    @property
    def length(self) -> int:
        """How much there is."""
        ...

    def truncate(self, length: int, /) -> None:
        """Drop what is past it."""
        ...


class Mark(NamedTuple):
    """A point to roll back to: marks taken before it, entries written before it, and how long everything was."""

    depth: int
    entries: int
    lengths: tuple[int, ...]


class Journal:
    """Records overwritten values while at least one mark stands; marks nest like brackets.

    Attributes:
        depth: how many marks stand; read it.
        rewrites: rises whenever a link, an id or an attribute that was there is overwritten, put back or dropped;
            where vertices are does not count.
    """

    __slots__ = ("_appended", "_entries", "_forgotten", "_places", "depth", "rewrites")

    def __init__(self, appended: Sequence[Appended], places: tuple[object, ...] = ()) -> None:
        """Of what grows; `places` are what positions are overwritten through."""
        self._appended = tuple(appended)
        self._places = places
        self.rewrites = 0
        self._entries: list[tuple[Restorable, Any, Any]] = []
        self._forgotten = 0
        self.depth = 0

    @property
    def kept(self) -> int:
        """How many overwritten values are kept."""
        return len(self._entries)

    def mark(self, like: Mark | None = None) -> Mark:
        """From here on every overwritten value is kept, until this mark is rolled back or released.

        Args:
            like: the mark before, when nothing was appended since, nor the whole replaced: it saves looking.
        """
        lengths = tuple([each.length for each in self._appended]) if like is None else like.lengths
        mark = (self.depth, self._forgotten + len(self._entries), lengths)
        self.depth += 1
        # Half the time of Mark(…).
        return tuple.__new__(Mark, mark)

    def forget_before(self, mark: Mark) -> None:
        """Let go of what was kept before `mark`, which is the first that can be rolled back from here on."""
        assert mark.depth < self.depth, "the mark does not stand any more"
        del self._entries[: mark.entries - self._forgotten]
        self._forgotten = mark.entries

    def write(self, column: Column[Scalar], index: int, scalar: Scalar) -> None:
        """Overwrite one scalar, by its flat index, keeping the old one if a mark stands."""
        view = column.view
        if self.depth:
            self._entries.append((column, index, view[index]))
        if column not in self._places:
            self.rewrites += 1
        view[index] = scalar

    def retire(self, table: IdTable, slot: int) -> None:
        """Make an id name nothing any more, keeping it if a mark stands."""
        if self.depth:
            self._entries.append((table, slot, table.id_of(slot)))
        self.rewrites += 1
        table.retire(slot)

    def keep(self, target: Restorable, index: Any, old: Any) -> None:
        """Before something is overwritten by other means: what to put back, if a mark stands."""
        if target not in self._places:
            self.rewrites += 1
        if self.depth:
            self._entries.append((target, index, old))

    def rollback(self, mark: Mark) -> None:
        """Undo everything since `mark`; it and the marks after it are gone."""
        assert mark.depth < self.depth, "the mark does not stand any more"
        entries, kept = self._entries, mark.entries - self._forgotten
        assert kept >= 0, "what was before the mark is forgotten"
        places, others = self._places, 0
        while len(entries) > kept:
            target, index, old = entries.pop()
            target.restore(index, old)
            others += target not in places
        for appended, length in zip(self._appended, mark.lengths, strict=True):
            if appended.length != length:
                appended.truncate(length)
                others += 1
        self.rewrites += others
        self.depth = mark.depth

    def release(self, mark: Mark) -> None:
        """Keep everything since `mark`; it and the marks after it are gone, an outer mark can still roll back."""
        assert mark.depth < self.depth, "the mark does not stand any more"
        self.depth = mark.depth
        if not self.depth:
            self._forgotten += len(self._entries)
            self._entries.clear()

    @contextmanager
    def operation(self) -> Iterator[None]:
        """All or nothing: an exception inside rolls everything back and goes on."""
        mark = self.mark()
        try:
            yield
        except BaseException:
            self.rollback(mark)
            raise
        self.release(mark)
