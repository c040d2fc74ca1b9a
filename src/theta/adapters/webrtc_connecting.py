"""Making a WebRTC connection over signalling, within deadlines whatever aiortc does: TRN-37, TRN-40."""

import asyncio

from aiortc import RTCIceServer, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from theta.adapters.transport import TransportClosed
from theta.adapters.webrtc_bounds import bind, bounded_peer, has_candidates
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.adapters.webrtc_signals import Candidate, Description, SignalPort, believed, is_believed
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import IceFailed, IceGatheringTimeout, PeerError, ProtocolError, SignalingFailed
from theta.base.limits import SCTP_RECEIVE_BYTES_MAX, SIGNAL_CANDIDATES_MAX
from theta.signaling.candidates import candidate_count
from theta.signaling.refusals import TooManyCandidates

_UNREADABLE = (AssertionError, ValueError, IndexError, KeyError, AttributeError)
"""What aiortc's parser raises."""


async def open_webrtc(
    signals: SignalPort, *, is_room: bool, offers: bool, settings: WebRtcSettings | None = None
) -> WebRtcTransport:
    """Connect to whoever is at the other end of `signals`.

    Args:
        signals: of this attempt alone; after it, they are not used any more.
        is_room: which end of the transport this is.
        offers: whether this side begins; the other must not.
        settings: the defaults when None.

    Raises:
        SignalingFailed: the other side did not answer, or signalling broke down.
        IceGatheringTimeout: no address of our own in time.
        IceFailed: no way through, or not in time.
        ProtocolError: what the other side sent is no description of such a connection.
        TooManyCandidates: it has more than SIGNAL_CANDIDATES_MAX.
    """
    attempt = _Attempt(signals, is_room, settings or WebRtcSettings())
    negotiating = asyncio.create_task(attempt.run(offers), name="theta webrtc connecting")
    try:
        # Not awaited itself: it would have to take its cancellation, and aiortc may be stuck.
        done, _ = await asyncio.wait({negotiating}, timeout=attempt.settings.connect_seconds)
        if not done:
            raise attempt.overdue
        negotiating.result()
    except BaseException:
        negotiating.cancel()
        negotiating.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        attempt.transport.abandon("it was given up")
        raise
    return attempt.transport


class _Attempt:
    """One attempt; `overdue` is what it fails with when time is up."""

    def __init__(self, signals: SignalPort, is_room: bool, settings: WebRtcSettings) -> None:
        self.settings = settings
        self._signals = signals
        self._peer = bounded_peer(
            tuple(RTCIceServer(each.url, each.username, each.credential) for each in settings.ice_servers),
            relay_only=settings.relay_only,
        )
        self.transport = WebRtcTransport(self._peer, is_room=is_room)
        bind(
            self._peer,
            addresses=settings.addresses,
            with_loopback=settings.with_loopback,
            gathering_seconds=settings.gathering_seconds,
            receive_bytes=SCTP_RECEIVE_BYTES_MAX,
            on_broken=self.transport.fail,
        )
        self._candidates = 0
        self._early: list[Candidate] = []
        self.overdue: PeerError = SignalingFailed("the other side did not begin")

    async def run(self, offers: bool) -> None:
        """Negotiate, and return once the transport is there; errors as in open_webrtc."""
        if offers:
            await self._describe()
            self.overdue = SignalingFailed("the other side did not answer")
            await self._take(await self._next_description("answer"))
        else:
            await self._take(await self._next_description("offer"))
            await self._describe()
        self.overdue = IceFailed(f"no way through to the other side within {self.settings.connect_seconds:.1f} s")
        listening = asyncio.create_task(self._listen(), name="theta webrtc candidates")
        try:
            await self.transport.opened()
        except TransportClosed as closed:
            raise IceFailed(closed.reason) from closed
        finally:
            listening.cancel()

    async def _describe(self) -> None:
        """Find our own addresses, and send our description with them."""
        seconds = self.settings.gathering_seconds
        self.overdue = IceGatheringTimeout(f"no address of our own within {seconds:g} s")
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(seconds):
                await self._peer.setLocalDescription()
        except TimeoutError:
            raise self.overdue from None
        if not has_candidates(self._peer):
            if loop.time() - started >= seconds / 2:
                raise self.overdue
            raise IceFailed("no address of our own: no network, or the TURN server turns us away")
        local = self._peer.localDescription
        self.overdue = SignalingFailed("our own description could not be handed on")
        await self._signals.send(Description("offer" if local.type == "offer" else "answer", local.sdp))

    async def _next_description(self, kind: str) -> Description:
        while True:
            signal = await self._signals.receive()
            if isinstance(signal, Description):
                if signal.kind != kind:
                    raise ProtocolError(f"an {signal.kind} where an {kind} was due")
                return signal
            if signal.text:
                self._count(1)
                self._early.append(signal)

    async def _take(self, description: Description) -> None:
        """Believe the other side's description, as far as it goes, and what came before it."""
        sdp = believed(description.sdp, takes_loopback=self.settings.takes_loopback)
        self._count(candidate_count(description.sdp))
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(sdp, description.kind))
        except _UNREADABLE as error:
            raise ProtocolError(f"a session description that cannot be read: {type(error).__name__}") from error
        for candidate in self._early:
            await self._add(candidate)

    async def _listen(self) -> None:
        """Take candidates that come late; that signalling ends meanwhile does no harm."""
        try:
            while True:
                signal = await self._signals.receive()
                if isinstance(signal, Candidate) and signal.text:
                    self._count(1)
                    await self._add(signal)
        except SignalingFailed:
            return
        except PeerError as error:
            self.transport.fail(error)

    def _count(self, count: int) -> None:
        self._candidates += count
        if self._candidates > SIGNAL_CANDIDATES_MAX:
            raise TooManyCandidates(f"more than {SIGNAL_CANDIDATES_MAX} candidates in an attempt")

    async def _add(self, candidate: Candidate) -> None:
        if not is_believed(candidate.text, takes_loopback=self.settings.takes_loopback):
            return
        try:
            parsed = candidate_from_sdp(candidate.text.removeprefix("a=").removeprefix("candidate:"))
        except _UNREADABLE:
            return
        parsed.sdpMLineIndex = 0
        await self._peer.addIceCandidate(parsed)
