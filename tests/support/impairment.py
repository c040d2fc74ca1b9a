"""A bad network on this machine: UDP and TCP proxies that do to real packets what `theta.sim` does to its frames.

Every decision follows from the seed, and time is the loop's. UDP packets are lost, delayed, overtaken, doubled, damaged
and dropped from a full queue; of TCP, which heals all that itself, the delays remain that its retransmissions cost. In
a blackhole nothing passes: packets are lost, and streams stand still. A change of address gives a UDP peer another
socket towards the room, as a NAT does that forgets; a TCP connection is reset by it.
"""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import NamedTuple

from theta.base.randomness import Randomness
from theta.sim.links import LinkSettings, Pipe, damaged

HOST = "127.0.0.1"
PACKET_BYTES_MAX = 65_535
CHUNK_BYTES = 4_096
CHUNKS_UNDER_WAY_MAX = 256
RETRANSMISSION_SECONDS = 0.2
RETRANSMISSIONS_MAX = 12

Address = tuple[str, int]


class Impairment(NamedTuple):
    """What a line does to packets, and when it does nothing but swallow them: `on_seconds` on, then `off_seconds` off.

    Every `address_seconds` whoever sends has another address. All count from `begins`, seconds after the port opened.
    """

    link: LinkSettings = LinkSettings(delay_seconds=0.0, jitter_seconds=0.0)
    on_seconds: float = math.inf
    off_seconds: float = 0.0
    address_seconds: float = math.inf
    begins: float = 0.0

    def dark_for(self, seconds: float) -> float:
        """For how long nothing passes yet, `seconds` after the port opened; 0.0 when it does."""
        if math.isinf(self.on_seconds):
            return 0.0
        into = (seconds - self.begins) % (self.on_seconds + self.off_seconds)
        return 0.0 if into < self.on_seconds else self.on_seconds + self.off_seconds - into

    def address_at(self, seconds: float) -> int:
        """Which of its addresses a sender has then, from 0."""
        return int((seconds - self.begins) / self.address_seconds)


class Line:
    """One direction of one conversation: what becomes of each packet, by the seed and the time alone."""

    def __init__(self, impairment: Impairment, seed: bytes) -> None:
        self.impairment = impairment
        self._luck = Randomness(seed)
        self._pipe = Pipe("", "")

    def fates(self, now: float, packet: bytes) -> list[tuple[float, bytes]]:
        """When which copies of a packet arrive that is sent `now`: none, one, or two.

        `now` and what is returned are in seconds since the port opened.
        """
        link, luck, pipe = self.impairment.link, self._luck, self._pipe
        if self.impairment.dark_for(now) or pipe.queued_bytes(now, link) + len(packet) > link.queue_bytes:
            return []
        departure = pipe.depart(now, link, len(packet))
        found = []
        for _ in range(2 if luck.fraction() < link.duplication else 1):
            is_damaged = bool(packet) and link.is_damaged(luck)
            arrival = departure + link.travel_seconds(luck)
            if not pipe.is_lost(now, departure, link, luck) and not (is_damaged and link.is_checked):
                found.append((arrival, damaged(packet, luck) if is_damaged else packet))
        return found

    def stream_fate(self, now: float, chunk: bytes) -> tuple[float, bytes]:
        """When a part of a stream arrives, in order, and what has become of it; times as those of `fates`."""
        link, luck, pipe = self.impairment.link, self._luck, self._pipe
        sent = pipe.depart(now, link, len(chunk))
        wait = RETRANSMISSION_SECONDS
        for _ in range(RETRANSMISSIONS_MAX):
            if dark := self.impairment.dark_for(sent):
                sent += dark + wait
            elif pipe.is_lost(now, sent, link, luck) or (link.is_checked and link.is_damaged(luck)):
                sent += wait
                wait *= 2.0
            else:
                break
        is_damaged = not link.is_checked and link.is_damaged(luck)
        arrival = pipe.arrives(0, sent + link.travel_seconds(luck))
        return arrival, damaged(chunk, luck) if is_damaged else chunk


