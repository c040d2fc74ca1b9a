"""Writes the test vectors: spec/vectors/{identity,packet,log,document,assets,mesh}.json. All but mesh vitest reads too.

    python -m tools.generate_vectors               write them
    python -m tools.generate_vectors --check       exit 1 when a committed file is stale

A vector never changes once it is released: a difference here means that old rooms would not replay to their old hashes.
Bytes are lower-case hex. Integers of 64 bits are decimal strings, since JavaScript's numbers end at 2^53.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as types

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName
from theta.commands import records
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog, content_digest
from theta.commands.packets import SigningDomain, encode_body, packet_digest, sign_packet
from theta.commands.records import RecordKind
from theta.commands.registry import CommandRegistry, encode_payload
from theta.commands.store import StoredRecord
from theta.ecs.component import canonical_bytes, component_type, parse
from theta.ecs.world import World
from theta.editor import components as parts
from theta.editor.document import Document, hash_term
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
from theta.mesh import build_primitive, parse_canonical
from theta.mesh import canonical_bytes as canonical_mesh_bytes
from theta.replication.presence import HEAD_VALID, LEFT_VALID, RAY_VALID, RIGHT_VALID, Presence, encode_presence
from theta.session.secret import RoomSecret
from theta.session.transcript import challenge_digest, proof_digest
from theta.wire import codec
from theta.wire import messages as wire
from tools.asset_vectors import an_import, asset_vectors, doubles
from tools.command_vectors import command_vectors
from tools.mesh_program_vectors import mesh_vectors

VECTORS = Path(__file__).resolve().parents[1] / "spec/vectors"
UNIX_MS = 1_700_000_000_000
NO_TURN = (0.0, 0.0, 0.0, 1.0)
ONE = (1.0, 1.0, 1.0)

ROOM_SEED = bytes(range(32))
ANNA_SEED = bytes(range(32, 64))
BEN_SEED = bytes(range(64, 96))
ANNA = Identity.from_seed(ANNA_SEED)
BEN = Identity.from_seed(BEN_SEED)
SECRET = RoomSecret(ROOM_SEED)


def run_of(start: int, count: int) -> bytes:
    """`count` bytes that count up from `start`."""
    return bytes((start + index) % 256 for index in range(count))


ANNA_INSTANCE, ANNA_OTHER_INSTANCE, BEN_INSTANCE = run_of(1, 16), run_of(2, 16), run_of(3, 16)
ANNA_ACTOR = ids.actor_of(ANNA.public_key, ANNA_INSTANCE)
ANNA_OTHER_ACTOR = ids.actor_of(ANNA.public_key, ANNA_OTHER_INSTANCE)
BEN_ACTOR = ids.actor_of(BEN.public_key, BEN_INSTANCE)
CUBE = CommandName(ANNA_ACTOR, 1)


# -- identity --------------------------------------------------------------------------------------------------------


def identity_vectors() -> dict[str, Any]:
    """Hashes, names, ids and the handshake."""
    return {
        "keys": [
            {"seed": seed.hex(), "public_key": Identity.from_seed(seed).public_key.hex()}
            for seed in (ROOM_SEED, ANNA_SEED, BEN_SEED)
        ],
        "blake2b": [_hashes(domain, pieces) for domain, pieces in _HASHED],
        "name_ids": [
            {"name": name, "id": str(ids.name_id(name)), "signed": str(ids.signed_name_id(name))} for name in _names()
        ],
        "actors": [
            {"public_key": key.hex(), "instance": instance.hex(), "actor": str(ids.actor_of(key, instance))}
            for key, instance in (
                (ANNA.public_key, ANNA_INSTANCE),
                (ANNA.public_key, ANNA_OTHER_INSTANCE),
                (BEN.public_key, BEN_INSTANCE),
            )
        ],
        "elements": [_element(*element) for element in _ELEMENTS],
        "entities": [
            {
                "actor": str(name.actor),
                "number": str(name.number),
                "entity": ids.entity_id(name).hex(),
                "mesh": ids.element_id(name, "mesh").hex(),
            }
            for name in (CUBE, CommandName(BEN_ACTOR, 1), CommandName(2**64 - 1, 2**63))
        ],
        "room": {
            "seed": ROOM_SEED.hex(),
            "public_key": SECRET.identity.public_key.hex(),
            "server": SECRET.server.hex(),
            "room": SECRET.room.hex(),
        },
        "handshake": handshake_vector(),
    }


_HASHED: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("theta-packet", ()),
    ("theta-packet", (b"\x00",)),
    ("theta-chain", (b"ab", b"", b"c")),
    ("theta-document", (run_of(0, 129),)),
    ("sixteen-letters!", (b"the longest personalisation",)),
)
_ELEMENTS: tuple[tuple[CommandName, str, tuple[bytes, ...], int], ...] = (
    (CUBE, "entity", (), 0),
    (CUBE, "mesh", (), 0),
    (CUBE, "cube.vertex", (), 7),
    (CommandName(BEN_ACTOR, 300), "extrude.side", (run_of(1, 16), run_of(17, 16)), 0),
    (CommandName(2**64 - 1, 2**64 - 1), "", (bytes(16),), 2**32 - 1),
)


def _hashes(domain: str, pieces: tuple[bytes, ...]) -> dict[str, Any]:
    return {
        "domain": domain,
        "parts": [piece.hex() for piece in pieces],
        "blake2b_128": ids.blake2b_128(domain, *pieces).hex(),
        "blake2b_256": ids.blake2b_256(domain, *pieces).hex(),
    }


def _names() -> list[str]:
    declared = [wire.canonical_name(message.__name__) for message in _all_messages()]
    kept = [component_type(component).name for component in (*parts.DOCUMENT_COMPONENTS, Presence)]
    return [*declared, *(operation.NAME for operation in OPERATIONS), *kept, parts.MESH_CONTENT, "", "théta"]


def _element(name: CommandName, role: str, parents: tuple[bytes, ...], ordinal: int) -> dict[str, Any]:
    return {
        "actor": str(name.actor),
        "number": str(name.number),
        "role": role,
        "parents": [parent.hex() for parent in parents],
        "ordinal": ordinal,
        "id": ids.element_id(name, role, parents, ordinal).hex(),
    }


def handshake_vector() -> dict[str, Any]:
    """One whole handshake: frames as sent, and what each side signs."""
    hello = codec.encode(
        wire.SessionHello(
            1, run_of(3, 16), run_of(4, 32), ANNA.public_key, ANNA_INSTANCE, "Ánna 🦊", ["fold", "chat"], b"", b"", 300
        )
    )
    nonce = run_of(6, 32)
    digest = challenge_digest(hello, nonce, SECRET.identity.public_key, SECRET.server, SECRET.room)
    challenge = codec.encode(
        wire.SessionChallenge(
            nonce, SECRET.identity.public_key, SECRET.server, SECRET.room, SECRET.identity.sign(digest)
        )
    )
    proof = proof_digest(hello, challenge)
    return {
        "hello_frame": hello.hex(),
        "server_nonce": nonce.hex(),
        "challenge_digest": digest.hex(),
        "challenge_frame": challenge.hex(),
        "proof_digest": proof.hex(),
        "proof_frame": codec.encode(wire.SessionProof(ANNA.sign(proof), "AQHinvite")).hex(),
    }


# -- packets and messages --------------------------------------------------------------------------------------------


def packet_vectors() -> dict[str, Any]:
    """Every operation's payload, one packet from its commands to its frame, and every message once."""
    domain = SigningDomain(SECRET.server, SECRET.room, run_of(9, 16), ANNA_ACTOR)
    commands = [_envelope(index + 1, 1000 + index, 1, each) for index, each in enumerate(_operations())]
    body = encode_body(UNIX_MS, commands)
    nonce, seen, chain = 3, 42, run_of(10, 32)
    packet = sign_packet(ANNA, domain, nonce, seen, chain, body)
    return {
        "operations": [
            {
                "name": each.NAME,
                "type_id": str(ids.signed_name_id(each.NAME)),
                "version": each.VERSION,
                "fields": _plain(each),
                "payload": bytes(encode_payload(each)).hex(),
            }
            for each in (*_operations(), an_import())
        ],
        "packet": {
            "seed": ANNA_SEED.hex(),
            "public_key": ANNA.public_key.hex(),
            **{key: getattr(domain, key).hex() for key in ("server", "room", "branch", "session")},
            "actor": str(domain.actor),
            "nonce": str(nonce),
            "seen": str(seen),
            "chain": chain.hex(),
            "timestamp_ms": str(UNIX_MS),
            "commands": [
                {
                    "number": str(each.number),
                    "lamport": str(each.lamport),
                    "gesture": str(each.gesture),
                    "type_id": str(each.type_id),
                    "version": each.version,
                    "payload": bytes(each.payload).hex(),
                    "content_digest": content_digest(each).hex(),
                }
                for each in commands
            ],
            "body": body.hex(),
            "digest": packet_digest(domain, nonce, seen, chain, body).hex(),
            "signature": packet.signature.hex(),
            "submit_frame": codec.encode(packet).hex(),
        },
        "messages": [_message(message) for message in _messages()],
    }


