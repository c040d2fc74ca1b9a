"""aiortc's peer connection with bounds on what a peer can make it keep, wait for or answer (TRN-35, TRN-36).

The one place that touches the insides of aiortc and aioice: both make their parts themselves, so their parts are given
the classes below right after they were made. tests/integration/test_webrtc_bounds.py fails where that no longer takes.
"""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, cast

from aioice import Candidate, Connection, TransportPolicy, stun
from aioice.ice import CandidatePair, StunProtocol
from aioice.turn import TurnTransport
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSctpTransport,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.rtcsctptransport import Chunk, DataChunk

from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import PeerError, ProtocolError
from theta.base.limits import (
    ICE_CANDIDATES_KNOWN_MAX,
    ICE_PACKETS_WAITING_MAX,
    ICE_SERVER_SECONDS_MAX,
    SCTP_CHUNKS_WAITING_MAX,
)

_Address = tuple[str, int]
_STUN_FIRST_BYTE_MAX = 3
"""Which of the protocols on one port a packet belongs to (RFC 7983, 7)."""
_SERVER_SHARE = 0.9
"""Of the time for gathering, so that aioice ends by itself what it asked of servers."""
_RELAY_FAREWELL_SECONDS = 1.0
"""How long a TURN server may take to let go of a relay; aioice would ask it for a minute."""


class BoundedIce(Connection):
    """aioice's connection: gathers where it may, and takes data only from addresses that were checked (RFC 8445)."""

    def bound(self, addresses: tuple[str, ...] | None, gathering_seconds: float, *, with_loopback: bool) -> None:
        """Begin with nothing checked.

        Args:
            addresses: of this machine, to be reached at; None: all but loopback.
            with_loopback: and at that.
            gathering_seconds: for servers, where there is no way but theirs.
        """
        self._addresses = addresses
        self._with_loopback = with_loopback
        self._gathering_seconds = gathering_seconds
        self._checked: set[tuple[int, _Address]] = set()

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: float = 0.0
    ) -> list[Candidate]:
        """Candidates of our own; servers get less time when there are some without them."""
        needs_servers = self._transport_policy is TransportPolicy.RELAY
        if self._addresses is not None and not needs_servers:
            addresses = list(self._addresses)
        if self._with_loopback and not needs_servers:
            addresses = [*addresses, "127.0.0.1"]
        limit = _SERVER_SHARE * self._gathering_seconds
        if not needs_servers:
            limit = min(ICE_SERVER_SECONDS_MAX, limit)
        gathering = asyncio.create_task(
            super().get_component_candidates(component, addresses, timeout=cast(int, limit)),
            name="theta webrtc gathering",
        )
        try:
            return await asyncio.shield(gathering)
        except asyncio.CancelledError:
            # aioice would leave its questions to servers behind; they end in time, and then what they opened is closed.
            gathering.add_done_callback(lambda _: asyncio.ensure_future(self.close()))
            raise

    async def gather_candidates(self) -> None:
        """Gather, and guard the sockets from then on; before, no data is taken at all."""
        await super().gather_candidates()
        for protocol in self._protocols:
            protocol.__class__ = _GuardedSocket

    def is_checked(self, protocol: StunProtocol, address: _Address) -> bool:
        """Whether who is at `address` has proved that it is the peer: it knows what only signalling told it."""
        return (protocol.id, address) in self._checked

    def check_incoming(self, message: stun.Message, addr: _Address, protocol: StunProtocol) -> None:
        """A check came whose integrity was verified."""
        known = any((each._network_host, each.port) == addr for each in self._remote_candidates)
        has_place = known or len(self._remote_candidates) < ICE_CANDIDATES_KNOWN_MAX
        if has_place and "PRIORITY" in message.attributes:
            self._checked.add((protocol.id, addr))
            super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: CandidatePair) -> None:
        """One of our own checks has ended."""
        if pair.state is CandidatePair.State.SUCCEEDED:
            self._checked.add((pair.protocol.id, pair.remote_addr))
        super().check_complete(pair)

    def data_received(self, data: bytes, component: int) -> None:
        """Data for DTLS; what would wait beyond the bound is lost, as it may be anywhere on its way."""
        is_data = self._local_candidates_end and data[0] > _STUN_FIRST_BYTE_MAX
        if is_data and self._queue.qsize() < ICE_PACKETS_WAITING_MAX:
            super().data_received(data, component)

    async def close(self) -> None:
        """Let go of the sockets, and of relays as well when their server does not answer."""
        closing = asyncio.ensure_future(super().close())
        done, _ = await asyncio.wait({closing}, timeout=_RELAY_FAREWELL_SECONDS)
        if not done:
            for protocol in self._protocols:
                _abandon_relay(protocol.transport)
        await closing


