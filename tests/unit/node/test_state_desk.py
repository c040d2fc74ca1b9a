"""The state plane in a whole room: who is told of it, over which connections, and what that costs whom."""

import json
import sys
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from tests.support.participants import Newcomer
from tests.support.state_company import Gizmo
from tests.support.state_in_rooms import (
    FAR,
    HERE,
    WATCHING,
    Note,
    Watcher,
    desk_of,
    height,
    of,
    pose,
    positions,
    rise,
    rising,
    room_with,
    watcher,
)
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import STATE_ENTITIES_MAX
from theta.commands.governing import Kick, SetRole
from theta.ecs.component import Column, Plane, component
from theta.ecs.errors import UnknownComponent
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.state_desk import FIRST_LOOK_SECONDS, STATE_MESSAGES
from theta.node.state_plane import TICK_SECONDS
from theta.node.state_world import StateWorld
from theta.replication.presence import HEAD_VALID, Presence, encode_presence
from theta.replication.standard import Pose, Shape
from theta.wire.interest_messages import SelectEntities, SubscribeRegion, UnsubscribeRegion
from theta.wire.messages import Message, PresenceUpdate, Roster
from theta.wire.ownership_messages import (
    ClaimOwnership,
    DespawnEntities,
    OwnedState,
    OwnershipChanged,
    ReleaseOwnership,
    SpawnEntities,
)
from theta.wire.state_messages import (
    STATE_FROM_ROOM,
    CellHash,
    CellHashes,
    CellsLeft,
    ComponentDescriptors,
    StateAck,
    StateChunk,
    StateChunksReceived,
    StateFrame,
)

EXAMPLES: dict[type[Message], Message] = {
    type(each): each
    for each in (
        StateAck(1, 0),
        StateChunksReceived(1, [0]),
        CellHashes([]),
        SubscribeRegion(1, (0.0, 0.0, 0.0), 5.0),
        UnsubscribeRegion(1),
        SelectEntities(b""),
        ClaimOwnership(1, 1, 0),
        ReleaseOwnership(1, 1, 0, keep=False),
        OwnedState(1, 1, b"", b""),
        SpawnEntities(1, b""),
        DespawnEntities(1, b""),
    )
}


