"""What a transport counts and measures, and what all transports of a kind come to (TRN-25)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace

from theta.base.limits import U64_MAX
from theta.node.lanes import Lane


def _by_lane() -> list[int]:
    return [0] * len(Lane)


@dataclass(slots=True)
class TransportMetrics:
    """Counters since the transport was made, u64 that begin again at 0; and what its carrier knows of the way.

    Attributes:
        lane_frames_in, lane_frames_out: frames by lane; those that came in count when they are given out.
        lane_bytes_in, lane_bytes_out: their bytes, without the carrier's headers.
        datagrams_late: dropped before they left, because they had waited too long.
        datagrams_overflowed: dropped before they left or before they were read, because too many waited.
        oversized: frames over a limit, of either side's.
        invalid: what came in and broke a rule of the transport's, other than by its size.
        packets_in, packets_out: the carrier's packets, where it knows them.
        packet_bytes_in, packet_bytes_out: their bytes, the carrier's headers with them.
        packets_lost: packets that the carrier sent and took for lost.
        retransmissions: packets or segments that the carrier sent again what was lost in.
        rtt_seconds, jitter_seconds: the carrier's smoothed round-trip time and how it varies; None where it knows none.
    """

    lane_frames_in: list[int] = field(default_factory=_by_lane)
    lane_frames_out: list[int] = field(default_factory=_by_lane)
    lane_bytes_in: list[int] = field(default_factory=_by_lane)
    lane_bytes_out: list[int] = field(default_factory=_by_lane)
    datagrams_late: int = 0
    datagrams_overflowed: int = 0
    oversized: int = 0
    invalid: int = 0
    packets_in: int = 0
    packets_out: int = 0
    packet_bytes_in: int = 0
    packet_bytes_out: int = 0
    packets_lost: int = 0
    retransmissions: int = 0
    rtt_seconds: float | None = None
    jitter_seconds: float | None = None

    def count_in(self, lane: Lane, size: int) -> None:
        """A frame was given out."""
        self.lane_frames_in[lane] += 1
        self.lane_bytes_in[lane] += size

    def count_out(self, lane: Lane, size: int) -> None:
        """A frame left."""
        self.lane_frames_out[lane] += 1
        self.lane_bytes_out[lane] += size

    @property
    def frames_in(self) -> int:
        """Frames that came in, on all lanes."""
        return sum(self.lane_frames_in)

    @property
    def frames_out(self) -> int:
        """Frames that left, on all lanes."""
        return sum(self.lane_frames_out)

    @property
    def bytes_in(self) -> int:
        """Bytes of frames that came in, on all lanes."""
        return sum(self.lane_bytes_in)

    @property
    def bytes_out(self) -> int:
        """Bytes of frames that left, on all lanes."""
        return sum(self.lane_bytes_out)

    @property
    def datagrams_dropped(self) -> int:
        """Datagrams that this side dropped, for whatever reason."""
        return self.datagrams_late + self.datagrams_overflowed

    @property
    def loss(self) -> float | None:
        """The share of the carrier's packets that were lost; None where it counts none."""
        return self.packets_lost / self.packets_out if self.packets_out else None


_BY_LANE = ("lane_frames_in", "lane_frames_out", "lane_bytes_in", "lane_bytes_out")
_MEASURED = ("rtt_seconds", "jitter_seconds")
_COUNTED = tuple(each.name for each in fields(TransportMetrics) if each.name not in (*_BY_LANE, *_MEASURED))


def difference(newer: TransportMetrics, older: TransportMetrics) -> TransportMetrics:
    """What was counted between two readings of the same counters, which may have begun again at 0 once in between.

    What is measured is as it is in `newer`.
    """
    return _combined(newer, older, lambda one, other: (one - other) & U64_MAX)


def total(readings: Iterable[TransportMetrics]) -> TransportMetrics:
    """What several transports counted together; round-trip time and jitter are the mean of those that know theirs."""
    found = TransportMetrics()
    measured: dict[str, list[float]] = {name: [] for name in _MEASURED}
    for reading in readings:
        found = _combined(reading, found, lambda one, other: (one + other) & U64_MAX)
        for name, values in measured.items():
            value = getattr(reading, name)
            if value is not None:
                values.append(value)
    for name, values in measured.items():
        setattr(found, name, sum(values) / len(values) if values else None)
    return found


def _combined(one: TransportMetrics, other: TransportMetrics, combine: Callable[[int, int], int]) -> TransportMetrics:
    found = replace(one)
    for name in _COUNTED:
        setattr(found, name, combine(getattr(one, name), getattr(other, name)))
    for name in _BY_LANE:
        setattr(found, name, [combine(*pair) for pair in zip(getattr(one, name), getattr(other, name), strict=True)])
    return found
