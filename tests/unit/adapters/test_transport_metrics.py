"""Counters of transports: differences that wrap, sums over transports, and what /metrics tells of each kind."""

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.adapters.memory_transport import MemoryTransport, memory_pair
from theta.adapters.tcp_way import measure_tcp, write_little_ahead
from theta.adapters.transport_ledger import TransportLedger
from theta.adapters.transport_metrics import TransportMetrics, difference, total
from theta.base.errors import FrameTooLarge
from theta.base.limits import DATAGRAM_BYTES_MAX, U64_MAX
from theta.node.lanes import Lane
from theta.node.telemetry import as_text


@given(st.integers(0, U64_MAX), st.integers(0, U64_MAX))
def test_trn_25_transport_metrics_handle_wrapping_counters(before: int, counted: int) -> None:
    """Whatever was counted in between, once past 2^64 or not, the difference is that."""
    after = (before + counted) % 2**64
    older, newer = TransportMetrics(), TransportMetrics(rtt_seconds=0.25)
    for name in ("datagrams_late", "oversized", "invalid", "packets_in", "packet_bytes_out", "retransmissions"):
        setattr(older, name, before)
        setattr(newer, name, after)
    for lane in Lane:
        older.lane_bytes_in[lane] = older.lane_frames_out[lane] = before
        newer.lane_bytes_in[lane] = newer.lane_frames_out[lane] = after
    found = difference(newer, older)
    assert (found.datagrams_late, found.oversized, found.invalid) == (counted, counted, counted)
    assert (found.packets_in, found.packet_bytes_out, found.retransmissions) == (counted, counted, counted)
    assert found.lane_bytes_in == found.lane_frames_out == [counted] * len(Lane)
    assert found.lane_frames_in == [0] * len(Lane)
    assert found.rtt_seconds == 0.25


def test_trn_25_sums_wrap_as_well_and_what_is_measured_is_a_mean() -> None:
    one = TransportMetrics(packets_out=U64_MAX, packets_lost=1, rtt_seconds=0.1, jitter_seconds=0.02)
    other = TransportMetrics(packets_out=101, packets_lost=3, rtt_seconds=0.3)
    found = total((one, other, TransportMetrics()))
    assert (found.packets_out, found.packets_lost, found.loss) == (100, 4, 0.04)
    assert found.rtt_seconds == pytest.approx(0.2)
    assert found.jitter_seconds == 0.02
    assert total(()) == TransportMetrics()
    assert TransportMetrics().loss is None


class Wrapping(MemoryTransport):
    """A transport whose counters are about to begin again at 0."""

    def begin_near_the_end(self) -> None:
        self._metrics.packets_out = U64_MAX - 1


async def test_trn_25_metrics_are_told_by_kind_and_stay_when_a_transport_ends() -> None:
    ledger = TransportLedger()
    pairs = [memory_pair() for _ in range(2)]
    for number, (room, participant) in enumerate(pairs):
        ledger.begin(number, room)
        room.send(Lane.COMMANDS, b"12345")
        room.send(Lane.DATAGRAM, b"123")
        ledger.note_sent(number, 20, 5)
        participant.send(Lane.BULK, bytes(100))
        assert await participant.receive() == (Lane.DATAGRAM, b"123")
        assert await participant.receive() == (Lane.COMMANDS, b"12345")
        await room.receive()
    with pytest.raises(FrameTooLarge):
        pairs[0][0].send(Lane.DATAGRAM, bytes(DATAGRAM_BYTES_MAX + 1))
    ledger.note_refused(1, 4400)
    await pairs[0][0].close()
    ledger.end(0)
    pairs[1][0].send(Lane.CONTROL, b"queued")
    for _ in range(2):  # reading counts nothing twice
        found = ledger.snapshot()
    assert found['theta_transport_frames_total{transport="memory",direction="out",lane="commands"}'] == 2
    assert found['theta_transport_bytes_total{transport="memory",direction="out",lane="datagram"}'] == 6
    assert found['theta_transport_bytes_total{transport="memory",direction="in",lane="bulk"}'] == 200
    assert found['theta_transport_oversized_total{transport="memory"}'] == 1
    assert found['theta_transport_invalid_total{transport="memory"}'] == 1
    assert found['theta_transport_connections{transport="memory"}'] == 1
    assert found['theta_transport_queued_bytes{transport="memory"}'] == 6
    assert found['theta_transport_compression_ratio{transport="memory"}'] == 4.0
    assert 'theta_transport_rtt_seconds{transport="memory"}' not in found
    assert 'theta_transport_connections{transport="memory"} 1\n' in as_text(found)
    await pairs[1][0].close()


async def test_trn_25_counters_that_begin_again_go_on_in_the_sums() -> None:
    room, participant = Wrapping(lambda: 0.0, 100), MemoryTransport(lambda: 0.0, 100)
    room.link(participant)
    room.begin_near_the_end()
    ledger = TransportLedger()
    ledger.begin(1, room)
    packets = 'theta_transport_packets_total{transport="memory",direction="out"}'
    assert ledger.snapshot()[packets] == U64_MAX - 1
    room.metrics.packets_out = 3
    assert ledger.snapshot()[packets] == 3, "five more"


async def test_trn_25_what_the_system_knows_of_a_tcp_connection() -> None:
    served = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1000))
        await writer.drain()
        await served.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    connection = writer.get_extra_info("socket")
    write_little_ahead(connection)
    writer.write(bytes(1000))
    await reader.readexactly(1000)
    metrics = TransportMetrics()
    measure_tcp(connection, metrics)
    assert metrics.rtt_seconds is not None
    assert 0.0 < metrics.rtt_seconds < 1.0
    assert (metrics.packet_bytes_out, metrics.packet_bytes_in) == (1000, 1000)
    assert metrics.packets_out >= 2
    assert metrics.packets_lost == metrics.retransmissions
    served.set()
    writer.close()
    await writer.wait_closed()
    server.close()
    before = metrics.packets_out
    measure_tcp(connection, metrics)
    measure_tcp(None, metrics)
    assert metrics.packets_out == before, "of what is gone nothing is learnt"


def test_a_system_that_tells_less_is_not_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Older:
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            return struct.pack("=104x")

    metrics = TransportMetrics()
    measure_tcp(Older(), metrics)
    assert metrics == TransportMetrics()
