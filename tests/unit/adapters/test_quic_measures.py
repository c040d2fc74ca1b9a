"""What we reach for in aioquic's loss detection is there: a new version of aioquic has to pass this first."""

from pathlib import Path

from tests.unit.adapters.test_quic_connection import Both
from theta.adapters.quic_measures import QuicMeasures
from theta.adapters.transport_metrics import TransportMetrics


def test_trn_25_round_trips_are_measured_and_nothing_is_lost_on_a_good_way(tmp_path: Path) -> None:
    both, metrics = Both(tmp_path), TransportMetrics()
    measures = QuicMeasures(both.room, metrics)
    both.participant.send_stream_data(0, bytes(10))
    both.exchange()
    both.room.send_stream_data(0, bytes(50_000))
    both.exchange()
    measures.update()
    assert metrics.rtt_seconds is not None
    assert metrics.jitter_seconds is not None
    assert 0.0 < metrics.rtt_seconds < 0.1
    assert (metrics.packets_lost, metrics.retransmissions) == (0, 0)


def test_trn_25_lost_packets_and_what_is_sent_again_are_counted(tmp_path: Path) -> None:
    both, metrics = Both(tmp_path), TransportMetrics()
    both.participant.send_stream_data(0, bytes(10))
    both.exchange()
    QuicMeasures(both.room, metrics)
    both.room.send_stream_data(0, bytes(10_000))
    both.now += 0.01
    lost = both.room.datagrams_to_send(both.now)[:2]
    both.room.send_stream_data(0, bytes(50_000))
    both.exchange()
    assert len(lost) == 2
    assert metrics.packets_lost >= 2
    assert metrics.retransmissions >= metrics.packets_lost
