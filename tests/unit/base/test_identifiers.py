import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base import identifiers as ids
from theta.base.identifiers import CommandName, Position
from theta.session.secret import RoomSecret

U64 = st.integers(0, 2**64 - 1)


def siphash_2_4(key: bytes, data: bytes) -> int:
    """Aumasson and Bernstein's SipHash-2-4, written out from the paper."""
    mask = 2**64 - 1

    def turn(value: int, by: int) -> int:
        return (value << by | value >> (64 - by)) & mask

    def round_of(v: list[int]) -> None:
        v[0], v[2] = (v[0] + v[1]) & mask, (v[2] + v[3]) & mask
        v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
        v[0] = turn(v[0], 32)
        v[2], v[0] = (v[2] + v[1]) & mask, (v[0] + v[3]) & mask
        v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
        v[2] = turn(v[2], 32)

    low, high = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]
    padded = data + bytes(-(len(data) + 1) % 8) + bytes((len(data) % 256,))
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        round_of(v)
        round_of(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        round_of(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_id_2_an_actor_is_a_key_in_one_running_program() -> None:
    expected = hashlib.blake2b(b"k" * 32 + b"i" * 16, digest_size=8, person=b"theta-actor").digest()
    assert ids.actor_of(b"k" * 32, b"i" * 16) == int.from_bytes(expected, "little")
    assert (
        ids.actor_of(b"k" * 32, b"j" * 16) != ids.actor_of(b"k" * 32, b"i" * 16) != ids.actor_of(b"l" * 32, b"i" * 16)
    )


@pytest.mark.parametrize(("key", "instance"), [(b"k" * 31, b"i" * 16), (b"k" * 32, b""), (b"k" * 33, b"i" * 15)])
def test_id_2_keys_and_instances_have_their_lengths(key: bytes, instance: bytes) -> None:
    with pytest.raises(AssertionError):
        ids.actor_of(key, instance)


def test_id_3_positions_compare_by_time_then_actor_then_number() -> None:
    ordered = [Position(1, 9, 9), Position(2, 1, 9), Position(2, 2, 1), Position(2, 2, 2), Position(3, 0, 0)]
    shuffled = [ordered[at] for at in (3, 0, 4, 2, 1)]
    assert sorted(shuffled) == ordered
    assert CommandName(1, 2) == (1, 2)


def test_id_4_an_element_hashes_its_command_role_parents_and_ordinal() -> None:
    name = CommandName(2**64 - 1, 1)
    content = b"\xff" * 8 + b"\x01" + bytes(7) + b"\x04side" + b"\x07\0\0\0" + b"p" * 16 + b"q" * 16
    expected = hashlib.blake2b(content, digest_size=16, person=b"theta-element").digest()
    assert ids.element_id(name, "side", (b"p" * 16, b"q" * 16), 7) == expected


@given(
    actor=U64,
    number=U64,
    role=st.sampled_from(["", "a", "ab", "b"]),
    parents=st.integers(0, 2),
    ordinal=st.integers(0, 2),
)
def test_id_4_whatever_differs_gives_another_id(actor: int, number: int, role: str, parents: int, ordinal: int) -> None:
    name = CommandName(actor, number)
    mine = ids.element_id(name, role, (b"p" * 16,) * parents, ordinal)
    others = [
        ids.element_id(CommandName(actor ^ 1, number), role, (b"p" * 16,) * parents, ordinal),
        ids.element_id(CommandName(actor, number ^ 1), role, (b"p" * 16,) * parents, ordinal),
        ids.element_id(name, role + "c", (b"p" * 16,) * parents, ordinal),
        ids.element_id(name, role, (b"p" * 16,) * (parents + 1), ordinal),
        ids.element_id(name, role, (b"p" * 16,) * parents, ordinal + 1),
    ]
    assert len({mine, *others}) == 6


def test_id_5_an_entity_is_the_first_element_of_its_command() -> None:
    name = CommandName(5, 6)
    assert ids.entity_id(name) == ids.element_id(name, "entity", (), 0)
    assert ids.entity_id(name, 1) == ids.element_id(name, "entity", (), 1)


@given(st.text(max_size=40))
def test_id_6_names_are_siphashed(name: str) -> None:
    value = ids.name_id(name)
    assert value == siphash_2_4(b"theta names v1\0\0", name.encode())
    signed = ids.signed_name_id(name)
    assert -(2**63) <= signed < 2**63
    assert signed % 2**64 == value


def test_id_6_the_papers_own_vector() -> None:
    assert siphash_2_4(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5


def test_id_7_hashes_are_personalised_and_sized() -> None:
    parts = (b"one", b"", b"two")
    for size, digest in ((32, ids.blake2b_256("theta-x", *parts)), (16, ids.blake2b_128("theta-x", *parts))):
        assert digest == hashlib.blake2b(b"onetwo", digest_size=size, person=b"theta-x").digest()
    assert ids.blake2b_128("theta-x", *parts) != ids.blake2b_256("theta-x", *parts)[:16]
    assert ids.blake2b_256("theta-x", *parts) != ids.blake2b_256("theta-y", *parts)
    keyed = hashlib.blake2b(b"onetwo", digest_size=16, key=b"key", person=b"theta-x").digest()
    assert ids.keyed_blake2b_128(b"key", "theta-x", *parts) == keyed
    with pytest.raises(ValueError, match="person"):
        ids.blake2b_256("seventeen letters", b"")


def test_id_8_server_and_room_come_from_the_rooms_key() -> None:
    secret = RoomSecret(b"r" * 32)
    key = secret.identity.public_key
    assert secret.server == hashlib.blake2b(key, digest_size=16, person=b"theta-server").digest()
    assert secret.room == hashlib.blake2b(key, digest_size=16, person=b"theta-room").digest()
    assert bytes(16) == ids.MAIN_BRANCH


def test_id_10_one_hash_names_three_elements() -> None:
    """BLAKE2b with 48 bytes is another hash than the one with 16, not a longer one."""
    name = CommandName(3, 7)
    parent = bytes(range(16))
    data = (3).to_bytes(8, "little") + (7).to_bytes(8, "little") + b"\x0asplit-edge" + bytes(4) + parent
    digest = hashlib.blake2b(data, digest_size=48, person=b"theta-element").digest()
    assert ids.three_ids(name, ids.role_bytes("split-edge") + parent) == digest
    assert ids.hashed_id(data) == ids.element_id(name, "split-edge", (parent,)) != digest[:16]
