"""A grid beside a plain model of it, for the tests of places."""

from dataclasses import dataclass, field
from math import floor

import numpy as np

from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX
from theta.interest.grid import BORDER, CELL_METRES, Grid
from theta.interest.leaves import CELL_BASE, DESPAWNED, NOWHERE
from theta.interest.scopes import SCOPES

Position = tuple[float, float, float]
Cube = tuple[int, int, int] | None


def cube_at(position: Position) -> Cube:
    """The cube that a position lies in."""
    x, y, z = (floor(metres / CELL_METRES) for metres in position)
    return x, y, z


def is_inside(cube: Cube, position: Position) -> bool:
    """Whether a position is in a cube widened by the border."""
    if cube is None:
        return False
    offsets = [metres - at * CELL_METRES for metres, at in zip(position, cube, strict=True)]
    return all(-BORDER * CELL_METRES <= offset <= (1 + BORDER) * CELL_METRES for offset in offsets)


@dataclass(eq=False)
class Life:
    """One entity in one scope, from its coming to its end; `place` is its cell and index, as the grid chose them."""

    scope: int
    slot: int
    cube: Cube
    entered: int
    position: Position | None
    place: tuple[int, int] = (-1, -1)
    end: int | None = None


@dataclass
class Departure:
    """One that is kept: from where, when, and who."""

    cell: int
    index: int
    tick: int
    entered: int
    life: Life


