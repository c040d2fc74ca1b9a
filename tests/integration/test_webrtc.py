"""WebRTC ends that meet over signalling: deadlines, what is refused, and what is left behind (nothing)."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aioice
import aioice.ice
import psutil
import pytest
import uvloop
from aiortc import RTCPeerConnection

from tests.contract.transport_contract import DATAGRAM, RELIABLE, end_of, soon
from tests.support.webrtc import (
    LOOPBACK,
    MemorySignals,
    Pair,
    close_both,
    quiet,
    signal_pair,
    webrtc_pair,
)
from theta.adapters.transport import CLOSE_LOST, TransportClosed
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_settings import IceServerAddress, WebRtcSettings
from theta.adapters.webrtc_signals import Candidate, Description, Signal
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import (
    FrameTooLarge,
    IceFailed,
    IceGatheringTimeout,
    PeerError,
    ProtocolError,
    SignalingFailed,
)
from theta.base.limits import (
    CLIENT_FRAME_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    FRAME_BYTES_MAX,
    ICE_GATHERING_SECONDS_MAX,
    SIGNAL_CANDIDATES_MAX,
    WEBRTC_CONNECT_SECONDS_MAX,
    WEBRTC_PIECE_BYTES_MAX,
    WEBRTC_RECEIVE_WINDOW_BYTES,
)
from theta.node.lanes import RELIABLE_LANES, Lane
from theta.signaling.refusals import TooManyCandidates

pytestmark = pytest.mark.integration

QUICK = replace(LOOPBACK, connect_seconds=1.0, gathering_seconds=0.5)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = await soon(webrtc_pair())
    yield pair
    await soon(close_both(pair))


@pytest.fixture(autouse=True)
async def nothing_unhandled() -> AsyncIterator[None]:
    """No exception of a task or a callback reaches the event loop."""
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    yield
    await soon(quiet())
    assert unhandled == []


@pytest.fixture
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that takes everything and answers nothing."""
    carrier, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    yield carrier.get_extra_info("sockname")[1]
    carrier.close()


