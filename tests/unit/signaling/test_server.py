"""The signalling server: who meets whom, what is passed on, and what is not."""

import pytest

from tests.unit.signaling.stage import GUEST, HOST, ROOM_KEY, Stage, Visit
from theta.base.limits import (
    SIGNAL_CANDIDATES_MAX,
    SIGNAL_CONNECTIONS_MAX,
    SIGNAL_CONNECTIONS_PER_ADDRESS_MAX,
    SIGNAL_HALF_OPEN_MAX,
    SIGNAL_HELLO_SECONDS_MAX,
    SIGNAL_IDLE_SECONDS_MAX,
    SIGNAL_MESSAGE_BURST_MAX,
    SIGNAL_MESSAGE_BYTES_MAX,
    SIGNAL_MESSAGES_PER_SECOND,
    SIGNAL_PEERS_PER_ROOM_MAX,
    SIGNAL_PING_SECONDS,
    SIGNAL_ROOMS_MAX,
)
from theta.commands.identity import Identity
from theta.signaling.ice import IceServerSettings, IceSettings
from theta.signaling.participant import SignalTerms, host_terms
from theta.signaling.proof import host_digest, prove_host, room_of_key
from theta.signaling.server import SignalSettings
from theta.wire.codec import encode
from theta.wire.messages import Chat, Message, Ping, Pong
from theta.wire.signal_messages import (
    SIGNAL_PROTOCOL_VERSION,
    SignalAbandon,
    SignalAnswer,
    SignalCandidate,
    SignalGreeting,
    SignalHost,
    SignalIceServers,
    SignalJoin,
    SignalOffer,
    SignalPeerJoined,
    SignalPeerLeft,
    SignalRefused,
    SignalWelcome,
)

LINE = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host\r\n"


def nonce_of(visit: Visit) -> bytes:
    (greeting,) = visit.heard(SignalGreeting)
    return greeting.nonce


def code_of(visit: Visit) -> int:
    assert visit.closed is not None
    assert visit.connection not in visit.stage.visits
    return visit.closed.code


class TestJoining:
    def test_sig_1_a_greeting_and_then_a_welcome(self) -> None:
        stage = Stage()
        visit = stage.connect()
        (greeting,) = visit.heard(SignalGreeting)
        assert greeting.protocol_version == SIGNAL_PROTOCOL_VERSION
        assert len(greeting.nonce) == 32
        visit.say(SignalJoin(SIGNAL_PROTOCOL_VERSION, GUEST.room))
        assert visit.heard(SignalWelcome) == [SignalWelcome(1, 0, [], [], 0, False)]
        assert nonce_of(stage.connect()) != greeting.nonce

    @pytest.mark.parametrize(
        "message",
        [
            SignalOffer(1, 2, "v=0"),
            SignalAnswer(1, 2, "v=0"),
            SignalCandidate(1, 2, "", "0"),
            SignalAbandon(1, 2, ""),
            SignalWelcome(1, 0, [], [], 0, False),
            Chat(1, "Ada", 0, "hello", 0),
        ],
    )
    def test_sig_1_nothing_else_comes_first(self, message: Message) -> None:
        visit = Stage().connect()
        visit.say(message)
        assert code_of(visit) == 4400

    def test_sig_1_a_ping_may(self) -> None:
        visit = Stage().connect()
        visit.say(Ping(7, 1.5))
        (pong,) = visit.heard(Pong)
        assert (pong.number, pong.sent_ms, pong.answered_ms) == (7, 1.5, visit.stage.now.unix_ms)

    def test_sig_1_who_has_joined_joins_no_more(self) -> None:
        stage = Stage()
        visit = stage.connect(GUEST)
        visit.say(SignalJoin(SIGNAL_PROTOCOL_VERSION, GUEST.room))
        assert code_of(visit) == 4400
        assert stage.server.rooms == stage.server.connections == 0

    @pytest.mark.parametrize("frame", [b"", b"\xc1", b"\x93\x01", encode(SignalJoin(1, b"short"))])
    def test_sig_1_what_is_no_message_ends_the_connection(self, frame: bytes) -> None:
        visit = Stage().connect()
        visit.say_bytes(frame)
        assert code_of(visit) == 4400

    def test_sig_1_a_message_over_its_limit_ends_the_connection(self) -> None:
        visit = Stage().connect(GUEST)
        visit.say_bytes(bytes(SIGNAL_MESSAGE_BYTES_MAX + 1))
        assert code_of(visit) == 4413

    @pytest.mark.parametrize(("version", "who"), [(0, "your Theta"), (2, "the signalling server's")])
    def test_sig_1_another_version_is_told_what_to_upgrade(self, version: int, who: str) -> None:
        for first in (SignalJoin(version, GUEST.room), SignalHost(version, ROOM_KEY.public_key, bytes(64))):
            visit = Stage().connect()
            visit.say(first)
            assert code_of(visit) == 4426
            assert visit.closed is not None
            assert who in visit.closed.reason

    def test_sig_1_who_says_nothing_is_closed(self) -> None:
        stage = Stage()
        visit, guest = stage.connect(), stage.connect(GUEST)
        stage.pass_time(SIGNAL_HELLO_SECONDS_MAX - 0.01)
        assert visit.closed is None
        stage.pass_time(0.02)
        assert code_of(visit) == 4408
        assert guest.closed is None

    def test_what_a_closed_connection_still_says_is_nothing(self) -> None:
        stage = Stage()
        visit = stage.connect()
        visit.say_bytes(b"")
        visit.say(SignalJoin(SIGNAL_PROTOCOL_VERSION, GUEST.room))
        stage.server.handle_disconnected(stage.now, visit.connection)
        assert stage.server.connections == 0
        assert visit.heard(SignalWelcome) == []


