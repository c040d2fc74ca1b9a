"""Random rooms as logs: several people edit, undo and redo at once, some of them late, and the frontier moves on."""

from collections.abc import Sequence
from random import Random

from tests.support.mesh_commands import pick_operation
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import NothingToUndo
from theta.base.identifiers import actor_of, signed_name_id
from theta.commands import records
from theta.commands.governing import CreateBranch, MergeBranch, SetCascade, SetStrategy
from theta.commands.identity import Identity
from theta.commands.log import CommandLog
from theta.commands.packets import encode_body, sign_packet
from theta.commands.records import FrontierRecord, HeadRecord, PacketRecord, RecordKind, SessionRecord
from theta.commands.registry import Payload, encode_payload
from theta.commands.store import StoredCheckpoint, StoredRecord, part_digest
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.vocabulary import CreatePrimitive, Delete, Paint, Rename, SetTransform
from theta.node.checkpoint_frames import PartCutter
from theta.node.drafting import draft_of
from theta.node.replica import Replica
from theta.session.secret import RoomSecret
from theta.wire.messages import CommandEnvelope

UNIX_MS = 1_700_000_000_000
SECRET = RoomSecret(b"l" * 32)
OWNER = Identity.from_seed(b"o" * 32)
PLACE = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
GROWING = ("theta.subdivide", "theta.mirror")
KINDS = [kind for kind in MESH_OPERATIONS if kind.NAME not in GROWING]
MAIN = bytes(16)


class Person:
    """An author in a session."""

    def __init__(self, number: int) -> None:
        identity = self.identity = Identity.from_seed(bytes([number]) * 32)
        instance = bytes([number]) * 16
        actor = actor_of(identity.public_key, instance)
        session = bytes([number + 100]) * 16
        self.record = SessionRecord(session, identity.public_key, actor, instance, "admin", f"Person {number}", UNIX_MS)
        self.number = self.nonce = self.lamport = self.seen = 0


def store_checkpoint(store: MemoryLogStore, replica: Replica) -> StoredCheckpoint | None:
    """Put a checkpoint of what a replica has folded into the store, if there can be one."""
    draft = draft_of(replica)
    if draft is None:
        return None
    cutter = PartCutter()
    parts = [part for frame in draft.frames for part in cutter.put(frame)] + list(cutter.finish())
    return put_parts(store, draft.seq, parts)


def put_parts(store: MemoryLogStore, seq: int, parts: list[bytes]) -> StoredCheckpoint:
    """Put a checkpoint of these parts into the store."""
    digests = b"".join(part_digest(seq, number, part) for number, part in enumerate(parts))
    for number, part in enumerate(parts):
        store.put_part(seq, number, part)
    checkpoint = StoredCheckpoint(seq, digests, sum(map(len, parts)), 0)
    store.put_checkpoint(checkpoint)
    return checkpoint


