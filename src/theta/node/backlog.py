"""What a newcomer has still to be sent, a window at a time, and what was said meanwhile (WIRE-18)."""

from collections import deque
from collections.abc import Callable, Iterator

from theta.base.limits import SEND_QUEUE_BYTES_MAX
from theta.node.lanes import Lane
from theta.wire.codec import encode
from theta.wire.interest_messages import INTEREST_FROM_ROOM
from theta.wire.messages import (
    AssetData,
    AssetReceived,
    AssetRefused,
    Commit,
    DocumentPart,
    Message,
    Ping,
    Pong,
    SnapshotPart,
)
from theta.wire.ownership_messages import OWNERSHIP_FROM_ROOM
from theta.wire.state_messages import STATE_FROM_ROOM

PASSING = (
    Ping,
    Pong,
    AssetData,
    AssetReceived,
    AssetRefused,
    SnapshotPart,
    *STATE_FROM_ROOM,
    *OWNERSHIP_FROM_ROOM,
    *INTEREST_FROM_ROOM,
)
"""Signs of life; assets, since what is caught up with may be waiting for them; and the state plane, which is no part of
the document."""
BACKLOG_WINDOW_BYTES = 4 * 1024 * 1024
"""Sent before the participant's answer to a ping shows that it keeps up."""
BACKLOG_PING = 0
"""The number of such a ping: heartbeats count from 1, so that its round trip, spent behind a window, counts nowhere."""


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
        self._held: deque[tuple[type[Message], bytes]] = deque()
        self._held_bytes = 0
        self.is_done = False

    @property
    def is_too_long(self) -> bool:
        """Whether more is held than may wait for a participant."""
        return self._held_bytes > SEND_QUEUE_BYTES_MAX

    @staticmethod
    def holds(message: type[Message], lane: Lane) -> bool:
        """Whether a message has to wait its turn: signs of life, assets and state do not."""
        return lane is Lane.RELIABLE and message not in PASSING

    def hold(self, message: type[Message], frame: bytes) -> None:
        """Keep a frame until the messages are out."""
        self._held.append((message, frame))
        self._held_bytes += len(frame)

    def replace(self, messages: Iterator[Message]) -> None:
        """Begin again with other messages, which know all that the held commits say."""
        self._messages = messages
        self._held = deque(each for each in self._held if each[0] not in (Commit, DocumentPart))
        self._held_bytes = sum(len(frame) for _, frame in self._held)

    def window(self) -> Iterator[bytes]:
        """The frames to send now; the last of them is a ping if there is more to come."""
        size = 0
        for message in self._messages:
            frame = encode(message)
            yield self._pack(message, frame)
            # Before compression: a window is also what the room works off at a stretch.
            size += len(frame)
            if size >= BACKLOG_WINDOW_BYTES:
                yield encode(Ping(BACKLOG_PING, 0.0))
                return
        while self._held:
            _, frame = self._held.popleft()
            yield frame
        self.is_done = True
