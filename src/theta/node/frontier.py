"""When the room logs a stable frontier: what no later packet may reach below (LOG-12)."""

from collections import deque

from theta.base.limits import FRONTIER_AGE_RECORDS, FRONTIER_AGE_SECONDS
from theta.base.moment import Moment
from theta.commands.log import CommandLog
from theta.commands.records import FrontierRecord

FRONTIER_STEP_RECORDS = 64
"""The records that a frontier comes after another at least, so that they are a small part of the log."""
SAMPLE_SECONDS = 0.25


class FrontierKeeper:
    """Remembers up to where the log was folded when, and says when a frontier is due.

    What is admitted counts as old from when it was folded, and so passed on: a room whose fold is behind gives nobody
    less time than others.

    Args:
        log: all that it holds now counts as old.
        now: the time of opening.
    """

    def __init__(self, log: CommandLog, now: Moment) -> None:
        self._log = log
        self._samples: deque[tuple[float, int]] = deque([(now.seconds, log.head_seq)])
        self._aged_seq = 0
        self._due_at: float | None = now.seconds + FRONTIER_AGE_SECONDS if self._may_advance else None

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which one may be due."""
        return self._due_at

    def handle_folded(self, now: Moment, folded_seq: int) -> None:
        """Everything up to record `folded_seq` is folded, which may be no more than before."""
        if self._samples and self._samples[-1][1] == folded_seq:
            return
        if len(self._samples) > 1 and now.seconds - self._samples[-2][0] < SAMPLE_SECONDS:
            self._samples.pop()
        self._samples.append((now.seconds, folded_seq))
        if self._due_at is None and self._may_advance:
            self._due_at = self._samples[0][0] + FRONTIER_AGE_SECONDS

    def poll(self, now: Moment, folded_seq: int) -> FrontierRecord | None:
        """The frontier that is due, if one is; not above record `folded_seq`."""
        if self._due_at is None or now.seconds < self._due_at:
            return None
        while self._samples and now.seconds >= self._samples[0][0] + FRONTIER_AGE_SECONDS:
            self._aged_seq = self._samples.popleft()[1]
        self._due_at = self._samples[0][0] + FRONTIER_AGE_SECONDS if self._samples else None
        seq = min(self._aged_seq, self._log.head_seq - FRONTIER_AGE_RECORDS, folded_seq)
        return self._log.next_frontier(seq, now.unix_ms) if seq >= self._next_seq else None

    @property
    def _next_seq(self) -> int:
        """The first record that the next frontier may stand at."""
        last_seq = self._log.frontier.seq if self._log.frontier is not None else 0
        return last_seq + FRONTIER_STEP_RECORDS

    @property
    def _may_advance(self) -> bool:
        return self._log.head_seq - FRONTIER_AGE_RECORDS >= self._next_seq
