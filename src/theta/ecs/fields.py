"""What a component's field can be: numbers in a column, text, bytes up to a limit, or a fixed number of bytes.

Each kind knows how a value is checked, kept in a NumPy array by row, and packed little-endian.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import COLUMN_WIDTH_MAX
from theta.ecs.object_fields import Blob, Bytes, Text

__all__ = ["FLOAT32_MAX", "Blob", "Bytes", "Column", "FieldKind", "ObjectKind", "PackedKind", "Text", "VariableKind"]

FLOAT32_MAX = float(np.finfo(np.float32).max)
_STRUCT_CODES = {
    "<f8": "d",
    "<f4": "f",
    "<u8": "Q",
    "<u4": "I",
    "<u2": "H",
    "<u1": "B",
    "<i8": "q",
    "<i4": "i",
    "<i2": "h",
    "<i1": "b",
}


@dataclass(frozen=True)
class Column:
    """`width` numbers of one little-endian NumPy dtype: a plain number, or with a width over 1 a tuple of them.

    Floats must be finite; -0.0 is kept, but packed as 0.0, so that equal values have equal bytes.
    """

    dtype: str
    width: int = 1
    is_variable = False

    def __post_init__(self) -> None:
        if self.dtype not in _STRUCT_CODES:
            raise InvalidValue("dtype", self.dtype, "one of " + ", ".join(_STRUCT_CODES))
        if not 1 <= self.width <= COLUMN_WIDTH_MAX:
            raise InvalidValue("width", self.width, f"in [1, {COLUMN_WIDTH_MAX}]")

    @cached_property
    def is_float(self) -> bool:
        """Whether the numbers are floats."""
        return self.dtype[1] == "f"

    @property
    def value_type(self) -> type[object]:
        """The Python type of a value."""
        if self.width > 1:
            return tuple
        return float if self.is_float else int

    @property
    def struct_code(self) -> str:
        """The field in a `struct` format."""
        return f"{self.width}{_STRUCT_CODES[self.dtype]}"

    @property
    def scalars(self) -> int:
        """How many values `struct` takes for the field."""
        return self.width

    @property
    def zero(self) -> Any:
        """What a field without a default holds when nobody said anything."""
        number = 0.0 if self.is_float else 0
        return number if self.width == 1 else (number,) * self.width

    def shape(self, rows: int) -> tuple[int, ...]:
        """The shape of so many rows: (rows,) or (rows, width)."""
        return (rows,) if self.width == 1 else (rows, self.width)

    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` fits: as many numbers as `width`, finite and inside the dtype's range."""
        numbers: Any = value if self.width > 1 else (value,)
        if not isinstance(numbers, tuple) or len(numbers) != self.width:
            raise InvalidValue(field, value, f"a tuple of {self.width} numbers")
        low, high = self._range
        accepted = (int, float) if self.is_float else (int,)
        for number in numbers:
            fits = isinstance(number, accepted) and number is not True and number is not False
            if not fits or not low <= number <= high:
                raise InvalidValue(field, number, f"{'a float' if self.is_float else 'an int'} in [{low}, {high}]")

    def to_scalars(self, value: Any) -> tuple[Any, ...]:
        """A checked value as `struct` takes it."""
        numbers: tuple[Any, ...] = value if self.width > 1 else (value,)
        # -0.0 + 0.0 is 0.0, and adding 0.0 changes no other number.
        return tuple(number + 0.0 for number in numbers) if self.is_float else numbers

    def from_scalars(self, scalars: tuple[Any, ...]) -> Any:
        """A value from what `struct` gives back."""
        numbers = tuple(number + 0.0 for number in scalars) if self.is_float else scalars
        return numbers if self.width > 1 else numbers[0]

    def allocate(self, rows: int) -> NDArray[Any]:
        """An array for so many rows: (rows,) or (rows, width)."""
        return np.zeros(self.shape(rows), self.dtype)

    def load(self, array: NDArray[Any], row: int) -> Any:
        """The value in a row."""
        return array[row].item() if self.width == 1 else tuple(array[row].tolist())

    def store(self, array: NDArray[Any], row: int, value: Any) -> None:
        """Put a checked value into a row."""
        array[row] = value

    def check_rows(self, field: str, values: Any, rows: int) -> NDArray[Any]:
        """The values of so many rows as an array of the column's dtype and shape: (rows,) or (rows, width).

        Raises:
            InvalidValue: another shape, no numbers, floats for an int column, or a number that is not finite or out of
                the dtype's range.
        """
        try:
            given = np.asarray(values)
            if given.dtype.kind == "f" and not self.is_float and not isinstance(values, np.ndarray):
                # NumPy makes floats of a list that has both small ints and such over 2^63.
                given = np.asarray(values, np.object_)
        except ValueError as error:
            raise InvalidValue(field, values, f"an array {self.shape(rows)}") from error
        if given.shape != self.shape(rows):
            raise InvalidValue(field, given.shape, f"an array {self.shape(rows)}")
        whole = not self.is_float and given.dtype == np.object_ and all(type(number) is int for number in given.flat)
        if given.size and not (whole or given.dtype.kind in ("iuf" if self.is_float else "iu")):
            raise InvalidValue(field, given.dtype, "floats" if self.is_float else "ints")
        if self.is_float:
            with np.errstate(over="ignore"):
                array = given.astype(self.dtype, copy=False)
            if not np.isfinite(array).all():
                raise InvalidValue(field, "a number that is not", f"finite in {self.dtype}")
            return array
        low, high = self._range
        if given.size and given.dtype != self.dtype and not (low <= int(given.min()) and int(given.max()) <= high):
            raise InvalidValue(field, "a number out of range", f"an int in [{low}, {high}]")
        return given.astype(self.dtype, copy=False)

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "column", "dtype": self.dtype, "width": self.width}

    @cached_property
    def _range(self) -> tuple[float, float]:
        if self.is_float:
            high = FLOAT32_MAX if self.dtype == "<f4" else sys.float_info.max
            return -high, high
        limits = np.iinfo(self.dtype)
        return limits.min, limits.max


PackedKind = Column | Blob
VariableKind = Text | Bytes
ObjectKind = Text | Bytes | Blob
FieldKind = Column | Text | Bytes | Blob