@component("test.desk.Deed", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Deed:
    number: Annotated[int, Column("<u4")] = 0


# -- who is told -------------------------------------------------------------------------------------------------------


def test_rep_25_a_session_with_the_capability_is_told_of_the_components_and_then_of_what_is_around() -> None:
    pump = room_with(pose(0.0), pose(1.0), pose(30.0), components=(Note,))
    anna = watcher(pump, "anna")
    pump.advance(0.3)
    first = anna.told[0]
    assert isinstance(first, ComponentDescriptors)
    assert [json.loads(text)["name"] for text in first.descriptors] == ["theta.Pose", "theta.Shape", "test.desk.Note"]
    assert len(of(anna, ComponentDescriptors)) == 1
    assert positions(anna) == [HERE, (1.0, 0.0, 0.0)]
    assert anna.follower.has_snapshot


def test_rep_25_a_session_without_the_capability_is_told_nothing_and_may_say_nothing_of_it() -> None:
    pump = room_with(pose(0.0))
    anna = Newcomer("anna", pump.room.invite("admin"))
    pump.connect(anna)
    pump.advance(1.0)
    assert not [message for message in anna.heard if isinstance(message, STATE_FROM_ROOM)]
    assert desk_of(pump).tick == 0, "nobody is here to be told"
    anna.say(StateAck(1, 0))
    pump.pump()
    assert pump.closes[-1].reason.startswith("ProtocolError"), pump.closes


@pytest.mark.parametrize("kind", STATE_MESSAGES, ids=lambda kind: str(kind.__name__))
def test_rep_25_each_message_of_the_plane_is_a_protocol_error_without_the_capability(kind: type[Message]) -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna", capabilities=("fold", "presence"))
    connection = pump.room._connections.find(pump.number_of(anna))
    assert connection is not None
    assert connection.participant is not None
    with pytest.raises(ProtocolError, match=kind.__name__):
        desk_of(pump).handle_message(pump.now, connection.participant, EXAMPLES[kind])


def test_rep_25_who_shows_no_head_looks_from_the_origin() -> None:
    pump = room_with(pose(0.0), pose(100.0))
    anna = watcher(pump, "anna", at=None)
    pump.advance(FIRST_LOOK_SECONDS - TICK_SECONDS)
    assert positions(anna) == []
    pump.advance(2 * TICK_SECONDS)
    assert positions(anna) == [HERE]
    anna.show(FAR)
    pump.advance(3.0)
    assert positions(anna) == [FAR], "and from its head once it shows one"


def test_rep_25_a_head_that_is_nowhere_on_earth_looks_from_the_border() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna", at=(1e30, 0.0, -1e30))
    pump.advance(0.5)
    assert anna.is_open
    assert positions(anna) == []
    row = Presence(anna.actor, 2, HEAD_VALID ^ 0xFF, head_position=HERE)
    anna.say(PresenceUpdate(encode_presence(row)))
    pump.advance(0.5)
    assert positions(anna) == [], "no head, no look"


def test_rep_25_components_are_of_the_state_plane_and_declared() -> None:
    assert [each.name for each in StateWorld(World(), (Note, Shape)).declarations] == [
        "theta.Pose",
        "theta.Shape",
        "test.desk.Note",
    ]
    with pytest.raises(InvalidValue, match="Deed"):
        _ = StateWorld(World(), (Deed,)).declarations
    with pytest.raises(UnknownComponent):
        _ = StateWorld(World(), (int,)).declarations


def test_a_world_has_no_more_entities_than_a_room() -> None:
    with pytest.raises(InvalidValue, match=r"entities_max is 100001, but must be at most 100000"):
        _ = StateWorld(World(entities_max=STATE_ENTITIES_MAX + 1)).declarations


def test_scopes_follow_the_role() -> None:
    pump = room_with((Pose(HERE), Shape(), Gizmo(3)), components=(Gizmo,))
    editor, viewer = watcher(pump, "edith"), watcher(pump, "victor", "viewer")
    admin = pump.join("anna", "admin")
    pump.advance(0.5)

    def gizmos(each: Watcher) -> int:
        return sum(len(rows.entities) for rows in each.follower.world.query(Gizmo))

    assert (gizmos(editor), gizmos(viewer)) == (1, 0)
    admin.perform(pump.now, [SetRole(editor.identity.public_key, "viewer")])
    admin.perform(pump.now, [SetRole(viewer.identity.public_key, "editor")])
    pump.advance(1.0)
    assert (gizmos(editor), gizmos(viewer)) == (0, 1), "demoted and promoted"
    assert positions(editor) == positions(viewer) == [HERE], "what is for everybody stays"
    admin.perform(pump.now, [Kick(viewer.identity.public_key, "enough")])
    pump.advance(1.0)
    assert not viewer.is_open
    assert pump.room.telemetry(pump.now)["theta_state_peers"] == 1


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_world_in_which_nothing_lives_costs_no_ticks() -> None:
    pump = room_with()
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    ticks = desk_of(pump).tick
    assert 0 < ticks < 8, "anna was told that there is nothing"
    assert anna.follower.has_snapshot
    pump.advance(60.0)
    assert desk_of(pump).tick == ticks
    assert desk_of(pump).timeout is None
    entity = desk_of(pump).plane.world.spawn(*pose(1.0))
    pump.advance(2.0)
    assert positions(anna) == [(1.0, 0.0, 0.0)]
    desk_of(pump).plane.world.despawn(entity)
    pump.advance(10.0)
    assert positions(anna) == []
    ticks = desk_of(pump).tick
    pump.advance(10.0)
    assert desk_of(pump).tick == ticks


def test_rep_26_a_world_stands_still_while_nobody_is_here() -> None:
    pump = room_with(pose(0.0), fill=rising)
    pump.advance(10.0)
    assert (height(pump), desk_of(pump).tick) == (0.0, 0)
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    assert height(pump) == pytest.approx(1.0, abs=0.05)
    assert desk_of(pump).tick == pytest.approx(30, abs=2)
    pump.drop(anna)
    before = height(pump)
    pump.advance(100.0)
    assert height(pump) == before
    pump.connect(anna)
    pump.advance(1.0)
    assert height(pump) == pytest.approx(before + 1.0, abs=0.3)
    assert positions(anna)[0][1] == pytest.approx(height(pump), abs=0.1)


def test_a_system_that_fails_stops_the_systems_and_nothing_else() -> None:
    runs: list[float] = []

    @system(Stage.SIMULATION, writes=(Pose,))
    def fail(world: World, seconds: float) -> None:
        runs.append(seconds)
        if len(runs) == 40:
            raise ZeroDivisionError("of a garden")

    def fill(world: World) -> None:
        world.schedule.add(rise, fail)

    pump = room_with(pose(0.0), fill=fill)
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    notices = list(iter(pump.room.poll_state_notice, None))
    assert [each.kind for each in notices] == ["fault"]
    assert notices[0].text == "the world's systems stand still: ZeroDivisionError: of a garden"
    assert isinstance(notices[0].error, ZeroDivisionError)
    assert notices[0].error.__traceback__ is not None
    assert len(runs) == 40
    assert pump.room.telemetry(pump.now)["theta_state_systems_failed"] == 1
    world = desk_of(pump).plane.world
    for rows in world.query(Pose):
        world.write(rows.entities[0], Pose((2.0, 0.0, 0.0)))
        break
    pump.advance(1.0)
    assert positions(anna) == [(2.0, 0.0, 0.0)], "the plane goes on"
    assert pump.room.poll_state_notice() is None, "told once"


def test_an_observer_that_fails_stops_the_systems_and_nothing_else() -> None:
    def refuse(world: World, entities: object) -> None:
        raise RuntimeError("not today")

    pump = room_with(pose(0.0), fill=lambda world: world.observers.on_insert(Pose, refuse))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    desk_of(pump).plane.world.commands.spawn(*pose(1.0))
    pump.advance(0.5)
    assert [each.kind for each in iter(pump.room.poll_state_notice, None)] == ["fault"]
    assert positions(anna) == [HERE, (1.0, 0.0, 0.0)]


def test_a_system_that_exits_ends_itself_and_not_the_room() -> None:
    @system(Stage.SIMULATION)
    def leave(world: World, seconds: float) -> None:
        sys.exit("no more flowers")

    pump = room_with(pose(0.0), fill=lambda world: world.schedule.add(leave))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    (notice,) = iter(pump.room.poll_state_notice, None)
    assert notice.text == "the world's systems stand still: SystemExit: no more flowers"
    assert positions(anna) == [HERE]


def test_an_observer_of_what_an_observer_did_stops_the_systems_and_no_tick() -> None:
    def write_a_note(world: World, entities: object) -> None:
        world.commands.spawn(Note(b"somebody came"))

    def refuse(world: World, entities: object) -> None:
        raise RuntimeError("no notes")

    def watch(world: World) -> None:
        world.observers.on_insert(Pose, write_a_note)
        world.observers.on_insert(Note, refuse)

    pump = room_with(pose(1.0), components=(Note,), fill=watch)
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    desk = desk_of(pump)
    desk._systems.fault = ValueError("there are no stages, at whose ends the world is flushed")
    desk.plane.world.spawn(*pose(0.0))
    pump.advance(0.5)
    assert positions(anna) == [HERE, (1.0, 0.0, 0.0)]
    assert desk.plane.world.entity_count == 3


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e30, -0.0])
def test_numbers_that_are_none_do_not_stop_the_room(bad: float) -> None:
    @system(Stage.SIMULATION, writes=(Pose, Shape))
    def spoil(world: World, seconds: float) -> None:
        for _, (poses, shapes) in world.query_mut(Pose, Shape):
            poses["translation"][0] = bad
            poses["rotation"][0] = bad
            shapes["size"][0] = bad

    pump = room_with(pose(0.0), pose(1.0), fill=lambda world: world.schedule.add(spoil))
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    assert pump.room.poll_state_notice() is None
    assert (1.0, 0.0, 0.0) in positions(anna)
    shown = np.concatenate([rows.columns[0]["translation"] for rows in anna.follower.world.query(Pose)])
    assert np.isfinite(shown).all()
    assert pump.room.telemetry(pump.now)["theta_state_divergences_total"] == 0


