"""WebTransport on real sockets with clients made by hand: what a room takes, what it refuses, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aioquic.buffer import encode_uint_var
from aioquic.h3 import events as http
from aioquic.h3.connection import Setting
from aioquic.quic import events
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.contract.transport_contract import end_of, soon
from tests.support.quic import listening, raw_client
from tests.support.webtransport import RawHttp, WebTransportListening, http_client, webtransport_listening
from theta.adapters import quic_transport
from theta.adapters.quic_client import connect_webtransport
from theta.adapters.quic_listener import PageSessions
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import CLOSE_LOST, TransportClosed
from theta.adapters.webtransport_capsules import close_capsule
from theta.adapters.webtransport_certificate import RENEWED_AFTER, TOLD_BEFORE_SHOWN, RotatingCertificate
from theta.adapters.webtransport_http import H3_NO_ERROR, H3_REQUEST_REJECTED, WT_SESSION_GONE, Http3, from_http_error
from theta.base.limits import DATAGRAM_BYTES_MAX, WEBTRANSPORT_CONTROL_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane

pytestmark = pytest.mark.integration

SHORT_SECONDS = 0.1
SESSION = 0
LANES = dict(zip(RELIABLE_LANES, (4, 8, 12, 16), strict=True))
"""The streams on which this client opens the lanes, after the session's."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[WebTransportListening]:
    running = webtransport_listening(tmp_path)
    yield running
    await soon(running.close())


@pytest.fixture
async def client(room: WebTransportListening) -> AsyncIterator[RawHttp]:
    """It has heard the room's settings, and has asked for nothing."""
    made = await http_client(room.listener.port)
    yield made
    made.release()


async def begun(room: WebTransportListening, client: RawHttp) -> QuicTransport:
    """The room's end of a session whose lanes are all there."""
    client.ask()
    assert await soon(client.status()) == 200
    for lane, stream in LANES.items():
        client.open_lane(stream, lane)
    made = await soon(room.accepted.get())
    assert isinstance(made, QuicTransport)
    return made


async def told_to(client: RawHttp) -> tuple[int, int | None]:
    """(the close code, the error code of HTTP/3) that the connection was closed with."""
    told = await soon(client.until(events.ConnectionTerminated))
    return told.error_code, from_http_error(told.error_code)


# -- the beginning -----------------------------------------------------------------------------------------------------


async def test_trn_50_the_room_says_what_each_browser_waits_for(client: RawHttp) -> None:
    settings = await soon(client.until_settings())
    assert settings[0x8] == 1, "extended CONNECT (RFC 9220)"
    assert settings[0x33] == 1, "HTTP datagrams (RFC 9297)"
    assert settings[0x2B603742] == 1, "Chromium: draft 2"
    assert settings[0xC671706A] == settings[0x14E9CD29] == 1, "Safari: drafts 7 and 13; one session"
    for limit in (0x2B61, 0x2B64, 0x2B65):
        assert settings[limit] >= 2**60, "Safari's own flow control must not begin at nothing (draft 13)"


@pytest.mark.parametrize(
    "told",
    [
        {Setting.QPACK_MAX_TABLE_CAPACITY: 0, Setting.QPACK_BLOCKED_STREAMS: 0},
        {Setting.QPACK_MAX_TABLE_CAPACITY: 0, Setting.ENABLE_WEBTRANSPORT: 1},
        {0x33: 1, 0x14E9CD29: 1, 0x2B61: 1_000_000, 0x2B65: 100},
    ],
    ids=["nothing", "no-datagrams", "draft-13"],
)
async def test_trn_50_a_client_that_leaves_settings_out_gets_in_all_the_same(
    room: WebTransportListening, told: dict[int, int]
) -> None:
    client = await http_client(room.listener.port, told)
    made = await begun(room, client)
    client.say_datagram(b"\x00state")
    assert await soon(made.receive()) == (Lane.DATAGRAM, b"state")
    made.send(Lane.COMMANDS, b"answer")
    assert await soon(client.read(LANES[Lane.COMMANDS], 10)) == b"\x06\x00\x00\x00answer"
    client.release()


async def test_trn_50_who_takes_no_quic_datagrams_is_refused(room: WebTransportListening) -> None:
    client = await raw_client(room.listener.port, alpn_protocols=["h3"], max_datagram_frame_size=None)
    told = await soon(client.until(events.ConnectionTerminated))
    assert from_http_error(told.error_code) == 4400
    client.release()


