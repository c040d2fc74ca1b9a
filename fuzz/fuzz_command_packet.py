"""Any bytes as a frame, a packet's body, a command's payload or a record: a typed refusal is all that may come of it.

    PYTHONPATH=. python -m fuzz.fuzz_command_packet -max_total_time=60 build/fuzz/commands fuzz/corpus/command_packet

fuzzes with atheris; new finds go to the first folder. What is admitted is folded as well. The first byte of an input
says what the rest is (`READERS`); bodies and payloads are signed by an author of the room, so that they get past the
signature.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from fuzz.harness import INPUT_BYTES_MAX, read_by_first_byte, run
from theta.base.errors import FrameTooLarge, ProtocolError, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName, actor_of, element_id, entity_id, signed_name_id
from theta.base.moment import Moment
from theta.commands import records, refusals
from theta.commands.admission import Admission
from theta.commands.governance import branch_id
from theta.commands.governing import (
    CreateBranch,
    Governing,
    Kick,
    MergeBranch,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body, packet_digest
from theta.commands.records import RecordKind, SessionRecord
from theta.commands.refusals import Refused
from theta.commands.registry import CommandRegistry, Payload, encode_payload
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.judging import LogJudge
from theta.editor.operation import Operation
from theta.editor.vocabulary import OPERATIONS, CreatePrimitiveV2, Paint, Rename, SetEffectiveV2
from theta.session.secret import RoomSecret
from theta.wire import codec
from theta.wire.messages import CommandEnvelope, GestureName, SubmitPacket

NOW = Moment(1000.0, 1_700_000_000_000)
SECRET = RoomSecret(b"r" * 32)
ANNA = Identity.from_seed(b"a" * 32)
REGISTRY = CommandRegistry(OPERATIONS)
CORPUS = Path(__file__).resolve().parent / "corpus" / "command_packet"
UPRIGHT = (0.0, 0.0, 0.0, 1.0)

# Why a packet may be refused, each with what it takes. Any other refusal is a find, as is any other error.
PERMITTED: dict[type[Refused], str] = {
    refusals.PacketTooLarge: "over 65,536 bytes or 100 commands",
    refusals.BadPayload: "a body or payload that its type does not allow",
    refusals.RateLimited: "it is priced above what is left in the bucket",
    refusals.TooExpensive: "it is priced above a whole bucket, or merges too much",
    refusals.Replay: "a nonce at or below one that was used",
    refusals.BadSignature: "a frame of its own, which nobody signed",
    refusals.SeenPastHead: "a seen that no record has",
    refusals.SeenBehind: "a seen below that of the packet before",
    refusals.WrongChain: "a frame's chain is not the log's",
    refusals.Equivocation: "a number that was used, with other content",
    refusals.UnknownBranch: "a branch that nobody made",
    refusals.NotAllowed: "a governing command that can have no effect",
    refusals.UnknownCommand: "a type or version that is not registered",
    refusals.FutureTimestamp: "a timestamp ahead of the clock",
    refusals.LamportBehind: "numbers or Lamport times that do not rise",
    refusals.ClockJump: "a Lamport time far ahead",
    refusals.DocumentFull: "too many objects",
    refusals.UnknownAsset: "an asset that is not stored",
}


class Scene:
    """A room with a cube, a branch and a policy, and one author who is its owner; the same every time."""

    def __init__(self, opening: list[StoredRecord]) -> None:
        self.log = CommandLog(REGISTRY)
        self.fold = Fold(judge=LogJudge(self.log.governance, MAIN_BRANCH))
        self.document = Document(World())
        self.admission = Admission(self.log)
        for record in opening:
            self.take(self.log.accept(record, verify=False))

    @property
    def session(self) -> SessionRecord:
        """The author's."""
        return next(iter(self.log.sessions.values()))

    @property
    def standing(self) -> tuple[object, ...]:
        """What no refusal may change."""
        log = self.log
        return log.chain, log.head_seq, log.lamport, log.command_count, log.created_count, log.nonce_gaps

    def submit(self, nonce: int, seen: int, chain: bytes, branch: bytes, body: bytes) -> None:
        """Sign a packet and admit it."""
        domain = self.log.domain(self.session.session, self.session.actor, branch)
        digest = packet_digest(domain, nonce, seen, chain, body)
        self.admit(SubmitPacket(nonce, seen, chain, branch, ANNA.sign(digest), body))

    def admit(self, packet: SubmitPacket) -> None:
        """Decide about a packet, and fold what is admitted."""
        before, record = self.standing, None
        try:
            record = self.admission.admit(NOW, self.session, "admin", packet).record
        except Refused as refusal:
            if type(refusal) not in PERMITTED or not str(refusal):
                raise
        assert self.standing == before, "nothing is taken by deciding"
        if record is not None:
            self.take(self.log.accept(record))

    def take(self, commands: list[Command]) -> None:
        """Fold, and keep the document's hash."""
        for entity in self.fold.add(commands).entities:
            self.document.update(entity, self.fold.unit(entity))


