"""Ed25519 as RFC 8032 writes it down, in plain Python: slow, not in constant time, and good for making vectors only."""

import hashlib
from typing import NamedTuple

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
SIGN_BIT = 1 << 255


class Point(NamedTuple):
    """A point in extended coordinates: x = X/Z, y = Y/Z, x·y = T/Z."""

    x: int
    y: int
    z: int
    t: int


def affine(x: int, y: int) -> Point:
    """The point (x, y)."""
    return Point(x % P, y % P, 1, x * y % P)


def add(one: Point, other: Point) -> Point:
    """Their sum (RFC 8032, 5.1.4)."""
    a = (one.y - one.x) * (other.y - other.x) % P
    b = (one.y + one.x) * (other.y + other.x) % P
    c = 2 * one.t * other.t * D % P
    d = 2 * one.z * other.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar: int, point: Point) -> Point:
    """The point added `scalar` times."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def negative(point: Point) -> Point:
    """Minus the point."""
    return Point(-point.x % P, point.y, point.z, -point.t % P)


def same(one: Point, other: Point) -> bool:
    """Whether they are one point."""
    return (one.x * other.z - other.x * one.z) % P == 0 and (one.y * other.z - other.y * one.z) % P == 0


def encode(point: Point) -> bytes:
    """The 32 bytes of a point (5.1.2)."""
    inverse = pow(point.z, P - 2, P)
    x, y = point.x * inverse % P, point.y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes, *, strict: bool = True) -> Point | None:
    """The point of 32 bytes (5.1.3), or None.

    Args:
        data: what should be a point.
        strict: as the RFC demands; otherwise y ≥ p and a sign of x = 0 are taken as many libraries take them.
    """
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (SIGN_BIT - 1)
    if strict and y >= P:
        return None
    x = _root((y * y - 1) * pow(D * y * y + 1, P - 2, P) % P)
    if x is None or (strict and x == 0 and sign):
        return None
    return affine(-x if x & 1 != sign else x, y)


def _root(square: int) -> int | None:
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    return x if (x * x - square) % P == 0 else None


def order(point: Point) -> int:
    """1, 2, 4 or 8 for the points of small order, L for those of the prime subgroup, else the product of both."""
    prime, rest = (1, point) if same(multiply(8, point), NEUTRAL) else (L, multiply(L, point))
    small = 1
    while not same(rest, NEUTRAL):
        rest, small = add(rest, rest), 2 * small
    return prime * small


def hashed(*parts: bytes) -> int:
    """SHA-512 as a number."""
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def secret_of(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of a 32-byte seed (5.1.5)."""
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return scalar, digest[32:]


def sign(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """The public key of a seed, and its signature (5.1.6)."""
    scalar, prefix = secret_of(seed)
    key = encode(multiply(scalar, BASE))
    nonce = hashed(prefix, message) % L
    first = encode(multiply(nonce, BASE))
    second = (nonce + hashed(first, key, message) * scalar) % L
    return key, first + second.to_bytes(32, "little")


def equations(key: bytes, message: bytes, signature: bytes) -> tuple[bool, bool]:
    """Whether [S]B = R + [k]A, and eight times that, for whatever points and scalars lax decoding makes of the bytes.

    With k as it is, and modulo L, as libraries take it: not the same where A has a part of small order.
    """
    if len(key) != 32 or len(signature) != 64:
        return False, False
    point, first = decode(key, strict=False), decode(signature[:32], strict=False)
    if point is None or first is None:
        return False, False
    challenge = hashed(signature[:32], key, message)
    left = multiply(int.from_bytes(signature[32:], "little"), BASE)
    rights = [add(first, multiply(each, point)) for each in (challenge % (8 * L), challenge % L)]
    eightfold = multiply(8, left)
    return all(same(left, right) for right in rights), all(same(eightfold, multiply(8, right)) for right in rights)


def is_valid(key: bytes, message: bytes, signature: bytes) -> bool:
    """Strict verification, and nothing else may pass.

    RFC 8032's decoding of A, R and S, its equation without the cofactor, and both points from the prime subgroup.
    """
    if len(key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    points = decode(key), decode(signature[:32])
    if any(point is None or order(point) != L for point in points):
        return False
    return equations(key, message, signature)[0]


NEUTRAL = affine(0, 1)
_BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _BASE is not None
BASE: Point = _BASE
