"""A peer's side of its connection to a signalling server."""

import pytest

from tests.unit.signaling.stage import GUEST, HOST, Stage
from theta.base.backoff import Backoff
from theta.base.errors import FrameTooLarge, SignalingFailed
from theta.base.limits import (
    SIGNAL_BACKOFF_SECONDS_MAX,
    SIGNAL_BACKOFF_SECONDS_MIN,
    SIGNAL_EVENTS_MAX,
    SIGNAL_IDLE_SECONDS_MAX,
    SIGNALING_SECONDS_MAX,
)
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.signaling.participant import SignalParticipant
from theta.wire.codec import decode_signal_from_peer, encode
from theta.wire.messages import Message, Ping, Pong
from theta.wire.signal_messages import (
    SIGNAL_PROTOCOL_VERSION,
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

NOW = Moment(100.0, 1_700_000_000_000)
GREETING = SignalGreeting(SIGNAL_PROTOCOL_VERSION, bytes(32))


def later(seconds: float) -> Moment:
    return Moment(NOW.seconds + seconds, NOW.unix_ms)


def told(participant: SignalParticipant, *messages: Message, now: Moment = NOW) -> SignalParticipant:
    for message in messages:
        participant.handle_frame(now, encode(message))
    return participant


def connected(terms: object = GUEST) -> SignalParticipant:
    participant = SignalParticipant(terms)  # type: ignore[arg-type]
    participant.handle_connected(NOW)
    return participant


def joined(host: int = 7) -> SignalParticipant:
    """A guest with a host, whose first word and welcome were read."""
    participant = told(connected(), GREETING, SignalWelcome(3, host, [], [], 0, False))
    assert participant.poll_transmit() is not None
    assert participant.poll_event() is not None
    return participant


def close_code(participant: SignalParticipant) -> int:
    error = participant.poll_close()
    assert error is not None
    return error.close_code


class TestJoining:
    def test_sig_1_the_first_word_is_for_what_it_is(self) -> None:
        for terms, kind in ((GUEST, SignalJoin), (HOST, SignalHost)):
            participant = connected(terms)
            assert participant.poll_transmit() is None
            told(participant, GREETING)
            frame = participant.poll_transmit()
            assert frame is not None
            assert type(decode_signal_from_peer(frame)) is kind
            assert not participant.is_joined
            assert participant.is_host == (kind is SignalHost)

    def test_a_guest_knows_its_host_and_a_host_its_guests(self) -> None:
        stage = Stage()
        guest, host = stage.connect(GUEST), stage.connect(HOST)
        other = stage.connect(GUEST)
        assert guest.participant is not None
        assert host.participant is not None
        assert (guest.participant.others, host.participant.others) == ([2], [1, 3])
        assert [type(event) for event in guest.events] == [SignalWelcome, SignalPeerJoined]
        other.leave()
        assert host.participant.others == [1]
        host.leave()
        assert guest.participant.others == []

    def test_sig_1_another_version_is_said(self) -> None:
        participant = told(connected(), SignalGreeting(SIGNAL_PROTOCOL_VERSION + 1, bytes(32)))
        assert close_code(participant) == 4426
        assert "meets 2" in str(participant.poll_close())
        assert participant.poll_transmit() is None

    @pytest.mark.parametrize(
        ("participant", "message"),
        [
            (connected(), SignalWelcome(3, 0, [], [], 0, False)),
            (connected(), SignalPeerJoined(3)),
            (told(connected(), GREETING), GREETING),
            (told(connected(), GREETING), SignalOffer(1, 2, "v=0")),
            (joined(), SignalWelcome(3, 0, [], [], 0, False)),
            (joined(), SignalPeerJoined(7)),
            (joined(), SignalPeerLeft(8)),
            (joined(), SignalJoin(1, bytes(16))),
        ],
    )
    def test_sig_1_what_is_out_of_place_ends_the_connection(
        self, participant: SignalParticipant, message: Message
    ) -> None:
        told(participant, message)
        assert close_code(participant) == 4400
        assert participant.poll_event() is None
        before = participant.others
        told(participant, SignalPeerJoined(99))
        assert (participant.poll_event(), participant.others) == (None, before), "what follows is not looked at"

    def test_sig_15_a_server_that_does_not_answer_is_given_up(self) -> None:
        for participant in (connected(), told(connected(), GREETING)):
            assert participant.poll_timeout() == NOW.seconds + SIGNALING_SECONDS_MAX
            participant.handle_timeout(later(SIGNALING_SECONDS_MAX - 0.01))
            assert participant.poll_close() is None
            participant.handle_timeout(later(SIGNALING_SECONDS_MAX))
            assert close_code(participant) == 4408
            assert participant.poll_timeout() is None


class TestBeingThere:
    def test_what_the_server_tells_is_given_out_in_order(self) -> None:
        participant = joined()
        messages: list[Message] = [
            SignalOffer(7, 3, "v=0"),
            SignalCandidate(7, 3, "", "0"),
            SignalRefused(7, 2, "UnknownPeer", "gone"),
            SignalIceServers([], 0),
            SignalPeerLeft(7),
            SignalPeerJoined(9),
        ]
        told(participant, *messages, Pong(1, 0.0, 0.0))
        assert [participant.poll_event() for _ in range(7)] == [*messages, None]
        assert participant.others == [9]

    def test_sig_8_it_answers_pings_and_gives_up_a_server_that_is_silent(self) -> None:
        participant = joined()
        told(participant, Ping(5, 2.5), now=later(20.0))
        frame = participant.poll_transmit()
        assert frame is not None
        assert decode_signal_from_peer(frame) == Pong(5, 2.5, float(NOW.unix_ms))
        until = 20.0 + SIGNAL_IDLE_SECONDS_MAX
        assert participant.poll_timeout() == NOW.seconds + until
        participant.handle_timeout(later(until - 0.01))
        assert participant.poll_close() is None
        participant.handle_timeout(later(until))
        assert close_code(participant) == 4504
        participant.handle_timeout(later(until + 99.0))
        assert "silent" in str(participant.poll_close())

    def test_sending_needs_a_welcome_and_has_a_limit(self) -> None:
        participant = told(connected(), GREETING)
        participant.poll_transmit()
        with pytest.raises(SignalingFailed, match="no connection"):
            participant.send(SignalOffer(7, 2, "v=0"))
        participant = joined()
        participant.send(SignalOffer(7, 2, "v=0"))
        with pytest.raises(FrameTooLarge):
            participant.send(SignalOffer(7, 2, "€" * 25_000))
        frame = participant.poll_transmit()
        assert frame is not None
        assert decode_signal_from_peer(frame) == SignalOffer(7, 2, "v=0")
        assert participant.poll_transmit() is None

    def test_losing_the_connection_is_told_and_it_may_come_back(self) -> None:
        participant = joined()
        participant.send(SignalOffer(7, 2, "v=0"))
        participant.handle_disconnected(NOW)
        assert participant.poll_event() == SignalPeerLeft(7)
        assert (participant.poll_transmit(), participant.is_joined, participant.welcome) == (None, False, None)
        told(participant, GREETING)
        assert participant.poll_transmit() is None
        participant.handle_connected(NOW)
        told(participant, GREETING, SignalWelcome(8, 0, [], [], 0, False))
        assert participant.is_joined
        assert participant.others == []
        assert isinstance(participant.poll_event(), SignalWelcome)

    def test_what_nobody_reads_is_not_gathered_for_ever(self) -> None:
        participant = joined()
        for _ in range(SIGNAL_EVENTS_MAX):
            told(participant, SignalIceServers([], 0))
        assert participant.poll_close() is None
        told(participant, SignalIceServers([], 0))
        assert close_code(participant) == 4429


def test_sig_15_a_backoff_doubles_up_to_its_bound_with_jitter() -> None:
    backoff = Backoff(Randomness(b"backoff"), SIGNAL_BACKOFF_SECONDS_MIN, SIGNAL_BACKOFF_SECONDS_MAX)
    waits = [backoff.fail() for _ in range(40)]
    for number, wait in enumerate(waits):
        span = min(SIGNAL_BACKOFF_SECONDS_MAX, SIGNAL_BACKOFF_SECONDS_MIN * 2.0**number)
        assert span / 2.0 <= wait <= span
    assert len(set(waits)) == len(waits)
    backoff.succeed()
    assert backoff.fail() <= SIGNAL_BACKOFF_SECONDS_MIN
