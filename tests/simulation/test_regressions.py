"""Seeds and scenarios that once failed, by the name of what was wrong."""

from collections.abc import Callable

import pytest

from theta.base.identifiers import CommandName
from theta.base.limits import RESUME_SECONDS_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.records import RecordKind
from theta.node.peer import Peer
from theta.sim import (
    CALM,
    ROUGH,
    LinkSettings,
    RandomEdits,
    Simulation,
    SimulationResult,
    check_seed,
    living_room,
)
from theta.sim.workload import polygons

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_presence_that_overtakes_the_acknowledgement_is_no_fault(seed: int) -> None:
    """A datagram of the room's came before the reliable acknowledgement; the peer hung up with 4400."""
    link = LinkSettings(delay_seconds=0.05, jitter_seconds=0.0, loss=0.3)
    result = check_seed(seed, ROUGH._replace(link=link), 3.0)
    assert set(result.peer_hashes) == {result.room_hash}


def settle(simulation: Simulation) -> SimulationResult:
    simulation.heal()
    simulation.run_until_quiet(30.0)
    return simulation.check()


def test_a_room_whose_disk_fails_is_read_only_and_does_not_spin() -> None:
    """The head record that it could not write any more was due again and again: BusyLoop."""
    simulation = Simulation(5, CALM)
    simulation.at(1.0, lambda: simulation.host.disk.fail_next_sync("full"))
    simulation.run(6.0)
    assert simulation.room is not None
    assert simulation.room.read_only_reason == "the room is read-only: full"
    assert settle(simulation).room_starts == 2


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("moment", ["just stored", "just before"])
def test_a_room_that_dies_between_an_asset_and_its_command_loses_neither(seed: int, moment: str) -> None:
    """Not a fault that was found, but one that the order of disk, answer and command must never let in."""
    simulation = Simulation(seed, ROUGH._replace(act_every_seconds=1_000.0))
    host, ada = simulation.host, simulation.peers[0]
    data = polygons(700, 0)
    starts = host.starts

    def die(name: bytes, handle: Callable[[bytes], None] = host.disk.on_asset_durable) -> None:
        if moment == "just stored":
            handle(name)
        host.kill()
        simulation.at(simulation.clock.seconds + 0.5, host.start)

    def upload() -> list[CommandName]:
        ada.peer.upload(ada.now(), data)
        return []

    host.disk.on_asset_durable = die
    simulation.at(1.0, lambda: ada.act(upload))
    simulation.run(20.0)
    assert host.starts == starts + 1
    settle(simulation)
    room = simulation.room
    assert room is not None
    assert room.replica.document.entity_count == 1
    assert list(room.replica.assets.values()) == [data]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whoever_leaves_leaves_no_ghost(seed: int) -> None:
    """Presence that was overtaken by the roster without its person stayed for ever."""
    link = LinkSettings(delay_seconds=0.1, jitter_seconds=0.05, reorder=0.8, duplication=0.5)
    simulation = Simulation(seed, CALM._replace(link=link, healed_link=link, show_every_seconds=0.03))
    simulation.at(2.0, simulation.peers[3].leave)
    simulation.run(3.0)
    assert len(settle(simulation).peer_hashes) == 3


class EditsUntil(RandomEdits):
    """Random edits until a time, then nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__(burst_share=0.0)
        self._until = seconds

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        return super().act(now, peer, randomness) if now.seconds < self._until else []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_commands_keep_their_names_when_their_session_has_expired(seed: int) -> None:
    """Admitted, but the acknowledgement was lost, and then away for too long to resume: signed anew, applied once."""
    settings = CALM._replace(link=LinkSettings(delay_seconds=0.2), act_every_seconds=0.1, drift_ppm_max=0.0)
    simulation = Simulation(seed, settings, EditsUntil(3.2))
    simulation.at(3.0, lambda: simulation.network.partition(["room"], RESUME_SECONDS_MAX + 20.0))
    simulation.run(RESUME_SECONDS_MAX + 30.0)
    settle(simulation)
    sessions = [record for record in simulation.records() if record.kind == RecordKind.SESSION]
    assert len(sessions) == 2 * len(simulation.peers)


def test_garbage_closes_its_own_connection_and_nobody_elses() -> None:
    simulation = Simulation(6, CALM._replace(vandal_every_seconds=0.05))
    simulation.run(6.0)
    settle(simulation)
    assert len(simulation.vandal_codes) > 30
    assert set(simulation.vandal_codes) <= {4400, 4408}
    assert [peer.complaints for peer in simulation.peers] == [[]] * 4


@pytest.mark.many
@pytest.mark.parametrize(("seed", "seconds"), [(3028, 3.0), (3041, 3.0), (20260826, 5.0)])
def test_a_room_that_begins_anew_is_told_nothing_of_the_one_before(seed: int, seconds: float) -> None:
    """Who resumed its session in a room that was started anew acknowledged old frames, and was thrown out."""
    assert check_seed(seed, living_room(seed), seconds).room_starts > 1


@pytest.mark.many
@pytest.mark.parametrize("seed", [3, 7])
def test_a_child_is_shown_when_its_parent_is_out_of_reach(seed: int) -> None:
    """The child ended with its parent where only the parent was shown no more, and stayed away for good."""
    check_seed(seed, living_room(seed), 3.0)


def test_what_was_to_be_forgotten_over_a_lost_connection_is_forgotten_later() -> None:
    """A cell was left, seen again and left again; that it is to be forgotten was lost, and not said a second time."""
    check_seed(20260822, living_room(20260822), 3.0)
