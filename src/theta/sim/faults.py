"""When what goes wrong, by the seed: partitions, cut connections, other addresses, kills, leaving, disks, vandals."""

from collections.abc import Callable

from theta.base.randomness import Randomness
from theta.sim.host import HOST, SimulatedHost
from theta.sim.network import Network
from theta.sim.participant import SimulatedPeer
from theta.sim.schedule import Schedule
from theta.sim.settings import SimulationSettings
from theta.sim.trace import Trace
from theta.sim.vandal import Vandal


class Faults:
    """Breaks things until `stop`; what it broke by then is mended by `Simulation.heal`."""

    def __init__(
        self,
        settings: SimulationSettings,
        randomness: Randomness,
        schedule: Schedule,
        network: Network,
        host: SimulatedHost,
        peers: list[SimulatedPeer],
        trace: Trace,
    ) -> None:
        self.is_stopped = False
        self.vandal = Vandal("vandal", Randomness(randomness.draw(32)), schedule, network)
        self._settings = settings
        self._randomness = randomness
        self._schedule = schedule
        self._network = network
        self._host = host
        self._peers = peers
        self._trace = trace

    def start(self) -> None:
        """Begin to break things, each kind at random intervals around its mean."""
        settings = self._settings
        self._repeat(settings.partition_every_seconds, self._partition)
        self._repeat(settings.cut_every_seconds, self._cut)
        self._repeat(settings.address_change_every_seconds, self._change_address)
        self._repeat(settings.room_kill_every_seconds, self._kill_room)
        self._repeat(settings.peer_kill_every_seconds, lambda: self._anyone().restart())
        self._repeat(settings.leave_every_seconds, self._leave)
        self._repeat(settings.disk_failure_every_seconds, self._fail_disk)
        self._repeat(settings.vandal_every_seconds, self.vandal.call)

    def stop(self) -> None:
        """Break nothing more."""
        self.is_stopped = True

    def _repeat(self, mean_seconds: float | None, action: Callable[[], None]) -> None:
        if mean_seconds is None:
            return

        def again() -> None:
            if not self.is_stopped:
                action()
                self._repeat(mean_seconds, action)

        self._schedule.call_after(2.0 * mean_seconds * self._randomness.fraction(), again)

    def _anyone(self) -> SimulatedPeer:
        return self._peers[self._randomness.integer(len(self._peers))]

    def _partition(self) -> None:
        everyone = [HOST, *(peer.name for peer in self._peers)]
        island = [name for name in everyone if self._randomness.integer(2)] or [self._anyone().name]
        seconds = self._settings.partition_seconds_max * self._randomness.fraction()
        self._note(f"partition of {', '.join(island)} for {seconds:.3f} s")
        self._network.partition(island, seconds)

    def _cut(self) -> None:
        peer = self._anyone()
        if peer.connection is not None:
            self._note(f"cuts the connection of {peer.name}")
            self._network.cut(peer.connection)

    def _change_address(self) -> None:
        """Somebody walks into another network: the connection goes on from there, or has to be made anew."""
        peer = self._anyone()
        if peer.connection is not None and self._randomness.integer(3) == 0:
            self._note(f"{peer.name} has another address, which its connection does not survive")
            self._network.cut(peer.connection)
        else:
            self._note(f"{peer.name} has another address")
            self._network.change_address(peer.name)

    def _leave(self) -> None:
        """Somebody goes, and comes back: soon, or not before everything is over."""
        peer = self._anyone()
        if not peer.is_away:
            peer.leave()
            self._schedule.call_after(
                self._settings.away_seconds_max * self._randomness.fraction(), lambda: self._bring_back(peer)
            )

    def _bring_back(self, peer: SimulatedPeer) -> None:
        if not self.is_stopped:
            peer.connect()

    def _kill_room(self) -> None:
        self._host.kill()
        self._start_room_after(self._settings.room_down_seconds_max * self._randomness.fraction())

    def _start_room_after(self, seconds: float) -> None:
        def start() -> None:
            if self._host.room is None:
                self._host.start()

        self._schedule.call_after(seconds, start)

    def _fail_disk(self) -> None:
        """The next fsync fails; somebody notices that the room is read-only, and restarts it."""
        self._note("the next fsync fails")
        self._host.disk.fail_next_sync("input/output error")
        self._schedule.call_after(1.0 + 2.5 * self._randomness.fraction(), self._kill_room)

    def _note(self, what: str) -> None:
        self._trace.note(self._schedule.clock.seconds, "faults", what)
