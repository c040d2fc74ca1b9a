"""A seeded world for rooms and peers: clock, network, disk, people and faults. See docs/guide/simulation.md."""

from theta.sim.clock import NodeClock, SimulatedClock
from theta.sim.company import Company
from theta.sim.disk import DiskSettings, SimulatedDisk
from theta.sim.host import SimulatedHost
from theta.sim.network import BAD_LINK, GOOD_LINK, LinkSettings, Network, NetworkNode
from theta.sim.participant import SimulatedPeer
from theta.sim.schedule import BusyLoop, Schedule, Timer
from theta.sim.settings import AWAY, CALM, COMPANY, EVERYTHING, ROOM_DIES, ROUGH, SCENARIOS, SimulationSettings
from theta.sim.simulation import Simulation, SimulationFailed, SimulationResult
from theta.sim.trace import Trace
from theta.sim.workload import RandomEdits, Workload

TROUBLE_SECONDS = 5.0
QUIET_LIMIT_SECONDS = 60.0


def check_seed(
    seed: int, settings: SimulationSettings | None = None, trouble_seconds: float = TROUBLE_SECONDS
) -> SimulationResult:
    """Run one seed from trouble through healing to quiet, and check every promise.

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
    simulation.run_until_quiet(QUIET_LIMIT_SECONDS)
    return simulation.check()


__all__ = [
    "AWAY",
    "BAD_LINK",
    "CALM",
    "COMPANY",
    "EVERYTHING",
    "GOOD_LINK",
    "ROOM_DIES",
    "ROUGH",
    "SCENARIOS",
    "BusyLoop",
    "Company",
    "DiskSettings",
    "LinkSettings",
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
    "check_seed",
]
