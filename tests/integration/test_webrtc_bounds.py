"""What a stranger, or a peer that keeps no rule, can do to a WebRTC end: next to nothing (TRN-35, TRN-36)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aioice
import pytest
import uvloop
from aioice.ice import StunProtocol
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, DataChunk, RTCSctpTransport

from tests.contract.transport_contract import DATAGRAM, RELIABLE, end_of, soon
from tests.support.webrtc import (
    LOOPBACK,
    MemorySignals,
    Pair,
    Stranger,
    client_hello,
    close_both,
    host_port,
    quiet,
    signal_pair,
    webrtc_pair,
)
from theta.adapters.webrtc_bounds import BoundedIce
from theta.adapters.webrtc_connecting import open_webrtc
from theta.base.limits import ICE_PACKETS_WAITING_MAX, SCTP_RECEIVE_BYTES_MAX

pytestmark = pytest.mark.integration
NOISE = hashlib.shake_128(b"noise").digest(500)


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every packet that aioice hands to DTLS."""
    seen: list[bytes] = []
    before = aioice.Connection.data_received

    def note(self: aioice.Connection, data: bytes, component: int) -> None:
        seen.append(data)
        before(self, data, component)

    monkeypatch.setattr(aioice.Connection, "data_received", note)
    return seen


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = await soon(webrtc_pair())
    yield pair
    await soon(close_both(pair))


async def offering() -> tuple[asyncio.Task[Any], MemorySignals]:
    """A participant whose offer went out, and the signals of the room that does not answer it."""
    signals = signal_pair()[1]
    connecting = asyncio.create_task(open_webrtc(signals, is_room=False, offers=True, settings=LOOPBACK))
    await signals.other.receive()
    return connecting, signals


async def test_aioice_alone_lets_a_strangers_hello_through(let_in: list[bytes]) -> None:
    """Why there is a guard; where this fails it may go."""
    ice = aioice.Connection(ice_controlling=False)
    _, socket = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: StunProtocol(ice), local_addr=("127.0.0.1", 0)
    )
    port = socket.transport.get_extra_info("sockname")[1]
    socket.local_candidate = aioice.Candidate("1", 1, "udp", 1, "127.0.0.1", port, "host")
    stranger = Stranger(port)
    stranger.send(client_hello())
    await soon(stranger.was_heard())
    assert [packet[0] for packet in let_in] == [22]
    stranger.close()
    await socket.close()


async def stranger_before_checks(let_in: list[bytes]) -> None:
    connecting, signals = await offering()
    stranger = Stranger(host_port(signals.sent[0]))
    stranger.send(client_hello())
    stranger.send(b"\x16")
    stranger.send(b"\x00" * 30)
    await soon(stranger.was_heard())
    assert let_in == []
    stranger.close()
    connecting.cancel()
    await asyncio.wait({connecting})
    await soon(quiet())


async def stranger_while_connected(let_in: list[bytes]) -> None:
    of_room, of_participant = signal_pair()
    ends = await asyncio.gather(
        open_webrtc(of_room, is_room=True, offers=False, settings=LOOPBACK),
        open_webrtc(of_participant, is_room=False, offers=True, settings=LOOPBACK),
    )
    hello = client_hello()
    for signals in (of_room, of_participant):
        stranger = Stranger(host_port(signals.sent[0]))
        stranger.send(hello)
        stranger.send(NOISE)
        await soon(stranger.was_heard())
        stranger.close()
    assert let_in
    assert hello not in let_in
    assert NOISE not in let_in
    ends[0].send(RELIABLE, b"still there")
    assert await soon(ends[1].receive()) == (RELIABLE, b"still there")
    await soon(close_both(ends))


async def test_trn_35_before_any_check_dtls_hears_nobody(let_in: list[bytes]) -> None:
    await stranger_before_checks(let_in)


async def test_trn_35_dtls_hears_only_who_ice_has_checked(let_in: list[bytes]) -> None:
    await stranger_while_connected(let_in)


def test_trn_35_holds_on_uvloop_too(let_in: list[bytes]) -> None:
    uvloop.run(stranger_before_checks(let_in))
    uvloop.run(stranger_while_connected(let_in))


async def test_trn_35_packets_that_nobody_takes_are_bounded(pair: Pair) -> None:
    ice = pair[0]._peer.sctp.transport.transport._connection  # type: ignore[union-attr]
    assert isinstance(ice, BoundedIce)
    for _ in range(2 * ICE_PACKETS_WAITING_MAX):
        ice.data_received(b"\x17 not read while this loop runs", 1)
    assert ice._queue.qsize() == ICE_PACKETS_WAITING_MAX


def fragment(channel: Any, number: int, size: int, flags: int) -> DataChunk:
    """A DATA chunk that comes next on a channel."""
    chunk = DataChunk(flags=flags)
    chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = number, channel, 0, 53
    chunk.user_data = bytes(size)
    return chunk


@pytest.mark.parametrize("size", [1, 1_100])
async def test_trn_36_a_message_without_an_end_is_broken_off(pair: Pair, size: int) -> None:
    room, participant = pair
    sctp = room._peer.sctp
    assert isinstance(sctp, RTCSctpTransport)
    assert sctp._last_received_tsn is not None
    number, sent, flags = sctp._last_received_tsn, 0, SCTP_DATA_FIRST_FRAG
    while room._closed is None:
        number += 1
        sent += size
        await sctp._receive_data_chunk(fragment(RELIABLE.value, number, size, flags))
        flags = 0
        assert sent <= SCTP_RECEIVE_BYTES_MAX + size
    assert (await end_of(room)).close_code == 4400
    assert (await end_of(participant)).close_code == 4400


async def test_trn_30_a_channel_of_another_number_is_refused(pair: Pair) -> None:
    pair[1]._peer.createDataChannel("another")
    for end in pair:
        closed = await end_of(end)
        assert closed.close_code == 4400
        assert "not one of this protocol" in closed.reason


@pytest.mark.parametrize("packet", [b"", b"\x00" * 3, b"\x13\x88\x13\x88" + bytes(8), NOISE[:100]])
async def test_garbage_in_sctp_harms_nothing(pair: Pair, packet: bytes) -> None:
    room, participant = pair
    sctp = participant._peer.sctp
    assert sctp is not None
    await sctp.transport._send_data(packet or b"\x00")
    room.send(DATAGRAM, b"on")
    assert await soon(participant.receive()) == (DATAGRAM, b"on")
    participant.send(RELIABLE, b"and on")
    assert await soon(room.receive()) == (RELIABLE, b"and on")


async def test_trn_36_what_aiortc_trips_over_ends_the_connection(pair: Pair) -> None:
    sctp = pair[1]._peer.sctp
    assert sctp is not None
    await sctp._send(RELIABLE.value, 51, b"\xff no UTF-8")
    for end in pair:
        closed = await end_of(end)
        assert closed.close_code == 4400
        assert "UnicodeDecodeError" in closed.reason
