"""Flat arrays that grow by amortised doubling, and the tables of ids, both read and written by slot.

Local operations read and write single scalars through `view` (a memoryview, several times faster than indexing
NumPy); bulk ones take `array()`.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import UnknownElement
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.errors import DuplicateElement

CAPACITY_MIN = 64

Scalar = TypeVar("Scalar", int, float)
IdArray = NDArray[np.uint8]


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

    def array(self) -> NDArray[Any]:
        """The rows in use: (count,) or (count, width). A view: stale once the column grows."""
        used = self._buffer[: self.count * self.width]
        return used if self.width == 1 else used.reshape(self.count, self.width)

    def extend(self, scalars: Sequence[Scalar] | bytes) -> None:
        """Append whole rows, given as flat scalars."""
        start = self.count * self.width
        end = start + len(scalars)
        if end > self._buffer.size:
            self._move(self._buffer[:start], end)
        if isinstance(scalars, bytes):
            self.view[start:end] = scalars
        else:
            self._buffer[start:end] = scalars
        self.count = end // self.width

    def restore(self, index: int, scalar: Scalar) -> None:
        """Put an old scalar back, by its flat index (the journal's call)."""
        self.view[index] = scalar

    def truncate(self, count: int) -> None:
        """Drop the rows from `count` on."""
        self.count = count

    def copy(self) -> "Column[Scalar]":
        """An independent column with the same rows."""
        return Column(self.array())

    def _move(self, used: NDArray[Any], needed: int = 0) -> None:
        """Into a new buffer with at least half as much room again."""
        size = max(used.size, needed)
        buffer = np.empty(size + (size >> 1) + CAPACITY_MIN, used.dtype)
        buffer[: used.size] = used
        self._buffer = buffer
        self.view = cast("memoryview[Scalar]", memoryview(cast(Any, buffer)))


class IdTable:
    """The ids of one kind of element: slot -> id in a column, id -> slot of the living in a dict."""

    __slots__ = ("column", "kind", "slots")

    def __init__(self, kind: str, column: "Column[int]", slots: dict[bytes, int]) -> None:
        self.kind = kind
        self.column = column
        self.slots = slots

    @classmethod
    def of(cls, kind: str, ids: IdArray) -> "IdTable":
        """A table with the ids (n, 16) uint8 in slots 0 … n-1.

        Raises:
            DuplicateElement: an id comes twice.
        """
        rows = np.ascontiguousarray(ids).view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
        slots = dict(zip(rows, range(len(rows)), strict=True))
        if len(slots) < len(rows):
            raise DuplicateElement(kind, next(row for at, row in enumerate(rows) if slots[row] != at))
        return cls(kind, Column(ids), slots)

    def id_of(self, slot: int) -> bytes:
        """The id in a slot, living or dead."""
        start = slot * IDENTIFIER_BYTES
        identifier: bytes = self.column.view[start : start + IDENTIFIER_BYTES].tobytes()
        return identifier

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
        slot = self.column.count
        self.column.extend(b"".join(ids))
        for identifier in ids:
            self.slots[identifier] = slot
            slot += 1

    def retire(self, slot: int) -> None:
        """The element in this slot is dead: its id names nothing any more."""
        del self.slots[self.id_of(slot)]

    def restore(self, slot: int, identifier: bytes) -> None:
        """The element lives again (the journal's call)."""
        self.slots[identifier] = slot

    def truncate(self, count: int) -> None:
        """Drop the slots from `count` on, with their ids."""
        for slot in range(count, self.column.count):
            self.slots.pop(self.id_of(slot), None)
        self.column.truncate(count)

    def copy(self) -> "IdTable":
        """An independent table with the same ids."""
        return IdTable(self.kind, self.column.copy(), self.slots.copy())
