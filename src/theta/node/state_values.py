"""Values that participants send, as the room's world takes them: by the component's own codecs (ECS-5 …), and checked.

A row is refused, and the others are not, when it would put something where no place is, or holds bytes that spell no
value of their field. A reference to an entity that does not live becomes 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX
from theta.ecs.batch import Batch
from theta.ecs.codecs import EntityReference, Raw
from theta.ecs.declaration import ComponentType
from theta.ecs.fields import ObjectKind
from theta.ecs.world import World
from theta.replication.entity_sections import chosen_rows, joined_rows
from theta.replication.receiving import Written

_WAITING_ROWS = 8_192


def fitting(component: ComponentType, written: Written) -> NDArray[np.bool_]:
    """Which rows hold what the component can, (n,)."""
    fits = np.ones(len(written.entities), np.bool_)
    for name, codec, start, end in component.lanes.codecs:
        if name == component.position:
            lanes = written.lanes[:, start:end]
            numbers = codec.restore(lanes)
            # What is not finite is restored as 0, whose lanes are others.
            if isinstance(codec, Raw):
                fits &= (codec.quantise(numbers) == lanes).all(axis=1)
            fits &= (np.abs(numbers[:, :3]) <= COORDINATE_METRES_MAX).all(axis=1)
    for (_, kind), values in zip(component.lanes.objects, written.objects, strict=True):
        fits &= np.array([_spells(kind, each) for each in values], np.bool_)
    return fits


def batch_of(world: World, component: ComponentType, written: Written) -> Batch:
    """Rows that are `fitting`, for the world that they are to be written to."""
    lanes = component.lanes
    columns = lanes.restore(written.lanes)
    for (name, kind), values in zip(lanes.objects, written.objects, strict=True):
        columns[name] = kind.decode_rows(f"{component.name}.{name}", values)
    for name, codec, _, _ in lanes.codecs:
        if isinstance(codec, EntityReference):
            columns[name] = np.where(world.contains_many(columns[name]), columns[name], np.uint64(0))
    return Batch(component.made_by, **columns)


class TakenValues:
    """What owners' rows say, kept until the tick: of each entity's component the newest.

    Args:
        world: the room's.
        components: in the order of their numbers.

    Attributes:
        counts: rows "written", and those dropped: "unfit", or "gone" with their entity or its component.
    """

    def __init__(self, world: World, components: Sequence[ComponentType]) -> None:
        self.counts: Counter[str] = Counter()
        self._world, self._components = world, tuple(components)
        self._waiting: dict[int, list[Written]] = {}
        self._waiting_rows: Counter[int] = Counter()
        self._settled: Counter[int] = Counter()

    @property
    def waiting(self) -> int:
        """How many rows are kept for the tick."""
        return self._waiting_rows.total()

    def put(self, written: Mapping[int, Written]) -> None:
        """Values by component number, newer than all before."""
        for number, values in written.items():
            self._waiting.setdefault(number, []).append(values)
            self._waiting_rows[number] += len(values.entities)
            if self._waiting_rows[number] > 2 * self._settled[number] + _WAITING_ROWS:
                newest = _newest(self._waiting[number])
                self._waiting[number] = [newest]
                self._waiting_rows[number] = self._settled[number] = len(newest.entities)

    def write(self) -> None:
        """Into the world, where the entities have these components still."""
        for number in sorted(self._waiting):
            component, newest = self._components[number - 1], _newest(self._waiting[number])
            has, fits = self._world.has_many(newest.entities, component.made_by), fitting(component, newest)
            self.counts["gone"] += int((~has).sum())
            self.counts["unfit"] += int((has & ~fits).sum())
            good = chosen_rows(newest, has & fits)
            if len(good.entities):
                self._world.write_many(good.entities, batch_of(self._world, component, good))
                self.counts["written"] += len(good.entities)
        for kept in (self._waiting, self._waiting_rows, self._settled):
            kept.clear()


def _newest(parts: Sequence[Written]) -> Written:
    """Each entity's last row."""
    rows = joined_rows(parts)
    entities = rows.entities
    _, from_the_end = np.unique(entities[::-1], return_index=True)
    return rows if len(from_the_end) == len(entities) else chosen_rows(rows, len(entities) - 1 - from_the_end)


def _spells(kind: ObjectKind, data: bytes) -> bool:
    """Whether bytes are a value of a field."""
    try:
        kind.decode_rows("", [data])
    except InvalidValue:
        return False
    return True
