"""The one way through a room, written out in order.

    bytes → wire (decode) → session (who is it) → commands (admit, order)         `Pipeline.handle_packet`
          → disk → editor (apply) → world → replication → wire (encode) → bytes    `Pipeline.handle_durable`

A packet is acknowledged, folded and passed on only after its record is on disk.
"""

from collections import deque
from typing import NamedTuple

from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.base.moment import Moment
from theta.commands.admission import Admission
from theta.commands.log import Command
from theta.commands.records import RecordKind
from theta.commands.refusals import RateLimited, Refused
from theta.commands.store import StoredRecord
from theta.editor.fold import OutcomeChange
from theta.node.connections import Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.node.replica import Replica, ReplicaChange
from theta.session.capabilities import FOLD, PATCHES
from theta.wire.messages import (
    Commit,
    Corrected,
    LogRecord,
    PacketAcknowledged,
    PacketRefused,
    SubmitPacket,
)


class _Pending(NamedTuple):
    """A record on its way to the disk, and whom to tell: (connection, nonce) of everyone who sent its packet."""

    record: StoredRecord
    commands: list[Command]
    waiting: list[tuple[int, int]]


class Pipeline:
    """Admits packets to a replica's log, and folds and spreads what has become durable."""

    def __init__(self, replica: Replica, connections: Connections, outbound: Outbound, admission: Admission) -> None:
        self._replica = replica
        self._connections = connections
        self._outbound = outbound
        self.admission = admission
        self._to_store: list[StoredRecord] = []
        self._pending: deque[_Pending] = deque()

    def handle_packet(self, now: Moment, connection: Connection, who: Participant, packet: SubmitPacket) -> None:
        """Admit a packet, or tell its author why not.

        Raises:
            Refused: of a kind that closes the connection; the author was told.
        """
        try:
            if len(self._pending) >= APPENDS_IN_FLIGHT_MAX:
                raise RateLimited("the room's disk is behind", retry_after_seconds=0.5)
            admitted = self.admission.admit(now, who.record, who.role, packet)
        except Refused as refusal:
            retry_ms = int(refusal.retry_after_seconds * 1000) + 1 if refusal.retryable else 0
            self._outbound.send(
                connection.number,
                PacketRefused(packet.nonce, refusal.code, str(refusal), refusal.retryable, min(retry_ms, 0xFFFF_FFFF)),
            )
            if refusal.close_code:
                raise
            return
        if admitted.record is not None:
            self.append(admitted.record).append((connection.number, packet.nonce))
            return
        pending = next((each for each in self._pending if each.record.seq == admitted.seq), None)
        if pending is not None:
            pending.waiting.append((connection.number, packet.nonce))
        else:
            self._outbound.send(connection.number, PacketAcknowledged(packet.nonce, admitted.seq))

    def append(self, record: StoredRecord) -> list[tuple[int, int]]:
        """Take a record that this room made into the log and send it to the disk."""
        commands = self._replica.log.accept(record, verify=False)
        self._to_store.append(record)
        self._pending.append(_Pending(record, commands, []))
        return self._pending[-1].waiting

    def append_part(self, kind: RecordKind, body: bytes) -> int:
        """Make the next record of this kind and append it; returns its seq."""
        record = self._replica.log.next_record(kind, body)
        self.append(record)
        return record.seq

    def poll_append(self) -> list[StoredRecord]:
        """The records to store now, in order."""
        records, self._to_store = self._to_store, []
        return records

    def handle_durable(self, seq: int) -> ReplicaChange | None:
        """Everything up to record `seq` is on disk: acknowledge, fold, and pass it on. None when nothing is new."""
        done: list[_Pending] = []
        while self._pending and self._pending[0].record.seq <= seq:
            done.append(self._pending.popleft())
        if not done:
            return None
        for pending in done:
            for connection, nonce in pending.waiting:
                if self._connections.find(connection) is not None:
                    self._outbound.send(connection, PacketAcknowledged(nonce, pending.record.seq))
        commands = [command for pending in done for command in pending.commands]
        change = self._replica.apply(commands, done[-1].record.seq)
        self._spread(done, change)
        for outcome in change.outcomes:
            self._correct(outcome)
        return change

    def _spread(self, done: list[_Pending], change: ReplicaChange) -> None:
        records = [LogRecord(pending.record.kind, pending.record.body) for pending in done]
        first, document_hash = done[0].record.seq, self._replica.document.hash
        folding = self._connections.with_capability(FOLD)
        patched = self._connections.with_capability(PATCHES)
        self._outbound.send_all(folding, Commit(first, records, [], document_hash))
        if patched:
            self._outbound.send_all(patched, Commit(first, records, change.units, document_hash))

    def _correct(self, change: OutcomeChange) -> None:
        """Tell an author who doesn't fold; undoing and redoing one's own work is no news."""
        kinds = {change.outcome.kind, change.before.kind if change.before else "applied"}
        if "suspended" in kinds or kinds == {"applied"}:
            return
        name, outcome = change.command.name, change.outcome
        for connection in self._connections.patched_of_author(change.command.author):
            self._outbound.send(connection, Corrected(name.actor, name.number, outcome.kind, outcome.reason))