def _opening() -> list[StoredRecord]:
    log = CommandLog(REGISTRY)
    made: list[StoredRecord] = []

    def add(kind: RecordKind, body: bytes) -> None:
        made.append(log.next_record(kind, body))
        log.accept(made[-1])

    key = SECRET.identity
    genesis = records.Genesis(1, SECRET.server, SECRET.room, key.public_key, ANNA.public_key, NOW.unix_ms, "Fuzz")
    add(RecordKind.GENESIS, records.sign_genesis(key, genesis))
    actor = actor_of(ANNA.public_key, b"i" * 16)
    session = SessionRecord(b"s" * 16, ANNA.public_key, actor, b"i" * 16, "admin", "Anna", NOW.unix_ms)
    add(RecordKind.SESSION, records.sign_part(key, log.genesis, session))
    cube = CreatePrimitiveV2("cube", 1.0, 0, 0, 0, 0.0, "cube", (0.0, 0.0, 0.0), UPRIGHT, (1.0, 1.0, 1.0))
    first: list[Payload] = [cube, SetStrategy("theta.move_vertices", "merge"), CreateBranch("attic", MAIN_BRANCH, 1)]
    body = encode_body(NOW.unix_ms, [envelope(each, at, at) for at, each in enumerate(first, 1)])
    domain = log.domain(session.session, actor)
    signature = ANNA.sign(packet_digest(domain, 1, 1, log.chain_at(1), body))
    stored = records.PacketRecord(session.session, actor, 1, 1, log.chain_at(1), signature, NOW.unix_ms, body)
    add(RecordKind.PACKET, records.encode(stored))
    return made


def envelope(operation: Payload, number: int, lamport: int) -> CommandEnvelope:
    """A command as a body holds it."""
    type_id = signed_name_id(operation.NAME)
    return CommandEnvelope(number, lamport, number, type_id, operation.VERSION, encode_payload(operation))


OPENING = _opening()


def read_frame(data: bytes) -> None:
    """Bytes off the wire."""
    try:
        message = codec.decode_from_participant(data)
    except (ProtocolError, FrameTooLarge):  # no message, or one over its limit
        return
    if isinstance(message, SubmitPacket):
        Scene(OPENING).admit(message)


def read_body(data: bytes) -> None:
    """A body that its author signed, whatever it holds."""
    scene = Scene(OPENING)
    scene.submit(2, 3, scene.log.chain, MAIN_BRANCH, data)


def read_parts(data: bytes) -> None:
    """Nonce, seen, branch and then a body: twice, so that the second meets what the first left."""
    if len(data) < 5:
        return
    scene = Scene(OPENING)
    branches = [*scene.log.governance.branches, bytes(15) + data[4:5]]
    for turn in (0, 1):
        nonce, seen, which = data[turn] % 8, data[2] % 8, data[3] % len(branches)
        chain = scene.log.chain_at(seen) if seen <= scene.log.head_seq else bytes(32)
        scene.submit(nonce, seen, chain, branches[which], data[5:])


