"""Who last wrote what of a unit: what conflicts are found by (CMD-80 … CMD-82).

A *field* of an element is written by commands; of these the *heads* are remembered, whom nobody who wrote it later knew
of. It is state: it follows from the commands before, it is rolled back with the unit, copied and stored with it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from theta.base.identifiers import CommandName

EVERY = b""
"""In place of an element: any element at all. Whatever is written is also written here."""
WHOLE = b"*"
"""In place of an element: all elements at once. Whatever is written here is in conflict with each of them."""


class Writer(NamedTuple):
    """A command that wrote.

    Attributes:
        actor, number: its name.
        seq: the record it is in, of `branch`.
        did: whether it took part and did something; one that was masked or came to nothing counts for Reject alone.
        added: whether it added to what was there instead of replacing it.
    """

    actor: int
    number: int
    seq: int
    branch: bytes
    did: bool = True
    added: bool = False

    @property
    def name(self) -> CommandName:
        """The command's name."""
        return CommandName(self.actor, self.number)


class Extruded(NamedTuple):
    """A face that was extruded, for those who extrude it at the same time (CMD-85).

    Attributes:
        by: all who did, the one who made the cap first.
        vertices, edges: of the loop below, ids in order from the lowest vertex.
        points: where the loop's vertices were.
        normal: the face's, of unit length.
        vectors: how far the cap is above the loop: their mean.
    """

    by: tuple[Writer, ...]
    vertices: tuple[bytes, ...]
    edges: tuple[bytes, ...]
    points: tuple[tuple[float, float, float], ...]
    normal: tuple[float, float, float]
    vectors: tuple[tuple[float, float, float], ...]


Heads = tuple[Writer, ...]
Table = dict[bytes, Heads]


class Writers:
    """The last writers of each field of each element of one unit.

    Attributes:
        tables: by field, by element: the heads, in the order of the fold: whoever wrote it and is known to none that
            wrote it later on the same branch.
        extruded: by face.
    """

    __slots__ = ("_changes", "_dropped", "_marked", "extruded", "tables")

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.extruded: dict[bytes, Extruded] = {}
        self._changes: list[tuple[dict[bytes, Any], Sequence[bytes], Sequence[Any]]] = []
        self._dropped = 0
        self._marked = False

    def heads(self, field: str, element: bytes) -> Heads:
        """Who last wrote a field of an element."""
        table = self.tables.get(field)
        return table.get(element, ()) if table is not None else ()

    def write(self, field: str, elements: Iterable[bytes], writer: Writer, seen: int) -> None:
        """A command wrote this field of these elements, which are different; its author had seen record `seen`."""
        table, keys, before = self._before_writing(field, elements)
        alone = (writer,)
        table.update(dict.fromkeys(keys, alone))
        known: Heads | None = None
        for key, heads in zip(keys, before, strict=True):
            if heads is None or heads is known:
                continue
            after = _after(heads, writer, seen)
            if len(after) == 1:
                known = heads
            else:
                table[key] = after

    def write_one(self, field: str, element: bytes, writer: Writer, seen: int) -> None:
        """As `write`, of one element; in less time, since nothing is written as often."""
        table = self.tables.get(field)
        if table is None:
            table = self.tables[field] = {}
        before, ever = table.get(element), table.get(EVERY)
        if self._marked:
            self._changes.append((table, (element, EVERY), (before, ever)))
        table[element] = (writer,) if before is None else _after(before, writer, seen)
        table[EVERY] = (writer,) if ever is None else _after(ever, writer, seen)

    def write_each(self, field: str, elements: Sequence[bytes], writers: Sequence[Writer], seen: int) -> None:
        """As `write_one` of each element by each writer in turn, all at once.

        Args:
            field: what they wrote.
            elements: all different.
            writers: as many, of one actor, in one record; all of them did something.
            seen: what their author had seen.
        """
        table, keys, before = self._before_writing(field, elements)
        # Each stands for those of the same author before it, so that of these the last alone is left.
        for key, heads, writer in zip(keys, before, (*writers, writers[-1]), strict=True):
            table[key] = _after(heads, writer, seen) if heads else (writer,)

    def extrude(self, face: bytes, extruded: Extruded) -> None:
        """A face was extruded."""
        if self._marked:
            self._changes.append((self.extruded, [face], [self.extruded.get(face)]))
        self.extruded[face] = extruded

    def _before_writing(self, field: str, elements: Iterable[bytes]) -> tuple[Table, list[bytes], list[Heads | None]]:
        """The field's table, the keys that are about to be written, and the heads there, which are kept."""
        table = self.tables.get(field)
        if table is None:
            table = self.tables[field] = {}
        keys = [*elements, EVERY]
        before = list(map(table.get, keys))
        if self._marked:
            self._changes.append((table, keys, before))
        return table, keys, before

    def mark(self) -> int:
        """A point to roll back to; from the first one on all changes are kept."""
        self._marked = True
        return self._dropped + len(self._changes)

    def rollback(self, mark: int) -> None:
        """Undo everything since `mark`."""
        changes = self._changes
        kept = mark - self._dropped
        assert kept >= 0, "the mark does not stand any more"
        while len(changes) > kept:
            table, keys, before = changes.pop()
            for key, heads in zip(keys, before, strict=True):
                if heads is None:
                    del table[key]
                else:
                    table[key] = heads

    def forget_before(self, mark: int) -> None:
        """Let go of the marks before `mark`."""
        del self._changes[: mark - self._dropped]
        self._dropped = mark

    def copy(self) -> "Writers":
        """The same writers, changing by themselves from here on; without marks."""
        copy = Writers()
        copy.tables = {field: table.copy() for field, table in self.tables.items()}
        copy.extruded = self.extruded.copy()
        return copy

    def to_bytes(self) -> bytes:
        """All there is to store, the same bytes for the same writers; `from_bytes` reads it."""
        numbers: dict[Heads, int] = {}
        tables = {
            field: [(key, numbers.setdefault(table[key], len(numbers))) for key in sorted(table)]
            for field, table in sorted(self.tables.items())
            if table
        }
        extruded = [(face, self.extruded[face]) for face in sorted(self.extruded)]
        return _ENCODER.encode(_Stored(list(numbers), tables, extruded))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Writers":
        """Read `to_bytes`.

        Raises:
            ValueError: not what any writers give.
        """
        stored = _DECODER.decode(data)
        writers = cls()
        for field, rows in stored.tables.items():
            if any(not 0 <= number < len(stored.heads) for _, number in rows):
                raise ValueError(f"writers of {field} that are not there")
            writers.tables[field] = {key: stored.heads[number] for key, number in rows}
        writers.extruded = dict(stored.extruded)
        return writers


def _after(heads: Heads, writer: Writer, seen: int) -> Heads:
    """The heads when one more has written, without those on its branch that it knew of.

    Whoever has not seen these has not seen it either; but one that did nothing cannot stand for one that did.
    """
    actor, _, _, branch, did, _ = writer
    if len(heads) == 1:
        first = heads[0]
        if first[3] == branch and (first[0] == actor or first[2] <= seen) and (did or not first[4]):
            return (writer,)
        return (first, writer)
    # By place, since with many people at once this is what most of the time goes to.
    others = [
        each for each in heads if each[3] != branch or (each[0] != actor and each[2] > seen) or (each[4] and not did)
    ]
    return (*others, writer)


class _Stored(msgspec.Struct, array_like=True):
    heads: list[Heads]
    tables: dict[str, list[tuple[bytes, int]]]
    extruded: list[tuple[bytes, Extruded]]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)
