"""What a room has to say, queued for its adapter."""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from functools import partial

from theta.base.errors import PeerError, PeerTooSlow
from theta.base.limits import CLOSE_REASON_BYTES_MAX, DATAGRAM_BYTES_MAX
from theta.node.backlog import BACKLOG_LANE, LANE_PING, Backlog
from theta.node.lanes import Close, Lane, Transmit, lane_of
from theta.node.packing import Packing
from theta.replication.presence import PRESENCE_BYTES
from theta.wire.codec import encode
from theta.wire.dictionaries import Dictionary
from theta.wire.messages import (
    AssetData,
    CompressionDictionary,
    DocumentPart,
    Message,
    MomentPart,
    Ping,
    PresenceBatch,
    SnapshotPart,
)
from theta.wire.state_messages import STATE_FROM_ROOM

_BATCH_HEADER_BYTES = 13
"""The most that MessagePack puts before a batch's rows: array, tag and the rows' length (WIRE-1)."""
PRESENCE_ROWS_MAX = (DATAGRAM_BYTES_MAX - _BATCH_HEADER_BYTES) // PRESENCE_BYTES
"""As many rows as fit in one datagram."""

_UNCOUNTED = frozenset((*STATE_FROM_ROOM, AssetData, DocumentPart, MomentPart, SnapshotPart, CompressionDictionary))


def presence_batches(rows: bytes) -> Iterator[PresenceBatch]:
    """Rows, one after the other, cut into messages that are datagrams each (WIRE-4)."""
    batch_bytes = PRESENCE_ROWS_MAX * PRESENCE_BYTES
    for at in range(0, len(rows), batch_bytes):
        yield PresenceBatch(rows[at : at + batch_bytes])


def close_reason(error: PeerError) -> str:
    """What a close frame says of an error, within CLOSE_REASON_BYTES_MAX of UTF-8."""
    return f"{error.code}: {error}".encode()[:CLOSE_REASON_BYTES_MAX].decode("utf-8", "ignore")


class Outbound:
    """Frames and closes in the order they were said; those of the lane of a connection's backlog come after that.

    Args:
        dictionary: what frames are compressed with, for sessions that have it.
    """

    def __init__(self, dictionary: Dictionary | None = None) -> None:
        self._packing = Packing(dictionary)
        self._frames: deque[Transmit] = deque()
        self._closes: deque[Close] = deque()
        self._backlogs: dict[int, Backlog] = {}
        self._spent: Counter[int] = Counter()

    def agree(self, connection: int, capabilities: Collection[str]) -> None:
        """The session on a connection stands, with these capabilities: from here on its frames may be compressed."""
        dictionary = self._packing.agree(connection, capabilities)
        if dictionary is not None:
            self.send(connection, dictionary)
            self.send(connection, Ping(LANE_PING, 0.0))

    def send(self, connection: int, message: Message) -> bytes:
        """Queue a message and return its frame."""
        plain = encode(message)
        frame = self._packing.pack(connection, message, plain)
        self._queue(type(message), Transmit(connection, lane_of(message), frame, len(plain)))
        return frame

    def send_all(self, connections: Iterable[int], message: Message) -> None:
        """Queue one message for many; it is encoded once, and compressed once."""
        connections = list(connections)
        if not connections:
            return
        lane, plain = lane_of(message), encode(message)
        for connection, frame in self._packing.pack_all(connections, message, plain):
            self._queue(type(message), Transmit(connection, lane, frame, len(plain)))

    def begin_backlog(self, connection: int, messages: Iterator[Message]) -> None:
        """Send many messages, as many at a time as `BACKLOG_WINDOW_BYTES`; see `handle_answered`."""
        backlog = self._backlogs.get(connection)
        if backlog is None:
            self._backlogs[connection] = Backlog(messages, partial(self._packing.pack, connection))
            self._continue_backlog(connection)
        else:
            backlog.replace(messages)

    def handle_answered(self, connection: int, lane: Lane) -> None:
        """The participant has answered the ping with the number LANE_PING on a lane: what came before is there."""
        if lane is BACKLOG_LANE:
            self._continue_backlog(connection)
        else:
            self._packing.handle_taken(connection)

    def forget(self, connection: int) -> None:
        """The connection is gone: nothing more has to be sent."""
        self._backlogs.pop(connection, None)
        self._packing.forget(connection)
        self._spent.pop(connection, None)

    def close(self, connection: int, error: PeerError) -> None:
        """Queue the end of a connection, for the peer's fault or the peer's sake."""
        self.forget(connection)
        self._closes.append(Close(connection, error.close_code, close_reason(error)))

    def say_goodbye(self, connection: int, reason: str) -> None:
        """Queue the end of a connection because the room closes (RFC 6455 §7.4.1: 1001, going away)."""
        self.forget(connection)
        self._closes.append(Close(connection, 1001, reason))

    def take_spent(self) -> Counter[int]:
        """The bytes of what was queued since the last call, by connection, for the state plane's budgets (REP-29).

        That plane's own are not in it, nor what its receiver paces: backlogs, assets and snapshots.
        """
        spent, self._spent = self._spent, Counter()
        return spent

    def poll_transmit(self) -> Transmit | None:
        """The next frame to send, if any."""
        return self._frames.popleft() if self._frames else None

    def poll_close(self) -> Close | None:
        """The next connection to close, once every frame before it was sent."""
        return self._closes.popleft() if self._closes else None

    def _continue_backlog(self, connection: int) -> None:
        backlog = self._backlogs.get(connection)
        if backlog is None:
            return
        self._frames.extend(Transmit(connection, BACKLOG_LANE, *each) for each in backlog.window())
        if backlog.is_done:
            del self._backlogs[connection]

    def _queue(self, message: type[Message], transmit: Transmit) -> None:
        if message not in _UNCOUNTED:
            self._spent[transmit.connection] += len(transmit.frame)
        backlog = self._backlogs.get(transmit.connection)
        if backlog is None or transmit.lane is not BACKLOG_LANE:
            self._frames.append(transmit)
            return
        backlog.hold(message, transmit.frame, transmit.plain_bytes)
        if backlog.is_too_long:
            self.close(transmit.connection, PeerTooSlow("more was said than could be sent while catching up"))
