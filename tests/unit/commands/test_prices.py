from collections.abc import Sequence
from copy import copy

import pytest

from tests.unit.commands.rooms import ANNA, BEN, NOW, RENAME, Room, Speaker, later
from theta.base import limits
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.commands.admission import Admission
from theta.commands.records import RecordKind
from theta.commands.refusals import RateLimited, TooExpensive
from theta.editor.mesh_operations import Subdivide
from theta.editor.vocabulary import SetEffectiveV2
from theta.wire.messages import GestureName


def test_cmd_15_what_works_on_a_whole_mesh_costs_more() -> None:
    room = Room()
    speaker = room.join()
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(speaker, speaker.packet(*[dear] * 2))  # 82 of 100 tokens
    with pytest.raises(RateLimited) as caught:
        room.admission.admit(NOW, speaker.record, "editor", speaker.packet(dear))
    # The bucket holds 17 after the command's own token, which is paid for good.
    assert caught.value.retry_after_seconds == pytest.approx((40 - 17) / limits.COMMANDS_PER_SECOND)
    other = room.join(BEN, b"j" * 16, b"t" * 16)
    with pytest.raises(TooExpensive):
        room.admission.admit(NOW, other.record, "editor", other.packet(*[dear] * 3))


def test_cmd_15_two_sessions_that_wait_for_a_full_bucket_do_not_empty_it_for_each_other() -> None:
    room = Room()
    one, other = room.join(), room.join(ANNA, b"j" * 16, b"t" * 16)
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(other, other.packet(*[dear] * 2))  # 82 of 100 tokens
    waiting = {each: each.packet(*[dear] * 2) for each in (one, other)}
    at = dict.fromkeys(waiting, 0.0)
    tries = 0
    while waiting:
        speaker = min(waiting, key=at.__getitem__)
        now = later(at[speaker])
        try:
            record = room.admission.admit(now, speaker.record, "editor", waiting[speaker]).record
            assert record is not None
            room.log.accept(record, verify=False)
            del waiting[speaker]
        except RateLimited as refusal:
            at[speaker] += refusal.retry_after_seconds + 0.001
        tries += 1
        assert tries < 12, "they wait for ever"


def test_cmd_15_who_comes_again_too_early_pays_for_the_commands_again() -> None:
    room = Room()
    speaker = room.join()
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(speaker, speaker.packet(*[dear] * 2))  # 82 of 100 tokens
    packet = speaker.packet(dear)
    waits = []
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            room.admission.admit(NOW, speaker.record, "editor", packet)
        waits.append(round(caught.value.retry_after_seconds * limits.COMMANDS_PER_SECOND))
    assert waits == [23, 24, 25]


def undo_of(*gestures: CommandName, cascade: tuple[CommandName, ...] = ()) -> SetEffectiveV2:
    """Takes these back."""
    return SetEffectiveV2([GestureName(*each) for each in gestures], False, [GestureName(*each) for each in cascade])


def tokens_left(room: Room, speaker: Speaker) -> int:
    """How many the author's bucket holds."""
    return next(count for count in range(101, -1, -1) if not speaker_takes(room, speaker, count))


def speaker_takes(room: Room, speaker: Speaker, count: int) -> float:
    """How long the author would have to wait for so many."""
    bucket = copy(room.admission._buckets[speaker.record.author])
    return bucket.take(count, NOW.seconds)


def test_cmd_76_an_undo_costs_by_what_it_replays() -> None:
    room = Room()
    asked: list[tuple[bytes, list[CommandName]]] = []

    def replay_length(branch: bytes, gestures: Sequence[CommandName]) -> int:
        asked.append((branch, list(gestures)))
        return 40 * limits.MERGE_COMMANDS_PER_TOKEN + 499

    room.admission = Admission(room.log, replay_length=replay_length)
    anna = room.join()
    made = anna.do(RENAME)
    others = (CommandName(5, 1), CommandName(5, 2))
    anna.do(undo_of(made, cascade=others))
    assert tokens_left(room, anna) == 100 - 1 - 1 - 40
    assert asked == [(MAIN_BRANCH, [made, *others])]
    with pytest.raises(RateLimited):
        anna.do(undo_of(made), undo_of(made))


def test_cmd_76_an_undo_costs_at_most_a_full_bucket_and_is_refused_when_too_long() -> None:
    room = Room()
    length = limits.UNDO_COMMANDS_MAX
    room.admission = Admission(room.log, replay_length=lambda branch, gestures: length)
    anna = room.join()
    made = anna.do(RENAME)
    room.admit(anna, anna.packet(undo_of(made)), later(100))
    length += 1
    before = room.log.head_seq
    with pytest.raises(TooExpensive, match="100001 commands may have to be replayed; at most 100000"):
        room.admit(anna, anna.packet(undo_of(made)), later(200))
    assert room.log.head_seq == before


def test_cmd_76_where_nobody_knows_better_all_commands_since_count() -> None:
    room = Room()
    anna = room.join()
    first = anna.do(RENAME)
    room.log.governance.lines.add_commands(MAIN_BRANCH, room.log.head_seq + 1, 20 * limits.MERGE_COMMANDS_PER_TOKEN)
    room.add(RecordKind.HEAD, room.sign(room.head()))
    last = anna.do(RENAME)
    length_since = room.log.length_since
    assert length_since(MAIN_BRANCH, [last]) <= 2 * limits.MERGE_COMMANDS_PER_TOKEN
    assert 0 <= length_since(MAIN_BRANCH, [first, last]) - 20 * limits.MERGE_COMMANDS_PER_TOKEN <= 1_000
    assert length_since(MAIN_BRANCH, [CommandName(5, 1)]) == length_since(b"x" * 16, [first]) == 0
    left = tokens_left(room, anna)
    anna.do(undo_of(first, last))
    assert left - tokens_left(room, anna) == 1 + 20
    room.log.governance.lines.add_commands(MAIN_BRANCH, room.log.head_seq, limits.UNDO_COMMANDS_MAX)
    assert length_since(MAIN_BRANCH, [first]) > limits.UNDO_COMMANDS_MAX
    # They are not all of one unit: it costs a full bucket, and is not refused.
    room.admit(anna, anna.packet(undo_of(first)), later(100))
    assert tokens_left(room, anna) == 0
    room.admit(anna, anna.packet(undo_of(CommandName(anna.record.actor, 99))), later(200))
    # Of what is older than the records in memory nobody knows where it is.
    room.advance_frontier()
    room.log.forget(room.log.frontier.seq if room.log.frontier is not None else 0)
    assert length_since(MAIN_BRANCH, [first]) == length_since(MAIN_BRANCH, [last]) > limits.UNDO_COMMANDS_MAX
