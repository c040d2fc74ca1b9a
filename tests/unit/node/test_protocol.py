"""The manifest, its hash, and close codes."""

import json
from pathlib import Path

import pytest

from theta.base import errors
from theta.base.identifiers import blake2b_128
from theta.base.limits import CLOSE_REASON_BYTES_MAX
from theta.commands import refusals
from theta.editor.vocabulary import OPERATIONS
from theta.node.outbound import Outbound, close_reason
from theta.node.protocol import manifest, manifest_bytes, protocol_hash
from theta.wire.messages import Roster
from theta.wire.planes import FROM_PARTICIPANT, FROM_ROOM
from tools import generate_manifest

CODES = {
    "ProtocolError": 4400,
    "BadNonce": 4400,
    "BadProof": 4401,
    "NotInvited": 4403,
    "HandshakeTimeout": 4408,
    "RoomFull": 4409,
    "SessionReplaced": 4410,
    "FrameTooLarge": 4413,
    "ProtocolMismatch": 4426,
    "WrongRoom": 4421,
    "PeerTooSlow": 4429,
    "PeerTimeout": 4504,
}
REFUSALS = {
    "BadSignature": 4402,
    "PacketTooLarge": 4413,
    "WrongChain": 4414,
    "Equivocation": 4415,
    "UnknownCommand": 4422,
    "BadPayload": 4423,
}


def test_wire_3_the_hash_is_of_the_canonical_manifest() -> None:
    assert protocol_hash() == blake2b_128("theta-manifest", manifest_bytes())
    assert json.loads(manifest_bytes()) == json.loads(json.dumps(manifest()))
    assert b": " not in manifest_bytes()
    assert set(manifest()["messages"]) == {f"theta.{kind.__name__}" for kind in (*FROM_PARTICIPANT, *FROM_ROOM)}
    assert set(manifest()["commands"]) == {f"{operation.NAME}@{operation.VERSION}" for operation in OPERATIONS}
    assert set(manifest()["content"]) == {"theta.Mesh", "theta.Redirects"}
    names = [component["name"] for component in manifest()["components"]]
    assert names == [
        "theta.Transform",
        "theta.Material",
        "theta.Name",
        "theta.Owner",
        "theta.MeshRef",
        "theta.Surface",
        "theta.Presence",
    ]


def test_wire_3_the_committed_manifest_is_fresh_and_staleness_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate_manifest.main(["--check"]) == 0
    copy = tmp_path / "manifest.json"
    assert generate_manifest.main(["--check", "--output", str(copy)]) == 1
    assert "stale" in capsys.readouterr().err
    assert generate_manifest.main(["--output", str(copy)]) == 0
    assert copy.read_bytes() == generate_manifest.TARGET.read_bytes()
    assert json.loads(copy.read_text("utf-8"))["protocol_hash"] == protocol_hash().hex()
    copy.write_text(copy.read_text("utf-8") + " ", encoding="utf-8")
    assert generate_manifest.main(["--check", "--output", str(copy)]) == 1


def test_wire_6_every_error_has_its_code() -> None:
    assert {name: getattr(errors, name).close_code for name in CODES} == CODES
    assert {name: getattr(refusals, name).close_code for name in REFUSALS} == REFUSALS
    for name in ("RateLimited", "Blocked", "ReadOnly", "NotAllowed", "Replay"):
        assert getattr(refusals, name).close_code == 0


def test_wire_6_a_reason_begins_with_the_errors_name_and_fits_a_close_frame() -> None:
    assert close_reason(errors.RoomFull("the room holds 128 people")) == "RoomFull: the room holds 128 people"
    long = close_reason(errors.ProtocolError("é" * 200))
    assert long.startswith("ProtocolError: éé")
    assert len(long.encode("utf-8")) <= CLOSE_REASON_BYTES_MAX


def test_a_message_for_nobody_is_not_sent() -> None:
    outbound = Outbound()
    outbound.send_all(iter(()), Roster([]))
    assert outbound.poll_transmit() is None
    outbound.send_all(iter((1, 2)), Roster([]))
    first, second = outbound.poll_transmit(), outbound.poll_transmit()
    assert first is not None
    assert second is not None
    assert (first.connection, second.connection) == (1, 2)
    assert first.frame is second.frame
