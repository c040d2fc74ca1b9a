"""Who moves what in a room's world: who may ask, what reaches the world, and who is told."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from tests.support.state_company import Gizmo
from tests.support.state_owning import ANNA, BEN, NUMBERS, VERA, Link, Note, OwningRoom, Probe, values
from theta.base.errors import ProtocolError
from theta.base.limits import (
    COORDINATE_METRES_MAX,
    OWNED_ENTITIES_PER_ACTOR_MAX,
    OWNED_REPEAT_SECONDS,
    OWNED_ROW_BURST_MAX,
    OWNED_ROWS_PER_SECOND,
    OWNERSHIP_CLAIM_BURST_MAX,
    OWNERSHIP_CLAIMS_PER_SECOND,
    OWNERSHIP_IDLE_SECONDS_MAX,
    OWNERSHIP_ROWS_PER_MESSAGE_MAX,
)
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.entities import Entity, slots_of
from theta.ecs.relations import ChildOf, OwnedBy
from theta.ecs.world import World
from theta.node.state_ownership import ROWS_CHARGED_MIN, StateOwnership
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.replication.owned_state import OwnedStateSender
from theta.replication.ownership import ROOM
from theta.replication.receiving import Written
from theta.replication.standard import Pose, Shape
from theta.wire.ownership_messages import (
    ClaimOwnership,
    EntitiesSpawned,
    OwnedState,
    OwnershipChanged,
    OwnershipRefused,
    OwnershipRow,
    ReleaseOwnership,
)


@component("test.owning.Private", plane=Plane.STATE)
@dataclass(frozen=True)
class Private:
    """What no room here replicates."""

    value: Annotated[int, Column("<u1")] = 0


def at(x: float) -> Pose:
    return Pose((x, 0.0, 0.0))


def x_of(room: OwningRoom, entity: Entity) -> float:
    return room.world.read(entity, Pose).translation[0]


def held(entity: int, owner: int, ownership: int = 1, authority: int = 0, grip: int = 2) -> OwnershipRow:
    return OwnershipRow(entity, owner, ownership, authority, grip)


# -- who may ask -------------------------------------------------------------------------------------------------------


def test_rep_74_editors_take_entities_and_viewers_are_refused() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(1.0))
    assert room.grab(VERA, cup) == OwnershipRefused(1, 0, "not-allowed", held(cup, ROOM, 0, grip=0))
    assert room.grab(ANNA, cup) == OwnershipChanged([held(cup, ANNA)])
    assert room.grab(BEN, cup) == OwnershipRefused(1, 0, "outdated", held(cup, ANNA))
    (answer,) = room.say(VERA, ReleaseOwnership(cup, 1, 0, False))
    assert answer == OwnershipRefused(1, 0, "not-owner", held(cup, ANNA))
    assert room.ownership.holding(cup).owner == ANNA
    assert room.ownership.counts["claims"] == 1
    assert room.ownership.counts["refused"] == 3


def test_rep_74_who_may_not_know_of_an_entity_does_not_learn_of_it() -> None:
    room = OwningRoom()
    gizmo, ghost = room.world.spawn(Gizmo(1)), room.world.spawn(Private())
    assert room.grab(ANNA, gizmo) == OwnershipChanged([held(gizmo, ANNA)])
    assert room.grab(VERA, gizmo, 5) == OwnershipRefused(5, 0, "unknown-entity", held(gizmo, ROOM, 0, grip=0))
    assert room.grab(ANNA, ghost) == OwnershipRefused(1, 0, "unknown-entity", held(ghost, ROOM, 0, grip=0))
    ended = room.world.spawn(at(0.0))
    room.world.despawn(ended)
    for entity in (ended, Entity(0), Entity(2**64 - 1)):
        refused = room.grab(ANNA, entity)
        assert refused == OwnershipRefused(1, 0, "unknown-entity", held(entity, ROOM, 0, grip=0))


def test_rep_74_claims_that_are_too_many_are_dropped_and_may_come_again() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    for number in range(1, OWNERSHIP_CLAIM_BURST_MAX + 1):
        room.grab(ANNA, cup, number)
    last = OWNERSHIP_CLAIM_BURST_MAX + 1
    assert room.say(ANNA, ClaimOwnership(cup, last, 0)) == []
    assert room.say(ANNA, ReleaseOwnership(cup, last - 1, 0, False)) == []
    assert room.ownership.counts["rate-limited"] == 2
    assert room.grab(BEN, cup, last) == OwnershipChanged([held(cup, BEN, last)]), "everybody has a bucket"
    room.now += 1.01 / OWNERSHIP_CLAIMS_PER_SECOND
    assert room.grab(ANNA, cup, last + 1) == OwnershipChanged([held(cup, ANNA, last + 1)])


def test_rep_74_other_messages_are_not_for_this() -> None:
    room = OwningRoom()
    with pytest.raises(ProtocolError, match="EntitiesSpawned"):
        room.say(ANNA, EntitiesSpawned(1, b""))


# -- who is told -------------------------------------------------------------------------------------------------------


def test_rep_75_the_asker_hears_at_once_and_the_others_at_the_tick() -> None:
    room = OwningRoom()
    cup, plate = room.world.spawn(at(0.0)), room.world.spawn(at(1.0))
    room.grab(ANNA, cup)
    room.grab(BEN, plate)
    told = room.tick()
    assert told == {
        ANNA: [OwnershipChanged([held(plate, BEN)])],
        BEN: [OwnershipChanged([held(cup, ANNA)])],
        VERA: [OwnershipChanged([held(cup, ANNA), held(plate, BEN)])],
    }
    assert room.tick() == {}


def test_rep_75_only_how_it_stands_at_the_tick_is_told() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup, 1)
    room.grab(BEN, cup, 2)
    row = held(cup, BEN, 2)
    assert room.tick() == {ANNA: [OwnershipChanged([row])], VERA: [OwnershipChanged([row])]}


def test_rep_75_viewers_hear_nothing_of_what_only_editors_see() -> None:
    room = OwningRoom()
    cup, gizmo = room.world.spawn(at(0.0)), room.world.spawn(Gizmo(1))
    room.grab(ANNA, cup)
    room.grab(ANNA, gizmo)
    told = room.tick()
    assert told[BEN] == [OwnershipChanged([held(cup, ANNA), held(gizmo, ANNA)])]
    assert told[VERA] == [OwnershipChanged([held(cup, ANNA)])]
    room.say(ANNA, ReleaseOwnership(gizmo, 1, 0, False))
    assert list(room.tick()) == [BEN]


def test_rep_75_newcomers_are_told_of_all_that_was_claimed() -> None:
    room = OwningRoom()
    things = [room.world.spawn(at(float(n))) for n in range(3)]
    gizmo = room.world.spawn(Gizmo(1))
    for entity in (*things, gizmo):
        room.grab(ANNA, entity)
    room.say(ANNA, ReleaseOwnership(things[1], 1, 0, False))
    room.world.despawn(things[2])
    room.tick()
    room.join(44, "viewer")
    public = [held(things[0], ANNA), held(things[1], ROOM, 1, 1, 0)]
    assert room.told() == {44: [OwnershipChanged(public)]}
    room.join(55, "admin")
    assert room.told() == {55: [OwnershipChanged([*public, held(gizmo, ANNA)])]}
    room.ownership.handle_role(room.now, 44, "editor")
    assert room.told() == {44: [OwnershipChanged([*public, held(gizmo, ANNA)])]}, "who may see more hears of it"
    room.ownership.handle_role(room.now, 44, "admin")
    assert room.told() == {}


def test_rep_75_what_is_told_is_cut_into_messages() -> None:
    room = OwningRoom()
    count = OWNERSHIP_ROWS_PER_MESSAGE_MAX + 3
    actors = range(1_000, 1_000 + -(-count // OWNED_ENTITIES_PER_ACTOR_MAX))
    for actor in actors:
        room.join(actor, "editor")
    room.told()
    things = room.world.spawn_many(count, at(0.0)).tolist()
    for place, entity in enumerate(things):
        room.grab(actors[place // OWNED_ENTITIES_PER_ACTOR_MAX], entity)
    first, second = room.tick()[VERA]
    assert isinstance(first, OwnershipChanged)
    assert isinstance(second, OwnershipChanged)
    assert len(first.rows) == OWNERSHIP_ROWS_PER_MESSAGE_MAX
    assert [row.entity for row in first.rows + second.rows] == things


# -- who is gone -------------------------------------------------------------------------------------------------------


def test_rep_76_a_lost_connection_hands_nothing_back_until_it_was_silent_too_long() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.tick()
    room.ownership.handle_suspended(ANNA)
    room.grab(BEN, room.world.spawn(at(1.0)))
    assert set(room.tick()) == {VERA}, "nobody talks to who is not there"
    room.wait(1.0)
    assert room.ownership.holding(cup).owner == ANNA
    room.ownership.handle_joined(room.now, ANNA, "editor")
    (told,) = room.told()[ANNA]
    assert isinstance(told, OwnershipChanged)
    assert held(cup, ANNA) in told.rows
    room.send(ANNA, [cup], at(3.0))
    room.tick()
    assert x_of(room, cup) == 3.0
    room.ownership.handle_suspended(ANNA)
    room.wait(OWNERSHIP_IDLE_SECONDS_MAX + TICK_SECONDS)
    assert room.ownership.holding(cup).owner == ROOM


def test_rep_76_who_is_gone_for_good_leaves_everything_to_the_room() -> None:
    room = OwningRoom()
    cup, plate = room.world.spawn(at(0.0)), room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.grab(BEN, plate)
    room.ownership.handle_left(room.now, ANNA)
    room.plane.handle_left(ANNA)
    rows = [held(cup, ROOM, 1, 1, 0)]
    told = room.tick()
    assert told == {BEN: [OwnershipChanged(rows)], VERA: [OwnershipChanged([*rows, held(plate, BEN)])]}


def test_rep_76_who_may_edit_no_more_loses_what_it_holds_and_hears_so() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.ownership.handle_role(room.now, ANNA, "viewer")
    assert room.tick()[ANNA] == [OwnershipChanged([held(cup, ROOM, 1, 1, 0)])], "in the tick of its own claim, too"
    assert room.grab(ANNA, cup, 2) == OwnershipRefused(2, 0, "not-allowed", held(cup, ROOM, 1, 1, 0))
    room.send(ANNA, [cup], at(3.0))
    room.tick()
    assert x_of(room, cup) == 0.0


def test_rep_76_who_comes_back_with_another_role_is_told_once() -> None:
    room = OwningRoom()
    gizmo = room.world.spawn(Gizmo(1))
    room.grab(ANNA, gizmo)
    room.tick()
    room.ownership.handle_suspended(VERA)
    room.ownership.handle_joined(room.now, VERA, "editor")
    assert room.told() == {VERA: [OwnershipChanged([held(gizmo, ANNA)])]}


# -- what reaches the world --------------------------------------------------------------------------------------------


def test_rep_77_the_newest_value_is_written_at_the_tick() -> None:
    room = OwningRoom()
    cup, plate = room.world.spawn(at(0.0), Shape()), room.world.spawn(at(0.0))
    for entity in (cup, plate):
        room.grab(ANNA, entity)
    room.send(ANNA, [cup, plate], at(1.0), at(2.0))
    room.send(ANNA, [cup], at(3.0))
    room.send(ANNA, [cup], Shape(kind=2))
    assert x_of(room, cup) == 0.0, "not before the tick"
    room.tick()
    assert (x_of(room, cup), x_of(room, plate)) == (3.0, 2.0)
    assert room.world.read(cup, Shape).kind == 2
    assert room.ownership.counts["written"] == 3
    room.world.write(cup, at(9.0))
    room.tick()
    assert x_of(room, cup) == 9.0, "what was written is not written again"


def test_rep_77_values_are_exactly_what_the_codec_gives() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    pose = Pose((1.2345678, -2.3456789, 345.678), (0.1, 0.2, 0.3, 0.9273618495495704))
    room.send(ANNA, [cup], pose)
    room.tick()
    lanes = values([cup], pose).lanes
    restored = room.plane.components[NUMBERS[Pose] - 1].lanes.restore(lanes)
    found = room.world.read(cup, Pose)
    assert found.translation == tuple(restored["translation"][0].tolist())
    assert found.rotation == tuple(restored["rotation"][0].tolist())
    assert values([cup], found).lanes.tolist() == lanes.tolist()


def test_rep_77_what_was_taken_stays_taken_when_the_owner_lets_go() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.send(ANNA, [cup], at(1.0))
    room.say(ANNA, ReleaseOwnership(cup, 1, 0, False))
    room.send(ANNA, [cup], at(2.0))
    room.tick()
    assert x_of(room, cup) == 1.0
    assert room.ownership.counts["not-owned"] == 1


def test_rep_77_the_later_owner_counts() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.send(ANNA, [cup], at(1.0))
    room.grab(BEN, cup, 2)
    room.send(BEN, [cup], at(2.0), ownership=2)
    room.send(ANNA, [cup], at(3.0))
    room.tick()
    assert x_of(room, cup) == 2.0


def test_rep_77_frames_say_which_input_was_taken() -> None:
    room = OwningRoom()
    cup = room.world.spawn(at(0.0))
    room.grab(ANNA, cup)
    room.wait(0.2)
    room.frames.clear()
    for step in range(1, 4):
        room.send(ANNA, [cup], at(float(step)))
        room.tick()
    assert [frame.input for frame in room.frames[ANNA]] == [1, 2, 3]
    assert {frame.input for frame in room.frames[BEN]} == {0}


def test_rep_77_rows_that_are_too_many_are_dropped_and_counted() -> None:
    room = OwningRoom()
    things = room.world.spawn_many(32, at(0.0)).tolist()
    for entity in things:
        room.grab(ANNA, entity)
    for step in range(OWNED_ROW_BURST_MAX // 32):
        room.send(ANNA, things, *[at(float(step))] * 32)
    room.send(ANNA, things, *[at(-1.0)] * 32)
    empty = OwnedState(1, 1, b"", b"")
    assert room.say(ANNA, empty) == [], "a message of a few rows, or none, has the price of ROWS_CHARGED_MIN"
    assert room.ownership.counts["rate-limited"] == 32 + ROWS_CHARGED_MIN
    room.now += (ROWS_CHARGED_MIN - 0.5) / OWNED_ROWS_PER_SECOND
    room.say(ANNA, empty)
    assert room.ownership.counts["rate-limited"] == 32 + 2 * ROWS_CHARGED_MIN
    room.tick()
    assert x_of(room, things[0]) == OWNED_ROW_BURST_MAX // 32 - 1
    room.now += 33.0 / OWNED_ROWS_PER_SECOND
    room.send(ANNA, things, *[at(-2.0)] * 32)
    room.tick()
    assert x_of(room, things[0]) == -2.0
    assert OWNED_ROWS_PER_SECOND * TICK_SECONDS >= OWNED_ENTITIES_PER_ACTOR_MAX, "all that one may own, each tick"


def test_rep_77_malformed_bytes_are_a_protocol_error() -> None:
    room = OwningRoom()
    with pytest.raises(ProtocolError, match="OwnedState"):
        room.say(ANNA, OwnedState(1, 1, b"1234", b""))
    assert room.tick() == {}


def test_rep_78_rows_give_no_components_and_bring_nobody_back() -> None:
    room = OwningRoom()
    cup, plate = room.world.spawn(at(0.0)), room.world.spawn(at(0.0), Shape())
    for entity in (cup, plate):
        room.grab(ANNA, entity)
    room.send(ANNA, [cup, plate], Shape(kind=1), Shape(kind=1))
    room.send(ANNA, [plate], at(1.0))
    room.world.remove(plate, Shape)
    room.tick()
    assert not room.world.has(cup, Shape)
    assert not room.world.has(plate, Shape)
    assert x_of(room, plate) == 1.0
    assert room.ownership.counts["gone"] == 2
    room.send(ANNA, [plate], at(2.0))
    room.world.despawn(plate)
    successor = room.world.spawn(at(7.0))
    room.tick()
    assert x_of(room, successor) == 7.0
    assert room.ownership.holding(successor).owner == ROOM
    assert room.ownership.counts["gone"] == 3


def test_rep_78_relations_are_the_rooms() -> None:
    room = OwningRoom()
    tree = room.world.spawn(at(0.0))
    leaf = room.world.spawn(at(0.0), ChildOf(tree))
    room.grab(ANNA, leaf)
    room.send(ANNA, [leaf], ChildOf(0))
    room.tick()
    assert room.world.parent_of(leaf) == tree
    assert room.ownership.counts["not-allowed"] == 1


@pytest.mark.parametrize("metres", [np.nan, np.inf, -np.inf, 1.0001 * COORDINATE_METRES_MAX])
def test_rep_78_nothing_is_put_where_no_place_is(metres: float) -> None:
    room = OwningRoom()
    cup, plate = room.world.spawn(Probe((1.0, 2.0, 3.0))), room.world.spawn(Probe((0.0, 0.0, 0.0)))
    for entity in (cup, plate):
        room.grab(ANNA, entity)
    written = values([cup, plate], Probe((4.0, 5.0, 6.0)), Probe((7.0, -0.0, COORDINATE_METRES_MAX)))
    lanes = written.lanes.copy()
    lanes[0, 1] = np.array([metres], np.float32).view(np.int32)[0]
    told = {NUMBERS[Probe]: Written(written.entities, lanes, ())}
    (message,) = room.senders[ANNA].messages(room.now, 1, [cup, plate], [1, 1], told)
    room.say(ANNA, message)
    room.tick()
    assert room.world.read(cup, Probe).metres == (1.0, 2.0, 3.0)
    assert room.world.read(plate, Probe).metres == (7.0, -0.0, COORDINATE_METRES_MAX), "the others count"
    assert room.ownership.counts["unfit"] == 1


@pytest.mark.parametrize("broken", [b"\xff\xfe", b"nine-long"])
def test_rep_78_bytes_that_spell_nothing_are_dropped(broken: bytes) -> None:
    room = OwningRoom()
    one, other = room.world.spawn(Note("one")), room.world.spawn(Note("two"))
    for entity in (one, other):
        room.grab(ANNA, entity)
    written = values([one, other], Note("ONE"), Note("TWO"))
    told = {NUMBERS[Note]: Written(written.entities, written.lanes, ((b"ONE", broken),))}
    (message,) = room.senders[ANNA].messages(room.now, 1, [one, other], [1, 1], told)
    room.say(ANNA, message)
    room.tick()
    assert room.world.read(one, Note) == Note("ONE")
    assert room.world.read(other, Note) == Note("two")
    assert room.ownership.counts["unfit"] == 1


def test_rep_78_a_reference_to_who_does_not_live_is_nobody() -> None:
    room = OwningRoom()
    post, gone = room.world.spawn(at(0.0)), room.world.spawn(at(0.0))
    room.world.despawn(gone)
    links = [room.world.spawn(Link()) for _ in range(3)]
    for entity in links:
        room.grab(ANNA, entity)
    room.send(ANNA, links, Link(post), Link(gone), Link(2**64 - 1))
    room.tick()
    assert [room.world.read(entity, Link).target for entity in links] == [post, 0, 0]


# -- who sees it -------------------------------------------------------------------------------------------------------


def test_rep_79_systems_know_whose_an_entity_is() -> None:
    room = OwningRoom()
    cup, plate, marked = room.world.spawn(at(0.0)), room.world.spawn(at(0.0)), room.world.spawn(at(0.0), OwnedBy(0))
    for entity in (cup, marked):
        room.grab(ANNA, entity)
    room.tick()
    assert room.world.owned_by(ANNA).tolist() == [cup, marked]
    room.grab(BEN, cup, 2)
    room.say(ANNA, ReleaseOwnership(marked, 1, 0, False))
    room.grab(BEN, plate)
    room.say(BEN, ReleaseOwnership(plate, 1, 0, False))
    room.tick()
    assert room.world.owned_by(ANNA).tolist() == []
    assert room.world.owned_by(BEN).tolist() == [cup]
    assert room.world.owned_by(ROOM).tolist() == [marked]
    assert not room.world.has(plate, OwnedBy), "taken and let go between two ticks"
    assert room.plane.poll_unnumbered() == [], "that is told by messages"


def test_rep_79_an_owner_is_told_of_its_own_wherever_it_is() -> None:
    room = OwningRoom()
    far = room.world.spawn(at(500.0))

    def told() -> set[int]:
        room.tick()
        return {actor for actor in (ANNA, BEN, VERA) if "its own" in room.plane.explain(actor, far).reasons}

    assert told() == set()
    room.grab(ANNA, far)
    assert told() == {ANNA}
    room.grab(BEN, far, 2)
    assert told() == {BEN}
    room.plane.handle_left(BEN)
    room.plane.handle_joined(room.now, BEN, "editor")
    room.ownership.handle_suspended(BEN)
    room.ownership.handle_joined(room.now, BEN, "editor")
    room.told()
    assert told() == {BEN}, "also on a new seat"
    room.say(BEN, ReleaseOwnership(far, 2, 0, False))
    assert told() == set()
    room.grab(ANNA, far, 3)
    assert told() == {ANNA}
    room.world.despawn(far)
    room.tick()
    far = room.world.spawn(at(500.0))
    assert told() == set(), "who comes after it in its slot is nobody's"


def test_rep_64_what_ends_is_nobodys_and_counts_for_nobody() -> None:
    room = OwningRoom()
    things = room.world.spawn_many(OWNED_ENTITIES_PER_ACTOR_MAX, at(0.0)).tolist()
    for entity in things:
        room.grab(ANNA, entity)
    more = room.world.spawn(at(0.0))
    assert room.grab(ANNA, more) == OwnershipRefused(1, 0, "too-many", held(more, ROOM, 0, grip=0))
    room.world.despawn_many(things[:10])
    room.tick()
    assert room.grab(ANNA, more) == OwnershipChanged([held(more, ANNA)])
    room.world.despawn_many([*things[10:], more])
    assert room.tick() == {}, "nobody is told of who is no more"
    assert OWNED_REPEAT_SECONDS < OWNERSHIP_IDLE_SECONDS_MAX


def test_rep_64_who_had_what_ended_before_another_was_claimed_in_its_slot_is_forgotten() -> None:
    room = OwningRoom()
    for _ in range(20):
        cup = room.world.spawn(at(0.0))
        room.grab(ANNA, cup)
        room.tick()
        room.world.despawn(cup)
        again = room.world.spawn(at(0.0))
        assert slots_of(np.array([cup, again], np.uint64)).tolist() == [0, 0]
        room.grab(BEN, again)
        room.tick()
        assert room.ownership.holding(again).owner == BEN
        assert room.ownership._owners == {again: BEN}
        room.world.despawn(again)


@component("test.owning.Record", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Record:
    """What only commands write."""

    value: Annotated[int, Column("<u1")] = 0


def test_rep_78_what_commands_write_is_not_an_owners() -> None:
    world = World()
    plane = StatePlane(map(component_type, (Pose, Record)), world)
    ownership = StateOwnership(plane)
    plane.handle_joined(0.0, ANNA, "admin")
    ownership.handle_joined(0.0, ANNA, "admin")
    cup = world.spawn(at(0.0), Record(1))
    ownership.handle_message(0.0, ANNA, ClaimOwnership(cup, 1, 0))
    told = {1: values([cup], at(1.0)), 2: values([cup], Record(2))}
    (message,) = OwnedStateSender(plane.history.schema).messages(0.0, 1, [cup], [1], told)
    ownership.handle_message(0.0, ANNA, message)
    ownership.apply(0.1)
    assert world.read(cup, Pose) == at(1.0)
    assert world.read(cup, Record) == Record(1)
    assert ownership.counts["not-allowed"] == 1
