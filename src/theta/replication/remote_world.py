"""A receiver's updates in a world of its own: remote entities get local ids (REP-17, REP-22)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.ecs.batch import Batch
from theta.ecs.codecs import EntityReference
from theta.ecs.entities import Entity, slots_of
from theta.ecs.evolution import RemoteComponent
from theta.ecs.world import World
from theta.replication.descriptors import SessionComponents
from theta.replication.receiving import StateUpdate, Written


class RemoteWorld:
    """What the room tells of, in a world.

    A component that is not declared here is skipped and counted (`SessionComponents.received`). One that came from
    somebody who declared it differently is made to fit; what no field can hold is counted and left out.

    Args:
        world: the participant's.
        session: what the components' numbers mean.

    Attributes:
        misfits: rows that were left out, by component name.
    """

    def __init__(self, world: World, session: SessionComponents) -> None:
        self.world = world
        self.misfits: dict[str, int] = {}
        self._session = session
        self._locals: dict[int, Entity] = {}
        self._waiting: dict[int, dict[tuple[int, int], Written]] = {}
        self._given: dict[int, NDArray[np.bool_]] = {}

    def __len__(self) -> int:
        return len(self._locals)

    def local(self, remote: int) -> Entity | None:
        """The entity here that stands for the room's."""
        return self._locals.get(remote)

    def handle_update(self, update: StateUpdate) -> None:
        """Bring the world up to date."""
        if update.spawned:
            found = self.world.spawn_many(len(update.spawned))
            self._locals.update(zip(update.spawned, map(Entity, found.tolist()), strict=True))
            for number in self._given:
                self._given_to(number, found)[slots_of(found)] = False
        for number, remotes in update.removed:
            self._remove(number, remotes)
        for number, written in update.written:
            self._write(number, written)
        for remote in update.spawned:
            for (number, _), row in self._waiting.pop(remote, {}).items():
                self._write(number, row)
        for remote in update.despawned:
            local = self._locals.pop(remote)
            # Where a parent ends here, its children have ended with it.
            if self.world.contains(local):
                self.world.despawn(local)

    def _living(self, remotes: list[int]) -> NDArray[np.uint64]:
        found = np.array([self._locals.get(remote, 0) for remote in remotes], np.uint64)
        found[~self.world.contains_many(found)] = 0
        return found

    def _remove(self, number: int, remotes: list[int]) -> None:
        component = self._component(number, 0)
        if component is not None and component.local is not None:
            living = self._living(remotes)
            given = self._given_to(number, living)
            having = living[given[slots_of(living)] & (living != 0)]
            self.world.remove_many(having, component.local.made_by)
            given[slots_of(having)] = False

    def _write(self, number: int, written: Written) -> None:
        component = self._component(number, len(written.entities))
        if component is None or component.local is None:
            return
        living = self._living(written.entities.tolist())
        rows = living.nonzero()[0]
        if not len(rows):
            return
        try:
            values = component.to_local(self._columns(number, component, written, rows), len(rows))
            self._put(number, component.local.made_by, living[rows], values)
        except InvalidValue:
            self.misfits[component.name] = self.misfits.get(component.name, 0) + len(rows)

    def _put(self, number: int, declared: type[object], entities: NDArray[np.uint64], values: dict[str, Any]) -> None:
        given = self._given_to(number, entities)
        has = given[slots_of(entities)]
        for chosen, put in ((~has, self.world.insert_many), (has, self.world.write_many)):
            if chosen.any():
                batch = Batch(declared, **{name: array[chosen] for name, array in values.items()})
                put(entities[chosen], batch)
        given[slots_of(entities)] = True

    def _given_to(self, number: int, entities: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which entities here have a component, by slot."""
        given = self._given.setdefault(number, np.zeros(0, np.bool_))
        slots = int(slots_of(entities).max(initial=0)) + 1
        if slots > len(given):
            grown = np.zeros(2 * slots, np.bool_)
            grown[: len(given)] = given
            given = self._given[number] = grown
        return given

    def _columns(
        self, number: int, component: RemoteComponent, written: Written, rows: NDArray[np.intp]
    ) -> dict[str, NDArray[Any]]:
        columns = component.lanes.restore(written.lanes[rows])
        for (name, kind), values in zip(component.lanes.objects, written.objects, strict=True):
            columns[name] = kind.decode_rows(f"{component.name}.{name}", [values[row] for row in rows.tolist()])
        for name, codec, _, _ in component.lanes.codecs:
            if isinstance(codec, EntityReference):
                columns[name] = self._references(number, written, rows, columns[name])
        return columns

    def _references(
        self, number: int, written: Written, rows: NDArray[np.intp], remotes: NDArray[Any]
    ) -> NDArray[np.uint64]:
        """The local ids; a row that names an entity which is not here yet is written again when it comes."""
        found = self._living(remotes.tolist())
        for at in ((found == 0) & (remotes != 0)).nonzero()[0].tolist():
            row = rows[at : at + 1]
            alone = Written(
                written.entities[row], written.lanes[row], tuple((each[row[0]],) for each in written.objects)
            )
            waiting = self._waiting.setdefault(int(remotes[at]), {})
            waiting[number, int(written.entities[row[0]])] = alone
        return found

    def _component(self, number: int, rows: int) -> RemoteComponent | None:
        component = self._session.received.find(number)
        if rows and (component is None or component.local is None):
            self._session.received.handle_skipped(number, rows)
        return component
