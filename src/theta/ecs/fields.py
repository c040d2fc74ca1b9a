"""What a component's field can be: numbers in a column, text, or a fixed number of bytes.

Each kind knows how a value is checked, kept in a NumPy array by row, and packed little-endian.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue

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

    def __post_init__(self) -> None:
        if self.dtype not in _STRUCT_CODES:
            raise InvalidValue("dtype", self.dtype, "one of " + ", ".join(_STRUCT_CODES))
        if self.width < 1:
            raise InvalidValue("width", self.width, "at least 1")

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
        return np.zeros(rows if self.width == 1 else (rows, self.width), self.dtype)

    def load(self, array: NDArray[Any], row: int) -> Any:
        """The value in a row."""
        return array[row].item() if self.width == 1 else tuple(array[row].tolist())

    def store(self, array: NDArray[Any], row: int, value: Any) -> None:
        """Put a checked value into a row."""
        array[row] = value

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


@dataclass(frozen=True)
class Text:
    """A string of at most `characters_max` code points, packed as UTF-8; only a component's last field can be one."""

    characters_max: int
    value_type = str

    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` is a string within its limit that UTF-8 can spell."""
        if not isinstance(value, str):
            raise InvalidValue(field, value, "a string")
        if len(value) > self.characters_max:
            raise InvalidValue(field, value, f"at most {self.characters_max} characters")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidValue(field, value, "text without lone surrogates")

    def allocate(self, rows: int) -> NDArray[Any]:
        """An object array (rows,) of None."""
        return np.full(rows, None, np.object_)

    def load(self, array: NDArray[Any], row: int) -> Any:
        """The string in a row."""
        return array[row]

    def store(self, array: NDArray[Any], row: int, value: Any) -> None:
        """Put a checked string into a row."""
        array[row] = value

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "text", "characters_max": self.characters_max}


@dataclass(frozen=True)
class Blob:
    """Exactly `length` raw bytes, for example an id or a key."""

    length: int
    value_type = bytes

    def __post_init__(self) -> None:
        if self.length < 1:
            raise InvalidValue("length", self.length, "at least 1 byte")

    @property
    def struct_code(self) -> str:
        """The field in a `struct` format."""
        return f"{self.length}s"

    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` is bytes of the declared length."""
        if not isinstance(value, bytes) or len(value) != self.length:
            raise InvalidValue(field, value, f"{self.length} bytes")

    def to_scalars(self, value: Any) -> tuple[Any, ...]:
        """Checked bytes as `struct` takes them."""
        return (value,)

    def from_scalars(self, scalars: tuple[Any, ...]) -> Any:
        """Bytes from what `struct` gives back."""
        return scalars[0]

    def allocate(self, rows: int) -> NDArray[Any]:
        """An array (rows, length) uint8."""
        return np.zeros((rows, self.length), np.uint8)

    def load(self, array: NDArray[Any], row: int) -> Any:
        """The bytes in a row."""
        return array[row].tobytes()

    def store(self, array: NDArray[Any], row: int, value: Any) -> None:
        """Put checked bytes into a row."""
        array[row] = np.frombuffer(value, np.uint8)

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "blob", "length": self.length}


FieldKind = Column | Text | Blob
