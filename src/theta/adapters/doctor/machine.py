"""Checks of this machine alone: whether a room could be opened here, and be reached."""

import asyncio
import ctypes
import socket
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

from theta.adapters.doctor.findings import Check, Outcome, good, problem, warning
from theta.adapters.files import find_running_room
from theta.adapters.lan_addresses import machine_names
from theta.adapters.listening import PortUnavailable, listen
from theta.adapters.quic_socket import open_udp, open_udp_beside
from theta.adapters.tls_certificate import CertificateUnusable, machine_clock, read_own_certificate, tls_folder
from theta.base.limits import DATAGRAM_BYTES_MAX, UDP_BUFFER_BYTES, UDP_PAYLOAD_BYTES

FIRST_YEAR = 2026
"""No clock that is right shows an earlier one to this version of Theta."""
_UNSYNCHRONISED = 5  # TIME_ERROR, <sys/timex.h>
_TIMEX_BYTES = 512
_ADDRESSES_TRIED_MAX = 4
_ECHO_SECONDS_MAX = 2.0


def machine_checks(port: int, folder: Path | None = None) -> list[Check]:
    """All of them.

    Args:
        port: where a room is to be.
        folder: where this machine's certificate is kept; Theta's own by default.
    """
    return [
        Check("clock", "read this machine's clock", _check_clock, "Set the clock, and let the system keep it right."),
        Check("ports", f"listen on port {port}, TCP and UDP", lambda: _check_ports(port), "Choose another port."),
        Check("firewall", "look for a firewall that is on", lambda: _check_firewall(port), ""),
        Check("addresses", "list this machine's addresses", _check_addresses, "Connect this machine to the network."),
        Check("IPv6", "bind a UDP socket to ::1", _check_ipv6, "Turn IPv6 on, or leave it: IPv4 will do."),
        Check(
            "UDP",
            f"send {UDP_PAYLOAD_BYTES} bytes of UDP to each address of this machine",
            _check_udp,
            "Let UDP through in this machine's firewall; without it people come in over WebSocket.",
        ),
        Check("UDP buffers", f"ask for {UDP_BUFFER_BYTES // 1024} KiB of buffer", _check_buffers, ""),
        Check(
            "certificate",
            "read this machine's own certificate",
            lambda: _check_certificate(folder or tls_folder()),
            "Remove the folder: the next `theta serve` makes another.",
        ),
    ]


async def _check_clock() -> Outcome:
    now = machine_clock()
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < FIRST_YEAR:
        return problem(shown, "Set the clock: certificates and invites are refused by a wrong one.")
    is_kept = _is_clock_kept()
    if is_kept is None:
        return good(f"{shown}; whether the system keeps it right cannot be told here")
    if not is_kept:
        return warning(f"{shown}; the system does not keep it right", "Turn on time synchronisation (NTP).")
    return good(f"{shown}, kept right by the system")


def _is_clock_kept() -> bool | None:
    """Whether the kernel says that the clock is synchronised; None where it does not say."""
    if sys.platform != "linux":
        return None
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED


async def _check_ports(port: int) -> Outcome:
    try:
        listening = listen("", port)
    except PortUnavailable as error:
        running = find_running_room(port)
        if running is not None:
            return good(f"port {port} is taken by the room {running.file}, which runs")
        return problem(str(error), "Free the port, or give the room another one with --port.")
    try:
        for each in open_udp_beside(listening):
            each.close()
    except OSError as error:
        return problem(
            f"TCP port {port} is free, UDP port {port} is not: {error.strerror}",
            "Free the UDP port: without it Python peers and pages use WebSocket.",
        )
    finally:
        for each in listening:
            each.close()
    return good(f"port {port} is free, TCP and UDP")


