"""A transport inside one process: a linked pair on one event loop, for tests and for rooms without a network."""

import asyncio
from collections.abc import Callable

from theta.adapters.transport import (
    CLOSE_NORMAL,
    SendQueue,
    TransportClosed,
    check_frame_size,
    clip_reason,
)
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import FrameTooLarge
from theta.base.limits import FRAME_BYTES_MAX
from theta.node.lanes import Lane


def memory_pair(
    *, clock: Callable[[], float] | None = None, frame_bytes_max: int = FRAME_BYTES_MAX
) -> tuple["MemoryTransport", "MemoryTransport"]:
    """Two ends of one connection: (room's, participant's). Needs a running event loop.

    Args:
        clock: monotonic seconds, by which datagrams expire; the event loop's own when None.
        frame_bytes_max: the largest reliable frame that the room's end takes in.
    """
    clock = clock or asyncio.get_running_loop().time
    room = MemoryTransport(clock, frame_bytes_max)
    participant = MemoryTransport(clock, FRAME_BYTES_MAX)
    room.link(participant)
    participant.link(room)
    return room, participant


class MemoryTransport:
    """One end; make both with `memory_pair`. The other end reads straight from this one's queue."""

    kind = "memory"

    def __init__(self, clock: Callable[[], float], frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._metrics = TransportMetrics()
        self._queue = SendQueue(clock, self._metrics)
        self._arrived = asyncio.Event()
        self._closed: TransportClosed | None = None
        self._closed_here = False
        self._other: MemoryTransport

    def link(self, other: "MemoryTransport") -> None:
        """Make `other` the far end."""
        self._other = other

    @property
    def queued_bytes(self) -> int:
        """See Transport.queued_bytes."""
        return self._queue.queued_bytes

    @property
    def metrics(self) -> TransportMetrics:
        """See Transport.metrics."""
        return self._metrics

    def send(self, lane: Lane, frame: bytes) -> None:
        """See Transport.send."""
        if self._closed:
            raise self._fresh_error()
        self._queue.put(lane, frame)
        self._other._arrived.set()

    async def receive(self) -> tuple[Lane, bytes]:
        """See Transport.receive."""
        while not self._closed_here:
            taken = self._other._queue.take()
            if taken is not None:
                return await self._count(*taken)
            if self._closed:
                break
            self._arrived.clear()
            await self._arrived.wait()
        raise self._fresh_error()

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """See Transport.close; what is queued stays for the other end to read."""
        if self._closed:
            return
        self._closed_here = True
        self._closed = self._other._closed = TransportClosed(code, clip_reason(reason))
        self._other._queue.clear()
        self._arrived.set()
        self._other._arrived.set()

    async def _count(self, lane: Lane, frame: bytes) -> tuple[Lane, bytes]:
        try:
            check_frame_size(lane, frame, self._frame_bytes_max)
        except FrameTooLarge as error:
            self._metrics.oversized += 1
            await self.close(error.close_code, str(error))
            raise self._fresh_error() from error
        self._other._metrics.count_out(lane, len(frame))
        self._metrics.count_in(lane, len(frame))
        return lane, frame

    def _fresh_error(self) -> TransportClosed:
        assert self._closed is not None
        return TransportClosed(self._closed.close_code, self._closed.reason)
