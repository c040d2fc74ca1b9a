"""Bodies of frames in fewer bits (REP-30): small numbers, of either sign, are short.

Sections are differences for the most part, a byte each. A byte is read as a signed number, and told by how many bits it
has and then these bits, as JPEG tells differences (ITU-T T.81, F.1.2.1). Nothing is learnt from what was sent before,
so that a frame can be read whatever was lost.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import STATE_BODY_BYTES_MAX

Ints = NDArray[np.int64]

_BITS_AT = 24
"""Where a table of codes has how many bits each has; two have 22 at most."""
_CATEGORY_BITS = 3
_SMALLEST_OF_CATEGORIES = -127
_WINDOW_BITS = 12
"""No code has more than 11 bits."""
_WINDOW = (1 << _WINDOW_BITS) - 1
_SAMPLED_BODIES = 8
_SAMPLED_CLOSELY_BYTES_MAX = 2_048
_CLOSE, _FAR_APART = 7, 31
"""One byte of so many is looked at to see whether coding is worth it."""
_SAMPLE_SAVES_MIN = 0.05


def _code(byte: int) -> tuple[int, int]:
    """A byte's code and how many bits it has."""
    number = byte - 256 if byte & 0x80 else byte
    told = max(number, _SMALLEST_OF_CATEGORIES)
    bits = abs(told).bit_length()
    code = bits << bits | (told if told >= 0 else told + (1 << bits) - 1)
    if number > _SMALLEST_OF_CATEGORIES:
        return code, _CATEGORY_BITS + bits
    # Two numbers begin alike.
    return code << 1 | (number < told), _CATEGORY_BITS + bits + 1


_CODES = [_code(byte) for byte in range(256)]
_BITS = bytes(bits for _, bits in _CODES)


def _pairs() -> NDArray[np.uint32]:
    """Two bytes' code below how many bits it has, by the little-endian u16 that they are; and then single bytes'."""
    codes, sizes = (np.array(column, np.uint32) for column in zip(*_CODES, strict=True))
    both = (codes[None, :] << sizes[:, None] | codes[:, None]).ravel()
    bits = (sizes[None, :] + sizes[:, None]).ravel()
    found: NDArray[np.uint32] = np.concatenate([both, codes]) | np.concatenate([bits, sizes]) << np.uint32(_BITS_AT)
    return found


_PAIRS = _pairs()
_SINGLE = 1 << 16


def code_bodies(bodies: Sequence[bytes]) -> list[bytes | None]:
    """Bodies coded, those of a tick at once; None where that is not shorter.

    Args:
        bodies: sections, of at most STATE_BODY_BYTES_MAX bytes each.
    """
    if not _is_worth_it(bodies):
        return [None] * len(bodies)
    sizes = np.array([len(body) for body in bodies])
    odd = sizes & 1
    joined = b"".join([body + b"\0" if len(body) & 1 else body for body in bodies])
    pairs = np.frombuffer(joined, "<u2").astype(np.intp)
    counts = (sizes + odd) >> 1
    ends = counts.cumsum()
    # A body of an odd number of bytes ends with a single one.
    pairs[ends[odd.nonzero()[0]] - 1] += _SINGLE
    data, tos = _packed(_PAIRS.take(pairs), ends, counts)
    froms = [0, *tos[:-1]]
    return [
        data[start:end] if end - start < len(body) else None
        for body, start, end in zip(bodies, froms, tos, strict=True)
    ]


