"""The one way through a room, written out in order.

    bytes → wire (decode) → session (who is it) → commands (admit, order)         `Pipeline.handle_packet`
          → disk, acknowledged                                                    `Pipeline.handle_durable`
          → editor (apply) → world → replication → wire (encode) → bytes           `Pipeline.fold_some`

A packet is acknowledged, folded and passed on only after its record is on disk.
"""

from collections import deque
from typing import NamedTuple

from theta.base.limits import APPENDS_IN_FLIGHT_MAX
from theta.base.moment import Moment
from theta.commands.admission import READ_ONLY_RETRY_SECONDS, Admission
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.commands.packets import parse_body
from theta.commands.records import RecordKind
from theta.commands.refusals import ReadOnly, Refused, Stale
from theta.commands.store import StoredRecord
from theta.node.connections import Connection, Connections, Participant
from theta.node.folding import Durable, FoldingLine
from theta.node.outbound import Outbound
from theta.node.replica import Replica
from theta.node.spreading import Spreading
from theta.node.telemetry import Telemetry
from theta.wire.messages import PacketAcknowledged, PacketRefused, SubmitPacket

PACKETS_PENDING_MAX = APPENDS_IN_FLIGHT_MAX // 2
"""Packets stop here; the other half is for the records that the room makes itself."""
UNFOLDED_COMMANDS_MAX = 16_384
"""So many that are durable wait for the fold: it is minutes behind, and no more are taken meanwhile."""
TURN_COMMANDS = 128
"""Commands after whose fold the room sees to something else first."""


class _Pending(NamedTuple):
    """A record on its way to the disk since `at`, and whom to tell: (connection, nonce) of all who sent its packet."""

    at: float
    record: StoredRecord
    commands: list[Command]
    waiting: list[tuple[int, int]]


class Pipeline:
    """Admits packets to a log, and folds and spreads what has become durable."""

    def __init__(
        self,
        main: Replica,
        connections: Connections,
        outbound: Outbound,
        admission: Admission,
        line: FoldingLine,
        spreading: Spreading,
        telemetry: Telemetry,
    ) -> None:
        self._telemetry = telemetry
        self._fold_seconds = 0.0
        self._main = main
        self._log = main.log
        self._line = line
        self._spreading = spreading
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
        begun = self._telemetry.stopwatch()
        try:
            _check_turn(who, packet)
            is_unfolded = self._line.commands >= UNFOLDED_COMMANDS_MAX
            self.admission.disk_is_behind = len(self._pending) >= PACKETS_PENDING_MAX or is_unfolded
            admitted = self.admission.admit(now, who.record, who.record.role, packet)
        except Refused as refusal:
            if isinstance(refusal, Stale) and who.restamps_from is None:
                who.restamps_from, who.stale_at = _first_number(packet), self._main.folded_seq
            self._refuse(connection.number, packet.nonce, refusal)
            if refusal.close_code:
                raise
            return
        finally:
            self._telemetry.admission_seconds.add(self._telemetry.stopwatch() - begun)
        if admitted.record is not None:
            self.append(now, admitted.record).append((connection.number, packet.nonce))
            return
        pending = next((each for each in self._pending if each.record.seq == admitted.seq), None)
        if pending is None:
            if admitted.seq <= self._main.folded_seq:
                self._spreading.tell_fruitless_again(connection, who, packet)
            self._outbound.send(connection.number, PacketAcknowledged(packet.nonce, admitted.seq))
        elif self.admission.read_only_reason is None:
            pending.waiting.append((connection.number, packet.nonce))
        else:
            self._refuse(connection.number, packet.nonce, self._read_only())

    @property
    def unwritten(self) -> int:
        """How many records wait for the disk."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether the disk is so far behind that not even the room's own records may wait for it."""
        return len(self._pending) >= APPENDS_IN_FLIGHT_MAX

    def append(self, now: Moment, record: StoredRecord) -> list[tuple[int, int]]:
        """Take a record that this room made into the log and send it to the disk."""
        commands = self._log.accept(record, verify=False)
        self._to_store.append(record)
        self._pending.append(_Pending(now.seconds, record, commands, []))
        return self._pending[-1].waiting

    def append_part(self, now: Moment, kind: RecordKind, body: bytes) -> int:
        """Make the next record of this kind and append it; returns its seq."""
        record = self._log.next_record(kind, body)
        self.append(now, record)
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

    def handle_durable(self, now: Moment, seq: int) -> bool:
        """Everything up to record `seq` is on disk: acknowledge it. To fold it and pass it on, call `fold_some`.

        Returns whether any of it governs the room.
        """
        governs = False
        while self._pending and self._pending[0].record.seq <= seq:
            pending = self._pending.popleft()
            for connection, nonce in pending.waiting:
                if self._connections.find(connection) is not None:
                    self._outbound.send(connection, PacketAcknowledged(nonce, pending.record.seq))
            self._telemetry.handle_durable(now.seconds - pending.at, len(pending.commands))
            self._line.put(Durable(pending.record, pending.commands))
            governs = governs or any(isinstance(each.operation, Governing) for each in pending.commands)
        return governs

    def fold_some(self) -> list[Command]:
        """Fold for a few milliseconds, and pass on what is finished; returns the commands that it held."""
        commands: list[Command] = []
        while len(commands) < TURN_COMMANDS and not self._line.is_idle:
            begun = self._telemetry.stopwatch()
            folded = self._line.step()
            taken = self._telemetry.stopwatch() - begun
            self._telemetry.slice_seconds.add(taken)
            self._fold_seconds += taken
            if folded is None:
                break
            self._telemetry.handle_folded(self._main, folded, self._fold_seconds)
            self._fold_seconds = 0.0
            self._spreading.handle_folded(folded)
            commands += folded.commands
        return commands

    def _refuse(self, connection: int, nonce: int, refusal: Refused) -> None:
        retry_ms = int(refusal.retry_after_seconds * 1000) + 1 if refusal.retryable else 0
        refused = PacketRefused(nonce, refusal.code, str(refusal), refusal.retryable, min(retry_ms, 0xFFFF_FFFF))
        self._outbound.send(connection, refused)

    def _read_only(self) -> ReadOnly:
        return ReadOnly(self.admission.read_only_reason or "", retry_after_seconds=READ_ONLY_RETRY_SECONDS)


def _check_turn(who: Participant, packet: SubmitPacket) -> None:
    """Whether a packet may be looked at while an earlier one of its author has to be stamped anew (WIRE-38).

    An actor's numbers rise, so that the earlier one could not be admitted after it any more. An author who has heard
    of the refusal, as the later packet's `seen` tells, and does not send the earlier one first has given that up.

    Raises:
        Stale: it has to wait, and be stamped anew too.
        BadPayload, PacketTooLarge: it holds no commands.
    """
    if who.restamps_from is None:
        return
    if _first_number(packet) > who.restamps_from and packet.seen <= who.stale_at:
        raise Stale(f"command {who.restamps_from}, which was made before it, has to be stamped anew first")
    who.restamps_from = None


def _first_number(packet: SubmitPacket) -> int:
    return parse_body(packet.body).numbers[0]
