"""The corpus of fuzz/fuzz_handshake.py replays without atheris: typed ends, and nobody in who proved nothing."""

import pytest

from fuzz import fuzz_handshake as target
from tests.fuzz.corpora import assert_replays_within, assert_seeds_are_kept
from theta.node.reception import Reception
from theta.session import host_handshake, participant_handshake

PEAK_BYTES_MAX = 32 * 1024 * 1024
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_replays_within_its_memory() -> None:
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_the_seeds_are_in_the_corpus() -> None:
    assert_seeds_are_kept(FILES, target.seeds(), len(target.READERS))


def test_good_claims_come_in_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    came_in: list[bool] = []
    end = target.Scene.end

    def watch(scene: target.Scene) -> None:
        came_in.append(scene.has_eve)
        end(scene)

    monkeypatch.setattr(target.Scene, "end", watch)
    expected = []
    for seed in target.seeds_with_ends():
        if seed.data[0] == target.READERS.index(target.read_claims):
            target.read_anything(seed.data)
            expected.append(seed.is_let_in)
    assert came_in == expected
    assert set(expected) == {True, False}


def _of(reader: object, *, is_let_in: bool) -> list[bytes]:
    """The seeds of a reader that end so."""
    number = next(number for number, each in enumerate(target.READERS) if each is reader)
    return [each.data for each in target.seeds_with_ends() if (each.data[0], each.is_let_in) == (number, is_let_in)]


def test_the_target_finds_a_room_that_takes_any_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_handshake, "is_signed_by", lambda *_: True)
    found = 0
    for seed in _of(target.read_claims, is_let_in=False):
        try:
            target.read_anything(seed)
        except AssertionError:
            found += 1
    assert found > 0


def test_the_target_finds_a_participant_that_shows_its_invite_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(participant_handshake, "is_signed_by", lambda *_: True)
    [impostor, _] = _of(target.read_impostor, is_let_in=False)
    with pytest.raises(AssertionError):
        target.read_anything(impostor)


def test_the_target_finds_any_other_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(Reception, "handle_message", broken)
    for seed in _of(target.read_claims, is_let_in=True):
        with pytest.raises(KeyError):
            target.read_anything(seed)
