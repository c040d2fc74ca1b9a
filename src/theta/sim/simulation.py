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
from theta.replication.presence import HEAD_VALID, Presence
from theta.session.secret import RoomSecret
from theta.sim.checks import unsettled, violations
from theta.sim.clock import NodeClock, SimulatedClock
from theta.sim.company import Company
from theta.sim.disk import SimulatedDisk
from theta.sim.faults import Faults
from theta.sim.host import HOST, SimulatedHost
from theta.sim.network import Network
from theta.sim.participant import SimulatedPeer
from theta.sim.schedule import Schedule
from theta.sim.settings import SimulationSettings
from theta.sim.trace import Trace
from theta.sim.workload import RandomEdits, Workload

QUIET_STEP_SECONDS = 0.5
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
        self._workload = workload or (Company() if self.settings.in_company else RandomEdits())
        self._acting = self._randomness("acts")
        self._is_busy = True
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
            self.schedule.call_after(self._acting.fraction() * 0.2, peer.connect)
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

    def run_until_quiet(self, limit_seconds: float) -> None:
        """Run until nothing is under way, and stays so for QUIET_SECONDS.

        Raises:
            SimulationFailed: it is not so after `limit_seconds`, or code of ours raised.
        """
        deadline = self.clock.seconds + limit_seconds
        quiet_since: float | None = None
        while quiet_since is None or self.clock.seconds - quiet_since < QUIET_SECONDS:
            self.run(QUIET_STEP_SECONDS)
            pending = list(unsettled(self.room, self.peers))
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
            broken = [*unsettled(room, self.peers), *violations(room, self.records(), shelf, self.peers)]
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
        )

    def _peer(self, index: int) -> SimulatedPeer:
        shared = index < self.settings.peers_sharing_a_key
        key = "shared key" if shared else f"key {index}"
        if self.settings.in_company and index == self.settings.peers - 1:
            key = "owner"
        identity = Identity.from_seed(self._randomness(key).draw(32))
        room = self.room
        assert room is not None
        invite = room.invite("editor")

        def settings_of_start(start: int) -> PeerSettings:
            instance = self._randomness(f"instance {index}, start {start}").draw(16)
            return PeerSettings(identity, instance, f"peer {index}", invite, room_key=room.room_key)

        name = f"peer {index}"
        return SimulatedPeer(
            name,
            settings_of_start,
            self._randomness(name),
            self.schedule,
            self._clock_of(name),
            self.network,
            self.trace,
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
                    peer.show(self._random_presence())
                self._show_later(peer)

        self.schedule.call_after(2.0 * self.settings.show_every_seconds * self._acting.fraction(), show)

    def _random_presence(self) -> Presence:
        x, y, z = (self._acting.integer(1000) / 4.0 for _ in range(3))
        return Presence(0, 0, HEAD_VALID, tool=self._acting.integer(6), head_position=(x, y, z))

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
