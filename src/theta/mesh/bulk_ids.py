"""Ids of many elements at once, by whole-mesh operations: spec/identity.md, ID-9."""

import numpy as np
from numpy.typing import NDArray

from theta.base.identifiers import CommandName, element_id
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.columns import IdArray

Words = NDArray[np.uint64]

_WORDS = IDENTIFIER_BYTES // 8
_SHIFT = np.uint64(33)
_FACTORS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))


def bulk_key(name: CommandName, role: str, ordinal: int = 0) -> bytes:
    """The 16 bytes that the ids of one role and ordinal share: `element_id` without parents."""
    return element_id(name, role, (), ordinal)


def numbered(key: bytes, count: int) -> IdArray:
    """The ids of elements without parents, (count, 16) uint8: the key XOR the number, u64 in the last 8 bytes."""
    words = np.zeros((count, _WORDS), "<u8")
    words[:, 1] = np.arange(count)
    return _sealed(words, key)


def of_one(key: bytes, parents: IdArray) -> IdArray:
    """The ids of elements with one parent each: parent XOR key, (n, 16) uint8."""
    return _sealed(_words(parents).copy(), key)


def of_two(key: bytes, parents: IdArray, others: IdArray) -> IdArray:
    """The ids of elements with two parents each, (n, 16) uint8.

    In words of 8 bytes, first and last: first = mix(parent XOR key) XOR the other's last; last = mix(parent XOR key)
    XOR the other's first XOR the new first. Exclusive or alone would cancel when an element meets its parent again.
    """
    words = _mixed(_words(parents) ^ np.frombuffer(key, "<u8"))
    swapped = _words(others)
    words[:, 0] ^= swapped[:, 1]
    words[:, 1] ^= swapped[:, 0]
    words[:, 1] ^= words[:, 0]
    return words.view(np.uint8).reshape(-1, IDENTIFIER_BYTES)


def _mixed(words: Words) -> Words:
    """The finaliser of MurmurHash3, which takes different words to different words; modulo 2^64, in place."""
    for factor in _FACTORS:
        words ^= words >> _SHIFT
        words *= factor
    words ^= words >> _SHIFT
    return words


def _words(ids: IdArray) -> Words:
    return np.ascontiguousarray(ids).view("<u8").reshape(-1, _WORDS)


def _sealed(words: Words, key: bytes) -> IdArray:
    words ^= np.frombuffer(key, "<u8")
    return words.view(np.uint8).reshape(-1, IDENTIFIER_BYTES)
