"""A room and its people in one seeded world: no socket, no clock, no thread; the same seed, the same history.

After FoundationDB's simulation (Zhou et al., SIGMOD 2021, §4) and str0m's netem: everything that could differ between
two runs is drawn from the seed, so a failure is replayed by its number.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.store import StoredRecord
from theta.node.asset_desk import shelf_of
from theta.node.peer import PeerSettings
from theta.node.room import Room, RoomSettings
from theta.node.state_world import StateWorld
from theta.replication.presence import HEAD_VALID, Presence
from theta.replication.standard import Float3
from theta.session.capabilities import ZSTD
from theta.session.secret import RoomSecret
from theta.sim.checks import unsettled, violations
from theta.sim.clock import NodeClock, SimulatedClock
from theta.sim.company import Company
from theta.sim.disk import SimulatedDisk
from theta.sim.faults import Faults
from theta.sim.host import HOST, SimulatedHost
from theta.sim.inhabitants import Inhabitants
from theta.sim.living_world import LivingWorld
from theta.sim.network import Network
from theta.sim.participant import BLAMELESS_CLOSES, DAMAGED, SimulatedPeer
from theta.sim.schedule import Schedule
from theta.sim.settings import SimulationSettings
from theta.sim.state_checks import state_differences
from theta.sim.trace import Trace
from theta.sim.workload import RandomEdits, Workload

QUIET_STEP_SECONDS = 0.5
SHOWN_STEP_SECONDS = 0.1
SHOWN_SECONDS_MAX = 2.0
CONNECT_SECONDS_MAX = 30.0
STEP_METRES = 1.0
JUMPS = 0.02
"""So many of the times at which somebody who walks about is seen, it is somewhere else altogether."""
# Longer than the room waits before it signs the head of a log that has gone quiet.
QUIET_SECONDS = 3.0


class SimulationFailed(AssertionError):
    """Something that must hold does not; the text has the seed, what is wrong, and the end of the trace."""


class SimulationResult(NamedTuple):
    """How a simulation stands: document hashes (16 bytes) of who has not left, and everybody's acknowledged names."""

    seed: int
    seconds: float
    room_hash: bytes
    peer_hashes: list[bytes]
    acknowledged: frozenset[CommandName]
    records: int
    room_starts: int
    trace_hash: bytes
    trace_count: int


