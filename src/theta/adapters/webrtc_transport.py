"""Frames over one WebRTC peer connection (RFC 8831), on either side of it: spec/transport.md.

Each reliable lane has a data channel, and datagrams have one. Both sides make them under the same numbers before they
connect, so that neither waits for the other to open one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from aiortc import RTCDataChannel, RTCPeerConnection

from theta.adapters.quic_frames import FrameWriter
from theta.adapters.streamed_transport import StreamedTransport
from theta.adapters.transport import CLOSE_LOST, CLOSE_NORMAL, TransportClosed, clip_reason
from theta.adapters.webrtc_bounds import IceWay, measure, message_bytes_max, way_of
from theta.adapters.webrtc_lanes import DatagramChannel, ReliableChannel
from theta.base.errors import PeerError, ProtocolError
from theta.base.limits import (
    TRANSPORT_CLOSE_SECONDS_MAX,
    WEBRTC_AHEAD_BYTES_MAX,
    WEBRTC_PIECE_BYTES_MAX,
    WEBRTC_SEND_BUFFER_BYTES_MAX,
)
from theta.node.lanes import RELIABLE_LANES, Lane

_LOST = "the connection was lost"


class WebRtcTransport(StreamedTransport):
    """A transport over a peer connection, the room's end or a participant's. Needs a running event loop.

    Args:
        peer: new, with no channels yet.
        is_room: which end this is: a room takes smaller frames.
    """

    kind = "webrtc"

    def __init__(self, peer: RTCPeerConnection, *, is_room: bool) -> None:
        super().__init__(is_room=is_room)
        self._peer = peer
        self._piece_bytes_max = WEBRTC_PIECE_BYTES_MAX
        self._drained = asyncio.Event()
        self._gone = asyncio.Event()
        self._is_open = False
        self._tick_handle: asyncio.Handle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._releasing: asyncio.Task[None] | None = None
        self._make_channels()
        peer.on("connectionstatechange", self._handle_state)

    @property
    def queued_bytes(self) -> int:
        """See Transport.queued_bytes."""
        lanes = self._reliable.values()
        held = sum(lane.writing_bytes + lane.buffered_bytes for lane in lanes) + self._datagrams.buffered_bytes
        return self._queue.queued_bytes + (0 if self._gone.is_set() else held)

    @property
    def is_open(self) -> bool:
        """Whether all channels were there; stays true after the end."""
        return self._is_open

    @property
    def way(self) -> IceWay | None:
        """Which candidates were found, and which pair of them won; None before that."""
        return way_of(self._peer)

    async def close(self, code: int = CLOSE_NORMAL, reason: str = "") -> None:
        """See Transport.close."""
        if not self._closed:
            self._end_here(TransportClosed(code, clip_reason(reason)), flushes=True)
        await self._finished.wait()

    # -- for whoever connects ------------------------------------------------------------------------------------

    def fail(self, error: PeerError) -> None:
        """The other side broke a rule: say so, and end."""
        if not self._closed:
            self._end_here(TransportClosed(error.close_code, clip_reason(str(error))), flushes=False)

    def abandon(self, reason: str = _LOST) -> None:
        """Let go of everything soon; the other side is told nothing."""
        if not self._closed:
            self._end(TransportClosed(CLOSE_LOST, reason))

    # -- channels ------------------------------------------------------------------------------------------------

    def _make_channels(self) -> None:
        make = partial(self._peer.createDataChannel, negotiated=True)
        self._reliable: dict[Lane, ReliableChannel] = {}
        for lane in RELIABLE_LANES:
            channel = make(f"theta-{lane.value}", id=lane.value)
            writer = FrameWriter(lane, self._queue, self._metrics)
            self._reliable[lane] = ReliableChannel(channel, lane, writer, self._inbox)
            channel.on("message", partial(self._handle, partial(self._handle_reliable, self._reliable[lane])))
            self._watch(channel)
        channel = make(f"theta-{Lane.DATAGRAM.value}", id=Lane.DATAGRAM.value, ordered=False, maxRetransmits=0)
        self._datagrams = DatagramChannel(channel, self._metrics)
        channel.on("message", partial(self._handle, self._handle_datagram))
        self._watch(channel)

    def _watch(self, channel: RTCDataChannel) -> None:
        channel.on("open", self._handle_open)
        channel.on("bufferedamountlow", self._tick_soon)
        channel.on("close", self._handle_channel_closed)

    def _handle(self, handler: Callable[[bytes | str], None], data: bytes | str) -> None:
        """What a channel brings; after our own close it is read and dropped."""
        try:
            handler(data)
        except PeerError as error:
            self._metrics.invalid += isinstance(error, ProtocolError)
            self.fail(error)
        self._arrived.set()

    def _handle_reliable(self, lane: ReliableChannel, data: bytes | str) -> None:
        if isinstance(data, bytes):
            lane.handle_piece(data)
            lane.tell_read()
            return
        lane.handle_text(data)
        ends = [each.closed for each in self._reliable.values()]
        if lane.closed is None:
            self._tick_soon()
        elif all(ends):
            self._gone.set()
            self._end(lane.closed)

    def _handle_datagram(self, data: bytes | str) -> None:
        if isinstance(data, str):
            raise ProtocolError("a text; datagrams are binary")
        self._inbox.handle_datagram(data)

    def _handle_open(self) -> None:
        if self._is_open or not (self._datagrams.is_open and all(lane.is_open for lane in self._reliable.values())):
            return
        self._is_open = True
        self._piece_bytes_max = min(WEBRTC_PIECE_BYTES_MAX, message_bytes_max(self._peer) or WEBRTC_PIECE_BYTES_MAX)
        self._opened_or_over.set()
        self._tick_soon()

    def _handle_channel_closed(self) -> None:
        """By itself, or with all that was below it."""
        is_alone = self._peer.sctp is not None and self._peer.sctp.state == "connected"
        self._handle_lost("a data channel was closed" if is_alone else _LOST)

    def _handle_state(self) -> None:
        if self._peer.connectionState == "failed":
            self._handle_lost(_LOST if self._is_open else "no way through to the other side")
        elif self._peer.connectionState == "closed":
            self._handle_lost(_LOST)

    def _handle_lost(self, reason: str) -> None:
        self._gone.set()
        self._drained.set()
        self._end(TransportClosed(CLOSE_LOST, reason))

    # -- sending -------------------------------------------------------------------------------------------------

    def _tick_soon(self) -> None:
        """Send in the loop's next turn, all together; see ReliableChannel.fill."""
        if self._tick_handle is None and self._is_open and not self._gone.is_set():
            self._tick_handle = self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._tick_handle = None
        if self._gone.is_set():
            return
        if self._datagrams.is_open:
            self._datagrams.fill(self._queue)
        for lane, channel in self._reliable.items():
            if channel.is_open:
                channel.fill(self._piece_bytes_max, self._space(lane))
        if self._queue.is_empty and not any(channel.writing_bytes for channel in self._reliable.values()):
            self._drained.set()

    def _space(self, lane: Lane) -> int:
        """What aiortc may be handed: it sends in the order in which it was, so little of what may be large."""
        if lane in (Lane.CONTROL, Lane.COMMANDS):
            return WEBRTC_SEND_BUFFER_BYTES_MAX - self._reliable[lane].buffered_bytes
        return WEBRTC_AHEAD_BYTES_MAX - sum(channel.buffered_bytes for channel in self._reliable.values())

    def _handle_taken(self, lane: Lane) -> None:
        if not self._gone.is_set():
            self._reliable[lane].tell_read()

    def _measure(self) -> None:
        measure(self._peer, self._metrics)

    # -- the end -------------------------------------------------------------------------------------------------

    def _end_here(self, closed: TransportClosed, *, flushes: bool) -> None:
        """End it from this side: what is queued may go first, then the other side hears why."""
        self._stop_receiving()
        self._end(closed, says=self._is_open and not self._gone.is_set(), flushes=flushes)

    def _end(self, closed: TransportClosed, *, says: bool = False, flushes: bool = False) -> None:
        if self._closed:
            return
        self._closed = closed
        self._arrived.set()
        self._opened_or_over.set()
        self._closing = self._loop.create_task(self._finish(says, flushes), name="theta webrtc closing")

    async def _finish(self, says: bool, flushes: bool) -> None:
        try:
            if says and flushes:
                await self._within_deadline(self._flush())
            if says:
                await self._within_deadline(self._say_close())
        finally:
            self._gone.set()
            if self._tick_handle is not None:
                self._tick_handle.cancel()
            self._queue.clear()
            for lane in self._reliable.values():
                lane.forget()
            await self._release()
            self._finished.set()

    async def _release(self) -> None:
        """Have aiortc let go, in a task of its own: it may close itself as well, and breaks when that is cancelled."""
        self._releasing = self._loop.create_task(self._peer.close())
        self._releasing.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait({self._releasing}, timeout=TRANSPORT_CLOSE_SECONDS_MAX)

    async def _flush(self) -> None:
        while not self._gone.is_set():
            self._drained.clear()
            self._tick()
            if self._drained.is_set():
                return
            await self._drained.wait()

    async def _say_close(self) -> None:
        """Say the end and wait until the other side lets go, which it does as soon as it hears."""
        assert self._closed is not None
        for lane in self._reliable.values():
            lane.tell_close(self._closed)
        await self._gone.wait()

    @staticmethod
    async def _within_deadline(step: Coroutine[Any, Any, None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TRANSPORT_CLOSE_SECONDS_MAX):
                await step
