"""A room's checkpoints as they are made: a few milliseconds at a time, part by part, while people go on (LOG-23)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from theta.base.moment import Moment
from theta.commands.store import CheckpointDone, CheckpointPart, StoredCheckpoint, part_digest
from theta.node.checkpoint_frames import Frame, PartCutter
from theta.node.checkpoint_schedule import CheckpointSchedule, thinned

IN_FLIGHT_MAX = 2
"""As many parts wait for the disk; commands go before each."""


class Draft(NamedTuple):
    """A checkpoint to be written: the record that it stands at, and its frames, each made when it is asked for."""

    seq: int
    frames: Iterator[Frame]


STEP_SECONDS = 0.002
"""Between two steps people have their turn."""
STEP_FRAMES, STEP_BYTES = 16, 131_072
"""What one step makes at the most, but for its last frame."""
RETRY_SECONDS = 1.0
"""How long to wait when one is due and cannot be begun."""

FULL_RETRY_SECONDS = 60.0
"""How long to wait after the disk had no room for one."""

BeginDraft = Callable[[], Draft | None]
"""Begins a checkpoint of what is folded now; None when there is nothing new at the frontier, or the fold is at work."""


class Checkpointing:
    """Begins checkpoints when they are due, and gives their parts to the disk one after the other.

    Args:
        begin: see BeginDraft.
        is_at_rest: whether the frames of a draft may be asked for just now.
        stored: the checkpoints that the store has.
        schedule: says when one is due.
        pinned: the record of a checkpoint that is always kept, since a base stands on it.
    """

    def __init__(
        self,
        begin: BeginDraft,
        is_at_rest: Callable[[], bool],
        stored: Iterable[StoredCheckpoint],
        schedule: CheckpointSchedule,
        pinned: int = 0,
    ) -> None:
        self._begin = begin
        self._is_at_rest = is_at_rest
        self._stored = list(stored)
        self._schedule = schedule
        self._pinned = pinned
        self._finishing: list[StoredCheckpoint] | None = None
        """What is stored while the last pieces of one more are on their way."""
        self._draft: Draft | None = None
        self._cutter = PartCutter()
        self._digests: list[bytes] = []
        self._byte_count = 0
        self._in_flight = 0
        self._retry_at: float | None = None
        self._step_at = 0.0
        self._out: deque[CheckpointPart | CheckpointDone] = deque()

    @property
    def is_working(self) -> bool:
        """Whether a checkpoint was begun that is not on disk yet."""
        return self._draft is not None or self._in_flight > 0

    @property
    def newest(self) -> StoredCheckpoint | None:
        """The newest checkpoint that is on disk whole; None for none."""
        return max(self._stored if self._finishing is None else self._finishing, default=None)

    @property
    def newest_seq(self) -> int:
        """The record of the newest checkpoint that is stored; 0 for none."""
        return max((each.seq for each in self._stored), default=0)

    @property
    def commands(self) -> int:
        """How many commands came since the last one was begun."""
        return self._schedule.commands

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which there is something to do; None when nothing is waited for."""
        if self._draft is not None:
            return self._step_at if self._in_flight < IN_FLIGHT_MAX and self._is_at_rest() else None
        if self.is_working:
            return None
        return self._schedule.timeout if self._retry_at is None else self._retry_at

    def handle_change(self, now: Moment, commands: int, byte_count: int) -> None:
        """Records with so many commands and bytes were folded."""
        self._schedule.handle_change(now, commands, byte_count)
        self.handle_timeout(now)

    def handle_timeout(self, now: Moment) -> None:
        """Begin a checkpoint that is due, or go on with the one that was begun."""
        if self._retry_at is not None and now.seconds >= self._retry_at:
            self._retry_at = None
        if not self._is_at_rest():
            return
        if not self.is_working and self._retry_at is None and self._schedule.is_due(now):
            self._draft = self._begin()
            if self._draft is not None:
                self._schedule.handle_begun()
                self._step_at = now.seconds
            else:
                self._retry_at = now.seconds + RETRY_SECONDS
        if self._draft is not None and self._in_flight < IN_FLIGHT_MAX and now.seconds >= self._step_at:
            self._step(now, self._draft)
            self._step_at = now.seconds + STEP_SECONDS

    def handle_close(self, now: Moment, draft: Draft | None) -> None:
        """The room closes: the last checkpoint, all at once; one that was begun is given up."""
        if draft is None or draft.seq <= self.newest_seq:
            return
        self._cutter = PartCutter()
        self._draft, self._digests, self._byte_count = draft, [], 0
        while self._draft is not None:
            self._step(now, self._draft)

    def handle_durable(self, now: Moment) -> None:
        """A piece that was polled is on disk."""
        self._in_flight -= 1
        if self._draft is None and not self._in_flight:
            self._finishing = None

    def handle_failed(self, now: Moment) -> None:
        """There was no room for a piece that was polled: what is written is given up, and the next comes later."""
        self._in_flight -= 1
        if self._finishing is not None:
            self._stored, self._finishing = self._finishing, None
        self._in_flight -= len(self._out)
        self._out.clear()
        self._cutter = PartCutter()
        self._draft, self._digests, self._byte_count = None, [], 0
        self._retry_at = now.seconds + FULL_RETRY_SECONDS

    def poll(self) -> CheckpointPart | CheckpointDone | None:
        """The next piece to store; answer with handle_durable once it is on disk."""
        return self._out.popleft() if self._out else None

    def _step(self, now: Moment, draft: Draft) -> None:
        """Some frames further."""
        made = 0
        for _ in range(STEP_FRAMES):
            frame = next(draft.frames, None)
            if frame is None:
                self._finish(now, draft)
                return
            self._put(draft.seq, self._cutter.put(frame))
            made += len(frame.data)
            if made >= STEP_BYTES:
                return

    def _finish(self, now: Moment, draft: Draft) -> None:
        self._put(draft.seq, self._cutter.finish())
        done = StoredCheckpoint(draft.seq, b"".join(self._digests), self._byte_count, now.unix_ms)
        kept = thinned([*self._stored, done])
        if self._pinned and self._pinned not in kept:
            kept = (self._pinned, *kept)
        self._finishing = self._stored
        self._stored = [each for each in (*self._stored, done) if each.seq in kept]
        self._out.append(CheckpointDone(done, kept))
        self._in_flight += 1
        self._draft, self._digests, self._byte_count = None, [], 0

    def _put(self, seq: int, parts: Iterable[bytes]) -> None:
        for part in parts:
            number = len(self._digests)
            self._digests.append(part_digest(seq, number, part))
            self._byte_count += len(part)
            self._out.append(CheckpointPart(seq, number, part))
            self._in_flight += 1
