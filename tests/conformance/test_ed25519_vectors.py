"""spec/vectors/ed25519.json against the verifier of admission, and the arithmetic behind it against RFC 8032."""

import json
from typing import Any

import pytest

from theta.commands.identity import Identity, is_signed_by
from tools import ed25519_arithmetic as arithmetic
from tools.ed25519_vectors import small_order_points
from tools.generate_vectors import VECTORS

CASES: list[dict[str, Any]] = json.loads((VECTORS / "ed25519.json").read_text(encoding="utf-8"))["cases"]
RFC_SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
RFC_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
RFC_SIGNATURE = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)


def parts(case: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    """Key, message and signature."""
    return bytes.fromhex(case["public_key"]), bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_a_signature_is_taken_for_what_it_is(case: dict[str, Any]) -> None:
    assert is_signed_by(*parts(case)) is case["valid"]


def test_the_arithmetic_is_that_of_rfc_8032() -> None:
    assert [each.hex() for each in arithmetic.sign(bytes.fromhex(RFC_SEED), b"")] == [RFC_KEY, RFC_SIGNATURE]
    assert arithmetic.order(arithmetic.BASE) == arithmetic.L
    assert sorted(map(arithmetic.order, small_order_points())) == [1, 2, 4, 4, 8, 8, 8, 8]
    for seed in (bytes(32), bytes(range(32)), b"\xff" * 32):
        identity = Identity.from_seed(seed)
        assert arithmetic.sign(seed, b"theta") == (identity.public_key, identity.sign(b"theta"))


def test_only_the_check_they_are_about_refuses_them() -> None:
    by_group: dict[str, list[dict[str, Any]]] = {}
    for case in CASES:
        by_group.setdefault(case["group"], []).append(case)
        assert case["valid"] is (case["group"] == "good")
        if len(case["public_key"]) == 64 and len(case["signature"]) == 128:
            assert arithmetic.equations(*parts(case)) == (case["cofactorless"], case["cofactored"])
    for group in ("small order", "mixed order"):
        assert all(case["cofactored"] for case in by_group[group])
        about_the_key = [case for case in by_group[group] if case["title"].startswith("A ")]
        assert len(about_the_key) >= 14
        assert all(case["cofactorless"] for case in about_the_key)
    assert sum(case["cofactorless"] for case in by_group["scalar"]) == 3
    assert len({tuple(parts(case)) for case in CASES}) == len(CASES)


def test_a_verifier_without_the_subgroup_check_is_found_out() -> None:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    taken = []
    for case in (case for case in CASES if case["group"] == "mixed order"):
        key, message, signature = parts(case)
        try:
            VerifyKey(key).verify(message, signature)
        except BadSignatureError:
            continue
        taken.append(case["title"])
    assert len(taken) == 14
