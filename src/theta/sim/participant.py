"""A participant as a process on a simulated machine: it connects, and connects again when it has lost the room."""

from collections.abc import Callable

from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.packets import decode_body
from theta.ecs.entities import Entity
from theta.editor.vocabulary import ImportMesh
from theta.node.events import (
    Answered,
    Applied,
    AssetNotStored,
    AssetStored,
    Diverged,
    EntitiesAppeared,
    EntitiesDisappeared,
    Event,
    Joined,
    Rejected,
)
from theta.node.lanes import Lane
from theta.node.peer import Peer, PeerSettings
from theta.replication.presence import Presence
from theta.replication.standard import Float3
from theta.sim.clock import NodeClock
from theta.sim.host import HOST
from theta.sim.network import CLOSE_ABNORMAL, Network
from theta.sim.schedule import Schedule, Timer
from theta.sim.trace import Trace
from theta.wire.codec import decode_from_participant, decode_from_room
from theta.wire.messages import PacketAcknowledged, SubmitPacket
from theta.wire.ownership_messages import DespawnEntities, EntitiesDespawned, EntitiesSpawned

CONNECT_SECONDS_MAX = 3.0
BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 2.0
ACKNOWLEDGEMENT_BYTES_MAX = 64
CLOSE_GOING_AWAY = 1001
TOO_EXPENSIVE = "TooExpensive"
"""Several commands that each cost much may come together in one packet by chance."""
# Lost (RFC 6455 §7.4.1: 1006), going away (1001), replaced, missed heartbeats, slow handshake, kicked: no mistake.
BLAMELESS_CLOSES = frozenset({CLOSE_GOING_AWAY, CLOSE_ABNORMAL, 4410, 4504, 4408, 4407})

DAMAGED = frozenset({4400})
"""What a frame costs whose bytes are not what was sent, where no carrier has noticed."""


