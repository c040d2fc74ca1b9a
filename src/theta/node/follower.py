"""A participant's replica, as the room's commits drive it: every record proved, every hash compared."""

from collections.abc import Iterator

from theta.base.errors import StoreCorrupt
from theta.commands.log import Command
from theta.commands.records import chain_after
from theta.commands.store import StoredRecord
from theta.node.asset_shelf import AssetShelf
from theta.node.catch_up import NOT_COMPARED
from theta.node.events import Applied, DocumentChanged, Event, OutcomeChanged
from theta.node.replica import Replica
from theta.wire.messages import Commit


class Follower:
    """Takes commits into a replica and says what changed.

    `has_diverged` when the last compared hash was another than the room's; `is_anew` after starting over, until a hash
    was the room's again.
    """

    def __init__(self, actor: int, assets: AssetShelf) -> None:
        self._actor = actor
        self._assets = assets
        self._sync_seq = 0
        self._room_key: bytes | None = None
        self._stale: frozenset[bytes] = frozenset()
        self._reported = 0
        self.is_anew = False
        self.replica = Replica(assets)
        self.has_diverged = False

    @property
    def is_synced(self) -> bool:
        """Whether everything that the log held when the session began is here."""
        return self.replica.log.head_seq >= self._sync_seq > 0

    def handle_session(self, head_seq: int, room_key: bytes) -> None:
        """A session begins with the room of this key while its log stands at `head_seq`."""
        self._sync_seq = head_seq
        self._room_key = room_key

    def start_over(self, sync_seq: int) -> None:
        """Forget everything: the whole log is asked for again, and is here once it has reached `sync_seq`."""
        self._sync_seq = sync_seq
        self._stale |= frozenset(self.replica.document.entities())
        self.is_anew = True
        self.replica = Replica(self._assets)
        self.has_diverged = False

    def handle_commit(self, commit: Commit) -> list[Event]:
        """Take a commit's records, but for those that are here already; after starting over, wait for record 1.

        Raises:
            StoreCorrupt: a record does not fit, is missing, is not signed by its author, or is not the room's. What is
                here holds together no more: start over.
        """
        log = self.replica.log
        if self.is_anew and log.is_empty and commit.first_seq > 1:
            return []
        if commit.first_seq > log.head_seq + 1:
            raise StoreCorrupt(log.head_seq + 1, f"missing: a commit begins with record {commit.first_seq}")
        commands: list[Command] = []
        for seq, record in enumerate(commit.records, commit.first_seq):
            if seq > log.head_seq:
                chain = chain_after(log.chain, seq, record.kind, record.body)
                commands += log.accept(StoredRecord(seq, record.kind, record.body, chain))
        if not log.is_empty and log.genesis.room_key != self._room_key:
            raise StoreCorrupt(1, "the log is another room's")
        change = self.replica.apply(commands, log.head_seq)
        if commit.document_hash != NOT_COMPARED and commit.first_seq + len(commit.records) - 1 == log.head_seq:
            self.has_diverged = commit.document_hash != self.replica.document.hash
            self.is_anew = self.is_anew and self.has_diverged
        entities = frozenset(patch.entity for patch in change.units) | self._stale
        self._stale = frozenset()
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
            if command.name.actor == self._actor and outcome is not None and command.name.number > self._reported:
                self._reported = command.name.number
                yield Applied(command.name, command.seq, outcome)
