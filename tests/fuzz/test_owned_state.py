"""The corpus of fuzz/fuzz_owned_state.py replays without atheris: typed refusals, and bounded memory."""

import struct

import pytest

from fuzz import fuzz_owned_state as target
from tests.fuzz.corpora import assert_replays_within, assert_seeds_are_kept
from theta.base.errors import NotInvited, ProtocolError
from theta.node import state_values
from theta.node.state_ownership import StateOwnership
from theta.wire.message import Message

PEAK_BYTES_MAX = 32 * 1024 * 1024
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_has_the_seeds_and_replays_within_its_memory() -> None:
    assert_seeds_are_kept(FILES, target.seeds(), len(target.READERS))
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_what_the_seeds_say_reaches_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes: list[target.Scene] = []
    really = target.Scene.check

    def noted(scene: target.Scene) -> None:
        scenes.append(scene)
        really(scene)

    monkeypatch.setattr(target.Scene, "check", noted)
    for seed in target.seeds():
        target.read_anything(seed)
    counts = [scene.ownership.counts for scene in scenes]
    for name in ("written", "spawned", "despawned", "claims", "not-owned", "not-allowed"):
        assert max(each[name] for each in counts) > 0, name


@pytest.mark.parametrize("error", [KeyError("x"), NotInvited("x")])
def test_the_target_finds_what_is_not_permitted(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(StateOwnership, "_take", broken)
    with pytest.raises(type(error)):
        target.read_anything(target.seeds()[0])


def test_the_target_finds_a_refusal_that_changes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    really = StateOwnership.handle_message

    def forgetful(ownership: StateOwnership, now: float, actor: int, message: Message) -> None:
        try:
            really(ownership, now, actor, message)
        except ProtocolError:
            ownership._world.spawn()
            raise

    monkeypatch.setattr(StateOwnership, "handle_message", forgetful)
    with pytest.raises(AssertionError, match="changes nothing"):
        target.read_anything(b"\0\xff")


def test_the_target_finds_a_place_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_values, "COORDINATE_METRES_MAX", 1.0e30)
    seed = target.seeds()[1]
    far = seed.replace(struct.pack("<d", 1.0), struct.pack("<d", 1.0e20), 1)
    assert far != seed
    with pytest.raises(AssertionError, match="no place"):
        target.read_anything(far)
