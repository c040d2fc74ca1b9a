"""coturn with the configuration in docs/operating: it takes our credentials, and relays to nobody it should not."""

import asyncio
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioice import turn
from aioice.stun import TransactionFailed

from tests.contract.transport_contract import soon
from tests.support.certificates import CertificatePair, make_certificate
from tests.tidy import tree
from theta.signaling.ice import TurnCredential, turn_credential

TURNSERVER = shutil.which("turnserver")
CONFIGURATION = tree.ROOT / "docs/operating/turnserver.conf"
SECRET = "the secret of this test"
USER_QUOTA = 8

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Coturn:
    """A TURN server on loopback, with the documented configuration but for its names, ports and log."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self.certificate: CertificatePair = make_certificate(folder)
        self.log, self.output = folder / "turn.log", folder / "turn.output"
        self._configuration = folder / "turnserver.conf"
        changes = {
            "listening-port=3478": f"listening-port={self.port}",
            "tls-listening-port=443": f"tls-listening-port={self.tls_port}",
            "cert=/etc/coturn/TURN.EXAMPLE.ORG.pem": f"cert={self.certificate.certificate}",
            "pkey=/etc/coturn/TURN.EXAMPLE.ORG.key": f"pkey={self.certificate.key}",
            "static-auth-secret=SECRET": f"static-auth-secret={SECRET}",
            "syslog": f"log-file={self.log}",
        }
        lines = CONFIGURATION.read_text(encoding="utf-8").splitlines()
        assert set(changes) <= set(lines)
        own = ["listening-ip=127.0.0.1", "relay-ip=127.0.0.1", f"pidfile={folder / 'turn.pid'}", "verbose", *more]
        self._configuration.write_text("\n".join([*(changes.get(line, line) for line in lines), *own]) + "\n")
        self._process: asyncio.subprocess.Process | None = None
        self._clients: list[turn.TurnClientMixin] = []

    async def start(self) -> None:
        assert TURNSERVER is not None
        with self.output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                TURNSERVER,
                "-c",
                str(self._configuration),
                cwd=self._configuration.parent,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        for port in (self.port, self.tls_port):
            while not await self._listens(port):
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)

    async def _listens(self, port: int) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def stop(self) -> None:
        for client in self._clients:
            if client.relayed_address is not None:
                await client.delete()
            client.transport.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def allocate(self, credential: TurnCredential, carrier: str = "udp") -> turn.TurnClientMixin:
        """Ask for a relayed address."""
        loop, name = asyncio.get_running_loop(), "127.0.0.1"
        context = ssl.create_default_context(cafile=str(self.certificate.certificate)) if carrier == "tls" else None
        server = (name, self.tls_port if context else self.port)
        settings = (server, credential.username, credential.credential, 600, 500)
        client: turn.TurnClientMixin
        if carrier == "udp":
            _, client = await loop.create_datagram_endpoint(
                lambda: turn.TurnClientUdpProtocol(*settings), remote_addr=server
            )
        else:
            _, client = await loop.create_connection(
                lambda: turn.TurnClientTcpProtocol(*settings), *server, ssl=context
            )
        self._clients.append(client)
        await client.connect()
        return client


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    server = Coturn(tmp_path)
    await soon(server.start())
    yield server
    await soon(server.stop())


def credential(secret: str = SECRET, seconds: int = 600, peer: int = 7) -> TurnCredential:
    return turn_credential(secret, peer, int(time.time()) + seconds)


def code_of(failed: pytest.ExceptionInfo[TransactionFailed]) -> int:
    return int(failed.value.response.attributes["ERROR-CODE"][0])


@pytest.mark.parametrize("carrier", ["udp", "tcp", "tls"])
async def test_sig_13_coturn_takes_our_credentials(coturn: Coturn, carrier: str) -> None:
    client = await soon(coturn.allocate(credential(), carrier))
    assert client.relayed_address is not None
    host, port = client.relayed_address
    assert host == "127.0.0.1"
    assert 49160 <= port <= 50159


@pytest.mark.parametrize(
    "wrong",
    [
        credential(seconds=-5),
        credential(secret="another secret"),
        credential()._replace(credential=credential(peer=8).credential),
        credential()._replace(username="4102444800:7"),
        TurnCredential("anna", "word"),
    ],
    ids=["over", "another secret", "another peer's", "a later end", "no credential of ours"],
)
async def test_sig_13_coturn_takes_no_others(coturn: Coturn, wrong: TurnCredential) -> None:
    with pytest.raises(TransactionFailed) as failed:
        await soon(coturn.allocate(wrong))
    assert code_of(failed) == 401


async def test_the_configuration_denies_private_addresses_and_no_public_one(coturn: Coturn) -> None:
    client = await soon(coturn.allocate(credential()))
    private = "127.0.0.1 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.2.1 0.0.0.0"
    for number, address in enumerate(private.split()):
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4000 + number, (address, 9)))
        assert code_of(failed) == 403, address
    for address in ("::1", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1"):
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4090, (address, 9)))
        assert code_of(failed) in (403, 443), "forbidden, or not of the family that was asked for"
    for number, address in enumerate(("1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.254")):
        await soon(client.channel_bind(0x4100 + number, (address, 9)))


async def test_the_configuration_sets_quotas_and_nothing_in_it_is_unknown(coturn: Coturn) -> None:
    for _ in range(USER_QUOTA):
        await soon(coturn.allocate(credential()))
    with pytest.raises(TransactionFailed) as failed:
        await soon(coturn.allocate(credential(seconds=700)))
    assert code_of(failed) == 486, "a later end does not make another user"
    await soon(coturn.allocate(credential(peer=8)))
    said = coturn.output.read_text(errors="replace") + coturn.log.read_text(errors="replace")
    assert "Relay address to use" in said
    assert "Bad configuration" not in said


async def test_one_private_address_can_be_allowed(tmp_path: Path) -> None:
    """As the relay's own, at which two peers that both use it meet."""
    assert "# allowed-peer-ip=RELAY_ADDRESS" in CONFIGURATION.read_text(encoding="utf-8")
    server = Coturn(tmp_path, "allowed-peer-ip=10.1.2.3")
    try:
        await soon(server.start())
        client = await soon(server.allocate(credential()))
        await soon(client.channel_bind(0x4000, ("10.1.2.3", 9)))
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4001, ("10.1.2.4", 9)))
        assert code_of(failed) == 403
    finally:
        await soon(server.stop())
