"""Heartbeat: is the other side there, how far away, and how far apart are the clocks (SES-9).

Smoothed round-trip time as in RFC 6298 §2, jitter with the gain of RFC 3550 §6.4.1 from how far a sample lies from
it, clock offset as in RFC 5905 §8 (the sample with the shortest round trip of the last eight).
"""

import math
from collections import deque

from theta.base.errors import ProtocolError
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS, HEARTBEATS_MISSED_MAX
from theta.base.moment import Moment
from theta.wire.messages import Ping, Pong


class Heartbeat:
    """One side of a connection's heartbeat. Anything received counts as a sign of life."""

    def __init__(self, now: Moment, interval: float = HEARTBEAT_INTERVAL_SECONDS) -> None:
        self._interval = interval
        self._heard_at = now.seconds
        self._next_at = now.seconds
        self._number = 0
        self._sent: dict[int, float] = {}
        self._offsets: deque[tuple[float, float]] = deque(maxlen=8)
        self.rtt_seconds: float | None = None
        self.jitter_seconds = 0.0

    @property
    def clock_offset_ms(self) -> float:
        """The other side's wall clock minus ours, in milliseconds; 0.0 before the first answer."""
        return min(self._offsets)[1] if self._offsets else 0.0

    @property
    def timeout(self) -> float:
        """Monotonic seconds at which `poll_ping` or `is_dead` has something to say."""
        return min(self._next_at, self._dead_at)

    @property
    def _dead_at(self) -> float:
        return self._heard_at + self._interval * HEARTBEATS_MISSED_MAX

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
        self._sent.pop(self._number - HEARTBEATS_MISSED_MAX - 1, None)
        return Ping(self._number, float(now.unix_ms))


def answer(now: Moment, ping: Ping) -> Pong:
    """The answer to a ping."""
    return Pong(ping.number, ping.sent_ms, float(now.unix_ms))
