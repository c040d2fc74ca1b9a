"""Heartbeat: is the other side there, how far away, and how far apart are the clocks (SES-9, SES-17).

Smoothed round-trip time as in RFC 6298 §2, jitter with the gain of RFC 3550 §6.4.1 from how far a sample lies from
it, clock offset as in RFC 5905 §8 (the sample with the shortest round trip of the last eight).
"""

import math
from collections import deque
from typing import NamedTuple

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import (
    HEARTBEAT_INTERVAL_SECONDS,
    HEARTBEAT_INTERVAL_SECONDS_MAX,
    HEARTBEAT_INTERVAL_SECONDS_MIN,
    HEARTBEATS_COUNTED_MAX,
    HEARTBEATS_MISSED_MAX,
)
from theta.base.moment import Moment
from theta.wire.messages import Ping, Pong


class LinkQuality(NamedTuple):
    """How good a connection is, by its heartbeats.

    `rtt_seconds` is smoothed and None before the first answer, `jitter_seconds` how far samples lie from it; `loss` is
    the share of the latest pings, 0 to 1, that nobody answered in time; `clock_offset_ms` the other side's wall clock
    minus ours. `packet_loss` is the share of packets that the carrier took for lost, None where it does not know.
    """

    rtt_seconds: float | None
    jitter_seconds: float
    loss: float
    clock_offset_ms: float
    interval_seconds: float
    packet_loss: float | None = None


class Heartbeat:
    """One side of a connection's heartbeat. Anything received counts as a sign of life.

    Args:
        now: when the connection was there.
        interval: in seconds, until another is agreed on.
        awaited: so many pings are waited for; what is not answered by then counts as lost.
    """

    def __init__(
        self, now: Moment, interval: float = HEARTBEAT_INTERVAL_SECONDS, awaited: int = HEARTBEATS_MISSED_MAX
    ) -> None:
        self._interval = interval
        self._awaited = awaited
        self._heard_at = now.seconds
        self._next_at = now.seconds
        self._number = 0
        self._sent: dict[int, float] = {}
        self._offsets: deque[tuple[float, float]] = deque(maxlen=8)
        self._answered: deque[bool] = deque(maxlen=HEARTBEATS_COUNTED_MAX)
        self.rtt_seconds: float | None = None
        self.jitter_seconds = 0.0

    @property
    def clock_offset_ms(self) -> float:
        """The other side's wall clock minus ours, in milliseconds; 0.0 before the first answer."""
        return min(self._offsets)[1] if self._offsets else 0.0

    @property
    def quality(self) -> LinkQuality:
        """How good the connection is."""
        loss = self._answered.count(False) / len(self._answered) if self._answered else 0.0
        return LinkQuality(self.rtt_seconds, self.jitter_seconds, loss, self.clock_offset_ms, self._interval)

    @property
    def timeout(self) -> float:
        """Monotonic seconds at which `poll_ping` or `is_dead` has something to say."""
        return min(self._next_at, self._dead_at)

    @property
    def _dead_at(self) -> float:
        return self._heard_at + self._interval * HEARTBEATS_MISSED_MAX

    def agree(self, now: Moment, interval: float) -> None:
        """From here on both sides ping every `interval` seconds, and silence counts from now: nobody knew it before."""
        self._interval = interval
        self._heard_at = max(self._heard_at, now.seconds)
        self._next_at = min(self._next_at, now.seconds + interval)

    def is_dead(self, now: Moment) -> bool:
        """Whether nothing was heard for HEARTBEATS_MISSED_MAX intervals."""
        return now.seconds >= self._dead_at

    def handle_heard(self, now: Moment) -> None:
        """Something came from the other side."""
        self._heard_at = now.seconds

    def handle_pong(self, now: Moment, pong: Pong) -> None:
        """The other side answered; an answer to nothing is ignored.

        Raises:
            ProtocolError: its clock is not a finite number.
        """
        if not math.isfinite(pong.answered_ms):
            raise ProtocolError("answered_ms must be finite")
        sent_at = self._sent.pop(pong.number, None)
        if sent_at is None:
            return
        self._answered.append(True)
        sample = max(0.0, now.seconds - sent_at)
        if self.rtt_seconds is None:
            self.rtt_seconds = sample
        else:
            self.jitter_seconds += (abs(sample - self.rtt_seconds) - self.jitter_seconds) / 16.0
            self.rtt_seconds += (sample - self.rtt_seconds) / 8.0
        self._offsets.append((sample, pong.answered_ms - (now.unix_ms - sample * 500.0)))

    def poll_ping(self, now: Moment) -> Ping | None:
        """The ping that is due, if one is."""
        if now.seconds < self._next_at:
            return None
        self._next_at = now.seconds + self._interval
        self._number += 1
        self._sent[self._number] = now.seconds
        if self._sent.pop(self._number - self._awaited, None) is not None:
            self._answered.append(False)
        return Ping(self._number, float(now.unix_ms))


def answer(now: Moment, ping: Ping) -> Pong:
    """The answer to a ping."""
    return Pong(ping.number, ping.sent_ms, float(now.unix_ms))


def agree_heartbeat(wish_ms: int, room_seconds: float) -> float:
    """The interval of a session in seconds: what its participant wants, within the limits, else what the room does."""
    if not wish_ms:
        return room_seconds
    return min(HEARTBEAT_INTERVAL_SECONDS_MAX, max(HEARTBEAT_INTERVAL_SECONDS_MIN, wish_ms / 1000.0))


def check_heartbeat(seconds: float) -> None:
    """Refuse an interval that no session may have.

    Raises:
        InvalidValue: names the limits.
    """
    if not HEARTBEAT_INTERVAL_SECONDS_MIN <= seconds <= HEARTBEAT_INTERVAL_SECONDS_MAX:
        limits = f"{HEARTBEAT_INTERVAL_SECONDS_MIN:g} to {HEARTBEAT_INTERVAL_SECONDS_MAX:g} s"
        raise InvalidValue("heartbeat_seconds", seconds, limits)


def check_agreed(heartbeat_ms: int) -> float:
    """The interval that a room acknowledged, in seconds.

    Raises:
        ProtocolError: it is none that a session may have.
    """
    try:
        check_heartbeat(heartbeat_ms / 1000.0)
    except InvalidValue as error:
        raise ProtocolError(f"the room acknowledged a bad interval: {error}") from error
    return heartbeat_ms / 1000.0
