"""The bad network that other tests go through is as bad as it says, and by its seed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import cast

import pytest

from tests.contract.transport_contract import soon
from tests.support.impairment import HOST, Address, ImpairedPort, Impairment, Line, impaired
from theta.sim.links import LinkSettings

pytestmark = pytest.mark.integration

PLAIN = LinkSettings(delay_seconds=0.0, jitter_seconds=0.0)
BLACKHOLE = Impairment(on_seconds=5.0, off_seconds=2.0)


def packets(count: int, size: int = 100) -> list[bytes]:
    return [number.to_bytes(4, "big") + bytes(size - 4) for number in range(count)]


def fates(
    impairment: Impairment, seed: bytes = b"line", count: int = 4_000, spacing: float = 0.005
) -> list[list[float]]:
    """How long each copy of each packet is on its way."""
    line = Line(impairment, seed)
    sent = [(spacing * number, packet) for number, packet in enumerate(packets(count))]
    return [[arrival - now for arrival, _ in line.fates(now, packet)] for now, packet in sent]


def test_the_same_seed_does_the_same_and_another_something_else() -> None:
    everything = Impairment(
        LinkSettings(0.1, 0.05, 0.3, 0.2, 0.1, 1e6, 0.2, 20_000.0, 0.01), on_seconds=5.0, off_seconds=2.0
    )
    assert fates(everything) == fates(everything) != fates(everything, b"another")


@pytest.mark.parametrize("burst_seconds", [0.0, 0.1])
def test_so_much_is_lost_and_doubled_and_late(burst_seconds: float) -> None:
    found = fates(Impairment(LinkSettings(0.75, 0.05, 0.3, 0.1, 0.2, burst_seconds=burst_seconds)))
    assert sum(not copies for copies in found) / len(found) == pytest.approx(0.26, abs=0.07)
    assert sum(len(copies) == 2 for copies in found) / len(found) == pytest.approx(0.12, abs=0.05)
    arrived = [each for copies in found for each in copies]
    assert min(arrived) >= 0.75
    assert sum(each > 0.8 for each in arrived) / len(arrived) == pytest.approx(0.1, abs=0.04)


def test_losses_come_in_bursts() -> None:
    lost = [not copies for copies in fates(Impairment(PLAIN._replace(loss=0.3, burst_seconds=0.2)), count=20_000)]
    after_a_loss = [after for before, after in pairwise(lost) if before]
    assert sum(after_a_loss) / len(after_a_loss) > 0.7


def test_nothing_passes_in_the_blackhole() -> None:
    found = fates(BLACKHOLE, spacing=0.01, count=2_100)
    passed = [bool(copies) for copies in found]
    assert passed == ([True] * 500 + [False] * 200) * 3


def test_a_thin_line_spaces_packets_and_drops_what_its_queue_has_no_room_for() -> None:
    thin = Impairment(PLAIN._replace(bytes_per_second=14_000.0, queue_bytes=1_000.0))
    found = fates(thin, spacing=0.0, count=50)
    assert [len(copies) for copies in found] == [1] * 7 + [0] * 43
    assert [copies[0] for copies in found[:7]] == pytest.approx([0.01 * place for place in range(1, 8)])


def test_what_is_damaged_is_dropped_or_has_one_other_byte() -> None:
    for is_checked in (True, False):
        line = Line(Impairment(PLAIN._replace(corruption=0.2, is_checked=is_checked)), b"line")
        sent = packets(1_000)
        got = [line.fates(0.0, packet) for packet in sent]
        assert sum(not copies for copies in got) == pytest.approx(200 if is_checked else 0, abs=50)
        differences = [
            sum(one != other for one, other in zip(packet, copies[0][1], strict=True))
            for packet, copies in zip(sent, got, strict=True)
            if copies
        ]
        assert set(differences) == ({0} if is_checked else {0, 1})


def test_a_stream_keeps_its_order_and_loses_nothing_but_time() -> None:
    bad = Impairment(
        LinkSettings(0.1, 0.05, 0.3, 0.2, 0.1, burst_seconds=0.2, corruption=0.1), on_seconds=5.0, off_seconds=2.0
    )
    line = Line(bad, b"stream")
    sent = [(0.01 * number, packet) for number, packet in enumerate(packets(2_000))]
    got = [line.stream_fate(now, chunk) for now, chunk in sent]
    assert [chunk for _, chunk in got] == [chunk for _, chunk in sent]
    arrivals = [arrival for arrival, _ in got]
    assert arrivals == sorted(arrivals)
    delays = [arrival - now for (arrival, _), (now, _) in zip(got, sent, strict=True)]
    assert min(delays) >= 0.1
    assert max(delays) > 2.0, "the blackhole let it through"


class EchoUdp(asyncio.DatagramProtocol):
    """Says what it hears, and remembers from where."""

    def __init__(self) -> None:
        self.heard_from: list[Address] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard_from.append(addr)
        self._transport.sendto(data, addr)


@asynccontextmanager
async def echo_behind(impairment: Impairment, seed: int = 7) -> AsyncIterator[tuple[EchoUdp, ImpairedPort]]:
    """An echo on UDP and TCP, behind a bad network."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(10_000):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, HOST, 0)
    target: Address = (HOST, server.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    transport, echo = await loop.create_datagram_endpoint(EchoUdp, local_addr=target)
    try:
        async with impaired(target, impairment, seed) as port:
            yield echo, port
    finally:
        transport.close()
        server.close()


class Client:
    """A UDP socket that waits for what comes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((HOST, port))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def say(self, packet: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, packet)

    async def hear(self) -> bytes:
        return await soon(asyncio.get_running_loop().sock_recv(self._socket, 2_000))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_packets_pass_both_ways_as_their_lines_have_it() -> None:
    lossy = Impairment(PLAIN._replace(loss=0.4))
    sent = packets(100)
    up, down = Line(lossy, b"7 0 up"), Line(lossy, b"7 0 down")
    there = [packet for packet in sent if up.fates(0.0, packet)]
    back = [packet for packet in there if down.fates(0.0, packet)]
    async with echo_behind(lossy) as (_, port):
        with Client(port.port) as client:
            for number, packet in enumerate(sent, 1):
                await client.say(packet)
                # One at a time, so that they come in order.
                seen = number + sum(each in there for each in sent[:number])
                await until(lambda: port.passed + port.swallowed == seen)  # noqa: B023
            assert [await client.hear() for _ in back] == back
    assert port.swallowed == len(sent) - len(back)


async def test_packets_arrive_when_they_should() -> None:
    async with echo_behind(Impairment(PLAIN._replace(delay_seconds=0.05))) as (_, port):
        with Client(port.port) as client:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await client.say(b"hello")
            assert await client.hear() == b"hello"
            assert loop.time() - began >= 0.1


async def test_nothing_passes_for_two_seconds_after_five() -> None:
    async with echo_behind(BLACKHOLE) as (echo, port):
        with Client(port.port) as client:
            await client.say(b"before")
            assert await client.hear() == b"before"
            port._opened_at -= 5.0
            await client.say(b"in the dark")
            await until(lambda: port.swallowed == 1)
            port._opened_at -= 2.0
            await client.say(b"after")
            assert await client.hear() == b"after"
    assert len(echo.heard_from) == 2


async def test_another_address_is_another_socket_and_the_old_one_hears_nothing() -> None:
    async with echo_behind(Impairment(address_seconds=100.0)) as (echo, port):
        with Client(port.port) as client:
            await client.say(b"from here")
            assert await client.hear() == b"from here"
            port._opened_at -= 100.0
            echo._transport.sendto(b"to the old address", echo.heard_from[0])
            await client.say(b"from there")
            assert await client.hear() == b"from there"
            assert len(set(echo.heard_from)) == 2
            assert port.address_changes == 1
        with Client(port.port) as other:
            await other.say(b"from a third")
            assert await other.hear() == b"from a third"
    assert len(set(echo.heard_from)) == 3


async def test_a_stream_passes_whole_and_its_end_too() -> None:
    bad = Impairment(PLAIN._replace(delay_seconds=0.01, jitter_seconds=0.01, loss=0.05))
    async with echo_behind(bad) as (_, port):
        reader, writer = await asyncio.open_connection(HOST, port.port)
        data = b"".join(packets(1_000))
        writer.write(data)
        writer.write_eof()
        assert await soon(reader.read()) == data
        writer.close()


async def test_a_stream_is_reset_by_another_address() -> None:
    async with echo_behind(Impairment(address_seconds=0.2)) as (_, port):
        reader, writer = await asyncio.open_connection(HOST, port.port)
        writer.write(b"hello")
        assert await soon(reader.readexactly(5)) == b"hello"
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await soon(reader.readexactly(1))
        writer.close()
        assert port.address_changes == 1


async def test_a_port_becomes_worse_and_better() -> None:
    async with echo_behind(Impairment()) as (_, port):
        reader, writer = await asyncio.open_connection(HOST, port.port)
        with Client(port.port) as client:
            port._opened_at -= 1_000.0
            await client.say(b"good")
            assert await client.hear() == b"good"
            port.become(Impairment(PLAIN, on_seconds=5.0, off_seconds=2.0, address_seconds=5.0))
            await client.say(b"good yet")
            assert await client.hear() == b"good yet"
            port._opened_at -= 5.0
            await client.say(b"in the dark")
            await until(lambda: port.swallowed == 1)
            assert port.address_changes == 1
            port.become(Impairment())
            await client.say(b"good again")
            assert await client.hear() == b"good again"
        writer.write(b"and so is this")
        assert await soon(reader.readexactly(14)) == b"and so is this"
        writer.close()


async def test_who_is_not_there_is_not_there_behind_it_either() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        async with impaired(taken.getsockname(), Impairment(), 7) as port:
            reader, writer = await asyncio.open_connection(HOST, port.port)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await soon(reader.readexactly(1))
            writer.close()
            with Client(port.port) as client:
                await client.say(b"anybody?")
                await until(lambda: port.passed == 1)