def _is_worth_it(bodies: Sequence[bytes]) -> bool:
    """Whether coding makes them shorter, by some bytes of some of them."""
    some = b"".join(bodies[:: max(1, len(bodies) // _SAMPLED_BODIES)])
    # Not a whole number of rows of any likely component apart.
    sample = some[:: _FAR_APART if len(some) > _SAMPLED_CLOSELY_BYTES_MAX else _CLOSE] or b"".join(bodies)
    return 0 < sum(sample.translate(_BITS)) < (1.0 - _SAMPLE_SAVES_MIN) * 8 * len(sample)


def _packed(codes: NDArray[np.uint32], ends: Ints, counts: Ints) -> tuple[bytes, list[int]]:
    """Codes one after the other, each run of them from a whole byte on and filled up with ones; and where runs end.

    Args:
        codes: with their bits, as in `_PAIRS`, (n,), at least one.
        ends: where each run's codes end, (runs,).
        counts: how many codes each run has, (runs,).
    """
    # 32 bits are enough for a tick's: what it sends is less than 200 MB.
    stops = np.zeros(len(codes) + 1, np.int32)
    (codes >> np.uint32(_BITS_AT)).view(np.int32).cumsum(out=stops[1:])
    run_ends = stops[ends]
    run_bits = run_ends - stops[ends - counts]
    run_bytes = (run_bits + 7) >> 3
    byte_ends = run_bytes.cumsum(dtype=np.int32)
    stops = stops[1:]
    stops += (8 * byte_ends - (8 * run_bytes - run_bits) - run_ends).repeat(counts)
    # Each code where it is in the word that it ends in and the one before. They ascend, and share no bits. No word is
    # without an end, because no code and what fills up a byte have 32 bits together.
    words = (stops - 1) >> 5
    placed = (codes & np.uint32((1 << _BITS_AT) - 1)).astype(np.uint64)
    placed <<= (-stops & 31).astype(np.uint64)
    first = np.concatenate(([0], (words[1:] != words[:-1]).nonzero()[0] + 1))
    joined = np.bitwise_or.reduceat(placed, first)
    found = joined.astype(np.uint32)
    found[:-1] |= (joined[1:] >> np.uint64(32)).astype(np.uint32)
    data = found.byteswap().view(np.uint8)
    filled = counts.nonzero()[0]
    data[byte_ends[filled] - 1] |= _FILLINGS.take((8 * run_bytes - run_bits)[filled])
    return data.tobytes(), byte_ends.tolist()


_FILLINGS = np.array([(1 << bits) - 1 for bits in range(8)], np.uint8)


def restore_body(data: bytes) -> bytes:
    """The sections of a coded body.

    Args:
        data: at most STATE_BODY_BYTES_MAX bytes.

    Raises:
        ProtocolError: it holds too much, or ends within a number.
    """
    found = []
    bits = left = 0
    words = len(data) // 2
    for word in (*struct.unpack_from(f">{words}H", data), *data[2 * words :]):
        size = 16 if words > 0 else 8
        words -= 1
        bits = (bits << size | word) & _KEPT
        left += size
        while left >= _WINDOW_BITS:
            some, used = _WINDOWS[bits >> left - _WINDOW_BITS & _WINDOW]
            found.append(some)
            left -= used
    body = b"".join(found)
    while True:
        # What is not there any more is read as ones: no code is so short that it ends in them unnoticed.
        rest = (bits & (1 << left) - 1) << _WINDOW_BITS - left | (1 << _WINDOW_BITS - left) - 1
        byte, used = _FIRSTS[rest]
        if used > left:
            break
        body += byte
        left -= used
    if left >= 8 or rest != _WINDOW:
        raise ProtocolError(f"a coded body of {len(data)} bytes ends within a number")
    if len(body) > STATE_BODY_BYTES_MAX:
        raise ProtocolError(f"a coded body holds {len(body)} bytes, but at most {STATE_BODY_BYTES_MAX}")
    return body


_KEPT = (1 << 2 * _WINDOW_BITS + 8) - 1


def _firsts() -> list[tuple[bytes, int]]:
    """By the next bits: the byte that they begin with, and the bits of its code."""
    found = [(b"", 0)] * (_WINDOW + 1)
    for byte, (code, bits) in enumerate(_CODES):
        first = code << _WINDOW_BITS - bits
        for window in range(first, first + (1 << _WINDOW_BITS - bits)):
            found[window] = (bytes([byte]), bits)
    return found


_FIRSTS = _firsts()


def _windows() -> list[tuple[bytes, int]]:
    """By the next bits: all bytes whose codes are wholly in them, and the bits of these."""
    found = []
    for window in range(_WINDOW + 1):
        some, used = _FIRSTS[window]
        while True:
            byte, bits = _FIRSTS[window << used & _WINDOW]
            if used + bits > _WINDOW_BITS:
                break
            some += byte
            used += bits
        found.append((some, used))
    return found


_WINDOWS = _windows()
