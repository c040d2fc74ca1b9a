"""From a world to a history: what changed since the last look, quantised (REP-8)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.ecs.component import component_types
from theta.ecs.declaration import ComponentType, Plane
from theta.ecs.entities import slots_of
from theta.ecs.fields import Blob, ObjectKind
from theta.ecs.relations import OWNED_BY
from theta.ecs.structure import Structure
from theta.ecs.world import World
from theta.replication.history import History


class WorldChanges:
    """Looks at a world once for each tick of the wire.

    Args:
        components: those that are replicated, in the order of their numbers.

    Attributes:
        components: these, as a tuple.
    """

    def __init__(self, components: Iterable[ComponentType]) -> None:
        self.components = tuple(components)
        self._numbers = {each.id: number for number, each in enumerate(self.components, 1)}
        self._passed_over: set[int] = set()
        self._unnumbered: list[str] = []
        self._seen = 0

    def take(self, world: World, structure: Structure, history: History) -> None:
        """Write what changed since the last look into the history's tick.

        Args:
            world: of the room, best after `finish_tick`: what was changed in a tick that goes on is looked at again.
            structure: what `World.poll_structure` gave for this tick.
            history: in the tick that it is to be written to.
        """
        if len(structure.despawned):
            history.despawn(slots_of(structure.despawned).astype(np.int64))
        for key, entities in structure.removed.items():
            if key in self._numbers:
                history.remove(self._numbers[key], slots_of(entities).astype(np.int64))
        self._pass_over(structure.inserted.keys() - self._numbers.keys() - self._passed_over)
        for number, component in enumerate(self.components, 1):
            if world.changed_tick(component.made_by) <= self._seen:
                continue
            slots = world.changed_slots(component.made_by, self._seen)
            if len(slots):
                columns = world.gather(component.made_by, slots)
                lanes = component.lanes.quantise(columns, len(slots))
                objects = [_encoded(kind, columns[name]) for name, kind in component.lanes.objects]
                history.write(number, slots.astype(np.int64), lanes, objects)
        self._seen = world.tick - 1

    def poll_unnumbered(self) -> list[str]:
        """Components of the state plane that entities have and the session has no number for; each name once.

        They are not replicated.
        """
        names, self._unnumbered = self._unnumbered, []
        return names

    def _pass_over(self, keys: set[int]) -> None:
        if keys:
            self._passed_over |= keys
            # Who owns what is told by messages of its own.
            told = keys - {OWNED_BY.id}
            self._unnumbered += [
                each.name for each in component_types() if each.id in told and each.plane is Plane.STATE
            ]


def _encoded(kind: ObjectKind, values: NDArray[Any]) -> list[bytes]:
    """An object field's values as bytes.

    A system may have put there what the field cannot hold: that travels as nothing, and does not stop the room.
    """
    if isinstance(kind, Blob):
        return kind.encode_rows(values)
    found = values.tolist()
    for row, value in enumerate(found):
        try:
            kind.check("", value)
        except InvalidValue:
            found[row] = kind.zero
    return [kind.encode(value) for value in found]
