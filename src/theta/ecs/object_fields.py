"""Fields that are no numbers: text, a fixed number of bytes, and bytes up to a limit.

In a component's canonical bytes a field of variable length can only be the last. On the state plane each of these
fields travels as bytes of its own (`encode_rows`, `decode_rows`).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import FIELD_LENGTH_MAX


class _ObjectRows(ABC):
    """How values of variable length are kept: one Python object for each row."""

    is_variable = True

    def allocate(self, rows: int) -> NDArray[Any]:
        """An object array (rows,) of None."""
        return np.full(rows, None, np.object_)

    def load(self, array: NDArray[Any], row: int) -> Any:
        """The value in a row."""
        return array[row]

    def store(self, array: NDArray[Any], row: int, value: Any) -> None:
        """Put a checked value into a row."""
        array[row] = value

    def check_rows(self, field: str, values: Any, rows: int) -> NDArray[Any]:
        """As many checked values as `rows`, as an object array (rows,).

        Raises:
            InvalidValue: another number of values, or one that does not fit.
        """
        given = _sequence(field, values, rows)
        for value in given:
            self.check(field, value)
        array = np.empty(rows, np.object_)
        array[:] = given
        return array

    def encode_rows(self, array: NDArray[Any]) -> list[bytes]:
        """Each row's value as bytes."""
        return [self.encode(value) for value in array.tolist()]

    def decode_rows(self, field: str, data: Sequence[bytes]) -> NDArray[Any]:
        """The object array (rows,) that these bytes spell, a row each.

        Raises:
            InvalidValue: bytes that spell no value of this field.
        """
        array = np.empty(len(data), np.object_)
        array[:] = [self.decode(field, row) for row in data]
        return array

    @abstractmethod
    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` fits."""

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """A checked value as bytes."""

    @abstractmethod
    def decode(self, field: str, data: bytes) -> Any:
        """The value that these bytes spell."""


@dataclass(frozen=True)
class Text(_ObjectRows):
    """A string of at most `characters_max` code points, packed as UTF-8; only a component's last field can be one."""

    characters_max: int
    value_type = str
    zero = ""

    def __post_init__(self) -> None:
        _check_length("characters_max", self.characters_max)

    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` is a string within its limit that UTF-8 can spell."""
        if not isinstance(value, str):
            raise InvalidValue(field, value, "a string")
        if len(value) > self.characters_max:
            raise InvalidValue(field, value, f"at most {self.characters_max} characters")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidValue(field, value, "text without lone surrogates")

    def encode(self, value: str) -> bytes:
        """A checked string as UTF-8."""
        return value.encode("utf-8")

    def decode(self, field: str, data: bytes) -> str:
        """The string that these bytes spell.

        Raises:
            InvalidValue: they are no UTF-8, or longer than the limit.
        """
        try:
            value = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidValue(field, data, "UTF-8") from error
        self.check(field, value)
        return value

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "text", "characters_max": self.characters_max}


@dataclass(frozen=True)
class Bytes(_ObjectRows):
    """At most `length_max` raw bytes; only a component's last field can be one."""

    length_max: int
    value_type = bytes
    zero = b""

    def __post_init__(self) -> None:
        _check_length("length_max", self.length_max)

    def check(self, field: str, value: object) -> None:
        """Raise InvalidValue unless `value` is bytes within the limit."""
        if not isinstance(value, bytes) or len(value) > self.length_max:
            raise InvalidValue(field, value, f"at most {self.length_max} bytes")

    def encode(self, value: bytes) -> bytes:
        """The bytes as they are."""
        return value

    def decode(self, field: str, data: bytes) -> bytes:
        """The bytes as they are.

        Raises:
            InvalidValue: more than the limit.
        """
        self.check(field, data)
        return bytes(data)

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "bytes", "length_max": self.length_max}


@dataclass(frozen=True)
class Blob:
    """Exactly `length` raw bytes, for example an id or a key."""

    length: int
    value_type = bytes
    is_variable = False

    def __post_init__(self) -> None:
        _check_length("length", self.length)

    @property
    def struct_code(self) -> str:
        """The field in a `struct` format."""
        return f"{self.length}s"

    @property
    def scalars(self) -> int:
        """How many values `struct` takes for the field."""
        return 1

    @property
    def zero(self) -> bytes:
        """What a field without a default holds when nobody said anything."""
        return bytes(self.length)

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

    def check_rows(self, field: str, values: Any, rows: int) -> NDArray[Any]:
        """As many checked values as `rows`, as an array (rows, length) uint8; takes such an array, or bytes for a row.

        Raises:
            InvalidValue: another number of values, or one of another length.
        """
        if isinstance(values, np.ndarray) and values.dtype == np.uint8:
            if values.shape != (rows, self.length):
                raise InvalidValue(field, values.shape, f"an array ({rows}, {self.length})")
            return values
        return self.decode_rows(field, _sequence(field, values, rows))

    def encode_rows(self, array: NDArray[Any]) -> list[bytes]:
        """Each row's bytes."""
        data = np.ascontiguousarray(array).tobytes()
        return [data[at : at + self.length] for at in range(0, len(data), self.length)]

    def decode_rows(self, field: str, data: Sequence[bytes]) -> NDArray[Any]:
        """The array (rows, length) uint8 that these bytes spell, a row each.

        Raises:
            InvalidValue: a row of another length.
        """
        for row in data:
            self.check(field, row)
        return np.frombuffer(b"".join(data), np.uint8).reshape(len(data), self.length)

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        return {"kind": "blob", "length": self.length}


def _check_length(field: str, length: int) -> None:
    if not 1 <= length <= FIELD_LENGTH_MAX:
        raise InvalidValue(field, length, f"in [1, {FIELD_LENGTH_MAX}]")


def _sequence(field: str, values: Any, rows: int) -> list[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence | np.ndarray) or len(values) != rows:
        raise InvalidValue(field, values, f"a sequence of {rows} values")
    return list(values)
