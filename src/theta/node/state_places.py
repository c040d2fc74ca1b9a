"""Where a world's entities are: from the world to the cells of interest, and on to the members of the history.

What is not a place on earth counts as the nearest that is: a system that writes nonsense must not stop the room.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import COORDINATE_METRES_MAX, ENTITY_SIZE_METRES_MAX
from theta.ecs.component import component_type
from theta.ecs.declaration import SCOPES, ComponentType
from theta.ecs.entities import Entities, slots_of
from theta.ecs.structure import Structure
from theta.ecs.world import World
from theta.interest.interest import Interest
from theta.replication.history import History
from theta.replication.standard import Shape

Ints = NDArray[np.int64]

_PLACELESS = -1


class StatePlaces:
    """Follows a world's entities. Who has components of a scope has a place in that scope.

    An entity is where its first component says that names a position, in the order of the components; without such a
    component it has a place that is nowhere. It is as large as the longest side of its `theta.Shape`, if it has one.

    Args:
        components: those that are replicated, in the order of their numbers.
        interest: what is told of places.
        history: what is told of members.
    """

    def __init__(self, components: Iterable[ComponentType], interest: Interest, history: History) -> None:
        self._components = {each.id: each for each in components}
        self._has_shapes = component_type(Shape).id in self._components
        self._placing = [each for each in self._components.values() if each.position]
        self._interest = interest
        self._history = history
        self._seen = 0
        # By slot: how many components of each scope, which of `_placing` are there, and which of them counts.
        self._counts = np.zeros((len(SCOPES), 64), np.int32)
        self._has = np.zeros((len(self._placing), 64), np.bool_)
        self._source = np.full(64, _PLACELESS, np.int32)

    def take(self, world: World, structure: Structure) -> None:
        """Tell interest who ended, came, and moved since the last call.

        Args:
            world: whose changes up to the tick before its present one are taken.
            structure: what `World.poll_structure` gave for this tick.
        """
        if structure:
            self._restructure(world, structure)
        if self._has_shapes and world.changed_tick(Shape) > self._seen:
            self._measure(world, world.changed_slots(Shape, self._seen).astype(np.int64))
        for number, component in enumerate(self._placing):
            if world.changed_tick(component.made_by) > self._seen:
                slots = world.changed_slots(component.made_by, self._seen).astype(np.int64)
                slots = slots[self._source[slots] == number]
                if len(slots):
                    self._interest.move(slots, _positions(world, component, slots))
        self._seen = world.tick - 1

    def write_members(self, world: World) -> None:
        """Tell the history who is in the cells in which somebody came or left in this tick."""
        cells = self._interest.grid.cells
        changed = np.flatnonzero(cells.changed[: cells.count] == self._history.tick)
        if len(changed):
            # Nobody is -1, which is a slot that no world has.
            entities = world.entities_at(cells.slots[changed].astype(np.uint32))
            self._history.set_scopes(changed, cells.scopes[changed])
            self._history.write_cells(changed, entities)

    def _restructure(self, world: World, structure: Structure) -> None:
        despawned = _slots(structure.despawned)
        inserted = {key: _slots(found) for key, found in structure.inserted.items() if key in self._components}
        removed = {key: _slots(found) for key, found in structure.removed.items() if key in self._components}
        everybody = [despawned, *inserted.values(), *removed.values()]
        self._make_room(max((int(slots.max(initial=0)) for slots in everybody), default=0) + 1)
        if len(despawned):
            self._interest.despawn(despawned)
            self._counts[:, despawned] = 0
            self._has[:, despawned] = False
            self._source[despawned] = _PLACELESS
        if not inserted and not removed:
            return
        touched = np.unique(np.concatenate(everybody[1:]))
        before, source_before = self._counts[:, touched] > 0, self._source[touched]
        for found, difference in ((removed, -1), (inserted, 1)):
            for key, slots in found.items():
                self._count(self._components[key], slots, difference)
        self._source[touched] = self._sources(touched)
        elsewhere = self._source[touched] != source_before
        self._put(world, touched, before, self._counts[:, touched] > 0, elsewhere)
        if self._has_shapes:
            self._measure(world, touched)

    def _count(self, component: ComponentType, slots: Ints, difference: int) -> None:
        self._counts[SCOPES.index(component.scope), slots] += difference
        if component.position:
            self._has[self._placing.index(component), slots] = difference > 0

    def _sources(self, slots: Ints) -> NDArray[np.int32]:
        """Which of the placing components counts, for each slot."""
        if not self._placing:
            return np.full(len(slots), _PLACELESS, np.int32)
        has = self._has[:, slots]
        return np.where(has.any(axis=0), has.argmax(axis=0), _PLACELESS).astype(np.int32)

    def _put(
        self,
        world: World,
        slots: Ints,
        before: NDArray[np.bool_],
        after: NDArray[np.bool_],
        elsewhere: NDArray[np.bool_],
    ) -> None:
        """Tell who left and came into each scope, or has its position from something else; arrays are by `slots`."""
        for scope, name in enumerate(SCOPES):
            left = slots[before[scope] & ~after[scope]]
            if len(left):
                self._interest.leave(left, name)
        for scope, name in enumerate(SCOPES):
            come = slots[after[scope] & (elsewhere | ~before[scope])]
            sources = self._source[come]
            placeless = come[sources == _PLACELESS]
            if len(placeless):
                self._interest.enter(placeless, None, name)
            for number in np.unique(sources[sources != _PLACELESS]).tolist():
                placed = come[sources == number]
                self._interest.enter(placed, _positions(world, self._placing[number], placed), name)

    def _measure(self, world: World, slots: Ints) -> None:
        """Tell how large these are; who has no shape is a point."""
        narrow = slots.astype(np.uint32)
        shaped = world.has_many(world.entities_at(narrow), Shape)
        sizes = np.zeros(len(slots))
        found = np.nan_to_num(world.gather(Shape, narrow[shaped])["size"].astype(np.float64))
        sizes[shaped] = np.clip(found.max(axis=1, initial=0.0), 0.0, ENTITY_SIZE_METRES_MAX)
        self._interest.resize(slots, sizes)

    def _make_room(self, slots: int) -> None:
        more = max(slots, 2 * len(self._source)) - len(self._source)
        if slots > len(self._source):
            self._counts = np.pad(self._counts, ((0, 0), (0, more)))
            self._has = np.pad(self._has, ((0, 0), (0, more)))
            self._source = np.pad(self._source, (0, more), constant_values=_PLACELESS)


def _slots(entities: Entities) -> Ints:
    return slots_of(entities).astype(np.int64)


def _positions(world: World, component: ComponentType, slots: Ints) -> NDArray[np.float64]:
    """Where these entities are by a component, (n, 3) metres."""
    column = world.gather(component.made_by, slots.astype(np.uint32))[component.position]
    metres = np.nan_to_num(column[:, :3].astype(np.float64))
    return np.clip(metres, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX)
