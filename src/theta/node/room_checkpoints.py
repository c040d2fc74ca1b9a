"""A room's checkpoints: what was folded is counted, and from time to time written down (LOG-23)."""

from collections.abc import Sequence

from theta.base.moment import Moment
from theta.commands.log import Command
from theta.node.checkpoint_schedule import CheckpointSchedule
from theta.node.checkpointing import Checkpointing
from theta.node.drafting import Drafts
from theta.node.opening import Opened

CLOSING_COMMANDS = 512
"""Fewer commands since the last checkpoint are folded faster than one is written."""


class RoomCheckpoints(Checkpointing):
    """Begins a checkpoint of a room's main branch when enough was folded since the last one.

    Args:
        opened: the room's log as it was opened.
    """

    def __init__(self, opened: Opened) -> None:
        self._replica = opened.replica
        self._counted_seq = opened.replica.folded_seq
        self._drafts = drafts = Drafts(opened.replica, opened.header.frontier if opened.header is not None else 0)
        schedule = CheckpointSchedule(opened.tail_commands, opened.tail_bytes)
        super().__init__(drafts.begin, lambda: not self._replica.is_folding, opened.stored, schedule, opened.base_seq)

    def handle_shutdown(self, now: Moment) -> None:
        """The room closes, and everything is folded: the next start should find little to do."""
        if self.commands >= CLOSING_COMMANDS:
            self.handle_close(now, self._drafts.begin(at_close=True))

    def handle_folded(self, now: Moment, commands: Sequence[Command]) -> None:
        """These commands were folded, with the records up to where the replica is now."""
        seq = self._replica.folded_seq
        records = self._replica.log.records_between(self._counted_seq + 1, seq)
        self._counted_seq = seq
        self.handle_change(now, len(commands), sum(len(record.body) for record in records))
