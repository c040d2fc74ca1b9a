"""The corpus of fuzz/fuzz_signaling.py replays without atheris: typed refusals, and bounded memory."""

import pytest

from fuzz import fuzz_signaling as target
from fuzz.harness import joined, pieces
from tests.fuzz.corpora import assert_replays_within
from theta.signaling.candidates import CandidateCount
from theta.signaling.negotiation import Negotiation
from theta.signaling.participant import SignalParticipant
from theta.signaling.refusals import TooManyCandidates
from theta.signaling.server import SignalServer
from theta.wire import codec
from theta.wire.signal_messages import SignalOffer

PEAK_BYTES_MAX = 8 * 1024 * 1024
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_replays_within_its_memory() -> None:
    assert len(FILES) >= len(target.seeds())
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_the_seeds_are_in_the_corpus_and_go_through() -> None:
    kept = {path.read_bytes() for path in FILES}
    assert set(target.seeds()) <= kept
    assert {seed[0] for seed in target.seeds()} == set(range(len(target.READERS)))
    scene = target.Scene()
    talk = next(seed for seed in target.seeds() if seed[0] == target.READERS.index(target.read_talk))
    for piece in pieces(talk[1:]):
        scene.say((target.HOST_CONNECTION, target.GUEST_CONNECTION)[piece[0] % 2], piece[1:])
    assert dict(scene.server.counts) == {"relayed": 3, "refused TooManyCandidates": 2}


@pytest.mark.parametrize("seed", range(len(target.seeds())))
def test_the_target_finds_an_error_wherever_it_is(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(SignalServer, "handle_timeout", broken)
    monkeypatch.setattr(Negotiation, "poll_transmit", broken)
    monkeypatch.setattr(SignalParticipant, "poll_close", broken)
    monkeypatch.setattr(target, "without_excess", broken)
    with pytest.raises(KeyError):
        target.read_anything(target.seeds()[seed])


def test_the_target_finds_candidates_that_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    really = CandidateCount.add

    monkeypatch.setattr("theta.signaling.visitors.CandidateCount.add", lambda count, message: None)
    monkeypatch.setattr(target, "CandidateCount", type("Strict", (CandidateCount,), {"add": really}))
    offer = codec.encode(SignalOffer(1, 2, "a=candidate:1\n" * 65))
    with pytest.raises(TooManyCandidates):
        target.read_anything(b"\1" + joined(b"\1" + offer))
