"""The port behind which frames travel: spec/transport.md (TRN-n). One contract suite runs on every one.

A transport carries whole frames on lanes between one room and one participant. It knows nothing of what is in them.
`send` never blocks: what cannot leave yet waits in a SendQueue, whose bounds are the transport's bounds.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import FrameTooLarge, PeerTooSlow, ThetaError
from theta.base.limits import (
    CLOSE_REASON_BYTES_MAX,
    DATAGRAM_AGE_SECONDS_MAX,
    DATAGRAM_BYTES_MAX,
    DATAGRAM_QUEUE_BYTES_MAX,
    FRAME_BYTES_MAX,
    SEND_QUEUE_BYTES_MAX,
)
from theta.node.lanes import RELIABLE_LANES, Lane

CLOSE_NORMAL = 1000
CLOSE_GOING_AWAY = 1001
CLOSE_LOST = 1006
CLOSE_INTERNAL = 1011
CLOSE_UNTRUSTED = 1015
"""Never sent: the room's certificate is not trusted here (RFC 6455, 7.4.1)."""

_DATAGRAM = Lane.DATAGRAM
"""Looked up once: a member of an enumeration costs a call, and this is asked for with every frame."""


class TransportClosed(ThetaError):
    """The connection is over; `code` and `reason` are what the side that closed it said (1006: nobody said)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with code {code}" + (f": {reason}" if reason else ""))
        self.close_code = code
        self.reason = reason


class Transport(Protocol):
    """One connection. All of it belongs to one event loop."""

    @property
    def kind(self) -> str:
        """What carries it: "memory", "websocket", "quic", "webtransport" or "webrtc"."""
        ...

    @property
    def queued_bytes(self) -> int:
        """Bytes accepted by `send` that have not left yet."""
        ...

    @property
    def metrics(self) -> TransportMetrics:
        """Counters, up to date; read only."""
        ...

    def send(self, lane: Lane, frame: bytes) -> None:
        """Queue a frame; never blocks.

        Datagrams are dropped, oldest first, while more than DATAGRAM_QUEUE_BYTES_MAX wait, and when they have waited
        longer than DATAGRAM_AGE_SECONDS_MAX.

        Raises:
            TransportClosed: the connection is over, or closing.
            FrameTooLarge: over FRAME_BYTES_MAX, or DATAGRAM_BYTES_MAX for a datagram; nothing was queued.
            PeerTooSlow: more than SEND_QUEUE_BYTES_MAX would wait; nothing was queued, and the caller should close.
        """
        ...

    async def receive(self) -> tuple[Lane, bytes]:
        """The next frame. Frames that arrived before the end are given out before TransportClosed is raised.

        Raises:
            TransportClosed: the connection is over; raised again at every further call.
        """
        ...

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """Send what is queued, tell the other side `code` and `reason`, and let go. Closing twice does nothing.

        Takes at most TRANSPORT_CLOSE_SECONDS_MAX for each of the two, whatever the other side does.
        """
        ...


def clip_reason(reason: str) -> str:
    """`reason` cut to what a WebSocket close frame holds, 123 bytes of UTF-8 (RFC 6455, 5.5), at a character."""
    raw = reason.encode("utf-8", "replace")
    return raw[:CLOSE_REASON_BYTES_MAX].decode("utf-8", "ignore")


class SendQueue:
    """What waits to be sent: of each reliable lane its frames in order, and the latest datagrams.

    Datagrams go first, and then the lanes in the order of RELIABLE_LANES.

    Args:
        clock: monotonic seconds.
        metrics: the owner's counters; what is dropped or refused here is counted there.
    """

    def __init__(self, clock: Callable[[], float], metrics: TransportMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._reliable: dict[Lane, deque[bytes]] = {lane: deque() for lane in RELIABLE_LANES}
        self._reliable_bytes = 0
        self._datagrams: deque[tuple[float, bytes]] = deque()
        self._datagram_bytes = 0

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait on all lanes."""
        return self._reliable_bytes + self._datagram_bytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, not even an empty frame."""
        return not self._datagrams and not any(self._reliable.values())

    def put(self, lane: Lane, frame: bytes) -> None:
        """Add a frame; see Transport.send for the limits and errors."""
        try:
            check_frame_size(lane, frame, FRAME_BYTES_MAX)
        except FrameTooLarge:
            self._metrics.oversized += 1
            raise
        if lane is _DATAGRAM:
            self._datagrams.append((self._clock(), frame))
            self._datagram_bytes += len(frame)
            while self._datagram_bytes > DATAGRAM_QUEUE_BYTES_MAX:
                self._drop_oldest_datagram()
                self._metrics.datagrams_overflowed += 1
            return
        if self._reliable_bytes + len(frame) > SEND_QUEUE_BYTES_MAX:
            raise PeerTooSlow(f"more than {SEND_QUEUE_BYTES_MAX} bytes wait to be sent")
        self._reliable[lane].append(frame)
        self._reliable_bytes += len(frame)

    def take(self) -> tuple[Lane, bytes] | None:
        """The next frame to leave, or None."""
        self._expire()
        if self._datagrams:
            _, frame = self._datagrams.popleft()
            self._datagram_bytes -= len(frame)
            return _DATAGRAM, frame
        for lane, waiting in self._reliable.items():
            if waiting:
                frame = waiting.popleft()
                self._reliable_bytes -= len(frame)
                return lane, frame
        return None

    def take_reliable(self, lane: Lane) -> bytes | None:
        """The next frame of a reliable lane, whatever else waits, or None."""
        waiting = self._reliable[lane]
        if not waiting:
            return None
        frame = waiting.popleft()
        self._reliable_bytes -= len(frame)
        return frame

    def take_datagrams(self) -> list[tuple[float, bytes]]:
        """All datagrams that wait and are not too old, oldest first, each with when it was queued."""
        self._expire()
        taken = list(self._datagrams)
        self._datagrams.clear()
        self._datagram_bytes = 0
        return taken

    def put_back(self, datagrams: Sequence[tuple[float, bytes]]) -> None:
        """Datagrams that were taken and could not leave wait on, before all others."""
        self._datagrams.extendleft(reversed(datagrams))
        self._datagram_bytes += sum(len(frame) for _, frame in datagrams)

    def clear(self) -> None:
        """Forget everything that waits."""
        for waiting in self._reliable.values():
            waiting.clear()
        self._datagrams.clear()
        self._reliable_bytes = self._datagram_bytes = 0

    def _expire(self) -> None:
        if not self._datagrams:
            return
        oldest = self._clock() - DATAGRAM_AGE_SECONDS_MAX
        while self._datagrams and self._datagrams[0][0] < oldest:
            self._drop_oldest_datagram()
            self._metrics.datagrams_late += 1

    def _drop_oldest_datagram(self) -> None:
        _, frame = self._datagrams.popleft()
        self._datagram_bytes -= len(frame)


def check_frame_size(lane: Lane, frame: bytes, frame_bytes_max: int) -> None:
    """Refuse a frame over its lane's limit.

    Raises:
        FrameTooLarge: names the limit.
    """
    bytes_max = DATAGRAM_BYTES_MAX if lane is _DATAGRAM else frame_bytes_max
    if len(frame) > bytes_max:
        raise frame_too_large(lane, len(frame), bytes_max)


def frame_too_large(lane: Lane, size: int, bytes_max: int) -> FrameTooLarge:
    """What a frame of `size` bytes is refused with."""
    return FrameTooLarge(f"a {lane.name.lower()} frame of {size} bytes is over the limit of {bytes_max}")
