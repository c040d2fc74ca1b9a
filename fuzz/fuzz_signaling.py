"""Any bytes as messages of signalling, at the server, at a peer, and in a negotiation: typed refusals and nothing else.

    PYTHONPATH=. python -m fuzz.fuzz_signaling -max_total_time=60 build/fuzz/signaling fuzz/corpus/signaling

fuzzes with atheris; new finds go to the first folder. The first byte of an input says what the rest is (`READERS`).
What is refused is not passed on, and whatever comes, the server forgets everybody who leaves.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from fuzz.harness import joined, pieces, read_by_first_byte, run
from theta.base.errors import FrameTooLarge, PeerError, ProtocolError
from theta.base.limits import SIGNAL_CANDIDATES_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.signaling.candidates import CandidateCount, candidate_count, without_excess
from theta.signaling.ice import IceServerSettings, IceSettings
from theta.signaling.negotiation import Abandon, AttemptFailed, MakeAnswer, MakeOffer, Negotiation
from theta.signaling.participant import SignalParticipant, SignalTerms, host_terms
from theta.signaling.proof import prove_host
from theta.signaling.refusals import TooManyCandidates
from theta.signaling.server import SignalServer, SignalSettings
from theta.wire import codec
from theta.wire.messages import Message, Ping
from theta.wire.signal_messages import (
    SIGNAL_PROTOCOL_VERSION,
    SIGNAL_RELAYED,
    SignalAbandon,
    SignalAnswer,
    SignalCandidate,
    SignalGreeting,
    SignalJoin,
    SignalOffer,
    SignalPeerJoined,
    SignalPeerLeft,
    SignalWelcome,
)

CORPUS = Path(__file__).resolve().parent / "corpus" / "signaling"
KEY = Identity.from_seed(b"r" * 32)
HOST = host_terms(KEY)
GUEST = SignalTerms(HOST.room)
ICE = IceSettings((IceServerSettings(("turn:192.0.2.1",), secret="north"),))
HOST_CONNECTION, GUEST_CONNECTION, STRANGER = 1, 2, 3
# With which codes a connection may end for what it says. Any other is a find, as is any error.
PERMITTED_CODES: dict[int, str] = {
    4400: "no message, or one out of place",
    4401: "a host's proof that is none",
    4409: "no place left",
    4413: "over the limit of a message",
    4421: "a room that is not served",
    4426: "another version",
    4429: "more than it may send",
}
# What a negotiation may refuse a message with.
PERMITTED: dict[type[PeerError], str] = {
    ProtocolError: "a message that follows nothing, or a number that is not the other side's",
    TooManyCandidates: "more candidates than an attempt may have",
}


class Scene:
    """A server with a host and a guest in a room, and somebody who has not said yet what they want."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.server = SignalServer(SignalSettings(ICE), Randomness(b"fuzz"))
        self.peers = {HOST_CONNECTION: SignalParticipant(HOST), GUEST_CONNECTION: SignalParticipant(GUEST)}
        self.given: dict[int, CandidateCount] = {}
        for connection in (HOST_CONNECTION, GUEST_CONNECTION, STRANGER):
            if connection in self.peers:
                self.peers[connection].handle_connected(self.now)
            self.server.handle_connected(self.now, connection, "192.0.2.7")
            self.settle()
        assert all(peer.is_joined for peer in self.peers.values())

    @property
    def now(self) -> Moment:
        """The time."""
        return Moment(self.seconds, 1_700_000_000_000 + round(self.seconds * 1000))

    def say(self, connection: int, frame: bytes) -> None:
        """Bytes from a connection."""
        self.server.handle_frame(self.now, connection, frame)
        self.settle()

    def settle(self) -> None:
        """Carry out what the server wants; what it passes on has no more candidates than it may."""
        while (transmit := self.server.poll_transmit()) is not None:
            message = codec.decode_signal_from_server(transmit.frame)
            if isinstance(message, SIGNAL_RELAYED):
                self.given.setdefault(transmit.connection, CandidateCount()).add(message)
            peer = self.peers.get(transmit.connection)
            if peer is not None:
                peer.handle_frame(self.now, transmit.frame)
                assert peer.poll_close() is None, "a peer takes whatever the server says"
                while (frame := peer.poll_transmit()) is not None:
                    self.server.handle_frame(self.now, transmit.connection, frame)
        while (close := self.server.poll_close()) is not None:
            assert close.code in (*PERMITTED_CODES, 4408, 4410, 4504), close
            assert close.reason
            self.peers.pop(close.connection, None)

    def end(self) -> None:
        """Let the clock run and everybody go."""
        for _ in range(4):
            self.seconds += 20.0
            self.server.handle_timeout(self.now)
            self.settle()
        for connection in (HOST_CONNECTION, GUEST_CONNECTION, STRANGER):
            self.server.handle_disconnected(self.now, connection)
        self.settle()
        assert (self.server.connections, self.server.rooms, self.server.poll_timeout()) == (0, 0, None)


def read_first_word(data: bytes) -> None:
    """Whatever a newcomer says."""
    scene = Scene()
    for frame in pieces(data):
        scene.say(STRANGER, frame)
    scene.end()


