"""Listening sockets, made before anything else so that a port in use is known at once."""

import errno
import socket
import sys
from collections.abc import Sequence

from theta.adapters.lan_addresses import is_loopback
from theta.adapters.quic_socket import open_udp_beside
from theta.base.errors import InvalidValue, UsageError

BACKLOG = 128
_FREE_PORT_TRIES = 8
_NO_ADDRESS = "{} is no address of this machine: try `--host localhost`, or `--host 0.0.0.0` for all of them"


class PortUnavailable(UsageError):
    """The address or port cannot be listened on; says what to do."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of `host`, all on one port. "" means every address.

    When `port` is 0 it is one that is free, on the UDP side too, where QUIC goes.

    Raises:
        PortUnavailable: in use, not permitted, or `host` is no address of this machine.
        InvalidValue: `port` is no port.
    """
    if not 0 <= port < 65_536:
        raise InvalidValue("port", port, "between 0 and 65535")
    tries = 1 if port else _FREE_PORT_TRIES
    while True:
        try:
            return _listen_on_all(host, port)
        except ValueError as error:  # no name at all: UnicodeError by IDNA, or a NUL
            raise PortUnavailable(_NO_ADDRESS.format(host)) from error
        except OSError as error:
            tries -= 1
            # What is free on the first address may be taken on the second.
            if tries == 0 or error.errno != errno.EADDRINUSE:
                raise PortUnavailable(_in_words(host, port, error)) from error


def _listen_on_all(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            chosen = sockets[0].getsockname()[1] if sockets else port
            listening = _listen_on(family, address, chosen, optional=bool(sockets))
            if listening is not None:
                sockets.append(listening)
        if port == 0:
            _check_udp_side(sockets)
    except OSError:
        for each in sockets:
            each.close()
        raise
    return sockets


def _check_udp_side(sockets: Sequence[socket.socket]) -> None:
    """Raise when a UDP port of the same number is in use; any other trouble with UDP is for QUIC to tell."""
    try:
        beside = open_udp_beside(sockets)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        return
    for each in beside:
        each.close()


def url_of(host: str, sockets: Sequence[socket.socket]) -> str:
    """The URL to open on this machine: `http://localhost:8080`, or HTTPS when it listens elsewhere only."""
    address, port = sockets[0].getsockname()[:2]
    name = "localhost" if host in ("", "0.0.0.0", "::") else host.strip("[]")
    scheme = "http" if name == "localhost" or is_loopback(address) else "https"
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses behind a name, IPv4 first, each once."""
    found = socket.getaddrinfo(host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = {(family, str(address[0])) for family, _, _, _, address in found}
    if host.strip("[]") == "localhost":
        # Browsers take it for both, whatever the system says (RFC 6761, 6.3), and try WebTransport on the second alone.
        addresses |= {(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")}
    return sorted(addresses, key=lambda each: (each[0] != socket.AF_INET, each[1]))


def _listen_on(family: socket.AddressFamily, address: str, port: int, *, optional: bool) -> socket.socket | None:
    """A listening socket, or None when this machine has no such address and another one will do."""
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if optional:
            return None
        raise
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        if optional and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return listening


def _in_words(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        another = port + 1 if port < 65_535 else 8_081
        return f"port {port} is in use: stop what listens there, or choose another with `--port {another}`"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} needs rights that you don't have: choose one above 1023, such as `--port 8080`"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return _NO_ADDRESS.format(host)
    return f"cannot listen on {host} port {port}: {error.strerror}"
