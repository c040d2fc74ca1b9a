"""A participant in a room whose world it sees, looks at elsewhere, and adds to."""

import numpy as np
import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import (
    FAR,
    ORIGIN,
    Arrow,
    Chapter,
    Heat,
    Page,
    ask_to_spawn,
    at,
    entities,
    grabbed,
    in_room,
    join,
    place,
)
from theta.base.errors import InvalidValue
from theta.base.limits import (
    INTEREST_METRES_MAX,
    REGIONS_PER_PEER_MAX,
    RESUME_SECONDS_MAX,
    STATE_SELECTED_MAX,
    STATE_SPAWNED_PER_MESSAGE_MAX,
)
from theta.ecs.bulk import Batch
from theta.ecs.entities import Entity
from theta.ecs.errors import DuplicateComponent, MissingComponent, UnknownEntity
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.events import (
    Answered,
    ComponentSkipped,
    EntitiesAppeared,
    EntitiesDisappeared,
)
from theta.node.state_participant import StateParticipant
from theta.replication.standard import Pose, Shape, ShapeKind
from theta.wire.messages import RequestRefused
from theta.wire.ownership_messages import (
    DespawnEntities,
    EntitiesDespawned,
)


@pytest.fixture
def pump() -> Pump:
    return room_with(pose(-1.0), pose(0.0), pose(1.0))


# -- what it sees ------------------------------------------------------------------------------------------------------


def test_what_lives_in_the_room_is_in_the_world_here(pump: Pump) -> None:
    anna = join(pump, "anna")
    left, middle, right = entities(anna)
    assert [place(anna, each) for each in (left, middle, right)] == [at(-1.0), at(0.0), at(1.0)]
    assert anna.state.world.read(left, Shape).kind == ShapeKind.BOX
    (appeared,) = pump.told(anna, EntitiesAppeared)
    assert set(appeared.entities) == {left, middle, right}
    assert anna.state.local_entity(anna.state.holding.remote(left)) == left
    assert anna.state.is_shown(left)
    room = pump.room.state.plane.world
    room.despawn(Entity(anna.state.holding.remote(middle)))
    pump.advance(0.2)
    assert pump.told(anna, EntitiesDisappeared) == [EntitiesDisappeared((middle,))]
    assert not anna.state.world.contains(middle)
    assert not anna.state.is_shown(middle)
    with pytest.raises(InvalidValue, match="entity"):
        anna.state.holding.remote(middle)


def test_who_offers_no_state_plane_is_told_nothing_of_it(pump: Pump) -> None:
    anna = pump.join("anna")
    pump.advance(1.0)
    assert not anna.state.is_on
    assert anna.state.timeout is None
    assert anna.state.follower.entity_count == 0
    assert pump.closes == []


