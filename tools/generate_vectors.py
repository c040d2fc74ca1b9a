"""Writes the test vectors: spec/vectors/*.json. All but mesh vitest reads too.

    python -m tools.generate_vectors               write them
    python -m tools.generate_vectors --check       exit 1 when a committed file is stale

A vector never changes once it is released: a difference here means that old rooms would not replay to their old hashes.
Bytes are lower-case hex. Integers of 64 bits are decimal strings, since JavaScript's numbers end at 2^53.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.log import content_digest
from theta.commands.packets import SigningDomain, encode_body, packet_digest, sign_packet
from theta.commands.registry import encode_payload
from theta.ecs.component import component_type
from theta.editor import components as parts
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
    SetEffectiveV2,
    SetTransform,
)
from theta.replication.presence import Presence
from theta.session.transcript import challenge_digest, proof_digest
from theta.wire import codec
from theta.wire import messages as wire
from tools.asset_vectors import an_import, asset_vectors, doubles
from tools.codec_vectors import codec_vectors
from tools.command_vectors import command_vectors
from tools.compression_vectors import compression_vectors
from tools.conflict_vectors import conflict_vectors
from tools.document_vectors import document_vectors
from tools.ed25519_vectors import ed25519_vectors
from tools.governing_vectors import branch_ids, governing_operations, governing_vectors
from tools.log_vectors import log_vectors
from tools.mesh_program_vectors import mesh_vectors
from tools.message_vectors import all_messages, message_vector, messages
from tools.motion_vectors import motion_vectors
from tools.signal_vectors import signal_vectors
from tools.state_vectors import replication_vectors
from tools.vector_people import (
    ANNA,
    ANNA_ACTOR,
    ANNA_INSTANCE,
    ANNA_OTHER_ACTOR,
    ANNA_OTHER_INSTANCE,
    ANNA_SEED,
    BEN,
    BEN_ACTOR,
    BEN_INSTANCE,
    BEN_SEED,
    CUBE,
    NO_TURN,
    ONE,
    ROOM_SEED,
    SECRET,
    UNIX_MS,
    envelope,
    plain,
    run_of,
)

VECTORS = Path(__file__).resolve().parents[1] / "spec/vectors"
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
    declared = [wire.canonical_name(message.__name__) for message in all_messages()]
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
            1,
            run_of(3, 16),
            run_of(4, 32),
            ANNA.public_key,
            ANNA_INSTANCE,
            "Ánna 🦊",
            ["fold", "chat"],
            b"",
            b"",
            300,
            0,
            "1.2.3",
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


_BRANCHES = (ids.MAIN_BRANCH, run_of(40, 16))


def packet_vectors() -> dict[str, Any]:
    """Every operation's payload, one packet from its commands to its frame, and every message once."""
    told: tuple[Operation | Governing, ...] = (*_operations(), an_import(), an_undo(), *governing_operations())
    main, attic = (SigningDomain(SECRET.server, SECRET.room, run_of(9, 16), ANNA_ACTOR, each) for each in _BRANCHES)
    return {
        "operations": [
            {
                "name": each.NAME,
                "type_id": str(ids.signed_name_id(each.NAME)),
                "version": each.VERSION,
                "fields": plain(each),
                "payload": bytes(encode_payload(each)).hex(),
            }
            for each in told
        ],
        "packet": _packet(main, _operations()),
        "branch_packet": _packet(attic, governing_operations()),
        "branches": branch_ids(),
        "messages": [message_vector(message) for message in messages()],
    }


def _packet(domain: SigningDomain, operations: Sequence[Operation | Governing]) -> dict[str, Any]:
    commands = [envelope(index + 1, 1000 + index, 1, each) for index, each in enumerate(operations)]
    body = encode_body(UNIX_MS, commands)
    nonce, seen, chain = 3, 42, run_of(10, 32)
    packet = sign_packet(ANNA, domain, nonce, seen, chain, body)
    return {
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
    }


def an_undo() -> SetEffectiveV2:
    """What came after the packet below was released."""
    return SetEffectiveV2([wire.GestureName(ANNA_ACTOR, 1)], False, [wire.GestureName(BEN_ACTOR, 2**40)])


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


# -- the tool --------------------------------------------------------------------------------------------------------

FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "identity": identity_vectors,
    "packet": packet_vectors,
    "log": log_vectors,
    "governing": governing_vectors,
    "document": document_vectors,
    "conflicts": conflict_vectors,
    "ed25519": ed25519_vectors,
    "assets": asset_vectors,
    "mesh": mesh_vectors,
    "commands": command_vectors,
    "compression": compression_vectors,
    "codecs": codec_vectors,
    "replication": replication_vectors,
    "state_motion": motion_vectors,
    "signaling": signal_vectors,
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
