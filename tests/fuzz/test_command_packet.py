"""The corpus of fuzz/fuzz_command_packet.py replays without atheris: typed refusals, and bounded memory."""

import pytest

from fuzz import fuzz_command_packet as target
from tests.fuzz.corpora import assert_replays_within
from theta.base.errors import StoreCorrupt
from theta.commands import records, refusals
from theta.commands.governing import GOVERNING
from theta.commands.log import CommandLog
from theta.commands.records import RecordKind
from theta.commands.refusals import Refused
from theta.editor.vocabulary import OPERATIONS

PEAK_BYTES_MAX = 64 * 1024 * 1024
"""Of one input, over what stands before: a body is 64 KiB, and whatever is made of it is priced before."""
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_replays_within_its_memory() -> None:
    assert len(FILES) >= len(target.seeds())
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_the_seeds_are_in_the_corpus_and_hold_every_command_on_meshes_and_rooms() -> None:
    kept = {path.read_bytes() for path in FILES}
    assert set(target.seeds()) <= kept
    kinds = {seed[1] for seed in target.seeds() if seed[0] == target.READERS.index(target.read_payload)}
    wanted = {at for at, each in enumerate(OPERATIONS) if each in GOVERNING or "mesh_operations" in each.__module__}
    assert wanted <= kinds


def test_every_permitted_refusal_is_one_and_has_its_reason() -> None:
    declared = {each for each in vars(refusals).values() if isinstance(each, type) and issubclass(each, Refused)}
    never = {Refused, refusals.ReadOnly, refusals.Blocked, refusals.Revoked, refusals.Kicked, refusals.Stale}
    assert target.PERMITTED.keys() == declared - never - {refusals.ClockExhausted}
    assert all(target.PERMITTED.values())


@pytest.mark.parametrize("error", [KeyError("x"), refusals.ReadOnly("no disk")])
def test_the_target_finds_what_is_not_permitted(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("theta.commands.admission.Admission._admit", broken)
    with pytest.raises(type(error)):
        target.read_anything(target.seeds()[1])


def test_the_target_finds_a_log_that_changes_by_a_refused_record(monkeypatch: pytest.MonkeyPatch) -> None:
    really = CommandLog._take_head

    def forgetful(log: CommandLog, head: object) -> None:
        log.command_count += 1
        really(log, head)  # type: ignore[arg-type]

    monkeypatch.setattr(CommandLog, "_take_head", forgetful)
    scene = target.Scene(target.OPENING)
    head = records.HeadRecord(99, bytes(32), bytes(16), 0)
    body = records.sign_part(target.SECRET.identity, scene.log.genesis, head)
    with pytest.raises(StoreCorrupt):
        target.read_anything(bytes((target.READERS.index(target.read_record), RecordKind.HEAD)) + body)
