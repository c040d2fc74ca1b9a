"""Checks of arguments that several operations share."""

from collections.abc import Sequence
from sys import float_info

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh.columns import IdTable
from theta.mesh.halfedges import Point


def finite(field: str, value: float) -> float:
    """A number that is finite, as a float.

    Raises:
        InvalidValue: it is not.
    """
    # A whole number may be larger than any float.
    if not -float_info.max <= value <= float_info.max:
        raise InvalidValue(field, value, "finite")
    return float(value)


def inside(field: str, value: float) -> float:
    """A parameter along an edge, both ends excluded.

    Raises:
        InvalidValue: it is not between 0 and 1.
    """
    if not 0.0 < value < 1.0:
        raise InvalidValue(field, value, "more than 0 and less than 1")
    return float(value)


def vector(field: str, values: Sequence[float]) -> Point:
    """Three numbers within ±COORDINATE_METRES_MAX.

    Raises:
        InvalidValue: they are not.
    """
    if len(values) != 3:
        raise InvalidValue(field, values, "three numbers")
    for value in values:
        if not -COORDINATE_METRES_MAX <= value <= COORDINATE_METRES_MAX:
            raise InvalidValue(field, value, f"within ±{COORDINATE_METRES_MAX} metres")
    x, y, z = (float(value) for value in values)
    return x, y, z


def different(field: str, ids: Sequence[bytes], table: IdTable, at_least: int = 1) -> list[int]:
    """The slots of different elements, ascending by id, however they come.

    Raises:
        UnknownElement: no such element.
        InvalidValue: fewer than `at_least`, or one comes twice.
    """
    slots = [table.slot_of(identifier) for identifier in sorted(ids)]
    if len(slots) < at_least:
        raise InvalidValue(field, len(slots), f"at least {at_least}")
    if len(set(slots)) != len(slots):
        raise InvalidValue(field, len(slots), "all different")
    return slots


def moved(point: Point, offset: Point) -> Point:
    """The point plus an offset, never −0.

    Raises:
        InvalidValue: a coordinate is out of its limits.
    """
    (ax, ay, az), (bx, by, bz) = point, offset
    x, y, z = ax + bx + 0.0, ay + by + 0.0, az + bz + 0.0
    for coordinate in (x, y, z):
        if not -COORDINATE_METRES_MAX <= coordinate <= COORDINATE_METRES_MAX:
            raise InvalidValue("position", coordinate, f"within ±{COORDINATE_METRES_MAX} metres")
    return x, y, z
