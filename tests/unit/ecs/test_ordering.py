"""The order of systems against its definition, over random constraints."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ecs.parts import Label, Position, Velocity
from theta.ecs.errors import ScheduleError
from theta.ecs.ordering import plan
from theta.ecs.systems import Stage, System, system, system_of
from theta.ecs.world import World

CLASSES = (Position, Velocity, Label)
SIZE = 6
described = st.lists(
    st.tuples(
        st.sets(st.sampled_from(CLASSES)),
        st.sets(st.sampled_from(CLASSES)),
        st.sets(st.integers(0, SIZE - 1), max_size=2),
        st.sets(st.integers(0, SIZE - 1), max_size=1),
    ),
    min_size=SIZE,
    max_size=SIZE,
)
Described = list[tuple[set[type], set[type], set[int], set[int]]]


def declared(told: Described) -> list[System]:
    systems = []
    for at, (reads, writes, after, before) in enumerate(told):

        @system(
            Stage.SIMULATION,
            reads=tuple(reads),
            writes=tuple(writes),
            after=[str(each) for each in after],
            before=[str(each) for each in before],
            name=str(at),
        )
        def run(world: World, seconds: float) -> None: ...

        systems.append(system_of(run))
    return systems


@given(described)
def test_ecs_18_the_first_added_runs_first_that_need_not_wait(told: Described) -> None:
    edges = {(first, at) for at, (_, _, after, _) in enumerate(told) for first in after}
    edges |= {(at, later) for at, (_, _, _, before) in enumerate(told) for later in before}
    order: list[int] = []
    while len(order) < SIZE:
        free = [
            at for at in range(SIZE) if at not in order and all(first in order for first, then in edges if then == at)
        ]
        if not free:
            break
        order.append(min(free))
    try:
        planned = plan(declared(told))
    except ScheduleError:
        assert len(order) < SIZE
        return
    assert [int(each.name) for each in planned.systems] == order

    reachable = set(edges)
    for middle in range(SIZE):
        reachable |= {(a, c) for a in range(SIZE) for c in range(SIZE) if {(a, middle), (middle, c)} <= reachable}
    conflicts = set()
    for at, first in enumerate(order):
        for second in order[at + 1 :]:
            (reads, writes), (other_reads, other_writes) = told[first][:2], told[second][:2]
            shared = writes & (other_reads | other_writes) or other_writes & (reads | writes)
            if shared and (first, second) not in reachable:
                conflicts.add((first, second))
    assert {(int(each.first), int(each.second)) for each in planned.conflicts} == conflicts
