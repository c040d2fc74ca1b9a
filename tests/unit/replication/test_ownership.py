"""The room's decisions on who owns what."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from theta.base.limits import OWNED_ENTITIES_PER_ACTOR_MAX, OWNERSHIP_IDLE_SECONDS_MAX, U32_MAX
from theta.ecs.component import Column, Plane, component
from theta.ecs.entities import Entities, Entity
from theta.ecs.world import World
from theta.replication.ownership import (
    ROOM,
    Grip,
    Holding,
    OwnershipTable,
    Refusal,
    Verdict,
    answer,
    is_newer,
    is_stamp_newer,
)
from theta.wire.ownership_messages import ClaimOwnership, OwnershipChanged, OwnershipRefused, OwnershipRow

ANNA, BEN = 2**64 - 1, 7


@component("test.ownership.Thing", plane=Plane.STATE)
@dataclass(frozen=True)
class Thing:
    weight: Annotated[int, Column("<u4")] = 0


def room(count: int = 1) -> tuple[OwnershipTable, World, list[Entity]]:
    world = World()
    return OwnershipTable(world), world, [world.spawn(Thing()) for _ in range(count)]


def rows(*entities: int) -> Entities:
    return np.array(entities, np.uint64)


def u32s(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array(numbers, np.uint32)


def test_rep_60_sequence_numbers_are_serial() -> None:
    assert is_newer(1, 0)
    assert is_newer(0, U32_MAX), "they wrap around"
    assert not is_newer(U32_MAX, 0)
    assert not is_newer(5, 5)
    assert is_newer(2**31 - 1, 0)
    assert not is_newer(2**31, 0), "half the numbers ahead are as far as one can tell"
    assert is_stamp_newer((1, 0), (0, 9)), "ownership counts before authority"
    assert is_stamp_newer((1, 0), (1, U32_MAX))
    assert not is_stamp_newer((1, 3), (1, 3))
    assert not is_stamp_newer((U32_MAX, 9), (0, 0))


def test_rep_60_at_first_everything_is_the_rooms() -> None:
    table, _, (cup,) = room()
    assert table.holding(cup) == Holding(cup, ROOM, 0, 0, Grip.FREE)
    assert table.holdings() == []
    assert table.timeout is None


def test_rep_61_a_grab_beats_a_touch_and_a_newer_grab_beats_a_grab() -> None:
    table, _, (cup,) = room()
    assert table.handle_claim(0.0, cup, ANNA, 0, 1) == Verdict(Holding(cup, ANNA, 0, 1, Grip.TOUCHED))
    assert table.handle_claim(0.0, cup, BEN, 0, 2) == Verdict(Holding(cup, BEN, 0, 2, Grip.TOUCHED))
    assert table.handle_claim(0.0, cup, ANNA, 1, 0) == Verdict(Holding(cup, ANNA, 1, 0, Grip.GRABBED))
    assert table.handle_claim(0.0, cup, BEN, 1, 1).refusal is Refusal.HELD
    assert table.handle_claim(0.0, cup, BEN, 2, 0) == Verdict(Holding(cup, BEN, 2, 0, Grip.GRABBED))
    assert table.poll_changed() == [Holding(cup, BEN, 2, 0, Grip.GRABBED)], "told once, as it is now"
    assert table.poll_changed() == []


def test_rep_61_of_two_that_claim_the_same_numbers_the_first_wins_and_may_say_it_again() -> None:
    table, _, (cup,) = room()
    table.handle_claim(0.0, cup, ANNA, 1, 0)
    assert table.handle_claim(0.0, cup, BEN, 1, 0) == Verdict(Holding(cup, ANNA, 1, 0, Grip.GRABBED), Refusal.OUTDATED)
    table.poll_changed()
    assert table.handle_claim(1.0, cup, ANNA, 1, 0) == Verdict(Holding(cup, ANNA, 1, 0, Grip.GRABBED))
    assert table.poll_changed() == [], "nothing changed"


def test_rep_61_numbers_wrap_around() -> None:
    table, _, (cup,) = room()
    half = 2**31 - 1
    for number in (half, 2 * half, U32_MAX):
        assert table.handle_claim(0.0, cup, ANNA, number, 0).refusal is None
    assert table.handle_claim(0.0, cup, BEN, 0, 0) == Verdict(Holding(cup, BEN, 0, 0, Grip.GRABBED))


def test_rep_62_refusals_say_why_and_change_nothing() -> None:
    table, world, (cup, plate) = room(2)
    table.handle_claim(0.0, cup, ANNA, 5, 0)
    table.poll_changed()
    held = Holding(cup, ANNA, 5, 0, Grip.GRABBED)
    world.despawn(plate)
    assert table.handle_claim(1.0, plate, ANNA, 1, 0) == Verdict(Holding(plate), Refusal.UNKNOWN_ENTITY)
    assert table.handle_release(1.0, plate, ANNA, 1, 0) == Verdict(Holding(plate), Refusal.UNKNOWN_ENTITY)
    assert table.handle_claim(1.0, cup, BEN, 4, 9) == Verdict(held, Refusal.OUTDATED)
    assert table.handle_claim(1.0, cup, BEN, 5, 1) == Verdict(held, Refusal.HELD)
    assert table.handle_release(1.0, cup, BEN, 5, 0) == Verdict(held, Refusal.NOT_OWNER)
    assert table.handle_release(1.0, cup, ANNA, 4, 0) == Verdict(held, Refusal.OUTDATED)
    assert table.holding(cup) == held
    assert table.poll_changed() == []


def test_rep_62_nobody_owns_more_than_the_limit() -> None:
    table, _, things = room(OWNED_ENTITIES_PER_ACTOR_MAX + 1)
    for thing in things[:-1]:
        assert table.handle_claim(0.0, thing, ANNA, 1, 0).refusal is None
    assert table.handle_claim(0.0, things[-1], ANNA, 1, 0).refusal is Refusal.TOO_MANY
    assert table.handle_claim(0.0, things[0], ANNA, 2, 0).refusal is None, "what one has may be taken anew"
    assert table.handle_claim(0.0, things[-1], BEN, 1, 0).refusal is None
    assert len(table.owned_by(ANNA)) == OWNED_ENTITIES_PER_ACTOR_MAX


def test_rep_62_the_answer_has_the_requests_numbers_and_how_it_stands() -> None:
    table, _, (cup,) = room()
    grab = ClaimOwnership(cup, 1, 0)
    assert answer(grab, table.handle_claim(0.0, cup, ANNA, 1, 0)) == OwnershipChanged(
        [row := OwnershipRow(cup, ANNA, 1, 0, 2)]
    )
    assert answer(grab, table.handle_claim(0.0, cup, BEN, 1, 0)) == OwnershipRefused(1, 0, "outdated", row)


def test_rep_63_release_gives_the_entity_to_the_room_and_keep_to_who_threw_it() -> None:
    table, _, (cup,) = room()
    table.handle_claim(0.0, cup, ANNA, 1, U32_MAX)
    thrown = Holding(cup, ANNA, 1, 0, Grip.TOUCHED)
    assert table.handle_release(0.0, cup, ANNA, 1, U32_MAX, keep=True) == Verdict(thrown)
    assert table.handle_release(0.0, cup, ANNA, 1, U32_MAX) == Verdict(thrown, Refusal.OUTDATED)
    assert table.handle_release(0.0, cup, ANNA, 1, 0) == Verdict(Holding(cup, ROOM, 1, 1, Grip.FREE))
    assert table.handle_claim(0.0, cup, BEN, 1, 2).refusal is None, "free again"


def test_rep_64_what_an_owner_leaves_behind_is_the_rooms() -> None:
    table, _, (cup, plate, spoon) = room(3)
    for thing in (cup, plate):
        table.handle_claim(0.0, thing, ANNA, 1, 0)
    table.handle_claim(0.0, spoon, BEN, 1, 0)
    table.poll_changed()
    table.handle_left(0.0, ANNA)
    assert table.poll_changed() == [Holding(cup, ROOM, 1, 1), Holding(plate, ROOM, 1, 1)]
    assert table.owners_of(rows(cup, plate, spoon, spoon + 9)).tolist() == [ROOM, ROOM, BEN, ROOM]


def test_rep_64_who_is_not_heard_of_loses_it() -> None:
    table, _, (cup, plate) = room(2)
    table.handle_claim(0.0, cup, ANNA, 1, 0)
    table.handle_claim(0.0, plate, ANNA, 1, 0)
    assert table.timeout == OWNERSHIP_IDLE_SECONDS_MAX
    assert table.take_rows(1.0, ANNA, rows(cup), u32s(1), 1).all()
    table.handle_timeout(OWNERSHIP_IDLE_SECONDS_MAX - 0.001)
    assert len(table.owned_by(ANNA)) == 2
    table.handle_timeout(OWNERSHIP_IDLE_SECONDS_MAX)
    assert table.owned_by(ANNA).tolist() == [cup]
    assert table.timeout == 1.0 + OWNERSHIP_IDLE_SECONDS_MAX
    assert table.holding(plate) == Holding(plate, ROOM, 1, 1)


def test_rep_64_the_next_entity_in_a_slot_begins_anew() -> None:
    table, world, (cup,) = room()
    table.handle_claim(0.0, cup, ANNA, 9, 9)
    world.despawn(cup)
    assert not table.take_rows(0.0, ANNA, rows(cup), u32s(9), 1).any()
    after = world.spawn(Thing())
    assert after & U32_MAX == cup & U32_MAX
    assert table.holding(after) == Holding(after)
    assert not table.take_rows(0.0, ANNA, rows(after), u32s(9), 1).any()
    assert table.handle_claim(0.0, after, BEN, 1, 0).refusal is None
    world.despawn(after)
    table.handle_despawned(rows(after))
    assert table.poll_changed() == []
    assert table.timeout is None
    assert table.holdings() == []


def test_rep_67_rows_count_by_owner_ownership_and_sequence() -> None:
    table, _, (cup, plate, spoon) = room(3)
    table.handle_claim(0.0, cup, ANNA, 1, 0)
    table.handle_claim(0.0, plate, BEN, 1, 0)
    three = rows(cup, plate, spoon)
    assert table.take_rows(0.0, ANNA, three, u32s(1, 1, 0), 10).tolist() == [True, False, False]
    assert table.take_rows(0.0, BEN, three, u32s(1, 2, 0), 10).tolist() == [False, False, False]
    assert table.take_rows(0.0, ANNA, three, u32s(1, 1, 0), 10).tolist() == [False, False, False], "the same again"
    assert table.take_rows(0.0, ANNA, three, u32s(1, 1, 0), 9).tolist() == [False, False, False], "an older one"
    assert table.take_rows(0.0, ANNA, three, u32s(1, 1, 0), 11).tolist() == [True, False, False]
    table.handle_claim(0.0, cup, BEN, 2, 0)
    assert table.take_rows(0.0, BEN, rows(cup), u32s(2), 3).all(), "each owner counts for itself"
    assert not table.take_rows(0.0, ANNA, rows(cup), u32s(2), 12).any()


@pytest.mark.parametrize("slot", [63, 64, 5_000])
def test_slots_are_as_many_as_it_takes(slot: int) -> None:
    table, _, things = room(slot + 1)
    assert table.take_rows(0.0, ANNA, rows(things[slot]), u32s(0), 1).tolist() == [False]
    assert table.handle_claim(0.0, things[slot], ANNA, 1, 0).refusal is None
    assert table.owned_by(ANNA).tolist() == [things[slot]]


def test_rep_63_a_release_of_what_nobody_claimed_is_refused_and_leaves_nothing_behind() -> None:
    table, _, (cup,) = room()
    assert table.handle_release(0.0, cup, ANNA, 0, 0) == Verdict(Holding(cup), Refusal.NOT_OWNER)
    assert table.holdings() == []
