"""Packets signed beforehand over a room's log, and a room that has not seen them: what the pipeline is given.

Every run of a load starts from the same opening records with the same clock, so that the chain hashes which the packets
were signed over come out again.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from theta.base.identifiers import actor_of, signed_name_id
from theta.base.moment import Moment
from theta.commands import records
from theta.commands.admission import Admission
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body, sign_packet
from theta.commands.records import RecordKind, SessionRecord
from theta.commands.registry import encode_payload
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import Operation
from theta.node.protocol import REGISTRY
from theta.session.secret import RoomSecret
from theta.wire import codec
from theta.wire.messages import CommandEnvelope, SubmitPacket

NOW = Moment(1000.0, 1_700_000_000_000)
SECRET = RoomSecret(b"r" * 32)
AUTHORS = 4
IN_FLIGHT = 8
"""How many records an author has not seen yet when they sign, so that packets of different authors are concurrent."""
UNLIMITED = 1e15


class Load(NamedTuple):
    """A room's opening, and the frames that come in after it; `who` sent each."""

    opening: list[StoredRecord]
    who: list[SessionRecord]
    frames: list[bytes]
    commands: int


def unlimited_admission(log: CommandLog) -> Admission:
    """Admission with its rate limits lifted."""
    return Admission(log, burst=UNLIMITED, per_second=UNLIMITED)


def log_of(opening: Iterable[StoredRecord]) -> CommandLog:
    """The log of these records."""
    log = CommandLog(REGISTRY)
    for record in opening:
        log.accept(record, verify=False)
    return log


class Author:
    """Signs packets over a growing log, counting numbers, nonces and Lamport times."""

    def __init__(self, log: CommandLog, seed: int) -> None:
        self._log = log
        self.identity = Identity.from_seed(bytes((seed,)) * 32)
        instance = bytes((seed,)) * 16
        actor = actor_of(self.identity.public_key, instance)
        self.session = SessionRecord(
            bytes((seed + 100,)) * 16,
            self.identity.public_key,
            actor,
            instance,
            "editor",
            f"Author {seed}",
            NOW.unix_ms,
        )
        self.number = self._nonce = 0

    @property
    def actor(self) -> int:
        """Whose commands these are."""
        return self.session.actor

    def packet(self, operations: Sequence[Operation], seen: int, lamport: int | None = None) -> SubmitPacket:
        """The next packet, each command a gesture; Lamport times from `lamport`, else above all in the log."""
        first = self._log.lamport + 1 if lamport is None else lamport
        commands = [
            CommandEnvelope(
                self.number + at,
                first + at - 1,
                self.number + at,
                signed_name_id(each.NAME),
                each.VERSION,
                encode_payload(each),
            )
            for at, each in enumerate(operations, 1)
        ]
        self.number += len(operations)
        self._nonce += 1
        domain = self._log.domain(self.session.session, self.actor)
        body = encode_body(NOW.unix_ms, commands)
        return sign_packet(self.identity, domain, self._nonce, seen, self._log.chain_at(seen), body)


class Maker:
    """A room's log as it is made: opening, then loads."""

    def __init__(self, authors: int = AUTHORS) -> None:
        self.log = CommandLog(REGISTRY)
        self.admission = unlimited_admission(self.log)
        self.opening: list[StoredRecord] = []
        key = SECRET.identity.public_key
        owner = Identity.from_seed(b"o" * 32).public_key
        genesis = records.Genesis(1, SECRET.server, SECRET.room, key, owner, NOW.unix_ms, "Bench")
        self._open(RecordKind.GENESIS, records.sign_genesis(SECRET.identity, genesis))
        self.authors = [Author(self.log, seed) for seed in range(1, authors + 1)]
        for author in self.authors:
            self._open(RecordKind.SESSION, records.sign_part(SECRET.identity, self.log.genesis, author.session))

    def open_with(self, *operations: Operation) -> list[Command]:
        """A packet of the first author as part of the opening."""
        record, commands = self.take(self.authors[0], operations)
        self.opening.append(record)
        return commands

    def take(
        self, author: Author, operations: Sequence[Operation], seen: int | None = None, lamport: int | None = None
    ) -> tuple[StoredRecord, list[Command]]:
        """Sign a packet, admit it and take it."""
        packet = author.packet(operations, self.log.head_seq if seen is None else seen, lamport)
        return self._admit(author, packet)

    def load(self, batches: Iterable[Sequence[Operation]]) -> Load:
        """Packets in turn by all authors, each of whom has seen what was there IN_FLIGHT records ago."""
        who, frames, commands = [], [], 0
        first = self.log.head_seq
        for number, batch in enumerate(batches):
            author = self.authors[number % len(self.authors)]
            packet = author.packet(batch, max(first, self.log.head_seq - IN_FLIGHT))
            self._admit(author, packet)
            who.append(author.session)
            frames.append(codec.encode(packet))
            commands += len(batch)
        return Load(list(self.opening), who, frames, commands)

    def _admit(self, author: Author, packet: SubmitPacket) -> tuple[StoredRecord, list[Command]]:
        admitted = self.admission.admit(NOW, author.session, author.session.role, packet)
        assert admitted.record is not None
        return admitted.record, self.log.accept(admitted.record, verify=False)

    def _open(self, kind: RecordKind, body: bytes) -> None:
        record = self.log.next_record(kind, body)
        self.log.accept(record)
        self.opening.append(record)


def packets_of(count: int, operations: Iterable[Operation]) -> Iterable[list[Operation]]:
    """The operations, `count` to a packet."""
    batch: list[Operation] = []
    for operation in operations:
        batch.append(operation)
        if len(batch) == count:
            yield batch
            batch = []
    if batch:
        yield batch
