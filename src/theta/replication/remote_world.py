"""A receiver's updates in a world of its own: remote entities get local ids (REP-17, REP-22)."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import STATE_ENTITIES_MAX
from theta.ecs.batch import Batch
from theta.ecs.codecs import EntityReference
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity, slots_of
from theta.ecs.errors import DuplicateComponent, MissingComponent, RelationError
from theta.ecs.evolution import RemoteComponent
from theta.ecs.relations import ChildOf
from theta.ecs.world import World
from theta.replication.descriptors import SessionComponents
from theta.replication.receiving import StateUpdate, Written

Key = tuple[int, int]
"""A component's number and the room's entity that has it."""


_NOBODY: Entities = np.zeros(0, np.uint64)


class _Given(NamedTuple):
    """One component's values of entities here.

    Attributes:
        number: the component's.
        name: likewise.
        declared: likewise.
        entities: (n,).
        values: by field, (n,) or (n, width).
        shown: which of them the world is to have, (n,); None is all.
    """

    number: int
    name: str
    declared: type[object]
    entities: Entities
    values: Values
    shown: NDArray[np.bool_] | None

    def at(self, rows: NDArray[np.intp]) -> "_Given":
        """Some of them."""
        values = {field: array[rows] for field, array in self.values.items()}
        return self._replace(entities=self.entities[rows], values=values)


def _by_components(given: list[_Given]) -> Iterator[list[_Given]]:
    """The components' values for entities that get the same of them, in the same order of entities.

    All values are shown, and each component has an entity once.
    """
    while given:
        some, given = given[:_TOGETHER_MAX], given[_TOGETHER_MAX:]
        first = some[0].entities
        if all(np.array_equal(each.entities, first) for each in some[1:]):
            yield some
            continue
        slots = [slots_of(each.entities) for each in some]
        components = np.zeros(max(int(each.max()) for each in slots) + 1, np.uint64)
        for at, mine in enumerate(slots):
            components[mine] |= np.uint64(1 << at)
        for word in np.unique(components[components != 0]).tolist():
            group = []
            for at, mine in enumerate(slots):
                if word >> at & 1:
                    rows = (components[mine] == word).nonzero()[0]
                    group.append(some[at].at(rows[np.argsort(mine[rows])]))
            yield group


_TOGETHER_MAX = 64
"""Components that are given at once."""


class WorldListener:
    """What is told of changes before they are in the world; this one wants to know of nothing."""

    def withhold(self, number: int, written: Written, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """Which of these rows the world is not to have, (rows,); None is none."""

    def handle_written(self, tick: int, declared: type[object], entities: Entities, values: Values) -> None:
        """The room's values at its tick, of entities here: also of those that were withheld."""

    def handle_forgotten(self, declared: type[object] | None, entities: Entities) -> None:
        """What was told of entities here counts no more: of a component, or with None of all."""

    def handle_gone(self, entities: dict[int, Entity]) -> None:
        """These are shown no more; by the room's ids."""


