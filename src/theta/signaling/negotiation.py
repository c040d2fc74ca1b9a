"""Agreeing on one peer connection when both sides may offer at any time (SIG-10 … SIG-12).

As in "perfect negotiation" (W3C WebRTC, 10.7) one side is polite: when two offers cross, it takes the other's. There is
no rollback: an attempt that is overtaken is given up with its peer connection, and the newer one gets another. In round
n the polite side's attempt is 2n and the impolite one's 2n + 1, and the higher number wins; so both sides end with the
same attempt, in whatever order their messages cross.

state      | start    | offer, higher | answer    | connected | deadline, failed, abandoned
-----------+----------+---------------+-----------+-----------+----------------------------
IDLE       | OFFERING | ANSWERING     | –         | –         | –
OFFERING   | –        | ANSWERING     | CONNECTING| CONNECTED | IDLE
ANSWERING  | –        | ANSWERING     | –         | CONNECTED | IDLE
CONNECTING | –        | ANSWERING     | –         | CONNECTED | IDLE
CONNECTED  | OFFERING | ANSWERING     | –         | –         | IDLE

An attempt that stands is never given up for a newer one: it was handed over, and is closed by whoever holds it.
"""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from theta.base.errors import ProtocolError, SignalingFailed
from theta.base.limits import (
    NEGOTIATION_ATTEMPTS_AHEAD_MAX,
    NEGOTIATION_SECONDS_MAX,
    SIGNAL_CANDIDATES_MAX,
    SIGNAL_REASON_CHARACTERS_MAX,
)
from theta.base.moment import Moment
from theta.signaling.candidates import CandidateCount, candidate_count, without_excess
from theta.wire.signal_messages import SignalAbandon, SignalAnswer, SignalCandidate, SignalOffer, SignalRelayed


class MakeOffer(NamedTuple):
    """Make a peer connection for this attempt and give its offer to `handle_description`."""

    attempt: int


class MakeAnswer(NamedTuple):
    """Make a peer connection for this attempt, take the offer, and give the answer to `handle_description`."""

    attempt: int
    sdp: str


class TakeAnswer(NamedTuple):
    """The answer to the offer of this attempt."""

    attempt: int
    sdp: str


class AddCandidate(NamedTuple):
    """A candidate of the other side's; an empty one says there are no more."""

    attempt: int
    candidate: str
    mid: str


class Abandon(NamedTuple):
    """Close this attempt's peer connection: another attempt has overtaken it."""

    attempt: int


class AttemptFailed(NamedTuple):
    """Close this attempt's peer connection; `error` says why. `start` begins another."""

    attempt: int
    error: SignalingFailed


NegotiationEvent = MakeOffer | MakeAnswer | TakeAnswer | AddCandidate | Abandon | AttemptFailed


class NegotiationState(Enum):
    """How far the current attempt is."""

    IDLE = auto()
    OFFERING = auto()
    ANSWERING = auto()
    CONNECTING = auto()
    CONNECTED = auto()


def is_polite(own_peer: int, other_peer: int, *, host: int) -> bool:
    """Which side yields (SIG-10): a guest to its host, and between equals the one with the higher number."""
    if host in (own_peer, other_peer):
        return own_peer != host
    return own_peer > other_peer


