"""A participant's replica, as the room's commits drive it: every record proved, every hash compared."""

from collections.abc import Iterator

from theta.base.errors import ProtocolError
from theta.commands.log import Command
from theta.commands.records import chain_after
from theta.commands.store import StoredRecord
from theta.node.catch_up import NOT_COMPARED
from theta.node.events import Applied, DocumentChanged, Event, OutcomeChanged
from theta.node.replica import Replica
from theta.wire.messages import Commit


class Follower:
    """Takes commits into a replica and says what changed."""

    def __init__(self, actor: int) -> None:
        self._actor = actor
        self._sync_seq = 0
        self.replica = Replica()
        self.has_diverged = False

    @property
    def is_synced(self) -> bool:
        """Whether everything that the log held when the session began is here."""
        return self.replica.log.head_seq >= self._sync_seq > 0

    def handle_session(self, head_seq: int) -> None:
        """A session begins while the room's log stands at `head_seq`."""
        self._sync_seq = head_seq

    def start_over(self) -> None:
        """Forget everything; the whole log is on its way again."""
        self._sync_seq = self.replica.log.head_seq
        self.replica = Replica()
        self.has_diverged = False

    def handle_commit(self, commit: Commit) -> list[Event]:
        """Take a commit's records; those that are here already are passed over.

        Raises:
            ProtocolError: records are missing in between.
            StoreCorrupt: a record does not fit, is not signed by its author, or is not the room's.
        """
        log = self.replica.log
        if commit.first_seq > log.head_seq + 1:
            raise ProtocolError(f"records {log.head_seq + 1} to {commit.first_seq - 1} are missing")
        commands: list[Command] = []
        for seq, record in enumerate(commit.records, commit.first_seq):
            if seq > log.head_seq:
                chain = chain_after(log.chain, seq, record.kind, record.body)
                commands += log.accept(StoredRecord(seq, record.kind, record.body, chain))
        change = self.replica.apply(commands, log.head_seq)
        compared = commit.document_hash != NOT_COMPARED
        reached = commit.first_seq + len(commit.records) - 1 == log.head_seq
        self.has_diverged = compared and reached and commit.document_hash != self.replica.document.hash
        entities = frozenset(patch.entity for patch in change.units)
        events: list[Event] = [DocumentChanged(log.head_seq, entities)] if entities else []
        new = {command.name for command in commands}
        events += [
            OutcomeChanged(each.command.name, each.outcome)
            for each in change.outcomes
            if each.command.name.actor == self._actor and each.command.name not in new
        ]
        return events + list(self._applied(commands))

    def _applied(self, commands: list[Command]) -> Iterator[Applied]:
        for command in commands:
            outcome = self.replica.fold.outcome(command.name)
            if command.name.actor == self._actor and outcome is not None:
                yield Applied(command.name, command.seq, outcome)
