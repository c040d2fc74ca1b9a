"""What came in over QUIC and was not read yet: whole frames, bounded by what the peer is allowed to send on.

On the stream, each reliable frame stands after its length; a participant's direction begins with the lane in one byte
(TRN-9).
"""

from collections import deque
from collections.abc import Iterator

from theta.adapters.transport import TransportMetrics, check_frame_size, frame_too_large
from theta.base.errors import ProtocolError
from theta.base.limits import DATAGRAM_QUEUE_BYTES_MAX
from theta.node.lanes import Lane

LENGTH_BYTES = 4
PREAMBLE = bytes((Lane.RELIABLE,))


def with_length(frame: bytes) -> memoryview:
    """A reliable frame as it stands on the stream."""
    return memoryview(len(frame).to_bytes(LENGTH_BYTES, "little") + frame)


class FrameReader:
    """Puts reliable frames together again, never more than one and what came with it.

    Args:
        frame_bytes_max: a longer frame is refused by its length, before any of it is gathered.
        has_preamble: whether the stream begins with the lane's byte.
    """

    def __init__(self, frame_bytes_max: int, *, has_preamble: bool) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._awaits_preamble = has_preamble
        self._gathered = bytearray()
        self._size: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` makes whole.

        Raises:
            FrameTooLarge: a frame's length is over the limit; the frames before it were given out.
            ProtocolError: the stream is another lane's.
        """
        self._gathered += data
        if self._awaits_preamble and self._gathered:
            if not self._gathered.startswith(PREAMBLE):
                raise ProtocolError("the stream does not begin with the reliable lane")
            del self._gathered[: len(PREAMBLE)]
            self._awaits_preamble = False
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> bytes | None:
        if self._size is None:
            if len(self._gathered) < LENGTH_BYTES:
                return None
            self._size = int.from_bytes(self._gathered[:LENGTH_BYTES], "little")
            if self._size > self._frame_bytes_max:
                raise frame_too_large(Lane.RELIABLE, self._size, self._frame_bytes_max)
        end = LENGTH_BYTES + self._size
        if len(self._gathered) < end:
            return None
        frame = bytes(self._gathered[LENGTH_BYTES:end])
        del self._gathered[:end]
        self._size = None
        return frame


class Inbox:
    """Frames of both lanes in the order in which they came; datagrams go, the oldest first, where there are too many.

    Args:
        reader: of the stream.
        metrics: the owner's counters.
    """

    def __init__(self, reader: FrameReader, metrics: TransportMetrics) -> None:
        self._reader = reader
        self._metrics = metrics
        self._frames: deque[tuple[Lane, bytes]] = deque()
        self._datagram_bytes = 0
        self._stream_bytes = 0
        self._unread_bytes = 0
        self._is_shut = False

    @property
    def read_bytes(self) -> int:
        """Stream bytes since the beginning less those in whole frames that wait: what the peer may send follows it."""
        return self._stream_bytes - self._unread_bytes

    @property
    def datagram_bytes(self) -> int:
        """What the datagrams that wait count for; an empty one counts for a byte."""
        return self._datagram_bytes

    def handle_stream(self, data: bytes) -> None:
        """More of the stream.

        Raises:
            FrameTooLarge: a frame's length is over the limit; the frames before it are there.
            ProtocolError: the stream is another lane's.
        """
        self._stream_bytes += len(data)
        if self._is_shut:
            return
        for frame in self._reader.feed(data):
            self._unread_bytes += LENGTH_BYTES + len(frame)  # an empty frame takes room as well
            self._frames.append((Lane.RELIABLE, frame))

    def handle_datagram(self, frame: bytes) -> None:
        """A datagram.

        Raises:
            FrameTooLarge: it is over DATAGRAM_BYTES_MAX.
        """
        if self._is_shut:
            return
        check_frame_size(Lane.DATAGRAM, frame, 0)
        self._frames.append((Lane.DATAGRAM, frame))
        self._datagram_bytes += max(1, len(frame))
        while self._datagram_bytes > DATAGRAM_QUEUE_BYTES_MAX:
            oldest = next(at for at, (lane, _) in enumerate(self._frames) if lane is Lane.DATAGRAM)
            self._datagram_bytes -= max(1, len(self._frames[oldest][1]))
            self._metrics.datagrams_dropped += 1
            del self._frames[oldest]

    def take(self) -> tuple[Lane, bytes] | None:
        """The next frame, counted as read, or None."""
        if not self._frames:
            return None
        lane, frame = self._frames.popleft()
        self._metrics.frames_in += 1
        self._metrics.bytes_in += len(frame)
        if lane is Lane.DATAGRAM:
            self._datagram_bytes -= max(1, len(frame))
        else:
            self._unread_bytes -= LENGTH_BYTES + len(frame)
        return lane, frame

    def shut(self) -> None:
        """Forget what waits, and drop what still comes."""
        self._is_shut = True
        self._frames.clear()
        self._datagram_bytes = self._unread_bytes = 0
