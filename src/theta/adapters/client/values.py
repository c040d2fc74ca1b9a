"""Plain values, checked: what a caller gives is made what a command takes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar, cast

import numpy as np

from theta.base.errors import InvalidValue
from theta.base.limits import IDENTIFIER_BYTES
from theta.editor.vocabulary import Quaternion, Vector3
from theta.wire.types import RoleName


class HasId(Protocol):
    """A handle to an element."""

    id: bytes


AnyEntity = TypeVar("AnyEntity")
"""A handle to an object: an Entity, or its twin that blocks."""

Element = HasId | bytes
"""A handle, or a 16-byte id."""


def id_of(element: Element) -> bytes:
    """An element's id.

    Raises:
        InvalidValue: neither a handle nor 16 bytes.
    """
    found = element if isinstance(element, bytes) else getattr(element, "id", None)
    if not isinstance(found, bytes) or len(found) != IDENTIFIER_BYTES:
        raise InvalidValue("element", element, f"a handle, or an id of {IDENTIFIER_BYTES} bytes")
    return found


def ids_of(elements: Iterable[Element]) -> list[bytes]:
    """The ids of elements, each once, in the order given.

    Raises:
        InvalidValue: there is none, or one is neither a handle nor 16 bytes.
    """
    found = list(dict.fromkeys(map(id_of, elements)))
    if not found:
        raise InvalidValue("elements", found, "at least one")
    return found


def vector(values: Sequence[float], field: str) -> Vector3:
    """Three floats.

    Raises:
        InvalidValue: there are not three.
    """
    if len(values) != 3:
        raise InvalidValue(field, values, "three numbers")
    x, y, z = (number(value, field) for value in values)
    return x, y, z


def quaternion(values: Sequence[float]) -> Quaternion:
    """A quaternion (x, y, z, w), made of unit length.

    Raises:
        InvalidValue: there are not four numbers, or all are zero.
    """
    if len(values) != 4:
        raise InvalidValue("rotation", values, "a quaternion (x, y, z, w)")
    x, y, z, w = (number(value, "rotation") for value in values)
    length = (x * x + y * y + z * z + w * w) ** 0.5
    if not 0.0 < length < float("inf"):
        raise InvalidValue("rotation", values, "a quaternion (x, y, z, w) that can be made of unit length")
    return x / length, y / length, z / length, w / length


def scale_of(scale: float | Sequence[float]) -> Vector3:
    """One factor for all axes, or three."""
    if np.ndim(scale) > 0:
        return vector(cast(Sequence[float], scale), "scale")
    factor = number(cast(float, scale), "scale")
    return factor, factor, factor


def number(value: float, field: str) -> float:
    """A float.

    Raises:
        InvalidValue: it is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidValue(field, value, "a number") from error


class MadeBy(NamedTuple):
    """Who made an object or an element.

    Attributes:
        name: what the author was called last.
        author: the author's public key, 32 bytes.
        what: the command, in a few words.
        seq: the record of the log that it is in.
        at_ms: when, by the author's clock, ms since 1970.
    """

    name: str
    author: bytes
    what: str
    seq: int
    at_ms: int


class Invitation(NamedTuple):
    """A token that admits with a role, to stand behind `#invite=` in a link; `expires_ms` is 0 when it does not end."""

    role: RoleName
    token: str
    expires_ms: int
