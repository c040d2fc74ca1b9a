"""Frames that overtook the acknowledgement of a session on lanes of their own, until that has come (TRN-22)."""

from collections import deque

from theta.base.errors import ProtocolError
from theta.base.limits import HELD_BYTES_MAX, HELD_FRAMES_MAX
from theta.node.lanes import Lane


class HeldFrames:
    """A participant's, of one connection, in the order in which they came."""

    def __init__(self) -> None:
        self._frames: deque[tuple[Lane, bytes]] = deque()
        self._bytes = 0

    def put(self, lane: Lane, frame: bytes) -> None:
        """Keep a frame.

        Raises:
            ProtocolError: over HELD_FRAMES_MAX frames or HELD_BYTES_MAX bytes wait; nothing was kept of this one.
        """
        if len(self._frames) >= HELD_FRAMES_MAX:
            raise ProtocolError(f"more than {HELD_FRAMES_MAX} frames came before the session stood")
        if self._bytes + len(frame) > HELD_BYTES_MAX:
            raise ProtocolError(f"more than {HELD_BYTES_MAX} bytes came before the session stood")
        self._frames.append((lane, frame))
        self._bytes += len(frame)

    def poll(self) -> tuple[Lane, bytes] | None:
        """The next frame; None when there is none."""
        if not self._frames:
            return None
        lane, frame = self._frames.popleft()
        self._bytes -= len(frame)
        return lane, frame

    def clear(self) -> None:
        """The connection is gone."""
        self._frames.clear()
        self._bytes = 0
