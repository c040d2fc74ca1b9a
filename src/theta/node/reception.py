"""From a connection to a participant: the handshake's end, new sessions and resumed ones (SES-8, SES-10)."""

from typing import NamedTuple

from theta.base.errors import NotInvited, ProtocolError, RoomFull, SessionReplaced
from theta.base.identifiers import actor_of
from theta.base.limits import PEERS_MAX, RESUME_SECONDS_MAX, SESSION_ID_BYTES
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.log import CommandLog
from theta.commands.records import SessionRecord
from theta.commands.roles import higher_role
from theta.node.connections import Arrival, Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.node.standing import Standing
from theta.session.colours import colour_for
from theta.session.host_handshake import Established, HostHandshake, HostTerms, resume_token
from theta.session.nonces import NonceMemory
from theta.session.states import Event, SessionMachine, State
from theta.session.upgrading import check_protocol
from theta.wire.codec import decode_from_participant, read_opening
from theta.wire.messages import Message, Person, SessionAcknowledge
from theta.wire.types import RoleName


class _Suspended(NamedTuple):
    """A session without a connection, and since when, in monotonic seconds."""

    session: SessionMachine
    since: float


class Reception:
    """Lets people in. It makes session records; the room appends them and welcomes once they are durable."""

    def __init__(
        self,
        terms: HostTerms,
        room_name: str,
        log: CommandLog,
        connections: Connections,
        outbound: Outbound,
        randomness: Randomness,
        now: Moment,
        standing: Standing,
    ) -> None:
        self._standing = standing
        self._terms = terms
        self._room_name = room_name
        self._log = log
        self._connections = connections
        self._outbound = outbound
        self._randomness = randomness
        self._opened_at = now.seconds
        self._nonces = NonceMemory("participant")
        self._suspended: dict[bytes, _Suspended] = {}

    def handle_connected(self, now: Moment, number: int) -> None:
        """A connection is there; it has two seconds to say who it is."""
        handshake = HostHandshake(self._terms, self._randomness, now, self._nonces)
        self._connections.open(number, handshake, now)

    def handle_left(self, now: Moment, participant: Participant, session: SessionMachine) -> None:
        """A participant's connection is gone; its session may be resumed for a while."""
        self._expire(now)
        if session.state is State.SUSPENDED:
            self._suspended[participant.record.session] = _Suspended(session, now.seconds)

    def read(self, connection: Connection, frame: bytes) -> Message:
        """What is said on a connection.

        Raises:
            PeerError: of theta.wire.codec; ProtocolMismatch for the hello of another protocol that cannot be read here.
        """
        try:
            return decode_from_participant(frame)
        except ProtocolError:
            opening = read_opening(frame) if connection.session.state is State.HELLO else None
            if opening is not None:
                check_protocol(*opening, software="", ours=self._terms.protocol)
            raise

    def handle_message(
        self, now: Moment, connection: Connection, message: Message, frame: bytes, *, read_only: bool = False
    ) -> SessionRecord | None:
        """Take a message of somebody who is not in yet; returns a session record that has to be made durable.

        In a room that is `read_only` a new session has no record: it can look and talk, and ends with the room.

        Raises:
            PeerError: of the handshake's table, RoomFull, or NotInvited.
        """
        if connection.session.state is State.ACKNOWLEDGE:
            raise ProtocolError("wait for the acknowledgement before saying more")
        if connection.session.state is State.HELLO:
            challenge = connection.handshake.handle_hello(message, frame)
            connection.handshake.handle_sent(self._outbound.send(connection.number, challenge))
            return None
        established = connection.handshake.handle_proof(message, now.unix_ms)
        previous = self._resumable(now, established)
        granted = self._granted(established, previous)
        role = self._standing.role_of(established.public_key, granted)
        if previous is not None and previous.role != granted:
            previous = None  # the log tells a session's role, so that a higher one needs another session
        record = previous or self._new_session(now, established, granted)
        returns = self._connections.of_actor(record.actor) is not None
        # Whoever has proved a key takes a place, and so does this one by now.
        if not returns and self._connections.places_taken > PEERS_MAX:
            raise RoomFull(f"the room holds {PEERS_MAX} people")
        is_stored = previous is None and not read_only
        seq = self._log.head_seq + 1 if is_stored else 0
        connection.arrival = Arrival(established, record, role, seq, previous is not None)
        return record if is_stored else None

    def welcome(self, now: Moment, connection: Connection, head_seq: int, lamport: int) -> Participant:
        """The session record is on disk: acknowledge, and from here on it is a participant."""
        arrival = connection.arrival
        assert arrival is not None
        established, record = arrival.established, arrival.record
        replaced = self._connections.of_actor(record.actor)
        if replaced is not None and replaced.participant is not None:
            self._outbound.close(replaced.number, SessionReplaced("the session went on over a newer connection"))
            self._connections.forget(replaced.number)
            replaced.session.handle(Event.REPLACED)
            self.handle_left(now, replaced.participant, replaced.session)
        suspended = self._suspended.pop(record.session, None)
        if suspended is not None:
            suspended.session.handle(Event.TAKEN_UP)
        connection.session.handle(Event.RESUMED if arrival.resumed else Event.RECORDED)
        connection.heartbeat.agree(now, established.heartbeat_seconds)
        self._connections.attend_by(connection.timeout)
        taken = {who.person.colour for _, who in self._connections.joined() if who.record.author != record.author}
        person = Person(record.actor, record.author, established.name, colour_for(record.author, taken), arrival.role)
        capabilities = frozenset(established.capabilities)
        connection.participant = Participant(record, arrival.role, capabilities, person)
        connection.arrival = None
        self._outbound.send(
            connection.number,
            SessionAcknowledge(
                record.session,
                resume_token(self._terms.secret, record.session, record.author),
                record.actor,
                arrival.role,
                established.capabilities,
                self._room_name,
                now.unix_ms,
                head_seq,
                lamport,
                self._log.guard(record.session).highest + 1,
                arrival.resumed,
                round(established.heartbeat_seconds * 1000.0),
            ),
        )
        self._outbound.agree(connection.number, capabilities)
        return connection.participant

    def _resumable(self, now: Moment, established: Established) -> SessionRecord | None:
        record = self._log.sessions.get(established.resume_session)
        if record is None or record.instance != established.instance or self._standing.is_over(record):
            return None
        standing = any(who.record.session == record.session for _, who in self._connections.joined())
        suspended = self._suspended.get(record.session)
        left_at = self._opened_at if suspended is None else suspended.since
        return record if standing or now.seconds - left_at <= RESUME_SECONDS_MAX else None

    def _expire(self, now: Moment) -> None:
        over = [each for each, left in self._suspended.items() if now.seconds - left.since > RESUME_SECONDS_MAX]
        for session in over:
            self._suspended.pop(session).session.handle(Event.EXPIRED)

    def _granted(self, established: Established, previous: SessionRecord | None) -> RoleName:
        roles = [role for role in (established.role, previous.role if previous else None) if role is not None]
        if not roles:
            raise NotInvited("the session has expired: open the whole link again")
        return higher_role(roles[0], roles[-1])

    def _new_session(self, now: Moment, established: Established, role: RoleName) -> SessionRecord:
        return SessionRecord(
            self._randomness.draw(SESSION_ID_BYTES),
            established.public_key,
            actor_of(established.public_key, established.instance),
            established.instance,
            role,
            established.name,
            now.unix_ms,
        )