def _operations() -> tuple[Operation, ...]:
    entity = ids.entity_id(CUBE)
    moved = [ids.element_id(CUBE, "cube.vertex", (), ordinal) for ordinal in (0, 3)]
    targets = doubles(-0.25, -0.5, -0.25, 0.1, 0.2, 1e-300)
    return (
        CreatePrimitive("cube", 0.5, "Würfel", (0.0, 1.0, -1.0), NO_TURN, ONE),
        CreatePrimitive("pyramid", 1.0, "p", (-0.0, 0.0, 0.0), (0.0, 0.7071067811865476, 0.0, 0.7071067811865476), ONE),
        CreatePrimitive("plane", 10000.0, "floor 🌍", (1e6, 0.0, -1e6), NO_TURN, (1e-6, 1e4, 1.0)),
        SetTransform(entity, (0.1, 0.2, 0.3), NO_TURN, (2.0, 2.0, 2.0)),
        MoveVertices(entity, b"".join(moved), targets, doubles(0.0, -0.25, 0.0, 0.0, 0.0, 0.0)),
        ExtrudeFace(entity, ids.element_id(CUBE, "cube.face", (), 3), -0.125),
        Paint(entity, (0.9, 0.3, 0.1)),
        Rename(entity, "the cube"),
        Delete(entity),
        SetEffective([wire.GestureName(ANNA_ACTOR, 1), wire.GestureName(ANNA_OTHER_ACTOR, 2**40)], False),
        SetEffective([wire.GestureName(ANNA_ACTOR, 1)], True),
    )


