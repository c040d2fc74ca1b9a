"""A participant's session over its connections: the handshake, the heartbeat, and where it is in the table (SES-15)."""

from theta.base.errors import NotConnected, PeerTimeout, ProtocolError
from theta.base.limits import HANDSHAKE_SECONDS_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.packets import SigningDomain
from theta.session.heartbeat import Heartbeat, LinkQuality
from theta.session.nonces import NonceMemory
from theta.session.participant_handshake import ParticipantHandshake, ParticipantTerms, Resumption
from theta.session.states import PARTICIPANT, Action, Event, SessionMachine, State, event_of
from theta.wire.messages import Message, Ping, Pong, SessionAcknowledge

_WAY_IN_SECONDS_MAX = 2.0 * HANDSHAKE_SECONDS_MAX
"""The room's own deadline, and as long again for the way there and back, and for the room's disk (SES-11)."""


class PeerSession:
    """One session after the other with one room, over one connection after the other.

    Args:
        room_key: the key that the room must have; None takes the first room's.
        randomness: for nonces; secret.

    Attributes:
        acknowledge: what the room said when the session stood last; None before.
        room_key: the room's key, once it is known.
    """

    def __init__(self, room_key: bytes | None, randomness: Randomness) -> None:
        self.acknowledge: SessionAcknowledge | None = None
        self.room_key = room_key
        self._randomness = randomness
        self._machine = SessionMachine(PARTICIPANT)
        self._nonces = NonceMemory("room")
        self._handshake: ParticipantHandshake | None = None
        self._deadline = 0.0
        self._heartbeat: Heartbeat | None = None
        self._first_offset_ms = 0.0

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._machine.state

    @property
    def stands(self) -> bool:
        """Whether the session stands on a connection now."""
        return self._machine.stands

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection that was not hung up."""
        return self._heartbeat is not None

    @property
    def quality(self) -> LinkQuality | None:
        """How good the connection is; None while there is none."""
        return self._heartbeat.quality if self._heartbeat is not None else None

    @property
    def clock_offset_ms(self) -> float:
        """The room's wall clock minus ours, in milliseconds; from the acknowledgement until a ping was answered."""
        if self._heartbeat is None or self._heartbeat.rtt_seconds is None:
            return self._first_offset_ms
        return self._heartbeat.clock_offset_ms

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which to call `check` and `poll_ping`; None without a connection."""
        if self._heartbeat is None:
            return None
        return self._heartbeat.timeout if self.stands else min(self._heartbeat.timeout, self._deadline)

    def can(self, capability: str) -> bool:
        """Whether the session stands and has a capability."""
        return self.stands and self.acknowledge is not None and capability in self.acknowledge.capabilities

    # -- what happens to it --------------------------------------------------------------------------------------

    def handle_connected(self, now: Moment, terms: ParticipantTerms, last_seq: int) -> bytes:
        """There is a connection; returns the hello to send. `last_seq` is the last record that is here.

        Raises:
            NotConnected: the session is over for good.
        """
        if self.state is State.CLOSED:
            raise NotConnected("this participant has left for good")
        last = self.acknowledge
        resumption = Resumption(last.session, last.resume_token, last_seq) if last else Resumption(last_seq=last_seq)
        self._handshake = ParticipantHandshake(terms, resumption, self._randomness, self._machine, self._nonces)
        self._deadline = now.seconds + _WAY_IN_SECONDS_MAX
        self._heartbeat = Heartbeat(now)
        return self._handshake.hello_frame

    def handle_disconnected(self) -> None:
        """The connection is gone; the session may be taken up again."""
        self._machine.handle(Event.LOST)
        self._handshake = None
        self._heartbeat = None

    def handle_ended(self) -> None:
        """There will be no further connection."""
        self.handle_disconnected()
        self._machine.handle(Event.ENDED)

    def handle_fault(self) -> None:
        """The room broke a rule, or is silent: the connection is to be hung up."""
        self._machine.handle(Event.FAULT)

    def handle_hung_up(self) -> None:
        """Whoever drives it closes the connection; until it is gone there is nothing to be timed."""
        self._heartbeat = None

    def handle_heard(self, now: Moment, message: Message) -> None:
        """Something came from the room.

        Raises:
            ProtocolError: it has no place in the handshake.
        """
        assert self._heartbeat is not None
        self._heartbeat.handle_heard(now)
        event = event_of(message)
        if event not in (Event.HEARTBEAT, Event.MESSAGE):
            return
        if self._machine.answer(event) is Action.REFUSE:
            raise ProtocolError(f"{type(message).__name__} came out of place in the handshake")
        self._machine.handle(event)

    def handle_pong(self, now: Moment, pong: Pong) -> None:
        """The room answered a ping.

        Raises:
            ProtocolError: its clock is not a finite number.
        """
        assert self._heartbeat is not None
        self._heartbeat.handle_pong(now, pong)

    def handle_compared(self, *, is_same: bool) -> None:
        """The document's hash was compared with the room's."""
        self._machine.handle(Event.COMPARED if is_same else Event.DIVERGED)

    def shake_hands(self, now: Moment, message: Message, frame: bytes) -> tuple[bytes | None, SigningDomain | None]:
        """Take the room's next message; returns the frame to answer with, and what packets are signed over from now on.

        The second is None until the session stands.

        Raises:
            PeerError: as ParticipantHandshake.handle_frame.
        """
        assert self._handshake is not None
        assert self._heartbeat is not None
        reply = self._handshake.handle_frame(message, frame)
        acknowledge, challenge = self._handshake.acknowledge, self._handshake.challenge
        if acknowledge is None or challenge is None:
            return reply, None
        self.room_key = challenge.room_key
        self.acknowledge = acknowledge
        self._heartbeat.agree(now, acknowledge.heartbeat_ms / 1000.0)
        self._first_offset_ms = float(acknowledge.room_time_ms - now.unix_ms)
        return reply, SigningDomain(challenge.server, challenge.room, acknowledge.session, acknowledge.actor)

    # -- time ----------------------------------------------------------------------------------------------------

    def check(self, now: Moment) -> None:
        """Give up on a room that is silent.

        Raises:
            PeerTimeout: nothing was heard for too long, or the handshake takes too long.
        """
        assert self._heartbeat is not None
        is_late = now.seconds >= self._deadline and self._machine.answer(Event.LATE) is Action.HANG_UP
        if is_late or self._heartbeat.is_dead(now):
            self._machine.handle(Event.LATE if is_late else Event.SILENT)
            raise PeerTimeout("nothing was heard from the room")

    def poll_ping(self, now: Moment) -> Ping | None:
        """The ping that is due, if one is."""
        assert self._heartbeat is not None
        return self._heartbeat.poll_ping(now)
