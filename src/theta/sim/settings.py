"""What a simulation is made of."""

import math
from typing import NamedTuple

from theta.base.randomness import Randomness
from theta.sim.disk import DiskSettings
from theta.sim.links import BAD_LINK, GOOD_LINK, LinkSettings

TEN = 10
PEERS = (2, 2, 3, 3, 4, 4, 5, 6, 8, 12, 20)


class LivingSettings(NamedTuple):
    """What lives in a room: about so many things, on a square with this side around the origin."""

    entities: int = 80
    side_metres: float = 40.0


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
    address_change_every_seconds: float | None = None
    room_kill_every_seconds: float | None = None
    room_down_seconds_max: float = 1.5
    peer_kill_every_seconds: float | None = None
    disk_failure_every_seconds: float | None = None
    vandal_every_seconds: float | None = None
    in_company: bool = False
    """Whether one of them is the owner, who governs; and where nothing lives, people undo each other's work, branch and
    merge."""
    living: LivingSettings | None = None
    """What lives in the room's world, where people then act (`Inhabitants`), and walk about; None for nothing."""
    join_seconds_max: float = 0.2
    leave_every_seconds: float | None = None
    away_seconds_max: float = 3.0
    trace_lines_printed: int = 40


CALM = SimulationSettings(
    link=GOOD_LINK, disk=DiskSettings(), partition_every_seconds=None, cut_every_seconds=None, skew_ms_max=0
)
ROUGH = SimulationSettings()
ROOM_DIES = SimulationSettings(room_kill_every_seconds=2.5)
EVERYTHING = SimulationSettings(
    address_change_every_seconds=2.0,
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

LIVING = SimulationSettings(
    link=LinkSettings(
        delay_seconds=0.03, jitter_seconds=0.02, loss=0.2, reorder=0.1, duplication=0.05, burst_seconds=0.15
    ),
    act_every_seconds=0.1,
    show_every_seconds=0.1,
    in_company=True,
    living=LivingSettings(),
    join_seconds_max=4.0,
    leave_every_seconds=3.0,
    partition_seconds_max=1.0,
)

# Presence at 5 Hz; what the network does is by the seed: `bad_network`.
NETWORK = SimulationSettings(
    peers=TEN,
    act_every_seconds=4.0,
    show_every_seconds=0.2,
    address_change_every_seconds=4.0,
    join_seconds_max=2.0,
    skew_ms_max=4_000,
    drift_ppm_max=500.0,
)

# Nothing checks what arrives, which no transport of ours lets happen: whatever comes, the nodes must survive it.
DAMAGED_FRAMES = SimulationSettings(
    link=BAD_LINK._replace(corruption=0.03, is_checked=False), show_every_seconds=0.1, cut_every_seconds=None
)

SCENARIOS = {
    "calm": CALM,
    "company": COMPANY,
    "damaged-frames": DAMAGED_FRAMES,
    "living": LIVING,
    "network": NETWORK,
    "rough": ROUGH,
    "room-dies": ROOM_DIES,
    "everything": EVERYTHING,
    "away": AWAY,
}


def living_room(seed: int, peers: int | None = None) -> SimulationSettings:
    """A room in which something lives, as the seed has it: 2 to 20 people, losses of 0 to 40 % in bursts, other faults.

    Args:
        seed: everything but the settings of its simulation, too, may follow from it.
        peers: how many people; None as the seed has it.
    """
    luck = Randomness(f"theta-sim living room {seed}".encode())
    draw = luck.fraction
    link = LinkSettings(
        delay_seconds=0.005 + 0.075 * draw(),
        jitter_seconds=0.04 * draw(),
        loss=0.4 * draw(),
        reorder=0.3 * draw(),
        duplication=0.15 * draw(),
        burst_seconds=0.02 + 0.4 * draw(),
    )
    by_seed = PEERS[luck.integer(len(PEERS))]
    return LIVING._replace(
        peers=peers if peers is not None else by_seed,
        link=link,
        living=LivingSettings(20 + luck.integer(180), 20.0 + 40.0 * draw()),
        partition_every_seconds=3.0 if luck.integer(2) else None,
        cut_every_seconds=1.5 if luck.integer(2) else None,
        leave_every_seconds=1.5 if luck.integer(2) else None,
        room_kill_every_seconds=3.0 if luck.integer(4) == 0 else None,
        peer_kill_every_seconds=3.0 if luck.integer(4) == 0 else None,
        vandal_every_seconds=1.0 if luck.integer(4) == 0 else None,
    )


def bad_network(seed: int, peers: int | None = None) -> SimulationSettings:
    """Ten people on a network as the seed has it: everything that a network can do, and that a carrier makes of it.

    Delays up to 0.15 s, up to 30 % lost in bursts, some reordered, doubled, damaged; lines that are thin; partitions,
    cuts, other addresses; clocks that are wrong by up to 4 s and run apart by up to 500 ppm. The room
    dies in every second, and in every fourth each people die, the disk fails, somebody sends garbage, or all act in
    company.

    Args:
        seed: everything but the settings of its simulation, too, may follow from it.
        peers: how many people; TEN when None.
    """
    luck = Randomness(f"theta-sim bad network {seed}".encode())
    draw = luck.fraction
    link = LinkSettings(
        delay_seconds=0.005 + 0.145 * draw(),
        jitter_seconds=0.05 * draw(),
        loss=0.3 * draw(),
        reorder=0.3 * draw(),
        duplication=0.15 * draw(),
        bytes_per_second=10.0 ** (4.3 + 1.7 * draw()) if luck.integer(2) else math.inf,
        burst_seconds=0.02 + 0.5 * draw() if luck.integer(4) else 0.0,
        queue_bytes=4_096.0 + 61_440.0 * draw(),
        corruption=0.02 * draw(),
    )
    return NETWORK._replace(
        peers=peers or TEN,
        link=link,
        partition_every_seconds=6.0 if luck.integer(2) else None,
        cut_every_seconds=4.0 if luck.integer(2) else None,
        address_change_every_seconds=2.0 if luck.integer(2) else None,
        leave_every_seconds=6.0 if luck.integer(4) == 0 else None,
        room_kill_every_seconds=5.0 if luck.integer(2) else None,
        peer_kill_every_seconds=8.0 if luck.integer(4) == 0 else None,
        disk_failure_every_seconds=15.0 if luck.integer(4) == 0 else None,
        vandal_every_seconds=2.0 if luck.integer(4) == 0 else None,
        in_company=luck.integer(4) == 0,
    )
