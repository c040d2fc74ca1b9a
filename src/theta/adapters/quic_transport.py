"""Frames over one QUIC connection (RFC 9000, RFC 9221), on either side of it: spec/transport.md.

Each reliable lane has a stream, and datagrams travel in DATAGRAM frames. A WebTransport session is the same over
another carrier (theta.adapters.quic_streams).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aioquic.quic import events
from aioquic.quic.packet import QuicErrorCode

from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_measures import QuicMeasures
from theta.adapters.quic_pump import QuicPump
from theta.adapters.quic_streams import (
    CarrierEvent,
    Datagram,
    LaneStreams,
    NativeCarrier,
    Ready,
    SessionEnded,
    StreamBroken,
    StreamBytes,
    StreamCarrier,
)
from theta.adapters.streamed_transport import StreamedTransport
from theta.adapters.transport import CLOSE_LOST, CLOSE_NORMAL, TransportClosed, clip_reason
from theta.base.errors import HandshakeTimeout, PeerError, ProtocolError
from theta.base.limits import TRANSPORT_CLOSE_SECONDS_MAX
from theta.node.lanes import Lane

CarrierFor = Callable[[str, BoundedConnection], StreamCarrier]


def native_carrier(alpn: str, connection: BoundedConnection) -> StreamCarrier:
    """QUIC by itself, whatever the peer says that it speaks."""
    return NativeCarrier(connection)


class QuicTransport(StreamedTransport):
    """A transport over a QUIC connection, the room's end or a participant's. Needs a running event loop.

    Whoever has the socket owns it: calls `handle_packet` for what comes in, and sets the callbacks: `on_opened` once
    frames can be sent, `on_ended` once nothing more can be said, `on_gone` once nothing more needs be heard, and
    `on_connection_id` for each id under which packets may come from now on (True) or no longer (False).

    Args:
        connection: new; a participant's before `begin`.
        is_room: which end this is: a participant opens the streams, and a room takes smaller frames.
        send_packet: puts a UDP payload on its way to an address; never blocks.
        handshake_seconds: from now until the control stream is there.
        carrier_for: what carries the streams, by the application protocol that both sides agreed on.
    """

    def __init__(
        self,
        connection: BoundedConnection,
        *,
        is_room: bool,
        send_packet: Callable[[bytes, Any], None],
        handshake_seconds: float,
        carrier_for: CarrierFor = native_carrier,
    ) -> None:
        super().__init__(is_room=is_room)
        self.on_opened: Callable[[], None] = lambda: None
        self.on_ended: Callable[[], None] = lambda: None
        self.on_gone: Callable[[], None] = lambda: None
        self.on_connection_id: Callable[[bytes, bool], None] = lambda identifier, is_new: None
        self._connection = connection
        self._is_room = is_room
        self._carrier_for = carrier_for
        self._measures = QuicMeasures(connection, self._metrics)
        self._streams = LaneStreams(connection, self._queue, self._inbox, self._metrics)
        self._pump = QuicPump(
            connection,
            self._queue,
            self._streams,
            self._metrics,
            send_packet,
            self._handle_events,
            self._handle_end,
        )
        self._hanging_up: asyncio.TimerHandle | None = None
        self._deadline = self._loop.call_later(handshake_seconds, self._handle_deadline, handshake_seconds)

    @property
    def kind(self) -> str:
        """See Transport.kind; what the peer speaks is known with the first packets."""
        return self._streams.carrier.kind

    @property
    def queued_bytes(self) -> int:
        """See Transport.queued_bytes."""
        return self._pump.queued_bytes

    @property
    def is_open(self) -> bool:
        """Whether the handshake was finished and the control stream was there; stays true after the end."""
        return self._pump.is_open

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """See Transport.close."""
        if not self._closed:
            self._closed = TransportClosed(code, clip_reason(reason))
            self._stop_receiving()
            try:
                await self._flush()
            finally:
                self._say_close()
        await self._finished.wait()

    # -- for whoever has the socket ------------------------------------------------------------------------------

    def begin(self, address: Any) -> None:
        """Send a participant's first packet to `address`."""
        self._pump.begin(address)

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

    def _tick_soon(self) -> None:
        self._pump.tick_soon()

    def _handle_taken(self, lane: Lane) -> None:
        if self._streams.handle_read(lane):
            self._pump.tick_soon()

    def _measure(self) -> None:
        self._measures.update()

    def _handle_events(self) -> None:
        try:
            while (event := self._connection.next_event()) is not None:
                self._handle_event(event)
        except PeerError as error:
            self._metrics.invalid += isinstance(error, ProtocolError)
            self._fail(error)
        if self._hanging_up is not None and self._streams.carrier.is_heard:
            self._streams.carrier.hang_up()

    def _handle_event(self, event: events.QuicEvent) -> None:
        match event:
            case events.ConnectionIdIssued() | events.ConnectionIdRetired():
                self.on_connection_id(event.connection_id, isinstance(event, events.ConnectionIdIssued))
            case events.ConnectionTerminated():
                self._closed = self._closed or _end_of(event, self._streams.carrier, self.is_open)
                self.abandon()
            case events.ProtocolNegotiated():
                self._streams.carrier = self._carrier_for(event.alpn_protocol or "", self._connection)
            case _:
                if isinstance(event, events.HandshakeCompleted):
                    self._connection.check_peer()
                for carried in self._streams.carrier.handle_event(event):
                    self._handle_carried(carried)

    def _handle_carried(self, event: CarrierEvent) -> None:
        match event:
            case StreamBytes():
                self._handle_stream(event)
            case Datagram():
                self._inbox.handle_datagram(event.data)
                self._arrived.set()
            case Ready():
                if not self._is_room:
                    self._streams.open_all()
                    self._open()
            case StreamBroken():
                raise ProtocolError("a stream was broken off")
            case SessionEnded():
                self._closed = self._closed or TransportClosed(event.code, clip_reason(event.reason))
                self._say_close()

    def _handle_stream(self, event: StreamBytes) -> None:
        try:
            lane = self._streams.handle_bytes(event.stream, event.data)
        finally:
            self._arrived.set()
        if lane is not None:
            self._streams.handle_read(lane)
        if event.is_end:
            raise ProtocolError("a stream was ended")
        if not self.is_open and not self._closed and self._streams.has_control:
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
            self._close_carrier(self._closed.close_code, self._closed.reason)
            self._pump.tick()

    def _fail(self, error: PeerError) -> None:
        self._closed = self._closed or TransportClosed(error.close_code, clip_reason(str(error)))
        self._close_carrier(error.close_code, clip_reason(str(error)))
        self._pump.tick_soon()

    def _close_carrier(self, code: int, reason: str) -> None:
        """Once: last words that do not close the connection have a while to be heard."""
        if self._hanging_up is None:
            self._streams.carrier.close(code, reason)
            self._hanging_up = self._loop.call_later(TRANSPORT_CLOSE_SECONDS_MAX, self._hang_up)

    def _hang_up(self) -> None:
        self._streams.carrier.hang_up()
        self._pump.tick()

    def _handle_deadline(self, seconds: float) -> None:
        self._fail(HandshakeTimeout(f"no QUIC connection within {seconds:g} s"))

    def _handle_end(self, end: events.ConnectionTerminated) -> None:
        self._closed = self._closed or _end_of(end, self._streams.carrier, self.is_open)
        self._finish()
        self.on_ended()

    def _finish(self) -> None:
        self._deadline.cancel()
        if self._hanging_up is not None:
            self._hanging_up.cancel()
        for event in (self._arrived, self._opened_or_over, self._finished):
            event.set()