async def test_trn_50_a_room_that_takes_no_pages_does_not_speak_http(tmp_path: Path) -> None:
    native = listening(tmp_path)
    client = await raw_client(native.listener.port, alpn_protocols=["h3"])
    assert (await soon(client.until(events.ConnectionTerminated))).error_code == 0x178  # no_application_protocol
    client.release()
    await soon(native.close())


async def test_trn_50_native_participants_and_pages_share_the_port(room: WebTransportListening) -> None:
    (native_room, native), (page_room, page) = await soon(room.pair()), await soon(room.session())
    assert [each.kind for each in (native_room, native, page_room, page)] == ["quic"] * 2 + ["webtransport"] * 2
    native.send(Lane.COMMANDS, b"from Python")
    page.send(Lane.COMMANDS, b"from a page")
    assert await soon(native_room.receive()) == (Lane.COMMANDS, b"from Python")
    assert await soon(page_room.receive()) == (Lane.COMMANDS, b"from a page")


async def test_trn_50_neither_has_tickets_and_so_no_early_data(room: WebTransportListening, client: RawHttp) -> None:
    made = await begun(room, client)
    [done] = [each for each in client.heard if isinstance(each, events.HandshakeCompleted)]
    assert (done.alpn_protocol, done.early_data_accepted, done.session_resumed) == ("h3", False, False)
    assert made._connection._session_ticket_handler is None
    assert made._connection._session_ticket_fetcher is None


# -- who gets in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({":path": "/elsewhere"}, 404),
        ({":path": "/webtransport?more"}, 404),
        ({":path": "/webtransport/"}, 404),
        ({":method": "GET", ":protocol": None}, 405),
        ({":protocol": "websocket"}, 405),
        ({":protocol": None}, 405),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({":authority": "evil.example"}, 403),
        ({"origin": "\xff"}, 400),
    ],
)
async def test_trn_51_other_requests_are_refused(tmp_path: Path, fields: dict[str, str | None], status: int) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def may_join(authority: str, origin: str | None, address: str) -> bool:
        asked.append((authority, origin, address))
        return authority.startswith("127.0.0.1:") and origin in (None, "https://ours.example")

    room = webtransport_listening(tmp_path, pages=PageSessions(may_join, None), handshake_seconds=60.0)
    client = await http_client(room.listener.port)
    client.ask(fields)
    assert await soon(client.status()) == status
    assert len(asked) == (status == 403)
    client.open_lane(4, Lane.CONTROL)
    client.quic.send_ping(1)
    client.transmit()
    await soon(client.until(events.PingAcknowledged))
    assert room.listener.half_open == 1
    assert room.accepted.empty()
    client.release()
    await soon(room.close())


async def test_trn_51_the_right_page_gets_in(tmp_path: Path) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def may_join(authority: str, origin: str | None, address: str) -> bool:
        asked.append((authority, origin, address))
        return True

    room = webtransport_listening(tmp_path, pages=PageSessions(may_join, None))
    client = await http_client(room.listener.port)
    client.ask({":authority": "ours.example:8080", "origin": "https://ours.example:8080"})
    assert await soon(client.status()) == 200
    assert asked == [("ours.example:8080", "https://ours.example:8080", "127.0.0.1")]
    client.release()
    await soon(room.close())


async def test_trn_51_a_participant_that_is_refused_hears_why(tmp_path: Path) -> None:
    room = webtransport_listening(tmp_path, pages=PageSessions(lambda authority, origin, address: False, None))
    with pytest.raises(TransportClosed, match="answered 403") as closed:
        await soon(room.join())
    assert closed.value.close_code == CLOSE_LOST
    await soon(room.close())


async def test_trn_57_a_participant_asks_nothing_of_who_takes_no_sessions(
    room: WebTransportListening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Http3, "_get_local_settings", lambda http: {Setting.QPACK_MAX_TABLE_CAPACITY: 0})
    with pytest.raises(TransportClosed, match="no WebTransport is spoken there") as closed:
        await soon(room.join())
    assert closed.value.close_code == CLOSE_LOST
    assert room.accepted.empty()


