"""The committed vectors, read as another implementation would: spec/vectors/*.json."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName
from theta.base.limits import CLIENT_FRAME_BYTES_MAX
from theta.commands.identity import Identity, is_signed_by
from theta.commands.log import Command, CommandLog
from theta.commands.packets import decode_body
from theta.commands.registry import CommandRegistry
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.refold import refold
from theta.editor.vocabulary import OPERATIONS
from theta.mesh import (
    UnusableAsset,
    asset_name,
    canonical_bytes,
    decode_polygons,
    encode_polygons,
    mesh_of,
    parse_canonical,
    validate,
)
from theta.replication.presence import decode_presence
from theta.wire import codec, planes
from theta.wire import messages as wire
from tools import generate_vectors

hexed = bytes.fromhex


def load(name: str) -> dict[str, Any]:
    """One file of vectors."""
    found: dict[str, Any] = json.loads((generate_vectors.VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return found


IDENTITY, PACKET, LOG, DOCUMENT, ASSETS, COMMANDS = (
    load(name) for name in ("identity", "packet", "log", "document", "assets", "commands")
)


def test_the_vectors_are_fresh() -> None:
    assert generate_vectors.main(["--check"]) == 0


def test_the_tool_writes_the_same_again_and_finds_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate_vectors, "VECTORS", tmp_path / "vectors")
    assert generate_vectors.main(["--check"]) == 1
    assert generate_vectors.main([]) == 0
    assert generate_vectors.main(["--check"]) == 0
    assert json.loads((tmp_path / "vectors/log.json").read_text(encoding="utf-8")) == LOG
    (tmp_path / "vectors/log.json").write_text("{}", encoding="utf-8")
    assert generate_vectors.main(["--check"]) == 1
    assert capsys.readouterr().out.endswith("stale: log.json\n")


def test_ast_1_and_ast_2_assets_are_these_bytes_of_this_name() -> None:
    for vector in ASSETS["assets"]:
        data = hexed(vector["bytes"])
        version, positions, offsets, corners = msgspec.msgpack.decode(data)
        assert version == 1
        assert msgspec.msgpack.encode([version, positions, offsets, corners]) == data, "each in its shortest form"
        assert np.frombuffer(positions, "<f8").reshape(-1, 3).tolist() == vector["positions"]
        ends, loops = np.frombuffer(offsets, "<u4"), np.frombuffer(corners, "<u4")
        faces = [loops[start:end].tolist() for start, end in pairwise(ends)]
        assert faces == vector["faces"]
        name = hashlib.blake2b(data, digest_size=32, person=b"theta-asset").hexdigest()
        assert name == vector["name"] == asset_name(data).hex()
        assert encode_polygons(vector["positions"], vector["faces"]) == data
        back = decode_polygons(data)
        assert back.positions.tolist() == vector["positions"]
        assert back.corners.tolist() == loops.tolist()


@pytest.mark.parametrize("vector", ASSETS["refused"], ids=lambda each: each["title"])
def test_ast_3_what_is_no_asset_is_refused_by_its_field(vector: dict[str, Any]) -> None:
    with pytest.raises(UnusableAsset) as caught:
        decode_polygons(hexed(vector["bytes"]))
    assert caught.value.field == vector["field"]
    assert caught.value.reason


def test_id_7_hashes() -> None:
    for vector in IDENTITY["blake2b"]:
        content = b"".join(hexed(part) for part in vector["parts"])
        for bits in (128, 256):
            digest = hashlib.blake2b(content, digest_size=bits // 8, person=vector["domain"].encode())
            assert digest.hexdigest() == vector[f"blake2b_{bits}"]


def test_id_2_to_id_6_names() -> None:
    for vector in IDENTITY["actors"]:
        assert ids.actor_of(hexed(vector["public_key"]), hexed(vector["instance"])) == int(vector["actor"])
    for vector in IDENTITY["elements"]:
        name = CommandName(int(vector["actor"]), int(vector["number"]))
        parents = [hexed(parent) for parent in vector["parents"]]
        assert ids.element_id(name, vector["role"], parents, vector["ordinal"]).hex() == vector["id"]
    for vector in IDENTITY["entities"]:
        name = CommandName(int(vector["actor"]), int(vector["number"]))
        assert ids.entity_id(name).hex() == vector["entity"]
    for vector in IDENTITY["name_ids"]:
        assert ids.name_id(vector["name"]) == int(vector["id"]) == int(vector["signed"]) % 2**64


def test_the_handshake_is_signed_by_both_sides() -> None:
    handshake = IDENTITY["handshake"]
    hello, challenge = hexed(handshake["hello_frame"]), hexed(handshake["challenge_frame"])
    said, answered = codec.decode_from_participant(hello), codec.decode_from_room(challenge)
    proof = codec.decode_from_participant(hexed(handshake["proof_frame"]))
    assert isinstance(said, wire.SessionHello)
    assert isinstance(answered, wire.SessionChallenge)
    assert isinstance(proof, wire.SessionProof)
    assert is_signed_by(answered.room_key, hexed(handshake["challenge_digest"]), answered.signature)
    assert is_signed_by(said.public_key, hexed(handshake["proof_digest"]), proof.signature)


def test_cmd_30_operations() -> None:
    types = {(operation.NAME, operation.VERSION): operation for operation in OPERATIONS}
    later = {tuple(document["title"].split(" ")[0].split("@")) for document in COMMANDS["documents"]}
    told = {(vector["name"], str(vector["version"])) for vector in PACKET["operations"]}
    assert not told & later
    assert told | later == {(name, str(version)) for name, version in types}
    for vector in PACKET["operations"]:
        payload = hexed(vector["payload"])
        operation = msgspec.msgpack.decode(payload, type=types[vector["name"], vector["version"]])
        operation.check()
        assert msgspec.msgpack.encode(operation) == payload
        assert ids.signed_name_id(vector["name"]) == int(vector["type_id"])
        assert set(vector["fields"]) == set(operation.__struct_fields__)


@pytest.mark.parametrize("vector", [PACKET["packet"], PACKET["branch_packet"]], ids=["main", "branch"])
def test_cmd_3_and_cmd_4_a_packet_from_its_commands_to_its_frame(vector: dict[str, Any]) -> None:
    body = hexed(vector["body"])
    domain = [hexed(vector[key]) for key in ("server", "room", "branch", "session")]
    numbers = [int(vector[key]).to_bytes(8, "little") for key in ("actor", "nonce", "seen")]
    content = b"".join([*domain, *numbers, hexed(vector["chain"]), body])
    digest = hashlib.blake2b(content, digest_size=32, person=b"theta-packet").digest()
    assert digest.hex() == vector["digest"]
    assert Identity.from_seed(hexed(vector["seed"])).sign(digest).hex() == vector["signature"]
    frame = codec.decode_from_participant(hexed(vector["submit_frame"]))
    assert isinstance(frame, wire.SubmitPacket)
    assert (frame.branch.hex(), frame.signature.hex(), frame.body) == (vector["branch"], vector["signature"], body)
    decoded = decode_body(body)
    assert str(decoded.timestamp_ms) == vector["timestamp_ms"]
    assert [bytes(each.payload).hex() for each in decoded.commands] == [each["payload"] for each in vector["commands"]]


def test_every_message_comes_back_as_it_was() -> None:
    names = set()
    kinds = {kind.__name__: kind for kind in (*planes.FROM_PARTICIPANT, *planes.FROM_ROOM)}
    for vector in PACKET["messages"]:
        frame = hexed(vector["frame"])
        kind = kinds[vector["name"]]
        decode = codec.decode_from_participant if kind in planes.FROM_PARTICIPANT else codec.decode_from_room
        message = decode(frame)
        assert type(message) is kind
        assert codec.encode(message) == frame
        assert len(frame) < CLIENT_FRAME_BYTES_MAX
        assert planes.PLANES[kind] == vector["plane"]
        assert msgspec.msgpack.decode(frame)[0] == int(vector["tag"])
        names.add(vector["name"])
    assert names == {kind.__name__ for kind in (*planes.FROM_PARTICIPANT, *planes.FROM_ROOM)}


def test_log_1_and_log_2_a_log_from_its_bytes() -> None:
    chain = bytes(32)
    for at, vector in enumerate(LOG["records"], 1):
        assert vector["seq"] == at
        content = chain + at.to_bytes(8, "little") + bytes((vector["kind"],)) + hexed(vector["body"])
        chain = hashlib.blake2b(content, digest_size=32, person=b"theta-chain").digest()
        assert chain.hex() == vector["chain"]
    assert chain.hex() == LOG["head_chain"]


def test_log_12_and_cmd_60_a_log_is_governed_by_its_records_for_ever() -> None:
    vectors = load("governing")
    log = CommandLog(CommandRegistry(OPERATIONS))
    for vector in (*LOG["records"], *vectors["records"]):
        log.accept(StoredRecord(vector["seq"], vector["kind"], hexed(vector["body"]), hexed(vector["chain"])))
    governance, main = log.governance, ids.MAIN_BRANCH
    assert log.frontier is not None
    assert {"lamport": str(log.frontier.lamport), "seq": log.frontier.seq} == vectors["frontier"]
    found = [
        (each.id.hex(), each.name, each.parent.hex(), each.fork, each.seq) for each in governance.branches.values()
    ]
    assert found == [tuple(each.values()) for each in vectors["branches"]]
    attic = hexed(vectors["branches"][1]["id"])
    for state in vectors["states"]:
        seq = state["seq"]
        assert governance.role_of(hexed(IDENTITY["actors"][2]["public_key"]), seq) == state["bens_role"]
        assert governance.strategy("theta.paint", seq) == state["strategy"]
        assert governance.cascade_allowed(seq) == state["cascade"]
        for branch, key in ((main, "main"), (attic, "attic")):
            assert governance.vector(branch, seq) == {hexed(each): held for each, held in state[key].items()}
        dropped = {CommandName(int(actor), int(number)) for actor, number in state["dropped"]}
        assert governance.dropped(main, seq) == dropped
    for pair in vectors["merge_strategies"]:
        assert governance.merge_strategy(main, attic, pair["attic"], main, pair["main"]) == pair["strategy"]


def test_cmd_40_and_doc_2_a_log_folds_to_its_hashes_for_ever(seed: int) -> None:
    log, fold, document = CommandLog(CommandRegistry(OPERATIONS)), Fold(), Document(World())
    commands = []
    for vector in LOG["records"]:
        record = StoredRecord(vector["seq"], vector["kind"], hexed(vector["body"]), hexed(vector["chain"]))
        arrived = log.accept(record)
        commands += arrived
        change = fold.add(arrived)
        for entity in sorted(change.entities):
            document.update(entity, fold.unit(entity))
        assert document.hash.hex() == vector["document_hash"]
        told = [(each.command.name, each.outcome.kind, each.outcome.reason) for each in change.outcomes]
        assert told == [
            (CommandName(int(each["actor"]), int(each["number"])), each["outcome"], each["reason"])
            for each in vector["outcomes"]
        ]
    assert log.last_head is not None
    assert log.last_head.document_hash == document.hash
    assert document.hash.hex() == LOG["document_hash"]
    np.random.default_rng(seed).shuffle(commands)
    anew = Document(World())
    for entity, unit in refold(commands).items():
        anew.update(entity, unit)
    content = [
        {
            "entity": patch.entity.hex(),
            "components": [{"component": str(each.component), "data": each.data.hex()} for each in patch.components],
        }
        for patch in anew.snapshot()
    ]
    assert (anew.hash, content) == (document.hash, LOG["document"])


@pytest.mark.parametrize("vector", COMMANDS["documents"], ids=lambda each: each["title"])
def test_cmd_50_each_command_leads_to_its_document_for_ever(vector: dict[str, Any], seed: int) -> None:
    registry = CommandRegistry(OPERATIONS)
    assets = {asset_name(data): data for data in map(hexed, vector["assets"])}
    author, actor = hexed(COMMANDS["author"]), int(COMMANDS["actor"])
    commands = []
    for number, each in enumerate(vector["commands"], 1):
        name = CommandName(actor, number)
        raw = msgspec.Raw(hexed(each["payload"]))
        envelope = wire.CommandEnvelope(number, number, number, int(each["type_id"]), each["version"], raw)
        position = ids.Position(number, actor, number)
        commands.append(Command(position, name, name, author, number, 0, registry.decode(envelope)))
    np.random.default_rng(seed).shuffle(commands)
    fold, document = Fold(assets), Document(World())
    for command in commands:
        for entity in fold.add([command]).entities:
            document.update(entity, fold.unit(entity))
    assert document.hash.hex() == vector["document_hash"]
    mesh = document.mesh(ids.entity_id(CommandName(actor, 1)))
    assert mesh is not None
    assert [mesh.vertex_count, mesh.edge_count, mesh.face_count] == vector["counts"]
    assert mesh.redirects.count == vector["redirects"]
    validate(mesh)
    plain = Document(World())
    for entity, unit in refold(commands, assets).items():
        plain.update(entity, unit)
    assert plain.hash == document.hash


def test_cmd_41_a_logs_last_outcomes() -> None:
    found = [(each["number"], each["outcome"]) for each in LOG["outcomes"]]
    assert {outcome for _, outcome in found} == {"applied", "suspended", "no-op"}
    along_the_way = {each["outcome"] for vector in LOG["records"] for each in vector["outcomes"]}
    assert along_the_way == {"applied", "suspended", "no-op"}


def test_doc_1_doc_2_terms_and_their_sum() -> None:
    total = 0
    for vector in DOCUMENT["components"]:
        content = hexed(vector["entity"]) + int(vector["component_id"]).to_bytes(8, "little") + hexed(vector["data"])
        term = int.from_bytes(hashlib.blake2b(content, digest_size=16, person=b"theta-document").digest(), "little")
        assert str(term) == vector["term"]
        assert ids.name_id(vector["component"]) == int(vector["component_id"])
        total = (total + term) % 2**128
        assert total.to_bytes(16, "little").hex() == vector["sum_after"]
    assert total.to_bytes(16, "little").hex() == DOCUMENT["document_hash"]


def test_doc_3_a_cubes_mesh() -> None:
    vector = DOCUMENT["cube_mesh"]
    parsed = parse_canonical(hexed(vector["bytes"]))
    counts = (vector["vertex_count"], vector["edge_count"], vector["face_count"], vector["corner_count"])
    assert counts == (8, 12, 6, 24)
    assert counts[:3] == (len(parsed.vertex_ids), len(parsed.edge_ids), len(parsed.face_ids))
    assert parsed.corners.tolist() == vector["corners"]
    mesh = mesh_of(parsed)
    validate(mesh)
    assert canonical_bytes(mesh).hex() == vector["bytes"]
    assert sorted(vector["vertex_ids"]) == [each.hex() for each in mesh.vertex_ids()]


def test_a_presence_row() -> None:
    vector = DOCUMENT["presence"]
    row = decode_presence(hexed(vector["row"]))
    assert len(hexed(vector["row"])) == 184
    assert str(row.actor) == vector["fields"]["actor"]
    assert list(row.ray_origin) == vector["fields"]["ray_origin"]
    assert list(row.right_rotation) == vector["fields"]["right_rotation"]
    assert (row.drag, list(row.drag_position)) == (vector["fields"]["drag"], vector["fields"]["drag_position"])
    assert row.selected_element.hex() == vector["fields"]["selected_element"]
