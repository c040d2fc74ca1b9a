"""Two sides agree on one peer connection, whoever offers and however their messages cross."""

import pickle

import pytest

from theta.base.errors import ProtocolError, SignalingFailed
from theta.base.limits import (
    NEGOTIATION_ATTEMPTS_AHEAD_MAX,
    NEGOTIATION_SECONDS_MAX,
    SIGNAL_CANDIDATES_MAX,
    SIGNAL_REASON_CHARACTERS_MAX,
)
from theta.base.moment import Moment
from theta.signaling.candidates import candidate_count, without_excess
from theta.signaling.negotiation import (
    Abandon,
    AddCandidate,
    AttemptFailed,
    MakeAnswer,
    MakeOffer,
    Negotiation,
    NegotiationEvent,
    NegotiationState,
    TakeAnswer,
    is_polite,
)
from theta.signaling.refusals import TooManyCandidates
from theta.wire.signal_messages import SignalAbandon, SignalAnswer, SignalCandidate, SignalOffer, SignalRelayed

NOW = Moment(100.0, 0)
LATER = Moment(100.0 + NEGOTIATION_SECONDS_MAX, 0)
LINE = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
IDLE, OFFERING, ANSWERING, CONNECTING, CONNECTED = NegotiationState


def events_of(negotiation: Negotiation) -> list[NegotiationEvent]:
    found = []
    while (event := negotiation.poll_event()) is not None:
        found.append(event)
    return found


def sent_by(negotiation: Negotiation) -> list[SignalRelayed]:
    found = []
    while (message := negotiation.poll_transmit()) is not None:
        found.append(message)
    return found


def guest() -> Negotiation:
    return Negotiation(1, polite=True)


def host() -> Negotiation:
    return Negotiation(2, polite=False)


def offered(negotiation: Negotiation) -> Negotiation:
    """It has sent an offer."""
    attempt = negotiation.start(NOW)
    negotiation.handle_description(NOW, attempt, "offer")
    events_of(negotiation)
    sent_by(negotiation)
    return negotiation


class Side:
    """A negotiation, and the peer connections that it has asked for."""

    def __init__(self, name: str, *, polite: bool) -> None:
        self.name = name
        self.negotiation = Negotiation(0, polite=polite)
        self.starts_left = 2
        self.breaks_left = 1
        self.inbox: list[SignalRelayed] = []
        self.open: dict[int, list[str]] = {}
        """For each peer connection that is open what the other side has given it."""

    def do(self, event: NegotiationEvent) -> None:
        """What an adapter does: make a description with a candidate after it, take the other's, close."""
        attempt = event.attempt
        if isinstance(event, MakeOffer | MakeAnswer):
            assert attempt not in self.open
            self.open[attempt] = [event.sdp] if isinstance(event, MakeAnswer) else []
            self.negotiation.handle_candidate(NOW, attempt, f"{self.name} {attempt}", "0")
            kind = "offer" if isinstance(event, MakeOffer) else "answer"
            self.negotiation.handle_description(NOW, attempt, f"{kind} {attempt} of {self.name}")
        elif isinstance(event, TakeAnswer):
            self.open[attempt].append(event.sdp)
        elif isinstance(event, AddCandidate):
            self.open[attempt].append(event.candidate)
        else:
            del self.open[attempt]

    @property
    def key(self) -> str:
        negotiation = {name: str(value) for name, value in vars(self.negotiation).items() if "andidates" not in name}
        return str((negotiation, self.starts_left, self.breaks_left, self.inbox, self.open))


