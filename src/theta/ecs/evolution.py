"""Components of other versions: reading what somebody declared elsewhere, and making it fit what is declared here.

Fields go by name. One that is only here gets its default, one that is only there is ignored, and migrations turn the
rows of one version into those of the next, or back (ECS-24).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.base.limits import COMPONENT_FIELDS_MAX
from theta.ecs.codecs import Bits, Codec, EntityReference, FixedPoint, Raw, SmallestThree
from theta.ecs.component import component_named
from theta.ecs.declaration import SCOPES, ComponentType, Field, Plane, Values, repeat
from theta.ecs.errors import MigrationError
from theta.ecs.fields import Blob, Bytes, Column, FieldKind, Text
from theta.ecs.lanes import LaneLayout

_CODECS: dict[str, type[Codec]] = {
    "entity": EntityReference,
    "fixed-point": FixedPoint,
    "smallest-three": SmallestThree,
    "bits": Bits,
}
_SAID = {"name", "id", "plane", "scope", "position", "version", "fields"}
_KINDS: dict[str, type[Any]] = {"column": Column, "text": Text, "bytes": Bytes, "blob": Blob}


@dataclass(frozen=True)
class RemoteComponent:
    """A component as another side declared it.

    Attributes:
        name: its canonical name.
        version: its version there.
        scope: who gets it.
        fields: its fields there, in their order.
        local: what is declared here under its name; None where nothing is.
    """

    name: str
    version: int
    scope: str
    fields: tuple[Field, ...]
    local: ComponentType | None

    @cached_property
    def lanes(self) -> LaneLayout:
        """The other side's lanes."""
        return LaneLayout(self.fields)

    def to_local(self, values: Values, rows: int) -> Values:
        """Rows of the other side's fields as rows of all fields here; only where `local` is there.

        Raises:
            MigrationError: a migration gave something that does not fit.
        """
        assert self.local is not None
        local = self.local
        migrated = local.version > self.version and bool(local.migrations)
        if migrated:
            for migration in sorted(local.migrations, key=lambda each: each.version):
                if migration.version > self.version:
                    values = migration.up(dict(values))
        fitted: Values = {}
        for name, kind, _ in local.fields:
            default = local.defaults.get(name, kind.zero)
            fitted[name] = _fit(f"{local.name}.{name}", kind, values.get(name), default, rows, migrated)
        return fitted

    def from_local(self, values: Values, rows: int) -> Values:
        """Rows of all fields here as rows of the other side's fields; only where `local` is there.

        Raises:
            MigrationError: a migration gave something that does not fit.
        """
        assert self.local is not None
        migrated = self.local.version > self.version and bool(self.local.migrations)
        if migrated:
            for migration in sorted(self.local.migrations, key=lambda each: -each.version):
                if migration.version > self.version:
                    values = migration.down(dict(values))
        return {
            name: _fit(f"{self.name}.{name}", kind, values.get(name), kind.zero, rows, migrated)
            for name, kind, _ in self.fields
        }


def read_descriptor(descriptor: object) -> RemoteComponent:
    """What a descriptor says, checked as something that somebody else wrote.

    Raises:
        InvalidValue: names what of it cannot be.
    """
    told = _mapping("descriptor", descriptor)
    if not told.keys() <= _SAID:
        raise InvalidValue("descriptor", sorted(told), f"of {', '.join(sorted(_SAID))}")
    name = told.get("name")
    if not isinstance(name, str) or not name or not name.isascii() or not name.isprintable():
        raise InvalidValue("descriptor.name", name, "printable ASCII")
    if told.get("id") != f"{name_id(name):016x}":
        raise InvalidValue(f"{name}.id", told.get("id"), "the SipHash-2-4 of the name")
    version, scope, fields = told.get("version", 1), told.get("scope", ""), told.get("fields")
    if type(version) is not int or not 1 <= version < 2**32:
        raise InvalidValue(f"{name}.version", version, "an int from 1")
    if told.get("plane") != Plane.STATE.value or type(told.get("position", "")) is not str:
        raise InvalidValue(f"{name}.plane", told.get("plane"), f"{Plane.STATE.value}, with a position by name")
    if scope not in SCOPES:
        raise InvalidValue(f"{name}.scope", scope, f"one of {SCOPES}")
    if not isinstance(fields, list) or not 1 <= len(fields) <= COMPONENT_FIELDS_MAX:
        raise InvalidValue(f"{name}.fields", fields, f"a list of 1 to {COMPONENT_FIELDS_MAX} fields")
    read = tuple(_read_field(name, each) for each in fields)
    if len({field.name for field in read}) < len(read):
        raise InvalidValue(f"{name}.fields", [field.name for field in read], "of different names")
    return RemoteComponent(name, version, scope, read, component_named(name))


def _read_field(component: str, descriptor: object) -> Field:
    told = dict(_mapping(f"{component}.fields", descriptor))
    name, kind, codec = told.pop("name", None), told.pop("kind", None), told.pop("codec", None)
    path = f"{component}.{name}"
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidValue(f"{component}.fields", name, "named by an identifier")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidValue(path, kind, "one of " + ", ".join(_KINDS))
    made: FieldKind = _made(path, _KINDS[kind], told)
    if not isinstance(made, Column):
        if codec is not None:
            raise InvalidValue(path, codec, "without a codec: it is no column")
        return Field(name, made)
    return Field(name, made, _read_codec(path, codec).bound_to(made))


def _read_codec(path: str, descriptor: object) -> Codec:
    if descriptor is None:
        return Raw()
    told = dict(_mapping(path, descriptor))
    name = told.pop("name", None)
    if not isinstance(name, str) or name not in _CODECS:
        raise InvalidValue(path, name, "one of " + ", ".join(_CODECS))
    codec: Codec = _made(path, _CODECS[name], told)
    return codec


def _made(path: str, made_by: type[Any], told: dict[str, Any]) -> Any:
    """A kind or a codec from its plain data, which holds numbers and a dtype."""
    for key, value in told.items():
        if key == "column" or type(value) not in (int, float, str) or (type(value) is str) != (key == "dtype"):
            raise InvalidValue(path, value, f"a number as {key}")
        if type(value) is float and made_by is not FixedPoint:
            raise InvalidValue(path, value, f"an int as {key}")
    try:
        return made_by(**told)
    except (TypeError, OverflowError) as error:
        raise InvalidValue(path, sorted(told), f"what a {made_by.__name__} has") from error


def _mapping(path: str, descriptor: object) -> Mapping[str, Any]:
    if not isinstance(descriptor, Mapping) or any(type(key) is not str for key in descriptor):
        raise InvalidValue(path, descriptor, "a mapping")
    return descriptor


def _fit(path: str, kind: FieldKind, values: Any, default: Any, rows: int, migrated: bool) -> Any:
    """The values in the kind's own dtype; the default where there are none, or none that it can hold."""
    if values is not None:
        try:
            return kind.check_rows(path, values, rows)
        except InvalidValue as error:
            # What a migration gives is our own doing; what another side declares differently is not.
            if migrated:
                raise MigrationError(f"a migration gave what does not fit: {error}") from error
    return repeat(kind, default, rows)
