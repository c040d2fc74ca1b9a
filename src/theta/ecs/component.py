"""Declaring components, and their canonical bytes.

    @component("theta.Transform", plane=Plane.DOCUMENT)
    @dataclass(frozen=True)
    class Transform:
        translation: Annotated[tuple[float, ...], Column("<f8", 3)]
        rotation: Annotated[tuple[float, ...], Column("<f8", 4)]
        scale: Annotated[tuple[float, ...], Column("<f8", 3)]

A component's canonical name is its identity everywhere: on the wire, in the document hash and in the world.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.ecs.declaration import ComponentType, Field, Migration, Plane, fields_of, path_of
from theta.ecs.errors import ComponentIdCollision, DuplicateComponent, InvalidComponent, UnknownComponent
from theta.ecs.fields import Blob, Bytes, Column, Text

__all__ = [
    "Blob",
    "Bytes",
    "Column",
    "ComponentType",
    "Field",
    "Migration",
    "Plane",
    "Text",
    "canonical_bytes",
    "check",
    "component",
    "component_named",
    "component_type",
    "component_types",
    "parse",
]

C = TypeVar("C")
_ATTRIBUTE = "__theta_component__"
_registered: dict[int, ComponentType] = {}


def component(
    name: str,
    *,
    plane: Plane,
    scope: str = "",
    position: str = "",
    version: int = 1,
    migrations: Sequence[Migration] = (),
) -> Callable[[type[C]], type[C]]:
    """A class decorator that declares a frozen dataclass as a component. Threads may declare at the same time.

    Args:
        name: the canonical name, for example "theta.Transform": ASCII, unlike every other component's.
        plane: who writes it and how it travels.
        scope: who gets it on the state plane: "" for everybody, "editor" for who may edit.
        position: the field whose first three numbers say where the entity is, in metres, for interest.
        version: counted up from 1 whenever the fields change; see `theta.ecs.evolution`.
        migrations: how rows of the versions before become those of this one, and back.

    Raises:
        InvalidComponent: no frozen dataclass, no fields, a field without a kind, text before the last field, a codec
            that cannot carry its column, or a scope, position, version or migration that cannot be.
        DuplicateComponent: another class has the name. The same class declared again (a notebook's cell) is fine.
        ComponentIdCollision: another component's name has the same SipHash-2-4.
    """

    def declare(declared: type[C]) -> type[C]:
        fields = fields_of(declared)
        declaration = ComponentType(
            name, name_id(name), plane, fields, declared, scope, position, version, tuple(migrations)
        )
        # setdefault is one step: of two threads that declare one name, both see the same winner.
        other = _registered.setdefault(declaration.id, declaration)
        if other.name != name:
            raise ComponentIdCollision(name, other.name)
        if other != declaration or path_of(other.made_by) != path_of(declared):
            raise DuplicateComponent(f"the component name {name} is taken by {path_of(other.made_by)}")
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


def component_named(name: str) -> ComponentType | None:
    """The declaration of a canonical name, if there is one."""
    found = _registered.get(name_id(name))
    return found if found is not None and found.name == name else None


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
    for name, kind, _ in declaration.fields:
        kind.check(f"{declaration.name}.{name}", getattr(instance, name))
    return declaration


def canonical_bytes(instance: object) -> bytes:
    """The one way to write a component's value: fields in declared order, little-endian, no padding.

    -0.0 is written as 0.0, text as UTF-8 to the end, blobs and bytes raw.

    Raises:
        UnknownComponent: its class is no component.
        InvalidValue: names the field and its limit.
    """
    declaration = check(instance)
    scalars: list[Any] = []
    for name, kind, _, _ in declaration.packed:
        scalars.extend(kind.to_scalars(getattr(instance, name)))
    head = declaration.layout.pack(*scalars)
    tail = declaration.tail
    return head if tail is None else head + tail[1].encode(getattr(instance, tail[0]))


def parse(declared: type[C], data: bytes) -> C:
    """The component that these canonical bytes spell; a -0.0 in them becomes 0.0.

    Raises:
        UnknownComponent: the class is no component.
        InvalidValue: a wrong length, bytes that are no UTF-8, or a field out of its limits.
    """
    declaration = component_type(declared)
    size, tail = declaration.layout.size, declaration.tail
    if len(data) < size or (tail is None and len(data) > size):
        raise InvalidValue(declaration.name, data, f"{size} bytes{'' if tail is None else ' or more'} long")
    scalars = declaration.layout.unpack_from(data)
    values = {name: kind.from_scalars(scalars[start:end]) for name, kind, start, end in declaration.packed}
    if tail is not None:
        field, variable = tail
        values[field] = variable.decode(f"{declaration.name}.{field}", data[size:])
    instance = declared(**values)
    check(instance)
    return instance
