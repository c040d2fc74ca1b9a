"""What became of commands, passed on: commits to everyone, outcomes and conflicts to their authors (WIRE-11, …)."""

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec.structs import replace

from theta.base.identifiers import CommandName
from theta.base.limits import CONFLICT_OTHERS_TOLD_MAX
from theta.commands.log import Command
from theta.commands.packets import parse_body
from theta.editor.fold import Conflict, OutcomeChange, entity_of
from theta.editor.history import describe
from theta.editor.masks import Mask, owned_gesture
from theta.node.branches import Branches
from theta.node.catch_up import commit_of, log_from, whole_document
from theta.node.connections import Connection, Connections, Participant
from theta.node.elements import elements_named
from theta.node.folding import Folded, FoldingLine
from theta.node.outbound import Outbound
from theta.node.replica import Replica, ReplicaChange
from theta.node.snapshots import Snapshots
from theta.wire.messages import ConflictNotice, Corrected, GestureName, Message, SubmitPacket
from theta.wire.types import OutcomeName

COMMIT_UNITS_BYTES_MAX = 12 * 1024 * 1024
"""The largest imported mesh fits. What is larger goes to the page as a whole document, in parts."""
FRUITLESS = ("no-op", "rejected")
FRUITFUL = ("applied", "merged")


class Spreading:
    """Tells each participant what the room has folded, of the branch that its session is on."""

    def __init__(
        self,
        branches: Branches,
        line: FoldingLine,
        connections: Connections,
        outbound: Outbound,
        snapshots: Snapshots,
    ) -> None:
        self._snapshots = snapshots
        self._branches = branches
        self._line = line
        self._connections = connections
        self._outbound = outbound

    def handle_folded(self, folded: Folded) -> None:
        """A commit is folded on every branch that somebody is on."""
        self._tell_fruitless(folded.commands)
        for replica in self._branches:
            change = folded.changes[replica.branch]
            self._commit(folded, replica, change)
            against = {each.command.name: each.others for each in change.conflicts}
            for outcome in change.outcomes:
                self._correct(replica, outcome, against.get(outcome.command.name, ()))
            for conflict in change.conflicts:
                self._tell_both(replica, conflict)

    def send_everything(self, connection: Connection, who: Participant, first_seq: int) -> None:
        """Send the log from `first_seq` on, or the document, in place of what was to be sent of either.

        While a commit is half folded that has to wait: call `send_owed` when it is not any more.
        """
        replica = self._branches.of(who.branch)
        who.owed_from = None if self._line.is_between else first_seq
        if who.owed_from is None:
            messages = self._log(connection, who, replica, first_seq) if who.folds else whole_document(replica)
            self._outbound.begin_backlog(connection.number, messages)

    def _log(self, connection: Connection, who: Participant, replica: Replica, first_seq: int) -> Iterator[Message]:
        offer = self._snapshots.offer(connection, who, first_seq)
        if offer is None:
            return log_from(replica, first_seq)
        return chain((offer,), log_from(replica, offer.frontier + 1))

    def send_owed(self) -> None:
        """No commit is half folded: send the logs and documents that had to wait."""
        for connection, who in self._connections.joined():
            if who.owed_from is not None:
                self.send_everything(connection, who, who.owed_from)

    def _tell_fruitless(self, commands: Iterable[Command]) -> None:
        """Tell who governs, on whatever branch, that it came to nothing: before the commit, with which they go on."""
        for command in commands:
            notice = self._fruitless(command.name, command.gesture.number)
            if notice is not None:
                self._outbound.send_all(self._connections.patched_of_author(command.author), notice)

    def tell_fruitless_again(self, connection: Connection, who: Participant, packet: SubmitPacket) -> None:
        """Tell of a packet that is acknowledged again, and folded, what of it governs and came to nothing.

        Its author may have been away when that was told.
        """
        for envelope in parse_body(packet.body).envelopes() if not who.folds else ():
            notice = self._fruitless(CommandName(who.record.actor, envelope.number), envelope.gesture)
            if notice is not None:
                self._outbound.send(connection.number, notice)

    def _fruitless(self, name: CommandName, gesture: int) -> Corrected | None:
        reason = self._branches.main.log.governance.outcome(name)
        return Corrected(name.actor, name.number, gesture, "no-op", reason, []) if reason else None

    def _commit(self, folded: Folded, replica: Replica, change: ReplicaChange) -> None:
        here = [
            (each.number, who)
            for each, who in self._connections.joined()
            if who.branch == replica.branch and who.owed_from is None
        ]
        if not here:
            return
        commit = commit_of(folded.records, replica.document.hash, replica.branch)
        self._outbound.send_all([number for number, who in here if who.folds], commit)
        patched = [number for number, who in here if not who.folds]
        if not patched:
            return
        if sum(len(part.data) for unit in change.units for part in unit.components) <= COMMIT_UNITS_BYTES_MAX:
            self._outbound.send_all(patched, replace(commit, units=change.units))
            return
        for part in whole_document(replica):
            self._outbound.send_all(patched, part)

    def _correct(self, replica: Replica, change: OutcomeChange, against: Iterable[Command]) -> None:
        """Tell an author who doesn't fold; undoing and redoing one's own work is no news, another's cascade is."""
        mask = replica.fold.taken_by(owned_gesture(change.command)) if change.outcome.kind == "suspended" else None
        if mask is not None:
            self._tell_taken(replica, change.command, mask)
            return
        before = change.before.kind if change.before is not None else "applied"
        revived = change.outcome.kind in FRUITFUL and before not in (*FRUITFUL, "suspended")
        if change.outcome.kind not in FRUITLESS and not revived:
            return
        outcome = change.outcome
        gestures = list(dict.fromkeys(_gesture(each) for each in against))[:CONFLICT_OTHERS_TOLD_MAX]
        notice = _correction(change.command, outcome.kind, outcome.reason, gestures)
        self._outbound.send_all(self._connections.patched_of_author(change.command.author, replica.branch), notice)

    def _tell_taken(self, replica: Replica, command: Command, mask: Mask) -> None:
        reason = f"{replica.name_of(mask.by)} took it back, with what it was built on"
        undo = GestureName(mask.position.actor, mask.position.number)
        notice = _correction(command, "suspended", reason, [undo])
        self._outbound.send_all(self._connections.patched_of_author(command.author, replica.branch), notice)

    def _tell_both(self, replica: Replica, conflict: Conflict) -> None:
        later = conflict.command
        for earlier in conflict.others[:CONFLICT_OTHERS_TOLD_MAX]:
            if earlier.name.actor == later.name.actor:
                continue
            strategy = replica.judge.strategy(later, earlier.branch, earlier.seq).value
            for mine, theirs in ((later, earlier), (earlier, later)):
                told = self._connections.patched_of_author(mine.author, replica.branch)
                if told:
                    self._outbound.send_all(told, self._notice(replica, strategy, mine, theirs, conflict))

    def _notice(
        self, replica: Replica, strategy: str, mine: Command, theirs: Command, conflict: Conflict
    ) -> ConflictNotice:
        return ConflictNotice(
            entity_of(conflict.command),
            strategy,
            _gesture(mine),
            describe(mine),
            _gesture(theirs),
            replica.name_of(theirs.author),
            describe(theirs),
            conflict.outcome.kind,
            elements_named(mine.operation),
        )


def _correction(command: Command, kind: OutcomeName, reason: str, against: list[GestureName]) -> Corrected:
    return Corrected(command.name.actor, command.name.number, command.gesture.number, kind, reason, against)


def _gesture(command: Command) -> GestureName:
    return GestureName(command.gesture.actor, command.gesture.number)
