"""The vectors of spec/vectors/ed25519.json: signatures that must pass, and those that a lax verifier takes for good.

Wherever it can be done, a bad one is made so that the equation holds all the same: `cofactorless` and `cofactored` say
whether [S]B = R + [k]A does, and eight times that, once the bytes were taken for points. A verifier that misses a check
is then found out; one that only computes the equation is no use here.
"""

from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any

from tools.ed25519_arithmetic import (
    BASE,
    NEUTRAL,
    SIGN_BIT,
    L,
    P,
    Point,
    add,
    decode,
    encode,
    equations,
    hashed,
    is_valid,
    multiply,
    negative,
    order,
    same,
    secret_of,
    sign,
)

SEED = bytes(range(32))
RFC_8032 = (
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82"),
)
NONCE = hashed(b"theta", SEED) % L
MESSAGE = b"one packet of a hundred commands"

Case = tuple[str, bytes, bytes, bytes]


def small_order_points() -> list[Point]:
    """The eight points whose order divides 8, in the order of their multiples of one of order 8."""
    y = next(candidate for candidate in count(2) if _has_full_torsion(candidate))
    point = decode(y.to_bytes(32, "little"))
    assert point is not None
    generator = multiply(L, point)
    return [multiply(n, generator) for n in range(8)]


def _has_full_torsion(y: int) -> bool:
    point = decode(y.to_bytes(32, "little"))
    return point is not None and order(point) == 8 * L


def other_encodings(point: Point) -> list[bytes]:
    """What RFC 8032 refuses, and lax decoding takes for this point of small order: y + p, and a sign where x is 0."""
    encoded = int.from_bytes(encode(point), "little")
    sign_bit, y = encoded & SIGN_BIT, encoded & (SIGN_BIT - 1)
    ys = [y, y + P] if y + P < SIGN_BIT else [y]
    signs = [0, SIGN_BIT] if same(multiply(2, point), NEUTRAL) else [sign_bit]
    return [(each | bit).to_bytes(32, "little") for each in ys for bit in signs if (each | bit) != encoded]


def _signed(key: bytes, first: bytes, scalar: int, nonce: int, message: bytes) -> bytes:
    """R as given, and S = r + k·a."""
    return first + ((nonce + hashed(first, key, message) * scalar) % L).to_bytes(32, "little")


def _search(key: bytes, first: bytes, scalar: int, nonce: int) -> tuple[bytes, bytes]:
    """A message for which [S]B = R + [k]A holds without the cofactor, however k is reduced, and its signature."""
    key_twist = _twist(key, scalar)
    first_twist = _twist(first, nonce)
    for number in count():
        message = MESSAGE + number.to_bytes(2, "little")
        challenge = hashed(first, key, message)
        if all(same(add(first_twist, multiply(each % 8, key_twist)), NEUTRAL) for each in (challenge, challenge % L)):
            return message, _signed(key, first, scalar, nonce, message)
    raise AssertionError("endless")


def _twist(encoded: bytes, scalar: int) -> Point:
    """The part of small order in a point whose other part is scalar · B."""
    point = decode(encoded, strict=False)
    assert point is not None
    return add(point, negative(multiply(scalar, BASE)))


def good_cases() -> Iterator[Case]:
    """RFC 8032's own, and digests and payloads of every kind."""
    for number, (seed, message) in enumerate(RFC_8032, 1):
        yield (f"RFC 8032, test {number}", *_by(bytes.fromhex(seed), bytes.fromhex(message)))
    yield ("a packet's digest", *_by(SEED, MESSAGE))
    yield ("1,023 bytes", *_by(SEED, bytes(index % 251 for index in range(1023))))


def _by(seed: bytes, message: bytes) -> tuple[bytes, bytes, bytes]:
    key, signature = sign(seed, message)
    return key, message, signature


def small_order_cases() -> Iterator[Case]:
    """A or R of small order, each in every encoding: anybody could sign for such a key."""
    scalar, _ = secret_of(SEED)
    key = encode(multiply(scalar, BASE))
    first = encode(multiply(NONCE, BASE))
    for number, point in enumerate(small_order_points()):
        for kind, encoded in _spellings(point):
            name = f"{kind} of order {order(point)} ({number})"
            message, signature = _search(encoded, first, 0, NONCE)
            yield f"A is a {name}", encoded, message, signature
            yield f"R is a {name}", key, MESSAGE, _signed(key, encoded, scalar, 0, MESSAGE)
            message, signature = _search(encoded, encode(NEUTRAL), 0, 0)
            yield f"A is a {name}, and R and S are zero", encoded, message, signature


def _spellings(point: Point) -> list[tuple[str, bytes]]:
    others = [(f"non-canonical {number} point", each) for number, each in enumerate(other_encodings(point), 1)]
    return [("point", encode(point)), *others]


