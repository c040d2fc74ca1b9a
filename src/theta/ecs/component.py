"""Declaring components, and their canonical bytes.

    @component("theta.Transform", plane=Plane.DOCUMENT)
    @dataclass(frozen=True)
    class Transform:
        translation: Annotated[tuple[float, ...], Column("<f8", 3)]
        rotation: Annotated[tuple[float, ...], Column("<f8", 4)]
        scale: Annotated[tuple[float, ...], Column("<f8", 3)]

A component's canonical name is its identity everywhere: on the wire, in the document hash and in the world.
"""

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.ecs.errors import DuplicateComponent, InvalidComponent, UnknownComponent
from theta.ecs.fields import Blob, Column, FieldKind, Text

__all__ = [
    "Blob",
    "Column",
    "ComponentType",
    "Field",
    "Plane",
    "Text",
    "canonical_bytes",
    "check",
    "component",
    "component_type",
    "component_types",
    "parse",
]

C = TypeVar("C")
_ATTRIBUTE = "__theta_component__"


class Plane(StrEnum):
    """Who writes a component and how it travels."""

    DOCUMENT = "document"
    """Written only by commands: durable, hashed, everyone has it."""
    STATE = "state"
    """Written by its owner: latest wins, lossy, never saved."""


class Field(NamedTuple):
    """One field of a component."""

    name: str
    kind: FieldKind


@dataclass(frozen=True)
class ComponentType:
    """What was declared: `name` is canonical, `id` its SipHash-2-4 (u64), `fields` are in declared order."""

    name: str
    id: int
    plane: Plane
    fields: tuple[Field, ...]
    made_by: type[Any] = dataclasses.field(compare=False, repr=False)

    def descriptor(self) -> dict[str, object]:
        """The declaration as plain data (for the protocol manifest): strings, ints, lists and dicts only."""
        fields = [{"name": field.name, **field.kind.descriptor()} for field in self.fields]
        return {"name": self.name, "id": f"{self.id:016x}", "plane": self.plane.value, "fields": fields}

    @cached_property
    def packed(self) -> tuple[tuple[str, Column | Blob, int, int], ...]:
        """The fields in front: name, kind, and where its scalars start and end in `layout`."""
        rows, start = [], 0
        for name, kind in self.fields:
            if not isinstance(kind, Text):
                end = start + (kind.width if isinstance(kind, Column) else 1)
                rows.append((name, kind, start, end))
                start = end
        return tuple(rows)

    @cached_property
    def layout(self) -> struct.Struct:
        """The fields in front of the text, little-endian without padding."""
        return struct.Struct("<" + "".join(kind.struct_code for _, kind, _, _ in self.packed))

    @cached_property
    def text(self) -> Field | None:
        """The last field, if it is text."""
        return self.fields[-1] if isinstance(self.fields[-1].kind, Text) else None


_registered: dict[int, ComponentType] = {}


def component(name: str, *, plane: Plane) -> Callable[[type[C]], type[C]]:
    """A class decorator that declares a frozen dataclass as a component.

    Args:
        name: the canonical name, for example "theta.Transform": ASCII, unlike every other component's.
        plane: who writes it and how it travels.

    Raises:
        InvalidComponent: no frozen dataclass, no fields, a field without a kind, or text before the last field.
        DuplicateComponent: another class has the name. The same class declared again (a notebook's cell) is fine.
    """

    def declare(declared: type[C]) -> type[C]:
        declaration = ComponentType(name, name_id(name), plane, _fields_of(declared), declared)
        other = _registered.get(declaration.id)
        if other is not None and (other != declaration or _path_of(other.made_by) != _path_of(declared)):
            raise DuplicateComponent(f"the component name {name} is taken by {_path_of(other.made_by)}")
        _registered[declaration.id] = declaration
        setattr(declared, _ATTRIBUTE, declaration)
        return declared

    if not name or not name.isascii() or not name.isprintable():
        raise InvalidComponent(f"a component's name is printable ASCII, not {name!r}")
    return declare


