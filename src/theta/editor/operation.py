"""The base of all command payloads, and the checks that they share: values alone, never the document."""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import ClassVar

import numpy as np

from theta.base import limits
from theta.base.errors import InvalidValue
from theta.commands.payload import CONTROL_CHARACTERS, BasePayload
from theta.editor.touches import Touch

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

_FARTHEST = limits.COORDINATE_METRES_MAX
# Most commands move one vertex, and an array takes longer to make than that takes to look at.
_FEW_POINTS = [Struct(f"<{3 * count}d") for count in range(9)]


class Operation(BasePayload, frozen=True, forbid_unknown_fields=True):
    """Base of all payloads of commands on the document."""

    READS: ClassVar[tuple[Touch, ...]] = ()
    """Beside the existence of its entity, which all read that don't make one."""
    WRITES: ClassVar[tuple[Touch, ...]] = ()


def check_between(field: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is out of [low, high], or is none."""
    if not low <= value <= high:
        raise InvalidValue(field, value, f"between {low:g} and {high:g}")


def check_choice(field: str, value: str, choices: Iterable[str]) -> None:
    """Refuse what is none of the choices; a payload's decoder does so too, for what comes from elsewhere."""
    if value not in choices:
        raise InvalidValue(field, value, "one of " + ", ".join(choices))


def check_name(name: str) -> None:
    """Refuse an empty or over-long name, and control characters."""
    if not 1 <= len(name) <= limits.ENTITY_NAME_CHARACTERS_MAX or CONTROL_CHARACTERS.search(name):
        raise InvalidValue("name", name, f"1 to {limits.ENTITY_NAME_CHARACTERS_MAX} printable characters")


def check_colour(colour: Vector3) -> None:
    """Refuse a colour with a channel out of [0, 1]."""
    red, green, blue = colour
    if not (0.0 <= red <= 1.0 and 0.0 <= green <= 1.0 and 0.0 <= blue <= 1.0):
        for value in colour:
            check_between("colour", value, 0.0, 1.0)


def check_vector(field: str, vector: Sequence[float]) -> None:
    """Refuse a position or an offset that leaves the world."""
    for value in vector:
        if not -_FARTHEST <= value <= _FARTHEST:
            check_between(field, value, -_FARTHEST, _FARTHEST)


def check_placement(translation: Vector3, rotation: Quaternion, scale: Vector3) -> None:
    """Refuse a placement out of the world, a rotation that is not of unit length, and a scale of nothing."""
    check_vector("translation", translation)
    for value in rotation:
        if not -1.000001 <= value <= 1.000001:
            check_between("rotation", value, -1.000001, 1.000001)
    x, y, z, w = rotation
    length_squared = x * x + y * y + z * z + w * w
    if not 0.999 <= length_squared <= 1.001:
        raise InvalidValue("rotation", rotation, "a unit quaternion (x, y, z, w)")
    for value in scale:
        if not limits.SCALE_FACTOR_MIN <= value <= limits.SCALE_FACTOR_MAX:
            check_between("scale", value, limits.SCALE_FACTOR_MIN, limits.SCALE_FACTOR_MAX)


def check_points(field: str, data: bytes, count: int) -> None:
    """Refuse anything but `count` × 3 finite little-endian float64 within the world."""
    if len(data) != count * 24:
        raise InvalidValue(field, len(data), f"{count * 24} bytes, 3 float64 for each vertex")
    if count < len(_FEW_POINTS):
        check_vector(field, _FEW_POINTS[count].unpack(data))
        return
    values = np.frombuffer(data, "<f8")
    outside = values[~(np.abs(values) <= _FARTHEST)]
    if len(outside):
        check_between(field, float(outside[0]), -_FARTHEST, _FARTHEST)


def check_ids(field: str, data: bytes, most: int, least: int = 1) -> int:
    """Refuse anything but `least` to `most` different ids of 16 bytes, one after the other; returns how many."""
    count, rest = divmod(len(data), limits.IDENTIFIER_BYTES)
    if rest or not least <= count <= most:
        raise InvalidValue(field, len(data), f"{least} to {most} ids of 16 bytes")
    if count > 1 and len(set(split_ids(data))) != count:
        raise InvalidValue(field, count, "distinct ids")
    return count


def split_ids(data: bytes) -> list[bytes]:
    """Ids of 16 bytes out of one after the other."""
    return [data[at : at + limits.IDENTIFIER_BYTES] for at in range(0, len(data), limits.IDENTIFIER_BYTES)]
