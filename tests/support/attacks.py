"""What somebody does to a room who means it ill: crowds that never finish, forged signatures, readers that stop, noise.

Every attack is an async function or context manager on sockets of this process, against a room in another.
"""

import asyncio
import hashlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import NamedTuple

import aiohttp
import msgspec
import psutil

from tests.support.participants import Newcomer
from tests.support.quic import raw_client
from tests.support.webrtc import client_hello
from theta.adapters.client.address import room_address
from theta.adapters.host import machine_clock
from theta.adapters.quic_client import connect_quic
from theta.adapters.quic_configuration import ALPN, ALPN_HTTP, participant_configuration
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.transport import Transport, TransportClosed
from theta.adapters.websocket_transport import connect_websocket
from theta.base.identifiers import MAIN_BRANCH
from theta.commands.packets import encode_body
from theta.commands.records import CHAIN_START
from theta.node.lanes import Lane
from theta.wire.codec import encode
from theta.wire.messages import CommandEnvelope, Ping, SessionProof, SubmitPacket

HOST = "127.0.0.1"
TLS_BEGINNING = bytes.fromhex("160301020001000001fc0303")
HTTP_BEGINNING = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgr"


class Target(NamedTuple):
    """A room: its port, and the invite to it."""

    port: int
    invite: str

    @property
    def websocket_url(self) -> str:
        """Where WebSockets are answered."""
        return f"http://{HOST}:{self.port}/ws"


def target_of(link: str) -> Target:
    """The room that a link leads to."""
    address = room_address(link, None)
    return Target(address.port, link.partition("#invite=")[2])


def first_packet() -> bytes:
    """What a participant says first over QUIC."""
    connection = BoundedConnection(configuration=participant_configuration("localhost", verify=False))
    connection.connect((HOST, 1), now=0.0)
    return connection.datagrams_to_send(now=0.0)[0][0]


# -- slow handshakes ---------------------------------------------------------------------------------------------------

SLOW_KINDS = (
    "tcp, silent",
    "half a request",
    "half a TLS hello",
    "websocket, silent",
    "quic, one packet",
    "quic, no lane",
    "webtransport, no session",
)