async def test_trn_57_a_participant_sends_no_origin_and_the_name_in_its_link(tmp_path: Path) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def may_join(authority: str, origin: str | None, address: str) -> bool:
        asked.append((authority, origin, address))
        return True

    room = webtransport_listening(tmp_path, pages=PageSessions(may_join, None))
    participant = await soon(connect_webtransport("localhost", room.listener.port, verify=False))
    assert asked == [(f"localhost:{room.listener.port}", None, "127.0.0.1")]
    await asyncio.gather(soon(participant.close()), end_of(await soon(room.accepted.get())))
    await soon(room.close())


async def test_trn_51_a_second_session_is_refused_and_the_first_goes_on(
    room: WebTransportListening, client: RawHttp
) -> None:
    made = await begun(room, client)
    client.ask(stream=20)
    reset = await soon(client.until(events.StreamReset))
    assert (reset.stream_id, reset.error_code) == (20, H3_REQUEST_REJECTED)
    client.say(LANES[Lane.CONTROL], b"\x02\x00\x00\x00on")
    assert await soon(made.receive()) == (Lane.CONTROL, b"on")
    assert room.accepted.empty()


@pytest.mark.parametrize("asks", [True, False], ids=["refused", "silent"])
async def test_trn_51_who_begins_no_session_is_forgotten(tmp_path: Path, asks: bool) -> None:
    nobody = PageSessions(lambda authority, origin, address: False, None)
    room = webtransport_listening(tmp_path, pages=nobody, handshake_seconds=1.0)
    client = await http_client(room.listener.port)
    if asks:
        client.ask()
        client.open_lane(4, Lane.CONTROL)
    assert (await told_to(client))[1] == 4408
    assert room.listener.half_open == 0
    assert room.accepted.empty()
    client.release()
    await soon(room.close())


# -- lanes -------------------------------------------------------------------------------------------------------------


async def test_trn_52_a_lane_is_the_session_the_number_and_then_lengths_and_frames(
    room: WebTransportListening, client: RawHttp
) -> None:
    client.ask()
    for lane, stream in LANES.items():
        client.say(stream, b"\x40\x41\x00" + bytes((lane,)) + b"\x05\x00\x00\x00fr")
    made = await soon(room.accepted.get())
    for lane, stream in LANES.items():
        client.say(stream, b"ame\x00\x00\x00\x00")
        assert [await soon(made.receive()) for _ in range(2)] == [(lane, b"frame"), (lane, b"")]
        made.send(lane, b"answer")
        assert await soon(client.read(stream, 10)) == b"\x06\x00\x00\x00answer"


async def test_trn_52_a_datagram_begins_with_a_quarter_of_the_session(
    room: WebTransportListening, client: RawHttp
) -> None:
    made = await begun(room, client)
    client.say_datagram(b"\x01of another session")
    client.say_datagram(b"\x00" + bytes(DATAGRAM_BYTES_MAX))
    assert await soon(made.receive()) == (Lane.DATAGRAM, bytes(DATAGRAM_BYTES_MAX))
    client.say_datagram(b"\x40\x00the long way to say it")
    assert await soon(made.receive()) == (Lane.DATAGRAM, b"the long way to say it")
    made.send(Lane.DATAGRAM, b"everyone's")
    assert (await soon(client.until(events.DatagramFrameReceived))).data == b"\x00everyone's"


async def test_trn_52_lanes_that_overtake_the_request_wait_for_the_answer(
    room: WebTransportListening, client: RawHttp
) -> None:
    client.quic.send_stream_data(SESSION, b"")  # aioquic opens streams in their order
    client.open_lane(LANES[Lane.CONTROL], Lane.CONTROL, b"\x05\x00\x00\x00early")
    client.say_datagram(b"\x00too early")
    client.say(LANES[Lane.CONTROL], b"\x04\x00\x00\x00more")
    client.quic.send_ping(1)
    client.transmit()
    await soon(client.until(events.PingAcknowledged))
    assert room.accepted.empty()
    client.ask()
    made = await soon(room.accepted.get())
    assert await soon(made.receive()) == (Lane.CONTROL, b"early")
    assert await soon(made.receive()) == (Lane.CONTROL, b"more")


