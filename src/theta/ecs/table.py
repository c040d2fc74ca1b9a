"""Dense archetype tables: all entities with the same components, one NumPy array per field, no holes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.ecs.declaration import ComponentType, Values
from theta.ecs.entities import Entities, Entity

CAPACITY_MIN = 16


class Columns:
    """One component's rows in one table, as a query shows them: `columns["translation"]` is (rows, 3) float64.

    Attributes:
        changed: the tick of each row's last change, (rows,) uint64, read-only.

    The arrays are views into the table, stale as soon as entities come, go or move. From `World.query` they are
    read-only, and NumPy raises ValueError when they are written. From `World.query_mut(…, all_rows=False)` they are
    read-only too, and `write` changes the rows that it is told.
    """

    __slots__ = ("_arrays", "_rows", "_tick", "changed")

    def __init__(
        self, arrays: dict[str, NDArray[Any]], changed: NDArray[np.uint64], rows: "ComponentRows", tick: int | None
    ) -> None:
        self._arrays = arrays
        self._rows = rows
        self._tick = tick
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

    def write(self, rows: NDArray[np.bool_] | NDArray[np.integer[Any]], **values: ArrayLike) -> None:
        """Put values into some rows, and mark these alone as changed.

        Args:
            rows: a mask (all rows,) or the rows' numbers.
            values: by field, as NumPy assigns them to these rows.

        Raises:
            ValueError: the columns are read-only, as NumPy says it.
            InvalidValue: there is no such field.
        """
        if self._tick is None:
            raise ValueError("assignment destination is read-only")
        for field in values:
            self[field]
        self._rows.write_rows(len(self.changed), rows, values, self._tick)


class ComponentRows:
    """One component's storage: an array per field, in declared order, and the changed ticks; all of one capacity.

    Attributes:
        arrays: by field.
        ticks: of each row's last change, (capacity,) uint64.
        changed_tick: no row was changed after this tick, so that whoever looks for changes may pass by.
    """

    __slots__ = ("_frozen", "_frozen_ticks", "arrays", "changed_tick", "ticks", "type")

    def __init__(self, declaration: ComponentType, capacity: int) -> None:
        self.type = declaration
        self.changed_tick = 0
        self._hold(
            {field.name: field.kind.allocate(capacity) for field in declaration.fields}, np.zeros(capacity, np.uint64)
        )

    def load(self, row: int) -> dict[str, Any]:
        """A row's values by field."""
        return {field.name: field.kind.load(self.arrays[field.name], row) for field in self.type.fields}

    def gather(self, rows: NDArray[np.int32]) -> Values:
        """Copies of some rows by field."""
        return {name: array.take(rows, axis=0) for name, array in self.arrays.items()}

    def store(self, row: int, instance: object, tick: int) -> None:
        """Put a checked instance into a row, changed at `tick`."""
        for name, kind, _ in self.type.fields:
            kind.store(self.arrays[name], row, getattr(instance, name))
        self.ticks[row] = tick
        self.changed_tick = tick

    def scatter(self, rows: NDArray[np.int32], values: Values, tick: int) -> None:
        """Put checked values by field into some rows, changed at `tick`; fields that are not given stay."""
        for name, given in values.items():
            self.arrays[name][rows] = given
        self.mark(rows, tick)

    def write_rows(self, count: int, rows: NDArray[Any], values: dict[str, ArrayLike], tick: int) -> None:
        """As `scatter`, of the first `count` rows by a mask or by numbers, cast as NumPy does it."""
        for name, given in values.items():
            self.arrays[name][:count][rows] = given
        self.ticks[:count][rows] = tick
        self.changed_tick = tick

    def mark(self, rows: NDArray[np.int32] | slice, tick: int) -> None:
        """Some rows are changed at `tick`."""
        self.ticks[rows] = tick
        self.changed_tick = tick

    def copy_row(self, row: int, target: "ComponentRows", target_row: int) -> None:
        """Copy a row with its tick to the same component's storage elsewhere, or to another row here."""
        for name, array in self.arrays.items():
            target.arrays[name][target_row] = array[row]
        target.ticks[target_row] = self.ticks[row]
        target.changed_tick = max(target.changed_tick, self.changed_tick)

    def copy_rows(self, rows: NDArray[np.int32], target: "ComponentRows", target_rows: NDArray[np.int32]) -> None:
        """As `copy_row`, for many."""
        for name, array in self.arrays.items():
            target.arrays[name][target_rows] = array[rows]
        target.ticks[target_rows] = self.ticks[rows]
        target.changed_tick = max(target.changed_tick, self.changed_tick)

    def clear(self, rows: int | slice) -> None:
        """Let go of the objects that rows hold."""
        for name, kind, _ in self.type.fields:
            if kind.is_variable:
                self.arrays[name][rows] = None

    def resize(self, capacity: int, count: int) -> None:
        """Move the first `count` rows into arrays of another capacity."""
        arrays = {field.name: field.kind.allocate(capacity) for field in self.type.fields}
        for name, array in arrays.items():
            array[:count] = self.arrays[name][:count]
        ticks = np.zeros(capacity, np.uint64)
        ticks[:count] = self.ticks[:count]
        self._hold(arrays, ticks)

    def view(self, count: int, writeable: bool, tick: int | None = None) -> Columns:
        """The first `count` rows; with a tick, `Columns.write` marks what it changes with it."""
        source = self.arrays if writeable else self._frozen
        arrays = {name: array[:count] for name, array in source.items()}
        return Columns(arrays, self._frozen_ticks[:count], self, tick)

    def _hold(self, arrays: Values, ticks: NDArray[np.uint64]) -> None:
        self.arrays = arrays
        self.ticks = ticks
        self._frozen = {name: frozen(array) for name, array in arrays.items()}
        self._frozen_ticks = frozen(ticks)


