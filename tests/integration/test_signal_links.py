"""Host and guests agree on peer connections over a signalling server, and make them with WebRTC."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract.transport_contract import RELIABLE, soon
from tests.integration.test_signaling import GUEST, HOST, Line
from tests.support.webrtc import LOOPBACK, close_both, quiet
from theta.adapters.signal_client import SignalClient
from theta.adapters.signal_links import SignalAttempt, SignalLinks
from theta.adapters.signal_server import SignalHub
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_signals import Candidate, Description
from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.errors import SignalingFailed
from theta.signaling.ice import IceServerSettings, IceSettings
from theta.signaling.server import SignalSettings
from theta.wire.signal_messages import SignalCandidate, SignalOffer

pytestmark = pytest.mark.integration

ICE = IceSettings((IceServerSettings(("turn:192.0.2.1",), secret="north"),), relay_only=True)


class End:
    """A peer at a signalling server, with its links."""

    def __init__(self, line: Line, *, is_host: bool) -> None:
        self.line = line
        self.client = SignalClient(HOST if is_host else GUEST, line.open)
        self.running: asyncio.Task[None] | None = None
        self.links: SignalLinks

    async def open(self) -> "End":
        await soon(self.client.open())
        self.links = SignalLinks(self.client)
        self.running = asyncio.create_task(self.links.run())
        return self

    @property
    def number(self) -> int:
        assert self.client.participant.welcome is not None
        return self.client.participant.welcome.peer

    async def attempt(self) -> SignalAttempt:
        return await soon(self.links.next_attempt())

    async def close(self) -> None:
        await soon(self.client.close())
        if self.running is not None:
            await soon(self.running)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    """(host, guest)"""
    hub = SignalHub(SignalSettings(ICE))
    host = await End(Line(hub), is_host=True).open()
    guest = await End(Line(hub), is_host=False).open()
    assert await soon(guest.client.wait_for_host()) == host.number
    yield host, guest
    await guest.close()
    await host.close()
    await soon(hub.close())


async def connect(end: End, *, is_room: bool) -> WebRtcTransport:
    """Make what comes a peer connection, and go on to the next attempt when it is overtaken."""
    while True:
        attempt = await end.attempt()
        try:
            transport = await open_webrtc(attempt, is_room=is_room, offers=attempt.offers, settings=LOOPBACK)
        except SignalingFailed:
            continue
        attempt.stand()
        return transport


@pytest.mark.parametrize("who", ["guest", "host", "both"])
async def test_sig_10_a_peer_connection_comes_of_it_whoever_offers(ends: tuple[End, End], who: str) -> None:
    host, guest = ends
    if who != "guest":
        host.links.start(guest.number)
    if who != "host":
        guest.links.start(host.number)
    of_room, of_guest = await soon(asyncio.gather(connect(host, is_room=True), connect(guest, is_room=False)))
    of_guest.send(RELIABLE, b"hello")
    assert await soon(of_room.receive()) == (RELIABLE, b"hello")
    await guest.close()
    of_room.send(RELIABLE, b"without a server")
    assert await soon(of_guest.receive()) == (RELIABLE, b"without a server")
    await close_both((of_room, of_guest))
    await soon(quiet())


async def test_an_attempts_signals_reach_its_other_end(ends: tuple[End, End]) -> None:
    host, guest = ends
    guest.links.start(host.number)
    asking = await guest.attempt()
    assert (asking.peer, asking.number, asking.offers) == (host.number, 2, True)
    await asking.send(Description("offer", "mine"))
    await asking.send(Candidate("candidate:1", "0"))
    answering = await host.attempt()
    assert (answering.peer, answering.offers) == (guest.number, False)
    assert [await soon(answering.receive()) for _ in range(2)] == [
        Description("offer", "mine"),
        Candidate("candidate:1", "0"),
    ]
    await answering.send(Description("answer", "yours"))
    await answering.send(Candidate("", "0"))
    assert [await soon(asking.receive()) for _ in range(2)] == [Description("answer", "yours"), Candidate("", "0")]
    for end in ends:
        assert end.links.relay_only
        assert end.links.ice_servers[0].username.endswith(f":{end.number}")


async def test_sig_12_an_attempt_that_fails_ends_at_both_sides_and_another_may_follow(ends: tuple[End, End]) -> None:
    host, guest = ends
    guest.links.start(host.number)
    asking = await guest.attempt()
    await asking.send(Description("offer", "mine"))
    answering = await host.attempt()
    asking.fail("no network")
    await soon(answering.receive())
    with pytest.raises(SignalingFailed, match="gave up: no network"):
        await soon(answering.receive())
    with pytest.raises(SignalingFailed):
        await answering.send(Candidate("x", "0"))
    assert asking.is_over
    guest.links.start(host.number)
    assert (await guest.attempt()).number == 4


async def test_sig_12_nobody_answers(ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.signaling.negotiation.NEGOTIATION_SECONDS_MAX", 0.05)
    host, guest = ends
    guest.links.start(host.number)
    asking = await guest.attempt()
    await asking.send(Description("offer", "mine"))
    with pytest.raises(SignalingFailed, match="for an answer"):
        await soon(asking.receive())


async def test_sig_11_who_breaks_the_rules_loses_the_attempt(ends: tuple[End, End]) -> None:
    host, guest = ends
    guest.links.start(host.number)
    asking = await guest.attempt()
    host.client.send(SignalCandidate(guest.number, 2, "before the answer", "0"))
    with pytest.raises(SignalingFailed, match="before its description"):
        await soon(asking.receive())
    host.client.send(SignalOffer(guest.number, 5, "sound"))
    assert (await guest.attempt()).number == 5


async def test_sig_5_what_the_server_refuses_ends_the_attempt(ends: tuple[End, End]) -> None:
    host, guest = ends
    guest.links.start(host.number)
    asking = await guest.attempt()
    guest.client.send(SignalOffer(host.number, 2, "a=candidate:1\n" * 65))
    with pytest.raises(SignalingFailed, match="refused a message"):
        await soon(asking.receive())


async def test_the_other_side_leaves(ends: tuple[End, End]) -> None:
    host, guest = ends
    host.links.start(guest.number)
    asking = await host.attempt()
    await asking.send(Description("offer", "mine"))
    answering = await guest.attempt()
    answering.stand()
    await guest.close()
    with pytest.raises(SignalingFailed, match="has left"):
        await soon(asking.receive())
    with pytest.raises(SignalingFailed, match="this side has left"):
        await soon(guest.links.next_attempt())
    assert answering.is_over
    assert await soon(answering.receive()) == Description("offer", "mine")
    assert host.client.participant.others == []


async def test_an_offer_that_nobody_took_up_gives_way_to_the_next(ends: tuple[End, End]) -> None:
    host, guest = ends
    host.client.send(SignalOffer(guest.number, 3, "first"))
    host.client.send(SignalOffer(guest.number, 5, "second"))
    answering = await guest.attempt()
    while answering.number != 5:
        answering = await guest.attempt()
    assert await soon(answering.receive()) == Description("offer", "second")
