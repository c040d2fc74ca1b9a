"""One component's values for many entities."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from theta.base.errors import InvalidValue
from theta.ecs.component import component_type
from theta.ecs.declaration import ComponentType, Values


class Batch:
    """One component's values for many entities, by field: `Batch(Position, metres=array)`.

    Args:
        declared: the component's class.
        values: for each entity a row: numbers (rows,) or (rows, width) that the column's dtype holds, blobs as bytes
            or (rows, length) uint8, text and bytes as sequences. What is left out gets the class's default.
    """

    __slots__ = ("declared", "values")

    def __init__(self, declared: type[object], **values: ArrayLike) -> None:
        self.declared = declared
        self.values: Mapping[str, ArrayLike] = values

    def checked(self, rows: int) -> tuple[ComponentType, Values]:
        """The declaration, and the given fields as arrays of their own dtypes.

        Raises:
            UnknownComponent: the class was not declared.
            InvalidValue: a field that is not there, of another shape, or out of its limits.
        """
        declaration = component_type(self.declared)
        kinds = {name: kind for name, kind, _ in declaration.fields}
        for name in self.values:
            if name not in kinds:
                raise InvalidValue("field", name, "one of " + ", ".join(kinds))
        given = {
            name: kinds[name].check_rows(f"{declaration.name}.{name}", values, rows)
            for name, values in self.values.items()
        }
        return declaration, given
