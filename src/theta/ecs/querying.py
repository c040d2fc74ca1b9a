"""Looking through a world by components: views of whole columns, and scans for what changed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from theta.ecs.component import component_type
from theta.ecs.declaration import ComponentType
from theta.ecs.entities import Entities, Entity, Slots, slots_of
from theta.ecs.errors import ChangedDuringQuery, RelationError
from theta.ecs.relations import CHILD_OF
from theta.ecs.storage import Storage
from theta.ecs.table import Columns


class Rows(NamedTuple):
    """What a query finds in one table: `entities` (rows,) uint64, and the columns of each class asked for, in order."""

    entities: Entities
    columns: tuple[Columns, ...]


class QueryVerbs:
    """How a world is looked through."""

    _storage: Storage

    def query(self, *classes: type[object]) -> Iterator[Rows]:
        """The entities that have all these components, table by table, as read-only views.

        Raises:
            UnknownComponent: a class was not declared.
            UndeclaredAccess: a system did not declare that it reads one.
            ChangedDuringQuery: the loop's body spawned, despawned, inserted or removed.
        """
        return self._iterate(classes, (), True)

    def query_mut(
        self, *classes: type[object], reads: Sequence[type[object]] = (), all_rows: bool = True
    ) -> Iterator[Rows]:
        """Like `query`, with the columns of `classes` writable and all their rows marked as changed in this tick.

        Args:
            classes: the components to write, first in `Rows.columns`.
            reads: more components the entities must have; read-only, and last in `Rows.columns`.
            all_rows: False when few rows will change: nothing is marked, the views are read-only, and `Columns.write`
                changes and marks the rows that it is told.

        Raises:
            UnknownComponent: a class was not declared.
            UndeclaredAccess: a system did not declare that it writes or reads one.
            RelationError: one of `classes` is ChildOf.
            ChangedDuringQuery: the loop's body spawned, despawned, inserted or removed.
        """
        return self._iterate(reads, classes, all_rows)

    def changed_since(self, declared: type[object], tick: int) -> list[Entity]:
        """The entities whose component was changed after `tick`: spawned, inserted, written or `query_mut`.

        Raises:
            UnknownComponent: the class was not declared.
        """
        found: list[Entity] = []
        for entities in self._changed(declared, tick):
            found += entities.tolist()
        return found

    def changed_slots(self, declared: type[object], tick: int) -> Slots:
        """The slots of the entities whose component was changed after `tick`, (n,) uint32, table by table.

        Tables in which nothing was changed after it are passed by unread.

        Raises:
            UnknownComponent: the class was not declared.
        """
        found = list(self._changed(declared, tick))
        return slots_of(np.concatenate(found)) if found else np.zeros(0, np.uint32)

    def changed_tick(self, declared: type[object]) -> int:
        """No component of this class was changed after this tick; 0 where there are none.

        Raises:
            UnknownComponent: the class was not declared.
        """
        declaration = component_type(declared)
        tables = self._storage.tables_with([declaration])
        return max((table.components[declaration.id].changed_tick for table in tables), default=0)

    def slots_with(self, declared: type[object]) -> Slots:
        """The slots of the entities that have a component, (n,) uint32, table by table.

        Raises:
            UnknownComponent: the class was not declared.
        """
        found = [table.entities for table in self._storage.tables_with([component_type(declared)])]
        return slots_of(np.concatenate(found)) if found else np.zeros(0, np.uint32)

    def archetypes(self) -> list[tuple[tuple[str, ...], int]]:
        """The sets of components that entities have, by name, and how many entities have just these; the most first."""
        found = [
            (tuple(sorted(rows.type.name for rows in table.components.values())), table.count)
            for table in self._storage.tables
            if table.count
        ]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def _changed(self, declared: type[object], tick: int) -> Iterator[Entities]:
        declaration = component_type(declared)
        self._storage.access.read(declaration)
        for table in self._storage.tables_with([declaration]):
            rows = table.components[declaration.id]
            if rows.changed_tick > tick:
                yield table.entities[rows.ticks[: table.count] > tick]

    def _iterate(self, reads: Sequence[type[object]], writes: Sequence[type[object]], all_rows: bool) -> Iterator[Rows]:
        written = [component_type(declared) for declared in writes]
        read = [component_type(declared) for declared in reads]
        for declaration in written:
            if declaration is CHILD_OF:
                raise RelationError("parents are changed by insert and write, which refuse circles")
            self._storage.access.write(declaration)
        for declaration in read:
            self._storage.access.read(declaration)
        return self._views(written, read, all_rows)

    def _views(self, written: list[ComponentType], read: list[ComponentType], all_rows: bool) -> Iterator[Rows]:
        storage = self._storage
        moves, tick = storage.moves, storage.tick
        for table in storage.tables_with([*written, *read]):
            columns = []
            for declaration in written:
                rows = table.components[declaration.id]
                if all_rows:
                    rows.mark(slice(table.count), tick)
                columns.append(rows.view(table.count, all_rows, tick))
            columns += [table.components[declaration.id].view(table.count, False) for declaration in read]
            yield Rows(table.entities, tuple(columns))
            if storage.moves != moves:
                raise ChangedDuringQuery
