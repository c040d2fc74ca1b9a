"""Checks of STUN and TURN servers, one by one: is it there, does it take us, what addresses does it give."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from functools import partial
from typing import Any

from aioice import stun, turn
from aiortc.rtcicetransport import parse_stun_turn_uri

from theta.adapters.doctor.findings import Check, Outcome, good, problem
from theta.adapters.webrtc_settings import IceServerAddress

REFUSED_CODES = frozenset((401, 403, 431, 438, 441))
"""Not the right credential (RFC 8489, 14.8; RFC 8656, 18)."""
QUOTA_CODE = 486
_LIFETIME_SECONDS = 60
_REFRESH_SECONDS = 500
_ALLOCATE_SECONDS_MAX = 5.0
"""aioice itself would ask for half a minute."""
_TRIES = 3
_ASK_SECONDS_MAX = 2.0


def ice_checks(servers: Iterable[IceServerAddress]) -> list[Check]:
    """A check for each URL."""
    return [_check_of(server) for server in servers]


def _check_of(server: IceServerAddress) -> Check:
    is_turn = server.url.startswith("turn")
    tried = f"borrow an address from {server.url}" if is_turn else f"ask {server.url} for our address"
    run = partial(_ask_turn, server) if is_turn else partial(_ask_stun, server)
    name = "TURN" if is_turn else "STUN"
    return Check(name, tried, run, f"Start the {name} server, or let this machine reach it.")


async def _ask_stun(server: IceServerAddress) -> Outcome:
    where = parse_stun_turn_uri(server.url)
    family, address = await _resolve(where["host"], where["port"])
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect(address)
        for _ in range(_TRIES):
            request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
            await loop.sock_sendall(asking, bytes(request))
            try:
                async with asyncio.timeout(_ASK_SECONDS_MAX):
                    answer = stun.parse_message(await loop.sock_recv(asking, 2_048))
            except TimeoutError:
                continue
            except ValueError:
                return problem("what answers there is no STUN server", "Correct its address in the list of servers.")
            if answer.transaction_id == request.transaction_id and "XOR-MAPPED-ADDRESS" in answer.attributes:
                host, port = answer.attributes["XOR-MAPPED-ADDRESS"]
                return good(f"candidate srflx: others see us at {host} port {port}")
    return problem("it does not answer", "Start the STUN server, or let UDP to it through the firewall.")


async def _ask_turn(server: IceServerAddress) -> Outcome:
    where = parse_stun_turn_uri(server.url)
    carrier, is_secure = where["transport"], where["scheme"] == "turns"
    try:
        if carrier == "tcp":
            context = ssl.create_default_context() if is_secure else None
            relayed = await _allocate_over_tcp(server, (where["host"], where["port"]), context)
        elif is_secure:
            return problem("TURN over DTLS is not spoken here", "Name it with ?transport=tcp.")
        else:
            relayed = await _allocate_over_udp(server, where["host"], where["port"])
    except stun.TransactionFailed as refused:
        return _refusal(refused)
    except (stun.TransactionTimeout, TimeoutError):
        return problem("it does not answer", f"Start the TURN server, or let {carrier.upper()} to it through.")
    except ssl.SSLCertVerificationError as error:
        return problem(
            f"its certificate is not trusted here: {error.verify_message}",
            "Give the TURN server a certificate for this name from an authority that browsers know.",
        )
    host, port = relayed
    return good(f"credential taken; candidate relay: we can be reached at {host} port {port}")


def _refusal(refused: stun.TransactionFailed) -> Outcome:
    code, reason = refused.response.attributes.get("ERROR-CODE", (0, ""))
    said = f"refused with {code} {reason}".rstrip()
    if code in REFUSED_CODES:
        return problem(
            f"credential {said}",
            "Give the list of servers the secret of the TURN server (static-auth-secret), and set both clocks right.",
        )
    if code == QUOTA_CODE:
        return problem(said, "Its quota is used up: raise user-quota or total-quota, or wait.")
    return problem(said, "Read the TURN server's log.")


async def _allocate_over_udp(server: IceServerAddress, host: str, port: int) -> tuple[str, int]:
    _, address = await _resolve(host, port)
    client = _client_of(turn.TurnClientUdpProtocol, server, address[:2])
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: client, remote_addr=address[:2])
    return await _allocate(client, transport)


async def _allocate_over_tcp(
    server: IceServerAddress, place: tuple[str, int], context: ssl.SSLContext | None
) -> tuple[str, int]:
    client = _client_of(turn.TurnClientTcpProtocol, server, place)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: client, *place, ssl=context)
    return await _allocate(client, transport)


def _client_of(kind: type[Any], server: IceServerAddress, address: tuple[Any, ...]) -> Any:
    return kind(address, server.username, server.credential, _LIFETIME_SECONDS, _REFRESH_SECONDS)


async def _allocate(client: turn.TurnClientMixin, transport: asyncio.BaseTransport) -> tuple[str, int]:
    """The address that the server lends, which is given back at once."""
    try:
        async with asyncio.timeout(_ALLOCATE_SECONDS_MAX):
            relayed = await client.connect()
            await client.delete()
    finally:
        transport.close()
    return relayed


async def _resolve(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), port, type=socket.SOCK_DGRAM)
    # Those who ask aioice go by IPv4 where there is one.
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address
