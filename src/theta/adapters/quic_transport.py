"""Frames over one QUIC connection (RFC 9000, RFC 9221), on either side of it: spec/transport.md.

Reliable frames travel on one stream, datagrams as DATAGRAM frames.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aioquic.quic import events

from theta.adapters.quic_connection import STREAM, BoundedConnection
from theta.adapters.quic_frames import PREAMBLE, FrameReader, Inbox
from theta.adapters.quic_pump import QuicPump
from theta.adapters.transport import CLOSE_LOST, CLOSE_NORMAL, TransportClosed, TransportMetrics, clip_reason
from theta.base.errors import HandshakeTimeout, PeerError, ProtocolError
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX, TRANSPORT_CLOSE_SECONDS_MAX
from theta.node.lanes import Lane


class QuicTransport:
    """A transport over a QUIC connection, the room's end or a participant's. Needs a running event loop.

    Whoever has the socket owns it: calls `handle_packet` for what comes in, and sets the callbacks: `on_opened` once
    the stream is there, `on_ended` once nothing more can be said, `on_gone` once nothing more needs be heard, and
    `on_connection_id` for each id under which packets may come from now on (True) or no longer (False).

    Args:
        connection: new; a participant's before `begin`.
        is_room: which end this is: a participant opens the stream, and a room takes smaller frames.
        send_packet: puts a UDP payload on its way to an address; never blocks.
        handshake_seconds: from now until the stream is there.
    """

    kind = "quic"

    def __init__(
        self,
        connection: BoundedConnection,
        *,
        is_room: bool,
        send_packet: Callable[[bytes, Any], None],
        handshake_seconds: float,
    ) -> None:
        self.on_opened: Callable[[], None] = lambda: None
        self.on_ended: Callable[[], None] = lambda: None
        self.on_gone: Callable[[], None] = lambda: None
        self.on_connection_id: Callable[[bytes, bool], None] = lambda identifier, is_new: None
        self._connection = connection
        self._is_room = is_room
        self._metrics = TransportMetrics()
        self._pump = QuicPump(connection, self._metrics, send_packet, self._handle_events, self._handle_end)
        frame_bytes_max = CLIENT_FRAME_BYTES_MAX if is_room else FRAME_BYTES_MAX
        self._inbox = Inbox(FrameReader(frame_bytes_max, has_preamble=is_room), self._metrics)
        self._arrived = asyncio.Event()
        self._opened_or_over = asyncio.Event()
        self._finished = asyncio.Event()
        self._closed: TransportClosed | None = None
        self._closed_here = False
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(handshake_seconds, self._handle_deadline, handshake_seconds)

    @property
    def queued_bytes(self) -> int:
        """See Transport.queued_bytes."""
        return self._pump.queued_bytes

    @property
    def metrics(self) -> TransportMetrics:
        """See Transport.metrics."""
        return self._metrics

    @property
    def is_open(self) -> bool:
        """Whether the handshake was finished and the stream was there; stays true after the end."""
        return self._pump.is_open

    def send(self, lane: Lane, frame: bytes) -> None:
        """See Transport.send."""
        if self._closed:
            raise self._fresh_error()
        self._pump.put(lane, frame)

    async def receive(self) -> tuple[Lane, bytes]:
        """See Transport.receive."""
        while not self._closed_here:
            received = self._inbox.take()
            if received is not None:
                if self._connection.handle_read(self._inbox.read_bytes):
                    self._pump.tick_soon()
                return received
            if self._closed:
                break
            self._arrived.clear()
            await self._arrived.wait()
        await self._finished.wait()
        raise self._fresh_error()

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """See Transport.close."""
        if not self._closed:
            self._closed = TransportClosed(code, clip_reason(reason))
            self._closed_here = True
            self._inbox.shut()
            self._arrived.set()
            try:
                await self._flush()
            finally:
                self._say_close()
        await self._finished.wait()

    # -- for whoever has the socket ------------------------------------------------------------------------------

    def begin(self, address: Any) -> None:
        """Send a participant's first packet to `address`."""
        self._pump.begin(address)

    async def opened(self) -> None:
        """Return once the stream is there.

        Raises:
            TransportClosed: it came to nothing.
        """
        await self._opened_or_over.wait()
        if not self.is_open:
            raise self._fresh_error()

    def handle_packet(self, data: bytes, address: Any) -> None:
        """A UDP payload came from `address`."""
        if self._connection.is_reset(data):
            self.abandon("the room was started anew")
        else:
            self._pump.handle_packet(data, address)

    def abandon(self, reason: str = "the connection was lost") -> None:
        """Let go of everything at once, the socket included; the peer is told nothing."""
        self._closed = self._closed or TransportClosed(CLOSE_LOST, reason)
        self._pump.stop()
        self._finish()
        self.on_gone()

    # -- inside --------------------------------------------------------------------------------------------------

    def _handle_events(self) -> None:
        try:
            while (event := self._connection.next_event()) is not None:
                self._handle_event(event)
        except PeerError as error:
            self._fail(error)

    def _handle_event(self, event: events.QuicEvent) -> None:
        match event:
            case events.StreamDataReceived():
                self._handle_stream(event)
            case events.DatagramFrameReceived():
                self._inbox.handle_datagram(event.data)
                self._arrived.set()
            case events.HandshakeCompleted():
                self._connection.check_peer()
                if not self._is_room:
                    self._connection.send_stream_data(STREAM, PREAMBLE)
                    self._open()
            case events.StreamReset() | events.StopSendingReceived():
                raise ProtocolError("the stream was broken off")
            case events.ConnectionIdIssued() | events.ConnectionIdRetired():
                self.on_connection_id(event.connection_id, isinstance(event, events.ConnectionIdIssued))
            case events.ConnectionTerminated():
                self._closed = self._closed or _end_of(event, self.is_open)
                self.abandon()

    def _handle_stream(self, event: events.StreamDataReceived) -> None:
        if event.stream_id != STREAM:
            raise ProtocolError("there is one stream, the first that a participant may open")
        try:
            self._inbox.handle_stream(event.data)
        finally:
            self._arrived.set()
        self._connection.handle_read(self._inbox.read_bytes)
        if event.end_stream:
            raise ProtocolError("the stream was ended")
        if not self.is_open and not self._closed:
            self._open()

    def _open(self) -> None:
        self._pump.is_open = True
        self._deadline.cancel()
        self._opened_or_over.set()
        self.on_opened()

    async def _flush(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TRANSPORT_CLOSE_SECONDS_MAX):
                while self.is_open and self._pump.owes and not self._finished.is_set():
                    self._pump.drained.clear()
                    self._pump.tick_soon()
                    await self._pump.drained.wait()

    def _say_close(self) -> None:
        assert self._closed is not None
        if not self._finished.is_set():
            self._connection.close(error_code=self._closed.close_code, reason_phrase=self._closed.reason)
            self._pump.tick()

    def _fail(self, error: PeerError) -> None:
        reason = clip_reason(str(error))
        self._closed = self._closed or TransportClosed(error.close_code, reason)
        self._connection.close(error_code=error.close_code, reason_phrase=reason)
        self._pump.tick_soon()

    def _handle_deadline(self, seconds: float) -> None:
        self._fail(HandshakeTimeout(f"no QUIC connection within {seconds:g} s"))

    def _handle_end(self, end: events.ConnectionTerminated) -> None:
        self._closed = self._closed or _end_of(end, self.is_open)
        self._finish()
        self.on_ended()

    def _finish(self) -> None:
        self._deadline.cancel()
        for event in (self._arrived, self._opened_or_over, self._finished):
            event.set()

    def _fresh_error(self) -> TransportClosed:
        assert self._closed is not None
        return TransportClosed(self._closed.close_code, self._closed.reason)


_LOST = ("Idle timeout", "No validated network path")
"""aioquic's words for its two silent ends (RFC 9000, 8.2.4 and 10.1)."""


def _end_of(end: events.ConnectionTerminated, was_open: bool) -> TransportClosed:
    """What the end of a connection amounts to: an application's code, or QUIC's own reason."""
    if end.frame_type is None:
        return TransportClosed(end.error_code or CLOSE_NORMAL, clip_reason(end.reason_phrase))
    if not was_open:
        why = clip_reason(end.reason_phrase) or f"error {end.error_code:#x}"
        return TransportClosed(CLOSE_LOST, f"no QUIC connection: {why}")
    if end.reason_phrase in _LOST:
        return TransportClosed(CLOSE_LOST, "the connection was lost")
    return TransportClosed(ProtocolError.close_code, clip_reason(f"QUIC: {end.reason_phrase}"))
