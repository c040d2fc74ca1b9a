"""Bad input over a real WebSocket: each is shown out with its code, and the room and everybody else go on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from tests.support.participants import PatchPeer
from theta.adapters.client import RoomClient
from theta.adapters.host import machine_clock
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.transport import TransportClosed
from theta.adapters.websocket_transport import connect_websocket
from theta.base.limits import CLIENT_FRAME_BYTES_MAX
from theta.commands.identity import Identity
from theta.commands.packets import encode_body
from theta.wire.codec import decode_from_participant, encode
from theta.wire.messages import CommandEnvelope, SessionHello

pytestmark = pytest.mark.integration

Misdeed = Callable[[PatchPeer], None]


def hello_of(stranger: PatchPeer) -> SessionHello:
    """The hello that it was about to say, which is taken back."""
    queued = stranger.poll_transmit()
    assert queued is not None
    hello = decode_from_participant(queued[1])
    assert isinstance(hello, SessionHello)
    return hello


def garbage(stranger: PatchPeer) -> None:
    hello_of(stranger)
    stranger.throw(b"\xff\x00" * 40)


def truncated(stranger: PatchPeer) -> None:
    stranger.throw(encode(hello_of(stranger))[:-7])


def oversized(stranger: PatchPeer) -> None:
    hello_of(stranger)
    stranger.throw(bytes(CLIENT_FRAME_BYTES_MAX + 1))


def another_protocol(stranger: PatchPeer) -> None:
    stranger.throw(encode(replace(hello_of(stranger), protocol_hash=bytes(16))))


def another_version(stranger: PatchPeer) -> None:
    stranger.throw(encode(replace(hello_of(stranger), protocol_version=99)))


def short_nonce(stranger: PatchPeer) -> None:
    stranger.throw(encode(replace(hello_of(stranger), client_nonce=b"short")))


def body_of(type_id: int) -> bytes:
    payload = msgspec.Raw(msgspec.msgpack.encode([]))
    return encode_body(machine_clock().unix_ms, [CommandEnvelope(1, 1_000, 1, type_id, 1, payload)])


def unknown_type(member: PatchPeer) -> None:
    member.submit(body_of(12345))


def bad_signature(member: PatchPeer) -> None:
    member.submit(body_of(12345), identity=Identity.from_seed(b"\x66" * 32))


AT_THE_DOOR: dict[Misdeed, int] = {
    garbage: 4400,
    truncated: 4400,
    short_nonce: 4400,
    oversized: 4413,
    another_protocol: 4426,
    another_version: 4426,
}
INSIDE: dict[Misdeed, int] = {unknown_type: 4422, bad_signature: 4402}


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    running = Hosted(MemoryLogStore())
    yield running
    await running.close()


@pytest.fixture
async def address(hosted: Hosted) -> AsyncIterator[str]:
    server = TestServer(create_app(hosted.host, HttpSettings()))
    await server.start_server()
    yield str(server.make_url("/ws"))
    await soon(hosted.host.close())
    await server.close()


async def until_shown_out(address: str, stranger: PatchPeer, *, inside: Misdeed | None) -> int:
    """Carry the stranger's frames until the room closes the connection; returns the code."""
    async with aiohttp.ClientSession() as http:
        transport = await soon(connect_websocket(http, address))
        pending = inside
        try:
            while True:
                while (queued := stranger.poll_transmit()) is not None:
                    transport.send(*queued)
                lane, frame = await soon(transport.receive())
                stranger.handle_frame(machine_clock(), lane, frame)
                if pending is not None and stranger.seq:
                    pending(stranger)
                    pending = None
        except TransportClosed as closed:
            return closed.close_code


@pytest.mark.parametrize("misdeed", [*AT_THE_DOOR, *INSIDE], ids=lambda misdeed: misdeed.__name__)
async def test_it_is_shown_out_and_the_others_go_on(
    hosted: Hosted, address: str, tmp_path: Path, misdeed: Misdeed
) -> None:
    invite = hosted.host.room.invite("editor")
    async with AsyncExitStack() as stack:

        async def join(name: str) -> RoomClient:
            room = theta.connect(f"{address}#invite={invite}", name=name, identity=tmp_path / f"{name}.key")
            return await stack.enter_async_context(room)

        ada, bob = await join("Ada"), await join("Bob")
        cube = await ada.create("cube")
        stranger = PatchPeer("Mallory", invite)
        stranger.handle_connected(machine_clock())
        inside = misdeed if misdeed in INSIDE else None
        if inside is None:
            misdeed(stranger)
        code = await until_shown_out(address, stranger, inside=inside)
        assert code == {**AT_THE_DOOR, **INSIDE}[misdeed]
        await cube.paint((1, 0, 0))
        await bob.wait_until(lambda: bob.head_seq == ada.head_seq)
        await bob.create("pyramid")
        await ada.wait_until(lambda: len(ada.entities) == 2)
        assert ada.document_hash == bob.document_hash == hosted.host.room.document_hash.hex()
        assert [person.name for person in hosted.host.room.people] == ["Ada", "Bob"]