async def failure_of(signals: MemorySignals, settings: WebRtcSettings, *, offers: bool = True) -> PeerError:
    """What connecting fails with, well within its deadline and some."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(PeerError) as failed:
        await open_webrtc(signals, is_room=not offers, offers=offers, settings=settings)
    assert loop.time() - started < settings.connect_seconds + 1.0
    return failed.value


# -- deadlines (TRN-37) ----------------------------------------------------------------------------------------------


def test_trn_37_the_deadlines_are_within_ten_seconds() -> None:
    assert ICE_GATHERING_SECONDS_MAX <= 5.0
    assert WEBRTC_CONNECT_SECONDS_MAX <= 10.0
    assert WebRtcSettings().gathering_seconds == ICE_GATHERING_SECONDS_MAX
    assert WebRtcSettings().connect_seconds == WEBRTC_CONNECT_SECONDS_MAX


@pytest.mark.parametrize("offers", [True, False])
async def test_trn_37_webrtc_ice_gathering_timeout_returns_error(silent_server: int, offers: bool) -> None:
    of_room, of_participant = signal_pair()
    server = IceServerAddress(f"turn:127.0.0.1:{silent_server}", "anna", "secret")
    settings = replace(QUICK, ice_servers=(server,), relay_only=True)
    if offers:
        failed = await failure_of(of_participant, settings)
    else:
        offering = asyncio.create_task(failure_of(of_participant, QUICK))
        failed = await failure_of(of_room, settings, offers=False)
        assert isinstance(await offering, SignalingFailed)
    assert isinstance(failed, IceGatheringTimeout)
    assert "0.5 s" in str(failed)


async def test_a_silent_stun_server_delays_and_does_not_fail(silent_server: int) -> None:
    settings = replace(QUICK, ice_servers=(IceServerAddress(f"stun:127.0.0.1:{silent_server}"),), connect_seconds=10.0)
    pair = await soon(webrtc_pair(settings))
    pair[0].send(RELIABLE, b"hello")
    assert await soon(pair[1].receive()) == (RELIABLE, b"hello")
    await close_both(pair)


async def test_trn_37_a_library_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = asyncio.Event()

    async def hang(self: RTCPeerConnection) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(RTCPeerConnection, "setLocalDescription", hang)
    failed = await failure_of(signal_pair()[1], QUICK)
    assert isinstance(failed, IceGatheringTimeout)
    release.set()


async def test_trn_40_no_server_is_asked_that_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, Any]] = []
    gather = aioice.Connection.gather_candidates

    async def note(self: aioice.Connection) -> None:
        asked.append((self.stun_server, self.turn_server))
        await gather(self)

    monkeypatch.setattr(aioice.Connection, "gather_candidates", note)
    await close_both(await soon(webrtc_pair()))
    assert asked == [(None, None), (None, None)]


async def test_trn_37_no_address_at_all_is_told_at_once() -> None:
    failed = await failure_of(signal_pair()[1], WebRtcSettings(relay_only=True))
    assert isinstance(failed, IceFailed)
    assert "no address" in str(failed)


class TestWebrtcSignalingFailureReturnsErrorWithinDeadline:
    async def test_trn_37_webrtc_signaling_failure_returns_error_within_deadline(self) -> None:
        """The other side never answers."""
        failed = await failure_of(signal_pair()[1], QUICK)
        assert isinstance(failed, SignalingFailed)

    async def test_the_other_side_never_offers(self) -> None:
        assert isinstance(await failure_of(signal_pair()[0], QUICK, offers=False), SignalingFailed)

    async def test_signalling_breaks_off_while_the_answer_is_due(self) -> None:
        of_participant = signal_pair()[1]
        of_participant.break_off()
        failed = await failure_of(of_participant, LOOPBACK)
        assert isinstance(failed, SignalingFailed)
        assert "went away" in str(failed)
        assert len(of_participant.sent) == 1

    async def test_signalling_takes_our_description_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        signals = signal_pair()[1]

        async def hang(signal: Signal) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(signals, "send", hang)
        failed = await failure_of(signals, QUICK)
        assert isinstance(failed, SignalingFailed)
        assert "handed on" in str(failed)

    async def test_signalling_takes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        signals = signal_pair()[1]

        async def refuse(signal: Signal) -> None:
            raise SignalingFailed("no such peer")

        monkeypatch.setattr(signals, "send", refuse)
        failed = await failure_of(signals, LOOPBACK)
        assert isinstance(failed, SignalingFailed)


class Censored(MemorySignals):
    """Signalling that changes descriptions on their way."""

    def __init__(self, *changes: tuple[str, str]) -> None:
        super().__init__()
        self._changes = changes

    async def send(self, signal: Signal) -> None:
        if isinstance(signal, Description):
            lines = signal.sdp.split("\r\n")
            for begins, becomes in self._changes:
                lines = [becomes if line.startswith(begins) else line for line in lines]
            signal = Description(signal.kind, "\r\n".join(line for line in lines if line))
            signal = Description(signal.kind, signal.sdp + "\r\n")
        await super().send(signal)


def censored_pair(*changes: tuple[str, str]) -> tuple[MemorySignals, MemorySignals]:
    one, other = Censored(*changes), Censored(*changes)
    one.other, other.other = other, one
    return one, other


async def both(signals: tuple[MemorySignals, MemorySignals], settings: WebRtcSettings) -> list[Any]:
    """What becomes of both ends: (room's, participant's)."""
    ends = await asyncio.gather(
        open_webrtc(signals[0], is_room=True, offers=False, settings=settings),
        open_webrtc(signals[1], is_room=False, offers=True, settings=settings),
        return_exceptions=True,
    )
    return list(ends)


async def test_trn_37_without_a_way_through_ice_fails_in_time() -> None:
    started = asyncio.get_running_loop().time()
    ends = await both(censored_pair(("a=candidate:", "")), QUICK)
    assert [type(end) for end in ends] == [IceFailed, IceFailed]
    assert asyncio.get_running_loop().time() - started < 3.0


async def test_another_certificate_than_was_signalled_is_refused() -> None:
    false = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
    changes = (("a=fingerprint:sha-256", false), ("a=fingerprint:sha-384", ""), ("a=fingerprint:sha-512", ""))
    ends = await both(censored_pair(*changes), replace(LOOPBACK, connect_seconds=3.0))
    assert [type(end) for end in ends] == [IceFailed, IceFailed]


async def test_connecting_can_be_given_up(silent_server: int) -> None:
    server = IceServerAddress(f"turn:127.0.0.1:{silent_server}", "anna", "secret")
    for settings in (LOOPBACK, replace(LOOPBACK, ice_servers=(server,), gathering_seconds=0.5)):
        connecting = asyncio.create_task(open_webrtc(signal_pair()[1], is_room=False, offers=True, settings=settings))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
    await soon(quiet())


# -- signals (TRN-33, TRN-34) ----------------------------------------------------------------------------------------


async def test_trn_34_a_candidate_that_comes_later_is_used() -> None:
    of_room, of_participant = censored_pair(("a=candidate:", ""))
    found: list[str] = []
    hand_on = of_participant.send

    async def trickle(signal: Signal) -> None:
        assert isinstance(signal, Description)
        found.extend(line for line in signal.sdp.split("\r\n") if line.startswith("a=candidate:"))
        await MemorySignals.send(of_participant, Candidate(found[0].removeprefix("a="), "0"))
        await hand_on(signal)
        await MemorySignals.send(of_participant, Candidate("", "0"))

    of_participant.send = trickle  # type: ignore[method-assign]
    ends = await both((of_room, of_participant), LOOPBACK)
    assert found
    await close_both((ends[0], ends[1]))
    assert all(isinstance(end, WebRtcTransport) for end in ends)


async def test_trn_33_webrtc_rejects_sdp_with_excessive_ice_candidates() -> None:
    line = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
    of_room, of_participant = signal_pair()
    offering = asyncio.create_task(open_webrtc(of_participant, is_room=False, offers=True, settings=QUICK))
    offer = await of_room.receive()
    assert isinstance(offer, Description)
    await of_participant.send(Description("offer", offer.sdp + line * 1_000))
    failed = await failure_of(of_room, LOOPBACK, offers=False)
    assert isinstance(failed, TooManyCandidates | ProtocolError)
    await of_participant.send(Description("offer", offer.sdp + line * (SIGNAL_CANDIDATES_MAX + 1)))
    assert isinstance(await failure_of(of_room, LOOPBACK, offers=False), TooManyCandidates)
    for number in range(SIGNAL_CANDIDATES_MAX):
        await of_participant.send(Candidate(f"candidate:{number} 1 udp 1 127.0.0.1 9 typ host", "0"))
    await of_participant.send(offer)  # with one of its own
    assert isinstance(await failure_of(of_room, LOOPBACK, offers=False), TooManyCandidates)
    with pytest.raises(SignalingFailed):
        await offering


@pytest.mark.parametrize(
    ("begins", "becomes"),
    [
        ("a=setup:", "a=setup:nonsense"),
        ("a=sctp-port:", "a=sctp-port:many"),
        ("a=ice-pwd:", "a=ice-pwd:"),
        ("o=", "o="),
        ("m=", "m=application nine UDP/DTLS/SCTP webrtc-datachannel"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-256 "),
        ("m=", "m=audio 9 UDP/TLS/RTP/SAVPF 0"),
    ],
)
async def test_trn_33_a_description_that_cannot_be_read_is_refused_or_comes_to_nothing(
    begins: str, becomes: str
) -> None:
    room, participant = await both(censored_pair((begins, becomes)), QUICK)
    assert isinstance(room, PeerError | WebRtcTransport)
    for end in (room, participant):
        if isinstance(end, WebRtcTransport):
            await end.close()


async def test_an_answer_where_an_offer_is_due_is_refused() -> None:
    of_room, of_participant = signal_pair()
    await of_participant.send(Description("answer", "v=0"))
    assert isinstance(await failure_of(of_room, LOOPBACK, offers=False), ProtocolError)


# -- channels (TRN-30 to TRN-32) -------------------------------------------------------------------------------------


async def test_trn_30_channels_have_the_numbers_of_their_lanes(pair: Pair) -> None:
    for end in pair:
        sctp = end._peer.sctp
        assert sctp is not None
        channels = dict(sctp._data_channels)
        assert sorted(channels) == [lane.value for lane in Lane]
        for lane in RELIABLE_LANES:
            reliable = channels[lane.value]
            assert (reliable.label, reliable.ordered, reliable.maxRetransmits) == (f"theta-{lane.value}", True, None)
        datagrams = channels[DATAGRAM.value]
        assert (datagrams.label, datagrams.ordered, datagrams.maxRetransmits) == ("theta-1", False, 0)


async def test_trn_31_a_message_is_a_piece_of_the_stream(pair: Pair) -> None:
    room, participant = pair
    pieces: list[bytes] = []
    channel = room._reliable[RELIABLE]._channel
    channel.on("message", lambda data: pieces.append(data) if isinstance(data, bytes) else None)
    frames = [b"small", b"", bytes(2 * WEBRTC_PIECE_BYTES_MAX)]
    for frame in frames:
        participant.send(RELIABLE, frame)
    for frame in frames:
        assert await soon(room.receive()) == (RELIABLE, frame)
    assert b"".join(pieces) == b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames)
    assert max(map(len, pieces)) == WEBRTC_PIECE_BYTES_MAX


async def test_trn_31_pieces_are_as_small_as_the_other_side_wants_them() -> None:
    settings = LOOPBACK
    ends = await both(censored_pair(("a=max-message-size:", "a=max-message-size:1200")), settings)
    frame = bytes(CLIENT_FRAME_BYTES_MAX)
    ends[1].send(RELIABLE, frame)
    ends[0].send(DATAGRAM, bytes(DATAGRAM_BYTES_MAX))
    assert await soon(ends[0].receive()) == (RELIABLE, frame)
    assert await soon(ends[1].receive()) == (DATAGRAM, bytes(DATAGRAM_BYTES_MAX))
    await close_both((ends[0], ends[1]))


async def test_trn_32_who_sends_more_than_was_read_is_cut_off(pair: Pair) -> None:
    room, participant = pair
    channel = participant._reliable[RELIABLE]._channel
    frame = (1_020).to_bytes(4, "little") + bytes(1_020)
    for _ in range(WEBRTC_RECEIVE_WINDOW_BYTES // len(frame)):
        channel.send(frame)
    while room._reliable[RELIABLE]._received_bytes < WEBRTC_RECEIVE_WINDOW_BYTES:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (room._closed, participant._closed) == (None, None)
    channel.send(b"1")
    closed = await end_of(participant)
    assert closed.close_code == 4400
    assert str(WEBRTC_RECEIVE_WINDOW_BYTES) in closed.reason
    assert room._inbox.take() is None


async def test_trn_32_a_peer_that_does_not_read_is_sent_a_window_and_no_more(pair: Pair) -> None:
    room, participant = pair
    for _ in range(64):
        participant.send(RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX))
    while room._reliable[RELIABLE]._received_bytes < WEBRTC_RECEIVE_WINDOW_BYTES:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    participant.send(DATAGRAM, b"passes all the same")
    while not room._inbox.datagram_bytes:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    most = WEBRTC_RECEIVE_WINDOW_BYTES + CLIENT_FRAME_BYTES_MAX + 4
    assert room._reliable[RELIABLE]._received_bytes <= most
    assert participant.queued_bytes >= 64 * CLIENT_FRAME_BYTES_MAX - most
    assert await soon(room.receive()) == (DATAGRAM, b"passes all the same")
    for _ in range(64):
        assert await soon(room.receive()) == (RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX))


async def test_trn_32_the_end_is_a_text_after_everything_else(pair: Pair) -> None:
    room, participant = pair
    messages: list[bytes | str] = []
    participant._reliable[RELIABLE]._channel.on("message", messages.append)
    room.send(RELIABLE, b"last")
    closing = asyncio.create_task(room.close(4403, "no invite – go"))
    assert (await end_of(participant)).reason == "no invite – go"
    await soon(closing)
    assert messages == [b"\x04\x00\x00\x00last", "close 4403 no invite – go"]


@pytest.mark.parametrize("text", ["read 1000000", "read -1", "read 99999999999999999999", "hello", "", "close 99 no"])
async def test_trn_32_a_text_that_says_nothing_ends_it(pair: Pair, text: str) -> None:
    pair[1]._reliable[RELIABLE]._channel.send(text)
    assert [(await end_of(end)).close_code for end in pair] == [4400, 4400]


async def test_trn_25_the_way_is_measured_from_both_ends(pair: Pair) -> None:
    for sender, receiver in (pair, pair[::-1]):
        sender.send(RELIABLE, bytes(100_000))
        await soon(receiver.receive())
    for end in pair:
        measured = end.metrics
        assert measured.rtt_seconds is not None
        assert measured.jitter_seconds is not None
        assert 0.0 < measured.rtt_seconds < 1.0
        assert min(measured.packets_in, measured.packets_out) > 50
        assert min(measured.packet_bytes_in, measured.packet_bytes_out) > 100_000
        assert measured.packets_lost == measured.retransmissions


# -- what is refused -------------------------------------------------------------------------------------------------


class TestWebrtcRejectsOversizedPayloadGracefully:
    @pytest.mark.parametrize(("lane", "size"), [(RELIABLE, FRAME_BYTES_MAX + 1), (DATAGRAM, DATAGRAM_BYTES_MAX + 1)])
    async def test_webrtc_rejects_oversized_payload_gracefully(self, pair: Pair, lane: Any, size: int) -> None:
        """On its way out nothing of it leaves, and the connection goes on."""
        for sender, receiver in (pair, pair[::-1]):
            with pytest.raises(FrameTooLarge):
                sender.send(lane, bytes(size))
            sender.send(lane, b"after")
            assert await soon(receiver.receive()) == (lane, b"after")

    async def test_a_frame_is_refused_by_its_length_before_it_comes(self, pair: Pair) -> None:
        length = (CLIENT_FRAME_BYTES_MAX + 1).to_bytes(4, "little")
        pair[1]._reliable[RELIABLE]._channel.send(length)
        ends = [await end_of(end) for end in pair]
        assert [end.close_code for end in ends] == [4413, 4413]
        assert str(CLIENT_FRAME_BYTES_MAX) in ends[1].reason

    async def test_a_datagram_that_is_too_large_ends_it(self, pair: Pair) -> None:
        pair[1]._datagrams._channel.send(bytes(DATAGRAM_BYTES_MAX + 1))
        assert [(await end_of(end)).close_code for end in pair] == [4413, 4413]

    async def test_a_text_is_no_datagram(self, pair: Pair) -> None:
        pair[1]._datagrams._channel.send("text")
        assert [(await end_of(end)).close_code for end in pair] == [4400, 4400]


# -- the end (TRN-38, TRN-39) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [RELIABLE, DATAGRAM])
async def test_trn_38_webrtc_recovers_from_datachannel_close(pair: Pair, which: Any) -> None:
    """Both sides are told, and a new peer connection carries on."""
    room, participant = pair
    room.send(RELIABLE, b"before")
    lane = participant._datagrams if which is DATAGRAM else participant._reliable[RELIABLE]
    assert await soon(participant.receive()) == (RELIABLE, b"before")
    lane._channel.close()
    for end in pair:
        closed = await end_of(end)
        assert closed.close_code == CLOSE_LOST
        with pytest.raises(TransportClosed):
            end.send(RELIABLE, b"late")
    again = await soon(webrtc_pair())
    again[0].send(RELIABLE, b"after")
    assert await soon(again[1].receive()) == (RELIABLE, b"after")
    await close_both(again)


async def test_trn_39_a_peer_that_vanishes_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.02)
    room, participant = await soon(webrtc_pair())
    ice = participant._peer.sctp.transport.transport._connection  # type: ignore[union-attr]
    for socket in ice._protocols:
        socket.transport.abort()
    closed = await end_of(room)
    assert (closed.close_code, closed.reason) == (CLOSE_LOST, "the connection was lost")
    await soon(participant.close())


async def test_webrtc_handles_rapid_peer_churn() -> None:
    """30 pairs open, talk and close, some at once; no task, socket or unhandled error is left."""
    process = psutil.Process()
    await soon(close_both(await soon(webrtc_pair())))
    await soon(quiet())
    tasks, files = len(asyncio.all_tasks()), process.num_fds()
    for _ in range(10):
        pairs = await soon(asyncio.gather(*(webrtc_pair() for _ in range(3))))
        for room, participant in pairs:
            participant.send(RELIABLE, b"here I am")
            room.send(DATAGRAM, b"so you are")
            assert await soon(room.receive()) == (RELIABLE, b"here I am")
            assert await soon(participant.receive()) == (DATAGRAM, b"so you are")
        leaving = [pair[number % 2].close(4000 + number, "gone") for number, pair in enumerate(pairs)]
        await soon(asyncio.gather(*leaving, *(end_of(end) for pair in pairs for end in pair)))
    await soon(quiet())
    for _ in range(100):
        if len(asyncio.all_tasks()) <= tasks and process.num_fds() <= files:
            break
        await asyncio.sleep(0.02)
    assert len(asyncio.all_tasks()) <= tasks
    assert process.num_fds() <= files


async def one_conversation() -> None:
    pair = await soon(webrtc_pair())
    for sender, receiver in (pair, pair[::-1]):
        for lane, frame in ((RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX)), (DATAGRAM, b"state")):
            sender.send(lane, frame)
            assert await soon(receiver.receive()) == (lane, frame)
    closing = asyncio.create_task(pair[0].close(4403, "go"))
    assert (await end_of(pair[1])).close_code == 4403
    await soon(closing)
    await soon(quiet())


def test_it_works_on_uvloop() -> None:
    uvloop.run(one_conversation())


async def test_trn_1_packets_that_are_lost_cost_time_and_no_frame(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """A tenth of all packets is lost: reliable frames are whole and in order, and no datagram comes twice."""
    room, participant = pair = await soon(webrtc_pair())
    choice, lost = random.Random(seed), 0
    send = aioice.ice.StunProtocol.send_data

    async def lossy(self: aioice.ice.StunProtocol, data: bytes, addr: tuple[str, int]) -> None:
        nonlocal lost
        if choice.random() < 0.1:
            lost += 1
        else:
            await send(self, data, addr)

    monkeypatch.setattr(aioice.ice.StunProtocol, "send_data", lossy)
    frames = [number.to_bytes(4, "little") * (number * 10) for number in range(100)]
    for number, frame in enumerate(frames):
        participant.send(RELIABLE, frame)
        participant.send(DATAGRAM, number.to_bytes(4, "little"))
    reliable: list[bytes] = []
    datagrams: list[bytes] = []
    while len(reliable) < len(frames):
        lane, frame = await soon(room.receive())
        (datagrams if lane is DATAGRAM else reliable).append(frame)
    assert reliable == frames
    assert len(set(datagrams)) == len(datagrams) <= 100
    assert lost > 10
    assert participant.metrics.retransmissions > 0
    monkeypatch.undo()
    await soon(close_both(pair))