class Simulation:
    """One world.

    Typical use, which `check_seed` in theta.sim wraps:

        simulation = Simulation(seed=7)
        simulation.run(8.0)
        simulation.heal()
        simulation.run_until_quiet(60.0)
        result = simulation.check()

    Args:
        seed: everything follows from it and from the settings.
        settings: who takes part, and what goes wrong.
        workload: what people do; random edits when None.
    """

    def __init__(self, seed: int, settings: SimulationSettings | None = None, workload: Workload | None = None) -> None:
        self.seed = seed
        self.settings = settings or SimulationSettings()
        self.clock = SimulatedClock()
        self.schedule = Schedule(self.clock)
        self.trace = Trace()
        self.network = Network(self.schedule, self._randomness("network"), self.settings.link)
        self._workload = workload or _workload_of(self.settings)
        self._acting = self._randomness("acts")
        self._is_busy = True
        self._healed_at = 0.0
        self._walkers: dict[str, Float3] = {}
        self._secret = RoomSecret(self._randomness("room secret").draw(32))
        self.host = self._host()
        self.host.start()
        self.peers = [self._peer(index) for index in range(self.settings.peers)]
        self._faults = Faults(
            self.settings,
            self._randomness("faults"),
            self.schedule,
            self.network,
            self.host,
            self.peers,
            self.trace,
        )
        self._faults.start()
        for peer in self.peers:
            self.schedule.call_after(self._acting.fraction() * self.settings.join_seconds_max, peer.connect)
            self._act_later(peer)
            self._show_later(peer)

    @property
    def room(self) -> Room | None:
        """The room; None while its process is dead."""
        return self.host.room

    @property
    def vandal_codes(self) -> list[int]:
        """With which codes the room threw out those who sent garbage."""
        return self._faults.vandal.codes

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan something of one's own, for example `simulation.host.kill`, at a simulated time."""
        self.schedule.call_at(seconds, action)

    def run(self, seconds: float) -> None:
        """Let this much time pass.

        Raises:
            SimulationFailed: code of ours raised; it is the cause.
        """
        with self._failing_loudly():
            self.schedule.run_until(self.clock.seconds + seconds)

    def heal(self) -> None:
        """End what is wrong: no more faults, no partitions, good links, the room up, and nobody edits any more."""
        self._faults.stop()
        self._is_busy = False
        self.network.heal(self.settings.healed_link)
        self.host.disk.mend()
        with self._failing_loudly():
            room = self.room
            if room is not None and room.read_only_reason is not None:
                self.host.kill()
            if self.room is None:
                self.host.start()
        self._healed_at = self.network.delivered_by

    def run_until_shown(self, limit_seconds: float = SHOWN_SECONDS_MAX) -> float:
        """Run until everybody has what the room has of its state plane, within its interest.

        Time counts from when the network has healed: everybody has a session again, and what was sent before has come.

        Returns:
            After how many seconds it was so, in steps of SHOWN_STEP_SECONDS.

        Raises:
            SimulationFailed: it is not so after `limit_seconds`, or code of ours raised.
        """
        while self.clock.seconds < self._healed_at or not self._is_connected:
            if self.clock.seconds > self._healed_at + CONNECT_SECONDS_MAX:
                raise self._failed([f"not connected {CONNECT_SECONDS_MAX:g} s after the network has healed"])
            self.run(SHOWN_STEP_SECONDS)
        healed = self.clock.seconds
        while any(True for _ in self._state_differences()):
            if self.clock.seconds - healed >= limit_seconds:
                lines = self._state_differences()
                raise self._failed([f"not shown after {limit_seconds:g} s: {line}" for line in lines])
            self.run(SHOWN_STEP_SECONDS)
        return self.clock.seconds - healed

    def run_until_quiet(self, limit_seconds: float) -> None:
        """Run until nothing is under way, and stays so for QUIET_SECONDS.

        Raises:
            SimulationFailed: it is not so after `limit_seconds`, or code of ours raised.
        """
        deadline = self.clock.seconds + limit_seconds
        quiet_since: float | None = None
        while quiet_since is None or self.clock.seconds - quiet_since < QUIET_SECONDS:
            self.run(QUIET_STEP_SECONDS)
            pending = list(self._unsettled())
            if not pending:
                quiet_since = quiet_since if quiet_since is not None else self.clock.seconds
            elif self.clock.seconds >= deadline:
                raise self._failed([f"not quiet after {limit_seconds:g} s: {line}" for line in pending])
            else:
                quiet_since = None

    def check(self) -> SimulationResult:
        """Check every promise, and return how things stand.

        Raises:
            SimulationFailed: a promise was broken.
        """
        room = self.room
        if room is None:
            raise self._failed(["the room is down"])
        with self._failing_loudly():
            shelf = shelf_of(self.host.disk.assets())
            broken = [*self._unsettled(), *violations(room, self.records(), shelf, self.peers)]
            broken += [*self.host.complaints, *self._state_differences()]
        if broken:
            raise self._failed(broken)
        return self.result()

    def result(self) -> SimulationResult:
        """How things stand."""
        return SimulationResult(
            self.seed,
            self.clock.seconds,
            self.room.document_hash if self.room is not None else b"",
            [peer.peer.replica.document.hash for peer in self.peers if not peer.is_away],
            frozenset(name for peer in self.peers for name in peer.acknowledged),
            len(self.records()),
            self.host.starts,
            self.trace.hash,
            self.trace.count,
        )

    def records(self) -> list[StoredRecord]:
        """The log as it is on the disk."""
        return self.host.disk.records()

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _is_connected(self) -> bool:
        here = [peer for peer in self.peers if not peer.is_away]
        sound = all(peer.connection is not None and self.network.is_sound(peer.connection) for peer in here)
        return sound and all(peer.peer.is_joined for peer in here)

    def _unsettled(self) -> Iterator[str]:
        # A damaged row is somebody else's, or newer than all that follow: presence is not signed.
        return unsettled(self.room, self.peers, shown=self.settings.link.is_checked)

    def _state_differences(self) -> Iterator[str]:
        """Nothing where nothing lives: peers without a state plane may come to such rooms."""
        room = self.room
        assert room is not None, "the room is up once the world has healed"
        return state_differences(room, self.peers) if self.settings.living is not None else iter(())

    def _state_of_start(self, start: int) -> StateWorld | None:
        living = self.settings.living
        if living is None:
            return None
        luck = self._randomness(f"what lives from start {start} on")
        return LivingWorld(luck, living.entities, living.side_metres, lambda: self._is_busy).state

    def _randomness(self, purpose: str) -> Randomness:
        """A stream of its own for each purpose, so that one more draw here changes nothing there."""
        return Randomness(f"theta-sim {self.seed} {purpose}".encode())

    def _clock_of(self, node: str) -> NodeClock:
        luck, settings = self._randomness(f"clock of {node}"), self.settings
        skew = int((2.0 * luck.fraction() - 1.0) * settings.skew_ms_max)
        drift = (2.0 * luck.fraction() - 1.0) * settings.drift_ppm_max
        return NodeClock(self.clock, skew_ms=skew, drift_ppm=drift)

    def _host(self) -> SimulatedHost:
        owner = Identity.from_seed(self._randomness("owner").draw(32))
        return SimulatedHost(
            RoomSettings("simulated", self._secret, owner.public_key),
            self.schedule,
            self._clock_of(HOST),
            self.network,
            SimulatedDisk(self.schedule, self._randomness("disk"), self.settings.disk),
            self.trace,
            lambda start: self._randomness(f"room's start {start}"),
            self._state_of_start,
        )

    def _peer(self, index: int) -> SimulatedPeer:
        shared = index < self.settings.peers_sharing_a_key
        key = "shared key" if shared else f"key {index}"
        if self.settings.in_company and index == self.settings.peers - 1:
            key = "owner"
        identity = Identity.from_seed(self._randomness(key).draw(32))
        room = self.room
        assert room is not None
        living = self.settings.living is not None
        invite = room.invite("viewer" if living and index % 3 == 2 else "editor")
        without = ZSTD if living and index % 4 == 1 else ""

        def settings_of_start(start: int) -> PeerSettings:
            instance = self._randomness(f"instance {index}, start {start}").draw(16)
            settings = PeerSettings(identity, instance, f"peer {index}", invite, room_key=room.room_key)
            return settings._replace(capabilities=tuple(each for each in settings.capabilities if each != without))

        name = f"peer {index}"
        return SimulatedPeer(
            name,
            settings_of_start,
            self._randomness(name),
            self.schedule,
            self._clock_of(name),
            self.network,
            self.trace,
            BLAMELESS_CLOSES if self.settings.link.is_checked else BLAMELESS_CLOSES | DAMAGED,
        )

    def _act_later(self, peer: SimulatedPeer) -> None:
        def act() -> None:
            if self._is_busy:
                if not peer.is_away:
                    peer.act(lambda: self._workload.act(peer.now(), peer.peer, self._acting))
                self._act_later(peer)

        self.schedule.call_after(2.0 * self.settings.act_every_seconds * self._acting.fraction(), act)

    def _show_later(self, peer: SimulatedPeer) -> None:
        def show() -> None:
            if self._is_busy:
                if not peer.is_away:
                    peer.show(self._random_presence(peer.name))
                self._show_later(peer)

        self.schedule.call_after(2.0 * self.settings.show_every_seconds * self._acting.fraction(), show)

    def _random_presence(self, name: str) -> Presence:
        living = self.settings.living
        if living is None:
            x, y, z = (self._acting.integer(1000) / 4.0 for _ in range(3))
        else:
            x, y, z = self._walkers[name] = self._step(name, living.side_metres)
        return Presence(0, 0, HEAD_VALID, tool=self._acting.integer(6), head_position=(x, y, z))

    def _step(self, name: str, side_metres: float) -> Float3:
        """A step from where somebody is; now and then anywhere."""

        def metres(reach: float) -> float:
            # In steps that a presence row keeps exactly.
            return (self._acting.integer(129) - 64) / 128.0 * round(reach)

        x, y, z = self._walkers.get(name, (0.0, 1.5, 0.0))
        if self._acting.fraction() < JUMPS or name not in self._walkers:
            return metres(side_metres), y, metres(side_metres)
        return x + metres(STEP_METRES), y, z + metres(STEP_METRES)

    @contextmanager
    def _failing_loudly(self) -> Iterator[None]:
        try:
            yield
        except SimulationFailed:
            raise
        except Exception as error:
            # Whatever it is, its seed must be told.
            raise self._failed([f"{type(error).__name__}: {error}"]) from error

    def _failed(self, problems: list[str]) -> SimulationFailed:
        head = f"seed {self.seed} failed at {self.clock.seconds:.3f} s of simulated time"
        trace = self.trace.lines(self.settings.trace_lines_printed)
        return SimulationFailed("\n".join([head, *(f"  {each}" for each in problems), "the end of its trace:", *trace]))


def _workload_of(settings: SimulationSettings) -> Workload:
    if settings.living is not None:
        return Inhabitants(settings.living.side_metres)
    return Company() if settings.in_company else RandomEdits()