def mixed_order_cases() -> Iterator[Case]:
    """A, R or both with a part of small order: whether these hold depends on the formula, so peers would disagree."""
    scalar, _ = secret_of(SEED)
    plain, key = multiply(NONCE, BASE), encode(multiply(scalar, BASE))
    for number, twist in enumerate(small_order_points()[1:], 1):
        name = f"a part of order {order(twist)} ({number})"
        mixed = encode(add(multiply(scalar, BASE), twist))
        message, signature = _search(mixed, encode(plain), scalar, NONCE)
        yield f"A has {name}", mixed, message, signature
        first = encode(add(plain, twist))
        yield f"R has {name}", key, MESSAGE, _signed(key, first, scalar, NONCE, MESSAGE)
        message, signature = _search(mixed, first, scalar, NONCE)
        yield f"A and R have {name}, which cancel out", mixed, message, signature


def scalar_cases() -> Iterator[Case]:
    """S ≥ L: the same signature in other bytes."""
    key, message, signature = _by(SEED, MESSAGE)
    second = int.from_bytes(signature[32:], "little")
    for times in (1, 2, 14):
        yield f"S + {times} L", key, message, signature[:32] + (second + times * L).to_bytes(32, "little")
    yield "S is L", key, message, signature[:32] + L.to_bytes(32, "little")
    yield "S is 2^256 − 1", key, message, signature[:32] + b"\xff" * 32
    yield "S is 0", key, message, signature[:32] + bytes(32)
    yield "S with its highest bit set", key, message, signature[:63] + bytes((signature[63] | 0x80,))


def encoding_cases() -> Iterator[Case]:
    """Bytes that are no point at all, or another spelling of one whose secret nobody knows."""
    key, message, signature = _by(SEED, MESSAGE)
    outside = next(y for y in count(2) if decode(y.to_bytes(32, "little")) is None).to_bytes(32, "little")
    yield "A is not on the curve", outside, message, signature
    yield "R is not on the curve", key, message, outside + signature[32:]
    for y in (y for y in range(2, 19) if decode(y.to_bytes(32, "little")) is not None):
        spelled = (y + P).to_bytes(32, "little")
        yield f"A is p + {y}", spelled, message, signature
        yield f"R is p + {y}", key, message, spelled + signature[32:]


def length_cases() -> Iterator[Case]:
    """Keys and signatures that are empty, cut off or too long."""
    key, message, signature = _by(SEED, MESSAGE)
    for length in (0, 1, 31):
        yield f"a key of {length} bytes", key[:length], message, signature
    for length in (0, 1, 32, 63):
        yield f"a signature of {length} bytes", key, message, signature[:length]
    yield "a key of 33 bytes", key + b"\0", message, signature
    yield "a key twice", key + key, message, signature
    yield "a signature of 65 bytes", key, message, signature + b"\0"
    yield "a signature before its message", key, message, signature + message


def forged_cases() -> Iterator[Case]:
    """A good one with something changed."""
    key, message, signature = _by(SEED, MESSAGE)
    other, _ = sign(SEED[::-1], message)
    yield "another key", other, message, signature
    yield "another message", key, message + b"\0", signature
    yield "no message", key, b"", signature
    yield "a bit of A", bytes((key[0] ^ 1,)) + key[1:], message, signature
    yield "the sign of A", key[:31] + bytes((key[31] ^ 0x80,)), message, signature
    yield "a bit of R", key, message, bytes((signature[0] ^ 1,)) + signature[1:]
    yield "the sign of R", key, message, signature[:31] + bytes((signature[31] ^ 0x80,)) + signature[32:]
    yield "a bit of S", key, message, signature[:32] + bytes((signature[32] ^ 1,)) + signature[33:]
    yield "R and S swapped", key, message, signature[32:] + signature[:32]
    yield "zeros for a signature", key, message, bytes(64)
    yield "zeros for key and signature", bytes(32), message, bytes(64)


GROUPS = {
    "good": good_cases,
    "small order": small_order_cases,
    "mixed order": mixed_order_cases,
    "scalar": scalar_cases,
    "encoding": encoding_cases,
    "length": length_cases,
    "forged": forged_cases,
}


@cache
def ed25519_vectors() -> dict[str, Any]:
    """Every case: `valid` is what a verifier has to say."""
    return {"cases": [_case(group, *case) for group, cases in GROUPS.items() for case in cases()]}


def _case(group: str, title: str, key: bytes, message: bytes, signature: bytes) -> dict[str, Any]:
    cofactorless, cofactored = equations(key, message, signature)
    return {
        "group": group,
        "title": title,
        "public_key": key.hex(),
        "message": message.hex(),
        "signature": signature.hex(),
        "cofactorless": cofactorless,
        "cofactored": cofactored,
        "valid": is_valid(key, message, signature),
    }