@asynccontextmanager
async def slow_handshakes(target: Target, count: int) -> AsyncIterator[Counter[str]]:
    """So many connections, of all kinds in turn, none of which ever gets on; yields how many of each were begun."""
    begun: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack.callback(udp.close)
        for number in range(count):
            kind = SLOW_KINDS[number % len(SLOW_KINDS)]
            with suppress(OSError, aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(5.0):
                    await _begin_slowly(stack, target, kind, http, udp)
                    begun[kind] += 1
        yield begun


async def _begin_slowly(
    stack: AsyncExitStack, target: Target, kind: str, http: aiohttp.ClientSession, udp: socket.socket
) -> None:
    match kind:
        case "tcp, silent" | "half a request" | "half a TLS hello":
            tcp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tcp.setblocking(False)
            await asyncio.get_running_loop().sock_connect(tcp, (HOST, target.port))
            tcp.send({"half a request": HTTP_BEGINNING, "half a TLS hello": TLS_BEGINNING}.get(kind, b""))
        case "websocket, silent":
            websocket = await http.ws_connect(target.websocket_url)
            stack.push_async_callback(websocket.close)
        case "quic, one packet":
            udp.sendto(first_packet(), (HOST, target.port))
        case _:
            spoken = ALPN_HTTP if kind.startswith("webtransport") else ALPN
            client = await raw_client(target.port, alpn_protocols=[spoken])
            stack.callback(client.release)


# -- signatures --------------------------------------------------------------------------------------------------------


class Flood(NamedTuple):
    """What was offered and what became of it: the codes that connections ended with, -1 where there was none."""

    offered: int
    seconds: float
    codes: Counter[int]

    @property
    def per_second(self) -> float:
        """The offered load."""
        return self.offered / self.seconds


async def bad_proofs(target: Target, per_second: float, seconds: float) -> Flood:
    """Handshakes with a proof that nobody signed; the room signs a challenge for each and verifies each proof."""
    return await _flood(target, per_second, seconds, _prove_badly)


async def bad_packets(target: Target, per_second: float, seconds: float) -> Flood:
    """Sessions that stand, by the invite, and then send a packet whose signature is another's."""
    return await _flood(target, per_second, seconds, _submit_badly)


async def _flood(
    target: Target, per_second: float, seconds: float, attempt: Callable[[Transport, Target, str], Awaitable[None]]
) -> Flood:
    loop = asyncio.get_running_loop()
    codes: Counter[int] = Counter()
    running: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def one(name: str) -> None:
            transport = None
            try:
                async with asyncio.timeout(10.0):
                    transport = await connect_websocket(http, target.websocket_url)
                    await attempt(transport, target, name)
            except TransportClosed as end:
                codes[end.close_code] += 1
            except TimeoutError:
                codes[-1] += 1
            finally:
                if transport is not None:
                    await transport.close()

        start, offered = loop.time(), 0
        while (elapsed := loop.time() - start) < seconds:
            while offered < per_second * elapsed:
                task = loop.create_task(one(f"Mallory {offered}"))
                running.add(task)
                task.add_done_callback(running.discard)
                offered += 1
            await asyncio.sleep(0.01)
        taken = loop.time() - start
        await asyncio.gather(*running)
    return Flood(offered, taken, codes)


async def _prove_badly(transport: Transport, target: Target, name: str) -> None:
    mallory = Newcomer(name, target.invite)
    mallory.handle_connected(machine_clock())
    _say_all(mallory, transport)
    while True:
        await transport.receive()
        transport.send(Lane.CONTROL, encode(SessionProof(bytes(64), target.invite)))


async def _submit_badly(transport: Transport, target: Target, name: str) -> None:
    mallory = await joined(transport, target, name)
    payload = msgspec.Raw(msgspec.msgpack.encode([]))
    body = encode_body(machine_clock().unix_ms, [CommandEnvelope(1, 1_000_000, 1, 12_345, 1, payload)])
    transport.send(Lane.COMMANDS, encode(SubmitPacket(1, 0, CHAIN_START, MAIN_BRANCH, bytes(64), body)))
    await _live(mallory, transport)


def _say_all(newcomer: Newcomer, transport: Transport) -> None:
    while (sending := newcomer.poll_transmit()) is not None:
        transport.send(*sending)


async def joined(transport: Transport, target: Target, name: str) -> Newcomer:
    """Somebody whose session stands, and who has read no further."""
    newcomer = Newcomer(name, target.invite)
    newcomer.handle_connected(machine_clock())
    _say_all(newcomer, transport)
    while newcomer.session is None:
        lane, frame = await transport.receive()
        if lane is Lane.CONTROL:  # what overtook the acknowledgement on another is not for somebody who reads no more
            newcomer.handle_frame(machine_clock(), lane, frame)
        _say_all(newcomer, transport)
    return newcomer


async def _live(newcomer: Newcomer, transport: Transport) -> None:
    while True:
        newcomer.handle_frame(machine_clock(), *await transport.receive())
        _say_all(newcomer, transport)


# -- readers that stop -------------------------------------------------------------------------------------------------


class FrozenReader:
    """Joined, and reads nothing any more; a lively one shows signs of life, so that no heartbeat misses it."""

    def __init__(self, transport: Transport, name: str, *, is_lively: bool) -> None:
        self.transport = transport
        self.name = name
        self.is_lively = is_lively
        self._task = asyncio.create_task(self._show_life(), name="frozen reader") if is_lively else None

    async def _show_life(self) -> None:
        number = 0
        with suppress(TransportClosed):
            while True:
                number += 1
                self.transport.send(Lane.CONTROL, encode(Ping(number, 0.0)))
                await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Go."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.transport.close()


@asynccontextmanager
async def frozen_readers(target: Target, count: int) -> AsyncIterator[list[FrozenReader]]:
    """So many, by WebSocket and QUIC in turn, and every second pair of them lively."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        readers = []
        for number in range(count):
            if number % 2:
                transport: Transport = await connect_quic(HOST, target.port, verify=False)
            else:
                transport = await connect_websocket(http, target.websocket_url)
            name = f"frozen {number}"
            await joined(transport, target, name)
            reader = FrozenReader(transport, name, is_lively=number % 4 >= 2)
            stack.push_async_callback(reader.close)
            readers.append(reader)
        yield readers


# -- noise -------------------------------------------------------------------------------------------------------------


class Spoken(NamedTuple):
    """Bytes that went to a port from addresses that proved nothing, and what came back to them."""

    sent_bytes: int
    heard_bytes: int
    packets: int

    @property
    def amplification(self) -> float:
        """Bytes heard for each one sent."""
        return self.heard_bytes / self.sent_bytes


def udp_ports(pid: int) -> list[int]:
    """The UDP ports that a process listens on."""
    found = psutil.Process(pid).net_connections("udp")
    return sorted({each.laddr.port for each in found})


async def speak(port: int, packets: list[bytes], hosts: list[str], listen_seconds: float) -> Spoken:
    """Send every packet from every one of these addresses of the loopback network, and hear what comes back."""
    loop = asyncio.get_running_loop()
    sent = heard = 0
    with_sockets = []
    for host in hosts:
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.setblocking(False)
        each.bind((host, 0))
        with_sockets.append(each)
    try:
        for packet in packets:
            for each in with_sockets:
                with suppress(BlockingIOError):
                    each.sendto(packet, (HOST, port))
                    sent += len(packet)
            await asyncio.sleep(0)
        until = loop.time() + listen_seconds
        while loop.time() < until:
            for each in with_sockets:
                heard += _drain(each)
            await asyncio.sleep(0.05)
    finally:
        for each in with_sockets:
            each.close()
    return Spoken(sent, heard, len(packets) * len(hosts))


def _drain(each: socket.socket) -> int:
    heard = 0
    with suppress(BlockingIOError, ConnectionRefusedError):
        while True:
            heard += len(each.recv(65_535))
    return heard


def garbage(count: int, seed: int = 1) -> list[bytes]:
    """Datagrams of any bytes and any size, and first packets with some of their bytes changed; the same each time."""
    luck = random.Random(seed)
    found = [luck.randbytes(luck.randrange(1, 1_400)) for _ in range(count // 2)]
    good = first_packet()
    for _ in range(count - len(found)):
        bad = bytearray(good)
        for _ in range(luck.randrange(1, 8)):
            bad[luck.randrange(len(bad))] = luck.randrange(256)
        found.append(bytes(bad))
    return found


def dtls_hellos(count: int) -> list[bytes]:
    """First packets of DTLS handshakes."""
    return [client_hello() for _ in range(count)]


STUN_REQUEST = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + hashlib.shake_128(b"transaction").digest(12)
"""A binding request of somebody who was told no password (RFC 8489, 5)."""
