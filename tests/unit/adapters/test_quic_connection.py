"""What we reach for inside aioquic is there, and does what we need. A new version of aioquic has to pass this first.

Two connections talk through a list of packets; the clock is a number.
"""

from pathlib import Path
from typing import Any

import pytest
from aioquic.quic import events
from aioquic.quic.connection import QuicConnection

from tests.support.certificates import make_certificate
from theta.adapters.quic_connection import (
    STREAM,
    BoundedConnection,
    participant_configuration,
    room_configuration,
    stateless_reset,
)
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, QUIC_RECEIVE_WINDOW_BYTES

ROOM, PARTICIPANT = ("room", 1), ("participant", 2)


class Both:
    """Both ends, shaken hands."""

    def __init__(self, folder: Path, *, reset_secret: bytes = b"", **settings: Any) -> None:
        pair = make_certificate(folder)
        configuration = participant_configuration("localhost", verify=False)
        for name, value in settings.items():
            setattr(configuration, name, value)
        self.now = 0.0
        self.participant = BoundedConnection(configuration=configuration)
        self.room = BoundedConnection(
            configuration=room_configuration(*pair),
            original_destination_connection_id=self.participant.original_destination_connection_id,
            reset_secret=reset_secret,
        )
        self.participant.connect(ROOM, now=self.now)
        self.exchange()

    def exchange(self) -> None:
        """Carry packets until neither has any, and acknowledgements have had their time."""
        for _ in range(200):
            self.now += 0.01
            there = self.participant.datagrams_to_send(self.now)
            for data, _ in there:
                self.room.receive_datagram(data, PARTICIPANT, self.now)
            back = self.room.datagrams_to_send(self.now) if self.room._network_paths else []
            for data, _ in back:
                self.participant.receive_datagram(data, ROOM, self.now)
            if not there and not back:
                return

    def events_of(self, connection: QuicConnection) -> list[events.QuicEvent]:
        told = []
        while (event := connection.next_event()) is not None:
            told.append(event)
        return told


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def test_trn_8_there_are_no_tickets_and_no_early_data(both: Both) -> None:
    [done] = [each for each in both.events_of(both.participant) if isinstance(each, events.HandshakeCompleted)]
    assert (done.alpn_protocol, done.early_data_accepted, done.session_resumed) == ("theta", False, False)
    assert both.participant._session_ticket_handler is None
    assert both.room._session_ticket_handler is None
    both.participant.check_peer()


@pytest.mark.parametrize("taken", [None, 1200 - 100])
def test_trn_10_a_peer_without_datagrams_is_refused(tmp_path: Path, taken: int | None) -> None:
    both = Both(tmp_path, max_datagram_frame_size=taken)
    with pytest.raises(ProtocolError, match=str(DATAGRAM_BYTES_MAX)):
        both.room.check_peer()


def test_the_biggest_datagram_fits_a_packet(both: Both) -> None:
    frame = bytes(DATAGRAM_BYTES_MAX)
    both.room.send_datagram_frame(frame)
    both.exchange()
    assert [
        each.data for each in both.events_of(both.participant) if isinstance(each, events.DatagramFrameReceived)
    ] == [frame]


def test_datagrams_without_a_place_are_taken_back(both: Both) -> None:
    for number in range(100):
        both.room.send_datagram_frame(bytes([number]) * DATAGRAM_BYTES_MAX)
    packets = both.room.datagrams_to_send(both.now)
    assert both.room.take_datagrams_back() == 100 - len(packets) > 0
    assert both.room.take_datagrams_back() == 0
    for data, _ in packets:
        both.participant.receive_datagram(data, ROOM, both.now)
    got = [each.data[0] for each in both.events_of(both.participant) if isinstance(each, events.DatagramFrameReceived)]
    assert got == list(range(len(packets)))


