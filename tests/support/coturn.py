"""coturn with the configuration in docs/operating, with credentials made by its secret."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from aioice import turn

from tests.support.certificates import CertificatePair, make_certificate
from tests.tidy import tree
from theta.signaling.ice import TurnCredential

TURNSERVER = shutil.which("turnserver")
CONFIGURATION = tree.ROOT / "docs/operating/turnserver.conf"
SECRET = "the secret of this test"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Coturn:
    """A TURN server with the documented configuration but for its names, ports and log.

    Args:
        folder: for its files.
        more: lines of its configuration.
        address: where it listens and relays.
        within: what begins its command line, such as `ip netns exec NAME`.
    """

    def __init__(self, folder: Path, *more: str, address: str = "127.0.0.1", within: Sequence[str] = ()) -> None:
        self.address = address
        self.port, self.tls_port = free_port(), free_port()
        self.certificate: CertificatePair = make_certificate(folder, "turn", [address])
        self._within = within
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
        own = [f"listening-ip={address}", f"relay-ip={address}", f"pidfile={folder / 'turn.pid'}", "verbose", *more]
        self._configuration.write_text("\n".join([*(changes.get(line, line) for line in lines), *own]) + "\n")
        self._process: asyncio.subprocess.Process | None = None
        self._clients: list[turn.TurnClientMixin] = []

    async def start(self) -> None:
        """Run it, and return once it listens."""
        assert TURNSERVER is not None
        with self.output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._within, TURNSERVER, "-c", str(self._configuration)),
                cwd=self._configuration.parent,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        for port in (self.port, self.tls_port):
            while not await self._listens(port):
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)

    async def _listens(self, port: int) -> bool:
        command = (*self._within, "ss", "-Hltn", f"sport = :{port}")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return bool(said)

    async def stop(self) -> None:
        """Kill it, and give up what was allocated."""
        for client in self._clients:
            if client.relayed_address is not None:
                await client.delete()
            client.transport.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def allocate(self, credential: TurnCredential, carrier: str = "udp") -> turn.TurnClientMixin:
        """Ask for a relayed address."""
        loop, name = asyncio.get_running_loop(), self.address
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
