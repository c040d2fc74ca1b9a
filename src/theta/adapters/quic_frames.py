"""Lanes on streams of bytes, as QUIC and WebRTC carry them: each reliable frame stands after its length (TRN-9).

What came in and was not read yet is bounded by what the peer is allowed to send on.
"""

from collections import deque
from collections.abc import Iterator

from theta.adapters.transport import SendQueue, check_frame_size, frame_too_large
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import FrameTooLarge
from theta.base.limits import DATAGRAM_QUEUE_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane

LENGTH_BYTES = 4


def with_length(frame: bytes) -> memoryview:
    """A reliable frame as it stands on the stream."""
    return memoryview(len(frame).to_bytes(LENGTH_BYTES, "little") + frame)


class FrameReader:
    """Puts reliable frames together again, never more than one and what came with it.

    Args:
        lane: whose frames they are.
        frame_bytes_max: a longer frame is refused by its length, before any of it is gathered.
    """

    def __init__(self, lane: Lane, frame_bytes_max: int) -> None:
        self._lane = lane
        self._frame_bytes_max = frame_bytes_max
        self._gathered = bytearray()
        self._size: int | None = None
        self._refused: FrameTooLarge | None = None

    @property
    def has_refused(self) -> bool:
        """Whether a frame was too large."""
        return self._refused is not None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` makes whole.

        Raises:
            FrameTooLarge: a frame's length is over the limit; the frames before it were given out. Nothing after it
                is read: what is fed then raises the same.
        """
        if self._refused is not None:
            raise self._refused
        self._gathered += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> bytes | None:
        if self._size is None:
            if len(self._gathered) < LENGTH_BYTES:
                return None
            self._size = int.from_bytes(self._gathered[:LENGTH_BYTES], "little")
            if self._size > self._frame_bytes_max:
                self._refused = frame_too_large(self._lane, self._size, self._frame_bytes_max)
                self._gathered.clear()
                raise self._refused
        end = LENGTH_BYTES + self._size
        if len(self._gathered) < end:
            return None
        frame = bytes(self._gathered[LENGTH_BYTES:end])
        del self._gathered[:end]
        self._size = None
        return frame


class FrameWriter:
    """Cuts a lane's frames into pieces of its stream.

    Args:
        lane: a reliable one.
        queue: where its frames wait.
        metrics: the owner's counters; a frame counts once it is begun.
    """

    def __init__(self, lane: Lane, queue: SendQueue, metrics: TransportMetrics) -> None:
        self._lane = lane
        self._queue = queue
        self._metrics = metrics
        self._writing = memoryview(b"")

    @property
    def writing_bytes(self) -> int:
        """What is left of the frame that was begun."""
        return len(self._writing)

    def next_piece(self, size: int) -> bytes:
        """At most `size` bytes of the stream: small frames go together, a large one in several pieces."""
        parts: list[memoryview] = []
        while size > 0:
            if not self._writing:
                frame = self._queue.take_reliable(self._lane)
                if frame is None:
                    break
                self._writing = with_length(frame)
                self._metrics.count_out(self._lane, len(frame))
            part, self._writing = self._writing[:size], self._writing[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def forget(self) -> None:
        """Nothing that waits will be sent any more."""
        self._writing = memoryview(b"")


class _LaneInbox:
    """Whole frames of a reliable lane, and how much of its stream was read."""

    def __init__(self, lane: Lane, frame_bytes_max: int) -> None:
        self.reader = FrameReader(lane, frame_bytes_max)
        self.frames: deque[bytes] = deque()
        self.stream_bytes = 0
        self.unread_bytes = 0


class Inbox:
    """Frames of all lanes that were not read yet; datagrams go, the oldest first, where there are too many.

    Args:
        frame_bytes_max: of a reliable frame.
        metrics: the owner's counters.
    """

    def __init__(self, frame_bytes_max: int, metrics: TransportMetrics) -> None:
        self._metrics = metrics
        self._lanes = {lane: _LaneInbox(lane, frame_bytes_max) for lane in RELIABLE_LANES}
        self._datagrams: deque[bytes] = deque()
        self._datagram_bytes = 0
        self._is_shut = False

    @property
    def datagram_bytes(self) -> int:
        """What the datagrams that wait count for; an empty one counts for a byte."""
        return self._datagram_bytes

    def read_bytes(self, lane: Lane) -> int:
        """Of a lane's stream, the bytes since the beginning less those in whole frames that wait.

        What the peer may send follows it.
        """
        inbox = self._lanes[lane]
        return inbox.stream_bytes - inbox.unread_bytes

    def handle_stream(self, lane: Lane, data: bytes) -> None:
        """More of a reliable lane's stream.

        Raises:
            FrameTooLarge: a frame's length is over the limit; the frames before it are there.
        """
        inbox = self._lanes[lane]
        inbox.stream_bytes += len(data)
        if self._is_shut:
            return
        had_refused = inbox.reader.has_refused
        try:
            for frame in inbox.reader.feed(data):
                inbox.unread_bytes += LENGTH_BYTES + len(frame)  # an empty frame takes room as well
                inbox.frames.append(frame)
        except FrameTooLarge:
            self._metrics.oversized += not had_refused
            raise

    def handle_datagram(self, frame: bytes) -> None:
        """A datagram.

        Raises:
            FrameTooLarge: it is over DATAGRAM_BYTES_MAX.
        """
        if self._is_shut:
            return
        try:
            check_frame_size(Lane.DATAGRAM, frame, 0)
        except FrameTooLarge:
            self._metrics.oversized += 1
            raise
        self._datagrams.append(frame)
        self._datagram_bytes += max(1, len(frame))
        while self._datagram_bytes > DATAGRAM_QUEUE_BYTES_MAX:
            self._datagram_bytes -= max(1, len(self._datagrams.popleft()))
            self._metrics.datagrams_overflowed += 1

    def take(self) -> tuple[Lane, bytes] | None:
        """The next frame, counted as read, or None: datagrams first, then the lanes in their order."""
        if self._datagrams:
            frame = self._datagrams.popleft()
            self._datagram_bytes -= max(1, len(frame))
            self._metrics.count_in(Lane.DATAGRAM, len(frame))
            return Lane.DATAGRAM, frame
        for lane, inbox in self._lanes.items():
            if inbox.frames:
                frame = inbox.frames.popleft()
                inbox.unread_bytes -= LENGTH_BYTES + len(frame)
                self._metrics.count_in(lane, len(frame))
                return lane, frame
        return None

    def shut(self) -> None:
        """Forget what waits, and drop what still comes."""
        self._is_shut = True
        for inbox in self._lanes.values():
            inbox.frames.clear()
            inbox.unread_bytes = 0
        self._datagrams.clear()
        self._datagram_bytes = 0
