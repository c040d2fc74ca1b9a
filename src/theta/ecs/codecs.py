"""How a field's numbers become *lanes*: integers that the state plane takes differences of.

A codec stands in a field's annotation after its column, and is bound to it when the component is declared:

    translation: Annotated[Float3, Column("<f4", 3), FixedPoint(step=0.002, low=-4096.0, high=4096.0)]

A lane is a signed integer of its *natural* bytes, kept as int64. Neighbouring lanes that share a width on the wire are
a *group*. What a codec restores is float64 arithmetic in the written order, then the column's dtype, so that every
implementation gets the same bits. A codec never fails: what it cannot hold becomes the nearest that it can (ECS-5).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.ecs.fields import Column

FIXED_POINT_BYTES = 4
FIXED_POINT_MAX = 2**31 - 1
SMALLEST_THREE_BITS_MIN = 2
SMALLEST_THREE_BITS_MAX = 16
_SMALL_MAX = sqrt(0.5)
"""No number of a unit quaternion but its largest can be over this."""
_BITS_COUNTS = (1, 2, 4, 8)
_OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])

Lanes = NDArray[np.int64]
"""Rows of lanes, (n, lanes)."""

_UNBOUND = Column("<f4")


@dataclass(frozen=True, kw_only=True)
class Codec(ABC):
    """What all codecs have; `column` is set when a component is declared."""

    column: Column = _UNBOUND

    def bound_to(self, column: Column) -> Self:
        """The codec for a field's column.

        Raises:
            InvalidValue: a column that the codec cannot carry.
        """
        bound = replace(self, column=column)
        bound.check_column()
        return bound

    def check_column(self) -> None:  # noqa: B027  # a codec that carries every column has nothing to check
        """Raise InvalidValue if the codec cannot carry its column."""

    @property
    def groups(self) -> tuple[int, ...]:
        """How many lanes each group has."""
        return (self.column.width,)

    @property
    @abstractmethod
    def natural_bytes(self) -> tuple[int, ...]:
        """Each group's bytes per lane at its widest: 1, 2, 4 or 8."""

    @abstractmethod
    def quantise(self, array: NDArray[Any]) -> Lanes:
        """The lanes (n, lanes) of a column's rows, (n,) or (n, width)."""

    @abstractmethod
    def restore(self, lanes: Lanes) -> NDArray[Any]:
        """The rows that lanes (n, lanes) stand for, in the column's dtype and shape: (n,) or (n, width)."""

    @abstractmethod
    def descriptor(self) -> dict[str, object] | None:
        """The codec as plain data; None for `Raw`, which needs no saying."""

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(self.column.shape(len(values)))


@dataclass(frozen=True, kw_only=True)
class Raw(Codec):
    """Every bit as it is: ints in two's complement, floats by their bit pattern.

    A float that is not finite restores as 0.
    """

    @property
    def natural_bytes(self) -> tuple[int, ...]:
        """The dtype's size."""
        return (int(self.column.dtype[2:]),)

    def quantise(self, array: NDArray[Any]) -> Lanes:
        """The numbers' bits, sign-extended."""
        bits = np.ascontiguousarray(array, self.column.dtype).view(self._bits)
        return bits.reshape(len(array), self.column.width).astype(np.int64)

    def restore(self, lanes: Lanes) -> NDArray[Any]:
        """The numbers with these bits."""
        values = lanes.astype(self._bits).view(self.column.dtype)
        if self.column.is_float:
            finite = np.isfinite(values)
            if not finite.all():
                values[~finite] = 0.0
        return self._shaped(values)

    def descriptor(self) -> dict[str, object] | None:
        """None: a column without a codec is raw."""
        return None

    @property
    def _bits(self) -> str:
        return "<i" + self.column.dtype[2:]


