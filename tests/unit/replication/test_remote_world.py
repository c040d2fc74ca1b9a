"""The room's entities in a world of one's own, where somebody else may do what they like."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.state_owning import COMPONENTS, DECLARED, NUMBERS, Link, Note, Probe
from theta.base.errors import InvalidValue
from theta.ecs.entities import Entity
from theta.ecs.relations import ChildOf
from theta.ecs.world import World
from theta.replication.descriptors import SessionComponents, component_descriptors
from theta.replication.receiving import StateUpdate, Written
from theta.replication.remote_world import RemoteWorld
from theta.replication.standard import Pose

ONE, OTHER, THIRD = (1 << 32 | number for number in range(3))


@pytest.fixture
def shown() -> RemoteWorld:
    session = SessionComponents()
    session.handle_descriptors(component_descriptors(COMPONENTS))
    return RemoteWorld(World(), session)


def update(
    spawned: Sequence[int] = (),
    written: dict[type[object], dict[int, object]] | None = None,
    removed: dict[type[object], list[int]] | None = None,
    despawned: Sequence[int] = (),
) -> StateUpdate:
    told = [(NUMBERS[declared], values(declared, rows)) for declared, rows in (written or {}).items()]
    gone = [(NUMBERS[declared], rows) for declared, rows in (removed or {}).items()]
    return StateUpdate(1, list(spawned), gone, told, list(despawned))


def values(declared: type[object], rows: dict[int, object]) -> Written:
    component = COMPONENTS[DECLARED.index(declared)]
    columns = {}
    for name, kind, _ in component.fields:
        columns[name] = kind.check_rows(name, [getattr(each, name) for each in rows.values()], len(rows))
    objects = tuple(tuple(kind.encode_rows(columns[name])) for name, kind in component.lanes.objects)
    return Written(np.array(list(rows), np.uint64), component.lanes.quantise(columns, len(rows)), objects)


def test_rep_17_entities_have_ids_of_this_world(shown: RemoteWorld) -> None:
    mine = shown.world.spawn()
    shown.handle_update(update([ONE, OTHER], {Probe: {ONE: Probe((1.0, 0.0, 0.0)), OTHER: Probe((2.0, 0.0, 0.0))}}))
    one, other = shown.local(ONE), shown.local(OTHER)
    assert one is not None
    assert other is not None
    assert len({mine, one, other}) == 3
    assert shown.world.read(other, Probe).metres == (2.0, 0.0, 0.0)
    assert (shown.remote(one), shown.remote(mine)) == (ONE, None)
    assert len(shown) == 2
    assert shown.entities.tolist() == [one, other]
    shown.handle_update(update(despawned=[ONE]))
    assert not shown.world.contains(one)
    assert shown.remote(one) is None
    assert shown.clear() == (other,)
    assert shown.world.entity_count == 1
    assert shown.world.contains(mine)


def test_what_is_announced_has_its_id_before_it_is_told_of(shown: RemoteWorld) -> None:
    early = shown.announce(ONE)
    assert shown.announce(ONE) == early
    assert shown.world.contains(early)
    assert shown.local(ONE) is None
    assert shown.remote(early) == ONE
    shown.handle_update(update([ONE, OTHER], {Probe: {ONE: Probe((1.0, 0.0, 0.0))}}))
    assert shown.local(ONE) == early == shown.announce(ONE)
    assert shown.world.read(early, Probe).metres == (1.0, 0.0, 0.0)
    shown.forget(ONE)
    assert shown.world.contains(early), "what is told of ends when the room says so"
    gone = shown.announce(THIRD)
    shown.forget(THIRD)
    shown.forget(THIRD)
    assert not shown.world.contains(gone)
    assert shown.announce(THIRD) != gone
    shown.clear()
    assert shown.world.entity_count == 0


def test_what_is_announced_and_despawned_here_comes_under_another_id(shown: RemoteWorld) -> None:
    early = shown.announce(ONE)
    shown.world.despawn(early)
    shown.handle_update(update([ONE], {Probe: {ONE: Probe((1.0, 0.0, 0.0))}}))
    here = shown.local(ONE)
    assert here is not None
    assert here != early
    assert shown.world.read(here, Probe).metres == (1.0, 0.0, 0.0)
    shown.announce(OTHER)
    shown.world.despawn(shown.announce(OTHER))
    shown.forget(OTHER)
    assert shown.world.entity_count == 1


def test_no_more_is_announced_than_a_room_holds(shown: RemoteWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.replication.remote_world.STATE_ENTITIES_MAX", 2)
    first, *_ = [shown.announce(remote) for remote in (ONE, OTHER, THIRD)]
    assert not shown.world.contains(first)
    assert shown.world.entity_count == 2


def test_rep_22_components_of_ones_own_are_overruled_by_the_rooms(shown: RemoteWorld) -> None:
    shown.handle_update(update([ONE, OTHER], {Note: {ONE: Note("a")}}))
    one, other = shown.local(ONE), shown.local(OTHER)
    assert one is not None
    assert other is not None
    shown.world.insert(other, Note("mine"))
    shown.world.remove(one, Note)
    assert shown.having(NUMBERS[Note], {ONE: one, OTHER: other}) == []
    shown.handle_update(update(written={Note: {ONE: Note("b"), OTHER: Note("c")}}))
    assert [shown.world.read(each, Note).text for each in (one, other)] == ["b", "c"]
    assert shown.having(NUMBERS[Note], {ONE: one, OTHER: other}) == [ONE, OTHER]
    shown.world.remove(one, Note)
    shown.handle_update(update(removed={Note: [ONE, OTHER]}))
    assert not shown.world.has(other, Note)


def test_rep_22_what_names_entities_follows_them(shown: RemoteWorld) -> None:
    shown.handle_update(update([ONE], {Link: {ONE: Link(OTHER)}}))
    one = shown.local(ONE)
    assert one is not None
    assert shown.world.read(one, Link).target == 0
    for _ in range(2):
        shown.handle_update(update([OTHER]))
        assert shown.world.read(one, Link).target == shown.local(OTHER) != 0
        shown.handle_update(update(despawned=[OTHER]))
        assert shown.world.read(one, Link).target == 0
    shown.handle_update(update([THIRD], {Link: {ONE: Link(THIRD)}}))
    shown.handle_update(update([OTHER]))
    assert shown.world.read(one, Link).target == shown.local(THIRD), "an older value is not told again"
    shown.handle_update(update(removed={Link: [ONE]}))
    shown.handle_update(update(despawned=[THIRD]))
    assert not shown.world.has(one, Link)
    shown.handle_update(update(written={Link: {ONE: Link(THIRD)}}))
    shown.handle_update(update(despawned=[ONE]))
    shown.handle_update(update([THIRD]))
    assert not shown._references, "nothing is kept of who is not here"
    assert not shown._referring


def test_a_number_that_means_nothing_is_passed_over(shown: RemoteWorld) -> None:
    shown.handle_update(update([ONE]))
    probe = values(Probe, {ONE: Probe((1.0, 0.0, 0.0))})
    shown.write(99, probe)
    shown.handle_update(StateUpdate(1, [], [(99, [ONE])], [], []))
    shown.write(NUMBERS[Probe], values(Probe, {OTHER: Probe((1.0, 0.0, 0.0))}))
    here = shown.local(ONE)
    assert here is not None
    assert not shown.world.has(here, Probe)
    assert shown._session.received.skipped == {-1: 1}


def test_rows_that_no_field_holds_are_counted_and_left_out(shown: RemoteWorld) -> None:
    shown.handle_update(update([ONE]))
    note = values(Note, {ONE: Note("a")})
    shown.write(NUMBERS[Note], note._replace(objects=((b"\xff\xfe",),)))
    assert shown.misfits == {"test.owning.Note": 1}
    here = shown.local(ONE)
    assert here is not None
    assert not shown.world.has(here, Note)
    with pytest.raises(InvalidValue):
        values(Note, {ONE: Note("far too long for it")})
    assert Entity(here) == here
    assert not shown.world.has(here, Pose)


def test_a_child_that_is_still_shown_does_not_end_with_a_parent_that_is_not(shown: RemoteWorld) -> None:
    """The parent went out of reach, and the child was shown no more until it went itself."""
    shown.handle_update(update([ONE, OTHER], {ChildOf: {OTHER: ChildOf(ONE)}}))
    one, child = shown.local(ONE), shown.local(OTHER)
    assert one is not None
    assert child is not None
    assert shown.world.parent_of(child) == one
    shown.handle_update(update(despawned=[ONE]))
    assert not shown.world.contains(one)
    assert shown.world.contains(child)
    assert shown.world.parent_of(child) is None
    shown.handle_update(update([ONE]))
    assert shown.world.parent_of(child) == shown.local(ONE)
    mine = shown.world.spawn(ChildOf(child))
    shown.handle_update(update(despawned=[ONE, OTHER]))
    assert not shown.world.contains(mine), "what is one's own goes with what it hangs on"
    assert shown.world.entity_count == 0


def test_parents_of_different_ticks_may_go_in_a_circle_for_a_while(shown: RemoteWorld) -> None:
    """The room turned a child and its parent round; what it told of one came before what it told of the other."""
    shown.handle_update(update([ONE, OTHER, THIRD], {ChildOf: {ONE: ChildOf(OTHER), OTHER: ChildOf(THIRD)}}))
    one, other, third = (shown.local(each) for each in (ONE, OTHER, THIRD))
    assert one is not None
    assert other is not None
    assert third is not None
    shown.handle_update(update(written={ChildOf: {THIRD: ChildOf(ONE), OTHER: ChildOf(THIRD)}}))
    assert shown.world.parent_of(third) is None
    assert [shown.world.parent_of(each) for each in (one, other)] == [other, third]
    shown.handle_update(update(written={Probe: {THIRD: Probe((1.0, 0.0, 0.0))}}))
    assert shown.world.parent_of(third) is None
    shown.handle_update(update(removed={ChildOf: [ONE]}))
    assert [shown.world.parent_of(each) for each in (other, third)] == [third, one]
    shown.handle_update(update(written={ChildOf: {ONE: ChildOf(OTHER)}}))
    assert shown.world.parent_of(one) is None
    shown.handle_update(update(removed={ChildOf: [ONE]}))
    assert shown.world.parent_of(one) is None
    assert not shown.world.has(one, ChildOf)