class Negotiation:
    """One side of a link. Drain `poll_event` and `poll_transmit` after every call.

    Args:
        peer: the other side's number.
        polite: see `is_polite`.
    """

    def __init__(self, peer: int, *, polite: bool) -> None:
        self.peer = peer
        self.state = NegotiationState.IDLE
        self.attempt = 0
        self.stale_messages = 0
        self._own_parity = 0 if polite else 1
        self._deadline: float | None = None
        self._is_described = False
        self._other_described = False
        self._other_ended = False
        self._held: list[SignalCandidate] = []
        self._own_candidates = 0
        self._other_candidates = CandidateCount()
        self._transmits: deque[SignalRelayed] = deque()
        self._events: deque[NegotiationEvent] = deque()

    @property
    def offers(self) -> bool:
        """Whether the current attempt is this side's own."""
        return self.attempt > 0 and self.attempt % 2 == self._own_parity

    @property
    def is_under_way(self) -> bool:
        """Whether an attempt is neither over nor standing."""
        return self.state not in (NegotiationState.IDLE, NegotiationState.CONNECTED)

    # -- commands ----------------------------------------------------------------------------------------------------

    def start(self, now: Moment) -> int:
        """Begin an attempt, unless one is under way, and return its number."""
        if not self.is_under_way:
            self._begin(now, 2 * (self.attempt // 2 + 1) + self._own_parity, NegotiationState.OFFERING)
            self._events.append(MakeOffer(self.attempt))
        return self.attempt

    # -- in, from one's own peer connection --------------------------------------------------------------------------

    def handle_description(self, now: Moment, attempt: int, sdp: str) -> None:
        """The offer or answer that was asked for; what it has over SIGNAL_CANDIDATES_MAX candidates is left out."""
        if attempt != self.attempt or not self.is_under_way or self._is_described:
            return
        sdp = without_excess(sdp)
        message = SignalOffer if self.offers else SignalAnswer
        self._transmits.append(message(self.peer, attempt, sdp))
        self._is_described = True
        self._own_candidates = candidate_count(sdp)
        if not self.offers:
            self.state = NegotiationState.CONNECTING
        held, self._held = self._held, []
        for candidate in held:
            self._give(candidate)

    def handle_candidate(self, now: Moment, attempt: int, candidate: str, mid: str) -> None:
        """A candidate that was gathered since: it goes after the description, up to SIGNAL_CANDIDATES_MAX in all."""
        if attempt != self.attempt or self.state is NegotiationState.IDLE:
            return
        message = SignalCandidate(self.peer, attempt, candidate, mid)
        if self._is_described:
            self._give(message)
        elif len(self._held) <= SIGNAL_CANDIDATES_MAX:
            self._held.append(message)

    def handle_connected(self, now: Moment, attempt: int) -> None:
        """The attempt's peer connection stands, and is no longer the negotiation's."""
        if attempt == self.attempt and self.is_under_way:
            self.state = NegotiationState.CONNECTED
            self._deadline = None

    def handle_failed(self, now: Moment, attempt: int, reason: str) -> None:
        """The attempt's peer connection failed, or broke down since; the other side is told."""
        if attempt == self.attempt and self.state is not NegotiationState.IDLE:
            self._give_up(reason)

    # -- in, from outside --------------------------------------------------------------------------------------------

    def handle_message(self, now: Moment, message: SignalRelayed) -> None:
        """What the other side says; about an attempt that was overtaken, it counts as stale and is let be.

        Raises:
            ProtocolError: an offer under this side's numbers or far ahead, or what does not follow its offer or answer.
            TooManyCandidates: the attempt would have too many; nothing is taken.
        """
        if isinstance(message, SignalOffer):
            self._handle_offer(now, message)
        elif message.attempt > self.attempt:
            raise ProtocolError(f"attempt {message.attempt} was never offered")
        elif message.attempt < self.attempt or self.state is NegotiationState.IDLE:
            self.stale_messages += 1
        elif isinstance(message, SignalAnswer):
            self._handle_answer(message)
        elif isinstance(message, SignalCandidate):
            self._handle_candidate(message)
        else:
            self._fail(f"the other side gave up: {message.reason}")

    def handle_peer_left(self, now: Moment) -> None:
        """The other side has left the signalling server; an attempt that stands goes on without it."""
        if self.is_under_way:
            self._fail("the other side has left the signalling server")

    def handle_timeout(self, now: Moment) -> None:
        """Give up an attempt that takes longer than NEGOTIATION_SECONDS_MAX."""
        if self._deadline is not None and now.seconds >= self._deadline:
            waited_for = "a connection" if self._is_described and self._other_described else "an answer"
            self._give_up(f"waited {NEGOTIATION_SECONDS_MAX:g} s for {waited_for}")

    # -- out ---------------------------------------------------------------------------------------------------------

    def poll_event(self) -> NegotiationEvent | None:
        """The next thing to do, in order."""
        return self._events.popleft() if self._events else None

    def poll_transmit(self) -> SignalRelayed | None:
        """The next message to send to the other side."""
        return self._transmits.popleft() if self._transmits else None

    def poll_timeout(self) -> float | None:
        """When to call `handle_timeout`, in the clock's seconds."""
        return self._deadline

    # -- the other side's messages -----------------------------------------------------------------------------------

    def _handle_offer(self, now: Moment, message: SignalOffer) -> None:
        if message.attempt % 2 == self._own_parity:
            raise ProtocolError(f"an offer numbered {message.attempt}, which is for this side to use")
        if message.attempt > self.attempt + NEGOTIATION_ATTEMPTS_AHEAD_MAX:
            raise ProtocolError(f"attempt {message.attempt} is too far ahead of {self.attempt}")
        if message.attempt <= self.attempt:
            self.stale_messages += 1
            return
        self._other_candidates.add(message)
        if self.is_under_way:
            self._events.append(Abandon(self.attempt))
        self._begin(now, message.attempt, NegotiationState.ANSWERING)
        self._other_described = True
        self._events.append(MakeAnswer(message.attempt, message.sdp))

    def _handle_answer(self, message: SignalAnswer) -> None:
        if not self.offers or not self._is_described or self._other_described:
            raise ProtocolError(f"attempt {message.attempt} waits for no answer")
        self._other_candidates.add(message)
        self._other_described = True
        self.state = NegotiationState.CONNECTING
        self._events.append(TakeAnswer(message.attempt, message.sdp))

    def _handle_candidate(self, message: SignalCandidate) -> None:
        if not self._other_described:
            raise ProtocolError("a candidate came before its description")
        if self._other_ended:
            self.stale_messages += 1
            return
        self._other_candidates.add(message)
        self._other_ended = not message.candidate
        self._events.append(AddCandidate(message.attempt, message.candidate, message.mid))

    # -- attempts ----------------------------------------------------------------------------------------------------

    def _begin(self, now: Moment, attempt: int, state: NegotiationState) -> None:
        # What waits to be sent about an older attempt would only be stale.
        self._transmits.clear()
        self.attempt, self.state = attempt, state
        self._deadline = now.seconds + NEGOTIATION_SECONDS_MAX
        self._is_described = self._other_described = self._other_ended = False
        self._held, self._own_candidates = [], 0

    def _give(self, message: SignalCandidate) -> None:
        if message.candidate:
            if self._own_candidates >= SIGNAL_CANDIDATES_MAX:
                return
            self._own_candidates += 1
        self._transmits.append(message)

    def _give_up(self, reason: str) -> None:
        # An attempt of one's own that was never offered is nothing to the other side.
        if self._is_described or not self.offers:
            self._transmits.append(SignalAbandon(self.peer, self.attempt, reason[:SIGNAL_REASON_CHARACTERS_MAX]))
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        self._events.append(AttemptFailed(self.attempt, SignalingFailed(reason)))
        self.state = NegotiationState.IDLE
        self._deadline = None
        self._held = []
