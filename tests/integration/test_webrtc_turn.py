"""WebRTC ends that meet at a TURN server only: coturn, on this machine's loopback address (TRN-40)."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.transport_contract import DATAGRAM, RELIABLE, end_of, soon
from tests.support.webrtc import LOOPBACK, close_both, quiet, signal_pair, webrtc_pair
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_settings import IceServerAddress, WebRtcSettings
from theta.adapters.webrtc_signals import Description, Signal
from theta.base.errors import IceFailed, IceGatheringTimeout
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, WEBRTC_CONNECT_SECONDS_MAX

TURNSERVER = shutil.which("turnserver")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
]


class Coturn:
    """A TURN server of this test's, on a free port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    async def start(self) -> None:
        assert TURNSERVER is not None
        options = f"--listening-port={self.port} --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --realm=theta"
        options += " --lt-cred-mech --user=anna:secret --allow-loopback-peers --no-tls --no-dtls --no-cli"
        self._process = await asyncio.create_subprocess_exec(
            TURNSERVER,
            "-n",
            *options.split(),
            f"--log-file={self._folder / 'turn.log'}",
            f"--pidfile={self._folder / 'turn.pid'}",
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError:
                assert self._process.returncode is None, "turnserver did not start"
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def settings(self, carrier: str = "udp", credential: str = "secret") -> WebRtcSettings:
        """Be reached through it and not otherwise."""
        server = IceServerAddress(f"turn:127.0.0.1:{self.port}?transport={carrier}", "anna", credential)
        return replace(LOOPBACK, ice_servers=(server,), relay_only=True)


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    server = Coturn(tmp_path)
    await soon(server.start())
    yield server
    await server.stop()
    await soon(quiet())


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
async def test_trn_40_a_relay_only_pair_meets_at_the_turn_server(coturn: Coturn, carrier: str) -> None:
    of_room, of_participant = signal_pair()
    settings = coturn.settings(carrier)
    room, participant = await soon(
        asyncio.gather(
            open_webrtc(of_room, is_room=True, offers=False, settings=settings),
            open_webrtc(of_participant, is_room=False, offers=True, settings=settings),
        )
    )
    for signal in of_room.sent + of_participant.sent:
        assert candidate_types(signal) == {"relay"}
    for sender, receiver in ((room, participant), (participant, room)):
        for lane, frame in ((RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX)), (DATAGRAM, b"state")):
            sender.send(lane, frame)
            assert await soon(receiver.receive()) == (lane, frame)
    closing = asyncio.create_task(room.close(4403, "enough"))
    assert (await end_of(participant)).close_code == 4403
    await soon(closing)


def candidate_types(signal: Signal) -> set[str]:
    assert isinstance(signal, Description)
    return {line.split(" typ ")[1].split()[0] for line in signal.sdp.splitlines() if line.startswith("a=candidate:")}


async def test_trn_37_with_the_turn_server_stopped_the_error_comes_within_ten_seconds(coturn: Coturn) -> None:
    await coturn.stop()
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(IceGatheringTimeout):
        await open_webrtc(signal_pair()[1], is_room=False, offers=True, settings=coturn.settings())
    assert loop.time() - started < WEBRTC_CONNECT_SECONDS_MAX


async def test_a_turn_server_that_stops_after_it_was_asked_is_a_way_that_does_not_lead_through(coturn: Coturn) -> None:
    of_room, of_participant = signal_pair()
    settings = replace(coturn.settings(), connect_seconds=3.0)
    connecting = [
        asyncio.create_task(open_webrtc(of_room, is_room=True, offers=False, settings=settings)),
        asyncio.create_task(open_webrtc(of_participant, is_room=False, offers=True, settings=settings)),
    ]
    answer = await soon(of_participant.inbound.get())  # before the participant, who gets it when the server is gone
    await coturn.stop()
    of_participant.inbound.put_nowait(answer)
    errors = await soon(asyncio.gather(*connecting, return_exceptions=True))
    assert [type(error) for error in errors] == [IceFailed, IceFailed]


async def test_a_wrong_credential_is_told_at_once(coturn: Coturn) -> None:
    settings = coturn.settings(credential="wrong")
    with pytest.raises(IceFailed, match="turns us away"):
        await open_webrtc(signal_pair()[1], is_room=False, offers=True, settings=settings)


async def test_the_turn_server_dies_while_a_pair_talks_and_closing_still_ends(coturn: Coturn) -> None:
    pair = await soon(webrtc_pair(coturn.settings()))
    await coturn.stop()
    loop = asyncio.get_running_loop()
    started = loop.time()
    await soon(close_both(pair))
    assert loop.time() - started < 8.0