class _Conversation:
    """One UDP peer's: a socket of its own towards the room, another with every other address."""

    def __init__(self, proxy: "ImpairedPort", client: Address, number: int) -> None:
        self._proxy = proxy
        self._client = client
        self._lines = [proxy.line(b"%d up" % number), proxy.line(b"%d down" % number)]
        self._address = proxy.address
        self._socket = self._open()

    def handle_client(self, packet: bytes) -> None:
        """A packet from the peer; with it the room hears of the peer's present address."""
        if self._address != self._proxy.address:
            self._address = self._proxy.address
            self._proxy.address_changes += 1
            self.close()
            self._socket = self._open()
        through = self._socket
        self._proxy.pass_on(self._lines[0], packet, lambda data: _send(through, data))

    def close(self) -> None:
        """Give the address up."""
        self._proxy.loop.remove_reader(self._socket)
        self._socket.close()

    def _open(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.connect(self._proxy.target)
        self._proxy.loop.add_reader(opened, self._handle_room)
        return opened

    def _handle_room(self) -> None:
        # Nobody listens there (ECONNREFUSED), or another reader was faster: a lost packet all the same.
        with suppress(OSError):
            packet = self._socket.recv(PACKET_BYTES_MAX)
            if self._address == self._proxy.address:
                self._proxy.pass_on(self._lines[1], packet, lambda data: self._proxy.answer(data, self._client))


def _send(through: socket.socket, packet: bytes) -> None:
    # The address may have been given up since, and what is full drops what comes.
    if through.fileno() >= 0:
        with suppress(OSError):
            through.send(packet)


class ImpairedPort(asyncio.DatagramProtocol):
    """A port of this machine, for UDP and TCP, behind which another is, and a bad network between them.

    Args:
        target: what is behind it.
        impairment: how bad; see `become`.
        seed: what happens to which packet.
    """

    def __init__(self, target: Address, impairment: Impairment, seed: int) -> None:
        self.target = target
        self.impairment = impairment
        self.passed = 0
        self.swallowed = 0
        self.address_changes = 0
        self.loop = asyncio.get_running_loop()
        self._seed = seed
        self._opened_at = self.loop.time()
        self._lines: list[Line] = []
        self._conversations: dict[Address, _Conversation] = {}
        self._streams: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._reset: asyncio.TimerHandle | None = None
        self._numbers = count()
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """The port's number."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def now(self) -> float:
        """Seconds since it opened."""
        return self.loop.time() - self._opened_at

    def become(self, impairment: Impairment) -> None:
        """Be as bad as this from now on, which is its beginning."""
        self.impairment = impairment._replace(begins=self.now)
        for line in self._lines:
            line.impairment = self.impairment
        self._reset_later()

    def line(self, name: bytes) -> Line:
        """One direction of a conversation."""
        self._lines.append(Line(self.impairment, b"%d %s" % (self._seed, name)))
        return self._lines[-1]

    @property
    def address(self) -> int:
        """Which of its addresses everybody has behind it."""
        return self.impairment.address_at(self.now)

    async def open(self) -> "ImpairedPort":
        """Itself, open."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self._udp, _ = await self.loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, self.port))
        self._reset_later()
        return self

    async def close(self) -> None:
        """Let go of everything."""
        assert self._server is not None
        assert self._udp is not None
        self._server.close()
        self._udp.close()
        for conversation in self._conversations.values():
            conversation.close()
        if self._reset is not None:
            self._reset.cancel()
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        await self._server.wait_closed()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A packet of a peer."""
        conversation = self._conversations.get(addr)
        if conversation is None:
            conversation = self._conversations[addr] = _Conversation(self, addr, next(self._numbers))
        conversation.handle_client(data)

    def pass_on(self, line: Line, packet: bytes, send: Callable[[bytes], None]) -> None:
        """Let a line decide what becomes of a packet."""
        copies = line.fates(self.now, packet)
        self.passed += bool(copies)
        self.swallowed += not copies
        for arrival, copy in copies:
            self.loop.call_at(self._opened_at + arrival, send, copy)

    def answer(self, packet: bytes, client: Address) -> None:
        """Send a peer a packet."""
        if self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(packet, client)

    def _reset_later(self) -> None:
        """Have streams end with the next change of address."""
        if self._reset is not None:
            self._reset.cancel()
        if math.isinf(self.impairment.address_seconds):
            self._reset = None
            return
        next_seconds = self.impairment.begins + (self.address + 1) * self.impairment.address_seconds
        self._reset = self.loop.call_at(self._opened_at + next_seconds, self._reset_streams)

    def _reset_streams(self) -> None:
        for writers in self._streams.values():
            self.address_changes += 1
            for writer in writers:
                writer.transport.abort()
        self._reset_later()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, number = asyncio.current_task(), next(self._numbers)
        assert task is not None
        writers = self._streams[task] = [writer]
        task.add_done_callback(self._streams.pop)
        try:
            behind_reader, behind_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        writers.append(behind_writer)
        ways = [
            asyncio.create_task(self._carry(reader, behind_writer, self.line(b"%d stream up" % number))),
            asyncio.create_task(self._carry(behind_reader, writer, self.line(b"%d stream down" % number))),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for each in writers:
                each.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
        """One way of a stream, until its end; raises OSError when an end was reset."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_UNDER_WAY_MAX)

        async def read() -> None:
            with suppress(OSError):
                while chunk := await reader.read(CHUNK_BYTES):
                    await under_way.put(line.stream_fate(self.now, chunk))
            await under_way.put((self.now, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                arrival, chunk = await under_way.get()
                if not chunk:
                    break
                await asyncio.sleep(arrival - self.now)
                writer.write(chunk)
                await writer.drain()
        finally:
            reading.cancel()
        if (reset := reader.exception()) is not None:
            raise reset
        if not writer.transport.is_closing():
            writer.write_eof()


@asynccontextmanager
async def impaired(target: Address, impairment: Impairment, seed: int) -> AsyncIterator[ImpairedPort]:
    """A port for the length of a test."""
    port = await ImpairedPort(target, impairment, seed).open()
    try:
        yield port
    finally:
        await port.close()
