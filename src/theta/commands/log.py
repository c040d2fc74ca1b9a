"""The command log in memory: it takes records in order, proves each one, and knows what admission has to ask.

The room, a participant that folds and `theta verify` all read a log through this class, so that they cannot
disagree about what a good record is (LOG-7). Nothing here reads a clock or a file.

A log need not hold all its records: `from_index` begins one at a checkpoint, `forget` lets go of old ones. What is left
are those from `first_seq` on, and the chain hashes and Lamport times from the frontier on.
"""

import hashlib
from array import array
from collections.abc import Iterable
from functools import partial

import msgspec

from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName, Position, actor_of, blake2b_128
from theta.base.limits import DIGEST_BYTES, LAMPORT_JUMP_MAX, OBJECTS_CREATED_MAX, RECORD_BYTES_MAX, U64_MAX
from theta.commands.command import Command, make_commands
from theta.commands.governance import Governance
from theta.commands.governing import Governing
from theta.commands.identity import is_signed_by
from theta.commands.log_index import (
    INDEX_FORMAT,
    LogIndex,
    OpenedSession,
    column,
    command_of,
    count_of,
    counts_of,
    decode_index,
    encode_index,
    governing_of,
    guard_of,
    lasts_of,
    names_of,
    nonces_of,
    numbers_of,
)
from theta.commands.name_index import NameIndex
from theta.commands.packets import ParsedBody, SigningDomain, digest_from, domain_hash, parse_body
from theta.commands.records import (
    CHAIN_START,
    FORMAT_VERSION,
    BadRecord,
    FrontierRecord,
    Genesis,
    HeadRecord,
    PacketRecord,
    RecordKind,
    SessionRecord,
    chain_after,
    decode,
    encode,
    make_record,
    read_genesis,
    read_part,
)
from theta.commands.refusals import DocumentFull, Refused
from theta.commands.registry import Batch, CommandRegistry
from theta.commands.replay_guard import ReplayGuard
from theta.commands.roles import at_least
from theta.commands.store import StoredRecord
from theta.wire.messages import CommandEnvelope, SubmitPacket

_PACKET = int(RecordKind.PACKET)
# Half of what the constructor of a named tuple costs, which is a Python function.
_stored_record = partial(tuple.__new__, StoredRecord)
_NOWHERE = Position(0, 0, 0)
__all__ = ["Command", "CommandLog", "content_digest"]


class _Proved(msgspec.Struct, frozen=True, gc=False):
    """A packet that may be taken as the next record, and its commands."""

    record: StoredRecord
    packet: PacketRecord
    digest: bytes
    numbers: tuple[int, ...]
    batch: Batch
    commands: list[Command]


