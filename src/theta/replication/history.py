"""The room's side of the state plane: what every cell and entity was at each of the last ticks (REP-8, REP-9).

Fed with what changed in a tick, quantised; read by `sections`, `cell_hashes` and `snapshots`. A component's values are
rows of a pool, and each tick knows by slot which row counted then: what did not change costs nothing, and where two
ticks have the same row nothing changed between them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX, STATE_CELLS_MAX, U32_MAX
from theta.ecs.declaration import SCOPES
from theta.replication.row_pool import ObjectValues, RowPool
from theta.replication.schema import ENTITY, Schema, varints
from theta.replication.versions import DEPTH, NOTHING, Versions

_CELLS_MIN = 64
_SLOTS_MIN = 256
_PLACES = np.arange(CELL_ENTITIES_MAX)

Ints = NDArray[np.int64]


class CellRows(NamedTuple):
    """The rows of some cells now and at another tick: places in the pool, 0 for none.

    Attributes:
        first: 0; or 1 where entities are not told of, because at both ticks they were the same.
        rows: of numbers from `first` on, (2, numbers, cells, CELL_ENTITIES_MAX).
    """

    first: int
    rows: NDArray[np.int32]


class History:
    """The last ticks of a world, in cells.

    A *place* is cell * CELL_ENTITIES_MAX + index. A *slot* is an entity's index in the room's world.

    Args:
        schema: the session's components.

    Attributes:
        tick: the tick that is being written, 0 before the first.
        cell_changed: the newest tick in which anything in a cell changed, (cells,) int64.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.tick = 0
        self.pool = RowPool(schema.stored_lanes)
        self.objects = ObjectValues()
        self.cell_changed = np.zeros(_CELLS_MIN, np.int64)
        # Slot 0 of these is nobody's: places that nobody has point there.
        self._rows = Versions(schema.count - 1, _SLOTS_MIN)
        self._members = Versions(1, _CELLS_MIN * CELL_ENTITIES_MAX)
        self._slot_at = np.zeros(_CELLS_MIN * CELL_ENTITIES_MAX, np.int64)
        self._place_of = np.full((len(SCOPES), _SLOTS_MIN), -1, np.int64)
        self._generation = np.zeros(_SLOTS_MIN, np.int64)
        self._scope_of_cell = np.zeros(_CELLS_MIN, np.intp)
        self._cell_heads = varints(np.arange(_CELLS_MIN))
        self._scope_of = [SCOPES.index(layout.scope) for layout in schema.layouts]
        self._has_scopes = not self.schema.allowed[0].all()
        self._leaving: list[list[tuple[int, NDArray[np.int32]]]] = [[] for _ in range(DEPTH)]

    # -- writing -------------------------------------------------------------------------------------------------------

    def begin_tick(self, tick: int) -> None:
        """Begin a tick: it is as the one before until something is written.

        Raises:
            InvalidValue: not above the tick before.
        """
        if not self.tick < tick <= U32_MAX:
            raise InvalidValue("tick", tick, f"above {self.tick}, and a u32")
        for each in range(max(self.tick + 1, tick - DEPTH + 1), tick + 1):
            for number, places in self._leaving[each % DEPTH]:
                self._release(number, places)
            self._leaving[each % DEPTH] = []
            self._rows.begin(each)
            self._members.begin(each)
        self.tick = tick

    def write(self, number: int, slots: Ints, lanes: Ints, objects: Sequence[Sequence[bytes]] = ()) -> None:
        """A component's values in this tick; rows that are as they were count as unchanged.

        Args:
            number: the component's.
            slots: (n,), each once.
            lanes: (n, lanes).
            objects: for each object field, n values as bytes.
        """
        if not len(slots):
            return
        self._have_slots(int(slots.max()))
        seats = slots + 1
        current = self._rows.current(number - 1)[seats]
        view = self.pool.rows(number)
        before = view[current]
        if objects:
            lanes = np.concatenate([lanes, self._number_objects(number, before, objects)], axis=1)
        changed = (current == 0) | (before != lanes).any(axis=1)
        if self.schema.layouts[number].objects:
            kept = lanes[~changed, self.schema.layouts[number].lane_count :]
            self.objects.release(kept.ravel().tolist())
        if not changed.all():
            seats, lanes, current = seats[changed], lanes[changed], current[changed]
        if len(seats):
            self._replace(number, seats, current, self.pool.add(number, lanes))

    def remove(self, number: int, slots: Ints) -> None:
        """These entities have a component no longer; those that had none are passed over."""
        seats = self._known(slots) + 1
        current = self._rows.current(number - 1)[seats]
        has = current != 0
        if has.any():
            self._replace(number, seats[has], current[has], np.zeros(int(has.sum()), np.int32))

    def despawn(self, slots: Ints) -> None:
        """These entities have ended. Their places are to be given up by `write_members`, in the same tick."""
        for number in range(1, self.schema.count):
            self.remove(number, slots)
        self._generation[self._known(slots) + 1] = 0

    def set_scopes(self, cells: Ints, scopes: Ints) -> None:
        """Which scope these cells are of, by its place in SCOPES; they were empty for BASELINE_AGE_TICKS_MAX ticks.

        Raises:
            InvalidValue: a cell that is not below STATE_CELLS_MAX.
        """
        if len(cells):
            self._have_cells(int(cells.max()))
            self._scope_of_cell[cells] = scopes
            self._has_scopes |= bool(scopes.any())

    def write_members(self, places: Ints, entities: NDArray[np.uint64]) -> None:
        """Who has these places from this tick on; 0 for nobody. Who moves leaves its old place in the same call.

        Args:
            places: (n,), each once; at most one of each scope for an entity.
            entities: (n,).
        """
        if not len(places):
            return
        self._have_cells(int(places.max()) // CELL_ENTITIES_MAX)
        cells = places // CELL_ENTITIES_MAX
        scopes = self._scope_of_cell[cells]
        taken = entities != 0
        slots = (entities & np.uint64(U32_MAX)).astype(np.int64)
        generations = (entities >> np.uint64(32)).astype(np.int64)
        self._have_slots(int(slots.max()))
        seats = np.where(taken, slots + 1, 0)
        left = self._slot_at[places]
        still = self._place_of[scopes, left] == places
        self._place_of[scopes[still], left[still]] = -1
        self._place_of[scopes[taken], seats[taken]] = places[taken]
        self._slot_at[places] = seats
        self._generation[seats[taken]] = generations[taken]
        row = self._members.changing(0, self.tick)
        self._leave(ENTITY, row[places])
        row[places] = 0
        # As lanes are: signed, of four bytes.
        lanes = np.stack([slots[taken], generations[taken]], axis=1).astype(np.int32)
        row[places[taken]] = self.pool.add(ENTITY, lanes.astype(np.int64))
        self.cell_changed[cells] = self.tick

    def write_cells(self, cells: Ints, entities: NDArray[np.uint64]) -> None:
        """Who is in these cells from this tick on: as `write_members`, for all places of a cell.

        Args:
            cells: (n,), each once.
            entities: (n, CELL_ENTITIES_MAX), 0 for nobody.
        """
        if len(cells):
            self._have_cells(int(cells.max()))
            places = (cells[:, None] * CELL_ENTITIES_MAX + _PLACES).ravel()
            given = entities.ravel()
            seats = self._slot_at[places]
            now = (self._generation[seats] << 32 | (seats - 1)).astype(np.uint64)
            now[seats == 0] = 0
            # Who has ended has no generation any more, and in slot 0 looks like nobody.
            changed = (now != given) | ((seats != 0) & (given == 0))
            self.write_members(places[changed], given[changed])

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def cell_count(self) -> int:
        """How many cells there is room for now; cells at or over it were never written."""
        return len(self.cell_changed)

    def scopes(self, cells: Ints) -> NDArray[np.intp]:
        """The cells' scopes, by their place in SCOPES."""
        return self._scope_of_cell[cells]

    def heads(self, cells: Ints) -> tuple[NDArray[np.uint64], Ints]:
        """The cells' numbers as varints, and their sizes."""
        values, sizes = self._cell_heads
        return values[cells], sizes[cells]

    def rows_now(self, cells: Ints) -> list[NDArray[np.int32]]:
        """The rows of cells now, by number (cells, CELL_ENTITIES_MAX): places in the pool, 0 for none."""
        places = cells[:, None] * CELL_ENTITIES_MAX + _PLACES
        seats = self._slot_at.take(places)
        found = [self._members.current(0).take(places)]
        found += [self._rows.current(number - 1).take(seats) for number in range(1, self.schema.count)]
        if self._has_scopes:
            allowed = self.schema.allowed[self._scope_of_cell[cells]]
            found = [rows * allowed[:, number, None] for number, rows in enumerate(found)]
        return found

    def gather(self, cells: Ints, ages: Ints) -> CellRows:
        """The rows of cells now and `ages` ticks ago (1 … BASELINE_AGE_TICKS_MAX; 0: of nothing); at least one cell."""
        places = cells[:, None] * CELL_ENTITIES_MAX + _PLACES
        slots = self._slot_at.take(places)
        now, age = self.tick % DEPTH, int(ages[0])
        if np.count_nonzero(ages == age) == len(ages):
            assert 0 <= age <= BASELINE_AGE_TICKS_MAX
            then = (self.tick - age) % DEPTH if age else NOTHING
            starts = self._rows.starts(np.array((now, then)))[:, :, None, None]
            if self._members.is_same(0, now, then):
                return CellRows(1, self._of_scope(cells, self._rows.take(slots + starts), 1))
            there = self._members.starts(np.array((now, then)))[:, :, None]
        else:
            assert ages.view(np.uint64).max() <= BASELINE_AGE_TICKS_MAX
            each = np.empty((2, len(cells)), np.int64)
            each[0], each[1] = now, np.where(ages == 0, NOTHING, (self.tick - ages) % DEPTH)
            starts = self._rows.starts(each).swapaxes(1, 2)[:, :, :, None]
            there = self._members.starts(each)
        members = self._members.take(there + places)
        stayed = members[0] == members[1]
        if np.count_nonzero(stayed) == stayed.size:
            return CellRows(1, self._of_scope(cells, self._rows.take(slots + starts), 1))
        # What a slot held while another entity, or nobody, had the place is nothing to take differences of.
        rows = np.empty((2, self.schema.count, *places.shape), np.int32)
        rows[:, ENTITY] = members
        rows[0, 1:] = self._rows.take(slots + starts[0])
        rows[1, 1:] = self._rows.take(slots * stayed + starts[1])
        return CellRows(ENTITY, self._of_scope(cells, rows, ENTITY))

    def _of_scope(self, cells: Ints, rows: NDArray[np.int32], first: int) -> NDArray[np.int32]:
        if self._has_scopes:
            rows *= self.schema.allowed[self._scope_of_cell[cells]].T[first:, :, None]
        return rows

    def cell_rows(self, cell: int, age: int) -> NDArray[np.int32]:
        """One cell's rows as they were `age` ticks ago (0: now), whoever is there now: (numbers, CELL_ENTITIES_MAX)."""
        at = (self.tick - age) % DEPTH
        places = cell * CELL_ENTITIES_MAX + _PLACES
        found = np.zeros((self.schema.count, CELL_ENTITIES_MAX), np.int32)
        found[0] = self._members.rows[self._members.ring[at, 0], places]
        slots = (self.pool.rows(ENTITY)[found[0]][:, 0] & U32_MAX) + 1
        slots[found[0] == 0] = 0
        found[1:] = self._rows.rows[self._rows.ring[at][:, None], slots]
        found *= self.schema.allowed[self._scope_of_cell[cell]][:, None]
        return found

    def destinations(self, cells: Ints, rows: NDArray[np.int32]) -> Ints:
        """Where entities (rows of ENTITY) that were in `cells` are now: 0 despawned, 1 nowhere, else cell + 2."""
        lanes = self.pool.rows(ENTITY)[rows]
        seats = (lanes[:, 0] & U32_MAX) + 1
        places = self._place_of[self._scope_of_cell[cells], seats]
        found = np.where(places < 0, 1, places // CELL_ENTITIES_MAX + 2)
        found[self._generation[seats] != lanes[:, 1] & U32_MAX] = 0
        return found

    # -- within --------------------------------------------------------------------------------------------------------

    def _replace(self, number: int, seats: Ints, old: NDArray[np.int32], new: NDArray[np.int32]) -> None:
        self._rows.changing(number - 1, self.tick)[seats] = new
        self._leave(number, old)
        places = self._place_of[self._scope_of[number], seats]
        self.cell_changed[places[places >= 0] // CELL_ENTITIES_MAX] = self.tick

    def _leave(self, number: int, rows: NDArray[np.int32]) -> None:
        rows = rows[rows != 0]
        if len(rows):
            self._leaving[self.tick % DEPTH].append((number, rows))

    def _release(self, number: int, places: NDArray[np.int32]) -> None:
        layout = self.schema.layouts[number]
        if layout.objects:
            self.objects.release(self.pool.rows(number)[places][:, layout.lane_count :].ravel().tolist())
        self.pool.release(number, places)

    def _number_objects(self, number: int, before: Ints, objects: Sequence[Sequence[bytes]]) -> Ints:
        first = self.schema.layouts[number].lane_count
        fields = [
            [self.objects.add(value, old) for value, old in zip(values, before[:, first + at].tolist(), strict=True)]
            for at, values in enumerate(objects)
        ]
        return np.array(fields, np.int64).T

    def _known(self, slots: Ints) -> Ints:
        return slots[slots < self._rows.width - 1]

    def _have_slots(self, slot: int) -> None:
        if slot + 1 >= self._rows.width:
            self._rows.widen(slot + 2)
            grown = np.full((len(SCOPES), self._rows.width), -1, np.int64)
            grown[:, : self._place_of.shape[1]] = self._place_of
            self._place_of = grown
            self._generation = _longer(self._generation, self._rows.width)

    def _have_cells(self, cell: int) -> None:
        if cell >= STATE_CELLS_MAX:
            raise InvalidValue("cell", cell, f"below {STATE_CELLS_MAX}")
        if cell >= self.cell_count:
            count = max(cell + 1, 2 * self.cell_count)
            self.cell_changed = _longer(self.cell_changed, count)
            self._scope_of_cell = _longer(self._scope_of_cell, count)
            self._slot_at = _longer(self._slot_at, count * CELL_ENTITIES_MAX)
            self._members.widen(count * CELL_ENTITIES_MAX)
            self._cell_heads = varints(np.arange(count))


def _longer(array: Ints, count: int) -> Ints:
    grown = np.zeros(count, array.dtype)
    grown[: len(array)] = array
    return grown
