"""The command log in memory: it takes records in order, proves each one, and knows what admission has to ask.

The room, a participant that folds and `theta verify` all read a log through this class, so that they cannot
disagree about what a good record is (LOG-7). Nothing here reads a clock or a file.
"""

from collections.abc import Iterable
from typing import NamedTuple

from theta.base.errors import StoreCorrupt
from theta.base.identifiers import CommandName, Position, actor_of, blake2b_128
from theta.base.limits import OBJECTS_CREATED_MAX, RECORD_BYTES_MAX
from theta.commands.identity import is_signed_by
from theta.commands.packets import SigningDomain, decode_body, packet_digest
from theta.commands.records import (
    CHAIN_START,
    FORMAT_VERSION,
    BadRecord,
    Genesis,
    HeadRecord,
    PacketRecord,
    RecordKind,
    SessionRecord,
    chain_after,
    decode,
    make_record,
    read_genesis,
    read_part,
)
from theta.commands.refusals import DocumentFull, Refused
from theta.commands.registry import CommandRegistry, Payload
from theta.commands.replay_guard import ReplayGuard
from theta.commands.store import StoredRecord
from theta.wire.messages import CommandEnvelope, PacketBody


class Command(NamedTuple):
    """An admitted command: what the fold orders and applies. `gesture` is the name of the gesture's first command."""

    position: Position
    name: CommandName
    gesture: CommandName
    author: bytes
    seq: int
    seen: int
    operation: Payload


