"""A UDP port on a hostile network: forged senders, crowds of half-open handshakes, and what it answers strangers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from aioquic.quic import events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.contract.transport_contract import soon
from tests.support.certificates import CertificatePair
from tests.support.quic import HOST, Listening, RawQuic, listening, raw_client
from theta.adapters.quic_admission import RETRY_FROM_PER_ADDRESS
from theta.adapters.quic_configuration import participant_configuration
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.tls_certificate import self_signed
from theta.base.limits import HALF_OPEN_PER_ADDRESS_MAX

pytestmark = pytest.mark.integration

AMPLIFICATION_MAX = 3  # RFC 9000, 8.1
INITIAL_BYTES = 1_200
SHORT_SECONDS = 0.1


@pytest.fixture
async def quic(tmp_path: Path) -> AsyncIterator[Listening]:
    room = listening(tmp_path, handshake_seconds=60.0)
    yield room
    await soon(room.close())


def a_long_certificate(folder: Path) -> CertificatePair:
    """One that fills many packets."""
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(f"room-{number}.example") for number in range(500)]
    made = self_signed(key, "a long one", names, datetime.now(UTC), 3)
    pair = CertificatePair(folder / "long.pem", folder / "long.key.pem")
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pair.certificate.write_bytes(made.public_bytes(pem))
    pair.key.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=3)
    assert len(made.public_bytes(serialization.Encoding.DER)) > 2 * AMPLIFICATION_MAX * INITIAL_BYTES
    assert made.fingerprint(hashes.SHA256())
    return pair


def first_packets() -> list[bytes]:
    """What a participant says first, before it has heard anything."""
    connection = BoundedConnection(configuration=participant_configuration("localhost", verify=False))
    connection.connect((HOST, 1), now=0.0)
    return [data for data, _ in connection.datagrams_to_send(now=0.0)]


PROBE_ID = b"probing!"
PROBE = (b"\xc0\x0a\x0a\x0a\x0a\x08" + PROBE_ID + b"\x08" + PROBE_ID).ljust(INITIAL_BYTES, b"\0")
"""Of another version, and so always answered."""


class Stranger:
    """An address that sends and counts, and answers nothing."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((HOST, port))
        self.sent_bytes = 0
        self.heard: list[bytes] = []

    async def send(self, packet: bytes) -> None:
        self.sent_bytes += len(packet)
        await asyncio.get_running_loop().sock_sendall(self._socket, packet)

    async def hear(self) -> bytes:
        """The next answer."""
        self.heard.append(await soon(asyncio.get_running_loop().sock_recv(self._socket, 65_535)))
        return self.heard[-1]

    async def hear_until_probed(self) -> list[bytes]:
        """The answers so far: what comes before the answer to one more packet, which is sent for that."""
        self._socket.send(PROBE)
        before = len(self.heard)
        while PROBE_ID not in await self.hear():
            pass
        return self.heard[before:-1]

    def close(self) -> None:
        self._socket.close()


# -- amplification -----------------------------------------------------------------------------------------------------


async def test_trn_59_an_address_that_was_not_proved_gets_at_most_three_times_what_it_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Listening(a_long_certificate(tmp_path), handshake_seconds=1.0)
    gone = watch_forgetting(room, monkeypatch)
    stranger = Stranger(room.listener.port)
    for packet in first_packets():
        await stranger.send(packet)
    sent = stranger.sent_bytes
    await soon(gone.wait())  # after all that it said again, and its giving up
    heard = sum(map(len, await stranger.hear_until_probed()))
    print(f"{sent} bytes sent, {heard} heard")
    assert (AMPLIFICATION_MAX - 1) * sent < heard <= AMPLIFICATION_MAX * sent
    assert room.listener.connections == 0
    stranger.close()
    await soon(room.close())