def test_what_was_not_acknowledged_is_held(both: Both) -> None:
    assert (both.participant.stream_bytes_held, both.participant.stream_bytes_unsent) == (0, 0)
    both.participant.send_stream_data(STREAM, bytes(100_000))
    assert both.participant.stream_bytes_held == both.participant.stream_bytes_unsent == 100_000
    both.participant.datagrams_to_send(both.now)
    assert both.participant.stream_bytes_held == 100_000
    assert 0 < both.participant.stream_bytes_unsent < 100_000
    both.exchange()
    assert (both.participant.stream_bytes_held, both.participant.stream_bytes_unsent) == (0, 0)


def test_trn_12_nothing_comes_beyond_what_was_read_and_the_window(both: Both) -> None:
    both.participant.send_stream_data(STREAM, bytes(4 * QUIC_RECEIVE_WINDOW_BYTES))
    arrived = 0

    def exchange() -> int:
        both.exchange()
        return sum(len(each.data) for each in both.events_of(both.room) if isinstance(each, events.StreamDataReceived))

    arrived += exchange()
    assert arrived == QUIC_RECEIVE_WINDOW_BYTES
    assert not both.room.handle_read(QUIC_RECEIVE_WINDOW_BYTES // 4), "a small step is not worth a packet"
    assert both.room.handle_read(QUIC_RECEIVE_WINDOW_BYTES)
    arrived += exchange()
    assert arrived == 2 * QUIC_RECEIVE_WINDOW_BYTES
    for step in (2, 3):
        both.room.handle_read(step * QUIC_RECEIVE_WINDOW_BYTES)
        arrived += exchange()
    assert arrived == 4 * QUIC_RECEIVE_WINDOW_BYTES


def test_trn_12_credit_that_was_lost_on_the_way_is_given_again(both: Both) -> None:
    both.participant.send_stream_data(STREAM, bytes(2 * QUIC_RECEIVE_WINDOW_BYTES))
    both.exchange()
    both.events_of(both.room)
    both.room.handle_read(QUIC_RECEIVE_WINDOW_BYTES)
    assert both.room.datagrams_to_send(both.now), "this packet gets lost"
    arrived = 0
    while arrived < QUIC_RECEIVE_WINDOW_BYTES:
        timer = both.room.get_timer()
        assert timer is not None, "it ended before it was told"
        both.now = max(both.now, timer)
        both.room.handle_timer(both.now)
        both.exchange()
        arrived += sum(len(each.data) for each in both.events_of(both.room) if hasattr(each, "data"))
    assert arrived == QUIC_RECEIVE_WINDOW_BYTES


@pytest.mark.parametrize("stream", [2, 4])
def test_trn_11_there_is_one_stream(both: Both, stream: int) -> None:
    # A peer that ignores what was announced.
    both.participant._remote_max_streams_bidi = both.participant._remote_max_streams_uni = 10
    both.participant._remote_max_stream_data_uni = 1000
    both.participant.send_stream_data(stream, b"another")
    both.exchange()
    assert both.participant.termination is not None
    assert both.participant.termination.error_code == 4  # STREAM_LIMIT_ERROR, RFC 9000, 20.1


def test_trn_11_a_room_opens_none(both: Both) -> None:
    both.room._remote_max_streams_bidi = 10
    both.room.send_stream_data(1, b"from the room")
    both.exchange()
    assert both.participant.termination is not None
    assert both.participant.termination.error_code == 4


def test_the_end_is_known_at_once(both: Both) -> None:
    both.room.close(error_code=4403, reason_phrase="no invite")
    both.exchange()
    for end in (both.room.termination, both.participant.termination):
        assert end is not None
        assert (end.error_code, end.reason_phrase, end.frame_type) == (4403, "no invite", None)
    assert not [each for each in both.events_of(both.participant) if isinstance(each, events.ConnectionTerminated)]


def test_trn_6_a_reset_is_known_by_its_token_and_is_shorter_than_what_it_answers(tmp_path: Path) -> None:
    secret = b"\x07" * 32
    both = Both(tmp_path, reset_secret=secret)
    both.participant.send_stream_data(STREAM, bytes(100))
    [(packet, _)] = both.participant.datagrams_to_send(both.now)
    reset = stateless_reset(secret, packet)
    assert reset[0] & 0xC0 == 0x40
    assert both.participant.is_reset(reset)
    assert not both.participant.is_reset(stateless_reset(b"\x08" * 32, packet))
    assert not both.participant.is_reset(packet)
    assert not both.room.is_reset(reset)
    for size in range(60):
        answer = stateless_reset(secret, bytes(size))
        assert not answer or 21 <= len(answer) < size


def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    pair, other = make_certificate(tmp_path), tmp_path / "empty.pem"
    other.write_bytes(b"")
    for certificate, key in ((other, pair.key), (pair.certificate, other), (tmp_path / "none.pem", pair.key)):
        with pytest.raises(InvalidValue, match="certificate"):
            room_configuration(certificate, key)


def test_the_acknowledgement_of_a_datagram_goes_along_with_what_is_sent_next(both: Both) -> None:
    both.exchange()
    both.participant.send_datagram_frame(b"an answer")
    [(data, _)] = both.participant.datagrams_to_send(both.now)
    both.room.receive_datagram(data, PARTICIPANT, both.now)
    assert both.room.can_wait
    due = both.room.get_timer()
    assert due is not None
    for side in (both.room, both.participant):
        assert 1.0 / 30.0 < due - both.now < side._loss.max_ack_delay == 0.05, "longer than a tick, and as is promised"
    assert both.room.datagrams_to_send(both.now + 0.01) == []

    both.room.send_datagram_frame(b"a frame")
    [(data, _)] = both.room.datagrams_to_send(both.now + 0.012)
    assert both.participant._loss.bytes_in_flight > 0
    both.participant.receive_datagram(data, ROOM, both.now + 0.013)
    assert both.participant._loss.bytes_in_flight == 0, "the acknowledgement came with the frame"


def test_the_acknowledgement_of_a_datagram_goes_alone_when_nothing_else_does(both: Both) -> None:
    both.exchange()
    both.participant.send_datagram_frame(b"an answer")
    [(data, _)] = both.participant.datagrams_to_send(both.now)
    both.room.receive_datagram(data, PARTICIPANT, both.now)
    due = both.room.get_timer()
    assert due is not None
    both.room.handle_timer(due + 0.001)
    [(data, _)] = both.room.datagrams_to_send(due + 0.001)
    both.participant.receive_datagram(data, ROOM, due + 0.002)
    assert both.participant._loss.bytes_in_flight == 0


def test_what_came_on_the_stream_is_acknowledged_soon_even_after_a_datagram(both: Both) -> None:
    both.exchange()
    both.participant.send_datagram_frame(b"a datagram")
    [(first, _)] = both.participant.datagrams_to_send(both.now)
    both.participant.send_stream_data(STREAM, b"a frame")
    [(second, _)] = both.participant.datagrams_to_send(both.now)
    both.room.receive_datagram(first, PARTICIPANT, both.now)
    both.room.receive_datagram(second, PARTICIPANT, both.now + 0.002)
    assert not both.room.can_wait
    due = both.room.get_timer()
    assert due is not None
    assert due - both.now < 0.005


def test_nothing_waits_while_the_stream_is_not_acknowledged(both: Both) -> None:
    both.exchange()
    both.participant.send_stream_data(STREAM, b"a frame")
    both.participant.datagrams_to_send(both.now)
    both.room.send_datagram_frame(b"a datagram")
    [(data, _)] = both.room.datagrams_to_send(both.now)
    both.participant.receive_datagram(data, ROOM, both.now)
    assert not both.participant.can_wait


def test_nothing_waits_when_the_peer_says_goodbye_with_a_datagram(both: Both) -> None:
    both.exchange()
    both.participant.send_datagram_frame(b"the last")
    first = both.participant.datagrams_to_send(both.now)
    both.participant.close(reason_phrase="bye")
    for data, _ in [*first, *both.participant.datagrams_to_send(both.now)]:
        both.room.receive_datagram(data, PARTICIPANT, both.now)
    assert both.room.termination is not None
    assert not both.room.can_wait
