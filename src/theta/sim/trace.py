"""What happened, as a running hash and the last lines: the same seed gives the same hash."""

import hashlib
import struct
from collections import deque

TRACE_LINES_KEPT = 400

_TIME = struct.Struct("<d")


class Trace:
    """Every delivered frame, fsync, timer and fault with its time."""

    def __init__(self, lines_kept: int = TRACE_LINES_KEPT) -> None:
        self._digest = hashlib.blake2b(digest_size=16, person=b"theta-trace")
        self._lines: deque[tuple[float, str, str, bytes]] = deque(maxlen=lines_kept)
        self.count = 0

    @property
    def hash(self) -> bytes:
        """16 bytes over everything noted so far."""
        return self._digest.copy().digest()

    def note(self, seconds: float, who: str, what: str, data: bytes = b"") -> None:
        """Something happened.

        Args:
            seconds: simulated time.
            who: the node.
            what: what happened, in a few words.
            data: the bytes it happened with.
        """
        text = f"{who}\0{what}\0{len(data)}\0".encode()
        self._digest.update(_TIME.pack(seconds) + text + data)
        self._lines.append((seconds, who, what, data))
        self.count += 1

    def lines(self, count: int) -> list[str]:
        """The last `count` lines, for people."""
        kept = list(self._lines)
        return [_line(*entry) for entry in kept[max(0, len(kept) - count) :]]


def _line(seconds: float, who: str, what: str, data: bytes) -> str:
    if not data:
        return f"{seconds:12.6f} {who:8} {what}"
    short = hashlib.blake2b(data, digest_size=4).hexdigest()
    return f"{seconds:12.6f} {who:8} {what} [{len(data)} bytes, {short}]"