@dataclass
class Model:
    """What the grid should hold."""

    grid: Grid = field(default_factory=Grid)
    lives: dict[tuple[int, int], Life] = field(default_factory=dict)
    departures: list[Departure] = field(default_factory=list)
    past: dict[int, dict[int, dict[int, Life]]] = field(default_factory=dict)
    emptied: dict[int, int] = field(default_factory=dict)
    cubes: dict[int, tuple[int, Cube]] = field(default_factory=dict)
    tick: int = 0

    def advance(self, ticks: int) -> None:
        """Note what is where, and go on."""
        self.past[self.tick] = self._members()
        self.tick += ticks
        self.grid.advance(self.tick)
        oldest = self.tick - BASELINE_AGE_TICKS_MAX
        self.departures = [each for each in self.departures if each.tick >= oldest]
        self.past = {tick: members for tick, members in self.past.items() if tick >= oldest}
        freed = [cell for cell, tick in self.emptied.items() if tick < oldest]
        for cell in freed:
            del self.emptied[cell], self.cubes[cell]
            assert self.grid.membership.scopes[cell] == -1

    def enter(self, scope: int, positions: dict[int, Position | None]) -> None:
        """Entities come, or go elsewhere; None is no position."""
        for without in (False, True):
            chosen = {slot: at for slot, at in positions.items() if (at is None) == without}
            if not chosen:
                continue
            given = None if without else np.array(list(chosen.values()))
            self.grid.enter(np.array(list(chosen)), given, scope)
            self._placed(scope, {slot: None if at is None else cube_at(at) for slot, at in chosen.items()}, chosen)
            self._moved({slot: at for slot, at in chosen.items() if at is not None}, other_than=scope)

    def move(self, positions: dict[int, Position]) -> None:
        """Entities are elsewhere."""
        self.grid.move(np.array(list(positions), np.int64), np.array(list(positions.values())).reshape(-1, 3))
        self._moved(positions, other_than=None)

    def _moved(self, positions: dict[int, Position], other_than: int | None) -> None:
        for scope in range(len(SCOPES)):
            if scope == other_than:
                continue
            gone: dict[int, Cube] = {}
            for slot, position in positions.items():
                life = self.lives.get((scope, slot))
                if life is not None:
                    life.position = position
                    if not is_inside(life.cube, position):
                        gone[slot] = cube_at(position)
            self._placed(scope, gone, {slot: positions[slot] for slot in gone})

    def end(self, slots: list[int], scope: int | None) -> None:
        """Entities end, or with a scope, leave it."""
        if scope is None:
            self.grid.despawn(np.array(slots, np.int64))
        else:
            self.grid.leave(np.array(slots, np.int64), scope)
        for at in range(len(SCOPES)) if scope is None else (scope,):
            for slot in slots:
                life = self.lives.pop((at, slot), None)
                if life is not None:
                    life.end = DESPAWNED if scope is None else NOWHERE
                    self._depart(life)
        self._note_empty()

    def check(self) -> None:
        """Everything is as it should be."""
        membership = self.grid.membership
        members = self._members()
        for (scope, slot), life in self.lives.items():
            cell, index = membership.cell_of_slot[scope, slot], membership.index_of_slot[scope, slot]
            assert life.place == (cell, index), "an entity that stays keeps its cell and index"
            assert membership.slots[cell, index] == slot
            assert membership.entered_tick_of_slot[scope, slot] == life.entered
            if life.position is not None:
                for axis, metres in enumerate(life.position):
                    assert self.grid.cells.low[axis, cell] <= metres <= self.grid.cells.high[axis, cell]
        assert int((membership.scopes >= 0).sum()) == len(self.cubes), "no cell is opened for nobody"
        assert int((membership.slots >= 0).sum()) == len(self.lives) == sum(self.grid.populations)
        assert all(len(found) <= CELL_ENTITIES_MAX for found in members.values())
        self._check_departures()
        self._check_differences(members)

    def _placed(
        self, scope: int, cubes: dict[int, Cube], positions: dict[int, Position] | dict[int, Position | None]
    ) -> None:
        for slot, cube in cubes.items():
            life = self.lives.get((scope, slot))
            if life is None:
                life = self.lives[scope, slot] = Life(scope, slot, cube, self.tick, positions[slot])
            else:
                self._depart(life)
            life.cube, life.entered, life.position = cube, self.tick, positions[slot]
        opened: set[tuple[int, Cube]] = set()
        for slot, cube in cubes.items():
            life = self.lives[scope, slot]
            cell = int(self.grid.membership.cell_of_slot[scope, slot])
            life.place = cell, int(self.grid.membership.index_of_slot[scope, slot])
            if cell not in self.cubes:
                opened.add((scope, cube))
                self.cubes[cell] = scope, cube
            assert self.cubes[cell] == (scope, cube), "a cell is of one cube and one scope"
            self.emptied.pop(cell, None)
        self._note_empty()
        for where in opened:
            counts = [len(self._members().get(cell, {})) for cell, place in self.cubes.items() if place == where]
            assert sum(count < CELL_ENTITIES_MAX for count in counts) <= 1, "a cell is opened where the others are full"

    def _depart(self, life: Life) -> None:
        if life.entered < self.tick:
            self.departures.append(Departure(*life.place, self.tick, life.entered, life))

    def _note_empty(self) -> None:
        occupied = {life.place[0] for life in self.lives.values()}
        for cell in self.cubes:
            if cell not in occupied:
                self.emptied.setdefault(cell, self.tick)

    def _members(self) -> dict[int, dict[int, Life]]:
        found: dict[int, dict[int, Life]] = {}
        for life in self.lives.values():
            found.setdefault(life.place[0], {})[life.place[1]] = life
        return found

    def _check_departures(self) -> None:
        expected = [
            (each.cell, each.index, each.tick, each.entered, self._destination(each.life)) for each in self.departures
        ]
        leaves = self.grid.membership.leaves
        assert sorted(zip(*(column.tolist() for column in leaves), strict=True)) == sorted(expected)
        assert leaves.ticks.tolist() == sorted(leaves.ticks.tolist())

    def _destination(self, life: Life) -> int:
        return life.place[0] + CELL_BASE if life.end is None else life.end

    def _check_differences(self, members: dict[int, dict[int, Life]]) -> None:
        """From what a cell held at any tick, its departures and arrivals lead to what it holds now."""
        for tick, before in self.past.items():
            for cell in self.cubes:
                held = dict(before.get(cell, {}))
                for each in self.departures:
                    if each.cell == cell and each.tick > tick >= each.entered:
                        assert held.pop(each.index) is each.life
                now = members.get(cell, {})
                for index, life in now.items():
                    if life.entered > tick:
                        assert index not in held
                        held[index] = life
                assert held == now
