"""A seeded world for rooms and peers: clock, network, disk, people and faults. See docs/guide/simulation.md."""

from theta.sim.bursts import BURST_LOSS, Bursts
from theta.sim.clock import NodeClock, SimulatedClock
from theta.sim.company import Company
from theta.sim.disk import DiskSettings, SimulatedDisk
from theta.sim.host import SimulatedHost
from theta.sim.inhabitants import Inhabitants
from theta.sim.links import BAD_LINK, GOOD_LINK, LinkSettings, NetworkNode
from theta.sim.living_world import LivingWorld
from theta.sim.network import Network
from theta.sim.participant import SimulatedPeer
from theta.sim.schedule import BusyLoop, Schedule, Timer
from theta.sim.settings import (
    AWAY,
    CALM,
    COMPANY,
    DAMAGED_FRAMES,
    EVERYTHING,
    LIVING,
    NETWORK,
    ROOM_DIES,
    ROUGH,
    SCENARIOS,
    LivingSettings,
    SimulationSettings,
    bad_network,
    living_room,
)
from theta.sim.simulation import SHOWN_SECONDS_MAX, Simulation, SimulationFailed, SimulationResult
from theta.sim.trace import Trace
from theta.sim.workload import RandomEdits, Workload

TROUBLE_SECONDS = 5.0
QUIET_LIMIT_SECONDS = 60.0


def check_seed(
    seed: int, settings: SimulationSettings | None = None, trouble_seconds: float = TROUBLE_SECONDS
) -> SimulationResult:
    """Run one seed from trouble through healing to quiet, and check every promise.

    Where something lives in the room, everybody has to be shown it within SHOWN_SECONDS_MAX of the healing.

    Args:
        seed: everything follows from it.
        settings: see SimulationSettings; SCENARIOS has some.
        trouble_seconds: simulated time during which things go wrong and people edit.

    Raises:
        SimulationFailed: a promise was broken; the text has the seed and the end of the trace.
    """
    simulation = Simulation(seed, settings)
    simulation.run(trouble_seconds)
    simulation.heal()
    simulation.run_until_shown()
    simulation.run_until_quiet(QUIET_LIMIT_SECONDS)
    return simulation.check()


__all__ = [
    "AWAY",
    "BAD_LINK",
    "BURST_LOSS",
    "CALM",
    "COMPANY",
    "DAMAGED_FRAMES",
    "EVERYTHING",
    "GOOD_LINK",
    "LIVING",
    "NETWORK",
    "ROOM_DIES",
    "ROUGH",
    "SCENARIOS",
    "SHOWN_SECONDS_MAX",
    "Bursts",
    "BusyLoop",
    "Company",
    "DiskSettings",
    "Inhabitants",
    "LinkSettings",
    "LivingSettings",
    "LivingWorld",
    "Network",
    "NetworkNode",
    "NodeClock",
    "RandomEdits",
    "Schedule",
    "SimulatedClock",
    "SimulatedDisk",
    "SimulatedHost",
    "SimulatedPeer",
    "Simulation",
    "SimulationFailed",
    "SimulationResult",
    "SimulationSettings",
    "Timer",
    "Trace",
    "Workload",
    "bad_network",
    "check_seed",
    "living_room",
]
