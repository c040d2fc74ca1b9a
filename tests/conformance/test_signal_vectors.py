"""spec/vectors/signaling.json, read as another implementation would, and as this one does."""

import base64
import hashlib
import hmac
import json

import msgspec
import pytest

from tests.tidy import tree
from theta.base.errors import FrameTooLarge, PeerError, ProtocolError
from theta.base.limits import SIGNAL_MESSAGE_BYTES_MAX
from theta.commands.identity import is_signed_by
from theta.signaling.candidates import candidate_count
from theta.signaling.ice import turn_credential
from theta.signaling.negotiation import is_polite
from theta.wire import codec
from theta.wire.signal_messages import SIGNAL_FROM_PEER, SIGNAL_FROM_SERVER

VECTORS = json.loads((tree.ROOT / "spec/vectors/signaling.json").read_text(encoding="utf-8"))
KINDS = {kind.__name__: kind for kind in (*SIGNAL_FROM_PEER, *SIGNAL_FROM_SERVER)}


def test_sig_1_every_message_comes_back_as_it_was_and_from_nobody_else() -> None:
    assert {vector["name"] for vector in VECTORS["messages"]} == set(KINDS)
    for vector in VECTORS["messages"]:
        frame, kind = bytes.fromhex(vector["frame"]), KINDS[vector["name"]]
        assert msgspec.msgpack.decode(frame)[0] == int(vector["tag"])
        for decode, senders in (
            (codec.decode_signal_from_peer, SIGNAL_FROM_PEER),
            (codec.decode_signal_from_server, SIGNAL_FROM_SERVER),
        ):
            if kind in senders:
                message = decode(frame)
                assert type(message) is kind
                assert codec.encode(message) == frame
            else:
                with pytest.raises(ProtocolError):
                    decode(frame)
        if vector["name"] not in ("Ping", "Pong"):
            for other in (codec.decode_from_participant, codec.decode_from_room):
                with pytest.raises(PeerError):
                    other(frame)


def test_sig_1_a_frame_over_its_limit_is_not_looked_at() -> None:
    for decode in (codec.decode_signal_from_peer, codec.decode_signal_from_server):
        with pytest.raises(FrameTooLarge, match=str(SIGNAL_MESSAGE_BYTES_MAX)):
            decode(bytes(SIGNAL_MESSAGE_BYTES_MAX + 1))
        with pytest.raises(ProtocolError):
            decode(bytes(SIGNAL_MESSAGE_BYTES_MAX))


def test_sig_2_a_hosts_proof_from_its_bytes() -> None:
    vector = {name: bytes.fromhex(text) for name, text in VECTORS["host"].items()}
    room = hashlib.blake2b(vector["room_key"], digest_size=16, person=b"theta-room").digest()
    assert room == vector["room"]
    content = vector["nonce"] + room + vector["room_key"]
    digest = hashlib.blake2b(content, digest_size=32, person=b"theta-signalhost").digest()
    assert digest == vector["digest"]
    assert is_signed_by(vector["room_key"], digest, vector["signature"])


def test_sig_13_a_credential_from_its_parts() -> None:
    vector = VECTORS["credential"]
    username = f"{vector['expires_unix']}:{vector['peer']}"
    mac = hmac.new(vector["secret"].encode(), username.encode(), hashlib.sha1).digest()
    assert (vector["username"], vector["credential"]) == (username, base64.b64encode(mac).decode())
    assert turn_credential(vector["secret"], vector["peer"], vector["expires_unix"])._asdict() == {
        name: vector[name] for name in ("username", "credential")
    }


def test_sig_5_and_sig_10_what_counts_and_who_yields() -> None:
    for vector in VECTORS["candidates"]:
        assert candidate_count(vector["sdp"]) == vector["count"]
    for vector in VECTORS["polite"]:
        assert is_polite(vector["own"], vector["other"], host=vector["host"]) == vector["polite"]
    for vector in VECTORS["attempts"]:
        assert vector["next"] == 2 * (vector["known"] // 2 + 1) + (not vector["polite"])
