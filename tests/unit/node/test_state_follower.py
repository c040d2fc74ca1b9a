"""A participant's side of the state plane: what it makes of what comes, in whatever order."""

from collections.abc import Iterator

import pytest

from tests.support.state_company import COMPONENTS, Label, Motion, Pose
from theta.base.errors import ProtocolError
from theta.base.limits import STATE_HANDOVER_SECONDS_MAX
from theta.ecs.received import UnknownNotice
from theta.ecs.world import World
from theta.node.lanes import Lane
from theta.node.state_follower import HASHES_SECONDS, EntitiesAppeared, EntitiesDisappeared, StateEvent, StateFollower
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.wire.message import Message
from theta.wire.state_messages import CellHashes, CellsLeft, StateAck, StateChunksReceived, StateFrame

HERE = (0.0, 0.0, 0.0)


def room() -> StatePlane:
    """With somebody in it who looks at the origin."""
    plane = StatePlane(COMPONENTS)
    plane.handle_joined(0.0, 1, "editor")
    plane.handle_pose(1, HERE)
    return plane


def messages(plane: StatePlane) -> Iterator[Message]:
    plane.handle_tick(plane.tick * TICK_SECONDS)
    while told := plane.poll_transmit():
        yield told.message


def answers(follower: StateFollower) -> list[tuple[Lane, Message]]:
    found = []
    while told := follower.poll_transmit():
        found.append(told)
    return found


def events(follower: StateFollower) -> list[StateEvent]:
    found = []
    while (event := follower.poll_event()) is not None:
        found.append(event)
    return found


def test_entities_appear_and_disappear_once() -> None:
    plane, follower = room(), StateFollower()
    one, other = plane.world.spawn(Pose(HERE)), plane.world.spawn(Pose((1.0, 0.0, 0.0)))
    for message in messages(plane):
        follower.handle_message(0.0, message)
    (appeared,) = events(follower)
    assert isinstance(appeared, EntitiesAppeared)
    assert set(appeared.entities) == {follower.local(one), follower.local(other)}
    assert [lane for lane, _ in answers(follower)] == [Lane.STATE]
    here = follower.local(one)
    assert here is not None
    assert follower.world.read(here, Pose).metres == HERE
    follower.handle_message(1.0, CellsLeft(plane.tick, follower.receiver.cells))
    assert events(follower) == [], "they may be in another cell"
    assert follower.timeout is not None
    follower.handle_timeout(1.0 + STATE_HANDOVER_SECONDS_MAX)
    (gone,) = events(follower)
    assert gone == EntitiesDisappeared(appeared.entities)
    assert not follower.world.contains(here)
    assert follower.entity_count == 0


def test_what_overtakes_the_descriptors_is_left_for_later() -> None:
    plane, follower = room(), StateFollower()
    plane.world.spawn(Motion((1.0, 0.0, 0.0)))
    first, *others = messages(plane)
    for message in others:
        follower.handle_message(0.0, message)
    assert follower.counts["early"] == len(others) > 0
    assert answers(follower) == []
    follower.handle_message(0.0, first)
    for message in others:
        follower.handle_message(0.0, message)
    assert follower.entity_count == 1


def test_frames_are_answered_as_datagrams_and_chunks_reliably() -> None:
    plane, follower = room(), StateFollower()
    entity = plane.world.spawn(Pose(HERE))
    for message in messages(plane):
        follower.handle_message(0.0, message)
    ((lane, received),) = answers(follower)
    assert lane is Lane.STATE
    assert isinstance(received, StateChunksReceived)
    assert received == StateChunksReceived(1, [0])
    plane.handle_chunks(1, received)
    plane.world.write(entity, Pose((0.5, 0.0, 0.0)))
    for message in messages(plane):
        follower.handle_message(0.1, message)
    assert answers(follower) == [(Lane.DATAGRAM, StateAck(1, 0))]


def test_hashes_are_told_in_turn() -> None:
    plane, follower = room(), StateFollower()
    for at in range(12):
        plane.world.spawn(Pose((-9.0 + 1.5 * at, 0.0, 5.0 * (at % 2))))
    before = follower.timeout
    assert before is None
    for message in messages(plane):
        follower.handle_message(0.0, message)
    answers(follower)
    told: list[int] = []
    for turn in range(1, 4):
        assert follower.timeout == turn * HASHES_SECONDS
        follower.handle_timeout(turn * HASHES_SECONDS)
        ((lane, message),) = answers(follower)
        assert lane is Lane.STATE
        assert isinstance(message, CellHashes)
        told += [each.cell for each in message.hashes]
        plane.handle_hashes(1, message)
    assert set(told) == set(follower.receiver.cells)
    assert plane.poll_divergence() is None


def test_components_that_are_not_declared_here_are_counted_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plane, follower = room(), StateFollower()
    plane.world.spawn(Pose(HERE), Label(3, b"so"))
    monkeypatch.setattr("theta.ecs.evolution.component_named", lambda name: None if "Label" in name else _named(name))
    for message in messages(plane):
        follower.handle_message(0.0, message)
    assert follower.skipped == {"test.company.Label": 1}
    assert [each for each in events(follower) if isinstance(each, UnknownNotice)] == [
        UnknownNotice(3, "test.company.Label")
    ]
    assert follower.entity_count == 1


def _named(name: str) -> object:
    return next((each for each in COMPONENTS if each.name == name), None)


def test_a_world_of_ones_own_is_kept() -> None:
    world = World()
    mine = world.spawn(Pose((5.0, 0.0, 0.0)))
    plane, follower = room(), StateFollower(world)
    plane.world.spawn(Pose(HERE))
    for message in messages(plane):
        follower.handle_message(0.0, message)
    assert world.entity_count == 2
    assert world.read(mine, Pose).metres == (5.0, 0.0, 0.0)


def test_what_no_room_says_is_refused() -> None:
    plane, follower = room(), StateFollower()
    for message in messages(plane):
        follower.handle_message(0.0, message)
    answers(follower)
    with pytest.raises(ProtocolError):
        follower.handle_message(0.0, StateFrame(1, 1, 0, False, b"\xff\xff"))
    assert answers(follower) == []


def test_a_room_that_tells_of_more_than_it_may_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.node.state_follower.STATE_ENTITIES_MAX", 2)
    plane, follower = room(), StateFollower()
    for _ in range(5):
        plane.world.spawn(Pose(HERE))
    *first, last = messages(plane)
    for message in first:
        follower.handle_message(0.0, message)
    with pytest.raises(ProtocolError, match="5 entities"):
        follower.handle_message(0.0, last)
    assert follower.world.entity_count == 0
