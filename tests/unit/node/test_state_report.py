"""What a room answers of its state plane: to admins about everybody, to others about themselves (REP-88, REP-89)."""

import math

import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import Watcher, desk_of, pose, room_with, watcher
from theta.base.limits import WORLD_FAULT_CHARACTERS_MAX, WORLD_GROUPS_TOLD_MAX
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node import state_report
from theta.node.events import Answered
from theta.node.peer import Peer
from theta.node.state_report import NOT_TOLD, fault_text
from theta.replication.standard import Pose, Shape
from theta.wire.interest_messages import InterestAnswer, InterestRequest, ScopeName, WorldAnswer, WorldRequest
from theta.wire.messages import RequestRefused


def answer_of(pump: Pump, peer: Peer) -> object:
    pump.pump()
    return pump.told(peer, Answered)[-1].answer


def ask(pump: Pump, peer: Peer, actor: int, entity: int, scope: ScopeName = "") -> object:
    number = peer.ask(lambda number: InterestRequest(number, actor, entity, scope))
    answer = answer_of(pump, peer)
    assert isinstance(answer, InterestAnswer | RequestRefused)
    assert answer.request == number
    return answer


def ask_world(pump: Pump, peer: Peer) -> object:
    peer.ask(WorldRequest)
    return answer_of(pump, peer)


def entities_of(pump: Pump) -> list[int]:
    """What lives in the room's world, by its place along x."""
    found = []
    for entities, (poses,) in desk_of(pump).plane.world.query(Pose):
        found += list(zip(poses["translation"][:, 0].tolist(), entities.tolist(), strict=True))
    return [entity for _, entity in sorted(found)]


@pytest.fixture
def pump() -> Pump:
    """Something near, and something far away."""
    return room_with(pose(3.0), pose(90.0))


@pytest.fixture
def anna(pump: Pump) -> Watcher:
    """An editor who stands at the origin and has all that is near."""
    found = watcher(pump, "anna")
    pump.advance(1.0)
    return found


def test_rep_88_an_admin_hears_why_somebody_is_told(pump: Pump, anna: Watcher) -> None:
    near, far = entities_of(pump)
    ada = pump.join("Ada", "admin")
    told = ask(pump, ada, anna.actor, near)
    assert isinstance(told, InterestAnswer)
    assert (told.relevant, told.reasons, told.waits_for) == (True, ["within the radius"], "nothing")
    assert told.distance_metres == pytest.approx(3.0, abs=0.01)
    assert told.radius_metres == 10.0
    assert told.tick == desk_of(pump).tick > 0
    assert told.acknowledged_tick >= told.changed_tick > 0
    not_told = ask(pump, ada, anna.actor, far)
    assert isinstance(not_told, InterestAnswer)
    assert (not_told.relevant, not_told.waits_for) == (False, "relevance")
    assert not_told.distance_metres == pytest.approx(90.0, abs=0.01)
    assert not_told.reasons == ["90.00 m away, beyond 10.00 m, in no region and not its own"]
    scoped = ask(pump, ada, anna.actor, near, "editor")
    assert isinstance(scoped, InterestAnswer)
    assert (scoped.cell, scoped.distance_metres, scoped.reasons) == (-1, -1.0, ["it has no place in this scope"])


def test_rep_88_an_admin_hears_that_there_is_no_such_entity_or_participant(pump: Pump, anna: Watcher) -> None:
    near, _ = entities_of(pump)
    ada = pump.join("Ada", "admin")
    unknown = ask(pump, ada, anna.actor, near + 2**33)
    assert isinstance(unknown, RequestRefused)
    assert (unknown.code, "entity" in unknown.reason) == ("InvalidValue", True)
    nobody = ask(pump, ada, anna.actor + 1, near)
    assert isinstance(nobody, RequestRefused)
    assert (nobody.code, "peer" in nobody.reason) == ("InvalidValue", True)


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_rep_88_others_ask_only_about_themselves(pump: Pump, anna: Watcher, role: str) -> None:
    near, _ = entities_of(pump)
    ben = pump.join("Ben", "viewer" if role == "viewer" else "editor")
    refused = ask(pump, ben, anna.actor, near)
    assert isinstance(refused, RequestRefused)
    assert (refused.code, refused.reason) == (
        "NotAllowed",
        f"a {role} asks only what they are told of themselves; ask an admin",
    )


def test_rep_88_of_what_somebody_is_not_told_they_hear_nothing(pump: Pump, anna: Watcher) -> None:
    """Neither where it is nor whether it lives: else ids could be tried, and places be found from a few distances."""
    near, far = entities_of(pump)
    for number, entity in enumerate((near, far, far + 2**33)):
        anna.say(InterestRequest(number, anna.actor, entity, ""))
    pump.pump()
    own, *hidden = anna.of(InterestAnswer)
    assert (own.relevant, own.radius_metres) == (True, 10.0)
    assert len(hidden) == 2
    for each in hidden:
        assert (each.relevant, each.reasons, each.distance_metres) == (False, list(NOT_TOLD), -1.0)
        assert (each.cell, each.changed_tick, each.radius_metres) == (-1, 0, -1.0)