class _GuardedSocket(StunProtocol):
    """A socket that lets strangers' checks through, and of everything else only what checked addresses send."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        packet = cast(bytes, data)
        if not packet:
            return
        ice = cast(BoundedIce, self.receiver)
        if packet[0] > _STUN_FIRST_BYTE_MAX:
            if ice.is_checked(self, (addr[0], addr[1])):
                ice.data_received(packet, self.local_candidate.component)
            return
        # What aioice's parser raises for attributes that are cut short or missing.
        with suppress(struct.error, IndexError, KeyError):
            super().datagram_received(packet, addr)


class BoundedSctp(RTCSctpTransport):
    """aiortc's SCTP association: holds back no more than `bound` says, and breaks off instead of breaking."""

    def bound(self, receive_bytes: int, on_broken: Callable[[PeerError], None]) -> None:
        """Set the bounds, before it starts.

        Args:
            receive_bytes: of messages that are not whole, or wait for one that was lost.
            on_broken: the peer broke a rule; called any number of times, on the event loop.
        """
        self._advertised_rwnd = receive_bytes
        self._on_broken = on_broken
        self.chunks_sent_again = 0

    async def _handle_data(self, data: bytes) -> None:
        try:
            await super()._handle_data(data)
        except ConnectionError:
            raise
        except Exception as error:
            # aiortc meets packets that nobody should send with assertions and all that struct and decode may raise.
            self._on_broken(ProtocolError(f"SCTP: {type(error).__name__} in a packet of {len(data)} bytes"))

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        if chunk.stream_id not in self._data_channels:
            self._on_broken(ProtocolError(f"data channel {chunk.stream_id} is not one of this protocol"))
            return
        waiting = max(len(self._sack_misordered), len(self._get_inbound_stream(chunk.stream_id).reassembly))
        if len(chunk.user_data) > self._advertised_rwnd or waiting > SCTP_CHUNKS_WAITING_MAX:
            self._on_broken(ProtocolError("SCTP: more than may wait to become whole"))
            return
        await super()._receive_data_chunk(chunk)

    async def _send_chunk(self, chunk: Chunk) -> None:
        if isinstance(chunk, DataChunk):
            self.chunks_sent_again += chunk._sent_count > 1
        # Without a connection below it, it is lost like any packet; that end is told elsewhere.
        with suppress(ConnectionError):
            await super()._send_chunk(chunk)


def bounded_peer(ice_servers: tuple[RTCIceServer, ...], *, relay_only: bool) -> RTCPeerConnection:
    """A peer connection that asks no servers but these; `bind` it as soon as it has a channel."""
    policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
    return RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers), iceTransportPolicy=policy))


def bind(
    peer: RTCPeerConnection,
    *,
    addresses: tuple[str, ...] | None,
    with_loopback: bool,
    gathering_seconds: float,
    receive_bytes: int,
    on_broken: Callable[[PeerError], None],
) -> None:
    """Put the bounds of BoundedIce and BoundedSctp on a peer connection that has a channel and did not begin yet."""
    sctp = _sctp_of(peer)
    sctp.__class__ = BoundedSctp
    cast(BoundedSctp, sctp).bound(receive_bytes, on_broken)
    ice = sctp.transport.transport.iceGatherer._connection
    ice.__class__ = BoundedIce
    cast(BoundedIce, ice).bound(addresses, gathering_seconds, with_loopback=with_loopback)


def has_candidates(peer: RTCPeerConnection) -> bool:
    """Whether there is an address of ours for the other side."""
    return bool(_sctp_of(peer).transport.transport.iceGatherer.getLocalCandidates())


def message_bytes_max(peer: RTCPeerConnection) -> int | None:
    """The largest message that the other side takes, or None when any will do; known once it is connected."""
    return _sctp_of(peer)._remote_max_message_size or None


def measure(peer: RTCPeerConnection, metrics: TransportMetrics) -> None:
    """Write into the metrics what SCTP and DTLS know of the way; a chunk that is sent again was taken for lost."""
    sctp = _sctp_of(peer)
    metrics.rtt_seconds, metrics.jitter_seconds = sctp._srtt, sctp._rttvar
    if isinstance(sctp, BoundedSctp):
        metrics.packets_lost = metrics.retransmissions = sctp.chunks_sent_again
    known = next(iter(sctp.transport._get_stats().values()))
    metrics.packets_out, metrics.packets_in = known.packetsSent, known.packetsReceived
    metrics.packet_bytes_out, metrics.packet_bytes_in = known.bytesSent, known.bytesReceived


class IceWay(NamedTuple):
    """How ICE went: the types of one's own candidates ("host", "srflx", "relay"), and of the pair that won."""

    gathered: tuple[str, ...]
    ours: str
    theirs: str


def way_of(peer: RTCPeerConnection) -> IceWay | None:
    """How a peer connection that stands, or stood, got through; None for one that never did."""
    ice = _sctp_of(peer).transport.transport._connection
    pair = ice._nominated.get(1)
    if pair is None:
        return None
    gathered = tuple(dict.fromkeys(each.type for each in ice.local_candidates))
    return IceWay(gathered, pair.local_candidate.type, pair.remote_candidate.type)


def _sctp_of(peer: RTCPeerConnection) -> RTCSctpTransport:
    assert peer.sctp is not None
    return peer.sctp


def _abandon_relay(transport: object) -> None:
    if isinstance(transport, TurnTransport):
        closing = getattr(transport, "_TurnTransport__close_task")  # noqa: B009
        for task in (closing, *getattr(transport, "_TurnTransport__send_tasks")):  # noqa: B009
            if task is not None:
                task.cancel()