WRONG = {
    "an unknown lane": (4, b"\x40\x41\x00\x07"),
    "the datagrams' lane": (4, b"\x40\x41\x00\x01"),
    "a lane twice": (20, b"\x40\x41\x00\x00"),
    "another session": (20, b"\x40\x41\x04\x02"),
    "one way": (14, b"\x40\x54\x00\x00"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_trn_53_a_stream_that_is_no_lane_ends_it(room: WebTransportListening, client: RawHttp, what: str) -> None:
    stream, data = WRONG[what]
    if stream == 4:
        client.ask()
        assert await soon(client.status()) == 200
    else:
        await begun(room, client)
    client.say(stream, data)
    ended = await soon(client.until_answer(http.DataReceived))
    assert ended.data.startswith(close_capsule(4400, "")[:2])
    assert int.from_bytes(ended.data[3 + (ended.data[2] >= 0x40) :][:4], "big") == 4400
    assert (await told_to(client))[0] == H3_NO_ERROR


@pytest.mark.parametrize("how", ["ended", "reset", "stopped"])
async def test_trn_53_a_lane_lasts_as_long_as_the_session(
    room: WebTransportListening, client: RawHttp, how: str
) -> None:
    made = await begun(room, client)
    made.send(Lane.STATE, bytes(100_000))
    stream = LANES[Lane.STATE]
    if how == "ended":
        client.say(stream, b"", end=True)
    elif how == "reset":
        client.quic.reset_stream(stream, 0)
    else:
        client.quic.stop_stream(stream, 0)
    client.transmit()
    assert (await end_of(made)).close_code == 4400
    assert (await told_to(client))[0] == H3_NO_ERROR


async def test_trn_53_a_datagram_over_the_limit_ends_it(room: WebTransportListening, client: RawHttp) -> None:
    made = await begun(room, client)
    client.say_datagram(b"\x00" + bytes(DATAGRAM_BYTES_MAX + 1))
    assert (await end_of(made)).close_code == 4413


async def test_trn_53_a_datagram_without_a_session_ends_it(room: WebTransportListening, client: RawHttp) -> None:
    made = await begun(room, client)
    client.say_datagram(b"")
    assert (await end_of(made)).close_code == 4400


async def test_trn_53_what_is_said_beside_the_lanes_is_bounded(room: WebTransportListening, client: RawHttp) -> None:
    made = await begun(room, client)
    unknown = encode_uint_var(0x4242)
    client.say(14, unknown + bytes(WEBTRANSPORT_CONTROL_BYTES_MAX - 2_000))
    client.say(LANES[Lane.BULK], b"\x02\x00\x00\x00ok")
    assert await soon(made.receive()) == (Lane.BULK, b"ok")
    client.say(14, bytes(3_000))
    end = await end_of(made)
    assert end.close_code == 4400
    assert str(WEBTRANSPORT_CONTROL_BYTES_MAX) in end.reason


@pytest.mark.parametrize("stream", [3, 7, 11], ids=["control", "encoder", "decoder"])
async def test_trn_53_who_stops_what_http_needs_is_cut_off(
    room: WebTransportListening, client: RawHttp, stream: int, caplog: pytest.LogCaptureFixture
) -> None:
    client.quic.stop_stream(stream, 0)
    client.ask()
    assert (await told_to(client))[0] != H3_NO_ERROR
    assert room.accepted.empty()
    assert "bug" not in caplog.text


async def test_trn_53_a_request_that_never_ends_is_not_gathered(tmp_path: Path) -> None:
    room = webtransport_listening(tmp_path)
    client = await http_client(room.listener.port)
    client.say(0, b"\x01" + encode_uint_var(2**30) + bytes(WEBTRANSPORT_CONTROL_BYTES_MAX))
    assert (await told_to(client))[1] == 4400
    client.release()
    await soon(room.close())


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_trn_54_the_room_ends_the_session_and_then_the_connection(
    room: WebTransportListening, client: RawHttp
) -> None:
    made = await begun(room, client)
    closing = asyncio.create_task(made.close(4403, "no invite"))
    ended = await soon(client.until_answer(http.DataReceived))
    assert (ended.data, ended.stream_ended) == (close_capsule(4403, "no invite"), True)
    assert (await told_to(client))[0] == H3_NO_ERROR
    await soon(closing)
    end = await end_of(made)
    assert (end.close_code, end.reason) == (4403, "no invite")


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (close_capsule(4242, "enough"), 4242, "enough"),
        (close_capsule(0, ""), 1000, ""),
        (b"", 1000, ""),
        (b"\x19\x02no" + close_capsule(1000, "bye"), 1000, "bye"),
        (close_capsule(4242, "é" * 500), 4242, "é" * 61),
    ],
)
async def test_trn_54_the_client_ends_the_session(
    room: WebTransportListening, client: RawHttp, data: bytes, code: int, reason: str
) -> None:
    made = await begun(room, client)
    assert client.http is not None
    client.http.send_data(SESSION, data, end_stream=True)
    client.transmit()
    end = await end_of(made)
    assert (end.close_code, end.reason) == (code, reason)
    assert (await told_to(client))[0] == H3_NO_ERROR


