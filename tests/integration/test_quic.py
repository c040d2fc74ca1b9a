"""QUIC on real sockets: what only it can get wrong, from the room's side and from a participant's."""

import asyncio
import datetime
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioquic.quic import events
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.contract.transport_contract import DATAGRAM, RELIABLE, end_of, soon
from tests.support.certificates import make_certificate
from tests.support.quic import HOST, Listening, RawQuic, listening, raw_client
from theta.adapters import quic_configuration
from theta.adapters.quic_admission import RETRY_FROM_HALF_OPEN
from theta.adapters.quic_client import connect_quic
from theta.adapters.quic_frames import Inbox
from theta.adapters.quic_listener import QuicListener
from theta.adapters.quic_socket import open_udp, open_udp_beside
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import CLOSE_LOST, Transport, TransportClosed
from theta.base.errors import InvalidValue
from theta.base.limits import (
    CLIENT_FRAME_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    FRAME_BYTES_MAX,
    HALF_OPEN_CONNECTIONS_MAX,
    HANDSHAKE_SECONDS_MAX,
    HEARTBEAT_INTERVAL_SECONDS,
    HEARTBEATS_MISSED_MAX,
    QUIC_IDLE_SECONDS_MAX,
    QUIC_RECEIVE_WINDOW_BYTES,
    QUIC_SEND_BUFFER_BYTES_MAX,
    SEND_QUEUE_BYTES_MAX,
)
from theta.node.lanes import RELIABLE_LANES, Lane

pytestmark = pytest.mark.integration

SHORT_SECONDS = 0.1


@pytest.fixture
async def quic(tmp_path: Path) -> AsyncIterator[Listening]:
    room = listening(tmp_path)
    yield room
    await soon(room.close())


@pytest.fixture
async def raw(quic: Listening) -> AsyncIterator[RawQuic]:
    """aioquic's own client, shaken hands; the stream is not opened."""
    client = await raw_client(quic.listener.port)
    await soon(client.until(events.HandshakeCompleted))
    yield client
    client.release()


def say(raw: RawQuic, data: bytes, stream: int = 0, *, end: bool = False) -> None:
    raw.quic.send_stream_data(stream, data, end_stream=end)
    raw.transmit()


# -- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", RELIABLE_LANES)
async def test_trn_9_a_stream_is_the_lane_and_then_lengths_and_frames(
    quic: Listening, raw: RawQuic, lane: Lane
) -> None:
    say(raw, bytes((lane,)) + b"\x05\x00\x00\x00fr")
    if lane is not Lane.CONTROL:
        say(raw, b"\x00", 4)
    room = await soon(quic.accepted.get())
    say(raw, b"ame\x00\x00\x00\x00")
    assert await soon(room.receive()) == (lane, b"frame")
    assert await soon(room.receive()) == (lane, b"")
    room.send(lane, b"answer")
    answer = await soon(raw.until(events.StreamDataReceived))
    assert (answer.stream_id, answer.data) == (0, b"\x06\x00\x00\x00answer")


async def test_trn_9_what_is_for_a_lane_without_a_stream_waits_for_it(quic: Listening, raw: RawQuic) -> None:
    say(raw, b"\x02")
    await soon(quic.connect())
    await soon(quic.accepted.get())
    assert quic.accepted.empty(), "a connection is there once control is"
    say(raw, b"\x00", 4)
    room = await soon(quic.accepted.get())
    room.send(Lane.BULK, b"an asset")
    room.send(Lane.CONTROL, b"a pong")
    assert (await soon(raw.until(events.StreamDataReceived))).data == b"\x06\x00\x00\x00a pong"
    assert room.queued_bytes == len(b"an asset")
    say(raw, b"\x04", 8)
    while not (told := [each for each in raw.heard if getattr(each, "stream_id", None) == 8]):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert [each.data for each in told if isinstance(each, events.StreamDataReceived)] == [b"\x08\x00\x00\x00an asset"]


async def test_trn_9_a_participant_opens_all_lanes_at_once(quic: Listening) -> None:
    room, participant = await soon(quic.pair())
    for end in (room, participant):
        assert isinstance(end, QuicTransport)
        while len(end._streams._streams) < len(RELIABLE_LANES):  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert end._streams._streams == {lane: 4 * at for at, lane in enumerate(RELIABLE_LANES)}


