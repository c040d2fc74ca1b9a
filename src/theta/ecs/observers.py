"""Observers: functions that are told who got, lost or changed a component, many entities at a time.

They are called at `World.flush` (insert and remove) and `World.finish_tick` (change): components in the order of their
first observer, of each first who lost it and then who got it, observers in the order in which they came. What an
observer defers is applied at the next flush.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from theta.ecs.component import component_type
from theta.ecs.entities import Entities
from theta.ecs.storage import Storage
from theta.ecs.structure import StructureReader

if TYPE_CHECKING:
    from theta.ecs.world import World

Observer = Callable[["World", Entities], None]
"""Gets the world, and the entities (n,) uint64 in the order of their slots, at least one."""


class Observers:
    """Who is told of what. What happened before the first observer came is told to nobody.

    Args:
        storage: the world's.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._structure: StructureReader | None = None
        self._changed_tick = 0
        self._inserts: dict[type[object], list[Observer]] = {}
        self._removes: dict[type[object], list[Observer]] = {}
        self._changes: dict[type[object], list[Observer]] = {}

    def on_insert(self, declared: type[object], observer: Observer) -> None:
        """Tell who has the component now and had not, spawned with it or given it.

        Raises:
            UnknownComponent: the class was not declared.
        """
        self._watch_structure()
        self._add(self._inserts, declared, observer)

    def on_remove(self, declared: type[object], observer: Observer) -> None:
        """Tell who had the component and has not, deprived of it or despawned.

        Raises:
            UnknownComponent: the class was not declared.
        """
        self._watch_structure()
        self._add(self._removes, declared, observer)

    def on_change(self, declared: type[object], observer: Observer) -> None:
        """Tell at the end of a tick whose component was changed in it: spawned, inserted, written or `query_mut`.

        Raises:
            UnknownComponent: the class was not declared.
        """
        if not self._changes:
            self._changed_tick = self._storage.tick - 1
        self._add(self._changes, declared, observer)

    def tell_structure(self, world: "World") -> None:
        """Call the observers of what came and went."""
        if self._structure is None:
            return
        structure = self._structure.poll()
        for declared in dict.fromkeys([*self._removes, *self._inserts]):
            key = component_type(declared).id
            _tell(world, self._removes, declared, structure.lost(key))
            _tell(world, self._inserts, declared, structure.inserted.get(key))

    def tell_changes(self, world: "World") -> None:
        """Call the observers of what was changed up to this tick."""
        since, self._changed_tick = self._changed_tick, self._storage.tick
        for declared in self._changes:
            slots = np.sort(world.changed_slots(declared, since))
            _tell(world, self._changes, declared, world.entities_at(slots))

    def _add(self, observers: dict[type[object], list[Observer]], declared: type[object], observer: Observer) -> None:
        component_type(declared)
        observers.setdefault(declared, []).append(observer)

    def _watch_structure(self) -> None:
        if self._structure is None:
            self._structure = StructureReader(self._storage, from_now=True)


def _tell(
    world: "World",
    observers: dict[type[object], list[Observer]],
    declared: type[object],
    entities: Entities | None,
) -> None:
    if entities is not None and len(entities):
        for observer in observers.get(declared, ()):
            observer(world, entities)
