"""What a newcomer has still to be sent, a window at a time, and what was said meanwhile (WIRE-18)."""

from collections import deque
from collections.abc import Callable, Iterator

from theta.base.limits import SEND_QUEUE_BYTES_MAX
from theta.node.lanes import Lane
from theta.wire.codec import encode
from theta.wire.messages import Commit, DocumentPart, Message, Ping

BACKLOG_LANE = Lane.COMMANDS
"""What a newcomer catches up with, and what has its place after that. Other lanes go on meanwhile: signs of life, the
assets that it may be waiting for, and the state plane, which is no part of the document."""
BACKLOG_WINDOW_BYTES = 4 * 1024 * 1024
"""Sent before the participant's answer to a ping shows that it keeps up."""
LANE_PING = 0
"""The number of a ping that asks whether what was sent before it on its lane has come.

Heartbeats count from 1, so that its round trip, spent behind a window, counts nowhere.
"""


class Backlog:
    """One connection's. `messages` are packed only when their turn comes; what is held goes out after them.

    `is_done` once everything is out.

    Args:
        messages: in order.
        pack: makes what is sent of a message and its frame (theta.node.packing).
    """

    def __init__(self, messages: Iterator[Message], pack: Callable[[Message, bytes], bytes]) -> None:
        self._messages = messages
        self._pack = pack
        self._held: deque[tuple[type[Message], bytes, int]] = deque()
        self._held_bytes = 0
        self.is_done = False

    @property
    def is_too_long(self) -> bool:
        """Whether more is held than may wait for a participant."""
        return self._held_bytes > SEND_QUEUE_BYTES_MAX

    def hold(self, message: type[Message], frame: bytes, plain_bytes: int) -> None:
        """Keep a frame of the backlog's lane until the messages are out; see `Transmit`."""
        self._held.append((message, frame, plain_bytes))
        self._held_bytes += len(frame)

    def replace(self, messages: Iterator[Message]) -> None:
        """Begin again with other messages, which know all that the held commits say."""
        self._messages = messages
        self._held = deque(each for each in self._held if each[0] not in (Commit, DocumentPart))
        self._held_bytes = sum(len(frame) for _, frame, _ in self._held)

    def window(self) -> Iterator[tuple[bytes, int]]:
        """The frames to send now, each with its `plain_bytes`; the last of them is a ping if there is more to come."""
        size = 0
        for message in self._messages:
            frame = encode(message)
            yield self._pack(message, frame), len(frame)
            # Before compression: a window is also what the room works off at a stretch.
            size += len(frame)
            if size >= BACKLOG_WINDOW_BYTES:
                ping = encode(Ping(LANE_PING, 0.0))
                yield ping, len(ping)
                return
        while self._held:
            _, frame, plain_bytes = self._held.popleft()
            yield frame, plain_bytes
        self.is_done = True