class TestHosts:
    def test_sig_2_the_host_proves_the_rooms_key(self) -> None:
        stage = Stage()
        visit = stage.connect()
        visit.say(prove_host(ROOM_KEY, nonce_of(visit)))
        assert visit.heard(SignalWelcome) == [SignalWelcome(1, 0, [], [], 0, False)]
        assert room_of_key(ROOM_KEY.public_key) == HOST.room

    def test_sig_2_another_signature_is_none(self) -> None:
        other = Identity.from_seed(b"o" * 32)
        stage = Stage()
        key = ROOM_KEY.public_key
        for at in range(4):
            visit = stage.connect()
            nonce = nonce_of(visit)
            forged = (
                prove_host(ROOM_KEY, bytes(32)),
                SignalHost(1, key, other.sign(host_digest(nonce, key))),
                SignalHost(1, key, ROOM_KEY.sign(nonce)),
                SignalHost(1, bytes(32), bytes(64)),
            )
            visit.say(forged[at])
            assert code_of(visit) == 4401
        assert stage.server.rooms == 0

    def test_sig_2_a_proof_is_good_on_its_own_connection_only(self) -> None:
        stage = Stage()
        first, second = stage.connect(), stage.connect()
        proof = prove_host(ROOM_KEY, nonce_of(first))
        second.say(proof)
        assert code_of(second) == 4401
        first.say(proof)
        assert len(first.heard(SignalWelcome)) == 1

    @pytest.mark.parametrize("guests", [0, 2])
    def test_sig_2_a_host_that_comes_again_takes_its_place(self, guests: int) -> None:
        stage = Stage()
        before = stage.connect(HOST)
        waiting = [stage.connect(GUEST) for _ in range(guests)]
        after = stage.connect(HOST)
        assert code_of(before) == 4410
        assert after.participant is not None
        assert after.participant.others == [each.peer for each in waiting]
        for guest in waiting:
            assert guest.heard(SignalPeerLeft) == [SignalPeerLeft(1)]
            assert guest.heard(SignalPeerJoined) == [SignalPeerJoined(after.peer)]
        assert stage.server.rooms == 1
        newcomer = stage.connect(GUEST)
        assert newcomer.heard(SignalWelcome)[0].host == after.peer

    def test_sig_3_a_host_and_its_guests_are_told_of_each_other_and_guests_are_not(self) -> None:
        stage = Stage()
        early = stage.connect(GUEST)
        host = stage.connect(HOST)
        late = stage.connect(GUEST)
        assert [early.peer, host.peer, late.peer] == [1, 2, 3]
        assert host.heard(SignalWelcome)[0].guests == [1]
        assert early.heard(SignalPeerJoined) == [SignalPeerJoined(2)]
        assert late.heard(SignalWelcome)[0].host == 2
        assert host.heard(SignalPeerJoined) == [SignalPeerJoined(3)]
        late.leave()
        assert host.heard(SignalPeerLeft) == [SignalPeerLeft(3)]
        assert early.heard(SignalPeerLeft) == []
        host.leave()
        assert early.heard(SignalPeerLeft) == [SignalPeerLeft(2)]
        assert stage.server.rooms == 1
        early.leave()
        assert stage.server.rooms == 0

    def test_sig_3_a_number_is_given_once(self) -> None:
        stage = Stage()
        first = stage.connect(GUEST)
        first.leave()
        assert stage.connect(GUEST).peer == 2

    def test_sig_3_rooms_are_apart(self) -> None:
        stage = Stage()
        host = stage.connect(HOST)
        other_key = Identity.from_seed(b"o" * 32)
        other = stage.connect(host_terms(other_key))
        guest = stage.connect(SignalTerms(room_of_key(other_key.public_key)))
        assert host.heard(SignalPeerJoined) == []
        assert other.heard(SignalPeerJoined) == [SignalPeerJoined(guest.peer)]
        assert stage.server.rooms == 2


