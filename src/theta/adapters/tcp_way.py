"""What the system knows of a TCP connection, and how much it may take ahead (Linux; elsewhere nothing is known)."""

import socket
import struct
from contextlib import suppress
from typing import Any

from theta.adapters.transport_metrics import TransportMetrics
from theta.base.limits import TCP_UNSENT_BYTES_MAX

_INFO = struct.Struct("=68xII24xI16x8xQII56xQ")
"""Of linux/tcp.h, struct tcp_info: rtt, rttvar (µs), total_retrans, bytes_received, segs_out, segs_in, bytes_sent."""


def write_little_ahead(connection: Any) -> None:
    """Have the system take no more than about TCP_UNSENT_BYTES_MAX that it cannot send yet.

    What it has taken is in order: the rest waits where what is urgent goes first.

    Args:
        connection: a socket, or what an event loop gives for one.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        with suppress(OSError, AttributeError, TypeError):
            connection.setsockopt(socket.IPPROTO_TCP, option, TCP_UNSENT_BYTES_MAX)


def measure_tcp(connection: Any, metrics: TransportMetrics) -> None:
    """Write into the metrics what the system knows; on a connection that is gone they stay as they are.

    TCP sends again what it takes for lost, so that both count the same.

    Args:
        connection: a socket, or what an event loop gives for one.
        metrics: of the transport on it.
    """
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return
    try:
        known = connection.getsockopt(socket.IPPROTO_TCP, option, _INFO.size)
    except (OSError, AttributeError, TypeError, ValueError):
        return
    if len(known) < _INFO.size:
        return
    rtt, variance, again, received, out, back, sent = _INFO.unpack(known)
    metrics.rtt_seconds, metrics.jitter_seconds = rtt / 1e6, variance / 1e6
    metrics.retransmissions = metrics.packets_lost = again
    metrics.packets_out, metrics.packets_in = out, back
    metrics.packet_bytes_out, metrics.packet_bytes_in = sent, received
