"""Values of a glTF's JSON, read field by field and believing nothing: every refusal names the path."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

from theta.gltf.errors import GltfError

INDEX_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of the JSON, and its path in the file.

    The readers return None, or `default`, where a field is absent; one of a wrong kind raises `GltfError`.
    """

    path: str
    values: dict[str, Any]

    @classmethod
    def of(cls, path: str, value: object) -> "Fields":
        """The object at a path; anything but an object is refused."""
        if not isinstance(value, dict):
            raise GltfError(path, f"is {_brief(value)}, but must be an object")
        return cls(path, value)

    def at(self, field: str) -> str:
        """The path of a field of this object."""
        return f"{self.path}.{field}" if self.path else field

    def has(self, field: str) -> bool:
        """Whether the field is there at all."""
        return field in self.values

    def object(self, field: str) -> "Fields":
        """An object; an empty one where it is absent."""
        return Fields.of(self.at(field), self.values.get(field, {}))

    def items(self, field: str) -> list[Any]:
        """A list; an empty one where it is absent."""
        value = self.values.get(field, [])
        if not isinstance(value, list):
            raise GltfError(self.at(field), f"is {_brief(value)}, but must be a list")
        return value

    def item(self, field: str, index: int) -> "Fields":
        """The object at an index of a list."""
        items = self.items(field)
        path = f"{self.at(field)}[{index}]"
        if index >= len(items):
            raise GltfError(path, f"does not exist: there are {len(items)}")
        return Fields.of(path, items[index])

    def text(self, field: str) -> str:
        """A text; an empty one where it is absent."""
        value = self.values.get(field, "")
        if not isinstance(value, str):
            raise GltfError(self.at(field), f"is {_brief(value)}, but must be a text")
        return value

    def flag(self, field: str) -> bool:
        """True or False; False where it is absent."""
        value = self.values.get(field, False)
        if not isinstance(value, bool):
            raise GltfError(self.at(field), f"is {_brief(value)}, but must be true or false")
        return value

    def integer(self, field: str, default: int | None = None, *, most: int = INDEX_MAX) -> int:
        """A whole number from 0 to `most`; required when there is no default."""
        value = self.values.get(field, default)
        return whole(self.at(field), value, most)

    def index(self, field: str) -> int | None:
        """An index, None where it is absent."""
        return self.integer(field) if field in self.values else None

    def indices(self, field: str) -> list[int]:
        """A list of indices; an empty one where it is absent."""
        path = self.at(field)
        return [whole(f"{path}[{at}]", value, INDEX_MAX) for at, value in enumerate(self.items(field))]

    def number(self, field: str, default: float) -> float:
        """A finite number."""
        return _finite(self.at(field), self.values.get(field, default))

    def share(self, field: str, default: float) -> float:
        """A number in [0, 1]; what lies outside is taken as the nearer end."""
        return min(1.0, max(0.0, self.number(field, default)))

    def numbers(self, field: str, count: int) -> list[float] | None:
        """So many finite numbers, None where they are absent."""
        if field not in self.values:
            return None
        values = self.items(field)
        if len(values) != count:
            raise GltfError(self.at(field), f"has {len(values)} numbers, but must have {count}")
        return [_finite(f"{self.at(field)}[{at}]", value) for at, value in enumerate(values)]


def whole(path: str, value: object, most: int) -> int:
    """A whole number from 0 to `most`; 3.0 is one, True is none.

    Raises:
        GltfError: anything else.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise GltfError(path, f"is {_brief(value)}, but must be a whole number from 0 to {most}")
    return value


def _finite(path: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GltfError(path, f"is {_brief(value)}, but must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise GltfError(path, f"is {_brief(value)}, but must be finite")
    return number


def _brief(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if not isinstance(value, int) or value.bit_length() < 200 else "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."
