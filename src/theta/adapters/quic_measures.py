"""What a QUIC connection knows of its way: round-trip time, its variance, and what was lost (RFC 9002).

aioquic keeps that to itself. What is read and wrapped here is pinned by tests/unit/adapters/test_quic_measures.py.
"""

from collections.abc import Iterable
from typing import Any

from aioquic.quic.packet_builder import QuicSentPacket

from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.transport_metrics import TransportMetrics


class QuicMeasures:
    """One connection's, written into its transport's metrics.

    Args:
        connection: new.
        metrics: `packets_lost` and `retransmissions` are counted as it happens.
    """

    def __init__(self, connection: BoundedConnection, metrics: TransportMetrics) -> None:
        self._loss = connection._loss
        self._metrics = metrics
        self._handle_lost = self._loss._on_packets_lost
        self._loss._on_packets_lost = self._count_lost  # type: ignore[method-assign]

    def update(self) -> None:
        """Write what is known now."""
        if self._loss._rtt_initialized:
            self._metrics.rtt_seconds = self._loss._rtt_smoothed
            self._metrics.jitter_seconds = self._loss._rtt_variance

    def _count_lost(self, *, packets: Iterable[QuicSentPacket], congestion_event: bool = True, **others: Any) -> None:
        """What a probe says again may have arrived all the same: it is sent again, but was not found to be lost."""
        found = list(packets)
        self._metrics.packets_lost += len(found) if congestion_event else 0
        self._metrics.retransmissions += sum(1 for each in found if each.is_ack_eliciting)
        self._handle_lost(packets=found, congestion_event=congestion_event, **others)