async def test_trn_10_a_datagram_is_a_frame_and_nothing_else(quic: Listening, raw: RawQuic) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    raw.quic.send_datagram_frame(b"state")
    raw.transmit()
    assert await soon(room.receive()) == (DATAGRAM, b"state")
    room.send(DATAGRAM, b"everyone's")
    assert (await soon(raw.until(events.DatagramFrameReceived))).data == b"everyone's"


@pytest.mark.parametrize("size", [CLIENT_FRAME_BYTES_MAX + 1, 2**32 - 1])
async def test_trn_2_a_length_over_the_limit_ends_it_before_anything_is_gathered(
    quic: Listening, raw: RawQuic, size: int
) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    say(raw, b"\x02\x06\x00\x00\x00before" + size.to_bytes(4, "little"), 4)
    assert await soon(room.receive()) == (RELIABLE, b"before")
    end, told = await asyncio.gather(end_of(room), soon(raw.until(events.ConnectionTerminated)))
    assert (end.close_code, told.error_code) == (4413, 4413)
    assert str(CLIENT_FRAME_BYTES_MAX) in told.reason_phrase


async def test_trn_2_a_datagram_over_the_limit_ends_it(quic: Listening, raw: RawQuic) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    raw.quic.send_datagram_frame(bytes(DATAGRAM_BYTES_MAX + 1))
    raw.transmit()
    end, told = await asyncio.gather(end_of(room), soon(raw.until(events.ConnectionTerminated)))
    assert (end.close_code, told.error_code) == (4413, 4413)


@pytest.mark.parametrize("first", [b"\x01", b"\x05", b"\xff"])
async def test_trn_11_a_stream_of_another_lane_is_refused(raw: RawQuic, first: bytes) -> None:
    say(raw, first)
    told = await soon(raw.until(events.ConnectionTerminated))
    assert (told.error_code, told.frame_type) == (4400, None)


async def test_trn_11_a_second_stream_for_a_lane_is_refused(quic: Listening, raw: RawQuic) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    say(raw, b"\x04", 4)
    say(raw, b"\x04", 8)
    end, told = await asyncio.gather(end_of(room), soon(raw.until(events.ConnectionTerminated)))
    assert (end.close_code, told.error_code, told.frame_type) == (4400, 4400, None)
    assert "second stream for lane 4" in told.reason_phrase
    assert room.metrics.invalid == 1


@pytest.mark.parametrize("how", ["ended", "reset", "stopped"])
async def test_trn_11_the_stream_lasts_as_long_as_the_connection(quic: Listening, raw: RawQuic, how: str) -> None:
    say(raw, b"\x00", end=how == "ended")
    if how == "reset":
        raw.quic.reset_stream(0, 0)
    elif how == "stopped":
        raw.quic.stop_stream(0, 0)
    raw.transmit()
    told = await soon(raw.until(events.ConnectionTerminated))
    assert (told.error_code, told.frame_type) == (4400, None)


@pytest.mark.parametrize("stream", [2, 16])
async def test_trn_11_another_stream_ends_the_connection(quic: Listening, raw: RawQuic, stream: int) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    # This client ignores how many streams it was allowed.
    raw.quic._remote_max_streams_bidi = raw.quic._remote_max_streams_uni = 10
    raw.quic._remote_max_stream_data_uni = 1000
    say(raw, b"\x00", stream)
    end, told = await asyncio.gather(end_of(room), soon(raw.until(events.ConnectionTerminated)))
    assert (end.close_code, told.error_code) == (4400, 4)


async def test_trn_10_who_takes_no_datagrams_is_refused(quic: Listening) -> None:
    client = await raw_client(quic.listener.port, max_datagram_frame_size=None)
    assert (await soon(client.until(events.ConnectionTerminated))).error_code == 4400
    client.release()


async def test_trn_8_another_protocol_is_refused(quic: Listening) -> None:
    client = await raw_client(quic.listener.port, alpn_protocols=["h3"])
    assert (await soon(client.until(events.ConnectionTerminated))).error_code == 0x178  # no_application_protocol
    client.release()


