"""The one way through a room, written out in order.

    bytes → wire (decode) → session (who is it) → commands (admit, order)         `Pipeline.handle_packet`
          → disk → editor (apply) → world → replication → wire (encode) → bytes    `Pipeline.handle_durable`

A packet is acknowledged, folded and passed on only after its record is on disk.
"""

from collections import deque
from typing import NamedTuple

from msgspec.structs import replace

from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.base.moment import Moment
from theta.commands.admission import READ_ONLY_RETRY_SECONDS, Admission
from theta.commands.log import Command
from theta.commands.records import RecordKind
from theta.commands.refusals import ReadOnly, Refused
from theta.commands.store import StoredRecord
from theta.editor.fold import OutcomeChange
from theta.node.catch_up import COMMIT_BYTES_TARGET, commit_of, whole_document
from theta.node.connections import Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.node.replica import Replica, ReplicaChange
from theta.session.capabilities import FOLD, PATCHES
from theta.wire.messages import (
    Corrected,
    PacketAcknowledged,
    PacketRefused,
    SubmitPacket,
)

PACKETS_PENDING_MAX = APPENDS_IN_FLIGHT_MAX // 2
"""Packets stop here; the other half is for the records that the room makes itself."""
COMMIT_RECORDS_MAX = 256
COMMIT_UNITS_BYTES_MAX = 12 * 1024 * 1024
"""The largest imported mesh fits. What is larger goes to the page as a whole document, in parts."""
FRUITLESS = ("no-op", "rejected")


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
            self.admission.disk_is_behind = len(self._pending) >= PACKETS_PENDING_MAX
            admitted = self.admission.admit(now, who.record, who.role, packet)
        except Refused as refusal:
            self._refuse(connection.number, packet.nonce, refusal)
            if refusal.close_code:
                raise
            return
        if admitted.record is not None:
            self.append(admitted.record).append((connection.number, packet.nonce))
            return
        pending = next((each for each in self._pending if each.record.seq == admitted.seq), None)
        if pending is None:
            self._outbound.send(connection.number, PacketAcknowledged(packet.nonce, admitted.seq))
        elif self.admission.read_only_reason is None:
            pending.waiting.append((connection.number, packet.nonce))
        else:
            self._refuse(connection.number, packet.nonce, self._read_only())

    @property
    def is_full(self) -> bool:
        """Whether the disk is so far behind that not even the room's own records may wait for it."""
        return len(self._pending) >= APPENDS_IN_FLIGHT_MAX

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

    def handle_store_failed(self, reason: str) -> None:
        """The disk failed: whoever waits for it is told, and may send the same again once the room can write."""
        self.admission.read_only_reason = reason
        for pending in self._pending:
            for connection, nonce in pending.waiting:
                if self._connections.find(connection) is not None:
                    self._refuse(connection, nonce, self._read_only())
            pending.waiting.clear()

    def handle_durable(self, seq: int) -> set[bytes]:
        """Everything up to record `seq` is on disk: acknowledge, fold, pass it on; returns whose commands it held."""
        authors: set[bytes] = set()
        while done := self._take_done(seq):
            for pending in done:
                for connection, nonce in pending.waiting:
                    if self._connections.find(connection) is not None:
                        self._outbound.send(connection, PacketAcknowledged(nonce, pending.record.seq))
            commands = [command for pending in done for command in pending.commands]
            change = self._replica.apply(commands, done[-1].record.seq)
            self._spread(done, change)
            for outcome in change.outcomes:
                self._correct(outcome)
            authors.update(command.author for command in commands)
        return authors

    def _refuse(self, connection: int, nonce: int, refusal: Refused) -> None:
        retry_ms = int(refusal.retry_after_seconds * 1000) + 1 if refusal.retryable else 0
        refused = PacketRefused(nonce, refusal.code, str(refusal), refusal.retryable, min(retry_ms, 0xFFFF_FFFF))
        self._outbound.send(connection, refused)

    def _read_only(self) -> ReadOnly:
        return ReadOnly(self.admission.read_only_reason or "", retry_after_seconds=READ_ONLY_RETRY_SECONDS)

    def _take_done(self, seq: int) -> list[_Pending]:
        """The next durable records, as many as one commit carries."""
        done: list[_Pending] = []
        size = 0
        while self._pending and self._pending[0].record.seq <= seq:
            if size >= COMMIT_BYTES_TARGET or len(done) >= COMMIT_RECORDS_MAX:
                break
            done.append(self._pending.popleft())
            size += len(done[-1].record.body)
        return done

    def _spread(self, done: list[_Pending], change: ReplicaChange) -> None:
        commit = commit_of([pending.record for pending in done], self._replica.document.hash)
        self._outbound.send_all(self._connections.with_capability(FOLD), commit)
        patched = self._connections.with_capability(PATCHES)
        if not patched:
            return
        if sum(len(part.data) for unit in change.units for part in unit.components) <= COMMIT_UNITS_BYTES_MAX:
            self._outbound.send_all(patched, replace(commit, units=change.units))
            return
        for part in whole_document(self._replica):
            self._outbound.send_all(patched, part)

    def _correct(self, change: OutcomeChange) -> None:
        """Tell an author who doesn't fold; undoing and redoing one's own work is no news."""
        before = change.before.kind if change.before is not None else "applied"
        revived = change.outcome.kind == "applied" and before not in ("applied", "suspended")
        if change.outcome.kind not in FRUITLESS and not revived:
            return
        name, outcome = change.command.name, change.outcome
        for connection in self._connections.patched_of_author(change.command.author):
            self._outbound.send(connection, Corrected(name.actor, name.number, outcome.kind, outcome.reason))