class Meeting:
    """Both sides, and all that may happen next."""

    def __init__(self, starts: tuple[int, int], breaks: int, *, stands: bool = False) -> None:
        self.stands = stands
        self.sides = (Side("guest", polite=True), Side("host", polite=False))
        for side, count in zip(self.sides, starts, strict=True):
            side.starts_left, side.breaks_left = count, breaks

    @property
    def key(self) -> str:
        return "\n".join(side.key for side in self.sides)

    def choices(self) -> list[tuple[str, int]]:
        found = []
        for at, side in enumerate(self.sides):
            if side.starts_left:
                found.append(("start", at))
            if side.breaks_left and side.negotiation.is_under_way:
                found.append(("break", at))
            if side.negotiation._events:
                found.append(("work", at))
            if side.inbox:
                found.append(("deliver", at))
            if self.stands and side.negotiation.state is CONNECTING and side.open.get(side.negotiation.attempt):
                found.append(("stand", at))
        return found

    def after(self, what: str, at: int) -> "Meeting":
        following: Meeting = pickle.loads(pickle.dumps(self))
        side, other = following.sides[at], following.sides[1 - at]
        if what == "start":
            side.starts_left -= 1
            side.negotiation.start(NOW)
        elif what == "stand":
            side.negotiation.handle_connected(NOW, side.negotiation.attempt)
        elif what == "break":
            side.breaks_left -= 1
            side.negotiation.handle_timeout(LATER)
        elif what == "work":
            event = side.negotiation.poll_event()
            assert event is not None
            side.do(event)
        else:
            side.negotiation.handle_message(NOW, side.inbox.pop(0))
        other.inbox += sent_by(side.negotiation)
        return following


def all_ends(begin: Meeting) -> tuple[list[Meeting], int]:
    """Every state in which nothing more can happen, over all interleavings, and how many states there are."""
    seen = {begin.key}
    waiting, ends = [begin], []
    while waiting:
        meeting = waiting.pop()
        choices = meeting.choices()
        if not choices:
            ends.append(meeting)
        for choice in choices:
            following = meeting.after(*choice)
            if following.key not in seen:
                seen.add(following.key)
                waiting.append(following)
    return ends, len(seen)


def assert_agreed(meeting: Meeting) -> None:
    """Both are in one attempt, each with one open peer connection that has all that the other gave it."""
    first, second = (side.negotiation for side in meeting.sides)
    assert first.attempt == second.attempt
    assert (first.state, second.state) == (CONNECTING, CONNECTING)
    assert first.offers != second.offers
    attempt = first.attempt
    for side, other in (meeting.sides, meeting.sides[::-1]):
        kind = "offer" if other.negotiation.offers else "answer"
        assert side.open == {attempt: [f"{kind} {attempt} of {other.name}", f"{other.name} {attempt}"]}
        side.negotiation.handle_connected(NOW, attempt)
        assert side.negotiation.state is CONNECTED
        assert side.negotiation.poll_timeout() is None


