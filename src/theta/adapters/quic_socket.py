"""UDP sockets that answer from the address they were asked on, read in batches.

A machine has many addresses, and a socket on all of them would answer from the one that the route home prefers, which
QUIC's other side takes for a stranger. So on Linux each packet brings the address that it came to (IP_PKTINFO,
RFC 3542), and the answer leaves from there. Elsewhere a socket on all addresses answers as the system likes.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from theta.base.limits import UDP_BUFFER_BYTES

_PACKETS_PER_TURN = 64
_PAYLOAD_BYTES_MAX = 65_535
_HAS_PACKET_INFO = sys.platform == "linux"
_IP_PKTINFO = 8  # <linux/in.h>; Python 3.11's socket module doesn't name it
_IPV4_INFO = struct.Struct("=I4s4s")  # interface, the address to answer from, the address in the packet
_IPV6_INFO = struct.Struct("=16sI")  # the address in the packet, interface
_ANCILLARY_BYTES = 128


class Endpoint(NamedTuple):
    """The far end of a path, which of our addresses it talks to, and our socket there; begins like a socket address."""

    host: str
    port: int
    flow: int
    scope: int
    ours: bytes
    through: "UdpSocket"


class UdpSocket:
    """A bound UDP socket on the running event loop.

    Args:
        bound: non-blocking, see `open_udp`; closed by `close`.
        on_packet: called with each payload and where it came from.

    Raises:
        NotImplementedError: this event loop cannot watch sockets (Windows' proactor).
    """

    def __init__(self, bound: socket.socket, on_packet: Callable[[bytes, Endpoint, "UdpSocket"], None]) -> None:
        self._socket = bound
        self._on_packet = on_packet
        self._is_ipv6 = bound.family == socket.AF_INET6
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound.fileno(), self._read)

    def send(self, data: bytes, to: Endpoint) -> None:
        """Send a payload; what the system has no room for is lost, as on any network."""
        address = (to.host, to.port, to.flow, to.scope) if self._is_ipv6 else (to.host, to.port)
        with suppress(OSError):
            if to.ours:
                level, kind = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) if self._is_ipv6 else (0, _IP_PKTINFO)
                self._socket.sendmsg((data,), ((level, kind, to.ours),), 0, address)
            else:
                self._socket.sendto(data, address)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_PACKETS_PER_TURN):
            try:
                data, endpoint = self._receive()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an earlier packet found nobody (ICMP)
            self._on_packet(data, endpoint, self)
            if self._socket.fileno() < 0:
                return

    def _receive(self) -> tuple[bytes, Endpoint]:
        if not _HAS_PACKET_INFO:
            data, address = self._socket.recvfrom(_PAYLOAD_BYTES_MAX)
            return data, self._endpoint(address, b"")
        data, ancillary, _, address = self._socket.recvmsg(_PAYLOAD_BYTES_MAX, _ANCILLARY_BYTES)
        return data, self._endpoint(address, _answer_from(ancillary))

    def _endpoint(self, address: tuple[str, int] | tuple[str, int, int, int], ours: bytes) -> Endpoint:
        flow, scope = address[2:] if len(address) == 4 else (0, 0)
        return Endpoint(address[0], address[1], flow, scope, ours, self)


def open_udp(family: int, address: tuple[str, int] | tuple[str, int, int, int]) -> socket.socket:
    """A non-blocking UDP socket on one address of a family, or on all ("0.0.0.0", "::"), as for `socket.bind`.

    Raises:
        OSError: in use, not permitted, or no address of this machine.
    """
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, UDP_BUFFER_BYTES)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if _HAS_PACKET_INFO:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        elif _HAS_PACKET_INFO:
            made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def open_udp_beside(listening: Sequence[socket.socket]) -> list[socket.socket]:
    """UDP sockets on the addresses and ports of these TCP sockets.

    Raises:
        OSError: one of them cannot be had; none is left open.
    """
    with ExitStack() as until_all_are_there:
        made = [until_all_are_there.enter_context(open_udp(each.family, each.getsockname())) for each in listening]
        until_all_are_there.pop_all()
    return made


def _answer_from(ancillary: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The ancillary data that makes an answer leave from where the question came to; empty when unknown."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO) and len(data) == _IPV4_INFO.size:
            _, answer_from, _ = _IPV4_INFO.unpack(data)
            return _IPV4_INFO.pack(0, answer_from, bytes(4))
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) and len(data) == _IPV6_INFO.size:
            answer_from, interface = _IPV6_INFO.unpack(data)
            # Only a link-local address (fe80::/10) means nothing without its interface.
            is_link_local = answer_from[0] == 0xFE and answer_from[1] & 0xC0 == 0x80
            return _IPV6_INFO.pack(answer_from, interface if is_link_local else 0)
    return b""
