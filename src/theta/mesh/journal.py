"""The journal: (array, slot, old value) of every overwritten scalar, so that any operation can be rolled back.

Rolling back puts the old values back in reverse order and drops what was appended; the columns are then
byte-identical to what they were at the mark (MESH-9).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from theta.mesh.columns import Column, IdTable

Scalar = TypeVar("Scalar", int, float)


class Mark(NamedTuple):
    """A point to roll back to: marks taken before it, entries written before it, and every column's count."""

    depth: int
    entries: int
    counts: tuple[int, ...]


class Journal:
    """Records overwritten values while at least one mark stands; marks nest like brackets."""

    def __init__(self, columns: Sequence[Column[Any]], tables: Sequence[IdTable]) -> None:
        self._appended: tuple[Column[Any] | IdTable, ...] = (*columns, *tables)
        self._sized: tuple[Column[Any], ...] = (*columns, *(table.column for table in tables))
        self._entries: list[tuple[Column[Any] | IdTable, int, Any]] = []
        self._depth = 0

    @property
    def depth(self) -> int:
        """How many marks stand."""
        return self._depth

    @property
    def kept(self) -> int:
        """How many overwritten values are kept."""
        return len(self._entries)

    def mark(self) -> Mark:
        """From here on every overwritten value is kept, until this mark is rolled back or released."""
        mark = Mark(self._depth, len(self._entries), tuple([column.count for column in self._sized]))
        self._depth += 1
        return mark

    def write(self, column: Column[Scalar], index: int, scalar: Scalar) -> None:
        """Overwrite one scalar, by its flat index, keeping the old one if a mark stands."""
        view = column.view
        if self._depth:
            self._entries.append((column, index, view[index]))
        view[index] = scalar

    def retire(self, table: IdTable, slot: int) -> None:
        """Make an id name nothing any more, keeping it if a mark stands."""
        if self._depth:
            self._entries.append((table, slot, table.id_of(slot)))
        table.retire(slot)

    def rollback(self, mark: Mark) -> None:
        """Undo everything since `mark`; it and the marks after it are gone."""
        assert mark.depth < self._depth, "the mark does not stand any more"
        entries = self._entries
        while len(entries) > mark.entries:
            target, index, old = entries.pop()
            target.restore(index, old)
        for target, count in zip(self._appended, mark.counts, strict=True):
            target.truncate(count)
        self._depth = mark.depth

    def release(self, mark: Mark) -> None:
        """Keep everything since `mark`; it and the marks after it are gone, an outer mark can still roll back."""
        assert mark.depth < self._depth, "the mark does not stand any more"
        self._depth = mark.depth
        if not self._depth:
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