class CommandLog:
    """Records 1 … head, with the chain hash at each and an index of sessions, names, nonces and Lamport times.

    `head_seq` is the last record's number, 0 when empty; `chain` and `lamport` are the chain hash and the highest
    Lamport time there. `records` are those in memory, the first of which is `first_seq`. `named_assets` says of each
    asset (its 32-byte name) which record is the first that cannot be folded without it. `frontier` is the last
    frontier record, `session_seqs` has the record of each session.
    """

    def __init__(self, registry: CommandRegistry) -> None:
        self.registry = registry
        self.head_seq = 0
        self.chain = CHAIN_START
        self.lamport = 0
        self.records: list[StoredRecord] = []
        self.sessions: dict[bytes, SessionRecord] = {}
        self.session_seqs: dict[bytes, int] = {}
        self.authors: dict[int, bytes] = {}
        self.governance = Governance()
        self.last_head: HeadRecord | None = None
        self.frontier: FrontierRecord | None = None
        self.last_packet_seq = 0
        self.command_count = 0
        self.created_count = 0
        self.named_assets: dict[bytes, int] = {}
        self._genesis: Genesis | None = None
        self._genesis_body = b""
        self._guards: dict[bytes, ReplayGuard] = {}
        self._names = NameIndex()
        self._early_chains = b""
        self._lamports = array("Q", [0])
        self._lamports_from = 0
        self._proved: _Proved | None = None
        self._domains: dict[tuple[bytes, bytes], hashlib.blake2b] = {}

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def genesis(self) -> Genesis:
        """Which room this is."""
        assert self._genesis is not None, "an empty log has no genesis"
        return self._genesis

    @property
    def is_empty(self) -> bool:
        """Whether there is no record yet."""
        return self.head_seq == 0

    @property
    def first_seq(self) -> int:
        """The number of the first record in memory; one above the head when there is none."""
        return self.head_seq - len(self.records) + 1

    @property
    def nonce_gaps(self) -> int:
        """How many nonces were skipped, over all sessions."""
        return sum(guard.gaps for guard in self._guards.values())

    def knows(self, seq: int) -> bool:
        """Whether the chain hash and the Lamport time at record `seq` are known here: from the frontier on they are."""
        return self._lamports_from <= seq <= self.head_seq

    def chain_at(self, seq: int) -> bytes:
        """The chain hash at record `seq`, which is known here."""
        first = self.first_seq
        if seq >= first:
            return self.records[seq - first].chain
        if seq == 0:
            return CHAIN_START
        assert self.knows(seq), f"the chain hash at record {seq} is not known here"
        end = len(self._early_chains) - (first - 1 - seq) * DIGEST_BYTES
        return self._early_chains[end - DIGEST_BYTES : end]

    def known_chain(self, seq: int) -> bytes | None:
        """The chain hash at record `seq` of those up to the head; None when it is not known here any more."""
        first = self.head_seq - len(self.records) + 1
        if seq >= first:
            return self.records[seq - first].chain
        return self.chain_at(seq) if self.knows(seq) else None

    def lamport_at(self, seq: int) -> int:
        """The highest Lamport time at or below record `seq`, which is known here."""
        assert seq >= self._lamports_from, f"the Lamport time at record {seq} is not known here"
        return self._lamports[seq - self._lamports_from]

    def records_between(self, first_seq: int, last_seq: int) -> list[StoredRecord]:
        """The records of these numbers, both included, as far as they are in memory."""
        first = self.first_seq
        return self.records[max(0, first_seq - first) : max(0, last_seq - first + 1)]

    def guard(self, session: bytes) -> ReplayGuard:
        """The nonces of a session."""
        guard = self._guards.get(session)
        if guard is None:
            guard = self._guards[session] = ReplayGuard()
        return guard

    def last_of_actor(self, actor: int) -> Position | None:
        """Position of the actor's last admitted command."""
        return self._names.lasts.get(actor)

    def length_since(self, branch: bytes, names: Iterable[CommandName]) -> int:
        """At least how many commands a branch holds that came in or after the first record of any of these commands.

        Those that never came count for nothing; of those whose record is forgotten nobody knows how old they are.
        """
        seqs = [seq for seq in map(self._names.find, names) if seq is not None]
        lines = self.governance.lines
        if not seqs or branch not in lines.by_id:
            return 0
        return lines.length_after(branch, self.head_seq, max(0, min(seqs) - 1))

    def find(self, name: CommandName) -> int | None:
        """The record of an admitted command: 0 when it is older than what is in memory, None when there is none."""
        return self._names.find(name)

    def has_content(self, name: CommandName, digest: bytes) -> bool:
        """Whether an admitted command is the one of this content (`content_digest`); of forgotten ones, yes."""
        seq = self._names.find(name)
        if not seq or seq < self.first_seq:
            return seq is not None
        body = parse_body(decode(PacketRecord, self.records_between(seq, seq)[0].body).body)
        return any(each.number == name.number and content_digest(each) == digest for each in body.envelopes())

    def domain(self, session: bytes, actor: int, branch: bytes = MAIN_BRANCH) -> SigningDomain:
        """Where a packet of this log's session is valid."""
        genesis = self.genesis
        return SigningDomain(genesis.server, genesis.room, session, actor, branch)

    def packet_digest(
        self, session: SessionRecord, branch: bytes, nonce: int, seen: int, chain: bytes, body: bytes
    ) -> bytes:
        """The digest of a packet of a session (CMD-4)."""
        begun = self._domains.get((session.session, branch))
        if begun is None:
            begun = domain_hash(self.domain(session.session, session.actor, branch))
            if branch in self.governance.lines.by_id and session.session in self.sessions:
                self._domains[session.session, branch] = begun
        return digest_from(begun, nonce, seen, chain, body)

    # -- records in ----------------------------------------------------------------------------------------------

    def next_record(self, kind: RecordKind, body: bytes) -> StoredRecord:
        """The record that would come next; nothing changes until `accept`."""
        return make_record(self.chain, self.head_seq + 1, kind, body)

    def next_frontier(self, seq: int, at_ms: int) -> FrontierRecord | None:
        """The frontier at record `seq`, which is known here; None when it would not be above the last one (LOG-12)."""
        lamport = self.lamport_at(seq)
        if lamport <= (self.frontier.lamport if self.frontier is not None else 0):
            return None
        return FrontierRecord(lamport, seq, at_ms)

    def next_packet(self, packet: PacketRecord, digest: bytes, body: ParsedBody, batch: Batch) -> StoredRecord:
        """As `next_record`, of a packet that this process admits itself; its `accept` need not read it again."""
        stored, seq = encode(packet), self.head_seq + 1
        record = _stored_record((seq, _PACKET, stored, chain_after(self.chain, seq, _PACKET, stored)))
        author = self.sessions[packet.session].author
        commands = make_commands(packet.actor, author, seq, packet.seen, packet.branch, body, batch.operations)
        self._proved = _Proved(record, packet, digest, body.numbers, batch, commands)
        return record

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
        proved = self._proved
        self._proved = None
        if proved is not None and proved.record is record:
            self._take_packet(proved)
            return proved.commands
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
        if kind is RecordKind.PACKET:
            proved = self._prove(record, decode(PacketRecord, record.body), verify)
            self._take_packet(proved)
            return proved.commands
        if kind is RecordKind.GENESIS:
            self._take_genesis(record.body)
        elif kind is RecordKind.SESSION:
            self._take_session(record.seq, read_part(SessionRecord, self.genesis, record.body))
        elif kind is RecordKind.HEAD:
            self._take_head(read_part(HeadRecord, self.genesis, record.body))
        elif kind is RecordKind.FRONTIER:
            self._take_frontier(read_part(FrontierRecord, self.genesis, record.body))
        else:
            raise BadRecord("a base is the first record of a compacted log, and nowhere else")
        self._append(record, 0)
        return []

    def _append(self, record: StoredRecord, lamport: int) -> None:
        self.records.append(record)
        self.head_seq = record.seq
        self.chain = record.chain
        if lamport > self.lamport:
            self.lamport = lamport
        self._lamports.append(self.lamport)

    def _take_genesis(self, body: bytes) -> None:
        genesis = read_genesis(body)
        if genesis.format_version != FORMAT_VERSION:
            raise BadRecord(f"the log has format {genesis.format_version}; this Theta reads {FORMAT_VERSION}")
        self._genesis, self._genesis_body = genesis, body
        self.governance.owner = genesis.owner

    def _take_session(self, seq: int, session: SessionRecord) -> None:
        if session.session in self.sessions:
            raise BadRecord("the session was opened before")
        if session.actor != actor_of(session.author, session.instance):
            raise BadRecord("the session's actor is not its author's")
        self._open_session(seq, session)

    def _open_session(self, seq: int, session: SessionRecord) -> None:
        self.sessions[session.session] = session
        self.session_seqs[session.session] = seq
        self.authors[session.actor] = session.author
        self.governance.take_session(seq, session)

    def _take_head(self, head: HeadRecord) -> None:
        if not self.knows(head.seq) or head.chain != self.chain_at(head.seq):
            raise BadRecord(f"the head that the room signed at record {head.seq} is not this log's")
        self.last_head = head

    def _take_frontier(self, frontier: FrontierRecord) -> None:
        if not self.knows(frontier.seq) or frontier.lamport != self.lamport_at(frontier.seq):
            raise BadRecord(f"the frontier at record {frontier.seq} is not this log's")
        if self.frontier is not None and frontier.lamport <= self.frontier.lamport:
            raise BadRecord(f"a frontier at Lamport time {frontier.lamport} is not above {self.frontier.lamport}")
        self.frontier = frontier

    # -- packets -------------------------------------------------------------------------------------------------

    def _prove(self, record: StoredRecord, packet: PacketRecord, verify: bool) -> _Proved:
        session = self.sessions.get(packet.session)
        if session is None or session.actor != packet.actor:
            raise BadRecord("the packet's session is not in the log")
        if packet.seen > self.head_seq or packet.chain != self.known_chain(packet.seen):
            raise BadRecord("the packet has seen another log")
        if packet.branch not in self.governance.lines.by_id:
            raise BadRecord("the packet's branch is not in the log")
        digest = self.packet_digest(session, packet.branch, packet.nonce, packet.seen, packet.chain, packet.body)
        if verify and not is_signed_by(session.author, digest, packet.signature):
            raise BadRecord("the packet is not signed by its author")
        self.guard(packet.session).check(packet.nonce)
        body = self.registry.parse(packet.body)
        self._check_author(session, body)
        batch = self.registry.decode_all(body)
        stale = self.staleness(packet.seen, body) or self.forgetfulness(packet.actor, packet.seen)
        if stale:
            raise BadRecord(stale)
        self.check_order(packet.actor, packet.seen, body)
        self.check_room(batch.creates)
        operations = batch.operations
        commands = make_commands(packet.actor, session.author, record.seq, packet.seen, packet.branch, body, operations)
        return _Proved(record, packet, digest, body.numbers, batch, commands)

    def _check_author(self, session: SessionRecord, body: ParsedBody) -> None:
        head, governance = self.head_seq, self.governance
        if governance.is_revoked(session.author, head):
            raise BadRecord("its author's key was revoked")
        if governance.is_ended(self.session_seqs[session.session], session.author):
            raise BadRecord("its session was ended by an admin")
        role = governance.role_of(session.author, head, session.role)
        for name in self.registry.names_of(body):
            if role is None or not at_least(role, governance.least_role(name, head)):
                raise BadRecord(f"its author's role does not allow {name}")

    def _take_packet(self, proved: _Proved) -> None:
        packet, batch, record = proved.packet, proved.batch, proved.record
        seq, count, last = record.seq, len(proved.commands), proved.commands[-1].position
        self.guard(packet.session).remember(packet.nonce, proved.digest, seq)
        self._names.add(proved.numbers, last, seq, packet.seen)
        self.last_packet_seq = seq
        self.command_count += count
        self.created_count += batch.creates
        for asset in batch.assets:
            self.named_assets.setdefault(asset, seq)
        self._append(record, last[0])
        self.governance.lines.add_commands(packet.branch, seq, count)
        if batch.governs:
            for command in proved.commands:
                if isinstance(command.operation, Governing):
                    self.governance.take(command)

    def fits(self, actor: int, packet: SubmitPacket, body: ParsedBody) -> bool:
        """Whether a packet is one that nothing can be wrong with but its signature, time stamp, author and payloads.

        So most are. What is wrong with one that does not fit, if anything, the checks one by one can tell.
        """
        seen, head, records = packet.seen, self.head_seq, self.records
        index = seen - head - 1 + len(records)
        if index < 0 or seen > head or seen < self._lamports_from or records[index].chain != packet.chain:
            return False
        first, last, top = body.lamports[0], body.lamports[-1], self.lamport
        lamport, _, number = self._names.lasts.get(actor, _NOWHERE)
        frontier = self.frontier
        return (
            body.is_rising
            and body.numbers[0] > number
            and first > lamport
            and first > self._lamports[seen - self._lamports_from]
            and last <= top + LAMPORT_JUMP_MAX
            and top < U64_MAX
            and packet.branch in self.governance.lines.by_id
            and seen >= self._names.seen_by(actor)
            and (frontier is None or (seen >= frontier.seq and first > frontier.lamport))
        )

    def staleness(self, seen: int, body: ParsedBody) -> str:
        """Why a packet is behind the frontier (CMD-72); empty when it is not."""
        frontier = self.frontier
        if frontier is None:
            return ""
        if seen < frontier.seq:
            return f"it has seen record {seen}, and the frontier is at {frontier.seq}"
        if min(body.lamports) <= frontier.lamport:
            return f"Lamport time {min(body.lamports)} is not above the frontier's, {frontier.lamport}"
        return ""

    def forgetfulness(self, actor: int, seen: int) -> str:
        """Why an author would have seen less than before (CMD-75); empty when it has not."""
        highest = self._names.seen_by(actor)
        return f"it has seen record {seen}, and its author had seen {highest} before" if seen < highest else ""

    def check_order(self, actor: int, seen: int, body: ParsedBody) -> None:
        """Numbers and Lamport times rise within an actor, and Lamport times stand above all that was seen (CMD-5).

        Raises:
            BadRecord: says which command and why.
        """
        lamport, _, number = self._names.lasts.get(actor, _NOWHERE)
        at_seen = self.lamport_at(seen)
        if at_seen > lamport:
            lamport = at_seen
        if body.is_rising and body.numbers[0] > number and body.lamports[0] > lamport:
            return
        for each, at in zip(body.numbers, body.lamports, strict=True):
            if each <= number:
                raise BadRecord(f"command number {each} is not above {number}")
            if at <= lamport:
                raise BadRecord(f"Lamport time {at} of command {each} is not above {lamport}")
            number, lamport = each, at

    def check_room(self, creates: int) -> None:
        """Whether the log still has room for so many more objects (CMD-14).

        Raises:
            DocumentFull: OBJECTS_CREATED_MAX would be exceeded.
        """
        created = self.created_count + creates
        if created > OBJECTS_CREATED_MAX:
            raise DocumentFull(f"{created} objects were created in this room; at most {OBJECTS_CREATED_MAX}")

    # -- a part of it --------------------------------------------------------------------------------------------

    def forget(self, seq: int) -> None:
        """Let go of the records up to `seq`, which is at most the frontier's; the store has them."""
        base = self.frontier.seq if self.frontier is not None else 0
        assert seq <= base, "what is above the frontier may still be asked for"
        count = seq - self.first_seq + 1
        if count <= 0:
            return
        self._early_chains = self.chain_at(base) if seq == base else b""
        del self.records[:count]
        self._names.forget(seq)
        del self._lamports[: base - self._lamports_from]
        self._lamports_from = base

    def index_bytes(self) -> bytes:
        """All that this log knows at its head but the records, as `from_index` takes it."""
        base = self.frontier.seq if self.frontier is not None else 0
        index = LogIndex(
            INDEX_FORMAT,
            self._genesis_body,
            self.head_seq,
            b"".join([self.chain_at(seq) for seq in range(base, self.head_seq + 1)]),
            column(self._lamports[base - self._lamports_from :]),
            [OpenedSession(self.session_seqs[each.session], each) for each in self.sessions.values()],
            lasts_of(self._names),
            nonces_of(self._guards, self.head_seq),
            [governing_of(each, self.governance.outcome(each.name)) for each in self.governance.commands],
            counts_of(self.governance.lines.counts),
            list(self.named_assets.items()),
            self.command_count,
            self.created_count,
            self.last_packet_seq,
            self.last_head,
            self.frontier,
            self.governance.lines.base_seq,
            sorted(self.governance.lines.last_edits.items()),
        )
        return encode_index(index)

    @classmethod
    def from_index(cls, registry: CommandRegistry, data: bytes) -> "CommandLog":
        """The log as it was when `index_bytes` was asked, with no record in memory.

        Raises:
            BadRecord: these bytes are no index, or one of another format.
        """
        index = decode_index(data)
        log = cls(registry)
        log._take_genesis(index.genesis)
        for opened in index.sessions:
            log._open_session(opened.seq, opened.session)
        log.governance.lines.drop(index.base_seq, dict(index.last_edits))
        for kept in index.governing:
            log.governance.take(command_of(registry, kept), kept.reason)
        log.governance.lines.counts = {counted.branch: count_of(counted) for counted in index.counts}
        log._names = names_of(index.lasts)
        log._guards = {used.session: guard_of(used) for used in index.nonces}
        log.named_assets = dict(index.assets)
        log.command_count, log.created_count = index.command_count, index.created_count
        log.last_packet_seq, log.last_head, log.frontier = index.last_packet_seq, index.last_head, index.frontier
        log.head_seq, log.chain = index.head_seq, index.chains[-DIGEST_BYTES:]
        log._early_chains = index.chains
        log._lamports = array("Q", numbers_of(index.lamports))
        log._lamports_from = index.frontier.seq if index.frontier is not None else 0
        log.lamport = log._lamports[-1]
        return log


def content_digest(envelope: CommandEnvelope) -> bytes:
    """What a command's name stands for (16 bytes, CMD-12); its Lamport time is not part of it and may be restamped."""
    return blake2b_128(
        "theta-content",
        envelope.gesture.to_bytes(8, "little"),
        envelope.type_id.to_bytes(8, "little", signed=True),
        envelope.version.to_bytes(4, "little"),
        bytes(envelope.payload),
    )