@dataclass(frozen=True, kw_only=True)
class EntityReference(Raw):
    """Another entity's id, raw: whoever receives it puts its own id of that entity in its place."""

    def check_column(self) -> None:
        """Raise InvalidValue unless the column has one u64."""
        if self.column != Column("<u8"):
            raise InvalidValue("codec", self.column.dtype, "a column of one <u8 for EntityReference")

    def descriptor(self) -> dict[str, object] | None:
        """The codec as plain data."""
        return {"name": "entity"}


@dataclass(frozen=True, kw_only=True)
class FixedPoint(Codec):
    """Multiples of `step` from `low` to `high`: floor(value / step + 0.5). What is no number counts as `low`.

    `step` is in the field's unit; a value is at most half a step away from what is restored.
    """

    step: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (isfinite(self.step) and self.step > 0.0):
            raise InvalidValue("step", self.step, "a number over 0")
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise InvalidValue("low", self.low, "a number below high")
        if max(-self.low, self.high) / self.step > FIXED_POINT_MAX:
            raise InvalidValue("step", self.step, f"so large that high / step is at most {FIXED_POINT_MAX}")

    def check_column(self) -> None:
        """Raise InvalidValue unless the column has floats."""
        if not self.column.is_float:
            raise InvalidValue("codec", self.column.dtype, "a float column for FixedPoint")

    @property
    def natural_bytes(self) -> tuple[int, ...]:
        """Four bytes."""
        return (FIXED_POINT_BYTES,)

    def quantise(self, array: NDArray[Any]) -> Lanes:
        """The nearest steps."""
        values = array.reshape(len(array), self.column.width).astype(np.float64)
        # fmax first: it takes the bound where a value is no number.
        np.fmin(np.fmax(values, self.low, out=values), self.high, out=values)
        values /= self.step
        values += 0.5
        return np.floor(values, out=values).astype(np.int64)

    def restore(self, lanes: Lanes) -> NDArray[Any]:
        """The steps times `step`, inside the bounds."""
        values = np.minimum(np.maximum(lanes * self.step, self.low), self.high)
        return self._shaped(values.astype(self.column.dtype))

    def descriptor(self) -> dict[str, object] | None:
        """The codec as plain data."""
        return {"name": "fixed-point", "step": self.step, "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True)
class SmallestThree(Codec):
    """A unit quaternion by which of its four numbers is largest, and the other three in `bits` bits each.

    Its sign is chosen so that the largest is positive. What has no length counts as no rotation, (0, 0, 0, 1). With
    11 bits a rotation is off by at most 0.14°, with 10 by 0.28°.
    """

    bits: int = 11

    def __post_init__(self) -> None:
        if not SMALLEST_THREE_BITS_MIN <= self.bits <= SMALLEST_THREE_BITS_MAX:
            limit = f"in [{SMALLEST_THREE_BITS_MIN}, {SMALLEST_THREE_BITS_MAX}]"
            raise InvalidValue("bits", self.bits, limit)

    def check_column(self) -> None:
        """Raise InvalidValue unless the column has four floats."""
        if not self.column.is_float or self.column.width != 4:
            raise InvalidValue("codec", self.column.dtype, "a column of four floats for SmallestThree")

    @property
    def groups(self) -> tuple[int, ...]:
        """Which is largest, and the other three."""
        return (1, 3)

    @property
    def natural_bytes(self) -> tuple[int, ...]:
        """One byte, and as many as `bits` take."""
        return (1, 1 if self.bits <= 8 else 2)

    def quantise(self, array: NDArray[Any]) -> Lanes:
        """The lanes [which is largest, a, b, c]."""
        values = array.astype(np.float64)
        starts = np.arange(0, 4 * len(values), 4)
        which = np.argmax(np.abs(values), axis=1)
        largest = values.ravel()[starts + which]
        # A largest that is 0, infinite or no number has nothing to be divided by.
        usable = np.isfinite(largest) & (largest != 0.0)
        if not usable.all():
            values[~usable] = (0.0, 0.0, 0.0, 1.0)
            which[~usable], largest[~usable] = 3, 1.0
        # Divided by the largest first, so that no square overflows; the division also makes the largest positive.
        values /= largest[:, None]
        x, y, z, w = values.T
        scale = (self._top / _SMALL_MAX) / np.sqrt(x * x + y * y + z * z + w * w)
        three = values.ravel().take(starts[:, None] + _OTHERS.take(which, axis=0))
        three *= scale[:, None]
        three += 0.5
        lanes = np.empty((len(values), 4), np.int64)
        lanes[:, 0] = which
        lanes[:, 1:] = np.minimum(np.maximum(np.floor(three), -self._top), self._top)
        return lanes

    def restore(self, lanes: Lanes) -> NDArray[Any]:
        """The unit quaternions (n, 4)."""
        starts = np.arange(0, 4 * len(lanes), 4)
        which = lanes[:, 0] & 3
        three = lanes[:, 1:] * (_SMALL_MAX / self._top)
        a, b, c = three.T
        values = np.empty((len(lanes), 4))
        flat = values.reshape(-1)
        flat[starts + which] = np.sqrt(np.maximum(1.0 - (a * a + b * b + c * c), 0.0))
        flat[starts[:, None] + _OTHERS.take(which, axis=0)] = three
        x, y, z, w = values.T
        values /= np.sqrt(x * x + y * y + z * z + w * w)[:, None]
        return values.astype(self.column.dtype)

    def descriptor(self) -> dict[str, object] | None:
        """The codec as plain data."""
        return {"name": "smallest-three", "bits": self.bits}

    @property
    def _top(self) -> int:
        return int((1 << (self.bits - 1)) - 1)


@dataclass(frozen=True, kw_only=True)
class Bits(Codec):
    """Flags: of each u1 only the lowest `count` bits, packed into bytes from the low bits.

    A `count` of 1 is for bools, 8 for whole bytes of flags.
    """

    count: int = 8

    def __post_init__(self) -> None:
        if self.count not in _BITS_COUNTS:
            raise InvalidValue("count", self.count, "1, 2, 4 or 8")

    def check_column(self) -> None:
        """Raise InvalidValue unless the column has u1."""
        if self.column.dtype != "<u1":
            raise InvalidValue("codec", self.column.dtype, "a column of <u1 for Bits")

    @property
    def groups(self) -> tuple[int, ...]:
        """As many bytes as hold the bits."""
        return (-(-self.column.width // self._per_lane),)

    @property
    def natural_bytes(self) -> tuple[int, ...]:
        """One byte."""
        return (1,)

    def quantise(self, array: NDArray[Any]) -> Lanes:
        """The packed bytes, as signed ones."""
        (lanes,) = self.groups
        flags = np.zeros((len(array), lanes * self._per_lane), np.uint8)
        flags[:, : self.column.width] = array.reshape(len(array), self.column.width) & self._mask
        packed = np.zeros((len(array), lanes), np.uint8)
        for place in range(self._per_lane):
            packed |= flags[:, place :: self._per_lane] << np.uint8(place * self.count)
        return packed.view(np.int8).astype(np.int64)

    def restore(self, lanes: Lanes) -> NDArray[Any]:
        """The u1s with these bits."""
        packed = lanes.astype(np.uint8)
        flags = np.empty((len(packed), packed.shape[1] * self._per_lane), np.uint8)
        for place in range(self._per_lane):
            flags[:, place :: self._per_lane] = packed >> np.uint8(place * self.count) & self._mask
        return self._shaped(np.ascontiguousarray(flags[:, : self.column.width]))

    def descriptor(self) -> dict[str, object] | None:
        """The codec as plain data."""
        return {"name": "bits", "count": self.count}

    @property
    def _per_lane(self) -> int:
        return 8 // self.count

    @property
    def _mask(self) -> np.uint8:
        return np.uint8((1 << self.count) - 1)
