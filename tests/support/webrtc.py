"""Pairs of WebRTC ends on this machine's loopback address, with signalling in memory."""

import asyncio
import re
import socket
from contextlib import suppress

from aioice import stun
from OpenSSL import SSL

from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_settings import WebRtcSettings
from theta.adapters.webrtc_signals import Description, Signal
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import SignalingFailed

LOOPBACK = WebRtcSettings(addresses=("127.0.0.1",))

Pair = tuple[WebRtcTransport, WebRtcTransport]


class MemorySignals:
    """One end of signalling; make both with `signal_pair`."""

    def __init__(self) -> None:
        self.inbound: asyncio.Queue[Signal | None] = asyncio.Queue()
        self.sent: list[Signal] = []
        self.other: MemorySignals

    async def send(self, signal: Signal) -> None:
        self.sent.append(signal)
        self.other.inbound.put_nowait(signal)

    async def receive(self) -> Signal:
        signal = await self.inbound.get()
        if signal is None:
            raise SignalingFailed("the signalling server went away")
        return signal

    def break_off(self) -> None:
        """Whoever receives here hears that signalling is over."""
        self.inbound.put_nowait(None)


def signal_pair() -> tuple[MemorySignals, MemorySignals]:
    """Both ends of one attempt."""
    one, other = MemorySignals(), MemorySignals()
    one.other, other.other = other, one
    return one, other


async def webrtc_pair(settings: WebRtcSettings = LOOPBACK, room_settings: WebRtcSettings | None = None) -> Pair:
    """(the room's end, a participant's): the participant offers."""
    of_room, of_participant = signal_pair()
    room, participant = await asyncio.gather(
        open_webrtc(of_room, is_room=True, offers=False, settings=room_settings or settings),
        open_webrtc(of_participant, is_room=False, offers=True, settings=settings),
    )
    return room, participant


async def close_both(pair: Pair) -> None:
    """Let go of both ends, in whichever state they are."""
    await asyncio.gather(*(end.close() for end in pair))


async def quiet() -> None:
    """Return once no task of a WebRTC connection runs any more."""
    while names := {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("theta webrtc")}:
        assert names
        await asyncio.sleep(0.01)


class Stranger:
    """A UDP socket that is no end of the connection it talks to."""

    def __init__(self, port: int) -> None:
        self._place = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)

    def send(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._place)

    async def answer(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, 2_000)

    async def was_heard(self) -> None:
        """Return once everything that was sent has been looked at: the packet after it was answered."""
        self.send(bytes(stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)))
        answer = stun.parse_message(await self.answer())
        assert answer.message_class is stun.Class.ERROR

    def close(self) -> None:
        self._socket.close()


def client_hello() -> bytes:
    """The first packet of a DTLS handshake that OpenSSL makes."""
    client = SSL.Connection(SSL.Context(SSL.DTLS_METHOD), None)
    client.set_connect_state()
    with suppress(SSL.WantReadError):
        client.do_handshake()
    hello = client.bio_read(2_000)
    assert hello[0] == 22
    assert hello[13] == 1
    return hello


def host_port(description: Signal) -> int:
    """The port of the first candidate in a description."""
    assert isinstance(description, Description)
    found = re.search(r"^a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host", description.sdp, re.MULTILINE)
    assert found is not None
    return int(found[1])