def test_entities_of_ones_own_stay_ones_own(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    mine = anna.state.world.spawn(Pose((0.5, 0.0, 0.0)))
    anna.state.world.write(mine, Pose((0.6, 0.0, 0.0)))
    pump.advance(1.0)
    assert anna.state.world.entity_count == 4
    assert ben.state.world.entity_count == 3
    assert not anna.state.is_shown(mine)
    with pytest.raises(InvalidValue, match="entity"):
        anna.state.holding.grab(pump.seconds, mine)


def test_systems_may_run_over_the_world_here(pump: Pump) -> None:
    anna = join(pump, "anna")
    seen: list[int] = []

    @system(Stage.SIMULATION, reads=(Pose,))
    def count(world: World, seconds: float) -> None:
        seen.append(sum(len(rows.entities) for rows in world.query(Pose)))

    anna.state.world.schedule.add(count)
    anna.state.world.schedule.update(pump.seconds)
    anna.state.world.schedule.update(pump.seconds + 1 / 90)
    pump.advance(0.5)
    assert seen
    assert set(seen) == {3}


def test_who_asks_for_no_events_is_told_in_fewer() -> None:
    pump = room_with()
    anna = join(pump, "anna")
    pump.events[anna].clear()
    anna.poll_event = lambda: None  # type: ignore[method-assign]
    room = pump.room.state.plane.world
    for _ in range(20):
        short_lived = room.spawn(*pose(0.0))
        pump.advance(0.1)
        room.despawn(short_lived)
        pump.advance(0.1)
    stays = room.spawn(*pose(1.0))
    pump.advance(0.2)
    found = list(iter(anna.state.poll_event, None))
    here = anna.state.local_entity(stays)
    assert here is not None
    assert found == [EntitiesAppeared((here,))]


def test_components_that_are_not_declared_here_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = room_with((Pose(ORIGIN), Heat(1.0)), (Pose(ORIGIN), Heat(2.0)), components=(Heat,))
    declared = {"theta.Pose": Pose, "theta.Shape": Shape}
    monkeypatch.setattr(
        "theta.ecs.evolution.component_named",
        lambda name: None if name not in declared else _declaration(declared[name]),
    )
    anna = join(pump, "anna")
    assert pump.told(anna, ComponentSkipped) == [ComponentSkipped("test.participant.Heat")]
    pump.drop(anna)
    pump.advance(RESUME_SECONDS_MAX + 1.0)
    pump.connect(anna)
    pump.advance(0.5)
    assert len(entities(anna)) == 2
    assert len(pump.told(anna, ComponentSkipped)) == 1


def _declaration(declared: type[object]) -> object:
    from theta.ecs.component import component_type

    return component_type(declared)


def test_rep_22_references_are_put_into_ones_own_terms_as_what_they_name_comes_and_goes() -> None:
    pump = room_with(pose(0.0), components=(Arrow,))
    room = pump.room.state.plane.world
    far = room.spawn(*pose(*FAR))
    archer = room.spawn(*pose(1.0), Arrow(far))
    anna = join(pump, "anna")
    pointing = anna.state.local_entity(archer)
    assert pointing is not None
    assert anna.state.world.read(pointing, Arrow).at == 0, "what it names is not here"
    for _ in range(2):
        room.write(far, Pose((2.0, 0.0, 0.0)))
        pump.advance(0.5)
        named = anna.state.local_entity(far)
        assert named is not None
        assert anna.state.world.read(pointing, Arrow).at == named
        room.write(far, Pose(FAR))
        pump.advance(2.5)
        assert anna.state.local_entity(far) is None
        assert anna.state.world.read(pointing, Arrow).at == 0
    near = room.spawn(*pose(0.5))
    room.write(archer, Arrow(near))
    pump.advance(0.5)
    room.write(far, Pose((2.0, 0.0, 0.0)))
    pump.advance(0.5)
    assert anna.state.world.read(pointing, Arrow).at == anna.state.local_entity(near), "what is old is not told again"


def test_what_somebody_does_to_the_rooms_entities_here_is_overruled(pump: Pump) -> None:
    room = pump.room.state.plane.world
    anna = join(pump, "anna")
    left, middle, right = entities(anna)
    world = anna.state.world
    world.remove(left, Pose)
    world.despawn(middle)
    world.write(right, Pose((7.0, 0.0, 0.0)))
    for entity in pump.room.state.plane.world.slots_with(Pose).tolist():
        mover = Entity(room.entities_at(np.array([entity], np.uint32)).item(0))
        room.write(mover, Pose((2.0, 0.0, 0.0)))
    pump.advance(0.5)
    assert place(anna, left) == at(2.0)
    assert place(anna, right) == at(2.0)
    assert not world.contains(middle)
    world.remove(right, Shape)
    room.remove(Entity(anna.state.holding.remote(right)), Shape)
    pump.advance(0.5)
    assert pump.closes == []
    assert not world.has(right, Shape)


# -- where it looks ----------------------------------------------------------------------------------------------------


def test_rep_80_regions_are_seen_from_when_they_are_subscribed_to(pump: Pump) -> None:
    pump.room.state.plane.world.spawn(*pose(*FAR))
    anna = join(pump, "anna")
    assert len(entities(anna)) == 3
    region = anna.state.looking.subscribe(FAR, 5.0)
    pump.advance(0.5)
    assert len(entities(anna)) == 4
    anna.state.looking.move(region, (-300.0, 0.0, 0.0))
    pump.advance(2.5)
    assert len(entities(anna)) == 3
    anna.state.looking.move(region, FAR, 4.0)
    pump.advance(0.5)
    assert len(entities(anna)) == 4
    anna.state.looking.unsubscribe(region)
    pump.advance(2.5)
    assert len(entities(anna)) == 3
    assert pump.closes == []


def test_rep_80_regions_over_a_limit_are_refused_before_they_are_sent(pump: Pump) -> None:
    anna = join(pump, "anna")
    looking = anna.state.looking
    for centre, radius in (((1e9, 0.0, 0.0), 5.0), (ORIGIN, 0.0), (ORIGIN, 1e9), (ORIGIN, float("nan"))):
        with pytest.raises(InvalidValue):
            looking.subscribe(centre, radius)
    with pytest.raises(InvalidValue, match="centre"):
        looking.subscribe((0.0, 0.0), 1.0)  # type: ignore[arg-type]
    regions = [looking.subscribe(ORIGIN, 1.0) for _ in range(REGIONS_PER_PEER_MAX)]
    assert len(set(regions)) == REGIONS_PER_PEER_MAX
    with pytest.raises(InvalidValue, match="regions"):
        looking.subscribe(ORIGIN, 1.0)
    with pytest.raises(InvalidValue, match="radius"):
        looking.move(regions[0], ORIGIN, INTEREST_METRES_MAX)
    with pytest.raises(InvalidValue, match="region"):
        looking.move(99, ORIGIN, 1.0)
    looking.unsubscribe(regions[3])
    with pytest.raises(InvalidValue, match="region"):
        looking.unsubscribe(regions[3])
    assert looking.subscribe(ORIGIN, 2.0) == regions[3]
    pump.advance(0.5)
    assert pump.closes == []


def test_rep_81_what_is_selected_is_told_to_the_room(pump: Pump) -> None:
    anna = join(pump, "anna")
    left = entities(anna)[0]
    remote = anna.state.holding.remote(left)
    anna.state.looking.select([remote])
    pump.advance(0.1)
    assert pump.room.state.explain(anna.actor, remote).selected
    pump.drop(anna)
    pump.advance(1.0)
    pump.connect(anna)
    pump.advance(0.1)
    assert pump.room.state.explain(anna.actor, remote).selected
    anna.state.looking.select(())
    pump.advance(0.1)
    assert not pump.room.state.explain(anna.actor, remote).selected
    with pytest.raises(InvalidValue, match="entities"):
        anna.state.looking.select([remote] * (STATE_SELECTED_MAX + 1))


# -- adding and taking -------------------------------------------------------------------------------------------------


def test_rep_84_what_is_spawned_is_everybodys(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    places = np.array([(0.1 * row, 2.0, 0.0) for row in range(40)], np.float32)
    made = ask_to_spawn(pump, anna, 40, Batch(Pose, translation=places), Shape(ShapeKind.SPHERE))
    assert len(set(made)) == 40
    pump.advance(0.5)
    assert [place(anna, each) for each in made] == [at(0.1 * row, 2.0) for row in range(40)]
    assert all(anna.state.is_shown(each) for each in made)
    assert len(entities(ben)) == 43
    assert {ben.state.world.read(each, Shape).kind for each in entities(ben)} == {ShapeKind.BOX, ShapeKind.SPHERE}


def test_rep_84_what_is_spawned_far_away_has_an_id_and_comes_when_it_is_looked_at(pump: Pump) -> None:
    anna = join(pump, "anna")
    (made,) = ask_to_spawn(pump, anna, 1, Pose(FAR), Shape())
    pump.advance(0.5)
    assert anna.state.world.contains(made)
    assert not anna.state.is_shown(made)
    assert not anna.state.world.has(made, Pose)
    anna.state.looking.subscribe(FAR, 3.0)
    pump.advance(0.5)
    assert anna.state.is_shown(made)
    assert place(anna, made) == at(*FAR)


def test_rep_84_what_is_spawned_far_away_can_be_grabbed_and_is_seen_then(pump: Pump) -> None:
    anna = join(pump, "anna")
    (made,) = ask_to_spawn(pump, anna, 1, Pose(FAR), Shape())
    grabbed(pump, anna, made)
    pump.advance(0.5)
    assert place(anna, made) == at(*FAR), "an owner always sees what is its own"
    anna.state.holding.write(made, Pose((0.0, 1.0, 0.0)))
    pump.advance(0.3)
    assert in_room(pump, anna, made) == at(0.0, 1.0)


def test_rep_85_what_one_spawned_one_may_end(pump: Pump) -> None:
    anna = join(pump, "anna")
    near, far = ask_to_spawn(pump, anna, 1, Pose(ORIGIN)), ask_to_spawn(pump, anna, 1, Pose(FAR))
    pump.advance(0.5)
    (body,) = anna.state.despawn_bodies(near + far)
    anna.ask(lambda number: DespawnEntities(number, body))
    pump.pump()
    assert isinstance(pump.told(anna, Answered)[-1].answer, EntitiesDespawned)
    anna.state.handle_despawned(body)
    pump.advance(0.5)
    assert not anna.state.world.contains(near[0])
    assert not anna.state.world.contains(far[0])
    (body,) = anna.state.despawn_bodies(entities(anna)[:1])
    anna.ask(lambda number: DespawnEntities(number, body))
    pump.pump()
    refused = pump.told(anna, Answered)[-1].answer
    assert isinstance(refused, RequestRefused)
    assert refused.code == "NotAllowed"


def test_rep_84_values_that_cannot_be_are_refused_before_they_are_sent() -> None:
    pump = room_with(components=(Page, Chapter))
    anna = join(pump, "anna")
    bodies = anna.state.spawn_bodies
    with pytest.raises(InvalidValue, match=r"theta\.Pose\.translation"):
        bodies(1, [Pose((1e7, 0.0, 0.0))])
    with pytest.raises(InvalidValue, match=r"theta\.Shape\.size"):
        bodies(2, [Batch(Shape, size=np.array([(1.0, 1.0, 1.0), (1.0, -1.0, 1.0)], np.float32))])
    with pytest.raises(InvalidValue, match=r"replicates: theta\.Pose, theta\.Shape, test\.participant\.Page, "):
        bodies(1, [Heat(1.0)])
    with pytest.raises(InvalidValue, match="components"):
        bodies(1, [])
    with pytest.raises(InvalidValue, match="count"):
        bodies(0, [Pose(ORIGIN)])
    with pytest.raises(DuplicateComponent):
        bodies(1, [Pose(ORIGIN), Pose(ORIGIN)])
    with pytest.raises(InvalidValue, match="components"):
        bodies(1, [Page(bytes(60_000)), Chapter(bytes(60_000))])
    counts = [count for count, _ in bodies(2_500, [Pose(ORIGIN)])]
    assert counts == [STATE_SPAWNED_PER_MESSAGE_MAX, STATE_SPAWNED_PER_MESSAGE_MAX, 452]
    large = bodies(50, [Page(bytes(5_000))])
    assert sum(count for count, _ in large) == 50
    assert len(large) <= 6


# -- between the ticks -------------------------------------------------------------------------------------------------


def test_rep_69_what_moves_is_shown_between_the_rooms_ticks() -> None:
    @system(Stage.SIMULATION, writes=(Pose,))
    def drift(world: World, seconds: float) -> None:
        for _, (poses,) in world.query_mut(Pose):
            poses["translation"][:, 0] += np.float32(seconds)

    pump = room_with(pose(-3.0), fill=lambda world: world.schedule.add(drift))
    anna = join(pump, "anna")
    (boat,) = entities(anna)
    anna.state.shown(pump.seconds, Pose, [boat])
    pump.advance(0.5)
    metres = []
    for _ in range(100):
        metres.append(float(anna.state.shown(pump.seconds, Pose, [boat])["translation"][0, 0]))
        pump.advance(0.01)
    steps = np.diff(metres)
    assert steps.min() > 0.006
    assert steps.max() < 0.014, "as evenly as time passes, though it is told 30 times a second"
    assert metres[-1] < place(anna, boat)[0], "a little in the past"


def test_what_is_held_is_shown_as_it_is(pump: Pump) -> None:
    anna = join(pump, "anna")
    left, middle, right = entities(anna)
    mine = anna.state.world.spawn(Pose((5.0, 0.0, 0.0)))
    shown = anna.state.shown(pump.seconds, Pose, [left, mine])
    assert shown["translation"].dtype == np.float64
    assert shown["translation"][:, 0].tolist() == pytest.approx([-1.0, 5.0], abs=0.003)
    grabbed(pump, anna, middle)
    anna.state.holding.write(middle, Pose((0.0, 4.0, 0.0)))
    anna.state.world.write(mine, Pose((6.0, 0.0, 0.0)))
    shown = anna.state.shown(pump.seconds, Pose, [mine, middle, right])
    assert shown["translation"][:, 0].tolist() == pytest.approx([6.0, 0.0, 1.0], abs=0.003)
    assert shown["translation"][1, 1] == pytest.approx(4.0)
    kinds = anna.state.shown(pump.seconds, Shape, [left, right])
    assert kinds["kind"].tolist() == [ShapeKind.BOX, ShapeKind.BOX]
    with pytest.raises(MissingComponent):
        anna.state.shown(pump.seconds, Shape, [left, mine])
    anna.state.world.despawn(mine)
    with pytest.raises(UnknownEntity):
        anna.state.shown(pump.seconds, Pose, [mine])
    assert anna.state.shown(pump.seconds, Pose, [])["translation"].shape == (0, 3)


def test_before_the_room_said_anything_the_world_is_shown() -> None:
    state = StateParticipant(7)
    mine = state.world.spawn(Pose((5.0, 0.0, 0.0)))
    assert state.shown(1.0, Pose, [mine])["translation"].tolist() == [[5.0, 0.0, 0.0]]
    assert state.timeout is None
    assert state.poll_transmit() is None
    with pytest.raises(InvalidValue, match="none so far"):
        state.spawn_bodies(1, [Pose(ORIGIN)])
