"""What a room has to say, queued for its adapter."""

from collections import deque
from collections.abc import Iterable

from theta.base.errors import PeerError
from theta.base.limits import CLOSE_REASON_BYTES_MAX
from theta.node.lanes import Close, Transmit, lane_of
from theta.wire.codec import encode
from theta.wire.messages import Message


def close_reason(error: PeerError) -> str:
    """What a close frame says of an error, within CLOSE_REASON_BYTES_MAX of UTF-8."""
    return f"{error.code}: {error}".encode()[:CLOSE_REASON_BYTES_MAX].decode("utf-8", "ignore")


class Outbound:
    """Frames and closes in the order they were said."""

    def __init__(self) -> None:
        self._frames: deque[Transmit] = deque()
        self._closes: deque[Close] = deque()

    def send(self, connection: int, message: Message) -> bytes:
        """Queue a message and return its frame."""
        frame = encode(message)
        self._frames.append(Transmit(connection, lane_of(message), frame))
        return frame

    def send_all(self, connections: Iterable[int], message: Message) -> None:
        """Queue one message for many; it is encoded once."""
        connections = list(connections)
        if not connections:
            return
        frame, lane = encode(message), lane_of(message)
        self._frames.extend(Transmit(connection, lane, frame) for connection in connections)

    def close(self, connection: int, error: PeerError) -> None:
        """Queue the end of a connection, for the peer's fault or the peer's sake."""
        self._closes.append(Close(connection, error.close_code, close_reason(error)))

    def say_goodbye(self, connection: int, reason: str) -> None:
        """Queue the end of a connection because the room closes (RFC 6455 §7.4.1: 1001, going away)."""
        self._closes.append(Close(connection, 1001, reason))

    def poll_transmit(self) -> Transmit | None:
        """The next frame to send, if any."""
        return self._frames.popleft() if self._frames else None

    def poll_close(self) -> Close | None:
        """The next connection to close, once every frame before it was sent."""
        return self._closes.popleft() if self._closes else None
