"""What a simulation is made of."""

from typing import NamedTuple

from theta.sim.disk import DiskSettings
from theta.sim.network import BAD_LINK, GOOD_LINK, LinkSettings


class SimulationSettings(NamedTuple):
    """A room, its people, and how badly the world treats them until it heals.

    Shares are in [0, 1]; a `*_every_seconds` is the mean time between two of a kind, None for never.
    """

    peers: int = 4
    peers_sharing_a_key: int = 2
    link: LinkSettings = BAD_LINK
    healed_link: LinkSettings = GOOD_LINK
    disk: DiskSettings = DiskSettings(stalls=0.02)
    skew_ms_max: int = 2_000
    drift_ppm_max: float = 100.0
    act_every_seconds: float = 0.25
    show_every_seconds: float = 0.3
    partition_every_seconds: float | None = 4.0
    partition_seconds_max: float = 3.0
    cut_every_seconds: float | None = 3.0
    room_kill_every_seconds: float | None = None
    room_down_seconds_max: float = 1.5
    peer_kill_every_seconds: float | None = None
    disk_failure_every_seconds: float | None = None
    vandal_every_seconds: float | None = None
    in_company: bool = False
    """Whether people undo each other's work, branch and merge, and one of them, the owner, governs."""
    trace_lines_printed: int = 40


CALM = SimulationSettings(
    link=GOOD_LINK, disk=DiskSettings(), partition_every_seconds=None, cut_every_seconds=None, skew_ms_max=0
)
ROUGH = SimulationSettings()
ROOM_DIES = SimulationSettings(room_kill_every_seconds=2.5)
EVERYTHING = SimulationSettings(
    room_kill_every_seconds=4.0,
    peer_kill_every_seconds=6.0,
    disk_failure_every_seconds=8.0,
    vandal_every_seconds=1.0,
)
# Away for longer than a session may be resumed; needs minutes of simulated time, which silence makes cheap.
AWAY = SimulationSettings(
    act_every_seconds=4.0,
    show_every_seconds=10.0,
    partition_every_seconds=60.0,
    partition_seconds_max=300.0,
    cut_every_seconds=20.0,
)

COMPANY = SimulationSettings(in_company=True, room_kill_every_seconds=4.0, peer_kill_every_seconds=8.0)

SCENARIOS = {
    "calm": CALM,
    "company": COMPANY,
    "rough": ROUGH,
    "room-dies": ROOM_DIES,
    "everything": EVERYTHING,
    "away": AWAY,
}
