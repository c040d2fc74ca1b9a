"""Frames on the data channels of one WebRTC connection: TRN-30 to TRN-32.

On a reliable channel, binary messages are pieces of one stream on which each frame stands after its length, as over
QUIC; a text is said to the other transport, not to whoever uses it: `read N` or `close CODE REASON`.
"""

import re
from collections.abc import Callable, Iterable

from aiortc import RTCDataChannel

from theta.adapters.quic_frames import FrameReader, Inbox, with_length
from theta.adapters.transport import SendQueue, TransportClosed, TransportMetrics, clip_reason
from theta.base.errors import ProtocolError
from theta.base.limits import (
    WEBRTC_CONTROL_CHARACTERS_MAX,
    WEBRTC_DATAGRAM_BUFFER_BYTES_MAX,
    WEBRTC_RECEIVE_WINDOW_BYTES,
    WEBRTC_SEND_BUFFER_BYTES_MAX,
)
from theta.node.lanes import Lane

RELIABLE_LANES = (Lane.RELIABLE,)
"""Lanes with a channel of their own that loses nothing, the most urgent first."""

_READ = re.compile(r"read ([0-9]{1,15})", re.ASCII)
_CLOSE = re.compile(r"close ([1-4][0-9]{3}) ?(.*)", re.ASCII | re.DOTALL)


class ReliableChannel:
    """One reliable lane's data channel.

    Args:
        channel: ordered, and loses nothing.
        frame_bytes_max: of a frame that is taken in.
        metrics: the owner's counters.
    """

    def __init__(self, channel: RTCDataChannel, frame_bytes_max: int, metrics: TransportMetrics) -> None:
        self.closed: TransportClosed | None = None
        self.inbox = Inbox(FrameReader(frame_bytes_max, has_preamble=False), metrics)
        self._channel = channel
        self._channel.bufferedAmountLowThreshold = WEBRTC_SEND_BUFFER_BYTES_MAX // 2
        self._metrics = metrics
        self._writing = memoryview(b"")
        self._sent_bytes = self._peer_read_bytes = 0
        self._received_bytes = self._told_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._channel.readyState == "open"

    @property
    def writing_bytes(self) -> int:
        """Of the frame that was begun, what is not with aiortc yet."""
        return len(self._writing)

    @property
    def buffered_bytes(self) -> int:
        """What aiortc has not begun to send."""
        return self._channel.bufferedAmount

    def fill(self, take_frame: Callable[[], bytes | None], piece_bytes_max: int, space: int) -> int:
        """Hand aiortc as many pieces as there is space for and the other side has room for; what they came to."""
        handed = 0
        while handed < space:
            window = self._peer_read_bytes + WEBRTC_RECEIVE_WINDOW_BYTES - self._sent_bytes
            piece = self._next_piece(take_frame, min(piece_bytes_max, window))
            if not piece:
                break
            self._channel.send(piece)
            self._sent_bytes += len(piece)
            handed += len(piece)
        return handed

    def handle_piece(self, data: bytes) -> None:
        """More of the other side's stream.

        Raises:
            ProtocolError: it sends more than it was given room for.
            FrameTooLarge: a frame's length is over the limit; the frames before it are there.
        """
        self._received_bytes += len(data)
        if self._received_bytes > self._told_bytes + WEBRTC_RECEIVE_WINDOW_BYTES:
            raise ProtocolError(f"more than {WEBRTC_RECEIVE_WINDOW_BYTES} bytes that were not read")
        self.inbox.handle_stream(data)

    def handle_text(self, text: str) -> None:
        """What the other side's transport says; `closed` is set when it closes.

        Raises:
            ProtocolError: it is nothing that can be said.
        """
        if len(text) <= WEBRTC_CONTROL_CHARACTERS_MAX:
            if read := _READ.fullmatch(text):
                count = int(read[1])
                if self._peer_read_bytes <= count <= self._sent_bytes:
                    self._peer_read_bytes = count
                    return
            elif close := _CLOSE.fullmatch(text):
                self.closed = TransportClosed(int(close[1]), clip_reason(close[2]))
                return
        raise ProtocolError("a text that says nothing of a reliable channel")

    def tell_read(self) -> None:
        """Give the other side room for what was read, now and then; a frame that is not whole counts as read."""
        read = self.inbox.read_bytes
        if self.is_open and read - self._told_bytes >= WEBRTC_RECEIVE_WINDOW_BYTES // 4:
            self._told_bytes = read
            self._channel.send(f"read {read}")

    def tell_close(self, closed: TransportClosed) -> None:
        """Say the end, after all that was handed to aiortc."""
        if self.is_open:
            self._channel.send(f"close {closed.close_code} {closed.reason}")

    def forget(self) -> None:
        """Nothing that waits will be sent any more."""
        self._writing = memoryview(b"")

    def _next_piece(self, take_frame: Callable[[], bytes | None], size: int) -> bytes:
        """At most `size` bytes of the stream: small frames go together, a large one in several pieces."""
        parts: list[bytes] = []
        while size > 0:
            if not self._writing:
                frame = take_frame()
                if frame is None:
                    break
                self._writing = with_length(frame)
                self._metrics.frames_out += 1
                self._metrics.bytes_out += len(frame)
            part, self._writing = self._writing[:size], self._writing[size:]
            parts.append(bytes(part))
            size -= len(part)
        return b"".join(parts)


class DatagramChannel:
    """The data channel of datagrams: without order, and nothing is sent twice.

    Args:
        channel: unordered, with no retransmissions.
        metrics: the owner's counters.
    """

    def __init__(self, channel: RTCDataChannel, metrics: TransportMetrics) -> None:
        self.inbox = Inbox(FrameReader(0, has_preamble=False), metrics)
        self._channel = channel
        self._channel.bufferedAmountLowThreshold = WEBRTC_DATAGRAM_BUFFER_BYTES_MAX // 2
        self._metrics = metrics

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._channel.readyState == "open"

    @property
    def buffered_bytes(self) -> int:
        """What aiortc has not begun to send."""
        return self._channel.bufferedAmount

    def fill(self, queue: SendQueue) -> None:
        """Hand aiortc a few; the others wait where they grow old."""
        datagrams = queue.take_datagrams()
        count = 0
        while count < len(datagrams) and self._channel.bufferedAmount < WEBRTC_DATAGRAM_BUFFER_BYTES_MAX:
            frame = datagrams[count][1]
            self._channel.send(frame)
            self._metrics.frames_out += 1
            self._metrics.bytes_out += len(frame)
            count += 1
        queue.put_back(datagrams[count:])


def next_frame(inboxes: Iterable[Inbox]) -> tuple[Lane, bytes] | None:
    """The first frame that waits in one of them."""
    for inbox in inboxes:
        if (received := inbox.take()) is not None:
            return received
    return None
