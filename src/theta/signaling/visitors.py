"""Who is connected to a signalling server, and what each may still send."""

import math
from dataclasses import dataclass, field

from theta.base.errors import PeerTooFast
from theta.base.limits import (
    SIGNAL_BYTES_PER_TOKEN,
    SIGNAL_HELLO_SECONDS_MAX,
    SIGNAL_IDLE_SECONDS_MAX,
    SIGNAL_MESSAGE_BURST_MAX,
    SIGNAL_MESSAGES_PER_SECOND,
    SIGNAL_PING_SECONDS,
)
from theta.commands.rate_limit import TokenBucket
from theta.signaling.candidates import CandidateCount
from theta.signaling.refusals import StaleAttempt
from theta.wire.signal_messages import SignalRelayed


class Flow:
    """What goes one way between two peers, or from a peer to the server itself: paced, and its candidates counted."""

    def __init__(self, now: float) -> None:
        self._bucket = TokenBucket(SIGNAL_MESSAGE_BURST_MAX, SIGNAL_MESSAGES_PER_SECOND, now)
        self._candidates = CandidateCount()

    def spend(self, now: float, size: int) -> None:
        """Pay for a message of `size` bytes: a token, and one more for each SIGNAL_BYTES_PER_TOKEN.

        Raises:
            PeerTooFast: there are not so many left.
        """
        if self._bucket.take(1 + size // SIGNAL_BYTES_PER_TOKEN, now) > 0.0:
            raise PeerTooFast(
                f"more than {SIGNAL_MESSAGE_BURST_MAX} messages (or kB) at once, or {SIGNAL_MESSAGES_PER_SECOND:g} a "
                "second, to one peer"
            )

    def admit(self, message: SignalRelayed) -> None:
        """Count what is to be passed on.

        Raises:
            StaleAttempt: it is about an older attempt than the last one that went this way.
            TooManyCandidates: the attempt would have too many; nothing is counted.
        """
        if message.attempt < self._candidates.attempt:
            raise StaleAttempt(f"attempt {message.attempt} was overtaken by {self._candidates.attempt}")
        self._candidates.add(message)


@dataclass(slots=True, eq=False)
class Visitor:
    """One connection. `peer` is 0 until it has said what it wants.

    `own` is what it says to the server, `up` what it sends its host and `down` what that sends it, if it is a guest.

    Times are monotonic seconds: `since` when it came, `heard_at` when it last said something, `asked_at` when it was
    asked for a sign of life since (None: not yet), `renew_at` when it is to be told of ICE servers anew (None: never).
    """

    connection: int
    address: str
    nonce: bytes
    since: float
    heard_at: float
    own: Flow
    up: Flow
    down: Flow
    peer: int = 0
    room: "SignalRoom | None" = None
    is_host: bool = False
    asked_at: float | None = None
    renew_at: float | None = None

    @property
    def due(self) -> float:
        """When something is to be done about it, unless it is heard of first."""
        if self.room is None:
            return self.since + SIGNAL_HELLO_SECONDS_MAX
        due = self.silent_at if self.asked_at is not None else self.heard_at + SIGNAL_PING_SECONDS
        return due if self.renew_at is None else min(due, self.renew_at)

    @property
    def silent_at(self) -> float:
        """When it has been silent for too long; who was not asked is not, however long the machine slept."""
        asked_at = math.inf if self.asked_at is None else self.asked_at
        return asked_at + SIGNAL_IDLE_SECONDS_MAX - SIGNAL_PING_SECONDS


@dataclass(slots=True, eq=False)
class SignalRoom:
    """A host and its guests, by their numbers; it is there as long as one of them is."""

    id: bytes
    host: Visitor | None = None
    guests: dict[int, Visitor] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is left."""
        return self.host is None and not self.guests
