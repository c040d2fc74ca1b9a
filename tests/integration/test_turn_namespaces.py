"""Two hosts that can only meet through TURN: network namespaces, and coturn as docs/operating configures it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.transport_contract import soon
from tests.support import namespaces
from tests.support.building import building
from tests.support.coturn import SECRET, TURNSERVER, Coturn
from tests.support.namespaces import ROUTER_ADDRESS, Internet, internet
from tests.support.room_process import RoomProcess
from theta.base.limits import WEBRTC_CONNECT_SECONDS_MAX

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
    pytest.mark.skipif(namespaces.why_not() is not None, reason=str(namespaces.why_not())),
]

THETA = str(Path(sys.executable).parent / "theta")
SIGNAL_PORT = 8443
CUBES_AT_LEAST = 5


@dataclass
class Apart:
    """A room on one host and a way to it for another: signalling and TURN on the router, and nothing else."""

    net: Internet
    folder: Path
    coturn: Coturn
    room: RoomProcess = field(init=False)

    def __post_init__(self) -> None:
        self.room = RoomProcess(self.folder, self.net.hosts[0].within, self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """Trusts the router's certificate, for signalling and for TURN over TLS."""
        return {"SSL_CERT_FILE": str(self.coturn.certificate.certificate)}

    @property
    def signaling(self) -> str:
        """The signalling server's link."""
        return f"https://{ROUTER_ADDRESS}:{SIGNAL_PORT}"

    @asynccontextmanager
    async def signalling(self, url: str) -> AsyncIterator[None]:
        """`theta signal` on the router, which tells of one TURN URL."""
        ice = self.folder / "ice.toml"
        ice.write_text(f'[[ice_servers]]\nurls = ["{url}"]\nsecret = "{SECRET}"\n', encoding="utf-8")
        ice.chmod(0o600)
        pair = self.coturn.certificate
        process = await asyncio.create_subprocess_exec(
            *(*self.net.router.within, THETA, "signal", "--port", str(SIGNAL_PORT), "--ice", str(ice)),
            *("--cert", str(pair.certificate), "--key", str(pair.key)),
            env={**os.environ, "HOME": str(self.folder)},
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await self.net.router.listens(SIGNAL_PORT)
            yield
        finally:
            process.terminate()
            await soon(process.wait())

    def url(self, carrier: str) -> str:
        """TURN over UDP, TCP, or TLS."""
        if carrier == "tls":
            return f"turns:{ROUTER_ADDRESS}:{self.coturn.tls_port}?transport=tcp"
        return f"turn:{ROUTER_ADDRESS}:{self.coturn.port}?transport={carrier}"


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    with internet(2) as net:
        # Both ends borrow an address of the same relay, and it is a special one here.
        allowed = f"allowed-peer-ip={ROUTER_ADDRESS}"
        coturn = Coturn(tmp_path, allowed, address=ROUTER_ADDRESS, within=net.router.within)
        yield Apart(net, tmp_path, coturn)
        await soon(coturn.stop())


@pytest.mark.parametrize("carrier", ["udp", "tcp", "tls"])
async def test_hosts_without_a_way_to_each_other_edit_one_room_through_turn(apart: Apart, carrier: str) -> None:
    here, there = apart.net.hosts
    assert here.reaches(ROUTER_ADDRESS)
    assert there.reaches(ROUTER_ADDRESS)
    assert not there.reaches(here.address)
    dropped = apart.net.dropped_packets
    assert dropped > 0
    await soon(apart.coturn.start())
    async with apart.signalling(apart.url(carrier)):
        await apart.room.start("--signal", apart.signaling)
        how = ("--transport", "webrtc", "--signaling", apart.signaling)
        async with (
            building(apart.folder, apart.room.link, "Ada", "--transport", "websocket", within=here.within) as ada,
            building(
                apart.folder, apart.room.link, "Bo", *how, within=there.within, environment=apart.environment
            ) as bo,
        ):
            for who in (ada, bo):
                await who.begin()
            for who in (ada, bo):
                await who.until_made(CUBES_AT_LEAST)
            built = await ada.stop() + await bo.stop()
            ends = [await who.leave(built) for who in (ada, bo)]
        await apart.room.stop()
    assert [end["transport"] for end in ends] == ["websocket", "webrtc"]
    assert {end["objects"] for end in ends} == {built}
    assert len({end["hash"] for end in ends}) == 1
    assert apart.net.dropped_packets > dropped, "ICE did not even try the direct way"


async def test_with_the_turn_server_stopped_the_error_comes_within_ten_seconds(apart: Apart) -> None:
    there = apart.net.hosts[1]
    await soon(apart.coturn.start())
    await apart.coturn.stop()
    async with apart.signalling(apart.url("udp")):
        await apart.room.start("--signal", apart.signaling)
        how = ("--transport", "webrtc", "--signaling", apart.signaling)
        async with building(
            apart.folder, apart.room.link, "Bo", *how, within=there.within, environment=apart.environment
        ) as bo:
            told = await bo.until("error")
        await apart.room.stop()
    assert told["error"] == "ConnectionFailed"
    assert "IceFailed: no way through to the other side" in told["reason"]
    assert told["seconds"] < WEBRTC_CONNECT_SECONDS_MAX + 0.5