class RemoteWorld:
    """What the room tells of, in a world.

    A component that is not declared here is skipped and counted (`SessionComponents.received`). One that came from
    somebody who declared it differently is made to fit; what no field can hold is counted and left out.

    Args:
        world: the participant's.
        session: what the components' numbers mean.

    Attributes:
        misfits: rows that were left out, by component name.
        listener: who is told.
    """

    def __init__(self, world: World, session: SessionComponents) -> None:
        self.world = world
        self.misfits: dict[str, int] = {}
        self.listener = WorldListener()
        self._session = session
        self._tick = 0
        self._locals: dict[int, Entity] = {}
        self._remotes: dict[Entity, int] = {}
        self._announced: dict[int, Entity] = {}
        self._references: dict[Key, tuple[Written, frozenset[int]]] = {}
        self._referring: dict[int, dict[Key, None]] = {}
        self._unlinked: dict[Key, None] = {}
        self._given: dict[int, NDArray[np.bool_]] = {}

    def __len__(self) -> int:
        return len(self._locals)

    def local(self, remote: int) -> Entity | None:
        """The entity here that stands for the room's."""
        return self._locals.get(remote)

    def locals(self, remotes: Iterable[int]) -> list[Entity | None]:
        """The entities here that stand for these of the room's; None where there is none."""
        return list(map(self._locals.get, remotes))

    def named(self, remote: int) -> Entity | None:
        """The entity here that stands for the room's; also one that was only announced."""
        return self._locals.get(remote, self._announced.get(remote))

    @property
    def entities(self) -> Entities:
        """The entities here that stand for the room's, (n,)."""
        return np.array(list(self._locals.values()), np.uint64)

    def remote(self, entity: Entity) -> int | None:
        """The room's entity that one here stands for; also one that was only announced."""
        return self._remotes.get(entity)

    def having(self, number: int, entities: Mapping[int, Entity]) -> list[int]:
        """Which of these have a component by the room's word, and here; by the room's ids, of entities that live here.

        Args:
            number: of a component that is declared here.
            entities: those here, by the room's ids.
        """
        component = self._session.received.find(number)
        assert component is not None and component.local is not None
        ids = np.array(list(entities.values()), np.uint64)
        found = self._given_to(number, ids)[slots_of(ids)] & self.world.has_many(ids, component.local.made_by)
        return [remote for remote, has in zip(entities, found.tolist(), strict=True) if has]

    def announce(self, remote: int) -> Entity:
        """The entity here for one of which the room will tell, or not: until it does, it has no components."""
        found = self.named(remote)
        if found is None:
            found = self._announced[remote] = self.world.spawn()
            self._remotes[found] = remote
            if len(self._announced) > STATE_ENTITIES_MAX:
                self.forget(next(iter(self._announced)))
        return found

    def forget(self, remote: int) -> None:
        """An entity that was announced has ended before the room told of it; nothing where it did."""
        entity = self._announced.pop(remote, None)
        if entity is not None:
            del self._remotes[entity]
            if self.world.contains(entity):
                self.world.despawn(entity)
            self.listener.handle_gone({remote: entity})

    def clear(self) -> tuple[Entity, ...]:
        """End all that the room told of; returns what was shown."""
        shown = tuple(self._locals.values())
        for remote in list(self._announced):
            self.forget(remote)
        self._despawn(list(self._locals))
        return shown

    def handle_update(self, update: StateUpdate) -> None:
        """Bring the world up to date."""
        self._tick = max(self._tick, update.tick)
        if update.spawned:
            self._spawn(update.spawned)
        for number, remotes in update.removed:
            self._remove(number, remotes)
        if update.spawned and len(update.written) > 1:
            self._write_together(update.written)
        else:
            for number, written in update.written:
                self.write(number, written)
        self._write_referring(update.spawned)
        self._despawn(update.despawned)
        self._link_again()

    def write(self, number: int, written: Written) -> None:
        """Values of one component, of the room's entities; those of entities that are not shown are passed over."""
        given = self._read(number, written, self._living(written.entities.tolist()))
        if given is not None:
            self._take(given)

    def _write_together(self, written: Iterable[tuple[int, Written]]) -> None:
        """As `write`, of several components: who gets more than one of them moves once in the world."""
        alone: list[_Given] = []
        together: list[_Given] = []
        named, living = _NOBODY, _NOBODY
        for number, each in written:
            if not np.array_equal(each.entities, named):
                named, living = each.entities, self._living(each.entities.tolist())
            given = self._read(number, each, living)
            if given is not None:
                has = self._given_to(number, given.entities)[slots_of(given.entities)]
                # Parents are given apart: of those who would go in circles each is looked at.
                is_plain = given.shown is None and given.declared is not ChildOf and not has.any()
                (together if is_plain else alone).append(given)
        for group in _by_components(together):
            batches = [Batch(given.declared, **given.values) for given in group]
            entities = group[0].entities
            try:
                self.world.insert_many(entities, *batches)
            except (DuplicateComponent, InvalidValue):
                alone += group
                continue
            for given in group:
                self._given_to(given.number, entities)[slots_of(entities)] = True
                self.listener.handle_written(self._tick, given.declared, entities, given.values)
        for given in alone:
            self._take(given)

    def _read(self, number: int, written: Written, living: Entities) -> "_Given | None":
        """What a component's values are here, of entities of which (n,) live here; None where nothing is to be done."""
        component = self._component(number, len(written.entities))
        if component is None or component.local is None:
            return None
        rows = living.nonzero()[0]
        if not len(rows):
            return None
        try:
            values = component.to_local(self._columns(number, component, written, rows), len(rows))
        except InvalidValue:
            self._note_misfits(component.name, len(rows))
            return None
        withheld = self.listener.withhold(number, written, rows)
        shown = None if withheld is None else ~withheld
        return _Given(number, component.name, component.local.made_by, living[rows], values, shown)

    def _take(self, given: "_Given") -> None:
        number, name, declared, entities, values, shown = given
        try:
            if shown is None:
                self._put_linked(number, declared, entities, values)
            elif shown.any():
                put = {field: array[shown] for field, array in values.items()}
                self._put_linked(number, declared, entities[shown], put)
            self.listener.handle_written(self._tick, declared, entities, values)
        except InvalidValue:
            self._note_misfits(name, len(entities))

    def _note_misfits(self, name: str, rows: int) -> None:
        self.misfits[name] = self.misfits.get(name, 0) + rows

    def _spawn(self, spawned: list[int]) -> None:
        # Who was announced lives already.
        new = [remote for remote in spawned if remote not in self._announced] if self._announced else spawned
        entities = self.world.spawn_many(len(new))
        made = dict(zip(new, cast(list[Entity], entities.tolist()), strict=True))
        if len(made) < len(spawned):
            made |= {remote: self._appear(remote) for remote in spawned if remote not in made}
            entities = np.array([made[remote] for remote in spawned], np.uint64)
        self._locals |= made
        self._remotes |= zip(made.values(), made, strict=True)
        for number in self._given:
            self._given_to(number, entities)[slots_of(entities)] = False
        self.listener.handle_forgotten(None, entities)

    def _appear(self, announced: int) -> Entity:
        """The entity here for one that was announced."""
        entity = self._announced.pop(announced)
        if self.world.contains(entity):
            return entity
        # Somebody here despawned it while it was no more than announced.
        del self._remotes[entity]
        return self.world.spawn()

    def _despawn(self, despawned: Iterable[int]) -> None:
        gone: dict[int, Entity] = {}
        for remote in despawned:
            local = gone[remote] = self._locals.pop(remote)
            del self._remotes[local]
            for number in self._given if self._references else ():
                self._forget_references((number, remote))
        # A parent that is shown no more may have children that are: they must not end with it.
        self._write_referring(gone)
        for local in gone.values():
            # What is of somebody here may have ended some of them.
            if self.world.contains(local):
                self.world.despawn(local)
        if gone:
            self.listener.handle_forgotten(None, np.array(list(gone.values()), np.uint64))
            self.listener.handle_gone(gone)

    def _write_referring(self, targets: Iterable[int]) -> None:
        """Whoever names these entities names them as they are now: here, or not here any more (0)."""
        if self._referring:
            keys = [key for target in targets for key in self._referring.get(target, ())]
            for key in dict.fromkeys(keys):
                self.write(key[0], self._references[key][0])

    def _living(self, remotes: list[int]) -> NDArray[np.uint64]:
        found = np.array(list(map(self._locals.get, remotes, repeat(0))), np.uint64)
        found[~self.world.contains_many(found)] = 0
        return found

    def _remove(self, number: int, remotes: list[int]) -> None:
        component = self._component(number, 0)
        if component is None or component.local is None:
            return
        living = self._living(remotes)
        given = self._given_to(number, living)
        having = living[given[slots_of(living)] & (living != 0)]
        declared = component.local.made_by
        try:
            self.world.remove_many(having, declared)
        except MissingComponent:
            # Somebody here took it away already.
            self.world.remove_many(having[self.world.has_many(having, declared)], declared)
        given[slots_of(having)] = False
        for remote in remotes if self._references else ():
            self._forget_references((number, remote))
        self.listener.handle_forgotten(declared, having)

    def _put_linked(self, number: int, declared: type[object], entities: Entities, values: dict[str, Any]) -> None:
        """As `_put`. Parents of different ticks may go in circles: who would close one has none until others change."""
        try:
            self._put(number, declared, entities, values)
        except RelationError:
            for at, entity in enumerate(map(Entity, entities.tolist())):
                row = {name: array[at : at + 1] for name, array in values.items()}
                try:
                    self._put(number, declared, entities[at : at + 1], row)
                except RelationError:
                    nobody = {name: np.zeros_like(array) for name, array in row.items()}
                    self._put(number, declared, entities[at : at + 1], nobody)
                    self._unlinked[number, self._remotes[entity]] = None

    def _link_again(self) -> None:
        """Give a parent to those who could not have it before."""
        unlinked, self._unlinked = self._unlinked, {}
        for key in unlinked:
            if key in self._references:
                self.write(key[0], self._references[key][0])

    def _put(self, number: int, declared: type[object], entities: Entities, values: dict[str, Any]) -> None:
        given = self._given_to(number, entities)
        try:
            self._insert_or_write(declared, entities, values, given[slots_of(entities)])
        except (DuplicateComponent, MissingComponent):
            # Somebody here gave it to an entity of the room's, or took it away.
            self._insert_or_write(declared, entities, values, self.world.has_many(entities, declared))
        given[slots_of(entities)] = True

    def _insert_or_write(
        self, declared: type[object], entities: Entities, values: dict[str, Any], has: NDArray[np.bool_]
    ) -> None:
        for chosen, put in ((~has, self.world.insert_many), (has, self.world.write_many)):
            if chosen.any():
                batch = Batch(declared, **{name: array[chosen] for name, array in values.items()})
                put(entities[chosen], batch)

    def _given_to(self, number: int, entities: Entities) -> NDArray[np.bool_]:
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
        references = [name for name, codec, _, _ in component.lanes.codecs if isinstance(codec, EntityReference)]
        if references:
            self._note_references(number, written, rows, [columns[name] for name in references])
            for name in references:
                columns[name] = self._living(columns[name].tolist())
        return columns

    def _note_references(
        self, number: int, written: Written, rows: NDArray[np.intp], named: list[NDArray[Any]]
    ) -> None:
        """Remember who names whom: such a row is written again when one that it names comes or goes."""
        for at, row in enumerate(rows.tolist()):
            key = (number, int(written.entities[row]))
            self._forget_references(key)
            targets = frozenset(int(column[at]) for column in named) - {0}
            if targets:
                alone = Written(
                    written.entities[row : row + 1],
                    written.lanes[row : row + 1],
                    tuple((each[row],) for each in written.objects),
                )
                self._references[key] = alone, targets
                for target in targets:
                    self._referring.setdefault(target, {})[key] = None

    def _forget_references(self, key: Key) -> None:
        _, targets = self._references.pop(key, (None, ()))
        for target in targets:
            del self._referring[target][key]
            if not self._referring[target]:
                del self._referring[target]

    def _component(self, number: int, rows: int) -> RemoteComponent | None:
        component = self._session.received.find(number)
        if rows and (component is None or component.local is None):
            self._session.received.handle_skipped(number, rows)
        return component