class TestPassingOn:
    @pytest.fixture
    def stage(self) -> Stage:
        return Stage()

    @pytest.fixture
    def host(self, stage: Stage) -> Visit:
        return stage.connect(HOST)

    @pytest.fixture
    def guest(self, stage: Stage, host: Visit) -> Visit:
        return stage.connect(GUEST)

    def test_sig_4_between_a_guest_and_its_host(self, host: Visit, guest: Visit) -> None:
        for sender, receiver in ((guest, host), (host, guest)):
            for make in (
                lambda peer: SignalOffer(peer, 2, "v=0\r\n"),
                lambda peer: SignalAnswer(peer, 2, "v=0\r\n"),
                lambda peer: SignalCandidate(peer, 2, "candidate:1", "0"),
                lambda peer: SignalAbandon(peer, 2, "no answer"),
            ):
                message = make(receiver.peer)
                sender.say(message)
                assert receiver.heard(type(message)) == [make(sender.peer)]
                assert sender.heard(type(message)) == []
        assert host.stage.server.counts["relayed"] == 8

    def test_sig_4_and_to_nobody_else(self, stage: Stage, host: Visit, guest: Visit) -> None:
        other = stage.connect(GUEST)
        stranger = stage.connect(host_terms(Identity.from_seed(b"o" * 32)))
        for sender, addressee in ((guest, other), (guest, guest), (guest, stranger), (host, stranger), (host, host)):
            sender.say(SignalOffer(addressee.peer, 2, "v=0"))
            (refused,) = sender.heard(SignalRefused)
            assert (refused.peer, refused.attempt, refused.code) == (addressee.peer, 2, "UnknownPeer")
            assert addressee.heard(SignalOffer) == []
            assert sender.closed is None

    def test_sig_4_to_a_host_that_has_left(self, host: Visit, guest: Visit) -> None:
        number = host.peer
        host.leave()
        guest.say(SignalOffer(number, 2, "v=0"))
        assert [each.code for each in guest.heard(SignalRefused)] == ["UnknownPeer"]

    def test_webrtc_rejects_sdp_with_excessive_ice_candidates(self, stage: Stage, host: Visit, guest: Visit) -> None:
        """1,000 candidates are refused and not stored; the connection and what follows go on."""
        thousand = "v=0\r\n" + "a=candidate:1\r\n" * 1_000
        assert len(encode(SignalOffer(host.peer, 2, thousand))) < SIGNAL_MESSAGE_BYTES_MAX
        for sender, receiver in ((guest, host), (host, guest)):
            sender.say(SignalOffer(receiver.peer, 2, thousand))
            (refused,) = sender.heard(SignalRefused)
            assert refused.code == "TooManyCandidates"
            assert "1000" in refused.reason
            assert str(SIGNAL_CANDIDATES_MAX) in refused.reason
            assert receiver.heard(SignalOffer) == []
            sound = SignalOffer(receiver.peer, 2, "v=0\r\n" + LINE * SIGNAL_CANDIDATES_MAX)
            sender.say(sound)
            assert receiver.heard(SignalOffer)[0].sdp == sound.sdp
        assert thousand.encode() not in _everything_kept(stage)

    def test_sig_5_trickled_candidates_count_with_those_of_the_description(self, host: Visit, guest: Visit) -> None:
        guest.say(SignalOffer(host.peer, 2, LINE * (SIGNAL_CANDIDATES_MAX - 2)))
        for _ in range(2):
            guest.say(SignalCandidate(host.peer, 2, "candidate:1", "0"))
        guest.say(SignalCandidate(host.peer, 2, "candidate:1", "0"))
        assert [each.code for each in guest.heard(SignalRefused)] == ["TooManyCandidates"]
        guest.say(SignalCandidate(host.peer, 2, "", "0"))
        assert len(host.heard(SignalCandidate)) == 3
        guest.say(SignalOffer(host.peer, 4, LINE * SIGNAL_CANDIDATES_MAX))
        assert len(host.heard(SignalOffer)) == 2
        assert guest.heard(SignalRefused) == []

    @pytest.mark.parametrize("line", ["A=CANDIDATE:1\n", "a=candidate:1\r", "\x0ba=candidate:1", "a=Candidate:1 "])
    def test_sig_5_however_it_is_written(self, host: Visit, guest: Visit, line: str) -> None:
        guest.say(SignalOffer(host.peer, 2, line * (SIGNAL_CANDIDATES_MAX + 1)))
        assert [each.code for each in guest.heard(SignalRefused)] == ["TooManyCandidates"]

    def test_sig_5_an_older_attempt_is_refused_and_each_way_counts_for_itself(self, host: Visit, guest: Visit) -> None:
        guest.say(SignalOffer(host.peer, 4, "v=0"))
        guest.say(SignalCandidate(host.peer, 2, "candidate:1", "0"))
        (refused,) = guest.heard(SignalRefused)
        assert (refused.code, refused.attempt) == ("StaleAttempt", 2)
        host.say(SignalOffer(guest.peer, 3, "v=0"))
        assert len(guest.heard(SignalOffer)) == 1

    def test_sig_7_a_flood_ends_its_sender_and_nobody_else(self, stage: Stage, host: Visit, guest: Visit) -> None:
        other = stage.connect(GUEST)
        for _ in range(SIGNAL_MESSAGE_BURST_MAX):
            guest.say(SignalCandidate(host.peer, 2, "", "0"))
        assert guest.closed is None
        guest.say(SignalCandidate(host.peer, 2, "", "0"))
        assert code_of(guest) == 4429
        assert len(host.heard(SignalCandidate)) == SIGNAL_MESSAGE_BURST_MAX
        other.say(SignalOffer(host.peer, 2, "v=0"))
        assert len(host.heard(SignalOffer)) == 1

    def test_sig_7_a_host_may_send_so_much_to_each_guest(self, stage: Stage, host: Visit) -> None:
        guests = [stage.connect(GUEST) for _ in range(3)]
        for guest in guests:
            for _ in range(SIGNAL_MESSAGE_BURST_MAX):
                host.say(SignalCandidate(guest.peer, 2, "", "0"))
        assert host.closed is None
        host.say(SignalCandidate(guests[1].peer, 2, "", "0"))
        assert code_of(host) == 4429

    def test_sig_7_bytes_count_and_time_gives_back(self, stage: Stage, host: Visit, guest: Visit) -> None:
        large = SignalOffer(host.peer, 2, "v" * 16_000)
        for _ in range(SIGNAL_MESSAGE_BURST_MAX // 16):
            guest.say(large)
        assert guest.closed is None
        stage.pass_time(16.1 / SIGNAL_MESSAGES_PER_SECOND)
        guest.say(large)
        assert guest.closed is None
        guest.say(large)
        assert code_of(guest) == 4429

    def test_sig_7_what_is_refused_and_what_is_for_the_server_counts(self, host: Visit, guest: Visit) -> None:
        for _ in range(SIGNAL_MESSAGE_BURST_MAX - 1):
            host.say(SignalOffer(99, 2, "v=0"))
        assert host.closed is None, "with its SignalHost they are as many as it may"
        host.say(Ping(1, 0.0))
        assert code_of(host) == 4429
        assert guest.heard(SignalPeerLeft) == [SignalPeerLeft(1)]


def _everything_kept(stage: Stage) -> bytes:
    """Whatever the server holds of its visitors, as bytes to search in."""
    seen: set[int] = set()

    def walk(value: object) -> bytes:
        if id(value) in seen:
            return b""
        seen.add(id(value))
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict):
            return b"".join(walk(each) for pair in value.items() for each in pair)
        if isinstance(value, list | tuple | set) or type(value).__name__ == "deque":
            return b"".join(walk(each) for each in value)  # type: ignore[attr-defined]
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        return b"".join(walk(getattr(value, name, None)) for name in names)

    return walk(stage.server)