def _envelope(number: int, lamport: int, gesture: int, operation: Operation) -> wire.CommandEnvelope:
    return wire.CommandEnvelope(
        number, lamport, gesture, ids.signed_name_id(operation.NAME), operation.VERSION, encode_payload(operation)
    )


def _all_messages() -> list[type[wire.Message]]:
    return list(dict.fromkeys((*wire.FROM_PARTICIPANT, *wire.FROM_ROOM)))


def _messages() -> list[wire.Message]:
    step = wire.HistoryStep([wire.GestureName(ANNA_ACTOR, 4)], "extrude face", ["Ben"])
    unit = wire.UnitPatch(run_of(20, 16), False, [wire.ComponentBytes(ids.name_id("theta.Name"), b"cube")])
    gone = wire.UnitPatch(run_of(21, 16), True, [])
    person = wire.Person(ANNA_ACTOR, ANNA.public_key, "Ánna 🦊", 0xE4572E, "editor")
    records_sent = [wire.LogRecord(2, run_of(1, 40)), wire.LogRecord(3, b"")]
    row = encode_presence(_presence())
    found: list[wire.Message] = [
        wire.SessionHello(
            1, run_of(3, 16), run_of(4, 16), ANNA.public_key, ANNA_INSTANCE, "A", [], run_of(5, 16), run_of(6, 16), 7
        ),
        wire.SessionProof(run_of(7, 64), ""),
        wire.SessionChallenge(run_of(8, 32), run_of(9, 32), run_of(10, 16), run_of(11, 16), run_of(12, 64)),
        wire.SessionAcknowledge(
            run_of(13, 16),
            run_of(14, 16),
            2**64 - 1,
            "editor",
            ["patches", "presence"],
            "Studio",
            UNIX_MS,
            300,
            2**53 + 1,
            1,
            False,
        ),
        wire.Ping(1, 1234.5),
        wire.Pong(2**32, 1234.5, float(UNIX_MS)),
        wire.SubmitPacket(1, 2, run_of(15, 32), run_of(16, 64), run_of(17, 300)),
        wire.PacketAcknowledged(1, 70_000),
        wire.PacketRefused(2, "RateLimited", "over 100 commands a second", True, 250),
        wire.Corrected(BEN_ACTOR, 9, "no-op", "UnknownElement: the object is not there"),
        wire.Commit(12, records_sent, [unit, gone], run_of(18, 16)),
        wire.DocumentPart(12, run_of(19, 32), 99, True, False, [unit], run_of(18, 16)),
        wire.History([step], []),
        wire.ResyncRequest(12, run_of(18, 16)),
        wire.Roster([person]),
        wire.ChatLine("hello 👋"),
        wire.Chat(ANNA_ACTOR, "Ánna 🦊", 0xE4572E, "hello 👋", UNIX_MS),
        wire.PresenceUpdate(row),
        wire.PresenceBatch(row + row),
        wire.AssetPart(run_of(30, 32), 300, 256, run_of(31, 44)),
        wire.AssetReceived(run_of(30, 32), 300, True),
        wire.AssetRefused(run_of(30, 32), "UnusableAsset", "asset: version: 2; known is 1"),
        wire.AssetRequest(run_of(30, 32), 256),
        wire.AssetData(run_of(30, 32), 300, 256, b""),
    ]
    assert {type(each) for each in found} == set(_all_messages())
    return found


