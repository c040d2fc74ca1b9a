"""Which cells each entity is in, as a receiver was told: one spawn and one despawn for each entity (REP-17).

An entity that leaves one cell for another stays for STATE_HANDOVER_SECONDS_MAX while nobody tells of the other cell.
One that was told to have ended does not come back, whatever arrives late.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from theta.base.limits import BASELINE_AGE_TICKS_MAX, STATE_HANDOVER_SECONDS_MAX

DESPAWNED, NOWHERE, CELL_BASE = 0, 1, 2
"""Where a leaving entity goes: it has ended, is in no cell of this scope, or is in cell `destination - CELL_BASE`."""
_REMEMBERED_TICKS = 2 * BASELINE_AGE_TICKS_MAX


class Came(NamedTuple):
    """An entity's index in a cell, and since which tick."""

    place: int
    tick: int


class Whereabouts:
    """Every entity that is shown, by id."""

    def __init__(self) -> None:
        # Nearly all are in one cell: cell, index and tick. `_cells` has those that are in none or in several.
        self._alone: dict[int, tuple[int, int, int]] = {}
        self._cells: dict[int, dict[int, Came]] = {}
        self._handovers: dict[int, float] = {}
        self._ended: dict[int, int] = {}
        self._hidden: dict[int, set[int]] = {}

    def __contains__(self, entity: int) -> bool:
        return entity in self._alone or entity in self._cells

    def __len__(self) -> int:
        return len(self._alone) + len(self._cells)

    def __iter__(self) -> Iterator[int]:
        return chain(self._alone, self._cells)

    @property
    def elsewhere(self) -> set[int]:
        """Entities that are in several cells, or in none for the moment."""
        return set(self._cells)

    @property
    def timeout(self) -> float | None:
        """When `handle_timeout` has an entity to give up, in monotonic seconds."""
        return min(self._handovers.values(), default=None)

    @property
    def hidden(self) -> set[int]:
        """Entities that came to a cell after they were told to have ended."""
        return set(self._hidden)

    def cells(self, entity: int) -> dict[int, Came]:
        """Where an entity is shown, by cell; newest last. Empty for one that is not shown."""
        alone = self._alone.get(entity)
        if alone is not None:
            cell, index, tick = alone
            return {cell: Came(index, tick)}
        return self._cells.get(entity, {})

    def is_only_in(self, entity: int, cell: int) -> bool:
        """Whether an entity is shown because of this cell alone."""
        return self._alone.get(entity, (-1,))[0] == cell

    def come_new(self, entities: list[int], cells: list[int], indices: list[int], tick: int) -> bool:
        """All these come to these cells at once; False, and nothing is done, unless each is new and never was here."""
        new = set(entities)
        if len(new) < len(entities) or any(
            not known.keys().isdisjoint(new) for known in (self._alone, self._cells, self._ended)
        ):
            return False
        self._alone.update(zip(entities, zip(cells, indices, repeat(tick), strict=False), strict=True))
        return True

    def come(self, entity: int, cell: int, index: int, tick: int) -> bool:
        """An entity is in a cell; whether it is new."""
        if entity in self._ended and cell not in self.cells(entity):
            self._hidden.setdefault(entity, set()).add(cell)
            return False
        self._handovers.pop(entity, None)
        is_new = entity not in self
        cells = {**self.cells(entity)}
        cells.pop(cell, None)
        cells[cell] = Came(index, tick)
        self._keep(entity, cells)
        return is_new

    def leave(self, now: float, entity: int, cell: int, destination: int, tick: int) -> bool:
        """An entity is in a cell no more; whether it has ended for the receiver."""
        if destination == DESPAWNED:
            self._ended[entity] = tick
        hidden = self._hidden.get(entity, set())
        if cell in hidden:
            hidden.remove(cell)
            if not hidden:
                del self._hidden[entity]
            return False
        if entity not in self:
            return False
        cells = {**self.cells(entity)}
        cells.pop(cell, None)
        self._keep(entity, cells)
        if cells:
            return False
        if destination >= CELL_BASE:
            self._handovers[entity] = now + STATE_HANDOVER_SECONDS_MAX
            return False
        self._forget(entity)
        return True

    def handle_timeout(self, now: float) -> list[int]:
        """The entities whose new cell did not tell of them in time; they have ended for the receiver."""
        late = [entity for entity, deadline in self._handovers.items() if now >= deadline]
        for entity in late:
            self._forget(entity)
        return late

    def prune(self, tick: int) -> None:
        """Forget which entities had ended so long ago that nothing older can arrive any more."""
        for entity, ended in list(self._ended.items()):
            if ended + _REMEMBERED_TICKS >= tick:
                break
            if entity not in self._hidden:
                del self._ended[entity]

    def all_of(self, entities: Iterable[int]) -> list[int]:
        """Those of these that are shown."""
        return [entity for entity in entities if entity in self]

    def _keep(self, entity: int, cells: dict[int, Came]) -> None:
        if len(cells) == 1:
            ((cell, came),) = cells.items()
            self._cells.pop(entity, None)
            self._alone[entity] = (cell, *came)
        else:
            self._alone.pop(entity, None)
            self._cells[entity] = cells

    def _forget(self, entity: int) -> None:
        self._alone.pop(entity, None)
        self._cells.pop(entity, None)
        self._handovers.pop(entity, None)
