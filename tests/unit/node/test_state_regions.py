"""Where else a participant looks, and what it has selected, in a whole room."""

from tests.support.state_in_rooms import FAR, HERE, desk_of, pose, positions, room_with, watcher
from theta.base.limits import REGIONS_PER_PEER_MAX
from theta.node.state_regions import RESAID_SECONDS
from theta.replication.standard import Pose, Shape
from theta.wire.interest_messages import SelectEntities, SubscribeRegion, UnsubscribeRegion
from theta.wire.messages import Message


def test_rep_80_a_region_is_seen_moved_and_left() -> None:
    pump = room_with(pose(0.0), pose(100.0), pose(200.0))
    anna = watcher(pump, "anna")
    anna.say(SubscribeRegion(200, FAR, 5.0))
    pump.advance(0.5)
    assert positions(anna) == [HERE, FAR]
    anna.say(SubscribeRegion(200, FAR, 5.0))
    anna.say(SubscribeRegion(200, (200.0, 0.0, 0.0), 60.0))
    pump.advance(3.0)
    assert positions(anna) == [HERE, (200.0, 0.0, 0.0)]
    anna.say(UnsubscribeRegion(200))
    pump.advance(3.0)
    assert positions(anna) == [HERE]


def test_rep_80_regions_out_of_their_limits_end_the_connection_and_change_nothing() -> None:
    def refused(*messages: Message) -> list[tuple[float, float, float]]:
        """What somebody sees after it said these, the last of which is refused."""
        pump = room_with(pose(0.0), pose(100.0))
        watcher(pump, "ben")
        anna = watcher(pump, "anna")
        pump.advance(0.5)
        for each in messages:
            assert anna.is_open
            anna.say(each)
            pump.pump()
        assert not anna.is_open
        assert pump.closes[-1].reason.startswith("ProtocolError"), pump.closes
        pump.connect(anna)
        pump.advance(0.5)
        assert anna.resets == 0
        return positions(anna)

    nan = float("nan")
    assert refused(UnsubscribeRegion(1)) == [HERE]
    assert refused(SubscribeRegion(1, (nan, 0.0, 0.0), 1.0)) == [HERE]
    assert refused(SubscribeRegion(1, FAR, nan)) == [HERE]
    assert refused(SubscribeRegion(1, FAR, 5.0), SubscribeRegion(1, FAR, 1e9)) == [HERE, FAR], "where it was"
    many = [SubscribeRegion(at, (1_000.0, 0.0, 0.0), 1.0) for at in range(REGIONS_PER_PEER_MAX + 1)]
    assert refused(*many) == [HERE]


def test_rep_81_what_is_selected_comes_first() -> None:
    pump = room_with(pose(0.0), pose(2.0))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    first, second = (each for rows in desk_of(pump).plane.world.query(Pose) for each in rows.entities.tolist())

    def selected() -> list[bool]:
        pump.advance(0.1)
        return [desk_of(pump).explain(anna.actor, each).selected for each in (first, second)]

    assert selected() == [False, False]
    anna.say(SelectEntities(second.to_bytes(8, "little") + (2**63).to_bytes(8, "little")))
    assert selected() == [False, True]
    anna.say(SelectEntities(first.to_bytes(8, "little")))
    assert selected() == [True, False], "and nothing else"
    pump.drop(anna)
    pump.connect(anna)
    assert selected() == [False, False], "it says so again when it comes back"
    anna.say(SelectEntities(b"\x00" * 9))
    pump.pump()
    assert not anna.is_open


def test_rep_81_an_entity_is_as_large_as_its_shape() -> None:
    pump = room_with((Pose(HERE), Shape(size=(0.5, 3.0, 1.0))), (Pose((20.0, 0.0, 0.0)),))
    anna = watcher(pump, "anna", at=(10.0, 0.0, 0.0))
    anna.say(SubscribeRegion(1, (10.0, 0.0, 0.0), 30.0))
    pump.advance(0.5)
    plane = desk_of(pump).plane
    large, point = (each for rows in plane.world.query(Pose) for each in rows.entities.tolist())

    def size(entity: int) -> float:
        return float(plane.interest.grid.cells.sizes[plane.explain(anna.actor, entity).cell])

    assert (size(large), size(point)) == (3.0, 0.0)
    plane.world.write(large, Shape(size=(4.0, 4.5, 4.0)))
    plane.world.insert(point, Shape(size=(1e30, 0.0, 0.0)))
    pump.advance(0.1)
    assert (size(large), size(point)) == (4.5, 100.0)
    plane.world.remove(large, Shape)
    pump.advance(1.0)
    plane.world.write(large, Pose((0.1, 0.0, 0.0)))
    pump.advance(1.0)
    assert size(large) == 0.0


def test_rep_26_regions_are_said_again_or_end() -> None:
    pump = room_with(pose(100.0), pose(200.0))
    watcher(pump, "ben")
    anna = watcher(pump, "anna")
    anna.say(SubscribeRegion(7, FAR, 5.0))
    anna.say(SubscribeRegion(9, (200.0, 0.0, 0.0), 5.0))
    pump.advance(0.5)
    assert len(positions(anna)) == 2
    pump.drop(anna)
    pump.connect(anna)
    anna.say(SubscribeRegion(9, (200.0, 0.0, 0.0), 5.0))
    pump.advance(RESAID_SECONDS / 2)
    assert len(positions(anna)) == 2, "none goes away and comes again"
    pump.advance(RESAID_SECONDS + 2.5)
    assert positions(anna) == [(200.0, 0.0, 0.0)]


def test_rep_26_what_it_saw_before_does_not_stand_in_the_way_of_what_it_wants_to_see() -> None:
    pump = room_with(pose(0.0), pose(100.0))
    anna = watcher(pump, "anna")
    watcher(pump, "ben")
    anna.say(SubscribeRegion(1, FAR, 50.0))
    anna.say(SubscribeRegion(2, (500.0, 0.0, 0.0), 30.0))
    pump.advance(0.5)
    pump.drop(anna)
    pump.connect(anna)
    for each in (SubscribeRegion(2, FAR, 60.0), SubscribeRegion(1, FAR, 20.0)):
        anna.say(each)
        pump.pump()
        assert anna.is_open, "the squares of these two do not add up to too much"
    pump.advance(RESAID_SECONDS + 0.5)
    assert positions(anna) == [HERE, FAR]
    assert anna.resets == 0