def read_talk(data: bytes) -> None:
    """What host and guest say, in turns; the first byte of each says who, and how much time has passed."""
    scene = Scene()
    for piece in pieces(data):
        if piece:
            scene.seconds += (piece[0] >> 2) / 16.0
            scene.say((HOST_CONNECTION, GUEST_CONNECTION, STRANGER)[piece[0] % 3], piece[1:])
    scene.end()


def read_from_server(data: bytes) -> None:
    """Whatever a server says to a peer."""
    participant = SignalParticipant(GUEST)
    participant.handle_connected(Moment(0.0, 0))
    for frame in pieces(data):
        participant.handle_frame(Moment(0.0, 0), frame)
        while participant.poll_transmit() is not None:
            pass
        while participant.poll_event() is not None:
            pass
    error = participant.poll_close()
    if error is not None and type(error) not in (ProtocolError, FrameTooLarge) and error.close_code != 4426:
        raise error


def read_negotiation(data: bytes) -> None:
    """Whatever the other side of a link says, to the polite one or (first byte odd) the other, which offers as well."""
    if not data:
        return
    negotiation = Negotiation(1, polite=data[0] % 2 == 0)
    is_open: set[int] = set()
    for turn, frame in enumerate(pieces(data[1:])):
        now = Moment(float(turn), 0)
        if frame[:1] == b"\xff":
            negotiation.start(now)
        elif frame[:1] == b"\xfe":
            negotiation.handle_timeout(Moment(turn + 100.0, 0))
        else:
            _hear(negotiation, now, frame)
        _work(negotiation, now, is_open)
        assert negotiation.attempt in is_open or not negotiation.is_under_way
        assert len(is_open) <= 1


def _hear(negotiation: Negotiation, now: Moment, frame: bytes) -> None:
    try:
        message = codec.decode_signal_from_peer(frame)
    except (ProtocolError, FrameTooLarge):
        return
    if not isinstance(message, SIGNAL_RELAYED):
        return
    before = (negotiation.state, negotiation.attempt)
    try:
        negotiation.handle_message(now, message)
    except PeerError as error:
        if type(error) not in PERMITTED or not str(error):
            raise
        assert (negotiation.state, negotiation.attempt) == before, "a refusal changes nothing"
        assert negotiation.poll_event() is None


def _work(negotiation: Negotiation, now: Moment, is_open: set[int]) -> None:
    """Do what the negotiation asks for; it never forgets to close what it had opened."""
    while (event := negotiation.poll_event()) is not None:
        if isinstance(event, MakeOffer | MakeAnswer):
            is_open.add(event.attempt)
            negotiation.handle_description(now, event.attempt, "v=0")
        elif isinstance(event, Abandon | AttemptFailed):
            is_open.remove(event.attempt)
        else:
            assert event.attempt in is_open
    while negotiation.poll_transmit() is not None:
        pass


def read_description(data: bytes) -> None:
    """A description of one's own, that may have any number of candidates."""
    kept = without_excess(data.decode("utf-8", "replace"))
    assert kept.count("\na=candidate:") + kept.startswith("a=candidate:") <= max(
        SIGNAL_CANDIDATES_MAX, candidate_count(kept)
    )


READERS: tuple[Callable[[bytes], None], ...] = (
    read_first_word,
    read_talk,
    read_from_server,
    read_negotiation,
    read_description,
)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


def seeds() -> list[bytes]:
    """An input of each kind that goes through."""
    line = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    nonce = bytes(32)
    first: list[Message] = [SignalJoin(SIGNAL_PROTOCOL_VERSION, HOST.room), prove_host(KEY, nonce), Ping(1, 2.0)]
    found = [b"\0" + joined(codec.encode(each), codec.encode(Ping(1, 0.0))) for each in first]
    talk: list[tuple[int, Message]] = [
        (1, SignalOffer(1, 2, "v=0\r\n" + line * SIGNAL_CANDIDATES_MAX)),
        (1, SignalCandidate(1, 2, "candidate:1", "0")),
        (0, SignalAnswer(2, 2, line)),
        (0, SignalOffer(2, 3, line * 65)),
        (16, SignalAbandon(2, 3, "no")),
    ]
    found.append(b"\1" + joined(*(bytes((who,)) + codec.encode(each) for who, each in talk)))
    told: list[Message] = [
        SignalGreeting(SIGNAL_PROTOCOL_VERSION, nonce),
        SignalWelcome(2, 1, [], ICE.servers_for(2, Moment(0.0, 0)), 3_600, False),
        SignalPeerLeft(1),
        SignalPeerJoined(4),
        SignalOffer(4, 3, "v=0"),
        Ping(1, 0.0),
    ]
    found.append(b"\2" + joined(*map(codec.encode, told)))
    for polite in (0, 1):
        theirs = 3 - polite
        heard: list[Message] = [
            SignalOffer(1, theirs, line),
            SignalCandidate(1, theirs, "candidate:1", "0"),
            SignalAbandon(1, theirs, "no"),
        ]
        answered: list[Message] = [SignalAnswer(1, 2 + polite, line), SignalCandidate(1, 2 + polite, "", "0")]
        found.append(bytes((3, polite)) + joined(*map(codec.encode, heard), b"\xff", b"\xfe"))
        found.append(bytes((3, polite)) + joined(b"\xff", *map(codec.encode, answered)))
    found.append(b"\4" + ("v=0\r\n" + line * 70).encode())
    return found


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