def test_rep_88_without_the_state_plane_one_is_told_of_nothing(pump: Pump) -> None:
    near, _ = entities_of(pump)
    ben = pump.peer("Ben", capabilities=("fold", "chat"))
    pump.connect(ben)
    hidden = ask(pump, ben, ben.actor, near)
    assert isinstance(hidden, InterestAnswer)
    assert hidden.reasons == list(NOT_TOLD)


@system(Stage.RENDER, writes=(Pose,))
def stir(world: World, seconds: float) -> None:
    for _, (poses,) in world.query_mut(Pose):
        poses["translation"][:, 1] += 0.1 * seconds


@system(Stage.RENDER, writes=(Pose,))
def stumble(world: World, seconds: float) -> None:
    stir(world, seconds)
    raise RuntimeError("no way")


def moving(world: World) -> None:
    world.spawn(Shape())
    world.schedule.add(stir)


def test_rep_89_an_admin_hears_how_the_world_is() -> None:
    pump = room_with(*(pose(0.1 * number) for number in range(40)), fill=moving)
    anna = watcher(pump, "anna")
    ada = pump.join("Ada", "admin")
    pump.advance(2.5)
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    assert (found.tick, found.entities, found.fault) == (desk_of(pump).tick, 41, "")
    assert [(group.components, group.entities) for group in found.groups] == [
        (["theta.Pose", "theta.Shape"], 40),
        (["theta.Shape"], 1),
    ]
    told = {peer.actor: peer for peer in found.peers}
    mine = told[anna.actor]
    assert mine.cells == len(desk_of(pump).plane.cells_of(anna.actor)) > 2
    assert not mine.joining
    # 40 things that move in each of 30 ticks: some bytes each, and no more than the budget.
    assert 40 * 30 < mine.bytes_per_second < 65_536
    assert [(each.stage, each.system) for each in found.systems] == [("render", "stir"), ("render", "")]
    assert all(each.runs > 60 and each.p99_seconds >= each.average_seconds >= 0.0 for each in found.systems)


def test_rep_89_what_is_sent_is_measured_by_the_second() -> None:
    pump = room_with(*(pose(0.1 * number) for number in range(40)), fill=moving)
    anna = watcher(pump, "anna")
    ada = pump.join("Ada", "admin")
    pump.advance(3.0)
    before = anna.told_bytes
    pump.advance(4.0)
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    told = next(peer for peer in found.peers if peer.actor == anna.actor)
    assert math.isclose(told.bytes_per_second, (anna.told_bytes - before) / 4.0, rel_tol=0.05)


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_rep_89_nobody_else_does(pump: Pump, role: str) -> None:
    ben = pump.join("Ben", "viewer" if role == "viewer" else "editor")
    refused = ask_world(pump, ben)
    assert isinstance(refused, RequestRefused)
    assert refused.code == "NotAllowed"


def test_rep_89_the_largest_groups_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WORLD_GROUPS_TOLD_MAX > 1
    monkeypatch.setattr(state_report, "WORLD_GROUPS_TOLD_MAX", 1)
    pump = room_with(pose(0.0), pose(1.0), fill=moving)
    ada = pump.join("Ada", "admin")
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    assert ([group.entities for group in found.groups], found.entities) == ([2], 3)


def test_rep_89_a_world_that_stands_still_says_why() -> None:
    pump = room_with(pose(0.0), fill=lambda world: world.schedule.add(stumble))
    watcher(pump, "anna")
    ada = pump.join("Ada", "admin")
    pump.advance(1.0)
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    line = stumble.__code__.co_firstlineno + 3
    assert found.fault == f"test_state_report.py:{line}: RuntimeError: no way"


def test_a_fault_is_cut_and_may_come_from_nowhere() -> None:
    assert fault_text(RuntimeError("no way")) == "RuntimeError: no way"
    pump = room_with(pose(0.0), fill=lambda world: world.schedule.add(long_winded))
    watcher(pump, "anna")
    ada = pump.join("Ada", "admin")
    pump.advance(1.0)
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    assert len(found.fault) == WORLD_FAULT_CHARACTERS_MAX


@system(Stage.RENDER)
def long_winded(world: World, seconds: float) -> None:
    raise RuntimeError("no " * 1_000)


def test_rep_89_who_is_gone_for_the_moment_is_not_told_of() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    ada = pump.join("Ada", "admin")
    pump.advance(1.0)
    pump.drop(anna)
    found = ask_world(pump, ada)
    assert isinstance(found, WorldAnswer)
    assert anna.actor not in [peer.actor for peer in found.peers]
    explained = ask(pump, ada, anna.actor, entities_of(pump)[0])
    assert isinstance(explained, InterestAnswer)
