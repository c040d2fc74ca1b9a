"""When checkpoints are due, and which are kept."""

import pytest

from theta.base.limits import CHECKPOINT_AGE_SECONDS, CHECKPOINT_BYTES, CHECKPOINT_COMMANDS, CHECKPOINTS_BYTES_MAX
from theta.base.moment import Moment
from theta.commands.store import StoredCheckpoint
from theta.node.checkpoint_schedule import CheckpointSchedule, thinned

START = Moment(100.0, 1_700_000_000_000)


def after(seconds: float) -> Moment:
    return Moment(START.seconds + seconds, START.unix_ms + int(seconds * 1_000))


@pytest.mark.parametrize(("commands", "byte_count"), [(CHECKPOINT_COMMANDS, 1), (1, CHECKPOINT_BYTES)])
def test_log_23_a_checkpoint_is_due_by_count_and_by_bytes(commands: int, byte_count: int) -> None:
    schedule = CheckpointSchedule()
    assert not schedule.is_due(START)
    schedule.handle_change(START, commands - 1 or 1, byte_count - 1)
    assert not schedule.is_due(START)
    schedule.handle_change(START, 1, 1)
    assert schedule.is_due(START)
    schedule.handle_begun()
    assert not schedule.is_due(after(1e9))


def test_log_23_a_checkpoint_is_due_by_the_age_of_the_oldest_command_also_in_a_busy_room() -> None:
    schedule = CheckpointSchedule()
    assert not schedule.is_due(after(1e9))
    for second in range(int(CHECKPOINT_AGE_SECONDS)):
        schedule.handle_change(after(second), 1, 10)
        assert not schedule.is_due(after(second))
    due = schedule.timeout
    assert due == START.seconds + CHECKPOINT_AGE_SECONDS
    assert schedule.is_due(after(CHECKPOINT_AGE_SECONDS))
    schedule.handle_begun()
    assert not schedule.is_due(after(1e9))


def test_log_23_records_without_commands_are_no_reason() -> None:
    schedule = CheckpointSchedule()
    schedule.handle_change(START, 0, CHECKPOINT_BYTES)
    assert schedule.timeout is None
    assert not schedule.is_due(after(1e9))


def test_log_23_what_an_opened_log_holds_beyond_its_checkpoint_counts() -> None:
    assert CheckpointSchedule(CHECKPOINT_COMMANDS, 0).is_due(START)


def checkpoint(seq: int, byte_count: int = 10) -> StoredCheckpoint:
    return StoredCheckpoint(seq, bytes(32), byte_count, 0)


def test_log_24_the_newest_three_are_kept_and_one_per_doubling() -> None:
    kept: tuple[int, ...] = ()
    for number in range(1, 1_001):
        kept = thinned([checkpoint(seq) for seq in (*kept, number * 100)])
        assert kept[-3:] == tuple(each * 100 for each in range(max(1, number - 2), number + 1))
        ages = [(number * 100 - seq).bit_length() for seq in kept[:-3]]
        assert len(set(ages)) == len(ages)
        assert kept[0] == 100, "the first stays"
    assert len(kept) <= 3 + 17
    assert len([seq for seq in kept if seq < 90_000]) >= 4, "and some between"


def test_log_24_checkpoints_have_room_for_so_many_bytes_and_the_newest_always_has() -> None:
    large = CHECKPOINTS_BYTES_MAX // 2
    assert thinned([checkpoint(seq, large) for seq in (1, 2, 3, 4)]) == (3, 4)
    assert thinned([checkpoint(seq, CHECKPOINTS_BYTES_MAX + 1) for seq in (1, 2)]) == (2,)
    assert thinned([]) == ()