class Table:
    """The rows of all entities with exactly these components.

    Attributes:
        number: its place among the world's tables.
        key: the components' ids, ascending.
        count: rows in use.
        components: storage by component id, ascending.
    """

    __slots__ = ("_entities", "_frozen", "components", "count", "key", "number")

    def __init__(self, number: int, declarations: Mapping[int, ComponentType]) -> None:
        self.number = number
        self.key = tuple(sorted(declarations))
        self.count = 0
        self.components = {key: ComponentRows(declarations[key], CAPACITY_MIN) for key in self.key}
        self._entities = np.zeros(CAPACITY_MIN, np.uint64)
        self._frozen = frozen(self._entities)

    @property
    def entities(self) -> Entities:
        """Each row's entity, (rows,) uint64, a read-only view."""
        return self._frozen[: self.count]

    def append(self, entity: Entity) -> int:
        """A new last row for an entity; its components are still to be stored."""
        row = self.count
        self._reserve(row + 1)
        self._entities[row] = entity
        self.count = row + 1
        return row

    def append_many(self, entities: Entities) -> NDArray[np.int32]:
        """New last rows for entities; their components are still to be stored."""
        start, self.count = self.count, self.count + len(entities)
        self._reserve(self.count)
        self._entities[start : self.count] = entities
        return np.arange(start, self.count, dtype=np.int32)

    def remove(self, row: int) -> Entity | None:
        """Drop a row; the last row takes its place. Returns the entity that moved to `row`, if any did."""
        last = self.count - 1
        assert 0 <= row <= last
        for rows in self.components.values():
            if row != last:
                rows.copy_row(last, rows, row)
            rows.clear(last)
        self._entities[row] = self._entities[last]
        self.count = last
        return Entity(self._entities.item(row)) if row != last else None

    def remove_many(self, rows: NDArray[np.int32]) -> tuple[Entities, NDArray[np.int32]]:
        """Drop different rows; the last ones that stay take their places.

        Returns:
            The entities that moved, and their rows now.
        """
        left = self.count - len(rows)
        stays = np.ones(self.count, np.bool_)
        stays[rows] = False
        holes = np.flatnonzero(~stays[:left]).astype(np.int32)
        movers = (left + np.flatnonzero(stays[left:])).astype(np.int32)
        for component in self.components.values():
            component.copy_rows(movers, component, holes)
            component.clear(slice(left, self.count))
        self._entities[holes] = self._entities[movers]
        self.count = left
        return self._entities[holes], holes

    def _reserve(self, count: int) -> None:
        capacity = len(self._entities)
        if count <= capacity:
            return
        capacity = max(2 * capacity, count)
        kept = min(self.count, len(self._entities))
        for rows in self.components.values():
            rows.resize(capacity, kept)
        entities = np.zeros(capacity, np.uint64)
        entities[:kept] = self._entities[:kept]
        self._entities = entities
        self._frozen = frozen(entities)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only view of an array; what is sliced from it is read-only too."""
    view = array.view()
    view.flags.writeable = False
    return view