async def _check_firewall(port: int) -> Outcome:
    if sys.platform == "darwin":
        return good("not looked at: macOS asks when a room is opened, and then it has to be allowed")
    if sys.platform == "win32":
        return good("not looked at: Windows asks when a room is opened; allow private networks")
    found = _linux_firewall()
    if found is None:
        return good("none of ufw and firewalld is on; rules made by hand cannot be seen without rights")
    name, command = found
    return warning(f"{name} is on", f"If others can't come in: {command.format(port=port)}")


def _linux_firewall(root: Path = Path("/")) -> tuple[str, str] | None:
    """Name and opening command of a firewall that is on; None when none is."""
    try:
        if "ENABLED=yes" in (root / "etc/ufw/ufw.conf").read_text("utf-8", "replace").splitlines():
            return "ufw", "sudo ufw allow {port}"
    except OSError:
        pass
    if (root / "run/firewalld.pid").exists() or (root / "run/firewalld").is_dir():
        return "firewalld", "sudo firewall-cmd --add-port={port}/tcp --add-port={port}/udp"
    return None


async def _check_addresses() -> Outcome:
    names = machine_names()
    if not names.addresses:
        return warning("none but this machine's own", "Connect it to a network, if others are to come in.")
    return good(f"{', '.join(names.addresses)}; names: {', '.join(names.hosts) or 'none'}")


async def _check_ipv6() -> Outcome:
    if not socket.has_ipv6:
        return good("none: this Python knows IPv4 only")
    try:
        open_udp(socket.AF_INET6, ("::1", 0, 0, 0)).close()
    except OSError as error:
        return good(f"none ({error.strerror}): IPv4 only")
    others = [each for each in machine_names().addresses if ":" in each]
    return good(f"there is, and reachable for others at {', '.join(others)}" if others else "on this machine only")


async def _check_udp() -> Outcome:
    tried = ("127.0.0.1", *machine_names().addresses[:_ADDRESSES_TRIED_MAX])
    for address in tried:
        for size in (UDP_PAYLOAD_BYTES, DATAGRAM_BYTES_MAX):
            if not await _arrives(address, size):
                return problem(
                    f"{size} bytes sent to {address} did not arrive",
                    "Let UDP through in this machine's firewall; without it people come in over WebSocket.",
                )
    return good(f"arrived at {', '.join(tried)}")


async def _arrives(address: str, size: int) -> bool:
    """Whether a packet from this machine to an address of its own arrives."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    loop = asyncio.get_running_loop()
    with closing(open_udp(family, (address, 0))) as there, closing(open_udp(family, (address, 0))) as here:
        here.sendto(bytes(size), there.getsockname())
        try:
            async with asyncio.timeout(_ECHO_SECONDS_MAX):
                return len(await loop.sock_recv(there, 2 * size)) == size
        except TimeoutError:
            return False


async def _check_buffers() -> Outcome:
    with closing(open_udp(socket.AF_INET, ("127.0.0.1", 0))) as made:
        got = [made.getsockopt(socket.SOL_SOCKET, option) for option in (socket.SO_RCVBUF, socket.SO_SNDBUF)]
    # Linux counts its own overhead too, and says twice what was asked for.
    granted = [size // 2 if sys.platform == "linux" else size for size in got]
    shown = f"{granted[0] // 1024} KiB to receive, {granted[1] // 1024} KiB to send"
    if min(granted) >= UDP_BUFFER_BYTES:
        return good(shown)
    if sys.platform != "linux":
        return warning(shown, "Let the system give more to a UDP socket, for rooms with many people.")
    size = UDP_BUFFER_BYTES
    return warning(shown, f"For rooms with many people: sudo sysctl net.core.rmem_max={size} net.core.wmem_max={size}")


async def _check_certificate(folder: Path) -> Outcome:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        return good("none yet: the first `theta serve` makes it")
    now: datetime = machine_clock()
    try:
        found = read_own_certificate(certificate, key, now)
    except CertificateUnusable as error:
        return problem(str(error), f"Remove {folder}: the next `theta serve` makes another.")
    return good(f"for {', '.join(sorted(found.names))}, until {found.expires:%Y-%m-%d}")
