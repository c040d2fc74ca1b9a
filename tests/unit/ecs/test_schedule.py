from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.unit.ecs.parts import Label, Position, Secret, Velocity
from theta.base.errors import InvalidValue
from theta.base.limits import SIMULATION_STEPS_MAX
from theta.ecs.bulk import Batch
from theta.ecs.errors import ScheduleError, UndeclaredAccess, UnknownComponent
from theta.ecs.relations import ChildOf
from theta.ecs.systems import Stage, system
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))
FAST = Velocity((9.0, 18.0, -90.0))
STEP = 1.0 / 90.0


@system(Stage.SIMULATION, reads=(Velocity,), writes=(Position,))
def drift(world: World, seconds: float) -> None:
    for _, (position, velocity) in world.query_mut(Position, reads=(Velocity,)):
        position["metres"] += seconds * velocity["metres_per_second"]


def named(
    name: str, said: list[str], stage: Stage = Stage.SIMULATION, **options: Any
) -> Callable[[World, float], None]:
    @system(stage, name=name, **options)
    def note(world: World, seconds: float) -> None:
        said.append(name)

    return note


def doing(deed: Callable[[World], object], **options: Any) -> Callable[[World, float], None]:
    @system(Stage.RENDER, name="culprit", **options)
    def culprit(world: World, seconds: float) -> None:
        deed(world)

    return culprit


def test_ecs_18_stages_run_in_their_order_and_end_the_tick() -> None:
    world = World()
    said: list[str] = []
    entity = world.spawn(HERE, FAST)
    world.schedule.add(
        named("editor", said, Stage.EDITOR),
        named("render", said, Stage.RENDER),
        drift,
        named("startup", said, Stage.STARTUP),
    )
    assert world.schedule.update(100.0) == 1
    assert said == ["startup", "render", "editor"]
    assert world.read(entity, Position) == HERE
    assert world.schedule.update(100.0 + STEP) == 2
    assert said == ["startup", "render", "editor", "render", "editor"]
    assert world.read(entity, Position).metres == pytest.approx((1.1, 2.2, 2.0))
    assert world.tick == 3
    assert world.changed_since(Position, 1) == [entity]


def test_ecs_18_systems_run_as_added_but_for_what_they_say() -> None:
    world = World()
    said: list[str] = []
    world.schedule.add(
        named("late", said, after=("early", "middle")),
        named("first", said),
        named("middle", said),
        named("early", said, before=("first",)),
    )
    world.schedule.update(0.0)
    world.schedule.update(STEP)
    assert said == ["middle", "early", "late", "first"]


def test_ecs_18_explain_tells_order_reasons_and_conflicts() -> None:
    world = World()

    @system(Stage.SIMULATION, writes=(Velocity,), before=(drift,))
    def gravity(world: World, seconds: float) -> None: ...

    @system(Stage.SIMULATION, writes=(Position,))
    def clamp(world: World, seconds: float) -> None: ...

    @system(Stage.SIMULATION, reads=(Velocity,))
    def watch(world: World, seconds: float) -> None: ...

    world.schedule.add(drift, gravity, clamp, watch)
    assert world.schedule.explain() == "\n".join(
        [
            "startup",
            "  no systems",
            "simulation, in steps of 11.1 ms",
            "  1. gravity: writes test.Velocity",
            "  2. drift: reads test.Velocity; writes test.Position; after gravity",
            "  3. clamp: writes test.Position",
            "     after drift only because it was added later: both touch test.Position",
            "  4. watch: reads test.Velocity",
            "     after gravity only because it was added later: both touch test.Velocity",
            "render",
            "  no systems",
            "editor",
            "  no systems",
        ]
    )


def test_ecs_18_who_follows_through_another_is_no_conflict() -> None:
    world = World()
    said: list[str] = []
    world.schedule.add(
        named("one", said, writes=(Position,)),
        named("two", said, after=("one",)),
        named("three", said, writes=(Position,), after=("two",)),
    )
    assert "added later" not in world.schedule.explain()
    assert "2. two: after one" in world.schedule.explain()