@pytest.mark.parametrize("bad", [b"x" * 8_193, "text", None, 7])
def test_rep_8_bytes_that_are_none_count_as_empty_and_do_not_stop_the_room(bad: object) -> None:
    @system(Stage.SIMULATION, writes=(Note,))
    def scribble(world: World, seconds: float) -> None:
        for _, (notes,) in world.query_mut(Note):
            notes["text"][0] = bad

    entities = [(*pose(0.0), Note(b"before")), (*pose(0.0), Note(b"as it was"))]
    pump = room_with(*entities, components=(Note,), fill=lambda world: world.schedule.add(scribble))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    told = [text for rows in anna.follower.world.query(Note) for text in rows.columns[0]["text"].tolist()]
    assert told == [b"", b"as it was"]
    assert pump.room.poll_state_notice() is None


# -- notices -----------------------------------------------------------------------------------------------------------


def test_slow_systems_are_told_of_now_and_then() -> None:
    pump = room_with(pose(0.0), fill=rising)
    world = desk_of(pump).plane.world
    seconds = iter(range(10**9))
    world.schedule.clock = lambda: float(next(seconds))
    watcher(pump, "anna")
    pump.advance(2.0)
    notices = list(iter(pump.room.poll_state_notice, None))
    assert [each.kind for each in notices] == ["slow"]
    assert "the stage simulation took" in notices[0].text
    assert "and rise 1000.0 ms of that" in notices[0].text
    assert notices[0].passed_over > 50
    pump.advance(5.0)
    assert pump.room.poll_state_notice() is None, "one in ten seconds"
    pump.advance(6.0)
    assert pump.room.poll_state_notice() is not None


