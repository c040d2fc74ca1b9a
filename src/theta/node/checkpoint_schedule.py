"""When a room writes a checkpoint, and which of the old ones it keeps (LOG-23, LOG-24)."""

from collections.abc import Iterable

from theta.base.limits import (
    CHECKPOINT_AGE_SECONDS,
    CHECKPOINT_BYTES,
    CHECKPOINT_COMMANDS,
    CHECKPOINTS_BYTES_MAX,
)
from theta.base.moment import Moment
from theta.commands.store import StoredCheckpoint

NEWEST_KEPT = 3


class CheckpointSchedule:
    """Counts what the log gained since the last checkpoint: commands, bytes of records, and seconds."""

    def __init__(self, commands: int = 0, byte_count: int = 0) -> None:
        """With what the log holds beyond its newest checkpoint."""
        self._commands = commands
        self._bytes = byte_count
        self._due_at: float | None = None

    @property
    def commands(self) -> int:
        """How many commands came since."""
        return self._commands

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which one is due for its age; None when nothing came since the last."""
        return self._due_at

    def handle_change(self, now: Moment, commands: int, byte_count: int) -> None:
        """Records with so many commands and bytes were folded."""
        self._commands += commands
        self._bytes += byte_count
        if self._commands and self._due_at is None:
            self._due_at = now.seconds + CHECKPOINT_AGE_SECONDS

    def is_due(self, now: Moment) -> bool:
        """Whether to begin one now: after so many commands or bytes, or when the oldest of them has waited so long."""
        if not self._commands:
            return False
        full = self._commands >= CHECKPOINT_COMMANDS or self._bytes >= CHECKPOINT_BYTES
        return full or (self._due_at is not None and now.seconds >= self._due_at)

    def handle_begun(self) -> None:
        """One was begun: what comes from here on counts for the next."""
        self._commands = self._bytes = 0
        self._due_at = None


def thinned(checkpoints: Iterable[StoredCheckpoint]) -> tuple[int, ...]:
    """The records of the checkpoints to keep, ascending: the newest three, then the oldest of each doubling of age.

    Age is counted in records behind the newest. Those that all newer ones leave no room for, by CHECKPOINTS_BYTES_MAX,
    are not kept either; the newest always is.
    """
    newest_first = sorted(checkpoints, reverse=True)
    kept = newest_first[:NEWEST_KEPT]
    oldest_of: dict[int, StoredCheckpoint] = {}
    for each in newest_first[NEWEST_KEPT:]:
        oldest_of[(newest_first[0].seq - each.seq).bit_length()] = each
    kept += oldest_of.values()
    room = CHECKPOINTS_BYTES_MAX
    seqs: list[int] = []
    for each in kept:
        room -= each.byte_count
        if seqs and room < 0:
            break
        seqs.append(each.seq)
    return tuple(reversed(seqs))
