"""What a room has to do with the state plane: its world, who sees it, and who moves what in it (REP-25 … REP-29).

    handle_joined, handle_left, handle_role   sessions, those without the capability "state" too
    handle_message, handle_presence           what they say
    handle_timeout                            the time that `timeout` names has come
    poll_notice                               what is to be logged

What it has to say goes to the room's Outbound. Participants are named by their actors.
"""

from dataclasses import dataclass

import numpy as np

from theta.base.errors import ProtocolError
from theta.base.limits import COORDINATE_METRES_MAX, PEERS_MAX, RESUME_SECONDS_MAX
from theta.base.moment import Moment
from theta.ecs.entities import Entities
from theta.interest.explain import Explanation
from theta.node.connections import Connection, Participant
from theta.node.outbound import Outbound
from theta.node.state_notices import StateNotice, StateNotices
from theta.node.state_ownership import StateOwnership
from theta.node.state_plane import Position, StatePlane
from theta.node.state_regions import StateRegions
from theta.node.state_report import StateReport
from theta.node.state_systems import StateSystems
from theta.node.state_world import StateWorld
from theta.node.telemetry import SECONDS_BOUNDS, Histogram, Snapshot, Stopwatch
from theta.replication.presence import HEAD_VALID, PresenceRow
from theta.session.capabilities import STATE, ZSTD
from theta.wire.interest_messages import SelectEntities, SubscribeRegion, UnsubscribeRegion
from theta.wire.messages import Message
from theta.wire.ownership_messages import OWNERSHIP_FROM_PARTICIPANT
from theta.wire.state_messages import CellHashes, StateAck, StateChunksReceived
from theta.wire.types import RoleName

STATE_MESSAGES = (
    StateAck,
    StateChunksReceived,
    CellHashes,
    SubscribeRegion,
    UnsubscribeRegion,
    SelectEntities,
    *OWNERSHIP_FROM_PARTICIPANT,
)
"""What `handle_message` takes."""
FIRST_LOOK_SECONDS = 0.1
"""Who has shown no head so long after joining looks from the origin."""
_ORIGIN = (0.0, 0.0, 0.0)


@dataclass
class _Attendance:
    """A participant with a seat in the plane.

    Attributes:
        session: under which it has the seat.
        connection: the number of its connection; None while it is suspended.
        takes_zstd: whether it was going to be sent compressed chunks.
        regions: what else it looks at.
        looks_at: when it begins to look from the origin, monotonic seconds; None once it looks.
        left_at: when its connection was lost, monotonic seconds.
    """

    session: bytes
    connection: int | None
    takes_zstd: bool
    regions: StateRegions
    looks_at: float | None
    left_at: float = 0.0


