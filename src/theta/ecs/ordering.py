"""The order of a stage's systems: as they were added, except where a system says before or after whom it runs."""

from collections.abc import Sequence
from typing import NamedTuple

from theta.ecs.errors import ScheduleError
from theta.ecs.systems import System


class Conflict(NamedTuple):
    """Two systems that touch the same components, one of them writing, and neither says who runs first."""

    first: str
    second: str
    components: tuple[str, ...]


class Plan(NamedTuple):
    """A stage's systems in order; `after` says for each whom it must follow, ascending by place."""

    systems: tuple[System, ...]
    after: tuple[tuple[str, ...], ...]
    conflicts: tuple[Conflict, ...]


def plan(systems: Sequence[System]) -> Plan:
    """Put one stage's systems in order: always the first added that need not wait.

    Raises:
        ScheduleError: a system is to run before or after one that this stage does not have, or the order goes in
            circles.
    """
    waits = _constraints(systems)
    order: list[System] = []
    placed: set[str] = set()
    while len(order) < len(systems):
        ready = next((each for each in systems if each.name not in placed and waits[each.name] <= placed), None)
        if ready is None:
            circle = ", ".join(each.name for each in systems if each.name not in placed)
            raise ScheduleError(f"these systems wait for each other: {circle}")
        order.append(ready)
        placed.add(ready.name)
    after = tuple(tuple(other.name for other in order if other.name in waits[each.name]) for each in order)
    return Plan(tuple(order), after, _conflicts(order, waits))


def explanation(planned: Plan) -> list[str]:
    """The order and its reasons, a line for each."""
    lines = []
    for at, each in enumerate(planned.systems):
        said = [
            f"{verb} {', '.join(component.name for component in components)}"
            for verb, components in (("reads", each.reads), ("writes", each.writes))
            if components
        ]
        if planned.after[at]:
            said.append(f"after {', '.join(planned.after[at])}")
        lines.append(f"  {at + 1}. {each.name}: {'; '.join(said) or 'reads and writes nothing'}")
        lines += [
            f"     after {conflict.first} only because it was added later: both touch {', '.join(conflict.components)}"
            for conflict in planned.conflicts
            if conflict.second == each.name
        ]
    return lines


def _constraints(systems: Sequence[System]) -> dict[str, set[str]]:
    """For each system the names of those that it must follow."""
    waits: dict[str, set[str]] = {each.name: set(each.after) for each in systems}
    for each in systems:
        for other in (*each.before, *each.after):
            if other not in waits:
                raise ScheduleError(f"{each.name} names {other}, which is no system of the stage {each.stage.value}")
        for later in each.before:
            waits[later].add(each.name)
    return waits


def _conflicts(order: Sequence[System], waits: dict[str, set[str]]) -> tuple[Conflict, ...]:
    found = []
    # Everybody whom a system follows, through others too: its predecessors in the order are complete already.
    follows: dict[str, set[str]] = {}
    for at, second in enumerate(order):
        follows[second.name] = waits[second.name].union(*(follows[name] for name in waits[second.name]))
        for first in order[:at]:
            shared = first.shares(second)
            if shared and first.name not in follows[second.name]:
                found.append(Conflict(first.name, second.name, shared))
    return tuple(found)
