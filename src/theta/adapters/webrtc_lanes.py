"""Frames on the data channels of one WebRTC connection: TRN-30 to TRN-32.

On a reliable channel, binary messages are pieces of one stream on which each frame stands after its length, as over
QUIC; a text is said to the other transport, not to whoever uses it: `read N` or `close CODE REASON`.
"""

import re

from aiortc import RTCDataChannel

from theta.adapters.quic_frames import FrameWriter, Inbox
from theta.adapters.transport import SendQueue, TransportClosed, clip_reason
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import ProtocolError
from theta.base.limits import (
    WEBRTC_AHEAD_BYTES_MAX,
    WEBRTC_CONTROL_CHARACTERS_MAX,
    WEBRTC_DATAGRAM_BUFFER_BYTES_MAX,
    WEBRTC_RECEIVE_WINDOW_BYTES,
)
from theta.node.lanes import RELIABLE_LANES, Lane

_LOW_BYTES = WEBRTC_AHEAD_BYTES_MAX // len(RELIABLE_LANES) - 1
"""A channel is low when it has so little. With WEBRTC_AHEAD_BYTES_MAX ahead, some channel has more, and will tell."""
_READ = re.compile(r"read ([0-9]{1,15})", re.ASCII)
_CLOSE = re.compile(r"close ([1-4][0-9]{3}) ?(.*)", re.ASCII | re.DOTALL)


class ReliableChannel:
    """One reliable lane's data channel.

    Args:
        channel: ordered, and loses nothing.
        lane: whose it is.
        writer: of the lane.
        inbox: where its frames go.
    """

    def __init__(self, channel: RTCDataChannel, lane: Lane, writer: FrameWriter, inbox: Inbox) -> None:
        self.closed: TransportClosed | None = None
        self._channel = channel
        self._channel.bufferedAmountLowThreshold = _LOW_BYTES
        self._lane = lane
        self._writer = writer
        self._inbox = inbox
        self._sent_bytes = self._peer_read_bytes = 0
        self._received_bytes = self._told_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._channel.readyState == "open"

    @property
    def writing_bytes(self) -> int:
        """Of the frame that was begun, what is not with aiortc yet."""
        return self._writer.writing_bytes

    @property
    def buffered_bytes(self) -> int:
        """What aiortc has not begun to send."""
        return self._channel.bufferedAmount

    def fill(self, piece_bytes_max: int, space: int) -> None:
        """Hand aiortc as many pieces as there is space for and the other side has room for."""
        while space > 0:
            window = self._peer_read_bytes + WEBRTC_RECEIVE_WINDOW_BYTES - self._sent_bytes
            piece = self._writer.next_piece(min(piece_bytes_max, window))
            if not piece:
                return
            self._channel.send(piece)
            self._sent_bytes += len(piece)
            space -= len(piece)

    def handle_piece(self, data: bytes) -> None:
        """More of the other side's stream.

        Raises:
            ProtocolError: it sends more than it was given room for.
            FrameTooLarge: a frame's length is over the limit; the frames before it are there.
        """
        self._received_bytes += len(data)
        if self._received_bytes > self._told_bytes + WEBRTC_RECEIVE_WINDOW_BYTES:
            raise ProtocolError(f"more than {WEBRTC_RECEIVE_WINDOW_BYTES} bytes that were not read")
        self._inbox.handle_stream(self._lane, data)

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
        read = self._inbox.read_bytes(self._lane)
        if self.is_open and read - self._told_bytes >= WEBRTC_RECEIVE_WINDOW_BYTES // 4:
            self._told_bytes = read
            self._channel.send(f"read {read}")

    def tell_close(self, closed: TransportClosed) -> None:
        """Say the end, after all that was handed to aiortc."""
        if self.is_open:
            self._channel.send(f"close {closed.close_code} {closed.reason}")

    def forget(self) -> None:
        """Nothing that waits will be sent any more."""
        self._writer.forget()


class DatagramChannel:
    """The data channel of datagrams: without order, and nothing is sent twice.

    Args:
        channel: unordered, with no retransmissions.
        metrics: the owner's counters.
    """

    def __init__(self, channel: RTCDataChannel, metrics: TransportMetrics) -> None:
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
            self._metrics.count_out(Lane.DATAGRAM, len(frame))
            count += 1
        queue.put_back(datagrams[count:])
