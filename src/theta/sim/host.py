"""A room as a process on a simulated machine: a disk below it, a network around it, and a kill -9 now and then."""

from collections.abc import Callable

from theta.base.randomness import Randomness
from theta.node.lanes import Lane
from theta.node.room import Room, RoomSettings
from theta.node.state_world import StateWorld
from theta.sim.clock import NodeClock
from theta.sim.disk import SimulatedDisk
from theta.sim.network import Network
from theta.sim.schedule import Schedule, Timer
from theta.sim.trace import Trace

HOST = "room"


class SimulatedHost:
    """Feeds a Room, drains it and arms its timer, as the real host does, and decides nothing.

    `complaints` is what a real host would log of the state plane.

    Args:
        settings: the room's.
        schedule: when things happen.
        clock: this machine's clocks.
        network: where it listens, as "room".
        disk: the room file.
        trace: where everything is noted.
        randomness_of_start: the room's randomness at its n-th start, from 1.
        state_of_start: what lives in it then; None for what lives in every room.
    """

    def __init__(
        self,
        settings: RoomSettings,
        schedule: Schedule,
        clock: NodeClock,
        network: Network,
        disk: SimulatedDisk,
        trace: Trace,
        randomness_of_start: Callable[[int], Randomness],
        state_of_start: Callable[[int], StateWorld | None] = lambda start: None,
    ) -> None:
        self._settings = settings
        self._schedule = schedule
        self._clock = clock
        self._network = network
        self._trace = trace
        self._randomness_of_start = randomness_of_start
        self._state_of_start = state_of_start
        self._timer = Timer(schedule, clock, self._handle_timeout)
        self.disk = disk
        self.disk.on_durable = self._handle_durable
        self.disk.on_failed = self._handle_failed
        self.disk.on_asset_durable = self._handle_asset_durable
        self.disk.on_checkpoint_durable = self._handle_checkpoint_durable
        self.room: Room | None = None
        self.starts = 0
        self.complaints: list[str] = []

    def start(self) -> None:
        """Open the room from what is on the disk, and listen."""
        assert self.room is None, "the room is running"
        records = self.disk.recover()
        self.starts += 1
        self._note(f"start {self.starts} with {len(records)} records")
        luck = self._randomness_of_start(self.starts)
        settings = self._settings._replace(state=self._state_of_start(self.starts))
        self.room = Room(settings, self.disk, luck, self._clock.now(), self.disk.assets())
        self._network.attach(HOST, self)
        self._drain()

    def kill(self) -> None:
        """Die as by kill -9: the process is gone between two events, with everything that was not on the disk."""
        if self.room is None:
            return
        self._note("killed")
        self.room = None
        self._timer.arm(None)
        self.disk.crash()
        self._network.crash(HOST)

    def handle_opened(self, connection: int) -> None:
        """See NetworkNode."""
        if self.room is not None:
            self.room.handle_connected(self._clock.now(), connection)
            self._drain()

    def handle_arrived(self, connection: int, lane: Lane, frame: bytes) -> None:
        """See NetworkNode."""
        if self.room is not None:
            self._trace.note(self._schedule.clock.seconds, HOST, f"frame on {connection}, {lane.name.lower()}", frame)
            self.room.handle_frame(self._clock.now(), connection, lane, frame)
            self._drain()

    def handle_closed(self, connection: int, code: int, reason: str) -> None:
        """See NetworkNode."""
        if self.room is not None:
            self._note(f"{connection} closed: {code}")
            self.room.handle_disconnected(self._clock.now(), connection)
            self._drain()

    def _handle_timeout(self) -> None:
        if self.room is not None:
            self._note("timer")
            self.room.handle_timeout(self._clock.now())
            self._drain()

    def _handle_durable(self, seq: int) -> None:
        if self.room is not None:
            self._note(f"fsync up to {seq}")
            self.room.handle_durable(self._clock.now(), seq)
            self._drain()

    def _handle_asset_durable(self, name: bytes) -> None:
        if self.room is not None:
            self._note(f"fsync of asset {name.hex()[:8]}")
            self.room.handle_asset_durable(self._clock.now(), name)
            self._drain()

    def _handle_checkpoint_durable(self) -> None:
        if self.room is not None:
            self._note("fsync of a piece of a checkpoint")
            self.room.handle_checkpoint_durable(self._clock.now())
            self._drain()

    def _handle_failed(self, reason: str) -> None:
        if self.room is not None:
            self._note(f"fsync failed: {reason}")
            self.room.handle_store_failed(self._clock.now(), reason)
            self._drain()

    def _drain(self) -> None:
        room = self.room
        assert room is not None
        records = room.poll_append()
        if records:
            self.disk.append(records)
        while (asset := room.poll_store_asset()) is not None:
            self.disk.put_asset(asset)
        while (name := room.poll_drop_asset()) is not None:
            self.disk.drop_asset(name)
        while (piece := room.poll_checkpoint()) is not None:
            self.disk.put_piece(piece)
        while (transmit := room.poll_transmit()) is not None:
            self._network.send(transmit.connection, HOST, transmit.lane, transmit.frame)
        while (close := room.poll_close()) is not None:
            self._note(f"closes {close.connection}: {close.code}")
            self._network.close(close.connection, HOST, close.code, close.reason)
        while (notice := room.poll_state_notice()) is not None:
            self.complaints.append(f"the room logs: {notice.text}")
        self._timer.arm(room.poll_timeout())

    def _note(self, what: str) -> None:
        self._trace.note(self._schedule.clock.seconds, HOST, what)