class TestPlaces:
    def test_sig_6_a_room_has_so_many_guests_and_always_its_host(self) -> None:
        stage = Stage()
        guests = [stage.connect(GUEST) for _ in range(SIGNAL_PEERS_PER_ROOM_MAX - 1)]
        assert all(guest.closed is None for guest in guests)
        assert code_of(stage.connect(GUEST)) == 4409
        assert stage.connect(HOST).closed is None
        guests[0].leave()
        assert stage.connect(GUEST).closed is None

    def test_sig_6_there_are_so_many_rooms(self) -> None:
        stage = Stage()
        for number in range(SIGNAL_ROOMS_MAX):
            stage.connect(SignalTerms(number.to_bytes(16, "little")), str(number % 10))
        assert stage.server.rooms == SIGNAL_ROOMS_MAX
        assert code_of(stage.connect(HOST)) == 4409
        assert code_of(stage.connect(GUEST)) == 4409
        assert stage.connect(SignalTerms(bytes(16))).closed is None

    def test_sig_6_one_address_has_so_many_connections(self) -> None:
        stage = Stage()
        visits = [stage.connect(GUEST if at < 100 else SignalTerms(b"o" * 16), "192.0.2.1") for at in range(200)]
        visits += [stage.connect(SignalTerms(b"p" * 16), "192.0.2.1") for _ in range(56)]
        assert len(visits) == SIGNAL_CONNECTIONS_PER_ADDRESS_MAX
        assert not stage.server.has_place("192.0.2.1")
        assert code_of(stage.connect(GUEST, "192.0.2.1")) == 4409
        assert stage.connect(GUEST, "192.0.2.2").closed is None
        visits[0].leave()
        assert stage.server.has_place("192.0.2.1")

    def test_sig_6_there_are_so_many_connections(self) -> None:
        stage = Stage()
        for number in range(SIGNAL_CONNECTIONS_MAX):
            stage.connect(SignalTerms((number % 1_000).to_bytes(16, "little")), str(number % 100))
        assert stage.server.connections == SIGNAL_CONNECTIONS_MAX
        assert not stage.server.has_place("another")
        assert code_of(stage.connect(GUEST, "another")) == 4409

    def test_sig_6_of_those_that_say_nothing_the_oldest_gives_way(self) -> None:
        stage = Stage()
        silent = [stage.connect() for _ in range(SIGNAL_HALF_OPEN_MAX)]
        assert stage.connect(GUEST).closed is None
        assert code_of(silent[0]) == 4408
        assert stage.connect(GUEST).closed is None
        assert silent[1].closed is None, "who has joined is half-open no more"

    def test_sig_6_a_server_for_certain_rooms_turns_others_away(self) -> None:
        stage = Stage(SignalSettings(rooms=frozenset({HOST.room})))
        assert stage.connect(GUEST).closed is None
        assert stage.connect(HOST).closed is None
        assert code_of(stage.connect(SignalTerms(b"o" * 16))) == 4421
        assert code_of(stage.connect(host_terms(Identity.from_seed(b"o" * 32)))) == 4421

    def test_a_million_visits_leave_nothing(self) -> None:
        """What is due is forgotten with who it is about (here a thousand)."""
        stage = Stage()
        stage.connect(GUEST)
        for _ in range(1_000):
            stage.connect(GUEST).leave()
        assert stage.server.connections == 1
        assert len(stage.server._due) <= 2 * 2 + SIGNAL_HALF_OPEN_MAX
        assert stage.server._addresses.total() == 1