def read_payload(data: bytes) -> None:
    """A payload of some type, by its place in the vocabulary, in a sound packet."""
    if not data:
        return
    kind = OPERATIONS[data[0] % len(OPERATIONS)]
    payload = msgspec.Raw(data[1:])
    command = CommandEnvelope(4, 4, 4, signed_name_id(kind.NAME), kind.VERSION, payload)
    if len(data) < INPUT_BYTES_MAX:
        read_body(msgspec.msgpack.encode([NOW.unix_ms, [command]]))


def read_record(data: bytes) -> None:
    """A record that a host might have written, of any kind."""
    scene = Scene(OPENING)
    kind = RecordKind(data[0] % len(RecordKind)) if data else RecordKind.PACKET
    before = scene.standing
    record = scene.log.next_record(kind, data[1:])
    try:
        commands = scene.log.accept(record)
    except StoreCorrupt as error:
        if error.seq != record.seq or scene.standing != before:
            raise
        return
    scene.take(commands)


READERS: tuple[Callable[[bytes], None], ...] = (read_frame, read_body, read_parts, read_payload, read_record)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


def mesh_commands(actor: int) -> list[Operation]:
    """The first list of command_vectors, and what each other ends with, as this actor's: a cube's fit the scene's."""
    from tools import command_vectors

    kept, command_vectors.ACTOR = command_vectors.ACTOR, actor
    found: list[Operation] = []
    try:
        for _, recipe in command_vectors.RECIPES:
            script = command_vectors.Script()
            recipe(script)
            operations = [each.operation for each in script.commands if isinstance(each.operation, Operation)]
            found += operations[-1:] if found else operations
    finally:
        command_vectors.ACTOR = kept
    return found


def governing(actor: int) -> list[Operation | Governing]:
    """One of each of those that act on the room, and undo."""
    ben = b"b" * 32
    gesture = GestureName(actor, 1)
    return [
        SetEffectiveV2([gesture], False, [GestureName(7, 1)]),
        SetRole(ben, "viewer"),
        Kick(ben, "rude"),
        RevokeKey(ben, "lost"),
        RestoreKey(ben),
        SetStrategy("*", "reject"),
        SetPermission("theta.paint", "admin"),
        SetCascade(False),
        CreateBranch("cellar", MAIN_BRANCH, 2),
        MergeBranch(branch_id(CommandName(actor, 3)), 2, "merge", [gesture]),
    ]


def seeds() -> list[bytes]:
    """An input of each kind that goes through, and a payload of every type."""
    scene = Scene(OPENING)
    actor = scene.session.actor
    cube = CommandName(actor, 1)
    entity, face = entity_id(cube), element_id(cube, "cube.face", (), 2)
    operations: list[Operation] = [Paint(entity, (0.5, 0.5, 0.5)), Rename(entity, "fuzz")]
    body = encode_body(NOW.unix_ms, [envelope(each, 4 + at, 4 + at) for at, each in enumerate(operations)])
    domain = scene.log.domain(scene.session.session, actor)
    signature = ANNA.sign(packet_digest(domain, 2, 3, scene.log.chain, body))
    packet = SubmitPacket(2, 3, scene.log.chain, MAIN_BRANCH, signature, body)
    found = [b"\0" + codec.encode(packet), b"\1" + body, b"\2" + bytes((2, 3, 3, 0, 0)) + body]
    places = {(each.NAME, each.VERSION): at for at, each in enumerate(OPERATIONS)}
    found += [
        b"\3" + bytes((places[each.NAME, each.VERSION],)) + bytes(encode_payload(each))
        for each in [*mesh_commands(actor), *governing(actor)]
    ]
    found.append(b"\3" + bytes((places["theta.extrude_face", 3],)) + msgspec.msgpack.encode([entity, face, 0.25]))
    found += [b"\4" + bytes((record.kind,)) + record.body for record in OPENING]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
