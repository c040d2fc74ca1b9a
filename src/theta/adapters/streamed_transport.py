"""What transports on streams of bytes have in common: frames that wait, in and out, and how the end is told."""

import asyncio
from abc import ABC, abstractmethod

from theta.adapters.quic_frames import Inbox
from theta.adapters.transport import SendQueue, TransportClosed
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX
from theta.node.lanes import Lane


class StreamedTransport(ABC):
    """The room's end or a participant's. Needs a running event loop.

    Args:
        is_room: which end this is: a room takes smaller frames.
    """

    def __init__(self, *, is_room: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._metrics = TransportMetrics()
        self._queue = SendQueue(self._loop.time, self._metrics)
        self._inbox = Inbox(CLIENT_FRAME_BYTES_MAX if is_room else FRAME_BYTES_MAX, self._metrics)
        self._arrived = asyncio.Event()
        self._opened_or_over = asyncio.Event()
        self._finished = asyncio.Event()
        self._closed: TransportClosed | None = None
        self._closed_here = False

    @property
    def metrics(self) -> TransportMetrics:
        """See Transport.metrics."""
        self._measure()
        return self._metrics

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether frames could be sent once; stays true after the end."""

    def send(self, lane: Lane, frame: bytes) -> None:
        """See Transport.send."""
        if self._closed:
            raise self._fresh_error()
        self._queue.put(lane, frame)
        self._tick_soon()

    async def receive(self) -> tuple[Lane, bytes]:
        """See Transport.receive."""
        while not self._closed_here:
            received = self._inbox.take()
            if received is not None:
                if received[0] is not Lane.DATAGRAM:
                    self._handle_taken(received[0])
                return received
            if self._closed:
                break
            self._arrived.clear()
            await self._arrived.wait()
        await self._finished.wait()
        raise self._fresh_error()

    async def opened(self) -> None:
        """Return once frames can be sent.

        Raises:
            TransportClosed: it came to nothing.
        """
        await self._opened_or_over.wait()
        if not self.is_open:
            raise self._fresh_error()

    # -- for the transports on it --------------------------------------------------------------------------------

    @abstractmethod
    def _tick_soon(self) -> None:
        """Send what waits, in the loop's next turn."""

    @abstractmethod
    def _handle_taken(self, lane: Lane) -> None:
        """A frame of a reliable lane was given out: the other side may send more."""

    @abstractmethod
    def _measure(self) -> None:
        """Write into the metrics what the carrier knows of the way."""

    def _stop_receiving(self) -> None:
        """This side ends it: nothing that came, or still comes, is given out."""
        self._closed_here = True
        self._inbox.shut()
        self._arrived.set()

    def _fresh_error(self) -> TransportClosed:
        assert self._closed is not None
        return TransportClosed(self._closed.close_code, self._closed.reason)
