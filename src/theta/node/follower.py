"""A participant's replica, as the room's commits drive it: every record proved, every hash compared."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from theta.base.errors import BeyondHistory, ProtocolError, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.commands.log import Command
from theta.commands.records import chain_after
from theta.commands.store import LogSource, StoredRecord
from theta.editor.unit import Outcome
from theta.node.asset_shelf import AssetShelf
from theta.node.beginning import begin_slowly
from theta.node.catch_up import NOT_COMPARED
from theta.node.events import Applied, ConflictFound, DocumentChanged, Event, OutcomeChanged
from theta.node.replica import Replica, ReplicaChange
from theta.wire.messages import Commit

ELSEWHERE = Outcome("suspended", "it is on another branch")


class Follower:
    """Takes commits into a replica and says what changed.

    `has_diverged` when the last compared hash was another than the room's; `has_compared` when the last commit's was
    the same; `is_anew` after starting over, until a hash
    was the room's again.
    """

    def __init__(self, actor: int, author: bytes, assets: AssetShelf, held: Replica | None = None) -> None:
        self._author = author
        self.committed: list[CommandName] = []
        """One's own commands in the last commit."""
        self.branch = MAIN_BRANCH
        """What is to be shown; the replica's, once the log has it."""
        self._actor = actor
        self._assets = assets
        self._sync_seq = 0
        self._room_key: bytes | None = None
        self._stale: frozenset[bytes] = frozenset()
        self._reported = 0
        self._source: LogSource | None = None
        self.is_anew = False
        self.replica = held if held is not None else Replica(assets)
        self.has_diverged = False
        self.has_compared = False

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
        self._source = None
        self.replica = Replica(self._assets)
        self.has_diverged = False

    def begin(self, replica: Replica, source: LogSource) -> list[Event]:
        """Go on from a replica that was opened from the room's snapshot, in place of the one that is here.

        Raises:
            ProtocolError: it is another room's.
        """
        log = replica.log
        if log.genesis.room_key != self._room_key:
            raise ProtocolError("the snapshot is another room's")
        before = frozenset(self.replica.document.entities()) | self._stale
        self.replica = replica
        self._source = source
        self._stale = frozenset()
        self.has_diverged = self.is_anew = False
        return [DocumentChanged(log.head_seq, before | frozenset(replica.document.entities()))]

    def settled(self, names: Iterable[CommandName]) -> list[Applied]:
        """Which of one's own commands came into the log before what the snapshot leaves of it."""
        found = []
        for name in names:
            seq = self.replica.log.find(name)
            if seq is not None and name.number > self._reported:
                self._reported = name.number
                found.append(Applied(name, seq, self.replica.outcome(name) or ELSEWHERE))
        return found

    def switch(self, branch: bytes) -> list[Event]:
        """Show another branch of the log from here on; whatever it has may look different.

        Raises:
            NotHere: what it is folded from is not here; it is shown when the whole log has come.
            BeyondHistory: what it is folded from was dropped; the branch stays what it was.
        """
        before = frozenset(self.replica.document.entities())
        log = self.replica.log
        self.branch = branch
        replica = Replica(self._assets, log, branch)
        replica.reader = self.replica.reader
        try:
            for _ in begin_slowly(replica, self._source, log.head_seq):
                pass
            replica.apply_all(log.head_seq)
        except BeyondHistory:
            self.branch = self.replica.branch
            raise
        self.replica = replica
        return [DocumentChanged(log.head_seq, before | frozenset(self.replica.document.entities()))]

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
        self.committed = [command.name for command in commands if command.name.actor == self._actor]
        change = self.replica.apply(commands, log.head_seq)
        is_comparable = commit.document_hash != NOT_COMPARED and commit.branch == self.replica.branch
        self.has_compared = False
        if is_comparable and commit.first_seq + len(commit.records) - 1 == log.head_seq:
            self.has_diverged = commit.document_hash != self.replica.document.hash
            self.has_compared = not self.has_diverged
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
        events += self._conflicts(change)
        events += self._applied(commands)
        if self.branch != self.replica.branch and self.is_synced:
            with suppress(BeyondHistory):  # then the room has refused it too, and said so
                events += self.switch(self.branch)
        return events

    def _conflicts(self, change: ReplicaChange) -> Iterator[ConflictFound]:
        for conflict in change.conflicts:
            for other in conflict.others:
                strategy = self.replica.judge.strategy(conflict.command, other.branch, other.seq)
                if other.name.actor == conflict.command.name.actor:
                    continue
                if conflict.command.author == self._author:
                    yield ConflictFound(conflict.command, other, conflict.outcome, strategy)
                if other.author == self._author:
                    yield ConflictFound(other, conflict.command, conflict.outcome, strategy)

    def _applied(self, commands: list[Command]) -> Iterator[Applied]:
        for command in commands:
            if command.name.actor == self._actor and command.name.number > self._reported:
                self._reported = command.name.number
                yield Applied(command.name, command.seq, self.replica.outcome(command.name) or ELSEWHERE)
