"""What was declared of a component: its name, its fields, how it travels, and how older versions become newer ones."""

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.ecs.codecs import Codec, Raw
from theta.ecs.errors import InvalidComponent
from theta.ecs.fields import Column, FieldKind, PackedKind, VariableKind
from theta.ecs.lanes import LaneLayout

Values = dict[str, NDArray[Any]]
"""Rows of a component by field: (rows,) or (rows, width) for numbers, (rows, length) uint8 for blobs, else objects."""

SCOPES = ("", "editor")


class Plane(StrEnum):
    """Who writes a component and how it travels."""

    DOCUMENT = "document"
    """Written only by commands: durable, hashed, everyone has it."""
    STATE = "state"
    """Written by its owner: latest wins, lossy, never saved."""


class Field(NamedTuple):
    """One field of a component; `codec` makes its lanes, and is None for what travels as bytes."""

    name: str
    kind: FieldKind
    codec: Codec | None = None

    def descriptor(self) -> dict[str, object]:
        """The field as plain data."""
        codec = self.codec.descriptor() if self.codec is not None else None
        return {"name": self.name, **self.kind.descriptor()} | ({"codec": codec} if codec is not None else {})


class Migration(NamedTuple):
    """How rows of one version become those of the next, and back.

    Attributes:
        version: the version that `up` leads to, from the one before, and that `down` leads back from.
        up, down: from a component's columns by field to the other version's. What they leave out gets its default.
    """

    version: int
    up: Callable[[Values], Values]
    down: Callable[[Values], Values]


@dataclass(frozen=True)
class ComponentType:
    """What was declared: `name` is canonical, `id` its SipHash-2-4 (u64), `fields` are in declared order.

    `scope`, `position` and `version` are as `component` has them.
    """

    name: str
    id: int
    plane: Plane
    fields: tuple[Field, ...]
    made_by: type[Any] = dataclasses.field(compare=False, repr=False)
    scope: str = ""
    position: str = ""
    version: int = 1
    migrations: tuple[Migration, ...] = dataclasses.field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise InvalidComponent(f"{self.name}: the scope is one of {SCOPES}, not {self.scope!r}")
        if self.scope and self.plane is Plane.DOCUMENT:
            raise InvalidComponent(f"{self.name}: everyone has the document, it has no scope")
        if self.version < 1:
            raise InvalidComponent(f"{self.name}: versions begin at 1")
        versions = [migration.version for migration in self.migrations]
        if len(set(versions)) < len(versions) or any(not 1 < each <= self.version for each in versions):
            raise InvalidComponent(f"{self.name}: there is one migration to a version, from 2 to {self.version}")
        if self.position:
            kind = next((field.kind for field in self.fields if field.name == self.position), None)
            if not isinstance(kind, Column) or not kind.is_float or kind.width < 3:
                raise InvalidComponent(f"{self.name}: the position must name a column of three floats or more")

    def descriptor(self) -> dict[str, object]:
        """The declaration as plain data (for the protocol manifest): strings, ints, floats, lists and dicts only."""
        fields = [field.descriptor() for field in self.fields]
        told: dict[str, object] = {"name": self.name, "id": f"{self.id:016x}", "plane": self.plane.value}
        # What a component does not use is not said, so that a new option changes no manifest.
        options = {"scope": (self.scope, ""), "position": (self.position, ""), "version": (self.version, 1)}
        told |= {key: value for key, (value, unused) in options.items() if value != unused}
        return told | {"fields": fields}

    @cached_property
    def packed(self) -> tuple[tuple[str, PackedKind, int, int], ...]:
        """The fields in front: name, kind, and where its scalars start and end in `layout`."""
        rows, start = [], 0
        for name, kind, _ in self.fields:
            if isinstance(kind, PackedKind):
                rows.append((name, kind, start, start + kind.scalars))
                start += kind.scalars
        return tuple(rows)

    @cached_property
    def layout(self) -> struct.Struct:
        """The fields in front of the tail, little-endian without padding."""
        return struct.Struct("<" + "".join(kind.struct_code for _, kind, _, _ in self.packed))

    @cached_property
    def tail(self) -> tuple[str, VariableKind] | None:
        """The last field's name and kind, if its length is variable."""
        name, kind, _ = self.fields[-1]
        return (name, kind) if isinstance(kind, VariableKind) else None

    @cached_property
    def lanes(self) -> LaneLayout:
        """The component on the state plane."""
        return LaneLayout(self.fields)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The dataclass's defaults, by field."""
        given: dict[str, Any] = {}
        for field in dataclasses.fields(self.made_by):
            if field.default is not dataclasses.MISSING:
                given[field.name] = field.default
            elif field.default_factory is not dataclasses.MISSING:
                given[field.name] = field.default_factory()
        return given


def repeat(kind: FieldKind, value: Any, rows: int) -> NDArray[Any]:
    """A checked value in so many rows."""
    array = kind.allocate(rows)
    if rows:
        kind.store(array, 0, value)
        array[1:] = array[:1]
    return array


def fields_of(declared: type[Any]) -> tuple[Field, ...]:
    """The fields that a dataclass declares.

    Raises:
        InvalidComponent: no frozen dataclass, no fields, a field without a kind or with a codec that cannot carry it,
            or a field of variable length before the last.
    """
    path = path_of(declared)
    if not dataclasses.is_dataclass(declared) or not declared.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise InvalidComponent(f"{path} must be a frozen dataclass: put @dataclass(frozen=True) below @component")
    hints = get_type_hints(declared, include_extras=True)
    fields = [_field_of(path, field.name, hints[field.name]) for field in dataclasses.fields(declared)]
    if not fields:
        raise InvalidComponent(f"{path} has no fields")
    for field in fields[:-1]:
        if field.kind.is_variable:
            raise InvalidComponent(f"{path}.{field.name}: text can only be the last field, and so can Bytes")
    return tuple(fields)


def path_of(declared: type[Any]) -> str:
    """Where a class was written."""
    return f"{declared.__module__}.{declared.__qualname__}"


def _field_of(path: str, name: str, hint: Any) -> Field:
    value, *notes = get_args(hint) or (hint,)
    kinds = [note for note in notes if isinstance(note, FieldKind)]
    codecs = [note for note in notes if isinstance(note, Codec)]
    if len(kinds) != 1 or len(codecs) > 1:
        raise InvalidComponent(
            f"{path}.{name} must be Annotated with one Column, Text or Blob (or Bytes), and one codec at most"
        )
    (kind,) = kinds
    if (get_origin(value) or value) is not kind.value_type:
        raise InvalidComponent(f"{path}.{name} must be annotated as {kind.value_type.__name__}")
    if not isinstance(kind, Column):
        if codecs:
            raise InvalidComponent(f"{path}.{name}: only a Column has a codec")
        return Field(name, kind)
    try:
        return Field(name, kind, (codecs[0] if codecs else Raw()).bound_to(kind))
    except InvalidValue as error:
        raise InvalidComponent(f"{path}.{name}: {error}") from error
