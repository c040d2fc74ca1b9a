"""A checkpoint on its way to the disk: in pieces, when the fold is at rest, no faster than the disk."""

from collections.abc import Iterator

from theta.adapters.memory_store import MemoryLogStore
from theta.base.limits import CHECKPOINT_AGE_SECONDS, CHECKPOINT_COMMANDS, CHECKPOINT_PART_BYTES_MAX
from theta.base.moment import Moment
from theta.commands.store import CheckpointDone, CheckpointPart
from theta.node.checkpoint_frames import Frame, FrameKind, read_frames
from theta.node.checkpoint_schedule import CheckpointSchedule
from theta.node.checkpointing import IN_FLIGHT_MAX, RETRY_SECONDS, STEP_SECONDS, Checkpointing, Draft

NOW = Moment(100.0, 1_700_000_000_000)
FRAMES = [Frame(FrameKind.UNIT, bytes([number]) * 200_000) for number in range(12)]


class Bench:
    """A checkpointing over frames that are known, with a store below it."""

    def __init__(self) -> None:
        self.store = MemoryLogStore()
        self.at_rest = True
        self.seq = 0
        self.now = NOW
        self.made: list[int] = []
        self.making = self.restarted()

    def restarted(self, schedule: CheckpointSchedule | None = None) -> Checkpointing:
        return Checkpointing(
            self.begin, lambda: self.at_rest, self.store.checkpoints(), schedule or CheckpointSchedule()
        )

    def begin(self) -> Draft | None:
        return Draft(self.seq, self.frames()) if self.seq else None

    def frames(self) -> Iterator[Frame]:
        for number, frame in enumerate(FRAMES):
            assert self.at_rest, "asked for while the fold is at work"
            self.made.append(number)
            yield frame

    def drain(self) -> int:
        """Give what waits to the store; how many pieces that were."""
        count = 0
        while (piece := self.making.poll()) is not None:
            count += 1
            if isinstance(piece, CheckpointPart):
                self.store.put_part(*piece)
            else:
                assert isinstance(piece, CheckpointDone)
                self.store.put_checkpoint(piece.checkpoint)
                self.store.drop_checkpoints(piece.kept)
            self.making.handle_durable(NOW)
        return count

    def due(self) -> float | None:
        """When there is something to do."""
        return self.making.timeout

    def is_at_work(self) -> bool:
        """Whether one was begun."""
        return self.making.is_working

    def finish(self) -> None:
        while self.making.is_working:
            self.step()
            self.drain()

    def step(self) -> None:
        """A while later."""
        self.now = Moment(self.now.seconds + STEP_SECONDS, self.now.unix_ms)
        self.making.handle_timeout(self.now)


def test_log_23_a_due_checkpoint_goes_to_the_disk_in_pieces_and_is_whole() -> None:
    bench = Bench()
    bench.seq = 7
    bench.making.handle_change(NOW, CHECKPOINT_COMMANDS - 1, 1)
    assert not bench.is_at_work()
    bench.making.handle_change(NOW, 1, 1)
    assert bench.is_at_work()
    bench.finish()
    (checkpoint,) = bench.store.checkpoints()
    assert (checkpoint.seq, checkpoint.stored_ms) == (7, NOW.unix_ms)
    parts = list(bench.store.read_checkpoint(checkpoint))
    assert sum(map(len, parts)) == checkpoint.byte_count
    assert list(read_frames(parts)) == FRAMES
    assert bench.making.newest_seq == 7


def test_log_23_no_more_is_made_than_the_disk_takes() -> None:
    bench = Bench()
    bench.seq = 7
    bench.making.handle_change(NOW, CHECKPOINT_COMMANDS, 1)
    for _ in range(100):
        bench.step()
    waiting = len(bench.made)
    assert waiting * len(FRAMES[0].data) <= (IN_FLIGHT_MAX + 1) * CHECKPOINT_PART_BYTES_MAX
    assert bench.due() is None
    assert bench.drain() >= IN_FLIGHT_MAX
    assert bench.due() is not None
    bench.step()
    assert len(bench.made) == waiting + 1


def test_log_23_nothing_is_read_of_a_fold_at_work() -> None:
    bench = Bench()
    bench.seq, bench.at_rest = 7, False
    bench.making.handle_change(NOW, CHECKPOINT_COMMANDS, 1)
    assert not bench.is_at_work()
    bench.at_rest = True
    bench.step()
    bench.at_rest = False
    bench.step()
    assert (bench.made, bench.due()) == ([0], None)
    bench.at_rest = True
    bench.finish()
    assert len(bench.store.checkpoints()) == 1


def test_log_23_what_has_nothing_new_stays_due() -> None:
    bench = Bench()
    bench.making.handle_change(NOW, CHECKPOINT_COMMANDS, 1)
    assert not bench.is_at_work()
    assert bench.due() == NOW.seconds + RETRY_SECONDS
    bench.seq = 9
    bench.making.handle_timeout(NOW)
    assert not bench.is_at_work()
    bench.making.handle_timeout(Moment(NOW.seconds + RETRY_SECONDS, NOW.unix_ms))
    assert bench.is_at_work()


def test_log_24_old_ones_are_dropped_as_new_ones_are_stored() -> None:
    bench = Bench()
    for bench.seq in range(10, 400, 10):
        bench.making.handle_change(bench.now, CHECKPOINT_COMMANDS, 1)
        bench.finish()
    seqs = [each.seq for each in bench.store.checkpoints()]
    assert seqs[:3] == [390, 380, 370]
    assert len(seqs) < 10
    assert seqs[-1] == 10


def test_log_23_an_opened_room_goes_on_counting() -> None:
    bench = Bench()
    bench.making = bench.restarted(CheckpointSchedule(CHECKPOINT_COMMANDS - 1, 0))
    bench.seq = 7
    bench.making.handle_change(NOW, 1, 1)
    assert bench.is_at_work()


def test_log_23_its_age_is_waited_for() -> None:
    bench = Bench()
    bench.seq = 7
    assert bench.due() is None
    bench.making.handle_change(NOW, 1, 1)
    due = NOW.seconds + CHECKPOINT_AGE_SECONDS
    assert bench.due() == due
    bench.making.handle_timeout(Moment(due, NOW.unix_ms))
    assert bench.is_at_work()


def test_log_23_a_room_that_closes_writes_one_at_once_and_gives_up_what_was_begun() -> None:
    bench = Bench()
    bench.seq = 7
    bench.making.handle_change(NOW, CHECKPOINT_COMMANDS, 1)
    bench.step()
    bench.drain()
    bench.making.handle_close(NOW, Draft(9, bench.frames()))
    bench.drain()
    (checkpoint,) = bench.store.checkpoints()
    assert checkpoint.seq == 9
    assert list(read_frames(bench.store.read_checkpoint(checkpoint))) == FRAMES
    bench.making.handle_close(NOW, Draft(9, bench.frames()))
    assert bench.drain() == 0, "there is one of that record"