async def test_trn_54_streams_that_go_with_the_session_do_not_hide_why(
    room: WebTransportListening, client: RawHttp
) -> None:
    made = await begun(room, client)
    made.send(Lane.STATE, bytes(100_000))
    for stream in LANES.values():
        client.quic.reset_stream(stream, WT_SESSION_GONE)
        client.quic.stop_stream(stream, WT_SESSION_GONE)
    client.transmit()
    assert client.http is not None
    client.http.send_data(SESSION, close_capsule(4242, "enough"), end_stream=True)
    client.transmit()
    end = await end_of(made)
    assert (end.close_code, end.reason) == (4242, "enough")


async def test_trn_54_a_session_that_is_broken_off_is_lost(room: WebTransportListening, client: RawHttp) -> None:
    made = await begun(room, client)
    client.quic.reset_stream(SESSION, 0x10C)
    client.transmit()
    assert (await end_of(made)).close_code == CLOSE_LOST


async def test_trn_54_a_connection_that_http_closes_says_nothing_of_why(
    room: WebTransportListening, client: RawHttp
) -> None:
    made = await begun(room, client)
    client.quic.close(error_code=H3_NO_ERROR)
    client.transmit()
    assert (await end_of(made)).close_code == CLOSE_LOST


async def test_trn_54_who_does_not_hear_the_end_is_left_behind(
    room: WebTransportListening, client: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quic_transport, "TRANSPORT_CLOSE_SECONDS_MAX", SHORT_SECONDS)
    made = await begun(room, client)
    really_send = made._pump._send_packet
    made._pump._send_packet = lambda data, address: None
    loop = asyncio.get_running_loop()
    started = loop.time()
    await soon(made.close(4403, "no invite"))
    assert loop.time() - started < 3.0
    made._pump._send_packet = really_send
    client.say(LANES[Lane.CONTROL], b"\x00")
    assert (await told_to(client))[0] == H3_NO_ERROR


# -- certificates ------------------------------------------------------------------------------------------------------


async def test_trn_56_pages_are_shown_the_short_one_in_turn_and_participants_the_rooms(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    certificate = RotatingCertificate(lambda: now)
    room = webtransport_listening(tmp_path, pages=PageSessions(lambda authority, origin, address: True, certificate))

    async def seen(alpn: str) -> x509.Certificate:
        client = await raw_client(room.listener.port, alpn_protocols=[alpn])
        await soon(client.until(events.HandshakeCompleted))
        found = client.quic.tls._peer_certificate
        assert isinstance(found, x509.Certificate)
        client.release()
        return found

    inside_room, inside = await soon(room.session())
    own, first = await seen("theta"), await seen("h3")
    assert first == certificate.current().certificate
    assert (first.not_valid_after_utc - first.not_valid_before_utc).days <= 13
    now += RENEWED_AFTER
    assert len(certificate.hashes()) == 2
    assert await seen("h3") == first
    now += TOLD_BEFORE_SHOWN + timedelta(seconds=1)
    second = await seen("h3")
    assert second == certificate.current().certificate != first
    assert second.fingerprint(hashes.SHA256()) != first.fingerprint(hashes.SHA256())
    assert await seen("theta") == own != second
    inside.send(Lane.COMMANDS, b"still here")
    assert await soon(inside_room.receive()) == (Lane.COMMANDS, b"still here")
    await soon(room.close())


async def test_trn_56_with_a_certificate_of_ones_own_pages_are_shown_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = webtransport_listening(tmp_path, pages=PageSessions(lambda authority, origin, address: True, None))
    with pytest.raises(TransportClosed, match="no QUIC connection"):
        await soon(room.join(verify=True))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
    participant = await soon(room.join(verify=True))
    await asyncio.gather(soon(participant.close()), end_of(await soon(room.accepted.get())))
    await soon(room.close())
