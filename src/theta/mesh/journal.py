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
    """

    __slots__ = ("_appended", "_entries", "depth")

    def __init__(self, appended: Sequence[Appended]) -> None:
        self._appended = tuple(appended)
        self._entries: list[tuple[Restorable, Any, Any]] = []
        self.depth = 0

    @property
    def kept(self) -> int:
        """How many overwritten values are kept."""
        return len(self._entries)

    def mark(self) -> Mark:
        """From here on every overwritten value is kept, until this mark is rolled back or released."""
        mark = Mark(self.depth, len(self._entries), tuple([each.length for each in self._appended]))
        self.depth += 1
        return mark

    def write(self, column: Column[Scalar], index: int, scalar: Scalar) -> None:
        """Overwrite one scalar, by its flat index, keeping the old one if a mark stands."""
        view = column.view
        if self.depth:
            self._entries.append((column, index, view[index]))
        view[index] = scalar

    def retire(self, table: IdTable, slot: int) -> None:
        """Make an id name nothing any more, keeping it if a mark stands."""
        if self.depth:
            self._entries.append((table, slot, table.id_of(slot)))
        table.retire(slot)

    def keep(self, target: Restorable, index: Any, old: Any) -> None:
        """Before something is overwritten by other means: what to put back, if a mark stands."""
        if self.depth:
            self._entries.append((target, index, old))

    def rollback(self, mark: Mark) -> None:
        """Undo everything since `mark`; it and the marks after it are gone."""
        assert mark.depth < self.depth, "the mark does not stand any more"
        entries = self._entries
        while len(entries) > mark.entries:
            target, index, old = entries.pop()
            target.restore(index, old)
        for appended, length in zip(self._appended, mark.lengths, strict=True):
            if appended.length != length:
                appended.truncate(length)
        self.depth = mark.depth

    def release(self, mark: Mark) -> None:
        """Keep everything since `mark`; it and the marks after it are gone, an outer mark can still roll back."""
        assert mark.depth < self.depth, "the mark does not stand any more"
        self.depth = mark.depth
        if not self.depth:
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