_NOBODYS_FAULT = frozenset(
    (
        QuicErrorCode.NO_ERROR,
        QuicErrorCode.INTERNAL_ERROR,
        QuicErrorCode.CONNECTION_REFUSED,
        QuicErrorCode.APPLICATION_ERROR,
        QuicErrorCode.AEAD_LIMIT_REACHED,
        QuicErrorCode.NO_VIABLE_PATH,
    )
)
"""QUIC's own errors by which nobody broke a rule (RFC 9000, 20.1). Among them are aioquic's silent ends, INTERNAL_ERROR
for the idle timeout and NO_VIABLE_PATH. APPLICATION_ERROR is all that a room can say that gives up before it has heard
the end of QUIC's handshake (10.2.3)."""


def _end_of(end: events.ConnectionTerminated, carrier: StreamCarrier, was_open: bool) -> TransportClosed:
    """What the end of a connection amounts to: an application's code, or QUIC's own reason."""
    code = carrier.close_code_of(end.error_code) if end.frame_type is None else None
    if code is not None:
        return TransportClosed(code or CLOSE_NORMAL, clip_reason(end.reason_phrase))
    if not was_open:
        why = clip_reason(end.reason_phrase) or f"error {end.error_code:#x}"
        return TransportClosed(CLOSE_LOST, f"no QUIC connection: {why}")
    if end.frame_type is None or end.error_code in _NOBODYS_FAULT:
        return TransportClosed(CLOSE_LOST, "the connection was lost")
    why = end.reason_phrase or f"error {end.error_code:#x}"
    return TransportClosed(ProtocolError.close_code, clip_reason(f"QUIC: {why}"))