def watch_forgetting(room: Listening, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """What is set whenever a room lets go of a connection."""
    gone, really_forget = asyncio.Event(), room.listener._forget

    def forget(transport: QuicTransport) -> None:
        really_forget(transport)
        gone.set()

    monkeypatch.setattr(room.listener, "_forget", forget)
    return gone


class Said(NamedTuple):
    """What somebody says to the port out of the blue."""

    packet: bytes
    is_answered: bool


UNKNOWN_ID = b"\x08unknown!"
OUT_OF_THE_BLUE = {
    "another version": Said((b"\xc0\x0a\x0a\x0a\x0a" + UNKNOWN_ID * 2).ljust(INITIAL_BYTES, b"\0"), True),
    "another version, short": Said(b"\xc0\x0a\x0a\x0a\x0a" + UNKNOWN_ID * 2, False),
    "an unknown connection": Said(b"\x40unknown!" + bytes(1_000), True),
    "an unknown connection, short": Said(b"\x40unknown!" + bytes(8), False),
    "early data": Said((b"\xd0\x00\x00\x00\x01" + UNKNOWN_ID * 2 + b"\x44\x00").ljust(INITIAL_BYTES, b"\1"), False),
    "a handshake packet": Said((b"\xe0\x00\x00\x00\x01" + UNKNOWN_ID * 2 + b"\x44\x00").ljust(1_200, b"\1"), False),
    "a retry": Said((b"\xf0\x00\x00\x00\x01" + UNKNOWN_ID * 2).ljust(INITIAL_BYTES, b"\1"), False),
    "a version negotiation": Said((b"\xc0\x00\x00\x00\x00" + UNKNOWN_ID * 2).ljust(INITIAL_BYTES, b"\1"), False),
    "a small first packet": Said((b"\xc0\x00\x00\x00\x01" + UNKNOWN_ID * 2 + b"\0").ljust(1_199, b"\1"), False),
    "a foreign DTLS hello": Said(bytes.fromhex("16fefd0000000000000000") + bytes(200), False),
    "nothing": Said(b"", False),
}


@pytest.mark.parametrize("what", OUT_OF_THE_BLUE)
async def test_trn_59_what_comes_out_of_the_blue_is_answered_with_less_and_kept_nowhere(
    quic: Listening, what: str
) -> None:
    said = OUT_OF_THE_BLUE[what]
    stranger = Stranger(quic.listener.port)
    await stranger.send(said.packet)
    heard = sum(map(len, await stranger.hear_until_probed()))
    assert (heard > 0) is said.is_answered
    assert heard <= len(said.packet)
    assert quic.listener.connections == 0
    stranger.close()


async def test_trn_59_who_must_prove_an_address_gets_less_than_was_sent_and_leaves_nothing(quic: Listening) -> None:
    crowd = [Stranger(quic.listener.port) for _ in range(RETRY_FROM_PER_ADDRESS + 1)]
    for stranger in crowd:
        [packet] = first_packets()
        await stranger.send(packet)
        retry = await stranger.hear()
    assert retry[0] & 0xF0 == 0xF0, "a Retry packet"
    assert len(retry) < INITIAL_BYTES
    assert quic.listener.half_open == RETRY_FROM_PER_ADDRESS
    for stranger in crowd:
        stranger.close()


async def test_trn_59_a_token_is_good_for_the_address_it_was_sent_to_and_no_other(quic: Listening) -> None:
    held = [await half_open(quic, HOST) for _ in range(RETRY_FROM_PER_ADDRESS)]
    thief = participant_configuration("localhost", verify=False)
    connection = BoundedConnection(configuration=thief)
    connection.connect((HOST, quic.listener.port), now=0.0)
    asking = Stranger(quic.listener.port)
    for data, _ in connection.datagrams_to_send(now=0.0):
        await asking.send(data)
    retry = await asking.hear()
    connection.receive_datagram(retry, (HOST, quic.listener.port), now=0.0)
    [again] = [data for data, _ in connection.datagrams_to_send(now=0.0)]
    elsewhere = Stranger(quic.listener.port)
    before = quic.listener.half_open
    await elsewhere.send(again)
    await elsewhere.hear()
    assert quic.listener.half_open == before, "INVALID_TOKEN"
    await asking.send(again)
    await asking.hear()
    assert quic.listener.half_open == before + 1
    for each in held:
        each.release()
    for stranger in (asking, elsewhere):
        stranger.close()


# -- crowds ------------------------------------------------------------------------------------------------------------


async def half_open(room: Listening, host: str) -> RawQuic:
    """A client at an address that shakes hands and never begins."""
    client = await raw_client(room.listener.port, host=host)
    async with asyncio.timeout(10):
        await client.until_over_or_done()
    return client


async def test_trn_15_one_address_cannot_have_all_the_unfinished_handshakes(quic: Listening) -> None:
    crowd = [await half_open(quic, "127.0.0.2") for _ in range(RETRY_FROM_PER_ADDRESS + HALF_OPEN_PER_ADDRESS_MAX)]
    assert quic.listener.half_open == len(crowd)
    one_more = await half_open(quic, "127.0.0.2")
    assert [type(each) for each in one_more.heard].count(events.HandshakeCompleted) == 0
    assert (await soon(one_more.until(events.ConnectionTerminated))).error_code == 2  # CONNECTION_REFUSED
    elsewhere = await half_open(quic, "127.0.0.3")
    assert quic.listener.half_open == len(crowd) + 1
    for client in (*crowd, one_more, elsewhere):
        client.release()


async def test_trn_59_a_crowd_that_is_gone_leaves_no_memory_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = listening(tmp_path, handshake_seconds=SHORT_SECONDS)
    gone = watch_forgetting(room, monkeypatch)
    for _ in range(20):
        stranger = Stranger(room.listener.port)
        for packet in first_packets():
            await stranger.send(packet)
        stranger.close()
    await gone.wait()
    while room.listener.connections:  # the others are in their closing period (RFC 9000, 10.2)
        gone.clear()
        await soon(gone.wait())
    assert room.listener.half_open == 0
    assert not room.listener._half_open._places
    assert not room.listener._half_open._validated_places
    await soon(room.close())