def test_ecs_18_orders_that_cannot_be_are_refused() -> None:
    said: list[str] = []
    circle = World()
    circle.schedule.add(named("one", said, after=("two",)), named("two", said, after=("one",)), named("three", said))
    with pytest.raises(ScheduleError, match="wait for each other: one, two"):
        circle.schedule.update(0.0)
    strangers = World()
    strangers.schedule.add(named("one", said, after=("two",)), named("two", said, Stage.RENDER))
    with pytest.raises(ScheduleError, match="one names two, which is no system of the stage simulation"):
        strangers.schedule.explain()
    twice = World()
    with pytest.raises(ScheduleError, match="a system one already"):
        twice.schedule.add(named("one", said), named("one", said))
    with pytest.raises(ScheduleError, match="is no system"):
        twice.schedule.add(lambda _world, _seconds: None)
    with pytest.raises(ScheduleError, match="is no system"):
        system(Stage.RENDER, after=(print,))
    with pytest.raises(UnknownComponent):
        system(Stage.RENDER, reads=(int,))
    twice.schedule.add(named("one", said))
    twice.schedule.update(0.0)
    assert said == []


def test_ecs_18_the_world_is_flushed_after_each_stage() -> None:
    world = World()
    seen: list[int] = []

    @system(Stage.RENDER)
    def make(world: World, seconds: float) -> None:
        world.commands.spawn(HERE)

    @system(Stage.EDITOR, reads=(Position,))
    def count(world: World, seconds: float) -> None:
        seen.append(len(world.slots_with(Position)))

    world.schedule.add(make, count)
    world.schedule.update(0.0)
    world.schedule.update(1.0)
    assert seen == [1, 2]


def _culprits(world: World) -> Iterator[tuple[Callable[[World], object], dict[str, Any], str]]:
    (entity,) = world.slots_with(Position).tolist()
    entity |= 1 << 32
    many = np.array([entity], np.uint64)
    read = {"reads": (Position, Velocity)}
    yield lambda world: world.write(entity, HERE), read, r"writes test\.Position, which it declared read-only"
    yield lambda world: world.write(entity, HERE), {}, r"writes test\.Position, which it did not declare"
    yield lambda world: world.write_many(many, Batch(Velocity)), read, "declared read-only"
    yield lambda world: world.query_mut(Position), read, "declared read-only"
    yield lambda world: world.query_mut(Position, reads=(Label,)), {"writes": (Position,)}, r"reads test\.Label"
    for deed in (
        lambda world: world.query(Label),
        lambda world: world.read(entity, Label),
        lambda world: world.gather(Label, np.zeros(1, np.uint32)),
        lambda world: world.changed_slots(Label, 0),
    ):
        yield deed, read, r"reads test\.Label, which it did not declare"
    yield lambda world: world.parent_of(entity), read, "reads theta.ChildOf"
    yield lambda world: world.children_of(entity), read, "reads theta.ChildOf"
    yield lambda world: world.owned_by(1), read, "reads theta.OwnedBy"
    for deed in (
        lambda world: world.spawn(HERE),
        lambda world: world.spawn_many(2, HERE),
        lambda world: world.despawn(entity),
        lambda world: world.despawn_many(many),
        lambda world: world.insert(entity, Label("x")),
        lambda world: world.insert_many(many, Label("x")),
        lambda world: world.remove(entity, Position),
        lambda world: world.remove_many(many, Position),
        lambda world: world.flush(),
        lambda world: world.finish_tick(),
    ):
        yield deed, {"writes": (Position, Velocity, Label)}, "put it into world.commands"


@pytest.mark.parametrize("at", range(22))
def test_ecs_19_a_system_that_does_what_it_did_not_declare_is_named(at: int) -> None:
    world = World()
    entity = world.spawn(HERE, Velocity((1.0, 1.0, 1.0)))
    culprits = list(_culprits(world))
    assert len(culprits) == 22
    deed, options, reason = culprits[at]
    world.schedule.add(doing(deed, **options))
    with pytest.raises(UndeclaredAccess, match=f"the system culprit .*{reason}") as caught:
        world.schedule.update(0.0)
    assert caught.value.system == "culprit"
    assert world.read(entity, Position) == HERE
    assert world.read(entity, Velocity) == Velocity((1.0, 1.0, 1.0))
    assert world.entity_count == 1
    world.write(entity, HERE)
    world.spawn(ChildOf(entity))


