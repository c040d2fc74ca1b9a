"""What we reach for inside aioquic is there, and does what we need. A new version of aioquic has to pass this first.

Two connections talk through a list of packets; the clock is a number.
"""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from aioquic.quic import events
from aioquic.quic.connection import QuicConnection

from tests.support.certificates import make_certificate
from theta.adapters.quic_configuration import ALPN_HTTP, participant_configuration, room_configuration
from theta.adapters.quic_connection import (
    HTTP_CONTROL_STREAMS_MAX,
    HTTP_STREAMS_MAX,
    NATIVE_STREAMS_MAX,
    BoundedConnection,
    ShownCertificate,
)
from theta.adapters.quic_stateless import stateless_reset
from theta.adapters.webtransport_certificate import RotatingCertificate
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, QUIC_PROBE_SECONDS_MAX, QUIC_RECEIVE_WINDOW_BYTES

STREAM, OTHER_STREAM = 0, 4
ROOM, PARTICIPANT = ("room", 1), ("participant", 2)


class Both:
    """Both ends, shaken hands."""

    def __init__(
        self,
        folder: Path,
        *,
        reset_secret: bytes = b"",
        http_certificate: ShownCertificate | None = None,
        luck: random.Random | None = None,
        **settings: Any,
    ) -> None:
        pair = make_certificate(folder)
        self.luck = luck
        configuration = participant_configuration("localhost", verify=False)
        for name, value in settings.items():
            setattr(configuration, name, value)
        self.now = 0.0
        self.participant = BoundedConnection(configuration=configuration)
        self.room = BoundedConnection(
            configuration=room_configuration(*pair, takes_pages=True),
            original_destination_connection_id=self.participant.original_destination_connection_id,
            reset_secret=reset_secret,
            http_certificate=http_certificate,
        )
        self.participant.connect(ROOM, now=self.now)
        self.exchange()

    def exchange(self) -> None:
        """Carry packets until neither has any, and acknowledgements have had their time."""
        for _ in range(200):
            self.now += 0.01
            there = self.carry(self.participant, self.room, PARTICIPANT)
            back = self.carry(self.room, self.participant, ROOM) if self.room._network_paths else 0
            if not there and not back:
                return

    def carry(self, sender: BoundedConnection, receiver: BoundedConnection, address: tuple[str, int]) -> int:
        """What one has to send; out of order and some of it twice where there is luck."""
        packets = [data for data, _ in sender.datagrams_to_send(self.now)]
        if self.luck is not None:
            packets += [each for each in packets if self.luck.random() < 0.3]
            self.luck.shuffle(packets)
        for data in packets:
            receiver.receive_datagram(data, address, self.now)
        return len(packets)

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
    assert not both.room.handle_read(STREAM, QUIC_RECEIVE_WINDOW_BYTES // 4), "a small step is not worth a packet"
    assert both.room.handle_read(STREAM, QUIC_RECEIVE_WINDOW_BYTES)
    arrived += exchange()
    assert arrived == 2 * QUIC_RECEIVE_WINDOW_BYTES
    for step in (2, 3):
        both.room.handle_read(STREAM, step * QUIC_RECEIVE_WINDOW_BYTES)
        arrived += exchange()
    assert arrived == 4 * QUIC_RECEIVE_WINDOW_BYTES


def test_trn_12_credit_that_was_lost_on_the_way_is_given_again(both: Both) -> None:
    both.participant.send_stream_data(STREAM, bytes(2 * QUIC_RECEIVE_WINDOW_BYTES))
    both.exchange()
    both.events_of(both.room)
    both.room.handle_read(STREAM, QUIC_RECEIVE_WINDOW_BYTES)
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


def test_trn_12_the_window_is_one_for_all_streams_and_each_is_credited_for_itself(both: Both) -> None:
    for stream in (STREAM, OTHER_STREAM):
        both.participant.send_stream_data(stream, bytes(QUIC_RECEIVE_WINDOW_BYTES))
    both.exchange()
    arrived = {STREAM: 0, OTHER_STREAM: 0}

    def count() -> int:
        for each in both.events_of(both.room):
            if isinstance(each, events.StreamDataReceived):
                arrived[each.stream_id] += len(each.data)
        return sum(arrived.values())

    assert count() == QUIC_RECEIVE_WINDOW_BYTES
    assert min(arrived.values()) > QUIC_RECEIVE_WINDOW_BYTES // 4, "neither waits for the other"
    for stream, size in arrived.items():
        both.room.handle_read(stream, size)
    both.exchange()
    assert count() == 2 * QUIC_RECEIVE_WINDOW_BYTES
    assert both.participant.held_on(STREAM) == both.participant.held_on(OTHER_STREAM) == 0


def test_what_is_held_and_unsent_is_known_for_each_stream(both: Both) -> None:
    both.participant.send_stream_data(STREAM, bytes(1_000))
    both.participant.send_stream_data(OTHER_STREAM, bytes(2_000))
    streams = (STREAM, OTHER_STREAM, 8)
    assert [both.participant.held_on(stream) for stream in streams] == [1_000, 2_000, 0]
    assert [both.participant.unsent_on(stream) for stream in streams] == [1_000, 2_000, 0]
    assert both.participant.stream_bytes_held == both.participant.stream_bytes_unsent == 3_000


def test_a_stream_can_be_written_on_until_either_side_has_ended_it(both: Both) -> None:
    assert not both.participant.can_write(STREAM)
    both.participant.send_stream_data(STREAM, b"begin")
    assert both.participant.can_write(STREAM)
    both.exchange()
    assert both.room.can_write(STREAM)
    both.participant.stop_stream(STREAM, 7)
    both.exchange()
    assert not both.room.can_write(STREAM)
    both.participant.send_stream_data(OTHER_STREAM, b"all", end_stream=True)
    assert not both.participant.can_write(OTHER_STREAM)


def test_a_stream_that_is_refused_goes_on_in_neither_direction(both: Both) -> None:
    both.participant.send_stream_data(STREAM, b"may I?")
    both.exchange()
    both.room.refuse_stream(STREAM, 0x10B)
    both.room.refuse_stream(STREAM, 0x10B)
    both.exchange()
    told = both.events_of(both.participant)
    assert [each.error_code for each in told if isinstance(each, events.StreamReset)] == [0x10B]
    assert [each.error_code for each in told if isinstance(each, events.StopSendingReceived)] == [0x10B]


@pytest.mark.parametrize(
    ("alpn", "both_ways", "one_way"),
    [("theta", NATIVE_STREAMS_MAX, 0), (ALPN_HTTP, HTTP_STREAMS_MAX, HTTP_CONTROL_STREAMS_MAX)],
)
def test_trn_11_how_many_streams_there_may_be_follows_from_what_is_spoken(
    tmp_path: Path, alpn: str, both_ways: int, one_way: int
) -> None:
    both = Both(tmp_path, alpn_protocols=[alpn])
    participant = both.participant
    assert (participant._remote_max_streams_bidi, participant._remote_max_streams_uni) == (both_ways, one_way)
    for number in range(both_ways):
        participant.send_stream_data(4 * number, bytes(10))
    both.exchange()
    both.room.handle_read(STREAM, 10)
    both.exchange()
    assert participant._remote_max_streams_bidi == both_ways, "no more are ever granted"
    assert both.room.termination is None


@pytest.mark.parametrize("alpn", ["theta", ALPN_HTTP])
def test_trn_56_what_is_shown_follows_from_what_is_spoken(tmp_path: Path, alpn: str) -> None:
    shown = RotatingCertificate().current()
    both = Both(tmp_path, http_certificate=shown, alpn_protocols=[alpn])
    assert both.participant._handshake_confirmed
    assert (both.participant.tls._peer_certificate == shown.certificate) is (alpn == ALPN_HTTP)


def test_quic_handshake_tolerates_out_of_order_packets(tmp_path: Path) -> None:
    for seed in range(50):
        print(f"seed {seed}")
        both = Both(tmp_path, luck=random.Random(seed))
        said = bytes(range(256)) * 40
        both.participant.send_stream_data(STREAM, said)
        both.participant.send_datagram_frame(b"state")
        both.exchange()
        told = both.events_of(both.room)
        assert [each.alpn_protocol for each in told if isinstance(each, events.HandshakeCompleted)] == ["theta"]
        assert b"".join(each.data for each in told if isinstance(each, events.StreamDataReceived)) == said
        datagrams = [each.data for each in told if isinstance(each, events.DatagramFrameReceived)]
        assert datagrams == [b"state"], "what comes twice is taken once"
        assert both.participant._handshake_confirmed
        assert both.room.termination is both.participant.termination is None


@pytest.mark.parametrize("stream", [2, 4 * NATIVE_STREAMS_MAX])
def test_trn_11_there_is_a_stream_for_each_lane_and_no_other(both: Both, stream: int) -> None:
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


def test_trn_17_in_the_dark_probes_go_out_as_long_as_the_connection_lives(both: Both) -> None:
    both.participant.send_stream_data(STREAM, b"anybody there?")
    both.participant.datagrams_to_send(both.now)
    probes: list[float] = []
    end = both.now + 4.0
    while (due := both.participant.get_timer()) is not None and due < end:
        both.participant.handle_timer(due)
        if both.participant.datagrams_to_send(due):
            probes.append(due)
    gaps = [after - before for before, after in itertools.pairwise([both.now, *probes, end])]
    assert len(probes) >= 4
    assert max(gaps) <= QUIC_PROBE_SECONDS_MAX + 0.01