class SimulatedPeer:
    """Feeds a Peer, drains it and arms its timer; remembers what was acknowledged, from the frames themselves.

    `there` are the entities of the room's world that came and did not go, by its events.

    Args:
        name: the node's name in network and trace.
        settings_of_start: the peer's settings at its n-th start, from 1; each start needs an instance of its own.
        randomness: the peer's, and its backoff's.
        schedule: when things happen.
        clock: this machine's clocks.
        network: where the room is found.
        trace: where everything is noted.
        blameless: close codes that are nobody's mistake.
    """

    def __init__(
        self,
        name: str,
        settings_of_start: Callable[[int], PeerSettings],
        randomness: Randomness,
        schedule: Schedule,
        clock: NodeClock,
        network: Network,
        trace: Trace,
        blameless: frozenset[int] = BLAMELESS_CLOSES,
    ) -> None:
        self.name = name
        self.acknowledged: set[CommandName] = set()
        self.performed: set[CommandName] = set()
        self.complaints: list[str] = []
        self.shown: Presence | None = None
        self.actors: set[int] = set()
        self.is_away = False
        self.starts = 0
        self.there: set[Entity] = set()
        self._settings_of_start = settings_of_start
        self._randomness = randomness
        self._schedule = schedule
        self._clock = clock
        self._network = network
        self._trace = trace
        self._blameless = blameless
        self._timer = Timer(schedule, clock, self._handle_timeout)
        self._connection: int | None = None
        self._is_open = False
        self._attempts = 0
        self._in_flight: dict[int, list[CommandName]] = {}
        self._ending: dict[int, bytes] = {}
        self._network.attach(name, self)
        self.peer = self._new_peer()

    @property
    def actor(self) -> int:
        """Who it is in the room, since its latest start."""
        return self.peer.actor

    @property
    def connection(self) -> int | None:
        """Its connection's number, also while it is still calling."""
        return self._connection

    @property
    def looks_from(self) -> Float3:
        """Where its head is, in metres; the origin until it shows one."""
        return self.shown.head_position if self.shown is not None else (0.0, 0.0, 0.0)

    def connect(self) -> None:
        """Call the room; without an answer in time, try again later."""
        self.is_away = False
        if self._connection is not None:
            return
        number = self._connection = self._network.connect(self.name, HOST)
        self._schedule.call_after(CONNECT_SECONDS_MAX, lambda: self._give_up(number))

    def leave(self) -> None:
        """Go away for good, unless `connect` is called; what the room did not acknowledge is given up."""
        self._note("leaves")
        connection, self._connection, self._is_open = self._connection, None, False
        self.is_away = True
        self.performed &= self.acknowledged
        self.peer.handle_disconnected(self._clock.now())
        self._timer.arm(None)
        if connection is not None:
            self._network.close(connection, self.name, CLOSE_GOING_AWAY, "bye")

    def restart(self) -> None:
        """Kill the process and start it again: the same key, a new actor; what the room didn't have is lost."""
        self._note("killed")
        self._network.crash(self.name)
        self._connection, self._is_open = None, False
        self.performed &= self.acknowledged
        self.shown = None
        self.there.clear()
        self._ending.clear()
        self._timer.arm(None)
        self._network.attach(self.name, self)
        self.peer = self._new_peer()
        self.connect()

    def now(self) -> Moment:
        """What this machine's clocks read."""
        return self._clock.now()

    def act(self, action: Callable[[], list[CommandName]]) -> None:
        """Do something with `peer`, and send what comes of it; `action` returns the names of what it performed."""
        names = action()
        self.performed.update(names)
        if names:
            self._note(f"performs {names[0].number} to {names[-1].number}")
        self._drain()

    def show(self, presence: Presence) -> None:
        """Let the others see this."""
        self.shown = presence
        self.peer.show(self._clock.now(), presence)
        self._drain()

    def handle_opened(self, connection: int) -> None:
        """See NetworkNode."""
        if connection == self._connection:
            self._is_open = True
            self._in_flight.clear()
            self.peer.handle_connected(self._clock.now())
            self._drain()

    def handle_arrived(self, connection: int, lane: Lane, frame: bytes) -> None:
        """See NetworkNode."""
        if connection != self._connection or not self._is_open:
            return
        self._trace.note(self._schedule.clock.seconds, self.name, f"frame, {lane.name.lower()}", frame)
        if len(frame) <= ACKNOWLEDGEMENT_BYTES_MAX:
            message = decode_from_room(frame)
            if isinstance(message, PacketAcknowledged):
                self.acknowledged.update(self._in_flight.pop(message.nonce, ()))
        self.peer.handle_frame(self._clock.now(), lane, frame)
        self._drain()

    def handle_closed(self, connection: int, code: int, reason: str) -> None:
        """See NetworkNode."""
        if connection != self._connection:
            return
        self._note(f"closed: {code} {reason}")
        if code not in self._blameless:
            self.complaints.append(f"the room closed its connection with {code}, {reason}")
        self._lose()

    def _handle_timeout(self) -> None:
        self._note("timer")
        self.peer.handle_timeout(self._clock.now())
        self._drain()

    def _new_peer(self) -> Peer:
        self.starts += 1
        settings = self._settings_of_start(self.starts)
        peer = Peer(settings, Randomness(self._randomness.draw(32)))
        self.actors.add(peer.actor)
        return peer

    def _drain(self) -> None:
        while (event := self.peer.poll_event()) is not None:
            self._take(event)
        while (transmit := self.peer.poll_transmit()) is not None:
            lane, frame = transmit
            if self._connection is not None and self._is_open:
                self._remember(lane, frame)
                self._network.send(self._connection, self.name, lane, frame)
        close = self.peer.poll_close()
        if close is not None and self._connection is not None:
            code, reason = close
            self._note(f"closes: {code} {reason}")
            if code not in self._blameless:
                self.complaints.append(f"it closed its connection with {code}, {reason}")
            self._network.close(self._connection, self.name, code, reason)
            self._lose()
            return
        self._timer.arm(self.peer.poll_timeout())

    def _take(self, event: Event) -> None:
        if isinstance(event, Applied):
            self.acknowledged.add(event.name)
        elif isinstance(event, Joined):
            self._attempts = 0
        elif isinstance(event, Rejected):
            self.performed.discard(event.name)
            if event.code == TOO_EXPENSIVE:
                return
            self.complaints.append(f"command {event.name.number} was refused: {event.code}, {event.reason}")
        elif isinstance(event, AssetStored):
            names = self.peer.perform(self._clock.now(), [imported(event.asset)])
            self.performed.update(names)
            self._note(f"imports by {names[0].number}")
        elif isinstance(event, AssetNotStored):
            self.complaints.append(f"its asset was refused: {event.code}, {event.reason}")
        elif isinstance(event, Diverged):
            self.complaints.append(f"its document differed from the room's at record {event.seq}")
        else:
            self._take_of_world(event)

    def _take_of_world(self, event: Event) -> None:
        if isinstance(event, EntitiesAppeared):
            if self.there & set(event.entities):
                self.complaints.append("an entity appeared that was there")
            self.there |= set(event.entities)
        elif isinstance(event, EntitiesDisappeared):
            if not self.there >= set(event.entities):
                self.complaints.append("an entity disappeared that was not there")
            self.there -= set(event.entities)
        elif isinstance(event, Answered) and isinstance(event.answer, EntitiesSpawned):
            self.peer.state.announce(event.answer.entities, len(event.answer.entities) // 8)
        elif isinstance(event, Answered) and isinstance(event.answer, EntitiesDespawned):
            self.peer.state.handle_despawned(self._ending.pop(event.answer.request))

    def _remember(self, lane: Lane, frame: bytes) -> None:
        if lane in (Lane.COMMANDS, Lane.STATE) and self.peer.is_joined:
            message = decode_from_participant(frame)
            if isinstance(message, SubmitPacket):
                numbers = (each.number for each in decode_body(message.body).commands)
                self._in_flight[message.nonce] = [CommandName(self.actor, number) for number in numbers]
            elif isinstance(message, DespawnEntities):
                self._ending[message.request] = message.entities

    def _give_up(self, connection: int) -> None:
        if connection == self._connection and not self._is_open:
            self._network.close(connection, self.name, CLOSE_GOING_AWAY, "no answer")
            self._lose()

    def _lose(self) -> None:
        """The connection is gone: tell the peer, and call again after a while."""
        was_open, self._connection, self._is_open = self._is_open, None, False
        if was_open:
            self.peer.handle_disconnected(self._clock.now())
            self._drain()
        self._attempts += 1
        wait = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2.0 ** min(self._attempts, 8))
        self._schedule.call_after(wait * (0.5 + 0.5 * self._randomness.fraction()), self._connect_again)

    def _connect_again(self) -> None:
        if not self.is_away:
            self.connect()

    def _note(self, what: str) -> None:
        self._trace.note(self._schedule.clock.seconds, self.name, what)


def imported(asset: bytes) -> ImportMesh:
    """What a participant performs as soon as the room has stored its asset."""
    middle, upright = (0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    return ImportMesh(asset, "import", middle, upright, (1.0, 1.0, 1.0), (0.5, 0.75, 1.0))
