"""Moves a QUIC connection along: packets in and out, its timer, and what waits to be sent.

aioquic does the protocol without touching a socket; this drives it. What arrives or is sent in one turn of the event
loop leaves together, in one tick.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aioquic.quic.events import ConnectionTerminated

from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_streams import LaneStreams
from theta.adapters.transport import SendQueue
from theta.adapters.transport_metrics import TransportMetrics
from theta.node.lanes import Lane

_GOODBYES_MAX = 8
"""How often a close is said again to a peer that did not hear it (RFC 9000, 10.2.1)."""


class QuicPump:
    """One connection's. Needs a running event loop.

    Args:
        connection: new; a participant's before `begin`.
        queue: what waits to be sent.
        streams: of the connection, which take from the queue.
        metrics: the owner's counters.
        send_packet: puts a UDP payload on its way to an address; never blocks.
        on_events: the connection has events.
        on_end: nothing more can be said; called once, with why.
    """

    def __init__(
        self,
        connection: BoundedConnection,
        queue: SendQueue,
        streams: LaneStreams,
        metrics: TransportMetrics,
        send_packet: Callable[[bytes, Any], None],
        on_events: Callable[[], None],
        on_end: Callable[[ConnectionTerminated], None],
    ) -> None:
        self.is_open = False
        self.drained = asyncio.Event()
        self._connection = connection
        self._queue = queue
        self._streams = streams
        self._metrics = metrics
        self._send_packet = send_packet
        self._on_events = on_events
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._has_ended = self._is_stopped = False
        self._goodbye: list[tuple[bytes, Any]] = []
        self._goodbyes_left = _GOODBYES_MAX
        self._tick_handle: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    @property
    def queued_bytes(self) -> int:
        """Bytes of frames that no packet has taken along yet."""
        return self._queue.queued_bytes + self._streams.writing_bytes + self._connection.stream_bytes_unsent

    @property
    def owes(self) -> bool:
        """Whether something was not sent yet, or not acknowledged; `drained` is set when nothing is left."""
        return not self._queue.is_empty or bool(self._streams.writing_bytes or self._connection.stream_bytes_held)

    def begin(self, address: Any) -> None:
        """Send a participant's first packet to `address`."""
        self._connection.connect(address, now=self._loop.time())
        self.tick()

    def handle_packet(self, data: bytes, address: Any) -> None:
        """A UDP payload came from `address`."""
        self._metrics.packets_in += 1
        self._metrics.packet_bytes_in += len(data)
        if self._has_ended:
            self._say_goodbye_again()
            return
        self._connection.receive_datagram(data, address, now=self._loop.time())
        self._on_events()
        if self._connection.can_wait and self._queue.is_empty and not self._streams.writing_bytes:
            self._arm()
        else:
            self.tick_soon()

    def tick_soon(self) -> None:
        """Tick once in the loop's next turn."""
        if self._tick_handle is None and not self._has_ended:
            self._tick_handle = self._loop.call_soon(self.tick)

    def tick(self) -> None:
        """Send what there is to send; aioquic holds no datagram from one tick to the next."""
        self._tick_handle = None
        if self.is_open:
            self._streams.top_up()
        datagrams = self._queue.take_datagrams() if self.is_open else []
        for _, frame in datagrams:
            self._streams.carrier.send_datagram(frame)
        packets = self._connection.datagrams_to_send(now=self._loop.time())
        for data, address in packets:
            self._metrics.packets_out += 1
            self._metrics.packet_bytes_out += len(data)
            self._send_packet(data, address)
        sent = len(datagrams) - self._connection.take_datagrams_back()
        self._queue.put_back(datagrams[sent:])
        for _, frame in datagrams[:sent]:
            self._metrics.count_out(Lane.DATAGRAM, len(frame))
        if not self.owes:
            self.drained.set()
        end = self._connection.termination
        if end is not None and not self._has_ended:
            self._goodbye = packets if self._connection.has_proved_address else []
            self.forget()
            self._on_end(end)
        self._arm()

    def forget(self) -> None:
        """Nothing that waits will be sent any more."""
        self._has_ended = True
        self._queue.clear()
        self._streams.forget()
        self.drained.set()

    def stop(self) -> None:
        """Do nothing more, not even say goodbye again."""
        self.forget()
        self._is_stopped = True
        for handle in (self._tick_handle, self._timer):
            if handle is not None:
                handle.cancel()
        self._tick_handle = self._timer = None

    # -- inside --------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Have `_handle_timer` called when aioquic wants it; called too early, it arms itself again."""
        at = self._connection.get_timer()
        if at is None or self._is_stopped or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        # Noted here: uvloop's handle for what is due at once has no `when`.
        self._timer, self._timer_at = self._loop.call_at(at, self._handle_timer), at

    def _handle_timer(self) -> None:
        self._timer = None
        at = self._connection.get_timer()
        now = self._loop.time()
        if at is None or now < at:
            self._arm()
            return
        self._connection.handle_timer(now=now)
        self._on_events()
        self.tick()

    def _say_goodbye_again(self) -> None:
        """The peer goes on because it did not hear our close."""
        if self._goodbyes_left and not self._is_stopped:
            self._goodbyes_left -= 1
            for data, address in self._goodbye:
                self._send_packet(data, address)