async def test_another_version_is_answered_with_ours(quic: Listening) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect((HOST, quic.listener.port))
        header = b"\xc0" + b"\x0a\x0a\x0a\x0a" + b"\x08" + b"a" * 8 + b"\x08" + b"b" * 8
        await loop.sock_sendall(asking, header + bytes(1200 - len(header)))
        answer = await soon(loop.sock_recv(asking, 2000))
    assert answer[1:5] == bytes(4)
    assert b"\x00\x00\x00\x01" in answer[23:]


async def test_garbage_on_the_port_harms_nobody(quic: Listening) -> None:
    room, participant = await soon(quic.pair())
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        stranger.connect((HOST, quic.listener.port))
        for garbage in (b"", b"\x00", b"\xff" * 1200, b"\x40" * 1200, b"\xc0\x00\x00\x00\x01" + bytes(1195)):
            await loop.sock_sendall(stranger, garbage)
    participant.send(RELIABLE, b"still here")
    assert await soon(room.receive()) == (RELIABLE, b"still here")


# -- memory ------------------------------------------------------------------------------------------------------------


async def test_trn_12_who_does_not_read_makes_the_sender_wait(quic: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    full, peak, taken = asyncio.Event(), 0, 0
    really_handle = Inbox.handle_stream

    def watch(inbox: Inbox, lane: Lane, data: bytes) -> None:
        nonlocal peak
        really_handle(inbox, lane, data)
        peak = max(peak, inbox._lanes[lane].stream_bytes - taken)
        # Of the window each stream's first byte has a part, the lane's number.
        if peak >= QUIC_RECEIVE_WINDOW_BYTES - len(RELIABLE_LANES):
            full.set()

    monkeypatch.setattr(Inbox, "handle_stream", watch)
    room, participant = await soon(quic.pair())
    frame, count = bytes(CLIENT_FRAME_BYTES_MAX), 64
    for _ in range(count):
        participant.send(RELIABLE, frame)
    await soon(full.wait())
    for _ in range(20):
        room.send(DATAGRAM, b"could you send more?")
        await soon(participant.receive())
    assert peak <= QUIC_RECEIVE_WINDOW_BYTES + len(frame)
    assert participant.queued_bytes > count * len(frame) / 2
    for _ in range(count):
        assert await soon(room.receive()) == (RELIABLE, frame)
        taken += len(frame)


async def test_trn_25_the_way_is_measured_from_both_ends(quic: Listening) -> None:
    room, participant = await soon(quic.pair())
    for sender, receiver in ((room, participant), (participant, room)):
        sender.send(RELIABLE, bytes(100_000))
        await soon(receiver.receive())
    for end in (room, participant):
        measured = end.metrics
        assert measured.rtt_seconds is not None
        assert measured.jitter_seconds is not None
        assert 0.0 < measured.rtt_seconds < 1.0
        assert min(measured.packets_in, measured.packets_out) > 50
        assert min(measured.packet_bytes_in, measured.packet_bytes_out) > 100_000
        assert measured.loss is not None


async def test_what_aioquic_holds_is_bounded_and_the_rest_is_counted_here(quic: Listening) -> None:
    room, _ = await soon(quic.pair())
    assert isinstance(room, QuicTransport)
    for _ in range(SEND_QUEUE_BYTES_MAX // (1024 * 1024)):
        room.send(RELIABLE, bytes(1024 * 1024))
    room._pump.tick()
    assert room._connection.stream_bytes_held == QUIC_SEND_BUFFER_BYTES_MAX
    assert room.queued_bytes <= SEND_QUEUE_BYTES_MAX + 4


# -- time --------------------------------------------------------------------------------------------------------------


async def test_trn_14_a_silent_port_is_given_up() -> None:
    assert HANDSHAKE_SECONDS_MAX == 2.0
    with open_udp(socket.AF_INET, (HOST, 0)) as hole:
        connecting = connect_quic(HOST, hole.getsockname()[1], verify=False, handshake_seconds=SHORT_SECONDS)
        with pytest.raises(TransportClosed, match=r"no QUIC connection within 0\.1 s"):
            await soon(connecting)


async def test_trn_14_where_nobody_listens_is_known_at_once() -> None:
    with open_udp(socket.AF_INET, (HOST, 0)) as gone:
        port = gone.getsockname()[1]
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(TransportClosed, match="nobody listens there"):
        await soon(connect_quic(HOST, port, verify=False))
    assert loop.time() - started < HANDSHAKE_SECONDS_MAX / 2


async def test_a_name_that_means_nothing_is_no_room() -> None:
    with pytest.raises(TransportClosed) as closed:
        await soon(connect_quic("nobody.invalid", 8080, verify=False))
    assert closed.value.close_code == CLOSE_LOST


async def test_trn_14_who_never_finishes_the_handshake_is_forgotten(tmp_path: Path) -> None:
    room = listening(tmp_path, handshake_seconds=SHORT_SECONDS)
    silent = await raw_client(room.listener.port)
    await soon(silent.until(events.HandshakeCompleted))
    assert room.listener.half_open == 1, "the stream is not there yet"
    told = await soon(silent.until(events.ConnectionTerminated))
    assert told.error_code == 4408
    assert room.listener.half_open == 0
    assert room.accepted.empty()
    silent.release()
    await soon(room.close())


async def test_trn_17_a_connection_that_died_silently_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert QUIC_IDLE_SECONDS_MAX > (HEARTBEATS_MISSED_MAX + 1) * HEARTBEAT_INTERVAL_SECONDS
    monkeypatch.setattr(quic_configuration, "QUIC_IDLE_SECONDS_MAX", SHORT_SECONDS)
    quic = listening(tmp_path)
    room, participant = await soon(quic.pair())
    assert isinstance(participant, QuicTransport)
    participant.abandon()
    assert (await end_of(room)).close_code == CLOSE_LOST
    await soon(quic.close())


async def test_trn_6_an_end_without_a_word_is_told_as_lost(quic: Listening) -> None:
    room, participant = await soon(quic.pair())
    assert isinstance(participant, QuicTransport)
    participant.abandon()
    end = await end_of(participant)
    assert (end.close_code, end.reason) == (1006, "the connection was lost")
    with pytest.raises(TransportClosed):
        participant.send(RELIABLE, b"late")
    await soon(room.close())


async def test_trn_6_a_room_that_was_started_anew_says_that_it_knows_nobody(tmp_path: Path) -> None:
    pair = make_certificate(tmp_path)
    first = Listening(pair)
    room, participant = await soon(first.pair())
    assert isinstance(room, QuicTransport)
    assert isinstance(participant, QuicTransport)
    lost: list[bytes] = []
    room._pump._send_packet = lambda data, address: lost.append(data)
    await soon(first.close())
    assert lost, "nobody hears of the close"
    again = Listening(pair, port=first.listener.port)
    participant.send(RELIABLE, b"is anybody there?")
    end = await end_of(participant)
    assert (end.close_code, end.reason) == (CLOSE_LOST, "the room was started anew")
    await soon(again.close())


async def test_trn_13_a_close_that_was_not_heard_is_said_again(quic: Listening, raw: RawQuic) -> None:
    say(raw, b"\x00")
    room = await soon(quic.accepted.get())
    assert isinstance(room, QuicTransport)
    really_send, lost = room._pump._send_packet, asyncio.Event()
    room._pump._send_packet = lambda data, address: lost.set()
    await soon(room.close(4403, "no invite"))
    assert lost.is_set()
    room._pump._send_packet = really_send
    say(raw, b"still there?")
    told = await soon(raw.until(events.ConnectionTerminated))
    assert (told.error_code, told.reason_phrase) == (4403, "no invite")


# -- who gets in -------------------------------------------------------------------------------------------------------


async def test_trn_15_too_many_unfinished_handshakes_are_refused_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    quic = listening(tmp_path, handshake_seconds=60.0)
    hosts = [f"127.0.1.{number}" for number in range(1, HALF_OPEN_CONNECTIONS_MAX + 1)]
    crowd = [await raw_client(quic.listener.port, host=each) for each in hosts]
    for each in crowd:
        await soon(each.until(events.HandshakeCompleted))
    assert quic.listener.half_open == HALF_OPEN_CONNECTIONS_MAX
    with pytest.raises(TransportClosed, match="no QUIC connection"):
        await soon(quic.connect())
    say(crowd[0], b"\x00")
    await soon(quic.accepted.get())
    assert quic.listener.half_open == HALF_OPEN_CONNECTIONS_MAX - 1
    await soon(quic.pair())
    retried = [each.quic._retry_source_connection_id is not None for each in crowd]
    assert retried == [number >= RETRY_FROM_HALF_OPEN for number in range(HALF_OPEN_CONNECTIONS_MAX)]
    for each in crowd:
        each.release()
    await soon(quic.close())


async def test_trn_15_a_room_without_a_place_refuses_and_keeps_nothing(tmp_path: Path) -> None:
    room = listening(tmp_path, has_place=lambda: False)
    with pytest.raises(TransportClosed, match="no QUIC connection"):
        await soon(room.connect())
    assert room.listener.connections == 0
    await soon(room.close())


async def test_trn_18_the_answer_comes_from_the_address_that_was_asked(tmp_path: Path) -> None:
    pair = make_certificate(tmp_path)
    done = asyncio.Event()

    async def serve(transport: Transport, address: str) -> None:
        assert address.startswith("127.")
        await done.wait()

    everywhere = QuicListener([open_udp(socket.AF_INET, ("0.0.0.0", 0))], pair.certificate, pair.key, serve)
    for address in ("127.0.0.1", "127.0.0.2", "127.3.2.1"):
        # Each is this machine, which would answer all of them from 127.0.0.1: a stranger, to a connected socket.
        participant = await soon(connect_quic(address, everywhere.port, verify=False))
        closing = asyncio.create_task(participant.close())
        await soon(closing)
    done.set()
    await soon(everywhere.close())


async def test_it_listens_beside_tcp_on_the_same_number(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as tcp:
        [udp] = open_udp_beside([tcp])
        assert udp.getsockname() == tcp.getsockname()
        with pytest.raises(OSError, match="in use"):
            open_udp_beside([tcp])
        udp.close()


async def test_trn_8_newcomers_see_the_new_certificate_and_the_others_stay(quic: Listening, tmp_path: Path) -> None:
    def name_seen_by(client: RawQuic) -> str:
        certificate = client.quic.tls._peer_certificate
        assert isinstance(certificate, x509.Certificate)
        assert certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC)
        return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    room, participant = await soon(quic.pair())
    for name in ("localhost", "other.local"):
        if name != "localhost":
            quic.listener.reload(*make_certificate(tmp_path, name))
            with pytest.raises(InvalidValue):
                quic.listener.reload(tmp_path / "none.pem", tmp_path / "none.pem")
        client = await raw_client(quic.listener.port)
        await soon(client.until(events.HandshakeCompleted))
        assert name_seen_by(client) == name
        client.release()
    participant.send(RELIABLE, b"still here")
    assert await soon(room.receive()) == (RELIABLE, b"still here")


async def test_trn_19_without_a_known_key_the_certificate_must_be_vouched_for(
    quic: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TransportClosed, match="no QUIC connection"):
        await soon(quic.connect(verify=True))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
    transport = await soon(quic.connect(verify=True))
    room = await soon(quic.accepted.get())
    assert FRAME_BYTES_MAX > CLIENT_FRAME_BYTES_MAX
    await asyncio.gather(soon(transport.close()), end_of(room))


async def test_a_listener_that_closes_says_goodbye(tmp_path: Path) -> None:
    quic = listening(tmp_path)
    _, participant = await soon(quic.pair())
    half = await raw_client(quic.listener.port)
    await soon(half.until(events.HandshakeCompleted))
    await soon(quic.close())
    assert (await end_of(participant)).close_code == 1001
    assert quic.listener.connections == quic.listener.half_open == 0
    half.release()


async def test_a_bug_ends_the_connection_that_met_it_only(
    quic: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room, participant = await soon(quic.pair())
    unlucky, its_participant = await soon(quic.pair())

    def stumble(data: bytes, address: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(unlucky, "handle_packet", stumble)
    its_participant.send(RELIABLE, b"hello")
    assert (await end_of(unlucky)).close_code == CLOSE_LOST
    assert "ZeroDivisionError" in caplog.text
    participant.send(RELIABLE, b"still here")
    assert await soon(room.receive()) == (RELIABLE, b"still here")
    await soon(its_participant.close())
