"""The vectors of spec/vectors/log.json: a small log, record by record, and what it folds to."""

from typing import Any

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName
from theta.commands import records
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body, sign_packet
from theta.commands.records import RecordKind
from theta.commands.registry import CommandRegistry, Payload
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.vocabulary import (
    OPERATIONS,
    CreatePrimitive,
    Delete,
    ExtrudeFace,
    MoveVertices,
    Operation,
    Paint,
    Rename,
    SetEffective,
    SetTransform,
)
from theta.wire import messages as wire
from tools.asset_vectors import doubles
from tools.vector_people import (
    ANNA,
    ANNA_INSTANCE,
    ANNA_OTHER_INSTANCE,
    BEN,
    BEN_INSTANCE,
    CUBE,
    NO_TURN,
    ONE,
    SECRET,
    UNIX_MS,
    envelope,
    run_of,
)


class Author:
    """Somebody who signs packets over a growing log, with everything counted from 1."""

    def __init__(self, log: CommandLog, identity: Identity, instance: bytes, session: bytes, name: str) -> None:
        self._log = log
        self._identity = identity
        self.name = name
        self.actor = ids.actor_of(identity.public_key, instance)
        self.session = records.SessionRecord(
            session, identity.public_key, self.actor, instance, "editor", name, UNIX_MS
        )
        self.branch = ids.MAIN_BRANCH
        self._nonce = self._number = 0

    def packet(self, *operations: Payload, lamport: int = 0, seen: int | None = None) -> bytes:
        """A record's body: one packet, one gesture."""
        seen = self._log.head_seq if seen is None else seen
        first = self._number + 1
        lamport = lamport or self._log.lamport + 1
        commands = [envelope(first + at, lamport + at, first, each) for at, each in enumerate(operations)]
        self._number += len(operations)
        self._nonce += 1
        body = encode_body(UNIX_MS + self._nonce, commands)
        chain = self._log.chain_at(seen)
        domain = self._log.domain(self.session.session, self.actor, self.branch)
        packet = sign_packet(self._identity, domain, self._nonce, seen, chain, body)
        return records.encode(
            records.PacketRecord(
                self.session.session,
                self.actor,
                self._nonce,
                seen,
                chain,
                packet.signature,
                UNIX_MS + 5,
                body,
                self.branch,
            )
        )


class Script:
    """A small log, step by step, with what it folds to after each record."""

    def __init__(self) -> None:
        self.log = CommandLog(CommandRegistry(OPERATIONS))
        self.fold = Fold()
        self.document = Document(World())
        self.authors: list[Author] = []
        self.rows: list[dict[str, Any]] = []
        self.commands: list[Command] = []
        genesis = records.Genesis(
            1, SECRET.server, SECRET.room, SECRET.identity.public_key, ANNA.public_key, UNIX_MS, "Studio"
        )
        self.add(RecordKind.GENESIS, records.sign_genesis(SECRET.identity, genesis))

    def add(self, kind: RecordKind, body: bytes) -> StoredRecord:
        """Take a record, fold it, and note what came of it."""
        record, commands = self.take(kind, body)
        change = self.fold.add(commands)
        for entity in sorted(change.entities):
            self.document.update(entity, self.fold.unit(entity))
        self.rows.append(
            {
                "seq": record.seq,
                "kind": record.kind,
                "body": body.hex(),
                "chain": record.chain.hex(),
                "document_hash": self.document.hash.hex(),
                "outcomes": [
                    {
                        "actor": str(each.command.name.actor),
                        "number": str(each.command.name.number),
                        "outcome": each.outcome.kind,
                        "reason": each.outcome.reason,
                    }
                    for each in change.outcomes
                ],
            }
        )
        return record

    def take(self, kind: RecordKind, body: bytes) -> tuple[StoredRecord, list[Command]]:
        """Take a record into the log."""
        record = self.log.next_record(kind, body)
        commands = self.log.accept(record)
        self.commands += commands
        return record, commands

    def join(self, identity: Identity, instance: bytes, session: bytes, name: str) -> Author:
        """A session opens."""
        author = Author(self.log, identity, instance, session, name)
        self.add(RecordKind.SESSION, records.sign_part(SECRET.identity, self.log.genesis, author.session))
        self.authors.append(author)
        return author

    def attest(self) -> None:
        """The room signs the head."""
        head = records.HeadRecord(self.log.head_seq, self.log.chain, self.document.hash, UNIX_MS + 10)
        self.add(RecordKind.HEAD, records.sign_part(SECRET.identity, self.log.genesis, head))


