"""The schedule: runs the systems stage by stage, holds each to what it declared, and knows how long each takes."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import SIMULATION_HERTZ, SIMULATION_STEPS_MAX, SLOW_SYSTEMS_KEPT
from theta.ecs.access import UNLIMITED
from theta.ecs.errors import ScheduleError, UndeclaredAccess
from theta.ecs.ordering import Plan, explanation, plan
from theta.ecs.storage import Storage
from theta.ecs.systems import Stage, System, SystemFunction, system_of
from theta.ecs.timing import FixedTimestep, SlowSystem, Stopwatch, Timing

if TYPE_CHECKING:
    from theta.ecs.world import World

FRAME_SECONDS = 1.0 / SIMULATION_HERTZ

_Kept = list[tuple[str, NDArray[Any], NDArray[Any]]]


class Schedule:
    """A world's systems. `update` is called as often as the host likes; the simulation keeps its own pace.

    At the end of each stage the world is flushed. A system gets what it declared: reading or writing anything else, or
    changing the structure other than by `world.commands`, raises UndeclaredAccess before anything is changed.

    Attributes:
        clock: gives monotonic seconds, to measure systems with; None measures nothing.
        strict: also find writes that go round the world, through an array's base, by comparing the columns that a
            system may not write before and after it. They are taken back. For tests: it copies every such column.
        budgets: the seconds that one run of a stage may take before `poll_slow` tells.
    """

    def __init__(self, world: "World", storage: Storage) -> None:
        self.clock: Callable[[], float] | None = None
        self.strict = False
        self.budgets: dict[Stage, float] = dict.fromkeys(Stage, FRAME_SECONDS)
        self._world = world
        self._storage = storage
        self._systems: dict[str, System] = {}
        self._plans: dict[Stage, Plan] = {}
        self._timestep = FixedTimestep()
        self._updated: float | None = None
        self._running = False
        self._stopwatches: dict[tuple[Stage, str], Stopwatch] = {}
        self._slow: deque[SlowSystem] = deque(maxlen=SLOW_SYSTEMS_KEPT)

    def __len__(self) -> int:
        return len(self._systems)

    @property
    def step_seconds(self) -> float:
        """The length of a simulation step."""
        return self._timestep.seconds

    @property
    def overstep(self) -> float:
        """How far the time is beyond the last simulation step, in [0, 1) of a step: for drawing in between."""
        return self._timestep.overstep

    @property
    def dropped_seconds(self) -> float:
        """How much time was never simulated, because more steps were owed than may be made at once."""
        return self._timestep.dropped_seconds

    def step_at(self, hertz: float, steps_max: int = SIMULATION_STEPS_MAX) -> None:
        """Simulate at another pace than SIMULATION_HERTZ; what was owed is forgotten.

        Raises:
            InvalidValue: names the number and its limit.
        """
        self._timestep = FixedTimestep(hertz, steps_max)

    def add(self, *systems: SystemFunction) -> None:
        """Add systems, which run in this order unless they say before or after whom.

        Raises:
            ScheduleError: one is no system, or there is one of its name; nothing was added.
        """
        added: dict[str, System] = {}
        for function in systems:
            declared = system_of(function)
            if declared.name in self._systems or declared.name in added:
                raise ScheduleError(f"there is a system {declared.name} already: give one of them another name")
            added[declared.name] = declared
        self._systems |= added
        self._plans.clear()

    def explain(self) -> str:
        """The order of the systems in each stage, why it is so, and where only the order of adding decides.

        Raises:
            ScheduleError: there is no such order.
        """
        lines: list[str] = []
        for stage, planned in self._planned().items():
            pace = f", in steps of {self.step_seconds * 1e3:.3g} ms" if stage is Stage.SIMULATION else ""
            lines += [f"{stage.value}{pace}", *(explanation(planned) or ["  no systems"])]
        return "\n".join(lines)

    def update(self, now: float) -> int:
        """Run what is due, and end the world's tick.

        The first update runs Startup, and no simulation step: no time has passed yet.

        Args:
            now: monotonic seconds.

        Returns:
            The tick that has ended.

        Raises:
            ScheduleError: there is no order, or a system called this.
            UndeclaredAccess: a system did what it had not declared.
        """
        if self._running:
            raise ScheduleError("a system cannot update the schedule that runs it")
        plans = self._planned()
        elapsed = now - self._updated if self._updated is not None else 0.0
        first, self._updated = self._updated is None, now
        self._running = True
        try:
            if first:
                self._run(Stage.STARTUP, plans, 0.0)
            for _ in range(self._timestep.handle_elapsed(elapsed)):
                self._run(Stage.SIMULATION, plans, self.step_seconds)
            for stage in (Stage.RENDER, Stage.EDITOR):
                self._run(stage, plans, max(elapsed, 0.0))
            return self._world.finish_tick()
        finally:
            self._running = False

    def profile(self) -> list[Timing]:
        """How long each stage and each of its systems takes, in the order in which they first ran."""
        return [watch.timing(stage.value, name) for (stage, name), watch in self._stopwatches.items()]

    def poll_slow(self) -> list[SlowSystem]:
        """The stages that took longer than their budget since the last call, the newest SLOW_SYSTEMS_KEPT."""
        slow = list(self._slow)
        self._slow.clear()
        return slow

    def _planned(self) -> dict[Stage, Plan]:
        if not self._plans:
            self._plans = {
                stage: plan([each for each in self._systems.values() if each.stage is stage]) for stage in Stage
            }
        return self._plans

    def _run(self, stage: Stage, plans: dict[Stage, Plan], seconds: float) -> None:
        clock = self.clock if plans[stage].systems else None
        if clock is None:
            for each in plans[stage].systems:
                self._run_system(each, seconds)
            self._world.flush()
            return
        began = before = clock()
        slowest, slowest_seconds = "", -1.0
        for each in plans[stage].systems:
            self._run_system(each, seconds)
            after = clock()
            self._stopwatch(stage, each.name).handle_run(after - before)
            if after - before > slowest_seconds:
                slowest, slowest_seconds = each.name, after - before
            before = after
        self._world.flush()
        took = clock() - began
        self._stopwatch(stage, "").handle_run(took)
        budget = self.budgets[stage]
        if took > budget:
            self._slow.append(SlowSystem(self._storage.tick, stage.value, slowest, slowest_seconds, took, budget))

    def _run_system(self, each: System, seconds: float) -> None:
        kept = self._copies(each) if self.strict else []
        self._storage.access = each.access
        try:
            each.function(self._world, seconds)
        finally:
            self._storage.access = UNLIMITED
        self._compare(each, kept)

    def _copies(self, each: System) -> _Kept:
        """The columns that a system may not write, and copies of them."""
        written = {declaration.id for declaration in each.writes}
        return [
            (rows.type.name, array[: table.count], array[: table.count].copy())
            for table in self._storage.tables
            for key, rows in table.components.items()
            if key not in written
            for array in rows.arrays.values()
        ]

    def _compare(self, each: System, kept: _Kept) -> None:
        changed = [(name, array, copy) for name, array, copy in kept if not _same_bits(array, copy)]
        for _, array, copy in changed:
            array[...] = copy
        if changed:
            names = ", ".join(sorted({name for name, _, _ in changed}))
            raise UndeclaredAccess(each.name, f"writes {names} behind the world's back; it was taken back")

    def _stopwatch(self, stage: Stage, name: str) -> Stopwatch:
        return self._stopwatches.setdefault((stage, name), Stopwatch())


def _same_bits(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.dtype == np.object_:
        return bool(np.array_equal(one, other))
    return one.tobytes() == other.tobytes()