def _message(message: wire.Message) -> dict[str, Any]:
    name = type(message).__name__
    return {
        "name": name,
        "tag": str(ids.signed_name_id(wire.canonical_name(name))),
        "plane": wire.PLANES[type(message)],
        "fields": _plain(message),
        "frame": codec.encode(message).hex(),
    }


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields by name: bytes as hex, 64-bit integers as decimal strings, structs as objects."""
    return {
        field.name: _plain_field(getattr(value, field.name), types.type_info(field.type))
        for field in msgspec.structs.fields(value)
    }


def _plain_field(value: Any, info: types.Type) -> Any:
    if isinstance(info, types.StructType):
        return _plain(value)
    if isinstance(info, types.ListType):
        return [_plain_field(each, info.item_type) for each in value]
    if isinstance(info, types.TupleType):
        return list(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(info, types.IntType) and (info.le is None or info.le > 2**53):
        return str(value)
    return value


# -- the log ---------------------------------------------------------------------------------------------------------


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
        self._nonce = self._number = 0

    def packet(self, *operations: Operation, lamport: int = 0, seen: int | None = None) -> bytes:
        """A record's body: one packet, one gesture."""
        seen = self._log.head_seq if seen is None else seen
        first = self._number + 1
        lamport = lamport or self._log.lamport + 1
        commands = [_envelope(first + at, lamport + at, first, each) for at, each in enumerate(operations)]
        self._number += len(operations)
        self._nonce += 1
        body = encode_body(UNIX_MS + self._nonce, commands)
        chain = self._log.chain_at(seen)
        domain = self._log.domain(self.session.session, self.actor)
        packet = sign_packet(self._identity, domain, self._nonce, seen, chain, body)
        return records.encode(
            records.PacketRecord(
                self.session.session, self.actor, self._nonce, seen, chain, packet.signature, UNIX_MS + 5, body
            )
        )


class Script:
    """A small log, step by step, with what it folds to after each record."""

    def __init__(self) -> None:
        self.log = CommandLog(CommandRegistry(OPERATIONS))
        self.fold = Fold()
        self.document = Document(World())
        self.rows: list[dict[str, Any]] = []
        self.commands: list[Command] = []
        genesis = records.Genesis(
            1, SECRET.server, SECRET.room, SECRET.identity.public_key, ANNA.public_key, UNIX_MS, "Studio"
        )
        self.add(RecordKind.GENESIS, records.sign_genesis(SECRET.identity, genesis))

    def add(self, kind: RecordKind, body: bytes) -> StoredRecord:
        """Take a record, fold it, and note what came of it."""
        record = self.log.next_record(kind, body)
        commands = self.log.accept(record)
        self.commands += commands
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

    def join(self, identity: Identity, instance: bytes, session: bytes, name: str) -> Author:
        """A session opens."""
        author = Author(self.log, identity, instance, session, name)
        self.add(RecordKind.SESSION, records.sign_part(SECRET.identity, self.log.genesis, author.session))
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


# -- the document ----------------------------------------------------------------------------------------------------


