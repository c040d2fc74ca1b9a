"""Participants that do odd things with the room's entities: it is refused or overruled, and harms nothing else."""

import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import FAR, Ears, ask_to_spawn, at, entities, grabbed, in_room, join, place
from theta.base.errors import ProtocolError
from theta.base.limits import OWNERSHIP_IDLE_SECONDS_MAX
from theta.ecs.entities import Entity, index_of
from theta.node.events import OwnershipLost
from theta.replication.ownership import Refusal
from theta.replication.standard import Pose
from theta.wire.ownership_messages import ClaimOwnership


@pytest.fixture
def pump() -> Pump:
    return room_with(pose(-1.0), pose(0.0), pose(1.0))


def test_ones_own_entity_in_the_place_of_one_of_the_rooms_is_shown_where_it_is(pump: Pump) -> None:
    anna = join(pump, "anna")
    world = anna.state.world
    cup = entities(anna)[1]
    remote = Entity(anna.state.holding.remote(cup))
    anna.state.shown(pump.seconds, Pose, [cup])
    pump.advance(0.2)
    world.despawn(cup)
    mine = world.spawn(Pose((7.0, 0.0, 0.0)))
    assert index_of(mine) == index_of(cup)
    pump.room.state.plane.world.write(remote, Pose((0.0, 5.0, 0.0)))
    pump.advance(0.3)
    shown = anna.state.shown(pump.seconds, Pose, [mine])
    assert shown["translation"][0].tolist() == pytest.approx([7.0, 0.0, 0.0])
    assert world.read(mine, Pose).translation[0] == 7.0


def test_rep_65_who_lets_go_and_takes_it_again_at_once_has_it(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    cup = entities(anna)[1]
    for grip in (False, True, False):
        grabbed(pump, anna, cup)
        anna.state.holding.release(pump.seconds, cup)
        assert not anna.state.holding.holds(cup)
        anna.state.holding.grab(pump.seconds, cup, gently=grip)
        pump.advance(0.2)
        assert anna.state.holding.is_granted(cup)
        anna.state.holding.write(cup, Pose((0.0, 3.0, 0.0)))
        pump.advance(0.2)
        assert in_room(pump, anna, cup) == place(anna, cup) == at(0.0, 3.0)
        theirs = ben.state.local_entity(anna.state.holding.remote(cup))
        assert theirs is not None
        assert ben.state.holding.owner_of(theirs) == anna.actor
    assert pump.told(anna, OwnershipLost) == []


@pytest.mark.parametrize("is_heard", [False, True])
def test_what_ends_while_it_is_asked_for_is_refused(pump: Pump, is_heard: bool) -> None:
    anna = join(pump, "anna")
    cup = entities(anna)[1]
    if not is_heard:
        Ears(pump, anna).drops = (ClaimOwnership,)
    anna.state.holding.grab(pump.seconds, cup)
    pump.room.state.plane.world.despawn(Entity(anna.state.holding.remote(cup)))
    pump.advance(0.3)
    assert not anna.state.holding.holds(cup)
    assert anna.state.holding.refusal(cup) is Refusal.UNKNOWN_ENTITY
    assert pump.told(anna, OwnershipLost) == [OwnershipLost(cup, Refusal.UNKNOWN_ENTITY)]


def test_rep_62_what_was_announced_and_is_refused_is_lost_with_the_reason(pump: Pump) -> None:
    anna = join(pump, "anna")
    [far] = ask_to_spawn(pump, anna, 1, *pose(*FAR))
    assert not anna.state.is_shown(far)
    pump.room.state.plane.world.despawn(Entity(anna.state.holding.remote(far)))
    anna.state.holding.grab(pump.seconds, far)
    pump.advance(0.3)
    assert not anna.state.holding.holds(far)
    assert anna.state.holding.refusal(far) is Refusal.UNKNOWN_ENTITY
    assert pump.told(anna, OwnershipLost) == [OwnershipLost(far, Refusal.UNKNOWN_ENTITY)]


@pytest.mark.parametrize("away", [OWNERSHIP_IDLE_SECONDS_MAX / 2, OWNERSHIP_IDLE_SECONDS_MAX + 1.0, 60.0])
@pytest.mark.parametrize("company", [False, True])
def test_rep_76_who_comes_back_has_what_it_held_or_has_lost_it_once(pump: Pump, away: float, company: bool) -> None:
    anna = join(pump, "anna")
    if company:
        join(pump, "ben")
    cup = entities(anna)[1]
    grabbed(pump, anna, cup)
    anna.state.holding.write(cup, Pose((0.0, 1.0, 0.0)))
    pump.advance(0.2)
    pump.drop(anna)
    pump.advance(away)
    pump.connect(anna)
    pump.advance(1.0)
    lost = pump.told(anna, OwnershipLost)
    assert lost == ([] if anna.state.holding.holds(cup) else [OwnershipLost(cup, None)])
    if anna.state.holding.holds(cup):
        assert anna.state.holding.is_granted(cup)
        anna.state.holding.write(cup, Pose((0.0, 2.0, 0.0)))
        pump.advance(0.3)
        assert in_room(pump, anna, cup) == at(0.0, 2.0)
    else:
        assert pump.room.state._ownership.holding(anna.state.holding.remote(cup)).owner == 0
        assert place(anna, cup) == in_room(pump, anna, cup)


@pytest.mark.parametrize("length", [0, 7, 8, 24])
def test_rep_84_another_number_of_entities_than_was_asked_for_is_a_protocol_error(pump: Pump, length: int) -> None:
    anna = join(pump, "anna")
    count = anna.state.world.entity_count
    with pytest.raises(ProtocolError, match="2 entities"):
        anna.state.announce(bytes(length), 2)
    assert anna.state.world.entity_count == count