class LongLog:
    """A log that grows at random, and the replica of whoever held all of it from the beginning.

    Args:
        random: makes every choice.
        people: how many.
        frontier_records: how many records at the most lie between the head and the frontier.
        governed: whether policies change, and branches are made and merged.
    """

    def __init__(self, random: Random, people: int = 3, frontier_records: int = 12, *, governed: bool = False) -> None:
        self.random = random
        self.replica = Replica()
        self.records: list[StoredRecord] = []
        self._frontier_records = frontier_records
        self._governed = governed
        genesis = records.Genesis(
            1, SECRET.server, SECRET.room, SECRET.identity.public_key, OWNER.public_key, UNIX_MS, "Long"
        )
        self.add(RecordKind.GENESIS, records.sign_genesis(SECRET.identity, genesis))
        self.people = [Person(number) for number in range(1, people + 1)]
        for person in self.people:
            self.add(RecordKind.SESSION, records.sign_part(SECRET.identity, self.log.genesis, person.record))

    @property
    def log(self) -> CommandLog:
        """The log as it is."""
        return self.replica.log

    @property
    def branches(self) -> list[bytes]:
        """All but the main one."""
        return [branch for branch in self.log.governance.branches if branch != MAIN]

    def add(self, kind: RecordKind, body: bytes) -> StoredRecord:
        """Take the next record."""
        record = self.log.next_record(kind, body)
        commands = self.log.accept(record, verify=False)
        self.replica.apply(commands, record.seq)
        self.records.append(record)
        return record

    def grow(self, steps: int) -> list[StoredRecord]:
        """Some more records."""
        first = len(self.records)
        for _ in range(steps):
            person = self.random.choice(self.people)
            operations = self._operations(person)
            branch = self.random.choice(self.branches) if self.branches and self.random.random() < 0.2 else MAIN
            self.packet(person, operations, branch)
            if self.random.random() < 0.2:
                self.move_frontier()
        return self.records[first:]

    def packet(
        self, person: Person, operations: Sequence[Payload], branch: bytes = MAIN, seen: int | None = None
    ) -> StoredRecord:
        """A packet of a person who has seen not quite everything, and never less than before; one gesture."""
        log, frontier = self.log, self.log.frontier
        least = frontier.seq if frontier is not None else 0
        if seen is None:
            seen = max(least, person.seen, log.head_seq - self.random.randrange(self._frontier_records))
        person.seen = seen
        floor = max(log.lamport_at(seen), frontier.lamport if frontier is not None else 0, person.lamport)
        first = person.number + 1
        envelopes = [
            CommandEnvelope(
                first + at,
                floor + 1 + at,
                first,
                signed_name_id(each.NAME),
                each.VERSION,
                encode_payload(each),
            )
            for at, each in enumerate(operations)
        ]
        person.number += len(envelopes)
        person.lamport = floor + len(envelopes)
        person.nonce += 1
        who, body = person.record, encode_body(UNIX_MS, envelopes)
        chain = log.chain_at(seen)
        domain = log.domain(who.session, who.actor, branch)
        signature = sign_packet(person.identity, domain, person.nonce, seen, chain, body).signature
        packet = PacketRecord(who.session, who.actor, person.nonce, seen, chain, signature, UNIX_MS, body, branch)
        return self.add(RecordKind.PACKET, records.encode(packet))

    def attest(self) -> None:
        """The room signs the head."""
        head = HeadRecord(self.log.head_seq, self.log.chain, self.replica.document.hash, UNIX_MS)
        self.add(RecordKind.HEAD, records.sign_part(SECRET.identity, self.log.genesis, head))

    def move_frontier(self) -> None:
        """The frontier comes nearer to the head."""
        seq = self.log.head_seq - self.random.randrange(self._frontier_records)
        if seq > (self.log.frontier.seq if self.log.frontier is not None else 0):
            frontier: FrontierRecord | None = self.log.next_frontier(seq, UNIX_MS)
            if frontier is not None:
                self.add(RecordKind.FRONTIER, records.sign_part(SECRET.identity, self.log.genesis, frontier))

    def _operations(self, person: Person) -> list[Payload]:
        draw, author = self.random, person.record.author
        dice = draw.random()
        entities = self.replica.document.entities()
        if dice < 0.08 or not entities:
            kind = draw.choice(("cube", "plane", "pyramid"))
            return [CreatePrimitive(kind, 1.0, f"{kind} {person.number}", *PLACE)]
        try:
            if dice < 0.2:
                return [self.replica.history.undo_operation(author, cascade=draw.random() < 0.4)]
            if dice < 0.27:
                return [self.replica.history.redo_operation(author)]
        except NothingToUndo:
            pass
        if dice > 0.93 and self._governed:
            return [self._governing(person)]
        return [self._edit(draw.choice(entities)) for _ in range(draw.randint(1, 3))]

    def _edit(self, entity: bytes) -> Payload:
        draw, mesh = self.random, self.replica.document.mesh(entity)
        assert mesh is not None
        if draw.random() < 0.7:
            operation = pick_operation(draw.choice(KINDS), mesh, entity, draw)
            if operation is not None:
                return operation
        place = (draw.uniform(-3, 3), 0.0, 0.0)
        others = (
            Paint(entity, (draw.random(), 0.5, 1.0)),
            Rename(entity, f"name {draw.random()}"),
            SetTransform(entity, place, *PLACE[1:]),
            Delete(entity),
        )
        return draw.choices(others, (5, 2, 5, 1))[0]

    def _governing(self, person: Person) -> Payload:
        draw = self.random
        dice = draw.randrange(4)
        if dice == 0:
            return SetCascade(draw.random() < 0.7)
        if dice == 1:
            command = draw.choice(("*", "theta.move_vertices", "theta.paint"))
            return SetStrategy(command, draw.choice(("merge", "reject", "last-writer-wins")))
        if dice == 2 or not self.branches:
            least = self.log.frontier.seq if self.log.frontier is not None else 1
            return CreateBranch(
                f"branch {person.number} of {person.record.name}", MAIN, draw.randint(max(1, least - 1), least + 1)
            )
        return MergeBranch(draw.choice(self.branches), self.log.head_seq, "", [])
