"""The simulation of living rooms can fail: each promise, broken on purpose, is noticed and told with the seed."""

from collections.abc import Callable

import pytest

from theta.ecs.entities import Entity
from theta.ecs.relations import OwnedBy
from theta.ecs.world import World
from theta.node.peer import Peer
from theta.node.state_participant import StateParticipant
from theta.replication.presence import HEAD_VALID, Presence
from theta.replication.standard import Pose
from theta.sim import CALM, LivingSettings, Simulation, SimulationFailed
from theta.wire.state_messages import CellsLeft

pytestmark = pytest.mark.simulation

QUIET = CALM._replace(peers=2, living=LivingSettings(40, 12.0), in_company=True, act_every_seconds=0.3)


def settled(seed: int) -> Simulation:
    simulation = Simulation(seed, QUIET)
    simulation.run(1.0)
    simulation.heal()
    simulation.run_until_shown()
    simulation.run_until_quiet(20.0)
    simulation.check()
    return simulation


def state_of(simulation: Simulation) -> StateParticipant:
    peer: Peer = simulation.peers[0].peer
    return peer.state


def world_of(simulation: Simulation) -> World:
    assert simulation.room is not None
    return simulation.room.state.plane.world


def seen(simulation: Simulation) -> tuple[Entity, Entity]:
    """Something with a place that the first participant sees: in the room, and there."""
    state = state_of(simulation)
    for rows in state.world.query(Pose):
        for local in map(Entity, rows.entities.tolist()):
            if not state.holding.is_owner(local):
                return Entity(state.holding.remote(local)), local
    raise AssertionError("it sees nothing")


def lose_a_cell(simulation: Simulation) -> None:
    receiver = state_of(simulation).follower.receiver
    cell = next(each for each in receiver.cells if receiver.state(each).entities.any())
    receiver.handle_cells_left(simulation.clock.seconds, CellsLeft(2**31, [cell]))


def change_a_value(simulation: Simulation) -> None:
    _, local = seen(simulation)
    state_of(simulation).world.write(local, Pose((1.0, 2.0, 3.0)))


def take_a_component_away(simulation: Simulation) -> None:
    _, local = seen(simulation)
    state_of(simulation).world.remove(local, Pose)


def end_what_is_shown(simulation: Simulation) -> None:
    _, local = seen(simulation)
    state_of(simulation).world.despawn(local)


def forget_an_event(simulation: Simulation) -> None:
    simulation.peers[0].there.pop()


def give_it_to_another(simulation: Simulation) -> None:
    remote, _ = seen(simulation)
    world = world_of(simulation)
    (world.write if world.has(remote, OwnedBy) else world.insert)(remote, OwnedBy(5))


def be_elsewhere(simulation: Simulation) -> None:
    simulation.peers[0].shown = Presence(0, 0, HEAD_VALID, head_position=(50.0, 0.0, 0.0))


def put_something_near(simulation: Simulation) -> None:
    world_of(simulation).spawn(Pose(simulation.peers[0].looks_from))


def be_thrown_out(simulation: Simulation) -> None:
    simulation.peers[0].peer.state.is_on = False


def log_something(simulation: Simulation) -> None:
    simulation.host.complaints.append("the room logs: actor 5 was told anew")


@pytest.mark.parametrize(
    ("sabotage", "said"),
    [
        (lose_a_cell, r"peer 0: cell \d+, at tick 0, is not the room's"),
        (change_a_value, r"peer 0: theta.Pose.translation of entity 0x[0-9a-f]+ is"),
        (take_a_component_away, r"peer 0: theta.Pose: \d+ have it, \d+ should"),
        (end_what_is_shown, "is shown, but does not live"),
        (forget_an_event, "are there by its events"),
        (give_it_to_another, "'s, but the room says 0x5's"),
        (be_elsewhere, "is relevant, but far"),
        (put_something_near, "is near, but not relevant"),
        (be_thrown_out, "peer 0 has no part in the state plane"),
        (log_something, "the room logs: actor 5"),
    ],
)
def test_a_broken_promise_is_told(seed: int, sabotage: Callable[[Simulation], None], said: str) -> None:
    simulation = settled(seed)
    sabotage(simulation)
    with pytest.raises(SimulationFailed, match=said) as failure:
        simulation.check()
    assert f"seed {seed} failed" in str(failure.value)


def test_whoever_is_not_shown_what_lives_within_two_seconds_is_told(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(seed, QUIET)
    simulation.run(1.0)
    state = state_of(simulation)
    monkeypatch.setattr(state.follower, "handle_message", lambda now, message: None)
    simulation.run(1.0)
    simulation.heal()
    with pytest.raises(SimulationFailed, match="not shown after 2 s: peer 0: "):
        simulation.run_until_shown()


def test_whoever_cannot_come_back_is_told(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.sim.simulation.CONNECT_SECONDS_MAX", 1.0)
    simulation = Simulation(seed, QUIET)
    simulation.run(1.0)
    monkeypatch.setattr(simulation.peers[1], "connect", lambda: None)
    connection = simulation.peers[1].connection
    assert connection is not None
    simulation.network.cut(connection)
    simulation.heal()
    with pytest.raises(SimulationFailed, match="not connected 1 s after the network has healed"):
        simulation.run_until_shown()