def test_components_that_the_room_does_not_list_are_told_of() -> None:
    pump = room_with((Pose(HERE), Note()))
    watcher(pump, "anna")
    pump.advance(0.2)
    notice = pump.room.poll_state_notice()
    assert notice is not None
    assert (notice.kind, "test.desk.Note" in notice.text) == ("unnumbered", True)


def test_a_participant_that_diverged_is_told_of_and_counted() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    cell = int(desk_of(pump).plane.cells_of(anna.actor)[0])
    wrong = CellHash(cell, desk_of(pump).tick, (0).to_bytes(2, "little") + bytes(8))
    anna.say(CellHashes([wrong]))
    pump.advance(0.5)
    notice = pump.room.poll_state_notice()
    assert notice is not None
    assert notice.kind == "diverged"
    assert f"{anna.actor:016x}" in notice.text
    assert pump.room.telemetry(pump.now)["theta_state_divergences_total"] == 1
    assert positions(anna) == [HERE]


def test_wire_40_the_state_plane_is_counted_and_measured() -> None:
    pump = room_with(pose(0.0), pose(1.0), fill=rising)
    watcher(pump, "anna")
    watcher(pump, "ben")
    pump.advance(1.0)
    found = pump.room.telemetry(pump.now)
    assert (found["theta_state_entities"], found["theta_state_peers"]) == (2, 2)
    assert found["theta_state_ticks_total"] == desk_of(pump).tick
    assert found["theta_state_frames_total"] > 40
    assert found["theta_state_sent_bytes_total"] > found["theta_state_encoded_bytes_total"] > 100, "encoded once"
    assert found["theta_state_tick_seconds_count"] == found["theta_state_world_seconds_count"] == desk_of(pump).tick
    assert found["theta_state_systems_failed"] == 0