def small_log() -> Script:
    """Two people, one of them twice, build on one cube: concurrent edits, undo, redo, a delete and its undo."""
    script = Script()
    anna = script.join(ANNA, ANNA_INSTANCE, run_of(100, 16), "Anna")
    ben = script.join(BEN, BEN_INSTANCE, run_of(101, 16), "Ben")

    def add(author: Author, *operations: Operation, lamport: int = 0, seen: int | None = None) -> None:
        script.add(RecordKind.PACKET, author.packet(*operations, lamport=lamport, seen=seen))

    cube, top = ids.entity_id(CUBE), ids.element_id(CUBE, "cube.face", (), 3)
    add(anna, CreatePrimitive("cube", 0.5, "cube", (0.0, 1.0, -1.0), NO_TURN, ONE))
    add(ben, ExtrudeFace(cube, top, 0.25), Paint(cube, (0.9, 0.3, 0.1)))
    seen = script.log.head_seq
    add(anna, ExtrudeFace(cube, top, 0.1), Rename(cube, "tower"))
    add(ben, SetTransform(cube, (1.0, 0.0, 0.0), NO_TURN, (2.0, 1.0, 1.0)), seen=seen, lamport=4)
    script.attest()
    corner = ids.element_id(CommandName(ben.actor, 1), "extrude.vertex", (top, _cube_vertex(2)))
    add(anna, MoveVertices(cube, corner + _cube_vertex(7), doubles(*(0.1,) * 6), doubles(*(0.0,) * 6)))
    other = script.join(ANNA, ANNA_OTHER_INSTANCE, run_of(102, 16), "Anna's tablet")
    add(other, SetEffective([wire.GestureName(anna.actor, 2)], False))
    add(ben, CreatePrimitive("pyramid", 1.0, "roof", (0.0, 2.0, 0.0), NO_TURN, ONE), Delete(cube))
    add(anna, Paint(cube, (0.0, 0.0, 1.0)), SetEffective([wire.GestureName(ben.actor, 1)], False))
    add(ben, SetEffective([wire.GestureName(ben.actor, 4)], False))
    add(other, SetEffective([wire.GestureName(anna.actor, 2)], True))
    script.attest()
    return script


def _cube_vertex(ordinal: int) -> bytes:
    return ids.element_id(CUBE, "cube.vertex", (), ordinal)


def log_vectors() -> dict[str, Any]:
    """A whole log, record by record, and what it folds to."""
    script = small_log()
    document = script.document
    return {
        "server": SECRET.server.hex(),
        "room": SECRET.room.hex(),
        "room_key": SECRET.identity.public_key.hex(),
        "sessions": [
            {"session": session.hex(), "author": record.author.hex(), "actor": str(record.actor)}
            for session, record in script.log.sessions.items()
        ],
        "records": script.rows,
        "head_chain": script.log.chain.hex(),
        "document_hash": document.hash.hex(),
        "outcomes": [
            {"actor": str(command.name.actor), "number": str(command.name.number), "outcome": _outcome(script, command)}
            for command in sorted(script.commands, key=lambda command: command.position)
        ],
        "document": [
            {
                "entity": patch.entity.hex(),
                "components": [
                    {"component": str(each.component), "data": each.data.hex()} for each in patch.components
                ],
            }
            for patch in document.snapshot()
        ],
    }


def _outcome(script: Script, command: Command) -> str:
    outcome = script.fold.outcome(command.name)
    assert outcome is not None
    return outcome.kind
