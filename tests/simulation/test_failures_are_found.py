"""The simulation can fail: each promise, broken on purpose, is noticed and told together with the seed."""

from collections.abc import Callable, Sequence

import pytest

from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.store import StoredRecord
from theta.node.peer import Peer
from theta.replication.presence import Presence
from theta.sim import CALM, ROOM_DIES, SimulatedDisk, Simulation, SimulationFailed

pytestmark = pytest.mark.simulation


def settled(seed: int) -> Simulation:
    simulation = Simulation(seed, CALM)
    simulation.run(2.0)
    simulation.heal()
    simulation.run_until_quiet(20.0)
    simulation.check()
    return simulation


def acknowledge_what_never_was(simulation: Simulation) -> None:
    simulation.peers[1].acknowledged.add(CommandName(simulation.peers[1].actor, 10_000))


def lose_what_was_performed(simulation: Simulation) -> None:
    simulation.peers[1].performed.add(CommandName(simulation.peers[1].actor, 10_000))


def change_a_document(simulation: Simulation) -> None:
    document = simulation.peers[2].peer.replica.document
    document.update(document.entities()[0], None)


def move_in_secret(simulation: Simulation) -> None:
    simulation.peers[0].shown = Presence(0, 0, flags=1, tool=5)


def hang_up(simulation: Simulation) -> None:
    peer = simulation.peers[3]
    assert peer.connection is not None
    simulation.network.close(peer.connection, peer.name, 1001, "off")
    peer.peer.handle_disconnected(peer.now())


def be_thrown_out(simulation: Simulation) -> None:
    simulation.peers[0].complaints.append("the room closed its connection with 4400, ProtocolError")


def kill_the_room(simulation: Simulation) -> None:
    simulation.host.kill()


@pytest.mark.parametrize(
    ("sabotage", "said"),
    [
        (acknowledge_what_never_was, "was acknowledged and is not in the log"),
        (lose_what_was_performed, "was performed, never refused, and is not in the log"),
        (change_a_document, "peer 2's document is"),
        (move_in_secret, "does not see where peer 0 is"),
        (hang_up, "peer 3 is not connected"),
        (be_thrown_out, "closed its connection with 4400"),
        (kill_the_room, "the room is down"),
    ],
)
def test_a_broken_promise_is_told(seed: int, sabotage: Callable[[Simulation], None], said: str) -> None:
    simulation = settled(seed)
    sabotage(simulation)
    with pytest.raises(SimulationFailed, match=said) as failure:
        simulation.check()
    assert f"seed {seed} failed" in str(failure.value)
    assert "the end of its trace:\n" in str(failure.value)


class LyingDisk(SimulatedDisk):
    """Says at once that everything is on disk, and syncs as slowly as ever: an acknowledgement without fsync."""

    def append(self, records: Sequence[StoredRecord]) -> None:
        super().append(records)
        self._schedule.call_after(0.0, lambda: self.on_durable(records[-1].seq))


@pytest.mark.many
def test_a_disk_that_lies_is_found_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.sim.simulation.SimulatedDisk", LyingDisk)
    found = 0
    for each in range(seed, seed + 5):
        disk = ROOM_DIES.disk._replace(fsync_seconds_min=0.2, fsync_seconds_max=0.4)
        simulation = Simulation(each, ROOM_DIES._replace(disk=disk))
        try:
            simulation.run(6.0)
            simulation.heal()
            simulation.run_until_quiet(20.0)
            simulation.check()
        except SimulationFailed:
            found += 1
    assert found, "a room that acknowledges before the fsync went unnoticed"


class Clumsy:
    """Falls over its own feet."""

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        raise ValueError("a mistake in somebody's own workload")


def test_an_exception_anywhere_is_told_with_its_seed(seed: int) -> None:
    simulation = Simulation(seed, CALM, Clumsy())
    with pytest.raises(SimulationFailed, match=f"seed {seed} failed.*\n.*somebody's own workload") as failure:
        simulation.run(2.0)
    assert isinstance(failure.value.__cause__, ValueError)


def test_a_world_that_never_comes_to_rest_is_told(seed: int) -> None:
    simulation = Simulation(seed, CALM)
    simulation.run(1.0)
    with pytest.raises(SimulationFailed, match="not quiet after 3 s"):
        simulation.run_until_quiet(3.0)
