"""Named attribute columns on vertices, edges, faces and corners, by slot: spec/mesh.md, MESH-24.

A corner is a half-edge that has a face: the corner of that face at the half-edge's origin.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import ATTRIBUTE_NAME_CHARACTERS_MAX, ATTRIBUTE_WIDTH_MAX, MESH_ATTRIBUTES_MAX
from theta.mesh.columns import Column

Domain = Literal["vertex", "edge", "face", "corner"]
Type = Literal["f8", "i4", "u1"]

DOMAINS: tuple[Domain, ...] = get_args(Domain)
TYPES: tuple[Type, ...] = get_args(Type)
DTYPES: dict[Type, np.dtype[Any]] = {each: np.dtype(each) for each in TYPES}

COLOUR, PAINTED, CREASE, UV, NORMAL = "colour", "painted", "crease", "uv", "normal"


class AttributeKey(NamedTuple):
    """Which attribute: the kind of element it belongs to, and its name. Ascending is the canonical order."""

    domain: Domain
    name: str


class AttributeType(NamedTuple):
    """What a row of it is: `width` scalars of float64 ("f8"), int32 ("i4") or uint8 ("u1"); 0 where never set."""

    type: Type
    width: int


class Attributes:
    """The attribute columns of one mesh, each as long as its domain has slots."""

    __slots__ = ("columns",)

    def __init__(self) -> None:
        self.columns: dict[AttributeKey, Column[Any]] = {}

    def __bool__(self) -> bool:
        return bool(self.columns)

    def in_order(self) -> list[AttributeKey]:
        """All attributes, in canonical order: by domain as in DOMAINS, then by name."""
        return sorted(self.columns, key=lambda key: (DOMAINS.index(key.domain), key.name))

    def of(self, domain: Domain) -> Iterator[tuple[AttributeKey, Column[Any]]]:
        """The attributes of one domain."""
        return ((key, column) for key, column in self.columns.items() if key.domain == domain)

    def type_of(self, key: AttributeKey) -> AttributeType:
        """What a row of an attribute is."""
        column = self.columns[key]
        return AttributeType(_type_name(column.array().dtype), column.width)

    def bytes_of(self, vertices: int, edges: int, faces: int) -> int:
        """How many bytes the rows of so many elements are, as if every edge had two corners (MESH-21)."""
        counts = {"vertex": vertices, "edge": edges, "face": faces, "corner": 2 * edges}
        return sum(
            int(counts[key.domain] * column.width * column.view.itemsize) for key, column in self.columns.items()
        )

    def restore(self, key: AttributeKey, column: "Column[Any] | None") -> None:
        """Put a column back as it was, or take one away (the journal's call)."""
        if column is None:
            del self.columns[key]
        else:
            self.columns[key] = column

    def fit(self, counts: Mapping[Domain, int]) -> None:
        """Make every column as long as its domain has slots: with rows of zeros, or by dropping rows."""
        for key, column in self.columns.items():
            more = counts[key.domain] - column.count
            if more > 0:
                column.grow(more)
            elif more < 0:
                column.truncate(counts[key.domain])

    def adopt(self, other: "Attributes") -> None:
        """Be what `other` is; let go of it."""
        self.columns = other.columns

    def shallow(self) -> "Attributes":
        """The very same columns, for the journal, whose earlier entries mean them: good while others are in use."""
        attributes = Attributes()
        attributes.columns = self.columns.copy()
        return attributes

    def copy(self) -> "Attributes":
        """Independent columns with the same rows."""
        attributes = Attributes()
        attributes.columns = {key: column.copy() for key, column in self.columns.items()}
        return attributes


def check_key(domain: str, name: str) -> AttributeKey:
    """The key of an attribute, believing nothing.

    Raises:
        InvalidValue: no such domain, or a name that is not 1 … ATTRIBUTE_NAME_CHARACTERS_MAX of a-z, 0-9, _ and -.
    """
    if domain not in DOMAINS:
        raise InvalidValue("domain", domain, "one of " + ", ".join(DOMAINS))
    good = set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    if not 1 <= len(name) <= ATTRIBUTE_NAME_CHARACTERS_MAX or not set(name) <= good:
        raise InvalidValue("attribute", name, f"1 to {ATTRIBUTE_NAME_CHARACTERS_MAX} characters of a-z, 0-9, _ and -")
    return AttributeKey(domain, name)


def check_type(kind: str, width: int) -> AttributeType:
    """The type of an attribute, believing nothing.

    Raises:
        InvalidValue: no such type, or a width out of 1 … ATTRIBUTE_WIDTH_MAX.
    """
    if kind not in TYPES:
        raise InvalidValue("attribute type", kind, "one of " + ", ".join(TYPES))
    if not 1 <= width <= ATTRIBUTE_WIDTH_MAX:
        raise InvalidValue("attribute width", width, f"1 to {ATTRIBUTE_WIDTH_MAX}")
    return AttributeType(kind, width)


def check_count(count: int) -> None:
    """Refuse more attributes than a mesh may have.

    Raises:
        InvalidValue: more than MESH_ATTRIBUTES_MAX.
    """
    if count > MESH_ATTRIBUTES_MAX:
        raise InvalidValue("attributes", count, f"at most {MESH_ATTRIBUTES_MAX}")


def attribute_column(rows: NDArray[Any]) -> Column[Any]:
    """A column of attribute rows (n, width), of one of the types, with no negative zeros."""
    _type_name(rows.dtype)
    return Column(rows + 0.0 if rows.dtype.kind == "f" else rows)


def blended(column: Column[Any], parts: Sequence[tuple[int, float]]) -> list[Any]:
    """A row between others: the weighted sum in the given order, or the first one's row if they are whole numbers.

    Raises:
        InvalidValue: a sum is too large for float64.
    """
    width = column.width
    view = column.view
    if not parts:
        return [0] * width
    if not isinstance(view[0], float):
        first = parts[0][0] * width
        return [view[first + at] for at in range(width)]
    row = []
    for at in range(width):
        total = 0.0
        for slot, weight in parts:
            total += view[slot * width + at] * weight
        if not isfinite(total):
            raise InvalidValue("attribute", total, "of numbers whose sums are finite")
        row.append(total)
    return row


def _type_name(dtype: np.dtype[Any]) -> Type:
    for name, each in DTYPES.items():
        if each == dtype:
            return name
    raise InvalidValue("attribute type", str(dtype), "one of " + ", ".join(TYPES))
