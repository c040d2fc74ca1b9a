import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_hash_sha512,
    crypto_scalarmult_ed25519_base_noclamp,
)
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tests.unit.commands.rooms import ANNA, BEN
from theta.commands.identity import Identity, is_key, is_signed_by

DIGEST = b"d" * 32
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "little")


SMALL_ORDER_KEYS = [
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
]
NOT_CANONICAL_KEYS = [_bytes(FIELD), _bytes(FIELD + 1), _bytes(FIELD + 3), b"\xff" * 32]


def test_id_1_a_signature_is_its_keys_own() -> None:
    signature = ANNA.sign(DIGEST)
    assert len(signature) == 64
    assert is_signed_by(ANNA.public_key, DIGEST, signature)
    assert not is_signed_by(BEN.public_key, DIGEST, signature)
    assert not is_signed_by(ANNA.public_key, b"e" * 32, signature)
    assert ANNA.sign(DIGEST) == signature


@pytest.mark.parametrize("bit", [0, 255, 256, 511])
def test_id_1_every_bit_of_a_signature_counts(bit: int) -> None:
    signature = bytearray(ANNA.sign(DIGEST))
    signature[bit // 8] ^= 1 << bit % 8
    assert not is_signed_by(ANNA.public_key, DIGEST, bytes(signature))


@pytest.mark.parametrize("key", SMALL_ORDER_KEYS + NOT_CANONICAL_KEYS, ids=bytes.hex)
def test_id_1_keys_of_small_order_or_not_canonical_sign_nothing(key: bytes) -> None:
    # With a key of small order, R = identity and S = 0 would otherwise satisfy the equation for every message.
    for point in (_bytes(1), key):
        assert not is_signed_by(key, DIGEST, point + bytes(32))
    assert not is_signed_by(key, DIGEST, ANNA.sign(DIGEST))


# Anna's key plus a point of order 8 or 2: on the curve, canonical, not of small order, and not of prime order.
MIXED_ORDER_KEYS = [
    crypto_core_ed25519_add(ANNA.public_key, torsion) for torsion in (SMALL_ORDER_KEYS[3], SMALL_ORDER_KEYS[2])
]


@pytest.mark.parametrize("key", MIXED_ORDER_KEYS, ids=bytes.hex)
def test_cmd_70_keys_of_mixed_order_sign_nothing(key: bytes) -> None:
    assert not is_key(key)
    # Where h is a multiple of the torsion's order, Anna's signature under her key holds for this one as well.
    clamped = bytearray(crypto_hash_sha512(ANNA.seed)[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    fooled = 0
    for attempt in range(64):
        digest = attempt.to_bytes(32, "little")
        nonce = crypto_core_ed25519_scalar_reduce(crypto_hash_sha512(digest))
        point = crypto_scalarmult_ed25519_base_noclamp(nonce)
        challenge = crypto_core_ed25519_scalar_reduce(crypto_hash_sha512(point + key + digest))
        answer = crypto_core_ed25519_scalar_add(
            nonce,
            crypto_core_ed25519_scalar_mul(challenge, crypto_core_ed25519_scalar_reduce(bytes(clamped) + bytes(32))),
        )
        fooled += _libsodium_accepts(key, digest, point + answer)
        assert not is_signed_by(key, digest, point + answer)
    assert fooled > 0, "without the check for the group some of these would be taken"


def _libsodium_accepts(key: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(digest, signature)
    except BadSignatureError:
        return False
    return True


def test_cmd_70_what_is_a_key() -> None:
    assert is_key(ANNA.public_key)
    for key in (*SMALL_ORDER_KEYS, *NOT_CANONICAL_KEYS, _bytes(2), b"", ANNA.public_key[:31], ANNA.public_key + b"x"):
        assert not is_key(key)


def test_id_1_a_key_off_the_curve_signs_nothing() -> None:
    assert not is_signed_by(_bytes(2), DIGEST, ANNA.sign(DIGEST))


def test_id_1_a_scalar_over_the_group_order_is_malleable_and_refused() -> None:
    signature = ANNA.sign(DIGEST)
    scalar = int.from_bytes(signature[32:], "little")
    assert scalar < GROUP_ORDER
    assert not is_signed_by(ANNA.public_key, DIGEST, signature[:32] + _bytes(scalar + GROUP_ORDER))


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_id_1_keys_of_another_length_sign_nothing(length: int) -> None:
    assert not is_signed_by(bytes(length), DIGEST, ANNA.sign(DIGEST))


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_id_1_signatures_of_another_length_are_none(length: int) -> None:
    signature = (ANNA.sign(DIGEST) * 2)[:length]
    assert not is_signed_by(ANNA.public_key, DIGEST, signature)


@given(key=st.binary(max_size=40), digest=st.binary(max_size=40), signature=st.binary(max_size=70))
def test_no_bytes_raise(key: bytes, digest: bytes, signature: bytes) -> None:
    assert not is_signed_by(key, digest, signature)


def test_an_identity_comes_from_its_seed_and_hides_it() -> None:
    identity = Identity.from_seed(bytes(range(32)))
    assert identity.seed == bytes(range(32))
    assert identity.public_key.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert identity.seed.hex() not in repr(identity)
    assert repr(identity) == "Identity(03a107bff3ce10be…)"