def document_vectors() -> dict[str, Any]:
    """Canonical bytes of every component, a cube's mesh, the hash's terms and their sum, and a presence row."""
    entity, other = ids.entity_id(CUBE), run_of(200, 16)
    kept: list[object] = [
        parts.Transform((1.0, -2.5, 0.0), (0.0, 0.6, 0.0, 0.8), (1.0, 1.0, 1e-6)),
        parts.Material((0.9, 0.3, 0.1), 0.0, 0.65),
        parts.Name("Würfel 🌍"),
        parts.Owner(ANNA.public_key),
        parts.MeshRef(ids.element_id(CUBE, "mesh")),
    ]
    mesh = canonical_mesh_bytes(build_primitive("cube", 0.5, CUBE))
    content = [(component_type(each).name, canonical_bytes(each)) for each in kept] + [(parts.MESH_CONTENT, mesh)]
    rows = [_term(entity, name, data) for name, data in content]
    rows.append(_term(other, component_type(parts.Name).name, b"other"))
    total = 0
    for row in rows:
        total = (total + int(row["term"])) % (1 << 128)
        row["sum_after"] = total.to_bytes(16, "little").hex()
    return {
        "components": rows,
        "document_hash": total.to_bytes(16, "little").hex(),
        "values": {component_type(each).name: _value(each) for each in kept},
        "cube_mesh": _mesh(mesh),
        "presence": presence_vector(),
    }


def _value(component: object) -> dict[str, Any]:
    fields: dict[str, Any] = {
        field.name: getattr(parse(type(component), canonical_bytes(component)), field.name)
        for field in component_type(component).fields
    }
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}


def _term(entity: bytes, name: str, data: bytes) -> dict[str, Any]:
    component = ids.name_id(name)
    return {
        "entity": entity.hex(),
        "component": name,
        "component_id": str(component),
        "data": data.hex(),
        "term": str(hash_term(entity, component, data)),
    }


def _mesh(data: bytes) -> dict[str, Any]:
    mesh = parse_canonical(data)
    return {
        "bytes": data.hex(),
        "vertex_count": len(mesh.vertex_ids),
        "edge_count": len(mesh.edge_ids),
        "face_count": len(mesh.face_ids),
        "corner_count": len(mesh.corners),
        "vertex_ids": [row.tobytes().hex() for row in mesh.vertex_ids],
        "positions": mesh.positions.tolist(),
        "edge_ids": [row.tobytes().hex() for row in mesh.edge_ids],
        "edge_ends": mesh.edge_ends.tolist(),
        "face_ids": [row.tobytes().hex() for row in mesh.face_ids],
        "face_counts": mesh.face_counts.tolist(),
        "corners": mesh.corners.tolist(),
    }


def _presence() -> Presence:
    return Presence(
        ANNA_ACTOR,
        7,
        HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID,
        2,
        2,
        3,
        (1.0, 2.0, 3.0),
        (0.0, 0.5, 0.0, 0.75),
        (0.25, 1.5, -1.0),
        (0.0, 0.0, -1.0),
        ids.entity_id(CUBE),
        ids.element_id(CUBE, "cube.face", (), 3),
        (-0.25, 1.0, -0.5),
        (0.5, 0.0, 0.0, 0.75),
        (0.25, 1.25, -0.5),
        (0.0, 0.0, 0.5, 0.75),
        (0.125, -0.5, 2.0),
    )


def presence_vector() -> dict[str, Any]:
    """One row, and its fields."""
    row = _presence()
    values = {field.name: getattr(row, field.name) for field in component_type(row).fields}
    plain = {key: value.hex() if isinstance(value, bytes) else value for key, value in values.items()}
    return {"row": encode_presence(row).hex(), "fields": {**plain, "actor": str(row.actor)}}


# -- the tool --------------------------------------------------------------------------------------------------------

FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "identity": identity_vectors,
    "packet": packet_vectors,
    "log": log_vectors,
    "document": document_vectors,
    "assets": asset_vectors,
    "mesh": mesh_vectors,
    "commands": command_vectors,
}


def render(vectors: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or returns 1 when one is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing, say whether the files are fresh")
    options = parser.parse_args(arguments)
    stale = []
    for name, make in FILES.items():
        path = VECTORS / f"{name}.json"
        text = render(make())
        if options.check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path.name)
        elif not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print("stale: " + ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
