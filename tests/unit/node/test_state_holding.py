"""What a participant takes in its hand, and what becomes of that when its connection is lost."""

import numpy as np
import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import (
    FAR,
    ORIGIN,
    Ears,
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
    OWNED_ENTITIES_PER_ACTOR_MAX,
    OWNERSHIP_IDLE_SECONDS_MAX,
    OWNERSHIP_RELEASE_SECONDS_MAX,
    RESUME_SECONDS_MAX,
)
from theta.ecs.bulk import Batch
from theta.ecs.entities import Entity
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.events import (
    EntitiesAppeared,
    EntitiesDisappeared,
    OwnersChanged,
    OwnershipLost,
)
from theta.node.lanes import Lane, lane_of
from theta.node.peer import Peer
from theta.replication.ownership import Refusal
from theta.replication.standard import Pose, Shape, ShapeKind
from theta.wire.codec import encode
from theta.wire.message import Message
from theta.wire.ownership_messages import (
    OwnedState,
    ReleaseOwnership,
)
from theta.wire.state_messages import StateAck, StateChunksReceived


@pytest.fixture
def pump() -> Pump:
    return room_with(pose(-1.0), pose(0.0), pose(1.0))


# -- holding -----------------------------------------------------------------------------------------------------------


def test_rep_82_what_is_held_moves_at_once_and_everybody_sees_it(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    cup = entities(anna)[1]
    theirs = ben.state.local_entity(anna.state.holding.remote(cup))
    assert theirs is not None
    grabbed(pump, anna, cup)
    assert anna.state.holding.owner_of(cup) == anna.actor == ben.state.holding.owner_of(theirs)
    assert OwnersChanged((theirs,)) in pump.told(ben, OwnersChanged)
    for step in range(1, 11):
        anna.state.holding.write(cup, Pose((0.0, 0.1 * step, 0.0)))
        assert place(anna, cup) == at(0.0, 0.1 * step)
        pump.advance(0.05)
        assert place(anna, cup) == at(0.0, 0.1 * step), "the room's older value is not shown"
    pump.advance(0.2)
    assert place(ben, theirs) == at(0.0, 1.0)
    anna.state.world.write(cup, Pose((0.0, 2.0, 0.0)))
    anna.state.holding.release(pump.seconds, cup)
    assert not anna.state.holding.holds(cup)
    pump.advance(0.3)
    assert in_room(pump, anna, cup) == at(0.0, 2.0), "what is let go of stays where it was put"
    assert ben.state.holding.owner_of(theirs) == 0
    assert place(anna, cup) == place(ben, theirs) == at(0.0, 2.0)
    anna.state.holding.release(pump.seconds, cup)
    with pytest.raises(InvalidValue, match="grabbed"):
        anna.state.holding.write(cup, Pose(ORIGIN))


def unheard(pump: Pump) -> tuple[Peer, Entity, Ears]:
    """Somebody who holds an entity and put it a metre higher, of which the room hears nothing."""
    anna = join(pump, "anna")
    cup = entities(anna)[1]
    grabbed(pump, anna, cup)
    ears = Ears(pump, anna)
    ears.drops = (OwnedState,)
    anna.state.holding.write(cup, Pose((0.0, 1.0, 0.0)))
    return anna, cup, ears


def test_rep_82_what_is_taken_again_streams_again(pump: Pump) -> None:
    anna = join(pump, "anna")
    cup = entities(anna)[1]
    for height in (1.0, 2.0, 3.0):
        grabbed(pump, anna, cup)
        anna.state.holding.release(pump.seconds, cup)
        pump.advance(0.1)
        anna.state.holding.grab(pump.seconds, cup)
        anna.state.world.write(cup, Pose((0.0, height, 0.0)))
        anna.state.holding.release(pump.seconds, cup)
        pump.advance(0.3)
        assert in_room(pump, anna, cup) == place(anna, cup) == at(0.0, height)


def test_rep_82_who_takes_it_again_before_the_room_has_it_still_holds_it(pump: Pump) -> None:
    anna, cup, ears = unheard(pump)
    anna.state.holding.release(pump.seconds, cup)
    assert not anna.state.holding.holds(cup)
    anna.state.holding.grab(pump.seconds, cup)
    pump.advance(2 * OWNERSHIP_RELEASE_SECONDS_MAX)
    assert anna.state.holding.is_granted(cup)
    assert ears.of(ReleaseOwnership) == []
    assert place(anna, cup) == at(0.0, 1.0)


def test_rep_82_values_are_told_again_until_the_room_has_them(pump: Pump) -> None:
    anna, cup, ears = unheard(pump)
    pump.advance(1.0)
    assert in_room(pump, anna, cup) == at(0.0)
    assert 28 <= len(ears.of(OwnedState)) <= 31, "once in each tick"
    ears.drops = ()
    pump.advance(0.1)
    assert in_room(pump, anna, cup) == at(0.0, 1.0)
    pump.advance(0.2)
    ears.heard.clear()
    pump.advance(2.0)
    assert 2 <= len(ears.of(OwnedState)) <= 5, "what rests is only said to be held"
    pump.advance(2 * OWNERSHIP_IDLE_SECONDS_MAX)
    assert anna.state.holding.is_granted(cup)


def test_rep_82_the_room_has_the_last_value_before_it_has_the_entity(pump: Pump) -> None:
    anna, cup, ears = unheard(pump)
    anna.state.holding.release(pump.seconds, cup)
    pump.advance(0.2)
    assert ears.of(ReleaseOwnership) == []
    ears.drops = ()
    pump.advance(0.2)
    assert len(ears.of(ReleaseOwnership)) == 1
    assert in_room(pump, anna, cup) == at(0.0, 1.0)


def test_rep_82_where_the_room_never_gets_it_the_rooms_value_counts(pump: Pump) -> None:
    anna, cup, ears = unheard(pump)
    anna.state.holding.release(pump.seconds, cup)
    pump.advance(OWNERSHIP_RELEASE_SECONDS_MAX + 0.1)
    assert len(ears.of(ReleaseOwnership)) == 1
    assert place(anna, cup) == at(0.0)


def test_rep_82_components_that_are_not_changed_here_stay_the_rooms() -> None:
    pump = room_with((Pose(ORIGIN), Heat(1.0)), components=(Heat,))
    anna = join(pump, "anna")
    (cup,) = entities(anna)
    grabbed(pump, anna, cup)
    anna.state.holding.write(cup, Pose((0.0, 1.0, 0.0)))
    room, remote = pump.room.state.plane.world, Entity(anna.state.holding.remote(cup))
    for degrees in (2.0, 3.0, 4.0):
        room.write(remote, Heat(degrees))
        pump.advance(0.2)
        assert anna.state.world.read(cup, Heat).degrees == degrees
    assert room.read(remote, Heat).degrees == 4.0
    anna.state.holding.write(cup, Heat(9.0))
    pump.advance(0.3)
    assert room.read(remote, Heat).degrees == 9.0


def test_rep_82_what_a_system_moves_stays_in_the_hand() -> None:
    @system(Stage.SIMULATION, writes=(Pose,))
    def fall(world: World, seconds: float) -> None:
        for _, (poses,) in world.query_mut(Pose):
            poses["translation"][:, 1] -= np.float32(seconds)

    pump = room_with(pose(0.0), fill=lambda world: world.schedule.add(fall))
    anna, ben = join(pump, "anna"), join(pump, "ben")
    (cup,) = entities(anna)
    (theirs,) = entities(ben)
    falling = place(ben, theirs)[1]
    assert falling < -0.3
    grabbed(pump, anna, cup)
    anna.state.holding.write(cup, Pose((0.0, 2.0, 0.0)))
    pump.advance(1.0)
    for _ in range(20):
        pump.advance(0.05)
        assert place(anna, cup) == at(0.0, 2.0)
        assert place(ben, theirs)[1] > 1.8
    anna.state.holding.release(pump.seconds, cup)
    pump.advance(1.5)
    assert place(anna, cup)[1] < 1.5


def test_rep_65_the_later_grab_has_it_and_the_other_is_told(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    cup = entities(anna)[1]
    theirs = ben.state.local_entity(anna.state.holding.remote(cup))
    assert theirs is not None
    grabbed(pump, anna, cup)
    anna.state.holding.write(cup, Pose((0.0, 1.0, 0.0)))
    pump.advance(0.3)
    anna.state.holding.write(cup, Pose((0.0, 9.0, 0.0)))
    grabbed(pump, ben, theirs)
    assert pump.told(anna, OwnershipLost) == [OwnershipLost(cup, None)]
    assert not anna.state.holding.holds(cup)
    assert anna.state.holding.refusal(cup) is None
    ben.state.holding.write(theirs, Pose((0.0, 3.0, 0.0)))
    pump.advance(0.3)
    assert place(anna, cup) == at(0.0, 3.0)


def test_rep_65_what_somebody_holds_is_not_taken_gently(pump: Pump) -> None:
    anna, ben = join(pump, "anna"), join(pump, "ben")
    cup, plate = entities(anna)[:2]
    theirs = [ben.state.local_entity(anna.state.holding.remote(each)) for each in (cup, plate)]
    grabbed(pump, anna, cup)
    for each in theirs:
        assert each is not None
        ben.state.holding.grab(pump.seconds, each, gently=True)
    pump.advance(0.1)
    assert [each is not None and ben.state.holding.holds(each) for each in theirs] == [False, True]
    assert anna.state.holding.is_granted(cup)
    grabbed(pump, anna, plate)
    assert anna.state.holding.is_granted(plate), "a grab takes what was touched"


def test_rep_74_a_viewer_is_refused_and_sees_the_rooms_value_again(pump: Pump) -> None:
    vera = join(pump, "vera", "viewer")
    cup = entities(vera)[1]
    vera.state.holding.grab(pump.seconds, cup)
    assert vera.state.holding.holds(cup)
    vera.state.holding.write(cup, Pose((0.0, 1.0, 0.0)))
    assert place(vera, cup) == at(0.0, 1.0)
    pump.advance(0.2)
    assert pump.told(vera, OwnershipLost) == [OwnershipLost(cup, Refusal.NOT_ALLOWED)]
    assert vera.state.holding.refusal(cup) is Refusal.NOT_ALLOWED
    assert place(vera, cup) == at(0.0)


def test_what_ends_in_the_hand_is_lost() -> None:
    pump = room_with(pose(0.0))
    anna = join(pump, "anna")
    (cup,) = entities(anna)
    grabbed(pump, anna, cup)
    pump.room.state.plane.world.despawn(Entity(anna.state.holding.remote(cup)))
    pump.advance(0.3)
    assert pump.told(anna, OwnershipLost) == [OwnershipLost(cup, Refusal.UNKNOWN_ENTITY)]
    assert not anna.state.holding.holds(cup)
    assert anna.state.holding.timeout is None


def test_more_than_may_be_held_is_refused_here() -> None:
    pump = room_with()
    anna = join(pump, "anna")
    made = ask_to_spawn(pump, anna, OWNED_ENTITIES_PER_ACTOR_MAX + 1, Pose(ORIGIN))
    pump.advance(1.0)
    for each in made[:-1]:
        anna.state.holding.grab(pump.seconds, each)
    with pytest.raises(InvalidValue, match="entities held"):
        anna.state.holding.grab(pump.seconds, made[-1])
    pump.advance(1.0)
    assert all(anna.state.holding.is_granted(each) for each in made[:-1])
    places = np.array([(0.0, 0.01 * row, 0.0) for row in range(len(made) - 1)], np.float32)
    anna.state.world.write_many(made[:-1], Batch(Pose, translation=places))
    pump.advance(0.5)
    assert in_room(pump, anna, made[-2]) == at(0.0, 0.01 * (len(made) - 2))


def test_values_that_no_message_holds_are_refused_where_they_are_written() -> None:
    pump = room_with((Pose(ORIGIN), Page(b"a"), Shape()), components=(Page,))
    anna = join(pump, "anna")
    (book,) = entities(anna)
    holding = anna.state.holding
    grabbed(pump, anna, book)
    with pytest.raises(InvalidValue, match=r"test\.participant\.Page"):
        holding.write(book, Page(bytes(2_000)))
    with pytest.raises(InvalidValue, match="translation"):
        holding.write(book, Pose((float("inf"), 0.0, 0.0)))
    with pytest.raises(InvalidValue, match="replicates"):
        holding.write(book, Heat(1.0))
    holding.write(book, Page(bytes(900)))
    holding.write(book, Pose((0.0, 1.0, 0.0)))
    holding.write(book, Shape(ShapeKind.CONE))
    pump.advance(0.3)
    room, remote = pump.room.state.plane.world, Entity(holding.remote(book))
    assert room.read(remote, Page).data == bytes(900), "together they take two messages"
    assert in_room(pump, anna, book) == at(0.0, 1.0)
    assert room.read(remote, Shape).kind == ShapeKind.CONE
    anna.state.world.write(book, Page(bytes(5_000)))
    anna.state.world.write(book, Pose((0.0, 2.0, 0.0)))
    pump.advance(0.3)
    assert room.read(remote, Page).data == bytes(900)
    assert in_room(pump, anna, book) == at(0.0, 2.0), "the others go on"
    holding.release(pump.seconds, book)
    pump.advance(0.3)
    assert anna.state.world.read(book, Page).data == bytes(900)
    assert pump.closes == []


def test_rep_72_movements_go_on_from_where_the_room_has_it() -> None:
    @system(Stage.SIMULATION, writes=(Pose,))
    def wind(world: World, seconds: float) -> None:
        for _, (poses,) in world.query_mut(Pose):
            poses["translation"][:, 0] += np.float32(seconds)

    pump = room_with(pose(0.0), fill=lambda world: world.schedule.add(wind))
    anna = join(pump, "anna")
    (kite,) = entities(anna)
    grabbed(pump, anna, kite)
    begin = place(anna, kite)
    half = np.sqrt(0.5)
    anna.state.holding.move_by(pump.seconds, kite, (0.0, 0.25, 0.0), (0.0, float(half), 0.0, float(half)))
    assert place(anna, kite)[1] == pytest.approx(begin[1] + 0.25, abs=0.003)
    for _ in range(30):
        anna.state.holding.move_by(pump.seconds, kite, (0.0, 0.05, 0.0), (0.0, 0.0, 0.0, 1.0))
        pump.advance(1 / 30)
    pump.advance(0.5)
    blown = place(anna, kite)
    assert blown[1] == pytest.approx(begin[1] + 0.25 + 30 * 0.05, abs=0.01)
    assert blown[0] > begin[0] + 0.1, "the room's wind moved it too"
    assert in_room(pump, anna, kite)[1] == pytest.approx(blown[1], abs=0.01)
    shown = anna.state.shown(pump.seconds, Pose, [kite])
    # It is drawn back over and over, as steadily as the wind blows.
    assert shown["translation"][0] == pytest.approx(blown, abs=0.3)
    rotation = anna.state.world.read(kite, Pose).rotation
    assert rotation == pytest.approx((0.0, half, 0.0, half), abs=0.01)
    with pytest.raises(InvalidValue, match="translation"):
        anna.state.holding.move_by(pump.seconds, kite, (0.0, float("nan"), 0.0), (0.0, 0.0, 0.0, 1.0))
    anna.state.holding.write(kite, Pose((0.0, 5.0, 0.0)))
    pump.advance(0.1)
    assert place(anna, kite) == at(0.0, 5.0), "where it is put counts"
    anna.state.holding.move_by(pump.seconds, kite, (0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    anna.state.world.write(kite, Pose((0.0, 7.0, 0.0)))
    pump.advance(0.1)
    assert place(anna, kite) == at(0.0, 7.0)


# -- connections -------------------------------------------------------------------------------------------------------


def test_rep_83_a_resumed_session_goes_on(pump: Pump) -> None:
    pump.room.state.plane.world.spawn(*pose(*FAR))
    anna, ben = join(pump, "anna"), join(pump, "ben")
    anna.state.looking.subscribe(FAR, 5.0)
    cup = entities(anna)[1]
    grabbed(pump, anna, cup)
    pump.advance(0.5)
    before = entities(anna)
    assert len(before) == 4
    pump.events[anna].clear()
    pump.drop(anna)
    anna.state.holding.write(cup, Pose((0.0, 3.0, 0.0)))
    pump.advance(1.0)
    pump.connect(anna)
    pump.advance(0.5)
    assert set(entities(anna)) == set(before)
    assert [event for event in pump.events[anna] if isinstance(event, EntitiesAppeared | EntitiesDisappeared)] == []
    assert anna.state.holding.is_granted(cup)
    assert in_room(pump, anna, cup) == at(0.0, 3.0)
    pump.drop(anna)
    theirs = ben.state.local_entity(anna.state.holding.remote(cup))
    assert theirs is not None
    grabbed(pump, ben, theirs)
    ben.state.holding.write(theirs, Pose((0.0, 4.0, 0.0)))
    pump.advance(0.5)
    pump.connect(anna)
    pump.advance(0.5)
    assert pump.told(anna, OwnershipLost) == [OwnershipLost(cup, None)]
    assert place(anna, cup) == at(0.0, 4.0)


def test_rep_83_what_the_room_took_back_meanwhile_is_grabbed_again(pump: Pump) -> None:
    anna, _ = join(pump, "anna"), join(pump, "ben")
    cup = entities(anna)[1]
    grabbed(pump, anna, cup)
    pump.drop(anna)
    pump.advance(2 * OWNERSHIP_IDLE_SECONDS_MAX)
    pump.connect(anna)
    pump.advance(0.5)
    assert anna.state.holding.is_granted(cup)
    pump.drop(anna)
    anna.state.holding.release(pump.seconds, cup)
    for _ in range(1_000):
        anna.state.holding.grab(pump.seconds, cup)
        anna.state.holding.release(pump.seconds, cup)
        anna.state.looking.select([anna.state.holding.remote(cup)])
        anna.poll_transmit()
    pump.advance(1.0)
    ears = Ears(pump, anna)
    pump.connect(anna)
    pump.advance(0.5)
    assert len(ears.heard) < 60, "what could not be said is not said a thousand times"
    assert anna.state.holding.owner_of(cup) == 0


@pytest.mark.parametrize("restart", [False, True])
def test_rep_83_with_another_session_everything_is_shown_anew(pump: Pump, restart: bool) -> None:
    anna = join(pump, "anna")
    region = anna.state.looking.subscribe(FAR, 5.0)
    cup = entities(anna)[1]
    mine = anna.state.world.spawn(Pose((5.0, 0.0, 0.0)))
    grabbed(pump, anna, cup)
    anna.state.shown(pump.seconds, Pose, [cup])
    before = set(entities(anna))
    pump.events[anna].clear()
    if restart:
        pump.restart()
    else:
        pump.drop(anna)
        pump.advance(RESUME_SECONDS_MAX + 1.0)
    pump.room.state.plane.world.spawn(*pose(*FAR))
    pump.connect(anna)
    pump.advance(1.0)
    gone = [each for event in pump.told(anna, EntitiesDisappeared) for each in event.entities]
    came = [each for event in pump.told(anna, EntitiesAppeared) for each in event.entities]
    assert set(gone) == before
    assert set(came) == set(entities(anna))
    assert len(came) == 4, "the region is looked at again"
    assert before.isdisjoint(came)
    assert OwnershipLost(cup, Refusal.UNKNOWN_ENTITY) in pump.told(anna, OwnershipLost)
    assert anna.state.world.contains(mine)
    anna.state.looking.unsubscribe(region)
    again = entities(anna)[1]
    assert anna.state.shown(pump.seconds, Pose, [again])["translation"].shape == (1, 3)
    grabbed(pump, anna, again)
    anna.state.holding.write(again, Pose((0.0, 1.0, 0.0)))
    pump.advance(0.3)
    assert in_room(pump, anna, again) == at(0.0, 1.0)


def test_whoever_says_nothing_is_asked_for_no_more_hashes(pump: Pump) -> None:
    anna = join(pump, "anna")
    state = anna.state
    for step in range(1, 200):
        state.handle_timeout(pump.seconds + step)
    waiting = list(iter(state.poll_transmit, None))
    assert len(waiting) <= 2


def test_rep_83_what_is_said_of_a_room_that_was_started_anew_meanwhile_is_passed_over(pump: Pump) -> None:
    anna = join(pump, "anna")
    pump.room.state.plane.world.spawn(*pose(2.0))
    pump.advance(0.2)
    old = StateChunksReceived(anna.state.follower._snapshot._snapshot, [0]), StateAck(9_000, 5)
    pump.restart()
    said: list[Message] = []
    send = anna.poll_transmit

    def poll() -> tuple[Lane, bytes] | None:
        # On a real line it is on its way before the components are told.
        if anna.is_joined and not said:
            said.extend(old)
            anna._frames.extend((lane_of(each), encode(each)) for each in old)
        return send()

    anna.poll_transmit = poll  # type: ignore[method-assign]
    pump.connect(anna)
    pump.advance(1.0)
    assert said
    assert pump.closes == []
    assert len(entities(anna)) == 3
    anna._frames.append((Lane.STATE, encode(old[0])))
    pump.advance(0.1)
    assert [close.code for close in pump.closes] == [4400], "who has answered knows better"