# -- snapshots and budgets ---------------------------------------------------------------------------------------------


def chunk_sizes(capabilities: tuple[str, ...]) -> tuple[int, int]:
    """What a snapshot's chunks are, and what they hold, in bytes."""
    pump = room_with(*((Pose((0.05 * at, 0.0, 0.0)), Note(b"the same " * 400)) for at in range(30)), components=(Note,))
    anna = watcher(pump, "anna", capabilities=capabilities)
    pump.advance(0.5)
    assert anna.follower.has_snapshot
    assert len(positions(anna)) == 30
    chunks = [each for each in anna.told if isinstance(each, StateChunk)]
    return sum(len(each.data) for each in chunks), sum(each.size for each in chunks)


def test_rep_28_chunks_are_compressed_for_sessions_that_take_it_alone() -> None:
    data, size = chunk_sizes(WATCHING)
    assert data < size / 10
    data, size = chunk_sizes(("fold", "presence", "state"))
    assert data == size


def test_rep_28_who_takes_compressed_chunks_and_who_does_not_join_together() -> None:
    pump = room_with(*((Pose((0.05 * at, 0.0, 0.0)), Note(b"the same " * 400)) for at in range(30)), components=(Note,))
    both = [
        watcher(pump, "anna", at=None),
        watcher(pump, "ben", at=None, capabilities=("fold", "presence", "state")),
    ]
    pump.advance(1.0)
    first, second = ([each for each in one.told if isinstance(each, StateChunk)] for one in both)
    assert first[0].snapshot != second[0].snapshot
    assert len(first[0].data) < len(second[0].data)
    assert positions(both[0]) == positions(both[1])


def test_rep_28_what_comes_with_a_snapshot_is_not_told_in_sections() -> None:
    pump = room_with(*(pose(0.2 * at) for at in range(40)))
    anna = watcher(pump, "anna")
    anna.is_mute = True
    pump.advance(1.0)
    assert of(anna, StateChunk)
    assert not of(anna, StateFrame), "it may still come"
    desk_of(pump).plane.world.spawn(*pose(0.0, 5.0, 0.0))
    pump.advance(0.2)
    assert of(anna, StateFrame), "what is not in it"


def test_rep_28_cells_that_somebody_is_not_told_of_are_to_be_forgotten() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    anna.say(CellHashes([CellHash(4_000, 3, bytes(10))]))
    pump.pump()
    left = of(anna, CellsLeft)
    assert isinstance(left[-1], CellsLeft)
    assert left[-1].cells == [4_000]


def test_rep_29_other_planes_are_charged_to_the_connection_that_they_went_over() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    outbound = pump.room._outbound
    outbound.take_spent()
    number = pump.number_of(anna)
    outbound.send(number, Roster([]))
    outbound.send(number, StateFrame(1, 1, 0, False, b"x" * 500))
    outbound.send(number, CellsLeft(1, [1]))
    assert outbound.take_spent() == {number: len(pump.room.poll_transmit().frame)}  # type: ignore[union-attr]
    assert not outbound.take_spent()
    while pump.room.poll_transmit() is not None:
        pass
    outbound.send(number, Roster([]))
    pump.drop(anna)
    assert number not in outbound.take_spent()


def test_ownership_is_heard_and_told() -> None:
    pump = room_with(pose(0.0))
    anna, ben = watcher(pump, "anna"), watcher(pump, "ben")
    pump.advance(0.5)
    entity = next(each for rows in desk_of(pump).plane.world.query(Pose) for each in rows.entities.tolist())
    anna.say(ClaimOwnership(entity, 1, 0))
    pump.advance(0.2)
    for each in (anna, ben):
        changed = each.of(OwnershipChanged)
        assert [row.owner for row in changed[-1].rows] == [anna.actor]
    pump.drop(ben)
    anna.say(ClaimOwnership(entity, 2, 0))
    pump.advance(0.2)
    assert pump.room.telemetry(pump.now)['theta_state_ownership_total{outcome="claims"}'] == 2
