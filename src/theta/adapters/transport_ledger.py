"""What all of a room's transports of a kind come to, the ended ones included, for `/metrics` (TRN-25)."""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from theta.adapters.transport import Transport
from theta.adapters.transport_metrics import TransportMetrics, difference, total
from theta.base.errors import FrameTooLarge, ProtocolError
from theta.node.lanes import Lane
from theta.node.telemetry import Snapshot


@dataclass
class _Kind:
    """What the transports of a kind counted so far; of compression, bytes before and after it."""

    counted: TransportMetrics = field(default_factory=TransportMetrics)
    plain_bytes: int = 0
    sent_bytes: int = 0
    refused: Counter[int] = field(default_factory=Counter)


@dataclass
class _Entry:
    """A transport that is open, and its counters when they were read last."""

    transport: Transport
    read: TransportMetrics = field(default_factory=TransportMetrics)


class TransportLedger:
    """One room's."""

    def __init__(self) -> None:
        self._open: dict[int, _Entry] = {}
        self._kinds: dict[str, _Kind] = {}

    def begin(self, connection: int, transport: Transport) -> None:
        """A connection is there."""
        self._open[connection] = _Entry(transport)
        self._kinds.setdefault(transport.kind, _Kind())

    def end(self, connection: int) -> None:
        """It is gone; what it counted stays."""
        self._read(self._open[connection])
        del self._open[connection]

    def note_sent(self, connection: int, plain_bytes: int, sent_bytes: int) -> None:
        """A frame was put on its way: so long before it was compressed, and so long after."""
        kind = self._kinds[self._open[connection].transport.kind]
        kind.plain_bytes += plain_bytes
        kind.sent_bytes += sent_bytes

    def note_refused(self, connection: int, code: int) -> None:
        """The room closes a connection with `code`, for what came over it."""
        entry = self._open.get(connection)
        if entry is not None:
            self._kinds[entry.transport.kind].refused[code] += 1

    def snapshot(self) -> Snapshot:
        """Numbers by name and kind; durations and queues are of the open transports, the others since the beginning."""
        for entry in self._open.values():
            self._read(entry)
        found: Snapshot = {}
        for name, kind in sorted(self._kinds.items()):
            transports = [each.transport for each in self._open.values() if each.transport.kind == name]
            for key, value in (*_counts(kind), *_gauges(transports), *_ratios(kind)):
                labels = ",".join((f'transport="{name}"', *filter(None, (key[1],))))
                found[f"theta_transport_{key[0]}{{{labels}}}"] = value
        return found

    def _read(self, entry: _Entry) -> None:
        newer = deepcopy(entry.transport.metrics)
        kind = self._kinds[entry.transport.kind]
        kind.counted = total((kind.counted, difference(newer, entry.read)))
        entry.read = newer


_Number = tuple[tuple[str, str], float]


def _counts(kind: _Kind) -> Iterator[_Number]:
    counted = kind.counted
    for direction in ("in", "out"):
        frames, size = getattr(counted, f"lane_frames_{direction}"), getattr(counted, f"lane_bytes_{direction}")
        for lane in Lane:
            labels = f'direction="{direction}",lane="{lane.name.lower()}"'
            yield ("frames_total", labels), frames[lane]
            yield ("bytes_total", labels), size[lane]
        labels = f'direction="{direction}"'
        yield ("packets_total", labels), getattr(counted, f"packets_{direction}")
        yield ("packet_bytes_total", labels), getattr(counted, f"packet_bytes_{direction}")
    yield ("packets_lost_total", ""), counted.packets_lost
    yield ("retransmissions_total", ""), counted.retransmissions
    yield ("datagrams_dropped_total", 'reason="late"'), counted.datagrams_late
    yield ("datagrams_dropped_total", 'reason="overflow"'), counted.datagrams_overflowed
    yield ("oversized_total", ""), counted.oversized + kind.refused[FrameTooLarge.close_code]
    yield ("invalid_total", ""), counted.invalid + kind.refused[ProtocolError.close_code]


def _gauges(transports: list[Transport]) -> Iterator[_Number]:
    measured = total(each.metrics for each in transports)
    yield ("connections", ""), len(transports)
    yield ("queued_bytes", ""), sum(each.queued_bytes for each in transports)
    if measured.rtt_seconds is not None:
        yield ("rtt_seconds", ""), measured.rtt_seconds
    if measured.jitter_seconds is not None:
        yield ("jitter_seconds", ""), measured.jitter_seconds


def _ratios(kind: _Kind) -> Iterator[_Number]:
    loss = kind.counted.loss
    if loss is not None:
        yield ("loss_ratio", ""), loss
    if kind.sent_bytes:
        yield ("compression_ratio", ""), kind.plain_bytes / kind.sent_bytes