class TestConcurrentOffers:
    def test_webrtc_concurrent_offers_do_not_deadlock(self) -> None:
        """Both sides offer, whenever they like: in every interleaving they end in one attempt, and it is whole."""
        ends, states = all_ends(Meeting(starts=(1, 1), breaks=0))
        assert states > 100
        assert ends
        for meeting in ends:
            assert_agreed(meeting)
        assert {meeting.sides[0].negotiation.attempt for meeting in ends} >= {2, 3}

    def test_sig_10_when_attempts_break_down_meanwhile_both_sides_still_agree(self) -> None:
        """Either may give up at any time: then both are idle, or in one attempt; nobody waits for the other."""
        ends, states = all_ends(Meeting(starts=(1, 1), breaks=1))
        assert states > 1_000
        for meeting in ends:
            first, second = (side.negotiation for side in meeting.sides)
            if first.state is IDLE or second.state is IDLE:
                assert (first.state, second.state) == (IDLE, IDLE)
                assert meeting.sides[0].open == meeting.sides[1].open == {}
                first.start(NOW)
                assert first.is_under_way
            else:
                assert_agreed(meeting)

    @pytest.mark.parametrize("starts", [(2, 1), (1, 2)])
    def test_sig_10_what_stands_meanwhile_may_be_followed_by_another(self, starts: tuple[int, int]) -> None:
        """Each side begins anew at any time, also while an attempt stands; in the end both stand in the same one."""
        ends, states = all_ends(Meeting(starts=starts, breaks=0, stands=True))
        assert states > 1_000
        for meeting in ends:
            first, second = meeting.sides
            assert first.negotiation.attempt == second.negotiation.attempt
            for side, other in (meeting.sides, meeting.sides[::-1]):
                assert side.negotiation.state is CONNECTED
                given = side.open[side.negotiation.attempt]
                assert len(given) == 2
                assert all(other.name in each for each in given)

    def test_sig_10_two_starts_each(self) -> None:
        for meeting in all_ends(Meeting(starts=(2, 2), breaks=0))[0]:
            assert_agreed(meeting)

    def test_sig_10_the_polite_side_yields_and_the_other_does_not(self) -> None:
        polite, impolite = offered(guest()), offered(host())
        assert (polite.attempt, impolite.attempt) == (2, 3)
        polite.handle_message(NOW, SignalOffer(1, 3, "theirs"))
        assert events_of(polite) == [Abandon(2), MakeAnswer(3, "theirs")]
        assert (polite.state, polite.offers) == (ANSWERING, False)
        impolite.handle_message(NOW, SignalOffer(2, 2, "theirs"))
        assert events_of(impolite) == []
        assert (impolite.state, impolite.stale_messages) == (OFFERING, 1)

    def test_sig_10_numbers_rise_over_all_that_is_known(self) -> None:
        negotiation = guest()
        negotiation.handle_message(NOW, SignalOffer(1, 7, "theirs"))
        negotiation.handle_failed(NOW, 7, "broke")
        assert negotiation.start(NOW) == 8
        other = host()
        other.handle_message(NOW, SignalOffer(2, 8, "theirs"))
        other.handle_failed(NOW, 8, "broke")
        assert other.start(NOW) == 11

    def test_sig_10_who_is_polite(self) -> None:
        assert is_polite(5, 2, host=2)
        assert not is_polite(2, 5, host=2)
        assert is_polite(5, 7, host=7)
        assert is_polite(9, 4, host=1)
        assert not is_polite(4, 9, host=1)

    def test_sig_10_one_that_stands_is_not_given_up_for_a_newer_one(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_message(NOW, SignalAnswer(1, 2, "theirs"))
        negotiation.handle_connected(NOW, 2)
        events_of(negotiation)
        negotiation.handle_message(NOW, SignalOffer(1, 5, "again"))
        assert events_of(negotiation) == [MakeAnswer(5, "again")]
        negotiation.handle_description(NOW, 5, "mine")
        negotiation.handle_connected(NOW, 5)
        assert negotiation.start(NOW) == 6
        assert events_of(negotiation) == [MakeOffer(6)]

    @pytest.mark.parametrize(
        ("negotiation", "attempt"),
        [(guest(), 2), (guest(), 4), (host(), 3), (guest(), NEGOTIATION_ATTEMPTS_AHEAD_MAX + 1)],
    )
    def test_sig_10_a_number_that_is_not_the_others_to_use_is_refused(
        self, negotiation: Negotiation, attempt: int
    ) -> None:
        with pytest.raises(ProtocolError, match=str(attempt)):
            negotiation.handle_message(NOW, SignalOffer(1, attempt, "theirs"))
        assert (negotiation.state, negotiation.attempt, events_of(negotiation)) == (IDLE, 0, [])

    def test_starting_while_one_is_under_way_changes_nothing(self) -> None:
        negotiation = guest()
        assert negotiation.start(NOW) == negotiation.start(LATER) == 2
        assert events_of(negotiation) == [MakeOffer(2)]


class TestOneAttempt:
    def test_sig_11_an_offer_an_answer_and_candidates_after_each(self) -> None:
        asking, answering = guest(), host()
        attempt = asking.start(NOW)
        asking.handle_candidate(NOW, attempt, "early", "0")
        assert sent_by(asking) == []
        asking.handle_description(NOW, attempt, "offer")
        asking.handle_candidate(NOW, attempt, "", "0")
        assert sent_by(asking) == [
            SignalOffer(1, 2, "offer"),
            SignalCandidate(1, 2, "early", "0"),
            SignalCandidate(1, 2, "", "0"),
        ]
        answering.handle_message(NOW, SignalOffer(2, 2, "offer"))
        answering.handle_message(NOW, SignalCandidate(2, 2, "early", "0"))
        assert events_of(answering) == [MakeAnswer(2, "offer"), AddCandidate(2, "early", "0")]
        answering.handle_candidate(NOW, 2, "mine", "0")
        answering.handle_description(NOW, 2, "answer")
        assert answering.state is CONNECTING
        assert sent_by(answering) == [SignalAnswer(2, 2, "answer"), SignalCandidate(2, 2, "mine", "0")]
        asking.handle_message(NOW, SignalAnswer(1, 2, "answer"))
        assert asking.state is CONNECTING
        asking.handle_connected(NOW, 2)
        asking.handle_message(NOW, SignalCandidate(1, 2, "late", "0"))
        assert events_of(asking)[-2:] == [TakeAnswer(2, "answer"), AddCandidate(2, "late", "0")]

    @pytest.mark.parametrize(
        "message",
        [
            SignalAnswer(1, 4, "x"),
            SignalCandidate(1, 3, "x", "0"),
            SignalAbandon(1, 3, "x"),
            SignalCandidate(1, 2, "before its answer", "0"),
        ],
    )
    def test_sig_11_what_follows_nothing_is_refused(self, message: SignalRelayed) -> None:
        negotiation = offered(guest())
        with pytest.raises(ProtocolError):
            negotiation.handle_message(NOW, message)
        assert (negotiation.state, negotiation.attempt, events_of(negotiation)) == (OFFERING, 2, [])

    def test_sig_11_an_answer_that_nobody_waits_for_is_refused(self) -> None:
        answering = host()
        answering.handle_message(NOW, SignalOffer(2, 2, "offer"))
        twice = offered(guest())
        twice.handle_message(NOW, SignalAnswer(1, 2, "x"))
        before_the_offer = guest()
        before_the_offer.start(NOW)
        for negotiation in (answering, twice, before_the_offer):
            with pytest.raises(ProtocolError, match="waits for no answer"):
                negotiation.handle_message(NOW, SignalAnswer(1, 2, "x"))

    def test_sig_11_what_is_about_an_older_attempt_is_let_be(self) -> None:
        negotiation = guest()
        negotiation.start(NOW)
        negotiation.handle_failed(NOW, 2, "broke")
        over: list[SignalRelayed] = [
            SignalAnswer(1, 2, "x"),
            SignalCandidate(1, 2, "x", "0"),
            SignalAbandon(1, 2, "x"),
        ]
        older: list[SignalRelayed] = [SignalAnswer(1, 2, "x"), SignalOffer(1, 3, "x"), SignalAbandon(1, 3, "x")]
        for message in over:
            negotiation.handle_message(NOW, message)
        negotiation.start(NOW)
        events_of(negotiation)
        for message in older:
            negotiation.handle_message(NOW, message)
        assert (negotiation.stale_messages, events_of(negotiation), negotiation.attempt) == (6, [], 4)

    def test_sig_11_what_an_older_peer_connection_still_says_is_nothing(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_message(NOW, SignalOffer(1, 3, "theirs"))
        negotiation.handle_description(NOW, 2, "late")
        negotiation.handle_candidate(NOW, 2, "late", "0")
        negotiation.handle_connected(NOW, 2)
        negotiation.handle_failed(NOW, 2, "late")
        assert (sent_by(negotiation), negotiation.state) == ([], ANSWERING)
        negotiation.handle_description(NOW, 3, "mine")
        negotiation.handle_description(NOW, 3, "mine once more")
        assert sent_by(negotiation) == [SignalAnswer(1, 3, "mine")]

    def test_sig_11_more_candidates_than_there_may_be_are_refused(self) -> None:
        with pytest.raises(TooManyCandidates, match="65"):
            guest().handle_message(NOW, SignalOffer(1, 3, LINE * (SIGNAL_CANDIDATES_MAX + 1)))
        negotiation = guest()
        negotiation.handle_message(NOW, SignalOffer(1, 3, LINE * (SIGNAL_CANDIDATES_MAX - 1)))
        negotiation.handle_message(NOW, SignalCandidate(1, 3, "x", "0"))
        with pytest.raises(TooManyCandidates):
            negotiation.handle_message(NOW, SignalCandidate(1, 3, "x", "0"))
        asking = offered(host())
        with pytest.raises(TooManyCandidates):
            asking.handle_message(NOW, SignalAnswer(2, 3, LINE * (SIGNAL_CANDIDATES_MAX + 1)))
        assert (asking.state, events_of(asking)) == (OFFERING, [])

    def test_sig_11_after_the_last_candidate_there_are_no_more(self) -> None:
        negotiation = guest()
        negotiation.handle_message(NOW, SignalOffer(1, 3, "theirs"))
        for candidate in ("x", "", "", "y"):
            negotiation.handle_message(NOW, SignalCandidate(1, 3, candidate, "0"))
        assert events_of(negotiation)[1:] == [AddCandidate(3, "x", "0"), AddCandidate(3, "", "0")]
        assert negotiation.stale_messages == 2

    def test_ones_own_candidates_beyond_the_limit_stay_here(self) -> None:
        negotiation = guest()
        negotiation.start(NOW)
        for number in range(2 * SIGNAL_CANDIDATES_MAX):
            negotiation.handle_candidate(NOW, 2, f"held {number}", "0")
        negotiation.handle_description(NOW, 2, "v=0\r\n" + LINE * SIGNAL_CANDIDATES_MAX * 2 + "a=end\r\n")
        negotiation.handle_candidate(NOW, 2, "more", "0")
        negotiation.handle_candidate(NOW, 2, "", "0")
        offer, end = sent_by(negotiation)
        assert isinstance(offer, SignalOffer)
        assert candidate_count(offer.sdp) == SIGNAL_CANDIDATES_MAX
        assert offer.sdp.endswith(f"{LINE}a=end\r\n")
        assert end == SignalCandidate(1, 2, "", "0")
        assert without_excess(LINE) == LINE


class TestEnds:
    @pytest.mark.parametrize("described", [False, True])
    def test_sig_12_an_attempt_that_takes_too_long_fails_and_the_other_side_is_told(self, described: bool) -> None:
        negotiation = offered(guest()) if described else guest()
        negotiation.start(NOW)
        events_of(negotiation)
        assert negotiation.poll_timeout() == LATER.seconds
        negotiation.handle_timeout(Moment(LATER.seconds - 0.001, 0))
        assert negotiation.is_under_way
        negotiation.handle_timeout(LATER)
        (failed,) = events_of(negotiation)
        assert isinstance(failed, AttemptFailed)
        assert isinstance(failed.error, SignalingFailed)
        assert "10 s for an answer" in failed.error.reason
        assert [(type(told), told.attempt) for told in sent_by(negotiation)] == [(SignalAbandon, 2)] * described
        assert (negotiation.state, negotiation.poll_timeout()) == (IDLE, None)
        negotiation.handle_timeout(Moment(1e9, 0))
        assert events_of(negotiation) == []

    def test_sig_12_one_without_a_connection_says_so(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_message(NOW, SignalAnswer(1, 2, "x"))
        negotiation.handle_timeout(LATER)
        assert "for a connection" in str(events_of(negotiation)[-1])

    def test_sig_12_an_attempt_that_stands_has_no_deadline(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_message(NOW, SignalAnswer(1, 2, "x"))
        negotiation.handle_connected(NOW, 2)
        events_of(negotiation)
        negotiation.handle_timeout(LATER)
        negotiation.handle_peer_left(LATER)
        assert (negotiation.state, events_of(negotiation)) == (CONNECTED, [])

    def test_sig_12_the_other_side_gives_up_or_leaves(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_message(NOW, SignalAbandon(1, 2, "no network"))
        assert "gave up: no network" in str(events_of(negotiation))
        assert (negotiation.state, sent_by(negotiation)) == (IDLE, [])
        negotiation.start(NOW)
        negotiation.handle_peer_left(NOW)
        assert "has left" in str(events_of(negotiation)[-1])
        negotiation.handle_peer_left(NOW)
        assert events_of(negotiation) == []

    def test_sig_12_ones_own_failure_is_told_with_its_reason(self) -> None:
        negotiation = offered(guest())
        negotiation.handle_failed(NOW, 2, "x" * 1_000)
        (told,) = sent_by(negotiation)
        assert isinstance(told, SignalAbandon)
        assert told.reason == "x" * SIGNAL_REASON_CHARACTERS_MAX
        negotiation.handle_failed(NOW, 2, "again")
        negotiation.handle_candidate(NOW, 2, "late", "0")
        assert sent_by(negotiation) == []
