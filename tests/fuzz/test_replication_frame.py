"""The corpus of fuzz/fuzz_replication_frame.py replays without atheris: typed refusals, and bounded memory."""

import pytest

from fuzz import fuzz_replication_frame as target
from tests.fuzz.corpora import assert_replays_within, assert_seeds_are_kept
from theta.base.errors import NotInvited, ProtocolError
from theta.replication.receiving import StateReceiver

PEAK_BYTES_MAX = 32 * 1024 * 1024
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_replays_within_its_memory() -> None:
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_the_seeds_are_in_the_corpus_and_go_through() -> None:
    assert_seeds_are_kept(FILES, target.seeds(), len(target.READERS))
    scene = target.Scene()
    whole = next(seed for seed in reversed(target.seeds()) if seed[0] == target.READERS.index(target.read_body))
    assert scene.receiver.handle_body(0.0, target.TICKS, whole[1:])
    scene.show()
    assert len(scene.remote) == 19


@pytest.mark.parametrize("error", [KeyError("x"), NotInvited("x")])
def test_the_target_finds_what_is_not_permitted(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise error

    target.Scene()
    monkeypatch.setattr(target, "FIRST", b"")
    monkeypatch.setattr(StateReceiver, "_prepare", broken)
    with pytest.raises(type(error)):
        target.read_anything(target.seeds()[1])


def test_the_target_finds_a_refusal_that_changes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    really = StateReceiver.handle_body

    def forgetful(receiver: StateReceiver, now: float, tick: int, body: bytes) -> bool:
        try:
            return really(receiver, now, tick, body)
        except ProtocolError:
            receiver.counts["applied"] += 1
            raise

    monkeypatch.setattr(StateReceiver, "handle_body", forgetful)
    with pytest.raises(AssertionError, match="changes nothing"):
        target.read_anything(b"\0\xff")
