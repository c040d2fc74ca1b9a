"""The signalling server over real WebSockets: many peers at once, deadlines, origins, lost connections."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.transport_contract import end_of, soon
from theta.adapters import signal_client
from theta.adapters.host import machine_clock
from theta.adapters.memory_transport import MemoryTransport, memory_pair
from theta.adapters.signal_client import SignalClient, over_websocket, signal_url
from theta.adapters.signal_server import SIGNAL_LANE, SIGNAL_PATH, SignalHub, add_signaling
from theta.adapters.transport import CLOSE_GOING_AWAY, TransportClosed
from theta.adapters.websocket_transport import connect_websocket
from theta.base.errors import InvalidValue, SignalingFailed
from theta.base.limits import SIGNAL_CONNECTIONS_PER_ADDRESS_MAX, SIGNAL_MESSAGE_BYTES_MAX, SIGNALING_SECONDS_MAX
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.lanes import Lane
from theta.signaling.participant import SignalParticipant, SignalTerms, host_terms
from theta.signaling.server import SignalSettings
from theta.wire.signal_messages import (
    SignalAnswer,
    SignalCandidate,
    SignalOffer,
    SignalPeerJoined,
    SignalPeerLeft,
    SignalRefused,
    SignalWelcome,
)

pytestmark = pytest.mark.integration

ROOM_KEY = Identity.from_seed(b"r" * 32)
HOST = host_terms(ROOM_KEY)
GUEST = SignalTerms(HOST.room)
PEERS = 50


@asynccontextmanager
async def served(hub: SignalHub, origins: frozenset[str] = frozenset()) -> AsyncIterator[TestServer]:
    app = web.Application()
    add_signaling(app, hub, origins)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
def hub() -> SignalHub:
    return SignalHub(SignalSettings())


@pytest.fixture
async def server(hub: SignalHub) -> AsyncIterator[TestServer]:
    async with served(hub) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


def client(http: aiohttp.ClientSession, server: TestServer, terms: SignalTerms = GUEST) -> SignalClient:
    return SignalClient(terms, over_websocket(http, str(server.make_url("/"))), randomness=Randomness(b"client"))


async def test_signaling_handles_concurrent_peers(
    hub: SignalHub, server: TestServer, http: aiohttp.ClientSession
) -> None:
    """50 guests at once, over WebSockets of their own, each offer and trickle; each gets the answer that is its own."""
    host = client(http, server, HOST)
    await soon(host.open())
    guests = [client(http, server) for _ in range(PEERS)]
    welcomes = await soon(asyncio.gather(*(guest.open() for guest in guests)))
    assert len({welcome.peer for welcome in welcomes}) == PEERS

    async def call(guest: SignalClient) -> list[str]:
        number = await guest.wait_for_host()
        own = guest.participant.welcome
        assert own is not None
        guest.send(SignalOffer(number, 2, f"offer of {own.peer}"))
        for at in range(8):
            guest.send(SignalCandidate(number, 2, f"candidate:{at}", "0"))
        heard: list[str] = []
        while len(heard) < 9:
            event = await guest.receive()
            if isinstance(event, SignalAnswer):
                heard.append(event.sdp)
            elif isinstance(event, SignalCandidate):
                heard.append(event.candidate)
            assert not isinstance(event, SignalRefused)
        return heard

    async def answer() -> dict[int, list[str]]:
        heard: dict[int, list[str]] = {}
        while len(heard) < PEERS or any(len(each) < 9 for each in heard.values()):
            event = await host.receive()
            if isinstance(event, SignalOffer):
                heard[event.peer] = [event.sdp]
                host.send(SignalAnswer(event.peer, 2, f"answer to {event.peer}"))
            elif isinstance(event, SignalCandidate):
                heard[event.peer].append(event.candidate)
                host.send(SignalCandidate(event.peer, 2, f"{event.candidate} for {event.peer}", "0"))
        return heard

    at_host, *at_guests = await soon(asyncio.gather(answer(), *(call(guest) for guest in guests)))
    assert isinstance(at_host, dict)
    trickled = [f"candidate:{at}" for at in range(8)]
    for welcome, heard in zip(welcomes, at_guests, strict=True):
        assert at_host[welcome.peer] == [f"offer of {welcome.peer}", *trickled]
        assert heard == [f"answer to {welcome.peer}", *(f"{each} for {welcome.peer}" for each in trickled)]
    assert hub.server.counts["relayed"] == 2 * 9 * PEERS
    assert hub.server.connections == PEERS + 1
    await soon(asyncio.gather(*(each.close() for each in (host, *guests))))
    assert hub.server.connections == hub.server.rooms == 0


class TestFailing:
    async def test_webrtc_signaling_failure_returns_error_within_deadline(
        self, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that takes connections and says nothing: the error comes at the deadline, which is below 10 s."""
        assert SIGNALING_SECONDS_MAX < 10.0
        monkeypatch.setattr(signal_client, "SIGNALING_SECONDS_MAX", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            caller = SignalClient(GUEST, over_websocket(http, f"http://127.0.0.1:{silent.getsockname()[1]}"))
            with pytest.raises(SignalingFailed, match="answer"):
                await soon(caller.open())
            await soon(caller.close())

    async def test_sig_15_a_server_that_greets_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signal_client, "SIGNALING_SECONDS_MAX", 0.05)
        caller = SignalClient(GUEST, lambda: _ready(memory_pair()[1]))
        with pytest.raises(SignalingFailed, match="does not answer"):
            await soon(caller.open())
        await soon(caller.close())

    async def test_sig_15_nobody_listens(self, http: aiohttp.ClientSession) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            caller = SignalClient(GUEST, over_websocket(http, f"http://127.0.0.1:{free.getsockname()[1]}"))
            with pytest.raises(SignalingFailed, match="nothing listens"):
                await soon(caller.open())

    async def test_sig_15_being_turned_away_says_why(self, http: aiohttp.ClientSession) -> None:
        hub = SignalHub(SignalSettings(rooms=frozenset({b"o" * 16})))
        async with served(hub) as server:
            caller = client(http, server)
            with pytest.raises(SignalingFailed, match="not there for that room") as failed:
                await soon(caller.open())
            assert failed.value.close_code == 4421
            with pytest.raises(SignalingFailed):
                await soon(caller.receive())
            with pytest.raises(SignalingFailed):
                caller.send(SignalOffer(1, 2, "v=0"))
            await soon(caller.close())

    async def test_sig_15_no_host_comes(
        self, server: TestServer, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with client(http, server) as guest:
            monkeypatch.setattr(signal_client, "SIGNALING_SECONDS_MAX", 0.05)
            with pytest.raises(SignalingFailed, match="host is not at"):
                await soon(guest.wait_for_host())
            monkeypatch.undo()
            waiting = asyncio.create_task(guest.wait_for_host())
            async with client(http, server, HOST) as host:
                assert host.participant.welcome is not None
                assert await soon(waiting) == host.participant.welcome.peer

    async def test_being_cancelled_leaves_nothing_behind(self, hub: SignalHub) -> None:
        caller = SignalClient(GUEST, lambda: _ready(memory_pair()[1]))
        opening = asyncio.create_task(caller.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await soon(caller.close())
        assert caller._running is not None
        assert caller._running.done()


async def _ready(transport: MemoryTransport) -> MemoryTransport:
    return transport


class Line:
    """Connections to a hub inside this process, that can be cut."""

    def __init__(self, hub: SignalHub) -> None:
        self.hub = hub
        self.ends: list[MemoryTransport] = []
        self.serving: list[asyncio.Task[None]] = []
        self.is_down = False

    async def open(self) -> MemoryTransport:
        if self.is_down:
            raise TransportClosed(1006, "nobody answers there")
        server_end, peer_end = memory_pair()
        self.ends.append(server_end)
        self.serving.append(asyncio.create_task(self.hub.serve_connection(server_end, "memory")))
        return peer_end


class TestLosing:
    @pytest.fixture(autouse=True)
    def _soon_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("theta.adapters.signal_client.SIGNAL_BACKOFF_SECONDS_MIN", 0.001)
        monkeypatch.setattr("theta.adapters.signal_client.SIGNAL_BACKOFF_SECONDS_MAX", 0.01)

    async def test_sig_15_a_lost_connection_is_opened_again(self, hub: SignalHub) -> None:
        line = Line(hub)
        host, guest = SignalClient(HOST, Line(hub).open), SignalClient(GUEST, line.open)
        await soon(host.open())
        first = await soon(guest.open())
        line.is_down = True
        await line.ends[0].close(1006, "cut")
        assert isinstance(await soon(guest.receive()), SignalWelcome)
        assert await soon(guest.receive()) == SignalPeerLeft(first.host)
        with pytest.raises(SignalingFailed, match="no connection"):
            guest.send(SignalOffer(first.host, 2, "v=0"))
        line.is_down = False
        again = await soon(guest.receive())
        assert isinstance(again, SignalWelcome)
        assert (again.host, again.peer) == (first.host, first.peer + 1)
        assert guest.welcomes == 2
        guest.send(SignalOffer(again.host, 2, "v=0"))
        events = [await soon(host.receive()) for _ in range(5)]
        assert events[1:] == [
            SignalPeerJoined(first.peer),
            SignalPeerLeft(first.peer),
            SignalPeerJoined(again.peer),
            SignalOffer(again.peer, 2, "v=0"),
        ]
        await soon(asyncio.gather(host.close(), guest.close()))
        await soon(hub.close())

    async def test_sig_15_an_end_that_stays_is_final(self, hub: SignalHub) -> None:
        host, other = SignalClient(HOST, Line(hub).open), SignalClient(HOST, Line(hub).open)
        await soon(host.open())
        await soon(other.open())
        await soon(host.receive())
        with pytest.raises(SignalingFailed, match="newer connection") as failed:
            await soon(host.receive())
        assert failed.value.close_code == 4410
        assert host.welcomes == 1
        await soon(asyncio.gather(host.close(), other.close()))

    async def test_a_bug_is_said_and_ends_it(self, hub: SignalHub, caplog: pytest.LogCaptureFixture) -> None:
        async def broken() -> MemoryTransport:
            raise KeyError("x")

        with pytest.raises(SignalingFailed, match="internal error"):
            await soon(SignalClient(GUEST, broken).open())
        assert "a bug in the signalling client" in caplog.text

    async def test_a_silent_server_is_left_by_the_clock(self, hub: SignalHub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("theta.signaling.participant.SIGNAL_IDLE_SECONDS_MAX", 0.05)
        guest = SignalClient(GUEST, Line(hub).open)
        await soon(guest.open())
        while guest.welcomes < 2:
            await soon(guest.receive())
        await soon(guest.close())


class TestTheWebSocket:
    async def test_sig_9_a_page_of_another_origin_is_refused(self, hub: SignalHub, http: aiohttp.ClientSession) -> None:
        async with served(hub, frozenset({"https://studio.example.org"})) as server:
            url = server.make_url(SIGNAL_PATH)
            own = str(server.make_url("/")).rstrip("/")
            for origin, status in (
                (own, 101),
                ("https://studio.example.org", 101),
                ("http://studio.example.org", 403),
                ("https://studio.example.org:444", 403),
                ("https://studio.example.org.evil.example", 403),
                ("https://evil.example", 403),
                ("null", 403),
            ):
                try:
                    async with http.ws_connect(url, origin=origin) as websocket:
                        assert (await soon(websocket.receive())).type is aiohttp.WSMsgType.BINARY
                        found = 101
                except aiohttp.WSServerHandshakeError as error:
                    found = error.status
                assert found == status, origin

    async def test_sig_6_where_there_is_no_place_no_socket_is_opened(
        self, hub: SignalHub, server: TestServer, http: aiohttp.ClientSession
    ) -> None:
        hub.server._addresses["127.0.0.1"] = SIGNAL_CONNECTIONS_PER_ADDRESS_MAX
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(server.make_url(SIGNAL_PATH))
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "10"

    @pytest.mark.parametrize(
        ("lane", "frame", "code"),
        [(SIGNAL_LANE, b"nonsense", 4400), (SIGNAL_LANE, bytes(SIGNAL_MESSAGE_BYTES_MAX + 1), 4413)],
    )
    async def test_sig_1_what_breaks_a_rule_is_closed_with_its_code(
        self, server: TestServer, http: aiohttp.ClientSession, lane: Lane, frame: bytes, code: int
    ) -> None:
        transport = await connect_websocket(http, signal_url(str(server.make_url("/"))))
        transport.send(lane, frame)
        assert (await end_of(transport)).close_code == code

    async def test_sig_1_datagrams_are_none_of_its_business(
        self, server: TestServer, http: aiohttp.ClientSession
    ) -> None:
        transport = await connect_websocket(http, signal_url(str(server.make_url("/"))))
        transport.send(Lane.DATAGRAM, b"x")
        closed = await end_of(transport)
        assert (closed.close_code, closed.reason) == (4400, "signalling knows no datagrams")

    async def test_sig_8_half_open_connections_are_closed_by_the_clock(
        self, server: TestServer, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("theta.signaling.visitors.SIGNAL_HELLO_SECONDS_MAX", 0.05)
        transport = await connect_websocket(http, signal_url(str(server.make_url("/"))))
        assert (await end_of(transport)).close_code == 4408

    async def test_sig_7_who_does_not_read_is_cut_off(self, hub: SignalHub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("theta.adapters.signal_server.SIGNAL_QUEUE_BYTES_MAX", 10_000)
        line = Line(hub)
        slow, participant = await line.open(), SignalParticipant(HOST)
        participant.handle_connected(machine_clock())
        for _ in range(2):
            participant.handle_frame(machine_clock(), (await soon(slow.receive()))[1])
            while (frame := participant.poll_transmit()) is not None:
                slow.send(SIGNAL_LANE, frame)
        async with SignalClient(GUEST, Line(hub).open) as guest:
            number = await guest.wait_for_host()
            for _ in range(4):
                guest.send(SignalOffer(number, 2, "v" * 4_000))
            while hub.server.connections > 1:
                await soon(guest.receive())
            assert (await end_of(slow)).close_code == 4429

    async def test_closing_says_goodbye_and_lets_nobody_in(
        self, hub: SignalHub, server: TestServer, http: aiohttp.ClientSession
    ) -> None:
        transport = await connect_websocket(http, signal_url(str(server.make_url("/"))))
        await soon(transport.receive())
        ended = asyncio.create_task(end_of(transport))
        await soon(hub.close())
        assert (await soon(ended)).close_code == CLOSE_GOING_AWAY
        assert not hub.has_place("")


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("http://localhost:8080/#invite=abc", "ws://localhost:8080/signal"),
        ("https://room.example", "wss://room.example/signal"),
        ("wss://signal.example:444/signal", "wss://signal.example:444/signal"),
        ("wss://[::1]:444/elsewhere", "wss://[::1]:444/elsewhere"),
    ],
)
def test_a_link_leads_to_its_server(link: str, url: str) -> None:
    assert signal_url(link) == url


@pytest.mark.parametrize("link", ["", "room.example", "ftp://room.example", "https://", "https://[", "http://a:99999"])
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(InvalidValue, match="a link like"):
        signal_url(link)
