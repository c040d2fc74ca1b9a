"""Dense archetype tables: all entities with the same components, one NumPy array per field, no holes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.ecs.component import ComponentType, Text
from theta.ecs.entities import Entity

CAPACITY_MIN = 16


class Columns:
    """One component's rows in one table, as a query shows them: `columns["translation"]` is (rows, 3) float64.

    Attributes:
        changed: the tick of each row's last change, (rows,) uint64, read-only.

    The arrays are views into the table, stale as soon as entities come, go or move. From `World.query` they are
    read-only, and NumPy raises ValueError when they are written.
    """

    __slots__ = ("_arrays", "changed")

    def __init__(self, arrays: dict[str, NDArray[Any]], changed: NDArray[np.uint64]) -> None:
        self._arrays = arrays
        self.changed = changed

    def __getitem__(self, field: str) -> NDArray[Any]:
        try:
            return self._arrays[field]
        except KeyError:
            raise InvalidValue("field", field, "one of " + ", ".join(self._arrays)) from None

    def __setitem__(self, field: str, values: ArrayLike) -> None:
        array = self[field]
        # `columns["x"] += 1` has written in place already when it comes here.
        if values is not array:
            array[...] = values


class ComponentRows:
    """One component's storage: an array per field, in declared order, and the changed ticks; all of one capacity."""

    __slots__ = ("arrays", "ticks", "type")

    def __init__(self, declaration: ComponentType, capacity: int) -> None:
        self.type = declaration
        self.arrays = [field.kind.allocate(capacity) for field in declaration.fields]
        self.ticks = np.zeros(capacity, np.uint64)

    def load(self, row: int) -> dict[str, Any]:
        """A row's values by field."""
        fields = zip(self.type.fields, self.arrays, strict=True)
        return {field.name: field.kind.load(array, row) for field, array in fields}

    def store(self, row: int, instance: object, tick: int) -> None:
        """Put a checked instance into a row, changed at `tick`."""
        for field, array in zip(self.type.fields, self.arrays, strict=True):
            field.kind.store(array, row, getattr(instance, field.name))
        self.ticks[row] = tick

    def copy_row(self, row: int, target: "ComponentRows", target_row: int) -> None:
        """Copy a row with its tick to the same component's storage elsewhere, or to another row here."""
        for array, target_array in zip(self.arrays, target.arrays, strict=True):
            target_array[target_row] = array[row]
        target.ticks[target_row] = self.ticks[row]

    def clear_row(self, row: int) -> None:
        """Let go of the objects that a row holds."""
        for field, array in zip(self.type.fields, self.arrays, strict=True):
            if isinstance(field.kind, Text):
                array[row] = None

    def resize(self, capacity: int, count: int) -> None:
        """Move the first `count` rows into arrays of another capacity."""
        for at, field in enumerate(self.type.fields):
            array = field.kind.allocate(capacity)
            array[:count] = self.arrays[at][:count]
            self.arrays[at] = array
        ticks = np.zeros(capacity, np.uint64)
        ticks[:count] = self.ticks[:count]
        self.ticks = ticks

    def view(self, count: int, writeable: bool) -> Columns:
        """The first `count` rows."""
        arrays = {
            field.name: _view(array, count, writeable)
            for field, array in zip(self.type.fields, self.arrays, strict=True)
        }
        return Columns(arrays, _view(self.ticks, count, writeable=False))


class Table:
    """The rows of all entities with exactly these components.

    Attributes:
        count: rows in use.
        components: storage by component id, ascending.
    """

    __slots__ = ("_entities", "components", "count")

    def __init__(self, declarations: Mapping[int, ComponentType]) -> None:
        self.count = 0
        self.components = {key: ComponentRows(declarations[key], CAPACITY_MIN) for key in sorted(declarations)}
        self._entities = np.zeros(CAPACITY_MIN, np.uint64)

    @property
    def entities(self) -> NDArray[np.uint64]:
        """Each row's entity, (rows,) uint64, a read-only view."""
        return _view(self._entities, self.count, writeable=False)

    def append(self, entity: Entity) -> int:
        """A new last row for an entity; its components are still to be stored."""
        row = self.count
        if row == len(self._entities):
            self._resize(2 * row)
        self._entities[row] = entity
        self.count = row + 1
        return row

    def remove(self, row: int) -> Entity | None:
        """Drop a row; the last row takes its place. Returns the entity that moved to `row`, if any did."""
        last = self.count - 1
        assert 0 <= row <= last
        for rows in self.components.values():
            if row != last:
                rows.copy_row(last, rows, row)
            rows.clear_row(last)
        self._entities[row] = self._entities[last]
        self.count = last
        return Entity(int(self._entities[row])) if row != last else None

    def _resize(self, capacity: int) -> None:
        for rows in self.components.values():
            rows.resize(capacity, self.count)
        entities = np.zeros(capacity, np.uint64)
        entities[: self.count] = self._entities[: self.count]
        self._entities = entities


def _view(array: NDArray[Any], count: int, writeable: bool) -> NDArray[Any]:
    view = array[:count]
    view.flags.writeable = writeable
    return view