class StateDesk:
    """One room's.

    Args:
        state: what there is to see.
        outbound: where what is to be said goes.
        stopwatch: measures durations, in seconds.
        opened_ms: when the room opened, milliseconds since 1970.

    Attributes:
        plane: who is told of what.
        report: what is answered to who asks about all that.
    """

    def __init__(
        self, state: StateWorld, outbound: Outbound, stopwatch: Stopwatch = lambda: 0.0, opened_ms: int = 0
    ) -> None:
        self.plane = StatePlane(state.declarations, state.world, opened_ms)
        self._ownership = StateOwnership(self.plane)
        self._systems = StateSystems(state.world, stopwatch)
        self._notices = StateNotices(self.plane, self._systems)
        self.report = StateReport(self.plane, self._systems)
        self._outbound = outbound
        self._stopwatch = stopwatch
        self._tick_seconds = Histogram(SECONDS_BOUNDS)
        self._attending: dict[int, _Attendance] = {}
        self._by_connection: dict[int, int] = {}

    # -- what it knows -------------------------------------------------------------------------------------------------

    @property
    def tick(self) -> int:
        """The tick that was told of last; 0 before the first."""
        return self.plane.tick

    def explain(self, actor: int, entity: int, scope: str = "") -> Explanation:
        """Why an actor is told of an entity, or not, and what it waits for (INT-18).

        Raises:
            InvalidValue: no such actor, entity or scope.
        """
        return self.plane.explain(actor, entity, scope)

    def telemetry(self) -> Snapshot:
        """Its numbers by name, for /metrics."""
        plane = self.plane
        found: Snapshot = {
            "theta_state_entities": plane.world.entity_count,
            "theta_state_peers": len(self._by_connection),
            "theta_state_suspended_peers": len(self._attending) - len(self._by_connection),
            "theta_state_ticks_total": plane.tick,
            "theta_state_frames_total": plane.counts["frames"],
            "theta_state_large_sections_total": plane.counts["sections"],
            "theta_state_sent_bytes_total": plane.counts["sent_bytes"],
            "theta_state_encoded_bytes_total": plane.counts["encoded_bytes"],
            "theta_state_divergences_total": self._notices.divergences,
            "theta_state_systems_failed": float(self._systems.fault is not None),
        }
        for name, count in sorted(self._ownership.counts.items()):
            found[f'theta_state_ownership_total{{outcome="{name}"}}'] = count
        found |= self._tick_seconds.snapshot("theta_state_tick_seconds")
        return found | self._systems.seconds.snapshot("theta_state_world_seconds")

    # -- who is here ---------------------------------------------------------------------------------------------------

    def handle_joined(self, now: Moment, connection: Connection, who: Participant) -> None:
        """A session stands on a connection. One that is resumed goes on where it was, if its seat is still here."""
        actor, known = who.record.actor, self._attending.get(who.record.actor)
        takes_zstd = ZSTD in who.capabilities
        if known is not None and known.connection is not None:
            del self._by_connection[known.connection]
            known.connection = None
        goes_on = (
            known is not None
            and STATE in who.capabilities
            and (known.session, known.takes_zstd) == (who.record.session, takes_zstd)
            and self.plane.can_resume(actor)
        )
        if known is not None and goes_on:
            self.plane.handle_resumed(actor)
            self.plane.handle_role(actor, who.role)
            self.plane.handle_selection(actor, ())
            known.regions.handle_resumed(now.seconds)
            known.connection = connection.number
        elif known is not None:
            self._forget(now, actor)
        if STATE not in who.capabilities:
            return
        if not goes_on:
            self._seat(now, connection, who, takes_zstd=takes_zstd)
        self._by_connection[connection.number] = actor
        self._ownership.handle_joined(now.seconds, actor, who.role)
        self._drain()

    def handle_left(self, now: Moment, who: Participant) -> None:
        """A participant's connection is gone. Its seat is kept for as long as its session may be resumed."""
        actor = who.record.actor
        known = self._attending.get(actor)
        if known is None or known.connection is None:
            return
        del self._by_connection[known.connection]
        known.connection, known.left_at = None, now.seconds
        self._ownership.handle_suspended(actor)
        if self.plane.can_resume(actor):
            self.plane.handle_suspended(actor)
        else:
            self._forget(now, actor)
        self._drain()

    def handle_role(self, now: Moment, actor: int, role: RoleName) -> None:
        """A participant may see and do more, or less, from here on."""
        if actor in self._attending:
            self.plane.handle_role(actor, role)
            self._ownership.handle_role(now.seconds, actor, role)
            self._drain()

    # -- what they say -------------------------------------------------------------------------------------------------

    def handle_presence(self, row: PresenceRow) -> None:
        """A participant showed where it is: from its head it looks."""
        known = self._attending.get(row.actor)
        if known is not None and row.flags & HEAD_VALID and row.place is not None:
            self.plane.handle_pose(row.actor, _place_on_earth(row.place))
            known.looks_at = None

    def handle_message(self, now: Moment, who: Participant, message: Message) -> None:
        """Take one of STATE_MESSAGES.

        Raises:
            ProtocolError: it is not what a participant says; nothing of it was taken.
        """
        actor = who.record.actor
        known = self._attending.get(actor)
        if known is None:
            raise ProtocolError(f"{type(message).__name__} is for sessions with the capability {STATE}")
        match message:
            case StateAck() | StateChunksReceived():
                self._handle_answer(actor, message)
            case CellHashes():
                self.plane.handle_hashes(actor, message)
            case SubscribeRegion():
                known.regions.handle_subscribe(message)
            case UnsubscribeRegion():
                known.regions.handle_unsubscribe(message)
            case SelectEntities():
                self.plane.handle_selection(actor, _entities(message))
            case _:
                self._ownership.handle_message(now.seconds, actor, message)
        self._drain()

    def _handle_answer(self, actor: int, message: StateAck | StateChunksReceived) -> None:
        try:
            if isinstance(message, StateAck):
                self.plane.handle_ack(actor, message)
            else:
                self.plane.handle_chunks(actor, message)
        except ProtocolError:
            # Who resumed its session and has a new seat speaks of the last one until it is told of the components.
            if self.plane.can_resume(actor):
                raise

    # -- time ----------------------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds; None when nothing is waited for."""
        times = [self._expires_at, self.next_tick]
        times += [known.looks_at for known in self._attending.values() if known.connection is not None]
        return min((at for at in times if at is not None), default=None)

    @property
    def next_tick(self) -> float | None:
        """When the next tick is due, monotonic seconds; None while a world in which nothing is and runs needs none."""
        return None if self.plane.is_at_rest and not self._systems.has_work else self.plane.timeout

    def handle_timeout(self, now: Moment) -> None:
        """Do what is due."""
        seconds = now.seconds
        for actor in [each for each, known in self._attending.items() if _has_expired(known, seconds)]:
            self._forget(now, actor)
        for actor, known in self._attending.items():
            if known.looks_at is not None and seconds >= known.looks_at:
                known.looks_at = None
                self.plane.handle_pose(actor, _ORIGIN)
        if self.next_tick is not None and seconds >= self.next_tick:
            self._tick(seconds)
        self._drain()

    def poll_notice(self) -> StateNotice | None:
        """What is to be logged."""
        return self._notices.poll()

    # -- within --------------------------------------------------------------------------------------------------------

    @property
    def _expires_at(self) -> float | None:
        left = (known.left_at for known in self._attending.values() if known.connection is None)
        first = min(left, default=None)
        return None if first is None else first + RESUME_SECONDS_MAX

    def _tick(self, seconds: float) -> None:
        began = self._stopwatch()
        self._systems.handle_tick(seconds)
        self._ownership.apply(seconds)
        # Observers are told of what participants spawned and wrote; the plane tells them nothing.
        self._systems.flush()
        for known in self._attending.values():
            known.regions.handle_tick(seconds)
        for connection, size in self._outbound.take_spent().items():
            actor = self._by_connection.get(connection)
            if actor is not None:
                self.plane.spend(actor, size)
        self.plane.handle_tick(seconds)
        self.report.handle_tick(seconds)
        self._notices.handle_tick(seconds)
        self._tick_seconds.add(self._stopwatch() - began)

    def _seat(self, now: Moment, connection: Connection, who: Participant, *, takes_zstd: bool) -> None:
        actor = who.record.actor
        suspended = [each for each, known in self._attending.items() if known.connection is None]
        if len(self._attending) == PEERS_MAX:
            self._forget(now, min(suspended, key=lambda each: self._attending[each].left_at))
        self.plane.handle_joined(now.seconds, actor, who.role, takes_zstd=takes_zstd)
        self._attending[actor] = _Attendance(
            who.record.session,
            connection.number,
            takes_zstd,
            StateRegions(self.plane, actor),
            now.seconds + FIRST_LOOK_SECONDS,
        )

    def _forget(self, now: Moment, actor: int) -> None:
        del self._attending[actor]
        self.plane.handle_left(actor)
        self._ownership.handle_left(now.seconds, actor)

    def _drain(self) -> None:
        while told := self.plane.poll_transmit():
            connection = self._attending[told.peer].connection
            assert connection is not None, "nothing is said to who is suspended"
            frame = self._outbound.send(connection, told.message)
            self.report.handle_sent(told.peer, len(frame))
        while news := self._ownership.poll_transmit():
            here = (self._attending[actor].connection for actor in news.actors if actor in self._attending)
            self._outbound.send_all([each for each in here if each is not None], news.message)


def _has_expired(known: _Attendance, seconds: float) -> bool:
    return known.connection is None and seconds >= known.left_at + RESUME_SECONDS_MAX


def _place_on_earth(metres: Position) -> Position:
    """The nearest place that is one: a row's numbers are finite, and no more."""
    x, y, z = (min(max(each, -COORDINATE_METRES_MAX), COORDINATE_METRES_MAX) for each in metres)
    return x, y, z


def _entities(message: SelectEntities) -> Entities:
    if len(message.entities) % 8:
        raise ProtocolError(f"SelectEntities: {len(message.entities)} bytes are not entities of 8 each")
    return np.frombuffer(message.entities, "<u8").astype(np.uint64)