class CommandLog:
    """Records 1 … head, with the chain hash at each and an index of sessions, names, nonces and Lamport times.

    `named_assets` says of each asset (its 32-byte name) which record is the first that cannot be folded without it.
    """

    def __init__(self, registry: CommandRegistry) -> None:
        self.registry = registry
        self.records: list[StoredRecord] = []
        self.sessions: dict[bytes, SessionRecord] = {}
        self.authors: dict[int, bytes] = {}
        self.last_head: HeadRecord | None = None
        self.command_count = 0
        self.created_count = 0
        self.named_assets: dict[bytes, int] = {}
        self._genesis: Genesis | None = None
        self._guards: dict[bytes, ReplayGuard] = {}
        self._names: dict[CommandName, tuple[int, bytes]] = {}
        self._last_of_actor: dict[int, Position] = {}
        self._lamport_by_seq: list[int] = [0]

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def genesis(self) -> Genesis:
        """The first record."""
        assert self._genesis is not None, "an empty log has no genesis"
        return self._genesis

    @property
    def is_empty(self) -> bool:
        """Whether there is no record yet."""
        return not self.records

    @property
    def head_seq(self) -> int:
        """The last record's number; 0 when empty."""
        return len(self.records)

    @property
    def chain(self) -> bytes:
        """The chain hash at the head."""
        return self.records[-1].chain if self.records else CHAIN_START

    @property
    def lamport(self) -> int:
        """The highest Lamport time admitted."""
        return self._lamport_by_seq[-1]

    def chain_at(self, seq: int) -> bytes:
        """The chain hash at record `seq`, 0 ≤ seq ≤ head."""
        return self.records[seq - 1].chain if seq else CHAIN_START

    def lamport_at(self, seq: int) -> int:
        """The highest Lamport time at or below record `seq`."""
        return self._lamport_by_seq[seq]

    def guard(self, session: bytes) -> ReplayGuard:
        """The nonces of a session."""
        return self._guards.setdefault(session, ReplayGuard())

    def last_of_actor(self, actor: int) -> Position | None:
        """Position of the actor's last admitted command."""
        return self._last_of_actor.get(actor)

    def find(self, name: CommandName) -> tuple[int, bytes] | None:
        """Record and content digest of an admitted command."""
        return self._names.get(name)

    def domain(self, session: bytes, actor: int) -> SigningDomain:
        """Where a packet of this log's session is valid."""
        return SigningDomain(self.genesis.server, self.genesis.room, session, actor)

    # -- records in ----------------------------------------------------------------------------------------------

    def next_record(self, kind: RecordKind, body: bytes) -> StoredRecord:
        """The record that would come next; nothing changes until `accept`."""
        return make_record(self.chain, self.head_seq + 1, kind, body)

    def accept(self, record: StoredRecord, *, verify: bool = True) -> list[Command]:
        """Take the next record and return the commands in it, in the packet's order.

        Args:
            record: the one after the head.
            verify: check the packet's signature; False only for what this process admitted itself.

        Raises:
            StoreCorrupt: the record does not fit; names its seq. The log is unchanged.
        """
        if record.seq != self.head_seq + 1:
            raise StoreCorrupt(self.head_seq + 1, f"missing: the next record is number {record.seq}")
        try:
            kind = RecordKind(record.kind)
            if len(record.body) > RECORD_BYTES_MAX:
                raise BadRecord(f"{len(record.body)} bytes; a record has at most {RECORD_BYTES_MAX}")
            if record.chain != chain_after(self.chain, record.seq, kind, record.body):
                raise BadRecord("its bytes do not fit the chain")
            return self._take(record, kind, verify)
        except (BadRecord, Refused, ValueError) as error:
            raise StoreCorrupt(record.seq, str(error)) from error

    def _take(self, record: StoredRecord, kind: RecordKind, verify: bool) -> list[Command]:
        if (kind is RecordKind.GENESIS) != self.is_empty:
            raise BadRecord("a log has one genesis, its first record")
        commands: list[Command] = []
        if kind is RecordKind.GENESIS:
            self._take_genesis(record.body)
        elif kind is RecordKind.SESSION:
            self._take_session(read_part(SessionRecord, self.genesis, record.body))
        elif kind is RecordKind.HEAD:
            self._take_head(read_part(HeadRecord, self.genesis, record.body))
        else:
            commands = self._take_packet(record.seq, decode(PacketRecord, record.body), verify)
        self.records.append(record)
        self._lamport_by_seq.append(max([self.lamport, *(command.position.lamport for command in commands)]))
        return commands

    def _take_genesis(self, body: bytes) -> None:
        genesis = read_genesis(body)
        if genesis.format_version != FORMAT_VERSION:
            raise BadRecord(f"the log has format {genesis.format_version}; this Theta reads {FORMAT_VERSION}")
        self._genesis = genesis

    def _take_session(self, session: SessionRecord) -> None:
        if session.session in self.sessions:
            raise BadRecord("the session was opened before")
        if session.actor != actor_of(session.author, session.instance):
            raise BadRecord("the session's actor is not its author's")
        self.sessions[session.session] = session
        self.authors[session.actor] = session.author

    def _take_head(self, head: HeadRecord) -> None:
        if head.seq > self.head_seq or head.chain != self.chain_at(head.seq):
            raise BadRecord(f"the head that the room signed at record {head.seq} is not this log's")
        self.last_head = head

    def _take_packet(self, seq: int, packet: PacketRecord, verify: bool) -> list[Command]:
        session = self.sessions.get(packet.session)
        if session is None or session.actor != packet.actor:
            raise BadRecord("the packet's session is not in the log")
        if packet.seen > self.head_seq or packet.chain != self.chain_at(packet.seen):
            raise BadRecord("the packet has seen another log")
        digest = packet_digest(
            self.domain(packet.session, packet.actor), packet.nonce, packet.seen, packet.chain, packet.body
        )
        if verify and not is_signed_by(session.author, digest, packet.signature):
            raise BadRecord("the packet is not signed by its author")
        guard = self.guard(packet.session)
        guard.check(packet.nonce)
        body = decode_body(packet.body)
        self.check_order(packet.actor, packet.seen, body)
        commands = [
            Command(
                Position(envelope.lamport, packet.actor, envelope.number),
                CommandName(packet.actor, envelope.number),
                CommandName(packet.actor, envelope.gesture),
                session.author,
                seq,
                packet.seen,
                self.registry.decode(envelope),
            )
            for envelope in body.commands
        ]
        self.check_room([command.operation for command in commands])
        guard.remember(packet.nonce, digest, seq)
        self._last_of_actor[packet.actor] = commands[-1].position
        self.command_count += len(commands)
        self.created_count += sum(command.operation.CREATES for command in commands)
        for command in commands:
            for asset in command.operation.assets:
                self.named_assets.setdefault(asset, seq)
        for envelope, command in zip(body.commands, commands, strict=True):
            self._names[command.name] = (seq, content_digest(envelope))
        return commands

    def check_order(self, actor: int, seen: int, body: PacketBody) -> None:
        """Numbers and Lamport times rise within an actor, and Lamport times stand above all that was seen (CMD-5).

        Raises:
            BadRecord: says which command and why.
        """
        last = self.last_of_actor(actor)
        number, lamport = (last.number, last.lamport) if last else (0, 0)
        lamport = max(lamport, self.lamport_at(seen))
        for envelope in body.commands:
            if envelope.number <= number:
                raise BadRecord(f"command number {envelope.number} is not above {number}")
            if envelope.lamport <= lamport:
                raise BadRecord(f"Lamport time {envelope.lamport} of command {envelope.number} is not above {lamport}")
            number, lamport = envelope.number, envelope.lamport

    def check_room(self, operations: Iterable[Payload]) -> None:
        """Whether the document still has room for what the operations create (CMD-14).

        Raises:
            DocumentFull: OBJECTS_CREATED_MAX would be exceeded.
        """
        created = self.created_count + sum(operation.CREATES for operation in operations)
        if created > OBJECTS_CREATED_MAX:
            raise DocumentFull(f"{created} objects were created in this room; at most {OBJECTS_CREATED_MAX}")


def content_digest(envelope: CommandEnvelope) -> bytes:
    """What a command's name stands for (16 bytes, CMD-12); its Lamport time is not part of it and may be restamped."""
    return blake2b_128(
        "theta-content",
        envelope.gesture.to_bytes(8, "little"),
        envelope.type_id.to_bytes(8, "little", signed=True),
        envelope.version.to_bytes(4, "little"),
        bytes(envelope.payload),
    )
