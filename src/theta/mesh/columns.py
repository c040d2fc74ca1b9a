"""Flat arrays that grow by amortised doubling, and the tables of ids, both read and written by slot.

Local operations read and write single scalars through `view` (a memoryview, several times faster than indexing
NumPy); bulk ones take `array()`.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import UnknownElement
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.errors import DuplicateElement

CAPACITY_MIN = 64
# As many scalars or fewer: quicker one by one than by an array.
FEW = 16

Scalar = TypeVar("Scalar", int, float)
IdArray = NDArray[np.uint8]
# In half the time that a slice takes.
_ID = struct.Struct("16s")


class Column(Generic[Scalar]):
    """Rows of `width` scalars of one dtype, in a buffer with room to grow.

    Attributes:
        view: the buffer as flat scalars; replaced when the column grows, so fetch it after appending.
        count: rows in use.
        width: scalars in a row.
    """

    __slots__ = ("_buffer", "count", "view", "width")

    view: "memoryview[Scalar]"

    def __init__(self, rows: NDArray[Any]) -> None:
        """A column with a copy of `rows`: (n,) or (n, width), its dtype is the column's."""
        self.width: int = 1 if rows.ndim == 1 else rows.shape[1]
        self.count: int = rows.shape[0]
        self._buffer: NDArray[Any] = np.empty(0, rows.dtype)
        self._move(rows.reshape(-1))

    @property
    def length(self) -> int:
        """Rows in use: what a mark keeps."""
        return self.count

    def array(self) -> NDArray[Any]:
        """The rows in use: (count,) or (count, width). A view: stale once the column grows."""
        used = self._buffer[: self.count * self.width]
        return used if self.width == 1 else used.reshape(self.count, self.width)

    def extend(self, scalars: Sequence[Scalar] | bytes) -> None:
        """Append whole rows, given as flat scalars."""
        start = self.count * self.width
        end = start + len(scalars)
        if end > len(self.view):
            self._move(self._buffer[:start], end)
        view = self.view
        if isinstance(scalars, bytes):
            view[start:end] = scalars
        elif len(scalars) <= FEW:
            for at, scalar in enumerate(scalars, start):
                view[at] = scalar
        else:
            self._buffer[start:end] = scalars
        self.count = end // self.width

    def grow(self, rows: int) -> int:
        """Append rows of zeros and return the first one's number."""
        first = self.count
        start, end = first * self.width, (first + rows) * self.width
        if end > len(self.view):
            self._move(self._buffer[:start], end)
        self._buffer[start:end] = 0
        self.count = first + rows
        return first

    def reserve(self, rows: int) -> None:
        """Make room, so that `view` stays the same while this many rows are appended."""
        needed = (self.count + rows) * self.width
        if needed > len(self.view):
            self._move(self._buffer[: self.count * self.width], needed)

    def restore(self, index: int, scalar: Scalar) -> None:
        """Put an old scalar back, by its flat index (the journal's call)."""
        self.view[index] = scalar

    def truncate(self, count: int) -> None:
        """Drop the rows from `count` on."""
        self.count = count

    def copy(self) -> "Column[Scalar]":
        """An independent column with the same rows."""
        return Column(self.array())

    def adopt(self, other: "Column[Scalar]") -> None:
        """Be what `other` is; the two share one buffer from here on, so let go of one."""
        self._buffer, self.count, self.view, self.width = other._buffer, other.count, other.view, other.width

    def shallow(self) -> "Column[Scalar]":
        """The same buffer, for the journal: good until this column is written."""
        column: Column[Scalar] = Column.__new__(Column)
        column.adopt(self)
        return column

    def _move(self, used: NDArray[Any], needed: int = 0) -> None:
        """Into a new buffer with at least half as much room again."""
        size = max(used.size, needed)
        buffer = np.empty(size + (size >> 1) + CAPACITY_MIN, used.dtype)
        buffer[: used.size] = used
        self._buffer = buffer
        self.view = cast("memoryview[Scalar]", memoryview(cast(Any, buffer)))


