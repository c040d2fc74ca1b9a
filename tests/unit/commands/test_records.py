import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands.rooms import ANNA, Room
from theta.commands import records
from theta.commands.identity import is_signed_by
from theta.commands.records import BadRecord, Genesis, HeadRecord, PacketRecord, SessionRecord, Signed


def test_log_2_the_chain_binds_number_kind_and_body() -> None:
    expected = hashlib.blake2b(
        b"c" * 32 + (300).to_bytes(8, "little") + b"\x02" + b"body", digest_size=32, person=b"theta-chain"
    )
    assert records.chain_after(b"c" * 32, 300, 2, b"body") == expected.digest()
    record = records.make_record(b"c" * 32, 300, records.RecordKind.PACKET, b"body")
    assert record == (300, 2, b"body", expected.digest())
    assert bytes(32) == records.CHAIN_START


def test_log_3_a_genesis_is_signed_by_the_key_it_names() -> None:
    room = Room()
    body = room.log.records[0].body
    genesis = records.read_genesis(body)
    assert (genesis.room_key, genesis.name) == (room.secret.identity.public_key, "Studio")
    signed = msgspec.msgpack.decode(body, type=Signed)
    digest = hashlib.blake2b(signed.content, digest_size=32, person=b"theta-genesis").digest()
    assert is_signed_by(genesis.room_key, digest, signed.signature)
    assert msgspec.msgpack.decode(signed.content) == list(msgspec.structs.astuple(genesis))
    with pytest.raises(BadRecord, match="not signed by the room's key"):
        records.read_genesis(records.sign_genesis(ANNA, genesis))


def test_log_4_and_log_6_parts_are_signed_by_the_room_for_this_room_and_kind() -> None:
    room, other = Room(), Room(b"q" * 32)
    secret, genesis = room.secret.identity, room.log.genesis
    session = SessionRecord(b"s" * 16, b"a" * 32, 1, b"i" * 16, "editor", "Anna", 5)
    head = HeadRecord(3, b"c" * 32, b"d" * 16, 6)
    for part, person in ((session, b"theta-session"), (head, b"theta-head")):
        body = records.sign_part(secret, genesis, part)
        signed = msgspec.msgpack.decode(body, type=Signed)
        digest = hashlib.blake2b(genesis.server + genesis.room + signed.content, digest_size=32, person=person).digest()
        assert is_signed_by(genesis.room_key, digest, signed.signature)
        kind: Any = type(part)
        assert records.read_part(kind, genesis, body) == part
        for foreign, forged in ((other.log.genesis, body), (genesis, records.sign_part(ANNA, genesis, part))):
            with pytest.raises(BadRecord, match="not signed by the room's key"):
                records.read_part(kind, foreign, forged)
    with pytest.raises(BadRecord, match="not signed"):
        records.read_part(HeadRecord, genesis, records.sign_part(secret, genesis, session))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_record(body: bytes) -> None:
    room = Room()
    for kind in (Genesis, SessionRecord, PacketRecord, HeadRecord, Signed):
        with pytest.raises(BadRecord, match=kind.__name__):
            records.decode(kind, body)
    with pytest.raises(BadRecord):
        records.read_genesis(body)
    with pytest.raises(BadRecord):
        records.read_part(SessionRecord, room.log.genesis, body)