class TestSilence:
    def test_sig_8_who_is_silent_is_asked_and_then_closed(self) -> None:
        stage = Stage()
        guest, talker = stage.connect(), stage.connect(GUEST)
        guest.say(SignalJoin(SIGNAL_PROTOCOL_VERSION, GUEST.room))
        stage.pass_time(SIGNAL_PING_SECONDS - 0.01)
        assert guest.heard(Ping) == []
        stage.pass_time(0.02)
        assert len(guest.heard(Ping)) == 1
        stage.pass_time(SIGNAL_IDLE_SECONDS_MAX - SIGNAL_PING_SECONDS - 0.05)
        assert guest.closed is None
        stage.pass_time(0.05)
        assert code_of(guest) == 4504
        stage.pass_time(200.0)
        assert talker.closed is None, "its participant answers"
        assert len(talker.heard(Ping)) >= 10

    def test_sig_8_a_machine_that_slept_asks_before_it_closes(self) -> None:
        stage = Stage()
        guest = stage.connect(GUEST)
        stage.seconds += 10_000.0
        stage.pass_time(1.0)
        assert guest.closed is None
        assert len(guest.heard(Ping)) == 1


class TestIceServers:
    ICE = IceSettings((IceServerSettings(("stun:192.0.2.9",)), IceServerSettings(("turn:192.0.2.9",), secret="s")), 600)

    def test_sig_14_the_welcome_tells_of_them_and_they_are_renewed_at_half_time(self) -> None:
        stage = Stage(SignalSettings(self.ICE))
        guest = stage.connect(GUEST)
        (welcome,) = guest.heard(SignalWelcome)
        assert welcome.ice_seconds == 600
        assert [each.urls for each in welcome.ice_servers] == [["stun:192.0.2.9"], ["turn:192.0.2.9"]]
        began = stage.now.unix_ms // 1000
        assert welcome.ice_servers[1].username == f"{began + 600}:1"
        stage.pass_time(299.0)
        assert guest.heard(SignalIceServers) == []
        stage.pass_time(1.5)
        (renewed,) = guest.heard(SignalIceServers)
        assert renewed.ice_servers[1].username == f"{began + 900}:1"
        assert renewed.ice_servers[1].credential != welcome.ice_servers[1].credential
        stage.pass_time(3_000.0)
        assert len(guest.heard(SignalIceServers)) == 10

    def test_sig_14_what_lasts_for_ever_is_told_once(self) -> None:
        stage = Stage(SignalSettings(IceSettings((IceServerSettings(("stun:192.0.2.9",)),))))
        guest = stage.connect(GUEST)
        assert guest.heard(SignalWelcome)[0].ice_seconds == 0
        stage.pass_time(100_000.0)
        assert guest.heard(SignalIceServers) == []

    def test_sig_14_relay_only_is_passed_on(self) -> None:
        ice = IceSettings((IceServerSettings(("turn:192.0.2.9",), secret="s"),), relay_only=True)
        assert Stage(SignalSettings(ice)).connect(GUEST).heard(SignalWelcome)[0].relay_only
