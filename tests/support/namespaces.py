"""Hosts of their own on this machine: network namespaces, joined by veth pairs to a router that is one as well.

The router has an address that everybody reaches, and passes nothing on between the others: what one host sends another
is dropped by its firewall (nftables), without a word. So two hosts can only meet at a server on the router.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ROUTER_ADDRESS = "203.0.113.1"
"""The router's, which every host has a way to (TEST-NET-3, RFC 5737)."""
FIREWALL = """
table inet between {
    counter dropped {}
    chain forward { type filter hook forward priority 0; policy drop; counter name "dropped"; }
}
"""
KNOCK = """
import errno, socket, sys
with socket.socket() as knocking:
    knocking.settimeout(1.0)
    print(knocking.connect_ex((sys.argv[1], 9)) == errno.ECONNREFUSED)
"""

_numbers = itertools.count()


def why_not() -> str | None:
    """Why namespaces cannot be had here; None when they can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: apt install {package})"
    probe = f"theta-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode:
        return f"network namespaces cannot be made here: {made.stderr.strip()}"
    told = subprocess.run(["ip", "netns", "exec", probe, "nft", "list", "ruleset"], capture_output=True, text=True)
    _run("ip", "netns", "delete", probe)
    return None if told.returncode == 0 else f"nftables do not work here: {told.stderr.strip()}"


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, input=text)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


class Namespace:
    """A host."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        _run("ip", "netns", "add", name)
        self.run("ip", "link", "set", "lo", "up")

    @property
    def within(self) -> tuple[str, ...]:
        """What begins the command line of a program that is to run on it."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *command: str, text: str | None = None) -> str:
        """Run a program on it to its end, and give what it prints."""
        return _run(*self.within, *command, text=text)

    def reaches(self, address: str) -> bool:
        """Whether a host answers within a second: that nobody is there at port 9 is an answer too."""
        return self.run(sys.executable, "-c", KNOCK, address).strip() == "True"

    async def listens(self, port: int) -> None:
        """Return once something on it accepts connections at a TCP port."""
        async with asyncio.timeout(20):
            while not self.run("ss", "-Hltn", f"sport = :{port}"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def remove(self) -> None:
        """Take it off this machine, with its ends of the lines."""
        _run("ip", "netns", "delete", self.name)


class Internet:
    """A router and some hosts around it, none of which reaches another."""

    def __init__(self, hosts: int) -> None:
        prefix = f"theta-{os.getpid()}-{next(_numbers)}"
        self.router = Namespace(f"{prefix}-router", ROUTER_ADDRESS)
        self.hosts: list[Namespace] = []
        try:
            self.router.run("ip", "address", "add", f"{ROUTER_ADDRESS}/32", "dev", "lo")
            self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            self.router.run("nft", "-f", "-", text=FIREWALL)
            for number in range(hosts):
                self._add(f"{prefix}-host{number}", number)
        except BaseException:
            self.remove()
            raise

    @property
    def dropped_packets(self) -> int:
        """How many packets of one host's to another the firewall has dropped."""
        words = self.router.run("nft", "list", "counter", "inet", "between", "dropped").split()
        return int(words[words.index("packets") + 1])

    def remove(self) -> None:
        """Take everything off this machine."""
        for namespace in (*self.hosts, self.router):
            namespace.remove()

    def _add(self, name: str, number: int) -> None:
        """One more host, on a net of its own: 10.77.N.2, and the router is 10.77.N.1."""
        host, line = Namespace(name, f"10.77.{number}.2"), f"to-host{number}"
        self.hosts.append(host)
        _run(
            "ip", "link", "add", line, "netns", self.router.name, "type", "veth", "peer", "name", "eth0", "netns", name
        )
        for namespace, device, address in ((self.router, line, f"10.77.{number}.1"), (host, "eth0", host.address)):
            namespace.run("ip", "address", "add", f"{address}/24", "dev", device)
            namespace.run("ip", "link", "set", device, "up")
        host.run("ip", "route", "add", "default", "via", f"10.77.{number}.1")


@contextmanager
def internet(hosts: int) -> Iterator[Internet]:
    """One for the length of a test."""
    made = Internet(hosts)
    try:
        yield made
    finally:
        made.remove()