class IdTable:
    """The ids of one kind of element: slot -> id in a column, id -> slot of the living in a dict.

    The dict is made when it is first asked for: what a whole-mesh operation makes is often replaced as a whole too.

    Attributes:
        kind: "vertex", "edge" or "face".
        column: 16 bytes a slot.
        living: how many slots are alive.
    """

    __slots__ = ("_slots", "column", "kind", "living")

    def __init__(self, kind: str, column: "Column[int]", slots: dict[bytes, int]) -> None:
        self.kind = kind
        self.column = column
        self.living = len(slots)
        self._slots: dict[bytes, int] | None = slots

    @classmethod
    def of(cls, kind: str, ids: IdArray) -> "IdTable":
        """A table with the ids (n, 16) uint8 in slots 0 … n-1.

        Raises:
            DuplicateElement: an id comes twice.
        """
        refuse_duplicates(kind, ids)
        table = cls(kind, Column(ids), {})
        table.living = len(ids)
        table._slots = None
        return table

    @classmethod
    def with_dead(cls, kind: str, ids: IdArray, alive: NDArray[np.bool_]) -> "IdTable":
        """A table with the ids (n, 16) uint8 in slots 0 … n-1, of which those are alive that `alive` (n,) says.

        Raises:
            DuplicateElement: a living id comes twice.
        """
        if alive.all():
            return cls.of(kind, ids)
        refuse_duplicates(kind, ids[alive])
        rows = np.ascontiguousarray(ids).view(f"V{IDENTIFIER_BYTES}").reshape(-1)[alive].tolist()
        return cls(kind, Column(ids), dict(zip(rows, np.flatnonzero(alive).tolist(), strict=True)))

    @property
    def length(self) -> int:
        """Slots in use, living or dead: what a mark keeps."""
        return self.column.count

    @property
    def is_numbered(self) -> bool:
        """Whether the dict is made."""
        return self._slots is not None

    @property
    def slots(self) -> dict[bytes, int]:
        """The slot of each living element's id."""
        if self._slots is None:
            rows = self.column.array().view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
            self._slots = dict(zip(rows, range(len(rows)), strict=True))
        return self._slots

    def id_of(self, slot: int) -> bytes:
        """The id in a slot, living or dead."""
        start = slot * IDENTIFIER_BYTES
        return self.column.view[start : start + IDENTIFIER_BYTES].tobytes()

    def ids_of(self, slots: Iterable[int]) -> set[bytes]:
        """The ids in several slots."""
        view, unpack = self.column.view, _ID.unpack_from
        return {unpack(view, IDENTIFIER_BYTES * slot)[0] for slot in slots}

    def slot_of(self, identifier: bytes) -> int:
        """The slot of a living element.

        Raises:
            UnknownElement: no living element has this id.
        """
        slot = self.slots.get(identifier)
        if slot is None:
            raise UnknownElement(self.kind, identifier)
        return slot

    def extend(self, ids: Sequence[bytes]) -> None:
        """Append slots with these ids, which must be new."""
        slots = self.slots
        slot = self.column.count
        self.column.extend(b"".join(ids))
        for identifier in ids:
            slots[identifier] = slot
            slot += 1
        self.living += len(ids)

    def retire(self, slot: int) -> None:
        """The element in this slot is dead: its id names nothing any more."""
        del self.slots[self.id_of(slot)]
        self.living -= 1

    def restore(self, slot: int, identifier: bytes) -> None:
        """The element lives again in this slot (the journal's call)."""
        if identifier not in self.slots:
            self.living += 1
        self.slots[identifier] = slot

    def truncate(self, count: int) -> None:
        """Drop the slots from `count` on, with their ids."""
        for slot in range(count, self.column.count):
            if self.slots.get(self.id_of(slot)) == slot:
                del self.slots[self.id_of(slot)]
                self.living -= 1
        self.column.truncate(count)

    def adopt(self, other: "IdTable") -> None:
        """Be what `other` is; the two share everything from here on, so let go of one."""
        self.column.adopt(other.column)
        self.living = other.living
        self._slots = other._slots

    def shallow(self) -> "IdTable":
        """The same content, for the journal: good until this table is written."""
        table = IdTable(self.kind, self.column.shallow(), {})
        table.living = self.living
        table._slots = self._slots
        return table

    def copy(self) -> "IdTable":
        """An independent table with the same ids."""
        table = IdTable(self.kind, self.column.copy(), {})
        table.living = self.living
        table._slots = None if self._slots is None else self._slots.copy()
        return table


def refuse_duplicates(kind: str, ids: IdArray) -> None:
    """Refuse ids (n, 16) uint8 of which two are equal.

    Raises:
        DuplicateElement: names the first that comes again.
    """
    words = np.ascontiguousarray(ids).view(np.uint64)
    last = np.sort(words[:, 1])
    if not (last[1:] == last[:-1]).any():
        return
    seen = set()
    for row in ids.view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist():
        if row in seen:
            raise DuplicateElement(kind, row)
        seen.add(row)