def component_type(declared: object) -> ComponentType:
    """The declaration of a component's class, or of an instance's class.

    Raises:
        UnknownComponent: the class was not declared; a subclass of a component is no component.
    """
    owner = declared if isinstance(declared, type) else type(declared)
    found: ComponentType | None = owner.__dict__.get(_ATTRIBUTE)
    if found is None:
        raise UnknownComponent(owner)
    return found


def component_types() -> tuple[ComponentType, ...]:
    """Every declared component, by name."""
    return tuple(sorted(_registered.values(), key=lambda declaration: declaration.name))


def check(instance: object) -> ComponentType:
    """The declaration of an instance, whose fields are all inside their limits.

    Raises:
        UnknownComponent: its class is no component.
        InvalidValue: names the field and its limit.
    """
    declaration = component_type(instance)
    for name, kind in declaration.fields:
        kind.check(f"{declaration.name}.{name}", getattr(instance, name))
    return declaration


def canonical_bytes(instance: object) -> bytes:
    """The one way to write a component's value: fields in declared order, little-endian, no padding.

    -0.0 is written as 0.0, text as UTF-8 to the end, blobs raw.

    Raises:
        UnknownComponent: its class is no component.
        InvalidValue: names the field and its limit.
    """
    declaration = check(instance)
    scalars: list[Any] = []
    for name, kind, _, _ in declaration.packed:
        scalars.extend(kind.to_scalars(getattr(instance, name)))
    head = declaration.layout.pack(*scalars)
    if declaration.text is None:
        return head
    text: str = getattr(instance, declaration.text.name)
    return head + text.encode("utf-8")


def parse(declared: type[C], data: bytes) -> C:
    """The component that these canonical bytes spell; a -0.0 in them becomes 0.0.

    Raises:
        UnknownComponent: the class is no component.
        InvalidValue: a wrong length, bytes that are no UTF-8, or a field out of its limits.
    """
    declaration = component_type(declared)
    size, text = declaration.layout.size, declaration.text
    if len(data) < size or (text is None and len(data) > size):
        raise InvalidValue(declaration.name, data, f"{size} bytes{'' if text is None else ' or more'} long")
    scalars = declaration.layout.unpack_from(data)
    values = {name: kind.from_scalars(scalars[start:end]) for name, kind, start, end in declaration.packed}
    if text is not None:
        try:
            values[text.name] = data[size:].decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidValue(f"{declaration.name}.{text.name}", data[size:], "UTF-8") from error
    instance = declared(**values)
    check(instance)
    return instance


def _fields_of(declared: type[Any]) -> tuple[Field, ...]:
    path = _path_of(declared)
    if not dataclasses.is_dataclass(declared) or not declared.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise InvalidComponent(f"{path} must be a frozen dataclass: put @dataclass(frozen=True) below @component")
    hints = get_type_hints(declared, include_extras=True)
    fields = [
        Field(field.name, _kind_of(path, field.name, hints[field.name])) for field in dataclasses.fields(declared)
    ]
    if not fields:
        raise InvalidComponent(f"{path} has no fields")
    for field in fields[:-1]:
        if isinstance(field.kind, Text):
            raise InvalidComponent(f"{path}.{field.name}: text can only be the last field")
    return tuple(fields)


def _kind_of(path: str, name: str, hint: Any) -> FieldKind:
    value, *notes = get_args(hint) or (hint,)
    kinds = [note for note in notes if isinstance(note, FieldKind)]
    if len(kinds) != 1:
        raise InvalidComponent(f"{path}.{name} must be Annotated with one Column, Text or Blob")
    if (get_origin(value) or value) is not kinds[0].value_type:
        raise InvalidComponent(f"{path}.{name} must be annotated as {kinds[0].value_type.__name__}")
    return kinds[0]


def _path_of(declared: type[Any]) -> str:
    return f"{declared.__module__}.{declared.__qualname__}"
