"""A room's log with its admission, and people who sign packets over it: what these tests build on."""

from collections.abc import Sequence
from typing import NamedTuple

from theta.base.identifiers import MAIN_BRANCH, CommandName, actor_of, signed_name_id
from theta.base.moment import Moment
from theta.commands import records
from theta.commands.admission import Admission, Admitted
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import SigningDomain, encode_body, sign_packet
from theta.commands.records import PacketRecord, RecordKind, SessionRecord
from theta.commands.registry import CommandRegistry, Payload, encode_payload
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import OPERATIONS, CreatePrimitive, ImportMesh, Rename
from theta.session.secret import RoomSecret
from theta.wire.messages import CommandEnvelope, SubmitPacket
from theta.wire.types import RoleName

UNIX_MS = 1_700_000_000_000
NOW = Moment(1000.0, UNIX_MS)
OWNER = Identity.from_seed(b"o" * 32)
ANNA = Identity.from_seed(b"a" * 32)
BEN = Identity.from_seed(b"b" * 32)
RENAME = Rename(b"e" * 16, "renamed")
CREATE = CreatePrimitive("cube", 1.0, "cube", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))


def import_of(asset: bytes) -> ImportMesh:
    """Makes an object of an asset."""
    return ImportMesh(asset, "vase", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5))


def later(seconds: float) -> Moment:
    """So many seconds after NOW."""
    return Moment(NOW.seconds + seconds, NOW.unix_ms + int(seconds * 1000))


def envelope(operation: Payload, number: int, lamport: int, gesture: int) -> CommandEnvelope:
    """A command as a body holds it."""
    return CommandEnvelope(
        number, lamport, gesture, signed_name_id(operation.NAME), operation.VERSION, encode_payload(operation)
    )


class Spoken(NamedTuple):
    """What a packet says and where; every part may be replaced before it is signed."""

    domain: SigningDomain
    nonce: int
    seen: int
    chain: bytes
    body: bytes
    identity: Identity

    def sign(self) -> SubmitPacket:
        """The packet."""
        return sign_packet(self.identity, self.domain, self.nonce, self.seen, self.chain, self.body)


class Room:
    """A log with a genesis, and its admission."""

    def __init__(self, seed: bytes = b"r" * 32) -> None:
        self.secret = RoomSecret(seed)
        self.log = CommandLog(CommandRegistry(OPERATIONS))
        self.faces: dict[bytes, int] = {}
        self.admission = Admission(self.log, faces_of=self.faces.get)
        genesis = records.Genesis(
            1,
            self.secret.server,
            self.secret.room,
            self.secret.identity.public_key,
            OWNER.public_key,
            UNIX_MS,
            "Studio",
        )
        self.add(RecordKind.GENESIS, records.sign_genesis(self.secret.identity, genesis))

    def add(self, kind: RecordKind, body: bytes) -> list[Command]:
        """Take the next record."""
        return self.log.accept(self.log.next_record(kind, body))

    def sign(self, part: SessionRecord | records.HeadRecord | records.FrontierRecord) -> bytes:
        """A session's, head's or frontier's body."""
        return records.sign_part(self.secret.identity, self.log.genesis, part)

    def head(self) -> records.HeadRecord:
        """The head as it stands."""
        return records.HeadRecord(self.log.head_seq, self.log.chain, b"d" * 16, UNIX_MS)

    def join(
        self,
        identity: Identity = ANNA,
        instance: bytes = b"i" * 16,
        session: bytes = b"s" * 16,
        role: RoleName = "editor",
    ) -> "Speaker":
        """Open a session."""
        actor = actor_of(identity.public_key, instance)
        record = SessionRecord(session, identity.public_key, actor, instance, role, "Anna", UNIX_MS)
        self.add(RecordKind.SESSION, self.sign(record))
        return Speaker(self, identity, record)

    def advance_frontier(self, seq: int | None = None) -> records.FrontierRecord:
        """Put the frontier at a record, at the head if none is said."""
        frontier = self.log.next_frontier(self.log.head_seq if seq is None else seq, UNIX_MS)
        assert frontier is not None
        self.add(RecordKind.FRONTIER, self.sign(frontier))
        return frontier

    def admit(self, speaker: "Speaker", packet: SubmitPacket, now: Moment = NOW) -> Admitted:
        """Decide about a packet and take what is admitted."""
        admitted = self.admission.admit(now, speaker.record, speaker.record.role, packet)
        if admitted.record is not None:
            self.log.accept(admitted.record)
        return admitted


class Speaker:
    """Somebody in a session, who counts numbers, Lamport times and nonces from 1 as they should."""

    def __init__(self, room: Room, identity: Identity, record: SessionRecord) -> None:
        self.room = room
        self.identity = identity
        self.record = record
        self.number = 0
        self.nonce = 0
        self.branch = MAIN_BRANCH

    @property
    def domain(self) -> SigningDomain:
        """Where the packets are valid."""
        return self.room.log.domain(self.record.session, self.record.actor, self.branch)

    def body(self, operations: Sequence[Payload] = (RENAME,), timestamp_ms: int = UNIX_MS) -> bytes:
        """The next body, one gesture, above every Lamport time admitted."""
        first = self.number + 1
        lamport = self.room.log.lamport + 1
        commands = [envelope(each, first + at, lamport + at, first) for at, each in enumerate(operations)]
        self.number += len(operations)
        return encode_body(timestamp_ms, commands)

    def speak(self, body: bytes | None = None) -> Spoken:
        """A packet with the next nonce, over the log as it is."""
        self.nonce += 1
        log = self.room.log
        return Spoken(
            self.domain, self.nonce, log.head_seq, log.chain, self.body() if body is None else body, self.identity
        )

    def packet(self, *operations: Payload) -> SubmitPacket:
        """The next packet."""
        return self.speak(self.body(operations or (RENAME,))).sign()

    def do(self, *operations: Payload) -> CommandName:
        """Say the next packet and have it admitted; the name of its first command."""
        number = self.number + 1
        self.room.admit(self, self.packet(*operations))
        return self.name(number)

    def name(self, number: int) -> CommandName:
        """A command of this speaker's."""
        return CommandName(self.record.actor, number)


def packet_record(speaker: Speaker, spoken: Spoken) -> PacketRecord:
    """A packet as the log holds it."""
    packet = spoken.sign()
    return PacketRecord(
        speaker.record.session,
        speaker.record.actor,
        packet.nonce,
        packet.seen,
        packet.chain,
        packet.signature,
        UNIX_MS,
        packet.body,
        packet.branch,
    )


def rechained(stored: Sequence[StoredRecord]) -> list[StoredRecord]:
    """The records with their numbers and chain hashes made anew, as a forger without keys would."""
    chain, made = records.CHAIN_START, []
    for seq, record in enumerate(stored, 1):
        made.append(
            StoredRecord(seq, record.kind, record.body, records.chain_after(chain, seq, record.kind, record.body))
        )
        chain = made[-1].chain
    return made
