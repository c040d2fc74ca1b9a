"""A signalling server and peers at it, pumped by hand."""

from collections.abc import Callable
from typing import TypeVar

from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.signaling.participant import SignalEvent, SignalParticipant, SignalTerms, host_terms
from theta.signaling.server import SignalClose, SignalServer, SignalSettings
from theta.wire.codec import decode_signal_from_server, encode
from theta.wire.messages import Message

START_MS = 1_700_000_000_000
ROOM_KEY = Identity.from_seed(b"r" * 32)
HOST = host_terms(ROOM_KEY)
GUEST = SignalTerms(HOST.room)

AnyEvent = TypeVar("AnyEvent")


class Visit:
    """One connection to the server, with the peer at its other end, if there is one."""

    def __init__(self, stage: "Stage", connection: int, participant: SignalParticipant | None) -> None:
        self.stage = stage
        self.connection = connection
        self.participant = participant
        self.received: list[Message] = []
        self.events: list[SignalEvent] = []
        self.closed: SignalClose | None = None

    @property
    def peer(self) -> int:
        """The number that it was given."""
        assert self.participant is not None
        assert self.participant.welcome is not None
        return self.participant.welcome.peer

    def say(self, message: Message) -> None:
        """Send a message, whatever the peer would do."""
        self.say_bytes(encode(message))

    def say_bytes(self, frame: bytes) -> None:
        """Send any bytes."""
        self.stage.server.handle_frame(self.stage.now, self.connection, frame)
        self.stage.run()

    def heard(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        """What came of this kind, and forget it."""
        found: list[AnyEvent] = [each for each in self.received if isinstance(each, kind)]
        self.received = [each for each in self.received if not isinstance(each, kind)]
        return found

    def leave(self) -> None:
        """The connection ends."""
        self.stage.server.handle_disconnected(self.stage.now, self.connection)
        del self.stage.visits[self.connection]
        self.stage.run()


class Stage:
    """The server, the clock, and everyone who is connected."""

    def __init__(self, settings: SignalSettings | None = None) -> None:
        self.server = SignalServer(settings or SignalSettings(), Randomness(b"stage"))
        self.seconds = 100.0
        self.visits: dict[int, Visit] = {}
        self.count = 0

    @property
    def now(self) -> Moment:
        """The time."""
        return Moment(self.seconds, START_MS + round(self.seconds * 1000))

    def connect(self, terms: SignalTerms | None = None, address: str = "") -> Visit:
        """Connect, and join as `terms` say, if they do."""
        self.count += 1
        participant = SignalParticipant(terms) if terms is not None else None
        visit = self.visits[self.count] = Visit(self, self.count, participant)
        if participant is not None:
            participant.handle_connected(self.now)
        self.server.handle_connected(self.now, self.count, address)
        self.run()
        return visit

    def run(self) -> None:
        """Carry everything to where it goes, until nothing is on its way."""
        while (transmit := self.server.poll_transmit()) is not None:
            visit = self.visits.get(transmit.connection)
            if visit is None:
                continue
            visit.received.append(decode_signal_from_server(transmit.frame))
            if visit.participant is not None:
                visit.participant.handle_frame(self.now, transmit.frame)
                self._answer(visit, visit.participant)
        while (close := self.server.poll_close()) is not None:
            visit = self.visits.pop(close.connection, None)
            if visit is not None:
                visit.closed = close
                if visit.participant is not None:
                    visit.participant.handle_disconnected(self.now)

    def _answer(self, visit: Visit, participant: SignalParticipant) -> None:
        while (event := participant.poll_event()) is not None:
            visit.events.append(event)
        while (frame := participant.poll_transmit()) is not None:
            self.server.handle_frame(self.now, visit.connection, frame)

    def pass_time(self, seconds: float, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let the clock run, from one timeout to the next."""
        until = self.seconds + seconds
        while (deadline := self.server.poll_timeout()) is not None and deadline <= until:
            self.seconds = max(self.seconds, deadline)
            self.server.handle_timeout(self.now)
            self.run()
            meanwhile()
        self.seconds = until