def test_ecs_19_a_strict_schedule_takes_back_what_went_round_the_world() -> None:
    world = World()
    entity = world.spawn(HERE, FAST, Label("x"))

    def force(world: World) -> None:
        for _, (position, label) in world.query(Position, Label):
            for column in (position["metres"], label["text"]):
                column.flags.writeable = True
            position["metres"][:] = 0.0
            label["text"][:] = "y"
        for _, (velocity,) in world.query_mut(Velocity):
            velocity["metres_per_second"][:] = 0.0

    world.schedule.add(doing(force, reads=(Position, Label), writes=(Velocity,)))
    world.schedule.strict = True
    with pytest.raises(UndeclaredAccess, match=r"culprit writes test\.Label, test\.Position behind the world's back"):
        world.schedule.update(0.0)
    assert world.read(entity, Position) == HERE
    assert world.read(entity, Label) == Label("x")
    assert world.read(entity, Velocity) == Velocity((0.0, 0.0, 0.0))
    world.schedule.strict = False
    world.schedule.update(1.0)
    assert world.read(entity, Position) == Position((0.0, 0.0, 0.0)), "only a strict schedule looks"


def test_ecs_19_a_strict_schedule_lets_pass_what_was_declared() -> None:
    world = World()
    entity = world.spawn(HERE, FAST, Secret())
    world.schedule.strict = True
    world.schedule.add(drift)
    world.schedule.update(0.0)
    world.schedule.update(STEP)
    assert world.read(entity, Position) != HERE


def test_ecs_18_a_system_cannot_update_its_own_schedule() -> None:
    world = World()
    world.schedule.add(doing(lambda world: world.schedule.update(1.0)))
    with pytest.raises(ScheduleError, match="cannot update the schedule that runs it"):
        world.schedule.update(0.0)


def test_ecs_20_the_simulation_keeps_its_pace() -> None:
    world = World()
    said: list[str] = []
    world.schedule.add(named("step", said))
    assert world.schedule.step_seconds == STEP
    steps = []
    for now in (5.0, 5.005, 5.012, 5.012 + 3 * STEP, 4.0, 4.0 + 100.0, 104.0 + STEP):
        said.clear()
        world.schedule.update(now)
        steps.append(len(said))
    assert steps == [0, 0, 1, 3, 0, SIMULATION_STEPS_MAX, 1]
    assert 0.0 <= world.schedule.overstep < 1.0
    assert world.schedule.dropped_seconds == pytest.approx(100.0 - SIMULATION_STEPS_MAX * STEP, abs=STEP)
    world.schedule.step_at(30.0, steps_max=2)
    said.clear()
    world.schedule.update(105.0)
    assert len(said) == 2
    for hertz, steps_max in ((0.0, 1), (1_001.0, 1), (float("nan"), 1), (30.0, 0)):
        with pytest.raises(InvalidValue):
            world.schedule.step_at(hertz, steps_max)


class Clock:
    """Goes on by what it is told, each time it is read."""

    def __init__(self, *pauses: float) -> None:
        self.pauses = list(pauses)
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.pauses.pop(0) if self.pauses else 0.001
        return self.now


def test_ecs_21_systems_and_stages_are_measured() -> None:
    world = World()
    said: list[str] = []
    world.schedule.add(named("quick", said, Stage.RENDER), named("slow", said, Stage.RENDER))
    world.schedule.update(0.0)
    assert world.schedule.profile() == [], "without a clock nothing is measured"
    world.schedule.clock = Clock(0.0, 0.001, 0.003, 0.0)
    world.schedule.update(1.0)
    world.schedule.clock = Clock(0.0, 0.001, 0.5, 0.1)
    world.schedule.update(1.0)
    quick, slow, stage = world.schedule.profile()
    assert (quick.stage, quick.system, quick.runs) == ("render", "quick", 2)
    assert (slow.last, slow.average, slow.p99) == pytest.approx((0.5, 0.2515, 0.5))
    assert stage.system == ""
    assert stage.last == pytest.approx(0.601)
    (told,) = world.schedule.poll_slow()
    assert (told.tick, told.stage, told.system, told.budget_seconds) == (3, "render", "slow", STEP)
    assert told.system_seconds == pytest.approx(0.5)
    assert told.stage_seconds == pytest.approx(0.601)
    assert world.schedule.poll_slow() == []
    world.schedule.budgets[Stage.RENDER] = 10.0
    world.schedule.clock = Clock(0.0, 0.001, 0.5, 0.1)
    world.schedule.update(1.0)
    assert world.schedule.poll_slow() == []
