"""What came, went and moved between two looks, found by comparing the slots as they were with the slots as they are.

The write path records nothing, so a world that nobody asks pays nothing, and a look at a world whose structure did not
change costs one comparison.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.ecs.entities import Entities, slots_of
from theta.ecs.slots import NOWHERE, SlotTable
from theta.ecs.storage import Storage

_NOTHING = np.zeros(0, np.uint64)


class Structure(NamedTuple):
    """The difference between two looks; all entities (n,) uint64, in the order of their slots.

    An entity that came and went in between is in none of it. A component that was taken and given back in between is
    not in it either: its changed tick tells.

    Attributes:
        spawned: live now, and did not at the last look.
        despawned: lived at the last look, and do no more.
        inserted: by component id, who has it now and had not; with those who were spawned with it.
        removed: by component id, who lives on without it.
        ended: by component id, who lived with it at the last look and lives no more.
    """

    spawned: Entities
    despawned: Entities
    inserted: dict[int, Entities]
    removed: dict[int, Entities]
    ended: dict[int, Entities]

    def lost(self, component: int) -> Entities:
        """Who had a component and has it no more, living or not, in the order of their slots."""
        lost = np.concatenate([self.removed.get(component, _NOTHING), self.ended.get(component, _NOTHING)])
        return lost[np.argsort(slots_of(lost), kind="stable")]

    def __bool__(self) -> bool:
        """Whether anything is in it."""
        return bool(len(self.spawned) or len(self.despawned) or self.inserted or self.removed)


NO_CHANGE = Structure(_NOTHING, _NOTHING, {}, {}, {})


class StructureReader:
    """One reader's looks at a world; for the first, everything that lives was spawned.

    Args:
        storage: the world's.
        from_now: what lives now is known already.
    """

    def __init__(self, storage: Storage, from_now: bool = False) -> None:
        self._storage = storage
        self._moves = 0
        self._entities = np.zeros(0, np.uint64)
        self._tables = np.zeros(0, np.int32)
        if from_now:
            self.poll()

    def poll(self) -> Structure:
        """What changed since the last call."""
        storage = self._storage
        if storage.moves == self._moves:
            return NO_CHANGE
        self._moves = storage.moves
        slots = storage.slots
        before, tables_before = self._grown(slots)
        slot = np.flatnonzero((before != slots.entities) | (tables_before != slots.tables))
        was, now = before[slot], slots.entities[slot]
        replaced = was != now
        self._entities, self._tables = slots.entities.copy(), slots.tables.copy()
        if not len(slot):
            return NO_CHANGE
        gone, come = replaced & (was != 0), replaced & (now != 0)
        table_was, table_now = tables_before[slot], slots.tables[slot]
        inserted, removed = self._moved(now, np.where(replaced, NOWHERE, table_was), table_now)
        ended, _ = self._moved(was[gone], np.full(np.count_nonzero(gone), NOWHERE, np.int32), table_was[gone])
        return Structure(now[come], was[gone], inserted, removed, ended)

    def _grown(self, slots: SlotTable) -> tuple[Entities, NDArray[np.int32]]:
        more = len(slots.entities) - len(self._entities)
        if not more:
            return self._entities, self._tables
        return (
            np.concatenate([self._entities, np.zeros(more, np.uint64)]),
            np.concatenate([self._tables, np.full(more, NOWHERE, np.int32)]),
        )

    def _moved(
        self, entities: Entities, was: NDArray[np.int32], now: NDArray[np.int32]
    ) -> tuple[dict[int, Entities], dict[int, Entities]]:
        """Who got and who lost which component, from tables to tables; who lives no more lost nothing."""
        inserted: dict[int, NDArray[np.bool_]] = {}
        removed: dict[int, NDArray[np.bool_]] = {}
        # One number for each pair of tables; NOWHERE is -1.
        tables = len(self._storage.tables) + 1
        pairs = (was + 1).astype(np.int64) * tables + (now + 1)
        for pair in np.unique(pairs[now != NOWHERE]).tolist():
            table_was, table_now = pair // tables - 1, pair % tables - 1
            chosen = pairs == pair
            old, new = self._key(table_was), self._key(table_now)
            for found, keys in ((inserted, new - old), (removed, old - new)):
                for key in keys:
                    found[key] = found[key] | chosen if key in found else chosen
        return (
            {key: entities[inserted[key]] for key in sorted(inserted)},
            {key: entities[removed[key]] for key in sorted(removed)},
        )

    def _key(self, table: int) -> set[int]:
        return set(self._storage.tables[table].key) if table != NOWHERE else set()
