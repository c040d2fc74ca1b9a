"""Declaring systems: functions over a world that say what they read and write.

@system(Stage.SIMULATION, reads=(Velocity,), writes=(Position,))
def drift(world: World, seconds: float) -> None:
    for _, (position, velocity) in world.query_mut(Position, reads=(Velocity,)):
        position["metres"] += seconds * velocity["metres_per_second"]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from theta.ecs.access import SystemAccess
from theta.ecs.component import ComponentType, component_type
from theta.ecs.errors import ScheduleError

if TYPE_CHECKING:
    from theta.ecs.world import World

_ATTRIBUTE = "__theta_system__"
F = TypeVar("F", bound=Callable[..., None])

SystemFunction = Callable[["World", float], None]
"""Gets the world, and the seconds that have passed for it."""

Named = str | Callable[..., None]
"""A system, or its name."""


class Stage(StrEnum):
    """When a system runs; the stages run in this order."""

    STARTUP = "startup"
    """Once, before anything else."""
    SIMULATION = "simulation"
    """In steps of fixed length, as many as time has passed for."""
    RENDER = "render"
    """Once in every update, after the simulation."""
    EDITOR = "editor"
    """Once in every update, last."""


@dataclass(frozen=True)
class System:
    """What was declared of a system: its name, when it runs, what it reads and writes, before and after whom."""

    name: str
    stage: Stage
    function: SystemFunction
    reads: tuple[ComponentType, ...]
    writes: tuple[ComponentType, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    access: SystemAccess

    def shares(self, other: "System") -> tuple[str, ...]:
        """The names of the components that one of both writes and the other touches, ascending."""
        mine, theirs = {each.name for each in self.writes}, {each.name for each in other.writes}
        touched = mine | {each.name for each in self.reads}
        touched_there = theirs | {each.name for each in other.reads}
        return tuple(sorted(mine & touched_there | theirs & touched))


def system(
    stage: Stage,
    *,
    reads: Sequence[type[object]] = (),
    writes: Sequence[type[object]] = (),
    before: Sequence[Named] = (),
    after: Sequence[Named] = (),
    name: str = "",
) -> Callable[[F], F]:
    """Declare a function as a system; `world.schedule.add` makes it run.

    Args:
        stage: when it runs.
        reads: the components it only reads.
        writes: the components it writes, and may read.
        before: systems of the same stage, or their names, that run later.
        after: systems of the same stage, or their names, that run earlier.
        name: what it is called in errors and profiles; the function's name unless it is given.

    Raises:
        UnknownComponent: a class was not declared.
        ScheduleError: `before` or `after` has something that is no system.
    """
    read, written = (tuple(component_type(each) for each in classes) for classes in (reads, writes))
    earlier, later = (tuple(_name_of(each) for each in named) for named in (after, before))

    def declare(function: F) -> F:
        called = name or function.__name__
        access = SystemAccess(called, read, written)
        setattr(function, _ATTRIBUTE, System(called, stage, function, read, written, later, earlier, access))
        return function

    return declare


def system_of(function: Any) -> System:
    """What was declared of a function.

    Raises:
        ScheduleError: it was not declared as a system.
    """
    found: System | None = getattr(function, _ATTRIBUTE, None)
    if found is None:
        called = getattr(function, "__name__", repr(function))
        raise ScheduleError(f"{called} is no system: decorate it with @system(...)")
    return found


def _name_of(named: Named) -> str:
    return named if isinstance(named, str) else system_of(named).name
